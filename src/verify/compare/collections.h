/* Comparison of what has members. */
#ifndef PERSAMP_VERIFY_COMPARE_COLLECTIONS_H
#define PERSAMP_VERIFY_COMPARE_COLLECTIONS_H

#include "verify/compare/compare.h"

psv_answer_is psv_in_order(psv_compare *c, psv_node *const *a, size_t na, psv_node *const *b, size_t nb);
psv_answer_is psv_in_any_order(psv_compare *c, psv_node *const *a, size_t na, psv_node *const *b, size_t nb);

bool psv_is_collection(const psv_node *node); /* a list or a set */
bool psv_any_equation(const psv_node *list);
psv_node *psv_split_tuple_equation(psv_ctx *ctx, const psv_node *node); /* (x, y) = (1, 2) as x = 1, y = 2; or NULL */

psv_answer_is psv_compare_collections(psv_compare *c, const psv_node *a, const psv_node *b);
/* A list or set of `side` against anything else. */
psv_answer_is psv_compare_collection(psv_compare *c, psv_side side, const psv_node *set, const psv_node *other);
psv_answer_is psv_compare_tuples(psv_compare *c, const psv_node *a, const psv_node *b);
psv_answer_is psv_compare_matrices(psv_compare *c, const psv_node *a, const psv_node *b);

#endif
