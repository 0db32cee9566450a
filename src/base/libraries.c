/* The libraries whose allocator is one for the whole process. */
#include "persamp/base.h"

#include <flint/flint.h>
#include <gmp.h>
#include <jansson.h>

/* Set once, before any of the three is used. */
static void (*out_of_memory)(void);

static void *take(size_t size) {
    void *p = ps_malloc(size);
    if (p == NULL) out_of_memory();
    return p;
}

static void *take_zeroed(size_t count, size_t size) {
    void *p = ps_calloc(count, size);
    if (p == NULL) out_of_memory();
    return p;
}

static void *resize(void *old, size_t size) {
    void *p = ps_realloc(old, size);
    if (p == NULL) out_of_memory();
    return p;
}

static void *resize_from(void *old, size_t old_size, size_t size) {
    (void)old_size;
    return resize(old, size);
}

static void give_back(void *p, size_t size) {
    (void)size;
    ps_free(p);
}

void ps_adopt_libraries(void (*handler)(void)) {
    out_of_memory = handler;
    json_set_alloc_funcs(take, ps_free);
    mp_set_memory_functions(take, resize_from, give_back);
    __flint_set_memory_functions(take, take_zeroed, resize, ps_free);
}
