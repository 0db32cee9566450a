/* What a step is: cuts that were marked by a reader in real answers and in others made for each rule
 * (tests/fixtures/steps.jsonl: where a step ends, in bytes, for each kind of boundary), the same cuts whatever the
 * tokens, and a second implementation that reads whole lines. */
#include "engine/step_rule.h"
#include "support/check.h"
#include "support/thinking.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {"newline", "paragraph", "sentence"};

static json_t *load(void) {
    FILE *file = fopen(PS_TEST_DIR "/fixtures/steps.jsonl", "r");
    char line[1 << 14];
    assert_non_null(file);
    json_t *cases = json_array();
    while (fgets(line, sizeof line, file) != NULL) {
        json_t *one = json_loads(line, 0, NULL);
        assert_non_null(one);
        json_array_append_new(cases, one);
    }
    fclose(file);
    assert_true(json_array_size(cases) > 30);
    return cases;
}

/* Cuts of a text in tokens of the given lengths (repeated); how many there are. A token is never split. */
static size_t cuts_of(const char *text, ps_boundary boundary, const uint8_t *lengths, size_t n_lengths, size_t *cuts) {
    ps_step_state state = {0};
    size_t n = 0, length = strlen(text);
    for (size_t at = 0, i = 0; at < length; i++) {
        bool ends = false;
        size_t token = lengths[i % n_lengths];
        for (size_t k = 0; k < token && at < length; k++, at++)
            if (ps_step_scan(&state, boundary, text[at], true)) ends = true;
        if (ends) cuts[n++] = at;
    }
    return n;
}

enum { MOST = 4096 };

static void real_answers_are_cut_where_a_reader_cuts_them(void **state) {
    (void)state;
    json_t *cases = load();
    size_t i, cuts[MOST];
    json_t *one;
    json_array_foreach(cases, i, one) {
        const char *text = json_string_value(json_object_get(one, "text"));
        for (int b = 0; b < 3; b++) {
            const json_t *expected = json_object_get(one, names[b]);
            size_t n = cuts_of(text, (ps_boundary)b, (const uint8_t[]){1}, 1, cuts);
            if (n != json_array_size(expected)) fail_msg("case %zu, %s: %zu cuts", i, names[b], n);
            for (size_t k = 0; k < n; k++)
                if ((json_int_t)cuts[k] != json_integer_value(json_array_get(expected, k)))
                    fail_msg("case %zu, %s: cut %zu at byte %zu", i, names[b], k, cuts[k]);
        }
    }
    json_decref(cases);
}

/* A cut inside a token moves to the token's end; several there are one. */
static void the_cuts_do_not_depend_on_the_tokens(void **state) {
    (void)state;
    json_t *cases = load();
    size_t i, cuts[MOST];
    json_t *one;
    json_array_foreach(cases, i, one) {
        const char *text = json_string_value(json_object_get(one, "text"));
        for (int b = 0; b < 3; b++)
            for (uint64_t split = 0; split < 20; split++) {
                uint8_t lengths[97];
                for (size_t k = 0; k < sizeof lengths; k++)
                    lengths[k] = (uint8_t)(1 + 11 * ps_uniform((ps_rng_key){split, i, (uint64_t)b, 0}, k));
                size_t n = cuts_of(text, (ps_boundary)b, lengths, sizeof lengths, cuts), got = 0, end = 0, token = 0;
                const json_t *expected = json_object_get(one, names[b]);
                for (size_t k = 0; k < json_array_size(expected); k++) {
                    size_t cut = (size_t)json_integer_value(json_array_get(expected, k));
                    if (k > 0 && end >= cut) continue;
                    while (end < cut)
                        end += lengths[token++ % sizeof lengths];
                    if (end > strlen(text)) end = strlen(text);
                    if (got >= n || cuts[got] != end)
                        fail_msg("case %zu, %s, split %zu: no cut at %zu", i, names[b], (size_t)split, end);
                    got++;
                }
                assert_int_equal(got, n);
            }
    }
    json_decref(cases);
}

/* The whole of a text, then a cut by the length of the step; whether a step ended in the text. */
static bool read_and_cut(ps_step_state *s, const char *text) {
    bool ends = false;
    for (; *text != '\0'; text++)
        ends = ps_step_scan(s, PS_BOUNDARY_NEWLINE, *text, true) || ends;
    ps_step_cut(s);
    return ends;
}

static void a_block_that_is_never_closed_is_given_up(void **state) {
    (void)state;
    static const char *const openers[] = {"```python\nx = 1\n", "~~~~~~~~\n", "1. ```\n",
                                          "\\[ x = 1\n",        "$$\n",       "\\begin{align}\n"};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        ps_step_state s = {0};
        assert_false(read_and_cut(&s, openers[i]));
        assert_false(read_and_cut(&s, "y = 2\nz = 3\n")); /* a step of its own in the block: it may be a long one */
        assert_true(read_and_cut(&s, "We add.\n"));
        assert_false(read_and_cut(&s, openers[i])); /* and the next block has as long */
        assert_false(read_and_cut(&s, "y = 2\n"));
        assert_true(read_and_cut(&s, "We add.\n"));
    }
}

/* A mark that ends the thinking closes what was left open in it, and none is something said; wherever tokens end. */
static void the_marks_of_every_family_close_what_is_open(void **state) {
    (void)state;
    static const char *const openers[] = {"",       "```python\nx = 1\n", "\\[ x\n", "$$ x\n", "\\begin{align}\n", "$",
                                          "| a |\n"};
    for (size_t f = 0; f < N_THINKING_FAMILIES; f++)
        for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
            char text[256];
            size_t cuts[MOST], n;
            snprintf(text, sizeof text, "%s\nFirst.\n%s%s\nAnswer.\nok.\n", thinking_families[f].opens, openers[i],
                     thinking_families[f].closes);
            size_t length = strlen(text), first = strlen(thinking_families[f].opens) + 8;
            for (size_t split = 1; split <= length && split < 256; split++) {
                n = cuts_of(text, PS_BOUNDARY_NEWLINE, (const uint8_t[]){(uint8_t)split, 1, 1, 1, 1}, 5, cuts);
                assert_true(n > 0 && cuts[n - 1] == length);
            }
            n = cuts_of(text, PS_BOUNDARY_NEWLINE, (const uint8_t[]){1}, 1, cuts);
            if (n != 3) fail_msg("%zu cuts in\n%s", n, text);
            assert_int_equal(cuts[0], first);
            assert_int_equal(cuts[1], length - 4);
        }
}

/* All but the last character of a mark, and then something else: text, as if there were no marks. */
static void what_only_begins_like_a_mark_is_the_text_it_is(void **state) {
    (void)state;
    for (size_t f = 0; f < N_THINKING_FAMILIES; f++) {
        char text[256];
        size_t cuts[MOST];
        size_t n = strlen(thinking_families[f].closes);
        if (strstr(thinking_families[f].closes, "final") != NULL)
            continue; /* there the last character may be missing */
        for (size_t k = 1; k < n; k++) {
            snprintf(text, sizeof text, "\\[ x\n%.*s$ \\]\nok.\n", (int)k, thinking_families[f].closes);
            assert_int_equal(cuts_of(text, PS_BOUNDARY_NEWLINE, (const uint8_t[]){1}, 1, cuts), 2);
            assert_int_equal(cuts[0], strlen(text) - 4);
            snprintf(text, sizeof text, "$%.*s$ y\nok.\n", (int)k, thinking_families[f].closes);
            assert_int_equal(cuts[cuts_of(text, PS_BOUNDARY_NEWLINE, (const uint8_t[]){1}, 1, cuts) - 1], strlen(text));
        }
    }
}

/* ---- A second implementation, over whole lines --------------------------- */

typedef struct reader {
    bool substance, hold, table, gap;
    char closer[40]; /* of an open block; "" when none */
    int nested;      /* environments in an open one */
} reader;

static bool starts(const char *line, const char *with) {
    return strncmp(line, with, strlen(with)) == 0;
}

/* The line without its commands, \begin{…}, \end{…} and tags of thinking. */
static void strip(const char *line, char *out) {
    for (const char *c = line; *c != '\0';) {
        if (starts(c, "<think>") || starts(c, "</think>")) {
            c = strchr(c, '>') + 1;
        } else if (*c == '\\' && (starts(c, "\\begin{") || starts(c, "\\end{"))) {
            c = strchr(c, '}') + 1;
        } else if (*c == '\\' && c[1] != '\0') {
            c++;
            size_t n = strspn(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
            c += n > 0 ? n : 1;
            *out++ = ' ';
        } else {
            *out++ = *c++;
        }
    }
    *out = '\0';
}

static bool says_something(const char *line) {
    char plain[512];
    strip(line, plain);
    if (strpbrk(plain, "=<>") != NULL || strstr(plain, "≤") != NULL) return true;
    for (const char *c = plain; *c != '\0'; c++)
        if ((c[0] | 32) >= 'a' && (c[0] | 32) <= 'z' && (c[1] | 32) >= 'a' && (c[1] | 32) <= 'z') return true;
    return strstr(plain, "数") != NULL;
}

static bool announces(const char *line) {
    char end[512];
    const char *c = line + strspn(line, " ");
    if (*c == '#') return true;
    strcpy(end, line);
    for (size_t n = strlen(end); n > 0 && strchr(" *_", end[n - 1]) != NULL; n--)
        end[n - 1] = '\0';
    if (end[0] != '\0' && end[strlen(end) - 1] == ':') return true;
    c += strspn(c, "0123456789. -");
    size_t n = strlen(c);
    return n > 4 && starts(c, "**") && strcmp(c + n - 2, "**") == 0 && strstr(c + 2, "**") == c + n - 2;
}

/* What opens on a line and does not close there is open after it. */
static void open_and_close(reader *r, const char *line) {
    static const char *const pairs[][2] = {{"\\[", "\\]"}, {"$$", "$$"}, {"\\begin{align}", "\\end{align}"}};
    for (const char *c = line; *c != '\0'; c++) {
        if (starts(c, "</think>")) {
            r->closer[0] = '\0';
            r->hold = r->table = false;
        }
        bool environment = strcmp(r->closer, "\\end{align}") == 0;
        if (environment && starts(c, "\\begin{align}")) {
            r->nested++;
        } else if (environment && r->nested > 0 && starts(c, r->closer)) {
            r->nested--;
        } else if (r->closer[0] != '\0' && starts(c, r->closer)) {
            c += strlen(r->closer) - 1;
            r->closer[0] = '\0';
            r->hold = false;
            r->substance = true;
            continue;
        }
        for (size_t p = 0; p < 3 && r->closer[0] == '\0'; p++)
            if (starts(c, pairs[p][0])) {
                strcpy(r->closer, pairs[p][1]);
                r->nested = 0;
                c += strlen(pairs[p][0]) - 1;
                break;
            }
    }
}

/* Prose among the lines of the test below. */
static bool is_prose(const char *line) {
    size_t n = strlen(line);
    return n > 0 && line[0] >= 'A' && line[0] <= 'Z' && line[n - 1] == '.';
}

/* One whole line, its newline left off; whether a step of this kind ends with it. */
static bool read_line(reader *r, const char *line, bool paragraph) {
    const char *c = line + strspn(line, " ");
    bool blank = *c == '\0', fence = starts(c, "```");
    if (strcmp(r->closer, "```") == 0 && r->gap && is_prose(line)) r->closer[0] = '\0';
    r->gap = blank;
    if (strcmp(r->closer, "```") == 0) {
        if (strstr(line, "</think>") != NULL) {
            r->closer[0] = '\0';
            r->hold = r->table = false;
        } else if (fence) {
            r->closer[0] = '\0';
            r->substance = true;
            r->hold = false;
        }
    } else if (blank) {
        r->closer[0] = '\0';
        r->table = false;
    } else if (fence && r->closer[0] == '\0') {
        strcpy(r->closer, "```");
    } else {
        bool outside = r->closer[0] == '\0', was = r->substance;
        open_and_close(r, line);
        bool closed = r->substance && !was;
        if (outside && says_something(line)) r->substance = true;
        if (r->closer[0] == '\0') {
            r->table = *c == '|' || (r->table && strchr(line, '|') != NULL);
            if ((outside && says_something(line)) || closed) r->hold = announces(line);
        }
    }
    if (!r->substance || r->hold || r->table || r->closer[0] != '\0' || (paragraph && !blank)) return false;
    r->substance = false;
    return true;
}

static void random_texts_are_cut_as_by_an_implementation_over_lines(void **state) {
    (void)state;
    static const char *const lines[] = {
        "",
        "",
        " ",
        "We add the numbers.",
        "The sum is:",
        "\\[",
        "\\]",
        "x = 5",
        "$$",
        "17",
        "# Part",
        "**Bold text**",
        "1. **Bold text**",
        "| a | b |",
        "|---|",
        "no bar here",
        "```",
        "2 + 3",
        "\\[ 1 + 2 \\]",
        "\\frac{1}{2}",
        "---",
        "<think>",
        "</think>",
        "\\begin{align}",
        "\\end{align}",
        "数",
        "a ≤ b",
        "y",
        "**x** is bold:",
        "- item one",
    };
    enum { N = sizeof lines / sizeof *lines };
    for (uint64_t k = 0; k < 20000; k++) {
        char text[2048] = "";
        size_t expected[64], n = 0, cuts[MOST];
        bool paragraph = k % 2 == 1;
        reader r = {0};
        for (uint64_t i = 0; i < 12; i++) {
            const char *line = lines[(size_t)(N * ps_uniform((ps_rng_key){7, k, 0, 0}, i))];
            strcat(text, line);
            strcat(text, "\n");
            if (read_line(&r, line, paragraph)) expected[n++] = strlen(text);
        }
        size_t got =
            cuts_of(text, paragraph ? PS_BOUNDARY_PARAGRAPH : PS_BOUNDARY_NEWLINE, (const uint8_t[]){1}, 1, cuts);
        if (got != n || memcmp(cuts, expected, n * sizeof *cuts) != 0) {
            fail_msg("%s: %zu cuts, expected %zu, first %zu and %zu, in\n%s", paragraph ? "paragraph" : "newline", got,
                     n, got > 0 ? cuts[0] : 0, n > 0 ? expected[0] : 0, text);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_answers_are_cut_where_a_reader_cuts_them),
        cmocka_unit_test(the_cuts_do_not_depend_on_the_tokens),
        cmocka_unit_test(a_block_that_is_never_closed_is_given_up),
        cmocka_unit_test(the_marks_of_every_family_close_what_is_open),
        cmocka_unit_test(what_only_begins_like_a_mark_is_the_text_it_is),
        cmocka_unit_test(random_texts_are_cut_as_by_an_implementation_over_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
