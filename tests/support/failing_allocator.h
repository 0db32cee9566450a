/* An allocator that counts what is alive and fails the n-th allocation, whichever thread asks for it. */
#ifndef PERSAMP_TESTS_SUPPORT_FAILING_ALLOCATOR_H
#define PERSAMP_TESTS_SUPPORT_FAILING_ALLOCATOR_H

#include "persamp/base.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct failing_allocator {
    atomic_size_t calls; /* allocations and reallocations so far */
    size_t fail_at;      /* the call that fails, from 1; 0: none */
    atomic_size_t alive; /* blocks not freed */
} failing_allocator;

static inline void *failing_resize(void *user, void *p, size_t size) {
    failing_allocator *a = user;
    if (size == 0) {
        a->alive -= p != NULL;
        free(p);
        return NULL;
    }
    if (++a->calls == a->fail_at) return NULL;
    void *block = realloc(p, size);
    if (block != NULL && p == NULL) a->alive++;
    return block;
}

static inline void failing_install(failing_allocator *a, size_t fail_at) {
    atomic_init(&a->calls, 0);
    atomic_init(&a->alive, 0);
    a->fail_at = fail_at;
    ps_set_allocator(&(ps_allocator){failing_resize, a});
}

static inline void failing_remove(void) {
    ps_set_allocator(NULL);
}

#endif
