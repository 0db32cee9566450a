/* Slots behind handles. A handle is the number of a slot and the slot's stamp, which changes when the slot is given
 * back: so a handle that was used too long finds nothing, and not what came into the slot after it.
 *
 * What is in the slots is the owner's own array, indexed by slot and as large as `capacity`. Internal to the library.
 */
#ifndef PERSAMP_BASE_SLOTS_H
#define PERSAMP_BASE_SLOTS_H

#include "persamp/base.h"

enum { PS_SLOT_TAKEN = UINT32_MAX };

typedef struct ps_slot {
    uint32_t stamp;
    uint32_t next; /* PS_SLOT_TAKEN, or the number of the next free slot: its index + 1; 0: none */
} ps_slot;

/* Start with {0}. */
typedef struct ps_slots {
    ps_slot *slots;  /* [count] */
    size_t capacity; /* slots there is room for */
    size_t count;    /* slots that were ever taken */
    size_t n_taken;  /* now */
    uint32_t free;   /* number of the first free slot, 0: none */
} ps_slots;

/* Room for n more, so that taking them cannot fail. PS_NOMEM: no memory, or no more numbers. */
ps_status ps_slots_reserve(ps_slots *slots, size_t n, ps_error *err);

/* Take a slot, for which there is room; its handle, never 0. */
uint64_t ps_slots_take(ps_slots *slots, uint32_t *slot);

/* Give a taken slot back. */
void ps_slots_give(ps_slots *slots, uint32_t slot);

/* Free the slots and reset to {0}. */
void ps_slots_clear(ps_slots *slots);

static inline bool ps_slots_is_taken(const ps_slots *slots, size_t slot) {
    return slots->slots[slot].next == PS_SLOT_TAKEN;
}

/* The slot of a handle; false when it was given back, or never taken. */
static inline bool ps_slots_find(const ps_slots *slots, uint64_t handle, uint32_t *slot) {
    *slot = (uint32_t)handle - 1; /* of handle 0: too large for any slot */
    return *slot < slots->count && ps_slots_is_taken(slots, *slot) && slots->slots[*slot].stamp == handle >> 32;
}

#endif
