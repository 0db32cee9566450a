/* Methods reach the distribution they claim to sample, on a model whose 63 answers are enumerated.
 *
 * Scores are tame (ℓ of a whole answer has standard deviation 0.5 under q, L² varies by a factor of about 5), so that
 * some thousands of runs know every mean well: the tests ask for a standard error of at most 1% of Ẑ/Z and of two
 * marginals (how much of the posterior ends within two steps, how much scores above the middle), and then for
 *
 *     |mean − truth| ≤ 4.9 standard errors (as the runs show them) + the bias stated at each test
 *
 * for these, and 5.6 for the share of every answer: 1e-6 of two-sided false alarms for each of the former, 1e-6 for 50
 * of the latter together, with fresh seeds; the seeds are fixed. The bias of a ratio of sums over M particles is
 * O(1/M); an unbiased estimate is allowed none.
 *
 * Each test says what mistakes it was seen to catch: the mistake was made in the code and the
 * deviation written down. */
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
        .has_logp = true,
        .has_logq = true,
        .resampler = ps_resampler_find("systematic"),
        .persistent = {.pool = {.weighting = PS_LINEAGE, .depth_decay = 0.3, .max_depth = 8},
                       .temperature = {.mode = PS_ADAPTIVE_ESS,
                                       .beta_max = 1,
                                       .target_ess = 0.5,
                                       .tolerance = 1e-4,
                                       .max_iterations = 50},
                       .policy = PS_POLICY_ALWAYS,
                       .alpha_start = 0.5,
                       .alpha_end = 0.8},
        .completions = {.n_moves = 2, .stop_ess = 1},
        .filter = {.temperature = 1, .policy = PS_POLICY_ALWAYS, .threshold = 0.5, .sweeps = 100},
        .power = {.alpha = 2, .chains = M, .sweeps = 8000},
    };
}

/* ---- What many runs say -------------------------------------------------- */

typedef struct moments {
    double sum, squares;
} moments;

static void add(moments *m, double x) {
    m->sum += x;
    m->squares += x * x;
}

static double mean_of(const moments *m, size_t runs) {
    return m->sum / (double)runs;
}

static double error_of(const moments *m, size_t runs) {
    const double n = (double)runs, mean = m->sum / n;
    return sqrt(fmax(m->squares / n - mean * mean, 0) / (n - 1));
}

/* Two marginals of an answer distribution that mistakes show in: answers of one or two steps, answers of high score. */
static void marginals(const double *share, double out[2]) {
    out[0] = out[1] = 0;
    for (size_t i = 0; i < model.n; i++)
        if (model.nodes[i].finished) {
            out[0] += model.nodes[i].depth <= 2 ? share[i] : 0;
            out[1] += model.nodes[i].ell > 0.2 ? share[i] : 0;
        }
}

/* What a method is held against: q^a·L^b. */
typedef struct law {
    const char *what, *method;
    ps_method_params params;
    size_t runs;
    double a, b;
    double bias; /* allowed, relative */
    bool has_z;
    bool
        weighted; /* shares are multiplied by Ẑ/Z before they are averaged: without it a ratio is averaged, with bias */
} law;

typedef struct observed {
    moments z, marginal[2], *share;
    double truth[2], *share_truth;
} observed;

static observed observe(const law *l) {
    toy_driver d = {.model = &model};
    ps_method_params params = l->params;
    observed o = {.share = calloc(model.n, sizeof *o.share)};
    double log_z;
    o.share_truth = toy_truth(&model, l->a, l->b, &log_z);
    marginals(o.share_truth, o.truth);
    for (size_t r = 0; r < l->runs; r++) {
        double m[2], ratio = 1;
        params.seed = check_seed() + r;
        toy_drive(&d, l->method, &params);
        if (l->has_z) add(&o.z, exp(d.log_z - log_z));
        if (l->weighted) ratio = exp(d.log_z - log_z);
        marginals(d.share, m);
        for (int k = 0; k < 2; k++)
            add(&o.marginal[k], ratio * m[k]);
        for (size_t i = 0; i < model.n; i++)
            add(&o.share[i], ratio * d.share[i]);
    }
    toy_driver_clear(&d);
    return o;
}

static void observed_clear(observed *o) {
    free(o->share);
    free(o->share_truth);
}

static void check_mean(const law *l, const char *name, const moments *m, double truth) {
    const double mean = mean_of(m, l->runs), error = error_of(m, l->runs);
    print_message("    %-14s %.4f +- %.4f of the truth\n", name, mean / truth, error / truth);
    if (!(error <= 0.01 * truth))
        fail_msg("%s: %s: standard error %g of %g: too few runs", l->what, name, error, truth);
    if (!(fabs(mean - truth) <= 4.9 * error + l->bias * truth))
        fail_msg("%s: %s: mean %.5f +- %.5f, truth %.5f, relative bias allowed %.4f", l->what, name, mean, error, truth,
                 l->bias);
}

static void check_law(law l) {
    observed o = observe(&l);
    print_message("%s\n", l.what);
    if (l.has_z) check_mean(&l, "Z^/Z", &o.z, 1);
    check_mean(&l, "short answers", &o.marginal[0], o.truth[0]);
    check_mean(&l, "good answers", &o.marginal[1], o.truth[1]);
    for (size_t i = 0; i < model.n; i++) {
        const double mean = mean_of(&o.share[i], l.runs), error = error_of(&o.share[i], l.runs);
        if (model.nodes[i].finished && !(fabs(mean - o.share_truth[i]) <= 5.6 * error + l.bias * o.share_truth[i]))
            fail_msg("%s: answer %zu: mean share %.5f +- %.5f, truth %.5f", l.what, i, mean, error, o.share_truth[i]);
    }
    observed_clear(&o);
}

/* ---- Chains -------------------------------------------------------------- */

/* Chains of 8,000 moves from an answer grown by block-wise moves: what is left of their start is below the bias
 * allowed. Caught: K/K' left out of the ratio (short answers at .41 of the truth); ΔΣlog q left out (9.7 times the
 * truth). */
static void power_mcmc_draws_from_its_power(void **state) {
    (void)state;
    law l = {.what = "power_mcmc, p^2",
             .method = "power_mcmc",
             .params = params_of(4),
             .runs = 40,
             .a = 0,
             .b = 2,
             .bias = 0.004};
    check_law(l);
}

/* Caught: the bound particle drawn anew like the others (short answers at .77 ± .02 of the truth); particles that keep
 * their weights through a selection (.76 ± .005). */
static void particle_gibbs_is_exact_with_few_particles(void **state) {
    (void)state;
    law l = {.what = "particle Gibbs, 8 particles",
             .method = "particle_gibbs",
             .params = params_of(8),
             .runs = 400,
             .a = 1,
             .b = 1};
    check_law(l);
    l.what = "particle Gibbs, ESS, L^2";
    l.params.filter.temperature = 0.5;
    l.params.filter.policy = PS_POLICY_ESS;
    l.b = 2;
    check_law(l);
}

/* ---- The particle filter ------------------------------------------------- */

/* Ẑ, and Ẑ times a share, are unbiased with as few as 4 particles. */

/* Caught: particles that keep their weights through a selection (Ẑ/Z 5.5); moves that take a proposal which ended early
 * (.895 ± .003); moves of finished particles too (short answers at 1.15 ± .008 of the truth). */
static void the_filter_is_unbiased(void **state) {
    (void)state;
    law l = {.what = "filter, 4 particles",
             .method = "particle_filter",
             .params = params_of(4),
             .runs = 20000,
             .a = 1,
             .b = 1,
             .has_z = true,
             .weighted = true};
    check_law(l);
    l.what = "filter, ESS, L^2";
    l.params.filter.policy = PS_POLICY_ESS;
    l.params.filter.temperature = 0.5;
    l.b = 2;
    check_law(l);
    l.what = "filter, multinomial, ESS, L^2";
    l.params.resampler = ps_resampler_find("multinomial");
    check_law(l);
    l.what = "filter, moves, L^2";
    l.params.n_moves = 2;
    l.params.filter.policy = PS_POLICY_ALWAYS;
    check_law(l);
}

/* ---- Persistent Sampling ------------------------------------------------- */

enum { MANY = 128 };

static law lineage(const char *what) {
    return (law){.what = what,
                 .method = "persistent",
                 .params = params_of(MANY),
                 .runs = 1500,
                 .a = 1,
                 .b = 1,
                 .bias = 0.5 / MANY,
                 .has_z = true,
                 .weighted = true};
}

/* Caught: mixtures that leave out the ancestors' scores (Ẑ/Z 1.72); finished particles left out of N(e,a,d) (1.075 with
 * events by ESS, where a particle may finish between two of them). */
static void lineage_is_consistent(void **state) {
    (void)state;
    law l = lineage("lineage, an event every step");
    check_law(l);
    l = lineage("lineage, ESS");
    l.params.persistent.policy = PS_POLICY_ESS;
    check_law(l);
    l = lineage("lineage, refill, L^2");
    l.params.persistent.temperature.mode = PS_FIXED_LINEAR;
    l.params.persistent.temperature.beta_min = l.params.persistent.temperature.beta_max = l.b = 2;
    l.params.persistent.refill = true;
    l.params.budget.max_iterations = 12;
    check_law(l);
    l = lineage("importance sampling");
    l.params.persistent.policy = PS_POLICY_NEVER;
    check_law(l);
}

/* The weights of the answers, each run normalised on its own: their bias is 1/M, their error 1/√M. From 32 to 512
 * particles the error of a share falls by 4; by 3 to 5.3 is asked for, 10 standard errors of such a quotient away. */
static void shares_of_answers_converge(void **state) {
    (void)state;
    double rms[2];
    for (int k = 0; k < 2; k++) {
        law l = lineage(k == 0 ? "shares, 32 particles" : "shares, 512 particles");
        l.params.n_particles = k == 0 ? 32 : 512;
        l.runs = k == 0 ? 4000 : 1000;
        l.bias = 1.0 / (double)l.params.n_particles;
        l.weighted = false;
        check_law(l);
        observed o = observe(&l);
        double bias = mean_of(&o.marginal[1], l.runs) - o.truth[1], error = error_of(&o.marginal[1], l.runs);
        rms[k] = sqrt(bias * bias + error * error * (double)(l.runs - 1));
        observed_clear(&o);
    }
    print_message("    error of a share: %.4f with 32, %.4f with 512\n", rms[0], rms[1]);
    assert_true(rms[0] / rms[1] > 3 && rms[0] / rms[1] < 5.3);
}

/* Caught: every proposal accepted (Ẑ/Z 1.042 ± .004). Not caught: moving only the second and later copies of a pick
 * (1.006 ± .004), whose bias is below 1% on this model; move.h has the reason. */
static void moves_keep_lineage_consistent(void **state) {
    (void)state;
    law l = lineage("lineage, moves");
    l.params.n_moves = 2;
    l.params.persistent.temperature.mode = PS_FIXED_LINEAR;
    l.params.persistent.temperature.beta_min = l.params.persistent.temperature.beta_max = l.b = 2;
    check_law(l);
}

/* Caught: K/K' left out of the ratio (Ẑ/Z 1.078 ± .003). */
static void completions_are_consistent(void **state) {
    (void)state;
    law l = lineage("completions");
    l.params.persistent.completions = true;
    l.params.persistent.temperature.monotone = true;
    l.params.persistent.temperature.beta_max = l.b = 2;
    l.params.persistent.temperature.target_ess = 0.9;
    check_law(l);
}

/* `balance` treats prefixes as points of one space, though they were proposed by extending others: Ẑ is wrong, and as
 * wrong with 512 particles as with 32, where `lineage` on the same problem is right. */
static void balance_is_not_consistent(void **state) {
    (void)state;
    double mean[2], error[2];
    for (int k = 0; k < 2; k++) {
        law l = lineage("balance");
        l.params.persistent.pool.weighting = PS_BALANCE;
        l.params.n_particles = k == 0 ? 32 : 512;
        l.runs = k == 0 ? 800 : 50;
        observed o = observe(&l);
        mean[k] = mean_of(&o.z, l.runs);
        error[k] = error_of(&o.z, l.runs);
        print_message("balance, %3zu particles: Z^/Z %.4f +- %.4f\n", l.params.n_particles, mean[k], error[k]);
        observed_clear(&o);
    }
    assert_true(mean[1] + 20 * error[1] < 0.9);
    check_near(mean[0], mean[1], 0.05);
}

/* Never going back, a fixed temperature and an event after every step is a particle filter with that temperature: not
 * only in law, number for number, where no answer ends early. */
static void never_going_back_is_a_filter(void **state) {
    (void)state;
    toy_driver ours = {.model = &straight}, filter = {.model = &straight};
    ps_method_params p = params_of(16);
    p.persistent.pool.depth_decay = 0;
    p.persistent.temperature.mode = PS_FIXED_LINEAR;
    p.persistent.temperature.beta_min = p.persistent.temperature.beta_max = 3;
    p.filter.temperature = 1.0 / 3;
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
    for (size_t i = 0; i < model.n; i++)
        model.nodes[i].ell *= 0.4;
    toy_create(&straight, 5, 0, 4);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_mcmc_draws_from_its_power), cmocka_unit_test(particle_gibbs_is_exact_with_few_particles),
        cmocka_unit_test(the_filter_is_unbiased),          cmocka_unit_test(lineage_is_consistent),
        cmocka_unit_test(moves_keep_lineage_consistent),   cmocka_unit_test(shares_of_answers_converge),
        cmocka_unit_test(completions_are_consistent),      cmocka_unit_test(balance_is_not_consistent),
        cmocka_unit_test(never_going_back_is_a_filter),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
