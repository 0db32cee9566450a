/* The table of methods, the rules that hold for all of them, and the thin calls through it. */
#include "method/methods.h"
#include "method/tree.h"

#include <string.h>

static const ps_method_ops *const table[] = {
#define X(name) &ps_method_##name,
    PS_METHOD_LIST(X)
#undef X
};

const ps_method_ops *const *ps_methods(size_t *n) {
    *n = sizeof table / sizeof *table;
    return table;
}

const ps_method_ops *ps_method_find(const char *name) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i]->name, name) == 0) return table[i];
    return NULL;
}

/* One draw and the plain vote choose without a score. */
static bool led_by_score(const ps_method_ops *ops, const ps_method_params *p) {
    return !ops->unscored && !(ops->independent && p->n_particles == 1);
}

/* What is missing, in words: the first of it. */
static const char *name_of(unsigned reads) {
    return (reads & PS_READS_LOGQ) != 0        ? "log-probabilities under the distribution that tokens are drawn from"
           : (reads & PS_READS_ENTROPY) != 0   ? "entropy at each token"
           : (reads & PS_READS_CERTAINTY) != 0 ? "distribution at each token"
                                               : "likeliest alternatives of each token";
}

static ps_status check(const ps_method_ops *ops, const ps_method_params *p, ps_error *err) {
    if (p->n_particles < 1) return ps_fail(err, PS_ARG, "n_particles is %zu, expected at least 1", p->n_particles);
    if (p->max_steps >= PS_NO_STEP_LIMIT)
        return ps_fail(err, PS_ARG, "max_steps is %zu, expected less than %d", p->max_steps, PS_NO_STEP_LIMIT);
    if (p->score == NULL || p->prior == NULL || p->score_params == NULL)
        return ps_fail(err, PS_ARG, "a method needs a score, a length prior and their parameters");
    if (p->score->needs_reward && !p->has_reward)
        return ps_fail(err, PS_ARG, "scoring.type %s needs a process reward model: set models.prm.enabled to true",
                       p->score->name);
    if (led_by_score(ops, p) && ps_score_needs_logp(p->score, p->score_params) && !p->has_logp)
        return ps_fail(err, PS_ARG,
                       "scoring.type %s needs the log-probabilities of tokens, which this engine does not report: set "
                       "scoring.type to prm_reward with models.prm.enabled, method to majority, or use another engine",
                       p->score->name);
    if (led_by_score(ops, p) && ps_unread(p) != 0)
        return ps_fail(err, PS_ARG,
                       "scoring.type %s needs the %s, which this engine does not report: choose another scoring.type, "
                       "set method to majority, or use another engine",
                       p->score->name, name_of(ps_unread(p)));
    return PS_OK;
}

ps_status ps_method_create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                           ps_error *err) {
    ps_status status = check(ops, params, err);
    ps_method_params own = *params;
    if (ops->whole || own.max_steps == 0) own.max_steps = PS_NO_STEP_LIMIT;
    if (own.schedule_steps == 0) own.schedule_steps = own.max_steps;
    if (own.max_answer_tokens == 0) own.max_answer_tokens = PS_MOST_ANSWER_TOKENS;
    return status != PS_OK ? status : ops->create(ops, &own, method, err);
}

size_t ps_method_lines(const ps_method_ops *ops, const ps_method_params *params) {
    return ops->lines != NULL ? ops->lines(params) : params->n_particles;
}

void ps_method_free(ps_method *method) {
    if (method != NULL) method->ops->destroy(method);
}

ps_status ps_method_next(ps_method *method, const ps_work **work, size_t *n, ps_error *err) {
    return method->ops->next(method, work, n, err);
}

ps_status ps_method_absorb(ps_method *method, const ps_step_result *results, size_t n, ps_error *err) {
    return method->ops->absorb(method, results, n, err);
}

ps_status ps_method_answers(const ps_method *method, ps_answer **answers, size_t *n, ps_error *err) {
    return method->ops->answers(method, answers, n, err);
}

ps_status ps_method_get_report(const ps_method *method, ps_method_report *report, ps_error *err) {
    return method->ops->report(method, report, err);
}
