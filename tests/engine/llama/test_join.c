/* Requests that compute the same are computed once, and nobody can tell from what comes out. */
#include "engine/llama/support.h"

#include "engine/llama/lane.h"

enum { PROBLEMS = 4, M = 16, ALL = PROBLEMS * M };

/* In deterministic mode logits depend on the path alone: whether one computes for all or each for itself, every bit is
 * the same. At temperature 1 and at one where most steps are the same; steps of few tokens end in the midst of what is
 * common. */
static void the_same_bits_as_apart(void **state) {
    (void)state;
    ps_llama_options options = usual();
    options.deterministic = true;
    for (int k = 0; k < 3; k++) {
        ps_generation g = lines();
        g.temperature = k == 1 ? 0.4 : 1;
        if (k == 2) g.max_tokens = 3;
        ps_engine *joined = open_engine(options), *alone = open_engine(options);
        ((ps_llama *)alone)->no_join = true;
        particle *a = run_particles(joined, PROBLEMS, M, MOST_STEPS, &g);
        particle *b = run_particles(alone, PROBLEMS, M, MOST_STEPS, &g);
        for (size_t i = 0; i < ALL; i++) {
            assert_int_equal(a[i].n_tokens, b[i].n_tokens);
            assert_int_equal(a[i].steps, b[i].steps);
            assert_int_equal(a[i].reason, b[i].reason);
            assert_memory_equal(a[i].tokens, b[i].tokens, a[i].n_tokens * sizeof *a[i].tokens);
            assert_memory_equal(a[i].logp, b[i].logp, a[i].n_tokens * sizeof *a[i].logp);
        }
        assert_int_equal(stats_of(joined).generated, stats_of(alone).generated);
        assert_int_equal(stats_of(alone).shared, 0);
        assert_true(stats_of(joined).batches < stats_of(alone).batches);
        free_particles(joined, a, ALL);
        free_particles(alone, b, ALL);
        ps_engine_free(joined);
        ps_engine_free(alone);
    }
}

/* Tokens of particle i that no earlier particle of its problem has after the same tokens. */
static size_t new_tokens(const particle *all, size_t i) {
    size_t known = 0;
    for (size_t j = i / M * M; j < i; j++) {
        size_t same = 0;
        while (same < all[i].n_tokens && same < all[j].n_tokens && all[i].tokens[same] == all[j].tokens[same])
            same++;
        if (same > known) known = same;
    }
    return all[i].n_tokens - known;
}

/* Particles that begin together share a token's logits as long as they agree: so many are computed as the tree of all
 * that was written has nodes, and so many cells are needed at most. */
static void one_token_of_the_tree_is_one_computation(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    particle *all = run_particles(engine, PROBLEMS, M, MOST_STEPS, &g);
    const ps_engine_stats s = stats_of(engine);
    uint64_t drawn = 0, distinct = 0;
    for (size_t i = 0; i < ALL; i++) {
        drawn += all[i].n_tokens;
        distinct += new_tokens(all, i);
    }
    assert_int_equal(s.generated, drawn);
    assert_int_equal(s.generated - s.shared, distinct);
    assert_int_equal(s.prefilled, s.prompt);
    assert_true(s.cells <= s.prompt + distinct);
    assert_true(2 * distinct < drawn);
    free_particles(engine, all, ALL);
    ps_engine_free(engine);
}

/* Wait for n events, which belong to tags 0 … n − 1. Numbers are copied, arrays are not. */
static void gather(ps_engine *engine, ps_event *out, size_t n) {
    for (size_t done = 0; done < n;) {
        const ps_event *events = NULL;
        size_t got = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &got, err));
        for (size_t i = 0; i < got; i++)
            out[events[i].tag] = events[i];
        done += got;
    }
}

/* How many callers hold a node; 0: there is none. */
static int holds_of(ps_engine *engine, ps_node handle) {
    ps_llama *llama = (ps_llama *)engine;
    pthread_mutex_lock(&llama->mutex);
    const ps_llama_node *node = ps_llama_node_find(llama, handle);
    const int holds = node != NULL ? node->holds : 0;
    pthread_mutex_unlock(&llama->mutex);
    return holds;
}

/* The same key draws the same step: one child, held twice. */
static void a_common_child_is_held_by_each(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[1]);
    ps_event e[3];
    extend(engine, root, &g, key_of(0, 1, 0), 0);
    extend(engine, root, &g, key_of(0, 1, 0), 1);
    extend(engine, root, &g, key_of(0, 1, 0), 2);
    gather(engine, e, 3);
    assert_true(e[0].child != 0 && e[1].child == e[0].child && e[2].child == e[0].child);
    assert_int_equal(e[0].prefilled + e[1].prefilled + e[2].prefilled, stats_of(engine).prompt);
    assert_int_equal(e[0].shared + e[1].shared + e[2].shared, 2 * e[0].n_tokens);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(holds_of(engine, e[0].child), 3 - i);
        ps_engine_release(engine, e[i].child);
    }
    assert_int_equal(holds_of(engine, e[0].child), 0);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* Only what is drawn in the same way can be drawn together. */
static void other_ways_to_draw_stay_apart(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation warm = lines();
    ps_generation greedy = lines();
    greedy.temperature = 0;
    const ps_node root = root_of(engine, questions[1]);
    ps_event e[3];
    extend(engine, root, &warm, key_of(0, 1, 0), 0);
    extend(engine, root, &greedy, key_of(0, 1, 0), 1);
    extend(engine, root, &greedy, key_of(0, 2, 0), 2);
    gather(engine, e, 3);
    assert_true(e[0].child != e[1].child && e[1].child == e[2].child);
    for (int i = 0; i < 3; i++)
        ps_engine_release(engine, e[i].child);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* An answer without room for a token ends for all who wanted to go on with it. */
static void a_full_context_ends_for_all(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    size_t n;
    ps_token *prompt = prompt_of(engine, questions[0], &n);
    ps_engine_free(engine);
    ps_llama_options small = usual();
    small.n_ctx = (int)n + 4;
    engine = open_engine(small);
    ps_generation g = lines();
    g.min_tokens = 100;
    ps_node root = 0;
    ps_event e[2], after[2];
    assert_ok(ps_engine_root(engine, prompt, n, &root, err));
    for (size_t i = 0; i < 2; i++)
        extend(engine, root, &g, key_of(0, 0, 0), i);
    gather(engine, e, 2);
    for (size_t i = 0; i < 2; i++)
        extend(engine, e[i].child, &g, key_of(0, i, 1), i);
    gather(engine, after, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(e[i].reason, PS_STOP_CONTEXT_FULL);
        assert_int_equal(e[i].n_tokens, 4);
        assert_int_equal(after[i].reason, PS_STOP_CONTEXT_FULL);
        assert_int_equal(after[i].n_tokens, 0);
        ps_engine_release(engine, e[i].child);
        ps_engine_release(engine, after[i].child);
    }
    ps_engine_release(engine, root);
    ps_free(prompt);
    ps_engine_free(engine);
}

/* ---- Evaluation ---------------------------------------------------------- */

typedef struct reading {
    double logp[2];
    float hidden;
    ps_node child;
} reading;

/* The i-th of five evaluations of a text of n tokens: twice the same, then with another mark, with other choices and
 * with fewer tokens. */
static void evaluate(ps_engine *engine, ps_node root, const ps_token *tokens, size_t n, size_t i) {
    static const ps_token choices[2][2] = {{5, 9}, {9, 5}};
    const uint32_t mark = (uint32_t)(i == 2 || i == 4 ? n - 2 : n - 1);
    const ps_evaluate_request request = {.node = root,
                                         .tokens = tokens,
                                         .n_tokens = i == 4 ? n - 1 : n,
                                         .marks = &mark,
                                         .n_marks = 1,
                                         .choices = choices[i == 3],
                                         .n_choices = 2,
                                         .hidden = true,
                                         .tag = i};
    assert_ok(ps_engine_evaluate(engine, &request, err));
}

static void evaluate_all(ps_engine *engine, ps_node root, const ps_token *tokens, size_t n, reading out[5]) {
    size_t prefilled[5];
    for (size_t i = 0; i < 5; i++)
        evaluate(engine, root, tokens, n, i);
    for (size_t done = 0; done < 5;) {
        const ps_event *events = NULL;
        size_t got = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &got, err));
        for (size_t i = 0; i < got; i++) {
            reading *r = &out[events[i].tag];
            memcpy(r->logp, events[i].choice_logp, sizeof r->logp);
            r->hidden = events[i].hidden[0];
            r->child = events[i].child;
            prefilled[events[i].tag] = events[i].prefilled;
        }
        done += got;
    }
    assert_int_equal(prefilled[0] + prefilled[1], stats_of(engine).prompt + n); /* one of the two computed it */
}

static void the_same_evaluation_is_made_once(void **state) {
    (void)state;
    ps_llama_options options = usual();
    options.embeddings = true;
    ps_engine *engine = open_engine(options), *alone = open_engine(options);
    ((ps_llama *)alone)->no_join = true;
    reading r[5], own[5];
    const ps_node root = root_of(engine, questions[0]), other = root_of(alone, questions[0]);
    ps_token *tokens = NULL;
    size_t n;
    assert_ok(ps_engine_tokenize(engine, "8x=-12", 6, false, &tokens, &n, err));
    evaluate_all(engine, root, tokens, n, r);
    assert_true(r[0].child == r[1].child);
    assert_true(r[2].child != r[0].child && r[3].child != r[0].child && r[4].child != r[0].child);
    assert_memory_equal(r[0].logp, r[1].logp, sizeof r[0].logp);
    assert_true(r[0].hidden == r[1].hidden);
    for (size_t i = 0; i < 5; i++) { /* 0 and 1 apart, too */
        evaluate(alone, other, tokens, n, i);
        const ps_event e = next_event(alone);
        memcpy(own[i].logp, e.choice_logp, sizeof own[i].logp);
        for (int k = 0; k < 2; k++)
            assert_true(fabs(own[i].logp[k] - r[i].logp[k]) < 0.02 * fmax(1, -r[i].logp[k]));
        assert_true(fabsf(e.hidden[0] - r[i].hidden) < 0.02F);
        ps_engine_release(alone, e.child);
        ps_engine_release(engine, r[i].child);
    }
    ps_engine_release(engine, root);
    ps_engine_release(alone, other);
    ps_free(tokens);
    ps_engine_free(engine);
    ps_engine_free(alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bits_as_apart),         cmocka_unit_test(one_token_of_the_tree_is_one_computation),
        cmocka_unit_test(a_common_child_is_held_by_each), cmocka_unit_test(other_ways_to_draw_stay_apart),
        cmocka_unit_test(a_full_context_ends_for_all),    cmocka_unit_test(the_same_evaluation_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
