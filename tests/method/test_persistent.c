/* Persistent Sampling's own promises: when events happen, how many particles they launch, what they may pick, when the
 * search ends; and on a model that can be enumerated, that its evidence and its weights converge to the truth. */
#include "engine/toy/toy.h"
#include "method/tree.h"
#include "method/world.h"
#include "persamp/engine.h"
#include "persamp/engine_toy.h"

static ps_score_params score;

typedef struct search {
    ps_method *method;
    ps_method_report report;
    trace t;
} search;

static search run(ps_method_params p, world w) {
    search s = {0};
    ps_error err;
    if (ps_method_create(ps_method_find("persistent"), &p, &s.method, &err) != PS_OK ||
        drive(s.method, &w, 0, p.budget.max_tokens, &s.t, &err) != PS_OK)
        fail_msg("%s", err.message);
    if (s.t.broken) fail_msg("the rule is broken: %s", s.t.rule);
    check_ok(ps_method_get_report(s.method, &s.report, NULL));
    return s;
}

static void done(search *s) {
    ps_method_free(s->method);
    trace_clear(&s->t);
}

/* Steps of iteration i (from 1), and how many of their snapshots can go on. */
static size_t steps_of(const trace *t, size_t iteration, size_t max_steps, size_t *open) {
    size_t n = 0;
    *open = 0;
    for (size_t i = 1; i <= t->n; i++) {
        if (t->iteration[i] != iteration) continue;
        n++;
        *open += t->result[i].state == PS_OPEN && t->depth[i] < max_steps;
    }
    return n;
}

static ps_method_params params(void) {
    score = (ps_score_params){0};
    ps_score_defaults(&score);
    return method_params(&score);
}

/* ---- Events -------------------------------------------------------------- */

static void policy_never_lets_every_particle_go_its_way(void **state) {
    (void)state;
    ps_method_params p = params();
    p.persistent.policy = PS_POLICY_NEVER;
    search s = run(p, plain_world);
    assert_int_equal(s.report.resamples, 0);
    assert_int_equal(s.report.end, PS_END_FINISHED);
    bool *extended = calloc(s.t.n + 1, sizeof *extended);
    for (size_t i = 1; i <= s.t.n; i++) {
        assert_int_equal(s.t.depth[i], s.t.iteration[i]);
        assert_true(s.t.parent[i] == 0 || !extended[s.t.parent[i]]); /* no prefix twice */
        extended[s.t.parent[i]] = true;
    }
    free(extended);
    done(&s);
}

/* Without refill an event launches as many particles as were running, and nothing but a finish makes them fewer. */
static void without_refill_as_many_go_on_as_were_running(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (int policy = PS_POLICY_ESS; policy <= PS_POLICY_NEVER; policy++) {
            ps_method_params p = params();
            world w = plain_world;
            size_t running = p.n_particles, open, resamples = 0;
            p.persistent.policy = (ps_policy)policy;
            p.persistent.pool.depth_decay = 0.3;
            p.seed = w.seed = seed;
            search s = run(p, w);
            for (size_t i = 0; i < s.report.n_iterations; i++) {
                assert_int_equal(steps_of(&s.t, i + 1, p.max_steps, &open), running);
                assert_int_equal(s.report.iterations[i].running, running);
                running = open;
                resamples += s.report.iterations[i].resampled;
                if (policy == PS_POLICY_NEVER) assert_false(s.report.iterations[i].resampled);
                if (policy == PS_POLICY_ALWAYS && i + 1 < s.report.n_iterations)
                    assert_true(s.report.iterations[i].resampled);
            }
            assert_int_equal(s.report.resamples, resamples);
            done(&s);
        }
}

/* Policy ess over the pool: an event exactly where the pool's ESS is below the threshold. */
static void policy_ess_follows_its_threshold(void **state) {
    (void)state;
    static const double thresholds[] = {0, 0.3, 0.6, 1e6};
    for (uint64_t seed = 1; seed <= 6; seed++)
        for (size_t k = 0; k < 4; k++) {
            ps_method_params p = params();
            world w = plain_world;
            size_t open;
            p.persistent.alpha_start = thresholds[k];
            p.persistent.alpha_end = k == 2 ? 0.9 : thresholds[k];
            w.seed = seed;
            search s = run(p, w);
            for (size_t i = 0; i + 1 < s.report.n_iterations; i++) {
                const ps_iteration *it = &s.report.iterations[i];
                double alpha = ps_alpha_threshold(p.persistent.alpha_start, p.persistent.alpha_end, i + 1, p.max_steps);
                (void)steps_of(&s.t, i + 1, p.max_steps, &open);
                assert_int_equal(it->resampled, open > 0 && it->ess < alpha * (double)p.n_particles);
            }
            if (k == 0) assert_int_equal(s.report.resamples, 0);
            done(&s);
        }
}

/* ---- The classic form ---------------------------------------------------- */

/* What preset classic means, over the running particles. */
static ps_method_params classic_params(double alpha) {
    ps_method_params p = params();
    p.persistent.pool.weighting = PS_BALANCE;
    p.persistent.temperature.monotone = true;
    p.persistent.ess_over = PS_ESS_OVER_PARTICLES;
    p.persistent.alpha_start = p.persistent.alpha_end = alpha;
    p.resampler = ps_resampler_find("topN");
    p.max_steps = p.persistent.pool.max_depth = 20;
    return p;
}

/* The classic weights of all that a run had seen after an iteration, straight from eqs 15 and 16. */
typedef struct classic_weights {
    ps_balance_event events[64];
    size_t n_events;
    double ell[4096], log_mix[4096], log_w[4096];
    size_t n;
} classic_weights;

static void weigh(classic_weights *c, const trace *t, size_t iteration, double beta) {
    for (c->n = 0; c->n < t->n && t->iteration[c->n + 1] <= iteration; c->n++) {
        const ps_step_result *r = &t->result[c->n + 1];
        uint32_t parent = t->parent[c->n + 1];
        c->ell[c->n] = r->sum_logp + (parent > 0 ? c->ell[parent - 1] : 0);
        c->events[c->n_events - 1].count += t->iteration[c->n + 1] == iteration;
    }
    ps_balance_log_mixture(c->ell, c->n, c->events, c->n_events, c->log_mix);
    ps_log_weights(c->ell, c->log_mix, c->n, beta, c->log_w);
}

/* ESS among those that go on after the iteration, which move to the front of log_w; *n of them. */
static double ess_of_running(classic_weights *c, const trace *t, size_t iteration, size_t max_steps, size_t *n) {
    *n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (t->iteration[i + 1] == iteration && t->result[i + 1].state == PS_OPEN && t->depth[i + 1] < max_steps)
            c->log_w[(*n)++] = c->log_w[i];
    return ps_ess(c->log_w, *n);
}

/* Policy ess over the particles: an event exactly where the ESS of the weights of those that run is below α times their
 * number, and never with fewer than two. */
static void the_classic_trigger_looks_at_the_running_particles(void **state) {
    (void)state;
    static const double alphas[] = {0.3, 0.5, 0.7, 0.9, 1e6};
    static classic_weights c;
    size_t events[5] = {0}, alone = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (size_t k = 0; k < 5; k++) {
            ps_method_params p = classic_params(alphas[k]);
            world w = plain_world;
            p.seed = w.seed = seed;
            search s = run(p, w);
            c = (classic_weights){.n_events = 1};
            for (size_t i = 0; i + 1 < s.report.n_iterations; i++) {
                const ps_iteration *it = &s.report.iterations[i];
                size_t running;
                weigh(&c, &s.t, i + 1, it->beta);
                double log_z = ps_log_sum_exp(c.log_w, c.n) - log((double)c.n);
                double ess = ess_of_running(&c, &s.t, i + 1, p.max_steps, &running);
                if (fabs(ess - alphas[k] * (double)running) > 1e-9)
                    assert_int_equal(it->resampled, running >= 2 && ess < alphas[k] * (double)running);
                alone += running == 1 && !it->resampled;
                events[k] += it->resampled;
                if (it->resampled) c.events[c.n_events++] = (ps_balance_event){it->beta, log_z, 0};
            }
            done(&s);
        }
    assert_true(alone > 20);
    for (size_t k = 1; k < 4; k++)
        assert_true(events[k] >= events[k - 1]);
    assert_true(events[2] > 40); /* more than one a search */
}

/* Cumulative log-probabilities of −3 ± 2.5 a step, in answers of about 12 steps: the classic weights rank short
 * prefixes first, and topN takes the same ones again. Without a limit on going back such a search begins again for
 * ever. */
static ps_step_result long_step(uint32_t child, uint64_t seed, uint32_t depth) {
    ps_rng_key key = {seed, 0, child, PS_RNG_TEST};
    return (ps_step_result){.child = child,
                            .state = depth >= 8 && ps_uniform(key, 0) < 0.2 ? PS_FINISHED : PS_OPEN,
                            .n_tokens = 10,
                            .has_logp = true,
                            .has_logq = true,
                            .sum_logp = fmin(0, -3 + 2.5 * ps_normal(key, 1)),
                            .reward = NAN};
}

static void classic_selections_end_in_answers(void **state) {
    (void)state;
    enum { RUNS = 200, MOST = 4096 };
    static const double alphas[] = {0.5, 0.7, 0.9};
    for (size_t k = 0; k < 3; k++) {
        size_t without = 0, selections = 0, finished = 0;
        for (uint64_t seed = 0; seed < RUNS; seed++) {
            ps_method_params p = classic_params(alphas[k]);
            ps_method *method;
            ps_method_report report;
            const ps_work *work;
            uint32_t depth[MOST] = {0};
            size_t n, found = 0;
            double back = 0;
            p.seed = seed;
            check_ok(ps_method_create(ps_method_find("persistent"), &p, &method, NULL));
            for (check_ok(ps_method_next(method, &work, &n, NULL)); n > 0;
                 check_ok(ps_method_next(method, &work, &n, NULL))) {
                ps_step_result results[8];
                for (size_t i = 0; i < n; i++) {
                    assert_true(work[i].child < MOST);
                    depth[work[i].child] = depth[work[i].parent] + 1;
                    results[i] = long_step(work[i].child, check_seed() + seed, depth[work[i].child]);
                    found += results[i].state == PS_FINISHED;
                }
                check_ok(ps_method_absorb(method, results, n, NULL));
            }
            check_ok(ps_method_get_report(method, &report, NULL));
            size_t deepest = 0;
            for (size_t i = 1; i <= report.snapshots; i++)
                deepest = report.pool[i].depth > deepest ? report.pool[i].depth : deepest;
            for (size_t i = 0; i < report.n_iterations; i++)
                back += report.iterations[i].steps_back;
            assert_true(back <= (double)deepest);
            selections += report.resamples;
            finished += found;
            without += found == 0;
            ps_method_free(method);
        }
        print_message("alpha %.1f: %.2f selections, %.2f answers of 8, %zu of %d searches without one\n", alphas[k],
                      (double)selections / RUNS, (double)finished / RUNS, without, RUNS);
        assert_true(selections > RUNS);
        assert_true(without <= RUNS / 100);
    }
}

/* With refill never fewer than half of M run, and an event launches M, until the budget ends. */
static void refill_relaunches_M(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (int policy = PS_POLICY_ESS; policy <= PS_POLICY_NEVER; policy++) {
            ps_method_params p = params();
            world w = plain_world;
            size_t open, M = p.n_particles;
            p.persistent.policy = (ps_policy)policy;
            p.persistent.refill = true;
            p.budget.max_iterations = 30;
            w.seed = seed;
            search s = run(p, w);
            assert_int_equal(s.report.n_iterations, 30);
            assert_int_equal(s.report.end, PS_END_BUDGET);
            for (size_t i = 0; i < 30; i++) {
                size_t n = steps_of(&s.t, i + 1, p.max_steps, &open);
                assert_true(2 * n >= M);
                if (i == 0 || s.report.iterations[i - 1].resampled) assert_int_equal(n, M);
                if (2 * open < M && i < 29) assert_true(s.report.iterations[i].resampled);
            }
            done(&s);
        }
}

/* ---- The pool ------------------------------------------------------------ */

/* Every finished snapshot stays an answer to the end (the driver sees to it that none is extended). */
static void finished_snapshots_stay(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        ps_method_params p = params();
        world w = plain_world;
        ps_answer *answers;
        size_t n, finished = 0;
        p.persistent.refill = seed % 2;
        p.persistent.policy = PS_POLICY_ALWAYS;
        p.persistent.pool.max_size = seed % 3 ? 0 : 4; /* pruning touches only what could still be selected */
        p.persistent.pool.weighting = seed % 5 ? PS_LINEAGE : PS_BALANCE;
        p.budget.max_iterations = 20;
        w.seed = seed;
        search s = run(p, w);
        check_ok(ps_method_answers(s.method, &answers, &n, NULL));
        bool *offered = calloc(s.t.n + 1, sizeof *offered);
        for (size_t i = 0; i < n; i++)
            offered[answers[i].snapshot] = true;
        for (size_t i = 1; i <= s.t.n; i++) {
            assert_int_equal(offered[i], s.t.result[i].state == PS_FINISHED);
            finished += offered[i];
        }
        assert_int_equal(finished, n);
        free(offered);
        ps_free(answers);
        done(&s);
    }
}

static void max_steps_cuts_answers_off(void **state) {
    (void)state;
    for (int refill = 0; refill < 2; refill++) {
        ps_method_params p = params();
        world w = plain_world;
        ps_answer *answers;
        size_t n;
        w.finish = w.cut = 0;
        p.max_steps = 4;
        p.persistent.refill = refill;
        p.persistent.policy = PS_POLICY_NEVER;
        search s = run(p, w);
        for (size_t i = 1; i <= s.t.n; i++)
            assert_true(s.t.depth[i] <= 4);
        check_ok(ps_method_answers(s.method, &answers, &n, NULL));
        assert_true(n >= p.n_particles);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(answers[i].state, PS_TRUNCATED);
            assert_int_equal(s.t.depth[answers[i].snapshot], 4);
        }
        if (!refill) assert_int_equal(s.report.n_iterations, 4);
        ps_free(answers);
        done(&s);
    }
}

/* Depth decay 0 launches from the deepest open depth only; .5 goes back. */
static void depth_decay_decides_whether_it_goes_back(void **state) {
    (void)state;
    size_t back = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (int dial = 0; dial < 2; dial++) {
            ps_method_params p = params();
            world w = plain_world;
            p.persistent.policy = PS_POLICY_ALWAYS;
            p.persistent.pool.depth_decay = dial ? 0.5 : 0;
            p.seed = w.seed = seed;
            w.finish = 0.1;
            search s = run(p, w);
            for (size_t i = 1; i <= s.t.n; i++) {
                if (!dial) assert_int_equal(s.t.depth[i], s.t.iteration[i]);
                back += s.t.depth[i] < s.t.iteration[i];
            }
            done(&s);
        }
    assert_true(back > 50);
}

/* How far the selections of a run went back from its front, in steps, the mean over what each launched. */
static double steps_gone_back(const trace *t, size_t *deepest) {
    double sum = 0;
    *deepest = 0;
    for (size_t round = 2, front = 1; round <= t->rounds; round++) {
        size_t n = 0, back = 0, next = 0;
        for (size_t i = 1; i <= t->n; i++) {
            if (t->iteration[i] != round) continue;
            size_t from = t->depth[i] - 1;
            n++;
            back += from < front ? front - from : 0;
            if (t->result[i].state == PS_OPEN && t->depth[i] > next) next = t->depth[i];
        }
        sum += n > 0 ? (double)back / (double)n : 0;
        front = next;
        if (front > *deepest) *deepest = front;
    }
    return sum;
}

/* A score that finds every continuation worse sends the search back at every look; in all it goes back no further than
 * it came forward and every particle ends, unless iterations were asked for. */
static void going_back_ends_by_itself(void **state) {
    (void)state;
    double asked = 0;
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (size_t iterations = 0; iterations <= 60; iterations += 60) {
            ps_method_params p = params();
            world w = plain_world;
            size_t deepest;
            p.persistent.policy = PS_POLICY_ALWAYS;
            p.persistent.pool.depth_decay = 0.02;
            p.persistent.pool.depth_retreat = 8;
            p.max_steps = p.persistent.pool.max_depth = 60;
            p.budget.max_iterations = iterations;
            p.seed = w.seed = seed;
            w.cut = 0;
            search s = run(p, w);
            double back = steps_gone_back(&s.t, &deepest);
            if (iterations > 0) {
                asked += back;
            } else {
                assert_int_equal(s.report.end, PS_END_FINISHED);
                assert_true(back <= (double)deepest);
            }
            done(&s);
        }
    assert_true(asked > 20 * 5);
}

/* Scores that fall with every token, here by 3 nats more, send nobody back: with a reward model depths are compared by
 * what it says alone. (Every step has one token, so that within a depth all scores fall alike.) Without the reward the
 * score is all there is to compare by. */
static void a_constant_for_each_token_changes_no_selection(void **state) {
    (void)state;
    size_t different = 0, back[2] = {0};
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (int reward = 0; reward < 2; reward++) {
            ps_method_params p = params();
            world w = plain_world, falling;
            p.persistent.policy = PS_POLICY_ALWAYS;
            p.persistent.pool.depth_retreat = seed % 2 ? 8 : 0;
            p.persistent.pool.depth_tilt = seed % 2 ? 0 : 8;
            p.has_reward = reward;
            p.seed = w.seed = seed;
            w.most_tokens = 1;
            falling = w;
            falling.a_token = -3;
            search s = run(p, w), other = run(p, falling);
            bool same = s.t.n == other.t.n && memcmp(s.t.parent, other.t.parent, (s.t.n + 1) * sizeof *s.t.parent) == 0;
            if (reward) assert_true(same);
            different += !same;
            for (size_t i = 1; i <= s.t.n; i++)
                back[reward] += s.t.depth[i] < s.t.iteration[i];
            done(&s);
            done(&other);
        }
    assert_true(different > 5);
    assert_true(back[1] > 0);
}

/* A product of rewards falls with every step: depths are compared by the last step's. */
static void a_product_of_rewards_compares_by_its_last_factor(void **state) {
    (void)state;
    size_t different = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        ps_method_params p = params();
        ps_tree tree;
        world w = plain_world;
        uint32_t id;
        p.persistent.policy = PS_POLICY_ALWAYS;
        p.persistent.pool.depth_retreat = 8;
        p.has_reward = true;
        p.seed = w.seed = seed;
        search s = run(p, w);
        p.reward_shrinks = true;
        search other = run(p, w);
        different += s.t.n != other.t.n || memcmp(s.t.parent, other.t.parent, (s.t.n + 1) * sizeof *s.t.parent) != 0;
        check_ok(ps_tree_init(&tree, NULL));
        check_ok(ps_tree_reserve(&tree, 0, &id, NULL));
        ps_step_result r = world_step(&w, id);
        check_ok(ps_tree_fill(&tree, &p, &r, NULL));
        check_near(tree.nodes[id].merit, ps_score_reward(p.score_params, r.step_reward), 0);
        ps_tree_clear(&tree);
        done(&s);
        done(&other);
    }
    assert_true(different > 0);
}

/* topN takes nothing twice, and with distinct lineages no pick is an ancestor of another. */
static void top_n_takes_distinct_lineages(void **state) {
    (void)state;
    size_t ancestors = 0;
    for (uint64_t seed = 1; seed <= 20; seed++)
        for (int distinct = 0; distinct < 2; distinct++) {
            ps_method_params p = params();
            world w = plain_world;
            p.persistent.policy = PS_POLICY_ALWAYS;
            p.resampler = ps_resampler_find("topN");
            p.persistent.distinct_lineage = distinct;
            p.persistent.pool.depth_decay = 0.9;
            w.seed = seed;
            search s = run(p, w);
            for (size_t i = 1; i <= s.t.n; i++)
                for (size_t j = 1; j <= s.t.n; j++) {
                    if (i == j || s.t.iteration[i] != s.t.iteration[j] || s.t.iteration[i] == 1) continue;
                    uint32_t x = s.t.parent[i], y = s.t.parent[j];
                    assert_int_not_equal(x, y);
                    for (uint32_t up = y; up != 0 && s.t.parent[up] != 0; up = s.t.parent[up])
                        ancestors += distinct ? 0 : s.t.parent[up] == x;
                    for (uint32_t up = y; distinct && up != 0 && s.t.parent[up] != 0; up = s.t.parent[up])
                        assert_int_not_equal(s.t.parent[up], x);
                }
            done(&s);
        }
    assert_true(ancestors > 0); /* without it they do occur, so that the test tests something */
}

/* ---- Ends ---------------------------------------------------------------- */

static void limits_end_the_search(void **state) {
    (void)state;
    for (size_t limit = 1; limit <= 9; limit++) {
        ps_method_params p = params();
        p.persistent.refill = true;
        p.budget.max_iterations = limit;
        search s = run(p, plain_world);
        assert_int_equal(s.report.n_iterations, limit);
        done(&s);

        p.budget = (ps_budget){.n_finished = limit};
        s = run(p, plain_world);
        size_t finished = 0, before = 0;
        for (size_t i = 1; i <= s.t.n; i++) {
            finished += s.t.result[i].state == PS_FINISHED;
            before += s.t.result[i].state == PS_FINISHED && s.t.iteration[i] < s.report.n_iterations;
        }
        assert_true(finished >= limit && before < limit);
        assert_int_equal(s.report.end, PS_END_BUDGET);
        done(&s);
    }
    ps_method_params p = params(); /* no limit at all: 2 · max_steps iterations */
    p.persistent.refill = true;
    search s = run(p, plain_world);
    assert_int_equal(s.report.n_iterations, 2 * p.max_steps);
    done(&s);
}

/* Steps that write nothing (the context is full) never spend a token budget: the search ends all the same. */
static void steps_without_tokens_end(void **state) {
    (void)state;
    ps_method_params p = params();
    ps_method *method;
    const ps_work *work;
    size_t n, rounds = 0;
    p.persistent.refill = true;
    p.budget.max_tokens = 1000;
    check_ok(ps_method_create(ps_method_find("persistent"), &p, &method, NULL));
    for (check_ok(ps_method_next(method, &work, &n, NULL)); n > 0; check_ok(ps_method_next(method, &work, &n, NULL))) {
        ps_step_result results[8];
        assert_true(n <= 8 && ++rounds < 100);
        for (size_t i = 0; i < n; i++)
            results[i] = (ps_step_result){.child = work[i].child, .state = PS_TRUNCATED, .has_logp = true};
        check_ok(ps_method_absorb(method, results, n, NULL));
    }
    ps_method_free(method);
}

/* The history is what the formulas say: β within its ends, ESS at most the pool's size, never lower β when monotone. */
static void history_is_plausible(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++)
        for (int mode = PS_ADAPTIVE_ESS; mode <= PS_FIXED_COSINE; mode++) {
            ps_method_params p = params();
            world w = plain_world;
            double last = 0;
            p.persistent.temperature.mode = (ps_temperature_mode)mode;
            p.persistent.temperature.monotone = true;
            p.persistent.temperature.beta_max = 2;
            p.persistent.policy = PS_POLICY_ALWAYS;
            w.seed = seed;
            search s = run(p, w);
            for (size_t i = 0; i < s.report.n_iterations; i++) {
                const ps_iteration *it = &s.report.iterations[i];
                assert_true(it->beta >= last && it->beta <= 2);
                if (it->resampled) last = it->beta;
                assert_true(it->ess >= 0 && it->ess <= (double)s.t.n + 1 + 1e-9);
                if (mode == PS_FIXED_LINEAR)
                    check_near(it->beta, 2 * fmin(1, (double)(i + 1) / (double)p.max_steps), 1e-12);
            }
            check_near(s.report.final_ess, s.report.iterations[s.report.n_iterations - 1].ess, 0);
            done(&s);
        }
}

/* Nothing ever ends here: the search does, once it has written twice what its particles can. */
static void without_a_limit_in_steps_tokens_end_the_search(void **state) {
    (void)state;
    ps_method_params p = params();
    world w = plain_world;
    w.finish = w.cut = 0;
    p.max_steps = 0;
    p.max_answer_tokens = 50;
    p.persistent.alpha_end = p.persistent.alpha_start;
    search s = run(p, w);
    size_t most = 2 * p.n_particles * p.max_answer_tokens;
    assert_true(s.report.tokens >= most && s.report.tokens < most + p.n_particles * w.most_tokens);
    assert_int_equal(s.report.end, PS_END_BUDGET);
    done(&s);
}

/* What leads over max_steps needs it. */
static void schedules_need_a_limit_in_steps(void **state) {
    (void)state;
    ps_method *method = NULL;
    ps_error error;
    for (int i = 0; i < 4; i++) {
        ps_method_params p = params();
        p.max_steps = i == 3 ? 12 : 0;
        p.persistent.policy = PS_POLICY_ESS;
        p.persistent.alpha_end = i == 2 ? 0.8 : p.persistent.alpha_start;
        if (i != 2) p.persistent.temperature.mode = i == 1 ? PS_FIXED_COSINE : PS_FIXED_LINEAR;
        if (i == 2) p.persistent.alpha_start = 0.5;
        ps_status status = ps_method_create(ps_method_find("persistent"), &p, &method, &error);
        assert_int_equal(status, i == 3 ? PS_OK : PS_ARG);
        if (status != PS_OK) assert_non_null(strstr(error.message, i == 2 ? "alpha_schedule" : "adaptive_ess"));
    }
    ps_method_free(method);
}

static void mistakes_in_parameters(void **state) {
    (void)state;
    ps_method *method = NULL;
    for (int i = 0; i < 3; i++) {
        ps_method_params p = params();
        if (i == 0) p.persistent.pool.depth_decay = 1.5;
        if (i == 1) p.persistent.pool.depth_tilt = NAN;
        if (i == 2) p.resampler = NULL;
        assert_int_equal(ps_method_create(ps_method_find("persistent"), &p, &method, NULL), PS_ARG);
        assert_null(method);
    }
}

/* ---- Truth --------------------------------------------------------------- */

/* The built-in table of the toy engine, every answer enumerated. */

enum { MAX_STEPS = 8, MOST_NODES = 4096 };

static ps_generation generation(void) {
    return (ps_generation){
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = 128};
}

/* The answer in the box: '1', '2' or '3'; or none, where the table ran out of tokens. */
enum { KINDS = 4 };
static int box_of(const char *text) {
    const char *box = strstr(text, "\\boxed{");
    return box != NULL && box[7] >= '1' && box[7] <= '3' ? box[7] - '1' : KINDS - 1;
}

/* Z = E_q[L; finished] for L = p(answer), and the posterior of each boxed answer. */
static double truth(const ps_engine *engine, double posterior[KINDS]) {
    ps_generation g = generation();
    ps_toy_answers all = {0};
    double z = 0;
    check_ok(ps_toy_enumerate(engine, &g, 0, MAX_STEPS, &all, NULL));
    for (int k = 0; k < KINDS; k++)
        posterior[k] = 0;
    for (size_t i = 0; i < all.n; i++) {
        if (all.items[i].reason != PS_STOP_EOS) continue;
        double w = exp(all.items[i].logq + all.items[i].logp);
        z += w;
        posterior[box_of(all.items[i].text)] += w;
    }
    for (int k = 0; k < KINDS; k++)
        posterior[k] /= z;
    ps_toy_answers_clear(&all);
    return z;
}

/* One search on the engine: Ẑ, and the share of each boxed answer in the final weights. */
static double search_toy(ps_engine *engine, ps_node root, const ps_method_params *p, uint64_t seed,
                         double share[KINDS]) {
    static ps_node node[MOST_NODES];
    static char last[MOST_NODES][64]; /* text of the snapshot's last step: the box is in one step */
    ps_generation g = generation();
    ps_method_params mine = *p;
    ps_method *method;
    const ps_work *work;
    size_t n, n_nodes = 1;
    mine.seed = seed;
    node[0] = root;
    check_ok(ps_method_create(ps_method_find("persistent"), &mine, &method, NULL));
    for (check_ok(ps_method_next(method, &work, &n, NULL)); n > 0; check_ok(ps_method_next(method, &work, &n, NULL)))
        for (size_t i = 0, k = n; i < k; i++) {
            const ps_event *event;
            uint32_t child = work[i].child;
            assert_true(child < MOST_NODES);
            check_ok(ps_engine_extend(engine,
                                      &(ps_extend_request){.node = node[work[i].parent],
                                                           .key = {seed, 0, child, PS_RNG_TOKEN},
                                                           .generation = &g},
                                      NULL));
            check_ok(ps_engine_poll(engine, INFINITY, &event, &n, NULL));
            node[child] = event->child;
            n_nodes = child + 1;
            snprintf(last[child], sizeof last[child], "%s", event->text);
            ps_step_result r = {.child = child,
                                .state = event->reason == PS_STOP_EOS ? PS_FINISHED : PS_OPEN,
                                .n_tokens = event->n_tokens,
                                .has_logp = true,
                                .has_logq = true,
                                .reward = NAN};
            for (size_t t = 0; t < event->n_tokens; t++) {
                r.sum_logp += event->logp[t];
                r.sum_logq += event->logq[t];
            }
            check_ok(ps_method_absorb(method, &r, 1, NULL));
        }
    ps_answer *answers;
    double sum = 0, W[KINDS] = {0};
    check_ok(ps_method_answers(method, &answers, &n, NULL));
    for (size_t i = 0; i < n; i++)
        if (answers[i].state == PS_FINISHED) {
            W[box_of(last[answers[i].snapshot])] += exp(answers[i].log_weight);
            sum += exp(answers[i].log_weight);
        }
    for (int k = 0; k < KINDS; k++)
        share[k] += sum > 0 ? W[k] / sum : 1.0 / KINDS;
    ps_method_report report;
    check_ok(ps_method_get_report(method, &report, NULL));
    if (sum > 0) check_near(report.log_z, log(sum), 1e-9);
    ps_free(answers);
    ps_method_free(method);
    for (size_t i = 1; i < n_nodes; i++)
        ps_engine_release(engine, node[i]);
    return exp(report.log_z);
}

/* The mean of Ẑ/Z over 200 searches is within 4 of its standard errors and 0.05 (the bias at M = 64) of 1, the mean
 * share of each answer within 0.02 of its posterior (bias and 4 standard errors). Ten set-ups, five comparisons each:
 * with other seeds this fails less than once in 300. */
static void evidence_and_weights_converge(void **state) {
    (void)state;
    enum { RUNS = 200 };
    static const struct {
        ps_policy policy;
        double decay, tilt;
        bool refill;
        const char *resampler;
        double retreat;
        size_t max_tokens; /* landing with so wide a margin that every particle ends, and further waves */
    } set_ups[] = {
        {.policy = PS_POLICY_NEVER, .resampler = "systematic"},
        {.policy = PS_POLICY_ESS, .decay = 0.02, .resampler = "systematic"},
        {.policy = PS_POLICY_ALWAYS, .resampler = "systematic"},
        {.policy = PS_POLICY_ALWAYS, .decay = 0.02, .resampler = "stratified"},
        {.policy = PS_POLICY_ALWAYS, .decay = 0.3, .resampler = "multinomial"},
        {.policy = PS_POLICY_ALWAYS, .decay = 0.3, .refill = true, .resampler = "residual"},
        {.policy = PS_POLICY_ESS, .decay = 0.2, .tilt = 0.5, .refill = true, .resampler = "systematic"},
        {.policy = PS_POLICY_ALWAYS, .decay = 0.02, .retreat = 4, .resampler = "systematic"},
        {.policy = PS_POLICY_ALWAYS, .resampler = "systematic", .max_tokens = 3000},
        {.policy = PS_POLICY_ALWAYS, .decay = 0.02, .retreat = 4, .resampler = "systematic", .max_tokens = 3000},
    };
    ps_engine *engine = NULL;
    ps_token *tokens;
    size_t n_tokens;
    ps_node root;
    double posterior[KINDS];
    check_ok(ps_engine_toy_create(&(ps_toy_options){0}, &engine, NULL));
    check_ok(ps_engine_tokenize(engine, "?", 1, true, &tokens, &n_tokens, NULL));
    check_ok(ps_engine_root(engine, tokens, n_tokens, &root, NULL));
    double z = truth(engine, posterior);
    for (size_t k = 0; k < sizeof set_ups / sizeof *set_ups; k++) {
        ps_method_params p = params();
        double sum = 0, squares = 0, share[KINDS] = {0};
        p.n_particles = 64;
        p.max_steps = p.persistent.pool.max_depth = MAX_STEPS;
        p.persistent.policy = set_ups[k].policy;
        p.persistent.pool.depth_decay = set_ups[k].decay;
        p.persistent.pool.depth_tilt = set_ups[k].tilt;
        p.persistent.refill = set_ups[k].refill;
        p.resampler = ps_resampler_find(set_ups[k].resampler);
        p.budget.max_iterations = p.persistent.refill ? 12 : 0;
        p.persistent.pool.depth_retreat = set_ups[k].retreat;
        p.budget.max_tokens = set_ups[k].max_tokens;
        p.budget.pace = 10;
        for (size_t i = 0; i < RUNS; i++) {
            double ratio = search_toy(engine, root, &p, check_seed() + i, share) / z;
            sum += ratio;
            squares += ratio * ratio;
        }
        double mean = sum / RUNS, error = sqrt((squares / RUNS - mean * mean) / RUNS);
        if (fabs(mean - 1) > 4 * error + 0.05)
            fail_msg("set-up %zu: mean of the evidence over the truth is %.4f ± %.4f", k, mean, error);
        for (int a = 0; a < KINDS; a++)
            if (fabs(share[a] / RUNS - posterior[a]) > 0.02)
                fail_msg("set-up %zu: answer %d has weight %.4f, expected %.4f", k, a + 1, share[a] / RUNS,
                         posterior[a]);
    }
    ps_free(tokens);
    ps_engine_release(engine, root);
    assert_int_equal(ps_toy_living_nodes(engine), 0);
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_never_lets_every_particle_go_its_way),
        cmocka_unit_test(without_refill_as_many_go_on_as_were_running),
        cmocka_unit_test(policy_ess_follows_its_threshold),
        cmocka_unit_test(the_classic_trigger_looks_at_the_running_particles),
        cmocka_unit_test(classic_selections_end_in_answers),
        cmocka_unit_test(refill_relaunches_M),
        cmocka_unit_test(finished_snapshots_stay),
        cmocka_unit_test(max_steps_cuts_answers_off),
        cmocka_unit_test(depth_decay_decides_whether_it_goes_back),
        cmocka_unit_test(going_back_ends_by_itself),
        cmocka_unit_test(a_constant_for_each_token_changes_no_selection),
        cmocka_unit_test(a_product_of_rewards_compares_by_its_last_factor),
        cmocka_unit_test(top_n_takes_distinct_lineages),
        cmocka_unit_test(limits_end_the_search),
        cmocka_unit_test(steps_without_tokens_end),
        cmocka_unit_test(history_is_plausible),
        cmocka_unit_test(without_a_limit_in_steps_tokens_end_the_search),
        cmocka_unit_test(schedules_need_a_limit_in_steps),
        cmocka_unit_test(mistakes_in_parameters),
        cmocka_unit_test(evidence_and_weights_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
