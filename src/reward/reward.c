/* The seam of reward models: calls through the table. */
#include "persamp/reward.h"

void ps_prm_free(ps_prm *prm) {
    if (prm != NULL) prm->ops->destroy(prm);
}

ps_status ps_prm_root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    return prm->ops->root(prm, question, node, err);
}

void ps_prm_release(ps_prm *prm, ps_prm_node node) {
    if (node != 0) prm->ops->release(prm, node);
}

ps_status ps_prm_submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    return prm->ops->submit(prm, request, err);
}

ps_status ps_prm_poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    return prm->ops->poll(prm, seconds, events, n, err);
}

void ps_prm_cancel(ps_prm *prm, uint64_t tag) {
    if (prm->ops->cancel != NULL) prm->ops->cancel(prm, tag);
}

void ps_prm_wake(ps_prm *prm) {
    if (prm->ops->wake != NULL) prm->ops->wake(prm);
}

bool ps_prm_on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    return prm->ops->on_ready != NULL && prm->ops->on_ready(prm, ready, user);
}

const char *ps_prm_separator(const ps_prm *prm) {
    return prm->ops->separator != NULL ? prm->ops->separator(prm) : NULL;
}

bool ps_prm_reads_hidden(const ps_prm *prm) {
    return prm->ops->reads_hidden;
}

void ps_prm_get_stats(const ps_prm *prm, ps_engine_stats *stats) {
    *stats = (ps_engine_stats){0};
    prm->ops->stats(prm, stats);
}

const char *ps_prm_identity(const ps_prm *prm) {
    return prm->ops->identity != NULL ? prm->ops->identity(prm) : NULL;
}
