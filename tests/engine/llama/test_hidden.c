/* Hidden states of extensions: which state it is, that it changes no token, and that it comes whatever the cache holds.
 */
#include "engine/llama/lane.h"
#include "engine/llama/support.h"

static ps_llama_options with_states(void) {
    ps_llama_options options = usual();
    options.embeddings = true;
    return options;
}

static size_t width_of(const ps_engine *engine) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    return info.hidden_size;
}

/* Cosine of the angle between two states: one is computed token by token, the other with a whole step. */
static double cosine(const float *a, const float *b, size_t n) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

enum { STEPS = 6, MOST_WIDTH = 1024 };

/* A line of steps: for each its event's tokens and state. */
typedef struct line {
    ps_token tokens[STEPS][64];
    size_t n_tokens[STEPS];
    double logp[STEPS][64];
    float hidden[STEPS][MOST_WIDTH];
    bool there[STEPS];
    int n;
} line;

static line walk(ps_engine *engine, const char *question, bool hidden) {
    line l = {0};
    ps_generation g = lines();
    g.hidden = hidden;
    ps_node node = root_of(engine, question);
    for (int step = 0; step < STEPS; step++) {
        extend(engine, node, &g, key_of(3, 0, step), 1);
        const ps_event e = next_event(engine);
        assert_int_equal(e.status, PS_OK);
        assert_true(e.n_tokens <= 64);
        memcpy(l.tokens[step], e.tokens, e.n_tokens * sizeof *e.tokens);
        memcpy(l.logp[step], e.logp, e.n_tokens * sizeof *e.logp);
        l.n_tokens[step] = e.n_tokens;
        l.there[step] = e.hidden != NULL;
        if (e.hidden != NULL) memcpy(l.hidden[step], e.hidden, width_of(engine) * sizeof *e.hidden);
        ps_engine_release(engine, node);
        node = e.child;
        l.n = step + 1;
        if (e.reason != PS_STOP_STEP && e.reason != PS_STOP_LENGTH) break;
    }
    ps_engine_release(engine, node);
    return l;
}

/* The states of the same places by evaluation: before the last token of each step that has two. */
static int compare_with_evaluation(ps_engine *engine, const char *question, const line *l) {
    ps_token all[STEPS * 64];
    uint32_t marks[STEPS];
    int of[STEPS], n_marks = 0;
    size_t n = 0;
    for (int i = 0; i < l->n; i++) {
        memcpy(all + n, l->tokens[i], l->n_tokens[i] * sizeof *all);
        n += l->n_tokens[i];
        if (n < 2) continue;
        of[n_marks] = i;
        marks[n_marks++] = (uint32_t)n - 2;
    }
    const ps_node root = root_of(engine, question);
    const ps_evaluate_request request = {
        .node = root, .tokens = all, .n_tokens = n, .marks = marks, .n_marks = (size_t)n_marks, .hidden = true};
    assert_ok(ps_engine_evaluate(engine, &request, err));
    const ps_event e = next_event(engine);
    assert_int_equal(e.status, PS_OK);
    const size_t width = width_of(engine);
    for (int m = 0; m < n_marks; m++) {
        assert_true(l->there[of[m]]);
        const double near = cosine(l->hidden[of[m]], e.hidden + (size_t)m * width, width);
        if (near < 0.9999) fail_msg("step %d: cosine %g", of[m], near);
    }
    ps_engine_release(engine, e.child);
    ps_engine_release(engine, root);
    return n_marks;
}

static void it_is_the_state_before_the_last_token(void **state) {
    (void)state;
    ps_engine *engine = open_engine(with_states());
    int compared = 0;
    for (size_t i = 0; i < 5; i++) {
        const line l = walk(engine, questions[i], true);
        compared += compare_with_evaluation(engine, questions[i], &l);
    }
    assert_true(compared >= 8);
    ps_engine_free(engine);
}

/* The draws are the same, and so is what is computed: no token more, and none twice. */
static void it_changes_no_token_and_costs_no_pass(void **state) {
    (void)state;
    ps_engine *with = open_engine(with_states()), *without = open_engine(usual());
    for (size_t i = 0; i < 3; i++) {
        const line a = walk(with, questions[i], true), b = walk(without, questions[i], false);
        assert_int_equal(a.n, b.n);
        for (int s = 0; s < a.n; s++) {
            assert_int_equal(a.n_tokens[s], b.n_tokens[s]);
            assert_memory_equal(a.tokens[s], b.tokens[s], a.n_tokens[s] * sizeof **a.tokens);
            assert_false(b.there[s]);
            for (size_t t = 0; t < a.n_tokens[s]; t++)
                assert_true(fabs(a.logp[s][t] - b.logp[s][t]) < 0.02);
        }
    }
    assert_int_equal(stats_of(with).prefilled, stats_of(without).prefilled);
    assert_int_equal(stats_of(with).generated, stats_of(without).generated);
    ps_engine_free(with);
    ps_engine_free(without);
}

/* Batches that give states have a row a request, for each row is an output; those that are computed ahead have more. */
typedef struct watch {
    size_t with_states, ahead, wide;
} watch;

static void look(void *user, const ps_lane *lane, bool rested) {
    watch *w = user;
    (void)rested;
    w->ahead += lane->ahead;
    w->with_states += !lane->ahead;
    w->wide += !lane->ahead && (size_t)lane->batch.n_tokens > lane->n_active;
}

enum { M = 16 };

/* A step of sixteen particles. */
typedef struct first_step {
    ps_token tokens[64];
    size_t n;
    float hidden[MOST_WIDTH];
} first_step;

static void take_first_steps(ps_engine *engine, int round, first_step out[M]) {
    ps_generation g = lines();
    g.hidden = true;
    g.temperature = 1.5;
    const ps_node root = root_of(engine, questions[0]);
    size_t left = M;
    for (size_t p = 0; p < M; p++)
        extend(engine, root, &g, key_of(9, p, round), p);
    while (left > 0) {
        const ps_event *events = NULL;
        size_t n = 0;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        for (size_t k = 0; k < n; k++, left--) {
            first_step *own = &out[events[k].tag];
            assert_true(events[k].status == PS_OK && events[k].hidden != NULL && events[k].n_tokens <= 64);
            own->n = events[k].n_tokens;
            memcpy(own->tokens, events[k].tokens, own->n * sizeof *own->tokens);
            memcpy(own->hidden, events[k].hidden, width_of(engine) * sizeof *own->hidden);
            ps_engine_release(engine, events[k].child);
        }
    }
    ps_engine_release(engine, root);
}

/* Sixteen particles that share what they have in common, split, and draw from logits that were kept: each state is that
 * of its own prefix, whoever computed it. */
static void every_particle_gets_its_own(void **state) {
    (void)state;
    ps_engine *engine = open_engine(with_states()), *check = open_engine(with_states());
    watch seen = {0};
    const ps_llama_trace trace = {.batch = look, .user = &seen};
    ((ps_llama *)engine)->trace = &trace;
    first_step *steps = calloc(M, sizeof *steps);
    size_t compared = 0;
    for (int round = 0; round < 2; round++) { /* the second time a prompt is there already */
        take_first_steps(engine, round, steps);
        for (size_t p = 0; p < M; p++) {
            if (steps[p].n < 2) continue;
            const ps_node root = root_of(check, questions[0]);
            const uint32_t mark = (uint32_t)steps[p].n - 2;
            const ps_evaluate_request request = {.node = root,
                                                 .tokens = steps[p].tokens,
                                                 .n_tokens = steps[p].n,
                                                 .marks = &mark,
                                                 .n_marks = 1,
                                                 .hidden = true};
            assert_ok(ps_engine_evaluate(check, &request, err));
            const ps_event e = next_event(check);
            assert_true(cosine(steps[p].hidden, e.hidden, width_of(check)) > 0.9999);
            ps_engine_release(check, e.child);
            ps_engine_release(check, root);
            compared++;
        }
    }
    assert_true(compared > M);
    assert_true(seen.with_states > 10 && seen.ahead >= 1 && seen.ahead <= 4);
    assert_int_equal(seen.wide, 0);
    free(steps);
    ps_engine_free(engine);
    ps_engine_free(check);
}

/* One after another in a cache that is far too small: prefixes are dropped and computed again, several tokens at once,
 * and the state is still there. */
static void it_survives_evictions(void **state) {
    (void)state;
    ps_llama_options small = with_states();
    small.cells = 160;
    small.n_ctx = 120;
    ps_engine *engine = open_engine(small), *roomy = open_engine(with_states());
    ps_generation g = lines();
    g.hidden = true;
    particle *a = run_particles(engine, 3, 12, 8, &g), *b = run_particles(roomy, 3, 12, 8, &g);
    assert_true(stats_of(engine).recomputed > 0);
    size_t same = 0;
    for (size_t i = 0; i < 36; i++)
        same += a[i].n_tokens == b[i].n_tokens &&
                memcmp(a[i].tokens, b[i].tokens, a[i].n_tokens * sizeof *a[i].tokens) == 0;
    assert_true(same >= 30); /* other batch shapes may tip a draw */
    free_particles(engine, a, 36);
    free_particles(roomy, b, 36);
    ps_engine_free(engine);
    ps_engine_free(roomy);
}

/* In deterministic mode to the bit, whatever ran before. */
static void deterministic_states_are_equal_to_the_bit(void **state) {
    (void)state;
    ps_llama_options options = with_states();
    options.deterministic = true;
    ps_engine *engine = open_engine(options);
    const line first = walk(engine, questions[1], true);
    walk(engine, questions[0], true);
    const line again = walk(engine, questions[1], true);
    assert_memory_equal(&first, &again, sizeof first);
    ps_engine_free(engine);
}

static void without_embeddings_it_is_refused(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_error error;
    ps_generation g = lines();
    g.hidden = true;
    const ps_node root = root_of(engine, questions[0]);
    const ps_extend_request request = {.node = root, .generation = &g};
    assert_int_equal(ps_engine_extend(engine, &request, &error), PS_ARG);
    assert_non_null(strstr(error.message, "embeddings"));
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_state_before_the_last_token),
        cmocka_unit_test(it_changes_no_token_and_costs_no_pass),
        cmocka_unit_test(every_particle_gets_its_own),
        cmocka_unit_test(it_survives_evictions),
        cmocka_unit_test(deterministic_states_are_equal_to_the_bit),
        cmocka_unit_test(without_embeddings_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
