/* The pieces that extraction chooses from: formulas, what joins them, numbers. boxes.c has the boxes. */
#include "verify/extract/extract.h"

#include <ctype.h>
#include <string.h>

/* ---- Formulas ------------------------------------------------------------ */

static void push(psv_ctx *ctx, psv_formulas *list, size_t begin, size_t end, size_t delimiter) {
    if (ps_arena_reserve(ctx->arena, &list->data, &list->capacity, list->n + 1) == PS_OK)
        list->data[list->n++] = (psv_formula){{begin, end}, {begin + delimiter, end - delimiter}};
}

/* The end of a formula opened at `open`: "$" on one line, the others anywhere. 0: it never closes. `none[k]` remembers
 * that delimiter k does not occur any more, so that many openings cost one scan. */
static size_t formula_end(const char *text, size_t length, size_t from, int kind, bool *none) {
    if (none[kind]) return 0;
    for (size_t i = from; (i = psv_next_of(text, i, length, PSV_FORMULA_ENDS)) < length; i++) {
        char c = text[i];
        if (kind == 0 && c == '\n' && i + 1 < length && text[i + 1] == '\n') return 0;
        if (kind == 0 && c == '$') /* "$5 then $6" is money */
            return i + 1 < length && (isdigit((unsigned char)text[i + 1]) || text[i + 1] == '<') ? 0 : i + 1;
        if (kind == 1 && c == '$' && i + 1 < length && text[i + 1] == '$') return i + 2;
        if (c != '\\' || i + 1 >= length) continue;
        if (kind == 2 && text[i + 1] == ')') return i + 2;
        if (kind == 3 && text[i + 1] == ']') return i + 2;
        i++;
    }
    none[kind] = true;
    return 0;
}

/* "20 $ to Tom and has 120 $": a dollar after a number and before a blank, with words up to the next. */
static bool is_money_in_prose(const char *text, size_t begin, size_t end) {
    if (begin < 2 || text[begin + 1] != ' ' || text[begin - 1] != ' ' || !isdigit((unsigned char)text[begin - 2]))
        return false;
    size_t words = 0;
    for (size_t i = begin + 1; i + 1 < end; i++) {
        if (text[i] == '\\') return false;
        words += isalpha((unsigned char)text[i]) && isalpha((unsigned char)text[i + 1]) && text[i - 1] == ' ';
    }
    return words >= 2;
}

psv_formulas psv_find_formulas(psv_ctx *ctx, const char *text, size_t length) {
    psv_formulas out = {0};
    bool none[4] = {false};
    for (size_t i = 0; (i = psv_next_of(text, i, length, PSV_FORMULAS)) < length;) {
        int kind = -1;
        if (text[i] == '$')
            kind = i + 1 < length && text[i + 1] == '$' ? 1 : 0;
        else if (text[i] == '\\' && i + 1 < length)
            kind = text[i + 1] == '(' ? 2 : text[i + 1] == '[' ? 3 : -2;
        if (kind < 0) {
            i += kind == -2 ? 2 : 1;
            continue;
        }
        size_t delimiter = kind == 0 ? 1 : 2;
        size_t end = formula_end(text, length, i + delimiter, kind, none);
        bool note = kind == 0 && i + 2 < length && strncmp(text + i + 1, "<<", 2) == 0; /* $<<9*2=18>>18 */
        bool empty = end <= i + 2 * delimiter || note;
        if (empty || (kind == 0 && is_money_in_prose(text, i, end))) { /* unclosed, empty, none */
            i += delimiter;
            continue;
        }
        push(ctx, &out, i, end, delimiter);
        i = end;
    }
    return out;
}

/* ---- What joins them ----------------------------------------------------- */

bool psv_all_letters_at(const char *s, size_t left, const char *lower) {
    for (size_t k = 0; lower[k]; k++)
        if (k == left || psv_lower(s[k]) != lower[k]) return false;
    return true;
}

psv_joint psv_joint_between(const char *text, psv_span between) {
    psv_joint joint = {false, false, false};
    size_t i = between.begin, end = between.end;
    for (; i < end && (isspace((unsigned char)text[i]) || text[i] == ','); i++)
        joint.comma |= text[i] == ',';
    size_t word = psv_letters_at(text + i, end - i, "and") ? 3 : psv_letters_at(text + i, end - i, "or") ? 2 : 0;
    joint.word = word > 0;
    i += word;
    while (i < end && isspace((unsigned char)text[i]))
        i++;
    joint.only = i == end;
    return joint;
}

const char *psv_join_formulas(psv_ctx *ctx, const char *text, const psv_formulas *formulas, size_t first, size_t last) {
    ps_text out = psv_text(ctx);
    for (size_t k = first; k <= last; k++) {
        const psv_formula *f = &formulas->data[k];
        if (k > first) ps_text_puts(&out, ", ");
        ps_text_append(&out, text + f->inner.begin, f->inner.end - f->inner.begin);
        if (text[f->whole.end] == '%') ps_text_puts(&out, "\\%");
    }
    return ps_text_cstr(&out);
}

/* ---- Numbers ------------------------------------------------------------- */

static bool digit_at(const char *text, size_t length, size_t i) {
    return i < length && isdigit((unsigned char)text[i]);
}

static size_t number_end(const char *text, size_t length, size_t i) {
    while (digit_at(text, length, i))
        i++;
    while (i < length && text[i] == ',' && digit_at(text, length, i + 1) && digit_at(text, length, i + 2) &&
           digit_at(text, length, i + 3) && !digit_at(text, length, i + 4))
        i += 4;
    if (i < length && text[i] == '.' && digit_at(text, length, i + 1))
        for (i++; digit_at(text, length, i);)
            i++;
    return i;
}

bool psv_last_number(const char *text, size_t length, psv_span *out) {
    bool found = false;
    for (size_t i = 0; i < length;) {
        bool point =
            text[i] == '.' && digit_at(text, length, i + 1) && (i == 0 || !isalnum((unsigned char)text[i - 1]));
        if (!digit_at(text, length, i) && !point) {
            i++;
            continue;
        }
        bool in_word = i > 0 && (isalpha((unsigned char)text[i - 1]) || text[i - 1] == '_');
        size_t begin = i, end = number_end(text, length, i);
        bool fraction = end + 1 < length && text[end] == '/' && digit_at(text, length, end + 1);
        if (fraction) end = number_end(text, length, end + 1);
        if (begin > 0 && text[begin - 1] == '$') begin--;
        bool minus = begin > 0 && text[begin - 1] == '-';
        if (minus && (begin == 1 || !isalnum((unsigned char)text[begin - 2]))) begin--;
        if (end < length && text[end] == '%') end++;
        if (end + 1 < length && text[end] == '\\' && text[end + 1] == '%') end += 2;
        if (!in_word) {
            *out = (psv_span){begin, end};
            found = true;
        }
        i = end > i ? end : i + 1;
    }
    return found;
}
