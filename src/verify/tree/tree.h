/* The verifier's expression tree, and the counted work that bounds every call.
 *
 * Nodes live in one arena per call and are never freed singly. A number keeps its digits as text, so the tree owns no
 * FLINT object and nothing leaks when a parse is given up. */
#ifndef PERSAMP_VERIFY_TREE_TREE_H
#define PERSAMP_VERIFY_TREE_TREE_H

#include "persamp/base.h"
#include "verify/tree/rules.h"

#include <string.h>

/* Limits of one answer. They are far above anything a mathematician writes and far below what hurts. */
enum {
    PSV_MAX_RESPONSE = 1 << 18, /* bytes at the end of a response in which an answer is looked for */
    PSV_MAX_SOURCE = 8192,      /* bytes of an answer; a longer one is compared as text only */
    PSV_MAX_TOKENS = 4096,      /* tokens */
    PSV_MAX_NODES = 4096,       /* nodes of both trees of a comparison together, expansions included */
    PSV_MAX_DEPTH = 192,        /* nesting of brackets, exponents, fractions */
    PSV_MAX_HEIGHT = 300,       /* height of a tree: what recursion over it may need */
    PSV_MAX_ITEMS = 256,        /* members of a list, entries of a matrix, pieces of a region */
    PSV_MAX_VARIABLES = 16,     /* distinct variables (and opaque atoms) of an expression that is computed with */
    PSV_WORK = 60000            /* units of arithmetic in one call, about 0.1 µs each */
};

typedef enum psv_kind {
    /* scalars */
    PSV_NUM,     /* text: digits, scale of them after the point, the last `repeat` of them repeating for ever */
    PSV_CONST,   /* op: psv_const */
    PSV_VAR,     /* text: name */
    PSV_ADD,     /* kids: terms */
    PSV_MUL,     /* kids: factors */
    PSV_NEG,     /* one kid */
    PSV_DIV,     /* two kids */
    PSV_POW,     /* base, exponent */
    PSV_ROOT,    /* radicand, index */
    PSV_FUNC,    /* op: psv_func; kids: arguments */
    PSV_PM,      /* two kids: a ± b (a may be missing: one kid); op: '+' for ±, '-' for ∓ */
    PSV_APPLY,   /* text: name of an unknown function; kids: arguments */
    PSV_PERCENT, /* one kid; op: 1 when it was a word in \text */
    PSV_DEGREE,  /* one kid */
    PSV_UNIT,    /* one kid, text: unit as written, lower case */
    /* what is not a scalar */
    PSV_DOTS,    /* "…" as a member of a list */
    PSV_BASE,    /* text: digits; scale: the base */
    PSV_RATIO,   /* kids: a : b : …; text: "am", "pm" or NULL for a time of day */
    PSV_CHOICE,  /* text: one upper-case letter */
    PSV_TEXT,    /* text: words, lower case, one space between */
    PSV_TUPLE,   /* kids; op: brackets, see PSV_BRACKETS */
    PSV_SET,     /* kids, in braces */
    PSV_LIST,    /* kids with nothing around */
    PSV_MATRIX,  /* kids row by row; scale: number of columns */
    PSV_UNION,   /* kids */
    PSV_INTER,   /* kids */
    PSV_MINUS,   /* two kids: set difference */
    PSV_EMPTY,   /* the empty set */
    PSV_NUMBERS, /* text: "R", "Z", "Q", "N", "C" */
    PSV_REL,     /* kids k0 … kn; text: n relations, each a psv_relation */
    PSV_AND,     /* kids: conditions; op: ',' when no "and" joined them */
    PSV_OR       /* kids: conditions */
} psv_kind;

/* Brackets of a PSV_TUPLE: opening in the low byte, closing in the next. */
#define PSV_BRACKETS(open, close) ((open) | (close) << 8)

/* What stands between two sides. A chain keeps its relations as a string of these. */
typedef enum psv_relation {
    PSV_NO_RELATION = 0,
    PSV_EQUAL = '=',
    PSV_APPROX = '~',
    PSV_LESS = '<',
    PSV_GREATER = '>',
    PSV_AT_MOST = 'l',
    PSV_AT_LEAST = 'g',
    PSV_NOT_EQUAL = 'n',
    PSV_MEMBER = 'i',         /* ∈ */
    PSV_NOT_MEMBER = 'o',     /* ∉ */
    PSV_CONGRUENT = 'e',      /* ≡ */
    PSV_OTHER_RELATION = 'c', /* →, ∥, … */
} psv_relation;

typedef enum psv_const { PSV_PI, PSV_E, PSV_I, PSV_INFINITY } psv_const;

/* One list of functions: id, name in LaTeX and in plain text, number of arguments. */
#define PSV_FUNC_LIST(X)                                                                                               \
    X(SIN, "sin", 1)                                                                                                   \
    X(COS, "cos", 1)                                                                                                   \
    X(TAN, "tan", 1)                                                                                                   \
    X(COT, "cot", 1)                                                                                                   \
    X(SEC, "sec", 1)                                                                                                   \
    X(CSC, "csc", 1)                                                                                                   \
    X(ARCSIN, "arcsin", 1)                                                                                             \
    X(ARCCOS, "arccos", 1)                                                                                             \
    X(ARCTAN, "arctan", 1)                                                                                             \
    X(ARCCOT, "arccot", 1)                                                                                             \
    X(ARCSEC, "arcsec", 1)                                                                                             \
    X(ARCCSC, "arccsc", 1)                                                                                             \
    X(SINH, "sinh", 1)                                                                                                 \
    X(COSH, "cosh", 1)                                                                                                 \
    X(TANH, "tanh", 1)                                                                                                 \
    X(COTH, "coth", 1)                                                                                                 \
    X(SECH, "sech", 1)                                                                                                 \
    X(CSCH, "csch", 1)                                                                                                 \
    X(ARCSINH, "arcsinh", 1)                                                                                           \
    X(ARCCOSH, "arccosh", 1)                                                                                           \
    X(ARCTANH, "arctanh", 1)                                                                                           \
    X(CIS, "cis", 1)                                                                                                   \
    X(EXP, "exp", 1)                                                                                                   \
    X(LN, "ln", 1)                                                                                                     \
    X(LOG, "log", 2)                                                                                                   \
    X(ABS, "abs", 1)                                                                                                   \
    X(FLOOR, "floor", 1)                                                                                               \
    X(CEIL, "ceil", 1)                                                                                                 \
    X(FACTORIAL, "factorial", 1)                                                                                       \
    X(FACTORIAL2, "doublefactorial", 1)                                                                                \
    X(BINOMIAL, "binom", 2)                                                                                            \
    X(GCD, "gcd", 2)                                                                                                   \
    X(LCM, "lcm", 2)                                                                                                   \
    X(MIN, "min", 2)                                                                                                   \
    X(MAX, "max", 2)                                                                                                   \
    X(MOD, "mod", 2)                                                                                                   \
    X(RE, "Re", 1)                                                                                                     \
    X(IM, "Im", 1)                                                                                                     \
    X(CONJ, "conj", 1)

typedef enum psv_func {
#define X(id, name, args) PSV_##id,
    PSV_FUNC_LIST(X)
#undef X
        PSV_FUNC_COUNT
} psv_func;

typedef struct psv_node psv_node;
struct psv_node {
    psv_kind kind;
    int op;           /* psv_const, psv_func, brackets, sign of ± */
    int scale;        /* digits after the point; base; columns */
    int height;       /* longest way down to a leaf */
    int repeat;       /* repeating digits at the end of a PSV_NUM */
    bool commas;      /* a number written with plain commas between groups of three, so perhaps a list */
    bool spelled;     /* a number spelled in words */
    const char *text; /* arena */
    size_t n;
    psv_node **kid; /* arena */
};

/* What one call may use. `work` counts down; at zero everything answers "unknown". */
typedef struct psv_ctx {
    ps_arena *arena;
    long work;
    size_t nodes;            /* made so far */
    const psv_rules *rules;  /* of the grader */
    int decimals;            /* of Math-Verify's rounding */
    bool in_choice;          /* reading what a choice's letter stands for, which is no choice itself */
    bool sets_are_relations; /* Math-Verify: an inequality may answer for a gold set */
} psv_ctx;

/* Has an allocation failed? Everything a call makes lies in its arena, which remembers; what then comes out of the
 * computation means nothing. The public functions ask once, at their end, and nobody has to tell "no memory" from "too
 * large" before. */
static inline bool psv_nomem(const psv_ctx *ctx) {
    return !ps_arena_ok(ctx->arena);
}

/* A growing text in the arena: it needs no clearing. */
static inline ps_text psv_text(psv_ctx *ctx) {
    return (ps_text){.arena = ctx->arena};
}

/* Take `units` of work; false when none is left. */
bool psv_spend(psv_ctx *ctx, long units);

/* Constructors: NULL when the tree has grown too large or memory is gone, or when a kid is NULL, so that a chain of
 * them needs one check at its end. */
psv_node *psv_node_new(psv_ctx *ctx, psv_kind kind, size_t n, psv_node *const *kids);
psv_node *psv_unary(psv_ctx *ctx, psv_kind kind, psv_node *a);
psv_node *psv_binary(psv_ctx *ctx, psv_kind kind, psv_node *a, psv_node *b);
psv_node *psv_call(psv_ctx *ctx, psv_func func, psv_node *a, psv_node *b); /* b NULL: one argument */
psv_node *psv_named(psv_ctx *ctx, psv_kind kind, const char *text, size_t length);
psv_node *psv_constant(psv_ctx *ctx, psv_const id);
psv_node *psv_integer(psv_ctx *ctx, long value);
psv_node *psv_relate(psv_ctx *ctx, psv_node *a, psv_relation relation, psv_node *b);
psv_node *psv_copy(psv_ctx *ctx, const psv_node *node); /* shallow: shares kids' nodes, owns its kid array */

/* The tree with every place of a name taken by a value. "i" is the name of the constant too. */
psv_node *psv_substitute(psv_ctx *ctx, psv_node *node, const char *name, psv_node *value);

bool psv_is_scalar(const psv_node *node); /* nothing in the tree but scalar kinds */
bool psv_has_kind(const psv_node *node, psv_kind kind);
bool psv_has_variable(const psv_node *node); /* a variable or an unknown function */
bool psv_is_infinity(const psv_node *node, int *sign);
bool psv_same_tree(const psv_node *a, const psv_node *b);

/* Is a node `a ∘ b` with this relation and no other? */
bool psv_is_relation(const psv_node *node, psv_relation relation);
bool psv_is_order(psv_relation relation);                              /* <, >, ≤, ≥ */
bool psv_any_relation(const psv_node *node, bool (*is)(psv_relation)); /* false for what is no PSV_REL */

/* Is s[0..length) this text? psv_is_one_of: one of the list? */
static inline bool psv_text_is(const char *s, size_t length, const char *text) {
    if (length > 0 && *s != *text) return false; /* as most do: before their lengths are known */
    return strlen(text) == length && memcmp(s, text, length) == 0;
}
bool psv_is_one_of(const char *const *list, size_t n, const char *s, size_t length);
#define PSV_IS_ONE_OF(list, s, length) psv_is_one_of(list, sizeof list / sizeof *list, s, length)

const char *psv_func_name(psv_func func);
int psv_func_arity(psv_func func);

/* The tree in a canonical notation: plain text, fully bracketed where it matters. */
void psv_print(const psv_node *node, ps_text *out);

#endif
