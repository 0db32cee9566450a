/* Slots behind handles: what was given back is not found again, whatever came into its place. */
#include "base/slots.h"
#include "support/failing_allocator.h"
#include "support/test.h"

static uint64_t take(ps_slots *slots, uint32_t *slot) {
    assert_ok(ps_slots_reserve(slots, 1, err));
    return ps_slots_take(slots, slot);
}

static void a_handle_finds_its_slot_until_it_is_given_back(void **state) {
    (void)state;
    ps_slots slots = {0};
    uint32_t a, b, found = 77;
    const uint64_t first = take(&slots, &a), second = take(&slots, &b);
    assert_true(first != 0 && second != 0 && first != second && a != b);
    assert_true(ps_slots_find(&slots, first, &found));
    assert_int_equal(found, a);
    ps_slots_give(&slots, a);
    assert_false(ps_slots_find(&slots, first, &found));
    assert_true(ps_slots_find(&slots, second, &found));
    assert_int_equal(found, b);
    assert_int_equal(slots.n_taken, 1);
    ps_slots_clear(&slots);
}

static void a_slot_is_used_again_under_another_handle(void **state) {
    (void)state;
    ps_slots slots = {0};
    uint32_t slot, again, found;
    const uint64_t old = take(&slots, &slot);
    ps_slots_give(&slots, slot);
    const uint64_t now = take(&slots, &again);
    assert_int_equal(again, slot);
    assert_true(now != old);
    assert_false(ps_slots_find(&slots, old, &found));
    assert_true(ps_slots_find(&slots, now, &found));
    assert_int_equal(slots.count, 1);
    ps_slots_clear(&slots);
}

static void handles_that_were_never_given_find_nothing(void **state) {
    (void)state;
    ps_slots slots = {0};
    uint32_t slot, found;
    const uint64_t only = take(&slots, &slot);
    const uint64_t others[] = {0, only + 1, only + ((uint64_t)1 << 32), UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(ps_slots_find(&slots, others[i], &found));
    ps_slots_clear(&slots);
    assert_false(ps_slots_find(&slots, only, &found));
}

/* A random life against a plain list of the handles that are out. */
static void a_long_life_keeps_every_handle_apart(void **state) {
    (void)state;
    enum { MOST = 64, ROUNDS = 20000 };
    const ps_rng_key key = {.seed = 4, .purpose = PS_RNG_TEST};
    ps_slots slots = {0};
    uint64_t out[MOST], given_back = 0;
    uint32_t place[MOST], found;
    size_t n = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        if (n < MOST && (n == 0 || ps_uniform(key, 2 * round) < 0.5)) {
            out[n] = take(&slots, &place[n]);
            assert_true(out[n] != given_back);
            n++;
        } else {
            const size_t i = (size_t)(ps_uniform(key, 2 * round + 1) * (double)n);
            ps_slots_give(&slots, place[i]);
            given_back = out[i];
            out[i] = out[--n];
            place[i] = place[n];
        }
        assert_int_equal(slots.n_taken, n);
        assert_false(ps_slots_find(&slots, given_back, &found));
        for (size_t i = 0; i < n; i++) {
            assert_true(ps_slots_find(&slots, out[i], &found));
            assert_int_equal(found, place[i]);
        }
    }
    assert_true(slots.count <= MOST);
    ps_slots_clear(&slots);
}

static void what_is_reserved_can_be_taken_without_memory(void **state) {
    (void)state;
    failing_allocator allocator;
    ps_slots slots = {0};
    uint32_t slot;
    ps_error error = {0};
    failing_install(&allocator, 2);
    assert_ok(ps_slots_reserve(&slots, 5, err));
    for (size_t i = 0; i < 5; i++)
        assert_int_not_equal(ps_slots_take(&slots, &slot), 0);
    assert_int_equal(allocator.calls, 1);
    assert_int_equal(ps_slots_reserve(&slots, 1000, &error), PS_NOMEM);
    assert_int_equal(ps_slots_reserve(&slots, UINT32_MAX, &error), PS_NOMEM); /* more than there are numbers */
    assert_int_equal(slots.n_taken, 5);
    ps_slots_clear(&slots);
    assert_int_equal(allocator.alive, 0);
    failing_remove();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_finds_its_slot_until_it_is_given_back),
        cmocka_unit_test(a_slot_is_used_again_under_another_handle),
        cmocka_unit_test(handles_that_were_never_given_find_nothing),
        cmocka_unit_test(a_long_life_keeps_every_handle_apart),
        cmocka_unit_test(what_is_reserved_can_be_taken_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
