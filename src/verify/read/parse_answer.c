/* The outer grammar of an answer: items joined by commas and words, chains of relations, unions of sets. */
#include "verify/read/parse.h"
#include "verify/read/prose.h"

#include <string.h>

psv_node *psv_parse_error(psv_parser *p, const char *why) {
    if (p->why == NULL) p->why = why;
    return NULL;
}

/* The "]" that opens ]1, 4[: it stands where a set may start. */
static bool opens_reversed(const psv_parser *p) {
    if (p->i == 0) return true;
    switch (p->t[p->i - 1].code) {
    case TK_IN:
    case TK_OR:
    case TK_AND:
    case '=': return true;
    default: return false;
    }
}

static bool ends_list(const psv_parser *p) {
    switch (psv_peek(p)->code) {
    case TK_END:
    case ')':
    case '}':
    case '&':
    case TK_RSET:
    case TK_RANGLE:
    case TK_RFLOOR:
    case TK_RCEIL:
    case TK_ROW:
    case TK_ENDENV:
    case TK_OVER: return true;
    case '[': return psv_at_reversed_bracket(p);
    case ']': return !opens_reversed(p);
    case '|': return p->bars > 0 || p->braces > 0;
    case TK_MID: return true;
    default: return false;
    }
}

static bool restricts(psv_relation relation) {
    return psv_is_order(relation) || relation == PSV_NOT_EQUAL || relation == PSV_MEMBER || relation == PSV_NOT_MEMBER;
}

static bool is_condition(const psv_node *node) {
    return node->kind == PSV_AND || node->kind == PSV_OR || psv_any_relation(node, restricts);
}

/* "3 5 7": numbers side by side are a list, never a product. */
static bool at_next_number(const psv_parser *p) {
    return p->i > 0 && psv_at(p, TK_NUM) && p->t[p->i - 1].code == TK_NUM;
}

/* Commas and joining words; which of the words there were. */
typedef struct joiners {
    bool any_or, any_and;
} joiners;

static bool accept_separators(psv_parser *p, joiners *words) {
    bool found = at_next_number(p);
    for (;;) {
        int code = psv_peek(p)->code;
        words->any_or |= code == TK_OR;
        words->any_and |= code == TK_AND;
        bool dots = code == TK_DOTS && !p->ctx->rules->dots_are_a_member;
        if (code != ',' && code != ';' && code != TK_AND && code != TK_OR && !dots) break;
        found = true;
        p->i++;
    }
    return found;
}

/* x ≠ 1, 2: what follows is excluded too. */
static psv_node *also_excluded(psv_parser *p, const psv_node *before, psv_node *item) {
    if (!psv_is_relation(before, PSV_NOT_EQUAL)) return item;
    if (!psv_is_scalar(item) || psv_has_variable(item) || psv_has_variable(before->kid[1])) return item;
    return psv_relate(p->ctx, before->kid[0], PSV_NOT_EQUAL, item);
}

/* x < 2 or x > 3; x ≥ 0, x ≠ 1; otherwise a list. */
static psv_node *join_items(psv_parser *p, psv_node **items, size_t n, joiners words) {
    size_t conditions = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (items[i] = also_excluded(p, items[i - 1], items[i])) == NULL) return NULL;
        conditions += is_condition(items[i]);
    }
    psv_kind kind = PSV_LIST;
    if (conditions) kind = words.any_or ? PSV_OR : PSV_AND;
    psv_node *node = psv_node_new(p->ctx, kind, n, items);
    if (node != NULL && kind == PSV_AND) node->op = words.any_and ? 0 : ',';
    return node;
}

/* p = 2, q = 3 as (p, q) = (2, 3); NULL when that is not what the items are. */
static psv_node *as_one_equation(psv_parser *p, psv_node *const *items, size_t n) {
    psv_node *names[PSV_MAX_ITEMS], *values[PSV_MAX_ITEMS];
    for (size_t i = 0; i < n; i++) {
        if (!psv_is_relation(items[i], PSV_EQUAL)) return NULL;
        names[i] = items[i]->kid[0];
        values[i] = items[i]->kid[1];
        if (names[i]->kind != PSV_VAR) return NULL;
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[k]->text, names[i]->text) == 0) return NULL;
    }
    psv_node *left = psv_node_new(p->ctx, PSV_TUPLE, n, names), *right = psv_node_new(p->ctx, PSV_TUPLE, n, values);
    if (left == NULL || right == NULL) return NULL;
    left->op = right->op = PSV_BRACKETS('(', ')');
    return psv_relate(p->ctx, left, PSV_EQUAL, right);
}

/* p = 2, q = 3 or p = 3, q = 2: one equation of tuples for each alternative. `starts` says where they begin. Returns
 * how many there are, 0 when the items are something else. */
static size_t as_alternatives(psv_parser *p, psv_node **items, size_t n, const size_t *starts, size_t alternatives) {
    psv_node *equations[PSV_MAX_ITEMS];
    for (size_t k = 0; k < alternatives; k++) {
        size_t end = k + 1 < alternatives ? starts[k + 1] : n;
        if (end - starts[k] < 2 || end - starts[k] != starts[1]) return 0;
        if ((equations[k] = as_one_equation(p, items + starts[k], end - starts[k])) == NULL) return 0;
    }
    memcpy(items, equations, alternatives * sizeof *items);
    return alternatives;
}

psv_node *psv_parse_list(psv_parser *p) {
    if (++p->depth > PSV_MAX_DEPTH) return psv_parse_error(p, "nested too deeply");
    psv_node *items[PSV_MAX_ITEMS];
    size_t starts[PSV_MAX_ITEMS] = {0}, n = 0, alternatives = 1;
    joiners all = {false, false};
    (void)accept_separators(p, &(joiners){false, false});
    while (!ends_list(p)) {
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many items");
        bool dots = psv_accept(p, TK_DOTS);
        psv_node *item = dots ? psv_node_new(p->ctx, PSV_DOTS, 0, NULL) : psv_parse_relation(p);
        if (item == NULL) return psv_parse_error(p, "expression too large");
        items[n++] = item;
        if (ends_list(p)) break;
        joiners here = {false, false};
        bool separated = accept_separators(p, &here) || dots || psv_at(p, TK_DOTS);
        if (!separated) return psv_parse_error(p, "unexpected symbol");
        if (here.any_or && n < PSV_MAX_ITEMS) starts[alternatives++] = n;
        all.any_or |= here.any_or;
        all.any_and |= here.any_and;
    }
    p->depth--;
    if (n == 0) return psv_parse_error(p, "empty");
    size_t joined = alternatives > 1 ? as_alternatives(p, items, n, starts, alternatives) : 0;
    if (joined) n = joined;
    return n == 1 ? items[0] : join_items(p, items, n, all);
}

static psv_relation relation_of(int code) {
    switch (code) {
    case '=': return PSV_EQUAL;
    case '<': return PSV_LESS;
    case '>': return PSV_GREATER;
    case TK_LE: return PSV_AT_MOST;
    case TK_GE: return PSV_AT_LEAST;
    case TK_NE: return PSV_NOT_EQUAL;
    case TK_APPROX: return PSV_APPROX;
    case TK_IN: return PSV_MEMBER;
    case TK_NOTIN: return PSV_NOT_MEMBER;
    case TK_EQUIV: return PSV_CONGRUENT;
    case TK_OTHER_RELATION: return PSV_OTHER_RELATION;
    default: return PSV_NO_RELATION;
    }
}

static psv_node *parse_union(psv_parser *p) {
    psv_node *left = psv_parse_sum(p);
    while (left != NULL) {
        psv_kind kind;
        if (psv_at(p, TK_CUP))
            kind = PSV_UNION;
        else if (psv_at(p, TK_CAP))
            kind = PSV_INTER;
        else if (psv_at(p, TK_SETMINUS))
            kind = PSV_MINUS;
        else
            return left;
        p->i++;
        left = psv_binary(p->ctx, kind, left, psv_parse_sum(p));
    }
    return left;
}

/* Where "p.m." follows a time: how many tokens it takes; *which gets "am" or "pm". */
size_t psv_half_day(const psv_parser *p, const char **which) {
    const psv_token *t = psv_peek(p);
    if (t->code == TK_TEXT) {
        char letters[3] = {0};
        size_t n = 0;
        for (const char *s = t->text; *s; s++) {
            if (*s == '.' || *s == ' ') continue;
            if (n == 2) return 0;
            letters[n++] = (char)(*s | 32);
        }
        if (n != 2 || letters[1] != 'm' || (letters[0] != 'a' && letters[0] != 'p')) return 0;
        *which = letters[0] == 'a' ? "am" : "pm";
        return 1;
    }
    if (t->code != TK_LETTER || strchr("apAP", *t->text) == NULL) return 0;
    size_t used = 1;
    if (t[used].code == '.') used++;
    if (t[used].code != TK_LETTER || (*t[used].text | 32) != 'm') return 0;
    used++;
    if (t[used].code == '.') used++;
    *which = (*t->text | 32) == 'a' ? "am" : "pm";
    return used;
}

/* At a colon: do the words or the name before it only say what the value after it is? */
static bool is_label(const psv_parser *p, const psv_node *first) {
    const psv_token *colon = psv_peek(p);
    if (!p->ctx->rules->left_side_may_be_unread || !colon[1].space || colon->space || p->braces > 0) return false;
    if (first->kind == PSV_VAR) return colon[1].code == TK_NUM || colon[1].code == '-';
    return first->kind == PSV_TEXT && !psv_changes_number(first->text);
}

static psv_node *parse_ratio(psv_parser *p) {
    psv_node *first = parse_union(p);
    if (first == NULL || !psv_at(p, ':')) return first;
    if (is_label(p, first)) { /* "Sum: 24" */
        p->i++;
        return psv_relate(p->ctx, first, PSV_EQUAL, parse_union(p));
    }
    psv_node *parts[8] = {first};
    size_t n = 1;
    while (first != NULL && n < 8 && psv_accept(p, ':')) {
        bool outer = p->in_ratio;
        p->in_ratio = true;
        parts[n] = psv_parse_sum(p);
        p->in_ratio = outer;
        if (parts[n++] == NULL) return NULL;
    }
    psv_node *ratio = psv_node_new(p->ctx, PSV_RATIO, n, parts);
    const char *which;
    size_t used = psv_half_day(p, &which);
    if (ratio != NULL && used) {
        ratio->text = which;
        p->i += used;
    }
    return ratio;
}

/* "x ≤ −1 ∪ x ≥ 2" was read as a chain with −1 ∪ x in its middle: two conditions. NULL: it is not that. */
static psv_node *split_chain(psv_ctx *ctx, psv_node *const *sides, const char *relations, size_t n) {
    if (n != 3 || (sides[1]->kind != PSV_UNION && sides[1]->kind != PSV_INTER)) return NULL;
    psv_relation r0 = (psv_relation)relations[0], r1 = (psv_relation)relations[1];
    if (!psv_is_order(r0) && r0 != PSV_NOT_EQUAL) return NULL;
    if (!psv_is_order(r1) && r1 != PSV_NOT_EQUAL) return NULL;
    psv_node *first = psv_relate(ctx, sides[0], r0, sides[1]->kid[0]);
    psv_node *second = psv_relate(ctx, sides[1]->kid[1], r1, sides[2]);
    return psv_binary(ctx, sides[1]->kind == PSV_UNION ? PSV_OR : PSV_AND, first, second);
}

psv_node *psv_parse_relation(psv_parser *p) {
    psv_node *sides[16];
    char relations[16];
    size_t n = 0;
    static const char *const leading[] = {"sim", "Rightarrow", "implies", "rightarrow", "to"}; /* ~ 5, ⇒ 5 */
    bool about = psv_at(p, TK_OTHER_RELATION) && PSV_IS_ONE_OF(leading, psv_peek(p)->text, strlen(psv_peek(p)->text));
    if (psv_at(p, '=') || psv_at(p, TK_APPROX) || about) p->i++; /* "= 5" */
    p->modulus = NULL;
    for (;;) {
        if (n == 16) return psv_parse_error(p, "too many relations in a row");
        sides[n] = parse_ratio(p);
        if (sides[n++] == NULL) return NULL;
        psv_relation relation = relation_of(psv_peek(p)->code);
        if (relation == PSV_NO_RELATION) break;
        relations[n - 1] = (char)relation;
        p->i++;
    }
    if (n == 1) return sides[0];
    if (n == 2 && relations[0] == PSV_CONGRUENT && p->modulus != NULL && p->ctx->rules->congruence_has_a_modulus)
        sides[1] = psv_call(p->ctx, PSV_MOD, sides[1], p->modulus);
    psv_node *node = split_chain(p->ctx, sides, relations, n);
    if (node != NULL) return node;
    node = psv_node_new(p->ctx, PSV_REL, n, sides);
    if (node == NULL) return NULL;
    node->text = ps_arena_strndup(p->ctx->arena, relations, n - 1);
    return node->text != NULL ? node : NULL;
}

psv_node *psv_parse(psv_ctx *ctx, psv_tokens tokens, const char **why) {
    psv_parser p = {.ctx = ctx, .t = tokens.data, .source = tokens.source};
    psv_node *tree = psv_parse_content(&p);
    while (psv_at(&p, '.') || psv_at(&p, ',') || psv_at(&p, ';'))
        p.i++;
    if (tree != NULL && !psv_at(&p, TK_END)) tree = psv_parse_error(&p, "unexpected symbol");
    if (tree == NULL && p.why == NULL) p.why = "expression too large";
    if (p.why != NULL) tree = NULL;
    *why = p.why;
    return tree;
}
