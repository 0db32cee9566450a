/* A language model small enough to enumerate, and a Persistent Sampling run on it through the pool.
 *
 * Answers are sequences over `vocabulary` tokens with a Markov chain for q; every step ends the answer with probability
 * p_end, and max_depth tokens end it too. Scores follow the prefix: ℓ(child) = 0.8·ℓ(parent) + 0.9·normal. */
#ifndef PERSAMP_TESTS_CORE_TOY_MODEL_H
#define PERSAMP_TESTS_CORE_TOY_MODEL_H

#include "persamp/core.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { TOY_VOCABULARY = 2, TOY_ROWS = TOY_VOCABULARY + 1, TOY_MAX_NODES = 1024 };

typedef struct toy_node {
    uint32_t parent, depth, first_child; /* its children are consecutive: the tokens, then the end */
    size_t token, children;
    double q; /* of the whole prefix */
    double ell;
    bool finished;
} toy_node;

typedef struct toy_model {
    toy_node nodes[TOY_MAX_NODES];
    size_t n, max_depth;
    double p_end, transition[TOY_ROWS][TOY_VOCABULARY];
    double log_z; /* log Σ q·L over finished nodes */
} toy_model;

static inline double toy_child_probability(const toy_model *m, const toy_node *node, size_t child) {
    if (child == TOY_VOCABULARY) return m->p_end;
    return (1 - m->p_end) * m->transition[node->depth == 0 ? TOY_VOCABULARY : node->token][child];
}

static inline void toy_grow(toy_model *m, uint32_t id, uint64_t seed) {
    toy_node *node = &m->nodes[id];
    node->first_child = (uint32_t)m->n;
    node->children = TOY_VOCABULARY + (m->p_end > 0);
    for (size_t c = 0; c < node->children; c++) {
        assert(m->n < TOY_MAX_NODES);
        ps_rng_key key = {seed, 1, m->n, PS_RNG_TEST};
        m->nodes[m->n++] = (toy_node){.parent = id,
                                      .depth = node->depth + 1,
                                      .token = c,
                                      .q = node->q * toy_child_probability(m, node, c),
                                      .ell = 0.8 * node->ell + 0.9 * ps_normal(key, 0),
                                      .finished = c == TOY_VOCABULARY || node->depth + 1 == m->max_depth};
    }
}

static inline void toy_create(toy_model *m, size_t max_depth, double p_end, uint64_t seed) {
    *m = (toy_model){.max_depth = max_depth, .p_end = p_end, .n = 1};
    for (size_t r = 0; r < TOY_ROWS; r++) {
        double sum = 0;
        for (size_t c = 0; c < TOY_VOCABULARY; c++)
            sum += m->transition[r][c] = 0.1 + ps_uniform((ps_rng_key){seed, 0, r, PS_RNG_TEST}, c);
        for (size_t c = 0; c < TOY_VOCABULARY; c++)
            m->transition[r][c] /= sum;
    }
    m->nodes[0] = (toy_node){.q = 1};
    double z = 0;
    for (uint32_t id = 0; id < m->n; id++) { /* breadth first: the list grows while it is walked */
        if (m->nodes[id].finished)
            z += m->nodes[id].q * exp(m->nodes[id].ell);
        else
            toy_grow(m, id, seed);
    }
    m->log_z = log(z);
}

static inline uint32_t toy_step(const toy_model *m, uint32_t id, double u) {
    const toy_node *node = &m->nodes[id];
    for (size_t c = 0; c + 1 < node->children; c++) {
        u -= toy_child_probability(m, node, c);
        if (u < 0) return node->first_child + (uint32_t)c;
    }
    return node->first_child + (uint32_t)node->children - 1;
}

/* ---- A run --------------------------------------------------------------- */

typedef enum toy_policy { TOY_RARE, TOY_ESS, TOY_ALWAYS } toy_policy;

typedef struct toy_run {
    ps_pool_params pool_params;
    const ps_resampler *resampler;
    toy_policy policy; /* RARE: after every fourth iteration; ESS: below half of M */
    size_t M, iterations;
    uint64_t seed;
} toy_run;

typedef struct toy_result {
    double log_z;
    double mass[TOY_MAX_NODES]; /* by node: its answers' share of the answers' weight */
    size_t events, snapshots;
} toy_result;

typedef struct toy_state {
    const toy_model *model;
    const toy_run *run;
    ps_pool *pool;
    uint32_t *node_of; /* by snapshot */
    uint32_t *running; /* snapshots */
    size_t n_running;
    double *W, *uniforms;
    size_t *picks;
} toy_state;

/* Every running particle makes a step. */
static inline void toy_iterate(toy_state *s, size_t t) {
    size_t going = 0;
    for (size_t i = 0; i < s->n_running; i++) {
        uint32_t at = s->running[i], id;
        ps_rng_key key = {s->run->seed, t, i, PS_RNG_TEST};
        uint32_t node = toy_step(s->model, s->node_of[at], ps_uniform(key, 0));
        bool finished = s->model->nodes[node].finished;
        double ell = s->model->nodes[node].ell;
        ps_status status = ps_pool_append(s->pool, at, ell, ell, finished ? PS_FINISHED : PS_OPEN, &id, NULL);
        assert(status == PS_OK);
        (void)status;
        s->node_of[id] = node;
        if (!finished) s->running[going++] = id;
    }
    s->n_running = going;
    ps_status status = ps_pool_advance(s->pool, NULL);
    assert(status == PS_OK);
    (void)status;
}

static inline bool toy_due(const toy_state *s, double beta, size_t t) {
    switch (s->run->policy) {
    case TOY_RARE: return t % 4 == 0;
    case TOY_ESS: return ps_pool_ess(s->pool, beta) < 0.5 * (double)s->run->M || s->n_running < s->run->M / 2;
    case TOY_ALWAYS: break;
    }
    return true;
}

static inline void toy_select(toy_state *s, size_t t) {
    const uint32_t *ids;
    size_t n, picked;
    const double beta = fmin(1, (double)t / (double)(s->run->iterations - 2));
    ps_status status = ps_pool_prepare(s->pool, &ids, &n, NULL);
    assert(status == PS_OK);
    if (!toy_due(s, beta, t)) return;
    status = ps_pool_weights(s->pool, beta, s->W, NULL);
    assert(status == PS_OK);
    size_t n_uniforms = s->run->resampler->uniforms(s->run->M, n, 0);
    ps_uniforms((ps_rng_key){s->run->seed, t, 0, PS_RNG_RESAMPLE}, 0, n_uniforms, s->uniforms);
    ps_resample_input in = {.W = s->W, .n = n, .M = s->run->M, .uniforms = s->uniforms};
    status = s->run->resampler->pick(&in, s->picks, &picked, NULL);
    assert(status == PS_OK);
    for (size_t i = 0; i < picked; i++)
        s->running[i] = ids[s->picks[i]];
    status = ps_pool_launch(s->pool, beta, s->running, picked, NULL);
    assert(status == PS_OK);
    (void)status;
    s->n_running = 0;
    for (size_t i = 0; i < picked; i++) /* balance picks finished snapshots too: they stay where they are */
        if (ps_pool_snapshots(s->pool)[s->running[i]].state == PS_OPEN) s->running[s->n_running++] = s->running[i];
}

static inline void toy_collect(toy_state *s, toy_result *result) {
    uint32_t *ids;
    double *log_weights;
    size_t n;
    ps_status status = ps_pool_answers(s->pool, 1, false, &ids, &log_weights, &n, &result->log_z, NULL);
    assert(status == PS_OK);
    (void)status;
    for (size_t i = 0; i < n; i++)
        result->mass[s->node_of[ids[i]]] += exp(log_weights[i] - result->log_z);
    result->events = ps_pool_events(s->pool);
    result->snapshots = ps_pool_size(s->pool);
    ps_free(ids);
    ps_free(log_weights);
}

/* M particles, launched again at every event; β rises by a schedule that depends on the iteration only. */
static inline void toy_sample(const toy_model *model, const toy_run *run, toy_result *result) {
    const size_t most = run->M * run->iterations + 1, m = run->M;
    toy_state s = {.model = model, .run = run, .n_running = m};
    s.node_of = calloc(most, sizeof *s.node_of);
    s.running = calloc(m, sizeof *s.running);
    s.W = calloc(most, sizeof *s.W);
    s.uniforms = calloc(most, sizeof *s.uniforms);
    s.picks = calloc(m, sizeof *s.picks);
    *result = (toy_result){0};
    ps_status status = ps_pool_create(&run->pool_params, &s.pool, NULL);
    assert(status == PS_OK);
    status = ps_pool_launch(s.pool, 0, s.running, m, NULL);
    assert(status == PS_OK);
    (void)status;
    for (size_t t = 1; t <= run->iterations; t++) {
        toy_iterate(&s, t);
        toy_select(&s, t);
    }
    toy_collect(&s, result);
    ps_pool_free(s.pool);
    free(s.node_of);
    free(s.running);
    free(s.W);
    free(s.uniforms);
    free(s.picks);
}

/* ---- What many runs say -------------------------------------------------- */

typedef struct toy_summary {
    double mean, standard_error; /* of Ẑ/Z over the runs */
    double rms;                  /* √ mean (Ẑ/Z − 1)² */
    double worst_bias;           /* largest |mean share − true share| over the answers */
} toy_summary;

static inline toy_summary toy_repeat(const toy_model *model, toy_run run, size_t runs) {
    static toy_result result;
    static double mass[TOY_MAX_NODES];
    double sum = 0, squares = 0, off = 0;
    for (size_t i = 0; i < model->n; i++)
        mass[i] = 0;
    const uint64_t first = run.seed;
    for (size_t r = 0; r < runs; r++) {
        run.seed = first + r;
        toy_sample(model, &run, &result);
        double ratio = exp(result.log_z - model->log_z);
        sum += ratio;
        squares += ratio * ratio;
        off += (ratio - 1) * (ratio - 1);
        for (size_t i = 0; i < model->n; i++)
            mass[i] += result.mass[i] / (double)runs;
    }
    const double n = (double)runs, mean = sum / n;
    toy_summary summary = {mean, sqrt((squares / n - mean * mean) / (n - 1)), sqrt(off / n), 0};
    for (size_t i = 0; i < model->n; i++)
        if (model->nodes[i].finished) {
            double truth = model->nodes[i].q * exp(model->nodes[i].ell - model->log_z);
            summary.worst_bias = fmax(summary.worst_bias, fabs(mass[i] - truth));
        }
    return summary;
}

#endif
