/* persamp/verify.h: does a response give the same mathematical answer as the gold one?
 *
 * Depends on base only. Every call is bounded by counted work, never by a timer; nothing here aborts on hostile input.
 * Functions are pure and may run on several threads at once. docs/verifier.md states the rules.
 *
 * Memory: what the verifier itself lacks is PS_NOMEM, and never another verdict. FLINT and GMP, which compute its
 * numbers, end the process where malloc fails in them, unless the program says otherwise (ps_adopt_libraries). No
 * answer can make them take much: below 8 MiB, and for what is usual a few KiB. */
#ifndef PERSAMP_VERIFY_H
#define PERSAMP_VERIFY_H

#include "persamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ps_verdict { PS_DIFFERENT = 0, PS_SAME = 1, PS_UNKNOWN = 2 } ps_verdict;

/* How two answers are compared. */
typedef enum ps_verify_mode {
    PS_VERIFY_STRICT,      /* mathematically right; the default */
    PS_VERIFY_MATH_VERIFY, /* agrees with HuggingFace Math-Verify, for numbers comparable with published ones */
    PS_VERIFY_EXACT,       /* equal after trimming white space */
    PS_VERIFY_CONTAINS,    /* the response contains the gold text */
    PS_VERIFY_CHOICE /* multiple choice: the letter of the option, "(B)", "B) text", or its text as the gold gives it */
} ps_verify_mode;

/* Where the answer is looked for in a response. */
typedef enum ps_extract_mode {
    PS_EXTRACT_BOXED,       /* last \boxed, then "answer is", then last formula, then last number */
    PS_EXTRACT_LAST_NUMBER, /* the last number in the text */
    PS_EXTRACT_REGEX        /* first group (or whole match) of the last match of `regex` (PCRE2) */
} ps_extract_mode;

typedef struct ps_verify_options {
    ps_verify_mode mode;
    ps_extract_mode extract;
    const char *regex;       /* for PS_EXTRACT_REGEX, else ignored */
    int decimals;            /* math_verify only: places kept when a side is a decimal; 0: 6 */
    bool sets_are_relations; /* math_verify only: an inequality may answer for a gold interval */
} ps_verify_options;         /* zeroed: strict, boxed */

/* What was decided, and why. Text members are owned: free with ps_verify_result_clear. */
typedef struct ps_verify_result {
    ps_verdict verdict;
    char *extracted; /* the answer taken from the response, as written; NULL when there is none */
    char *gold_form; /* both sides as parsed, in a canonical notation; NULL when unread */
    char *response_form;
    const char *stage; /* static: the stage that decided ("extract", "text", "rational", "expression", "ball", …) */
    char reason[256];  /* one sentence */
} ps_verify_result;
PS_API void ps_verify_result_clear(ps_verify_result *result);

/* The answer in `response` (a model's text without the prompt). *answer is owned by the caller (ps_free), NULL with
 * PS_OK when there is none. PS_FORMAT: the regex does not compile. O(length); of a response beyond 256 KiB only the end
 * is looked at. */
PS_API ps_status ps_extract_answer(const char *response, const ps_verify_options *options, char **answer,
                                   ps_error *err);

/* Whether the text after `text` is thinking: <think> and the like was opened in it and not closed. `thinking`: the text
 * begins inside of it, since the mark that opens it stood in the prompt. O(length). */
PS_API bool ps_is_thinking(const char *text, bool thinking);

/* Whether a text that is still being written has its answer: in a box that is closed, neither empty nor a placeholder,
 * and outside of thinking. `thinking`: as above. PS_NOMEM. O(length). */
PS_API ps_status ps_answer_is_boxed(const char *text, bool thinking, bool *boxed, ps_error *err);

/* Compare a gold answer (no extraction: it is the answer, though one \boxed around it is removed) with a response.
 * options may be NULL (strict, boxed). */
PS_API ps_status ps_verify(const char *gold, const char *response, const ps_verify_options *options,
                           ps_verify_result *result, ps_error *err);

/* Compare two answers that were already extracted. Symmetric. */
PS_API ps_status ps_verify_answers(const char *a, const char *b, const ps_verify_options *options, ps_verdict *verdict,
                                   ps_error *err);

/* As ps_verify_answers, with what was decided and why (`extracted` stays NULL). */
PS_API ps_status ps_verify_answers_explained(const char *a, const char *b, const ps_verify_options *options,
                                             ps_verify_result *result, ps_error *err);

/* Classes of equivalent answers for voting. answers[0..n), NULL entries (no answer) belong to no class. Writes
 * class_of[i] in 0 … *n_classes − 1 in order of first appearance, or −1 for NULL entries. An equivalence relation on
 * what it meets, whatever their order: an answer that says less than others (no unit, no base, a rounded decimal) joins
 * them only when they agree with each other. O(d²) comparisons for d different texts. */
PS_API ps_status ps_answer_classes(const char *const *answers, size_t n, const ps_verify_options *options,
                                   int *class_of, size_t *n_classes, ps_error *err);

/* Free what the arithmetic library (FLINT) caches for the calling thread. Call it where a thread that verified ends;
 * later calls on the thread are fine and fill the caches again. */
PS_API void ps_verify_thread_end(void);

#ifdef __cplusplus
}
#endif
#endif
