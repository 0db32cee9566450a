#include "verify/tree/names.h"

bool psv_is_equation(const psv_node *node) {
    static const char equalities[] = {PSV_EQUAL, PSV_APPROX, 0};
    return node->kind == PSV_REL && strspn(node->text, equalities) == strlen(node->text);
}

bool psv_only_names(const psv_node *node) {
    switch (node->kind) {
    case PSV_VAR:
    case PSV_TEXT:
    case PSV_CHOICE:
    case PSV_APPLY: return true;
    case PSV_ADD:
    case PSV_MUL:
    case PSV_NEG:
    case PSV_DIV:
    case PSV_POW:
    case PSV_RATIO:
    case PSV_FUNC:
        if (node->op == PSV_MOD) return psv_only_names(node->kid[0]); /* N mod 100 */
        /* fall through */
    case PSV_TUPLE:
        for (size_t i = 0; i < node->n; i++)
            if (!psv_only_names(node->kid[i])) return false;
        return true;
    default: return false;
    }
}

const psv_node *psv_named_value(const psv_node *node) {
    if (!psv_is_equation(node)) return NULL;
    const psv_node *last = node->kid[node->n - 1], *first = node->kid[0];
    bool zero = last->kind == PSV_NUM && strspn(last->text, "0") == strlen(last->text);
    if (first->kind == PSV_ADD && (zero || psv_has_variable(last))) return NULL; /* x - y = 0 is an equation */
    if (psv_only_names(first)) return last;
    if (node->n == 2 && last->kind == PSV_VAR && !psv_has_variable(first)) return first; /* 5 = x */
    bool numbers = true;
    for (size_t i = 0; i < node->n; i++)
        numbers &= psv_is_scalar(node->kid[i]) && !psv_has_variable(node->kid[i]);
    return numbers ? last : NULL; /* 2 + 3 = 5 */
}

bool psv_words_of(const psv_node *node, ps_text *out) {
    switch (node->kind) {
    case PSV_TEXT:
    case PSV_VAR:
    case PSV_CHOICE: ps_text_puts(out, node->text); return true;
    case PSV_CONST:
        if (node->op != PSV_E && node->op != PSV_I) return false;
        ps_text_puts(out, node->op == PSV_E ? "e" : "i");
        return true;
    case PSV_MUL:
        for (size_t i = 0; i < node->n; i++)
            if (!psv_words_of(node->kid[i], out)) return false;
        return true;
    default: return false;
    }
}
