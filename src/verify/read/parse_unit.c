/* Units after a value: words, letters, powers and quotients of them, and quantities in two units. */
#include "verify/read/parse.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A word of plain letters at the cursor: its length, 0 when there is none that reads as a unit. */
size_t psv_unit_word(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    if (t->code == TK_FUNC && p->t[p->i + 1].code != '(' && p->t[p->i + 1].code != '{' &&
        psv_is_unit_word(p->source + t->begin, t->length) && isalpha((unsigned char)p->source[t->begin]) && t->space)
        return t->length;
    if ((t->code != TK_LETTER && t->code != TK_E && t->code != TK_I) || t->run < 2) return 0;
    const char *word = p->source + t->begin;
    size_t length = (size_t)t->run;
    bool lower = true;
    for (size_t k = 0; k < length; k++)
        lower &= !isupper((unsigned char)word[k]);
    if (psv_is_unit_word(word, length)) {
        /* "hr^2" is h times r^2: nobody squares an hour */
        bool power = t[length].code == '^' && psv_unit_measures(word, length) == 'T';
        return power ? 0 : length;
    }
    return length >= 4 && lower && t->space ? length : 0;
}

/* "^2", "^{2}" after a unit. */
static void append_power(psv_parser *p, ps_text *text) {
    if (!psv_at(p, '^')) return;
    const psv_token *t = psv_peek(p);
    if (t[1].code == TK_NUM) {
        ps_text_printf(text, "^%s", t[1].text);
        p->i += 2;
    } else if (t[1].code == '{' && t[2].code == TK_NUM && t[3].code == '}') {
        ps_text_printf(text, "^%s", t[2].text);
        p->i += 4;
    }
}

/* "units squared": words that change a number, but not when they are a unit's. */
static bool is_unit_with_power(const char *words) {
    size_t first = strcspn(words, " ");
    const char *rest = words + first;
    bool power = strcmp(rest, " squared") == 0 || strcmp(rest, " cubed") == 0 || psv_text_is(words, first, "quarter");
    return (power && psv_is_unit_word(words, first)) || (psv_find_unit(words).dimension && !psv_changes_number(rest));
}

/* What words after a value mean when they are not a unit: a base, a factor, a condition. NULL: a unit after all. */
static psv_node *special_words(psv_parser *p, psv_node *value, const char *words) {
    long factor = psv_multiplier_word(words, strcspn(words, " "));
    if (factor) {
        const char *rest = words + strcspn(words, " ");
        psv_node *node = psv_binary(p->ctx, PSV_MUL, value, psv_integer(p->ctx, factor));
        while (*rest == ' ')
            rest++;
        if (!*rest || node == NULL) return node;
        psv_node *unit = psv_unary(p->ctx, PSV_UNIT, node);
        if (unit != NULL) unit->text = rest;
        return unit;
    }
    if (strncmp(words, "in base ", 8) == 0) words += 3;
    if (strncmp(words, "inbase ", 7) == 0) words += 2; /* two plain words */
    bool digits = (value->kind == PSV_NUM && value->scale == 0) || value->kind == PSV_BASE;
    if (strncmp(words, "base ", 5) == 0 && digits) {
        long base = isdigit((unsigned char)words[5]) ? strtol(words + 5, NULL, 10) : psv_number_word(words + 5);
        if (base < 2 || base > 36 || (value->kind == PSV_BASE && base != value->scale)) return NULL;
        psv_node *node = psv_copy(p->ctx, value);
        if (node != NULL) {
            node->kind = PSV_BASE;
            node->scale = (int)base;
        }
        return node;
    }
    if (value->kind == PSV_NUM && value->scale == 0 && psv_number_word(words) >= 0 &&
        psv_number_word(words) == strtol(value->text, NULL, 10))
        return value; /* 5 (five) */
    if (strcmp(words, "only") == 0) return value;
    static const char *const percent[] = {"per cent", "percentage", "percentage points", "percentage point"};
    if (PSV_IS_ONE_OF(percent, words, strlen(words)) && p->ctx->rules->words_are_no_factors) {
        psv_node *node = psv_unary(p->ctx, PSV_PERCENT, value);
        if (node != NULL) node->op = true; /* a word, not the sign */
        return node;
    }
    if (p->ctx->rules->words_are_no_factors && psv_changes_number(words) && !is_unit_with_power(words))
        return psv_parse_error(p, "words that change a number");
    static const char *const conditions[] = {"if", "when", "for", "where", "with", "since", "such", "as", "not"};
    for (size_t k = 0; k < sizeof conditions / sizeof *conditions; k++) {
        size_t length = strlen(conditions[k]);
        bool opens = strncmp(words, conditions[k], length) == 0 && (words[length] == ' ' || !words[length]);
        bool says_nothing = p->ctx->rules->domain_may_be_left_out && psv_opens_domain(words) && psv_at(p, TK_END);
        if (opens && !says_nothing) return psv_parse_error(p, "a condition in words");
    }
    return NULL;
}

/* The words of a \text group as a unit: "km/h" is km per h. */
static const char *unit_text(psv_parser *p, const char *text, size_t length) {
    ps_text spelled = psv_text(p->ctx);
    for (size_t k = 0; k < length; k++) {
        if (text[k] == '/' && k > 0 && isalpha((unsigned char)text[k - 1]))
            ps_text_puts(&spelled, " per ");
        else
            ps_text_append(&spelled, text + k, 1);
    }
    const char *words = psv_plain_words(p->ctx, ps_text_cstr(&spelled), spelled.length);
    size_t end = words != NULL ? strlen(words) : 0;
    if (memchr(text, '^', length) == NULL || end < 3 || words[end - 2] != ' ' ||
        !isdigit((unsigned char)words[end - 1]))
        return words;
    char *power = ps_arena_strndup(p->ctx->arena, words, end); /* \mathrm{cm^3}, of which the words are "cm 3" */
    if (power != NULL) power[end - 2] = '^';
    return power;
}

/* Text, or a single letter of text that is a unit: \text{km}, \text{h}. */
static bool is_textual_unit(const psv_token *t) {
    return t->code == TK_TEXT || (t->code == TK_LETTER && t->id == 1 && psv_is_unit_word(t->text, t->length));
}

/* \frac{\text{miles}}{\text{hour}}, \frac{\text{m}}{\text{s}^2}: is it that, and has it a power below? */
typedef struct unit_fraction {
    bool found, has_power;
} unit_fraction;

static unit_fraction unit_fraction_ahead(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    bool starts = t->code == TK_FRAC && t[1].code == '{' && is_textual_unit(&t[2]) && t[3].code == '}' &&
                  t[4].code == '{' && is_textual_unit(&t[5]);
    bool plain = starts && t[6].code == '}';
    bool has_power = starts && t[6].code == '^' && t[7].code == TK_NUM && t[8].code == '}';
    return (unit_fraction){plain || has_power, has_power};
}

/* A plain unit of time after a unit and a stroke: "km/h", "m/s^2". Its length. */
static size_t per_time(const psv_parser *p, size_t i) {
    const psv_token *t = &p->t[i];
    if (t->code != '/') return 0;
    const char *word = p->source + t[1].begin;
    size_t length = 0;
    while (isalpha((unsigned char)word[length]))
        length++;
    bool ends = (t[1].code == TK_LETTER || t[1].code == TK_FUNC) && (size_t)t[1].run <= length;
    return ends && length && psv_unit_measures(word, length) == 'T' ? length : 0;
}

/* "m" before a stroke and a time: the one unit of a plain letter that stands for nothing else there. */
static size_t metres_per_time(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    return t->code == TK_LETTER && t->run == 1 && strcmp(t->text, "m") == 0 && per_time(p, p->i + 1) ? 1 : 0;
}

/* The words of a plain unit that starts at the cursor, which moves past it. */
static const char *take_plain(psv_parser *p, size_t length) {
    const psv_token *t = psv_peek(p);
    const char *words = psv_plain_words(p->ctx, p->source + t->begin, length);
    size_t end = t->begin + length;
    while (!psv_at(p, TK_END) && psv_peek(p)->begin < end)
        p->i++;
    return words;
}

/* The plain word "per" between two units. */
static bool at_per(const psv_parser *p) {
    const psv_token *t = psv_peek(p);
    return t->code == TK_LETTER && t->run == 3 && strncmp(p->source + t->begin, "per", 3) == 0;
}

static bool is_out_of(const char *words) {
    static const char *const phrases[] = {"out of", "out of every", "out of the", "out of all"};
    return PSV_IS_ONE_OF(phrases, words, strlen(words));
}

psv_node *psv_parse_unit(psv_parser *p, psv_node *value, bool *found) {
    ps_text text = psv_text(p->ctx);
    *found = false;
    for (;;) {
        const psv_token *t = psv_peek(p);
        size_t length = 0;
        unit_fraction fraction = {false, false};
        const char *words = NULL;
        if (is_textual_unit(t)) {
            words = unit_text(p, t->text, t->length);
            p->i++;
        } else if ((fraction = unit_fraction_ahead(p)).found) {
            ps_text over = psv_text(p->ctx);
            ps_text_printf(&over, "%s/%s", t[2].text, t[5].text);
            words = unit_text(p, ps_text_cstr(&over), over.length);
            p->i += 6; /* to the "}", or to the power before it */
            if (!fraction.has_power) p->i++;
        } else if (text.length && at_per(p)) {
            p->i += 3;
            ps_text_puts(&text, " per");
            continue;
        } else if ((length = psv_unit_word(p)) != 0 || (length = metres_per_time(p)) != 0) {
            words = take_plain(p, length);
        } else if (text.length && (length = per_time(p, p->i)) != 0) {
            p->i++;
            ps_text_puts(&text, " per");
            words = take_plain(p, length);
        } else if (t->code == '/' && text.length &&
                   (p->t[p->i + 1].code == TK_TEXT || (p->t[p->i + 1].code == TK_LETTER && p->t[p->i + 1].id == 1))) {
            p->i++;
            ps_text_puts(&text, " per");
            continue;
        } else {
            break;
        }
        if (words == NULL) break;
        size_t end = strlen(words);
        if (psv_at(p, TK_NUM) && end >= 4 && strcmp(words + end - 4, "base") == 0) { /* "in base", 6 */
            ps_text_printf(&text, "base %s", p->t[p->i++].text);
            words = "";
        } else if (psv_at(p, TK_NUM) && p->ctx->rules->to_and_in_are_ratios && is_out_of(words)) {
            ps_text_printf(&text, "out of %s", p->t[p->i++].text); /* 3 out of 8 students */
            words = "";
        }
        if (text.length && *words) ps_text_puts(&text, " ");
        ps_text_puts(&text, words);
        append_power(p, &text);
        if (*words && end > 3 && strcmp(words + end - 3, " of") == 0 && psv_at(p, TK_LETTER) &&
            p->t[p->i + 1].code == TK_END && p->ctx->rules->words_are_no_factors)
            p->i++; /* values of x */
        if (fraction.has_power) (void)psv_accept(p, '}');
        *found = true;
    }
    if (!*found) return value;
    const char *words = ps_text_cstr(&text);
    psv_node *node = special_words(p, value, words);
    if (node != NULL || p->why != NULL) return node;
    if (!*words) return value;
    node = psv_unary(p->ctx, PSV_UNIT, value);
    if (node != NULL) node->text = words;
    return node;
}

/* "1 hour 30 minutes", "5 feet and 6 inches": after a quantity, a number of a smaller unit of the same kind. */
psv_node *psv_parse_smaller_part(psv_parser *p, psv_node *large) {
    if (large == NULL || large->kind != PSV_UNIT || !p->ctx->rules->quantity_has_parts) return large;
    size_t start = p->i, length = strlen(large->text);
    bool ends_in_and = length > 4 && strcmp(large->text + length - 4, " and") == 0; /* \text{ hour and } 30 */
    const char *name = ends_in_and ? ps_arena_strndup(p->ctx->arena, large->text, length - 4) : large->text;
    if (name == NULL) return NULL;
    if (!ends_in_and) (void)psv_accept(p, TK_AND);
    if (!psv_at(p, TK_NUM)) {
        p->i = start;
        return large;
    }
    bool found = false;
    psv_node *small = psv_parse_unit(p, psv_parse_number(p, false), &found);
    psv_unit x = psv_find_unit(name), y = found && small != NULL ? psv_find_unit(small->text) : x;
    bool fits = found && small != NULL && small->kind == PSV_UNIT && x.dimension && x.dimension == y.dimension &&
                !x.per && !y.per && x.power == 1 && y.power == 1 &&
                y.numerator * x.denominator < x.numerator * y.denominator;
    if (!fits) {
        p->i = start;
        return large;
    }
    psv_node *ratio = psv_binary(p->ctx, PSV_DIV, psv_integer(p->ctx, y.numerator * x.denominator),
                                 psv_integer(p->ctx, y.denominator * x.numerator));
    psv_node *part = psv_binary(p->ctx, PSV_MUL, small->kid[0], ratio);
    psv_node *both = psv_unary(p->ctx, PSV_UNIT, psv_binary(p->ctx, PSV_ADD, large->kid[0], part));
    if (both != NULL) both->text = name;
    return both;
}
