/* Which answers of an outcome a client is shown, and what all of it cost. Private to answer.c and chunk.c. */
#ifndef PERSAMP_SERVE_CHOICES_H
#define PERSAMP_SERVE_CHOICES_H

#include "serve/job.h"

#include <jansson.h>

typedef struct ps_choice {
    char *text; /* owned */
    size_t tokens;
    const char *finish; /* "stop" or "length" */
} ps_choice;
typedef struct ps_choices {
    ps_choice *choices; /* [n], n ≥ 1 */
    size_t n;
} ps_choices;

/* The answer that was selected first, then one of each other class, the heaviest first; at most as many as were asked
 * for. One without words where the search wrote nothing. */
ps_status ps_choices_of(const ps_job *job, ps_choices *choices, ps_error *err);
void ps_choices_clear(ps_choices *choices);

/* New references; NULL without memory. */
json_t *ps_usage_json(const ps_job *job, const ps_choices *choices);
json_t *ps_persamp_json(const ps_job *job);
json_t *ps_progress_json(const ps_step_view *view); /* one iteration */

#endif
