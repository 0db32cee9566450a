/* From states to a head that is judged on what it has not seen. Folds are of problems. Of the folds but one, the inner
 * ones choose the strength of L2: fits without two folds serve both as the outer one, so there are ten of them for each
 * strength, and not twenty. */
#include "learn/fit.h"
#include "learn/measure.h"

#include <math.h>
#include <string.h>

static const double strengths[] = {1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001}; /* of L2, the strongest first */
enum { STRENGTHS = sizeof strengths / sizeof *strengths, HIDDEN = 8, LOGISTIC_ROUNDS = 60, NETWORK_ROUNDS = 50 };

typedef struct trainer {
    const ps_design *design;
    uint64_t seed;
    bool (*cancelled)(void *user);
    void *user;
    double inner[PS_FOLDS][STRENGTHS]; /* loss of the other folds, each predicted without it and without this one */
    double *logits;                    /* [n] scratch */
} trainer;

static ps_fit fit_without(const trainer *t, unsigned a, unsigned b, size_t hidden, double l2) {
    ps_fit fit = {.design = t->design,
                  .hidden = hidden,
                  .l2 = l2,
                  .iterations = hidden > 0 ? NETWORK_ROUNDS : LOGISTIC_ROUNDS,
                  .cancelled = t->cancelled,
                  .user = t->user};
    if (a < PS_FOLDS) fit.excluded[a] = true;
    if (b < PS_FOLDS) fit.excluded[b] = true;
    return fit;
}

/* ---- The strength of L2 -------------------------------------------------- */

static ps_status try_pair(trainer *t, unsigned a, unsigned b, ps_error *err) {
    double *parameters = ps_calloc(ps_fit_size(t->design, 0), sizeof *parameters), weight;
    ps_status status = parameters != NULL ? PS_OK : ps_nomem(err);
    for (size_t k = 0; k < STRENGTHS && status == PS_OK; k++) { /* each begins where the stronger one ended */
        const ps_fit fit = fit_without(t, a, b, 0, strengths[k]);
        status = ps_fit_run(&fit, parameters, err);
        if (status != PS_OK) break;
        ps_fit_predict(&fit, parameters, a, t->logits);
        ps_fit_predict(&fit, parameters, b, t->logits);
        t->inner[a][k] += ps_fit_loss(t->design, t->logits, b, &weight) * weight;
        t->inner[b][k] += ps_fit_loss(t->design, t->logits, a, &weight) * weight;
    }
    ps_free(parameters);
    return status;
}

static double best_strength(const double loss[STRENGTHS]) {
    size_t best = 0;
    for (size_t k = 1; k < STRENGTHS; k++)
        if (loss[k] < loss[best]) best = k;
    return strengths[best];
}

/* For the head that is kept: over all outer folds. */
static double overall_strength(const trainer *t) {
    double loss[STRENGTHS] = {0};
    for (size_t f = 0; f < PS_FOLDS; f++)
        for (size_t k = 0; k < STRENGTHS; k++)
            loss[k] += t->inner[f][k];
    return best_strength(loss);
}

/* ---- Both networks ------------------------------------------------------- */

/* A network that says at first what the logistic regression says: relu(v) − relu(−v) = v. The other units begin at
 * random, and with little to say. */
static void begin_network(const ps_design *d, const double *logistic, uint64_t seed, double *network) {
    const double small = 0.1;
    const size_t stride = d->stride;
    double *bias = network + (size_t)HIDDEN * stride, *out = bias + HIDDEN;
    const ps_rng_key key = {seed, 0, 0, PS_RNG_METHOD};
    for (size_t j = 0; j < d->width; j++) {
        network[j] = logistic[j];
        network[stride + j] = -logistic[j];
        for (size_t u = 2; u < HIDDEN; u++)
            network[u * stride + j] = small * ps_normal(key, u * d->width + j) / sqrt((double)d->width);
    }
    bias[0] = logistic[stride];
    bias[1] = -logistic[stride];
    out[0] = 1;
    out[1] = -1;
    for (size_t u = 2; u < HIDDEN; u++)
        out[u] = u % 2 == 0 ? small : -small;
}

/* Both without one fold (PS_FOLDS: of all), and their logits of that fold into [0][] and [1][]. */
static ps_status fit_both(const trainer *t, unsigned without, double l2, double *logistic, double *network,
                          double *const logits[2], ps_error *err) {
    memset(logistic, 0, ps_fit_size(t->design, 0) * sizeof *logistic);
    memset(network, 0, ps_fit_size(t->design, HIDDEN) * sizeof *network);
    const ps_fit one = fit_without(t, without, PS_FOLDS, 0, l2), two = fit_without(t, without, PS_FOLDS, HIDDEN, l2);
    ps_status status = ps_fit_run(&one, logistic, err);
    if (status != PS_OK) return status;
    begin_network(t->design, logistic, t->seed, network);
    status = ps_fit_run(&two, network, err);
    if (status != PS_OK || without == PS_FOLDS) return status;
    ps_fit_predict(&one, logistic, without, logits[0]);
    ps_fit_predict(&two, network, without, logits[1]);
    return PS_OK;
}

/* ---- The head ------------------------------------------------------------ */

void ps_learned_clear(ps_learned *learned) {
    for (int i = 0; i < 2; i++) {
        ps_free(learned->weight[i]);
        ps_free(learned->bias[i]);
    }
    *learned = (ps_learned){0};
}

static ps_status make_layer(ps_learned *out, size_t layer, size_t in, size_t rows, ps_error *err) {
    out->weight[layer] = ps_calloc(rows, in * sizeof(float));
    out->bias[layer] = ps_calloc(rows, sizeof(float));
    if (out->weight[layer] == NULL || out->bias[layer] == NULL) return ps_nomem(err);
    out->layers[layer] = (ps_head_layer){.in = in, .out = rows, .weight = out->weight[layer], .bias = out->bias[layer]};
    out->n_layers = layer + 1;
    return PS_OK;
}

/* The first layer takes states as the model gives them, the last gives calibrated logits: a · logit + b. */
static ps_status write_layers(const ps_design *d, size_t hidden, const double *parameters, double a, double b,
                              ps_learned *out, ps_error *err) {
    const size_t rows = hidden > 0 ? hidden : 1;
    const double *bias = parameters + rows * d->stride, *last = bias + rows, factor = hidden > 0 ? 1 : a;
    ps_status status = make_layer(out, 0, d->width, rows, err);
    if (status == PS_OK && hidden > 0) status = make_layer(out, 1, hidden, 1, err);
    if (status != PS_OK) return status;
    for (size_t u = 0; u < rows; u++) {
        double shift = bias[u];
        for (size_t j = 0; j < d->width; j++) {
            const double w = parameters[u * d->stride + j] * d->scale[j];
            shift -= w * d->mean[j];
            out->weight[0][u * d->width + j] = (float)(factor * w);
        }
        out->bias[0][u] = (float)(factor * shift + (hidden > 0 ? 0 : b));
    }
    for (size_t u = 0; u < hidden; u++)
        out->weight[1][u] = (float)(a * last[u]);
    if (hidden > 0) out->bias[1][0] = (float)(a * last[hidden] + b);
    return PS_OK;
}

/* Probabilities out of fold of the better of the two, and the head of all data by the same recipe. */
static ps_status choose(const trainer *t, const ps_learn_states *states, double *const logits[2], double *logistic,
                        double *network, ps_learned *out, ps_error *err) {
    double a[2] = {1, 1}, b[2] = {0, 0}, loss[2] = {0};
    ps_status status = PS_OK;
    for (int k = 0; k < 2 && status == PS_OK; k++) {
        status = ps_fit_platt(t->design, logits[k], &a[k], &b[k], err);
        for (size_t i = 0; i < t->design->n; i++)
            logits[k][i] = a[k] * logits[k][i] + b[k];
        loss[k] = ps_fit_loss(t->design, logits[k], PS_FOLDS, NULL);
    }
    const int k = loss[1] < loss[0];
    for (size_t i = 0; i < t->design->n; i++)
        t->logits[i] = 1 / (1 + exp(-logits[k][i]));
    out->report.log_loss = loss[k];
    out->report.hidden = k == 1 ? HIDDEN : 0;
    out->report.slope = a[k];
    out->report.l2 = overall_strength(t);
    if (status == PS_OK) status = ps_measure(states, t->design, t->logits, t->seed, &out->report, err);
    if (status == PS_OK) status = fit_both(t, PS_FOLDS, out->report.l2, logistic, network, logits, err);
    if (status != PS_OK) return status;
    return write_layers(t->design, out->report.hidden, k == 1 ? network : logistic, a[k], b[k], out, err);
}

static ps_status train(trainer *t, const ps_learn_states *states, ps_learned *out, ps_error *err) {
    const ps_design *d = t->design;
    double *logits[2] = {ps_calloc(d->n, sizeof(double)), ps_calloc(d->n, sizeof(double))};
    double *logistic = ps_calloc(ps_fit_size(d, 0), sizeof *logistic);
    double *network = ps_calloc(ps_fit_size(d, HIDDEN), sizeof *network);
    t->logits = ps_calloc(d->n, sizeof *t->logits);
    const bool room =
        logits[0] != NULL && logits[1] != NULL && logistic != NULL && network != NULL && t->logits != NULL;
    ps_status status = room ? PS_OK : ps_nomem(err);
    for (unsigned f = 0; f < PS_FOLDS; f++)
        for (unsigned g = f + 1; g < PS_FOLDS && status == PS_OK; g++)
            status = try_pair(t, f, g, err);
    for (unsigned f = 0; f < PS_FOLDS && status == PS_OK; f++)
        status = fit_both(t, f, best_strength(t->inner[f]), logistic, network, logits, err);
    if (status == PS_OK) status = choose(t, states, logits, logistic, network, out, err);
    ps_free(logits[0]);
    ps_free(logits[1]);
    ps_free(logistic);
    ps_free(network);
    ps_free(t->logits);
    return status;
}

static void count(const ps_learn_states *states, ps_learn_report *out) {
    out->answers = states->n_answers;
    out->states = states->n;
    for (size_t i = 0; i < states->n_answers; i++)
        out->problems += i == 0 || states->answers[i].problem != states->answers[i - 1].problem;
}

ps_status ps_learn_fit(const ps_learn_states *states, uint64_t seed, bool (*cancelled)(void *), void *user,
                       ps_learned *learned, ps_error *err) {
    ps_design design;
    ps_learned made = {0};
    const double started = ps_now();
    ps_status status = ps_design_make(states, &design, err);
    trainer t = {.design = &design, .seed = seed, .cancelled = cancelled, .user = user};
    if (status == PS_OK) {
        count(states, &made.report);
        status = train(&t, states, &made, err);
    }
    ps_design_clear(&design);
    made.report.fit_seconds = ps_now() - started;
    if (status == PS_OK)
        *learned = made;
    else
        ps_learned_clear(&made);
    return status;
}

ps_status ps_learn_judge(const ps_learn_report *r, ps_error *why) {
    enum { FEWEST = 30 };
    if (r->mixed < FEWEST)
        return ps_fail(
            why, PS_DOMAIN,
            "%zu of %zu problems have both right and wrong answers, and at least %d are needed to know whether "
            "the head can tell them apart: solve more problems, or draw more answers of each",
            r->mixed, r->problems, (int)FEWEST);
    if (!(r->slope > 0))
        return ps_fail(why, PS_DOMAIN,
                       "on problems that it has not seen, what the head says higher of comes out right no more often: "
                       "it has learned nothing that carries over, and as a score it would be noise. Solve more "
                       "problems, draw more answers of each, or take another model or other steps "
                       "(generation.step_boundary)");
    if (!(r->auc_low > 0.5))
        return ps_fail(
            why, PS_DOMAIN,
            "within a problem the head ranks a right answer above a wrong one in %.1f%% of pairs, and the 95%% "
            "interval, %.1f to %.1f%%, %s: as a score it would be noise. More problems narrow the interval; "
            "other steps (generation.step_boundary) or another model may know more",
            100 * r->auc_within, 100 * r->auc_low, 100 * r->auc_high,
            r->auc_high >= 0.5 ? "contains 50%" : "lies below 50%");
    return PS_OK;
}
