/* One request, from the tokens it draws or is given to its event. */
#ifndef PERSAMP_ENGINE_LLAMA_REQUEST_H
#define PERSAMP_ENGINE_LLAMA_REQUEST_H

#include "engine/boundary.h"
#include "engine/llama/node.h"
#include "engine/sampler/sampler.h"

enum { PS_NUMBERS = 5 }; /* of each token */

struct ps_request {
    ps_request *next;            /* in the one list it is in */
    ps_request *before, *behind; /* [shared] in its lane's list of all that are under way */
    ps_llama_node *parent;       /* referenced */
    ps_llama_node *child; /* referenced; filled as tokens come. Below the parent, or below what others wrote too */
    bool cancelled;       /* [shared] the caller gave it up (cancel.h) */
    bool evaluate;        /* else an extension */
    bool hidden;          /* of an evaluation: the hidden states too */
    bool done;            /* its event is there */
    /* Computed together (join.h): */
    ps_request_list followers; /* what is computed for it is computed for these, too */
    size_t n_followers;
    ps_request *next_joinable;
    /* In a batch: */
    int sequence; /* in its lane's table; −1: not active */
    size_t todo;  /* its tokens in the batch being planned */
    int32_t row;  /* batch index of the first of these */
    /* Extension: */
    ps_rng_key key;
    const ps_generation *generation;
    const float *logits; /* to draw the next token from; the lane's or the parent's */
    const float *state;  /* [n_embd] the hidden state they come from, likewise; NULL where it is not wanted */
    ps_draw draw;        /* the token drawn last, not yet taken */
    ps_status drawn;     /* … or why there is none */
    ps_step_matcher matcher;
    ps_token *tokens; /* [event.n_tokens] at the end */
    double *numbers;  /* [PS_NUMBERS × tokens written] logp, logq, entropy, certainty, confidence of each token; at the
                         end so many arrays */
    size_t numbers_capacity;
    /* Evaluation: */
    uint32_t *marks;   /* [n_marks] */
    ps_token *choices; /* [n_choices] */
    size_t n_marks, n_choices, next_mark;
    double *choice_logp; /* [n_marks × n_choices] */
    float *hidden_state; /* [n_marks × n_embd]; of an extension that wants it [n_embd], of the token drawn last */
    /* Answer: */
    ps_event event;
    ps_error error;
};

static inline void ps_request_push(ps_request_list *list, ps_request *request) {
    request->next = NULL;
    if (list->last != NULL)
        list->last->next = request;
    else
        list->first = request;
    list->last = request;
}

/* NULL when empty. */
static inline ps_request *ps_request_pop(ps_request_list *list) {
    ps_request *request = list->first;
    if (request == NULL) return NULL;
    list->first = request->next;
    if (list->first == NULL) list->last = NULL;
    request->next = NULL;
    return request;
}

/* Tokens known, prompt included: where the sequence must be for the next draw. */
static inline size_t ps_request_length(const ps_request *request) {
    return ps_llama_node_end(request->child);
}
/* Of these, tokens of the step. */
static inline size_t ps_request_written(const ps_request *request) {
    return ps_request_length(request) - ps_llama_node_end(request->parent);
}

/* An extension that is asked for the state its last token is drawn from. */
static inline bool ps_request_wants_state(const ps_request *request) {
    return !request->evaluate && request->generation->hidden;
}

/* Tokens, prompt included, at which its answer has no more room. */
size_t ps_request_limit(const ps_llama *engine, const ps_request *request);

/* With its followers, and its child if that was never handed out; NULL is fine. */
void ps_request_free(ps_request *request);
void ps_request_list_clear(ps_request_list *list); /* frees what is in it */

/* Before its first token. */
void ps_request_begin(const ps_llama *engine, ps_request *request);
/* Draw a token for it and for each of its followers, into their `draw`; or `drawn` tells the error. In any thread. */
void ps_request_sample(ps_request *request, const ps_llama *engine, ps_sampler *sampler);
/* Append the token drawn; may end or fail the request. */
void ps_request_take(const ps_llama *engine, ps_request *request);
void ps_request_end(ps_request *request, ps_stop_reason reason); /* fills the event */
void ps_request_fail(ps_request *request, ps_status status);     /* request->error says why */

#endif
