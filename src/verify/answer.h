/* Answers as read, and their comparison. */
#ifndef PERSAMP_VERIFY_ANSWER_H
#define PERSAMP_VERIFY_ANSWER_H

#include "persamp/verify.h"
#include "verify/number/numeric.h"
#include "verify/tree/tree.h"

typedef struct psv_answer {
    const char *source; /* trimmed: no delimiters, no full stop; arena */
    const char *words;  /* as plain words; arena */
    psv_node *tree;     /* a PSV_TEXT when the mathematics could not be read; NULL only without memory */
    const char *why;    /* static: why it could not be read; NULL when it could */
} psv_answer;

/* Read an answer. Never fails but for memory (ctx->nomem). */
void psv_read(psv_ctx *ctx, const char *text, size_t length, psv_answer *out);

/* Trim what encloses an answer: white space, $…$, \(…\), \[…\], \boxed{…}, **…**, a final full stop. */
const char *psv_trim(psv_ctx *ctx, const char *text, size_t length);

/* Work out what is not left to comparison: ± written out, matrix arithmetic done, nested lists opened. */
psv_node *psv_simplify(psv_ctx *ctx, psv_node *node);

/* Finite sums and products, and binomials with a variable on top, written out where they are small. Never NULL. */
psv_node *psv_expand_finite(psv_ctx *ctx, psv_node *node);

/* A comparison under way. */
typedef struct psv_compare {
    psv_ctx *ctx;
    bool a_marked, b_marked; /* that side said something that the other left out: a unit, a base, "x =" */
    bool proven;             /* nothing rested on overlapping balls or on a rounded decimal */
    bool unknown_unit;       /* units differ in name but neither is known */
    const char *stage;       /* static: what decided */
    const char *reason;      /* static, may be NULL */
    int depth;
} psv_compare;

psv_answer_is psv_compare_answers(psv_compare *c, const psv_answer *a, const psv_answer *b);
psv_answer_is psv_compare_nodes(psv_compare *c, const psv_node *a, const psv_node *b);
psv_answer_is psv_compare_scalars(psv_compare *c, const psv_node *a, const psv_node *b);

/* Sets of real numbers: YES, NO, or CANNOT_TELL when a side is not such a set. */
psv_answer_is psv_compare_regions(psv_compare *c, const psv_node *a, const psv_node *b);

/* Two equations or inequalities of expressions: the same up to a factor? */
psv_answer_is psv_compare_relations(psv_compare *c, const psv_node *a, const psv_node *b);

/* Numerals in a base by their digits; ratios by proportion, times of day by their parts. One side at least is one. */
psv_answer_is psv_compare_base(psv_compare *c, const psv_node *a, const psv_node *b);
psv_answer_is psv_compare_ratio(psv_compare *c, const psv_node *a, const psv_node *b);

/* The words of a node: of a text, of a choice, of a product of letters; false when it is something else. */
bool psv_words_of(const psv_node *node, ps_text *out);

/* "x = …", "f(2) = …", "AB/CD = …": a relation that only names what follows; its value, else NULL. */
const psv_node *psv_named_value(psv_ctx *ctx, const psv_node *node);
bool psv_is_equation(const psv_node *node);

static inline psv_answer_is psv_decide(psv_compare *c, const char *stage, psv_answer_is is, const char *reason) {
    c->stage = stage;
    if (reason) c->reason = reason;
    return is;
}

#endif
