/* Where a value ends that running text starts with: a walk over numbers, signs, names, units and what joins them. */
#include "verify/extract/text.h"

#include "verify/read/commands.h"
#include "verify/read/phrases.h"
#include "verify/read/prose.h"
#include "verify/read/token.h"
#include "verify/read/words.h"

#include <string.h>

/* A walk over the value that a text starts with. */
typedef struct walk {
    const char *s;
    size_t i, end; /* the cursor; the end of the last complete part */
    bool operand;  /* the last part was a value, so that a bracket after a blank explains it */
    bool denied;   /* words change the value or take it back: "or more" */
} walk;

/* Does a value start here: a digit, a sign, money, a command, a bracket, a name with "="? */
static bool starts_value(const char *s, size_t i) {
    if (s[i] == '-' || s[i] == '+' || s[i] == '$') i++;
    if (s[i] == '$') i++;
    if (isdigit((unsigned char)s[i]) || (s[i] == '.' && isdigit((unsigned char)s[i + 1]))) return true;
    if (s[i] == '\\' || s[i] == '(' || s[i] == '[') return true;
    if (psv_is_math_character(s + i)) return true;
    size_t name = psv_word_length(s, i);
    if (name == 1 || (name == 2 && isdigit((unsigned char)s[i + 2]))) {
        size_t after = i + name;
        while (isdigit((unsigned char)s[after]) || s[after] == '_')
            after++;
        return s[psv_skip_spaces(s, after)] == '=' ||
               (name == 1 && !psv_letter(s[i + 1]) && strchr("^*/+-_(", s[i + 1]) != NULL && s[i + 1]);
    }
    return psv_word_is(s + i, name, "sqrt") || psv_word_is(s + i, name, "pi");
}

/* The end of the bracket that opens at i; i when it never closes. */
static size_t bracket_end(const char *s, size_t i) {
    int depth = 0;
    for (size_t k = i; s[k] && k - i < PSV_LONGEST_VALUE; k++) {
        if (strchr("([{", s[k]) != NULL) depth++;
        if (strchr(")]}", s[k]) != NULL && --depth == 0) return k + 1;
    }
    return i;
}

static bool is_denial(const char *s, size_t i) {
    static const char *const phrases[] = {
        "or more",      "or less",       "or fewer",       "or so",         "or above",      "below zero",
        "or below",     "or greater",    "or higher",      "or lower",      "or over",       "or under",
        "or larger",    "or smaller",    "or older",       "or younger",    "or later",      "or earlier",
        "or better",    "or up",         "or longer",      "or shorter",    "and above",     "and below",
        "and up",       "and over",      "and under",      "and more",      "squared",       "cubed",
        "factorial",    "percent of",    "to the power",   "to the second", "to the third",  "to the fourth",
        "to the fifth", "to the sixth",  "to the seventh", "to the nth",    "is wrong",      "is not",
        "is incorrect", "isn't",         "(wrong",         "(incorrect",    "(not",          "tenths",
        "hundredths",   "thousandths",   "thirds",         "fifths",        "score",         "bn",
        "lakh",         "crore",         "choose",         "fourths",       "sixths",        "sevenths",
        "eighths",      "ninths",        "is false",       "is too",        "is impossible", "is excluded",
        "is rejected",  "is the wrong",  "cannot",         "can't",         "does not",      "doesn't",
        "fails",        "would be wrong"};
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
        size_t name = psv_word_length(s, next);
        if (psv_word_is(s + next, name, "pi") || psv_word_is(s + next, name, "sqrt") || psv_is_math_character(s + next))
            return true;
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
            size_t start = psv_skip_spaces(s, at), n = psv_word_length(s, start);
            if (n < 2 || psv_word_code(s + start, n)) break;
            at = start + n;
        }
        if (!words) return end;
        if (values) end = at;
        size_t next = psv_skip_spaces(s, at);
        bool comma = s[next] == ',';
        if (comma) next = psv_skip_spaces(s, next + 1);
        size_t joins = psv_word_length(s, next);
        bool joined = psv_text_is(s + next, joins, "and");
        if (joined) next = psv_skip_spaces(s, next + joins);
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

bool psv_is_number_word(const char *word, size_t length) {
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
    return psv_letter(s[psv_skip_spaces(s, i)]);
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
    size_t i = w->i, n = psv_word_length(s, i);
    int code = psv_word_code(s + i, n);
    if (is_denial(s, i)) {
        w->denied = w->operand;
        return false;
    }
    long above, below;
    size_t length = strnlen(s + i, PSV_LONGEST_VALUE);
    size_t more = !w->operand      ? 0
                  : code == TK_AND ? psv_and_a_part(s + i, length, &above, &below)
                                   : psv_out_of(s + i, length);
    if (more > 0 && code == TK_AND) { /* seven "and a half" */
        w->i = w->end = i + more;
        return true;
    }
    if (more > 0) { /* 3 "out of" 8 */
        w->i = i + more;
        w->operand = false;
        return true;
    }
    if (code == TK_AND || code == TK_OR) {
        if (!starts_value(s, psv_skip_spaces(s, i + n))) return false;
        w->i = i + n;
        w->operand = false;
        return true;
    }
    if (w->operand && psv_word_is(s + i, n, "to") && isdigit((unsigned char)s[psv_skip_spaces(s, i + n)])) {
        w->i = i + n; /* 3 to 4 */
        w->operand = false;
        return true;
    }
    bool per = psv_word_is(s + i, n, "per");
    if (per) { /* "miles per hour" */
        size_t by = psv_skip_spaces(s, i + n), m = psv_word_length(s, by);
        if (!w->operand || !psv_is_unit_word(s + by, m)) return false;
        w->i = w->end = by + m;
        return w->end > i;
    }
    bool article = n == 1 && (s[i] | 32) == 'a' && s[i + 1] == ' ' && psv_letter(s[i + 2]);
    bool pronoun = n == 1 && s[i] == 'I' && s[i + 1] == ' ';
    bool dozen =
        w->operand && (psv_word_is(s + i, n, "dozen") || psv_word_is(s + i, n, "dozens")); /* counted in dozens */
    if (dozen) return false;
    bool known = code || psv_find_function(s + i, n) >= 0 || psv_word_is(s + i, n, "sqrt") ||
                 psv_word_is(s + i, n, "pi") || psv_multiplier_word(s + i, n) || psv_is_number_word(s + i, n) ||
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
    size_t i = w->i, next = psv_skip_spaces(s, i + 1);
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
        size_t n = psv_word_length(s, next);
        bool joins = psv_text_is(s + next, n, "and") || psv_text_is(s + next, n, "or");
        if (!starts_value(s, joins ? psv_skip_spaces(s, next + n) : next)) return false;
        w->i = joins ? next + n : i + 1;
        w->operand = false;
        return true;
    }
    if (c == ':') {
        if (!isdigit((unsigned char)s[i + 1])) return false;
        w->i++;
        return true;
    }
    if (c == '-' && space_before && s[i + 1] == ' ' && psv_word_length(s, next) > 1 &&
        psv_find_function(s + next, psv_word_length(s, next)) < 0)
        return false;
    if (strchr("%!'", c) != NULL && w->operand) {
        w->i = w->end = i + 1;
        bool of = c == '%' && psv_letters_at(s + next, strnlen(s + next, 3), "of ");
        if (!of || !isdigit((unsigned char)s[psv_skip_spaces(s, next + 3)])) return true;
        w->denied = true; /* 15% of 40 */
        return false;
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
    if (c == '/' && psv_word_length(s, next) > 1 && psv_find_function(s + next, psv_word_length(s, next)) < 0)
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
    size_t n = psv_word_length(s, w->i + 1);
    bool text = n && psv_is_text_command(s + w->i + 1, n);
    w->i += n ? 1 + n : s[w->i + 1] ? 2 : 1;
    if (text && s[w->i] == '{' && bracket_end(s, w->i) > w->i) w->i = bracket_end(s, w->i);
    w->end = w->i;
    w->operand = true;
}

psv_value_end psv_find_value_end(const char *s) {
    walk w = {.s = s};
    bool going = true;
    while (going && s[w.i] && w.i < PSV_LONGEST_VALUE) {
        size_t start = psv_skip_spaces(s, w.i);
        bool space = start > w.i;
        w.i = start;
        size_t sign = psv_is_math_character(s + w.i);
        if (!s[w.i]) break;
        if (sign) {
            bool apart = space && s[w.i + sign] == ' ';
            bool words = psv_letter(s[psv_skip_spaces(s, w.i + sign)]);
            bool dash = apart && (strncmp(s + w.i, "—", 3) == 0 || (strncmp(s + w.i, "–", 3) == 0 && words));
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
    bool and_more = w.end > 0 && s[w.end] == '+' && (!s[w.end + 1] || strchr(" .,;)", s[w.end + 1]) != NULL); /* 15+ */
    bool goes_on = and_more && isdigit((unsigned char)s[psv_skip_spaces(s, w.end + 1)]);
    return (psv_value_end){w.end, w.denied || (and_more && !goes_on)};
}
