/* One filter after another: a token budget is spent by further filters, particle Gibbs sweeps. What came of them. */
#include "method/particle_filter.h"

#include <math.h>

/* The particles as answers. Filters are comparable by their evidence, each particle weighing Ẑ · w / M; sweeps of
 * particle Gibbs are draws of one chain, each particle weighing its W. */
static ps_status keep_answers(ps_filter *p, ps_error *err) {
    size_t M = p->n;
    if (ps_reserve(&p->done, &p->done_capacity, p->n_done + M) != PS_OK) return ps_nomem(err);
    double log_mean = 0;
    for (size_t i = 0; i < M; i++)
        p->W[i] = p->particles[i].log_w;
    if (p->gibbs) log_mean = ps_log_sum_exp(p->W, M);
    if (log_mean == -INFINITY) log_mean = 0; /* a sweep of dead particles: each weighs nothing */
    for (size_t i = 0; i < M; i++) {
        const ps_tree_node *node = ps_filter_node(p, &p->particles[i]);
        if (!node->known) continue;
        p->done[p->n_done++] = (ps_answer){.snapshot = p->particles[i].snapshot,
                                           .log_weight_q = NAN,
                                           .state = node->state,
                                           .log_weight = p->gibbs ? p->particles[i].log_w - log_mean
                                                                  : p->log_z + p->particles[i].log_w - log((double)M),
                                           .ell = node->ell,
                                           .reward = node->sums.reward};
    }
    return PS_OK;
}

ps_status ps_filter_end(ps_filter *p, ps_error *err) {
    bool spent = ps_round_out_of_tokens(&p->m.round, &p->m.params), limited = p->m.params.budget.max_tokens > 0,
         enough = ps_round_answers_wanted(&p->m.round, &p->m.params) == 0;
    bool complete = ps_filter_all_done(p);
    ps_status status = complete || p->n_done == 0 ? keep_answers(p, err) : PS_OK;
    p->passes++;
    p->bound_moved = false;
    p->m.end = spent || enough ? PS_END_BUDGET : PS_END_FINISHED;
    ps_round_begin(&p->m.round);
    bool frozen = p->gibbs && p->m.params.n_particles == 1; /* bound to its own path for ever */
    bool again = frozen || enough ? false
                 : !limited       ? p->gibbs && p->passes < p->m.params.filter.sweeps
                 : p->gibbs       ? !spent
                                  : ps_pace_answers(&p->m.params, &p->m.round.tree) > 0;
    if (status != PS_OK || !again) return status;
    if (p->gibbs) status = ps_filter_draw_reference(p, err);
    ps_filter_start(p);
    return status == PS_OK ? ps_filter_plan(p, err) : status;
}

/* Finished particles of all filters; those of one cut short by the budget among them. */
ps_status ps_filter_answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const ps_filter *p = (const ps_filter *)method;
    size_t finished = 0;
    for (size_t i = 0; i < p->n_done; i++)
        finished += p->done[i].state == PS_FINISHED;
    if (finished == 0) return ps_tree_answers(&p->m.round.tree, list, n, err);
    ps_answer *out = ps_calloc(finished, sizeof *out);
    if (out == NULL) return ps_nomem(err);
    *n = 0;
    for (size_t i = 0; i < p->n_done; i++)
        if (p->done[i].state == PS_FINISHED) out[(*n)++] = p->done[i];
    *list = out;
    return PS_OK;
}

/* log of the mean evidence over the filters: each answer weighs Ẑ·W/M, so their sum over the passes is it. */
static double log_evidence(const ps_filter *p) {
    double sum = -INFINITY;
    for (size_t i = 0; i < p->n_done; i++)
        if (p->done[i].state == PS_FINISHED) {
            double pair[2] = {sum, p->done[i].log_weight};
            sum = ps_log_sum_exp(pair, 2);
        }
    return p->passes > 0 ? sum - log((double)p->passes) : NAN;
}

ps_status ps_filter_report(const ps_method *method, ps_method_report *out, ps_error *err) {
    const ps_filter *p = (const ps_filter *)method;
    ps_status status = ps_round_method_report(method, out, err);
    ps_history_report(&p->history, out);
    out->log_z = p->m.params.filter.logit || p->gibbs ? NAN : log_evidence(p);
    return status;
}
