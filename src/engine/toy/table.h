/* The engine of a table: a language model with a tokenizer, whose probabilities can be read. */
#ifndef PERSAMP_ENGINE_TOY_TABLE_H
#define PERSAMP_ENGINE_TOY_TABLE_H

#include "engine/boundary.h"
#include "engine/toy/identity.h"
#include "engine/toy/model.h"
#include "engine/toy/queue.h"

enum { PS_TOY_NUMBERS = 5 }; /* of each token */

typedef struct ps_toy_table {
    ps_toy_engine toy; /* first */
    ps_toy_model model;
    char description[128];
    char identity[PS_TOY_IDENTITY];
    /* Scratch of one step: */
    ps_step_matcher matcher;
    ps_token *window; /* the answer's last tokens before the step, then the step's */
    double *numbers;  /* [PS_TOY_NUMBERS × capacity of the step]: logp, logq, entropy, certainty, confidence of each */
    size_t window_capacity, number_capacity;
    double *q; /* [model.largest_rule] */
} ps_toy_table;

/* `path`: a JSON file; NULL: the built-in table. *engine is owned by the caller. */
ps_status ps_toy_table_create(const char *path, uint32_t n_ctx, ps_engine **engine, ps_error *err);

/* The table behind an engine, or NULL for any other engine. */
const ps_toy_table *ps_toy_table_of(const ps_engine *engine);

/* What comes of a job: a ps_toy_work. */
ps_status ps_toy_table_work(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err);

#endif
