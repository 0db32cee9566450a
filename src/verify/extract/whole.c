/* Responses that are nothing but an answer: the shapes in which they come, and what is none. */
#include "verify/extract/whole.h"

#include "verify/extract/text.h"
#include "verify/read/commands.h"
#include "verify/read/prose.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <string.h>

bool psv_is_date(const char *text, size_t length) {
    if (length > 20) return false;
    static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                         "july",    "august",   "september", "october", "november", "december"};
    for (size_t k = 0; k < sizeof months / sizeof *months; k++)
        if (psv_letters_at(text, length, months[k])) return true;
    return false;
}

/* "18 (9 × 2)": a value, and in brackets how it comes about. How much of the text is the value; 0: it is not that. */
static size_t explained_value(psv_ctx *ctx, const char *text, size_t length) {
    const char *open = memchr(text, '(', length < 40 ? length : 40);
    while (length > 0 && strchr(" .\n", text[length - 1]) != NULL)
        length--;
    if (open == NULL || open == text || open[-1] != ' ' || length == 0 || text[length - 1] != ')') return 0;
    size_t end = (size_t)(open - text), begin = end + 1;
    psv_answer value, reason;
    psv_read(ctx, text, end, &value);
    psv_read(ctx, text + begin, length - 1 - begin, &reason);
    if (value.tree == NULL || value.why != NULL || value.tree->kind != PSV_NUM || reason.tree == NULL ||
        reason.why != NULL || reason.tree->kind == PSV_NUM)
        return 0;
    psv_compare c = {.ctx = ctx};
    return psv_compare_answers(&c, &value, &reason) == PSV_YES ? end : 0;
}

/* "Yes, it does.": the word, where no number is. How long; 0: it is not that. */
static size_t yes_or_no(const char *text, size_t length) {
    size_t n = psv_letters_at(text, length, "yes") ? 3 : psv_letters_at(text, length, "no") ? 2 : 0;
    if (n == 0 || n >= length || strchr(",.!;", text[n]) == NULL) return 0;
    for (size_t i = 0; i < length; i++)
        if (isdigit((unsigned char)text[i]) || text[i] == '$' || text[i] == '\\') return 0;
    return n;
}

/* "So option C is correct.": the letter that the words option or choice name, in a response without numbers. */
static const char *named_choice(psv_ctx *ctx, const char *text, size_t length) {
    for (size_t i = length; i-- > 7;) {
        if (isdigit((unsigned char)text[i]) || text[i] == '$' || text[i] == '\\') return NULL;
        size_t at = i - 7;
        if (!psv_letters_at(text + at, 7, "option ") && !psv_letters_at(text + at, 7, "choice ")) continue;
        size_t letter = i + (text[i] == '(');
        bool named = text[letter] >= 'A' && text[letter] <= 'J' && !isalnum((unsigned char)text[letter + 1]);
        if (named) return ps_arena_strndup(ctx->arena, text + letter, 1);
    }
    return NULL;
}

/* "D is correct", "only D works", "I pick D": a letter among words that choose it. How far it is; `length`: not that.
 */
static size_t chosen_letter(const char *text, size_t length) {
    static const char *const words[] = {"is",   "the",   "correct", "right", "answer", "option", "choice",   "only",
                                        "work", "works", "i",       "pick",  "choose", "select", "think",    "it",
                                        "its",  "s",     "so",      "hence", "thus",   "must",   "be",       "would",
                                        "best", "final", "my",      "our",   "say",    "letter", "therefore"};
    size_t found = length, letters = 0;
    for (size_t i = 0; i < length;) {
        size_t n = 0;
        while (i + n < length && isalpha((unsigned char)text[i + n]))
            n++;
        bool letter = n == 1 && text[i] >= 'B' && text[i] <= 'H';
        bool known = letter;
        for (size_t k = 0; k < sizeof words / sizeof *words && n > 0 && !known; k++)
            known = psv_word_is(text + i, n, words[k]);
        if (n > 0 && !known) return length;
        if (n == 0 && strchr(" .,'!\n", text[i]) == NULL) return length;
        if (letter) found = i;
        letters += letter;
        i += n > 0 ? n : 1;
    }
    return letters == 1 ? found : length;
}

/* A number on each of two lines: "11", "5/6" is no mixed number. */
static bool is_two_numbers(const char *text, size_t length) {
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    for (size_t i = 1; i + 1 < length; i++)
        if (text[i] == '\n' && isdigit((unsigned char)text[i + 1]) &&
            (isdigit((unsigned char)text[i - 1]) || text[i - 1] == '\r'))
            return true;
    return false;
}

/* "24 is the answer": a sentence about a number, not an equation. */
static bool says_of_number(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && (isdigit((unsigned char)text[i]) || strchr("-$.,/%", text[i]) != NULL))
        i++;
    return i > 0 && psv_letters_at(text + i, length - i, " is ") && i + 4 < length && psv_letter(text[i + 4]);
}

/* "x = 15, as required", "15 (checked)": where a remark starts that ends the response and changes nothing; 0: there is
 * none. */
size_t psv_remark_start(psv_ctx *ctx, const char *text, size_t length) {
    size_t start = length < 120 ? length : 0;
    while (start > 0 && text[start - 1] != ',' && text[start - 1] != '(') {
        start--;
        if (isdigit((unsigned char)text[start]) || strchr("$\\=<>|[]{}", text[start]) != NULL) return 0;
    }
    if (start < 2 || (text[start - 1] == '(' && text[start - 2] != ' ')) return 0;
    psv_span before = {0, start - 1};
    const char *words = psv_plain_words(ctx, text + start, length - start);
    size_t first = words != NULL ? strcspn(words, " ") : 0;
    bool joins = first == 0 || psv_text_is(words, first, "and") || psv_text_is(words, first, "or");
    const char *last = words != NULL ? strrchr(words, ' ') : NULL;
    last = last != NULL ? last + 1 : words;
    bool plain = first > 0 && strlen(last) > 2 && psv_is_plain_word(last, strlen(last));
    return !joins && plain && psv_digit_within(text, before.begin, before.end) && !psv_changes_number(words) ? start - 1
                                                                                                             : 0;
}

/* "x = 3", "y = -4" on lines of their own: the equations with commas between; NULL: the response is something else. */
static const char *equations_on_lines(psv_ctx *ctx, const char *text, size_t length) {
    char names[4], *copy = length < 120 ? ps_arena_strndup(ctx->arena, text, length) : NULL;
    size_t n = 0;
    for (size_t i = 0; copy != NULL && i < length;) {
        size_t end = i;
        while (end < length && copy[end] != '\n')
            end++;
        size_t name = i + strspn(copy + i, " $");
        const char *equals = memchr(copy + i, '=', end - i);
        bool named = equals != NULL && isalpha((unsigned char)copy[name]) &&
                     copy[name + 1 + strspn(copy + name + 1, " ")] == '=';
        if (end > i && (!named || n == sizeof names || memchr(names, copy[name], n) != NULL)) return NULL;
        if (end > i) names[n++] = copy[name];
        if (end < length) copy[end] = ',';
        i = end + 1;
    }
    if (n < 2) return NULL;
    size_t to = 0;
    for (size_t i = 0; i < length; i++)
        if (copy[i] != '$') copy[to++] = copy[i];
    copy[to] = '\0';
    return copy;
}

const char *psv_whole_shape(psv_ctx *ctx, const char *text, size_t length, size_t before_remark) {
    size_t value = explained_value(ctx, text, length);
    if (value == 0) value = yes_or_no(text, before_remark);
    if (value > 0) return ps_arena_strndup(ctx->arena, text, value);
    length = before_remark;
    bool letter = length > 4 && *text >= 'A' && *text <= 'J' && strchr(",;:", text[1]) != NULL && text[2] == ' ' &&
                  islower((unsigned char)text[3]) && islower((unsigned char)text[4]); /* "C, because B is too large" */
    if (letter) return ps_arena_strndup(ctx->arena, text, 1);
    size_t chosen = length < 80 ? chosen_letter(text, length) : length;
    if (chosen < length) return ps_arena_strndup(ctx->arena, text + chosen, 1);
    const char *choice = length < 200 ? named_choice(ctx, text, length) : NULL;
    return choice != NULL ? choice : equations_on_lines(ctx, text, length);
}

bool psv_is_no_whole(const char *text, size_t length) {
    return is_two_numbers(text, length) || says_of_number(text, length);
}
