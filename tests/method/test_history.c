/* What a history keeps of a selection's weights: the heaviest candidates, in order, however many there were. */
#include "method/history.h"
#include "support/check.h"
#include "support/failing_allocator.h"

static void the_heaviest_stand_first(void **state) {
    (void)state;
    ps_history history = {0};
    for (size_t n = 1; n <= 60; n++) {
        double W[60];
        uint32_t ids[60];
        ps_iteration record = {.beta = 1};
        for (size_t i = 0; i < n; i++) {
            W[i] = ps_uniform((ps_rng_key){.seed = n, .purpose = PS_RNG_TEST}, i);
            ids[i] = (uint32_t)(100 + i);
        }
        check_ok(ps_history_keep_weights(&history, &record, W, ids, NULL, n, NULL));
        size_t kept = n < PS_MOST_CANDIDATES ? n : PS_MOST_CANDIDATES;
        assert_int_equal(record.n_candidates, n);
        assert_true(record.beta == 1);
        for (size_t k = 0; k < kept; k++) {
            const ps_candidate *c = &record.best_candidates[k];
            size_t heavier = 0;
            for (size_t i = 0; i < n; i++)
                heavier += W[i] > c->weight;
            assert_int_equal(heavier, k);
            assert_true(c->weight == W[c->snapshot - 100]);
        }
    }
    ps_history_clear(&history);
}

/* Of equals the earlier stands first, and names tell the snapshot behind an id. */
static void equals_stay_in_order(void **state) {
    (void)state;
    static const double W[] = {0.25, 0.25, 0.25, 0.25};
    static const uint32_t ids[] = {3, 1, 2, 0}, names[] = {10, 11, 12, 13};
    ps_history history = {0};
    ps_iteration record = {0};
    check_ok(ps_history_keep_weights(&history, &record, W, ids, names, 4, NULL));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(record.best_candidates[i].snapshot, names[ids[i]]);
    ps_history_clear(&history);
}

static void without_memory_nothing_is_kept(void **state) {
    (void)state;
    static const double W[] = {1};
    static const uint32_t ids[] = {0};
    static failing_allocator memory;
    for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
        failing_install(&memory, fail_at);
        ps_history history = {0};
        ps_iteration record = {0};
        assert_int_equal(ps_history_keep_weights(&history, &record, W, ids, NULL, 1, NULL), PS_NOMEM);
        assert_null(record.best_candidates);
        assert_int_equal(record.n_candidates, 0);
        ps_history_clear(&history);
        assert_int_equal(memory.alive, 0);
        failing_remove();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heaviest_stand_first),
        cmocka_unit_test(equals_stay_in_order),
        cmocka_unit_test(without_memory_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
