/* The classic weights against 50-digit arithmetic: tests/golden/balance_weights.json. */
#include "core/golden.h"

#include "core/kernels.h"

typedef struct balance_case {
    double *ell;
    size_t n, n_events;
    ps_balance_event *events;
    double beta;
} balance_case;

static balance_case read_case(const json_t *json) {
    balance_case c = {.beta = golden_number(json, "beta")};
    c.ell = golden_numbers(json, "ell", &c.n);
    const json_t *events = golden_get(json, "events");
    c.n_events = json_array_size(events);
    c.events = calloc(c.n_events, sizeof *c.events);
    assert_non_null(c.events);
    for (size_t e = 0; e < c.n_events; e++) {
        const json_t *event = json_array_get(events, e);
        c.events[e] = (ps_balance_event){golden_number(event, "beta"), golden_number(event, "log_z"),
                                         golden_size(event, "count")};
    }
    return c;
}

static golden_errors error_w, error_log_w, error_ess, error_log_z, error_beta;

typedef struct pool_at {
    const double *ell, *log_mix;
    size_t n;
} pool_at;

static double ess_at(void *context, double beta) {
    const pool_at *p = context;
    return ps_ess_at(p->ell, p->log_mix, p->n, beta);
}

static void check_case(const json_t *json) {
    balance_case c = read_case(json);
    double *log_mix = calloc(c.n, sizeof(double)), *log_w = calloc(c.n, sizeof(double)),
           *W = calloc(c.n, sizeof(double));
    assert_true(log_mix != NULL && log_w != NULL && W != NULL);
    ps_balance_log_mixture(c.ell, c.n, c.events, c.n_events, log_mix);
    ps_log_weights(c.ell, log_mix, c.n, c.beta, log_w);
    assert_true(ps_normalise(log_w, c.n, W));
    for (size_t i = 0; i < c.n; i++) {
        golden_check(&error_log_w, log_w[i], golden_at(golden_get(json, "log_w"), i), "log w");
        golden_check_weight(&error_w, W[i], golden_at(golden_get(json, "W"), i));
    }
    golden_check(&error_ess, ps_ess(log_w, c.n), golden_number(json, "ess"), "ESS of log-weights");
    golden_check(&error_ess, ps_ess_at(c.ell, log_mix, c.n, c.beta), golden_number(json, "ess"), "ESS at beta");
    golden_check(&error_log_z, ps_log_sum_exp(log_w, c.n) - log((double)c.n), golden_number(json, "log_z"), "log Z");
    pool_at context = {c.ell, log_mix, c.n};
    golden_check(
        &error_beta,
        ps_solve_beta(ess_at, &context, c.events[c.n_events - 1].beta, 1, golden_number(json, "ess_target"), 0, 0),
        golden_number(json, "beta_next"), "next beta");
    free(c.ell);
    free(c.events);
    free(log_mix);
    free(log_w);
    free(W);
}

static void functions_give_the_golden_numbers(void **state) {
    (void)state;
    json_t *cases = golden_load("balance_weights.json");
    assert_true(json_array_size(cases) >= 12);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(json_array_get(cases, i));
    golden_print("balance W", &error_w);
    golden_print("balance log w", &error_log_w);
    golden_print("balance ESS", &error_ess);
    golden_print("balance log Z", &error_log_z);
    golden_print("balance next beta", &error_beta);
    json_decref(cases);
}

/* Where there was only the start, β₀ = 0 and log Ẑ₀ = 0 are what a pool has too: the whole case goes through it. */
static void check_pool_case(const json_t *json, const balance_case *c) {
    ps_pool *pool;
    const uint32_t *ids;
    uint32_t root = 0, id;
    size_t n;
    double *W = calloc(c->n, sizeof(double));
    assert_non_null(W);
    assert_int_equal(ps_pool_create(&(ps_pool_params){.weighting = PS_BALANCE, .max_depth = 9}, &pool, NULL), PS_OK);
    assert_int_equal(ps_pool_launch(pool, 0, &root, 1, NULL), PS_OK);
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(ps_pool_append(pool, 0, c->ell[i], 0, PS_FINISHED, &id, NULL), PS_OK);
    assert_int_equal(ps_pool_advance(pool, NULL), PS_OK);
    assert_int_equal(ps_pool_prepare(pool, &ids, &n, NULL), PS_OK);
    assert_int_equal(n, c->n);
    assert_int_equal(ps_pool_weights(pool, c->beta, W, NULL), PS_OK);
    for (size_t i = 0; i < n; i++)
        golden_check_weight(&error_w, W[i], golden_at(golden_get(json, "W"), i));
    golden_check(&error_ess, ps_pool_ess(pool, c->beta), golden_number(json, "ess"), "ESS of a pool");
    golden_check(&error_log_z, ps_pool_log_z(pool, c->beta, 0), golden_number(json, "log_z"), "log Z of a pool");
    ps_pool_free(pool);
    free(W);
}

static void a_pool_gives_the_golden_numbers(void **state) {
    (void)state;
    json_t *cases = golden_load("balance_weights.json");
    size_t replayed = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        balance_case c = read_case(json_array_get(cases, i));
        if (c.n_events == 1) {
            check_pool_case(json_array_get(cases, i), &c);
            replayed++;
        }
        free(c.ell);
        free(c.events);
    }
    print_message("golden: %zu balance cases replayed through a pool\n", replayed);
    json_decref(cases);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions_give_the_golden_numbers),
                                       cmocka_unit_test(a_pool_gives_the_golden_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
