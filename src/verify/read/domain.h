/* What stands around the answer within a formula: a condition where it holds, names it uses, a left side that is not
 * read. */
#ifndef PERSAMP_VERIFY_READ_DOMAIN_H
#define PERSAMP_VERIFY_READ_DOMAIN_H

#include "verify/read/token.h"

enum { PSV_MAX_DEFINITIONS = 4 };

/* "where a = 2, b = 3": names that an answer uses. */
typedef struct psv_definitions {
    size_t n;
    const char *name[PSV_MAX_DEFINITIONS];
    psv_node *value[PSV_MAX_DEFINITIONS];
} psv_definitions;

/* Cut a condition off the end of a token list: "for all x", "where n is an integer", "(x ≠ 0)". It says where the
 * answer holds, not which answer it is. A second condition ("x for x > 0, −x for x < 0"), or one that names a single
 * value
 * ("5 for n = 2"), is no such thing and stays. */
void psv_cut_domain(psv_ctx *ctx, psv_tokens *tokens, psv_definitions *where);

/* Where the value starts after the last "=" when the side before it has a command that is not read (an integral, a
 * limit, a determinant, the minimum of a function); 0: there is no such side. */
size_t psv_after_unread_side(const psv_tokens *tokens);

/* As that, for a left side that turned out to be unreadable otherwise ("|A ∩ B| = 12", "tr(A) = 12"): it must neither
 * restrict anything nor have words that change a number. */
size_t psv_after_last_equals(psv_ctx *ctx, const psv_tokens *tokens);

#endif
