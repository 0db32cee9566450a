/* Boxes: \boxed{…} and its kin, closed or not, joined where they are one answer, with the formula they are part of. */
#include "verify/extract/extract.h"
#include "verify/extract/turns.h"

#include <ctype.h>
#include <string.h>

typedef struct box {
    psv_span whole, inner;
} box;

typedef struct boxes {
    ps_arena *arena; /* of both arrays */
    box *data;
    size_t n, capacity;
    size_t *open; /* for each open brace: 1 + where its \boxed starts, 0 for a plain brace */
    size_t depth, open_capacity;
    size_t boxed_depth; /* open braces that belong to a box */
    bool skips_placeholders;
} boxes;

/* A box's command at s, up to its brace: how long it is; 0: there is none. Some escape of "\\b" may have eaten its
 * start. */
static size_t box_command(const char *s, size_t left) {
    static const char *const commands[] = {"\\boxed", "\\fbox",  "\\ boxed",    "\\framebox",
                                           "\boxed",  "\\Boxed", "\\beginboxed"};
    if (left < 6 || (s[1] != 'b' && s[1] != 'B' && s[1] != 'f' && s[1] != ' ' && s[1] != 'o')) return 0;
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
        size_t n = strlen(commands[k]);
        if (left >= n && memcmp(s, commands[k], n) == 0 && !(left > n && isalpha((unsigned char)s[n]))) return n;
    }
    if (left < 7 || strncmp(s, "\\bbox[", 6) != 0) return 0;
    const char *close = memchr(s, ']', left < 80 ? left : 80); /* \\bbox[5px,border:2px solid red]{…} */
    return close != NULL ? (size_t)(close - s) + 1 : 0;
}

static bool blank(const char *text, psv_span span) {
    for (size_t i = span.begin; i < span.end; i++)
        if (!isspace((unsigned char)text[i])) return false;
    return true;
}

/* "...", "your answer", "\\text{answer}", what is no value after a bare \\boxed: a place for an answer, not one. */
static bool is_placeholder(const char *text, psv_span inner, bool bare) {
    static const char *const words[] = {
        "answer",          "youranswer", "finalanswer",    "theanswer",       "done",
        "result",          "ans",        "youranswerhere", "number",          "finalresult",
        "yourfinalanswer", "answerhere", "value",          "yourresult",      "insertanswer",
        "content",         "solution",   "placeholder",    "finalanswerhere", "boxed"};
    char letters[24];
    size_t n = 0;
    if (inner.end - inner.begin > 60) return false;
    if (text[inner.begin] == '<' && text[inner.end - 1] == '>') /* <answer> */
        inner = (psv_span){inner.begin + 1, inner.end - 1};
    for (size_t i = inner.begin; i < inner.end; i++) {
        char c = text[i];
        if (c == '\\') { /* \\text, \\ldots, \\quad and spaces say nothing here; others do */
            static const char *const quiet[] = {"\\text", "\\mathrm", "\\textbf", "\\mathbf", "\\ldots",
                                                "\\dots", "\\cdots",  "\\quad",   "\\qquad",  "\\,",
                                                "\\;",    "\\ ",      "\\_"};
            size_t skipped = 0;
            for (size_t k = 0; k < sizeof quiet / sizeof *quiet && !skipped; k++)
                if (psv_letters_at(text + i, inner.end - i, quiet[k])) skipped = strlen(quiet[k]);
            if (!skipped) return false;
            i += skipped - 1;
        } else if (isalpha((unsigned char)c)) {
            if (n + 1 == sizeof letters) return false;
            letters[n++] = (char)tolower((unsigned char)c);
        } else if (isalnum((unsigned char)c) || ((unsigned char)c >= 128 && strncmp(text + i, "…", 3) != 0)) {
            return false;
        } else if ((unsigned char)c >= 128) {
            i += 2;
        } else if (strchr("<>+-*/=%^", c) != NULL && !bare) {
            return false;
        }
    }
    letters[n] = 0;
    if (n == 0 || (bare && n > 1)) return true;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (strcmp(words[k], letters) == 0) return true;
    return false;
}

static void add_box(boxes *b, const char *text, size_t begin, psv_span inner, size_t end) {
    bool bare = text[inner.begin - 1] != '{';
    if (blank(text, inner) || (b->skips_placeholders && is_placeholder(text, inner, bare))) return;
    if (ps_arena_reserve(b->arena, &b->data, &b->capacity, b->n + 1) == PS_OK)
        b->data[b->n++] = (box){{begin, end}, inner};
}

static void close_brace(boxes *b, const char *text, size_t i) {
    size_t start = b->open[--b->depth];
    if (!start) return;
    if (--b->boxed_depth > 0) return; /* inside another box: the outer one counts */
    size_t begin = start - 1, inner = begin;
    while (text[inner] != '{')
        inner++;
    add_box(b, text, begin, (psv_span){inner + 1, i}, i + 1);
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

static inline bool is_brace_or_backslash(char c) {
    return c == '{' || c == '}' || c == '\\';
}

static void find_boxes(const char *text, size_t begin, size_t length, boxes *b) {
    for (size_t i = begin; (i = psv_next_of(text, i, length, PSV_BOXES)) < length;) {
        bool may_open = text[i] == '\\' || text[i] == '\b';
        size_t command = may_open ? box_command(text + i, length - i) : 0;
        size_t after = i + command;
        if (command) {
            while (after < length && isspace((unsigned char)text[after]))
                after++;
            if (after < length && text[after] != '{' && b->boxed_depth == 0) {
                size_t end = bare_end(text, length, after);
                add_box(b, text, i, (psv_span){after, end}, end);
                i = end > i ? end : i + 1;
                continue;
            }
        }
        if (after < length && text[after] == '{') {
            if (ps_arena_reserve(b->arena, &b->open, &b->open_capacity, b->depth + 1) != PS_OK) return;
            b->open[b->depth++] = command ? i + 1 : 0;
            b->boxed_depth += command != 0;
            i = after + 1;
        } else if (text[i] == '}' && b->depth) {
            close_brace(b, text, i++);
        } else if (text[i] == '\\' && i + 1 < length && is_brace_or_backslash(text[i + 1])) {
            bool doubled =
                text[i + 1] == '\\' && box_command(text + i + 1, length - i - 1); /* \\boxed in a quoted string */
            i += doubled ? 1 : 2;
        } else {
            i++;
        }
    }
}

/* The last box that was opened and never closed, if no closed one follows. */
static void add_unclosed(boxes *b, const char *text, size_t length) {
    for (size_t k = b->depth; k-- > 0;) {
        if (!b->open[k]) continue;
        size_t begin = b->open[k] - 1, inner = begin;
        if (b->n && b->data[b->n - 1].whole.begin > begin) return;
        while (text[inner] != '{')
            inner++;
        size_t end = unclosed_end(text, length, inner + 1);
        add_box(b, text, begin, (psv_span){inner + 1, end}, end);
        return;
    }
}

/* "x =", "x_2 =" before a box. How long; 0: it is not that. */
static size_t name_and_equals(const char *text, size_t i, size_t end) {
    size_t at = i + 1;
    if (!isalpha((unsigned char)text[i])) return 0;
    if (at < end && text[at] == '_') at += 2;
    while (at < end && text[at] == ' ')
        at++;
    return at < end && text[at] == '=' ? at + 1 - i : 0;
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
        if (!eaten) eaten = name_and_equals(text, i, between.end);
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
        if (starts && left > 3 && strncmp(text + i, "and", 3) == 0 && !isalnum((unsigned char)text[i + 3])) return true;
        if (starts && left > 2 && strncmp(text + i, "or", 2) == 0 && !isalnum((unsigned char)text[i + 2])) return true;
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
        psv_compare c = {.ctx = ctx};
        if (psv_compare_answers(&c, &last, &other) != PSV_YES) return false;
    }
    return true;
}

static size_t unclosed_braces(const char *text) {
    size_t depth = 0;
    for (; *text; text++) {
        if (*text == '\\' && text[1])
            text++;
        else if (*text == '{')
            depth++;
        else if (*text == '}' && depth)
            depth--;
    }
    return depth < 64 ? depth : 0;
}

static const char *join_boxes(psv_ctx *ctx, const char *text, const boxes *b, size_t first) {
    ps_text out = psv_text(ctx);
    for (size_t k = first; k < b->n; k++) {
        if (k > first && same_inner(text, &b->data[k], &b->data[k - 1])) continue;
        if (k > first) ps_text_puts(&out, ", ");
        ps_text_append(&out, text + b->data[k].inner.begin, b->data[k].inner.end - b->data[k].inner.begin);
    }
    size_t missing = unclosed_braces(ps_text_cstr(&out)); /* of a box that never closes */
    for (size_t k = 0; k < missing && ctx->rules->box_may_be_a_placeholder; k++)
        ps_text_puts(&out, "}");
    return ps_text_cstr(&out);
}

/* ---- The formula around a box -------------------------------------------- */

/* What ends an expression at depth 0: relations, separators, words. How long it is; 0: the text at i goes on. */
static size_t boundary(const char *text, size_t i, size_t end) {
    static const char *const commands[] = {"\\le",
                                           "\\ge",
                                           "\\lt",
                                           "\\gt",
                                           "\\ne",
                                           "\\approx",
                                           "\\in",
                                           "\\to",
                                           "\\Rightarrow",
                                           "\\implies",
                                           "\\iff",
                                           "\\therefore",
                                           "\\because",
                                           "\\quad",
                                           "\\qquad",
                                           "\\text",
                                           "\\mbox",
                                           "\\equiv",
                                           "\\cong",
                                           "\\sim",
                                           "\\simeq",
                                           "\\Longrightarrow",
                                           "\\rightarrow",
                                           "\\Leftrightarrow",
                                           "\\longrightarrow",
                                           "\\begin",
                                           "\\end",
                                           "\\mid",
                                           "\\colon",
                                           "\\leq",
                                           "\\geq",
                                           "\\neq",
                                           "\\leqslant",
                                           "\\geqslant",
                                           "\\textbf",
                                           "\\mathrm",
                                           "\\operatorname",
                                           "\\hspace",
                                           "\\label",
                                           "\\tag",
                                           "\\checkmark",
                                           "\\blacksquare",
                                           "\\square",
                                           "\\qed"};
    if (strchr("=<>,;:&?", text[i]) != NULL || text[i] == '\n') return 1;
    if (text[i] == '.' && (i + 1 == end || !isdigit((unsigned char)text[i + 1]))) return 1;
    if ((unsigned char)text[i] >= 128) { /* ≤, ≈, ⇒ and whatever is no π or √ */
        bool sign = strncmp(text + i, "π", 2) == 0 ||
                    (end - i >= 3 && (strncmp(text + i, "√", 3) == 0 || strncmp(text + i, "−", 3) == 0));
        return sign ? 0 : 1;
    }
    if (text[i] != '\\') return 0;
    if (i + 1 < end && text[i + 1] == '\\') return 2;
    size_t n = 1;
    while (i + n < end && isalpha((unsigned char)text[i + n]))
        n++;
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++)
        if (strlen(commands[k]) == n && memcmp(text + i, commands[k], n) == 0) return n;
    return 0;
}

static size_t command_length(const char *text, size_t i, size_t end) {
    size_t n = 1;
    while (i + n < end && isalpha((unsigned char)text[i + n]))
        n++;
    return n > 1 ? n : 2;
}

/* Is there anything but space and punctuation in a stretch? */
static bool says_more(const char *text, psv_span span) {
    for (size_t i = span.begin; i < span.end; i++) {
        if (text[i] == '\\') {
            size_t n = command_length(text, i, span.end);
            bool size = psv_letters_at(text + i, span.end - i, "\\left") ||
                        psv_letters_at(text + i, span.end - i, "\\right") ||
                        psv_letters_at(text + i, span.end - i, "\\displaystyle") ||
                        psv_letters_at(text + i, span.end - i, "\\big");
            if (n > 2 && !size) return true;
            i += n - 1;
        } else if (!isspace((unsigned char)text[i]) && strchr(".{}$~*_", text[i]) == NULL) {
            return true;
        }
    }
    return false;
}

/* The expression within a formula that a box is part of: from the last boundary before it to the first one after it, at
 * the box's depth of brackets or outside of them. */
static psv_span expression_around(const char *text, psv_span formula, psv_span boxed) {
    size_t stack[32], depth = 0, start = formula.begin;
    for (size_t i = formula.begin; i < boxed.begin;) {
        if (strchr("([{", text[i]) != NULL) {
            if (depth < 32) stack[depth] = start;
            depth++;
        } else if (strchr(")]}", text[i]) != NULL && depth) {
            depth--;
            if (depth < 32) start = stack[depth];
        }
        size_t skip = boundary(text, i, boxed.begin);
        if (skip && depth == 0) start = i + skip;
        i += skip ? skip : text[i] == '\\' ? command_length(text, i, boxed.begin) : 1;
    }
    size_t i = boxed.end;
    for (; i < formula.end;) {
        if (strchr("([{", text[i]) != NULL) depth++;
        if (strchr(")]}", text[i]) != NULL) {
            if (depth == 0) break;
            depth--;
        }
        size_t skip = boundary(text, i, formula.end);
        if (skip && depth == 0) break;
        i += skip ? skip : text[i] == '\\' ? command_length(text, i, formula.end) : 1;
    }
    return (psv_span){start, i < formula.end ? i : formula.end};
}

/* Outside formulas only what touches the box belongs to it: "-\\boxed{5}", "\\boxed{5}\\%". */
static psv_span touching(const char *text, psv_span span, psv_span boxed) {
    psv_span out = boxed;
    bool sign = boxed.begin > span.begin && text[boxed.begin - 1] == '-' &&
                (boxed.begin == span.begin + 1 || isspace((unsigned char)text[boxed.begin - 2]));
    out.begin -= sign;
    static const char *const follows[] = {"^", "%", "\\%", "\\sqrt", "\\pi", "\\times", "\\cdot", "!", "/", "π", "√"};
    for (size_t k = 0; k < sizeof follows / sizeof *follows; k++)
        if (psv_letters_at(text + boxed.end, span.end - boxed.end, follows[k]))
            while (out.end < span.end && !isspace((unsigned char)text[out.end]) &&
                   strchr(".,;$", text[out.end]) == NULL)
                out.end++;
    return out;
}

/* What the box says with the formula around it, where the whole can be read; else what is in it. */
static const char *with_formula(psv_ctx *ctx, const char *text, psv_span span, const psv_formulas *formulas,
                                psv_span whole, const char *inner) {
    psv_span around = whole;
    bool in_formula = false;
    for (size_t k = 0; k < formulas->n && !in_formula; k++) {
        const psv_formula *f = &formulas->data[k];
        in_formula = f->inner.begin <= whole.begin && whole.end <= f->inner.end;
        if (in_formula) around = expression_around(text, f->inner, whole);
    }
    if (!in_formula) around = touching(text, span, whole);
    if (around.begin > whole.begin || around.end < whole.end || around.end - around.begin > PSV_MAX_SOURCE / 2)
        return inner;
    if (!says_more(text, (psv_span){around.begin, whole.begin}) && !says_more(text, (psv_span){whole.end, around.end}))
        return inner;
    psv_answer answer;
    psv_read(ctx, inner, strlen(inner), &answer);
    if (answer.tree == NULL || answer.tree->kind == PSV_TEXT || answer.tree->kind == PSV_CHOICE) return inner;
    psv_read(ctx, text + around.begin, around.end - around.begin, &answer);
    if (answer.tree == NULL || answer.why != NULL || answer.tree->kind == PSV_TEXT) return inner;
    return ps_arena_strndup(ctx->arena, text + around.begin, around.end - around.begin);
}

bool psv_last_boxes(psv_ctx *ctx, const char *text, psv_span span, const psv_formulas *formulas, const char **content,
                    psv_span *where) {
    boxes b = {.arena = ctx->arena, .skips_placeholders = ctx->rules->box_may_be_a_placeholder};
    *content = NULL;
    find_boxes(text, span.begin, span.end, &b);
    add_unclosed(&b, text, span.end);
    if (!b.n) return false;
    size_t first = b.n - 1;
    while (first > 0 && b.n - first < 32) {
        psv_span between = {b.data[first - 1].whole.end, b.data[first].whole.begin};
        if (!(ctx->rules->joins_near_boxes ? are_near(text, between) : only_separators(text, between))) break;
        first--;
    }
    if (first + 1 < b.n && all_the_same(ctx, text, &b, first)) first = b.n - 1;
    *where = b.data[b.n - 1].whole;
    *content = join_boxes(ctx, text, &b, first);
    if (*content != NULL && ctx->rules->box_brings_its_formula)
        *content = with_formula(ctx, text, span, formulas, (psv_span){b.data[first].whole.begin, where->end}, *content);
    return *content != NULL;
}

/* Whether a box with something in it is closed in the stretch. A box within one that is still open counts: the outer
 * one may have been given up. */
static ps_status find_closed(const char *text, psv_span span, bool *found) {
    boxes b = {0};
    ps_status status = PS_OK;
    for (size_t i = span.begin; i < span.end && !*found && status == PS_OK; i++) {
        size_t command = text[i] == '\\' ? box_command(text + i, span.end - i) : 0, after = i + command;
        while (command > 0 && after < span.end && isspace((unsigned char)text[after]))
            after++;
        if (after < span.end && text[after] == '{') {
            status = ps_reserve(&b.open, &b.open_capacity, b.depth + 1);
            if (status == PS_OK) b.open[b.depth++] = command > 0 ? after + 1 : 0;
            i = after;
        } else if (text[i] == '}' && b.depth > 0) {
            psv_span inner = {b.open[--b.depth], i};
            *found = inner.begin > 0 && !blank(text, inner) && !is_placeholder(text, inner, false);
        } else if (text[i] == '\\') {
            i++;
        }
    }
    ps_free(b.open);
    return status;
}

bool ps_is_thinking(const char *text, bool thinking) {
    return psv_is_thinking(text, &(psv_span){0, strlen(text)}, thinking);
}

ps_status ps_answer_is_boxed(const char *text, bool thinking, bool *boxed, ps_error *err) {
    psv_span span = {0, strlen(text)};
    *boxed = false;
    if (psv_is_thinking(text, &span, thinking)) return PS_OK;
    return find_closed(text, span, boxed) == PS_OK ? PS_OK : ps_nomem(err);
}

size_t psv_window(const char *response, size_t length) {
    if (length <= PSV_MAX_RESPONSE) return 0;
    size_t begin = length - PSV_MAX_RESPONSE, opened = begin;
    long depth = 0;
    for (size_t i = 0; (i = psv_next_of(response, i, begin, PSV_BOXES)) < begin; i++) {
        size_t command = response[i] == '\\' ? box_command(response + i, length - i) : 0;
        if (command && response[i + command] == '{') {
            if (depth <= 0) {
                opened = i;
                depth = 0;
            }
            depth++;
            i += command;
        } else if (response[i] == '\\') {
            i++;
        } else if (response[i] == '{') {
            depth += opened < begin;
        } else if (response[i] == '}' && opened < begin && --depth == 0) {
            opened = begin;
        }
    }
    return opened;
}
