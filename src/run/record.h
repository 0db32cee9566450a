/* A record of a data set becomes a problem. */
#ifndef PERSAMP_RUN_RECORD_H
#define PERSAMP_RUN_RECORD_H

#include "persamp/run.h"

#include <jansson.h>

/* What a problem has, as evaluation.fields names it. */
#define PS_FIELD_LIST(X) X(problem) X(answer) X(unique_id) X(subject) X(level)
typedef enum ps_field {
#define X(name) PS_FIELD_##name,
    PS_FIELD_LIST(X)
#undef X
        PS_FIELDS
} ps_field;

/* Where the fields lie in the records of one data set. */
typedef struct ps_field_names {
    const char *names[PS_FIELDS][2]; /* tried in this order; NULL: no (second) name */
    bool given[PS_FIELDS];           /* by evaluation.fields: a name that no record has is a mistake */
} ps_field_names;

/* MATH-500's names, and "question". */
extern const ps_field_names ps_usual_fields;

/* Fill all of *problem but its index; its texts lie in `arena`. Why the record cannot be used is appended to *fault.
 * found[field] becomes true for each field that the record has. PS_NOMEM. */
ps_status ps_record_read(const json_t *record, const ps_field_names *fields, ps_arena *arena, ps_problem *problem,
                         bool found[PS_FIELDS], ps_text *fault);

/* "id, question and answer", for messages. */
void ps_record_append_names(const json_t *record, ps_text *text);

/* The key: "evaluation.fields.answer". Static. */
const char *ps_field_key(ps_field field);

#endif
