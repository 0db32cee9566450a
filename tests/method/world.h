/* A tiny deterministic world for methods: what a step brings depends on nothing but the child's number, so results may
 * be handed back in any order. And a driver that checks what every method must keep to. */
#ifndef PERSAMP_TESTS_METHOD_WORLD_H
#define PERSAMP_TESTS_METHOD_WORLD_H

#include "persamp/method.h"
#include "support/check.h"

typedef struct world {
    uint64_t seed;
    double finish, cut;     /* probability that a step finishes the answer, that it fills the context */
    double zero;            /* probability that a step has log-probability −∞ */
    size_t most_tokens;     /* of a step, ≥ 1 */
    uint32_t nan_logp_at;   /* child whose log-probability is NaN; 0: none */
    uint32_t nan_reward_at; /* child whose reward is NaN; 0: none */
    bool no_logp, no_logq;  /* results say that they have no such sum; what stands there is nonsense */
    double a_token;         /* added to the log-probability for each token */
} world;

static const world plain_world = {.seed = 1, .finish = 0.2, .cut = 0.02, .most_tokens = 5};

static inline ps_step_result world_step(const world *w, uint32_t child) {
    ps_rng_key key = {w->seed, 0, child, PS_RNG_TEST};
    double u = ps_uniform(key, 0), tokens = 1 + floor(ps_uniform(key, 1) * (double)w->most_tokens);
    ps_step_result r = {.child = child,
                        .state = u < w->finish            ? PS_FINISHED
                                 : u < w->finish + w->cut ? PS_TRUNCATED
                                                          : PS_OPEN,
                        .n_tokens = (size_t)tokens,
                        .has_logp = !w->no_logp,
                        .has_logq = !w->no_logq,
                        .sum_logp = log(ps_uniform(key, 2)) * tokens / 3 + w->a_token * tokens,
                        .sum_logq = log(ps_uniform(key, 3)),
                        .reward = ps_uniform(key, 4),
                        .step_reward = ps_uniform(key, 8)};
    if (ps_uniform(key, 5) < w->zero) r.sum_logp = -INFINITY;
    if (child == w->nan_logp_at) r.sum_logp = NAN;
    if (w->no_logp) r.sum_logp = 1e300 * ps_uniform(key, 6);
    if (w->no_logq) r.sum_logq = 1e300 * ps_uniform(key, 7);
    if (child == w->nan_reward_at) r.reward = NAN;
    return r;
}

/* What a run did: the parent of each child, and what came of it; iteration boundaries where nothing was under way. */
typedef struct trace {
    uint32_t *parent;    /* [n + 1]; 0 is the root */
    uint32_t *depth;     /* [n + 1] */
    uint32_t *iteration; /* [n + 1] rounds of work before this child's */
    ps_step_result *result;
    bool *delivered;
    size_t n, capacity;
    size_t tokens;
    size_t rounds; /* times work was given with nothing under way */
    size_t widest; /* steps under way at once, at most */
    bool broken;   /* a rule was broken: `rule` says which */
    const char *rule;
} trace;

static inline void trace_clear(trace *t) {
    free(t->parent);
    free(t->depth);
    free(t->iteration);
    free(t->result);
    free(t->delivered);
    *t = (trace){0};
}

static inline void trace_reserve(trace *t, size_t n) {
    if (n < t->capacity) return;
    t->capacity = 2 * n + 64;
    t->parent = realloc(t->parent, t->capacity * sizeof *t->parent);
    t->depth = realloc(t->depth, t->capacity * sizeof *t->depth);
    t->iteration = realloc(t->iteration, t->capacity * sizeof *t->iteration);
    t->result = realloc(t->result, t->capacity * sizeof *t->result);
    t->delivered = realloc(t->delivered, t->capacity * sizeof *t->delivered);
}

static inline void rule(trace *t, bool kept, const char *what) {
    if (!kept && !t->broken) {
        t->broken = true;
        t->rule = what;
    }
}

/* Note the work a method gives: children are new, dense and numbered from 1; parents are known and open. */
static inline void note_work(trace *t, const ps_work *work, size_t n) {
    if (t->n == 0) {
        trace_reserve(t, 1);
        t->parent[0] = t->depth[0] = t->iteration[0] = 0;
        t->delivered[0] = true;
        t->result[0] = (ps_step_result){.state = PS_OPEN};
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t child = work[i].child, parent = work[i].parent;
        rule(t, child == t->n + 1, "children are numbered 1, 2, 3, … in the order they are given out");
        rule(t, parent < child && t->delivered[parent], "a parent's result has been absorbed");
        if (t->broken) return;
        rule(t, t->result[parent].state == PS_OPEN, "only open snapshots are extended");
        t->n++;
        trace_reserve(t, t->n + 1);
        t->parent[child] = parent;
        t->depth[child] = t->depth[parent] + 1;
        t->iteration[child] = (uint32_t)t->rounds;
        t->delivered[child] = false;
    }
}

/* How results come back: all at once in order (0), or shuffled in pieces by this seed. */
static inline ps_status drive(ps_method *method, const world *w, uint64_t shuffle, size_t max_tokens, trace *t,
                              ps_error *err) {
    enum { MOST_STEPS = 200000 };
    uint32_t *pending = NULL;
    size_t n_pending = 0, pending_capacity = 0, turn = 0;
    ps_status status = PS_OK;
    for (;;) {
        const ps_work *work = NULL;
        size_t n = 0;
        status = ps_method_next(method, &work, &n, err);
        if (status != PS_OK) break;
        if (n > 0 && n_pending == 0) {
            rule(t, max_tokens == 0 || t->tokens < max_tokens, "no work is given once the token budget is spent");
            t->rounds++;
        }
        note_work(t, work, n);
        rule(t, t->n < MOST_STEPS, "the method ends");
        if (t->broken) break;
        if (n_pending + n > pending_capacity) {
            pending_capacity = 2 * (n_pending + n);
            pending = realloc(pending, pending_capacity * sizeof *pending);
        }
        for (size_t i = 0; i < n; i++)
            pending[n_pending++] = work[i].child;
        if (n_pending > t->widest) t->widest = n_pending;
        if (n_pending == 0) break;
        ps_step_result results[64];
        size_t k = 0, most = shuffle == 0 ? 64 : 1 + (size_t)(ps_uniform((ps_rng_key){shuffle, 0, turn, 0}, 0) * 7);
        for (; k < most && n_pending > 0; k++) {
            double u = ps_uniform((ps_rng_key){shuffle, 1, turn, 0}, k);
            size_t at = shuffle == 0 ? 0 : (size_t)(u * (double)n_pending);
            uint32_t child = pending[at];
            memmove(&pending[at], &pending[at + 1], (n_pending - at - 1) * sizeof *pending);
            n_pending--;
            results[k] = t->result[child] = world_step(w, child);
            t->delivered[child] = true;
            t->tokens += results[k].n_tokens;
        }
        turn++;
        status = ps_method_absorb(method, results, k, err);
        if (status != PS_OK) break;
    }
    free(pending);
    return status;
}

/* Parameters every method can run with; tests change what they are about. */
static inline ps_method_params method_params(const ps_score_params *score) {
    return (ps_method_params){
        .seed = 1,
        .n_particles = 8,
        .max_steps = 12,
        .score = ps_score_find("logprob_power"),
        .prior = ps_length_prior_find("none"),
        .score_params = score,
        .has_logp = true,
        .has_logq = true,
        .resampler = ps_resampler_find("systematic"),
        .persistent = {.pool = {.weighting = PS_LINEAGE, .depth_decay = 0.02, .max_depth = 12},
                       .temperature = {.mode = PS_ADAPTIVE_ESS,
                                       .beta_max = 1,
                                       .target_ess = 0.5,
                                       .tolerance = 1e-4,
                                       .max_iterations = 50},
                       .policy = PS_POLICY_ESS,
                       .ess_over = PS_ESS_OVER_POOL,
                       .alpha_start = 0.5,
                       .alpha_end = 0.8},
        .completions = {.n_moves = 1, .stop_ess = 1},
        .filter = {.temperature = 1, .policy = PS_POLICY_ALWAYS, .threshold = 0.5, .sweeps = 3},
        .beam = {.width = 2, .expansion = 4, .subtrees = 2},
        .power = {.alpha = 2, .chains = 8, .sweeps = 3},
    };
}

#endif
