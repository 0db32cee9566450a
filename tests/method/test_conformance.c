/* What every method of the table must keep to, whatever it is about. A new method is tested by being in the table. */
#include "method/tree.h"
#include "method/world.h"
#include "support/failing_allocator.h"

/* Persistent Sampling in its other mode: another state machine behind the same name. */
static ps_status create_completions(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                                    ps_error *err) {
    ps_method_params p = *params;
    p.persistent.completions = true;
    p.persistent.pool.weighting = PS_BALANCE;
    p.persistent.temperature.monotone = true;
    (void)ops;
    return ps_method_create(ps_method_find("persistent"), &p, method, err);
}

static ps_status create_moving(const char *name, const ps_method_params *params, ps_method **method, ps_error *err) {
    ps_method_params p = *params;
    p.n_moves = 2;
    p.persistent.policy = PS_POLICY_ALWAYS;
    return ps_method_create(ps_method_find(name), &p, method, err);
}

static ps_status create_moving_steps(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                                     ps_error *err) {
    (void)ops;
    return create_moving("persistent", params, method, err);
}

static ps_status create_moving_filter(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                                      ps_error *err) {
    (void)ops;
    return create_moving("particle_filter", params, method, err);
}

enum { VARIANTS = 3 };

/* The table, and after it what is a state machine of its own behind one of its names. */
static const ps_method_ops *const *all_methods(size_t *n) {
    static const ps_method_ops *all[64];
    static ps_method_ops variants[VARIANTS];
    const ps_method_ops *const *table = ps_methods(n);
    assert_true(*n + VARIANTS <= 64);
    memcpy(all, table, *n * sizeof *all);
    for (size_t i = 0; i < VARIANTS; i++) {
        variants[i] = *ps_method_find(i < 2 ? "persistent" : "particle_filter");
        variants[i].name =
            (const char *[]){"persistent, completions", "persistent, moves", "particle_filter, moves"}[i];
        variants[i].create = i == 0 ? create_completions : i == 1 ? create_moving_steps : create_moving_filter;
        all[(*n)++] = &variants[i];
    }
    return all;
}

/* Runs one method to its end. */
static ps_status run(const ps_method_ops *ops, const ps_method_params *params, const world *w, uint64_t shuffle,
                     trace *t, ps_method **method, ps_error *err) {
    *method = NULL;
    ps_status status = ps_method_create(ops, params, method, err);
    return status == PS_OK ? drive(*method, w, shuffle, params->budget.max_tokens, t, err) : status;
}

static void must_run(const ps_method_ops *ops, const ps_method_params *params, const world *w, uint64_t shuffle,
                     trace *t, ps_method **method) {
    ps_error err;
    if (run(ops, params, w, shuffle, t, method, &err) != PS_OK) fail_msg("%s: %s", ops->name, err.message);
    if (t->broken) fail_msg("%s breaks the rule: %s", ops->name, t->rule);
}

/* Answers are of snapshots whose results were absorbed, in the best state there is, with numbers that are numbers. */
static void check_answers(const ps_method_ops *ops, ps_method *method, const trace *t) {
    ps_answer *answers = NULL;
    size_t n = 0, count[3] = {0};
    ps_error err;
    if (ps_method_answers(method, &answers, &n, &err) != PS_OK) fail_msg("%s: %s", ops->name, err.message);
    for (size_t i = 1; i <= t->n; i++)
        if (t->delivered[i])
            count[t->depth[i] >= 12 && t->result[i].state == PS_OPEN ? PS_TRUNCATED : t->result[i].state]++;
    ps_snapshot_state best = count[PS_FINISHED] > 0 ? PS_FINISHED : count[PS_TRUNCATED] > 0 ? PS_TRUNCATED : PS_OPEN;
    if (n == 0 && t->n > 0) fail_msg("%s: no answer from %zu snapshots", ops->name, t->n);
    for (size_t i = 0; i < n; i++) {
        const ps_answer *a = &answers[i];
        if (a->snapshot < 1 || a->snapshot > t->n || !t->delivered[a->snapshot])
            fail_msg("%s: an answer of snapshot %u, which it does not know", ops->name, a->snapshot);
        if (a->state != best) fail_msg("%s: answer in state %d where there is one in %d", ops->name, a->state, best);
        if (isnan(a->log_weight) || a->log_weight == INFINITY || isnan(a->ell))
            fail_msg("%s: log-weight %g, score %g", ops->name, a->log_weight, a->ell);
    }
    ps_free(answers);
}

static void check_report(const ps_method_ops *ops, const ps_method *method, const trace *t) {
    ps_method_report report;
    check_ok(ps_method_get_report(method, &report, NULL));
    if (report.tokens != t->tokens || report.snapshots != t->n)
        fail_msg("%s reports %zu tokens and %zu snapshots; it was given %zu and %zu", ops->name, report.tokens,
                 report.snapshots, t->tokens, t->n);
    for (size_t i = 0; i < report.n_iterations; i++) {
        assert_true(report.iterations[i].ess >= 0);
        assert_true(report.iterations[i].beta >= 0);
    }
}

static void every_method_ends(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    assert_true(n >= 5);
    for (size_t m = 0; m < n; m++) {
        if (m + VARIANTS < n) assert_ptr_equal(ps_method_find(methods[m]->name), methods[m]);
        assert_true(strlen(methods[m]->doc) > 10);
        for (uint64_t seed = 1; seed <= 12; seed++) {
            static const double finish[] = {0.2, 0, 1, 0.9};
            world w = plain_world;
            ps_method_params p = method_params(&score);
            ps_method *method;
            trace t = {0};
            w.seed = seed;
            w.finish = finish[seed % 4];
            p.has_reward = seed % 2 == 0;
            p.n_particles = seed > 8 ? 1 : 8;
            must_run(methods[m], &p, &w, 0, &t, &method);
            assert_true(t.n > 0);
            check_answers(methods[m], method, &t);
            check_report(methods[m], method, &t);
            ps_method_free(method);
            trace_clear(&t);
        }
    }
    assert_null(ps_method_find("no such method"));
}

/* The driver checks that nothing is started once the budget is spent; a method that widens must come near it. */
static void token_budgets_are_kept(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (size_t budget = 1; budget <= 2000; budget = budget * 3 + 1) {
            ps_method_params p = method_params(&score);
            ps_method *method;
            trace t = {0};
            p.budget.max_tokens = budget;
            p.persistent.refill = true;
            must_run(methods[m], &p, &plain_world, 0, &t, &method);
            check_answers(methods[m], method, &t);
            ps_method_report report;
            check_ok(ps_method_get_report(method, &report, NULL));
            if (!methods[m]->greedy && t.tokens < budget && report.end != PS_END_CONVERGED)
                fail_msg("%s stopped at %zu of %zu tokens", methods[m]->name, t.tokens, budget);
            ps_method_free(method);
            trace_clear(&t);
        }
}

/* With a number of answers that is wanted a method does not spend its tokens: it ends within the round in which they
 * have finished, a filter within itself. */
static void numbers_of_answers_are_kept(void **state) {
    (void)state;
    enum { TOKENS = 20000 };
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (size_t wanted = 1; wanted <= 32; wanted *= 2) {
            ps_method_params p = method_params(&score);
            ps_method *method;
            trace t = {0};
            size_t finished = 0, cut = 0; /* whole answers that were cut off count where the pool is of whole answers */
            p.budget.max_tokens = TOKENS;
            p.budget.n_finished = wanted;
            must_run(methods[m], &p, &plain_world, 0, &t, &method);
            check_answers(methods[m], method, &t);
            for (size_t i = 1; i <= t.n; i++) {
                finished += t.delivered[i] && t.result[i].state == PS_FINISHED;
                cut += t.delivered[i] && t.result[i].state == PS_TRUNCATED;
            }
            if (methods[m]->create == create_completions) finished += cut;
            ps_method_report report;
            check_ok(ps_method_get_report(method, &report, NULL));
            if (!methods[m]->greedy && report.end != PS_END_CONVERGED && finished < wanted)
                fail_msg("%s: %zu answers of %zu", methods[m]->name, finished, wanted);
            if (finished > 4 * wanted + 8 * p.n_particles || t.tokens > TOKENS / 4) /* moves write answers, too */
                fail_msg("%s: %zu answers of %zu, %zu tokens", methods[m]->name, finished, wanted, t.tokens);
            ps_method_free(method);
            trace_clear(&t);
        }
}

static void must_be_same(const char *name, const trace *a, const trace *b, ps_method *x, ps_method *y) {
    if (a->n != b->n) fail_msg("%s: %zu steps, then %zu", name, a->n, b->n);
    for (size_t i = 1; i <= a->n; i++)
        if (a->parent[i] != b->parent[i])
            fail_msg("%s: snapshot %zu extends %u, then %u", name, i, a->parent[i], b->parent[i]);
    ps_answer *p = NULL, *q = NULL;
    size_t n, k;
    check_ok(ps_method_answers(x, &p, &n, NULL));
    check_ok(ps_method_answers(y, &q, &k, NULL));
    assert_int_equal(n, k);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(p[i].snapshot, q[i].snapshot);
        check_near(p[i].log_weight, q[i].log_weight, 0);
        check_near(p[i].ell, q[i].ell, 0);
    }
    ps_free(p);
    ps_free(q);
}

static void order_of_arrival_changes_nothing(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (uint64_t shuffle = 0; shuffle < 6; shuffle++) { /* 0: the same once more */
            ps_method_params p = method_params(&score);
            ps_method *x, *y;
            trace a = {0}, b = {0};
            p.has_reward = true;
            p.budget.max_tokens = shuffle % 2 ? 300 : 0;
            must_run(methods[m], &p, &plain_world, 0, &a, &x);
            must_run(methods[m], &p, &plain_world, shuffle, &b, &y);
            must_be_same(methods[m]->name, &a, &b, x, y);
            ps_method_free(x);
            ps_method_free(y);
            trace_clear(&a);
            trace_clear(&b);
        }
}

/* The seed of the method alone, in one world: methods that draw random numbers go other ways. */
static void other_seeds_give_other_runs(void **state) {
    (void)state;
    static const char *const drawing[] = {"persistent", "particle_filter"};
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < sizeof drawing / sizeof *drawing; m++) {
        const ps_method_ops *ops = ps_method_find(drawing[m]);
        if (ops == NULL) continue;
        ps_method_params p = method_params(&score);
        ps_method *method;
        trace t[4] = {{0}};
        size_t others = 0;
        p.persistent.policy = PS_POLICY_ALWAYS;
        for (uint64_t seed = 0; seed < 4; seed++) {
            p.seed = seed % 2;
            p.problem = seed / 2; /* another problem has other numbers too */
            must_run(ops, &p, &plain_world, 0, &t[seed], &method);
            ps_method_free(method);
            others += seed > 0 && (t[seed].n != t[0].n ||
                                   memcmp(t[seed].parent, t[0].parent, (t[0].n + 1) * sizeof *t[0].parent) != 0);
        }
        assert_int_equal(others, 3);
        for (size_t i = 0; i < 4; i++)
            trace_clear(&t[i]);
    }
}

static double undisturbed_log_z(const ps_method_ops *ops, const ps_method_params *p) {
    ps_method *method;
    ps_method_report report;
    trace t = {0};
    must_run(ops, p, &plain_world, 0, &t, &method);
    check_ok(ps_method_get_report(method, &report, NULL));
    ps_method_free(method);
    trace_clear(&t);
    return report.log_z;
}

/* Every allocation of a run fails once: the error is PS_NOMEM, or the account is that of an undisturbed run; nothing is
 * left. */
static void failing_allocations_leak_nothing(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    ps_method_params p = method_params(&score);
    p.has_reward = true;
    p.budget.max_tokens = 150;
    p.persistent.refill = true;
    p.persistent.policy = PS_POLICY_ALWAYS;
    for (size_t m = 0; m < n; m++) {
        bool whole = false;
        const double log_z = undisturbed_log_z(methods[m], &p);
        for (size_t fail_at = 1; !whole; fail_at++) {
            failing_allocator allocator;
            ps_method *method;
            ps_answer *answers = NULL;
            size_t n_answers;
            ps_error err = {0};
            trace t = {0};
            failing_install(&allocator, fail_at);
            ps_status status = run(methods[m], &p, &plain_world, 0, &t, &method, &err);
            if (status == PS_OK) status = ps_method_answers(method, &answers, &n_answers, &err);
            ps_method_report report = {.log_z = log_z};
            if (method != NULL) { /* also after a failure */
                ps_status told = ps_method_get_report(method, &report, status == PS_OK ? &err : NULL);
                if (status == PS_OK) status = told;
            }
            whole = status == PS_OK && allocator.calls < fail_at;
            ps_free(answers);
            ps_method_free(method);
            failing_remove();
            trace_clear(&t);
            if (allocator.alive != 0)
                fail_msg("%s: %zu blocks left when allocation %zu failed", methods[m]->name, allocator.alive, fail_at);
            if (status == PS_OK && memcmp(&report.log_z, &log_z, sizeof log_z) != 0)
                fail_msg("%s: log Z is %g instead of %g when allocation %zu failed", methods[m]->name, report.log_z,
                         log_z, fail_at);
            if (status != PS_OK && (status != PS_NOMEM || err.code != PS_NOMEM))
                fail_msg("%s: status %d when allocation %zu failed", methods[m]->name, status, fail_at);
        }
    }
}

static void nan_is_an_error_and_zero_is_legal(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++) {
        ps_method_params p = method_params(&score);
        ps_method *method;
        ps_error err;
        trace t = {0};
        world w = plain_world;
        w.finish = 0;
        w.nan_logp_at = 1;
        assert_int_equal(run(methods[m], &p, &w, 0, &t, &method, &err), PS_DOMAIN);
        assert_non_null(strstr(err.message, "logprob_power"));
        ps_method_free(method);
        trace_clear(&t);

        w.nan_logp_at = 0;
        w.nan_reward_at = 1;
        p.has_reward = true;
        p.score = ps_score_find("prm_reward");
        assert_int_equal(run(methods[m], &p, &w, 0, &t, &method, &err), PS_DOMAIN);
        assert_non_null(strstr(err.message, "prm_reward"));
        ps_method_free(method);
        trace_clear(&t);

        for (int i = 0; i < 4; i++) { /* −∞ now and then, always */
            p = method_params(&score);
            p.persistent.policy = i % 2 ? PS_POLICY_ALWAYS : PS_POLICY_ESS;
            w = plain_world;
            w.zero = i < 2 ? 0.4 : 1;
            must_run(methods[m], &p, &w, 0, &t, &method);
            check_answers(methods[m], method, &t);
            check_report(methods[m], method, &t);
            ps_method_free(method);
            trace_clear(&t);
        }
    }
}

/* Engines that do not report log-probabilities: with a score that reads the reward alone every method does, to the bit,
 * what it does where they are reported; but power_mcmc, which is made of them, is refused. */
static void sums_that_are_not_there_are_never_read(void **state) {
    (void)state;
    size_t n, ran = 0;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++) {
        ps_method_params p = method_params(&score);
        ps_method *with, *without = NULL;
        ps_error err;
        trace a = {0}, b = {0};
        world w = plain_world;
        p.has_reward = true;
        p.score = ps_score_find("prm_reward");
        must_run(methods[m], &p, &w, 0, &a, &with);
        w.no_logp = w.no_logq = true;
        p.has_logp = p.has_logq = false;
        if (run(methods[m], &p, &w, 0, &b, &without, &err) != PS_OK) {
            if (methods[m] != ps_method_find("power_mcmc")) fail_msg("%s: %s", methods[m]->name, err.message);
            assert_int_equal(err.code, PS_ARG);
            assert_non_null(strstr(err.message, "power_mcmc"));
        } else {
            must_be_same(methods[m]->name, &a, &b, with, without);
            ran++;
        }
        ps_method_free(with);
        ps_method_free(without);
        trace_clear(&a);
        trace_clear(&b);
    }
    assert_int_equal(ran, n - 1);
}

/* One step without them is enough: what a prefix's sum would be nobody knows from there on. */
static void a_sum_with_a_step_missing_is_no_number(void **state) {
    (void)state;
    ps_score_params score;
    ps_score_defaults(&score);
    ps_method_params p = method_params(&score);
    ps_tree tree;
    uint32_t id = 0;
    p.score = ps_score_find("prm_reward");
    check_ok(ps_tree_init(&tree, NULL));
    for (int step = 0; step < 3; step++) {
        bool there = step != 1;
        check_ok(ps_tree_reserve(&tree, id, &id, NULL));
        ps_step_result r = {
            .child = id, .has_logp = there, .has_logq = there, .sum_logp = -1, .sum_logq = -2, .reward = 0.5};
        check_ok(ps_tree_fill(&tree, &p, &r, NULL));
        const ps_score_input *sums = &tree.nodes[id].sums;
        assert_true(step == 0 ? sums->sum_logp == -1 && sums->sum_logq == -2
                              : isnan(sums->sum_logp) && isnan(sums->sum_logq));
    }
    ps_tree_clear(&tree);
}

/* A score that reads log p is refused by its name where there is none, before anything is computed. */
static void scores_that_need_log_probabilities_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *score;
        double alpha;
        bool fits;
    } cases[] = {{"logprob_power", 0.5, false},
                 {"logprob_avg", 0.5, false},
                 {"hybrid_prm_logprob", 0.5, false},
                 {"hybrid_prm_logprob", 1, true}, /* (1 − α)·Σ log p is not there */
                 {"prm_reward", 0.5, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_score_params score;
        ps_score_defaults(&score);
        score.alpha = cases[i].alpha;
        ps_method_params p = method_params(&score);
        ps_method *method = NULL;
        ps_error err;
        p.score = ps_score_find(cases[i].score);
        p.has_reward = true;
        p.has_logp = p.has_logq = false;
        ps_status status = ps_method_create(ps_method_find("best_of_n"), &p, &method, &err);
        assert_int_equal(status, cases[i].fits ? PS_OK : PS_ARG);
        if (!cases[i].fits) assert_non_null(strstr(err.message, cases[i].score));
        ps_method_free(method);
    }
}

/* The vote by log-probability is a rule of weighted_majority alone; so is the one by reward. */
static void votes_need_what_they_weigh(void **state) {
    (void)state;
    static const char *const names[] = {"weighted_majority", "majority"};
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t i = 0; i < 2; i++)
        for (int vote = PS_VOTE_SCORE; vote <= PS_VOTE_LOGPROB; vote++)
            for (int with = 0; with < 2; with++) {
                ps_method_params p = method_params(&score);
                ps_method *method = NULL;
                ps_error err;
                p.score = ps_score_find(vote == PS_VOTE_LOGPROB ? "prm_reward" : "logprob_power");
                p.has_reward = vote == PS_VOTE_LOGPROB || with;
                p.has_logp = vote != PS_VOTE_LOGPROB || with;
                p.independent.vote = (ps_vote)vote;
                bool refused = i == 0 && vote != PS_VOTE_SCORE && !with;
                assert_int_equal(ps_method_create(ps_method_find(names[i]), &p, &method, &err),
                                 refused ? PS_ARG : PS_OK);
                if (refused) assert_non_null(strstr(err.message, "weighted_majority.weights"));
                ps_method_free(method);
            }
}

/* What a method makes of n_particles where its own parameters do not say it. */
static void methods_derive_their_width_from_the_particles(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t M, expansion, width; /* width: of the first round */
    } cases[] = {{"beam", 16, 4, 16},  {"beam", 3, 4, 3},        {"beam", 7, 4, 7},      {"beam", 1, 4, 1},
                 {"dvts", 16, 4, 16},  {"dvts", 3, 4, 3},        {"dvts", 9, 4, 9},      {"dvts", 1, 4, 1},
                 {"greedy", 16, 4, 1}, {"power_mcmc", 16, 4, 2}, {"power_mcmc", 7, 4, 1}};
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_method_params p = method_params(&score);
        const ps_method_ops *ops = ps_method_find(cases[i].name);
        ps_method *method;
        const ps_work *work;
        size_t n;
        p.n_particles = cases[i].M;
        p.beam = (ps_beam_params){.expansion = cases[i].expansion};
        p.power.chains = 0;
        check_ok(ps_method_create(ops, &p, &method, NULL));
        check_ok(ps_method_next(method, &work, &n, NULL));
        assert_int_equal(n, cases[i].width);
        if (ops->lines != NULL) assert_int_equal(ps_method_lines(ops, &p), cases[i].width);
        ps_method_free(method);
    }
    ps_method_params p = method_params(&score);
    assert_int_equal(ps_method_lines(ps_method_find("persistent"), &p), p.n_particles);
}

/* n particles cost n: whatever a method's own parameters ask for, no more steps are under way at once; and where
 * nothing limits it but n, the remainder of a division is used, too. */
static void no_method_has_more_steps_under_way_than_particles(void **state) {
    (void)state;
    static const size_t own[] = {0, 1, 3, 50}; /* 0: auto */
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (size_t M = 1; M <= 9; M++)
            for (size_t i = 0; i < 32; i++) {
                ps_method_params p = method_params(&score);
                ps_method *method;
                trace t = {0};
                p.n_particles = M;
                p.budget.max_tokens = i & 1 ? 400 : 0;
                p.persistent.refill = (i & 2) != 0;
                p.persistent.policy = i & 4 ? PS_POLICY_ALWAYS : PS_POLICY_ESS;
                p.beam = (ps_beam_params){.width = own[i / 8], .expansion = 1 + i % 5, .subtrees = own[i / 8]};
                p.power.chains = own[i / 8];
                must_run(methods[m], &p, &plain_world, 0, &t, &method);
                if (t.widest > M) fail_msg("%s: %zu steps at once with %zu particles", methods[m]->name, t.widest, M);
                bool narrow = methods[m]->greedy || strcmp(methods[m]->name, "power_mcmc") == 0;
                if (own[i / 8] == 0 && !narrow && t.widest != M)
                    fail_msg("%s: %zu steps at once of %zu particles", methods[m]->name, t.widest, M);
                ps_method_free(method);
                trace_clear(&t);
            }
}

/* Each method refuses what only it knows to be wrong, and no other method minds. */
static void each_method_judges_its_own_parameters(void **state) {
    (void)state;
    static const char *const needy[] = {"particle_filter", "particle_filter", "power_mcmc", "persistent, completions",
                                        "persistent"};
    static const char *const says[] = {"logit", "particle_filter.temperature", "power_mcmc.alpha", "ps.move.n_moves",
                                       "ps.weights"};
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t i = 0; i < 5; i++) {
        size_t refused = 0;
        for (size_t m = 0; m < n; m++) {
            ps_method_params p = method_params(&score);
            ps_method *method = NULL;
            ps_error err;
            if (i == 0) p.filter.logit = true;
            if (i == 1) p.filter.temperature = NAN;
            if (i == 2) p.power.alpha = 0.5;
            if (i == 3) p.completions.n_moves = 0;
            if (i == 4) {
                p.n_moves = 1;
                p.persistent.pool.weighting = PS_BALANCE;
            }
            if (ps_method_create(methods[m], &p, &method, &err) != PS_OK) {
                assert_int_equal(err.code, PS_ARG);
                assert_non_null(strstr(err.message, says[i]));
                bool family = strncmp(methods[m]->name, needy[i], strlen(needy[i])) == 0 ||
                              (i < 2 && strcmp(methods[m]->name, "particle_gibbs") == 0);
                if (!family) fail_msg("%s refuses what is not its: %s", methods[m]->name, err.message);
                refused++;
            }
            ps_method_free(method);
        }
        assert_true(refused > 0);
    }
}

static void results_that_were_not_asked_for_are_refused(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (int i = 0; i < 4; i++) {
            ps_method_params p = method_params(&score);
            ps_method *method;
            const ps_work *work;
            size_t k;
            ps_error err;
            check_ok(ps_method_create(methods[m], &p, &method, &err));
            if (i > 0) check_ok(ps_method_next(method, &work, &k, &err));
            ps_step_result r = world_step(&plain_world, i == 1 ? 1000 : i == 2 ? 0 : 1), twice[2] = {r, r};
            if (methods[m]->greedy && i == 3) r.state = PS_OPEN;
            assert_int_equal(ps_method_absorb(method, twice, i == 3 ? 2 : 1, &err), PS_ARG);
            ps_method_free(method);
        }
}

/* Steps are limited where unfinished answers are chosen among; who takes answers whole does not count them. */
static void a_limit_in_steps_is_for_methods_that_select(void **state) {
    (void)state;
    size_t n, whole = 0;
    const ps_method_ops *const *methods = ps_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++) {
        uint32_t deepest = 0;
        for (uint64_t seed = 1; seed <= 10; seed++) {
            world w = plain_world;
            ps_method_params p = method_params(&score);
            ps_method *method;
            trace t = {0};
            w.seed = seed;
            w.finish = 0;
            w.cut = 0.1;
            p.has_reward = true;
            p.max_steps = 3;
            must_run(methods[m], &p, &w, 0, &t, &method);
            for (size_t i = 1; i <= t.n; i++)
                if (t.depth[i] > deepest) deepest = t.depth[i];
            ps_method_free(method);
            trace_clear(&t);
        }
        if (methods[m]->whole != (deepest > 3)) fail_msg("%s: %u steps", methods[m]->name, deepest);
        whole += methods[m]->whole;
    }
    assert_int_equal(whole, 4); /* greedy, best_of_n, majority, weighted_majority */
}

static void bad_parameters_are_refused(void **state) {
    (void)state;
    size_t n;
    const ps_method_ops *const *methods = all_methods(&n);
    ps_score_params score;
    ps_score_defaults(&score);
    for (size_t m = 0; m < n; m++)
        for (int i = 0; i < 5; i++) {
            ps_method_params p = method_params(&score);
            ps_method *method = NULL;
            ps_error err;
            if (i == 0) p.n_particles = 0;
            if (i == 1) p.max_steps = (size_t)INT32_MAX;
            if (i == 2) p.score = NULL;
            if (i == 3) p.prior = NULL;
            if (i == 4) p.score = ps_score_find("prm_reward");
            assert_int_equal(ps_method_create(methods[m], &p, &method, &err), PS_ARG);
            assert_null(method);
        }
    ps_method_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_ends),
        cmocka_unit_test(token_budgets_are_kept),
        cmocka_unit_test(numbers_of_answers_are_kept),
        cmocka_unit_test(order_of_arrival_changes_nothing),
        cmocka_unit_test(other_seeds_give_other_runs),
        cmocka_unit_test(failing_allocations_leak_nothing),
        cmocka_unit_test(nan_is_an_error_and_zero_is_legal),
        cmocka_unit_test(sums_that_are_not_there_are_never_read),
        cmocka_unit_test(a_sum_with_a_step_missing_is_no_number),
        cmocka_unit_test(scores_that_need_log_probabilities_are_refused_by_name),
        cmocka_unit_test(votes_need_what_they_weigh),
        cmocka_unit_test(methods_derive_their_width_from_the_particles),
        cmocka_unit_test(no_method_has_more_steps_under_way_than_particles),
        cmocka_unit_test(each_method_judges_its_own_parameters),
        cmocka_unit_test(results_that_were_not_asked_for_are_refused),
        cmocka_unit_test(a_limit_in_steps_is_for_methods_that_select),
        cmocka_unit_test(bad_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
