/* Scores and length priors: hand-checked values, every entry of both tables at lengths 0, 1 and 10⁶, and errors. */
#include "persamp/score.h"
#include "support/check.h"

static ps_score_params params;
static const ps_score_input ten_nats = {.sum_logp = -10, .sum_logq = -9, .n_tokens = 100, .n_steps = 4, .reward = 0.8};

static double score_with(const char *score, const char *prior, const ps_score_input *in) {
    double ell = NAN;
    assert_non_null(ps_score_find(score));
    assert_non_null(ps_length_prior_find(prior));
    assert_ok(ps_score(ps_score_find(score), ps_length_prior_find(prior), &params, in, &ell, err));
    return ell;
}

static double score_of(const char *score) {
    return score_with(score, "none", &ten_nats);
}

static double prior_at(const char *prior, size_t n) {
    return ps_length_prior_find(prior)->log_prior(&params, n);
}

static void scores_are_those_worked_out_by_hand(void **state) {
    (void)state;
    assert_true(score_of("logprob_power") == -10);
    params.tau = 2;
    assert_true(score_of("logprob_power") == -5);
    assert_true(score_of("logprob_avg") == -0.1);
    check_near(score_of("hybrid_prm_logprob"), -4.6, 1e-15);
    params.alpha = 1;
    assert_true(score_of("hybrid_prm_logprob") == 0.8);
    params.alpha = 0;
    assert_true(score_of("hybrid_prm_logprob") == -10);
}

/* α(n)·Σ log p − Σ log q; α in full without a ramp, beyond it, and where the answer ends. */
static void power_is_worked_out_by_hand(void **state) {
    (void)state;
    ps_score_input in = ten_nats;
    params.power_alpha = 3;
    assert_true(score_with("power", "none", &in) == -30 + 9);
    params.power_ramp = 200; /* of which the prefix has half: α is 2 */
    assert_true(ps_score_exponent(&params, 0) == 1 && ps_score_exponent(&params, 100) == 2);
    assert_true(ps_score_exponent(&params, 200) == 3 && ps_score_exponent(&params, 1000) == 3);
    assert_true(score_with("power", "none", &in) == -20 + 9);
    in.finished = true;
    assert_true(score_with("power", "none", &in) == -30 + 9);
    in.sum_logp = -INFINITY;
    assert_true(score_with("power", "none", &in) == -INFINITY);
    ps_score_input root = {.n_tokens = 0};
    assert_true(score_with("power", "none", &root) == 0);
    assert_true(ps_score_find("power")->reads == PS_READS_LOGQ);
}

/* Means over the tokens, times sharpness; the confidence is of the whole prefix as it is. */
static void confidence_is_worked_out_by_hand(void **state) {
    (void)state;
    ps_score_input in = ten_nats;
    in.sum_certainty = 250;
    in.sum_entropy = 40;
    in.confidence = 11.5;
    params.sharpness = 2;
    check_near(score_with("self_certainty", "none", &in), 5, 1e-15);
    check_near(score_with("entropy", "none", &in), -0.8, 1e-15);
    check_near(score_with("deepconf", "none", &in), 23, 1e-15);
    assert_true(ps_score_find("self_certainty")->reads == PS_READS_CERTAINTY);
    assert_true(ps_score_find("entropy")->reads == PS_READS_ENTROPY);
    assert_true(ps_score_find("deepconf")->reads == PS_READS_CONFIDENCE);
    assert_false(ps_score_needs_logp(ps_score_find("self_certainty"), &params));
    in.sum_certainty = NAN; /* an engine that does not say */
    ps_error err = {0};
    double ell;
    assert_int_equal(ps_score(ps_score_find("self_certainty"), NULL, &params, &in, &ell, &err), PS_DOMAIN);
    assert_non_null(strstr(err.message, "self_certainty"));
}

static void rewards_are_transformed(void **state) {
    (void)state;
    params.gamma = 3;
    params.transform = PS_REWARD_RAW;
    check_near(score_of("prm_reward"), 2.4, 1e-15);
    params.transform = PS_REWARD_LOG;
    check_near(score_of("prm_reward"), 3 * log(0.8), 1e-15);
    check_near(ps_score_reward(&params, 0.8), 3 * log(0.8), 1e-15);
    assert_true(isnan(ps_score_reward(&params, NAN)));
    params.transform = PS_REWARD_LOGIT;
    check_near(score_of("prm_reward"), 3 * log(4), 1e-14);
}

/* r is clipped to [min_score, max_score], then kept 1e−6 away from 0 and 1, so every transform is finite. */
static void rewards_are_clipped(void **state) {
    (void)state;
    ps_score_input in = ten_nats;
    params.transform = PS_REWARD_RAW;
    const double rewards[] = {-1, 0, 1e-9, 0.3, 1, 2}, clipped[] = {1e-6, 1e-6, 1e-6, 0.3, 1 - 1e-6, 1 - 1e-6};
    for (size_t i = 0; i < 6; i++) {
        in.reward = rewards[i];
        check_near(score_with("prm_reward", "none", &in), clipped[i], 1e-15);
    }
    params.min_score = 0.4;
    params.max_score = 0.6;
    in.reward = 0.1;
    assert_true(score_with("prm_reward", "none", &in) == 0.4);
    in.reward = 0.9;
    assert_true(score_with("prm_reward", "none", &in) == 0.6);
    params.alpha = 1; /* the hybrid's r is the same r */
    assert_true(score_with("hybrid_prm_logprob", "none", &in) == 0.6);
    params.transform = PS_REWARD_LOGIT;
    params.min_score = 0;
    params.max_score = 1;
    for (in.reward = 0; in.reward <= 1; in.reward += 1) /* ln((1 − 1e−6)/1e−6) = 13.8155095580 */
        check_near(fabs(score_with("prm_reward", "none", &in)), 13.815509557963774, 1e-9);
}

static void priors_are_those_worked_out_by_hand(void **state) {
    (void)state;
    params.lambda_poisson = 50;
    assert_true(prior_at("poisson", 0) == -50);
    check_near(prior_at("poisson", 1), log(50) - 50, 1e-13);
    check_near(prior_at("poisson", 5), 5 * log(50) - 50 - log(120), 1e-12);
    double sum = 0;
    for (size_t n = 0; n < 400; n++)
        sum += exp(prior_at("poisson", n));
    check_near(sum, 1, 1e-12);

    params.p_geometric = 0.1;
    check_near(prior_at("geometric", 0), log(0.1), 1e-15);
    check_near(prior_at("geometric", 3), log(0.1) + 3 * log(0.9), 1e-14);

    /* Density of lognormal(2, 0.5) at e² : 1/(e²·0.5·√(2π)). */
    params.mu_lognormal = log(7);
    check_near(prior_at("lognormal", 7), -log(7 * 0.5 * sqrt(2 * 3.14159265358979323846)), 1e-14);
    assert_true(prior_at("lognormal", 0) == -INFINITY);

    params.penalty_linear = 0.25;
    assert_true(prior_at("linear_penalty", 12) == -3);
    assert_true(prior_at("none", 12) == 0);
}

/* log n! by lgamma against the sum of logarithms. */
static void log_factorials_are_sums_of_logarithms(void **state) {
    (void)state;
    params.lambda_poisson = 1;
    long double log_factorial = 0;
    for (size_t n = 1; n <= 100000; n++) {
        log_factorial += logl((long double)n);
        if (n < 200 || n % 9999 == 0)
            check_near(prior_at("poisson", n), (double)(-1 - log_factorial), 1e-14 * (double)(1 + log_factorial));
    }
}

static void every_score_has_every_length(void **state) {
    (void)state;
    size_t n_scores, n_priors;
    const ps_score_ops *const *scores = ps_scores(&n_scores);
    const ps_length_prior_ops *const *priors = ps_length_priors(&n_priors);
    assert_true(n_scores >= 4);
    assert_true(n_priors >= 5);
    const size_t lengths[] = {0, 1, 1000000};
    for (size_t s = 0; s < n_scores; s++)
        for (size_t p = 0; p < n_priors; p++)
            for (size_t l = 0; l < 3; l++) {
                ps_score_input in = {.sum_logp = -0.5 * (double)lengths[l], .n_tokens = lengths[l], .reward = 0.5};
                double ell = score_with(scores[s]->name, priors[p]->name, &in);
                bool none = lengths[l] == 0 && strcmp(priors[p]->name, "lognormal") == 0; /* no density at 0 */
                assert_true(none ? ell == -INFINITY : isfinite(ell));
                assert_true(strlen(scores[s]->doc) > 5 && strlen(priors[p]->doc) > 5);
            }
    assert_null(ps_score_find("logprob"));
    assert_null(ps_length_prior_find(""));
}

static void the_prior_is_weighed(void **state) {
    (void)state;
    params.penalty_linear = 0.01;
    assert_true(score_with("logprob_power", "linear_penalty", &ten_nats) == -11);
    params.prior_weight = 3;
    assert_true(score_with("logprob_power", "linear_penalty", &ten_nats) == -13);
    params.prior_weight = 0; /* switches it off, also where it is −∞ */
    ps_score_input empty = {.reward = 0.5};
    assert_true(score_with("logprob_power", "lognormal", &empty) == 0);
    double ell;
    assert_ok(ps_score(ps_score_find("logprob_power"), NULL, &params, &ten_nats, &ell, err));
    assert_true(ell == -10);
}

/* −∞ is a score, NaN is an error that names the score, and so is a missing reward. */
static void what_is_no_number_is_an_error_that_names_the_score(void **state) {
    (void)state;
    ps_score_input in = ten_nats;
    ps_error err = {0};
    double ell = 7;
    in.sum_logp = -INFINITY;
    assert_true(score_with("logprob_power", "poisson", &in) == -INFINITY);
    params.alpha = 1;
    assert_true(score_with("hybrid_prm_logprob", "none", &in) == 0.8);
    params.alpha = 0.5;
    assert_true(score_with("hybrid_prm_logprob", "none", &in) == -INFINITY);
    in.sum_logp = NAN;
    assert_int_equal(ps_score(ps_score_find("logprob_avg"), NULL, &params, &in, &ell, &err), PS_DOMAIN);
    assert_non_null(strstr(err.message, "logprob_avg"));
    in = ten_nats;
    in.reward = NAN;
    const char *const needy[] = {"prm_reward", "hybrid_prm_logprob"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(ps_score_find(needy[i])->needs_reward);
        assert_int_equal(ps_score(ps_score_find(needy[i]), NULL, &params, &in, &ell, &err), PS_DOMAIN);
        assert_non_null(strstr(err.message, needy[i]));
        assert_non_null(strstr(err.message, "reward"));
    }
    assert_true(score_with("logprob_power", "none", &in) == -10); /* needs none */
    params.p_geometric = -1;
    assert_int_equal(
        ps_score(ps_score_find("logprob_power"), ps_length_prior_find("geometric"), &params, &in, &ell, &err),
        PS_DOMAIN);
    in.sum_logp = INFINITY;
    assert_int_equal(ps_score(ps_score_find("logprob_power"), NULL, &params, &in, &ell, &err), PS_DOMAIN);
    assert_true(ell == 7); /* outputs are written on success only */
}

static int reset(void **state) {
    (void)state;
    ps_score_defaults(&params);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(scores_are_those_worked_out_by_hand, reset),
        cmocka_unit_test_setup(power_is_worked_out_by_hand, reset),
        cmocka_unit_test_setup(confidence_is_worked_out_by_hand, reset),
        cmocka_unit_test_setup(rewards_are_transformed, reset),
        cmocka_unit_test_setup(rewards_are_clipped, reset),
        cmocka_unit_test_setup(priors_are_those_worked_out_by_hand, reset),
        cmocka_unit_test_setup(log_factorials_are_sums_of_logarithms, reset),
        cmocka_unit_test_setup(every_score_has_every_length, reset),
        cmocka_unit_test_setup(the_prior_is_weighed, reset),
        cmocka_unit_test_setup(what_is_no_number_is_an_error_that_names_the_score, reset)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
