/* Extraction in Math-Verify's order: "final answer is" and boxes; "answer:"; "answer"; then the formula or number that
 * ends last. Its regular expressions are replaced by one list of candidates and a look at what stands before each. */
#include "verify/extract/extract.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST_EXPRESSION = 300, MOST_NEIGHBOURS = 5 };

typedef struct candidate {
    psv_span whole, inner;
    bool percent;
} candidate;

typedef struct candidates {
    ps_arena *arena; /* of the array */
    candidate *data;
    size_t n, capacity;
} candidates;

static void add(candidates *list, candidate c) {
    if (ps_arena_reserve(list->arena, &list->data, &list->capacity, list->n + 1) == PS_OK) list->data[list->n++] = c;
}

/* A percent sign or word right after i: its end, else i. */
static size_t percent_end(const char *text, size_t length, size_t i, bool *percent) {
    static const char *const signs[] = {"\\%", "%", "percentage", "percent", "pct"};
    size_t k = i;
    while (k < length && isspace((unsigned char)text[k]))
        k++;
    for (size_t s = 0; s < sizeof signs / sizeof *signs; s++) {
        if (!psv_letters_at(text + k, length - k, signs[s])) continue;
        *percent = true;
        return k + strlen(signs[s]);
    }
    return i;
}

/* ---- Plain numbers and expressions --------------------------------------- */

static bool expression_character(char c) {
    return isdigit((unsigned char)c) || (c && strchr(".+-*/^() \n", c) != NULL);
}

/* A number or an arithmetical expression that starts at i, after white space, "=" or a currency sign. *clear: up to
 * there nothing but digits, brackets and blanks was seen before, so that many starts in one stretch cost one look. */
static bool plain_candidate(const char *text, size_t length, size_t i, size_t *clear, candidate *out) {
    size_t end = *clear > i ? *clear : i, digits_end = i;
    bool operator_seen = false;
    if (end == i && text[i] == '-') end++;
    while (end < length && end < i + LONGEST_EXPRESSION && expression_character(text[end])) {
        if (strchr("+-*/^", text[end]) != NULL) operator_seen = end > i;
        end++;
    }
    if (!operator_seen) *clear = end;
    if (operator_seen) { /* cut back to a digit or bracket */
        while (end > i && !isdigit((unsigned char)text[end - 1]) && text[end - 1] != ')')
            end--;
        bool balanced = true;
        int depth = 0;
        for (size_t k = i; k < end; k++) {
            depth += text[k] == '(';
            depth -= text[k] == ')';
            balanced &= depth >= 0;
        }
        bool inside = memchr(text + i + 1, '\n', end - i - 1) == NULL;
        bool operator_left = false;
        for (size_t k = i + 1; k < end; k++)
            operator_left |= strchr("+-*/^", text[k]) != NULL;
        if (balanced && depth == 0 && inside && operator_left && isdigit((unsigned char)text[end - 1])) {
            *out = (candidate){{i, end}, {i, end}, false};
            return true;
        }
    }
    end = i + (text[i] == '-');
    while (end < length && isdigit((unsigned char)text[end]))
        end++;
    for (;;) { /* groups of three after "," or " " */
        size_t k = end + 1;
        bool group = end < length && (text[end] == ',' || text[end] == ' ') && end - i <= 3 + (text[i] == '-');
        group |= end < length && (text[end] == ',' || text[end] == ' ') && digits_end > i;
        for (size_t d = 0; d < 3 && group; d++)
            group = k + d < length && isdigit((unsigned char)text[k + d]);
        if (!group || (k + 3 < length && isdigit((unsigned char)text[k + 3]))) break;
        digits_end = end = k + 3;
    }
    if (end + 1 < length && (text[end] == '.' || text[end] == ',') && isdigit((unsigned char)text[end + 1]))
        for (end++; end < length && isdigit((unsigned char)text[end]);)
            end++;
    if (end == i + (text[i] == '-')) return false;
    *out = (candidate){{i, end}, {i, end}, false};
    return true;
}

static bool currency_before(const char *text, size_t i, size_t *start) {
    static const char *const signs[] = {"$", "€", "£", "¥", "₹"};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        size_t n = strlen(signs[k]);
        if (i < n || memcmp(text + i - n, signs[k], n) != 0) continue;
        *start = i - n;
        return true;
    }
    return false;
}

static void find_plain(const char *text, size_t length, candidates *out) {
    size_t clear = 0;
    for (size_t i = 0; i < length;) {
        bool starts = isdigit((unsigned char)text[i]) || (strchr("-.(", text[i]) != NULL && text[i] && i + 1 < length &&
                                                          isdigit((unsigned char)text[i + 1]));
        size_t before = i;
        if (starts) (void)currency_before(text, i, &before);
        while (starts && before > 0 && text[before - 1] == '*')
            before--;
        bool anchored = before == 0 || isspace((unsigned char)text[before - 1]) || text[before - 1] == '=' ||
                        text[before - 1] == ':';
        candidate c;
        if (!starts || !anchored || !plain_candidate(text, length, i, &clear, &c)) {
            if (isdigit((unsigned char)text[i])) /* the rest of a word: none of its digits starts a number */
                while (i < length && isdigit((unsigned char)text[i]))
                    i++;
            else
                i++;
            continue;
        }
        c.whole.end = percent_end(text, length, c.whole.end, &c.percent);
        add(out, c);
        i = c.whole.end > i ? c.whole.end : i + 1;
    }
}

/* Outside formulas "1,22" is a decimal to Math-Verify: a comma not followed by three digits. */
const char *psv_reference_number(psv_ctx *ctx, const char *text) {
    size_t digits = strspn(text + (*text == '-'), "0123456789"), comma = digits + (*text == '-');
    if (!digits || text[comma] != ',') return text;
    size_t decimals = strspn(text + comma + 1, "0123456789");
    if (!decimals || decimals == 3 || text[comma + 1 + decimals]) return text;
    char *copy = ps_arena_strndup(ctx->arena, text, strlen(text));
    if (copy != NULL) copy[comma] = '.';
    return copy != NULL ? copy : text;
}

/* ---- Choosing ------------------------------------------------------------ */

static void find_candidates(const char *text, size_t length, const psv_formulas *formulas, candidates *out) {
    for (size_t k = 0; k < formulas->n; k++) {
        candidate c = {formulas->data[k].whole, formulas->data[k].inner, false};
        c.whole.end = percent_end(text, length, c.whole.end, &c.percent);
        add(out, c);
    }
    size_t latex = out->n;
    find_plain(text, length, out);
    /* a number inside a formula is no candidate of its own: two sorted lists, one walk */
    size_t kept = latex;
    for (size_t k = latex, f = 0; k < out->n; k++) {
        while (f < latex && out->data[f].whole.end <= out->data[k].whole.begin)
            f++;
        bool inside = f < latex && out->data[f].whole.begin <= out->data[k].whole.begin;
        if (!inside) out->data[kept++] = out->data[k];
    }
    out->n = kept;
}

static const candidate *first_from(const candidates *list, size_t from, size_t within) {
    const candidate *best = NULL;
    for (size_t k = 0; k < list->n; k++) {
        const candidate *c = &list->data[k];
        if (c->whole.begin < from || c->whole.begin > from + within) continue;
        if (best == NULL || c->whole.begin < best->whole.begin) best = c;
    }
    return best;
}

/* The candidate nearest after the last "answer" (with a colon, or without) that has one within fifty characters. */
static const candidate *after_answer(const char *text, size_t length, const candidates *list, bool colon) {
    const candidate *best = NULL;
    int looks = 0;
    for (size_t i = length; i-- > 0 && looks < 64;) {
        if ((text[i] | 32) != 'a' || !psv_letters_at(text + i, length - i, "answer")) continue;
        if (colon && (i + 6 >= length || text[i + 6] != ':')) continue;
        looks++;
        best = first_from(list, i + 6, 52);
        if (best != NULL) return best;
    }
    return NULL;
}

/* "final answer … is X" */
static const candidate *after_final_answer(const char *text, size_t length, const candidates *list) {
    int looks = 0;
    for (size_t i = length; i-- > 0 && looks < 64;) {
        if ((text[i] | 32) != 'f' || !psv_letters_at(text + i, length - i, "final answer")) continue;
        looks++;
        for (size_t k = i + 12; k + 3 < length && k < i + 114; k++) {
            if (!isspace((unsigned char)text[k]) || !psv_letters_at(text + k + 1, length - k - 1, "is")) continue;
            size_t from = k + 3;
            if (from < length && text[from] == ':') from++;
            const candidate *c = first_from(list, from, 6);
            if (c != NULL) return c;
        }
    }
    return NULL;
}

static const candidate *last_one(const candidates *list) {
    const candidate *best = NULL;
    for (size_t k = 0; k < list->n; k++)
        if (best == NULL || list->data[k].whole.end > best->whole.end) best = &list->data[k];
    return best;
}

static const char *content_of(psv_ctx *ctx, const char *text, const candidate *c) {
    ps_text out = psv_text(ctx);
    ps_text_append(&out, text + c->inner.begin, c->inner.end - c->inner.begin);
    if (c->percent) ps_text_puts(&out, "\\%");
    return ps_text_cstr(&out);
}

/* Does a comma, or else "and" or "or", join a formula to the next? */
static bool are_neighbours(const char *text, const psv_formulas *formulas, size_t k) {
    psv_joint joint =
        psv_joint_between(text, (psv_span){formulas->data[k].whole.end, formulas->data[k + 1].whole.begin});
    return joint.only && joint.comma != joint.word;
}

/* Formulas joined by "and", "or", "," to the chosen one, before and after. */
static const char *with_neighbours(psv_ctx *ctx, const char *text, const psv_formulas *formulas, const candidate *c) {
    size_t at = 0;
    while (at < formulas->n && formulas->data[at].whole.begin != c->whole.begin)
        at++;
    if (at == formulas->n) return content_of(ctx, text, c);
    size_t first = at, last = at;
    while (first > 0 && last - first < MOST_NEIGHBOURS && are_neighbours(text, formulas, first - 1))
        first--;
    while (last + 1 < formulas->n && last - first < MOST_NEIGHBOURS && are_neighbours(text, formulas, last))
        last++;
    return first == last ? content_of(ctx, text, c) : psv_join_formulas(ctx, text, formulas, first, last);
}

/* "6 m^2", "1/2 cup": a number and a word after it, of which Math-Verify takes the number. */
static bool number_and_word(const char *text) {
    size_t number = strspn(text, "0123456789.,/-");
    return number && text[number] == ' ' && isalpha((unsigned char)text[number + 1]);
}

/* A response without delimiters that is an expression by itself ("\frac{10}{9}", "10^{5}"). */
static const char *whole(psv_ctx *ctx, const char *text, size_t length) {
    if (length > 300 || memchr(text, '$', length) != NULL || psv_opens_with_prose(text, length)) return NULL;
    if (number_and_word(text)) return NULL;
    psv_answer answer;
    psv_read(ctx, text, length, &answer);
    return answer.tree != NULL && answer.why == NULL && answer.tree->kind != PSV_TEXT ? answer.source : NULL;
}

static bool ends_in_percent(psv_ctx *ctx, const char *text, size_t length, size_t end, const char **content) {
    bool percent = false;
    while (end < length && (text[end] == '$' || text[end] == ' '))
        end++;
    (void)percent_end(text, length, end, &percent);
    if (!percent) return false;
    ps_text out = psv_text(ctx);
    ps_text_puts(&out, *content);
    ps_text_puts(&out, "\\%");
    *content = ps_text_cstr(&out);
    return true;
}

static bool says_final_answer(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((text[i] | 32) == 'f' && psv_letters_at(text + i, length - i, "final answer")) return true;
    return false;
}

const char *psv_extract_as_math_verify(psv_ctx *ctx, const char *response, size_t length) {
    const char *found = NULL, *boxed = NULL;
    psv_span where = {0, 0};
    bool box = psv_last_boxes(ctx, response, (psv_span){0, length}, NULL, &boxed, &where);
    if (box &&
        !says_final_answer(response + where.end, length - where.end)) { /* the usual case: nothing else to find */
        (void)ends_in_percent(ctx, response, length, where.end, &boxed);
        return boxed;
    }
    psv_formulas formulas = psv_find_formulas(ctx, response, length);
    candidates list = {.arena = ctx->arena};
    find_candidates(response, length, &formulas, &list);
    const candidate *final = after_final_answer(response, length, &list);
    if (box && !(final != NULL && final->whole.begin > where.end)) {
        (void)ends_in_percent(ctx, response, length, where.end, &boxed);
        return boxed;
    }
    const candidate *c = final;
    if (c == NULL) c = after_answer(response, length, &list, true);
    if (c == NULL) c = after_answer(response, length, &list, false);
    if (c == NULL && (found = whole(ctx, response, length)) != NULL) return found;
    if (c == NULL) c = last_one(&list);
    return c != NULL ? with_neighbours(ctx, response, &formulas, c)
                     : psv_extract_last(ctx, response, length, &formulas);
}
