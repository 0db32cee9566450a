/* Making and looking at expression trees. */
#include "verify/tree/tree.h"

#include <stdio.h>

bool psv_spend(psv_ctx *ctx, long units) {
    if (ctx->work < units) {
        ctx->work = 0;
        return false;
    }
    ctx->work -= units;
    return true;
}

psv_node *psv_node_new(psv_ctx *ctx, psv_kind kind, size_t n, psv_node *const *kids) {
    int height = 0;
    for (size_t i = 0; i < n; i++) {
        if (kids[i] == NULL) return NULL;
        if (kids[i]->height >= height) height = kids[i]->height + 1;
    }
    if (height > PSV_MAX_HEIGHT || ctx->nodes + n + 1 > PSV_MAX_NODES) return NULL;
    ctx->nodes++;
    psv_node *node = ps_arena_calloc(ctx->arena, 1, sizeof *node);
    if (node != NULL && n) node->kid = ps_arena_alloc(ctx->arena, n * sizeof *node->kid);
    if (node == NULL || (n && node->kid == NULL)) return NULL;
    node->kind = kind;
    node->n = n;
    node->height = height;
    if (n) memcpy(node->kid, kids, n * sizeof *kids);
    return node;
}

psv_node *psv_unary(psv_ctx *ctx, psv_kind kind, psv_node *a) {
    return psv_node_new(ctx, kind, 1, &a);
}

psv_node *psv_binary(psv_ctx *ctx, psv_kind kind, psv_node *a, psv_node *b) {
    return psv_node_new(ctx, kind, 2, (psv_node *[]){a, b});
}

psv_node *psv_call(psv_ctx *ctx, psv_func func, psv_node *a, psv_node *b) {
    psv_node *node = psv_node_new(ctx, PSV_FUNC, b != NULL ? 2 : 1, (psv_node *[]){a, b});
    if (node != NULL) node->op = func;
    return node;
}

psv_node *psv_named(psv_ctx *ctx, psv_kind kind, const char *text, size_t length) {
    psv_node *node = psv_node_new(ctx, kind, 0, NULL);
    if (node == NULL) return NULL;
    node->text = ps_arena_strndup(ctx->arena, text, length);
    return node->text != NULL ? node : NULL;
}

psv_node *psv_constant(psv_ctx *ctx, psv_const id) {
    psv_node *node = psv_node_new(ctx, PSV_CONST, 0, NULL);
    if (node != NULL) node->op = id;
    return node;
}

psv_node *psv_integer(psv_ctx *ctx, long value) {
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%ld", value < 0 ? -value : value);
    psv_node *node = psv_named(ctx, PSV_NUM, digits, (size_t)length);
    return value < 0 ? psv_unary(ctx, PSV_NEG, node) : node;
}

psv_node *psv_relate(psv_ctx *ctx, psv_node *a, psv_relation relation, psv_node *b) {
    psv_node *node = psv_binary(ctx, PSV_REL, a, b);
    if (node == NULL) return NULL;
    node->text = ps_arena_strndup(ctx->arena, &(char){(char)relation}, 1);
    return node->text != NULL ? node : NULL;
}

psv_node *psv_copy(psv_ctx *ctx, const psv_node *node) {
    psv_node *copy = psv_node_new(ctx, node->kind, node->n, node->kid);
    if (copy == NULL) return NULL;
    psv_node **kid = copy->kid;
    *copy = *node;
    copy->kid = kid;
    return copy;
}

psv_node *psv_substitute(psv_ctx *ctx, psv_node *node, const char *name, psv_node *value) {
    if (node->kind == PSV_VAR) return strcmp(node->text, name) ? node : value;
    if (node->kind == PSV_CONST && node->op == PSV_I) return strcmp(name, "i") ? node : value;
    if (!node->n) return node;
    psv_node *copy = psv_copy(ctx, node);
    for (size_t k = 0; copy != NULL && k < copy->n; k++)
        if ((copy->kid[k] = psv_substitute(ctx, node->kid[k], name, value)) == NULL) return NULL;
    return copy;
}

bool psv_is_scalar(const psv_node *node) {
    if (node->kind > PSV_UNIT) return false;
    if (node->kind == PSV_APPLY) return true; /* its arguments may be anything: "k = 1" below a sum */
    for (size_t i = 0; i < node->n; i++)
        if (!psv_is_scalar(node->kid[i])) return false;
    return true;
}

bool psv_has_kind(const psv_node *node, psv_kind kind) {
    if (node->kind == kind) return true;
    for (size_t i = 0; i < node->n; i++)
        if (psv_has_kind(node->kid[i], kind)) return true;
    return false;
}

bool psv_has_variable(const psv_node *node) {
    return psv_has_kind(node, PSV_VAR) || psv_has_kind(node, PSV_APPLY);
}

bool psv_is_infinity(const psv_node *node, int *sign) {
    *sign = 1;
    if (node->kind == PSV_NEG) {
        *sign = -1;
        node = node->kid[0];
    }
    return node->kind == PSV_CONST && node->op == PSV_INFINITY;
}

bool psv_is_relation(const psv_node *node, psv_relation relation) {
    return node->kind == PSV_REL && node->text[0] == (char)relation && node->text[1] == 0;
}

bool psv_is_order(psv_relation relation) {
    return relation == PSV_LESS || relation == PSV_GREATER || relation == PSV_AT_MOST || relation == PSV_AT_LEAST;
}

bool psv_any_relation(const psv_node *node, bool (*is)(psv_relation)) {
    if (node->kind != PSV_REL) return false;
    for (const char *relation = node->text; *relation; relation++)
        if (is((psv_relation)*relation)) return true;
    return false;
}

bool psv_is_one_of(const char *const *list, size_t n, const char *s, size_t length) {
    for (size_t k = 0; k < n; k++)
        if (psv_text_is(s, length, list[k])) return true;
    return false;
}

bool psv_same_tree(const psv_node *a, const psv_node *b) {
    if (a->kind != b->kind || a->n != b->n || a->op != b->op || a->scale != b->scale || a->repeat != b->repeat)
        return false;
    if ((a->text != NULL) != (b->text != NULL) || (a->text != NULL && strcmp(a->text, b->text) != 0)) return false;
    for (size_t i = 0; i < a->n; i++)
        if (!psv_same_tree(a->kid[i], b->kid[i])) return false;
    return true;
}

static const struct {
    const char *name;
    int arity;
} functions[] = {
#define X(id, name, args) {name, args},
    PSV_FUNC_LIST(X)
#undef X
};

const char *psv_func_name(psv_func func) {
    return functions[func].name;
}

int psv_func_arity(psv_func func) {
    return functions[func].arity;
}
