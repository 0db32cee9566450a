/* Sets of real numbers, however they are written: intervals, unions, inequalities, complements. A region is a sorted
 * list of disjoint pieces; two regions are the same when their pieces are. */
#include "verify/compare/compare.h"

#include <string.h>

enum { MAX_PIECES = 64 };

typedef struct piece {
    psv_node *lo, *hi;
    bool lo_closed, hi_closed;
} piece;

typedef struct region {
    piece p[MAX_PIECES];
    size_t n;
} region;

typedef struct builder {
    psv_ctx *ctx;
    const char *variable; /* that the conditions speak about; NULL while none does */
} builder;

static psv_node *infinity(psv_ctx *ctx, int sign) {
    psv_node *node = psv_constant(ctx, PSV_INFINITY);
    return sign < 0 ? psv_unary(ctx, PSV_NEG, node) : node;
}

static bool add_piece(region *r, psv_node *lo, bool lo_closed, psv_node *hi, bool hi_closed) {
    if (lo == NULL || hi == NULL || r->n == MAX_PIECES) return false;
    r->p[r->n++] = (piece){lo, hi, lo_closed, hi_closed};
    return true;
}

/* ---- Set operations ------------------------------------------------------ */

/* Drop empty pieces, sort, join what touches. false when an order cannot be told. */
static bool normalise(psv_ctx *ctx, region *r) {
    region out = {.n = 0};
    for (size_t i = 0; i < r->n; i++) {
        piece p = r->p[i];
        int order = psv_order(ctx, p.lo, p.hi), unused;
        if (order == 2) return false;
        if (psv_is_infinity(p.lo, &unused)) p.lo_closed = false;
        if (psv_is_infinity(p.hi, &unused)) p.hi_closed = false;
        if (order > 0 || (order == 0 && !(p.lo_closed && p.hi_closed))) continue;
        size_t at = out.n++;
        while (at > 0) {
            int before = psv_order(ctx, p.lo, out.p[at - 1].lo);
            if (before == 2) return false;
            if (before > 0 || (before == 0 && !(p.lo_closed && !out.p[at - 1].lo_closed))) break;
            out.p[at] = out.p[at - 1];
            at--;
        }
        out.p[at] = p;
    }
    r->n = 0;
    for (size_t i = 0; i < out.n; i++) {
        piece *last = r->n ? &r->p[r->n - 1] : NULL;
        int gap = last != NULL ? psv_order(ctx, out.p[i].lo, last->hi) : 1;
        if (gap == 2) return false;
        if (gap > 0 || (gap == 0 && !last->hi_closed && !out.p[i].lo_closed)) {
            r->p[r->n++] = out.p[i];
            continue;
        }
        int further = psv_order(ctx, out.p[i].hi, last->hi);
        if (further == 2) return false;
        if (further == 0) last->hi_closed |= out.p[i].hi_closed;
        if (further > 0) {
            last->hi = out.p[i].hi;
            last->hi_closed = out.p[i].hi_closed;
        }
    }
    return true;
}

static bool complement(psv_ctx *ctx, region *r) {
    region out = {.n = 0};
    psv_node *from = infinity(ctx, -1);
    bool closed = false, ok = from != NULL;
    for (size_t i = 0; i < r->n && ok; i++) {
        ok = add_piece(&out, from, closed, r->p[i].lo, !r->p[i].lo_closed);
        from = r->p[i].hi;
        closed = !r->p[i].hi_closed;
    }
    ok = ok && add_piece(&out, from, closed, infinity(ctx, 1), false);
    *r = out;
    return ok && normalise(ctx, r);
}

static bool unite(psv_ctx *ctx, region *a, const region *b) {
    for (size_t i = 0; i < b->n; i++)
        if (!add_piece(a, b->p[i].lo, b->p[i].lo_closed, b->p[i].hi, b->p[i].hi_closed)) return false;
    return normalise(ctx, a);
}

static bool intersect(psv_ctx *ctx, region *a, region *b) {
    return complement(ctx, a) && complement(ctx, b) && unite(ctx, a, b) && complement(ctx, a);
}

/* ---- Conditions ---------------------------------------------------------- */

/* An expression as slope·x + shift, for the one variable of the builder. */
typedef struct linear {
    psv_node *slope, *shift;
} linear;

static bool as_linear(builder *b, psv_node *node, linear *out);

static bool linear_sum(builder *b, psv_node *node, linear *out) {
    psv_node *shifts[PSV_MAX_ITEMS];
    size_t n = 0;
    out->slope = NULL;
    for (size_t i = 0; i < node->n; i++) {
        psv_node *kid = node->kid[i];
        if (psv_has_variable(kid)) {
            linear part;
            if (out->slope != NULL || !as_linear(b, kid, &part)) return false;
            out->slope = part.slope;
            kid = part.shift;
        }
        shifts[n++] = kid;
    }
    out->shift = psv_node_new(b->ctx, PSV_ADD, n, shifts);
    return out->slope != NULL && out->shift != NULL;
}

static bool linear_product(builder *b, psv_node *node, linear *out) {
    psv_node *factors[PSV_MAX_ITEMS];
    size_t n = 0;
    linear inner = {NULL, NULL};
    for (size_t i = 0; i < node->n; i++) {
        if (!psv_has_variable(node->kid[i]))
            factors[n++] = node->kid[i];
        else if (inner.slope != NULL || !as_linear(b, node->kid[i], &inner))
            return false;
    }
    if (inner.slope == NULL || n == 0) return false;
    psv_node *factor = psv_node_new(b->ctx, PSV_MUL, n, factors);
    if (factor == NULL) return false;
    out->slope = psv_binary(b->ctx, PSV_MUL, factor, inner.slope);
    out->shift = psv_binary(b->ctx, PSV_MUL, factor, inner.shift);
    return out->slope != NULL && out->shift != NULL;
}

static bool as_linear(builder *b, psv_node *node, linear *out) {
    linear inner;
    switch (node->kind) {
    case PSV_VAR:
    case PSV_APPLY:
        if (b->variable != NULL && strcmp(b->variable, node->text) != 0) return false;
        b->variable = node->text;
        *out = (linear){psv_integer(b->ctx, 1), psv_integer(b->ctx, 0)};
        return out->slope != NULL && out->shift != NULL;
    case PSV_NEG:
        if (!as_linear(b, node->kid[0], &inner)) return false;
        *out = (linear){psv_unary(b->ctx, PSV_NEG, inner.slope), psv_unary(b->ctx, PSV_NEG, inner.shift)};
        return out->slope != NULL && out->shift != NULL;
    case PSV_ADD: return linear_sum(b, node, out);
    case PSV_MUL: return linear_product(b, node, out);
    case PSV_DIV:
        if (psv_has_variable(node->kid[1]) || !as_linear(b, node->kid[0], &inner)) return false;
        *out = (linear){psv_binary(b->ctx, PSV_DIV, inner.slope, node->kid[1]),
                        psv_binary(b->ctx, PSV_DIV, inner.shift, node->kid[1])};
        return out->slope != NULL && out->shift != NULL;
    default: return false;
    }
}

static psv_relation mirrored(psv_relation relation) {
    switch (relation) {
    case PSV_LESS: return PSV_GREATER;
    case PSV_GREATER: return PSV_LESS;
    case PSV_AT_MOST: return PSV_AT_LEAST;
    case PSV_AT_LEAST: return PSV_AT_MOST;
    default: return relation;
    }
}

/* x (relation) bound, as a region. */
static bool half_line(builder *b, psv_relation relation, psv_node *bound, region *out) {
    psv_ctx *ctx = b->ctx;
    switch (relation) {
    case PSV_LESS: return add_piece(out, infinity(ctx, -1), false, bound, false);
    case PSV_AT_MOST: return add_piece(out, infinity(ctx, -1), false, bound, true);
    case PSV_GREATER: return add_piece(out, bound, false, infinity(ctx, 1), false);
    case PSV_AT_LEAST: return add_piece(out, bound, true, infinity(ctx, 1), false);
    case PSV_EQUAL: return add_piece(out, bound, true, bound, true);
    case PSV_NOT_EQUAL:
        return add_piece(out, infinity(ctx, -1), false, bound, false) &&
               add_piece(out, bound, false, infinity(ctx, 1), false);
    default: return false;
    }
}

static bool solve(builder *b, psv_node *side, psv_relation relation, psv_node *bound, region *out);

/* |u| < c: −c < u and u < c; |u| > c: the rest. */
static bool solve_absolute(builder *b, psv_node *u, psv_relation relation, psv_node *bound, region *out) {
    if (!psv_is_order(relation)) return false;
    bool inside = relation == PSV_LESS || relation == PSV_AT_MOST;
    region low = {.n = 0};
    psv_node *minus = psv_unary(b->ctx, PSV_NEG, bound);
    psv_relation low_relation = mirrored(relation);
    return minus != NULL && solve(b, u, relation, bound, out) && solve(b, u, low_relation, minus, &low) &&
           (inside ? intersect(b->ctx, out, &low) : unite(b->ctx, out, &low));
}

/* side (relation) bound, with the variable on the left and a constant on the right. */
static bool solve(builder *b, psv_node *side, psv_relation relation, psv_node *bound, region *out) {
    linear line;
    int unused;
    if (side->kind == PSV_FUNC && side->op == PSV_ABS) return solve_absolute(b, side->kid[0], relation, bound, out);
    if (!as_linear(b, side, &line)) return false;
    bool plain = side->kind == PSV_VAR || side->kind == PSV_APPLY;
    int sign = plain ? 1 : psv_order(b->ctx, line.slope, psv_integer(b->ctx, 0));
    if (sign == 0 || sign == 2) return false;
    if (sign < 0) relation = mirrored(relation);
    if (psv_is_infinity(bound, &unused)) {
        if (sign < 0) bound = bound->kind == PSV_NEG ? bound->kid[0] : psv_unary(b->ctx, PSV_NEG, bound);
    } else if (!plain) {
        psv_node *minus = psv_unary(b->ctx, PSV_NEG, line.shift);
        bound = psv_binary(b->ctx, PSV_DIV, psv_binary(b->ctx, PSV_ADD, bound, minus), line.slope);
    }
    return bound != NULL && half_line(b, relation, bound, out) && normalise(b->ctx, out);
}

static bool build(builder *b, psv_node *node, region *out);

static bool is_membership(psv_relation relation) {
    return relation == PSV_MEMBER || relation == PSV_NOT_MEMBER;
}

static bool build_membership(builder *b, psv_node *node, region *out) {
    const psv_node *name = node->kid[0];
    if (node->n != 2 || (name->kind != PSV_VAR && name->kind != PSV_APPLY)) return false;
    if (b->variable != NULL && strcmp(b->variable, name->text) != 0) return false;
    b->variable = name->text;
    return build(b, node->kid[1], out) && (node->text[0] == PSV_MEMBER || complement(b->ctx, out));
}

static bool build_relation(builder *b, psv_node *node, region *out) {
    if (psv_any_relation(node, is_membership)) return build_membership(b, node, out);
    bool first = true;
    for (size_t i = 0; i + 1 < node->n; i++) {
        psv_node *left = node->kid[i], *right = node->kid[i + 1];
        psv_relation relation = node->text[i] == PSV_APPROX ? PSV_EQUAL : (psv_relation)node->text[i];
        bool on_left = psv_has_variable(left), on_right = psv_has_variable(right);
        if (on_left == on_right || !psv_is_scalar(left) || !psv_is_scalar(right)) return false;
        region part = {.n = 0};
        bool ok = on_left ? solve(b, left, relation, right, &part) : solve(b, right, mirrored(relation), left, &part);
        if (!ok) return false;
        if (first)
            *out = part;
        else if (!intersect(b->ctx, out, &part))
            return false;
        first = false;
    }
    return true;
}

/* ---- Building ------------------------------------------------------------ */

static bool build_points(builder *b, const psv_node *node, region *out) {
    for (size_t i = 0; i < node->n; i++)
        if (!psv_is_scalar(node->kid[i]) || psv_has_variable(node->kid[i]) ||
            !add_piece(out, node->kid[i], true, node->kid[i], true))
            return false;
    return normalise(b->ctx, out);
}

static bool build_interval(builder *b, const psv_node *node, region *out) {
    int open = node->op & 255, close = node->op >> 8 & 255;
    if (node->n != 2 || close == 'v' || psv_has_variable(node)) return false;
    if (!psv_is_scalar(node->kid[0]) || !psv_is_scalar(node->kid[1])) return false;
    int order = psv_order(b->ctx, node->kid[0], node->kid[1]);
    bool closed = open == '[' && close == ']';
    if (order > 0 || (order == 0 && !closed)) return false; /* (3, -2) and (0, 0) are points, not the empty set */
    return add_piece(out, node->kid[0], open == '[', node->kid[1], close == ']') && normalise(b->ctx, out);
}

/* x < -3, x > 5: a comma between conditions that exclude each other was meant as "or". */
static bool build_excluding(builder *b, const psv_node *node, region *out) {
    psv_node *either = psv_copy(b->ctx, node);
    if (either == NULL) return false;
    either->kind = PSV_OR;
    return build(b, either, out);
}

/* (-∞, -3), (5, ∞) beside a set: a list of intervals that do not meet is their union. */
static bool build_list(builder *b, const psv_node *node, region *out) {
    size_t pieces = 0;
    for (size_t i = 0; i < node->n; i++) {
        region part;
        if (node->kid[i]->kind != PSV_TUPLE && node->kid[i]->kind != PSV_UNION) return false;
        if (!build(b, node->kid[i], &part)) return false;
        pieces += part.n;
        if (!unite(b->ctx, out, &part)) return false;
    }
    return node->n > 1 && out->n == pieces;
}

static bool build_combined(builder *b, const psv_node *node, region *out) {
    if (!build(b, node->kid[0], out)) return false;
    for (size_t i = 1; i < node->n; i++) {
        region next = {.n = 0};
        if (!build(b, node->kid[i], &next)) return false;
        bool ok;
        switch (node->kind) {
        case PSV_UNION:
        case PSV_OR: ok = unite(b->ctx, out, &next); break;
        case PSV_INTER:
        case PSV_AND: ok = intersect(b->ctx, out, &next); break;
        default: ok = complement(b->ctx, &next) && intersect(b->ctx, out, &next); break;
        }
        if (!ok) return false;
    }
    return node->op != ',' || out->n > 0 || build_excluding(b, node, out);
}

/* ℝ∖{0}, where plain braces only group: what is taken away from a set is a set. */
static bool build_difference(builder *b, psv_node *node, region *out) {
    psv_node *right = node->kid[1];
    if (!psv_is_scalar(right)) return build_combined(b, node, out);
    psv_node *points = psv_unary(b->ctx, PSV_SET, right);
    psv_node *minus = psv_binary(b->ctx, PSV_MINUS, node->kid[0], points);
    return minus != NULL && build_combined(b, minus, out);
}

static bool build(builder *b, psv_node *node, region *out) {
    out->n = 0;
    if (!psv_spend(b->ctx, 10)) return false;
    switch (node->kind) {
    case PSV_EMPTY: return true;
    case PSV_NUMBERS:
        return node->text[0] == 'R' && add_piece(out, infinity(b->ctx, -1), false, infinity(b->ctx, 1), false);
    case PSV_SET: return build_points(b, node, out);
    case PSV_TUPLE: return build_interval(b, node, out);
    case PSV_REL: return build_relation(b, node, out);
    case PSV_LIST: return b->ctx->rules->list_may_be_a_union && build_list(b, node, out);
    case PSV_MINUS: return build_difference(b, node, out);
    case PSV_UNION:
    case PSV_INTER:
    case PSV_AND:
    case PSV_OR: return build_combined(b, node, out);
    case PSV_ADD: /* ℝ − {0} is meant as a difference of sets */
        if (node->n == 2 && node->kid[1]->kind == PSV_NEG) {
            psv_node *minus = psv_binary(b->ctx, PSV_MINUS, node->kid[0], node->kid[1]->kid[0]);
            return minus != NULL && build_combined(b, minus, out);
        }
        return false;
    default: return false;
    }
}

psv_answer_is psv_compare_regions(psv_compare *c, const psv_node *a, const psv_node *b) {
    builder ba = {.ctx = c->ctx}, bb = {.ctx = c->ctx};
    region ra, rb;
    if (!build(&ba, (psv_node *)a, &ra) || !build(&bb, (psv_node *)b, &rb)) return PSV_CANNOT_TELL;
    if (ba.variable != NULL && bb.variable != NULL && strcmp(ba.variable, bb.variable) != 0)
        return psv_decide(c, "region", PSV_NO, "the conditions are on different variables");
    if (ba.variable != NULL && bb.variable == NULL) c->says_more[PSV_FIRST] = true;
    if (bb.variable != NULL && ba.variable == NULL) c->says_more[PSV_SECOND] = true;
    if (ra.n != rb.n) return psv_decide(c, "region", PSV_NO, "the sets consist of different numbers of intervals");
    psv_answer_is all = PSV_YES;
    for (size_t i = 0; i < ra.n; i++) {
        const piece *p = &ra.p[i], *q = &rb.p[i];
        if (p->lo_closed != q->lo_closed || p->hi_closed != q->hi_closed)
            return psv_decide(c, "region", PSV_NO, "an end belongs to one of the intervals only");
        psv_answer_is lo = psv_compare_scalars(c, p->lo, q->lo);
        psv_answer_is hi = lo == PSV_NO ? PSV_NO : psv_compare_scalars(c, p->hi, q->hi);
        if (lo == PSV_NO || hi == PSV_NO) return psv_decide(c, "region", PSV_NO, "the intervals end elsewhere");
        if (lo != PSV_YES || hi != PSV_YES) all = PSV_CANNOT_TELL;
    }
    return psv_decide(c, "region", all, all == PSV_YES ? "the same set of real numbers" : NULL);
}
