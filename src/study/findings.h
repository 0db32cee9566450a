/* What speaks against going on in a folder, all of it at once: who mends one thing should not wait for the next. */
#ifndef PERSAMP_STUDY_FINDINGS_H
#define PERSAMP_STUDY_FINDINGS_H

#include "persamp/base.h"

/* All zeros: nothing was found. */
typedef struct ps_findings {
    ps_text text; /* as many of them as a message has room for */
    size_t n, shown;
    ps_status first;
    bool other; /* one is PS_ARG: something else, which the advice is about */
} ps_findings;

/* Take note of a refusal (PS_ARG, PS_FORMAT) and of `more` of its kind: PS_OK. Any other status is passed on, with its
 * message, as is PS_OK. */
ps_status ps_findings_note(ps_findings *findings, ps_status status, const ps_error *why, size_t more, ps_error *err);
/* PS_OK where nothing was found; else the status of the first, with all of them and what to do about those of PS_ARG.
 * They are cleared. */
ps_status ps_findings_tell(ps_findings *findings, const char *advice, ps_error *err);

#endif
