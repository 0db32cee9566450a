#include "verify/read/domain.h"

#include "verify/read/parse.h"
#include "verify/read/prose.h"

#include <string.h>

static int depth_change(int code) {
    switch (code) {
    case '(':
    case '[':
    case '{':
    case TK_LSET:
    case TK_BEGIN: return 1;
    case ')':
    case ']':
    case '}':
    case TK_RSET:
    case TK_ENDENV: return -1;
    default: return 0;
    }
}

static bool restricts(int code) {
    switch (code) {
    case '<':
    case '>':
    case TK_LE:
    case TK_GE:
    case TK_NE:
    case TK_IN:
    case TK_NOTIN: return true;
    default: return false;
    }
}

static const char *words_at(psv_ctx *ctx, const psv_token *t) {
    return t->code == TK_TEXT ? psv_plain_words(ctx, t->text, t->length) : NULL;
}

/* Does the rest of an answer, from token i on, hold one condition and nothing else? */
static bool is_one_condition(psv_ctx *ctx, const psv_tokens *tokens, size_t i, bool defines) {
    for (size_t k = i; k < tokens->n; k++) {
        const psv_token *t = &tokens->data[k];
        const char *words = words_at(ctx, t);
        if (t->code == '=' && !defines) return false;
        if (words == NULL) continue;
        if (psv_opens_domain(words) && k > i) return false;
        if (strncmp(words, "if", 2) == 0 || strncmp(words, "otherwise", 9) == 0 || strncmp(words, "when", 4) == 0)
            return false;
    }
    return true;
}

static void end_at(psv_tokens *tokens, size_t i) {
    while (i > 1 && (tokens->data[i - 1].code == ',' || tokens->data[i - 1].code == ';' ||
                     tokens->data[i - 1].code == '.' || tokens->data[i - 1].code == ':'))
        i--;
    tokens->data[i].code = TK_END;
    tokens->n = i + 1;
}

/* The equations after "where": name = value, perhaps several. */
static void read_definitions(psv_ctx *ctx, const psv_tokens *tokens, size_t i, psv_definitions *where) {
    const char *why;
    psv_tokens rest = {tokens->data + i, tokens->n - i, tokens->source};
    psv_node *tree = psv_parse(ctx, rest, &why);
    if (tree == NULL) return;
    bool several = tree->kind == PSV_LIST || tree->kind == PSV_AND;
    for (size_t k = 0; k < (several ? tree->n : 1) && where->n < PSV_MAX_DEFINITIONS; k++) {
        const psv_node *equation = several ? tree->kid[k] : tree;
        if (!psv_is_relation(equation, PSV_EQUAL) || equation->kid[0]->kind != PSV_VAR) continue;
        where->name[where->n] = equation->kid[0]->text;
        where->value[where->n++] = equation->kid[1];
    }
}

/* "(x ≠ 0)" at the end, after a value. */
static bool is_bracketed_condition(const psv_tokens *tokens, size_t i) {
    const psv_token *t = &tokens->data[i], *before = &tokens->data[i - 1];
    if (t->code != '(' || !t->space || before->code == TK_FUNC || before->code == '=' || before->code == ',')
        return false;
    bool condition = false;
    int depth = 0;
    for (size_t k = i; k < tokens->n; k++) {
        depth += depth_change(tokens->data[k].code);
        if (depth == 0) return condition && tokens->data[k + 1].code == TK_END;
        condition |= depth == 1 && restricts(tokens->data[k].code);
        if (tokens->data[k].code == ',') return false;
    }
    return false;
}

/* "∀x > 0, f(x) = 0": a condition in front, up to its comma. */
static void cut_front(psv_ctx *ctx, psv_tokens *tokens) {
    const char *words = tokens->n > 0 ? words_at(ctx, &tokens->data[0]) : NULL;
    if (words == NULL || (strcmp(words, "forall") != 0 && strncmp(words, "for all", 7) != 0)) return;
    int depth = 0;
    for (size_t i = 1; i + 2 < tokens->n; i++) {
        depth += depth_change(tokens->data[i].code);
        if (tokens->data[i].code != ',' || depth != 0) continue;
        tokens->data += i + 1;
        tokens->n -= i + 1;
        return;
    }
}

/* "x + 1, x ≠ 2": at the comma after a value, does nothing follow but a restriction of a name in it? */
static bool is_restriction(const psv_tokens *tokens, size_t i) {
    const psv_token *t = tokens->data;
    bool restricted = false, named = false;
    if (t[i].code != ',' || t[i + 1].code != TK_LETTER) return false;
    for (size_t k = 0; k < i; k++) {
        if (restricts(t[k].code) || t[k].code == ',' || t[k].code == TK_PM || t[k].code == TK_TEXT) return false;
        named |= t[k].code == TK_LETTER && strcmp(t[k].text, t[i + 1].text) == 0;
    }
    for (size_t k = i + 1; k + 1 < tokens->n; k++) {
        bool other = t[k].code == ',' || t[k].code == '=' || t[k].code == TK_IN; /* "k ∈ ℤ" names the k */
        if (other || t[k].code == TK_TEXT || t[k].code == TK_OR) return false;
        restricted |= restricts(t[k].code);
    }
    return named && restricted;
}

void psv_cut_domain(psv_ctx *ctx, psv_tokens *tokens, psv_definitions *where) {
    int depth = 0;
    cut_front(ctx, tokens);
    for (size_t i = 0; i + 1 < tokens->n; i++) {
        const psv_token *t = &tokens->data[i];
        if (i > 0 && depth == 0) {
            const char *words = words_at(ctx, t);
            bool explains = words != NULL && (strncmp(words, "since", 5) == 0 || strncmp(words, "because", 7) == 0);
            if (explains && tokens->data[i + 1].code != TK_END) {
                end_at(tokens, i);
                return;
            }
            bool opens = words != NULL && psv_opens_domain(words) && tokens->data[i + 1].code != TK_END;
            bool defines = opens && strncmp(words, "where", 5) == 0;
            if (opens && is_one_condition(ctx, tokens, i, defines)) {
                if (defines) read_definitions(ctx, tokens, i + 1, where);
                end_at(tokens, i);
                return;
            }
            if (is_bracketed_condition(tokens, i) || is_restriction(tokens, i)) {
                end_at(tokens, i);
                return;
            }
        }
        depth += depth_change(t->code);
    }
}

/* ---- Left sides ---------------------------------------------------------- */

/* Is the token a command that makes an expression unreadable: \int, \lim, \max_x, "\min =", \det? */
static bool is_unread(const psv_token *t) {
    bool open = t->code == TK_FUNC && (t[1].code == '_' || t[1].code == '=');
    return t->code == TK_BAD || t->code == TK_DOTS || (open && t->id != PSV_LOG);
}

size_t psv_after_unread_side(const psv_tokens *tokens) {
    size_t value = 0;
    bool unread = false, unread_before = false;
    int depth = 0;
    for (size_t i = 0; i + 1 < tokens->n; i++) {
        const psv_token *t = &tokens->data[i];
        unread |= is_unread(t) || (t->code == TK_MID && depth > 0); /* P(A \mid B) */
        if (t->code == '=' && depth == 0) {
            value = i + 1;
            unread_before |= unread;
            unread = false;
        }
        depth += depth_change(t->code);
    }
    return unread_before && !unread ? value : 0;
}

size_t psv_after_last_equals(psv_ctx *ctx, const psv_tokens *tokens) {
    size_t value = 0;
    int depth = 0;
    for (size_t i = 0; i + 1 < tokens->n; i++) {
        const psv_token *t = &tokens->data[i];
        const char *words = words_at(ctx, t);
        bool changes = words != NULL && psv_changes_number(words);
        if (restricts(t->code) || changes || (depth == 0 && (t->code == ',' || t->code == TK_OR))) return 0;
        if (t->code == '=' && depth == 0) value = i + 1;
        depth += depth_change(t->code);
    }
    return value > 1 ? value : 0;
}
