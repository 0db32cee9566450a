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
    if (out == NULL) {
        ctx->nomem = true;
        return NULL;
    }
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
    if (out == NULL) {
        ctx->nomem = true;
        return words;
    }
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
    if (sa == NULL || sb == NULL) {
        ctx->nomem = true;
        return false;
    }
    squeeze(a, sa);
    squeeze(b, sb);
    return strcmp(sa, sb) == 0;
}

bool psv_same_words(psv_ctx *ctx, const char *a, const char *b) {
    if (!*a || !*b) return false;
    if (equal_squeezed(ctx, a, b)) return true;
    if (!ctx->rules->filler_words_say_nothing) return false;
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
static const unit_name units[] = {
    {"mm", {'L', 1, 1, 1000, 0, false}},
    {"millimeter", {'L', 1, 1, 1000, 0, false}},
    {"millimetre", {'L', 1, 1, 1000, 0, false}},
    {"cm", {'L', 1, 1, 100, 0, false}},
    {"centimeter", {'L', 1, 1, 100, 0, false}},
    {"centimetre", {'L', 1, 1, 100, 0, false}},
    {"dm", {'L', 1, 1, 10, 0, false}},
    {"decimeter", {'L', 1, 1, 10, 0, false}},
    {"m", {'L', 1, 1, 1, 0, false}},
    {"meter", {'L', 1, 1, 1, 0, false}},
    {"metre", {'L', 1, 1, 1, 0, false}},
    {"km", {'L', 1, 1000, 1, 0, false}},
    {"kilometer", {'L', 1, 1000, 1, 0, false}},
    {"kilometre", {'L', 1, 1000, 1, 0, false}},
    {"in", {'L', 1, 127, 5000, 0, false}},
    {"inch", {'L', 1, 127, 5000, 0, false}},
    {"inche", {'L', 1, 127, 5000, 0, false}}, /* "inches" without its s */
    {"ft", {'L', 1, 381, 1250, 0, false}},
    {"foot", {'L', 1, 381, 1250, 0, false}},
    {"feet", {'L', 1, 381, 1250, 0, false}},
    {"yd", {'L', 1, 1143, 1250, 0, false}},
    {"yard", {'L', 1, 1143, 1250, 0, false}},
    {"mi", {'L', 1, 201168, 125, 0, false}},
    {"mile", {'L', 1, 201168, 125, 0, false}},
    {"second", {'T', 1, 1, 1, 0, false}},
    {"s", {'T', 1, 1, 1, 0, false}},
    {"h", {'T', 1, 3600, 1, 0, false}},
    {"l", {'L', 3, 1, 10, 0, false}},
    {"sec", {'T', 1, 1, 1, 0, false}},
    {"minute", {'T', 1, 60, 1, 0, false}},
    {"min", {'T', 1, 60, 1, 0, false}},
    {"hour", {'T', 1, 3600, 1, 0, false}},
    {"hr", {'T', 1, 3600, 1, 0, false}},
    {"day", {'T', 1, 86400, 1, 0, false}},
    {"week", {'T', 1, 604800, 1, 0, false}},
    {"month", {'o', 1, 1, 1, 0, false}},
    {"year", {'o', 1, 12, 1, 0, false}},
    {"yr", {'o', 1, 12, 1, 0, false}},
    {"mg", {'M', 1, 1, 1000, 0, false}},
    {"milligram", {'M', 1, 1, 1000, 0, false}},
    {"g", {'M', 1, 1, 1, 0, false}},
    {"gram", {'M', 1, 1, 1, 0, false}},
    {"kg", {'M', 1, 1000, 1, 0, false}},
    {"kilogram", {'M', 1, 1000, 1, 0, false}},
    {"lb", {'W', 1, 16, 1, 0, .is_pound = true}},
    {"pound", {'W', 1, 16, 1, 0, .is_pound = true}},
    {"oz", {'W', 1, 1, 1, 0, false}},
    {"ounce", {'W', 1, 1, 1, 0, false}},
    {"cent", {'$', 1, 1, 1, 0, false}},
    {"penny", {'$', 1, 1, 1, 0, false}},
    {"pennie", {'$', 1, 1, 1, 0, false}},
    {"dollar", {'$', 1, 100, 1, 0, false}},
    {"usd", {'$', 1, 100, 1, 0, false}},
    {"buck", {'$', 1, 100, 1, 0, false}},
    {"euro", {'e', 1, 1, 1, 0, false}},
    {"yen", {'y', 1, 1, 1, 0, false}},
    {"rupee", {'r', 1, 1, 1, 0, false}},
    {"pound sterling", {'p', 1, 1, 1, 0, false}},
    {"ml", {'L', 3, 1, 100, 0, false}},
    {"milliliter", {'L', 3, 1, 100, 0, false}},
    {"millilitre", {'L', 3, 1, 100, 0, false}},
    {"liter", {'L', 3, 1, 10, 0, false}},
    {"litre", {'L', 3, 1, 10, 0, false}},
    {"gallon", {'G', 1, 4, 1, 0, false}},
    {"gal", {'G', 1, 4, 1, 0, false}},
    {"quart", {'G', 1, 1, 1, 0, false}},
    {"mph", {'L', 1, 201168, 125 * 3600, 'T', false}},
    {"kph", {'L', 1, 1000, 3600, 'T', false}},
    {"kmh", {'L', 1, 1000, 3600, 'T', false}},
    {"unit", {0, 0, 1, 1, 0, false}},
    {"sq", {0, 0, 1, 1, 0, false}},
    {"cu", {0, 0, 1, 1, 0, false}},
    {"hz", {0, 0, 1, 1, 0, false}},
    {"acre", {0, 0, 1, 1, 0, false}},
    {"radian", {0, 0, 1, 1, 0, false}},
    {"rad", {0, 0, 1, 1, 0, false}},
    {"way", {0, 0, 1, 1, 0, false}},
    {"cup", {0, 0, 1, 1, 0, false}},
    {"tsp", {0, 0, 1, 1, 0, false}},
    {"ton", {0, 0, 1, 1, 0, false}},
    {"am", {0, 0, 1, 1, 0, false}},
    {"pm", {0, 0, 1, 1, 0, false}},
};

const psv_unit psv_no_unit = {0, 0, 1, 1, 0, false};

static const psv_unit *find_one(const char *word, size_t length) {
    for (size_t k = 0; k < sizeof units / sizeof *units; k++) {
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
        if (found != NULL) return psv_no_unit; /* two units side by side */
        found = find_one(word, length);
        if (found == NULL) return psv_no_unit;
    }
    if (found == NULL || !found->dimension || power < 1 || power > 3 || found->power * power > 3) return psv_no_unit;
    psv_unit unit = *found;
    unit.power *= power;
    return unit;
}

psv_unit psv_find_unit(const char *text) {
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
