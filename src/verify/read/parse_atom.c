/* What sums and products are made of: numbers, names, and whatever follows an atom. */
#include "verify/read/parse.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Numbers ------------------------------------------------------------- */

/* 0.333… shows its period three times at least; then it is taken to go on for ever. */
static int dotted_period(const char *digits, size_t length, size_t scale) {
    for (size_t period = 1; period <= 6 && 3 * period <= scale; period++) {
        const char *last = digits + length - period;
        if (memcmp(last - period, last, period) == 0 && memcmp(last - 2 * period, last, period) == 0)
            return (int)period;
    }
    return 0;
}

/* 0.\dot{3}\dot{6}, 0.\dot{1}2\dot{3}: a dot on the first and on the last digit. How many tokens; 0: it is not that. */
static size_t dotted_digits(psv_parser *p, ps_text *digits) {
    const psv_token *t = psv_peek(p) + 1;
    size_t k = 0;
    for (int dots = 0; dots < 2; dots++) {
        if (strcmp(t[k].text, "dot") != 0 || t[k + 1].code != '{' || t[k + 2].code != TK_NUM || t[k + 3].code != '}')
            return 0;
        ps_text_append(digits, t[k + 2].text, t[k + 2].length);
        k += 4;
        if (dots == 0 && t[k].code == TK_NUM && !t[k].point) {
            ps_text_append(digits, t[k].text, t[k].length);
            k++;
        }
    }
    return k;
}

static psv_node *repeating_number(psv_parser *p, const psv_token *t, const char *period, size_t length) {
    ps_text digits = psv_text(p->ctx);
    ps_text_append(&digits, t->text, t->length);
    ps_text_append(&digits, period, length);
    psv_node *node = psv_named(p->ctx, PSV_NUM, ps_text_cstr(&digits), digits.length);
    if (node == NULL) return NULL;
    node->scale = t->id + (int)length;
    node->repeat = (int)length;
    return node;
}

/* Take the first digit of the number at the cursor away. */
static psv_node *split_digit(psv_parser *p) {
    psv_token *t = &p->t[p->i];
    psv_node *node = psv_named(p->ctx, PSV_NUM, t->text, 1);
    if (t->length > 1) {
        t->text++;
        t->length--;
        t->space = false;
    } else {
        p->i++;
    }
    return node;
}

static psv_node *parse_number(psv_parser *p, bool one_digit) {
    psv_token *t = &p->t[p->i];
    if (one_digit && t->id == 0 && !t->point) return split_digit(p);
    const psv_token *next = t + 1;
    if (t->point && t->id == 0 && next->code == '(' && !next->space && next[1].code == TK_NUM && next[2].code == ')') {
        p->i += 4; /* 0.(3) */
        return repeating_number(p, t, next[1].text, next[1].length);
    }
    if (t->point && next->code == TK_OVERLINE) {
        ps_text period = psv_text(p->ctx);
        size_t used = dotted_digits(p, &period);
        if (used) {
            p->i += used + 1;
            return repeating_number(p, t, ps_text_cstr(&period), period.length);
        }
    }
    if (t->point && next->code == TK_OVERLINE && next[1].code == '{' && next[2].code == TK_NUM && next[3].code == '}' &&
        next[2].id == 0) {
        p->i += 5;
        return repeating_number(p, t, next[2].text, next[2].length);
    }
    if (t->point && next->code == TK_OVERLINE && next[1].code == TK_NUM && !next[1].point) {
        p->i += 2; /* 2.1\bar3 */
        const psv_node *digit = split_digit(p);
        return digit != NULL ? repeating_number(p, t, digit->text, 1) : NULL;
    }
    if (t->length == 0) return psv_parse_error(p, "a point without digits");
    p->i++;
    psv_node *node = psv_named(p->ctx, PSV_NUM, t->text, t->length);
    if (node == NULL) return NULL;
    node->scale = t->id;
    node->commas = t->commas;
    if (next->code == TK_DOTS && t->id > 0) {
        p->i++;
        node->repeat = dotted_period(t->text, t->length, (size_t)t->id);
    }
    return node;
}

psv_node *psv_parse_number(psv_parser *p, bool one_digit) {
    psv_node *number = parse_number(p, one_digit);
    if (number != NULL && number->repeat) (void)psv_accept(p, TK_DOTS); /* 0.\overline{36}… */
    return number;
}

/* ---- Names --------------------------------------------------------------- */

/* "_1", "_{n+1}", "'" after a name become part of it. */
static bool append_decorations(psv_parser *p, ps_text *name) {
    for (;;) {
        if (psv_accept(p, '\'')) {
            ps_text_puts(name, "'");
        } else if (psv_at(p, '_')) {
            p->i++;
            ps_text_puts(name, "_");
            if (psv_at(p, '{')) {
                int depth = 0;
                do {
                    const psv_token *t = psv_peek(p);
                    if (t->code == TK_END) return false;
                    if (t->code == '{') depth++;
                    if (t->code == '}') depth--;
                    if (t->code != '{' && t->code != '}') ps_text_append(name, t->text, t->length);
                    p->i++;
                } while (depth > 0);
            } else {
                const psv_token *t = psv_peek(p);
                if (t->code == TK_END) return false;
                ps_text_append(name, t->text, t->length);
                p->i++;
            }
        } else if (psv_at(p, '^') &&
                   (p->t[p->i + 1].code == '\'' ||
                    (p->t[p->i + 1].code == '{' && p->t[p->i + 2].code == '\'' && p->t[p->i + 3].code == '}'))) {
            p->i += p->t[p->i + 1].code == '\'' ? 2 : 4;
            ps_text_puts(name, "'");
        } else {
            return true;
        }
    }
}

/* P(3, -5), A(1, 2): a capital letter right before brackets with a comma in them. */
static bool names_point(const psv_parser *p, const char *name, size_t length) {
    if (length != 1 || !isupper((unsigned char)*name) || !psv_at(p, '(')) return false;
    int depth = 0;
    for (const psv_token *t = psv_peek(p); t->code != TK_END; t++) {
        depth +=
            (t->code == '(' || t->code == '[' || t->code == '{') - (t->code == ')' || t->code == ']' || t->code == '}');
        if (depth == 0) return false;
        if (depth == 1 && t->code == ',') return true;
    }
    return false;
}

/* f(x), f^{-1}(x), P(A): names that are functions by custom. */
static bool names_function(const char *name, size_t length) {
    return length >= 1 && strchr("fghFGHPT", name[0]) != NULL && (length == 1 || name[1] == '_' || name[1] == '\'');
}

static psv_node *parse_application(psv_parser *p, const char *name, size_t length) {
    p->i++;
    psv_node *inner = psv_parse_group(p, ')');
    if (inner == NULL) return NULL;
    bool list = inner->kind == PSV_LIST;
    psv_node *node = psv_node_new(p->ctx, PSV_APPLY, list ? inner->n : 1, list ? inner->kid : &inner);
    if (node == NULL) return NULL;
    node->text = ps_arena_strndup(p->ctx->arena, name, length);
    return node->text != NULL ? node : NULL;
}

static psv_node *parse_name(psv_parser *p) {
    ps_text name = psv_text(p->ctx);
    const psv_token *t = psv_peek(p);
    p->i++;
    ps_text_append(&name, t->text, t->length);
    if (t->bold) ps_text_puts(&name, "^");
    if (!append_decorations(p, &name)) return psv_parse_error(p, "unfinished index");
    if (names_function(ps_text_cstr(&name), name.length)) {
        const psv_token *u = psv_peek(p);
        if (u->code == '^' && u[1].code == '{' && u[2].code == '-' && u[3].code == TK_NUM && u[4].code == '}' &&
            u[5].code == '(') {
            p->i += 5;
            ps_text_puts(&name, "^-1");
        }
        if (psv_at(p, '(')) return parse_application(p, ps_text_cstr(&name), name.length);
    }
    if (names_point(p, ps_text_cstr(&name), name.length)) return parse_application(p, ps_text_cstr(&name), name.length);
    return psv_named(p->ctx, PSV_VAR, ps_text_cstr(&name), name.length);
}

static bool has_imaginary_unit(const psv_node *node) {
    if (node->kind == PSV_CONST && node->op == PSV_I) return true;
    for (size_t k = 0; k < node->n; k++)
        if (has_imaginary_unit(node->kid[k])) return true;
    return false;
}

/* \angle ABC, \triangle ABC, \overline{AB}: one name. */
static psv_node *parse_long_name(psv_parser *p) {
    ps_text name = psv_text(p->ctx);
    ps_text_puts(&name, psv_peek(p)->text);
    p->i++;
    bool braces = psv_accept(p, '{');
    bool bar = strcmp(ps_text_cstr(&name), "overline") == 0 || strcmp(ps_text_cstr(&name), "bar") == 0;
    if (bar && braces && !psv_at(p, TK_LETTER) && p->ctx->rules->words_may_be_signs) { /* \\overline{3+4i} */
        psv_node *inner = psv_parse_group(p, '}');
        if (inner != NULL && !has_imaginary_unit(inner)) return psv_parse_error(p, "a bar over more than a name");
        return psv_call(p->ctx, PSV_CONJ, inner, NULL);
    }
    while (psv_at(p, TK_LETTER) || psv_at(p, TK_E) || psv_at(p, TK_I))
        ps_text_puts(&name, p->t[p->i++].text);
    psv_node *node = psv_named(p->ctx, PSV_VAR, ps_text_cstr(&name), name.length);
    if (braces && !psv_accept(p, '}')) return psv_parse_error(p, "a bar over more than a name");
    return node;
}

/* ---- Any atom ------------------------------------------------------------ */

psv_node *psv_parse_argument(psv_parser *p) {
    if (psv_accept(p, '{')) return psv_parse_group(p, '}');
    if (psv_at(p, TK_NUM)) return psv_parse_number(p, true);
    if (psv_accept(p, '-')) return psv_unary(p->ctx, PSV_NEG, psv_parse_argument(p));
    return psv_parse_atom(p);
}

static psv_node *parse_text(psv_parser *p) {
    const psv_token *t = psv_peek(p);
    p->i++;
    const char *words = psv_plain_words(p->ctx, t->text, t->length);
    if (words == NULL) return NULL;
    long number = p->ctx->rules->words_may_be_values ? psv_number_word(words) : -1;
    if (number >= 0) {
        psv_node *node = psv_integer(p->ctx, number);
        if (node != NULL) node->spelled = true;
        return node;
    }
    const char *money = t->length <= 4 ? psv_currency_code(words, strlen(words)) : NULL;
    if (money != NULL && p->ctx->rules->words_may_be_signs) {
        (void)psv_accept(p, '.'); /* Rs. 9500 */
        if (psv_at(p, TK_NUM)) {
            psv_node *value = psv_unary(p->ctx, PSV_UNIT, psv_parse_number(p, false));
            if (value != NULL) value->text = money;
            return value;
        }
    }
    if (psv_at(p, '=')) return psv_named(p->ctx, PSV_VAR, words, strlen(words));
    size_t end = strlen(words);
    bool is =
        end > 3 && strcmp(words + end - 3, " is") == 0 && p->ctx->rules->text_holds_formulas; /* "The answer is" */
    bool label = t->length && (is || t->text[t->length - 1] == ':' || t->text[t->length - 1] == '=');
    label |= p->ctx->rules->words_may_be_signs && psv_lead_in(t->text, t->length) == t->length;
    if (label) (void)psv_accept(p, ':');
    if (label && psv_at(p, '-')) return psv_parse_unary(p);
    if (label && psv_starts_factor(p)) return psv_parse_power(p);
    if (p->ctx->rules->words_are_no_factors && psv_starts_factor(p) && !psv_at(p, TK_LETTER))
        return psv_parse_error(p, "words before a value");
    return psv_named(p->ctx, PSV_TEXT, words, strlen(words));
}

static psv_node *parse_atom(psv_parser *p) {
    const psv_token *t = psv_peek(p);
    switch (t->code) {
    case TK_NUM: return psv_parse_number(p, false);
    case TK_LETTER: return parse_name(p);
    case TK_PI: p->i++; return psv_constant(p->ctx, PSV_PI);
    case TK_INFINITY: p->i++; return psv_constant(p->ctx, PSV_INFINITY);
    case TK_E:
    case TK_I:
        if (p->t[p->i + 1].code == '_') return parse_name(p);
        p->i++;
        return psv_constant(p->ctx, t->code == TK_E ? PSV_E : PSV_I);
    case TK_EMPTY: p->i++; return psv_node_new(p->ctx, PSV_EMPTY, 0, NULL);
    case TK_NUMBERS: p->i++; return psv_named(p->ctx, PSV_NUMBERS, t->text, t->length);
    case '{': p->i++; return psv_parse_group(p, '}');
    case '(':
    case '[':
    case ']':
    case TK_LSET:
    case TK_LANGLE: return psv_parse_brackets(p);
    case '|': return psv_parse_absolute(p);
    case TK_LFLOOR: return psv_parse_rounding(p, PSV_FLOOR, TK_RFLOOR);
    case TK_LCEIL: return psv_parse_rounding(p, PSV_CEIL, TK_RCEIL);
    case TK_FRAC:
    case TK_BINOM: return psv_parse_two(p);
    case TK_SQRT: return psv_parse_root(p);
    case TK_FUNC: return psv_parse_function(p);
    case TK_BEGIN: return psv_parse_matrix(p);
    case TK_BIG: return psv_parse_big(p);
    case TK_OVERLINE:
    case TK_IGNORED_NAME: return parse_long_name(p);
    case TK_TEXT: return parse_text(p);
    case TK_END: return psv_parse_error(p, "unfinished");
    case TK_BAD: return psv_parse_error(p, "an unknown command");
    default: return psv_parse_error(p, "unexpected symbol");
    }
}

psv_node *psv_parse_atom(psv_parser *p) {
    if (++p->depth > PSV_MAX_DEPTH) return psv_parse_error(p, "nested too deeply");
    psv_node *node = parse_atom(p);
    p->depth--;
    return node;
}

/* ---- Powers and what else follows an atom -------------------------------- */

static psv_node *base_n(psv_parser *p, psv_node *digits) {
    p->i++;
    long base = 0;
    bool braces = psv_accept(p, '{'), round = braces && psv_accept(p, '('); /* 1011_{(2)} */
    bool inner = braces && !round && psv_accept(p, '{');                    /* 2516_{\text{8}} */
    if (braces && psv_at(p, TK_TEXT) && strcmp(psv_peek(p)->text, "base") == 0 && p->t[p->i + 1].code == TK_NUM)
        p->i++; /* 11_{\text{base }2} */
    const psv_token *t = psv_peek(p);
    if (t->code == TK_NUM && t->id == 0)
        base = strtol(t->text, NULL, 10);
    else if (t->code == TK_TEXT) {
        const char *words = psv_plain_words(p->ctx, t->text, t->length);
        if (words != NULL && strncmp(words, "base ", 5) == 0) words += 5;
        if (words != NULL) base = isdigit((unsigned char)*words) ? strtol(words, NULL, 10) : psv_number_word(words);
    }
    p->i += t->code != TK_END;
    if (round && !psv_accept(p, ')')) return psv_parse_error(p, "unbalanced brackets");
    if (inner && !psv_accept(p, '}')) return psv_parse_error(p, "unbalanced braces");
    if (braces && !psv_accept(p, '}')) return psv_parse_error(p, "unbalanced braces");
    if (base < 2 || base > 36 || digits->scale) return psv_parse_error(p, "an index to a number");
    psv_node *node = psv_copy(p->ctx, digits);
    if (node == NULL) return NULL;
    node->kind = PSV_BASE;
    node->scale = (int)base;
    return node;
}

/* Without the sign \sin 30^\circ is \sin 30. A scale of temperature may follow. */
static psv_node *degrees(psv_parser *p, psv_node *node) {
    const psv_token *t = psv_peek(p);
    bool scale = t->code == TK_LETTER && t->length == 1 && strchr("CF", *t->text) != NULL;
    if (scale && (t->id == 1 || t[1].code == TK_END)) { /* 20^\circ \text{C} */
        p->i++;
        if (p->ctx->rules->temperature_has_a_scale) {
            node = psv_unary(p->ctx, PSV_UNIT, node);
            if (node != NULL) node->text = *t->text == 'C' ? "celsius" : "fahrenheit";
            return node;
        }
    }
    return p->ctx->rules->degree_is_a_value ? psv_unary(p->ctx, PSV_DEGREE, node) : node;
}

static bool is_ordinal_ending(const char *letters) {
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    return PSV_IS_ONE_OF(endings, letters, 2);
}

/* After '^'. Degrees and ordinals are no powers. */
static psv_node *parse_exponent(psv_parser *p, psv_node *base) {
    const psv_token *t = psv_peek(p);
    bool group = t->code == '{';
    const psv_token *inner = group ? t + 1 : t;
    bool alone = !group || inner[1].code == '}';
    bool small_o = inner->code == TK_LETTER && strcmp(inner->text, "o") == 0 && !psv_has_variable(base);
    if ((inner->code == TK_DEGREE || small_o) && alone) {
        p->i += group ? 3 : 1;
        return degrees(p, base);
    }
    bool ordinal = group && inner->code == TK_LETTER && inner->run == 2 && inner[1].code == TK_LETTER &&
                   inner[2].code == '}' && base->kind == PSV_NUM && is_ordinal_ending(p->source + inner->begin);
    if (ordinal) { /* 3^{rd} */
        p->i += 4;
        return base;
    }
    if (inner->code == TK_TEXT && alone) { /* 5^\text{th} */
        p->i += group ? 3 : 1;
        return base;
    }
    psv_node *exponent;
    if (group) {
        p->i++;
        exponent = psv_parse_group(p, '}');
    } else if (t->code == TK_NUM) { /* x^10 as it is meant */
        exponent = psv_parse_number(p, false);
    } else if (psv_accept(p, '-')) {
        exponent = psv_at(p, TK_NUM) ? psv_parse_number(p, false) : psv_parse_atom(p);
        exponent = psv_unary(p->ctx, PSV_NEG, exponent);
    } else {
        exponent = psv_parse_atom(p);
    }
    return psv_binary(p->ctx, PSV_POW, base, exponent);
}

/* {g}_k, x^2_1: an index after a group or an exponent belongs to the name before it. */
static psv_node *with_index(psv_parser *p, psv_node *node) {
    bool power = node->kind == PSV_POW;
    const psv_node *old = power ? node->kid[0] : node;
    if (old->kind != PSV_VAR) return psv_parse_error(p, "an index to an expression");
    ps_text name = psv_text(p->ctx);
    ps_text_puts(&name, old->text);
    if (!append_decorations(p, &name)) return psv_parse_error(p, "unfinished index");
    psv_node *fresh = psv_named(p->ctx, PSV_VAR, ps_text_cstr(&name), name.length);
    return power ? psv_binary(p->ctx, PSV_POW, fresh, node->kid[1]) : fresh;
}

psv_node *psv_parse_power(psv_parser *p) {
    return psv_parse_postfix(p, psv_parse_atom(p));
}

psv_node *psv_parse_postfix(psv_parser *p, psv_node *node) {
    while (node != NULL) {
        switch (psv_peek(p)->code) {
        case '^':
            p->i++;
            node = parse_exponent(p, node);
            break;
        case '!': {
            p->i++;
            bool twice = psv_accept(p, '!');
            node = psv_call(p->ctx, twice ? PSV_FACTORIAL2 : PSV_FACTORIAL, node, NULL);
            break;
        }
        case '%': {
            bool word = psv_peek(p)->id == 1;
            p->i++;
            node = psv_unary(p->ctx, PSV_PERCENT, node);
            if (node != NULL) node->op = word;
            break;
        }
        case TK_DEGREE:
            p->i++;
            node = degrees(p, node);
            break;
        case '_': node = node->kind == PSV_NUM ? base_n(p, node) : with_index(p, node); break;
        default: return node;
        }
    }
    return node;
}
