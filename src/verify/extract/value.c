/* What a stretch of running text states: its formula, or the value that it starts with. */
#include "verify/extract/value.h"

#include "verify/extract/text.h"
#include "verify/read/prose.h"

#include <string.h>

const char *psv_readable(psv_ctx *ctx, const char *text, psv_span span, size_t most_words) {
    if (span.end - span.begin > PSV_LONGEST_VALUE || span.end == span.begin) return NULL;
    psv_answer answer;
    psv_read(ctx, text + span.begin, span.end - span.begin, &answer);
    if (answer.tree == NULL || answer.why != NULL || !*answer.source) return NULL;
    if (answer.tree->kind == PSV_TEXT) {
        size_t words = 1;
        for (const char *s = answer.words; *s; s++)
            words += *s == ' ';
        if (words > most_words || !*answer.words) return NULL;
    }
    return ps_arena_strndup(ctx->arena, text + span.begin, span.end - span.begin);
}

/* The number that a text starts with, with sign, fraction and percent sign: its end. */
static size_t leading_number(const char *s) {
    size_t i = strspn(s, "-$ ");
    if (!isdigit((unsigned char)s[i])) return 0;
    while (isdigit((unsigned char)s[i]) || (strchr(".,/", s[i]) != NULL && s[i] && isdigit((unsigned char)s[i + 1])))
        i++;
    if (s[i] == '%') i++;
    return i;
}

/* "D", "(D)", "D) 12", "D: text", "D because": a capital letter that stands for a choice. How much of the text says so.
 */
static size_t choice_length(const char *s) {
    bool bracket = *s == '(';
    const char *at = s + bracket;
    if (*at < 'A' || *at > 'J') return 0;
    if (bracket) return at[1] == ')' ? 3 : 0;
    bool ends = !at[1] || strchr(".,;:)*", at[1]) != NULL;
    bool words = at[1] == ' ' && (psv_letter(at[2]) || at[2] == '-' || at[2] == '(') && *at != 'A';
    return ends || words ? 1 : 0;
}

/* A choice with what it stands for, when the rest of the text says that and is short. */
static const char *stated_choice(psv_ctx *ctx, const char *s) {
    size_t used = choice_length(s);
    if (!used) return NULL;
    bool with_text =
        (s[used] == ')' || s[used] == ':' || s[used] == '.' || s[0] == '(') && strlen(s) > used + 1 && strlen(s) < 80;
    if (with_text) {
        psv_answer answer;
        psv_read(ctx, s, strlen(s), &answer);
        if (answer.tree != NULL && answer.why == NULL && answer.tree->kind == PSV_CHOICE)
            return ps_arena_strndup(ctx->arena, s, strlen(s));
    }
    return ps_arena_strndup(ctx->arena, s, used);
}

static bool only_words(const char *s) {
    return strpbrk(s, "0123456789\\=<>^") == NULL;
}

/* A value at the start of a text, NULL when it starts with something else. */
const char *psv_value_at_start(psv_ctx *ctx, const char *s) {
    const char *choice = stated_choice(ctx, s);
    if (choice != NULL) return choice;
    psv_value_end w = psv_find_value_end(s);
    if (w.denied) return ps_arena_strndup(ctx->arena, s, strlen(s) < PSV_LONGEST_VALUE ? strlen(s) : PSV_LONGEST_VALUE);
    if (w.end) {
        psv_answer answer;
        psv_read(ctx, s, w.end, &answer);
        if (answer.tree != NULL && answer.why == NULL && *answer.source && answer.tree->kind != PSV_TEXT)
            return ps_arena_strndup(ctx->arena, s, w.end);
    }
    size_t number = leading_number(s);
    return number ? ps_arena_strndup(ctx->arena, s, number) : NULL;
}

const psv_formula *psv_first_formula(const psv_formulas *formulas, psv_span stretch) {
    for (size_t k = 0; formulas != NULL && k < formulas->n && formulas->data[k].whole.begin < stretch.end; k++)
        if (formulas->data[k].whole.begin >= stretch.begin) return &formulas->data[k];
    return NULL;
}

/* Words that lead in, as often as they come: "that there are", "**", "(". */
static const char *without_lead_in(const char *s) {
    for (;;) {
        const char *before = s;
        while (*s && strchr(" :*\"'=", *s) != NULL)
            s++;
        s += psv_lead_in(s, strlen(s));
        size_t approximate = psv_letters_at(s, strlen(s), "\xe2\x89\x88") ? 3 : 0;
        s += approximate;
        if (s == before) return s;
    }
}

/* Words before a number that make another number of it, or none. */
static const char *const changing_words[] = {
    "at least ",     "at most ",       "less than ",      "more than ",    "fewer than ",     "greater than ",
    "no more than ", "no fewer than ", "no less than ",   "almost ",       "nearly ",         "over ",
    "under ",        "between ",       "twice ",          "half of ",      "double ",         "up to ",
    "log of ",       "logarithm of ",  "square root of ", "cube root of ", "inverse of ",     "reciprocal of ",
    "opposite of ",  "half ",          "triple ",         "quarter of ",   "third of ",       "fourth of ",
    "fifth of ",     "sixth of ",      "eighth of ",      "tenth of ",     "thirds of ",      "quarters of ",
    "fourths of ",   "fifths of ",     "square of ",      "cube of ",      "multiple of ",    "percent of ",
    "smaller than ", "larger than ",   "all but ",        "anything but ", "everything but ", "except ",
    "than ",         "cannot be ",     "can't be ",       "not be ",       "never be ",       "root of ",
    "% of ",         "below ",         "above ",          "beyond ",       "exceeds ",        "exceed ",
    "times "};

size_t psv_words_on_number(const char *s) {
    static const char *const openers[] = {"the ",  "a ",   "an ",       "one ",        "two ", "three ",
                                          "four ", "any ", "anything ", "everything ", "all "};
    size_t article = 0;
    for (size_t k = 0; k < sizeof openers / sizeof *openers && article == 0; k++)
        article = psv_letters_at(s, strnlen(s, 12), openers[k]) ? strlen(openers[k]) : 0;
    size_t left = strnlen(s + article, 24), whole = strnlen(s, 24);
    for (size_t k = 0; k < sizeof changing_words / sizeof *changing_words; k++) {
        if (psv_letters_at(s + article, left, changing_words[k])) return article + strlen(changing_words[k]);
        if (psv_letters_at(s, whole, changing_words[k])) return strlen(changing_words[k]); /* "anything but" */
    }
    return 0;
}

bool psv_changed_at(const char *s, size_t i) {
    for (size_t k = 0; k < sizeof changing_words / sizeof *changing_words; k++) {
        size_t n = strlen(changing_words[k]);
        if (i < n || !psv_letters_at(s + i - n, n, changing_words[k])) continue;
        if (i == n || !isalpha((unsigned char)s[i - n - 1])) return true; /* "sometimes 5" */
    }
    return false;
}

static const char *stated(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas,
                          bool anywhere) {
    const psv_formula *formula = psv_first_formula(formulas, stretch);
    if (formula != NULL && !psv_digit_within(text, stretch.begin, formula->whole.begin))
        return psv_formulas_in(ctx, text, stretch, formulas);
    const char *s = psv_plain_copy(ctx, text, stretch);
    if (s == NULL) return NULL;
    s = without_lead_in(s);
    if (!*s) return NULL;
    if (psv_letters_at(s, strlen(s), "not ")) return NULL;
    psv_span all = {0, strlen(s)};
    if (psv_letters_at(s, strlen(s), "all real") || psv_letters_at(s, strlen(s), "any real"))
        return psv_readable(ctx, s, all, 8);
    if (psv_words_on_number(s) > 0 && psv_digit_within(s, 0, all.end)) { /* "at least 5" is no 5 */
        const char *bound = psv_readable(ctx, s, all, 0);
        return bound != NULL
                   ? bound
                   : ps_arena_strndup(ctx->arena, s, all.end < PSV_LONGEST_VALUE ? all.end : PSV_LONGEST_VALUE);
    }
    bool signed_words = psv_letters_at(s, strlen(s), "negative ") || psv_letters_at(s, strlen(s), "minus ");
    if (signed_words) return psv_readable(ctx, s, all, 4);
    const char *value = psv_value_at_start(ctx, s);
    if (value != NULL) return value;
    if (only_words(s)) {
        size_t end = strcspn(s, ",;:(");
        return psv_readable(ctx, s, (psv_span){0, end}, 4);
    }
    size_t clause = strcspn(s, ",;:("); /* "Tom, who ran 5 km" */
    bool name = clause && isupper((unsigned char)*s) && !psv_digit_within(s, 0, clause) && s[clause] &&
                memchr(s, '=', clause) == NULL;
    const char *words = name ? psv_readable(ctx, s, (psv_span){0, clause}, 2) : NULL;
    if (words != NULL) return words;
    const char *whole = psv_readable(ctx, s, all, 4);
    return whole != NULL || !anywhere ? whole : psv_result_of_sentence(ctx, s, all);
}

const char *psv_stated_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    return stated(ctx, text, stretch, formulas, true);
}

const char *psv_first_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    return stated(ctx, text, stretch, formulas, false);
}
