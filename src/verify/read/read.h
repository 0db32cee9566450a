/* From the text of an answer to what it says. */
#ifndef PERSAMP_VERIFY_READ_READ_H
#define PERSAMP_VERIFY_READ_READ_H

#include "verify/tree/tree.h"

typedef struct psv_answer {
    const char *source; /* trimmed: no delimiters, no full stop; arena */
    const char *words;  /* as plain words; arena */
    psv_node *tree;     /* a PSV_TEXT when the mathematics could not be read; NULL only without memory */
    const char *why;    /* static: why it could not be read; NULL when it could */
} psv_answer;

/* Read an answer. Never fails but for memory (psv_nomem). */
void psv_read(psv_ctx *ctx, const char *text, size_t length, psv_answer *out);

/* Trim what encloses an answer: white space, $…$, \(…\), \[…\], \boxed{…}, **…**, a final full stop. */
const char *psv_trim(psv_ctx *ctx, const char *text, size_t length);

/* Work out what is not left to comparison: ± written out, matrix arithmetic done, nested lists opened. */
psv_node *psv_simplify(psv_ctx *ctx, psv_node *node);

#endif
