/* Responses that are nothing but an answer. Texts need not end where `length` does. */
#ifndef PERSAMP_VERIFY_EXTRACT_WHOLE_H
#define PERSAMP_VERIFY_EXTRACT_WHOLE_H

#include "verify/extract/extract.h"

/* "x = 15, as required", "15 (checked)": where a remark starts that ends a response and changes nothing; 0: there is
 * none. */
size_t psv_remark_start(psv_ctx *ctx, const char *text, size_t length);

/* The answer of a short response of a known shape: "18 (9 × 2)", "Yes, it does.", "C, because …", "So option C is
 * correct.", equations on lines of their own. `before_remark` is its length without a remark. NULL: another shape;
 * arena. */
const char *psv_whole_shape(psv_ctx *ctx, const char *text, size_t length, size_t before_remark);

/* Numbers on lines of their own, or a sentence about a number: no answer as a whole, though it could be read as one. */
bool psv_is_no_whole(const char *text, size_t length);

bool psv_is_date(const char *text, size_t length); /* "June 20" */

#endif
