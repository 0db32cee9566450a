/* log q out of the likeliest tokens, seeds of groups, how much is sent at once: numbers without a server. */
#include "engine/openai/group.h"
#include "engine/openai/limit.h"
#include "engine/openai/logq.h"
#include "support/check.h"

enum { WORDS = 40, TOP = 20 };

/* A distribution by a seed, the likeliest first. */
static void distribution(uint64_t seed, double sharpness, double *logp) {
    double sum = 0;
    for (size_t i = 0; i < WORDS; i++) {
        logp[i] = sharpness * log(ps_uniform(check_key(seed), i));
        sum += exp(logp[i]);
    }
    for (size_t i = 0; i < WORDS; i++)
        logp[i] -= log(sum);
    for (size_t i = 0; i < WORDS; i++)
        for (size_t k = i + 1; k < WORDS; k++)
            if (logp[k] > logp[i]) {
                const double x = logp[i];
                logp[i] = logp[k];
                logp[k] = x;
            }
}

/* log q of each word with all of them known: temperature, then top_k, then top_p. −∞: it is not kept. */
static void truncated(const ps_generation *g, const double *logp, double *logq) {
    const size_t most = g->top_k > 0 && g->top_k < WORDS ? (size_t)g->top_k : WORDS;
    double all = 0, mass = 0;
    size_t kept = 0;
    for (size_t i = 0; i < most; i++)
        all += exp(logp[i] / g->temperature);
    while (kept < most && (g->top_p >= 1 || mass < g->top_p * all))
        mass += exp(logp[kept++] / g->temperature);
    for (size_t i = 0; i < WORDS; i++)
        logq[i] = i < kept ? logp[i] / g->temperature - log(mass) : -INFINITY;
}

/* For every token that can be drawn: within the stated bound, for all ways to truncate; and exact where top_k is known.
 */
static void log_q_is_right_within_its_bound(void **state) {
    (void)state;
    static const double temperatures[] = {0.25, 0.7, 1, 1.5}, masses[] = {0.5, 0.95, 1};
    static const int cuts[] = {0, 1, 5, 20, 30};
    ps_token ids[TOP];
    size_t compared = 0, exact = 0;
    for (uint64_t seed = 0; seed < 30; seed++)
        for (size_t c = 0; c < 60; c++) {
            double logp[WORDS], logq[WORDS];
            const ps_generation g = {
                .temperature = temperatures[c % 4], .top_p = masses[c / 4 % 3], .top_k = cuts[c / 12]};
            distribution(seed, 0.5 + (double)(seed % 5), logp);
            truncated(&g, logp, logq);
            for (size_t i = 0; i < TOP; i++)
                ids[i] = (ps_token)i;
            for (size_t i = 0; i < WORDS; i++) {
                if (logq[i] == -INFINITY) continue;
                const ps_remote_logq q = ps_remote_logq_of(&g, (ps_token)i, logp[i], ids, logp, TOP, WORDS);
                assert_true(q.bound >= 0 && q.logq <= 0);
                if (!(fabs(q.logq - logq[i]) <= q.bound + 1e-9))
                    fail_msg("seed %d T %g top_p %g top_k %d word %zu: %g within %g, is %g", (int)seed, g.temperature,
                             g.top_p, g.top_k, i, q.logq, q.bound, logq[i]);
                if (g.top_k > 0 && g.top_k <= TOP) assert_true(q.bound < 1e-12);
                compared++;
                exact += q.bound < 1e-12;
            }
        }
    assert_true(compared > 10000 && exact > compared / 4);
}

/* What the reference's defaults give: a bound, small where the known have nearly all of the mass. */
static void the_bound_shrinks_with_what_is_left(void **state) {
    (void)state;
    double logp[WORDS], last = INFINITY;
    ps_token ids[TOP];
    const ps_generation g = {.temperature = 0.7, .top_p = 1};
    distribution(1, 2, logp);
    for (size_t n = 1; n <= TOP; n++) {
        for (size_t i = 0; i < n; i++)
            ids[i] = (ps_token)i;
        const double bound = ps_remote_logq_of(&g, 0, logp[0], ids, logp, n, 0).bound;
        assert_true(bound <= last);
        last = bound;
    }
    assert_true(last > 0 && last < 0.2);
    const ps_generation hot = {.temperature = 2, .top_p = 1};
    assert_true(isinf(ps_remote_logq_of(&hot, 0, logp[0], ids, logp, TOP, 0).bound)); /* nobody knows of how many */
}

static void greedy_and_untruncated_need_no_others(void **state) {
    (void)state;
    const ps_generation greedy = {.temperature = 0, .top_p = 1}, all = {.temperature = 1, .top_p = 1};
    assert_false(ps_remote_logq_needs_top(&greedy) || ps_remote_logq_needs_top(&all));
    assert_true(ps_remote_logq_of(&greedy, 3, -2, NULL, NULL, 0, 0).logq == 0);
    const ps_remote_logq q = ps_remote_logq_of(&all, 3, -2, NULL, NULL, 0, 0);
    assert_true(q.logq == -2 && q.bound == 0);
}

/* A drawn token that is not among the likeliest counts, in whatever order they come. */
static void a_drawn_token_beyond_the_likeliest_counts(void **state) {
    (void)state;
    double logp[WORDS], logq[WORDS], told[TOP];
    ps_token ids[TOP];
    const ps_generation g = {.temperature = 0.9, .top_p = 1};
    distribution(3, 1, logp);
    truncated(&g, logp, logq);
    for (size_t i = 0; i < TOP; i++) {
        ids[i] = (ps_token)((i * 7) % TOP);
        told[i] = logp[ids[i]];
    }
    const ps_remote_logq q = ps_remote_logq_of(&g, 25, logp[25], ids, told, TOP, WORDS);
    assert_true(fabs(q.logq - logq[25]) <= q.bound);
    ids[4] = -1; /* a place that is not used */
    const ps_remote_logq less = ps_remote_logq_of(&g, 25, logp[25], ids, told, TOP, WORDS);
    assert_true(fabs(less.logq - logq[25]) <= less.bound && less.bound >= q.bound);
}

/* ---- Seeds --------------------------------------------------------------- */

static ps_rng_key key_of(uint64_t problem, uint64_t child) {
    return (ps_rng_key){.seed = 42, .problem = problem, .id = child, .purpose = PS_RNG_TOKEN};
}

static void seeds_of_groups_have_63_bits_and_room_for_their_choices(void **state) {
    (void)state;
    enum { N = 200 };
    uint64_t seen[N * N];
    for (uint64_t p = 0; p < N; p++)
        for (uint64_t c = 0; c < N; c++) {
            const uint64_t seed = ps_remote_seed_group(key_of(p, c));
            assert_true(seed >> 63 == 0 && seed % PS_REMOTE_GROUP == 0);
            seen[p * N + c] = seed;
        }
    for (size_t i = 0; i < N * N; i += 97)
        for (size_t k = i + 1; k < N * N; k++)
            assert_true(seen[i] != seen[k]);
    const uint64_t first = ps_remote_seed_group(key_of(1, 1)), goes_on = ps_remote_seed_continue(first, 5);
    assert_true(goes_on != first && goes_on % PS_REMOTE_GROUP == 0 && goes_on != ps_remote_seed_continue(first, 6));
    assert_true(goes_on != ps_remote_seed_continue(first + 1, 5));
}

static ps_remote_step *step_on(ps_remote_node *parent, const ps_generation *g, uint64_t child) {
    const ps_extend_request asked = {.key = key_of(7, child), .generation = g, .tag = child};
    ps_remote_step *step = ps_remote_step_new(&asked);
    assert_non_null(step);
    step->parent = parent;
    return step;
}

/* The i-th child that is asked of a node has the first one's seed + i, and stands beside the others; another generation
 * and another round are groups of their own. */
static void siblings_are_choices_of_one_request(void **state) {
    (void)state;
    ps_remote_node a = {0}, b = {0};
    const ps_generation warm = {.temperature = 1, .top_p = 1}, cold = warm;
    ps_remote_steps list = {0};
    ps_remote_node *const parents[] = {&a, &b, &a, &a, &b, &a};
    ps_remote_step *steps[6];
    for (uint64_t i = 0; i < 6; i++) {
        steps[i] = step_on(parents[i], i == 5 ? &cold : &warm, 10 + i);
        ps_remote_group_join(&list, steps[i], 1);
    }
    assert_int_equal(steps[0]->seed, ps_remote_seed_group(key_of(7, 10)));
    assert_int_equal(steps[2]->seed, steps[0]->seed + 1);
    assert_int_equal(steps[3]->seed, steps[0]->seed + 2);
    assert_int_equal(steps[1]->seed, ps_remote_seed_group(key_of(7, 11)));
    assert_int_equal(steps[4]->seed, steps[1]->seed + 1);
    assert_int_equal(steps[5]->seed, ps_remote_seed_group(key_of(7, 15)));
    assert_int_equal(ps_remote_group_together(&list, 64), 3);
    assert_int_equal(ps_remote_group_together(&list, 2), 2); /* split by the limit: the seeds stay */
    for (size_t i = 0; i < 3; i++)
        ps_remote_step_free(ps_remote_steps_pop(&list));
    assert_int_equal(ps_remote_group_together(&list, 64), 2);
    ps_remote_step *later = step_on(&a, &warm, 10);
    ps_remote_group_join(&list, later, 2);
    assert_int_equal(later->seed, ps_remote_seed_group(key_of(7, 10)));
    assert_ptr_equal(list.last, later);
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&list)) != NULL;)
        ps_remote_step_free(step);
    assert_null(list.last);
}

static void greedy_siblings_are_asked_one_by_one(void **state) {
    (void)state;
    ps_remote_node node = {0};
    const ps_generation greedy = {.temperature = 0, .top_p = 1};
    ps_remote_steps list = {0};
    for (uint64_t i = 0; i < 3; i++)
        ps_remote_group_join(&list, step_on(&node, &greedy, i), 1);
    assert_int_equal(ps_remote_group_together(&list, 64), 1);
    for (ps_remote_step *step; (step = ps_remote_steps_pop(&list)) != NULL;)
        ps_remote_step_free(step);
}

/* ---- The limit ----------------------------------------------------------- */

/* Windows of five seconds with something waiting, at so many tokens a second each. */
static void run_windows(ps_remote_limit *limit, const size_t *rates, size_t n, double *now) {
    for (size_t i = 0; i < n; i++)
        for (size_t second = 0; second < 5; second++, *now += 1)
            ps_remote_limit_came(limit, rates[i], 10, 1, true, *now + 1);
}

static void a_limit_that_makes_it_slower_is_halved_and_comes_back(void **state) {
    (void)state;
    ps_remote_limit limit;
    double now = 100;
    ps_remote_limit_init(&limit, 64, false);
    ps_remote_limit_came(&limit, 0, 0, 0, true, now);
    run_windows(&limit, (const size_t[]){100, 101}, 2, &now);
    assert_int_equal(limit.now, 64);
    run_windows(&limit, (const size_t[]){50}, 1, &now);
    assert_int_equal(limit.now, 32);
    run_windows(&limit, (const size_t[]){90, 91}, 2, &now);
    assert_int_equal(limit.now, 32); /* faster: it stays */
    run_windows(&limit, (const size_t[]){40}, 1, &now);
    assert_int_equal(limit.now, 16);
    run_windows(&limit, (const size_t[]){20}, 1, &now);
    assert_int_equal(limit.now, 32); /* less was slower still */
    ps_remote_limit_init(&limit, 4, true);
    now = 200;
    run_windows(&limit, (const size_t[]){100, 50, 10}, 3, &now);
    assert_int_equal(limit.now, 4); /* slots are what they are */
    limit.under_way = 3;
    assert_int_equal(ps_remote_limit_room(&limit), 1);
    limit.under_way = 4;
    assert_int_equal(ps_remote_limit_room(&limit), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_q_is_right_within_its_bound),
        cmocka_unit_test(the_bound_shrinks_with_what_is_left),
        cmocka_unit_test(greedy_and_untruncated_need_no_others),
        cmocka_unit_test(a_drawn_token_beyond_the_likeliest_counts),
        cmocka_unit_test(seeds_of_groups_have_63_bits_and_room_for_their_choices),
        cmocka_unit_test(siblings_are_choices_of_one_request),
        cmocka_unit_test(greedy_siblings_are_asked_one_by_one),
        cmocka_unit_test(a_limit_that_makes_it_slower_is_halved_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
