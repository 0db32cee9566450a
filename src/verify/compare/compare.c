/* Comparison by kind of answer. Whatever a rule here decides is symmetric in its two sides; which side said more than
 * the other is kept in the marks, for voting. */
#include "verify/compare/compare.h"

#include "verify/compare/collections.h"
#include "verify/compare/labels.h"
#include "verify/read/words.h"
#include "verify/tree/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_condition(const psv_node *node) {
    return (node->kind == PSV_REL && !psv_is_equation(node)) || node->kind == PSV_AND || node->kind == PSV_OR;
}

static bool is_set_like(const psv_node *node) {
    switch (node->kind) {
    case PSV_UNION:
    case PSV_INTER:
    case PSV_MINUS:
    case PSV_EMPTY:
    case PSV_NUMBERS: return true;
    case PSV_ADD: return psv_has_kind(node, PSV_NUMBERS);
    default: return is_condition(node);
    }
}

/* ---- Names of values ----------------------------------------------------- */

/* "π ≈ 3.14": what stands before the approximation. */
static const psv_node *before_approximation(const psv_node *node) {
    size_t n = strlen(node->text);
    if (node->text[n - 1] != PSV_APPROX) return NULL;
    const psv_node *before = node->kid[node->n - 2];
    return n > 1 || !psv_has_variable(before) ? before : NULL;
}

/* ---- Words and letters --------------------------------------------------- */

static psv_answer_is compare_words(psv_compare *c, const psv_node *a, const psv_node *b) {
    ps_text wa = psv_text(c->ctx), wb = psv_text(c->ctx);
    psv_answer_is is = PSV_NO;
    if (psv_words_of(a, &wa) && psv_words_of(b, &wb)) {
        for (size_t i = 0; i < wa.length; i++)
            wa.data[i] = (char)tolower((unsigned char)wa.data[i]);
        for (size_t i = 0; i < wb.length; i++)
            wb.data[i] = (char)tolower((unsigned char)wb.data[i]);
        is = psv_same_words(c->ctx, ps_text_cstr(&wa), ps_text_cstr(&wb)) ? PSV_YES : PSV_NO;
    }
    return psv_decide(c, "text", is, is == PSV_YES ? "the same words" : "different words");
}

/* A choice letter, perhaps with the value it stands for. */
static psv_answer_is compare_choice(psv_compare *c, const psv_node *a, const psv_node *b) {
    bool may_have_value = c->ctx->rules->choice_has_a_value;
    if (a->kind == PSV_CHOICE && b->kind == PSV_CHOICE) {
        if (a->n > b->n) c->says_more[PSV_FIRST] = true;
        if (b->n > a->n) c->says_more[PSV_SECOND] = true;
        if (!may_have_value && a->n != b->n) return psv_no(c, "choice", "a letter with its value is not the letter");
        return psv_decide(c, "choice", strcmp(a->text, b->text) ? PSV_NO : PSV_YES, "choice letters");
    }
    psv_side side = a->kind == PSV_CHOICE ? PSV_FIRST : PSV_SECOND;
    const psv_node *choice = side == PSV_FIRST ? a : b, *other = side == PSV_FIRST ? b : a;
    if (other->kind == PSV_VAR || other->kind == PSV_TEXT || other->kind == PSV_CONST || other->kind == PSV_MUL) {
        psv_answer_is is = compare_words(c, a, b);
        if (is == PSV_YES && choice->n) c->says_more[side] = true;
        if (is == PSV_YES || !choice->n) return is;
    }
    if (!may_have_value) return psv_no(c, "choice", "a letter with its value is not the value");
    if (!choice->n) return psv_no(c, "choice", "one answer is a choice letter, the other is not");
    c->says_more[side] = true;
    return psv_compare_sided(c, side, choice->kid[0], other);
}

/* ---- Relations ----------------------------------------------------------- */

static psv_node *difference(psv_ctx *ctx, psv_node *a, psv_node *b) {
    return psv_binary(ctx, PSV_ADD, a, psv_unary(ctx, PSV_NEG, b));
}

/* A relation as one of =, <, ≤ and the like; *swap: its sides change places for that. */
static psv_relation oriented(char relation, bool *swap) {
    *swap = relation == PSV_GREATER || relation == PSV_AT_LEAST;
    switch ((psv_relation)relation) {
    case PSV_GREATER: return PSV_LESS;
    case PSV_AT_LEAST: return PSV_AT_MOST;
    case PSV_APPROX: return PSV_EQUAL;
    default: return (psv_relation)relation;
    }
}

/* Are its sides numbers whose difference says it all? */
static bool relates_values(psv_relation relation) {
    return psv_is_order(relation) || relation == PSV_EQUAL || relation == PSV_NOT_EQUAL;
}

/* One link of a chain against another: l₁ ∘ r₁ and l₂ ∘ r₂ as multiples of each other. */
static psv_answer_is compare_links(psv_compare *c, const psv_node *a, size_t i, const psv_node *b, size_t j) {
    bool swap_a, swap_b;
    psv_relation ra = oriented(a->text[i], &swap_a), rb = oriented(b->text[j], &swap_b);
    if (ra != rb) return psv_no(c, "relation", "different relations");
    psv_node *la = a->kid[i + swap_a], *ha = a->kid[i + !swap_a], *lb = b->kid[j + swap_b], *hb = b->kid[j + !swap_b];
    bool scalars = psv_is_scalar(la) && psv_is_scalar(ha) && psv_is_scalar(lb) && psv_is_scalar(hb);
    if (!scalars || !relates_values(ra)) {
        psv_answer_is is = psv_compare_nodes(c, la, lb);
        return is == PSV_YES ? psv_compare_nodes(c, ha, hb) : is;
    }
    psv_node *x = difference(c->ctx, la, ha), *y = difference(c->ctx, lb, hb);
    if (x == NULL || y == NULL) return psv_decide(c, "relation", PSV_CANNOT_TELL, "too large");
    bool positive = true;
    psv_answer_is is = psv_ratfun_proportional(c->ctx, x, y, &positive);
    if (is == PSV_CANNOT_TELL) {
        is = psv_ball_proportional(c->ctx, x, y, &positive);
        if (is == PSV_YES) c->proven = false;
    }
    if (is == PSV_YES && psv_is_order(ra) && !positive) is = PSV_NO;
    return psv_decide(c, "relation", is, is == PSV_YES ? "the same up to a factor" : "not multiples of each other");
}

psv_answer_is psv_compare_relations(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (a->n != b->n) return psv_no(c, "relation", "chains of different length");
    size_t links = a->n - 1;
    psv_answer_is forward = PSV_YES;
    for (size_t i = 0; i < links && forward == PSV_YES; i++)
        forward = compare_links(c, a, i, b, i);
    if (forward == PSV_YES || links == 1) return forward;
    psv_answer_is backward = PSV_YES; /* a < b < c and c > b > a */
    for (size_t i = 0; i < links && backward == PSV_YES; i++)
        backward = compare_links(c, a, i, b, links - 1 - i);
    return backward == PSV_YES ? backward : forward;
}

/* dy/dx, y', y'(x): whose derivative a name is; 0: it is none. */
static char derivative_of(const psv_node *node) {
    if (node->kind == PSV_VAR || node->kind == PSV_APPLY)
        return node->text[0] && strcmp(node->text + 1, "'") == 0 ? node->text[0] : 0;
    if (node->kind != PSV_DIV) return 0;
    const psv_node *above = node->kid[0], *below = node->kid[1];
    bool products = above->kind == PSV_MUL && below->kind == PSV_MUL && above->n == 2 && below->n == 2;
    for (size_t k = 0; k < 2 && products; k++)
        products = above->kid[k]->kind == PSV_VAR && below->kid[k]->kind == PSV_VAR;
    bool differentials = products && strcmp(above->kid[0]->text, "d") == 0 && strcmp(below->kid[0]->text, "d") == 0;
    return differentials ? above->kid[1]->text[0] : 0;
}

static bool same_derivative(const psv_node *a, const psv_node *b) {
    return derivative_of(a) && derivative_of(a) == derivative_of(b);
}

/* Two equations. Chains are cut to their ends: x = 5 + 5 + 1 = 11 says x = 11. */
static psv_answer_is compare_equations(psv_compare *c, const psv_node *a, const psv_node *b) {
    const psv_node *va = psv_named_value(a), *vb = psv_named_value(b);
    if (va != NULL && vb != NULL) {
        const psv_node *na = va == a->kid[0] ? a->kid[1] : a->kid[0], *nb = vb == b->kid[0] ? b->kid[1] : b->kid[0];
        bool function = (na->kind == PSV_APPLY) != (nb->kind == PSV_APPLY); /* y = … and f(x) = … */
        bool same_name =
            (na->kind == PSV_VAR && nb->kind == PSV_VAR && strcmp(na->text, nb->text) == 0) || same_derivative(na, nb);
        bool names = psv_only_names(na) && psv_only_names(nb);
        if (!names || function || same_name || na->kind == PSV_TUPLE || psv_same_tree(na, nb)) {
            psv_answer_is is = PSV_YES;
            if (na->kind == PSV_TUPLE && nb->kind == PSV_TUPLE) is = psv_compare_nodes(c, na, nb);
            if (is == PSV_YES) is = psv_compare_nodes(c, va, vb);
            const psv_node *before = before_approximation(a);
            if (is != PSV_YES && before != NULL) is = psv_compare_nodes(c, before, vb);
            before = before_approximation(b);
            if (is != PSV_YES && before != NULL) is = psv_compare_nodes(c, va, before);
            if (is == PSV_YES || same_name || !names) return is;
        }
    }
    psv_node *ea = psv_relate(c->ctx, a->kid[0], PSV_EQUAL, a->kid[a->n - 1]);
    psv_node *eb = psv_relate(c->ctx, b->kid[0], PSV_EQUAL, b->kid[b->n - 1]);
    if (ea == NULL || eb == NULL) return psv_decide(c, "relation", PSV_CANNOT_TELL, "too large");
    return psv_compare_relations(c, ea, eb);
}

/* ---- All kinds ----------------------------------------------------------- */

/* Unions and differences that are no sets of numbers: member by member, in any order. */
static psv_answer_is compare_structure(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (a->kind != b->kind) return psv_no(c, "type", "different kinds of set");
    if (a->kind == PSV_NUMBERS)
        return psv_decide(c, "region", strcmp(a->text, b->text) ? PSV_NO : PSV_YES, "sets of numbers");
    if (a->kind == PSV_REL) return psv_compare_relations(c, a, b);
    if (a->kind == PSV_MINUS) return psv_in_order(c, a->kid, a->n, b->kid, b->n);
    return psv_in_any_order(c, a->kid, a->n, b->kid, b->n);
}

/* A condition but for "x ∈ S", which names a set. */
static bool is_inequality(const psv_node *node) {
    return is_condition(node) && !(node->kind == PSV_REL && node->text[0] == PSV_MEMBER);
}

static psv_answer_is compare_sets(psv_compare *c, const psv_node *a, const psv_node *b) {
    bool any_notation = c->ctx->rules->inequality_may_be_a_set || c->ctx->sets_are_relations;
    if (!any_notation && is_inequality(b) && !is_inequality(a))
        return psv_no(c, "relation", "an inequality against a gold set");
    psv_answer_is is = psv_compare_regions(c, a, b);
    if (is != PSV_CANNOT_TELL) return is;
    bool in_a = psv_is_relation(a, PSV_MEMBER), in_b = psv_is_relation(b, PSV_MEMBER);
    if (in_a != in_b) { /* x ∈ S against S */
        c->says_more[in_a ? PSV_FIRST : PSV_SECOND] = true;
        return psv_compare_nodes(c, in_a ? a->kid[1] : a, in_b ? b->kid[1] : b);
    }
    return compare_structure(c, a, b);
}

/* 2k + 2 = 2(k + 1): true whatever k is, so it only rewrites a value. */
static bool states_identity(psv_compare *c, const psv_node *equation) {
    const psv_node *first = equation->kid[0], *last = equation->kid[equation->n - 1];
    return psv_is_scalar(first) && psv_is_scalar(last) && psv_compare_scalars(c, first, last) == PSV_YES;
}

/* ---- Congruences --------------------------------------------------------- */

/* x ≡ r (mod m) with its modulus. */
static bool is_congruence(const psv_node *node) {
    return psv_is_relation(node, PSV_CONGRUENT) && node->kid[1]->kind == PSV_FUNC && node->kid[1]->op == PSV_MOD &&
           node->kid[1]->n == 2;
}

static bool integer_at(psv_compare *c, psv_node *value, const char *name, long at, long *out) {
    psv_node *number = psv_integer(c->ctx, at);
    psv_node *there = number != NULL ? psv_substitute(c->ctx, value, name, number) : NULL;
    return there != NULL && psv_small_integer(c->ctx, there, out);
}

/* n = 3k + 1 and n ≡ 1 (mod 3): the same numbers when k runs through the integers. */
static psv_answer_is compare_progression(psv_compare *c, const psv_node *congruence, const psv_node *equation) {
    const psv_node *name = equation->kid[0], *mod = congruence->kid[1];
    const char *free_name[PSV_MAX_VARIABLES + 1];
    long modulus, residue, at0, at1, at2;
    if (equation->n != 2 || name->kind != PSV_VAR || !psv_same_tree(name, congruence->kid[0]))
        return psv_no(c, "relation", "a congruence and an equation of something else");
    if (psv_variables(equation->kid[1], NULL, free_name) != 1)
        return psv_no(c, "relation", "a congruence against a value");
    bool known = psv_small_integer(c->ctx, mod->kid[1], &modulus) && psv_small_integer(c->ctx, mod->kid[0], &residue) &&
                 integer_at(c, equation->kid[1], free_name[0], 0, &at0) &&
                 integer_at(c, equation->kid[1], free_name[0], 1, &at1) &&
                 integer_at(c, equation->kid[1], free_name[0], 2, &at2);
    bool same =
        known && modulus > 0 && labs(at1 - at0) == modulus && at2 - at1 == at1 - at0 && (at0 - residue) % modulus == 0;
    return psv_decide(c, "relation", same ? PSV_YES : PSV_NO, same ? "the same residues" : "different residues");
}

static psv_answer_is compare_congruences(psv_compare *c, const psv_node *a, const psv_node *b) {
    psv_answer_is is = psv_compare_nodes(c, a->kid[0], b->kid[0]);
    if (is == PSV_YES) is = psv_compare_nodes(c, a->kid[1]->kid[1], b->kid[1]->kid[1]);
    return is == PSV_YES ? psv_compare_nodes(c, a->kid[1], b->kid[1]) : is;
}

/* x ≡ 2 (mod 7) against 2: what the name is congruent to. */
static const psv_node *residue(const psv_node *node) {
    return psv_is_relation(node, PSV_CONGRUENT) && psv_only_names(node->kid[0]) ? node->kid[1] : NULL;
}

/* What an equation of `side` says the value is; NULL when it says none. */
static const psv_node *value_of(psv_compare *c, psv_side side, const psv_node *equation) {
    const psv_rules *rules = c->ctx->rules;
    const psv_node *value = psv_named_value(equation), *last = equation->kid[equation->n - 1];
    if (value != NULL) return value;
    if (rules->identity_is_its_value && states_identity(c, equation)) return last;
    return rules->equation_is_its_last_side && (side == PSV_SECOND || equation->n > 2) ? last : NULL;
}

static psv_answer_is equation_against(psv_compare *c, psv_side side, const psv_node *equation, const psv_node *other) {
    psv_node *system = psv_split_tuple_equation(c->ctx, equation);
    if (system != NULL && psv_is_collection(other) && psv_any_equation(other))
        return side == PSV_FIRST ? psv_compare_collections(c, system, other)
                                 : psv_compare_collections(c, other, system);
    const psv_node *value = value_of(c, side, equation);
    if (value == NULL) return psv_no(c, "relation", "an equation against a value");
    c->says_more[side] = true;
    psv_answer_is is = psv_compare_sided(c, side, value, other);
    const psv_node *before = before_approximation(equation);
    return is == PSV_YES || before == NULL ? is : psv_compare_sided(c, side, before, other);
}

/* P(3, −5) names the point (3, −5). */
static bool is_point(const psv_node *node) {
    return node->kind == PSV_APPLY && node->n > 1 && node->text[0] >= 'A' && node->text[0] <= 'Z' && !node->text[1];
}

static psv_answer_is compare_point(psv_compare *c, const psv_node *a, const psv_node *b) {
    c->says_more[is_point(a) ? PSV_FIRST : PSV_SECOND] = true;
    return psv_in_order(c, a->kid, a->n, b->kid, b->n);
}

/* "(-1, 6) units", "$(8, -2)$ dollars": a sign or unit on what is no number says nothing. */
static const psv_node *without_unit(const psv_node *node) {
    bool wrapped = node->kind == PSV_UNIT || node->kind == PSV_DEGREE || node->kind == PSV_PERCENT;
    return wrapped && !psv_is_scalar(node->kid[0]) ? node->kid[0] : node;
}

/* −125_8: a sign before a numeral in a base. */
static bool both_negative(const psv_node *a, const psv_node *b) {
    if (a->kind != PSV_NEG || b->kind != PSV_NEG) return false;
    return a->kid[0]->kind == PSV_BASE || b->kid[0]->kind == PSV_BASE;
}

/* "…, k ∈ ℤ" says what the k before it is: that name, NULL when there is none. */
static const char *qualified_name(const psv_node *node) {
    if (node->kind != PSV_AND || node->n != 2) return NULL;
    const psv_node *says = node->kid[1], *of = node->kid[0];
    bool membership =
        psv_is_relation(says, PSV_MEMBER) && says->kid[0]->kind == PSV_VAR && says->kid[1]->kind == PSV_NUMBERS;
    bool value = of->kind == PSV_REL ? psv_is_equation(of) : psv_is_scalar(of);
    return membership && value ? says->kid[0]->text : NULL;
}

static psv_node *renamed(psv_ctx *ctx, const psv_node *node, const char *from, const char *to) {
    psv_node *copy = psv_copy(ctx, node);
    if (copy != NULL && copy->kind == PSV_VAR && strcmp(copy->text, from) == 0) copy->text = to;
    for (size_t i = 0; copy != NULL && i < copy->n; i++)
        if ((copy->kid[i] = renamed(ctx, node->kid[i], from, to)) == NULL) return NULL;
    return copy;
}

/* πk, k ∈ ℤ against πn, n ∈ ℤ, or against πk. */
static psv_answer_is compare_qualified(psv_compare *c, const psv_node *a, const psv_node *b) {
    const char *name_a = qualified_name(a), *name_b = qualified_name(b);
    if (name_a != NULL && name_b != NULL) {
        psv_answer_is domain = psv_compare_nodes(c, a->kid[1]->kid[1], b->kid[1]->kid[1]);
        if (domain != PSV_YES) return domain;
        b = renamed(c->ctx, b->kid[0], name_b, name_a);
        return b != NULL ? psv_compare_nodes(c, a->kid[0], b) : PSV_CANNOT_TELL;
    }
    psv_side side = name_a != NULL ? PSV_FIRST : PSV_SECOND;
    const char *name = name_a != NULL ? name_a : name_b, *free_name[PSV_MAX_VARIABLES + 1];
    const psv_node *value = (name_a != NULL ? a : b)->kid[0], *other = name_a != NULL ? b : a;
    c->says_more[side] = true;
    psv_answer_is is = psv_compare_sided(c, side, value, other);
    if (is == PSV_YES || psv_variables(other, NULL, free_name) != 1) return is;
    other = renamed(c->ctx, other, free_name[0], name); /* πn, n ∈ ℤ against πk */
    return other != NULL ? psv_compare_sided(c, side, value, other) : PSV_CANNOT_TELL;
}

static psv_answer_is compare_kinds(psv_compare *c, const psv_node *a, const psv_node *b) {
    a = without_unit(a);
    b = without_unit(b);
    if (both_negative(a, b)) return psv_compare_nodes(c, a->kid[0], b->kid[0]);
    if (psv_same_tree(a, b)) return psv_decide(c, "form", PSV_YES, "written alike");
    bool equation_a = psv_is_equation(a), equation_b = psv_is_equation(b);
    if (qualified_name(a) != NULL || qualified_name(b) != NULL) return compare_qualified(c, a, b);
    if (is_congruence(a) && is_congruence(b)) return compare_congruences(c, a, b);
    if (is_congruence(a) && equation_b) return compare_progression(c, a, b);
    if (is_congruence(b) && equation_a) return compare_progression(c, b, a);
    if (equation_a != equation_b && (is_set_like(a) || is_set_like(b))) /* x = (−∞, 2) ∪ (3, ∞) */
        return equation_a ? equation_against(c, PSV_FIRST, a, b) : equation_against(c, PSV_SECOND, b, a);
    if (a->kind == PSV_CHOICE || b->kind == PSV_CHOICE) {
        if (!equation_a && !equation_b) return compare_choice(c, a, b);
    }
    if (equation_a && equation_b) return compare_equations(c, a, b);
    const psv_node *residue_a = residue(a), *residue_b = residue(b);
    if ((residue_a == NULL) != (residue_b == NULL) && (residue_a != NULL ? b : a)->kind != PSV_REL) {
        c->says_more[residue_a != NULL ? PSV_FIRST : PSV_SECOND] = true;
        return psv_compare_nodes(c, residue_a != NULL ? residue_a : a, residue_b != NULL ? residue_b : b);
    }
    if (is_set_like(a) || is_set_like(b)) return compare_sets(c, a, b);
    if (equation_a) return equation_against(c, PSV_FIRST, a, b);
    if (equation_b) return equation_against(c, PSV_SECOND, b, a);
    if (a->kind == PSV_BASE || b->kind == PSV_BASE) return psv_compare_base(c, a, b);
    if (a->kind == PSV_TEXT || b->kind == PSV_TEXT) return compare_words(c, a, b);
    if (a->kind == PSV_RATIO || b->kind == PSV_RATIO) return psv_compare_ratio(c, a, b);
    if (psv_is_collection(a) && psv_is_collection(b)) return psv_compare_collections(c, a, b);
    if (psv_is_collection(a)) return psv_compare_collection(c, PSV_FIRST, a, b);
    if (psv_is_collection(b)) return psv_compare_collection(c, PSV_SECOND, b, a);
    bool tuple_a = a->kind == PSV_TUPLE, tuple_b = b->kind == PSV_TUPLE;
    if ((tuple_a && is_point(b)) || (tuple_b && is_point(a))) return compare_point(c, a, b);
    if (tuple_a && tuple_b) return psv_compare_tuples(c, a, b);
    bool matrix_a = a->kind == PSV_MATRIX, matrix_b = b->kind == PSV_MATRIX;
    if ((matrix_a || tuple_a) && (matrix_b || tuple_b)) return psv_compare_matrices(c, a, b);
    return psv_compare_scalars(c, a, b);
}

psv_answer_is psv_compare_nodes(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (c->depth > PSV_MAX_DEPTH || !psv_spend(c->ctx, 5))
        return psv_decide(c, "work", PSV_CANNOT_TELL, "too large for the work one comparison may do");
    c->depth++;
    psv_answer_is is = compare_kinds(c, a, b);
    c->depth--;
    return is;
}

/* A number, perhaps with a unit: its words are no label. */
static bool is_plain_number(const psv_node *node) {
    if (node->kind == PSV_UNIT) node = node->kid[0];
    return node->kind == PSV_NUM;
}

static bool has_letter_or_digit(const char *text) {
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || (unsigned char)*text >= 128) return true;
    return false;
}

psv_answer_is psv_compare_answers(psv_compare *c, const psv_answer *a, const psv_answer *b) {
    c->proven = true;
    if (psv_nomem(c->ctx)) return psv_decide(c, "memory", PSV_CANNOT_TELL, "out of memory"); /* a side may be missing */
    bool plain_words = c->ctx->rules->filler_words_say_nothing;
    bool labels = plain_words && *a->words && psv_is_label(a->source) && psv_is_label(b->source);
    if (labels &&
        (strcmp(a->words, b->words) == 0 || (!is_plain_number(a->tree) && psv_same_words(c->ctx, a->words, b->words))))
        return psv_decide(c, "text", PSV_YES, "the same words");
    const char *unread = a->why != NULL ? a->why : b->why;
    bool alike = strcmp(a->source, b->source) == 0 && has_letter_or_digit(a->source);
    if (unread != NULL) /* what says nothing that is understood is equal to itself, and to nothing else */
        return psv_decide(c, alike ? "text" : "parse", alike ? PSV_YES : PSV_CANNOT_TELL,
                          alike ? "written alike" : unread);
    bool text = a->tree->kind == PSV_TEXT || b->tree->kind == PSV_TEXT;
    if (text && plain_words && psv_same_words(c->ctx, a->words, b->words))
        return psv_decide(c, "text", psv_are_words(a, b) ? PSV_YES : PSV_CANNOT_TELL, "the same words");
    return psv_compare_nodes(c, a->tree, b->tree);
}
