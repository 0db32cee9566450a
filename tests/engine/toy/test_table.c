/* The toy engine's tables: exact numbers, steps as a real engine makes them, frequencies as enumerated. */
#include "engine/toy/support.h"

/* Two letters and an end: enough to count by hand. */
static const char coin[] = "{\"tokens\": [\"h\", \"t\", \"\\n\"], \"max_tokens\": 6, \"rules\": ["
                           "{\"after\": [], \"next\": {\"h\": 0.5, \"t\": 0.3, \"\\n\": 0.15, \"<end>\": 0.05}}]}";

static void enumeration_sums_to_one(void **state) {
    (void)state;
    const double temperatures[] = {0, 0.3, 0.7, 1, 2}, top_ps[] = {1, 0.9, 0.5};
    const int top_ks[] = {0, 2};
    const char *tables[] = {NULL, coin};
    for (size_t i = 0; i < 60; i++) {
        ps_generation g = newline_generation();
        g.temperature = temperatures[i % 5];
        g.top_p = top_ps[i / 5 % 3];
        g.top_k = top_ks[i / 15 % 2];
        ps_engine *engine = engine_of(tables[i / 30], 0);
        ps_toy_answers answers = {0};
        assert_ok(ps_toy_enumerate(engine, &g, 0, 0, &answers, err));
        double q = 0, p = 0;
        for (size_t k = 0; k < answers.n; k++) {
            q += exp(answers.items[k].logq);
            p += exp(answers.items[k].logp);
        }
        check_near(q, 1, 1e-12);
        if (g.temperature == 1 && g.top_p == 1 && g.top_k == 0) check_near(p, 1, 1e-12);
        if (g.temperature == 0) assert_int_equal(answers.n, 1);
        ps_toy_answers_clear(&answers);
        ps_engine_free(engine);
    }
}

/* The enumeration cut after steps or tokens still is a distribution, and says where the steps end. */
static void enumeration_can_be_cut(void **state) {
    (void)state;
    ps_generation g = newline_generation();
    ps_engine *engine = engine_of(NULL, 0);
    for (size_t steps = 1; steps <= 4; steps++) {
        ps_toy_answers answers = {0};
        double sum = 0;
        assert_ok(ps_toy_enumerate(engine, &g, 0, steps, &answers, err));
        for (size_t k = 0; k < answers.n; k++) {
            const ps_toy_answer *a = &answers.items[k];
            sum += exp(a->logq);
            assert_true(a->n_steps <= steps);
            assert_int_equal(a->step_end[a->n_steps - 1], a->n_tokens);
            assert_int_equal(a->reason, a->tokens[a->n_tokens - 1] == 8 ? PS_STOP_EOS : PS_STOP_LENGTH);
        }
        check_near(sum, 1, 1e-12);
        ps_toy_answers_clear(&answers);
    }
    ps_engine_free(engine);
}

static int by_text(const void *a, const void *b) {
    const ps_toy_answer *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x->reason > y->reason) - (x->reason < y->reason);
}

/* Upper tail of chi-square by Wilson and Hilferty's cube root: the z that 2.6 (one in 200) must not pass. */
static double chi_square_z(double x, double freedom) {
    return (cbrt(x / freedom) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom));
}

/* Draw whole answers, count them by text, compare with the enumeration; and each answer's Σlogp, Σlogq with its own. */
static void frequencies_match(const char *table, ps_generation g, uint64_t seed) {
    enum { DRAWS = 20000 };
    ps_engine *engine = engine_of(table, 0);
    ps_toy_answers answers = {0};
    assert_ok(ps_toy_enumerate(engine, &g, 0, 0, &answers, err));
    qsort(answers.items, answers.n, sizeof *answers.items, by_text);
    size_t *count = calloc(answers.n, sizeof *count);
    ps_node root = root_of(engine, "h");
    for (uint64_t i = 0; i < DRAWS; i++) {
        const whole w = answer_of(engine, root, &g, (ps_rng_key){seed, 0, i * 100, PS_RNG_TOKEN});
        const ps_toy_answer key = {.text = (char *)w.text, .reason = w.reason};
        const ps_toy_answer *found = bsearch(&key, answers.items, answers.n, sizeof key, by_text);
        assert_non_null(found);
        check_near(w.logp, found->logp, 1e-12);
        check_near(w.logq, found->logq, 1e-12);
        assert_int_equal(w.n_tokens, found->n_tokens);
        assert_int_equal(w.n_steps, found->n_steps);
        count[found - answers.items]++;
    }
    /* Cells of fewer than 8 expected go together. */
    double x = 0, rest = 0, rest_expected = 0, cells = 0;
    for (size_t k = 0; k < answers.n; k++) {
        const double expected = DRAWS * exp(answers.items[k].logq);
        if (expected < 8) {
            rest += (double)count[k];
            rest_expected += expected;
            continue;
        }
        x += ((double)count[k] - expected) * ((double)count[k] - expected) / expected;
        cells++;
    }
    if (rest_expected >= 8) {
        x += (rest - rest_expected) * (rest - rest_expected) / rest_expected;
        cells++;
    }
    assert_true(cells > 3);
    if (chi_square_z(x, cells - 1) > 2.6) fail_msg("chi-square %g over %g cells", x, cells);
    free(count);
    ps_toy_answers_clear(&answers);
    ps_engine_release(engine, root);
    assert_int_equal(ps_toy_living_nodes(engine), 0);
    ps_engine_free(engine);
}

/* Six chi-square tests at one in 200 each: with other seeds this fails once in 33. */
static void frequencies_match_the_enumeration(void **state) {
    (void)state;
    ps_generation g = newline_generation();
    frequencies_match(NULL, g, 1);
    frequencies_match(coin, g, 2);
    g.temperature = 0.7;
    g.top_p = 0.95;
    frequencies_match(NULL, g, 3);
    g.top_k = 3;
    g.temperature = 1.5;
    frequencies_match(coin, g, 4);
    g = newline_generation();
    g.max_tokens = 2; /* steps cut in the middle: the boundary is found across their border */
    g.min_tokens = 2;
    frequencies_match(coin, g, 5);
    const char *stops[] = {"th"};
    g = newline_generation();
    g.stops = stops;
    g.n_stops = 1;
    frequencies_match(coin, g, 6);
}

static const ps_event *draw_many(ps_engine *engine, ps_node root, const ps_generation *g, size_t which) {
    const ps_event *event = step_of(engine, root, g, (ps_rng_key){9, 0, which, PS_RNG_TOKEN});
    return event;
}

/* Distributions of a step's first token with h .5, t .3, newline .15, end .05, by hand. */
static void truncation_is_exact(void **state) {
    (void)state;
    static const struct {
        double temperature, top_p;
        int top_k;
        double q[4];
    } cases[] = {
        {1, 1, 0, {0.5, 0.3, 0.15, 0.05}},
        {1, 0.79, 0, {0.5 / 0.8, 0.3 / 0.8, 0, 0}},
        {1, 0.81, 0, {0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0}},
        {1, 1e-9, 0, {1, 0, 0, 0}},
        {1, 1, 2, {0.625, 0.375, 0, 0}},
        {1, 0.6, 2, {1, 0, 0, 0}}, /* top_p of what top_k left: .625 is enough */
        {0.5, 1, 0, {0.25 / 0.365, 0.09 / 0.365, 0.0225 / 0.365, 0.0025 / 0.365}},
        {0.01, 1, 0, {1, 0, 0, 0}}, /* (3/5)^100 is below the rounding */
        {0, 1, 0, {1, 0, 0, 0}},
    };
    const double p[4] = {0.5, 0.3, 0.15, 0.05};
    const double entropy = -(p[0] * log(p[0]) + p[1] * log(p[1]) + p[2] * log(p[2]) + p[3] * log(p[3]));
    ps_engine *engine = engine_of(coin, 0);
    ps_node root = root_of(engine, "h");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        ps_generation g = newline_generation();
        g.temperature = cases[c].temperature;
        g.top_p = cases[c].top_p;
        g.top_k = cases[c].top_k;
        bool seen[4] = {false};
        for (size_t i = 0; i < 500; i++) {
            const ps_event *event = draw_many(engine, root, &g, i);
            const ps_token token = event->tokens[0];
            seen[token] = true;
            assert_true(cases[c].q[token] > 0);
            check_near(event->logq[0], log(cases[c].q[token]), 1e-12);
            check_near(event->logp[0], log(p[token]), 1e-12);
            check_near(event->entropy[0], entropy, 1e-12);
            ps_engine_release(engine, event->child);
        }
        for (size_t k = 0; k < 4; k++)
            if (cases[c].q[k] > 0.02) assert_true(seen[k]);
    }
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* Tokens lie on the unit interval in order of id, so a recorded uniform says which token must come. */
static void uniforms_alone_decide(void **state) {
    (void)state;
    ps_engine *engine = engine_of(coin, 0);
    ps_node root = root_of(engine, "h");
    const ps_generation g = newline_generation();
    for (uint64_t id = 0; id < 200; id++) {
        const ps_rng_key key = {42, 3, id, PS_RNG_TOKEN};
        const ps_event *event = step_of(engine, root, &g, key);
        for (size_t i = 0; i < event->n_tokens; i++) {
            const double u = ps_uniform(key, i);
            const ps_token expected = i == 5 ? 3 : u < 0.5 ? 0 : u < 0.8 ? 1 : u < 0.95 ? 2 : 3;
            assert_int_equal(event->tokens[i], expected);
        }
        ps_engine_release(engine, event->child);
    }
    ps_engine_release(engine, root);
    ps_engine_free(engine);
}

/* The same requests in three orders, all at once or one by one: the same children. Siblings differ. */
static void order_changes_nothing(void **state) {
    (void)state;
    enum { N = 50 };
    char texts[3][N][64];
    for (size_t order = 0; order < 3; order++) {
        ps_engine *engine = engine_of(NULL, 0);
        const ps_generation g = newline_generation();
        ps_node root = root_of(engine, "What?");
        for (size_t i = 0; i < N; i++) {
            const size_t id = order == 1 ? N - 1 - i : i;
            ps_extend_request r = {.node = root, .key = {5, 0, id, PS_RNG_TOKEN}, .generation = &g, .tag = id};
            assert_ok(ps_engine_extend(engine, &r, err));
            const ps_event *events;
            size_t n = 0;
            if (order == 2 || i + 1 == N) assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
            for (size_t k = 0; k < n; k++) {
                snprintf(texts[order][events[k].tag], sizeof texts[0][0], "%s", events[k].text);
                ps_engine_release(engine, events[k].child);
            }
        }
        ps_engine_release(engine, root);
        assert_int_equal(ps_toy_living_nodes(engine), 0);
        ps_engine_free(engine);
    }
    size_t a = 0;
    for (size_t i = 0; i < N; i++) {
        assert_string_equal(texts[0][i], texts[1][i]);
        assert_string_equal(texts[0][i], texts[2][i]);
        a += texts[0][i][0] == 's';
    }
    assert_true(a > 15 && a < 45); /* of 50 at .6: both kinds of sibling are there */
}

static void steps_end_where_boundaries_say(void **state) {
    (void)state;
    static const char table[] =
        "{\"tokens\": [\"xx.\", \" yy\", \"z\\n\", \"\\n\"], \"rules\": ["
        "{\"after\": [], \"next\": {\"xx.\": 1}}, {\"after\": [\"xx.\"], \"next\": {\" yy\": 1}},"
        "{\"after\": [\" yy\"], \"next\": {\"z\\n\": 1}},"
        "{\"after\": [\"z\\n\"], \"next\": {\"\\n\": 1}},"
        "{\"after\": [\"\\n\"], \"next\": {\"<end>\": 1}}]}";
    const char *literals[] = {"yyz"}, *stops[] = {". yyz"};
    const struct {
        ps_boundary boundary;
        int min, max;
        int n_stops;
        const char *text;
        size_t n_tokens;
        ps_stop_reason reason;
    } cases[] = {
        {PS_BOUNDARY_NEWLINE, 1, 99, 0, "xx. yyz\n", 3, PS_STOP_STEP},
        {PS_BOUNDARY_PARAGRAPH, 1, 99, 0, "xx. yyz\n\n", 4, PS_STOP_STEP},
        {PS_BOUNDARY_SENTENCE, 1, 99, 0, "xx. yy", 2, PS_STOP_STEP},
        {PS_BOUNDARY_SENTENCE, 3, 99, 0, "xx. yyz\n", 3, PS_STOP_STEP},
        {PS_BOUNDARY_FIXED, 1, 99, 0, "xx. yyz\n", 3, PS_STOP_STEP},
        {PS_BOUNDARY_LITERALS, 1, 99, 0, "xx. yyz\n", 3, PS_STOP_STEP},
        {PS_BOUNDARY_NEWLINE, 1, 2, 0, "xx. yy", 2, PS_STOP_LENGTH},
        {PS_BOUNDARY_NEWLINE, 1, 99, 1, "xx", 3, PS_STOP_STRING},
        {PS_BOUNDARY_NEWLINE, 5, 99, 0, "xx. yyz\n\n", 5, PS_STOP_EOS},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        ps_generation g = newline_generation();
        g.boundary = cases[c].boundary;
        g.fixed_tokens = 3;
        g.literals = literals;
        g.n_literals = 1;
        g.stops = stops;
        g.n_stops = (size_t)cases[c].n_stops;
        g.min_tokens = cases[c].min;
        g.max_tokens = cases[c].max;
        ps_engine *engine = engine_of(table, 0);
        ps_node root = root_of(engine, "xx.");
        const ps_event *event = step_of(engine, root, &g, (ps_rng_key){0});
        assert_string_equal(event->text, cases[c].text);
        assert_int_equal(event->text_length, strlen(cases[c].text));
        assert_int_equal(event->n_tokens, cases[c].n_tokens);
        assert_int_equal(event->reason, cases[c].reason);
        ps_engine_release(engine, event->child);
        ps_engine_release(engine, root);
        ps_engine_free(engine);
    }
}

static void the_context_fills(void **state) {
    (void)state;
    ps_engine *engine = engine_of(coin, 5);
    ps_generation g = newline_generation();
    g.temperature = 0; /* h for ever */
    ps_error error;
    ps_node node = root_of(engine, "hh");
    const ps_event *event = step_of(engine, node, &g, (ps_rng_key){0});
    assert_int_equal(event->reason, PS_STOP_CONTEXT_FULL);
    assert_string_equal(event->text, "hhh");
    ps_node full = event->child;
    event = step_of(engine, full, &g, (ps_rng_key){0});
    assert_int_equal(event->reason, PS_STOP_CONTEXT_FULL);
    assert_int_equal(event->n_tokens, 0);
    assert_string_equal(event->text, "");
    const ps_token five[5] = {0};
    assert_int_equal(ps_engine_root(engine, five, 5, &node, &error), PS_BUDGET);
    assert_non_null(strstr(error.message, "5 tokens"));
    ps_engine_free(engine); /* with living nodes */
}

static void an_evaluation_reads_the_exact_probabilities(void **state) {
    (void)state;
    ps_engine *engine = engine_of(NULL, 0);
    ps_node root = root_of(engine, "Q: ");
    const ps_token tokens[] = {0, 2, 1, 2}, choices[] = {0, 1, 3, 4};
    const uint32_t marks[] = {1, 3};
    const ps_event *events;
    size_t n;
    assert_ok(ps_engine_evaluate(engine,
                                 &(ps_evaluate_request){.node = root,
                                                        .tokens = tokens,
                                                        .n_tokens = 4,
                                                        .marks = marks,
                                                        .n_marks = 2,
                                                        .choices = choices,
                                                        .n_choices = 4,
                                                        .hidden = true,
                                                        .tag = 11},
                                 err));
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(events->tag, 11);
    assert_int_equal(events->reason, PS_STOP_STEP);
    assert_int_equal(events->prefilled, 4 + 3); /* the prompt too, the first time */
    const double expected[] = {0.5, 0.2, 0.3, 0, 0.15, 0.6, 0.25, 0};
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    for (size_t i = 0; i < 8; i++) {
        check_near(exp(events->choice_logp[i]), expected[i], 1e-12);
        check_near(events->hidden[i / 4 * info.hidden_size + (size_t)choices[i % 4]], expected[i], 1e-7);
    }
    /* The child is the prefix "so\nor\n". */
    ps_node child = events->child;
    ps_generation g = newline_generation();
    g.temperature = 0;
    assert_string_equal(step_of(engine, child, &g, (ps_rng_key){0})->text, "or\n");
    ps_engine_free(engine);
}

static void contexts_match_by_length(void **state) {
    (void)state;
    static const char table[] =
        "{\"tokens\": [\"a\", \"b\"], \"max_tokens\": 9, \"rules\": ["
        "{\"after\": [], \"next\": {\"a\": 1}}, {\"after\": [\"a\"], \"next\": {\"b\": 1}},"
        "{\"after\": [\"a\", \"b\"], \"start\": true, \"next\": {\"b\": 1}},"
        "{\"after\": [\"b\", \"b\"], \"next\": {\"a\": 1}}, {\"after\": [\"b\", \"a\"], \"next\": {\"a\": 1}}]}";
    ps_engine *engine = engine_of(table, 0);
    const ps_generation g = newline_generation();
    ps_node root = root_of(engine, "abababab"); /* the prompt plays no part */
    const ps_event *event = step_of(engine, root, &g, (ps_rng_key){0});
    assert_string_equal(event->text, "abbaabaa"); /* then the ninth token ends it */
    assert_int_equal(event->reason, PS_STOP_EOS);
    ps_engine_free(engine);
}

static void wrong_arguments_are_refused(void **state) {
    (void)state;
    ps_error error;
    ps_engine *engine = engine_of(NULL, 0);
    ps_generation g = newline_generation();
    ps_node root = root_of(engine, "x"), gone = root_of(engine, "y");
    ps_engine_release(engine, gone);
    ps_extend_request r = {.node = gone, .generation = &g};
    assert_int_equal(ps_engine_extend(engine, &r, &error), PS_ARG);
    r.node = 12345;
    assert_int_equal(ps_engine_extend(engine, &r, &error), PS_ARG);
    const ps_token outside[] = {100000}, negative[] = {-1};
    assert_int_equal(ps_engine_root(engine, outside, 1, &gone, &error), PS_ARG);
    assert_int_equal(ps_engine_root(engine, negative, 1, &gone, &error), PS_ARG);
    ps_evaluate_request e = {.node = root, .tokens = outside, .n_tokens = 1};
    assert_int_equal(ps_engine_evaluate(engine, &e, &error), PS_ARG);
    /* An answer that ended cannot go on. */
    whole w = {0};
    ps_node at = root;
    for (uint64_t i = 0; w.reason != PS_STOP_EOS; i++) {
        const ps_event *event = step_of(engine, at, &g, (ps_rng_key){1, 0, i, PS_RNG_TOKEN});
        w.reason = event->reason;
        at = event->child;
    }
    r.node = at;
    assert_int_equal(ps_engine_extend(engine, &r, &error), PS_ARG);
    ps_engine_free(engine);
}

/* A released parent lives while its child does; requests under way hold their node and die with the engine. */
static void a_parent_lives_while_a_child_does(void **state) {
    (void)state;
    ps_engine *engine = engine_of(NULL, 0);
    const ps_generation g = newline_generation();
    ps_node root = root_of(engine, "x");
    const ps_event *event = step_of(engine, root, &g, (ps_rng_key){0});
    ps_node child = event->child;
    ps_engine_release(engine, root);
    assert_int_equal(ps_toy_living_nodes(engine), 2);
    assert_ok(ps_engine_extend(engine, &(ps_extend_request){.node = child, .generation = &g}, err));
    ps_engine_release(engine, child);
    assert_int_equal(ps_toy_living_nodes(engine), 2);
    const ps_event *events;
    size_t n;
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(ps_toy_living_nodes(engine), 3);
    ps_engine_release(engine, events->child);
    assert_int_equal(ps_toy_living_nodes(engine), 0);
    assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 0); /* nothing under way: waiting does not hang */
    root = root_of(engine, "x");
    assert_ok(ps_engine_extend(engine, &(ps_extend_request){.node = root, .generation = &g}, err));
    ps_engine_free(engine);
}

static void its_text_is_its_identity(void **state) {
    (void)state;
    static const char *const tables[] = {
        "{\"tokens\": [\"h\"], \"rules\": [{\"after\": [], \"next\": {\"h\": 0.5, \"<end>\": 0.5}}]}",
        "{\"tokens\": [\"h\"], \"rules\": [{\"after\": [], \"next\": {\"h\": 0.4, \"<end>\": 0.6}}]}"};
    ps_engine_info info;
    char first[64];
    ps_engine *engine = engine_of(tables[0], 0);
    ps_engine_get_info(engine, &info);
    snprintf(first, sizeof first, "%s", info.identity);
    ps_engine_free(engine);
    engine = engine_of(tables[1], 0);
    ps_engine_get_info(engine, &info);
    assert_string_not_equal(info.identity, first);
    ps_engine_free(engine);
}

static void the_longest_token_is_taken(void **state) {
    (void)state;
    ps_error error;
    char *text = NULL;
    ps_token *tokens;
    size_t n;
    ps_engine *engine = engine_of(NULL, 0);
    const ps_chat_message chat[] = {{"system", "Be brief. "}, {"user", "a\\boxed{1}"}};
    assert_ok(ps_engine_render_chat(engine, chat, 2, &text, err));
    assert_string_equal(text, "Be brief. a\\boxed{1}");
    assert_ok(ps_engine_tokenize(engine, text + 10, strlen(text) - 10, true, &tokens, &n, err));
    assert_int_equal(n, 4); /* longest match: \boxed{ is one */
    assert_int_equal(tokens[1], 3);
    ps_free(tokens);
    ps_free(text);
    assert_ok(ps_engine_tokenize(engine, "1<end>", 6, true, &tokens, &n, err));
    assert_int_equal(n, 2);
    ps_free(tokens);
    assert_ok(ps_engine_tokenize(engine, "1<end>", 6, false, &tokens, &n, err));
    assert_int_equal(n, 6);
    ps_free(tokens);
    ps_engine_free(engine);
    engine = engine_of(coin, 0);
    assert_int_equal(ps_engine_tokenize(engine, "thx", 3, true, &tokens, &n, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "byte 3"));
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumeration_sums_to_one),
        cmocka_unit_test(enumeration_can_be_cut),
        cmocka_unit_test(frequencies_match_the_enumeration),
        cmocka_unit_test(truncation_is_exact),
        cmocka_unit_test(uniforms_alone_decide),
        cmocka_unit_test(order_changes_nothing),
        cmocka_unit_test(steps_end_where_boundaries_say),
        cmocka_unit_test(the_context_fills),
        cmocka_unit_test(an_evaluation_reads_the_exact_probabilities),
        cmocka_unit_test(contexts_match_by_length),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(a_parent_lives_while_a_child_does),
        cmocka_unit_test(its_text_is_its_identity),
        cmocka_unit_test(the_longest_token_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
