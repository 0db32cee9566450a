/* What tests may ask of the toy engine beyond the seam: every answer of a table with its exact probability. */
#ifndef PERSAMP_ENGINE_TOY_TOY_H
#define PERSAMP_ENGINE_TOY_TOY_H

#include "persamp/engine.h"

/* One finished answer, as a table engine can write it under a generation. */
typedef struct ps_toy_answer {
    ps_token *tokens; /* [n_tokens], the end token included */
    size_t n_tokens;
    char *text;                /* without end token and stop string */
    double logp, logq;         /* Σ over its tokens, nats */
    double entropy, certainty; /* likewise (ps_event) */
    double *confidence;        /* [n_tokens] */
    uint32_t *step_end;        /* [n_steps] tokens up to the end of each step */
    size_t n_steps;
    ps_stop_reason reason; /* PS_STOP_EOS, PS_STOP_STRING, or PS_STOP_LENGTH when cut by max_tokens or max_steps */
} ps_toy_answer;

typedef struct ps_toy_answers {
    ps_toy_answer *items; /* [n], in order of their tokens */
    size_t n, capacity;
} ps_toy_answers;

/* All answers with logq > −∞ from a fresh root on, cut after max_tokens tokens or max_steps steps (0: no limit). Σ exp
 * logq = 1, cut answers included. PS_ARG: not a table engine. PS_BUDGET:
 * more than a million answers. On success free with ps_toy_answers_clear. O(answers × their length²). */
ps_status ps_toy_enumerate(const ps_engine *engine, const ps_generation *generation, size_t max_tokens,
                           size_t max_steps, ps_toy_answers *answers, ps_error *err);
void ps_toy_answers_clear(ps_toy_answers *answers); /* resets to {0} */

/* Nodes that live: 0 when everything was released. */
size_t ps_toy_living_nodes(const ps_engine *engine);

#endif
