/* Which piece of a response is its answer: the last box; what follows "answer is"; the last formula or number.
 * A response that is nothing but an answer is taken whole. */
#include "verify/extract/extract.h"

#include "verify/extract/announce.h"
#include "verify/extract/text.h"
#include "verify/extract/turns.h"
#include "verify/extract/value.h"
#include "verify/extract/whole.h"
#include "verify/read/prose.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <string.h>

static const char *arena_span(psv_ctx *ctx, const char *text, psv_span span) {
    return ps_arena_strndup(ctx->arena, text + span.begin, span.end - span.begin);
}

const char *psv_formulas_in(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
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
        if (text[i] == 'A' && text[i + 1] == ' ') continue;                                  /* the article */
        if (i > 1 && text[i - 1] == '-' && isupper((unsigned char)text[i - 2])) return NULL; /* none of A-D */
        size_t first = i;
        if (i >= 6 && strncmp(text + i - 5, " and ", 5) == 0) first = i - 6;
        if (i >= 5 && strncmp(text + i - 4, " or ", 4) == 0) first = i - 5;
        bool two = text[first] >= 'A' && text[first] <= 'H' && (first == 0 || !isalnum((unsigned char)text[first - 1]));
        return arena_span(ctx, text, (psv_span){two ? first : i, i + 1}); /* "both A and C" */
    }
    return NULL;
}

/* "$x = 1$, $y = 2$": are this formula and the next both equations? */
static bool are_equations(const char *text, const psv_formula *f) {
    bool equal = true;
    for (size_t k = 0; k < 2; k++)
        equal &= memchr(text + f[k].inner.begin, '=', f[k].inner.end - f[k].inner.begin) != NULL;
    return equal;
}

/* The formula, with those before it where "and" or "or" joins the last two ("The roots are $2$ and $3$."). */
static const char *with_those_before(psv_ctx *ctx, const char *text, const psv_formulas *formulas,
                                     const psv_formula *last) {
    size_t end = (size_t)(last - formulas->data), first = end;
    for (bool joined = false; first > 0; first--) {
        psv_span between = {formulas->data[first - 1].whole.end, formulas->data[first].whole.begin};
        psv_joint joint = psv_joint_between(text, between);
        joined |= joint.word || (joint.comma && are_equations(text, &formulas->data[first - 1]));
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
static bool words_around(const char *text, psv_span span, const psv_formulas *formulas) {
    size_t next = 0, length = span.end;
    while (next < formulas->n && formulas->data[next].whole.begin < span.begin)
        next++;
    for (size_t i = span.begin; i < length && formulas->n;) {
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

static bool digit_or_stop(const char *text, psv_span span) {
    for (size_t i = span.begin; i < span.end; i++)
        if (isdigit((unsigned char)text[i]) || strchr(".;:?!=\n", text[i]) != NULL) return true;
    return false;
}

enum { MOST_ANNOUNCEMENTS = 16 };

/* ---- The rules, in their order ------------------------------------------- */

/* A response under search. */
typedef struct search {
    psv_ctx *ctx;
    const char *text;
    psv_span span; /* of the model's own answer */
    psv_formulas formulas;
    const char *box; /* what the last box says; NULL: there is none */
    psv_span box_at;
} search;

/* Is what an announcement says only close to the answer ("so about 1.41")? */
static bool approximates(const char *text, psv_span stretch) {
    static const char *const words[] = {"about",    "approx", "roughly",  "around", "nearly",
                                        "close to", "≈",      "\\approx", "~"};
    for (size_t i = stretch.begin; i < stretch.end && i < stretch.begin + 80; i++)
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            if (psv_letters_at(text + i, stretch.end - i, words[k])) return true;
    return false;
}

static bool has_box(const char *text, psv_span stretch) {
    for (size_t i = stretch.begin; i < stretch.end; i++)
        if (psv_letters_at(text + i, stretch.end - i, "\\boxed")) return true;
    return false;
}

/* Only words, and no choice's letter: from a loose announcement these are a remark. */
static bool is_remark(psv_ctx *ctx, const char *found) {
    psv_answer answer;
    psv_read(ctx, found, strlen(found), &answer);
    return answer.tree == NULL || answer.why != NULL || answer.tree->kind == PSV_TEXT;
}

static const char *announced_after(search *s, size_t begin) {
    psv_announcement a = psv_last_announcement(s->text, (psv_span){begin, s->span.end});
    for (int looks = 0; a.start && looks < MOST_ANNOUNCEMENTS; looks++) {
        psv_span stretch = {a.start, psv_sentence_end(s->text, s->span.end, a.start, &s->formulas)};
        bool asks = stretch.end < s->span.end && s->text[stretch.end] == '?'; /* "Is the answer 12?" */
        const char *found = asks      ? NULL
                            : a.loose ? psv_stated_result(s->ctx, s->text, stretch, &s->formulas)
                                      : psv_stated_value(s->ctx, s->text, stretch, &s->formulas);
        if (found != NULL && !(a.loose && is_remark(s->ctx, found))) return found;
        size_t earlier = a.start > begin + 2 ? a.start - 2 : begin; /* before its verb */
        while (earlier > begin && isspace((unsigned char)s->text[earlier]))
            earlier--;
        a = psv_last_announcement(s->text, (psv_span){begin, earlier});
    }
    return NULL;
}

/* Does a statement after a box take its place: on a line of its own, or one that says "final"? */
static bool is_final(const char *text, size_t box_end, size_t start) {
    size_t line = start;
    while (line > box_end && isspace((unsigned char)text[line - 1])) /* "Answer:" and the value on the next line */
        line--;
    while (line > box_end && text[line - 1] != '\n')
        line--;
    if (line > box_end) return true;
    for (size_t i = box_end; i < start; i++)
        if (psv_letters_at(text + i, start - i, "final answer")) return true;
    return false;
}

static const char *final_statement(search *s) {
    if (s->box == NULL) return NULL;
    size_t start = psv_last_announcement(s->text, (psv_span){s->box_at.end, s->span.end}).start;
    if (!start || !is_final(s->text, s->box_at.end, start)) return NULL;
    psv_span stretch = {start, psv_sentence_end(s->text, s->span.end, start, &s->formulas)};
    if (approximates(s->text, stretch) || has_box(s->text, stretch)) return NULL;
    const char *found = psv_first_value(s->ctx, s->text, stretch, &s->formulas);
    if (found == NULL) return NULL;
    return is_remark(s->ctx, found) ? NULL : found;
}

static const char *tag(search *s) {
    psv_span inner;
    if (!psv_last_tag(s->text, s->span, &inner)) return NULL;
    if (s->box != NULL && (s->box_at.begin >= inner.end || s->box_at.begin >= inner.begin)) return NULL;
    const char *whole = psv_readable(s->ctx, s->text, inner, 4);
    return whole != NULL ? whole : psv_stated_value(s->ctx, s->text, inner, &s->formulas);
}

static const char *box(search *s) {
    return s->box;
}

static const char *announcement(search *s) {
    return announced_after(s, s->span.begin);
}

/* The quoted words that a response ends in: 'The fastest is "Evelyn".' */
static const char *quoted(search *s) {
    size_t end = s->span.end;
    while (end > s->span.begin && (isspace((unsigned char)s->text[end - 1]) || s->text[end - 1] == '.'))
        end--;
    if (end < s->span.begin + 3 || s->text[end - 1] != '"') return NULL;
    size_t open = end - 1;
    while (open > s->span.begin && end - open < 60 && s->text[open - 1] != '"' && s->text[open - 1] != '\n')
        open--;
    if (open == s->span.begin || s->text[open - 1] != '"') return NULL;
    return psv_readable(s->ctx, s->text, (psv_span){open, end - 1}, 3);
}

static const char *nothing_else(search *s) {
    const char *text = s->text + s->span.begin;
    size_t length = s->span.end - s->span.begin;
    size_t remark = psv_remark_start(s->ctx, text, length);
    psv_span all = {s->span.begin, s->span.begin + (remark > 0 ? remark : length)};
    const char *shape = psv_whole_shape(s->ctx, text, length, all.end - all.begin);
    if (shape != NULL) return shape;
    length = all.end - all.begin;
    if (psv_is_no_whole(text, length)) return NULL;
    bool negative = psv_letters_at(text, length, "negative ") || psv_letters_at(text, length, "minus ");
    bool reals = psv_letters_at(text, length, "all real");
    bool words = words_around(s->text, all, &s->formulas) || (psv_opens_with_prose(text, length) && !negative);
    bool sentence = words && !psv_is_date(text, length);
    return sentence && !reals ? NULL : psv_readable(s->ctx, s->text, all, reals ? 8 : 3);
}

/* The last line that says something: no rule, no closing phrase, no heading. */
static psv_span last_line(const search *s) {
    size_t end = s->span.end;
    while (end > s->span.begin) {
        size_t begin = end;
        bool content = false;
        while (begin > s->span.begin && s->text[begin - 1] != '\n') {
            begin--;
            content |= isdigit((unsigned char)s->text[begin]) || s->text[begin] == '*';
        }
        if (content) return (psv_span){begin, end};
        end = begin > s->span.begin ? begin - 1 : begin;
    }
    return s->span;
}

/* The last bold stretch of the last line, when it is a value or a few words. */
static const char *bold(search *s) {
    psv_span line = last_line(s);
    for (size_t i = line.end; i-- > line.begin + 4;) {
        if (strncmp(s->text + i - 1, "**", 2) != 0) continue;
        size_t close = i - 1, open = close;
        while (open > line.begin + 1 && strncmp(s->text + open - 2, "**", 2) != 0)
            open--;
        if (open <= line.begin + 1 || close - open > 60 || open == close) return NULL;
        bool label = s->text[close - 1] == ':' || s->text[close + 2] == ':';
        if (label) return NULL;
        psv_span inner = {open, close};
        const char *found = psv_readable(s->ctx, s->text, inner, 3);
        return found != NULL ? found : psv_stated_value(s->ctx, s->text, inner, &s->formulas);
    }
    return NULL;
}

/* Is a formula only where the answer holds: "for all $x$", "where $a > 0$"? */
static bool is_domain_formula(const char *text, const psv_formula *f) {
    static const char *const words[] = {"for all", "for any", "for every", "for each", "for real",     "where",
                                        "for",     "with",    "such that", "for some", "for all real", "given"};
    size_t end = f->whole.begin;
    while (end > 0 && isspace((unsigned char)text[end - 1]))
        end--;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n = strlen(words[k]);
        if (end >= n && psv_letters_at(text + end - n, n, words[k]) &&
            (end == n || !isalpha((unsigned char)text[end - n - 1])))
            return true;
    }
    return false;
}

/* "$9$ chickens and $10$ rabbits": numbers as formulas with nouns between. */
static const char *counted(search *s, size_t last) {
    size_t first = last;
    for (; first > 0; first--) {
        psv_span between = {s->formulas.data[first - 1].whole.end, s->formulas.data[first].whole.begin};
        size_t length = between.end - between.begin;
        if (length < 8 || length > 40 || digit_or_stop(s->text, between)) break;
        size_t word = between.end - 1;
        while (word > between.begin && isspace((unsigned char)s->text[word - 1]))
            word--;
        if (!psv_letters_at(s->text + between.end - 5, 5, " and ")) break;
    }
    return first < last ? psv_join_formulas(s->ctx, s->text, &s->formulas, first, last) : NULL;
}

/* The sentence that a place in the text is in. */
static psv_span sentence_of(const search *s, size_t at) {
    size_t begin = s->span.begin;
    for (;;) {
        size_t end = psv_sentence_end(s->text, s->span.end, begin, &s->formulas);
        if (end >= at || end >= s->span.end) return (psv_span){begin, end};
        begin = end + 1;
    }
}

/* Does the number stand only in a condition after the formula: "$2x$ for all $x > 0$"? */
static bool only_domain_after(const search *s, const psv_formula *formula, psv_span number) {
    for (size_t k = (size_t)(formula - s->formulas.data) + 1; k < s->formulas.n; k++) {
        const psv_formula *f = &s->formulas.data[k];
        if (f->whole.begin <= number.begin && number.end <= f->whole.end) return is_domain_formula(s->text, f);
    }
    return false;
}

/* "The probability is one third.": a value in words after the last "is". */
static const char *value_after_is(search *s, size_t end, size_t most_words) {
    while (end > s->span.begin && strchr(".!", s->text[end - 1]) != NULL)
        end--;
    for (size_t i = end; i-- > s->span.begin + 4 && end - i < 40;)
        if (psv_letters_at(s->text + i - 4, end - i + 4, " is ") ||
            psv_letters_at(s->text + i - 4, end - i + 4, " be ") ||
            psv_letters_at(s->text + i - 4, end - i + 4, "als ")) /* equals */
            return psv_readable(s->ctx, s->text, (psv_span){i, end}, most_words);
    return NULL;
}

/* Is a sentence only polite: "Let me know if you have 3 more questions"? */
static bool is_closing(const char *text, psv_span sentence) {
    static const char *const opens[] = {"let me know",    "feel free",       "i hope",      "hope this",
                                        "please let",     "if you have any", "if you need", "if you would like",
                                        "would you like", "do you want",     "thank you",   "thanks",
                                        "note:",          "note that",       "please note", "remark"};
    size_t i = sentence.begin;
    while (i < sentence.end && !psv_letter(text[i]) && text[i] != '(')
        i++;
    bool aside =
        i < sentence.end && text[i] == '(' && i > sentence.begin && text[i - 1] == '\n'; /* a line of its own */
    if (aside) return true;
    i += i < sentence.end && text[i] == '(';
    for (size_t k = 0; k < sizeof opens / sizeof *opens; k++)
        if (psv_letters_at(text + i, sentence.end - i, opens[k])) return true;
    return false;
}

/* The response without polite sentences at its end that have a number. */
static void drop_closing(search *s) {
    enum { MOST_CLOSINGS = 4 }; /* each costs a look at the whole */
    psv_span number;
    for (int k = 0; k < MOST_CLOSINGS; k++) {
        if (!psv_last_number(s->text + s->span.begin, s->span.end - s->span.begin, &number)) return;
        psv_span sentence = sentence_of(s, s->span.begin + number.begin);
        if (!is_closing(s->text, sentence) || sentence.begin <= s->span.begin) return;
        s->span.end = sentence.begin;
    }
}

/* "$\\frac{5}{12}$, or about $0.417$": the formula that the last one only approximates, else the last one. */
static const psv_formula *before_approximation(const search *s, const psv_formula *formula) {
    static const char *const words[] = {"about", "approximately", "roughly", "around"};
    if (formula == NULL || formula == s->formulas.data) return formula;
    const psv_formula *before = formula - 1;
    psv_span between = {before->whole.end, formula->whole.begin};
    if (before->whole.begin < s->span.begin || between.end - between.begin > 30) return formula;
    size_t end = between.end;
    while (end > between.begin && s->text[end - 1] == ' ')
        end--;
    if (memchr(s->text + between.begin, '.', between.end - between.begin) != NULL) return formula;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n = strlen(words[k]);
        if (end >= between.begin + n && psv_letters_at(s->text + end - n, n, words[k])) return before;
    }
    return formula;
}

static const char *last_formula_or_number(search *s) {
    drop_closing(s);
    size_t end = s->span.end;
    while (end > s->span.begin && isspace((unsigned char)s->text[end - 1]))
        end--;
    /* the last sentence with a number or a formula in it */
    psv_span number = {0, 0};
    bool has_number = psv_last_number(s->text + s->span.begin, s->span.end - s->span.begin, &number);
    number.begin += s->span.begin;
    number.end += s->span.begin;
    const psv_formula *formula = NULL;
    for (size_t k = s->formulas.n; k-- > 0 && formula == NULL;) {
        const psv_formula *f = &s->formulas.data[k];
        if (f->whole.begin < s->span.begin || f->whole.end > s->span.end || lone_letter(s->text, f->inner)) continue;
        if (is_domain_formula(s->text, f) && k > 0) continue;
        formula = f;
    }
    const psv_formula *exact = before_approximation(s, formula);
    has_number &= exact == formula;
    formula = exact;
    if (formula != NULL &&
        !(has_number && number.begin >= formula->whole.end && !only_domain_after(s, formula, number))) {
        const char *list = counted(s, (size_t)(formula - s->formulas.data));
        return list != NULL ? list : with_those_before(s->ctx, s->text, &s->formulas, formula);
    }
    if (!has_number) {
        const char *said = value_after_is(s, end, 0);
        if (said == NULL) said = last_choice(s->ctx, s->text, s->span.end);
        if (said == NULL) said = psv_only_number_word(s->ctx, s->text, s->span);
        return said != NULL ? said : value_after_is(s, end, 3); /* "The day is Saturday." */
    }
    psv_span wide = psv_around_number(s->text, s->span.end, number);
    if (wide.begin != number.begin) return arena_span(s->ctx, s->text, wide);
    psv_span sentence = sentence_of(s, number.begin);
    const char *spelled = psv_spelled_result(s->ctx, s->text, (psv_span){sentence.end, s->span.end});
    if (spelled != NULL) return spelled;
    const char *found = psv_result_of_sentence(s->ctx, s->text, sentence);
    return found != NULL ? found : arena_span(s->ctx, s->text, wide);
}

static const struct {
    const char *(*find)(search *s);
    psv_candidate_rule rule;
} rules[] = {
    {final_statement,
     {"final statement",
      "a value that is announced after the last box, on a line of its own or as the final answer, unless it only "
      "approximates the box",
      "At first \\boxed{A} looks possible. The final answer is B", "B"}},
    {tag,
     {"tag", "what stands in the last `<answer>`, unless a box stands in or after it",
      "<answer>42</answer> I hope this helps with problem 7!", "42"}},
    {box,
     {"box", "the last box that is not empty and no placeholder, with the formula around it",
      "\\boxed{3}. Wait: $-\\boxed{4}$, in the \\boxed{...} format", "-\\boxed{4}"}},
    {announcement,
     {"announcement", "what \"the answer is\", \"Answer:\", `####` or their like in other languages announce",
      "The answer is 18 (9 × 2).", "18"}},
    {nothing_else,
     {"nothing else",
      "the whole response, when it is nothing but an answer, perhaps with a remark that changes nothing", "x=5 or x=3",
      "x=5 or x=3"}},
    {bold, {"bold", "the last bold stretch of the last line", "The fastest of the 3 is **Evelyn**.", "Evelyn"}},
    {quoted, {"quoted", "the quoted words that the response ends in", "The fastest runner is \"Evelyn\".", "Evelyn"}},
    {last_formula_or_number,
     {"last",
      "the last formula or, when a number follows it, what the last sentence with a number comes to; without either, "
      "the last letter of a choice, the only number in words, or what is said after the last \"is\"",
      "So he will be 5+3=8 in 3 years.", "8"}},
};

#define N_RULES (sizeof rules / sizeof *rules)

const size_t psv_n_candidate_rules = N_RULES;

const psv_candidate_rule *psv_candidate_rule_at(size_t k) {
    return &rules[k].rule;
}

/* Look in one part of a response; *rule gets the one that decided. */
static const char *search_span(psv_ctx *ctx, const char *text, psv_span span, size_t *rule) {
    search s = {.ctx = ctx, .text = text, .span = span, .formulas = psv_find_formulas(ctx, text, span.end)};
    const char *found = NULL;
    if (!psv_last_boxes(ctx, text, span, &s.formulas, &s.box, &s.box_at)) s.box = NULL;
    for (*rule = 0; *rule < N_RULES; ++*rule)
        if ((found = rules[*rule].find(&s)) != NULL) break;
    return found;
}

psv_span psv_own_answer(const char *response, size_t length) {
    return psv_before_next_turn(response, psv_after_thinking(response, (psv_span){0, length}));
}

const char *psv_extract(psv_ctx *ctx, const char *response, size_t length) {
    size_t rule;
    return psv_extract_by_rule(ctx, response, length, &rule);
}

const char *psv_extract_by_rule(psv_ctx *ctx, const char *response, size_t length, size_t *rule) {
    *rule = N_RULES;
    const char *text = psv_plain_characters(ctx, response, &length);
    if (text == NULL) return NULL;
    psv_span all = {0, length}, own = psv_after_thinking(text, all);
    const char *found = search_span(ctx, text, psv_before_next_turn(text, own), rule);
    if (found == NULL && own.begin > 0) /* nothing after the thinking */
        found = search_span(ctx, text, psv_before_next_turn(text, (psv_span){0, own.begin}), rule);
    return found;
}
