/* Where a step ends, over tokens that cut patterns anywhere. */
#include "engine/boundary.h"
#include "support/test.h"

static ps_generation generation(ps_boundary boundary) {
    return (ps_generation){.temperature = 1, .top_p = 1, .boundary = boundary, .min_tokens = 1, .max_tokens = 100};
}

/* Push tokens ("|" separates them, "$" is the end of sequence); how many were taken, -1 if the step goes on. */
static int push(ps_step_matcher *m, const char *tokens, ps_stop_reason *reason) {
    int taken = 0;
    for (const char *at = tokens; *at;) {
        const size_t n = strcspn(at, "|");
        const bool end = n == 1 && *at == '$';
        taken++;
        if (ps_step_push(m, end ? NULL : at, end ? 0 : n, end, reason)) return taken;
        at += n + (at[n] == '|');
    }
    return -1;
}

/* One step after `before`: taken tokens, reason and text as expected. */
static void expect(const ps_generation *g, const char *before, bool continued, const char *tokens, int taken,
                   ps_stop_reason reason, const char *text) {
    ps_step_matcher m = {0};
    ps_stop_reason got = PS_STOP_ERROR;
    size_t length;
    const ps_step_state left = {.continued = continued};
    ps_step_begin(&m, g, before, strlen(before), &left);
    assert_int_equal(push(&m, tokens, &got), taken);
    if (taken >= 0) assert_int_equal(got, reason);
    assert_string_equal(ps_step_text(&m, &length), text);
    assert_int_equal(length, strlen(text));
    ps_step_clear(&m);
}

static void a_step_ends_at_its_boundary(void **state) {
    (void)state;
    ps_generation g = generation(PS_BOUNDARY_NEWLINE);
    expect(&g, "", false, "x=1|\n|y", 2, PS_STOP_STEP, "x=1\n");
    expect(&g, "", false, "x=1\ny|z", 1, PS_STOP_STEP, "x=1\ny"); /* a boundary inside a token: the token is whole */
    expect(&g, "", false, "x|$|y", 2, PS_STOP_EOS, "x");
    g = generation(PS_BOUNDARY_PARAGRAPH);
    expect(&g, "", false, "Go\n|\nb|c", 2, PS_STOP_STEP, "Go\n\nb");
    expect(&g, "", false, "Go|\n|on|\n|c", -1, 0, "Go\non\nc");
    g = generation(PS_BOUNDARY_SENTENCE);
    expect(&g, "", false, "It is 3.5|.| So", 3, PS_STOP_STEP, "It is 3.5. So");
    expect(&g, "", false, "Why|?|\n|x", 3, PS_STOP_STEP, "Why?\n");
    expect(&g, "", false, "We go|. c", 2, PS_STOP_STEP, "We go. c");
    g = generation(PS_BOUNDARY_FIXED);
    g.fixed_tokens = 3;
    expect(&g, "", false, "a|\n|c|d", 3, PS_STOP_STEP, "a\nc");
    g = generation(PS_BOUNDARY_LITERALS);
    static const char *const literals[] = {"Step", "## "};
    g.literals = literals;
    g.n_literals = 2;
    expect(&g, "", false, "a S|te|p 2", 3, PS_STOP_STEP, "a Step 2");
    expect(&g, "", false, "#|#| b", 3, PS_STOP_STEP, "## b");
}

static void white_space_alone_is_no_step(void **state) {
    (void)state;
    static const char *const literals[] = {"\n"};
    for (ps_boundary boundary = PS_BOUNDARY_NEWLINE; boundary <= PS_BOUNDARY_LITERALS; boundary++) {
        ps_generation g = generation(boundary);
        g.literals = literals;
        g.n_literals = 1;
        if (boundary == PS_BOUNDARY_FIXED) continue;
        expect(&g, "x = 1.\n", false, "\n| |\n|\n", -1, 0, "\n \n\n");
        expect(&g, "x = 1.", true, "\n|\n| ", -1, 0, "\n\n "); /* the line's end was still to come: no step */
        expect(&g, "", false, "\n|$", 2, PS_STOP_EOS, "\n");   /* the end of the answer ends whatever is there */
    }
}

/* A step that was cut leaves what is open to the next one. */
static void the_state_goes_on_where_a_step_was_cut(void **state) {
    (void)state;
    const char *const tokens[] = {"So we ", "get ", "\\[", "x = 1", "\n", "\\]", "\n", "Next"};
    ps_generation g = generation(PS_BOUNDARY_NEWLINE);
    ps_step_matcher m = {0};
    ps_step_state left = {0};
    size_t ends[8], n = 0;
    g.max_tokens = 4;
    ps_step_begin(&m, &g, "", 0, &left);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        ps_stop_reason reason;
        if (!ps_step_push(&m, tokens[i], strlen(tokens[i]), false, &reason)) continue;
        ends[n++] = i;
        left = m.state;
        ps_step_begin(&m, &g, "", 0, &left);
    }
    ps_step_clear(&m);
    assert_int_equal(n, 2);
    assert_int_equal(ends[0], 3); /* in the display, by length */
    assert_int_equal(ends[1], 6); /* not at the end of the line within it; where it is closed */
}

static void a_stop_string_ends_the_answer(void **state) {
    (void)state;
    ps_generation g = generation(PS_BOUNDARY_NEWLINE);
    static const char *const strings[] = {"</a>", "</a></b>", "STOP"};
    g.stops = strings;
    g.n_stops = 3;
    expect(&g, "", false, "x<|/|a>y|z", 3, PS_STOP_STRING, "x");
    expect(&g, "", false, "x</a></b>", 1, PS_STOP_STRING, "x"); /* what is completed first counts */
    expect(&g, "", false, "x\nSTOP", 1, PS_STOP_STRING, "x\n"); /* a stop goes before a boundary */
    expect(&g, "x ST", false, "OP|y", 1, PS_STOP_STRING, "");   /* begun in the step before */
    expect(&g, "", false, "ST|\n", 2, PS_STOP_STEP, "ST\n");
    assert_int_equal(ps_step_lookback(&g), strlen("</a></b>") - 1);
}

static void a_step_has_a_least_and_a_greatest_length(void **state) {
    (void)state;
    ps_generation g = generation(PS_BOUNDARY_NEWLINE);
    g.min_tokens = 3;
    g.max_tokens = 4;
    expect(&g, "", false, "Go|\n|\n|b", 3, PS_STOP_STEP, "Go\n\n");
    expect(&g, "", false, "a|\n|b|c|\n", 4, PS_STOP_LENGTH, "a\nbc");
    expect(&g, "", false, "a|b|c|\n", 4, PS_STOP_STEP, "abc\n");
    expect(&g, "", false, "$", 1, PS_STOP_EOS, ""); /* the model may end its answer at any time */
    g = generation(PS_BOUNDARY_PARAGRAPH);
    g.min_tokens = 4;
    expect(&g, "", false, "Go|\n|\n|\n|b|\n|\n", 4, PS_STOP_STEP, "Go\n\n\n"); /* the next chance is taken */
    static const char *const literals[] = {"\n\n"};
    g = generation(PS_BOUNDARY_LITERALS);
    g.literals = literals;
    g.n_literals = 1;
    g.min_tokens = 4;
    expect(&g, "", false, "a|\n|\n|\n|b|\n|\n", 7, PS_STOP_STEP, "a\n\n\nb\n\n"); /* bytes passed over are spent */
}

static void a_literal_may_begin_in_a_step_that_ended_by_length(void **state) {
    (void)state;
    static const char *const literals[] = {"##"};
    ps_generation g = generation(PS_BOUNDARY_LITERALS);
    g.literals = literals;
    g.n_literals = 1;
    expect(&g, "a#", true, "# |b", 1, PS_STOP_STEP, "# "); /* the step before ended by length in the middle */
    expect(&g, "a#", false, "# |b", -1, 0, "# b");         /* its bytes are spent */
    expect(&g, "a##", false, "# |b", -1, 0, "# b");
}

/* The same text in tokens of every size ends at the same byte or, if that is inside a token, at the token's end. */
static void any_cut_gives_the_same_end(void **state) {
    (void)state;
    static const char text[] = "first line\nstill the same\n\nnext paragraph. And\n\nmore";
    const ps_generation g = generation(PS_BOUNDARY_PARAGRAPH);
    const size_t end = (size_t)(strstr(text, "\n\n") - text) + 2;
    for (size_t size = 1; size < sizeof text; size++) {
        ps_step_matcher m = {0};
        ps_stop_reason reason;
        ps_step_begin(&m, &g, "", 0, &(ps_step_state){0});
        size_t at = 0;
        bool ended = false;
        while (!ended && at < strlen(text)) {
            const size_t n = strlen(text) - at < size ? strlen(text) - at : size;
            ended = ps_step_push(&m, text + at, n, false, &reason);
            at += n;
        }
        const size_t whole = (end + size - 1) / size * size;
        assert_true(ended);
        assert_int_equal(reason, PS_STOP_STEP);
        assert_int_equal(at, whole < strlen(text) ? whole : strlen(text));
        ps_step_clear(&m);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_ends_at_its_boundary),
        cmocka_unit_test(a_stop_string_ends_the_answer),
        cmocka_unit_test(a_step_has_a_least_and_a_greatest_length),
        cmocka_unit_test(white_space_alone_is_no_step),
        cmocka_unit_test(the_state_goes_on_where_a_step_was_cut),
        cmocka_unit_test(a_literal_may_begin_in_a_step_that_ended_by_length),
        cmocka_unit_test(any_cut_gives_the_same_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
