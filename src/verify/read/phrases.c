/* Answers in words: those that are mathematics (sets, numbers, fractions), and those that are only words. */
#include "verify/read/phrases.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <string.h>

bool psv_means_reals(const char *words) {
    static const char *const reals[] = {"all real numbers", "all reals",  "real numbers",     "the real numbers",
                                        "all real values",  "all real x", "any real number",  "any real x",
                                        "all real number",  "the reals",  "every real number"};
    return PSV_IS_ONE_OF(reals, words, strlen(words));
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
    return PSV_IS_ONE_OF(nothing, words, strlen(words));
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
    if (psv_means_reals(words)) return psv_named(ctx, PSV_NUMBERS, "R", 1);
    if (means_nothing(words)) return psv_node_new(ctx, PSV_EMPTY, 0, NULL);
    if (strcmp(words, "infinity") == 0) return psv_constant(ctx, PSV_INFINITY);
    size_t sign = strncmp(words, "negative ", 9) == 0 ? 9 : strncmp(words, "minus ", 6) == 0 ? 6 : 0;
    if (sign > 0) { /* negative seven */
        long below = psv_number_word(words + sign);
        return below >= 0 ? psv_unary(ctx, PSV_NEG, psv_integer(ctx, below)) : NULL;
    }
    long number = psv_number_word(words);
    if (number < 0) return fraction_in_words(ctx, words);
    psv_node *node = psv_integer(ctx, number);
    if (node != NULL) node->spelled = true;
    return node;
}
