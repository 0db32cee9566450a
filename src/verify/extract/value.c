#include "verify/extract/value.h"

#include "verify/read/commands.h"
#include "verify/read/prose.h"
#include "verify/read/words.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST_VALUE = 300, LONGEST_SENTENCE = 1000, MOST_NUMBERS = 16 };

static bool letter(char c) {
    return isalpha((unsigned char)c) || (unsigned char)c >= 128;
}

static size_t word_length(const char *s, size_t i) {
    size_t end = i;
    while (isalpha((unsigned char)s[end]))
        end++;
    return end - i;
}

/* ---- Sentences ----------------------------------------------------------- */

/* Does a point at i belong to an abbreviation: p.m., Rs., No., e.g.? */
static bool abbreviates(const char *text, size_t i) {
    static const char *const words[] = {"rs",  "no", "approx", "vs",  "eg", "ie", "cf",
                                        "fig", "eq", "st",     "ans", "g",  "e",  "i"};
    size_t begin = i;
    while (begin > 0 && isalpha((unsigned char)text[begin - 1]) && i - begin < 8)
        begin--;
    bool starts = begin == 0 || !isalnum((unsigned char)text[begin - 1]);
    for (size_t k = 0; k < sizeof words / sizeof *words && starts; k++)
        if (psv_word_is(text + begin, i - begin, words[k]))
            return i - begin > 1 || begin == 0 || text[begin - 1] == '.';
    return false;
}

size_t psv_sentence_end(const char *text, size_t length, size_t i, const psv_formulas *formulas) {
    bool started = false;
    size_t next = 0;
    for (; i < length; i++) {
        while (formulas != NULL && next < formulas->n && formulas->data[next].whole.end <= i)
            next++;
        if (formulas != NULL && next < formulas->n && formulas->data[next].whole.begin <= i) {
            i = formulas->data[next].whole.end - 1;
            started = true;
            continue;
        }
        if (text[i] == '\n' && started) return i;
        started |= !isspace((unsigned char)text[i]);
        if (i + 3 <= length && strncmp(text + i, "。", 3) == 0) return i;
        if (text[i] != '.' && text[i] != '?') continue;
        size_t after = i + 1;
        while (after < length && strchr("*_\"')]}`>", text[after]) != NULL)
            after++;
        if (after < length && (unsigned char)text[after] == 0xE2) after += 3; /* ” */
        if (after < length && !isspace((unsigned char)text[after]) && text[after] != '<') continue;
        bool dots = i > 1 && text[i - 1] == '.' && text[i - 2] == '.' && after + 1 < length;
        if (dots && strchr("+-=*,<>", text[after + 1]) != NULL && text[after + 1]) continue; /* 1 + 2 + ... = 81 */
        bool half_day = i > 1 && text[i - 1] == 'm' && text[i - 2] == '.';                   /* 4:30 p.m. */
        if (!half_day && !(after < length && abbreviates(text, i))) return i;
    }
    return length;
}

/* "<<9*2=18>>": GSM8K's note for a calculator at i. How long; 0: there is none. */
static size_t calculator_note(const char *text, size_t i, size_t end) {
    if (i + 4 > end || strncmp(text + i, "<<", 2) != 0) return 0;
    for (size_t k = i + 2; k + 1 < end && k < i + 120 && text[k] != '\n'; k++)
        if (strncmp(text + k, ">>", 2) == 0) return k + 2 - i;
    return 0;
}

/* A stretch without markdown, quotes and notes, on one line; arena. */
static char *plain_copy(psv_ctx *ctx, const char *text, psv_span stretch) {
    size_t length = stretch.end - stretch.begin, n = 0;
    char *copy = ps_arena_alloc(ctx->arena, length + 1);
    if (copy == NULL) return NULL;
    static const char *const quotes[] = {"“", "”", "«", "»", "„"};
    for (size_t i = stretch.begin; i < stretch.end; i++) {
        char c = text[i];
        size_t note = calculator_note(text, i, stretch.end);
        if (note) {
            i += note - 1;
            continue;
        }
        bool mark = c == '`' || c == '"' || c == '\r' || (c == '*' && i + 1 < stretch.end && text[i + 1] == '*');
        bool alone = c == '*' &&
                     (i == stretch.begin || isspace((unsigned char)text[i - 1]) || i + 1 == stretch.end ||
                      !isalnum((unsigned char)text[i + 1])) &&
                     !(i + 1 < stretch.end && text[i + 1] == ' ');
        if (c == '*' && mark) {
            i++;
            if (i + 1 < stretch.end && text[i + 1] == '!') i++; /* **24**! is no factorial */
        }
        for (size_t k = 0; k < sizeof quotes / sizeof *quotes && !mark; k++) {
            size_t bytes = strlen(quotes[k]);
            if (stretch.end - i < bytes || memcmp(text + i, quotes[k], bytes) != 0) continue;
            mark = true;
            i += bytes - 1;
        }
        if (!mark && !alone) copy[n++] = isspace((unsigned char)c) ? ' ' : c;
    }
    while (n && copy[n - 1] == ' ')
        n--;
    copy[n] = 0;
    return copy;
}

/* ---- Reading a stretch --------------------------------------------------- */

static const char *arena_text(psv_ctx *ctx, const char *text, size_t length) {
    return ps_arena_strndup(ctx->arena, text, length);
}

const char *psv_readable(psv_ctx *ctx, const char *text, psv_span span, size_t most_words) {
    if (span.end - span.begin > LONGEST_VALUE || span.end == span.begin) return NULL;
    psv_answer answer;
    psv_read(ctx, text + span.begin, span.end - span.begin, &answer);
    if (answer.tree == NULL || answer.why != NULL || !*answer.source) return NULL;
    if (answer.tree->kind == PSV_TEXT) {
        size_t words = 1;
        for (const char *s = answer.words; *s; s++)
            words += *s == ' ';
        if (words > most_words || !*answer.words) return NULL;
    }
    return arena_text(ctx, text + span.begin, span.end - span.begin);
}

/* ---- Where a value ends -------------------------------------------------- */

/* A walk over the value that a text starts with. */
typedef struct walk {
    const char *s;
    size_t i, end; /* the cursor; the end of the last complete part */
    bool operand;  /* the last part was a value, so that a bracket after a blank explains it */
    bool denied;   /* words change the value or take it back: "or more" */
} walk;

static size_t skip_spaces(const char *s, size_t i) {
    while (s[i] == ' ')
        i++;
    return i;
}

/* Does a value start here: a digit, a sign, money, a command, a bracket, a name with "="? */
static bool starts_value(const char *s, size_t i) {
    if (s[i] == '-' || s[i] == '+' || s[i] == '$') i++;
    if (s[i] == '$') i++;
    if (isdigit((unsigned char)s[i]) || (s[i] == '.' && isdigit((unsigned char)s[i + 1]))) return true;
    if (s[i] == '\\' || s[i] == '(' || s[i] == '[') return true;
    if (psv_is_math_character(s + i)) return true;
    size_t name = word_length(s, i);
    if (name == 1 || (name == 2 && isdigit((unsigned char)s[i + 2]))) {
        size_t after = i + name;
        while (isdigit((unsigned char)s[after]) || s[after] == '_')
            after++;
        return s[skip_spaces(s, after)] == '=' ||
               (name == 1 && !letter(s[i + 1]) && strchr("^*/+-_(", s[i + 1]) != NULL && s[i + 1]);
    }
    return psv_word_is(s + i, name, "sqrt") || psv_word_is(s + i, name, "pi");
}

/* The end of the bracket that opens at i; i when it never closes. */
static size_t bracket_end(const char *s, size_t i) {
    int depth = 0;
    for (size_t k = i; s[k] && k - i < LONGEST_VALUE; k++) {
        if (strchr("([{", s[k]) != NULL) depth++;
        if (strchr(")]}", s[k]) != NULL && --depth == 0) return k + 1;
    }
    return i;
}

static bool is_denial(const char *s, size_t i) {
    static const char *const phrases[] = {"or more",
                                          "or less",
                                          "or fewer",
                                          "or so",
                                          "or above",
                                          "or below",
                                          "or greater",
                                          "or higher",
                                          "or lower",
                                          "or over",
                                          "or under",
                                          "or larger",
                                          "or smaller",
                                          "or older",
                                          "or younger",
                                          "or later",
                                          "or earlier",
                                          "or better",
                                          "or up",
                                          "or longer",
                                          "or shorter",
                                          "and above",
                                          "and below",
                                          "and up",
                                          "and over",
                                          "and under",
                                          "and more",
                                          "squared",
                                          "cubed",
                                          "factorial",
                                          "percent of",
                                          "to the power",
                                          "to the second",
                                          "to the third",
                                          "to the fourth",
                                          "to the fifth",
                                          "to the sixth",
                                          "to the seventh",
                                          "to the nth",
                                          "is wrong",
                                          "is not",
                                          "is incorrect",
                                          "isn't",
                                          "(wrong",
                                          "(incorrect",
                                          "(not",
                                          "tenths",
                                          "hundredths",
                                          "thousandths",
                                          "thirds",
                                          "fifths",
                                          "score",
                                          "bn",
                                          "lakh",
                                          "crore",
                                          "choose"};
    for (size_t k = 0; k < sizeof phrases / sizeof *phrases; k++) {
        size_t n = strlen(phrases[k]);
        if (psv_letters_at(s + i, strnlen(s + i, n), phrases[k]) && !isalpha((unsigned char)s[i + n])) return true;
    }
    static const char *const operators[] = {"plus", "minus",     "times",     "divided by", "over",
                                            "mod",  "more than", "less than", "fewer than"};
    for (size_t k = 0; k < sizeof operators / sizeof *operators;
         k++) { /* before a number or a name, not before words */
        size_t n = strlen(operators[k]), next = i + n + 1;
        if (!psv_letters_at(s + i, strnlen(s + i, n), operators[k]) || s[i + n] != ' ') continue;
        if (isdigit((unsigned char)s[next]) || strchr("-\\($", s[next]) != NULL) return true;
        if (isalpha((unsigned char)s[next]) && !isalpha((unsigned char)s[next + 1]) && (s[next] | 32) != 'a')
            return true;
    }
    return false;
}

/* After a number: "boys and 4 girls". Where the last noun ends; i: no such list. */
static size_t list_with_nouns(const char *s, size_t i) {
    size_t at = i, end = i;
    for (int values = 0; values < 8; values++) {
        size_t words = 0;
        for (; words < 3; words++) {
            size_t start = skip_spaces(s, at), n = word_length(s, start);
            if (n < 2 || psv_word_code(s + start, n)) break;
            at = start + n;
        }
        if (!words) return end;
        if (values) end = at;
        size_t next = skip_spaces(s, at);
        bool comma = s[next] == ',';
        if (comma) next = skip_spaces(s, next + 1);
        size_t joins = word_length(s, next);
        bool joined = psv_text_is(s + next, joins, "and");
        if (joined) next = skip_spaces(s, next + joins);
        if (!joined || !isdigit((unsigned char)s[next])) return end;
        while (isdigit((unsigned char)s[next]) ||
               ((s[next] == '.' || s[next] == ',') && isdigit((unsigned char)s[next + 1])))
            next++;
        at = next;
    }
    return end;
}

static bool is_ordinal_ending(const char *s, size_t length) {
    static const char *const endings[] = {"st", "nd", "rd", "th"};
    return PSV_IS_ONE_OF(endings, s, length);
}

static bool is_number_word(const char *word, size_t length) {
    char lower[16];
    if (length < 2 || length >= sizeof lower) return false;
    for (size_t k = 0; k < length; k++)
        lower[k] = (char)tolower((unsigned char)word[k]);
    lower[length] = 0;
    return psv_number_word(lower) >= 0;
}

/* "in total", "in 3 years": a word at i, or a number with a word after it. */
static bool leads_to_word(const char *s, size_t i) {
    while (isdigit((unsigned char)s[i]))
        i++;
    return letter(s[skip_spaces(s, i)]);
}

/* Is a word a unit that measures something? Others ("ways") need not stay with their number. */
static bool measures(const char *word, size_t length) {
    char lower[24];
    if (length >= sizeof lower || (length == 1 && isupper((unsigned char)*word))) return false;
    for (size_t k = 0; k < length; k++)
        lower[k] = (char)tolower((unsigned char)word[k]);
    return psv_unit_measures(lower, length) != 0;
}

/* A word at the cursor. false: the value ends before it. */
static bool walk_word(walk *w) {
    const char *s = w->s;
    size_t i = w->i, n = word_length(s, i);
    int code = psv_word_code(s + i, n);
    if (is_denial(s, i)) {
        w->denied = w->operand;
        return false;
    }
    if (code == TK_AND || code == TK_OR) {
        if (!starts_value(s, skip_spaces(s, i + n))) return false;
        w->i = i + n;
        w->operand = false;
        return true;
    }
    bool per = psv_word_is(s + i, n, "per");
    if (per) { /* "miles per hour" */
        size_t by = skip_spaces(s, i + n), m = word_length(s, by);
        if (!w->operand || !psv_is_unit_word(s + by, m)) return false;
        w->i = w->end = by + m;
        return w->end > i;
    }
    bool article = n == 1 && (s[i] | 32) == 'a' && s[i + 1] == ' ' && letter(s[i + 2]);
    bool pronoun = n == 1 && s[i] == 'I' && s[i + 1] == ' ';
    bool dozen =
        w->operand && (psv_word_is(s + i, n, "dozen") || psv_word_is(s + i, n, "dozens")); /* counted in dozens */
    if (dozen) return false;
    bool known = code || psv_find_function(s + i, n) >= 0 || psv_word_is(s + i, n, "sqrt") ||
                 psv_word_is(s + i, n, "pi") || psv_multiplier_word(s + i, n) || is_number_word(s + i, n) ||
                 measures(s + i, n) || psv_currency_code(s + i, n) != NULL;
    bool preposition = psv_word_is(s + i, n, "in") && s[i + n] == ' ' && leads_to_word(s, i + n + 1);
    known &= !preposition;
    bool one = n == 1 && !article && !pronoun &&
               !(w->operand && s[i - 1] == ' ' && isupper((unsigned char)s[i]) && strchr("&'", s[i + 1]) != NULL);
    bool few =
        n > 1 && n <= 3 && islower((unsigned char)s[i]) && !psv_is_plain_word(s + i, n) && !is_ordinal_ending(s + i, n);
    bool name = !preposition && (one || few);
    if (!known && !name) {
        if (w->operand) w->end = list_with_nouns(s, i) > i ? list_with_nouns(s, i) : w->end;
        return false;
    }
    if (measures(s + i, n) && n > 1 && list_with_nouns(s, i) > i) {
        w->end = list_with_nouns(s, i);
        return false;
    }
    w->i = w->end = i + n;
    w->operand = true;
    return true;
}

/* A character that is no letter, at the cursor. false: the value ends before it. */
static bool walk_sign(walk *w, bool space_before) {
    const char *s = w->s;
    size_t i = w->i, next = skip_spaces(s, i + 1);
    char c = s[i];
    if (isdigit((unsigned char)c)) {
        while (isdigit((unsigned char)s[w->i]) ||
               ((s[w->i] == '.' || s[w->i] == ',') && isdigit((unsigned char)s[w->i + 1])))
            w->i++;
        w->end = w->i;
        w->operand = true;
        return true;
    }
    if (strchr("([{", c) != NULL) {
        if (w->operand && space_before) {
            w->denied = is_denial(s, i);
            return false;
        }
        size_t end = bracket_end(s, i);
        if (end == i) return false;
        w->i = w->end = end;
        w->operand = true;
        return true;
    }
    if (c == ',' || c == ';') {
        size_t n = word_length(s, next);
        bool joins = psv_text_is(s + next, n, "and") || psv_text_is(s + next, n, "or");
        if (!starts_value(s, joins ? skip_spaces(s, next + n) : next)) return false;
        w->i = joins ? next + n : i + 1;
        w->operand = false;
        return true;
    }
    if (c == ':') {
        if (!isdigit((unsigned char)s[i + 1])) return false;
        w->i++;
        return true;
    }
    if (c == '-' && space_before && s[i + 1] == ' ' && word_length(s, next) > 1 &&
        psv_find_function(s + next, word_length(s, next)) < 0)
        return false;
    if (strchr("%!'", c) != NULL && w->operand) {
        w->i = w->end = i + 1;
        return true;
    }
    if (c == '$') {
        w->i++;
        if (w->operand) w->end = w->i;
        return true;
    }
    if (c == '.' && i > 2 && s[i - 1] == 'm' && s[i - 2] == '.') { /* 4:30 p.m. */
        w->i = w->end = i + 1;
        return true;
    }
    if (c == '/' && word_length(s, next) > 1 && psv_find_function(s + next, word_length(s, next)) < 0)
        return false; /* 5/hour */
    if (c && strchr("+-*/^_=<>|.", c) != NULL) {
        w->i++;
        w->operand = false;
        if (c == '|') w->end = w->i;
        return true;
    }
    return false;
}

/* \\frac, \\text{…}: a command and the group after \\text. */
static void walk_command(walk *w) {
    const char *s = w->s;
    size_t n = word_length(s, w->i + 1);
    bool text = n && psv_is_text_command(s + w->i + 1, n);
    w->i += n ? 1 + n : s[w->i + 1] ? 2 : 1;
    if (text && s[w->i] == '{' && bracket_end(s, w->i) > w->i) w->i = bracket_end(s, w->i);
    w->end = w->i;
    w->operand = true;
}

static walk walk_value(const char *s) {
    walk w = {.s = s};
    bool going = true;
    while (going && s[w.i] && w.i < LONGEST_VALUE) {
        size_t start = skip_spaces(s, w.i);
        bool space = start > w.i;
        w.i = start;
        size_t sign = psv_is_math_character(s + w.i);
        if (!s[w.i]) break;
        if (sign) {
            bool dash = space && (strncmp(s + w.i, "–", 3) == 0 || strncmp(s + w.i, "—", 3) == 0) &&
                        s[w.i + sign] == ' ' && letter(s[skip_spaces(s, w.i + sign)]);
            if (dash) break;
            w.i = w.end = w.i + sign;
            w.operand = true;
        } else if (s[w.i] == '\\') {
            walk_command(&w);
        } else if (isalpha((unsigned char)s[w.i])) {
            going = walk_word(&w);
        } else {
            going = walk_sign(&w, space);
        }
    }
    return w;
}

/* ---- What a stretch states ----------------------------------------------- */

/* The number that a text starts with, with sign, fraction and percent sign: its end. */
static size_t leading_number(const char *s) {
    size_t i = strspn(s, "-$ ");
    if (!isdigit((unsigned char)s[i])) return 0;
    while (isdigit((unsigned char)s[i]) || (strchr(".,/", s[i]) != NULL && s[i] && isdigit((unsigned char)s[i + 1])))
        i++;
    if (s[i] == '%') i++;
    return i;
}

/* "D", "(D)", "D) 12", "D: text", "D because": a capital letter that stands for a choice. How much of the text says so.
 */
static size_t choice_length(const char *s) {
    bool bracket = *s == '(';
    const char *at = s + bracket;
    if (*at < 'A' || *at > 'J') return 0;
    if (bracket) return at[1] == ')' ? 3 : 0;
    bool ends = !at[1] || strchr(".,;:)*", at[1]) != NULL;
    bool words = at[1] == ' ' && (letter(at[2]) || at[2] == '-' || at[2] == '(') && *at != 'A';
    return ends || words ? 1 : 0;
}

/* A choice with what it stands for, when the rest of the text says that and is short. */
static const char *stated_choice(psv_ctx *ctx, const char *s) {
    size_t used = choice_length(s);
    if (!used) return NULL;
    bool with_text =
        (s[used] == ')' || s[used] == ':' || s[used] == '.' || s[0] == '(') && strlen(s) > used + 1 && strlen(s) < 80;
    if (with_text) {
        psv_answer answer;
        psv_read(ctx, s, strlen(s), &answer);
        if (answer.tree != NULL && answer.why == NULL && answer.tree->kind == PSV_CHOICE)
            return arena_text(ctx, s, strlen(s));
    }
    return arena_text(ctx, s, used);
}

static bool only_words(const char *s) {
    return strpbrk(s, "0123456789\\=<>^") == NULL;
}

const char *psv_spelled_result(psv_ctx *ctx, const char *text, psv_span span) {
    if (span.end - span.begin > LONGEST_SENTENCE) return NULL;
    const char *s = plain_copy(ctx, text, span);
    if (s == NULL) return NULL;
    const char *found = NULL;
    bool concludes = false;
    for (size_t i = 0; s[i];) {
        size_t n = word_length(s, i);
        concludes |= psv_word_is(s + i, n, "so") || psv_word_is(s + i, n, "therefore") ||
                     psv_word_is(s + i, n, "thus") || psv_word_is(s + i, n, "hence");
        bool small = psv_word_is(s + i, n, "one") || psv_word_is(s + i, n, "a"); /* often no count */
        if (concludes && n > 1 && !small && is_number_word(s + i, n)) found = arena_text(ctx, s + i, n);
        i += n ? n : 1;
    }
    return found;
}

/* A value at the start of a text, NULL when it starts with something else. */
static const char *value_at_start(psv_ctx *ctx, const char *s) {
    const char *choice = stated_choice(ctx, s);
    if (choice != NULL) return choice;
    walk w = walk_value(s);
    if (w.denied) return arena_text(ctx, s, strlen(s) < LONGEST_VALUE ? strlen(s) : LONGEST_VALUE);
    if (w.end) {
        psv_answer answer;
        psv_read(ctx, s, w.end, &answer);
        if (answer.tree != NULL && answer.why == NULL && *answer.source && answer.tree->kind != PSV_TEXT)
            return arena_text(ctx, s, w.end);
    }
    size_t number = leading_number(s);
    return number ? arena_text(ctx, s, number) : NULL;
}

static const psv_formula *first_formula(const psv_formulas *formulas, psv_span stretch) {
    for (size_t k = 0; formulas != NULL && k < formulas->n && formulas->data[k].whole.begin < stretch.end; k++)
        if (formulas->data[k].whole.begin >= stretch.begin) return &formulas->data[k];
    return NULL;
}

static bool digit_within(const char *text, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++)
        if (isdigit((unsigned char)text[i])) return true;
    return false;
}

/* Words that lead in, as often as they come: "that there are", "**", "(". */
static const char *without_lead_in(const char *s) {
    for (;;) {
        const char *before = s;
        while (*s && strchr(" :*\"'=", *s) != NULL)
            s++;
        s += psv_lead_in(s, strlen(s));
        size_t approximate = psv_letters_at(s, strlen(s), "\xe2\x89\x88") ? 3 : 0;
        s += approximate;
        if (s == before) return s;
    }
}

/* Words before a number that say it is not the value. */
static bool restricts_value(const char *s) {
    static const char *const words[] = {"at least ",     "at most ",      "less than ",    "more than ", "fewer than ",
                                        "greater than ", "no more than ", "no less than ", "almost ",    "nearly ",
                                        "over ",         "under ",        "between ",      "twice ",     "half of ",
                                        "double ",       "up to "};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (psv_letters_at(s, strnlen(s, 16), words[k])) return digit_within(s, 0, strlen(s));
    return false;
}

static const char *stated(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas,
                          bool anywhere) {
    const psv_formula *formula = first_formula(formulas, stretch);
    if (formula != NULL && !digit_within(text, stretch.begin, formula->whole.begin))
        return psv_formulas_in(ctx, text, stretch, formulas);
    const char *s = plain_copy(ctx, text, stretch);
    if (s == NULL) return NULL;
    s = without_lead_in(s);
    if (!*s) return NULL;
    if (psv_letters_at(s, strlen(s), "not ")) return NULL;
    psv_span all = {0, strlen(s)};
    if (psv_letters_at(s, strlen(s), "all real") || psv_letters_at(s, strlen(s), "any real"))
        return psv_readable(ctx, s, all, 8);
    if (restricts_value(s)) { /* "at least 5" is no 5 */
        const char *bound = psv_readable(ctx, s, all, 0);
        return bound != NULL ? bound : arena_text(ctx, s, all.end < LONGEST_VALUE ? all.end : LONGEST_VALUE);
    }
    bool signed_words = psv_letters_at(s, strlen(s), "negative ") || psv_letters_at(s, strlen(s), "minus ");
    if (signed_words) return psv_readable(ctx, s, all, 4);
    const char *value = value_at_start(ctx, s);
    if (value != NULL) return value;
    if (only_words(s)) {
        size_t end = strcspn(s, ",;:(");
        const char *words = psv_readable(ctx, s, (psv_span){0, end}, 4);
        return words != NULL ? words : NULL;
    }
    size_t clause = strcspn(s, ",;:("); /* "Tom, who ran 5 km" */
    bool name = clause && isupper((unsigned char)*s) && !digit_within(s, 0, clause) && s[clause] &&
                memchr(s, '=', clause) == NULL;
    const char *words = name ? psv_readable(ctx, s, (psv_span){0, clause}, 2) : NULL;
    if (words != NULL) return words;
    const char *whole = psv_readable(ctx, s, all, 4);
    return whole != NULL || !anywhere ? whole : psv_result_of_sentence(ctx, s, all);
}

const char *psv_stated_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    return stated(ctx, text, stretch, formulas, true);
}

const char *psv_first_value(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    return stated(ctx, text, stretch, formulas, false);
}

/* ---- What a sentence comes to -------------------------------------------- */

/* After the last "=" of a sentence; 0: there is none. */
static size_t after_last_equals(const char *s) {
    size_t found = 0;
    for (size_t i = 0; s[i]; i++) {
        bool factorial = i > 1 && s[i - 1] == '!' && (isdigit((unsigned char)s[i - 2]) || s[i - 2] == ')'); /* 5!=120 */
        bool compound = i > 0 && strchr("<>!=", s[i - 1]) != NULL && !factorial;
        if (s[i] == '=' && !compound && s[i + 1] != '=') found = i + 1;
    }
    return found ? skip_spaces(s, found) : 0;
}

/* Words before a number that make it a circumstance. */
static bool is_circumstance(const char *s, size_t i) {
    static const char *const words[] = {"in",     "after",   "for",   "every",   "per",    "with",   "on",   "at",
                                        "than",   "by",      "from",  "over",    "within", "during", "each", "since",
                                        "before", "until",   "these", "those",   "all",    "first",  "last", "next",
                                        "step",   "problem", "until", "through", "into"};
    size_t end = i;
    while (end > 0 && (s[end - 1] == ' ' || s[end - 1] == '$' || s[end - 1] == '-'))
        end--;
    size_t begin = end;
    while (begin > 0 && isalpha((unsigned char)s[begin - 1]))
        begin--;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (psv_word_is(s + begin, end - begin, words[k])) return true;
    size_t before_end = begin;
    while (before_end > 0 && s[before_end - 1] == ' ')
        before_end--;
    size_t before = before_end;
    while (before > 0 && isalnum((unsigned char)s[before - 1]))
        before--;
    if (psv_word_is(s + begin, end - begin, "of")) /* "5 of 8", "out of 8"; but "a profit of 8" */
        return isdigit((unsigned char)s[before]) || psv_word_is(s + before, before_end - before, "out");
    return psv_word_is(s + before, before_end - before, "to"); /* "to make 16 muffins" */
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

/* "so", "therefore", "which means": what comes after such a word is what the sentence comes to. */
static size_t last_clause(const char *s) {
    static const char *const marks[] = {
        ", so ",     " so ",        "therefore",       "hence ",        "thus ",      "which means",
        "meaning ",  "which gives", "which is ",       "which leaves",  "leaving ",   "for a total of",
        "total of ", "rounds to ",  "rounds down to ", "rounds up to ", "rounded to "};
    size_t found = 0, length = strlen(s);
    for (size_t i = 0; i < length; i++)
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++)
            if (psv_letters_at(s + i, length - i, marks[k]) && digit_within(s, i, length)) found = i + strlen(marks[k]);
    return found;
}

/* Where a list of values ends that starts at a number: "2, 3, and 5", "x = 2 or x = 3". */
static const char *list_value(psv_ctx *ctx, const char *s, size_t begin) {
    walk w = walk_value(s + begin);
    if (!w.end || w.denied) return NULL;
    psv_answer answer;
    psv_read(ctx, s + begin, w.end, &answer);
    bool list =
        answer.tree != NULL && answer.why == NULL && (answer.tree->kind == PSV_LIST || answer.tree->kind == PSV_OR);
    for (size_t k = 0; list && k < answer.tree->n; k++)
        list = answer.tree->kid[k]->kind != PSV_UNIT;
    return list ? arena_text(ctx, s + begin, w.end) : NULL;
}

/* " 000" after one to three digits, or after such a group: "118 000". */
static bool is_group_of_three(const char *s, size_t first, size_t i) {
    if (s[i] != ' ' || strspn(s + i + 1, "0123456789") != 3) return false;
    size_t run = 0;
    while (i > first && isdigit((unsigned char)s[i - 1 - run]) && i - 1 - run >= first && run < 4)
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

/* "4 classes because 10 - 6 = 4": what follows "because" is the reason, when a number stands before it. */
static void end_at_reason(char *s) {
    for (size_t i = 1; s[i]; i++)
        if (s[i - 1] == ' ' && psv_letters_at(s + i, strnlen(s + i, 8), "because ") && digit_within(s, 0, i)) s[i] = 0;
}

const char *psv_result_of_sentence(psv_ctx *ctx, const char *text, psv_span sentence) {
    if (sentence.end - sentence.begin > LONGEST_SENTENCE) sentence.begin = sentence.end - LONGEST_SENTENCE;
    char *copy = plain_copy(ctx, text, sentence);
    if (copy == NULL) return NULL;
    end_at_reason(copy);
    const char *s = copy;
    s += last_clause(s);
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
        const char *value = value_at_start(ctx, s + equals);
        if (value != NULL) return value;
    }
    size_t best = SIZE_MAX, last = SIZE_MAX;
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
            if (!is_circumstance(s, begin)) best = begin;
        }
        size_t first = i;
        while (isdigit((unsigned char)s[i + 1]) || is_group_of_three(s, first, i + 1) ||
               ((s[i + 1] == ',' || s[i + 1] == '.' || s[i + 1] == '/') && isdigit((unsigned char)s[i + 2])))
            i++;
    }
    if (best == SIZE_MAX) best = last;
    size_t denial = best != SIZE_MAX ? denied_at(s, best) : SIZE_MAX;
    if (denial != SIZE_MAX) return arena_text(ctx, s + denial, strnlen(s + denial, LONGEST_VALUE));
    return best == SIZE_MAX ? NULL : value_at_start(ctx, s + best);
}

const char *psv_stated_result(psv_ctx *ctx, const char *text, psv_span stretch, const psv_formulas *formulas) {
    bool equals = false;
    for (size_t i = stretch.begin; i < stretch.end; i++)
        equals |= text[i] == '=';
    const char *result =
        equals && first_formula(formulas, stretch) == NULL ? psv_result_of_sentence(ctx, text, stretch) : NULL;
    return result != NULL ? result : psv_stated_value(ctx, text, stretch, formulas);
}
