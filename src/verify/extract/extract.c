/* Which piece of a response is its answer: the last box; what follows "answer is"; the last formula or number.
 * A response that is nothing but an answer is taken whole. */
#include "verify/extract/extract.h"

#include <ctype.h>
#include <string.h>

static const char *arena_span(psv_ctx *ctx, const char *text, psv_span span) {
    const char *copy = ps_arena_strndup(ctx->arena, text + span.begin, span.end - span.begin);
    if (copy == NULL) ctx->nomem = true;
    return copy;
}

/* ---- "the answer is …" --------------------------------------------------- */

/* After "answer" at text[i]: where what it announces starts, 0 when it announces nothing ("the answer to this"). */
static size_t announced(const char *text, size_t length, size_t i) {
    bool says = false;
    for (;;) {
        while (i < length && strchr("* \t", text[i]) != NULL)
            i++;
        if (i < length && (text[i] == ':' || text[i] == '=')) {
            says = true;
            i++;
        } else if (psv_letters_at(text + i, length - i, "is ") || psv_letters_at(text + i, length - i, "is:") ||
                   psv_letters_at(text + i, length - i, "is\n") || psv_letters_at(text + i, length - i, "is$")) {
            says = true;
            i += 2;
        } else if (says && psv_letters_at(text + i, length - i, "that ")) {
            i += 5;
        } else {
            break;
        }
    }
    while (says && i < length && isspace((unsigned char)text[i]))
        i++;
    return says && i < length ? i : 0;
}

static size_t last_announcement(const char *text, size_t length) {
    size_t found = 0;
    for (size_t i = 0; i + 6 <= length; i++) {
        if ((text[i] | 32) != 'a' || !psv_letters_at(text + i, length - i, "answer")) continue;
        size_t start = announced(text, length, i + 6);
        if (start) found = start;
        i += 5;
    }
    return found;
}

/* The end of the sentence or line that starts at i. A point between digits or inside a formula does not end it. */
static size_t sentence_end(const char *text, size_t length, size_t i) {
    bool formula = false;
    for (; i < length; i++) {
        if (text[i] == '$' || (text[i] == '\\' && i + 1 < length && strchr("()[]", text[i + 1]) != NULL))
            formula = !formula;
        if (formula) continue;
        if (text[i] == '\n') return i;
        bool half_day = i > 1 && text[i - 1] == 'm' && text[i - 2] == '.'; /* 4:30 p.m. */
        if (text[i] == '.' && !half_day && (i + 1 == length || isspace((unsigned char)text[i + 1]))) return i;
    }
    return length;
}

/* Formulas in a stretch, joined while nothing but a separator is between; NULL when there are none. */
static const char *formulas_in(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    size_t first = 0;
    while (first < formulas->n && formulas->data[first].whole.begin < stretch.begin)
        first++;
    if (first == formulas->n || formulas->data[first].whole.begin >= stretch.end) return NULL;
    size_t last = first;
    for (; last + 1 < formulas->n && formulas->data[last + 1].whole.begin < stretch.end; last++) {
        psv_span between = {formulas->data[last].whole.end, formulas->data[last + 1].whole.begin};
        if (!psv_joint_between(text, between).only) break;
    }
    return psv_join_formulas(ctx, text, formulas, first, last);
}

/* Can a stretch be read as an answer by itself: mathematics, or at most a few words? */
static const char *readable(psv_ctx *ctx, const char *text, psv_span span, size_t most_words) {
    if (span.end - span.begin > 300 || span.end == span.begin) return NULL;
    psv_answer answer;
    psv_read(ctx, text + span.begin, span.end - span.begin, &answer);
    if (answer.tree == NULL || answer.why != NULL || !*answer.source) return NULL;
    if (answer.tree->kind == PSV_TEXT) {
        size_t words = 1;
        for (const char *s = answer.words; *s; s++)
            words += *s == ' ';
        if (words > most_words) return NULL;
    }
    return arena_span(ctx, text, span);
}

static const char *after_announcement(psv_ctx *ctx, const char *text, size_t length, const psv_formulas *formulas) {
    size_t start = last_announcement(text, length);
    if (!start) return NULL;
    psv_span stretch = {start, sentence_end(text, length, start)};
    const char *found = formulas_in(ctx, text, stretch, formulas);
    if (found == NULL) found = readable(ctx, text, stretch, 4);
    psv_span number;
    if (found == NULL && psv_last_number(text + start, stretch.end - start, &number))
        found = arena_span(ctx, text + start, number);
    return found;
}

/* ---- GSM8K's "#### 18" --------------------------------------------------- */

static const char *after_hashes(psv_ctx *ctx, const char *text, size_t length) {
    size_t found = 0;
    for (size_t i = 0; i + 4 < length; i++)
        if (text[i] == '#' && memcmp(text + i, "####", 4) == 0) found = i + 4;
    if (!found) return NULL;
    size_t end = found;
    while (end < length && text[end] != '\n')
        end++;
    return readable(ctx, text, (psv_span){found, end}, 4);
}

/* ---- What comes last ----------------------------------------------------- */

/* A lone letter names something ("where $x$ is …"); it is the answer only when there is nothing else. */
static bool lone_letter(const char *text, psv_span inner) {
    while (inner.begin < inner.end && isspace((unsigned char)text[inner.begin]))
        inner.begin++;
    while (inner.end > inner.begin && isspace((unsigned char)text[inner.end - 1]))
        inner.end--;
    return inner.end - inner.begin == 1 && isalpha((unsigned char)text[inner.begin]);
}

static const psv_formula *last_formula(const char *text, const psv_formulas *formulas) {
    for (size_t k = formulas->n; k-- > 0;)
        if (!lone_letter(text, formulas->data[k].inner)) return &formulas->data[k];
    return NULL;
}

/* The last capital letter that stands alone ("Because B is valid"): a choice, when nothing else is there. */
static const char *last_choice(psv_ctx *ctx, const char *text, size_t length) {
    for (size_t i = length; i-- > 0;) {
        bool alone = (i == 0 || !isalnum((unsigned char)text[i - 1])) && !isalnum((unsigned char)text[i + 1]);
        if (!alone || text[i] < 'A' || text[i] > 'H') continue;
        if (text[i] == 'A' && text[i + 1] == ' ') continue; /* the article */
        return arena_span(ctx, text, (psv_span){i, i + 1});
    }
    return NULL;
}

/* The formula, with those before it where "and" or "or" joins the last two ("The roots are $2$ and $3$."). */
static const char *with_those_before(psv_ctx *ctx, const char *text, const psv_formulas *formulas,
                                     const psv_formula *last) {
    size_t end = (size_t)(last - formulas->data), first = end;
    for (bool joined = false; first > 0; first--) {
        psv_span between = {formulas->data[first - 1].whole.end, formulas->data[first].whole.begin};
        psv_joint joint = psv_joint_between(text, between);
        joined |= joint.word;
        if (!joined || !joint.only) break;
    }
    if (first == end || lone_letter(text, formulas->data[first].inner)) return arena_span(ctx, text, last->inner);
    return psv_join_formulas(ctx, text, formulas, first, end);
}

/* Whichever ends the text: its last formula or its last number. */
const char *psv_extract_last(psv_ctx *ctx, const char *text, size_t length, const psv_formulas *formulas) {
    psv_span number;
    const psv_formula *formula = last_formula(text, formulas);
    bool has_number = psv_last_number(text, length, &number);
    if (formula != NULL && !(has_number && number.begin >= formula->whole.end))
        return with_those_before(ctx, text, formulas, formula);
    if (!has_number) return last_choice(ctx, text, length);
    if (ctx->rules->number_brings_its_brackets) number = psv_around_number(text, length, number);
    return arena_span(ctx, text, number);
}

/* Words around formulas ("Thus, $f(2) = 9$."): then the whole response is more than an answer. */
static bool words_around(const char *text, size_t length, const psv_formulas *formulas) {
    size_t next = 0;
    for (size_t i = 0; i < length && formulas->n;) {
        if (next < formulas->n && i == formulas->data[next].whole.begin) {
            i = formulas->data[next++].whole.end;
            continue;
        }
        size_t end = i;
        while (end < length && (isalpha((unsigned char)text[end]) || (unsigned char)text[end] >= 128))
            end++;
        bool joins = psv_letters_at(text + i, end - i, "and") || psv_letters_at(text + i, end - i, "or");
        if (end > i + 1 && !joins) return true;
        i = end > i ? end : i + 1;
    }
    return false;
}

const char *psv_extract(psv_ctx *ctx, const char *response, size_t length) {
    const char *found = NULL;
    psv_span where;
    psv_formulas formulas = {0};
    if (psv_last_boxes(ctx, response, length, &found, &where)) return found;
    if (psv_find_formulas(response, length, &formulas) != PS_OK) {
        ctx->nomem = true;
        goto done;
    }
    found = after_announcement(ctx, response, length, &formulas);
    if (found == NULL) found = after_hashes(ctx, response, length);
    bool sentence = words_around(response, length, &formulas) || psv_opens_with_prose(response, length);
    if (found == NULL && !sentence) found = readable(ctx, response, (psv_span){0, length}, 3);
    if (found == NULL) found = psv_extract_last(ctx, response, length, &formulas);
done:
    ps_free(formulas.data);
    return found;
}
