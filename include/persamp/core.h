/* persamp/core.h: the mathematics of Persistent Sampling. No I/O, no clock, no model, no hidden random numbers.
 *
 * Symbols as in docs/algorithm.md: ℓ is the log-score of a snapshot, β an inverse temperature, W normalised weights
 * (they sum to one), log w unnormalised log-weights, e an event, a the depth a particle was launched from, d a depth.
 * Logs are natural (nats), everything is float64. −∞ is a legal log-weight and a legal ℓ (weight zero); NaN is not.
 * Equation numbers are those of Karamanis & Seljak, arXiv 2407.20722. */
#ifndef PERSAMP_CORE_H
#define PERSAMP_CORE_H

#include "persamp/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Log-weights --------------------------------------------------------- */

/* log Σ exp(x_i); −∞ for n = 0 or all −∞. O(n). */
PS_API double ps_log_sum_exp(const double *x, size_t n);

/* Effective sample size 1/ΣW_i² (eq. 17) of unnormalised log-weights: in [1, n], 0 when all are −∞. O(n). */
PS_API double ps_ess(const double *log_w, size_t n);

/* W_i = exp(log_w_i − LSE); false (and W untouched) when all are −∞. W may alias log_w. O(n). */
PS_API bool ps_normalise(const double *log_w, size_t n, double *W);

/* One selection event as the classic weights see it. */
typedef struct ps_balance_event {
    double beta;  /* β_e */
    double log_z; /* log Ẑ_e */
    size_t count; /* N_e: snapshots made by the event's particles; 0 is allowed and contributes nothing */
} ps_balance_event;

/* The mixture of eq. 15 that all βs share: log_mix_i = LSE_e[log(N_e/N) + β_e·ℓ_i − log Ẑ_e], N = ΣN_e.
 * O(n · n_events), vectorised, allocates nothing. β·ℓ is 0 at β = 0, also for ℓ = −∞. */
PS_API void ps_balance_log_mixture(const double *ell, size_t n, const ps_balance_event *events, size_t n_events,
                                   double *log_mix);

/* log_w_i = β·ℓ_i − log_mix_i (eq. 15); −∞ for ℓ_i = −∞ at β > 0. O(n). */
PS_API void ps_log_weights(const double *ell, const double *log_mix, size_t n, double beta, double *log_w);

/* ESS(β) of those weights without storing them. O(n), vectorised: the bisection's inner loop. */
PS_API double ps_ess_at(const double *ell, const double *log_mix, size_t n, double beta);

/* ---- Temperature --------------------------------------------------------- */

typedef enum ps_temperature_mode { PS_ADAPTIVE_ESS, PS_FIXED_LINEAR, PS_FIXED_COSINE } ps_temperature_mode;
typedef struct ps_temperature {
    ps_temperature_mode mode;
    double beta_min, beta_max; /* 0 ≤ beta_min ≤ beta_max */
    double target_ess;         /* in units of M; above 1 is legal for weights over a pool */
    double tolerance;          /* of the bisection, relative to what β has gained; 0: to the last bit */
    int max_iterations;        /* of the bisection; 0: no limit */
    bool monotone;             /* β never falls below the previous event's (classic; required in mode completions) */
} ps_temperature;

/* ESS at a temperature; `context` is the caller's. */
typedef double (*ps_ess_function)(void *context, double beta);

/* A β in [lo, hi] with ESS(β) ≥ target: `lo` when ESS(lo) ≤ target, `hi` when ESS(hi) ≥ target, else the lower end of
 * a bracket of a crossing found by bisection (ESS(mid) ≥ target → lo = mid). ESS need not be monotone. The bracket is
 * at most tolerance·(result − lo) wide: relative to the step, so that steps of any size are found. */
PS_API double ps_solve_beta(ps_ess_function ess, void *context, double lo, double hi, double target, double tolerance,
                            int max_iterations);

/* β of the schedule after `step` of `max_steps` steps. Adaptive: searched from beta_min, or from `previous`, the last
 * event's β, when monotone; M is the particle count. The fixed modes use neither and may be given a NULL ess. */
PS_API double ps_temperature_beta(const ps_temperature *t, ps_ess_function ess, void *context, double previous,
                                  size_t M, size_t step, size_t max_steps);

/* Threshold α_t of the ESS below which an event happens, linear from `start` to `end` over
 * max_steps (equal: constant). */
PS_API double ps_alpha_threshold(double start, double end, size_t step, size_t max_steps);

/* ---- Resampling ---------------------------------------------------------- */

/* Pure: M picks from W[0..n) with the uniforms given, into picks[0..M). Never picks a zero weight, also where the float
 * sum of W falls short of 1. *picked is M but for topN, which takes nothing twice: at most as many as there are weights
 * above zero, in order of weight. Errors: PS_ARG when n or M is 0, PS_DOMAIN when a weight is negative or NaN or all
 * are zero, PS_NOMEM. O(n + M), multinomial and residual O(n + M·log n), topN O(n·log n) and with distinct lineages
 * O(n·M·depth) at worst. */
typedef struct ps_resample_input {
    const double *W; /* [n], Σ = 1 */
    size_t n, M;
    const double *uniforms; /* [ps_resampler.uniforms(M, n, subpools)] in (0, 1) */
    size_t subpools;        /* topN: k random subsets, the best of each in turn (arXiv 2605.25143); 0 or 1: the whole */
    const uint32_t *id_of;  /* topN: candidate i's number in the pool; ties go to the older. NULL: i itself */
    const uint32_t *parent_of; /* topN: with id_of; no pick is then an ancestor of another (the root, 0, is everyone's):
                                  the ancestors of id are parent_of[id] and so on up to 0. NULL: lineages may repeat */
} ps_resample_input;
typedef struct ps_resampler {
    const char *name;
    const char *doc;
    size_t (*uniforms)(size_t M, size_t n, size_t subpools); /* how many are consumed */
    ps_status (*pick)(const ps_resample_input *in, size_t *picks, size_t *picked, ps_error *err);
} ps_resampler;
PS_API const ps_resampler *ps_resampler_find(const char *name); /* NULL when unknown */
PS_API const ps_resampler *const *ps_resamplers(size_t *n);     /* the table: multinomial, systematic, … */

/* The index systematic resampling takes for each sorted query in [0, 1): the first whose cumulative W exceeds it. */
PS_API void ps_inverse_cdf(const double *W, size_t n, const double *sorted_queries, size_t m, size_t *picks);

/* ---- Pool of snapshots and its selection events -------------------------- */

/* A pool belongs to one problem. Snapshot 0 is the root (depth 0, ℓ = 0, open); others are numbered in the order they
 * are appended. The life of a pool:
 *     create → launch M at the root (event 0) → { append a snapshot for each running particle; advance;
 *     prepare; temperature; maybe weights, resample, launch } … → answers. */
typedef struct ps_pool ps_pool;

typedef enum ps_snapshot_state {
    PS_OPEN,     /* can be extended */
    PS_FINISHED, /* an answer: absorbing */
    PS_TRUNCATED /* stopped by max_steps or a full context: absorbing, an answer only if one can be extracted */
} ps_snapshot_state;

typedef enum ps_weighting {
    PS_LINEAGE, /* ours: each prefix against the density it was really proposed with; consistent for growing prefixes */
    PS_BALANCE  /* classic, eqs 13–16: as if all snapshots lived in one space; exact for whole answers */
} ps_weighting;

typedef enum ps_prune { PS_PRUNE_OLDEST, PS_PRUNE_LOWEST_SCORE } ps_prune;

/* The three depth_… belong to lineage: they share the particles of a selection among the depths of the pool,
 *     log ρ(d) = (d* − d)·log(depth_decay) + depth_tilt·(h(d) − h(d*)) + depth_retreat·(g(d) − g(d*))
 * with d* the deepest depth that can be selected from (docs/algorithm.md). h and g compare depths by the snapshots'
 * merits R, never by their scores L: a score may fall with every token, and deeper prefixes would always look worse. */
typedef struct ps_pool_params {
    ps_weighting weighting;
    double depth_decay; /* in [0, 1]: each step back from d* has this share of the step before it; 0: never back */
    double depth_tilt;  /* ≥ 0: weight of h(d), the log of the mean R of the depth's open snapshots */
    double depth_retreat; /* ≥ 0: weight of g(d), the log of the mean value of what a selection at β takes of the depth.
                             A prefix's value is the mean of its own R and its children's values: it falls when the
                             continuations turn out badly, and the search goes back */
    size_t max_depth;     /* max_steps: a snapshot there is absorbing */
    size_t max_size;      /* open snapshots that stay selectable; 0: all. More stay where particles stand on them */
    ps_prune prune;
} ps_pool_params;

typedef struct ps_snapshot {
    uint32_t parent;       /* its prefix one step shorter */
    uint32_t depth;        /* steps from the root */
    uint32_t event;        /* that launched its line last */
    uint32_t launch_depth; /* the depth it was launched from */
    double ell;            /* log L(prefix) */
    double merit;          /* log R(prefix): what depth_tilt and depth_retreat compare depths by */
    ps_snapshot_state state;
    bool pruned;  /* can no longer be selected; its numbers stay in the sums */
    bool passage; /* grown by a move (ps_pool_append_passage): in the tree, but in no sum and never selected */
} ps_snapshot;

PS_API ps_status ps_pool_create(const ps_pool_params *params, ps_pool **pool, ps_error *err);
PS_API void ps_pool_free(ps_pool *pool);

PS_API size_t ps_pool_size(const ps_pool *pool);                  /* snapshots, root not counted */
PS_API const ps_snapshot *ps_pool_snapshots(const ps_pool *pool); /* [size + 1]; valid until the next append */
PS_API size_t ps_pool_events(const ps_pool *pool);                /* launches so far */
PS_API double ps_pool_event_beta(const ps_pool *pool, size_t event);
/* log Ẑ_e at launch depth a (lineage; NaN where the event launched nothing from a) or of the event (balance). For
 * tests: O(launches). */
PS_API double ps_pool_event_log_z(const ps_pool *pool, size_t event, size_t launch_depth);
/* N(e,a,d) (lineage): particles event e launched from depth a that are counted at depth d. 0 where there are none. */
PS_API size_t ps_pool_launched(const ps_pool *pool, size_t event, size_t launch_depth, size_t depth);

/* Launch m particles from the snapshots picks[0..m): a new event at temperature `beta`. The first one must be at the
 * root with β = 0. Later ones need ps_pool_prepare since the last append or advance, and picks of weight above zero
 * (else PS_ARG). Particles still running are stopped: their snapshots stay. Finished picks (balance only) launch
 * nothing that can grow. O(size + m) at most, for log Ẑ at the new β. */
PS_API ps_status ps_pool_launch(ps_pool *pool, double beta, const uint32_t *picks, size_t m, ps_error *err);

/* lineage: append a snapshot that a move grew, between a selection and its launch. A move replaces a pick by another
 * draw of the same law, q·L^β over the open prefixes of the pick's depth. The tree keeps what the move grew, because
 * the scores of all ancestors have to be known. But it was not drawn from the mixture: it has no weight, and later
 * selections cannot pick it. The launch that follows may launch from an open one, in place of the pick. Weights and
 * log Ẑ do not change; the pool stays prepared. PS_ARG: weights balance, or the pool is not prepared. Amortised O(1).
 */
PS_API ps_status ps_pool_append_passage(ps_pool *pool, uint32_t parent, double ell, double merit,
                                        ps_snapshot_state state, uint32_t *id, ps_error *err);

/* Append the snapshot a running particle of the last event made by one step from `parent`, with its score ℓ and its
 * merit, the log of a number that says how good the prefix is whatever its length: a reward model's γ·f(r) is one, a
 * sum of log-probabilities is none. The merit is read with depth_tilt or depth_retreat in lineage, and only there. NaN
 * or +∞ in ℓ, or in a merit that is read, is PS_DOMAIN; a parent where no particle runs is PS_ARG, but in balance any
 * parent is right: whole answers go under the root. A snapshot at max_depth that is open is made PS_TRUNCATED. *id is
 * its number. Amortised O(1). */
PS_API ps_status ps_pool_append(ps_pool *pool, uint32_t parent, double ell, double merit, ps_snapshot_state state,
                                uint32_t *id, ps_error *err);

/* Every running particle has made its step: one iteration is over. Particles that finished on the way still count in
 * N(e,a,d). Prunes down to max_size, except snapshots that particles stand on: O(max_size) for it, and a sort by
 * lowest_score. */
PS_API ps_status ps_pool_advance(ps_pool *pool, ps_error *err);

/* Compute what does not depend on β: the mixtures, the candidates. *n candidates; their ids in *ids, in order of depth,
 * then age (lineage: the root first; balance: by age). Valid until the next append/advance. Only what is new since the
 * last call is computed. lineage: for the depths that changed, O(snapshots · new launches), of large depths
 * O(candidates · new launches) where an event follows each step, and O(all launches) for each new snapshot. balance:
 * O(size) for what the last event made, and O(events) for each new snapshot. PS_ARG between an append and the advance
 * that ends its iteration. */
PS_API ps_status ps_pool_prepare(ps_pool *pool, const uint32_t **ids, size_t *n, ps_error *err);

/* From now on only prefixes of depths from `shallowest` to `deepest` can be selected. `shallowest` is for searches that
 * cannot afford to go far back; `deepest` for particles that begin again at the root while the pool holds deep prefixes
 * of earlier ones. lineage: d* is the deepest open depth among them; where none is open the root gets all. balance: the
 * next ps_pool_prepare leaves the open snapshots of other depths out; finished ones, which nothing is grown from, stay.
 * Default: 0 to SIZE_MAX. O(1). */
PS_API void ps_pool_set_window(ps_pool *pool, size_t shallowest, size_t deepest);

/* ESS of the candidates' weights at β (NaN when not prepared), and their W ([n], Σ = 1; PS_DOMAIN if all are zero).
 * Need ps_pool_prepare. O(candidates). */
PS_API double ps_pool_ess(ps_pool *pool, double beta);
PS_API ps_status ps_pool_weights(ps_pool *pool, double beta, double *W, ps_error *err);

/* ESS of the weights at β that the snapshots ids[0..n) have among each other, each named once: in [1, n], 0 when all
 * are zero, NaN when not prepared. Needs ps_pool_prepare. O(n), and lineage O(candidates) for each run of neighbours in
 * `ids` that have one depth. */
PS_API double ps_pool_ess_of(ps_pool *pool, double beta, const uint32_t *ids, size_t n);

/* lineage: make a selection of n complete the earlier ones from `depth`, instead of being independent of them. Those
 * took K_i steps from snapshot i; by their densities they should have taken E_i. W_i becomes ∝ max(0, E_i + n·W_i −
 * K_i) within the depth, whose share stays. So the selection passes over what was continued already and takes what came
 * since or was left out: all of them together are one selection from the whole depth, as if by systematic resampling.
 * W (from ps_pool_weights) does not change where nothing was continued. Consistent as W is (docs/algorithm.md).
 * O(candidates of the depth · launches counted below it · depth). */
PS_API void ps_pool_complete(const ps_pool *pool, size_t depth, size_t n, double *W);

/* log Ẑ(β, d) (lineage) of depth d, −∞ if no open snapshot is there; log Ẑ(β) (balance; d is ignored). Pruned snapshots
 * are in it. NaN when not prepared. */
PS_API double ps_pool_log_z(ps_pool *pool, double beta, size_t depth);

/* The finished snapshots and the log of their final weights at β_max: lineage (1/M_d)·exp(β_max·ℓ − log m), balance
 * w/N. Both arrays [*n] are allocated, owned by the caller (ps_free). With `truncated`, those too. In order of depth,
 * then age. *log_z is their LSE: the estimate of log E_q[L^β_max; finished]. PS_ARG between an append and the advance
 * that ends its iteration. */
PS_API ps_status ps_pool_answers(ps_pool *pool, double beta_max, bool truncated, uint32_t **ids, double **log_weights,
                                 size_t *n, double *log_z, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
