/* Mathematical Unicode as models write it, turned into LaTeX before the tokeniser sees it. */
#include "verify/read/token.h"

#include <string.h>

typedef struct mapping {
    const char *utf8, *latex;
} mapping;

static const mapping mappings[] = {
    {"−", "-"},
    {"–", "-"},
    {"—", "-"},
    {"‐", "-"},
    {"‑", "-"},
    {"×", "\\times "},
    {"·", "\\cdot "},
    {"⋅", "\\cdot "},
    {"∙", "\\cdot "},
    {"•", "\\cdot "},
    {"∗", "*"},
    {"÷", "\\div "},
    {"∕", "/"},
    {"⁄", "/"},
    {"±", "\\pm "},
    {"∓", "\\mp "},
    {"√", "\\sqrt "},
    {"∛", "\\sqrt[3]"},
    {"∜", "\\sqrt[4]"},
    {"°", "^\\circ "},
    {"º", "^\\circ "},
    {"˚", "^\\circ "},
    {"≤", "\\le "},
    {"⩽", "\\le "},
    {"≥", "\\ge "},
    {"⩾", "\\ge "},
    {"≠", "\\ne "},
    {"≈", "\\approx "},
    {"≅", "\\approx "},
    {"≃", "\\approx "},
    {"≡", "\\equiv "},
    {"∞", "\\infty "},
    {"∪", "\\cup "},
    {"⋃", "\\cup "},
    {"∩", "\\cap "},
    {"∖", "\\setminus "},
    {"∈", "\\in "},
    {"∉", "\\notin "},
    {"∅", "\\emptyset "},
    {"Ø", "\\emptyset "},
    {"ℝ", "\\mathbb{R}"},
    {"ℤ", "\\mathbb{Z}"},
    {"ℚ", "\\mathbb{Q}"},
    {"ℕ", "\\mathbb{N}"},
    {"ℂ", "\\mathbb{C}"},
    {"→", "\\to "},
    {"⇒", "\\to "},
    {"∨", "\\text{ or }"},
    {"∧", "\\text{ and }"},
    {"⟨", "\\langle "},
    {"〈", "\\langle "},
    {"⟩", "\\rangle "},
    {"〉", "\\rangle "},
    {"⌊", "\\lfloor "},
    {"⌋", "\\rfloor "},
    {"⌈", "\\lceil "},
    {"⌉", "\\rceil "},
    {"…", "\\ldots "},
    {"⋯", "\\ldots "},
    {"½", "\\frac{1}{2}"},
    {"⅓", "\\frac{1}{3}"},
    {"⅔", "\\frac{2}{3}"},
    {"¼", "\\frac{1}{4}"},
    {"¾", "\\frac{3}{4}"},
    {"⅕", "\\frac{1}{5}"},
    {"⅖", "\\frac{2}{5}"},
    {"⅗", "\\frac{3}{5}"},
    {"⅘", "\\frac{4}{5}"},
    {"⅙", "\\frac{1}{6}"},
    {"⅚", "\\frac{5}{6}"},
    {"⅛", "\\frac{1}{8}"},
    {"⅜", "\\frac{3}{8}"},
    {"⅝", "\\frac{5}{8}"},
    {"⅞", "\\frac{7}{8}"},
    {"¢", "\\text{cents}"},
    {"€", "\\euro "},
    {"£", "\\pounds "},
    {"¥", "\\yen "},
    {"₹", "\\rupee "},
    {"π", "\\pi "},
    {"𝜋", "\\pi "},
    {"ℯ", "e"},
    {"α", "\\alpha "},
    {"β", "\\beta "},
    {"γ", "\\gamma "},
    {"δ", "\\delta "},
    {"Δ", "\\Delta "},
    {"ε", "\\epsilon "},
    {"θ", "\\theta "},
    {"λ", "\\lambda "},
    {"μ", "\\mu "},
    {"µ", "\\mu "},
    {"ρ", "\\rho "},
    {"σ", "\\sigma "},
    {"τ", "\\tau "},
    {"φ", "\\phi "},
    {"ϕ", "\\phi "},
    {"ψ", "\\psi "},
    {"ω", "\\omega "},
    {"Ω", "\\Omega "},
    {"∠", "\\angle "},
    {"∆", "\\triangle "},
    {"△", "\\triangle "},
    {"′", "'"},
    {"’", "'"},
    {"‘", "'"},
    {"“", "\""},
    {"”", "\""},
    {"，", ","},
    {"。", "."},
    {"：", ":"},
    {"∶", ":"},
    {"（", "("},
    {"）", ")"},
    {"％", "%"},
    {"\xc2\xa0", " "},     /* no-break space */
    {"\xe2\x80\x89", " "}, /* thin space */
    {"\xe2\x80\xaf", " "}, /* narrow no-break space */
    {"\xe2\x80\x82", " "},
    {"\xe2\x80\x83", " "},
    {"\xe2\x81\xa0", ""},
    {"\xe2\x80\x8b", ""}, /* zero-width space */
    {"\xef\xbb\xbf", ""}, /* byte order mark */
    {"✓", ""},
    {"✅", ""},
};

/* Raised and lowered digits come in runs: "x⁻¹²" is x^{-12}. */
static const mapping raised[] = {{"⁰", "0"}, {"¹", "1"}, {"²", "2"}, {"³", "3"}, {"⁴", "4"}, {"⁵", "5"}, {"⁶", "6"},
                                 {"⁷", "7"}, {"⁸", "8"}, {"⁹", "9"}, {"⁻", "-"}, {"ⁿ", "n"}, {"ˣ", "x"}};
static const mapping lowered[] = {{"₀", "0"}, {"₁", "1"}, {"₂", "2"}, {"₃", "3"}, {"₄", "4"}, {"₅", "5"},
                                  {"₆", "6"}, {"₇", "7"}, {"₈", "8"}, {"₉", "9"}, {"ₙ", "n"}};

static const mapping *find(const mapping *table, size_t n, const char *text, size_t left) {
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(table[i].utf8);
        if (length <= left && memcmp(table[i].utf8, text, length) == 0) return &table[i];
    }
    return NULL;
}
#define FIND(table, text, left) find(table, sizeof table / sizeof *table, text, left)

/* A run of raised or lowered characters at text[0..left): bytes eaten, 0 when there is none. */
static size_t append_run(const mapping *table, size_t n, const char *open, const char *text, size_t left,
                         ps_text *out) {
    size_t eaten = 0;
    const mapping *hit;
    while ((hit = find(table, n, text + eaten, left - eaten)) != NULL) {
        if (!eaten) ps_text_puts(out, open);
        ps_text_puts(out, hit->latex);
        eaten += strlen(hit->utf8);
    }
    if (eaten) ps_text_puts(out, "}");
    return eaten;
}

size_t psv_is_math_character(const char *s) {
    if ((unsigned char)*s < 128) return 0;
    size_t left = strlen(s);
    if (left > 4) left = 4;
    const mapping *hit = FIND(raised, s, left);
    if (hit == NULL) hit = FIND(lowered, s, left);
    if (hit == NULL) hit = FIND(mappings, s, left);
    if (hit == NULL) return 0;
    bool punctuation = strchr("'\",.:( )", hit->latex[0]) != NULL; /* the empty mapping included */
    return punctuation ? 0 : strlen(hit->utf8);
}

/* ---- Plain characters ---------------------------------------------------- */

/* One character of UTF-8 at s: its code point, *bytes long; a broken one is itself, one byte long. */
static unsigned code_point(const unsigned char *s, size_t left, size_t *bytes) {
    size_t n = *s >= 0xF0 ? 4 : *s >= 0xE0 ? 3 : *s >= 0xC0 ? 2 : 1;
    *bytes = n <= left ? n : 1;
    if (*bytes == 1) return *s;
    unsigned code = *s & (0xFFu >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        if ((s[k] & 0xC0) != 0x80) {
            *bytes = 1;
            return *s;
        }
        code = code << 6 | (s[k] & 0x3Fu);
    }
    return code;
}

/* The plain character that another stands for; 0: none. */
static char plain_character(unsigned code) {
    if (code < 0x660) return 0;
    static const unsigned zeros[] = {0x660, 0x6F0, 0x966, 0x9E6, 0xE50, 0xFF10}; /* of six scripts */
    for (size_t k = 0; k < sizeof zeros / sizeof *zeros; k++)
        if (code >= zeros[k] && code < zeros[k] + 10) return (char)('0' + (code - zeros[k]));
    if (code >= 0x1D7CE && code <= 0x1D7FF) return (char)('0' + (code - 0x1D7CE) % 10); /* bold, double-struck, … */
    if (code >= 0x1D400 && code <= 0x1D467)
        return (char)((code - 0x1D400) % 52 < 26 ? 'A' + (code - 0x1D400) % 26 : 'a' + (code - 0x1D400) % 26);
    if (code >= 0xFF01 && code <= 0xFF5E) return (char)(code - 0xFF01 + '!'); /* fullwidth */
    switch (code) {
    case 0x3000: return ' ';
    case 0x3001:            /* the comma of a Chinese list */
    case 0x66C: return ','; /* Arabic separators */
    case 0x66B: return '.';
    case 0x2212:
    case 0xFE63: return '-';
    case 0xFE62: return '+';
    case 0x3010: return '[';
    case 0x3011: return ']';
    default: return 0;
    }
}

/* How many bytes from i on are surely ASCII: eight at a time. */
static size_t ascii_run(const char *text, size_t i, size_t length) {
    size_t at = i;
    for (uint64_t eight; at + sizeof eight <= length; at += sizeof eight) {
        memcpy(&eight, text + at, sizeof eight);
        if ((eight & 0x8080808080808080u) != 0) break;
    }
    return at - i;
}

const char *psv_plain_characters(psv_ctx *ctx, const char *text, size_t *length) {
    bool other = false;
    for (size_t i = 0, bytes; i < *length && !other; i += bytes) {
        bytes = ascii_run(text, i, *length);
        if (bytes > 0) continue;
        bytes = 1;
        if ((unsigned char)text[i] >= 0xD0)
            other = plain_character(code_point((const unsigned char *)text + i, *length - i, &bytes)) != 0;
    }
    if (!other) return text;
    char *copy = ps_arena_alloc(ctx->arena, *length + 1);
    if (copy == NULL) return NULL;
    size_t n = 0;
    for (size_t i = 0, bytes; i < *length; i += bytes) {
        bytes = ascii_run(text, i, *length);
        if (bytes > 0) {
            memcpy(copy + n, text + i, bytes);
            n += bytes;
            continue;
        }
        char plain = plain_character(code_point((const unsigned char *)text + i, *length - i, &bytes));
        if (plain) {
            copy[n++] = plain;
            continue;
        }
        memcpy(copy + n, text + i, bytes);
        n += bytes;
    }
    copy[n] = 0;
    *length = n;
    return copy;
}

const char *psv_from_unicode(psv_ctx *ctx, const char *text, size_t length) {
    size_t plain = ascii_run(text, 0, length);
    while (plain < length && (unsigned char)text[plain] < 128)
        plain++;
    if (plain == length && text[length] == '\0') return text;
    ps_text out = psv_text(ctx);
    ps_text_append(&out, text, plain);
    for (size_t i = plain; i < length;) {
        if ((unsigned char)text[i] < 128) {
            ps_text_append(&out, text + i++, 1);
            continue;
        }
        size_t left = length - i;
        size_t eaten = append_run(raised, sizeof raised / sizeof *raised, "^{", text + i, left, &out);
        if (!eaten) eaten = append_run(lowered, sizeof lowered / sizeof *lowered, "_{", text + i, left, &out);
        const mapping *hit = eaten ? NULL : FIND(mappings, text + i, left);
        if (hit != NULL) {
            ps_text_puts(&out, hit->latex);
            eaten = strlen(hit->utf8);
        }
        if (!eaten) { /* a letter of some script: words are compared byte by byte */
            ps_text_append(&out, text + i, 1);
            eaten = 1;
        }
        i += eaten;
    }
    return ps_text_cstr(&out);
}
