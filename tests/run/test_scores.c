/* What scores without a reward model sample, on the toy engine and through the whole of run, against every answer of a
 * table: power with and without its ramp, at temperatures 1/α and 1, with and without top_p, where steps are ended by
 * their length; confidence; the preset power_smc and a draw by weight.
 *
 * A law says what share each answer has. Many runs agree with it where the mean share of every answer (times Ẑ/Z, which
 * makes it an unbiased estimate up to the bias of Ẑ) is within 5.6 standard errors of it, as the runs show them, 2% of
 * it, and 4e-4, for answers rarer than that come up too few times to show an error: 1e-6 of false alarms for 50 answers
 * together, with fresh seeds; the seed is fixed. The mistakes known from
 * published code have laws of their own, which the same runs must not agree with. */
#include "engine/toy/toy.h"
#include "run/support.h"
#include "run/task.h"

enum { LETTERS = 3, LONGEST = 5, RUNS = 250, MOST_ANSWERS = 128 };

/* The table: letter after letter, the last column ends the answer; after LONGEST − 1 letters it must end. */
static const double chain[LETTERS + 1][LETTERS + 1] = {
    {0.5, 0.3, 0.2, 0}, /* the first */
    {0.2, 0.3, 0.1, 0.4},
    {0.35, 0.05, 0.3, 0.3},
    {0.1, 0.6, 0.1, 0.2},
};

static const char *write_table(void) {
    ps_text text = {0};
    ps_text_puts(&text, "{\"tokens\": [\"a\", \"b\", \"c\"], \"bytes\": true, \"max_tokens\": 5, \"rules\": [");
    for (int r = -1; r <= LETTERS; r++) { /* -1: a rule for everything else is demanded */
        const double *row = chain[r < 0 ? 0 : r];
        ps_text_printf(&text, "%s{\"after\": [%s], %s\"next\": {", r < 0 ? "" : ", ",
                       r <= 0   ? ""
                       : r == 1 ? "\"a\""
                       : r == 2 ? "\"b\""
                                : "\"c\"",
                       r == 0 ? "\"start\": true, " : "");
        for (int k = 0; k <= LETTERS; k++)
            if (row[k] > 0)
                ps_text_printf(&text, "%s\"%s\": %.17g", k > 0 ? ", " : "",
                               k == 0   ? "a"
                               : k == 1 ? "b"
                               : k == 2 ? "c"
                                        : "<end>",
                               row[k]);
        ps_text_puts(&text, "}}");
    }
    ps_text_puts(&text, "]}");
    const char *path = write_text("chain.json", ps_text_cstr(&text));
    ps_text_clear(&text);
    return path;
}

/* ---- Runs ---------------------------------------------------------------- */

typedef struct bench {
    ps_config *config;
    ps_models *models;
    ps_session *session;
    ps_toy_answers all; /* of the session's own generation */
} bench;

/* A session of settings "key", "value", …; each text of an answer is a class of its own. */
static bench open_bench(const char *const *settings, double temperature) {
    bench b = {.config = config_of("engine.toy.table", write_table(), "evaluation.extract_answer", "regex",
                                   "evaluation.answer_regex", "^[abc]+$", "evaluation.verifier", "exact_match",
                                   "generation.n_particles", "128", "generation.max_tokens_per_step", "2",
                                   "generation.top_p", "1", "ps.depth_decay", "0.3", NULL)};
    for (; *settings != NULL; settings += 2)
        assert_ok(ps_config_set(b.config, settings[0], settings[1], "test", err));
    assert_ok(ps_config_check(b.config, NULL, err));
    assert_ok(ps_models_open(b.config, NULL, &b.models, err));
    assert_ok(ps_session_create(b.config, b.models, NULL, &b.session, err));
    if (temperature > 0) b.session->generation.temperature = temperature;
    assert_ok(ps_toy_enumerate(ps_models_engine(b.models), &b.session->generation, 0,
                               (size_t)b.config->generation_max_steps, &b.all, err));
    assert_in_range(b.all.n, 2, MOST_ANSWERS);
    return b;
}

static void close_bench(bench *b) {
    ps_toy_answers_clear(&b->all);
    ps_session_release(b->session);
    ps_models_free(b->models);
    ps_config_free(b->config);
}

static size_t find(const bench *b, const char *text) {
    size_t i = 0;
    while (i < b->all.n && strcmp(b->all.items[i].text, text) != 0)
        i++;
    assert_true(i < b->all.n);
    return i;
}

typedef struct observed {
    double sum[MOST_ANSWERS], squares[MOST_ANSWERS]; /* of share · Ẑ/Z */
    double z, z_squares;                             /* of Ẑ/Z */
    double plain[MOST_ANSWERS];                      /* Σ shares */
    size_t drawn[MOST_ANSWERS];
    size_t runs;
} observed;

static ps_outcome *solve(const bench *b, uint64_t index) {
    const ps_solver_event *events;
    size_t n = 0;
    ps_solver *solver = NULL;
    ps_problem problem = {.index = index, .text = "?"};
    assert_ok(ps_solver_create(b->models, &solver, err));
    assert_ok(ps_solver_submit(solver, &(ps_solve_request){.session = b->session, .problem = &problem}, err));
    while (n == 0)
        assert_ok(ps_solver_poll(solver, INFINITY, &events, &n, err));
    ps_outcome *outcome = events[0].outcome;
    ps_solver_free(solver);
    if (outcome->error != NULL) fail_msg("%s", outcome->error);
    return outcome;
}

static observed observe(const bench *b, size_t runs, double log_z) {
    observed o = {.runs = runs};
    for (size_t r = 0; r < runs; r++) {
        ps_outcome *outcome = solve(b, check_seed() % 1000000 + r);
        double share[MOST_ANSWERS] = {0}, ratio = exp(outcome->report.log_z - log_z);
        for (size_t c = 0; c < outcome->n_classes; c++)
            share[find(b, outcome->classes[c].answer)] = outcome->classes[c].weight;
        o.drawn[find(b, outcome->predictions[PS_SELECT_DRAW].answer)]++;
        o.z += ratio;
        o.z_squares += ratio * ratio;
        for (size_t i = 0; i < b->all.n; i++) {
            o.plain[i] += share[i];
            o.sum[i] += ratio * share[i];
            o.squares[i] += ratio * share[i] * ratio * share[i];
        }
        ps_outcome_free(outcome);
    }
    return o;
}

static double error_of(double sum, double squares, size_t runs) {
    const double n = (double)runs, mean = sum / n;
    return sqrt(fmax(squares / n - mean * mean, 0) / (n - 1));
}

/* ---- Laws ---------------------------------------------------------------- */

typedef double log_law(const bench *b, const ps_toy_answer *x);

/* The share of each answer that ends; log of their sum is returned. */
static double shares_of(const bench *b, log_law *law, double *share) {
    double z = 0;
    for (size_t i = 0; i < b->all.n; i++) {
        const bool ends = b->all.items[i].reason != PS_STOP_LENGTH;
        z += share[i] = ends ? exp(law(b, &b->all.items[i])) : 0;
    }
    for (size_t i = 0; i < b->all.n; i++)
        share[i] /= z;
    return log(z);
}

static bool agrees(const bench *b, const observed *o, log_law *law) {
    double share[MOST_ANSWERS];
    shares_of(b, law, share);
    for (size_t i = 0; i < b->all.n; i++) {
        const double mean = o->sum[i] / (double)o->runs, error = error_of(o->sum[i], o->squares[i], o->runs);
        if (!(fabs(mean - share[i]) <= 5.6 * error + 0.02 * share[i] + 4e-4)) return false;
    }
    return true;
}

static double alpha_of(const bench *b) {
    return b->session->score_params.power_alpha;
}

static double power(const bench *b, const ps_toy_answer *x) {
    return alpha_of(b) * x->logp;
}

/* A mistake: the proposal stays in the target. */
static double power_without_logq(const bench *b, const ps_toy_answer *x) {
    return alpha_of(b) * x->logp + x->logq;
}

/* A mistake of published code: each token at the exponent of its place; what the past gains with it is left out. */
static double power_without_its_past(const bench *b, const ps_toy_answer *x) {
    double sum = 0;
    for (size_t i = 0; i < x->n_tokens; i++) {
        const int from = i == 0 ? 0 : x->tokens[i - 1] + 1, to = x->tokens[i] < LETTERS ? x->tokens[i] : LETTERS;
        const double p = i + 1 == LONGEST ? 1 : chain[from][to];
        sum += ps_score_exponent(&b->session->score_params, i + 1) * log(p);
    }
    return sum;
}

/* A mistake: an answer shorter than the ramp keeps the exponent it had. */
static double power_cut_short(const bench *b, const ps_toy_answer *x) {
    return ps_score_exponent(&b->session->score_params, x->n_tokens) * x->logp;
}

static double sharpened(const bench *b, const ps_toy_answer *x, double ell) {
    const double n = (double)x->n_tokens;
    return x->logq + b->session->params.persistent.temperature.beta_max * b->session->score_params.sharpness * ell / n;
}

static double certain(const bench *b, const ps_toy_answer *x) {
    return sharpened(b, x, x->certainty);
}

static double of_low_entropy(const bench *b, const ps_toy_answer *x) {
    return sharpened(b, x, -x->entropy);
}

/* The lowest window, or all of an answer that fills none. */
static double of_its_worst_group(const bench *b, const ps_toy_answer *x) {
    const size_t window = b->session->confidence_window, n = x->n_tokens, width = n < window ? n : window;
    double lowest = INFINITY;
    for (size_t end = width; end <= n; end++) {
        double sum = 0;
        for (size_t i = end - width; i < end; i++)
            sum += x->confidence[i];
        lowest = fmin(lowest, sum / (double)width);
    }
    return sharpened(b, x, lowest * (double)n);
}

/* ---- Tests --------------------------------------------------------------- */

/* Runs of a session agree with a law, in their evidence and in the share of every answer. */
static observed check_law(const char *what, const bench *b, log_law *law) {
    double share[MOST_ANSWERS];
    const double log_z = shares_of(b, law, share);
    const observed o = observe(b, RUNS, log_z);
    const double z = o.z / RUNS, error = error_of(o.z, o.z_squares, RUNS);
    print_message("%s: Z^/Z %.4f +- %.4f\n", what, z, error);
    if (!(fabs(z - 1) <= 4.9 * error + 0.01)) fail_msg("%s: Z^/Z %.4f +- %.4f", what, z, error);
    if (!agrees(b, &o, law)) fail_msg("%s: the shares of the answers are not those of the law", what);
    return o;
}

static const char *const no_ramp[] = {"scoring.type", "power", "scoring.params.power_alpha", "2", NULL};
static const char *const ramp[] = {
    "scoring.type", "power", "scoring.params.power_alpha", "2", "scoring.params.power_ramp", "4", NULL};
static const char *const methods[][5] = {{"method", "persistent", NULL},
                                         {"method", "particle_filter", NULL},
                                         {"ps.mode", "completions", "ps.resample.method", "systematic", NULL}};

/* Settings one after the other. */
static bench open_power(const char *const *a, const char *const *b, const char *top_p, double temperature) {
    const char *all[16];
    size_t n = 0;
    for (; *a != NULL; a++)
        all[n++] = *a;
    for (; *b != NULL; b++)
        all[n++] = *b;
    all[n++] = "generation.top_p";
    all[n++] = top_p;
    all[n] = NULL;
    return open_bench(all, temperature);
}

/* By every method, at temperature 1/α and 1, with and without truncation: what top_p cuts off is no answer at all.
 * Caught, when made in the code: −Σ log q left out (Ẑ/Z .244 ± .002), finished answers at α(n) (2.34 ± .01). */
static void power_samples_its_power(void **state) {
    (void)state;
    for (size_t m = 0; m < 3; m++)
        for (int k = 0; k < 8; k++) {
            char what[96];
            bench b = open_power(methods[m], k & 1 ? ramp : no_ramp, k & 2 ? "0.8" : "1", k & 4 ? 1 : 0);
            snprintf(what, sizeof what, "%s, ramp %d, top_p %g, temperature %g", methods[m][1], k & 1,
                     b.session->generation.top_p, b.session->generation.temperature);
            const observed o = check_law(what, &b, power);
            assert_false(agrees(&b, &o, power_without_logq));
            if (k & 1) assert_false(agrees(&b, &o, power_without_its_past));
            if (k & 1) assert_false(agrees(&b, &o, power_cut_short));
            close_bench(&b);
        }
}

/* Answers that do not end within the limits have no part in it. */
static void power_is_over_the_answers_that_end(void **state) {
    (void)state;
    static const char *const short_of[] = {"method", "persistent", "generation.max_steps", "2", NULL};
    bench b = open_power(short_of, ramp, "1", 0);
    size_t cut = 0;
    for (size_t i = 0; i < b.all.n; i++)
        cut += b.all.items[i].reason == PS_STOP_LENGTH;
    assert_true(cut > 10);
    check_law("two steps", &b, power);
    close_bench(&b);
}

/* The proposal is the model sharpened by the exponent of the place. */
static void the_ramp_draws_at_the_temperature_of_the_place(void **state) {
    (void)state;
    bench b = open_power(methods[0], ramp, "1", 0);
    check_near(b.session->generation.temperature, 0.5, 1e-15);
    assert_int_equal(b.session->generation.ramp_tokens, 4);
    for (size_t i = 0; i < b.all.n; i++) {
        const ps_toy_answer *x = &b.all.items[i];
        double logq = 0;
        for (size_t t = 0; t < x->n_tokens && t + 1 < LONGEST; t++) {
            const double *row = chain[t == 0 ? 0 : x->tokens[t - 1] + 1];
            const double exponent = 1 + (double)(t + 1) / 4;
            double z = 0;
            for (int k = 0; k <= LETTERS; k++)
                z += row[k] > 0 ? pow(row[k], exponent) : 0;
            logq += exponent * log(row[x->tokens[t] < LETTERS ? x->tokens[t] : LETTERS]) - log(z);
        }
        check_near(x->logq, logq, 1e-12);
    }
    close_bench(&b);
}

/* Sharp enough that the law is not q itself. */
static void confidence_is_a_target_like_others(void **state) {
    (void)state;
    static const struct {
        const char *type;
        log_law *law;
    } scores[] = {{"self_certainty", certain}, {"entropy", of_low_entropy}, {"deepconf", of_its_worst_group}};
    for (size_t k = 0; k < 3; k++) {
        const char *const settings[] = {"scoring.type",
                                        scores[k].type,
                                        "scoring.params.sharpness",
                                        "8",
                                        "ps.temperature_schedule.beta_max",
                                        "1",
                                        NULL};
        bench b = open_bench(settings, 0);
        if (k == 2) b.session->confidence_window = 2;
        double share[MOST_ANSWERS], proposed[MOST_ANSWERS], apart = 0;
        ps_toy_answers_clear(&b.all);
        assert_ok(ps_toy_enumerate(ps_models_engine(b.models), &b.session->generation, 0, 20, &b.all, err));
        shares_of(&b, scores[k].law, share);
        for (size_t i = 0; i < b.all.n; i++) {
            proposed[i] = exp(b.all.items[i].logq);
            apart += fabs(share[i] - proposed[i]) / 2;
        }
        assert_true(apart > 0.05);
        check_law(scores[k].type, &b, scores[k].law);
        close_bench(&b);
    }
}

/* Power-SMC: the preset's filter reaches its law, and what it draws has the shares that it weighs: within 4.9 binomial
 * standard errors and 2%. */
static void power_smc_draws_by_weight(void **state) {
    (void)state;
    enum { DRAWS = 1500 };
    static const char *const settings[] = {"preset",
                                           "power_smc",
                                           "scoring.params.power_alpha",
                                           "2",
                                           "scoring.params.power_ramp",
                                           "4",
                                           "generation.fixed_step_tokens",
                                           "2",
                                           "generation.max_steps",
                                           "20",
                                           "generation.n_particles",
                                           "32",
                                           NULL};
    bench b = open_bench(settings, 0);
    assert_string_equal(b.session->method->name, "particle_filter");
    assert_int_equal(b.session->select, PS_SELECT_DRAW);
    assert_int_equal(b.session->params.filter.policy, PS_POLICY_ESS);
    double share[MOST_ANSWERS];
    const double log_z = shares_of(&b, power, share);
    const observed o = observe(&b, DRAWS, log_z);
    assert_true(agrees(&b, &o, power));
    for (size_t i = 0; i < b.all.n; i++) {
        const double mean = o.plain[i] / DRAWS, drawn = (double)o.drawn[i] / DRAWS;
        if (!(fabs(drawn - mean) <= 4.9 * sqrt(mean * (1 - mean) / DRAWS) + 0.02 * mean + 1.0 / DRAWS))
            fail_msg("%s is drawn %.4f of the time and weighs %.4f", b.all.items[i].text, drawn, mean);
    }
    ps_outcome *one = solve(&b, 7), *again = solve(&b, 7);
    assert_string_equal(one->predictions[PS_SELECT_DRAW].answer, again->predictions[PS_SELECT_DRAW].answer);
    ps_outcome_free(one);
    ps_outcome_free(again);
    close_bench(&b);
}

/* What the target likes best, not what q draws least in proportion to it; by every method, far from the target's own
 * temperature. */
static void the_best_of_power_is_the_likeliest(void **state) {
    (void)state;
    static const char *const by[][3] = {
        {"method", "persistent", NULL}, {"method", "particle_filter", NULL}, {"method", "best_of_n", NULL}};
    for (size_t m = 0; m < 3; m++) {
        bench b = open_power(by[m], no_ramp, "1", 1);
        for (uint64_t run = 0; run < 20; run++) {
            ps_outcome *outcome = solve(&b, run);
            const double best = b.all.items[find(&b, outcome->predictions[PS_SELECT_BEST].answer)].logp;
            for (size_t c = 0; c < outcome->n_classes; c++)
                assert_true(best >= b.all.items[find(&b, outcome->classes[c].answer)].logp);
            ps_outcome_free(outcome);
        }
        close_bench(&b);
    }
}

/* DeepConf's own vote: each answer counts what the model was sure of it, not the exponential. */
static void votes_weigh_confidence(void **state) {
    (void)state;
    static const char *const settings[] = {"method",
                                           "weighted_majority",
                                           "weighted_majority.weights",
                                           "confidence",
                                           "scoring.type",
                                           "deepconf",
                                           "generation.n_particles",
                                           "16",
                                           NULL};
    bench b = open_bench(settings, 1);
    ps_outcome *outcome = solve(&b, 3);
    const ps_task *task = outcome->task;
    double share[MOST_ANSWERS] = {0}, all = 0;
    for (uint32_t i = 1; i < task->n_nodes; i++) {
        if (task->nodes[i].state != PS_FINISHED) continue;
        char *text = NULL;
        assert_ok(ps_outcome_text(outcome, i, &text, NULL, err));
        share[find(&b, text)] += task->nodes[i].confidence;
        all += task->nodes[i].confidence;
        ps_free(text);
    }
    assert_true(outcome->n_classes > 2);
    for (size_t c = 0; c < outcome->n_classes; c++)
        check_near(outcome->classes[c].weight, share[find(&b, outcome->classes[c].answer)] / all, 1e-12);
    ps_outcome_free(outcome);
    close_bench(&b);
}

/* Where a selection took a finished answer twice, it has both shares. */
static void the_weights_of_particles_add_up_to_one(void **state) {
    (void)state;
    for (size_t m = 0; m < 2; m++) {
        bench b = open_power(methods[m], no_ramp, "1", 1);
        for (uint64_t run = 0; run < 20; run++) {
            ps_outcome *outcome = solve(&b, run);
            double sum = 0;
            for (uint32_t i = 1; i < outcome->task->n_nodes; i++)
                sum += outcome->task->nodes[i].weight;
            check_near(sum, 1, 1e-12);
            ps_outcome_free(outcome);
        }
        close_bench(&b);
    }
}

/* An engine that cannot say so is refused by name, before the first problem. */
static void what_an_engine_cannot_tell_is_refused(void **state) {
    (void)state;
    static const char *const refused[][3] = {
        {"scoring.type", "self_certainty", "self_certainty needs the distribution"},
        {"scoring.type", "deepconf", "deepconf needs the likeliest alternatives"},
        {"scoring.params.power_ramp", "100", "scoring.params.power_ramp is 100"}};
    for (size_t k = 0; k < 3; k++) {
        ps_error why;
        ps_models *models = NULL;
        ps_session *session = NULL;
        ps_config *c =
            config_of("engine.toy.kind", "synthetic", "scoring.type", "power", refused[k][0], refused[k][1], NULL);
        assert_ok(ps_models_open(c, NULL, &models, err));
        assert_int_equal(ps_session_create(c, models, NULL, &session, &why), PS_ARG);
        check_contains(why.message, refused[k][2]);
        assert_ok(ps_config_set(c, "scoring.params.power_ramp", "0", "test", err));
        if (k < 2) { /* a vote that reads no score does not need it */
            assert_ok(ps_session_create(c, models, "majority", &session, err));
            ps_session_release(session);
        }
        ps_models_free(models);
        ps_config_free(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_samples_its_power),
        cmocka_unit_test(power_is_over_the_answers_that_end),
        cmocka_unit_test(the_ramp_draws_at_the_temperature_of_the_place),
        cmocka_unit_test(confidence_is_a_target_like_others),
        cmocka_unit_test(the_best_of_power_is_the_likeliest),
        cmocka_unit_test(votes_weigh_confidence),
        cmocka_unit_test(the_weights_of_particles_add_up_to_one),
        cmocka_unit_test(power_smc_draws_by_weight),
        cmocka_unit_test(what_an_engine_cannot_tell_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
