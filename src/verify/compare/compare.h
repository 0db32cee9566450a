/* The comparison of two answers that were read. */
#ifndef PERSAMP_VERIFY_COMPARE_COMPARE_H
#define PERSAMP_VERIFY_COMPARE_COMPARE_H

#include "verify/number/numeric.h"
#include "verify/read/read.h"

/* Which of the two answers. In ps_verify the first one is the gold answer. */
typedef enum psv_side { PSV_FIRST, PSV_SECOND } psv_side;

/* A comparison under way. */
typedef struct psv_compare {
    psv_ctx *ctx;
    bool says_more[2];  /* by side: it said something that the other left out, a unit, a base, "x =" */
    bool proven;        /* nothing rested on overlapping balls or on a rounded decimal */
    const char *stage;  /* static: what decided */
    const char *reason; /* static, may be NULL */
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

static inline psv_answer_is psv_decide(psv_compare *c, const char *stage, psv_answer_is is, const char *reason) {
    c->stage = stage;
    if (reason != NULL) c->reason = reason;
    return is;
}

static inline psv_answer_is psv_no(psv_compare *c, const char *stage, const char *reason) {
    return psv_decide(c, stage, PSV_NO, reason);
}

/* Compare x, which is of `side`, with y of the other one. */
static inline psv_answer_is psv_compare_sided(psv_compare *c, psv_side side, const psv_node *x, const psv_node *y) {
    return side == PSV_FIRST ? psv_compare_nodes(c, x, y) : psv_compare_nodes(c, y, x);
}

#endif
