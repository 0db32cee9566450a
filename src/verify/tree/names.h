/* Questions to a tree: does it name a value, is it only words? */
#ifndef PERSAMP_VERIFY_TREE_NAMES_H
#define PERSAMP_VERIFY_TREE_NAMES_H

#include "verify/tree/tree.h"

bool psv_is_equation(const psv_node *node); /* a chain of = and ≈ */

/* Nothing but names: x, f(2), AB/CD, m + n, sin C. A number in it would make it an equation to be solved. */
bool psv_only_names(const psv_node *node);

/* "x = 5", "f(2) = 5", "AB/CD = 5": a relation that only names what follows; its value, else NULL. */
const psv_node *psv_named_value(const psv_node *node);

/* The words of a node: of a text, of a choice, of a product of letters; false when it is something else. */
bool psv_words_of(const psv_node *node, ps_text *out);

#endif
