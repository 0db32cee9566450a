#include "base/slots.h"

ps_status ps_slots_reserve(ps_slots *slots, size_t n, ps_error *err) {
    if (n >= PS_SLOT_TAKEN - slots->n_taken) return ps_fail(err, PS_NOMEM, "too many nodes");
    if (ps_reserve(&slots->slots, &slots->capacity, slots->n_taken + n) != PS_OK) return ps_nomem(err);
    return PS_OK;
}

uint64_t ps_slots_take(ps_slots *slots, uint32_t *slot) {
    if (slots->free != 0) {
        *slot = slots->free - 1;
        slots->free = slots->slots[*slot].next;
    } else {
        *slot = (uint32_t)slots->count++;
        slots->slots[*slot].stamp = 0;
    }
    slots->slots[*slot].next = PS_SLOT_TAKEN;
    slots->n_taken++;
    return (uint64_t)slots->slots[*slot].stamp << 32 | (*slot + 1);
}

void ps_slots_give(ps_slots *slots, uint32_t slot) {
    slots->slots[slot].stamp++;
    slots->slots[slot].next = slots->free;
    slots->free = slot + 1;
    slots->n_taken--;
}

void ps_slots_clear(ps_slots *slots) {
    ps_free(slots->slots);
    *slots = (ps_slots){0};
}
