/* persamp verify: compare answers. */
#include "cli.h"

#include "screen.h"

#include "persamp/verify.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp verify: compare a gold answer with a model's response, or many of them\n\n"
        "Examples\n"
        "  persamp verify --gold '\\frac{1}{2}' --response 'So the answer is $\\boxed{0.5}$.'\n"
        "  persamp verify --gold '(0, 1]' --answer '0 < x \\le 1'\n"
        "  persamp verify --pairs pairs.jsonl --show\n\n"
        "Options\n"
        "  --gold TEXT        the right answer\n"
        "  --response TEXT    a response; its answer is looked for (-: standard input)\n"
        "  --answer TEXT      an answer that was already taken out of its response\n"
        "  --pairs FILE       JSON lines with gold, pred or response, and expected or truth (-: standard input)\n"
        "  --show             print every disagreement of --pairs\n"
        "  --key NAME         field of --pairs with the expected verdict; the default is expected, then truth\n"
        "  --mode MODE        strict (the default), math_verify, exact_match, contains, choice\n"
        "  --extract MODE     boxed (the default), last_number, regex\n"
        "  --regex PATTERN    for --extract regex: the answer is its first group (PCRE2)\n\n"
        "Exit codes: 0 same, or full agreement; 1 different, unknown or a disagreement; 2 usage.\n");
}

typedef struct arguments {
    const char *gold, *response, *answer, *pairs, *key;
    bool show;
    ps_verify_options options;
} arguments;

static const char *const verdicts[] = {"different", "same", "unknown"};

static int find_name(const char *const *names, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return i;
    return -1;
}

static int bad_choice(const char *option, const char *value, const char *choices) {
    ps_cli_say("verify: %s %s: expected one of %s", option, value, choices);
    return EXIT_USAGE;
}

static int read_arguments(int argc, char **argv, arguments *a) {
    static const char *const modes[] = {"strict", "math_verify", "exact_match", "contains", "choice"};
    static const char *const extractions[] = {"boxed", "last_number", "regex"};
    static const char *const options[] = {"--gold", "--response", "--answer", "--pairs", "--show", "--key",
                                          "--mode", "--extract",  "--regex",  "--help",  NULL};
    bool failed = false;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if ((value = ps_cli_option(argc, argv, &i, "--gold", &failed)) != NULL)
            a->gold = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--response", &failed)) != NULL)
            a->response = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--answer", &failed)) != NULL)
            a->answer = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--pairs", &failed)) != NULL)
            a->pairs = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--key", &failed)) != NULL)
            a->key = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--regex", &failed)) != NULL)
            a->options.regex = value;
        else if ((value = ps_cli_option(argc, argv, &i, "--mode", &failed)) != NULL) {
            int mode = find_name(modes, 5, value);
            if (mode < 0) return bad_choice("--mode", value, "strict, math_verify, exact_match, contains, choice");
            a->options.mode = (ps_verify_mode)mode;
        } else if ((value = ps_cli_option(argc, argv, &i, "--extract", &failed)) != NULL) {
            int mode = find_name(extractions, 3, value);
            if (mode < 0) return bad_choice("--extract", value, "boxed, last_number, regex");
            a->options.extract = (ps_extract_mode)mode;
        } else if (strcmp(argv[i], "--show") == 0) {
            a->show = true;
        } else if (!failed) {
            return ps_cli_unknown("verify", argv[i], options);
        }
        if (failed) return EXIT_USAGE;
    }
    bool one = a->gold != NULL && (a->response != NULL) != (a->answer != NULL) && a->pairs == NULL;
    if (one || (a->pairs != NULL && a->gold == NULL && a->response == NULL && a->answer == NULL)) return EXIT_DONE;
    ps_cli_say("verify: give --gold and one of --response and --answer, or --pairs; `persamp verify -h` explains");
    return EXIT_USAGE;
}

/* ---- One comparison ------------------------------------------------------ */

/* A text of a file or a model, after its name. */
static void print_text(const char *name, const char *text) {
    fputs(name, stdout);
    ps_cli_put(stdout, text);
    putchar('\n');
}

static void print_result(const ps_verify_result *result) {
    printf("%s\n", verdicts[result->verdict]);
    if (result->extracted != NULL) print_text("extracted: ", result->extracted);
    print_text("gold:      ", result->gold_form != NULL ? result->gold_form : "(not read)");
    print_text("response:  ", result->response_form != NULL ? result->response_form : "(not read)");
    printf("stage:     %s%s%s\n", result->stage, *result->reason ? ": " : "", result->reason);
}

static ps_status compare(const char *gold, const char *text, bool extract, const ps_verify_options *options,
                         ps_verify_result *result, ps_error *err) {
    return extract ? ps_verify(gold, text, options, result, err)
                   : ps_verify_answers_explained(gold, text, options, result, err);
}

static int verify_one(const arguments *a) {
    ps_error err;
    ps_verify_result result = {0};
    char *input = NULL;
    const char *text = a->response != NULL ? a->response : a->answer;
    ps_status status = PS_OK;
    if (a->response != NULL && strcmp(a->response, "-") == 0) {
        size_t length;
        status = ps_read_file("-", (size_t)64 << 20, &input, &length, &err);
        text = input;
    }
    if (status == PS_OK) status = compare(a->gold, text, a->response != NULL, &a->options, &result, &err);
    int code = status == PS_OK ? (result.verdict == PS_SAME ? EXIT_DONE : EXIT_FAILED) : ps_cli_error(&err);
    if (status == PS_OK) print_result(&result);
    ps_verify_result_clear(&result);
    ps_free(input);
    return code;
}

/* ---- Many ---------------------------------------------------------------- */

typedef struct tally {
    size_t pairs, agreed;
} tally;

static const char *string_field(const json_t *line, const char *name) {
    return json_string_value(json_object_get(line, name));
}

/* The verdict that a line expects: true, false, or none. */
static const json_t *expected_field(const json_t *line, const char *key) {
    const json_t *value = json_object_get(line, key != NULL ? key : "expected");
    if (value == NULL && key == NULL) value = json_object_get(line, "truth");
    return json_is_boolean(value) ? value : NULL;
}

/* Options that a line of Math-Verify's own tests carries. */
static ps_verify_options line_options(const json_t *line, const ps_verify_options *options) {
    ps_verify_options own = *options;
    const json_t *precision = json_object_get(line, "precision");
    if (json_is_integer(precision)) own.decimals = (int)json_integer_value(precision);
    own.sets_are_relations = json_is_true(json_object_get(line, "allow_set_relation_comp"));
    return own;
}

static void show_disagreement(size_t number, const char *gold, const char *text, bool expected,
                              const ps_verify_result *result) {
    size_t length = strlen(text), shown = length > 160 ? 160 : length;
    shown = length - ps_utf8_cut(text, length, length - shown);
    printf("line %zu: expected %s, got %s (%s%s%s)\n", number, expected ? "same" : "not same",
           verdicts[result->verdict], result->stage, *result->reason ? ": " : "", result->reason);
    print_text("  gold:      ", gold);
    print_text(length > shown ? "  response:  …" : "  response:  ", text + length - shown);
    if (result->extracted != NULL) print_text("  extracted: ", result->extracted);
}

static int verify_line(const arguments *a, const json_t *line, size_t number, tally *t) {
    const char *gold = string_field(line, "gold"), *pred = string_field(line, "pred");
    const char *response = string_field(line, "response");
    const json_t *expected = expected_field(line, a->key);
    if (gold == NULL || (pred == NULL && response == NULL) || expected == NULL) {
        ps_cli_say("verify: %s:%zu: expected the fields gold, pred or response, and %s (true or false)", a->pairs,
                   number, a->key != NULL ? a->key : "expected or truth");
        return EXIT_FAILED;
    }
    ps_verify_options options = line_options(line, &a->options);
    /* Math-Verify extracts from everything it is given */
    bool extract = response != NULL || options.mode == PS_VERIFY_MATH_VERIFY;
    const char *text = response != NULL ? response : pred;
    ps_verify_result result = {0};
    ps_error err;
    if (compare(gold, text, extract, &options, &result, &err) != PS_OK) return ps_cli_error(&err);
    bool agrees = (result.verdict == PS_SAME) == json_is_true(expected);
    t->pairs++;
    t->agreed += agrees;
    if (!agrees && a->show) show_disagreement(number, gold, text, json_is_true(expected), &result);
    ps_verify_result_clear(&result);
    return EXIT_DONE;
}

static int verify_pairs(const arguments *a) {
    ps_error err;
    char *data = NULL;
    size_t length, number = 0;
    if (ps_read_file(a->pairs, (size_t)1 << 30, &data, &length, &err) != PS_OK) return ps_cli_error(&err);
    tally t = {0};
    int code = EXIT_DONE;
    for (char *line = data, *next; code == EXIT_DONE && line != NULL && *line; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) *next++ = 0;
        number++;
        if (line[strspn(line, " \t\r")] == 0) continue;
        json_error_t error;
        json_t *object = json_loads(line, 0, &error);
        if (object == NULL) {
            ps_cli_say("verify: %s:%zu:%d: %s", a->pairs, number, error.column, error.text);
            code = EXIT_FAILED;
            break;
        }
        code = verify_line(a, object, number, &t);
        json_decref(object);
    }
    ps_free(data);
    if (code != EXIT_DONE) return code;
    printf("agreement %zu/%zu\n", t.agreed, t.pairs);
    return t.agreed == t.pairs ? EXIT_DONE : EXIT_FAILED;
}

int ps_cmd_verify(int argc, char **argv) {
    arguments a = {0};
    for (int i = 1; i < argc; i++)
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
    int code = read_arguments(argc, argv, &a);
    if (code != EXIT_DONE) return code;
    return a.pairs != NULL ? verify_pairs(&a) : verify_one(&a);
}
