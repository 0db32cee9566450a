/* Tokens of an answer written in LaTeX, plain text or a mixture, with the typography already removed. */
#ifndef PERSAMP_VERIFY_READ_TOKEN_H
#define PERSAMP_VERIFY_READ_TOKEN_H

#include "verify/tree/tree.h"

/* Single characters stand for themselves; the rest have names. */
typedef enum psv_code {
    TK_END = 0,
    TK_NUM = 256, /* digits with an optional point, groups joined; letters too in a numeral of a large base */
    TK_LETTER,    /* one letter, or the name of a Greek one; `run` letters of one plain word from here */
    TK_TEXT,      /* contents of \text{…} and its kin */
    TK_FUNC,      /* id: psv_func */
    TK_FRAC,
    TK_SQRT,
    TK_OVER, /* {a \over b}; id 1: {a \choose b} */
    TK_BINOM,
    TK_LE,
    TK_GE,
    TK_NE,
    TK_APPROX,
    TK_IN,
    TK_NOTIN,
    TK_EQUIV,
    TK_OTHER_RELATION,
    TK_CUP,
    TK_CAP,
    TK_SETMINUS,
    TK_PM,
    TK_MP,
    TK_LSET,
    TK_RSET,
    TK_LANGLE,
    TK_RANGLE,
    TK_LFLOOR,
    TK_RFLOOR,
    TK_LCEIL,
    TK_RCEIL,
    TK_MID,
    TK_OVERLINE,
    TK_BEGIN, /* text: name of the environment */
    TK_ENDENV,
    TK_ROW,
    TK_INFINITY,
    TK_PI,
    TK_E,
    TK_I,
    TK_EMPTY,
    TK_NUMBERS, /* text: R, Z, Q, N, C */
    TK_DEGREE,
    TK_DOTS,
    TK_AND,
    TK_OR,
    TK_CURRENCY, /* text: "dollar", "pound", … */
    TK_MOD,
    TK_IGNORED_NAME, /* \angle, \triangle: part of a name */
    TK_REMAINDER,    /* 5 R 3 */
    TK_BIG,          /* \\sum, \\prod: text names it */
    TK_BAD           /* a command that is not known */
} psv_code;

typedef struct psv_token {
    int code;
    int id;           /* TK_FUNC: psv_func; TK_NUM: digits after the point */
    int run;          /* TK_LETTER: letters of the plain word that starts here, 1 inside it */
    bool space;       /* white space before it */
    bool commas;      /* TK_NUM: plain commas were joined */
    bool point;       /* TK_NUM: there was a decimal point */
    bool bold;        /* a letter in bold: a vector, never a constant */
    bool dollars;     /* a math delimiter before it */
    const char *text; /* arena; terminated */
    size_t length;
    size_t begin; /* offset in the source where it starts */
} psv_token;

typedef struct psv_tokens {
    psv_token *data;
    size_t n;
    const char *source; /* what the offsets refer to */
} psv_tokens;

/* Is a named token a sign that may stand alone: ≤, ≥, ≠, ±, …? */
static inline bool psv_is_sign(int code) {
    return (code >= TK_LE && code <= TK_MP) || code == TK_DOTS || code == TK_CURRENCY || code == TK_DEGREE;
}

/* Unicode mathematics to LaTeX: π, √, ×, ², ½, ≤, … `text` itself when it is ASCII and ends there, else an arena
 * string. */
const char *psv_from_unicode(psv_ctx *ctx, const char *text, size_t length);

/* How many bytes of a mathematical sign, or of raised or lowered digits, stand at s; 0: something else does. */
size_t psv_is_math_character(const char *s);

/* Digits of other scripts, fullwidth and mathematical characters as plain ones; `text` itself when it has none. Arena.
 */
const char *psv_plain_characters(psv_ctx *ctx, const char *text, size_t *length);

/* Split into tokens; the last one is TK_END. false when there are too many or memory is gone. */
bool psv_tokenise(psv_ctx *ctx, const char *text, psv_tokens *out);

/* The content of a \text-like group as words: lower case, one space between, no commands. Arena. */
const char *psv_plain_words(psv_ctx *ctx, const char *text, size_t length);

#endif
