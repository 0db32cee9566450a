/* The allocator hook and the arena. */
#include "persamp/base.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

static void *default_resize(void *user, void *p, size_t size) {
    (void)user;
    if (size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, size);
}

/* The library's one piece of global state: the caller's own choice of allocator. */
static ps_allocator hook = {default_resize, NULL};

void ps_set_allocator(const ps_allocator *allocator) {
    hook = allocator != NULL ? *allocator : (ps_allocator){default_resize, NULL};
}

void *ps_malloc(size_t size) {
    return hook.resize(hook.user, NULL, size > 0 ? size : 1);
}

void *ps_calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    void *p = ps_malloc(count * size);
    if (p != NULL) memset(p, 0, count * size);
    return p;
}

void *ps_realloc(void *p, size_t size) {
    return hook.resize(hook.user, p, size > 0 ? size : 1);
}

void *ps_reallocarray(void *p, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    return ps_realloc(p, count * size);
}

void ps_free(void *p) {
    if (p != NULL) hook.resize(hook.user, p, 0);
}

char *ps_strndup(const char *text, size_t length) {
    char *copy = ps_malloc(length + 1);
    if (copy == NULL) return NULL;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *ps_strdup(const char *text) {
    return ps_strndup(text, strlen(text));
}

/* By doubling, from 8. */
static size_t grown_capacity(size_t capacity, size_t need) {
    size_t grown = capacity < 8 ? 8 : capacity;
    while (grown < need)
        grown = grown > SIZE_MAX / 2 ? need : grown * 2;
    return grown;
}

ps_status ps_reserve_bytes(void *p, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return PS_OK;
    size_t grown = grown_capacity(*capacity, need);
    void *array; /* p is the address of some T *: copied, not cast, for the aliasing rules */
    memcpy(&array, p, sizeof array);
    array = ps_reallocarray(array, grown, element);
    if (array == NULL) return PS_NOMEM;
    memcpy(p, &array, sizeof array);
    *capacity = grown;
    return PS_OK;
}

/* ---- Arena: a chain of blocks, each at least twice as large as the last -- */

typedef struct block {
    struct block *next; /* older and smaller */
    size_t size, used;
    alignas(max_align_t) unsigned char bytes[];
} block;

struct ps_arena {
    block *top;
    size_t handed_out;
    bool failed; /* an allocation, since creation or reset */
};

enum { FIRST_BLOCK = 4096 };

ps_arena *ps_arena_create(void) {
    return ps_calloc(1, sizeof(ps_arena));
}

static void free_chain(block *b) {
    while (b != NULL) {
        block *next = b->next;
        ps_free(b);
        b = next;
    }
}

void ps_arena_free(ps_arena *arena) {
    if (arena == NULL) return;
    free_chain(arena->top);
    ps_free(arena);
}

void ps_arena_reset(ps_arena *arena) {
    /* Keep the largest block only: after a few rounds one block serves everything. */
    if (arena->top != NULL) {
        free_chain(arena->top->next);
        arena->top->next = NULL;
        arena->top->used = 0;
    }
    arena->handed_out = 0;
    arena->failed = false;
}

bool ps_arena_ok(const ps_arena *arena) {
    return !arena->failed;
}

static void *without_memory(ps_arena *arena) {
    arena->failed = true;
    return NULL;
}

void *ps_arena_alloc(ps_arena *arena, size_t size) {
    size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX / 4) return without_memory(arena);
    size = (size + unit - 1) / unit * unit;
    if (arena->top == NULL || arena->top->size - arena->top->used < size) {
        size_t room = arena->top == NULL ? FIRST_BLOCK : arena->top->size * 2;
        if (room < size) room = size;
        block *b = ps_malloc(sizeof(block) + room);
        if (b == NULL) return without_memory(arena);
        *b = (block){.next = arena->top, .size = room, .used = 0};
        arena->top = b;
    }
    void *p = arena->top->bytes + arena->top->used;
    arena->top->used += size;
    arena->handed_out += size;
    return p;
}

void *ps_arena_calloc(ps_arena *arena, size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return without_memory(arena);
    void *p = ps_arena_alloc(arena, count * size);
    if (p != NULL) memset(p, 0, count * size);
    return p;
}

char *ps_arena_strndup(ps_arena *arena, const char *text, size_t length) {
    char *copy = ps_arena_alloc(arena, length + 1);
    if (copy == NULL) return NULL;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

ps_status ps_arena_reserve_bytes(ps_arena *arena, void *p, size_t *capacity, size_t need, size_t element) {
    if (need <= *capacity) return PS_OK;
    size_t grown = grown_capacity(*capacity, need);
    void *old, *array = element != 0 && grown > SIZE_MAX / element ? without_memory(arena)
                                                                   : ps_arena_alloc(arena, grown * element);
    if (array == NULL) return PS_NOMEM;
    memcpy(&old, p, sizeof old); /* p is the address of some T *, as in ps_reserve_bytes */
    if (*capacity > 0) memcpy(array, old, *capacity * element);
    memcpy(p, &array, sizeof array);
    *capacity = grown;
    return PS_OK;
}

size_t ps_arena_bytes(const ps_arena *arena) {
    return arena->handed_out;
}
