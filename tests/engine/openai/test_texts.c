/* Stop strings and spellings: what is asked of a server, and what its text means, without one. */
#include "engine/boundary.h"
#include "engine/openai/spelling.h"
#include "engine/openai/stops.h"
#include "support/check.h"

/* ---- Stop strings -------------------------------------------------------- */

static const char *const *stops_of(const ps_generation *g, const char *before, ps_arena *arena, size_t *n) {
    const char *const *stops = NULL;
    assert_ok(ps_remote_stops(g, before, strlen(before), arena, &stops, n, err));
    return stops;
}

static bool has(const char *const *stops, size_t n, const char *one) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(stops[i], one) == 0) return true;
    return false;
}

static void candidate_ends_are_sent(void **state) {
    (void)state;
    static const char *const literals[] = {"\n\nStep", "END"}, *const answer[] = {"Done.", "\n"};
    ps_arena *arena = ps_arena_create();
    size_t n;
    ps_generation g = {.boundary = PS_BOUNDARY_NEWLINE};
    const char *const *stops = stops_of(&g, "", arena, &n);
    assert_true(n == 1 && has(stops, n, "\n"));
    g.boundary = PS_BOUNDARY_PARAGRAPH;
    stops = stops_of(&g, "", arena, &n);
    assert_true(has(stops, n, "\n\n") && !has(stops, n, "\n"));
    stops = stops_of(&g, "a line\n \t", arena, &n); /* a blank line has begun: its end is enough */
    assert_true(n == 1 && has(stops, n, "\n"));
    stops = stops_of(&g, "", arena, &n);
    assert_true(has(stops, n, "\n>\n"));
    stops = stops_of(&g, "> a line\n>", arena, &n); /* of a quote likewise */
    assert_true(n == 1 && has(stops, n, "\n"));
    g.boundary = PS_BOUNDARY_SENTENCE;
    stops = stops_of(&g, "", arena, &n);
    assert_true(has(stops, n, "。") && has(stops, n, "？") && !has(stops, n, "。”"));
    stops = stops_of(&g, "他说：“好。", arena, &n); /* a sentence in quotes ends with them */
    assert_true(has(stops, n, "”"));
    stops = stops_of(&g, "", arena, &n);
    assert_true(has(stops, n, "\n") && has(stops, n, ". ") && has(stops, n, "?\t") && !has(stops, n, ".\n"));
    stops = stops_of(&g, "It is.", arena, &n);
    assert_true(has(stops, n, " ") && has(stops, n, "\t") && !has(stops, n, ". ")); /* " " is in it */
    g.boundary = PS_BOUNDARY_FIXED;
    (void)stops_of(&g, "", arena, &n);
    assert_int_equal(n, 0);
    g = (ps_generation){.boundary = PS_BOUNDARY_LITERALS, .literals = literals, .n_literals = 2};
    stops = stops_of(&g, "so\n\nSt", arena, &n);
    assert_true(has(stops, n, "ep") && has(stops, n, "END") && has(stops, n, "\n\nStep") == false);
    g.stops = answer;
    g.n_stops = 1;
    stops = stops_of(&g, "Do", arena, &n);
    assert_true(has(stops, n, "ne.") && has(stops, n, "Done.") == false); /* what has another in it never ends first */
    const ps_generation sentences = {.boundary = PS_BOUNDARY_SENTENCE, .stops = answer, .n_stops = 1};
    stops = stops_of(&sentences, "", arena, &n); /* of which vLLM takes four */
    assert_string_equal(stops[0], "\n");
    assert_string_equal(stops[1], ". ");
    assert_string_equal(stops[2], "Done.");
    assert_string_equal(stops[3], "? ");
    g.n_stops = 2;
    stops = stops_of(&g, "", arena, &n);
    assert_true(has(stops, n, "\n") && !has(stops, n, "\n\nStep"));
    ps_arena_free(arena);
}

/* The rest of a string that begins inside a character cannot be sent; the matcher finds that end alone. */
static void only_characters_are_sent(void **state) {
    (void)state;
    static const char *const literals[] = {"\xE2\x80\xA6!"};
    const ps_generation g = {.boundary = PS_BOUNDARY_LITERALS, .literals = literals, .n_literals = 1};
    ps_arena *arena = ps_arena_create();
    size_t n;
    const char *const *stops = stops_of(&g, "so\xE2\x80", arena, &n);
    assert_true(n == 1 && has(stops, n, literals[0]));
    ps_arena_free(arena);
}

/* Random texts, cut into tokens at random: wherever the matcher ends a step, a string that was sent has just come. One
 * may be missed where a sentence has several closing brackets or a blank line several blanks. */
static void where_a_step_ends_a_server_would_have_ended(void **state) {
    (void)state;
    static const char *const parts[] = {"so ", "x=1", ".",   "\n",   "\n\n", " ",  ")",  "\"", "? ", "1. ",
                                        "\\[", "\\]", "a b", "STEP", ":",    "\t", "。", "“",  "”"};
    static const char *const literals[] = {"STEP", "\n\n"};
    enum { PARTS = sizeof parts / sizeof *parts, TEXTS = 3000, TOKENS = 60 };
    size_t steps = 0, missed = 0;
    for (uint64_t t = 0; t < TEXTS; t++) {
        const ps_boundary boundaries[] = {PS_BOUNDARY_NEWLINE, PS_BOUNDARY_PARAGRAPH, PS_BOUNDARY_SENTENCE,
                                          PS_BOUNDARY_LITERALS};
        const ps_generation g = {
            .boundary = boundaries[t % 4], .literals = literals, .n_literals = 2, .min_tokens = 1, .max_tokens = 1000};
        ps_step_matcher m = {0};
        ps_step_state open = {0};
        char text[4096] = "";
        size_t from = 0; /* where the request began */
        ps_step_begin(&m, &g, "", 0, &open);
        ps_arena *arena = ps_arena_create();
        size_t n_stops;
        const char *const *stops = stops_of(&g, "", arena, &n_stops);
        for (uint64_t k = 0; k < TOKENS; k++) {
            const char *token = parts[(size_t)(ps_uniform(check_key(t), k) * PARTS)];
            ps_stop_reason reason;
            strcat(text, token);
            bool stopped = false;
            for (size_t i = 0; i < n_stops && !stopped; i++)
                stopped = strstr(text + from, stops[i]) != NULL;
            const bool ended = ps_step_push(&m, token, strlen(token), false, &reason);
            steps += ended;
            missed += ended && !stopped;
            if (ended && !stopped && (g.boundary == PS_BOUNDARY_NEWLINE || g.boundary == PS_BOUNDARY_LITERALS))
                fail_msg("boundary %d: nothing that was sent ends \"%s\" with \"%s\"", (int)g.boundary, text, token);
            if (!ended && !stopped) continue;
            from = strlen(text); /* another request, of this step or the next */
            if (ended) {
                open = m.state;
                ps_step_begin(&m, &g, "", 0, &open);
            }
            stops = stops_of(&g, text, arena, &n_stops);
        }
        ps_arena_free(arena);
        ps_step_clear(&m);
    }
    assert_true(steps > 5000);
    assert_true(missed < steps / 50);
}

/* ---- Spellings ----------------------------------------------------------- */

/* What a server says of ids: 1 "so", 2 " \xF0" (part of a character), 3 "\x9F\x98", 4 "\x80", 5 "!", 6 a control token,
 * 7 U+FFFD itself. */
static const char *decoded(const ps_remote_run *run) {
    static const char *const bytes[] = {"", "so", " \xF0", "\x9F\x98", "\x80", "!", "<|im_end|>", "\xEF\xBF\xBD"};
    static char text[64];
    char raw[64] = "";
    for (size_t i = 0; i < run->n; i++)
        strcat(raw, bytes[run->ids[i]]);
    ps_text out = {0};
    ps_utf8_repair(&out, raw, strlen(raw));
    snprintf(text, sizeof text, "%s", ps_text_cstr(&out));
    ps_text_clear(&out);
    return text;
}

/* All that is wanted is looked up, as often as it takes. */
static void spell(ps_remote_spellings *s, ps_remote_run *run, ps_token id, char *out) {
    const char *bytes = NULL;
    size_t n = 0;
    bool known = false;
    for (size_t tries = 0; !known; tries++) {
        assert_true(tries < 8);
        assert_ok(ps_remote_spell(s, run, id, &known, &bytes, &n, err));
        for (size_t i = 0; i < s->n_lacking; i++) {
            const char *text = decoded(&s->lacking[i]);
            assert_ok(ps_remote_spelling_put(s, &s->lacking[i], text, strlen(text), err));
        }
        if (!known) assert_true(s->n_lacking > 0);
        s->n_lacking = 0;
    }
    strncat(out, bytes, n);
}

static void a_character_over_several_ids_comes_when_it_is_complete(void **state) {
    (void)state;
    static const struct {
        ps_token ids[8];
        size_t n;
        const char *text[8]; /* after each id */
    } cases[] = {
        {{1, 2, 3, 4, 5}, 5, {"so", "so", "so", "so \xF0\x9F\x98\x80", "so \xF0\x9F\x98\x80!"}},
        {{2, 3, 4, 2, 3, 4},
         6,
         {"", "", " \xF0\x9F\x98\x80", " \xF0\x9F\x98\x80", " \xF0\x9F\x98\x80", " \xF0\x9F\x98\x80 \xF0\x9F\x98\x80"}},
        {{2, 5, 1}, 3, {"", " \xEF\xBF\xBD!", " \xEF\xBF\xBD!so"}}, /* it never became one */
        {{1, 6, 1}, 3, {"so", "so", "soso"}},                       /* no text of an answer */
        {{7, 1}, 2, {"", "\xEF\xBF\xBDso"}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        ps_remote_spellings s = {0};
        ps_remote_run run = {0};
        char text[256] = "";
        for (size_t i = 0; i < cases[c].n; i++) {
            spell(&s, &run, cases[c].ids[i], text);
            assert_string_equal(text, cases[c].text[i]);
        }
        ps_remote_spellings_clear(&s);
    }
}

static void what_an_answer_tells_is_not_asked_for(void **state) {
    (void)state;
    ps_remote_spellings s = {0};
    ps_remote_run run = {0};
    const char *bytes = NULL;
    size_t n = 0;
    bool known = false;
    assert_ok(ps_remote_spelling_tell(&s, 5, " the", 4, err));
    assert_ok(ps_remote_spelling_tell(&s, 6, "\xF0\x9F", 2, err)); /* a part of a character is looked up */
    assert_ok(ps_remote_spell(&s, &run, 5, &known, &bytes, &n, err));
    assert_true(known && n == 4 && memcmp(bytes, " the", 4) == 0 && s.n_lacking == 0);
    assert_ok(ps_remote_spell(&s, &run, 6, &known, &bytes, &n, err));
    assert_true(!known && s.n_lacking == 1);
    for (ps_token id = 10; id < 5000; id++) /* the table grows */
        assert_ok(ps_remote_spelling_tell(&s, id, "x", 1, err));
    assert_ok(ps_remote_spell(&s, &run, 5, &known, &bytes, &n, err));
    assert_true(known && n == 4);
    assert_ok(ps_remote_spelling_want(&s, 6, err)); /* asked once */
    assert_int_equal(s.n_lacking, 1);
    ps_remote_spellings_clear(&s);
}

static void texts_between_separators_are_told_apart(void **state) {
    (void)state;
    const char *parts[4];
    size_t lengths[4];
    const char *text = "|so|| the|\n|";
    assert_false(
        ps_remote_spelling_split(text, strlen(text), "|", "|", 3, parts, lengths)); /* which is the empty one? */
    text = "~so~ the~\n~";
    assert_true(ps_remote_spelling_split(text, strlen(text), "~", "~", 3, parts, lengths));
    assert_true(lengths[1] == 4 && memcmp(parts[1], " the", 4) == 0 && lengths[2] == 1);
    text = "~a~~ ~";
    assert_true(ps_remote_spelling_split(text, strlen(text), "~", "~", 1, parts, lengths)); /* one is what is between */
    assert_true(lengths[0] == 4 && memcmp(parts[0], "a~~ ", 4) == 0);
    text = "a so a";
    assert_true(
        ps_remote_spelling_split(text, strlen(text), "a", " a", 1, parts, lengths)); /* another at the beginning */
    assert_true(lengths[0] == 3 && memcmp(parts[0], " so", 3) == 0);
    assert_false(ps_remote_spelling_split("b so a", 6, "a", " a", 1, parts, lengths));
    assert_false(ps_remote_spelling_split("a", 1, "a", " a", 1, parts, lengths));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidate_ends_are_sent),
        cmocka_unit_test(only_characters_are_sent),
        cmocka_unit_test(where_a_step_ends_a_server_would_have_ended),
        cmocka_unit_test(a_character_over_several_ids_comes_when_it_is_complete),
        cmocka_unit_test(what_an_answer_tells_is_not_asked_for),
        cmocka_unit_test(texts_between_separators_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
