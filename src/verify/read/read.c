#include "verify/read/read.h"

#include "verify/read/commands.h"
#include "verify/read/domain.h"
#include "verify/read/parse.h"
#include "verify/read/phrases.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"
#include "verify/tree/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- Trimming ------------------------------------------------------------ */

static bool starts(const char *s, size_t length, const char *with) {
    size_t n = strlen(with);
    return length >= n && memcmp(s, with, n) == 0;
}

/* Does s open with a brace group that ends exactly at its end? */
static bool one_group(const char *s, size_t length) {
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        if (s[i] == '\\' && i + 1 < length)
            i++;
        else if (s[i] == '{')
            depth++;
        else if (s[i] == '}' && --depth == 0)
            return i + 1 == length;
    }
    return false;
}

typedef struct span {
    const char *s;
    size_t n;
} span;

static void strip_blanks(span *x) {
    while (x->n && isspace((unsigned char)*x->s)) {
        x->s++;
        x->n--;
    }
    while (x->n && isspace((unsigned char)x->s[x->n - 1]))
        x->n--;
}

static bool strip_pair(span *x, const char *open, const char *close) {
    if (x->n == 0 || *x->s != *open) return false; /* as most answers */
    size_t o = strlen(open), c = strlen(close);
    if (x->n < o + c || !starts(x->s, x->n, open) || memcmp(x->s + x->n - c, close, c) != 0) return false;
    /* "$1$ and $2$" is not one formula */
    span inner = {x->s + o, x->n - o - c};
    for (size_t i = 0; i + c <= inner.n; i++)
        if (memcmp(inner.s + i, close, c) == 0 && (i == 0 || inner.s[i - 1] != '\\')) return false;
    *x = inner;
    return true;
}

static bool strip_box(span *x) {
    static const char *const boxes[] = {"\\boxed", "\\fbox", "\\ boxed", "\\framebox"};
    for (size_t k = 0; k < sizeof boxes / sizeof *boxes; k++) {
        size_t n = strlen(boxes[k]);
        if (!starts(x->s, x->n, boxes[k])) continue;
        while (n < x->n && isspace((unsigned char)x->s[n]))
            n++;
        if (n >= x->n || x->s[n] != '{' || !one_group(x->s + n, x->n - n)) continue;
        *x = (span){x->s + n + 1, x->n - n - 2};
        return true;
    }
    return false;
}

/* A full stop, comma or colon after the answer; not the point of "5." which the tokeniser reads, nor "\,". */
static bool strip_stop(span *x) {
    if (x->n < 2 || strchr(".,;:!", x->s[x->n - 1]) == NULL) return false;
    char before = x->s[x->n - 2];
    if (before == '\\' || before == '.') return false;
    if (x->s[x->n - 1] == '!') return false;
    if (x->s[x->n - 1] == '.' && x->n >= 3 && (before == 'm' || before == 'M') && x->s[x->n - 3] == '.') return false;
    x->n--;
    return true;
}

/* Boxes in boxes, thousands deep: take off as many at once as open at the start and close at the end. */
static void strip_nested_boxes(span *x) {
    size_t opened = 0, closed = 0;
    while (starts(x->s + 7 * opened, x->n - 7 * opened, "\\boxed{"))
        opened++;
    while (closed < opened && x->n > 8 * closed + 7 && x->s[x->n - 1 - closed] == '}')
        closed++;
    span inner = {x->s + 7 * closed, x->n - 8 * closed};
    int depth = 0;
    for (size_t i = 0; i < inner.n && depth >= 0; i++) {
        if (inner.s[i] == '\\' && i + 1 < inner.n && strchr("{}", inner.s[i + 1]) != NULL)
            i++;
        else
            depth += (inner.s[i] == '{') - (inner.s[i] == '}');
    }
    if (closed > 1 && depth == 0) *x = inner;
}

const char *psv_trim(psv_ctx *ctx, const char *text, size_t length) {
    span x = {text, length};
    strip_blanks(&x);
    strip_nested_boxes(&x);
    bool changed = x.n < PSV_MAX_SOURCE;
    for (int round = 0; changed && round < 12; round++) { /* boxes in boxes in boxes: bounded */
        strip_blanks(&x);
        changed = strip_pair(&x, "$$", "$$") || strip_pair(&x, "$", "$") || strip_pair(&x, "\\[", "\\]") ||
                  strip_pair(&x, "\\(", "\\)") || strip_pair(&x, "**", "**") || strip_pair(&x, "*", "*") ||
                  strip_pair(&x, "__", "__") || strip_pair(&x, "``", "''") || strip_pair(&x, "`", "`") ||
                  strip_pair(&x, "\"", "\"") || strip_pair(&x, "“", "”") || strip_pair(&x, "‘", "’") ||
                  strip_pair(&x, "'", "'") || strip_pair(&x, "«", "»") || strip_box(&x) || strip_stop(&x);
    }
    return ps_arena_strndup(ctx->arena, x.s, x.n);
}

/* ---- Words --------------------------------------------------------------- */

static bool is_reserved(const char *word, size_t length) {
    static const char *const reserved[] = {"and", "or",  "sin", "cos",  "tan",      "cot",    "sec",     "csc",   "ln",
                                           "log", "exp", "pi",  "sqrt", "arcsin",   "arccos", "arctan",  "min",   "max",
                                           "gcd", "lcm", "mod", "inf",  "infinity", "deg",    "degrees", "degree"};
    return PSV_IS_ONE_OF(reserved, word, length);
}

static bool has_repeat(const char *word, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (memchr(word + i + 1, word[i], length - i - 1) != NULL) return true;
    return false;
}

/* Is an answer without digits and commands prose ("even", "no solution") rather than a product of letters ("xy")? */
static bool is_prose(const char *source) {
    size_t words = 0, long_words = 0, letters = 0;
    for (const char *s = source; *s;) {
        unsigned char c = (unsigned char)*s;
        if (isalpha(c) || c >= 128) {
            const char *word = s;
            while (isalpha((unsigned char)*s) || (unsigned char)*s >= 128 || *s == '\'')
                s++;
            size_t length = (size_t)(s - word);
            if (is_reserved(word, length)) {
                if (!psv_text_is(word, length, "and") && !psv_text_is(word, length, "or")) return false;
                continue;
            }
            words++;
            if (length >= 2) letters += length;
            if (length >= 4 || (length >= 2 && has_repeat(word, length))) long_words++;
        } else if (isspace(c) || strchr(".,-!?;:", c) != NULL) {
            s++;
        } else {
            return false;
        }
    }
    return long_words > 0 || (words >= 2 && letters >= 5);
}

static psv_node *text_node(psv_ctx *ctx, const char *words) {
    psv_node *node = ctx->rules->words_may_be_values ? psv_known_phrase(ctx, words) : NULL;
    return node != NULL ? node : psv_named(ctx, PSV_TEXT, words, strlen(words));
}

/* ---- Choices ------------------------------------------------------------- */

/* "(C)", "C", "(C) 12", "C) 12", "C. 12": a letter, and where what follows it starts. From \text only a bare letter
 * is a choice; a letter alone in mathematics may be a variable and is settled by the other side. */
static psv_node *read_choice(psv_ctx *ctx, const char *source, bool from_text) {
    static const char *const frames[] = {
        "\\text{(",   "\\textbf{(", "\\mathrm{(", "\\mbox{(",
        "\\mathbf{(", "\\textbf{",  "\\text{",    "\\mathrm{"}; /* the last two only with a point or bracket */
    if (ctx->in_choice) return NULL;                            /* "(A) (A) (A) …" */
    const char *s = source;
    bool framed = false;
    for (size_t k = 0; k < sizeof frames / sizeof *frames && !framed; k++) {
        size_t n = strlen(frames[k]);
        framed = strncmp(source, frames[k], n) == 0 && (k < 6 || strchr(".):", source[n] ? source[n + 1] : 0) != NULL);
        if (framed) s = source + n - (source[n - 1] == '(');
    }
    static const char *const names[] = {"Option ", "Choice ", "option ", "choice ", "Answer ", "answer "};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strncmp(s, names[k], strlen(names[k])) == 0) {
            s += strlen(names[k]);
            from_text = true;
            break;
        }
    bool bracket = *s == '(';
    s += bracket;
    while (*s == ' ')
        s++;
    char letter = *s;
    if (letter < 'A' || letter > 'J') return NULL;
    s++;
    while (*s == ' ')
        s++;
    bool closed = *s == ')';
    if (bracket && !closed) return NULL;
    if (closed) s++;
    if (framed) { /* the letter's own \text{…} ends right after it */
        while (*s == ' ' || *s == '.')
            s++;
        if (*s++ != '}') return NULL;
        closed = true;
    }
    while (*s == ' ' || *s == '~')
        s++;
    if (!closed && (*s == '.' || *s == ':') && (s[1] == ' ' || !s[1])) {
        s++;
        closed = true;
    }
    size_t dash = strncmp(s, "- ", 2) == 0 ? 2 : strncmp(s, "-- ", 3) == 0 ? 3 : 0;
    if (!closed && dash && ctx->rules->words_may_be_signs && isalpha((unsigned char)s[dash]) &&
        isalpha((unsigned char)s[dash + 1])) {
        s += dash; /* E - the second drawing */
        closed = true;
    }
    bool alone = *s == 0;
    if (*s == ',' || strncmp(s, "and ", 4) == 0 || strncmp(s, "or ", 3) == 0) return NULL; /* (A) and (C) */
    if (!closed && !(from_text && alone)) return NULL;
    psv_node *node = psv_named(ctx, PSV_CHOICE, &letter, 1);
    if (node == NULL || alone) return node;
    psv_answer rest;
    ctx->in_choice = true;
    psv_read(ctx, s, strlen(s), &rest);
    ctx->in_choice = false;
    if (rest.tree == NULL || rest.why != NULL) return node;
    psv_node *with_value = psv_unary(ctx, PSV_CHOICE, rest.tree);
    if (with_value == NULL) return node;
    with_value->text = node->text;
    return with_value;
}

/* ---- The real numbers in words ------------------------------------------- */

/* The numbers that follow "except" as a set; NULL when something else does. */
static psv_node *excluded(psv_ctx *ctx, const char *text) {
    psv_answer answer;
    if (strstr(text, "except") != NULL) return NULL; /* one level of exceptions */
    text += strspn(text, " }:$");
    psv_read(ctx, text, strlen(text), &answer);
    psv_node *tree = answer.tree;
    if (tree == NULL || answer.why != NULL) return NULL;
    const psv_node *value = psv_named_value(tree);
    if (value != NULL) tree = (psv_node *)value;
    if (tree->kind == PSV_SET) return tree;
    bool list = tree->kind == PSV_LIST;
    for (size_t i = 0; i < (list ? tree->n : 1); i++) {
        const psv_node *kid = list ? tree->kid[i] : tree;
        if (!psv_is_scalar(kid) || psv_has_variable(kid)) return NULL;
    }
    return psv_node_new(ctx, PSV_SET, list ? tree->n : 1, list ? tree->kid : &tree);
}

/* "all real numbers", also with "except 0, 1", in \text or plain; NULL when the answer says something else. */
static psv_node *reals_in_words(psv_ctx *ctx, const char *source) {
    const char *except = strstr(source, "except");
    size_t length = except != NULL ? (size_t)(except - source) : strlen(source);
    if (length > 80) return NULL;
    const char *words = psv_plain_words(ctx, source, length);
    if (words == NULL || !psv_means_reals(words)) return NULL;
    psv_node *reals = psv_named(ctx, PSV_NUMBERS, "R", 1);
    if (except == NULL) return reals;
    const char *rest = except + strlen("except");
    if (strncmp(rest, " for", 4) == 0) rest += 4;
    psv_node *without = excluded(ctx, rest);
    return without != NULL ? psv_binary(ctx, PSV_MINUS, reals, without) : NULL;
}

/* ---- Reading ------------------------------------------------------------- */

/* The whole answer is one \text{…} or \textbf{…}: its contents. */
static bool whole_text(const char *source, span *inner) {
    static const char *const commands[] = {"\\boldsymbol", "\\bm",         "\\pmb",          "\\bold",   "\\text",
                                           "\\mbox",       "\\textbf",     "\\textit",       "\\textrm", "\\mathrm",
                                           "\\mathbf",     "\\textnormal", "\\operatorname", "\\hbox"};
    size_t length = strlen(source);
    for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
        size_t n = strlen(commands[k]);
        if (!starts(source, length, commands[k])) continue;
        while (source[n] == ' ')
            n++;
        if (source[n] != '{' || !one_group(source + n, length - n)) continue;
        *inner = (span){source + n + 1, length - n - 2};
        return true;
    }
    return false;
}

/* Several words in a row are a sentence, however well they would parse as a product of letters. */
static bool is_sentence(psv_tokens tokens) {
    int words = 0;
    for (size_t i = 0; i < tokens.n; i++) {
        const psv_token *t = &tokens.data[i];
        bool letter = t->code == TK_LETTER || t->code == TK_E || t->code == TK_I;
        words += letter && t->run >= 2 && !psv_is_unit_word(tokens.source + t->begin, (size_t)t->run);
    }
    return words >= 3;
}

/* What stands after the last "=" of an answer that is not read as a whole; its left side only names the value. */
static psv_node *after_unreadable_side(psv_ctx *ctx, const char *source) {
    const char *why;
    psv_tokens tokens;
    if (strchr(source, '=') == NULL || !psv_tokenise(ctx, source, &tokens)) return NULL;
    size_t value = psv_after_last_equals(ctx, &tokens);
    if (!value) return NULL;
    psv_node *left = psv_named(ctx, PSV_TEXT, source, tokens.data[value].begin);
    psv_tokens right = {tokens.data + value, tokens.n - value, source};
    return psv_relate(ctx, left, PSV_EQUAL, psv_parse(ctx, right, &why));
}

static psv_node *read_mathematics(psv_ctx *ctx, const char *source, const char **why) {
    psv_tokens tokens;
    psv_definitions where = {.n = 0};
    if (!psv_tokenise(ctx, source, &tokens)) {
        *why = "too long";
        return NULL;
    }
    if (is_sentence(tokens)) {
        *why = "a sentence";
        return NULL;
    }
    if (ctx->rules->domain_may_be_left_out) psv_cut_domain(ctx, &tokens, &where);
    size_t value = ctx->rules->left_side_may_be_unread ? psv_after_unread_side(&tokens) : 0;
    psv_node *tree = NULL;
    if (value) {
        psv_node *left = psv_named(ctx, PSV_TEXT, source, tokens.data[value].begin);
        psv_tokens right = {tokens.data + value, tokens.n - value, source};
        tree = psv_relate(ctx, left, PSV_EQUAL, psv_parse(ctx, right, why));
    } else {
        tree = psv_parse(ctx, tokens, why);
        bool unread = tree == NULL && !psv_nomem(ctx) && ctx->rules->left_side_may_be_unread;
        if (unread && (tree = after_unreadable_side(ctx, source)) != NULL) *why = NULL;
    }
    for (size_t k = 0; tree != NULL && k < where.n; k++)
        tree = psv_substitute(ctx, tree, where.name[k], where.value[k]);
    if (tree == NULL) return NULL;
    psv_node *simple = psv_simplify(ctx, tree);
    return simple != NULL ? simple : tree;
}

/* "<", "\\ge", "+": a sign alone is an answer like a word; NULL: it is more, or none. */
static psv_node *lone_sign(psv_ctx *ctx, const char *source) {
    psv_tokens tokens;
    if (strlen(source) > 16 || !psv_tokenise(ctx, source, &tokens) || tokens.n != 2) return NULL;
    int code = tokens.data[0].code;
    bool sign = code < 128 ? ispunct(code) != 0 : psv_is_sign(code);
    if (!sign) return NULL;
    char name[32];
    int length =
        code < 128 ? snprintf(name, sizeof name, "sign %c", code) : snprintf(name, sizeof name, "sign %d", code);
    return psv_named(ctx, PSV_TEXT, name, (size_t)length);
}

/* "A, C", "A and C": several letters and nothing else. */
static bool lists_letters(const char *content) {
    size_t letters = 0;
    for (const char *s = content; *s;) {
        size_t run = 0;
        while (isalpha((unsigned char)s[run]))
            run++;
        bool joins = psv_text_is(s, run, "and") || psv_text_is(s, run, "or");
        if (!run && strchr(", ", *s) == NULL) return false;
        if (run > 1 && !joins) return false;
        letters += run == 1;
        s += run ? run : 1;
    }
    return letters > 1;
}

/* A word and a number of at most two digits after it, and no more: a date, a name with a number. */
static bool is_label(const char *source) {
    const char *s = source;
    if (strncmp(s, "\\text{", 6) == 0) s += 6;
    size_t word = strspn(s, LETTERS);
    bool negates = word < 3 || !isupper((unsigned char)*s);
    s += word;
    s += strspn(s, "} ");
    size_t digits = strspn(s, "0123456789");
    s += digits;
    s += strspn(s, "stndrh}");
    return !negates && digits >= 1 && digits <= 2 && !*s;
}

static psv_node *read_tree(psv_ctx *ctx, psv_answer *out, int depth) {
    span inner;
    if (!*out->source) {
        out->why = "empty";
        return text_node(ctx, "");
    }
    psv_node *tree = ctx->rules->words_may_be_values ? reals_in_words(ctx, out->source) : NULL;
    if (tree != NULL) return tree;
    tree = ctx->rules->words_may_be_values ? lone_sign(ctx, out->source) : NULL;
    if (tree != NULL) return tree;
    size_t lead = ctx->rules->words_may_be_signs ? psv_lead_in(out->source, strlen(out->source)) : 0;
    if (lead && out->source[lead] && depth < 3) { /* "The answer is 5" */
        out->source = psv_trim(ctx, out->source + lead, strlen(out->source + lead));
        out->words = out->source != NULL ? psv_plain_words(ctx, out->source, strlen(out->source)) : NULL;
        return out->words != NULL ? read_tree(ctx, out, depth + 1) : NULL;
    }
    if (whole_text(out->source, &inner)) {
        const char *content = psv_trim(ctx, inner.s, inner.n);
        if (content == NULL) return NULL;
        tree = read_choice(ctx, content, true);
        if (tree != NULL) return tree;
        if (ctx->rules->text_holds_formulas && depth == 0 && lists_letters(content)) {
            out->source = content;
            return read_tree(ctx, out, depth + 1);
        }
        bool digit = strpbrk(content, "0123456789\\") != NULL;
        bool number = content[strspn(content, "0123456789.,+-*/^() ")] == 0;
        if (!digit || depth > 2 || !(ctx->rules->text_holds_formulas || number)) return text_node(ctx, out->words);
        out->source = content;
        return read_tree(ctx, out, depth + 1);
    }
    tree = read_choice(ctx, out->source, false);
    if (tree != NULL) return tree;
    if (is_prose(out->source)) return text_node(ctx, out->words);
    tree = read_mathematics(ctx, out->source, &out->why);
    if (tree == NULL && ctx->rules->plain_words_are_text && is_label(out->source)) out->why = NULL; /* June 20 */
    return tree != NULL ? tree : text_node(ctx, out->words);
}

void psv_read(psv_ctx *ctx, const char *text, size_t length, psv_answer *out) {
    *out = (psv_answer){.source = psv_trim(ctx, text, length)};
    if (out->source == NULL) return;
    size_t trimmed = strlen(out->source);
    if (trimmed >= PSV_MAX_SOURCE) {
        out->words = "";
        out->why = "too long to be read";
        out->tree = psv_named(ctx, PSV_TEXT, "", 0);
        return;
    }
    out->source = psv_plain_characters(ctx, out->source, &trimmed);
    if (out->source != NULL && trimmed < PSV_MAX_SOURCE / 2) out->source = psv_from_unicode(ctx, out->source, trimmed);
    if (out->source == NULL) return;
    const char *words = psv_plain_words(ctx, out->source, strlen(out->source));
    out->words = words;
    if (words == NULL) return;
    out->tree = read_tree(ctx, out, 0);
    if (out->tree != NULL || psv_nomem(ctx)) return;
    if (out->why == NULL) out->why = "expression too large";
    ctx->nodes = 0; /* of those made so far none is kept for this answer */
    if (out->words != NULL) words = out->words;
    out->tree = psv_named(ctx, PSV_TEXT, words, strlen(words));
}
