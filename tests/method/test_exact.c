/* Methods reach the distribution they claim to sample, on a model with 63 answers that are enumerated.
 *
 * Each test averages R independent runs (seeds of their own) and asks of every answer's share, and of Ẑ/Z where there
 * is one, that the mean lies within 5 standard errors (as the runs show them) plus a stated bias of the truth: the
 * estimators are ratios, with bias O(1/M) or, for chains, O(1/sweeps); the particle filter's Ẑ has none. 5 standard
 * errors of 60 runs and more: 6e-6 for one comparison at most, some 500 comparisons here: false alarms below 0.3% with
 * a fresh seed. */
#include "method/toy_driver.h"

static toy_model model;    /* answers of 1 to 5 steps */
static toy_model straight; /* all of 5 steps */
static ps_score_params score;

static ps_method_params params_of(size_t M) {
    return (ps_method_params){
        .n_particles = M,
        .max_steps = 8,
        .score = ps_score_find("logprob_power"),
        .prior = ps_length_prior_find("none"),
        .score_params = &score,
        .pool = {.weighting = PS_LINEAGE, .depth_decay = 0.3, .max_depth = 8},
        .temperature =
            {.mode = PS_ADAPTIVE_ESS, .beta_max = 1, .target_ess = 0.5, .tolerance = 1e-4, .max_iterations = 50},
        .resampler = ps_resampler_find("systematic"),
        .policy = PS_POLICY_ALWAYS,
        .alpha_start = 0.5,
        .alpha_end = 0.8,
        .n_moves = 2,
        .stop_ess = 1,
        .filter_temperature = 1,
        .filter_policy = PS_POLICY_ALWAYS,
        .filter_threshold = 0.5,
        .power_alpha = 2,
        .sweeps = 200,
    };
}

typedef struct moments {
    double sum, squares;
} moments;

static void add(moments *m, double x) {
    m->sum += x;
    m->squares += x * x;
}

static void check_mean(const char *what, size_t i, const moments *m, size_t runs, double truth, double bias) {
    const double n = (double)runs, mean = m->sum / n;
    const double error = sqrt(fmax(m->squares / n - mean * mean, 0) / (n - 1));
    if (!(fabs(mean - truth) <= 5 * error + bias))
        fail_msg("%s: answer %zu: mean %.5f +- %.5f, truth %.5f, bias allowed %.5f", what, i, mean, error, truth, bias);
}

/* Shares against q^a·L^b, and Ẑ/Z where has_z. */
static void check_law(const char *what, const char *method, ps_method_params params, size_t runs, double a, double b,
                      double bias, bool has_z) {
    toy_driver d = {.model = &model};
    double log_z, *truth = toy_truth(&model, a, b, &log_z);
    moments *shares = calloc(model.n, sizeof *shares), z = {0};
    for (size_t r = 0; r < runs; r++) {
        params.seed = check_seed() + r;
        toy_drive(&d, method, &params);
        for (size_t i = 0; i < model.n; i++)
            add(&shares[i], d.share[i]);
        if (has_z) add(&z, exp(d.log_z - log_z));
    }
    double worst = 0;
    for (size_t i = 0; i < model.n; i++)
        if (model.nodes[i].finished) {
            check_mean(what, i, &shares[i], runs, truth[i], bias);
            worst = fmax(worst, fabs(shares[i].sum / (double)runs - truth[i]));
        }
    if (has_z) check_mean(what, 0, &z, runs, 1, bias);
    print_message("%-34s worst share off by %.4f%s%.4f\n", what, worst, has_z ? ", mean of Z^/Z " : ", chains' runs ",
                  has_z ? z.sum / (double)runs : (double)runs);
    free(shares);
    free(truth);
    toy_driver_clear(&d);
}

static void test_power_mcmc(void **state) {
    (void)state;
    ps_method_params p = params_of(4);
    p.sweeps = 2000;
    check_law("power_mcmc, p^2", "power_mcmc", p, 60, 0, 2, 0.01, false);
    p.power_alpha = 1;
    check_law("power_mcmc, p^1", "power_mcmc", p, 60, 0, 1, 0.01, false);
}

static void test_particle_gibbs(void **state) {
    (void)state;
    ps_method_params p = params_of(8);
    check_law("particle Gibbs, 8 particles", "particle_gibbs", p, 60, 1, 1, 0.005, false);
    p.filter_temperature = 0.5;
    p.filter_policy = PS_POLICY_ESS;
    check_law("particle Gibbs, ESS, L^2", "particle_gibbs", p, 60, 1, 2, 0.005, false);
}

/* No bias at all, with as few as 4 particles; so the tolerance has none. */
static void check_unbiased(const char *what, ps_method_params p, double b) {
    enum { RUNS = 3000 };
    toy_driver d = {.model = &model};
    double log_z;
    moments z = {0};
    free(toy_truth(&model, 1, b, &log_z));
    for (size_t r = 0; r < RUNS; r++) {
        p.seed = check_seed() + r;
        toy_drive(&d, "particle_filter", &p);
        add(&z, exp(d.log_z - log_z));
    }
    print_message("%-34s mean of Z^/Z %.4f\n", what, z.sum / RUNS);
    check_mean(what, 0, &z, RUNS, 1, 0);
    toy_driver_clear(&d);
}

static void test_filter_is_unbiased(void **state) {
    (void)state;
    ps_method_params p = params_of(4);
    check_unbiased("filter, every step", p, 1);
    p.filter_policy = PS_POLICY_ESS;
    check_unbiased("filter, ESS", p, 1);
    p.filter_temperature = 0.5;
    check_unbiased("filter, ESS, L^2", p, 2);
    p.resampler = ps_resampler_find("multinomial");
    check_unbiased("filter, multinomial, ESS, L^2", p, 2);
}

/* Importance sampling (one launch, weights at the end), a particle filter and Persistent Sampling agree on the answers'
 * posterior and on Z: all with the truth. */
static void test_samplers_agree(void **state) {
    (void)state;
    ps_method_params p = params_of(256);
    check_law("particle filter", "particle_filter", p, 60, 1, 1, 1.0 / 256, true);
    p.policy = PS_POLICY_NEVER;
    check_law("importance sampling", "persistent", p, 60, 1, 1, 1.0 / 256, true);
    p.policy = PS_POLICY_ALWAYS;
    check_law("lineage, an event every step", "persistent", p, 60, 1, 1, 2.0 / 256, true);
    p.policy = PS_POLICY_ESS;
    check_law("lineage, ESS", "persistent", p, 60, 1, 1, 2.0 / 256, true);
    p.policy = PS_POLICY_ALWAYS;
    p.temperature.mode = PS_FIXED_LINEAR;
    p.temperature.beta_min = p.temperature.beta_max = 2;
    check_law("lineage, fixed beta 2", "persistent", p, 60, 1, 2, 4.0 / 256, true);
    p.refill = true;
    p.budget.max_iterations = 12;
    check_law("lineage, refill, fixed beta 2", "persistent", p, 60, 1, 2, 4.0 / 256, true);
}

static void test_completions(void **state) {
    (void)state;
    ps_method_params p = params_of(128);
    p.completions = true;
    p.temperature.monotone = true;
    check_law("completions", "persistent", p, 60, 1, 1, 2.0 / 128, true);
    p.temperature.beta_max = 2;
    p.temperature.target_ess = 0.9;
    check_law("completions, L^2", "persistent", p, 60, 1, 2, 2.0 / 128, true);
}

/* Never going back, a fixed temperature and an event after every step is a particle filter with that temperature: not
 * only in law, number for number, where no answer ends early. */
static void test_no_going_back_is_a_filter(void **state) {
    (void)state;
    toy_driver ours = {.model = &straight}, filter = {.model = &straight};
    ps_method_params p = params_of(16);
    p.pool.depth_decay = 0;
    p.temperature.mode = PS_FIXED_LINEAR;
    p.temperature.beta_min = p.temperature.beta_max = 3;
    p.filter_temperature = 1.0 / 3;
    for (size_t r = 0; r < 50; r++) {
        p.seed = check_seed() + r;
        toy_drive(&ours, "persistent", &p);
        toy_drive(&filter, "particle_filter", &p);
        check_near(ours.log_z, filter.log_z, 1e-9);
        for (size_t i = 0; i < straight.n; i++)
            check_near(ours.share[i], filter.share[i], 1e-9);
    }
    toy_driver_clear(&ours);
    toy_driver_clear(&filter);
}

static int set_up(void **state) {
    (void)state;
    ps_score_defaults(&score);
    toy_create(&model, 5, 0.25, 3);
    toy_create(&straight, 5, 0, 4);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_mcmc),         cmocka_unit_test(test_particle_gibbs),
        cmocka_unit_test(test_filter_is_unbiased), cmocka_unit_test(test_samplers_agree),
        cmocka_unit_test(test_completions),        cmocka_unit_test(test_no_going_back_is_a_filter),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
