/* Answers in words: those that are mathematics (sets, numbers, fractions), and those that are only words. */
#include "verify/read/phrases.h"
#include "verify/read/commands.h"
#include "verify/read/prose.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <ctype.h>
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

size_t psv_and_a_part(const char *s, size_t length, long *above, long *below) {
    enum { LONGEST = 32, MOST_WORDS = 3 };
    char words[LONGEST];
    size_t n = 0, i = 0, last = 0;
    while (i < length && s[i] == ' ')
        i++;
    if (i + 4 > length || !psv_word_is(s + i, 3, "and") || s[i + 3] != ' ') return 0;
    i += 3;
    for (int k = 0; k < MOST_WORDS; k++) {
        while (i < length && (s[i] == ' ' || (s[i] == '-' && k > 0)))
            i++;
        for (last = n; i < length && isalpha((unsigned char)s[i]); i++) {
            if (n + 2 >= LONGEST) return 0;
            words[n++] = (char)tolower((unsigned char)s[i]);
        }
        words[n] = '\0';
        if (n == last) return 0;
        *below = part_word(words + last);
        if (*below > 0) break;
        words[n++] = ' ';
    }
    bool goes_on = i < length && (isalnum((unsigned char)s[i]) || (length - i >= 4 && psv_word_is(s + i, 4, " of ")));
    if (*below == 0 || goes_on) return 0;
    if (last > 0) words[last - 1] = '\0';
    bool article = last > 0 && (strcmp(words, "a") == 0 || strcmp(words, "an") == 0);
    *above = article || last == 0 ? 1 : psv_number_word(words);
    bool alone = last == 0 && *below != 2 && *below != 4; /* "7 and half", but not "7 and third" */
    return *above > 0 && *above < *below && !alone ? i : 0;
}

size_t psv_out_of(const char *s, size_t length) {
    static const char *const phrases[] = {"out of ", "out of every ", "out of the ", "out of all "};
    size_t blanks = 0;
    while (blanks < length && s[blanks] == ' ')
        blanks++;
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
        size_t n = strlen(phrases[k]), after = blanks + n;
        if (after < length && psv_word_is(s + blanks, n, phrases[k]) && isdigit((unsigned char)s[after])) return after;
    }
    return 0;
}

/* "seven and a half". */
static psv_node *mixed_in_words(psv_ctx *ctx, const char *words) {
    long above = 0, below = 1;
    const char *joint = strstr(words, " and ");
    size_t left = joint != NULL ? strlen(joint) : 0;
    if (joint == NULL || psv_and_a_part(joint, left, &above, &below) != left) return NULL;
    const char *count = ps_arena_strndup(ctx->arena, words, (size_t)(joint - words));
    long whole = count != NULL ? psv_number_word(count) : -1;
    if (whole < 0) return NULL;
    psv_node *part = psv_binary(ctx, PSV_DIV, psv_integer(ctx, above), psv_integer(ctx, below));
    return psv_binary(ctx, PSV_ADD, psv_integer(ctx, whole), part);
}

/* "one in five", "one out of every five". */
static psv_node *share_in_words(psv_ctx *ctx, const char *words) {
    static const char *const joints[] = {" in every ", " in ", " out of every ", " out of "};
    for (size_t k = 0; k < sizeof joints / sizeof *joints; k++) {
        const char *joint = strstr(words, joints[k]);
        const char *count = joint != NULL ? ps_arena_strndup(ctx->arena, words, (size_t)(joint - words)) : NULL;
        long above = count != NULL ? psv_number_word(count) : -1;
        long below = above >= 0 ? psv_number_word(joint + strlen(joints[k])) : -1;
        if (below > 0) return psv_binary(ctx, PSV_DIV, psv_integer(ctx, above), psv_integer(ctx, below));
    }
    return NULL;
}

/* "twenty one apples": a number and at most two nouns that do not change it. */
static psv_node *counted_in_words(psv_ctx *ctx, const char *words) {
    for (const char *joint = strrchr(words, ' '); joint != NULL && joint > words;) {
        const char *count = ps_arena_strndup(ctx->arena, words, (size_t)(joint - words)), *noun = joint + 1;
        const char *second = strchr(noun, ' ');
        if (count == NULL || (second != NULL && strchr(second + 1, ' ') != NULL)) return NULL;
        long number = psv_number_word(count);
        if (number >= 0) {
            size_t first = strcspn(noun, " ");
            bool plain = psv_is_plain_word(noun, first) && first > 2 && !psv_changes_number(noun) && !part_word(noun);
            psv_node *node = plain ? psv_unary(ctx, PSV_UNIT, psv_integer(ctx, number)) : NULL;
            if (node != NULL) node->text = noun;
            return node;
        }
        do
            joint--;
        while (joint > words && *joint != ' ');
    }
    return NULL;
}

psv_node *psv_known_phrase(psv_ctx *ctx, const char *words) {
    if (psv_means_reals(words)) return psv_named(ctx, PSV_NUMBERS, "R", 1);
    if (means_nothing(words)) return psv_node_new(ctx, PSV_EMPTY, 0, NULL);
    if (strcmp(words, "infinity") == 0) return psv_constant(ctx, PSV_INFINITY);
    size_t sign = strncmp(words, "negative ", 9) == 0 ? 9 : strncmp(words, "minus ", 6) == 0 ? 6 : 0;
    if (sign > 0) { /* negative seven */
        long below = psv_number_word(words + sign);
        psv_node *value = below >= 0 ? psv_integer(ctx, below) : fraction_in_words(ctx, words + sign);
        return value != NULL ? psv_unary(ctx, PSV_NEG, value) : NULL;
    }
    long number = psv_number_word(words);
    if (number < 0) {
        psv_node *part = mixed_in_words(ctx, words); /* "one hundred and one half" is no 101 halves */
        if (part == NULL) part = fraction_in_words(ctx, words);
        if (part == NULL) part = share_in_words(ctx, words);
        return part != NULL ? part : counted_in_words(ctx, words);
    }
    psv_node *node = psv_integer(ctx, number);
    if (node != NULL) node->spelled = true;
    return node;
}
