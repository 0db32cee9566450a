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

const char *psv_from_unicode(psv_ctx *ctx, const char *text, size_t length) {
    ps_text out = {0};
    for (size_t i = 0; i < length;) {
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
    const char *copy = ps_text_ok(&out) ? ps_arena_strndup(ctx->arena, ps_text_cstr(&out), out.length) : NULL;
    if (copy == NULL) ctx->nomem = true;
    ps_text_free(&out);
    return copy;
}
