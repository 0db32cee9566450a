/* A tree in a canonical plain notation, for reports and as the key of an opaque atom. */
#include "verify/tree/tree.h"

#include <string.h>

static void print_joined(const psv_node *node, const char *between, ps_text *out) {
    for (size_t i = 0; i < node->n; i++) {
        if (i) ps_text_puts(out, between);
        psv_print(node->kid[i], out);
    }
}

static void print_bracketed(const psv_node *node, const char *open, const char *between, const char *close,
                            ps_text *out) {
    ps_text_puts(out, open);
    print_joined(node, between, out);
    ps_text_puts(out, close);
}

static bool is_atom(const psv_node *node) {
    switch (node->kind) {
    case PSV_NUM:
    case PSV_CONST:
    case PSV_VAR:
    case PSV_FUNC:
    case PSV_ROOT:
    case PSV_APPLY:
    case PSV_CHOICE:
    case PSV_BASE:
    case PSV_TUPLE:
    case PSV_SET:
    case PSV_MATRIX: return true;
    default: return false;
    }
}

static void print_operand(const psv_node *node, ps_text *out) {
    if (is_atom(node)) {
        psv_print(node, out);
    } else {
        ps_text_puts(out, "(");
        psv_print(node, out);
        ps_text_puts(out, ")");
    }
}

static void print_operands(const psv_node *node, const char *between, ps_text *out) {
    for (size_t i = 0; i < node->n; i++) {
        if (i) ps_text_puts(out, between);
        print_operand(node->kid[i], out);
    }
}

static void print_number(const psv_node *node, ps_text *out) {
    size_t length = strlen(node->text), scale = (size_t)node->scale, repeat = (size_t)node->repeat;
    size_t whole = length > scale ? length - scale : 0;
    if (whole)
        ps_text_append(out, node->text, whole);
    else
        ps_text_puts(out, "0");
    if (!scale) return;
    ps_text_puts(out, ".");
    for (size_t i = length; i < scale; i++)
        ps_text_puts(out, "0");
    ps_text_append(out, node->text + whole, length - whole - repeat);
    if (!repeat) return;
    ps_text_puts(out, "(");
    ps_text_append(out, node->text + length - repeat, repeat);
    ps_text_puts(out, ")");
}

static void print_relation(const psv_node *node, ps_text *out) {
    for (size_t i = 0; i < node->n; i++) {
        psv_print(node->kid[i], out);
        if (i + 1 == node->n) break;
        switch ((psv_relation)node->text[i]) {
        case PSV_AT_MOST: ps_text_puts(out, " <= "); break;
        case PSV_AT_LEAST: ps_text_puts(out, " >= "); break;
        case PSV_NOT_EQUAL: ps_text_puts(out, " != "); break;
        case PSV_MEMBER: ps_text_puts(out, " in "); break;
        case PSV_NOT_MEMBER: ps_text_puts(out, " not in "); break;
        case PSV_CONGRUENT: ps_text_puts(out, " == "); break;
        case PSV_OTHER_RELATION: ps_text_puts(out, " ~ "); break;
        default: ps_text_printf(out, " %c ", node->text[i]); break;
        }
    }
}

static void print_sum(const psv_node *node, ps_text *out) {
    for (size_t i = 0; i < node->n; i++) {
        const psv_node *term = node->kid[i];
        bool negative = term->kind == PSV_NEG;
        if (i) ps_text_puts(out, negative ? " - " : " + ");
        if (!i && negative) ps_text_puts(out, "-");
        const psv_node *shown = negative ? term->kid[0] : term;
        if (shown->kind == PSV_ADD || shown->kind == PSV_PM || shown->kind == PSV_NEG)
            print_operand(shown, out);
        else
            psv_print(shown, out);
    }
}

static void print_matrix(const psv_node *node, ps_text *out) {
    ps_text_puts(out, "[");
    for (size_t i = 0; i < node->n; i++) {
        if (i) ps_text_puts(out, i % (size_t)node->scale ? ", " : "; ");
        psv_print(node->kid[i], out);
    }
    ps_text_puts(out, "]");
}

static void print_scalar(const psv_node *node, ps_text *out) {
    static const char *const constants[] = {"pi", "e", "i", "oo"};
    switch (node->kind) {
    case PSV_NUM: print_number(node, out); break;
    case PSV_CONST: ps_text_puts(out, constants[node->op]); break;
    case PSV_ADD: print_sum(node, out); break;
    case PSV_MUL: print_operands(node, "*", out); break;
    case PSV_DIV: print_operands(node, "/", out); break;
    case PSV_POW: print_operands(node, "^", out); break;
    case PSV_NEG:
        ps_text_puts(out, "-");
        print_operand(node->kid[0], out);
        break;
    case PSV_ROOT: print_bracketed(node, "root(", ", ", ")", out); break;
    case PSV_FUNC:
        ps_text_puts(out, psv_func_name((psv_func)node->op));
        print_bracketed(node, "(", ", ", ")", out);
        break;
    case PSV_APPLY:
        ps_text_puts(out, node->text);
        print_bracketed(node, "(", ", ", ")", out);
        break;
    case PSV_PM:
        if (node->n == 2) print_operand(node->kid[0], out);
        ps_text_puts(out, node->op == '+' ? " +- " : " -+ ");
        print_operand(node->kid[node->n - 1], out);
        break;
    case PSV_PERCENT:
        print_operand(node->kid[0], out);
        ps_text_puts(out, "%");
        break;
    case PSV_DEGREE:
        print_operand(node->kid[0], out);
        ps_text_puts(out, " deg");
        break;
    case PSV_UNIT:
        print_operand(node->kid[0], out);
        ps_text_printf(out, " [%s]", node->text);
        break;
    default: ps_text_puts(out, node->text); break;
    }
}

void psv_print(const psv_node *node, ps_text *out) {
    switch (node->kind) {
    case PSV_BASE: ps_text_printf(out, "%s_%d", node->text, node->scale); break;
    case PSV_RATIO:
        print_operands(node, ":", out);
        if (node->text != NULL) ps_text_printf(out, " %s", node->text);
        break;
    case PSV_CHOICE: ps_text_printf(out, "choice %s", node->text); break;
    case PSV_DOTS: ps_text_puts(out, "..."); break;
    case PSV_TEXT: ps_text_printf(out, "\"%s\"", node->text); break;
    case PSV_TUPLE: {
        char open[2] = {(char)(node->op & 255), 0}, close[2] = {(char)(node->op >> 8 & 255), 0};
        if (close[0] == 'v') open[0] = '<', close[0] = '>';
        print_bracketed(node, open, ", ", close, out);
        break;
    }
    case PSV_SET: print_bracketed(node, "{", ", ", "}", out); break;
    case PSV_LIST: print_joined(node, ", ", out); break;
    case PSV_MATRIX: print_matrix(node, out); break;
    case PSV_UNION: print_operands(node, " u ", out); break;
    case PSV_INTER: print_operands(node, " n ", out); break;
    case PSV_MINUS: print_operands(node, " \\ ", out); break;
    case PSV_EMPTY: ps_text_puts(out, "{}"); break;
    case PSV_REL: print_relation(node, out); break;
    case PSV_AND: print_joined(node, " and ", out); break;
    case PSV_OR: print_joined(node, " or ", out); break;
    default: print_scalar(node, out); break;
    }
}
