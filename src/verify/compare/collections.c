/* Lists, sets, systems of equations, tuples and matrices: comparison member by member. */
#include "verify/compare/collections.h"

#include "verify/tree/names.h"

#include <ctype.h>
#include <string.h>

psv_answer_is psv_in_order(psv_compare *c, psv_node *const *a, size_t na, psv_node *const *b, size_t nb) {
    if (na != nb) return psv_no(c, "members", "different numbers of members");
    psv_answer_is all = PSV_YES;
    for (size_t i = 0; i < na; i++) {
        psv_answer_is is = psv_compare_nodes(c, a[i], b[i]);
        if (is == PSV_NO) return is;
        if (is == PSV_CANNOT_TELL) all = is;
    }
    return all;
}

/* What a comparison that decided nothing said about its sides is forgotten. */
static void restore_marks(psv_compare *c, const psv_compare *before) {
    memcpy(c->says_more, before->says_more, sizeof c->says_more);
}

/* Members in any order: greedy matching is enough, because "same" is an equivalence. */
psv_answer_is psv_in_any_order(psv_compare *c, psv_node *const *a, size_t na, psv_node *const *b, size_t nb) {
    if (na != nb) return psv_no(c, "members", "different numbers of members");
    bool used[2 * PSV_MAX_ITEMS] = {false};
    bool doubt = false;
    for (size_t i = 0; i < na; i++) {
        size_t match = nb;
        for (size_t k = 0; k < nb && match == nb; k++) {
            if (used[k]) continue;
            psv_compare before = *c;
            psv_answer_is is = psv_compare_nodes(c, a[i], b[k]);
            if (is == PSV_YES) match = k;
            if (is == PSV_CANNOT_TELL) doubt = true;
            if (is != PSV_YES) restore_marks(c, &before);
        }
        if (match == nb) return psv_decide(c, "members", doubt ? PSV_CANNOT_TELL : PSV_NO, "a member without its like");
        used[match] = true;
    }
    return psv_decide(c, "members", PSV_YES, "the same members");
}

/* A set without what it names twice: {1, 1, 2} is {1, 2}. Lists keep their repetitions. */
static const psv_node *distinct(psv_compare *c, const psv_node *set) {
    if (set->kind != PSV_SET && !c->ctx->rules->list_is_a_set) return set;
    psv_node *kept[PSV_MAX_ITEMS];
    size_t n = 0;
    for (size_t i = 0; i < set->n && n < PSV_MAX_ITEMS; i++) {
        bool seen = false;
        for (size_t k = 0; k < n && !seen; k++)
            seen = psv_compare_nodes(c, set->kid[i], kept[k]) == PSV_YES;
        if (!seen) kept[n++] = set->kid[i];
    }
    psv_node *out = n < set->n ? psv_node_new(c->ctx, set->kind, n, kept) : NULL;
    return out != NULL ? out : set;
}

bool psv_any_equation(const psv_node *list) {
    for (size_t i = 0; i < list->n; i++)
        if (psv_is_equation(list->kid[i])) return true;
    return false;
}

/* (x, y) = (1, 2) as x = 1, y = 2; anything else as it is. */
psv_node *psv_split_tuple_equation(psv_ctx *ctx, const psv_node *node) {
    if (!psv_is_equation(node) || node->n != 2) return NULL;
    const psv_node *names = node->kid[0], *values = node->kid[1];
    if (names->kind != PSV_TUPLE || values->kind != PSV_TUPLE || names->n != values->n) return NULL;
    psv_node *list[PSV_MAX_ITEMS];
    for (size_t i = 0; i < names->n; i++) {
        list[i] = psv_relate(ctx, names->kid[i], PSV_EQUAL, values->kid[i]);
        if (list[i] == NULL) return NULL;
    }
    return psv_node_new(ctx, PSV_LIST, names->n, list);
}

/* Does every equation of a list name the same thing ("x = 1, x = 3"), or nothing at all? Then order is free. */
static bool names_one_thing(const psv_node *list) {
    const psv_node *name = NULL;
    for (size_t i = 0; i < list->n; i++) {
        if (!psv_is_equation(list->kid[i])) continue;
        const psv_node *left = list->kid[i]->kid[0];
        if (name != NULL && !psv_same_tree(name, left)) return false;
        name = left;
    }
    return true;
}

/* x_1 = 2, x_2 = 3: the indices only count the values of one unknown. */
static bool counts_one_unknown(const psv_node *list) {
    for (size_t i = 0; i < list->n; i++) {
        if (!psv_is_equation(list->kid[i])) continue;
        const psv_node *left = list->kid[i]->kid[0];
        if (left->kind != PSV_VAR || left->text[0] != 'x' || (left->text[1] && left->text[1] != '_')) return false;
    }
    return true;
}

/* The values of a list of equations, in its order; NULL when one of them names no value. */
static psv_node *values_of(psv_ctx *ctx, const psv_node *list) {
    psv_node *copy = psv_copy(ctx, list);
    for (size_t i = 0; copy != NULL && i < copy->n; i++) {
        if (!psv_is_equation(copy->kid[i])) continue;
        const psv_node *value = psv_named_value(copy->kid[i]);
        if (value == NULL) return NULL;
        copy->kid[i] = (psv_node *)value;
    }
    return copy;
}

/* y = 3, x = −5 is the pair (−5, 3): names that follow each other in the alphabet are taken in its order. */
static void sort_by_name(const psv_node *list, psv_node *values) {
    char names[27] = {0};
    size_t n = list->n;
    if (n > 26) return;
    for (size_t i = 0; i < n; i++) {
        const psv_node *name = psv_is_equation(list->kid[i]) ? list->kid[i]->kid[0] : NULL;
        if (name == NULL || name->kind != PSV_VAR || name->text[1] || !isalpha((unsigned char)name->text[0])) return;
        names[i] = name->text[0];
    }
    psv_node *sorted[26];
    char next = names[0];
    for (size_t i = 1; i < n; i++)
        if (names[i] < next) next = names[i];
    for (size_t i = 0; i < n; i++, next++) {
        const char *at = memchr(names, next, n);
        if (at == NULL) return;
        sorted[i] = values->kid[at - names];
    }
    memcpy(values->kid, sorted, n * sizeof *sorted);
}

/* A square bracket on either side: no pair of values. */
static bool has_square_bracket(const psv_node *tuple) {
    return (tuple->op & 255) == '[' || (tuple->op >> 8 & 255) == ']';
}

/* A list of equations against values: x = −2, y = 1 is the pair (−2, 1); x = 1, x = −2 is 1, −2 in any order. */
static psv_answer_is compare_system(psv_compare *c, psv_side side, const psv_node *list, const psv_node *other) {
    bool ordered = c->ctx->rules->named_values_have_an_order, tuple = other->kind == PSV_TUPLE;
    psv_node *values = values_of(c->ctx, list);
    if (tuple && ordered && has_square_bracket(other))
        return psv_no(c, "interval", "an interval against the values of names");
    if (values == NULL) return psv_no(c, "relation", "equations against values");
    bool free_order = names_one_thing(list) || (!tuple && (!ordered || counts_one_unknown(list)));
    if (!free_order && ordered) sort_by_name(list, values);
    if (tuple && free_order && ordered) return psv_no(c, "type", "a list of values against a tuple");
    c->says_more[side] = true;
    const psv_node *x = side == PSV_FIRST ? values : other, *y = side == PSV_FIRST ? other : values;
    return (free_order ? psv_in_any_order : psv_in_order)(c, x->kid, x->n, y->kid, y->n);
}

/* A number written "1,234" may be a list. */
static psv_node *number_as_list(psv_ctx *ctx, const psv_node *node, size_t members) {
    if (node->kind != PSV_NUM || !node->commas || node->scale) return NULL;
    size_t length = strlen(node->text), first = length % 3 ? length % 3 : 3;
    psv_node *items[PSV_MAX_ITEMS];
    size_t n = 0;
    if ((length + 2) / 3 != members || members > PSV_MAX_ITEMS) return NULL;
    for (size_t i = first; i < length; i += 3)
        if (node->text[i] == '0') return NULL; /* nobody lists 1, 000 */
    for (size_t i = 0; i < length; i += n == 1 ? first : 3)
        items[n++] = psv_named(ctx, PSV_NUM, node->text + i, i ? 3 : first);
    return psv_node_new(ctx, PSV_LIST, n, items);
}

bool psv_is_collection(const psv_node *node) {
    return node->kind == PSV_SET || node->kind == PSV_LIST;
}

psv_answer_is psv_compare_collections(psv_compare *c, const psv_node *a, const psv_node *b) {
    bool ea = psv_any_equation(a), eb = psv_any_equation(b);
    if (ea && !eb) return compare_system(c, PSV_FIRST, a, b);
    if (eb && !ea) return compare_system(c, PSV_SECOND, b, a);
    if (ea && eb) {
        psv_answer_is is = psv_in_any_order(c, a->kid, a->n, b->kid, b->n);
        psv_node *va = values_of(c->ctx, a), *vb = values_of(c->ctx, b);
        if (is == PSV_YES || va == NULL || vb == NULL) return is;
        bool one_a = names_one_thing(a), one_b = names_one_thing(b);
        if (one_a != one_b && counts_one_unknown(a) && counts_one_unknown(b)) { /* x_1 = 2, x_2 = 3 and x = 2, 3 */
            c->says_more[one_a ? PSV_SECOND : PSV_FIRST] = true;
            return psv_in_any_order(c, va->kid, va->n, vb->kid, vb->n);
        }
        if (!one_a || !one_b) return is;
        bool same_name = psv_is_equation(a->kid[0]) && psv_is_equation(b->kid[0]) &&
                         psv_same_tree(a->kid[0]->kid[0], b->kid[0]->kid[0]);
        same_name |= counts_one_unknown(a) && counts_one_unknown(b); /* x_{1,2} = ±2 */
        return same_name ? psv_in_any_order(c, va->kid, va->n, vb->kid, vb->n) : is;
    }
    if (a->n != b->n) {
        psv_compare before = *c;
        a = distinct(c, a);
        b = distinct(c, b);
        restore_marks(c, &before);
    }
    return psv_in_any_order(c, a->kid, a->n, b->kid, b->n);
}

/* "1/2 or 0.5": one value in several notations. */
static bool one_value(psv_compare *c, const psv_node *list) {
    for (size_t i = 1; i < list->n; i++)
        if (psv_same_tree(list->kid[i], list->kid[0]) || psv_compare_nodes(c, list->kid[0], list->kid[i]) != PSV_YES)
            return false;
    return true;
}

/* "21 and 17/20": an integer and a fraction below one, side by side. NULL: it is not that. */
static psv_node *mixed_number(psv_compare *c, const psv_node *list) {
    long above, below;
    if (list->kind != PSV_LIST || list->n != 2 || list->kid[0]->kind != PSV_NUM || list->kid[0]->scale) return NULL;
    const psv_node *part = list->kid[1];
    if (part->kind != PSV_DIV || !psv_small_integer(c->ctx, part->kid[0], &above) ||
        !psv_small_integer(c->ctx, part->kid[1], &below))
        return NULL;
    return above > 0 && above < below ? psv_binary(c->ctx, PSV_ADD, list->kid[0], list->kid[1]) : NULL;
}

/* A collection against something else: its only member, a number that was a list, the members of a union. */
psv_answer_is psv_compare_collection(psv_compare *c, psv_side side, const psv_node *set, const psv_node *other) {
    const psv_rules *rules = c->ctx->rules;
    psv_node *list = number_as_list(c->ctx, other, set->n);
    if (list != NULL) {
        psv_answer_is is = psv_in_any_order(c, set->kid, set->n, list->kid, list->n);
        c->says_more[side] = true;
        return is;
    }
    bool tuple = other->kind == PSV_TUPLE;
    psv_node *mixed = rules->words_may_be_signs && psv_is_scalar(other) ? mixed_number(c, set) : NULL;
    if (mixed != NULL && psv_compare_sided(c, side, mixed, other) == PSV_YES) return PSV_YES;
    if (rules->tuple_may_be_a_list && tuple && (other->op == PSV_BRACKETS('(', ')') || other->n > 2)) {
        if (side == PSV_FIRST) return psv_in_any_order(c, set->kid, set->n, other->kid, other->n);
        return psv_in_order(c, other->kid, other->n, set->kid, set->n);
    }
    if (psv_any_equation(set) && tuple) return compare_system(c, side, set, other);
    if (set->kind == PSV_LIST && set->n > 1 && !tuple && one_value(c, set)) {
        c->says_more[side] = true;
        return psv_compare_sided(c, side, set->kid[0], other);
    }
    bool lone_tuple = set->n == 1 && set->kid[0]->kind == PSV_TUPLE; /* {(1, 2)} */
    if (rules->list_is_a_set) set = distinct(c, set);
    if (set->n != 1 || (tuple && !lone_tuple))
        return psv_no(c, "type", "one answer is a list or set, the other is not");
    c->says_more[side] = true;
    return psv_compare_sided(c, side, set->kid[0], other);
}

/* ---- Tuples, matrices ---------------------------------------------------- */

/* The brackets of a pair, round at its infinite ends. */
static int open_at_infinity(const psv_node *pair) {
    int unused;
    int open = psv_is_infinity(pair->kid[0], &unused) ? '(' : pair->op & 255;
    int close = psv_is_infinity(pair->kid[1], &unused) ? ')' : pair->op >> 8 & 255;
    return PSV_BRACKETS(open, close);
}

psv_answer_is psv_compare_tuples(psv_compare *c, const psv_node *a, const psv_node *b) {
    int vector_a = (a->op >> 8 & 255) == 'v', vector_b = (b->op >> 8 & 255) == 'v';
    bool two = a->n == 2 && b->n == 2 && !vector_a && !vector_b;
    if (two && (c->ctx->rules->infinite_end_is_open ? open_at_infinity(a) != open_at_infinity(b) : a->op != b->op))
        return psv_no(c, "interval", "different brackets");
    if (vector_a != vector_b) c->says_more[vector_a ? PSV_FIRST : PSV_SECOND] = true;
    return psv_in_order(c, a->kid, a->n, b->kid, b->n);
}

psv_answer_is psv_compare_matrices(psv_compare *c, const psv_node *a, const psv_node *b) {
    bool both = a->kind == b->kind;
    if (both && (a->n != b->n || a->scale != b->scale)) return psv_no(c, "matrix", "different shapes");
    if (!both && !c->ctx->rules->tuple_may_be_a_matrix) return psv_no(c, "matrix", "a matrix and a tuple");
    if (!both) { /* a column or row and a tuple */
        const psv_node *matrix = a->kind == PSV_MATRIX ? a : b;
        if (matrix->scale != 1 && (size_t)matrix->scale != matrix->n)
            return psv_no(c, "matrix", "a matrix and a tuple");
        int brackets = matrix == a ? b->op : a->op;
        if (brackets == PSV_BRACKETS('(', ']') || brackets == PSV_BRACKETS('[', ')'))
            return psv_no(c, "matrix", "a matrix and an interval");
        c->says_more[matrix == a ? PSV_FIRST : PSV_SECOND] = true;
    }
    return psv_in_order(c, a->kid, a->n, b->kid, b->n);
}
