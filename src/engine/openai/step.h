/* One step of one answer: what one extension asks, in as many requests as it takes. The matcher (engine/boundary.h)
 * reads the tokens one by one and decides where it ends. A server may have ended before (a candidate that the matcher
 * refuses): then another request goes on from there. What it drew beyond the end is dropped and counted. */
#ifndef PERSAMP_ENGINE_OPENAI_STEP_H
#define PERSAMP_ENGINE_OPENAI_STEP_H

#include "engine/boundary.h"
#include "engine/openai/dialect.h"
#include "engine/openai/tree.h"

/* What the numbers of a server are. */
typedef enum ps_remote_numbers {
    PS_REMOTE_NO_NUMBERS,
    PS_REMOTE_RAW,      /* log p: temperature 1, nothing truncated */
    PS_REMOTE_PROCESSED /* log q: of what was drawn from */
} ps_remote_numbers;

/* What a step needs to go on. */
typedef enum ps_remote_need {
    PS_REMOTE_NEED_NOTHING, /* it has ended */
    PS_REMOTE_NEED_TOKENS,  /* another request */
    PS_REMOTE_NEED_SPELLING /* the bytes of ids, which are among the wanted now */
} ps_remote_need;

typedef struct ps_remote_evaluation ps_remote_evaluation; /* evaluate.h */
typedef struct ps_remote_step ps_remote_step;
struct ps_remote_step {
    ps_remote_step *next; /* in its list */
    /* What was asked: */
    ps_remote_node *parent; /* referenced */
    const ps_generation *generation;
    ps_rng_key key;
    uint64_t seed;                    /* of its choice in its group */
    bool cancelled;                   /* [shared] by the caller; gone when the driving thread sees it */
    ps_remote_evaluation *evaluation; /* owned: its tokens are given, not drawn; NULL: an extension */
    /* What has come: */
    bool begun;
    size_t most; /* tokens that the path may have */
    ps_step_matcher matcher;
    ps_remote_run run;
    ps_token *tokens; /* [n_have], of which n_read were read */
    double *logp, *logq;
    size_t n_have, n_read, tokens_capacity, logp_capacity, logq_capacity;
    double bound;
    ps_remote_end end; /* of the last choice */
    size_t discarded, prefilled;
    size_t refused;     /* answers in a row that could not be read … */
    uint64_t read_then; /* … and how many of others had been read when the first of them came */
    bool wants_logq;
    /* What is told: */
    ps_event event;
    ps_error error;
};

/* A list of steps, linked by `next`. */
typedef struct ps_remote_steps {
    ps_remote_step *first, *last;
} ps_remote_steps;
void ps_remote_steps_push(ps_remote_steps *list, ps_remote_step *step);
void ps_remote_steps_push_front(ps_remote_steps *list, ps_remote_step *step);
void ps_remote_steps_insert(ps_remote_steps *list, ps_remote_step *after, ps_remote_step *step);
ps_remote_step *ps_remote_steps_pop(ps_remote_steps *list); /* NULL: it is empty */

ps_remote_step *ps_remote_step_new(const ps_extend_request *asked); /* without a parent; NULL: no memory */
void ps_remote_step_free(ps_remote_step *step);                     /* not its reference of the parent */

/* Once its prompt is there. context: tokens of an answer with its prompt. Where no token fits it has ended. */
ps_status ps_remote_step_begin(ps_remote_step *step, size_t context, ps_remote_numbers numbers, ps_remote_need *need);

/* Tokens that the next request may draw, ≥ 1 while the step has not ended. */
size_t ps_remote_step_room(const ps_remote_step *step);
/* The likeliest tokens to ask for beside each drawn one, of `most` that the server gives. */
size_t ps_remote_step_n_top(const ps_remote_step *step, ps_remote_numbers numbers, size_t most);

/* Take a choice as it was read. Spellings that it tells are kept. */
ps_status ps_remote_step_add(ps_remote_step *step, const ps_remote_choice *choice, size_t n_top, size_t vocabulary,
                             ps_remote_numbers numbers, ps_remote_spellings *spellings);
/* Read on: push what is there into the matcher. */
ps_status ps_remote_step_read(ps_remote_step *step, ps_remote_spellings *spellings, ps_remote_need *need);
/* A token of which only the text is known. */
ps_status ps_remote_step_text(ps_remote_step *step, const char *text, size_t length, ps_remote_need *need);
/* There is no more: the end of the answer, or what the server's end says. */
ps_status ps_remote_step_finish(ps_remote_step *step, ps_stop_reason reason);

/* It has failed: its event says so. */
void ps_remote_step_fail(ps_remote_step *step, ps_status status, const char *message);

#endif
