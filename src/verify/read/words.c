/* Plain words, spelled numbers and units. Tables first; everything else is a look-up. */
#include "verify/read/words.h"
#include "verify/read/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- Plain words --------------------------------------------------------- */

/* Commands whose name is typography, so that only their argument is text. */
bool psv_is_text_command(const char *name, size_t length) {
    static const char *const names[] = {"text",   "mbox",   "textbf", "textit", "textrm",       "mathrm", "mathbf",
                                        "mathit", "mathsf", "hbox",   "emph",   "operatorname", "boxed",  "quad",
                                        "qquad",  "left",   "right",  "textsf", "textnormal",   "rm",     "bf"};
    return PSV_IS_ONE_OF(names, name, length);
}

const char *psv_plain_words(psv_ctx *ctx, const char *text, size_t length) {
    char *out = ps_arena_alloc(ctx->arena, length + 1);
    if (out == NULL) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\') {
            size_t end = i + 1;
            while (end < length && isalpha((unsigned char)text[end]))
                end++;
            if (end > i + 1 && psv_is_text_command(text + i + 1, end - i - 1)) i = end - 1;
            c = ' ';
        }
        if (c == '\'') continue;
        if (isalnum(c) || c >= 128)
            out[n++] = (char)tolower(c);
        else if (c != '{' && c != '}' && n && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n && out[n - 1] == ' ')
        n--;
    out[n] = 0;
    return out;
}

/* The next word of *rest: its length, 0 at the end; *rest moves past it. */
static size_t next_word(const char **rest, const char **word) {
    while (**rest == ' ')
        ++*rest;
    *word = *rest;
    while (**rest && **rest != ' ')
        ++*rest;
    return (size_t)(*rest - *word);
}

/* Does "a" before these words go with them: does a longer word follow that joins nothing? */
static bool article_before(const char *rest) {
    const char *word;
    size_t length = next_word(&rest, &word);
    return length >= 2 && strncmp(word, "and", length) != 0 && strncmp(word, "or", length) != 0;
}

/* `words` without filler, one space between. */
static const char *essential_words(psv_ctx *ctx, const char *words, bool kinds_too) {
    static const char *const articles[] = {"a", "an", "the", "it", "is", "its", "are", "and"};
    static const char *const kinds[] = {"function", "number", "numbers", "direction", "curve",   "shape",   "graph",
                                        "relation", "of",     "due",     "figure",    "integer", "triangle"};
    char *out = ps_arena_alloc(ctx->arena, strlen(words) + 1);
    if (out == NULL) return words;
    size_t n = 0, length;
    const char *rest = words, *word;
    while ((length = next_word(&rest, &word)) != 0) {
        bool choice = length == 1 && !article_before(rest); /* "A and C" are letters */
        if (!choice && PSV_IS_ONE_OF(articles, word, length)) continue;
        if (kinds_too && PSV_IS_ONE_OF(kinds, word, length)) continue;
        if (n) out[n++] = ' ';
        memcpy(out + n, word, length);
        n += length;
    }
    out[n] = 0;
    return n ? out : words;
}

static void squeeze(const char *words, char *out) {
    for (; *words; words++)
        if (*words != ' ') *out++ = *words;
    *out = 0;
}

static bool equal_squeezed(psv_ctx *ctx, const char *a, const char *b) {
    char *sa = ps_arena_alloc(ctx->arena, strlen(a) + 1), *sb = ps_arena_alloc(ctx->arena, strlen(b) + 1);
    if (sa == NULL || sb == NULL) return false;
    squeeze(a, sa);
    squeeze(b, sb);
    return strcmp(sa, sb) == 0;
}

/* "June 20" and "20 June", "odd n" and "n odd": a date, or a word and a name, in either order. */
static bool two_words_turned(const char *a, const char *b) {
    const char *a1, *a2, *b1, *b2, *rest = a;
    size_t n1 = next_word(&rest, &a1), n2 = next_word(&rest, &a2);
    if (!n1 || !n2 || *rest) return false;
    rest = b;
    size_t m1 = next_word(&rest, &b1), m2 = next_word(&rest, &b2);
    bool one_is_short = n1 <= 2 || n2 <= 2;
    return !*rest && n1 == m2 && n2 == m1 && one_is_short && memcmp(a1, b2, n1) == 0 && memcmp(a2, b1, n2) == 0;
}

/* "20th" as "20". */
static const char *without_ordinals(psv_ctx *ctx, const char *words) {
    char *out = ps_arena_strndup(ctx->arena, words, strlen(words));
    if (out == NULL) return words;
    char *to = out;
    for (const char *s = words; *s; s++) {
        bool ordinal = s > words && isdigit((unsigned char)s[-1]) && isalpha((unsigned char)*s) &&
                       isalpha((unsigned char)s[1]) && (s[2] == 0 || s[2] == ' ');
        if (ordinal)
            s++;
        else
            *to++ = *s;
    }
    *to = 0;
    return out;
}

bool psv_same_words(psv_ctx *ctx, const char *a, const char *b) {
    if (!*a || !*b) return false;
    if (equal_squeezed(ctx, a, b)) return true;
    if (!ctx->rules->filler_words_say_nothing) return false;
    a = without_ordinals(ctx, a);
    b = without_ordinals(ctx, b);
    if (two_words_turned(a, b)) return true;
    if (equal_squeezed(ctx, essential_words(ctx, a, false), essential_words(ctx, b, false))) return true;
    return equal_squeezed(ctx, essential_words(ctx, a, true), essential_words(ctx, b, true));
}

/* ---- Numbers in words ---------------------------------------------------- */

static long small_number(const char *word, size_t length) {
    static const char *const ones[] = {"zero",     "one",     "two",     "three",     "four",     "five",    "six",
                                       "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
                                       "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    static const char *const tens[] = {"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
    for (long k = 0; k < 20; k++)
        if (psv_text_is(word, length, ones[k])) return k;
    for (long k = 0; k < 8; k++)
        if (psv_text_is(word, length, tens[k])) return 10 * (k + 2);
    return -1;
}

long psv_multiplier_word(const char *word, size_t length) {
    static const struct {
        const char *word;
        long value;
    } words[] = {{"dozen", 12},         {"hundred", 100},        {"thousand", 1000},         {"million", 1000000},
                 {"millions", 1000000}, {"billion", 1000000000}, {"trillion", 1000000000000}};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (psv_text_is(word, length, words[k].word)) return words[k].value;
    return 0;
}

long psv_number_word(const char *words) {
    long total = 0, current = 0;
    size_t length;
    bool any = false;
    const char *rest = words, *word;
    while ((length = next_word(&rest, &word)) != 0) {
        long small = small_number(word, length), factor = psv_multiplier_word(word, length);
        if (small >= 0) {
            /* "twenty one" adds a one to a ten; "one two" is no number */
            if (any && current % 100 != 0 && !(current % 100 >= 20 && current % 10 == 0 && small < 10)) return -1;
            current += small;
        } else if (factor == 100 || factor == 12) {
            current = (current ? current : 1) * factor;
        } else if (factor) {
            if (total > 1000000000) return -1;
            total += (current ? current : 1) * factor;
            current = 0;
        } else if (!(psv_text_is(word, length, any ? "and" : "a"))) {
            return -1;
        } else {
            continue;
        }
        if (current > 100000) return -1;
        any = true;
    }
    return any ? total + current : -1;
}

/* ---- Units --------------------------------------------------------------- */

typedef struct unit_name {
    const char *name;
    psv_unit unit;
} unit_name;

/* Factors are exact fractions of the metre, second, gram, ounce, cent, month and quart, before the power is taken: a
 * litre is (1/10 m)^3. */
#define UNIT(dimension, power, numerator, denominator)                                                                 \
    { dimension, power, numerator, denominator, 0, false, 0 }

static const unit_name units[] = {
    {"mm", UNIT('L', 1, 1, 1000)},
    {"millimeter", UNIT('L', 1, 1, 1000)},
    {"millimetre", UNIT('L', 1, 1, 1000)},
    {"cm", UNIT('L', 1, 1, 100)},
    {"centimeter", UNIT('L', 1, 1, 100)},
    {"centimetre", UNIT('L', 1, 1, 100)},
    {"dm", UNIT('L', 1, 1, 10)},
    {"decimeter", UNIT('L', 1, 1, 10)},
    {"m", UNIT('L', 1, 1, 1)},
    {"meter", UNIT('L', 1, 1, 1)},
    {"metre", UNIT('L', 1, 1, 1)},
    {"km", UNIT('L', 1, 1000, 1)},
    {"kilometer", UNIT('L', 1, 1000, 1)},
    {"kilometre", UNIT('L', 1, 1000, 1)},
    {"in", UNIT('L', 1, 127, 5000)},
    {"inch", UNIT('L', 1, 127, 5000)},
    {"inche", UNIT('L', 1, 127, 5000)}, /* "inches" without its s */
    {"ft", UNIT('L', 1, 381, 1250)},
    {"foot", UNIT('L', 1, 381, 1250)},
    {"feet", UNIT('L', 1, 381, 1250)},
    {"yd", UNIT('L', 1, 1143, 1250)},
    {"yard", UNIT('L', 1, 1143, 1250)},
    {"mi", UNIT('L', 1, 201168, 125)},
    {"mile", UNIT('L', 1, 201168, 125)},
    {"second", UNIT('T', 1, 1, 1)},
    {"s", UNIT('T', 1, 1, 1)},
    {"h", UNIT('T', 1, 3600, 1)},
    {"l", UNIT('L', 3, 1, 10)},
    {"sec", UNIT('T', 1, 1, 1)},
    {"minute", UNIT('T', 1, 60, 1)},
    {"min", UNIT('T', 1, 60, 1)},
    {"hour", UNIT('T', 1, 3600, 1)},
    {"hr", UNIT('T', 1, 3600, 1)},
    {"day", UNIT('T', 1, 86400, 1)},
    {"week", UNIT('T', 1, 604800, 1)},
    {"month", UNIT('o', 1, 1, 1)},
    {"year", UNIT('o', 1, 12, 1)},
    {"yr", UNIT('o', 1, 12, 1)},
    {"mg", UNIT('M', 1, 1, 1000)},
    {"milligram", UNIT('M', 1, 1, 1000)},
    {"g", UNIT('M', 1, 1, 1)},
    {"gram", UNIT('M', 1, 1, 1)},
    {"kg", UNIT('M', 1, 1000, 1)},
    {"kilogram", UNIT('M', 1, 1000, 1)},
    {"lb", {'W', 1, 16, 1, 0, true, 0}},
    {"pound", {'W', 1, 16, 1, 0, true, 0}},
    {"oz", UNIT('W', 1, 1, 1)},
    {"ounce", UNIT('W', 1, 1, 1)},
    {"cent", UNIT('$', 1, 1, 1)},
    {"penny", UNIT('$', 1, 1, 1)},
    {"pennie", UNIT('$', 1, 1, 1)},
    {"dollar", UNIT('$', 1, 100, 1)},
    {"usd", UNIT('$', 1, 100, 1)},
    {"buck", UNIT('$', 1, 100, 1)},
    {"euro", UNIT('e', 1, 1, 1)},
    {"yen", UNIT('y', 1, 1, 1)},
    {"rupee", UNIT('r', 1, 1, 1)},
    {"pound sterling", UNIT('p', 1, 1, 1)},
    {"ml", UNIT('L', 3, 1, 100)},
    {"milliliter", UNIT('L', 3, 1, 100)},
    {"millilitre", UNIT('L', 3, 1, 100)},
    {"liter", UNIT('L', 3, 1, 10)},
    {"litre", UNIT('L', 3, 1, 10)},
    {"gallon", UNIT('G', 1, 4, 1)},
    {"gal", UNIT('G', 1, 4, 1)},
    {"quart", UNIT('G', 1, 1, 1)},
    {"textcent", UNIT('$', 1, 1, 1)},
    {"degreecelsius", UNIT('K', 1, 1, 1)},
    {"celsius", UNIT('K', 1, 1, 1)},
    {"fahrenheit", {'K', 1, 5, 9, 0, false, -3200}},
    {"kelvin", {'K', 1, 1, 1, 0, false, -27315}},
    {"cents", UNIT('$', 1, 1, 1)},
    {"gbp", UNIT('p', 1, 1, 1)},
    {"eur", UNIT('e', 1, 1, 1)},
    {"inr", UNIT('r', 1, 1, 1)},
    {"jpy", UNIT('y', 1, 1, 1)},
    {"cny", UNIT('c', 1, 1, 1)},
    {"rmb", UNIT('c', 1, 1, 1)},
    {"yuan", UNIT('c', 1, 1, 1)},
    {"franc", UNIT('f', 1, 1, 1)},
    {"peso", UNIT('P', 1, 1, 1)},
    {"won", UNIT('k', 1, 1, 1)},
    {"qt", UNIT('G', 1, 1, 1)},
    {"pint", UNIT('G', 1, 1, 2)},
    {"pt", UNIT('G', 1, 1, 2)},
    {"nm", UNIT('L', 1, 1, 1000000000)},
    {"decade", UNIT('o', 1, 120, 1)},
    {"kmph", {'L', 1, 1000, 3600, 'T', false, 0}},
    {"mph", {'L', 1, 201168, 125 * 3600, 'T', false, 0}},
    {"kph", {'L', 1, 1000, 3600, 'T', false, 0}},
    {"kmh", {'L', 1, 1000, 3600, 'T', false, 0}},
    {"unit", UNIT(0, 0, 1, 1)},
    {"sq", UNIT(0, 0, 1, 1)},
    {"cu", UNIT(0, 0, 1, 1)},
    {"hz", UNIT(0, 0, 1, 1)},
    {"acre", UNIT(0, 0, 1, 1)},
    {"radian", UNIT(0, 0, 1, 1)},
    {"rad", UNIT(0, 0, 1, 1)},
    {"way", UNIT(0, 0, 1, 1)},
    {"cup", UNIT(0, 0, 1, 1)},
    {"tsp", UNIT(0, 0, 1, 1)},
    {"ton", UNIT(0, 0, 1, 1)},
    {"am", UNIT(0, 0, 1, 1)},
    {"pm", UNIT(0, 0, 1, 1)},
};

const psv_unit psv_no_unit = UNIT(0, 0, 1, 1);

static const psv_unit *find_one(const char *word, size_t length) {
    if (length == 0) return NULL;
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
        if (*units[k].name != *word) continue;
        size_t known = strlen(units[k].name);
        bool plural = length == known + 1 && word[known] == 's';
        if ((length == known || plural) && memcmp(units[k].name, word, known) == 0) return &units[k].unit;
    }
    return NULL;
}

bool psv_is_unit_word(const char *word, size_t length) {
    char lower[24];
    if (length >= sizeof lower) return false;
    for (size_t k = 0; k < length; k++)
        lower[k] = (char)tolower((unsigned char)word[k]);
    return find_one(lower, length) != NULL;
}

char psv_unit_measures(const char *word, size_t length) {
    const psv_unit *unit = find_one(word, length);
    return unit != NULL ? unit->dimension : 0;
}

/* One unit with its power, before any "per": "square cm", "cm^2", "in squared". Stops after "per". */
static psv_unit find_simple(const char **rest, bool *per) {
    static const char *const squares[] = {"square", "sq", "squared"}, *const cubes[] = {"cubic", "cubed", "cu"};
    const char *word;
    size_t length;
    int power = 1;
    const psv_unit *found = NULL;
    *per = false;
    while ((length = next_word(rest, &word)) != 0) {
        if (psv_text_is(word, length, "per")) {
            *per = true;
            break;
        }
        const char *caret = memchr(word, '^', length);
        if (caret != NULL) {
            power = atoi(caret + 1);
            length = (size_t)(caret - word);
            if (!length) continue;
        }
        bool square = PSV_IS_ONE_OF(squares, word, length), cubic = PSV_IS_ONE_OF(cubes, word, length);
        if (square || cubic) {
            power = square ? 2 : 3;
            continue;
        }
        const psv_unit *next = find_one(word, length);
        if (found != NULL && next != NULL) return psv_no_unit; /* two units side by side */
        if (found != NULL) break;                              /* "dollars left over" */
        found = next;
        if (found == NULL) return psv_no_unit;
    }
    if (found == NULL || !found->dimension || power < 1 || power > 3 || found->power * power > 3) return psv_no_unit;
    psv_unit unit = *found;
    unit.power *= power;
    return unit;
}

psv_unit psv_find_unit(const char *text) {
    if (strncmp(text, "degree ", 7) == 0) text += 7; /* degrees Celsius */
    if (strncmp(text, "degrees ", 8) == 0) text += 8;
    const psv_unit *whole = find_one(text, strlen(text)); /* "pound sterling" */
    if (whole != NULL && whole->dimension) return *whole;
    const char *rest = text;
    bool per;
    psv_unit unit = find_simple(&rest, &per);
    if (!per || !unit.dimension) return unit;
    psv_unit by = find_simple(&rest, &per);
    if (per || !by.dimension || by.power != 1 || unit.power != 1 || unit.per || by.per) return psv_no_unit;
    unit.numerator *= by.denominator;
    unit.denominator *= by.numerator;
    unit.per = by.dimension;
    return unit;
}
