/* The marks of thinking: whole, in parts, and what only looks like one. */
#include "base/thinking.h"
#include "support/test.h"
#include "support/thinking.h"

static ps_thinking kind_of(const char *text, size_t n) {
    size_t length = 0;
    ps_thinking kind = ps_thinking_mark(text, n, &length);
    if (kind > PS_THINKING_PARTIAL) assert_in_range(length, 1, n);
    assert_true(length < PS_THINKING_MARK);
    return kind;
}

/* Every proper beginning of a mark may become one, or is one that the rest belongs to. */
static void check(const char *mark, ps_thinking kind) {
    size_t n = strlen(mark);
    assert_true(ps_thinking_begins(mark[0]));
    assert_int_equal(kind_of(mark, n), kind);
    for (size_t i = 1; i < n; i++)
        if (kind_of(mark, i) != PS_THINKING_PARTIAL) assert_int_equal(kind_of(mark, i), kind);
}

static void every_family_opens_and_closes(void **state) {
    (void)state;
    for (size_t f = 0; f < N_THINKING_FAMILIES; f++) {
        check(thinking_families[f].opens, PS_THINKING_OPENS);
        check(thinking_families[f].closes, PS_THINKING_CLOSES);
    }
}

static void the_longest_mark_is_taken_and_no_more(void **state) {
    (void)state;
    size_t length;
    assert_int_equal(ps_thinking_mark("<|channel|>final<|message|>5", 28, &length), PS_THINKING_CLOSES);
    assert_int_equal(length, 27);
    assert_int_equal(ps_thinking_mark("<|channel|>final<|mess", 22, &length), PS_THINKING_CLOSES);
    assert_int_equal(length, 16);
    assert_int_equal(ps_thinking_mark("</Think> so", 11, &length), PS_THINKING_CLOSES);
    assert_int_equal(length, 8);
}

static void what_only_looks_like_a_mark_is_none(void **state) {
    (void)state;
    static const char *const none[] = {"think>",     "<thin>",    "< think>", "<thinker>",
                                       "[Analysis]", "<|think|>", "≤",        "x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(kind_of(none[i], strlen(none[i])), PS_THINKING_NONE);
    assert_int_equal(kind_of("", 0), PS_THINKING_PARTIAL);
}

/* Of a mark in several tokens each that is one of a kind is known by itself. */
static void a_token_that_is_a_mark_or_begins_one_is_known(void **state) {
    (void)state;
    static const char *const yes[] = {"[THINK]",    "[/THINK]",   "<|channel|>",     "<|message|>",
                                      "<|channel>", "<channel|>", "<|END_THINKING|>"};
    static const char *const no[] = {"",       "<|im_end|>",    "<|end|>",   "<|start|>",      "</s>",
                                     "[INST]", "<|endoftext|>", "<think>\n", "<|end_of_text|>"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!ps_is_thinking_token(yes[i])) fail_msg("%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (ps_is_thinking_token(no[i])) fail_msg("%s", no[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_opens_and_closes),
        cmocka_unit_test(the_longest_mark_is_taken_and_no_more),
        cmocka_unit_test(what_only_looks_like_a_mark_is_none),
        cmocka_unit_test(a_token_that_is_a_mark_or_begins_one_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
