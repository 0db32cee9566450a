/* Finding the answer in a response. Everything is one pass over the text (or a constant number of them). */
#ifndef PERSAMP_VERIFY_EXTRACT_EXTRACT_H
#define PERSAMP_VERIFY_EXTRACT_EXTRACT_H

#include "persamp/verify.h"
#include "verify/compare/compare.h"

#include <ctype.h>
#include <string.h>

/* A stretch of a text. */
typedef struct psv_span {
    size_t begin, end;
} psv_span;

/* A formula between delimiters: the whole, and what is between. */
typedef struct psv_formula {
    psv_span whole, inner;
} psv_formula;

typedef struct psv_formulas {
    psv_formula *data;
    size_t n, capacity;
} psv_formulas;

/* All of $…$, $$…$$, \(…\), \[…\] in order; arena. */
psv_formulas psv_find_formulas(psv_ctx *ctx, const char *text, size_t length);

/* Do these letters, given in lower case, stand at s in upper or lower case? */
bool psv_all_letters_at(const char *s, size_t left, const char *lower);
static inline char psv_lower(char c) { /* tolower without a call: it is asked of every character */
    return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}
static inline bool psv_letters_at(const char *s, size_t left, const char *lower) {
    bool first = left > 0 && psv_lower(*s) == *lower; /* most texts differ there */
    return first ? psv_all_letters_at(s, left, lower) : *lower == '\0';
}

/* What a search looks for: characters, and the bits that psv_kind_of has for them. */
typedef struct psv_marks {
    const char *characters;
    unsigned kinds;
} psv_marks;
enum { PSV_TAG = 1, PSV_LINE = 2, PSV_DOLLAR = 4, PSV_BACKSLASH = 8, PSV_BRACE = 16, PSV_BACKSPACE = 32, PSV_E2 = 64 };
static const unsigned char psv_kind_of[256] = {
    ['<'] = PSV_TAG,   ['['] = PSV_TAG,   ['\n'] = PSV_LINE,      ['$'] = PSV_DOLLAR, ['\\'] = PSV_BACKSLASH,
    ['{'] = PSV_BRACE, ['}'] = PSV_BRACE, ['\b'] = PSV_BACKSPACE, [0xE2] = PSV_E2,
};
#define PSV_TAGS          ((psv_marks){"<[", PSV_TAG})
#define PSV_TAGS_OR_LINES ((psv_marks){"<[\n", PSV_TAG | PSV_LINE})
#define PSV_TAGS_OR_E2    ((psv_marks){"<[\xE2", PSV_TAG | PSV_E2})
#define PSV_FORMULAS      ((psv_marks){"$\\", PSV_DOLLAR | PSV_BACKSLASH})
#define PSV_FORMULA_ENDS  ((psv_marks){"$\\\n", PSV_DOLLAR | PSV_BACKSLASH | PSV_LINE})
#define PSV_BOXES         ((psv_marks){"\\\b{}", PSV_BACKSLASH | PSV_BACKSPACE | PSV_BRACE})

/* The next place from i on with one of a few characters, at most `end`. Searches in a response are passes over all of
 * it: what is far is looked for by the C library, which takes many characters at a time. The text is terminated, at
 * `end` or later. */
static inline size_t psv_next_of(const char *text, size_t i, size_t end, psv_marks marks) {
    for (size_t near = i + 16; i < end && i < near; i++) /* where there is one after the other a call is dear */
        if ((psv_kind_of[(unsigned char)text[i]] & marks.kinds) != 0) return i;
    if (i >= end) return end;
    i += strcspn(text + i, marks.characters);
    return i < end ? i : end;
}

/* What stands between two formulas. */
typedef struct psv_joint {
    bool only;        /* nothing but white space, commas, "and" and "or" */
    bool comma, word; /* there is a comma, one of the words */
} psv_joint;
psv_joint psv_joint_between(const char *text, psv_span between);

/* The formulas in a stretch, joined while nothing but a separator is between; arena. NULL when there are none. */
const char *psv_formulas_in(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas);

/* The contents of formulas[first..last], joined by commas; arena. NULL without memory. */
const char *psv_join_formulas(psv_ctx *ctx, const char *text, const psv_formulas *formulas, size_t first, size_t last);

/* The contents of the last box, or of the last few when only a comma or "and"/"or" stands between. Boxes that say the
 * same thing in two ways are one answer: the last. With `formulas`, a box that is part of a formula brings the rest of
 * it. false when there is no box. *where is the last one's place. */
bool psv_last_boxes(psv_ctx *ctx, const char *text, psv_span span, const psv_formulas *formulas, const char **content,
                    psv_span *where);

/* The last number in text[0..length): digits with groups, point, a fraction, a percent sign. */
bool psv_last_number(const char *text, size_t length, psv_span *out);

/* Does text start as a sentence, words first and a number after them ("There are 5 ways")? */
bool psv_opens_with_prose(const char *text, size_t length);

/* The plain expression that a number in running text is part of: "(1, 2)", "2√3"; else the number. */
psv_span psv_around_number(const char *text, size_t length, psv_span number);

/* The rules that look for an answer, in their order: the first that finds one decides. */
typedef struct psv_candidate_rule {
    const char *name, *says;
    const char *example, *answer; /* a response, and what the rule takes from it */
} psv_candidate_rule;
const psv_candidate_rule *psv_candidate_rule_at(size_t k); /* k < psv_n_candidate_rules */
extern const size_t psv_n_candidate_rules;

/* Where the part of a long response starts that is looked at: PSV_MAX_RESPONSE before its end, or earlier, where a box
 * that is open there starts. */
size_t psv_window(const char *response, size_t length);

/* The part of a response that answers: after the thinking, before the next question. */
psv_span psv_own_answer(const char *response, size_t length);

/* The answer, NULL when there is none; arena. */
const char *psv_extract(psv_ctx *ctx, const char *response, size_t length);

/* As psv_extract; *rule gets the place of the rule that decided, psv_n_candidate_rules when none did. */
const char *psv_extract_by_rule(psv_ctx *ctx, const char *response, size_t length, size_t *rule);
const char *psv_extract_last(psv_ctx *ctx, const char *text, size_t length, const psv_formulas *formulas);
const char *psv_extract_as_math_verify(psv_ctx *ctx, const char *response, size_t length);

/* "1,22" as 1.22: a comma not followed by three digits. Another text as it is. */
const char *psv_reference_number(psv_ctx *ctx, const char *text);

/* The differences between the graders, by mode. */
static inline const psv_rules *psv_rules_of(ps_verify_mode mode) {
    return mode == PS_VERIFY_MATH_VERIFY ? &psv_math_verify_rules : &psv_strict_rules;
}

/* First group, or the whole, of the last match of a PCRE2 pattern. */
ps_status psv_extract_regex(psv_ctx *ctx, const char *regex, const char *response, size_t length, const char **out,
                            ps_error *err);

#endif
