#include "tune/sampler.h"
#include "tune/parzen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Draws of a trial: a stream for each attempt. */
static ps_rng_key key_of(uint64_t seed, uint64_t trial, uint64_t attempt) {
    return (ps_rng_key){.seed = seed, .problem = trial, .id = attempt, .purpose = PS_RNG_METHOD};
}

void ps_sample_random(const ps_space *space, uint64_t seed, uint64_t trial, uint64_t attempt, double *x) {
    for (size_t d = 0; d < space->n; d++) {
        const ps_dim *dim = &space->dims[d];
        double u = ps_uniform(key_of(seed, trial, attempt), d);
        if (dim->kind == PS_DIM_CHOICES) {
            x[d] = fmin(floor(u * (double)dim->n_choices), (double)dim->n_choices - 1);
            continue;
        }
        double low = dim->low - dim->step / 2, high = dim->high + dim->step / 2;
        x[d] = ps_dim_round(dim, dim->log ? exp(log(low) + u * (log(high) - log(low))) : low + u * (high - low));
    }
}

/* ---- The Parzen estimator ------------------------------------------------ */

typedef struct ranked {
    const ps_seen *seen;
    size_t at; /* in order of trial */
} ranked;

/* Complete ones by loss, then pruned ones, those that came further first, then what runs. */
static int by_merit(const void *a, const void *b) {
    static const int order[PS_TRIAL_STATES] = {[PS_TRIAL_COMPLETE] = 0, [PS_TRIAL_PRUNED] = 1, [PS_TRIAL_RUNNING] = 2};
    const ranked *x = a, *y = b;
    int difference = order[x->seen->state] - order[y->seen->state];
    if (difference == 0 && x->seen->state == PS_TRIAL_PRUNED)
        difference = (x->seen->reached < y->seen->reached) - (x->seen->reached > y->seen->reached);
    if (difference == 0 && x->seen->state != PS_TRIAL_RUNNING)
        difference = (x->seen->loss > y->seen->loss) - (x->seen->loss < y->seen->loss);
    return difference != 0 ? difference : (x->at > y->at) - (x->at < y->at);
}

static int by_age(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static ps_status estimate(const ps_space *space, ranked *trials, size_t n, ps_parzen **out, ps_error *err) {
    const double **points = ps_calloc(n > 0 ? n : 1, sizeof *points);
    if (points == NULL) return ps_nomem(err);
    qsort(trials, n, sizeof *trials, by_age);
    for (size_t i = 0; i < n; i++)
        points[i] = trials[i].seen->x;
    ps_status status = ps_parzen_create(space, points, n, out, err);
    ps_free(points);
    return status;
}

/* Of the draws from the good density the one where it is largest against the other. */
static ps_status choose(const ps_space *space, const ps_parzen *good, const ps_parzen *other, ps_rng_key key, double *x,
                        ps_error *err) {
    double *u = ps_calloc(1 + 2 * space->n, sizeof *u), best = -INFINITY;
    if (u == NULL) return ps_nomem(err);
    double *candidate = u + 1 + space->n;
    for (size_t i = 0; i < PS_TPE_CANDIDATES; i++) {
        ps_uniforms(key, i * (1 + space->n), 1 + space->n, u);
        ps_parzen_draw(good, u, candidate);
        double ratio = ps_parzen_log(good, candidate) - ps_parzen_log(other, candidate);
        if (i > 0 && ratio <= best) continue;
        best = ratio;
        memcpy(x, candidate, space->n * sizeof *x);
    }
    ps_free(u);
    return PS_OK;
}

ps_status ps_sample_tpe(const ps_space *space, const ps_seen *seen, size_t n, uint64_t seed, uint64_t trial,
                        uint64_t attempt, double *x, ps_error *err) {
    size_t over = 0;
    for (size_t i = 0; i < n; i++)
        over += seen[i].state != PS_TRIAL_RUNNING;
    if (over < PS_TPE_STARTUP) {
        ps_sample_random(space, seed, trial, attempt, x);
        return PS_OK;
    }
    ranked *trials = ps_calloc(n, sizeof *trials);
    if (trials == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        trials[i] = (ranked){&seen[i], i};
    qsort(trials, n, sizeof *trials, by_merit);
    size_t best = (over + 9) / 10 < 25 ? (over + 9) / 10 : 25;
    ps_parzen *good = NULL, *other = NULL;
    ps_status status = estimate(space, trials, best, &good, err);
    if (status == PS_OK) status = estimate(space, trials + best, n - best, &other, err);
    if (status == PS_OK) status = choose(space, good, other, key_of(seed, trial, attempt), x, err);
    ps_parzen_free(good);
    ps_parzen_free(other);
    ps_free(trials);
    return status;
}
