/* The KV cache is a cache: sharing, eviction, limits and company change what is computed, not what comes out. */
#include "engine/llama/support.h"

#include "engine/llama/lane.h"

#include <math.h>
#include <time.h>

static void a_prompt_is_prefilled_once(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    particle *all = run_particles(engine, 2, 8, MOST_STEPS, &g);
    ps_engine_stats s = stats_of(engine);
    assert_int_equal(s.prefilled, s.prompt); /* 16 particles, all their steps, and not one token more */
    assert_int_equal(s.recomputed, 0);
    assert_int_equal(s.evictions, 0);
    uint64_t drawn = 0;
    for (size_t i = 0; i < 16; i++)
        drawn += all[i].n_tokens;
    assert_int_equal(s.generated, drawn);
    free_particles(engine, all, 16);
    ps_engine_free(engine);
}

static void going_back_recomputes_nothing(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    ps_generation g = lines();
    ps_node node = root_of(engine, questions[0]), path[3];
    for (int i = 0; i < 3; i++) {
        extend(engine, i ? path[i - 1] : node, &g, key_of(0, 0, i), 0);
        path[i] = next_event(engine).child;
    }
    /* A second and a third child of every node on the path, asked for one by one. */
    for (int k = 1; k < 3; k++)
        for (int i = 0; i < 3; i++) {
            extend(engine, i ? path[i - 1] : node, &g, key_of(0, (size_t)k, i), 0);
            ps_engine_release(engine, next_event(engine).child);
        }
    assert_int_equal(stats_of(engine).recomputed, 0);
    assert_int_equal(stats_of(engine).prefilled, stats_of(engine).prompt);
    for (int i = 0; i < 3; i++)
        ps_engine_release(engine, path[i]);
    ps_engine_release(engine, node);
    ps_engine_free(engine);
}

/* ---- What must not change the answer ------------------------------------- */

/* The same particles from two engines. Up to the first token that differs, if any, logp agrees within 0.02 (times
 * max(1, |logp|)); logits that move by rounding may flip a token now and then, at most 5% of the particles here. That
 * every token is still the one its uniform draws is checked with the whole distribution. */
static void compare_with(ps_engine *other, size_t problems, size_t m) {
    ps_engine *reference = open_engine(usual());
    ps_engine_info info;
    ps_engine_get_info(reference, &info);
    const ps_generation g = lines();
    particle *a = run_particles(reference, problems, m, MOST_STEPS, &g);
    particle *b = run_particles(other, problems, m, MOST_STEPS, &g);
    size_t flips = 0;
    for (size_t k = 0; k < problems * m; k++) {
        size_t same = 0;
        while (same < a[k].n_tokens && same < b[k].n_tokens && a[k].tokens[same] == b[k].tokens[same]) {
            assert_true(fabs(a[k].logp[same] - b[k].logp[same]) < 0.02 * fmax(1, -a[k].logp[same]));
            assert_true(a[k].uniform[same] == b[k].uniform[same]);
            same++;
        }
        flips += same < a[k].n_tokens || same < b[k].n_tokens;
        size_t n_prompt;
        ps_token *prompt = prompt_of(reference, questions[k / m], &n_prompt);
        double *full = distributions(reference, prompt, n_prompt, b[k].tokens, b[k].n_tokens);
        for (size_t i = 0; i < b[k].n_tokens; i++) {
            const double *row = full + i * info.vocabulary;
            double below = 0;
            for (ps_token t = 0; t < b[k].tokens[i]; t++)
                below += exp(row[t]);
            assert_true(b[k].uniform[i] > below - 0.01);
            assert_true(b[k].uniform[i] < below + exp(row[b[k].tokens[i]]) + 0.01);
        }
        free(full);
        ps_free(prompt);
    }
    print_message("%zu of %zu particles flipped a token; %llu evictions, %llu tokens recomputed\n", flips, problems * m,
                  (unsigned long long)stats_of(other).evictions, (unsigned long long)stats_of(other).recomputed);
    assert_true(flips * 20 <= problems * m + 19);
    free_particles(reference, a, problems * m);
    free_particles(other, b, problems * m);
    ps_engine_free(reference);
}

/* An answer alone may take most of so few cells. Each request by itself, and together, which needs far fewer. */
static void eviction_all_the_time(void **state) {
    (void)state;
    ps_llama_options tiny = usual();
    tiny.cells = 200;
    ps_engine *engine = open_engine(tiny);
    ((ps_llama *)engine)->no_join = true;
    compare_with(engine, 4, 8);
    assert_true(stats_of(engine).recomputed > 100 && stats_of(engine).evictions > 20);
    ps_engine_free(engine);
    tiny.cells = 110;
    engine = open_engine(tiny);
    compare_with(engine, 6, 32);
    assert_true(stats_of(engine).recomputed > 100 && stats_of(engine).evictions > 20);
    ps_engine_free(engine);
}

/* Cells for two problems of six: the older go on undisturbed, and less than half as much is computed twice as is drawn.
 * In turns, each would find the others' prefixes dropped: more was computed twice than drawn. */
static void older_problems_go_first(void **state) {
    (void)state;
    ps_llama_options few = usual();
    few.cells = 400;
    ps_engine *engine = open_engine(few);
    ((ps_llama *)engine)->no_join = true;
    compare_with(engine, 6, 8);
    const ps_engine_stats s = stats_of(engine);
    print_message("%llu generated\n", (unsigned long long)s.generated);
    assert_true(s.recomputed * 2 < s.generated);
    ps_engine_free(engine);
}

static void lanes_and_flash_attention(void **state) {
    (void)state;
    ps_llama_options other = usual();
    other.contexts = 3;
    other.flash_attn = 1;
    ps_engine *engine = open_engine(other);
    compare_with(engine, 5, 4);
    ps_engine_free(engine);
}

/* An engine whose pool of three threads draws every token; small vocabularies are left to one thread otherwise.
 * libllama has one thread: three that wait for each other by spinning take minutes on two cores. */
static ps_engine *open_with_threads(bool used) {
    ps_engine *engine = open_engine(usual());
    ps_lane *lane = &((ps_llama *)engine)->lanes[0];
    ps_threads_free(lane->threads);
    ps_free(lane->samplers);
    lane->samplers = ps_calloc(3, sizeof *lane->samplers);
    assert_non_null(lane->samplers);
    assert_ok(ps_threads_create(3, &lane->threads, err));
    lane->threads_from = used ? 0 : SIZE_MAX;
    return engine;
}

static void several_threads_draw_the_tokens(void **state) {
    (void)state;
    ps_engine *engine = open_with_threads(true);
    compare_with(engine, 4, 8);
    ps_engine_free(engine);
}

/* First tokens come from the logits that the root keeps, so nothing may differ. */
static void several_threads_draw_the_same_first_tokens(void **state) {
    (void)state;
    enum { CHILDREN = 200 };
    ps_engine *engines[2] = {open_with_threads(false), open_with_threads(true)};
    ps_token drawn[2][CHILDREN];
    double numbers[2][CHILDREN];
    ps_generation g = lines();
    g.boundary = PS_BOUNDARY_FIXED;
    g.fixed_tokens = 1;
    g.temperature = 2;
    for (int k = 0; k < 2; k++) {
        const ps_node root = root_of(engines[k], questions[0]);
        extend(engines[k], root, &g, key_of(0, 0, 0), 0); /* computes the logits */
        ps_engine_release(engines[k], next_event(engines[k]).child);
        for (size_t i = 0; i < CHILDREN; i++)
            extend(engines[k], root, &g, key_of(0, i, 0), i);
        for (size_t done = 0; done < CHILDREN;) {
            const ps_event *events = NULL;
            size_t n = 0;
            assert_ok(ps_engine_poll(engines[k], INFINITY, &events, &n, err));
            for (size_t i = 0; i < n; i++) {
                drawn[k][events[i].tag] = events[i].tokens[0];
                numbers[k][events[i].tag] = events[i].logq[0];
                ps_engine_release(engines[k], events[i].child);
            }
            done += n;
        }
        ps_engine_release(engines[k], root);
        ps_engine_free(engines[k]);
    }
    assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    assert_memory_equal(numbers[0], numbers[1], sizeof numbers[0]);
}

static void deterministic_mode_is_blind_to_company(void **state) {
    (void)state;
    ps_llama_options options = usual();
    options.deterministic = true;
    ps_engine *alone = open_engine(options), *crowd = open_engine(options);
    ps_generation g = lines();
    particle *a = run_particles(alone, 1, 2, 6, &g), *b = run_particles(crowd, 4, 5, 6, &g);
    for (size_t p = 0; p < 2; p++) {
        assert_int_equal(a[p].n_tokens, b[p].n_tokens);
        assert_memory_equal(a[p].tokens, b[p].tokens, a[p].n_tokens * sizeof(ps_token));
        assert_memory_equal(a[p].logp, b[p].logp, a[p].n_tokens * sizeof(double)); /* every bit */
    }
    free_particles(alone, a, 2);
    free_particles(crowd, b, 20);
    ps_engine_free(alone);
    ps_engine_free(crowd);
}

/* ---- Limits -------------------------------------------------------------- */

static void more_lineages_than_sequences(void **state) {
    (void)state;
    enum { LINES = 320 };
    ps_engine *engine = open_engine(usual());
    ps_generation g = lines();
    g.boundary = PS_BOUNDARY_FIXED;
    g.fixed_tokens = 8;
    g.temperature = 4; /* hardly two are the same */
    const ps_node root = root_of(engine, questions[0]);
    ps_node first[LINES] = {0};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < LINES; i++)
            extend(engine, round ? first[i] : root, &g, key_of(0, i, round), i);
        for (size_t done = 0; done < LINES;) {
            const ps_event *events = NULL;
            size_t n = 0;
            assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
            for (size_t k = 0; k < n; k++) {
                assert_true(events[k].reason == PS_STOP_STEP || events[k].reason == PS_STOP_EOS);
                if (round == 0)
                    first[events[k].tag] = events[k].child;
                else
                    ps_engine_release(engine, events[k].child);
            }
            done += n;
        }
    }
    assert_true(stats_of(engine).evictions > 0);
    for (size_t i = 0; i < LINES; i++)
        ps_engine_release(engine, first[i]);
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

static void a_full_context_is_an_event(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    size_t n_prompt;
    ps_token *prompt = prompt_of(engine, questions[0], &n_prompt);
    ps_engine_free(engine);
    ps_llama_options small = usual();
    small.n_ctx = (int)n_prompt + 5;
    engine = open_engine(small);
    ps_generation g = lines();
    g.min_tokens = 100;
    ps_node root = 0, none = 0;
    ps_error error;
    assert_ok(ps_engine_root(engine, prompt, n_prompt, &root, err));
    extend(engine, root, &g, key_of(0, 0, 0), 1);
    ps_event e = next_event(engine);
    assert_int_equal(e.reason, PS_STOP_CONTEXT_FULL);
    assert_int_equal(e.n_tokens, 5);
    const ps_node full = e.child;
    extend(engine, full, &g, key_of(0, 0, 1), 2);
    e = next_event(engine);
    assert_int_equal(e.reason, PS_STOP_CONTEXT_FULL);
    assert_int_equal(e.n_tokens, 0);
    assert_string_equal(e.text, "");
    ps_engine_release(engine, e.child);
    ps_engine_release(engine, full);
    ps_engine_release(engine, root);
    ps_token longer[600];
    for (size_t i = 0; i < 600; i++)
        longer[i] = prompt[i % n_prompt];
    assert_int_equal(ps_engine_root(engine, longer, 600, &none, &error), PS_BUDGET);
    assert_non_null(strstr(error.message, "600"));
    ps_free(prompt);
    ps_engine_free(engine);
}

/* Who comes next clears away what was released, unless the lane's thread is still at it: wait for that. */
static size_t cells_in_use(ps_engine *engine) {
    ps_llama *llama = (ps_llama *)engine;
    ps_engine_release(engine, root_of(engine, questions[0]));
    size_t used = 0;
    for (int i = 0; i < 500; i++) {
        const struct timespec moment = {.tv_nsec = 10000000};
        pthread_mutex_lock(&llama->mutex);
        used = llama->lanes[0].used;
        pthread_mutex_unlock(&llama->mutex);
        if (used == 0) return 0;
        nanosleep(&moment, NULL);
    }
    return used;
}

/* ---- Too little room ----------------------------------------------------- */

static void a_cache_too_small_for_a_prompt_says_so(void **state) {
    (void)state;
    ps_llama_options tiny = usual();
    tiny.cells = 16;
    ps_engine *engine = open_engine(tiny);
    size_t n;
    ps_token *prompt = prompt_of(engine, questions[0], &n);
    ps_node root = 0;
    ps_error error;
    assert_int_equal(ps_engine_root(engine, prompt, n, &root, &error), PS_BUDGET);
    assert_non_null(strstr(error.message, "KV cache 16"));
    assert_non_null(strstr(error.message, "n_ctx"));
    ps_free(prompt);
    ps_engine_free(engine);
}

/* Room for two lines at a time and 6 × 8 of them under way at once: they wait for each other, and all come to an end.
 */
static void a_crowd_waits_its_turn(void **state) {
    (void)state;
    ps_llama_options tiny = usual();
    tiny.cells = 128;
    ps_engine *engine = open_engine(tiny);
    const ps_generation g = lines();
    particle *all = run_particles(engine, 6, 8, 4, &g); /* fails on any error */
    for (size_t i = 0; i < 48; i++)
        assert_true(all[i].n_tokens > 0);
    assert_int_equal(ps_engine_in_flight(engine, 8), 1);
    free_particles(engine, all, 48);
    assert_int_equal(cells_in_use(engine), 0);
    ps_engine_free(engine);
}

/* ---- Nothing is left ----------------------------------------------------- */

static void released_problems_leave_the_cache(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    particle *all = run_particles(engine, 3, 6, 3, &g);
    assert_true(((ps_llama *)engine)->lanes[0].used > 0);
    free_particles(engine, all, 18);
    assert_int_equal(cells_in_use(engine), 0);
    const ps_llama *llama = (const ps_llama *)engine;
    assert_int_equal(llama->n_free, llama->n_slots);
    for (int s = 0; s < llama->lanes[0].n_sequences; s++)
        assert_null(llama->lanes[0].sequences[s].tip);
    ps_engine_free(engine);
}

static void an_engine_can_go_with_work_under_way(void **state) {
    (void)state;
    ps_engine *engine = open_engine(usual());
    const ps_generation g = lines();
    const ps_node root = root_of(engine, questions[2]);
    for (size_t i = 0; i < 20; i++)
        extend(engine, root, &g, key_of(0, i, 0), i);
    ps_engine_release(engine, root); /* the requests keep it */
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_true(n > 0 && events[0].reason != PS_STOP_ERROR);
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prompt_is_prefilled_once),
        cmocka_unit_test(going_back_recomputes_nothing),
        cmocka_unit_test(eviction_all_the_time),
        cmocka_unit_test(older_problems_go_first),
        cmocka_unit_test(lanes_and_flash_attention),
        cmocka_unit_test(several_threads_draw_the_tokens),
        cmocka_unit_test(several_threads_draw_the_same_first_tokens),
        cmocka_unit_test(deterministic_mode_is_blind_to_company),
        cmocka_unit_test(more_lineages_than_sequences),
        cmocka_unit_test(a_full_context_is_an_event),
        cmocka_unit_test(released_problems_leave_the_cache),
        cmocka_unit_test(a_cache_too_small_for_a_prompt_says_so),
        cmocka_unit_test(a_crowd_waits_its_turn),
        cmocka_unit_test(an_engine_can_go_with_work_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
