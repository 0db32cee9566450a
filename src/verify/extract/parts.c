/* The pieces that extraction chooses from: boxes, formulas, numbers. */
#include "verify/extract/extract.h"

#include <ctype.h>
#include <string.h>

/* ---- Formulas ------------------------------------------------------------ */

static ps_status push(psv_formulas *list, size_t begin, size_t end, size_t delimiter) {
    ps_status status = ps_reserve(&list->data, &list->capacity, list->n + 1);
    if (status != PS_OK) return status;
    list->data[list->n++] = (psv_formula){{begin, end}, {begin + delimiter, end - delimiter}};
    return PS_OK;
}

/* The end of a formula opened at `open`: "$" on one line, the others anywhere. 0: it never closes. `none[k]` remembers
 * that delimiter k does not occur any more, so that many openings cost one scan. */
static size_t formula_end(const char *text, size_t length, size_t from, int kind, bool *none) {
    if (none[kind]) return 0;
    for (size_t i = from; i < length; i++) {
        char c = text[i];
        if (kind == 0 && c == '\n' && i + 1 < length && text[i + 1] == '\n') return 0;
        if (kind == 0 && c == '$') /* "$5 then $6" is money */
            return i + 1 < length && isdigit((unsigned char)text[i + 1]) ? 0 : i + 1;
        if (kind == 1 && c == '$' && i + 1 < length && text[i + 1] == '$') return i + 2;
        if (c != '\\' || i + 1 >= length) continue;
        if (kind == 2 && text[i + 1] == ')') return i + 2;
        if (kind == 3 && text[i + 1] == ']') return i + 2;
        i++;
    }
    none[kind] = true;
    return 0;
}

ps_status psv_find_formulas(const char *text, size_t length, psv_formulas *out) {
    bool none[4] = {false};
    for (size_t i = 0; i < length;) {
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
        if (end <= i + 2 * delimiter) { /* unclosed or empty */
            i += delimiter;
            continue;
        }
        ps_status status = push(out, i, end, delimiter);
        if (status != PS_OK) return status;
        i = end;
    }
    return PS_OK;
}

/* ---- What joins them ----------------------------------------------------- */

bool psv_letters_at(const char *s, size_t left, const char *lower) {
    size_t n = strlen(lower);
    if (left < n) return false;
    for (size_t k = 0; k < n; k++)
        if (tolower((unsigned char)s[k]) != lower[k]) return false;
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
    ps_text out = {0};
    for (size_t k = first; k <= last; k++) {
        const psv_formula *f = &formulas->data[k];
        if (k > first) ps_text_puts(&out, ", ");
        ps_text_append(&out, text + f->inner.begin, f->inner.end - f->inner.begin);
        if (text[f->whole.end] == '%') ps_text_puts(&out, "\\%");
    }
    const char *copy = ps_text_ok(&out) ? ps_arena_strndup(ctx->arena, ps_text_cstr(&out), out.length) : NULL;
    if (copy == NULL) ctx->nomem = true;
    ps_text_free(&out);
    return copy;
}

/* ---- Boxes --------------------------------------------------------------- */

typedef struct box {
    psv_span whole, inner;
} box;

typedef struct boxes {
    box *data;
    size_t n, capacity;
    size_t *open; /* for each open brace: 1 + where its \boxed starts, 0 for a plain brace */
    size_t depth, open_capacity;
    size_t boxed_depth; /* open braces that belong to a box */
} boxes;

static size_t box_command(const char *s, size_t left) {
    if (left >= 6 && memcmp(s, "\\boxed", 6) == 0) return 6;
    return left >= 5 && memcmp(s, "\\fbox", 5) == 0 ? 5 : 0;
}

static bool blank(const char *text, psv_span span) {
    for (size_t i = span.begin; i < span.end; i++)
        if (!isspace((unsigned char)text[i])) return false;
    return true;
}

static ps_status add_box(boxes *b, const char *text, size_t begin, psv_span inner, size_t end) {
    if (blank(text, inner)) return PS_OK;
    ps_status status = ps_reserve(&b->data, &b->capacity, b->n + 1);
    if (status == PS_OK) b->data[b->n++] = (box){{begin, end}, inner};
    return status;
}

static ps_status close_brace(boxes *b, const char *text, size_t i, size_t inner_begin) {
    (void)inner_begin;
    size_t start = b->open[--b->depth];
    if (!start) return PS_OK;
    if (--b->boxed_depth > 0) return PS_OK; /* inside another box: the outer one counts */
    size_t begin = start - 1, inner = begin;
    while (text[inner] != '{')
        inner++;
    return add_box(b, text, begin, (psv_span){inner + 1, i}, i + 1);
}

/* \boxed5, \boxed \frac12 …: what follows up to white space or a delimiter. */
static size_t bare_end(const char *text, size_t length, size_t i) {
    while (i < length && !isspace((unsigned char)text[i]) && text[i] != '$' && text[i] != ',' && text[i] != '}' &&
           !(text[i] == '\\' && i + 1 < length && strchr(")]", text[i + 1]) != NULL))
        i++;
    return i;
}

/* Where a box that never closes ends: before the end of its line or formula. */
static size_t unclosed_end(const char *text, size_t length, size_t i) {
    while (i < length && text[i] != '\n' && text[i] != '$' &&
           !(text[i] == '\\' && i + 1 < length && strchr(")]", text[i + 1]) != NULL))
        i++;
    return i;
}

static ps_status find_boxes(const char *text, size_t length, boxes *b) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < length && status == PS_OK;) {
        size_t command = text[i] == '\\' ? box_command(text + i, length - i) : 0;
        size_t after = i + command;
        if (command) {
            while (after < length && isspace((unsigned char)text[after]))
                after++;
            if (after < length && text[after] != '{' && b->boxed_depth == 0) {
                size_t end = bare_end(text, length, after);
                status = add_box(b, text, i, (psv_span){after, end}, end);
                i = end > i ? end : i + 1;
                continue;
            }
        }
        if (after < length && text[after] == '{') {
            status = ps_reserve(&b->open, &b->open_capacity, b->depth + 1);
            if (status != PS_OK) break;
            b->open[b->depth++] = command ? i + 1 : 0;
            b->boxed_depth += command != 0;
            i = after + 1;
        } else if (text[i] == '}' && b->depth) {
            status = close_brace(b, text, i++, 0);
        } else if (text[i] == '\\' && i + 1 < length && strchr("{}", text[i + 1]) != NULL) {
            i += 2;
        } else {
            i++;
        }
    }
    return status;
}

/* The last box that was opened and never closed, if no closed one follows. */
static ps_status add_unclosed(boxes *b, const char *text, size_t length) {
    for (size_t k = b->depth; k-- > 0;) {
        if (!b->open[k]) continue;
        size_t begin = b->open[k] - 1, inner = begin;
        if (b->n && b->data[b->n - 1].whole.begin > begin) return PS_OK;
        while (text[inner] != '{')
            inner++;
        size_t end = unclosed_end(text, length, inner + 1);
        return add_box(b, text, begin, (psv_span){inner + 1, end}, end);
    }
    return PS_OK;
}

/* Does nothing but a separator stand between two boxes? White space alone does on one line. */
static bool only_separators(const char *text, psv_span between) {
    static const char *const allowed[] = {"\\text", "\\mbox", "\\quad", "\\qquad", "and", "or",  "\\,",
                                          "\\;",    "\\ ",    "\\(",    "\\)",     "\\[", "\\]", "$",
                                          ",",      ";",      " ",      "{",       "}",   "~",   "\\\\"};
    bool newline = false, joined = false;
    for (size_t i = between.begin; i < between.end;) {
        size_t eaten = 0;
        if (text[i] == '\n') {
            newline = true;
            eaten = 1;
        }
        for (size_t k = 0; k < sizeof allowed / sizeof *allowed && !eaten; k++) {
            size_t length = strlen(allowed[k]);
            if (between.end - i < length || memcmp(text + i, allowed[k], length) != 0) continue;
            eaten = length;
            joined |= *allowed[k] == 'a' || *allowed[k] == 'o' || *allowed[k] == ',' || *allowed[k] == ';';
        }
        if (!eaten) return false;
        i += eaten;
    }
    return joined || !newline;
}

/* Boxes that are near, or not far with a separator somewhere between. */
static bool are_near(const char *text, psv_span between) {
    size_t length = between.end - between.begin;
    if (length < 10) return true;
    if (length >= 70) return false;
    for (size_t i = between.begin; i < between.end; i++) {
        if (text[i] == ',' || text[i] == ';') return true;
        bool starts = i == between.begin || !isalnum((unsigned char)text[i - 1]);
        size_t left = between.end - i;
        if (starts && left > 3 && memcmp(text + i, "and", 3) == 0 && !isalnum((unsigned char)text[i + 3])) return true;
        if (starts && left > 2 && memcmp(text + i, "or", 2) == 0 && !isalnum((unsigned char)text[i + 2])) return true;
    }
    return false;
}

static bool same_inner(const char *text, const box *a, const box *b) {
    size_t length = a->inner.end - a->inner.begin;
    return length == b->inner.end - b->inner.begin && memcmp(text + a->inner.begin, text + b->inner.begin, length) == 0;
}

/* Boxes from `first` on that all say the same ("15 39/40, or 639/40") are one answer. */
static bool all_the_same(psv_ctx *ctx, const char *text, const boxes *b, size_t first) {
    psv_answer last, other;
    psv_span inner = b->data[b->n - 1].inner;
    psv_read(ctx, text + inner.begin, inner.end - inner.begin, &last);
    for (size_t k = first; k + 1 < b->n; k++) {
        inner = b->data[k].inner;
        psv_read(ctx, text + inner.begin, inner.end - inner.begin, &other);
        if (ctx->nomem) return false;
        psv_compare c = {.ctx = ctx};
        if (psv_compare_answers(&c, &last, &other) != PSV_YES) return false;
    }
    return true;
}

static const char *join_boxes(psv_ctx *ctx, const char *text, const boxes *b, size_t first) {
    ps_text out = {0};
    for (size_t k = first; k < b->n; k++) {
        if (k > first && same_inner(text, &b->data[k], &b->data[k - 1])) continue;
        if (k > first) ps_text_puts(&out, ", ");
        ps_text_append(&out, text + b->data[k].inner.begin, b->data[k].inner.end - b->data[k].inner.begin);
    }
    const char *copy = ps_text_ok(&out) ? ps_arena_strndup(ctx->arena, ps_text_cstr(&out), out.length) : NULL;
    if (copy == NULL) ctx->nomem = true;
    ps_text_free(&out);
    return copy;
}

bool psv_last_boxes(psv_ctx *ctx, const char *text, size_t length, const char **content, psv_span *where) {
    boxes b = {0};
    bool found = false;
    *content = NULL;
    if (find_boxes(text, length, &b) != PS_OK || add_unclosed(&b, text, length) != PS_OK) {
        ctx->nomem = true;
        goto done;
    }
    if (!b.n) goto done;
    size_t first = b.n - 1;
    while (first > 0 && b.n - first < 32) {
        psv_span between = {b.data[first - 1].whole.end, b.data[first].whole.begin};
        if (!(ctx->rules->joins_near_boxes ? are_near(text, between) : only_separators(text, between))) break;
        first--;
    }
    if (first + 1 < b.n && all_the_same(ctx, text, &b, first)) first = b.n - 1;
    *where = b.data[b.n - 1].whole;
    *content = join_boxes(ctx, text, &b, first);
    found = *content != NULL;
done:
    ps_free(b.data);
    ps_free(b.open);
    return found;
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
