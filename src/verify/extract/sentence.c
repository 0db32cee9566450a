/* Sentences of a response, and their plain text. */
#include "verify/extract/text.h"
#include "verify/extract/value.h"

#include "verify/read/commands.h"

#include <stdint.h>
#include <string.h>

/* Does a point at i belong to an abbreviation: p.m., Rs., No., e.g.? */
static bool abbreviates(const char *text, size_t i) {
    static const char *const words[] = {"rs",  "no", "approx", "vs",  "eg", "ie", "cf",
                                        "fig", "eq", "st",     "ans", "g",  "e",  "i"};
    size_t begin = i;
    while (begin > 0 && isalpha((unsigned char)text[begin - 1]) && i - begin < 8)
        begin--;
    bool starts = begin == 0 || !isalnum((unsigned char)text[begin - 1]);
    for (size_t k = 0; k < sizeof words / sizeof *words && starts; k++)
        if (psv_word_is(text + begin, i - begin, words[k]))
            return i - begin > 1 || begin == 0 || text[begin - 1] == '.';
    return false;
}

/* The first formula that ends after i. They are in order. */
static size_t formula_after(const psv_formulas *formulas, size_t i) {
    size_t low = 0, high = formulas != NULL ? formulas->n : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (formulas->data[middle].whole.end <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t psv_sentence_end(const char *text, size_t length, size_t i, const psv_formulas *formulas) {
    bool started = false;
    size_t next = formula_after(formulas, i), formula = SIZE_MAX; /* where the next one begins */
    if (formulas != NULL && next < formulas->n) formula = formulas->data[next].whole.begin;
    for (; i < length; i++) {
        if (i >= formula) {
            i = formulas->data[next++].whole.end - 1;
            formula = next < formulas->n ? formulas->data[next].whole.begin : SIZE_MAX;
            started = true;
            continue;
        }
        char c = text[i];
        if (c == '\n' && started) return i;
        started = started || !isspace((unsigned char)c);
        if (c != '.' && c != '?' && c != "。"[0]) continue;
        if (i + 3 <= length && strncmp(text + i, "。", 3) == 0) return i;
        if (c != '.' && c != '?') continue;
        size_t after = i + 1;
        while (after < length && strchr("*_\"')]}`>", text[after]) != NULL)
            after++;
        if (after < length && (unsigned char)text[after] == 0xE2) after += 3; /* ” */
        if (after < length && !isspace((unsigned char)text[after]) && text[after] != '<') continue;
        bool dots = i > 1 && text[i - 1] == '.' && text[i - 2] == '.' && after + 1 < length;
        if (dots && strchr("+-=*,<>", text[after + 1]) != NULL && text[after + 1]) continue; /* 1 + 2 + ... = 81 */
        bool half_day = i > 1 && text[i - 1] == 'm' && text[i - 2] == '.';                   /* 4:30 p.m. */
        if (!half_day && !(after < length && abbreviates(text, i))) return i;
    }
    return length;
}

/* "<<9*2=18>>": GSM8K's note for a calculator at i. How long; 0: there is none. */
static size_t calculator_note(const char *text, size_t i, size_t end) {
    if (i + 4 > end || strncmp(text + i, "<<", 2) != 0) return 0;
    for (size_t k = i + 2; k + 1 < end && k < i + 120 && text[k] != '\n'; k++)
        if (strncmp(text + k, ">>", 2) == 0) return k + 2 - i;
    return 0;
}

/* A stretch without markdown, quotes and notes, on one line; arena. */
char *psv_plain_copy(psv_ctx *ctx, const char *text, psv_span stretch) {
    size_t length = stretch.end - stretch.begin, n = 0;
    char *copy = ps_arena_alloc(ctx->arena, length + 1);
    if (copy == NULL) return NULL;
    static const char *const quotes[] = {"“", "”", "«", "»", "„"};
    for (size_t i = stretch.begin; i < stretch.end; i++) {
        char c = text[i];
        size_t note = calculator_note(text, i, stretch.end);
        if (note) {
            i += note - 1;
            continue;
        }
        bool mark = c == '`' || c == '"' || c == '\r' || (c == '*' && i + 1 < stretch.end && text[i + 1] == '*');
        bool alone = c == '*' &&
                     (i == stretch.begin || isspace((unsigned char)text[i - 1]) || i + 1 == stretch.end ||
                      !isalnum((unsigned char)text[i + 1])) &&
                     !(i + 1 < stretch.end && text[i + 1] == ' ');
        if (c == '*' && mark) {
            i++;
            if (i + 1 < stretch.end && text[i + 1] == '!') i++; /* **24**! is no factorial */
        }
        for (size_t k = 0; k < sizeof quotes / sizeof *quotes && !mark; k++) {
            size_t bytes = strlen(quotes[k]);
            if (stretch.end - i < bytes || memcmp(text + i, quotes[k], bytes) != 0) continue;
            mark = true;
            i += bytes - 1;
        }
        if (!mark && !alone) copy[n++] = isspace((unsigned char)c) ? ' ' : c;
    }
    while (n && copy[n - 1] == ' ')
        n--;
    copy[n] = 0;
    return copy;
}
