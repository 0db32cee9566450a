/* Answers in words: those that are mathematics (sets, numbers, fractions), and those that are only words. */
#include "verify/read/phrases.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <string.h>

static bool listed(const char *const *list, size_t n, const char *words, size_t length) {
    for (size_t k = 0; k < n; k++)
        if (strlen(list[k]) == length && memcmp(list[k], words, length) == 0) return true;
    return false;
}

static bool means_reals(const char *words, size_t length) {
    static const char *const reals[] = {"all real numbers", "all reals",  "real numbers",     "the real numbers",
                                        "all real values",  "all real x", "any real number",  "any real x",
                                        "all real number",  "the reals",  "every real number"};
    return listed(reals, sizeof reals / sizeof *reals, words, length);
}

static bool means_nothing(const char *words) {
    static const char *const nothing[] = {"empty set",
                                          "the empty set",
                                          "no solution",
                                          "no solutions",
                                          "no real solution",
                                          "no real solutions",
                                          "there is no solution",
                                          "there are no solutions",
                                          "no solution exists",
                                          "none"};
    return listed(nothing, sizeof nothing / sizeof *nothing, words, strlen(words));
}

/* "third", "thirds", "half", "twentieth": what a part is one of; 0 for other words. */
static long part_word(const char *word) {
    static const struct {
        const char *name;
        long of;
    } parts[] = {{"half", 2},     {"halve", 2},      {"third", 3},       {"quarter", 4},
                 {"fourth", 4},   {"fifth", 5},      {"sixth", 6},       {"seventh", 7},
                 {"eighth", 8},   {"ninth", 9},      {"tenth", 10},      {"eleventh", 11},
                 {"twelfth", 12}, {"twentieth", 20}, {"hundredth", 100}, {"thousandth", 1000}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        size_t n = strlen(parts[k].name);
        if (strncmp(word, parts[k].name, n) == 0 && (!word[n] || (word[n] == 's' && !word[n + 1]))) return parts[k].of;
    }
    return 0;
}

/* "two thirds", "one fifth", "half". */
static psv_node *fraction_in_words(psv_ctx *ctx, const char *words) {
    const char *last = strrchr(words, ' ');
    long below = part_word(last != NULL ? last + 1 : words), above = 1;
    if (!below || (last == NULL && below != 2)) return NULL; /* "third" alone is a place */
    if (last != NULL) {
        const char *count = ps_arena_strndup(ctx->arena, words, (size_t)(last - words));
        above = count != NULL ? psv_number_word(count) : -1;
        if (count != NULL && strcmp(count, "a") == 0) above = 1;
    }
    return above < 0 ? NULL : psv_binary(ctx, PSV_DIV, psv_integer(ctx, above), psv_integer(ctx, below));
}

psv_node *psv_known_phrase(psv_ctx *ctx, const char *words) {
    if (means_reals(words, strlen(words))) return psv_named(ctx, PSV_NUMBERS, "R", 1);
    if (means_nothing(words)) return psv_node_new(ctx, PSV_EMPTY, 0, NULL);
    if (strcmp(words, "infinity") == 0) return psv_constant(ctx, PSV_INFINITY);
    long number = psv_number_word(words);
    if (number < 0) return fraction_in_words(ctx, words);
    psv_node *node = psv_integer(ctx, number);
    if (node != NULL) node->spelled = true;
    return node;
}

/* The numbers that follow "except" as a set; NULL when something else does. */
static psv_node *excluded(psv_ctx *ctx, const char *text) {
    psv_answer answer;
    if (strstr(text, "except") != NULL) return NULL; /* one level of exceptions */
    text += strspn(text, " }:$");
    psv_read(ctx, text, strlen(text), &answer);
    psv_node *tree = answer.tree;
    if (tree == NULL || answer.why != NULL) return NULL;
    const psv_node *value = psv_named_value(ctx, tree);
    if (value != NULL) tree = (psv_node *)value;
    if (tree->kind == PSV_SET) return tree;
    bool list = tree->kind == PSV_LIST;
    for (size_t i = 0; i < (list ? tree->n : 1); i++) {
        const psv_node *kid = list ? tree->kid[i] : tree;
        if (!psv_is_scalar(kid) || psv_has_variable(kid)) return NULL;
    }
    return psv_node_new(ctx, PSV_SET, list ? tree->n : 1, list ? tree->kid : &tree);
}

psv_node *psv_reals_in_words(psv_ctx *ctx, const char *source) {
    const char *except = strstr(source, "except");
    size_t length = except != NULL ? (size_t)(except - source) : strlen(source);
    if (length > 80) return NULL;
    const char *words = psv_plain_words(ctx, source, length);
    if (words == NULL || !means_reals(words, strlen(words))) return NULL;
    psv_node *reals = psv_named(ctx, PSV_NUMBERS, "R", 1);
    if (except == NULL) return reals;
    const char *rest = except + strlen("except");
    if (strncmp(rest, " for", 4) == 0) rest += 4;
    psv_node *without = excluded(ctx, rest);
    return without != NULL ? psv_binary(ctx, PSV_MINUS, reals, without) : NULL;
}

/* Words and numbers without any sign of mathematics ("\text{June } 20"): what plain words leave out says nothing. */
bool psv_is_label(const char *source) {
    size_t longest = 0;
    char before = ' ';
    for (const char *s = source; *s;) {
        size_t run = 0;
        bool command = *s == '\\';
        s += command;
        while (isalpha((unsigned char)s[run]))
            run++;
        if (command && !psv_is_text_command(s, run)) return false;
        if (!command && run > longest) longest = run;
        if (!run && !command) {
            bool beside_digit = isdigit((unsigned char)before) || isdigit((unsigned char)s[1]);
            bool plain = isdigit((unsigned char)*s) || (unsigned char)*s >= 128 || strchr(" {}", *s);
            bool stop = strchr(",.", *s) != NULL && !isdigit((unsigned char)s[1]); /* not the point of 1.5 */
            if (!plain && !stop && (beside_digit || strchr("'\"-:;!?()*", *s) == NULL)) return false;
        }
        before = *s;
        s += run ? run : 1;
    }
    return longest >= 3;
}

/* May the plain words of two answers, which drop signs and brackets, stand for them? */
bool psv_are_words(const psv_answer *a, const psv_answer *b) {
    bool digits = strpbrk(a->words, "0123456789") != NULL || strpbrk(b->words, "0123456789") != NULL;
    bool prose = !digits && a->why == NULL && b->why == NULL;
    return prose || (psv_is_label(a->source) && psv_is_label(b->source));
}
