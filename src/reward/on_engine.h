/* What the kinds on an engine share: scored prefixes that hold a node of the engine's tree, and requests under way,
 * which the engine knows by their slots. */
#ifndef PERSAMP_REWARD_ON_ENGINE_H
#define PERSAMP_REWARD_ON_ENGINE_H

#include "reward/nodes.h"

/* A step under way; its slot is the tag of the engine's request. */
typedef struct ps_prm_pending {
    uint64_t tag;
    ps_aggregate_state before;
    ps_node node;  /* of kinds that ask more than once: after the step, once it is read; owned */
    size_t tokens; /* … computed so far */
} ps_prm_pending;

/* Embedded as the first member of a kind. */
typedef struct ps_prm_on_engine {
    ps_prm base; /* first */
    ps_engine *engine;
    ps_aggregate aggregate;
    ps_prm_nodes nodes;
    ps_slots under_way;
    ps_prm_pending *pending; /* by slot */
    size_t pending_capacity;
    ps_prm_event *events;
    size_t event_capacity;
} ps_prm_on_engine;

/* Frees what is here but the engine, whose nodes go with it. */
void ps_prm_on_engine_clear(ps_prm_on_engine *prm);

/* A node for a prompt. */
ps_status ps_prm_on_engine_root(ps_prm_on_engine *prm, const ps_prompt *prompt, ps_prm_node *node, ps_error *err);
/* … for a question as a chat, with a system message or NULL. */
ps_status ps_prm_on_engine_chat(ps_prm_on_engine *prm, const char *system, const char *question, ps_prm_node *node,
                                ps_error *err);
/* A slot for a step after `parent`, with room for its node and its event. PS_ARG: there is no such parent. */
ps_status ps_prm_on_engine_begin(ps_prm_on_engine *prm, const ps_prm_request *request, uint32_t *slot,
                                 ps_node *engine_parent, ps_error *err);
/* A step has been read, and the engine's node after it: its slot is given back. */
ps_prm_event ps_prm_on_engine_scored(ps_prm_on_engine *prm, uint32_t slot, ps_node node, double step, size_t tokens);
/* It has failed: likewise. */
ps_prm_event ps_prm_on_engine_failed(ps_prm_on_engine *prm, uint32_t slot, ps_status status, const char *message);

/* p(choices[0]) against p(choices[1]): two impossible ones leave −∞ + ∞, NaN; one gives 0 or 1. */
double ps_prm_first_of_two(const double *choice_logp);

/* The one token that a text is; `what` ("answer"), `whose` (" of the judge", or "") and `cure` are for the message.
 * PS_FORMAT: it is none, or several. */
ps_status ps_prm_single_token(ps_engine *engine, const char *what, const char *text, const char *whose,
                              const char *cure, ps_token *token, ps_error *err);

/* Members of ps_prm_ops. */
void ps_prm_on_engine_release(ps_prm *prm, ps_prm_node node);
void ps_prm_on_engine_cancel(ps_prm *prm, uint64_t tag);
void ps_prm_on_engine_wake(ps_prm *prm);
bool ps_prm_on_engine_on_ready(ps_prm *prm, void (*ready)(void *user), void *user);
void ps_prm_on_engine_stats(const ps_prm *prm, ps_engine_stats *stats);
const char *ps_prm_on_engine_identity(const ps_prm *prm);

#endif
