/* Answers among plain words: where a sentence is told from an answer, and how far an answer reaches around its last
 * number ("so the length is 2√3", "the point is (1, 2)"). */
#include "verify/extract/text.h"
#include "verify/read/commands.h"
#include "verify/read/token.h"

#include <ctype.h>
#include <string.h>

/* A word of a sentence, and no name, unit or function: short ones are listed, long ones have a small letter. */
static bool is_prose_word(const char *word, size_t length) {
    static const char *const short_words[] = {"so",  "is",  "it",  "we",  "get", "are", "the", "has", "had",
                                              "he",  "she", "his", "of",  "be",  "by",  "in",  "to",  "as",
                                              "at",  "now", "for", "our", "ans", "all", "my",  "was", "its",
                                              "you", "can", "let", "yes", "no",  "hmm", "ok"};
    if (psv_word_code(word, length) || psv_find_function(word, length) >= 0) return false;
    for (size_t k = 0; k < sizeof short_words / sizeof *short_words; k++)
        if (psv_word_is(word, length, short_words[k])) return true;
    bool small = false;
    for (size_t k = 0; k < length; k++)
        small |= islower((unsigned char)word[k]) != 0;
    return small && length >= 4 && !psv_word_is(word, length, "sqrt") && !psv_word_is(word, length, "frac");
}

bool psv_opens_with_prose(const char *text, size_t length) {
    if (length > 300) return false; /* no answer is that long */
    bool prose = false;
    for (size_t i = 0; i < length;) {
        if (isdigit((unsigned char)text[i])) return prose;
        if (text[i] == '\\' && !(i + 1 < length && text[i + 1] == '$')) return false;
        size_t end = i;
        while (end < length && psv_letter(text[end]) && !psv_is_math_character(text + end)) /* x≤4 */
            end++;
        prose |= end > i && is_prose_word(text + i, end - i);
        size_t sign = end == i ? psv_is_math_character(text + i) : 0;
        i = end > i ? end : i + (sign > 0 ? sign : 1);
    }
    return false;
}

/* The bracket that closes right after the number and holds a list of plain values: where it opens, else `begin`. */
static size_t list_start(const char *text, psv_span number, size_t close) {
    int depth = 0;
    bool comma = false;
    for (size_t i = close + 1; i-- > 0 && close - i < 200;) {
        char c = text[i];
        if (strchr(")]}", c) != NULL) depth++;
        if (strchr("([{", c) != NULL && --depth == 0)
            return comma && (i == 0 || !psv_letter(text[i - 1])) ? i : number.begin;
        comma |= c == ',';
        bool value = isdigit((unsigned char)c) || strchr("()[]{},. +-/^*", c) != NULL || (unsigned char)c >= 128;
        if (!c || !value) break;
    }
    return number.begin;
}

/* Signs that only stand in mathematics: the word of the number that has one is an expression. */
static bool has_sign(const char *text, psv_span word) {
    static const char *const signs[] = {"√", "π", "∞", "^", "²", "³", "sqrt(", "pi"};
    for (size_t i = word.begin; i < word.end; i++)
        for (size_t k = 0; k < sizeof signs / sizeof *signs; k++) {
            size_t n = strlen(signs[k]);
            if (i + n <= word.end && memcmp(text + i, signs[k], n) == 0) return true;
        }
    return false;
}

psv_span psv_around_number(const char *text, size_t length, psv_span number) {
    if (number.end - number.begin > 300) return number;
    size_t close = number.end;
    while (close < length && text[close] == ' ')
        close++;
    if (close < length && strchr(")]}", text[close]) != NULL && text[close]) {
        size_t open = list_start(text, number, close);
        if (open < number.begin) return (psv_span){open, close + 1};
    }
    psv_span word = number;
    while (word.begin > 0 && number.begin - word.begin < 100 && !isspace((unsigned char)text[word.begin - 1]))
        word.begin--;
    while (word.end < length && word.end - number.end < 100 && !isspace((unsigned char)text[word.end]))
        word.end++;
    while (word.end > number.end && strchr(".,;:!?*", text[word.end - 1]) != NULL)
        word.end--;
    return has_sign(text, word) ? word : number;
}
