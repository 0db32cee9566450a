/* What a sentence comes to: what it works out, else the number that it is about. */
#include "verify/extract/value.h"

#include "verify/extract/text.h"
#include "verify/read/commands.h"
#include "verify/read/phrases.h"
#include "verify/read/words.h"

#include <stdint.h>
#include <string.h>

enum { MOST_NUMBERS = 16 };

/* Does the word before or after a number in words make another number, or none, of it? */
static bool is_part_of_more(const char *text, psv_span span, size_t i, size_t n) {
    static const char *const around[] = {"and",     "or",       "not",   "no",    "than",   "of",      "to",
                                         "times",   "percent",  "dozen", "minus", "plus",   "twice",   "negative",
                                         "hundred", "thousand", "point", "over",  "halves", "squared", "about",
                                         "least",   "most",     "half",  "every", "each",   "first",   "last"};
    size_t after = psv_skip_spaces(text, i + n), before = i;
    while (before > span.begin && text[before - 1] == ' ')
        before--;
    size_t end = before;
    while (before > span.begin && isalpha((unsigned char)text[before - 1]))
        before--;
    bool total = end >= span.begin + 8 && psv_letters_at(text + end - 8, 8, "total of");
    for (size_t k = 0; k < sizeof around / sizeof *around; k++)
        if ((psv_word_is(text + before, end - before, around[k]) && !total) ||
            psv_word_is(text + after, psv_word_length(text, after), around[k]))
            return true;
    return text[i + n] == '-' || (i > span.begin && text[i - 1] == '-');
}

/* "and a half" after a number in words: how long. */
static size_t part_after(const char *s, size_t length) {
    long above, below;
    return psv_and_a_part(s, length, &above, &below);
}

/* The longest number in words at text[i], a word of one: "five hundred forty". */
static size_t whole_number_word(psv_ctx *ctx, const char *text, size_t i, size_t end, size_t n) {
    size_t best = n;
    for (int words = 1; words < 8; words++) {
        size_t next = i + n;
        if (next >= end || strchr(" -", text[next]) == NULL) break;
        size_t more = psv_word_length(text, next + 1);
        if (more == 0 || next + 1 + more > end) break;
        n = next + 1 + more - i;
        const char *plain = psv_plain_words(ctx, text + i, n);
        bool joins = psv_word_is(text + next + 1, more, "and");
        if (plain == NULL || (!joins && psv_number_word(plain) < 0)) break;
        if (!joins) best = n;
    }
    return best;
}

const char *psv_only_number_word(psv_ctx *ctx, const char *text, psv_span span) {
    const char *found = NULL;
    size_t n;
    if (span.end - span.begin > PSV_LONGEST_VALUE) return NULL;
    for (size_t i = span.begin; i<span.end; i += n> 0 ? n : 1) {
        n = psv_word_length(text, i);
        size_t more = n < 3 ? 0 : part_after(text + i + n, span.end - i - n);
        bool small = n < 3 || (more == 0 && psv_word_is(text + i, n, "one")); /* often no count */
        if (small || !psv_is_number_word(text + i, n)) continue;
        if (more == 0) n = whole_number_word(ctx, text, i, span.end, n);
        if (found != NULL || (more == 0 && is_part_of_more(text, span, i, n))) return NULL;
        n += more;
        found = ps_arena_strndup(ctx->arena, text + i, n);
    }
    return found;
}

const char *psv_spelled_result(psv_ctx *ctx, const char *text, psv_span span) {
    if (span.end - span.begin > PSV_LONGEST_SENTENCE) return NULL;
    const char *s = psv_plain_copy(ctx, text, span);
    if (s == NULL) return NULL;
    const char *found = NULL;
    bool concludes = false;
    for (size_t i = 0; s[i];) {
        size_t n = psv_word_length(s, i);
        concludes |= psv_word_is(s + i, n, "so") || psv_word_is(s + i, n, "therefore") ||
                     psv_word_is(s + i, n, "thus") || psv_word_is(s + i, n, "hence");
        bool small = psv_word_is(s + i, n, "one") || psv_word_is(s + i, n, "a"); /* often no count */
        if (concludes && n > 1 && !small && psv_is_number_word(s + i, n)) {
            n += part_after(s + i + n, strlen(s + i + n));
            found = ps_arena_strndup(ctx->arena, s + i, n);
        }
        i += n ? n : 1;
    }
    return found;
}

/* After the last "=" of a sentence; 0: there is none. */
static size_t after_last_equals(const char *s) {
    size_t found = 0;
    for (size_t i = 0; s[i]; i++) {
        bool factorial = i > 1 && s[i - 1] == '!' && (isdigit((unsigned char)s[i - 2]) || s[i - 2] == ')'); /* 5!=120 */
        bool compound = i > 0 && strchr("<>!=", s[i - 1]) != NULL && !factorial;
        if (s[i] == '=' && !compound && s[i + 1] != '=') found = i + 1;
    }
    return found ? psv_skip_spaces(s, found) : 0;
}

/* How much a number is a circumstance: not, by its purpose ("to make 16 muffins"), by a preposition. */
typedef enum circumstance { NO_CIRCUMSTANCE, PURPOSE, CIRCUMSTANCE } circumstance;

/* What the words before a number make of it. */
static circumstance circumstance_of(const char *s, size_t i) {
    static const char *const words[] = {"in",     "after",   "for",   "every",   "per",    "with",   "on",   "at",
                                        "than",   "by",      "from",  "over",    "within", "during", "each", "since",
                                        "before", "until",   "these", "those",   "all",    "first",  "last", "next",
                                        "step",   "problem", "the",   "through", "into"};
    size_t number = i + strspn(s + i, "$-");
    number += strspn(s + number, "0123456789");
    if (s[number] == '-' && isalpha((unsigned char)s[number + 1])) return CIRCUMSTANCE; /* the 12-month period */
    size_t end = i;
    while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '$' || s[end - 1] == '-'))
        end--;
    size_t begin = end;
    while (begin > 0 && isalpha((unsigned char)s[begin - 1]))
        begin--;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (psv_word_is(s + begin, end - begin, words[k])) return CIRCUMSTANCE;
    size_t before_end = begin;
    while (before_end > 0 && s[before_end - 1] == ' ')
        before_end--;
    size_t before = before_end;
    while (before > 0 && isalnum((unsigned char)s[before - 1]))
        before--;
    if (psv_word_is(s + begin, end - begin, "of")) /* "5 of 8", "out of 8"; but "a profit of 8" */
        return isdigit((unsigned char)s[before]) || psv_word_is(s + before, before_end - before, "out")
                   ? CIRCUMSTANCE
                   : NO_CIRCUMSTANCE;
    return psv_word_is(s + before, before_end - before, "to") ? PURPOSE : NO_CIRCUMSTANCE; /* "to make 16 muffins" */
}

/* "not 5", "isn't 5": where the denial before a number starts; SIZE_MAX: there is none. */
static size_t denied_at(const char *s, size_t i) {
    static const char *const denials[] = {"not ", "n't ", "never ", "not equal to "};
    for (size_t k = 0; k < sizeof denials / sizeof *denials; k++) {
        size_t n = strlen(denials[k]);
        if (i >= n && psv_letters_at(s + i - n, n, denials[k])) return i - n;
    }
    return SIZE_MAX;
}

/* "minus 3", "negative 3": where the word before a number at i starts; i: there is none, or a number before it. */
static size_t signed_start(const char *s, size_t i) {
    static const char *const signs[] = {"minus ", "negative "};
    for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
        size_t n = strlen(signs[k]);
        bool here = i >= n && psv_letters_at(s + i - n, n, signs[k]);
        if (here && (i == n || (s[i - n - 1] == ' ' && (i < n + 2 || !isdigit((unsigned char)s[i - n - 2])))))
            return i - n;
    }
    return i;
}

/* Where the expression starts that a number ends: "2x + 3", "x^2 - 1". `i` when it stands alone. */
static size_t expression_start(const char *s, size_t i) {
    size_t start = i;
    for (int parts = 0; parts < 8; parts++) {
        size_t sign = start;
        while (sign > 0 && s[sign - 1] == ' ')
            sign--;
        if (sign == 0 || strchr("+-*/^", s[sign - 1]) == NULL) return start;
        size_t end = sign - 1;
        while (end > 0 && s[end - 1] == ' ')
            end--;
        bool apart = end < sign - 1, letter = false;
        if (apart != (sign < start)) return start; /* "5 -3" */
        size_t begin = end;
        while (begin > 0 && (isalnum((unsigned char)s[begin - 1]) || strchr(".^*/()", s[begin - 1]) != NULL ||
                             (unsigned char)s[begin - 1] >= 128)) /* x² */
            letter |= isalpha((unsigned char)s[--begin]) != 0;
        size_t word = 0;
        for (size_t k = begin; k < end; k++)
            word = isalpha((unsigned char)s[k]) && isalpha((unsigned char)s[k + 1]) ? word + 1 : word;
        if (begin == end || word > 0 || !letter) return start; /* numbers alone are told apart by "=" and words */
        start = begin;
    }
    return start;
}

/* "I cannot solve this", "it cannot be determined": no number of the sentence is an answer. */
static bool gives_up(const char *s) {
    static const char *const who[] = {"i cannot ",
                                      "i can't ",
                                      "i can not ",
                                      "i could not ",
                                      "i couldn't ",
                                      "i am unable to ",
                                      "i'm unable to ",
                                      "i am not able to ",
                                      "i'm not able to ",
                                      "we cannot ",
                                      "we can't ",
                                      "we are unable to ",
                                      "we are not able to ",
                                      "it is impossible to ",
                                      "it is not possible to ",
                                      "i don't ",
                                      "i do not ",
                                      "we don't ",
                                      "we do not "};
    static const char *const what[] = {"solve",     "answer", "determine", "compute",
                                       "calculate", "tell",   "know",      "figure"};
    static const char *const whole[] = {"cannot be determined", "can't be determined",    "cannot be solved",
                                        "can't be solved",      "cannot be answered",     "cannot be calculated",
                                        "cannot be computed",   "not enough information", "insufficient information"};
    size_t length = strlen(s);
    bool found = false;
    for (size_t i = 0; i < length && !found; i++) {
        if (i > 0 && isalpha((unsigned char)s[i - 1])) continue;
        for (size_t k = 0; k < sizeof whole / sizeof *whole && !found; k++)
            found = psv_letters_at(s + i, length - i, whole[k]);
        for (size_t k = 0; k < sizeof who / sizeof *who && !found; k++) {
            size_t verb = i + strlen(who[k]);
            if (!psv_letters_at(s + i, length - i, who[k])) continue;
            for (size_t v = 0; v < sizeof what / sizeof *what && !found; v++)
                found = psv_word_is(s + verb, psv_word_length(s, verb), what[v]);
        }
    }
    return found && strchr(s, '=') == NULL && strstr(s, " but ") == NULL;
}

/* "with 4 unknowns": what the problem has, and no result. */
static bool counts_unknowns(const char *s, size_t i) {
    static const char *const nouns[] = {"unknown", "unknowns", "variable", "variables", "equation", "equations"};
    size_t word = psv_skip_spaces(s, i + strspn(s + i, "$-0123456789"));
    for (size_t k = 0; k < sizeof nouns / sizeof *nouns; k++)
        if (psv_word_is(s + word, psv_word_length(s, word), nouns[k])) return true;
    return false;
}

/* A sentence as it stands: words, from which nothing is taken. */
static const char *only_said(psv_ctx *ctx, const char *s) {
    return ps_arena_strndup(ctx->arena, s, strnlen(s, PSV_LONGEST_VALUE));
}

/* "so", "therefore", "which means": what comes after such a word is what the sentence comes to. */
static size_t last_clause(const char *s) {
    static const char *const marks[] = {
        ", so ",     " so ",        "therefore",       "hence ",        "thus ",      "which means",
        "meaning ",  "which gives", "which is ",       "which leaves",  "leaving ",   "for a total of",
        "total of ", "rounds to ",  "rounds down to ", "rounds up to ", "rounded to "};
    size_t found = 0, length = strlen(s);
    for (size_t i = 0; i < length; i++)
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
            if (psv_letters_at(s + i, length - i, marks[k]) && psv_digit_within(s, i, length))
                found = i + strlen(marks[k]);
    return found;
}

/* "the average of 30 and 42 is 36": does what follows a list come to a value of its own? */
static bool goes_on_to_value(const char *s) {
    static const char *const verbs[] = {" is ", " equals ", " gives "};
    for (size_t left = strlen(s); left > 0; s++, left--)
        for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++) {
            size_t n = strlen(verbs[k]);
            if (psv_letters_at(s, left, verbs[k]) && isdigit((unsigned char)s[n + strspn(s + n, "$-")])) return true;
        }
    return false;
}

/* Where a list of values ends that starts at a number: "2, 3, and 5", "x = 2 or x = 3". */
static const char *list_value(psv_ctx *ctx, const char *s, size_t begin) {
    psv_value_end w = psv_find_value_end(s + begin);
    if (!w.end || w.denied) return NULL;
    psv_answer answer;
    psv_read(ctx, s + begin, w.end, &answer);
    bool list =
        answer.tree != NULL && answer.why == NULL && (answer.tree->kind == PSV_LIST || answer.tree->kind == PSV_OR);
    for (size_t k = 0; list && k < answer.tree->n; k++)
        list = answer.tree->kid[k]->kind != PSV_UNIT;
    return list && !goes_on_to_value(s + begin + w.end) ? ps_arena_strndup(ctx->arena, s + begin, w.end) : NULL;
}

/* " 000" after one to three digits, or after such a group: "118 000". */
static bool is_group_of_three(const char *s, size_t first, size_t i) {
    if (s[i] != ' ' || strspn(s + i + 1, "0123456789") != 3) return false;
    size_t run = 0;
    while (run < 4 && i > first + run && isdigit((unsigned char)s[i - 1 - run]))
        run++;
    return run <= 3;
}

/* Where a number with its sign and its money starts. */
static size_t number_start(const char *s, size_t i) {
    size_t begin = i;
    if (begin > 0 && (s[begin - 1] == '.' || s[begin - 1] == '$')) begin--;
    if (begin > 0 && s[begin - 1] == '$') begin--;
    bool minus = begin > 0 && s[begin - 1] == '-' && (begin == 1 || !isalnum((unsigned char)s[begin - 2]));
    return begin - minus;
}

static bool has_letters(const char *s, const char *lower) {
    for (size_t left = strlen(s); left > 0; s++, left--)
        if (psv_letters_at(s, left, lower)) return true;
    return false;
}

/* "4 classes because 10 - 6 = 4": what follows "because" is the reason, when a number stands before it. */
static void end_at_reason(char *s) {
    static const char *const reasons[] = {"because ", "computed as ", "calculated as ", "found by ", "obtained by "};
    bool bound = has_letters(s, "at least ") || has_letters(s, "at most ");
    if (bound && strchr(s, '=') != NULL) return; /* "at least 68 because 200 - 132 = 68": the reason has the value */
    for (size_t i = 1; s[i]; i++)
        for (size_t k = 0; k < sizeof reasons / sizeof *reasons && s[i]; k++)
            if (s[i - 1] == ' ' && psv_letters_at(s + i, strnlen(s + i, 16), reasons[k]) && psv_digit_within(s, 0, i))
                s[i] = 0;
}

/* "15 pies, which is 3 more than Ana": a comparison after the result. */
static void end_at_comparison(char *s) {
    static const char which[] = ", which is ";
    static const char *const compares[] = {" more than ", " less than ", " fewer than ", " times as "};
    for (size_t i = 1; s[i]; i++) {
        if (!psv_letters_at(s + i, strnlen(s + i, sizeof which), which) || !psv_digit_within(s, 0, i)) continue;
        for (size_t k = 0; k < sizeof compares / sizeof *compares; k++)
            if (strstr(s + i, compares[k]) != NULL) {
                s[i] = '\0';
                return;
            }
    }
}

/* "24 apples, which he gives to 3 friends": what becomes of the result is another story, unless it goes on to count. */
static void end_at_story(char *s) {
    static const char *const who[] = {", which he ", ", which she ", ", which they ", ", which it ", ", which we "};
    static const char *const counts[] = {"=", " get", " make", " total", " equal", " leav", " give him", " give her"};
    for (size_t i = 1; s[i]; i++)
        for (size_t k = 0; k < sizeof who / sizeof *who; k++) {
            if (!psv_letters_at(s + i, strlen(s + i), who[k]) || !psv_digit_within(s, 0, i)) continue;
            bool goes_on = false;
            for (size_t n = 0; n < sizeof counts / sizeof *counts; n++)
                goes_on |= strstr(s + i, counts[n]) != NULL;
            if (!goes_on) s[i] = '\0';
            return;
        }
}

/* "$460 (400 regular + 60 overtime)": a bracket that ends the sentence, after a number and at most three words,
 * explains it.
 */
static void end_at_explanation(char *s) {
    size_t length = strlen(s), end = length;
    while (end > 0 && strchr(" .!", s[end - 1]) != NULL)
        end--;
    if (end == 0 || s[end - 1] != ')') return;
    size_t open = end - 1;
    for (int depth = 1; open > 0 && depth > 0; open--)
        depth += (s[open - 1] == ')') - (s[open - 1] == '(');
    if (open < 2 || s[open] != '(' || s[open - 1] != ' ') return;
    size_t number = open - 1;
    for (int words = 0; words < 3; words++) { /* "15 pies altogether (" */
        size_t noun = number;
        while (noun > 0 && isalpha((unsigned char)s[noun - 1]))
            noun--;
        if (noun == 0 || noun == number || s[noun - 1] != ' ') break;
        number = noun - 1;
    }
    if (number > 0 && (isdigit((unsigned char)s[number - 1]) || s[number - 1] == '%')) s[open - 1] = '\0';
}

/* "twice 5", "the square root of 7": a sentence that is nothing but a number and words that change it. */
static bool changes_its_number(const char *s) {
    size_t words = psv_words_on_number(s);
    return words > 0 && s[words + strspn(s + words, "-$0123456789.,/")] == '\0';
}

const char *psv_result_of_sentence(psv_ctx *ctx, const char *text, psv_span sentence) {
    if (sentence.end - sentence.begin > PSV_LONGEST_SENTENCE) sentence.begin = sentence.end - PSV_LONGEST_SENTENCE;
    char *copy = psv_plain_copy(ctx, text, sentence);
    if (copy == NULL) return NULL;
    end_at_reason(copy);
    end_at_comparison(copy);
    end_at_story(copy);
    end_at_explanation(copy);
    if (changes_its_number(copy)) return copy;
    const char *s = copy;
    s += last_clause(s);
    if (gives_up(s)) return only_said(ctx, s);
    size_t equals = after_last_equals(s);
    if (equals) { /* "x = 2 or x = 3", else what stands last */
        size_t first = equals;
        const char *sign = strchr(s, '=');
        size_t name = (size_t)(sign - s);
        while (name > 0 && s[name - 1] == ' ')
            name--;
        if (name > 0 && isalpha((unsigned char)s[name - 1]) && (name == 1 || !isalpha((unsigned char)s[name - 2])))
            first = name - 1;
        const char *list = first < equals ? list_value(ctx, s, first) : NULL;
        if (list != NULL) return list;
        if (psv_letters_at(s + equals, strnlen(s + equals, 3), "in ")) equals += 3;
        const char *value = psv_value_at_start(ctx, s + equals);
        if (value != NULL) return value;
    }
    size_t best = SIZE_MAX, last = SIZE_MAX;
    circumstance least = CIRCUMSTANCE; /* of those so far */
    int looks = 0;
    for (size_t i = 0; s[i]; i++) {
        if (!isdigit((unsigned char)s[i])) continue;
        bool in_word = i > 0 && (isalpha((unsigned char)s[i - 1]) || s[i - 1] == '_');
        size_t begin = number_start(s, i);
        if (!in_word) {
            bool argument = begin > 0 && s[begin - 1] == '('; /* f(1, 2) */
            const char *list = !argument && looks++ < MOST_NUMBERS ? list_value(ctx, s, begin) : NULL;
            if (list != NULL) return list;
            last = begin;
            circumstance is = circumstance_of(s, begin);
            if (is < CIRCUMSTANCE && is <= least) {
                best = begin;
                least = is;
            }
        }
        size_t first = i;
        while (isdigit((unsigned char)s[i + 1]) || is_group_of_three(s, first, i + 1) ||
               ((s[i + 1] == ',' || s[i + 1] == '.' || s[i + 1] == '/') && isdigit((unsigned char)s[i + 2])))
            i++;
    }
    if (best == SIZE_MAX && last != SIZE_MAX && counts_unknowns(s, last)) return only_said(ctx, s);
    if (best == SIZE_MAX) best = last;
    if (best == SIZE_MAX) return NULL;
    size_t denial = denied_at(s, best);
    if (denial != SIZE_MAX) return only_said(ctx, s + denial);
    if (psv_changed_at(s, best)) return only_said(ctx, s);
    size_t sign = signed_start(s, best);
    if (sign != best) return psv_readable(ctx, s, (psv_span){sign, best + strcspn(s + best, " ,;:")}, 4);
    size_t whole = expression_start(s, best);
    const char *expression = whole < best ? psv_value_at_start(ctx, s + whole) : NULL;
    return expression != NULL ? expression : psv_value_at_start(ctx, s + best);
}

const char *psv_stated_result(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    bool equals = false;
    for (size_t i = stretch.begin; i < stretch.end; i++)
        equals |= text[i] == '=';
    const char *result =
        equals && psv_first_formula(formulas, stretch) == NULL ? psv_result_of_sentence(ctx, text, stretch) : NULL;
    return result != NULL ? result : psv_stated_value(ctx, text, stretch, formulas);
}
