#include "verify/extract/announce.h"

#include "verify/extract/value.h"

#include <ctype.h>
#include <string.h>

/* ---- "the answer is …" --------------------------------------------------- */

/* Nouns that an answer is announced with, and languages that have their own: by their first letter, so that a word of a
 * response is compared with a few; and those that begin with another. NULL ends a list. */
#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const *const nouns[26] = {
    ['a' - 'a'] = LIST("answer", "antwort", "antwoord", "ans:", "ans."),
    ['b' - 'a'] = LIST("best option"),
    ['c' - 'a'] = LIST("correct option", "correct choice", "cevap"),
    ['e' - 'a'] = LIST("ergebnis"),
    ['f' - 'a'] = LIST("final result"),
    ['j' - 'a'] = LIST("jawaban"),
    ['l' - 'a'] = LIST("lösung:"),
    ['o' - 'a'] = LIST("odpowiedź", "odpověď"),
    ['r' - 'a'] =
        LIST("right option", "respuesta", "réponse", "reponse", "risposta", "resposta", "result:", "resultado"),
    ['s' - 'a'] = LIST("solution:", "svar"),
    ['v' - 'a'] = LIST("vastaus", "válasz"),
};
static const char *const *const other_nouns =
    LIST("ответ", "Ответ", "ОТВЕТ", "решение:", "Απάντηση", "απάντηση", "Đáp án", "đáp án", "答案", "答え", "答：",
         "答:", "结果", "정답", "उत्तर", "الجواب", "الإجابة");

/* isalpha without a call: it is asked of every character. */
static inline bool is_letter(char c) {
    return (unsigned char)((c | 32) - 'a') < 26;
}

/* The length of the noun at text[i], which begins a word; 0: there is none. */
static size_t noun_at(const char *text, size_t i, size_t end) {
    unsigned char c = (unsigned char)text[i];
    unsigned place = (c | 32U) - 'a';
    const char *const *noun = place < 26 ? nouns[place] : c >= 0xC2 ? other_nouns : NULL;
    if (noun == NULL || (i > 0 && is_letter(text[i - 1]))) return 0;
    for (; *noun != NULL; noun++) {
        if (!psv_letters_at(text + i, end - i, *noun)) continue;
        size_t length = strlen(*noun), after = i + length;
        char last = (*noun)[length - 1];
        after += after < end && text[after] == 's';
        bool inside = after < end && isalpha((unsigned char)last) && isalpha((unsigned char)text[after]); /* answered */
        if (last == ':' || last == '.') length--;
        if (!inside) return length;
    }
    return 0;
}

/* A verb that says what the answer is, or a sign that does. How long; 0: neither is here. */
static size_t verb_at(const char *text, size_t i, size_t end) {
    static const char *const verbs[] = {
        "is",  "are",   "was",    "would be", "will be", "must be", "should be", "equals", "comes to", "becomes", "es",
        "est", "ist",   "lautet", "è",        "é",       "是",      "为",        "為",     "は",       "는",      "은",
        "это", "равен", "jest",   "är",       "er",      "adalah",  "là",        "हैं",      "है",        "هو",      "هي"};
    if (text[i] == ':' || text[i] == '=') return 1;
    if (text[i] == '-' && i > 0 && text[i - 1] == ' ' && i + 1 < end && text[i + 1] == ' ') return 1; /* Answer - 15 */
    if (end - i >= 3 && strncmp(text + i, "：", 3) == 0) return 3;
    if (end - i >= 3 && strncmp(text + i, "—", 3) == 0) return 3;
    size_t best = 0;
    for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++) {
        size_t n = strlen(verbs[k]);
        if (n <= best || !psv_letters_at(text + i, end - i, verbs[k])) continue;
        bool ends = (unsigned char)verbs[k][0] >= 0xE3 || i + n == end || strchr(" :\n$*\\", text[i + n]) != NULL;
        if (ends) best = n;
    }
    return best;
}

/* After the noun at text[i]: where what it announces starts; 0: it announces nothing ("the answer to this"). A few
 * words may stand between noun and verb: "the answer to the question is". */
static size_t announced(const char *text, size_t i, size_t end, bool *loose) {
    bool says = false;
    size_t words = 0;
    if (i < end && (text[i] == 's' || text[i] == 'S')) i++;
    while (i < end) {
        bool bold = false;
        while (i < end && strchr("* \t_\"'`", text[i]) != NULL)
            bold |= text[i++] == '*';
        if (bold && words == 0 && i < end && (isdigit((unsigned char)text[i]) || strchr("$\\-", text[i]) != NULL))
            says = true; /* **Answer** 24 */
        size_t verb = i < end ? verb_at(text, i, end) : 0;
        if (verb) {
            says = true;
            i += verb;
            continue;
        }
        if (says && psv_letters_at(text + i, end - i, "that ")) {
            i += 5;
            continue;
        }
        if (says || i >= end) break;
        if (text[i] == '\n' || text[i] == ')' || (text[i] == ',' && words == 0) || isdigit((unsigned char)text[i]))
            return 0;
        size_t word = i;
        while (i < end &&
               (isalpha((unsigned char)text[i]) || (unsigned char)text[i] >= 128 || text[i] == '-' || text[i] == ','))
            i++;
        if (i < end && (text[i] == '(' || text[i] == ')')) i++;
        if (i == word || ++words > 7) return 0;
    }
    while (says && i < end && isspace((unsigned char)text[i]))
        i++;
    *loose = words > 0;
    return says && i < end ? i : 0;
}

/* "## Answer" or "**Final Answer**" on a line of its own: after it. */
static size_t heading(const char *text, size_t begin, size_t i, size_t end) {
    size_t start = i;
    while (start > begin && text[start - 1] != '\n' && i - start < 24)
        start--;
    bool mark = false;
    for (size_t k = start; k < i; k++) {
        mark |= text[k] == '#' || text[k] == '*';
        if (!isalpha((unsigned char)text[k]) && strchr("#* \t_", text[k]) == NULL) return 0;
    }
    while (i < end && strchr("*_ \t", text[i]) != NULL)
        i++;
    if (!mark || i >= end || text[i] != '\n') return 0;
    while (i < end && isspace((unsigned char)text[i]))
        i++;
    return i < end ? i : 0;
}

psv_announcement psv_last_announcement(const char *text, psv_span span) {
    for (size_t i = span.end; i-- > span.begin;) {
        if (text[i] == '#' && i >= span.begin + 3 && strncmp(text + i - 3, "####", 4) == 0) {
            size_t after = i + 1;
            while (after < span.end && strchr(" *\t", text[after]) != NULL)
                after++;
            if (after < span.end && text[after] != '\n') return (psv_announcement){after, false};
            continue;
        }
        size_t noun = noun_at(text, i, span.end);
        if (!noun) continue;
        bool loose = false;
        size_t start = announced(text, i + noun, span.end, &loose);
        if (!start) start = heading(text, span.begin, i, span.end);
        bool denied = start && psv_letters_at(text + start, span.end - start, "not ");
        if (start && !denied) return (psv_announcement){start, loose};
    }
    return (psv_announcement){0, false};
}

/* ---- Tags ---------------------------------------------------------------- */

/* <answer>, <final_answer>, [ANSWER], <final answer>: how long the mark is that "<" or "[" at i opens; 0: none. */
static size_t answer_mark(const char *text, size_t i, size_t end, bool closing) {
    size_t at = i + 1;
    if (closing != (at < end && text[at] == '/')) return 0;
    at += closing;
    if (psv_letters_at(text + at, end - at, "final")) {
        at += 5;
        at += at < end && strchr("_- ", text[at]) != NULL;
    }
    if (!psv_letters_at(text + at, end - at, "answer")) return 0;
    at += 6;
    return at < end && (text[at] == '>' || text[at] == ']') ? at + 1 - i : 0;
}

bool psv_last_tag(const char *text, psv_span span, psv_span *inner) {
    bool found = false;
    for (size_t i = span.begin; (i = psv_next_of(text, i, span.end, PSV_TAGS)) < span.end; i++) {
        size_t open = answer_mark(text, i, span.end, false);
        if (!open) continue;
        size_t begin = i + open, end = psv_next_of(text, begin, span.end, PSV_TAGS);
        while (end < span.end && !answer_mark(text, end, span.end, true) && !answer_mark(text, end, span.end, false))
            end = psv_next_of(text, end + 1, span.end, PSV_TAGS);
        bool blank = true;
        for (size_t k = begin; k < end; k++)
            blank &= isspace((unsigned char)text[k]) || strchr(".…", text[k]) != NULL;
        if (!blank) {
            *inner = (psv_span){begin, end};
            found = true;
        }
        i = end > i ? end - 1 : i;
    }
    return found;
}
