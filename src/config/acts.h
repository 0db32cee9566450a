/* When a key acts: the table acts.def, read. Private to src/config. */
#ifndef PERSAMP_CONFIG_ACTS_H
#define PERSAMP_CONFIG_ACTS_H

#include "config/internal.h"

typedef enum ps_clause_kind { CLAUSE_IS, CLAUSE_IS_NOT, CLAUSE_ABOVE_ZERO, CLAUSE_HAS, CLAUSE_UNSET } ps_clause_kind;

/* One clause: "ps.mode=steps". */
typedef struct ps_clause {
    ps_key_index key;
    ps_clause_kind kind;
    const char *values; /* [length] "a|b", or the text of CLAUSE_HAS; points into the table */
    size_t length;
} ps_clause;

/* The clause at *at, which is set behind it; false at the end of the alternative, or for what is no clause. */
bool ps_acts_clause(const char **at, ps_clause *clause);
/* The alternative after the one that `at` lies in; NULL when there is none. */
const char *ps_acts_next(const char *at);

const char *ps_acts_row(ps_key_index key);   /* as in acts.def; NULL: it has none */
const char *ps_acts_never(ps_key_index key); /* the reason why it never acts; NULL: it may act */
bool ps_acts_always(ps_key_index key);       /* for any engine and under any configuration */
bool ps_clause_holds(const ps_config *cfg, const ps_clause *clause);

/* Whether a key can act. Where it cannot, and might elsewhere, *failing is the clause to blame: the first that fails of
 * the alternative with the fewest. */
bool ps_acts(const ps_config *cfg, ps_key_index key, ps_clause *failing);

/* What a clause asks for, in words: "newline or fixed", "a number above 0". */
void ps_clause_words(const ps_clause *clause, ps_text *text);
/* When a key acts, in words: "with method: persistent, ps.mode: steps"; nothing for one that always does. */
void ps_acts_words(ps_key_index key, ps_text *text);

#endif
