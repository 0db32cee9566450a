/* What can be worked out on a tree alone: ± written out, matrices added and multiplied, lists within lists opened. */
#include "verify/read/read.h"
#include "verify/tree/names.h"

#include <stdlib.h>
#include <string.h>

/* ---- ± ------------------------------------------------------------------- */

/* The tree with every ± replaced by its upper (or lower) sign. */
static psv_node *with_sign(psv_ctx *ctx, psv_node *node, bool upper) {
    if (!psv_has_kind(node, PSV_PM)) return node;
    if (node->kind == PSV_PM) {
        psv_node *last = with_sign(ctx, node->kid[node->n - 1], upper);
        if ((node->op == '+') != upper) last = psv_unary(ctx, PSV_NEG, last);
        if (node->n == 1) return last;
        return psv_binary(ctx, PSV_ADD, with_sign(ctx, node->kid[0], upper), last);
    }
    psv_node *copy = psv_copy(ctx, node);
    for (size_t i = 0; copy != NULL && i < copy->n; i++) {
        copy->kid[i] = with_sign(ctx, node->kid[i], upper);
        if (copy->kid[i] == NULL) return NULL;
    }
    return copy;
}

/* Both readings of every member that has a ±, side by side. */
static psv_node *expand_members(psv_ctx *ctx, psv_node *node, psv_kind kind) {
    psv_node *members[2 * PSV_MAX_ITEMS];
    size_t n = 0, count = kind == node->kind ? node->n : 1;
    for (size_t i = 0; i < count && n + 2 <= 2 * PSV_MAX_ITEMS; i++) {
        psv_node *member = kind == node->kind ? node->kid[i] : node;
        bool both = psv_has_kind(member, PSV_PM) && member->kind != PSV_TEXT;
        if ((members[n++] = both ? with_sign(ctx, member, true) : member) == NULL) return NULL;
        if (both && (members[n++] = with_sign(ctx, member, false)) == NULL) return NULL;
    }
    psv_node *out = psv_node_new(ctx, kind, n, members);
    if (out != NULL && kind == node->kind) out->op = node->op;
    return out;
}

static psv_node *expand_signs(psv_ctx *ctx, psv_node *node) {
    if (!psv_has_kind(node, PSV_PM)) return node;
    if (node->kind == PSV_SET || node->kind == PSV_LIST) return expand_members(ctx, node, node->kind);
    if (psv_is_relation(node, PSV_MEMBER) && node->kid[1]->kind == PSV_SET) {
        psv_node *set = expand_members(ctx, node->kid[1], PSV_SET), *copy = psv_copy(ctx, node);
        if (set == NULL || copy == NULL) return NULL;
        copy->kid[1] = set;
        return copy;
    }
    return expand_members(ctx, node, PSV_LIST);
}

/* ---- Matrices ------------------------------------------------------------ */

static psv_node *scaled(psv_ctx *ctx, const psv_node *matrix, psv_node *by, psv_kind how) {
    psv_node *out = psv_copy(ctx, matrix);
    for (size_t i = 0; out != NULL && i < out->n; i++) {
        out->kid[i] =
            how == PSV_NEG ? psv_unary(ctx, PSV_NEG, matrix->kid[i]) : psv_binary(ctx, how, matrix->kid[i], by);
        if (out->kid[i] == NULL) return NULL;
    }
    return out;
}

static psv_node *matrix_sum(psv_ctx *ctx, psv_node *a, psv_node *b) {
    if (a == NULL || b == NULL || a->n != b->n || a->scale != b->scale) return NULL;
    psv_node *out = psv_copy(ctx, a);
    for (size_t i = 0; out != NULL && i < out->n; i++)
        if ((out->kid[i] = psv_binary(ctx, PSV_ADD, a->kid[i], b->kid[i])) == NULL) return NULL;
    return out;
}

static psv_node *matrix_product(psv_ctx *ctx, psv_node *a, psv_node *b) {
    size_t inner = (size_t)a->scale, columns = (size_t)b->scale, rows = a->n / inner;
    if (inner * columns != b->n || rows * columns > PSV_MAX_ITEMS) return NULL;
    psv_node *cells[PSV_MAX_ITEMS];
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++) {
            psv_node *terms[PSV_MAX_ITEMS];
            for (size_t i = 0; i < inner; i++)
                terms[i] = psv_binary(ctx, PSV_MUL, a->kid[r * inner + i], b->kid[i * columns + k]);
            cells[r * columns + k] = psv_node_new(ctx, PSV_ADD, inner, terms);
        }
    psv_node *out = psv_node_new(ctx, PSV_MATRIX, rows * columns, cells);
    if (out != NULL) out->scale = b->scale;
    return out;
}

static psv_node *work_out(psv_ctx *ctx, psv_node *node);

static psv_node *matrix_fold(psv_ctx *ctx, psv_node *node) {
    psv_node *out = work_out(ctx, node->kid[0]);
    for (size_t i = 1; out != NULL && i < node->n; i++) {
        psv_node *next = work_out(ctx, node->kid[i]);
        if (next == NULL) return NULL;
        bool left = out->kind == PSV_MATRIX, right = next->kind == PSV_MATRIX;
        if (node->kind == PSV_ADD)
            out = left && right ? matrix_sum(ctx, out, next) : NULL;
        else if (node->kind == PSV_DIV)
            out = left && !right ? scaled(ctx, out, next, PSV_DIV) : right ? NULL : psv_binary(ctx, PSV_DIV, out, next);
        else if (left && right)
            out = matrix_product(ctx, out, next);
        else if (left)
            out = scaled(ctx, out, next, PSV_MUL);
        else if (right)
            out = scaled(ctx, next, out, PSV_MUL);
        else
            out = psv_binary(ctx, PSV_MUL, out, next);
    }
    return out;
}

/* A matrix expression as one matrix; NULL where it is none (a matrix to a power, a sum with a number). */
static psv_node *work_out(psv_ctx *ctx, psv_node *node) {
    if (!psv_has_kind(node, PSV_MATRIX) || node->kind == PSV_MATRIX) return node;
    switch (node->kind) {
    case PSV_ADD:
    case PSV_MUL:
    case PSV_DIV: return matrix_fold(ctx, node);
    case PSV_NEG: {
        psv_node *inner = work_out(ctx, node->kid[0]);
        return inner != NULL && inner->kind == PSV_MATRIX ? scaled(ctx, inner, NULL, PSV_NEG) : NULL;
    }
    default: return NULL;
    }
}

/* ---- All of it ----------------------------------------------------------- */

/* "{1,2}" in plain braces is a list; so is a list as a member of a list. */
static psv_node *open_lists(psv_ctx *ctx, psv_node *node) {
    if (node->kind != PSV_LIST) return node;
    psv_node *members[PSV_MAX_ITEMS];
    size_t n = 0;
    for (size_t i = 0; i < node->n; i++) {
        psv_node *kid = node->kid[i];
        size_t count = kid->kind == PSV_LIST ? kid->n : 1;
        if (n + count > PSV_MAX_ITEMS) return node;
        for (size_t k = 0; k < count; k++)
            members[n++] = kid->kind == PSV_LIST ? kid->kid[k] : kid;
    }
    return psv_node_new(ctx, PSV_LIST, n, members);
}

/* [[0, 3], [0, -1]]: rows in square brackets are a matrix. */
static psv_node *rows_to_matrix(psv_ctx *ctx, psv_node *node) {
    const int square = PSV_BRACKETS('[', ']');
    if (node->kind != PSV_TUPLE || node->op != square || !ctx->rules->rows_are_a_matrix) return node;
    psv_node *cells[PSV_MAX_ITEMS];
    size_t n = 0, columns = node->kid[0]->n;
    for (size_t r = 0; r < node->n; r++) {
        const psv_node *row = node->kid[r];
        if (row->kind != PSV_TUPLE || row->op != square || row->n != columns || n + columns > PSV_MAX_ITEMS)
            return node;
        memcpy(cells + n, row->kid, columns * sizeof *cells);
        n += columns;
    }
    psv_node *matrix = psv_node_new(ctx, PSV_MATRIX, n, cells);
    if (matrix != NULL) matrix->scale = (int)columns;
    return matrix;
}

/* x = 2, 3: the name goes on to the values that follow it. */
static psv_node *carry_names(psv_ctx *ctx, psv_node *list) {
    if (list->kind != PSV_LIST || !ctx->rules->name_carries_on) return list;
    psv_node *copy = psv_copy(ctx, list);
    const psv_node *name = NULL;
    for (size_t i = 0; copy != NULL && i < copy->n; i++) {
        psv_node *item = list->kid[i];
        if (item->kind == PSV_REL)
            name = psv_is_equation(item) && item->n == 2 && item->kid[0]->kind == PSV_VAR ? item->kid[0] : NULL;
        if (name == NULL || item->kind == PSV_REL || !psv_is_scalar(item)) continue;
        copy->kid[i] = psv_relate(ctx, (psv_node *)name, PSV_EQUAL, item);
        if (copy->kid[i] == NULL) return NULL;
    }
    return copy;
}

enum { MOST_WRITTEN_OUT = 64 };

/* ---- Dots ---------------------------------------------------------------- */

static bool integer_value(const psv_node *node, long *out) {
    bool negative = node->kind == PSV_NEG;
    if (negative) node = node->kid[0];
    if (node->kind != PSV_NUM || node->scale || node->repeat || strlen(node->text) > 9) return false;
    *out = strtol(node->text, NULL, 10) * (negative ? -1 : 1);
    return true;
}

/* Members before the dots that go up by equal steps: how many are needed to say so (the first two), else all. */
static size_t needed_before(psv_node *const *kid, size_t n) {
    long first, second, previous, next;
    if (n < 3 || !integer_value(kid[0], &first) || !integer_value(kid[1], &second)) return n;
    previous = second;
    for (size_t k = 2; k < n; k++, previous = next)
        if (!integer_value(kid[k], &next) || next - previous != second - first) return n;
    return 2;
}

/* 1, 2, …, 10 as its ten members, when they are few; NULL: they are not, or what is left out is not known. */
static psv_node *written_out(psv_ctx *ctx, psv_node *node, size_t dots) {
    long first, second, last;
    psv_node *members[PSV_MAX_ITEMS];
    if (dots < 2 || dots + 2 != node->n || (dots > 2 && needed_before(node->kid, dots) != 2)) return NULL;
    if (!integer_value(node->kid[0], &first) || !integer_value(node->kid[1], &second) ||
        !integer_value(node->kid[dots + 1], &last))
        return NULL;
    long step = second - first, count = step ? (last - first) / step + 1 : 0;
    if (count < (long)dots || count > MOST_WRITTEN_OUT || first + (count - 1) * step != last) return NULL;
    for (long k = 0; k < count; k++)
        if ((members[k] = psv_integer(ctx, first + k * step)) == NULL) return NULL;
    psv_node *out = psv_node_new(ctx, node->kind, (size_t)count, members);
    if (out != NULL) out->op = node->op;
    return out;
}

/* 1, 2, 3, …, 100 as 1, 2, …, 100: the members that only repeat the step are left out. */
static psv_node *shorten_before_dots(psv_ctx *ctx, psv_node *node) {
    if (node->kind != PSV_LIST && node->kind != PSV_SET && node->kind != PSV_TUPLE) return node;
    size_t dots = 0;
    while (dots < node->n && node->kid[dots]->kind != PSV_DOTS)
        dots++;
    if (dots == node->n) return node;
    size_t kept = needed_before(node->kid, dots);
    long first, second, last;
    psv_node *written = written_out(ctx, node, dots);
    if (written != NULL) return written;
    if (dots + 2 == node->n && kept == 2 && integer_value(node->kid[0], &first) &&
        integer_value(node->kid[1], &second) && integer_value(node->kid[dots + 1], &last) &&
        last == 2 * second - first) {
        kept = dots; /* written out already */
    }
    psv_node *members[PSV_MAX_ITEMS];
    size_t n = 0;
    for (size_t k = 0; k < node->n; k++)
        if (k < kept || k >= dots) members[n++] = node->kid[k];
    psv_node *out = psv_node_new(ctx, node->kind, n, members);
    if (out != NULL) out->op = node->op;
    return out;
}

/* ---- Unit vectors -------------------------------------------------------- */

/* Adds coefficient·**i** to the components; false when the term is something else. */
static bool add_component(psv_ctx *ctx, psv_node *term, bool negative, psv_node **component) {
    if (term->kind == PSV_NEG) return add_component(ctx, term->kid[0], !negative, component);
    const psv_node *vector = term;
    psv_node *factor = NULL;
    if (term->kind == PSV_MUL) {
        vector = term->kid[term->n - 1];
        factor = term->n == 2 ? term->kid[0] : psv_node_new(ctx, PSV_MUL, term->n - 1, term->kid);
    }
    if (vector->kind != PSV_VAR || vector->text[1] != '^' || vector->text[2]) return false;
    if (vector->text[0] < 'i' || vector->text[0] > 'k') return false;
    size_t at = (size_t)(vector->text[0] - 'i');
    if (component[at] != NULL) return false;
    if (factor == NULL) factor = psv_integer(ctx, 1);
    component[at] = negative ? psv_unary(ctx, PSV_NEG, factor) : factor;
    return component[at] != NULL;
}

/* 2**i** − **j** is the vector (2, −1). */
static psv_node *unit_vectors(psv_ctx *ctx, psv_node *node) {
    psv_node *component[3] = {NULL};
    bool sum = node->kind == PSV_ADD;
    for (size_t k = 0; k < (sum ? node->n : 1); k++)
        if (!add_component(ctx, sum ? node->kid[k] : node, false, component)) return node;
    size_t n = component[2] != NULL ? 3 : 2;
    for (size_t k = 0; k < n; k++)
        if (component[k] == NULL && (component[k] = psv_integer(ctx, 0)) == NULL) return node;
    psv_node *vector = psv_node_new(ctx, PSV_TUPLE, n, component);
    if (vector != NULL) vector->op = PSV_BRACKETS('(', 'v');
    return vector != NULL ? vector : node;
}

/* {1,3} ∪ {2,4}, where plain braces only group: lists in a union are sets. */
static psv_node *lists_as_sets(psv_ctx *ctx, psv_node *node) {
    if (node->kind != PSV_UNION && node->kind != PSV_INTER && node->kind != PSV_MINUS) return node;
    psv_node *copy = psv_copy(ctx, node);
    for (size_t k = 0; copy != NULL && k < copy->n; k++) {
        psv_node *kid = copy->kid[k];
        if (kid->kind != PSV_LIST) continue;
        copy->kid[k] = psv_node_new(ctx, PSV_SET, kid->n, kid->kid);
        if (copy->kid[k] == NULL) return NULL;
    }
    return copy;
}

psv_node *psv_simplify(psv_ctx *ctx, psv_node *node) {
    node = rows_to_matrix(ctx, node);
    if (node != NULL) node = shorten_before_dots(ctx, node);
    if (node != NULL && ctx->rules->unit_vectors_are_tuples) node = lists_as_sets(ctx, unit_vectors(ctx, node));
    if (node == NULL) return NULL;
    node = expand_signs(ctx, node);
    if (node != NULL) node = open_lists(ctx, node);
    if (node != NULL) node = carry_names(ctx, node);
    if (node == NULL || !psv_has_kind(node, PSV_MATRIX)) return node;
    if (node->kind == PSV_LIST || node->kind == PSV_REL || node->kind == PSV_SET) {
        psv_node *copy = psv_copy(ctx, node);
        for (size_t i = 0; copy != NULL && i < copy->n; i++) {
            psv_node *kid = work_out(ctx, node->kid[i]);
            if (kid != NULL) copy->kid[i] = kid;
        }
        return copy;
    }
    psv_node *worked = work_out(ctx, node);
    return worked != NULL ? worked : node;
}
