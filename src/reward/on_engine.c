#include "reward/on_engine.h"

#include <math.h>
#include <string.h>

static ps_prm_on_engine *self(ps_prm *prm) {
    return (ps_prm_on_engine *)prm;
}

void ps_prm_on_engine_clear(ps_prm_on_engine *prm) {
    ps_prm_nodes_clear(&prm->nodes);
    ps_slots_clear(&prm->under_way);
    ps_free(prm->pending);
    ps_free(prm->events);
}

/* ---- Prefixes and requests ----------------------------------------------- */

ps_status ps_prm_on_engine_root(ps_prm_on_engine *prm, const ps_prompt *prompt, ps_prm_node *node, ps_error *err) {
    ps_node engine_node = 0;
    /* Beside what is under way, so that poll cannot run out of room. */
    ps_status status = ps_prm_nodes_reserve(&prm->nodes, prm->under_way.n_taken + 1, err);
    if (status == PS_OK) status = ps_engine_prompt(prm->engine, prompt, &engine_node, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&prm->nodes, (ps_prm_prefix){.engine_node = engine_node});
    return status;
}

ps_status ps_prm_on_engine_chat(ps_prm_on_engine *prm, const char *system, const char *question, ps_prm_node *node,
                                ps_error *err) {
    const ps_chat_message messages[] = {{"system", system}, {"user", question}};
    const size_t skipped = system == NULL ? 1 : 0;
    return ps_prm_on_engine_root(prm, &(ps_prompt){.messages = messages + skipped, .n_messages = 2 - skipped}, node,
                                 err);
}

ps_status ps_prm_on_engine_begin(ps_prm_on_engine *prm, const ps_prm_request *request, uint32_t *slot,
                                 ps_node *engine_parent, ps_error *err) {
    const size_t n = prm->under_way.n_taken + 1;
    if (ps_prm_nodes_find(&prm->nodes, request->parent) == NULL)
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    ps_status status = ps_prm_nodes_reserve(&prm->nodes, n, err);
    if (status == PS_OK) status = ps_slots_reserve(&prm->under_way, 1, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&prm->events, &prm->event_capacity, n) != PS_OK ||
        ps_reserve(&prm->pending, &prm->pending_capacity, prm->under_way.capacity) != PS_OK)
        return ps_nomem(err);
    const ps_prm_prefix *parent = ps_prm_nodes_find(&prm->nodes, request->parent);
    ps_slots_take(&prm->under_way, slot);
    prm->pending[*slot] = (ps_prm_pending){.tag = request->tag, .before = parent->aggregate};
    *engine_parent = parent->engine_node;
    return PS_OK;
}

ps_prm_event ps_prm_on_engine_scored(ps_prm_on_engine *prm, uint32_t slot, ps_node node, double step, size_t tokens) {
    const ps_prm_pending *p = &prm->pending[slot];
    const ps_aggregate_state after = ps_aggregate_add(p->before, step);
    ps_slots_give(&prm->under_way, slot);
    return (ps_prm_event){.tag = p->tag,
                          .node =
                              ps_prm_nodes_add(&prm->nodes, (ps_prm_prefix){.aggregate = after, .engine_node = node}),
                          .step = step,
                          .reward = ps_aggregate_value(&after, prm->aggregate),
                          .tokens = tokens};
}

ps_prm_event ps_prm_on_engine_failed(ps_prm_on_engine *prm, uint32_t slot, ps_status status, const char *message) {
    ps_slots_give(&prm->under_way, slot);
    return (ps_prm_event){.tag = prm->pending[slot].tag, .status = status, .message = message};
}

/* ---- Tokens -------------------------------------------------------------- */

double ps_prm_first_of_two(const double *choice_logp) {
    return 1 / (1 + exp(choice_logp[1] - choice_logp[0]));
}

ps_status ps_prm_single_token(ps_engine *engine, const char *what, const char *text, const char *whose,
                              const char *cure, ps_token *token, ps_error *err) {
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_status status = ps_engine_tokenize(engine, text, strlen(text), true, &tokens, &n, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the %s \"%s\"%s", what, text, whose);
    if (n == 1)
        *token = tokens[0];
    else
        status = ps_fail(err, PS_FORMAT, "the %s \"%s\"%s is %zu tokens of this model: %s", what, text, whose, n, cure);
    ps_free(tokens);
    return status;
}

/* ---- The seam ------------------------------------------------------------ */

void ps_prm_on_engine_release(ps_prm *prm, ps_prm_node node) {
    ps_engine_release(self(prm)->engine, ps_prm_nodes_remove(&self(prm)->nodes, node).engine_node);
}

/* The engine knows the request by its slot. */
void ps_prm_on_engine_cancel(ps_prm *prm, uint64_t tag) {
    const ps_prm_on_engine *on = self(prm);
    for (size_t i = 0; i < on->under_way.count; i++)
        if (ps_slots_is_taken(&on->under_way, i) && on->pending[i].tag == tag) ps_engine_cancel(on->engine, i);
}

void ps_prm_on_engine_wake(ps_prm *prm) {
    ps_engine_wake(self(prm)->engine);
}

bool ps_prm_on_engine_on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    return ps_engine_on_ready(self(prm)->engine, ready, user);
}

void ps_prm_on_engine_stats(const ps_prm *prm, ps_engine_stats *stats) {
    ps_engine_get_stats(((const ps_prm_on_engine *)prm)->engine, stats);
}

const char *ps_prm_on_engine_identity(const ps_prm *prm) {
    ps_engine_info info;
    ps_engine_get_info(((const ps_prm_on_engine *)prm)->engine, &info);
    return info.identity;
}
