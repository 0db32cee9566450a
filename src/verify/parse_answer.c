/* The outer grammar of an answer: items joined by commas and words, chains of relations, unions of sets. */
#include "parse.h"

#include <string.h>

psv_node *psv_parse_error(psv_parser *p, const char *why) {
    if (!p->why) p->why = why;
    return NULL;
}

static bool ends_list(const psv_parser *p) {
    switch (psv_peek(p)->code) {
    case TK_END:
    case ')':
    case ']':
    case '}':
    case '&':
    case TK_RSET:
    case TK_RANGLE:
    case TK_RFLOOR:
    case TK_RCEIL:
    case TK_ROW:
    case TK_ENDENV:
    case TK_OVER: return true;
    case '|': return p->bars > 0 || p->braces > 0;
    case TK_MID: return true;
    default: return false;
    }
}

static bool is_condition(const psv_node *node) {
    if (node->kind == PSV_AND || node->kind == PSV_OR) return true;
    return node->kind == PSV_REL && strpbrk(node->text, "<>lgnio") != NULL;
}

/* "3 5 7": numbers side by side are a list, never a product. */
static bool at_next_number(const psv_parser *p) {
    return p->i > 0 && psv_at(p, TK_NUM) && p->t[p->i - 1].code == TK_NUM;
}

static bool accept_separators(psv_parser *p, bool *any_or) {
    bool found = at_next_number(p);
    for (;;) {
        int code = psv_peek(p)->code;
        if (code == TK_OR) *any_or = true;
        if (code != ',' && code != ';' && code != TK_AND && code != TK_OR && code != TK_DOTS) break;
        found = true;
        p->i++;
    }
    return found;
}

/* x < 2 or x > 3; x ≥ 0, x ≠ 1; otherwise a list. */
static psv_node *join_items(psv_parser *p, psv_node **items, size_t n, bool any_or) {
    size_t conditions = 0;
    for (size_t i = 0; i < n; i++)
        conditions += is_condition(items[i]);
    psv_kind kind = PSV_LIST;
    if (conditions) kind = any_or ? PSV_OR : PSV_AND;
    return psv_node_new(p->ctx, kind, n, items);
}

psv_node *psv_parse_list(psv_parser *p) {
    if (++p->depth > PSV_MAX_DEPTH) return psv_parse_error(p, "nested too deeply");
    psv_node *items[PSV_MAX_ITEMS];
    size_t n = 0;
    bool any_or = false;
    psv_node *result = NULL;
    accept_separators(p, &any_or);
    any_or = false;
    while (!ends_list(p)) {
        if (n == PSV_MAX_ITEMS) return psv_parse_error(p, "too many items");
        psv_node *item = psv_parse_relation(p);
        if (!item) return psv_parse_error(p, "expression too large");
        items[n++] = item;
        if (ends_list(p)) break;
        if (!accept_separators(p, &any_or)) return psv_parse_error(p, "unexpected symbol");
    }
    p->depth--;
    if (n == 0) return psv_parse_error(p, "empty");
    result = n == 1 ? items[0] : join_items(p, items, n, any_or);
    return result;
}

static char relation_character(int code) {
    switch (code) {
    case '=': return '=';
    case '<': return '<';
    case '>': return '>';
    case TK_LE: return 'l';
    case TK_GE: return 'g';
    case TK_NE: return 'n';
    case TK_APPROX: return '~';
    case TK_IN: return 'i';
    case TK_NOTIN: return 'o';
    case TK_EQUIV: return 'e';
    case TK_OTHER_RELATION: return 'c';
    default: return 0;
    }
}

static psv_node *parse_union(psv_parser *p) {
    psv_node *left = psv_parse_sum(p);
    while (left) {
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
    if (t->code != TK_LETTER || !strchr("apAP", *t->text)) return 0;
    size_t used = 1;
    if (t[used].code == '.') used++;
    if (t[used].code != TK_LETTER || (*t[used].text | 32) != 'm') return 0;
    used++;
    if (t[used].code == '.') used++;
    *which = (*t->text | 32) == 'a' ? "am" : "pm";
    return used;
}

static psv_node *parse_ratio(psv_parser *p) {
    psv_node *first = parse_union(p);
    if (!first || !psv_at(p, ':')) return first;
    psv_node *parts[8] = {first};
    size_t n = 1;
    while (first && n < 8 && psv_accept(p, ':')) {
        bool outer = p->in_ratio;
        p->in_ratio = true;
        parts[n] = psv_parse_sum(p);
        p->in_ratio = outer;
        if (!parts[n++]) return NULL;
    }
    psv_node *ratio = psv_node_new(p->ctx, PSV_RATIO, n, parts);
    const char *which;
    size_t used = psv_half_day(p, &which);
    if (ratio && used) {
        ratio->text = which;
        p->i += used;
    }
    return ratio;
}

/* "x ≤ −1 ∪ x ≥ 2" was read as a chain with −1 ∪ x in its middle: two conditions. NULL: it is not that. */
static psv_node *split_chain(psv_ctx *ctx, psv_node *const *sides, const char *relations, size_t n) {
    if (n != 3 || (sides[1]->kind != PSV_UNION && sides[1]->kind != PSV_INTER)) return NULL;
    if (!strchr("<>lgn", relations[0]) || !strchr("<>lgn", relations[1])) return NULL;
    psv_node *first = psv_binary(ctx, PSV_REL, sides[0], sides[1]->kid[0]);
    psv_node *second = psv_binary(ctx, PSV_REL, sides[1]->kid[1], sides[2]);
    psv_node *both = psv_binary(ctx, sides[1]->kind == PSV_UNION ? PSV_OR : PSV_AND, first, second);
    if (!both) return NULL;
    first->text = ps_arena_strndup(ctx->arena, relations, 1);
    second->text = ps_arena_strndup(ctx->arena, relations + 1, 1);
    return first->text && second->text ? both : NULL;
}

psv_node *psv_parse_relation(psv_parser *p) {
    psv_node *sides[16];
    char relations[16];
    size_t n = 0;
    if (psv_at(p, '=') || psv_at(p, TK_APPROX)) p->i++; /* "= 5" */
    for (;;) {
        if (n == 16) return psv_parse_error(p, "too many relations in a row");
        sides[n] = parse_ratio(p);
        if (!sides[n++]) return NULL;
        char relation = relation_character(psv_peek(p)->code);
        if (!relation) break;
        relations[n - 1] = relation;
        p->i++;
    }
    if (n == 1) return sides[0];
    psv_node *node = split_chain(p->ctx, sides, relations, n);
    if (node) return node;
    node = psv_node_new(p->ctx, PSV_REL, n, sides);
    if (!node) return NULL;
    node->text = ps_arena_strndup(p->ctx->arena, relations, n - 1);
    if (!node->text) p->ctx->nomem = true;
    return node->text ? node : NULL;
}

psv_node *psv_parse(psv_ctx *ctx, psv_tokens tokens, const char **why) {
    psv_parser p = {.ctx = ctx, .t = tokens.data, .source = tokens.source};
    psv_node *tree = psv_parse_content(&p);
    while (psv_at(&p, '.') || psv_at(&p, ',') || psv_at(&p, ';'))
        p.i++;
    if (tree && !psv_at(&p, TK_END)) tree = psv_parse_error(&p, "unexpected symbol");
    if (!tree && !p.why) p.why = "expression too large";
    *why = p.why;
    return tree;
}
