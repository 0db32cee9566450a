/* The allocator hook, growing arrays and arenas, with every allocation failing once. */
#include "support/check.h"
#include "support/failing_allocator.h"

#include <stdalign.h>

static failing_allocator memory;

static int with_counting(void **state) {
    (void)state;
    failing_install(&memory, 0);
    return 0;
}

static int nothing_left(void **state) {
    (void)state;
    failing_remove();
    return memory.alive == 0 ? 0 : -1;
}

static void blocks_are_had_resized_and_freed(void **state) {
    (void)state;
    unsigned char *zeroed = ps_calloc(10, 7);
    assert_non_null(zeroed);
    for (size_t i = 0; i < 70; i++)
        assert_int_equal(zeroed[i], 0);
    void *a = ps_malloc(0), *b = ps_malloc(0);
    assert_true(a != NULL && b != NULL && a != b);
    char *text = ps_strdup("abc"), *part = ps_strndup("abcdef", 2), *none = ps_strndup(NULL, 0);
    assert_string_equal(text, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(none, "");
    text = ps_realloc(text, 100);
    assert_string_equal(text, "abc");
    ps_free(NULL);
    void *all[] = {zeroed, a, b, text, part, none};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ps_free(all[i]);
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    volatile size_t huge = SIZE_MAX / 2; /* kept from the compiler, which would warn */
    assert_null(ps_calloc(huge, 3));
    assert_null(ps_reallocarray(NULL, huge, 3));
    size_t capacity = 0;
    double *numbers = NULL;
    assert_int_equal(ps_reserve(&numbers, &capacity, huge), PS_NOMEM);
    assert_true(numbers == NULL && capacity == 0);
    ps_arena *arena = ps_arena_create();
    assert_non_null(arena);
    assert_null(ps_arena_alloc(arena, SIZE_MAX - 3));
    assert_false(ps_arena_ok(arena));
    ps_arena_reset(arena);
    assert_null(ps_arena_calloc(arena, huge, 3));
    assert_false(ps_arena_ok(arena));
    ps_arena_reset(arena);
    assert_int_equal(ps_arena_reserve(arena, &numbers, &capacity, huge), PS_NOMEM);
    assert_true(numbers == NULL && capacity == 0 && !ps_arena_ok(arena));
    ps_arena_free(arena);
}

static void arrays_grow_by_doubling(void **state) {
    (void)state;
    int *numbers = NULL;
    size_t capacity = 0, calls = 0;
    for (size_t n = 0; n < 10000; n++) {
        assert_int_equal(ps_reserve(&numbers, &capacity, n + 1), PS_OK);
        assert_true(capacity > n);
        numbers[n] = (int)n;
    }
    calls = memory.calls;
    assert_true(calls < 20); /* by doubling */
    assert_int_equal(ps_reserve(&numbers, &capacity, 5), PS_OK);
    assert_true(memory.calls == calls && numbers[9999] == 9999);
    memory.fail_at = calls + 1;
    size_t before = capacity;
    assert_int_equal(ps_reserve(&numbers, &capacity, before + 1), PS_NOMEM);
    assert_true(capacity == before && numbers[9999] == 9999); /* still valid */
    ps_free(numbers);
}

static void an_array_in_an_arena_keeps_what_was_in_it(void **state) {
    (void)state;
    ps_arena *arena = ps_arena_create();
    assert_non_null(arena);
    int *numbers = NULL;
    size_t capacity = 0;
    for (size_t n = 0; n < 10000; n++) {
        assert_int_equal(ps_arena_reserve(arena, &numbers, &capacity, n + 1), PS_OK);
        assert_true(capacity > n);
        numbers[n] = (int)n;
    }
    for (size_t n = 0; n < 10000; n++)
        assert_int_equal(numbers[n], n);
    assert_true(ps_arena_bytes(arena) < 4 * 16384 * sizeof *numbers); /* by doubling */
    ps_arena_free(arena);
}

static void an_arena_hands_out_aligned_blocks(void **state) {
    (void)state;
    ps_arena *arena = ps_arena_create();
    assert_non_null(arena);
    assert_int_equal(ps_arena_bytes(arena), 0);
    for (int round = 0; round < 3; round++) {
        unsigned char *pieces[200];
        for (size_t i = 0; i < 200; i++) {
            pieces[i] = ps_arena_alloc(arena, i * 7);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
            memset(pieces[i], (int)i, i * 7);
        }
        for (size_t i = 1; i < 200; i++) /* nobody wrote into anybody */
            assert_true(pieces[i][0] == i && pieces[i][i * 7 - 1] == i);
        char *text = ps_arena_strndup(arena, "persistent", 4);
        assert_string_equal(text, "pers");
        unsigned char *zeroed = ps_arena_calloc(arena, 100, 100);
        assert_non_null(zeroed);
        assert_true(zeroed[0] == 0 && zeroed[9999] == 0);
        assert_true(ps_arena_bytes(arena) >= 150000);
        size_t calls = memory.calls;
        ps_arena_reset(arena);
        assert_int_equal(ps_arena_bytes(arena), 0);
        assert_non_null(ps_arena_alloc(arena, 1000));
        assert_int_equal(memory.calls, calls); /* the largest block was kept */
        ps_arena_reset(arena);
    }
    ps_arena_free(arena);
    ps_arena_free(NULL);
}

/* An arena whose n-th block cannot be had stays usable. */
static void an_arena_stays_usable_without_memory(void **state) {
    (void)state;
    for (size_t fail_at = 1; fail_at <= 6; fail_at++) {
        failing_install(&memory, fail_at);
        ps_arena *arena = ps_arena_create();
        if (fail_at == 1) {
            assert_null(arena);
            continue;
        }
        size_t failures = 0;
        for (size_t i = 0; i < 40; i++) {
            char *text = ps_arena_strndup(arena, "some thousand bytes", 19);
            void *p = ps_arena_alloc(arena, 1000);
            failures += (text == NULL) + (p == NULL);
            assert_int_equal(ps_arena_ok(arena), failures == 0); /* remembered, though later ones succeed */
            if (text != NULL) assert_string_equal(text, "some thousand bytes");
        }
        assert_true(failures <= 1);
        ps_arena_reset(arena);
        assert_true(ps_arena_ok(arena));
        ps_arena_free(arena);
        assert_int_equal(memory.alive, 0);
    }
    failing_install(&memory, 1);
    assert_null(ps_strdup("x"));
    failing_install(&memory, 1);
    assert_null(ps_calloc(2, 2));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(blocks_are_had_resized_and_freed, with_counting, nothing_left),
        cmocka_unit_test_setup_teardown(sizes_that_overflow_are_refused, with_counting, nothing_left),
        cmocka_unit_test_setup_teardown(arrays_grow_by_doubling, with_counting, nothing_left),
        cmocka_unit_test_setup_teardown(an_array_in_an_arena_keeps_what_was_in_it, with_counting, nothing_left),
        cmocka_unit_test_setup_teardown(an_arena_hands_out_aligned_blocks, with_counting, nothing_left),
        cmocka_unit_test_setup_teardown(an_arena_stays_usable_without_memory, with_counting, nothing_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
