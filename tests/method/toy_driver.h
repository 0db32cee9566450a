/* Methods on the enumerable model of tests/core/toy_model.h: a step is drawn by the child's number, ℓ is the model's
 * own (as logprob_power at τ = 1 reads it from the steps' differences), q its transition probabilities. */
#ifndef PERSAMP_TESTS_METHOD_TOY_DRIVER_H
#define PERSAMP_TESTS_METHOD_TOY_DRIVER_H

#include "core/toy_model.h"
#include "persamp/method.h"
#include "support/check.h"

typedef struct toy_driver {
    const toy_model *model;
    uint32_t *node_of; /* [capacity] the model's node of each snapshot */
    size_t capacity;
    double *share; /* [model->n] posterior share of each finished node, in the last run */
    double log_z;
} toy_driver;

static inline void toy_driver_clear(toy_driver *d) {
    free(d->node_of);
    free(d->share);
    *d = (toy_driver){0};
}

static inline ps_step_result toy_step_result(toy_driver *d, const ps_work *work, uint64_t seed) {
    const toy_model *m = d->model;
    if (work->child >= d->capacity) {
        d->capacity = 2 * (size_t)work->child + 64;
        d->node_of = realloc(d->node_of, d->capacity * sizeof *d->node_of);
        d->node_of[0] = 0;
    }
    uint32_t parent = d->node_of[work->parent];
    uint32_t node = toy_step(m, parent, ps_uniform((ps_rng_key){seed, 0, work->child, PS_RNG_TOKEN}, 0));
    d->node_of[work->child] = node;
    return (ps_step_result){.child = work->child,
                            .state = m->nodes[node].finished ? PS_FINISHED : PS_OPEN,
                            .n_tokens = 1,
                            .has_logp = true,
                            .has_logq = true,
                            .sum_logp = m->nodes[node].ell - m->nodes[parent].ell,
                            .sum_logq = log(m->nodes[node].q / m->nodes[parent].q),
                            .reward = NAN};
}

/* One run to its end: d->share and d->log_z. */
static inline void toy_drive(toy_driver *d, const char *name, const ps_method_params *params) {
    ps_method *method = NULL;
    ps_method_report report;
    ps_answer *answers = NULL;
    const ps_work *work;
    size_t n;
    check_ok(ps_method_create(ps_method_find(name), params, &method, NULL));
    for (check_ok(ps_method_next(method, &work, &n, NULL)); n > 0; check_ok(ps_method_next(method, &work, &n, NULL))) {
        ps_step_result *results = malloc(n * sizeof *results);
        for (size_t i = 0; i < n; i++)
            results[i] = toy_step_result(d, &work[i], params->seed);
        check_ok(ps_method_absorb(method, results, n, NULL));
        free(results);
    }
    check_ok(ps_method_get_report(method, &report, NULL));
    d->log_z = report.log_z;
    check_ok(ps_method_answers(method, &answers, &n, NULL));
    double *W = check_doubles(n > 0 ? n : 1);
    for (size_t i = 0; i < n; i++)
        W[i] = answers[i].log_weight;
    free(d->share);
    d->share = calloc(d->model->n, sizeof *d->share);
    if (ps_normalise(W, n, W))
        for (size_t i = 0; i < n; i++)
            d->share[d->node_of[answers[i].snapshot]] += W[i];
    free(W);
    ps_free(answers);
    ps_method_free(method);
}

/* The true share of each finished node under q^a · L^b, and log Σ over them. */
static inline double *toy_truth(const toy_model *m, double a, double b, double *log_z) {
    double *share = calloc(m->n, sizeof *share), z = 0;
    for (size_t i = 0; i < m->n; i++)
        if (m->nodes[i].finished) z += share[i] = pow(m->nodes[i].q, a) * exp(b * m->nodes[i].ell);
    for (size_t i = 0; i < m->n; i++)
        share[i] /= z;
    *log_z = log(z);
    return share;
}

#endif
