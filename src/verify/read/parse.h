/* The parser: tokens to tree, by recursive descent.
 *
 * parse_answer.c     lists, relations, unions
 * parse_expr.c       sums, products, quotients, mixed numbers
 * parse_unit.c       the units after a value
 * parse_atom.c       numbers, names, powers
 * parse_brackets.c   tuples, intervals, sets, absolute values
 * parse_command.c    fractions, roots, functions, matrices */
#ifndef PERSAMP_VERIFY_READ_PARSE_H
#define PERSAMP_VERIFY_READ_PARSE_H

#include "verify/read/token.h"

typedef struct psv_parser {
    psv_ctx *ctx;
    psv_token *t; /* mutable: "\frac12" takes a number apart */
    size_t i;
    const char *source;
    int depth;         /* of nested groups */
    int bars;          /* open |…| */
    int braces;        /* open \{…\}, where '|' may mean "such that" */
    bool in_ratio;     /* after a ':', where "p.m." may follow */
    psv_node *modulus; /* of the last "(mod m)"; NULL while there is none */
    const char *why;   /* static: the first thing that could not be read; NULL while all is well */
} psv_parser;

/* The whole of a token list. NULL when it cannot be read (parser->why says why). */
psv_node *psv_parse(psv_ctx *ctx, psv_tokens tokens, const char **why);

/* Internal to the parser's files. Each returns NULL on failure, with `why` set. */
psv_node *psv_parse_list(psv_parser *p);                    /* up to a closing token, which stays */
psv_node *psv_parse_relation(psv_parser *p);                /* a = b ≤ c */
psv_node *psv_parse_sum(psv_parser *p);                     /* a + b − c ± d */
psv_node *psv_parse_unary(psv_parser *p);                   /* −a */
psv_node *psv_parse_power(psv_parser *p);                   /* a^b! */
psv_node *psv_parse_postfix(psv_parser *p, psv_node *node); /* ^b ! % ° after an operand */
psv_node *psv_parse_atom(psv_parser *p);                    /* a */
psv_node *psv_parse_content(psv_parser *p);                 /* a list, or a \over b */
psv_node *psv_parse_group(psv_parser *p, int close);        /* after an opening token: a list, then `close` */
psv_node *psv_parse_brackets(psv_parser *p);                /* ( [ \{ ⟨ and what they enclose */
psv_node *psv_parse_argument(psv_parser *p);                /* of \frac, \sqrt, ^ : a group, one digit or one atom */
psv_node *psv_parse_number(psv_parser *p, bool one_digit);
psv_node *psv_parse_unit(psv_parser *p, psv_node *value, bool *found); /* a unit after a value */
size_t psv_unit_word(const psv_parser *p);                             /* length of a plain unit here, or 0 */
psv_node *psv_parse_smaller_part(psv_parser *p, psv_node *large);      /* "30 minutes" after "1 hour" */
size_t psv_half_day(const psv_parser *p, const char **which);          /* tokens of "p.m." here */
psv_node *psv_parse_absolute(psv_parser *p);
psv_node *psv_parse_rounding(psv_parser *p, psv_func func, int close);
psv_node *psv_parse_root(psv_parser *p);
psv_node *psv_parse_function(psv_parser *p);
psv_node *psv_parse_matrix(psv_parser *p);
psv_node *psv_parse_cases(psv_parser *p, bool aligned); /* after \begin{cases}: equations row by row */
psv_node *psv_parse_two(psv_parser *p);                 /* \frac, \binom */
psv_node *psv_parse_big(psv_parser *p);                 /* \sum, \prod */
bool psv_starts_factor(const psv_parser *p);
bool psv_at_reversed_bracket(const psv_parser *p); /* the "[" that closes [1, 4[ */
psv_node *psv_parse_error(psv_parser *p, const char *why);

static inline const psv_token *psv_peek(const psv_parser *p) {
    return &p->t[p->i];
}
static inline bool psv_at(const psv_parser *p, int code) {
    return p->t[p->i].code == code;
}
static inline bool psv_accept(psv_parser *p, int code) {
    if (p->t[p->i].code != code) return false;
    p->i++;
    return true;
}

#endif
