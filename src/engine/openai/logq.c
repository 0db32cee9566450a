/* Sums over the likeliest tokens, and bounds for the others.
 *
 * In units of exp(ℓ/T), with S the sum over the known and R at least that of the rest, the kept mass Z lies between two
 * numbers. For T ≤ 1 a token beyond the K-th has exp(ℓ/T) ≤ exp(ℓ)·exp(ℓ_K(1/T − 1)), so R = exp(ℓ_K(1/T − 1))·(1 − Σ
 * exp ℓ). For any T each of them has at most exp(ℓ_K/T), and there are as many as top_k or the vocabulary leave. */
#include "engine/openai/logq.h"

#include <math.h>

enum { MOST_TOP = 128 };

bool ps_remote_logq_needs_top(const ps_generation *g) {
    return g->temperature > 0 && !(g->temperature == 1 && g->top_p >= 1 && g->top_k == 0);
}

/* What is known of the distribution, the likeliest first. */
typedef struct known {
    double logp[MOST_TOP + 1];
    size_t n, drawn;  /* drawn: its place */
    bool drawn_is_in; /* the likeliest; else it comes last, and there may be others between them */
} known;

static void insert(known *k, double logp, bool drawn) {
    size_t at = k->n++;
    for (; at > 0 && k->logp[at - 1] < logp; at--)
        k->logp[at] = k->logp[at - 1];
    k->logp[at] = logp;
    if (drawn)
        k->drawn = at;
    else if (k->drawn_is_in && at <= k->drawn)
        k->drawn++;
}

static known gather(ps_token token, double logp, const ps_token *top_tokens, const double *top_logp, size_t n_top) {
    known k = {0};
    for (size_t i = 0; i < n_top && k.n < MOST_TOP; i++) {
        if (top_tokens[i] < 0) continue;
        const bool drawn = top_tokens[i] == token;
        insert(&k, top_logp[i], drawn);
        k.drawn_is_in = k.drawn_is_in || drawn;
    }
    if (k.drawn_is_in) return k;
    k.logp[k.n] = logp;
    k.drawn = k.n++;
    return k;
}

/* Of the tokens that are not known: the most that they may sum to. most: how many there are at most. */
static double rest_of(const known *k, double T, double lowest, double most) {
    double seen = 0;
    for (size_t i = 0; i < k->n; i++)
        seen += exp(k->logp[i]);
    const double left = seen < 1 ? 1 - seen : 0;
    const double by_mass = T <= 1 ? exp(lowest * (1 / T - 1)) * left : INFINITY;
    const double by_number = most > 0 ? most * exp(lowest / T) : 0;
    return left <= 0 ? 0 : fmin(by_mass, by_number);
}

/* Bounds of the kept mass. */
typedef struct range {
    double low, high;
} range;

/* The sum of the likeliest until it reaches `mass`, of those that are known; *reached: it does. */
static double sum_until(const double *x, size_t n, double mass, bool *reached) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        if (sum >= mass * (1 - 1e-12)) {
            *reached = true;
            return sum;
        }
    }
    *reached = false;
    return sum;
}

/* Of n known, in units of exp(ℓ/T), and at most `rest` beyond them: what top_p keeps. */
static range kept_by_top_p(const double *x, size_t n, double rest, double top_p) {
    double all = 0;
    bool low_known, high_known;
    for (size_t i = 0; i < n; i++)
        all += x[i];
    if (top_p >= 1) return (range){all, all + rest};
    const double low = sum_until(x, n, top_p * all, &low_known);
    const double high = sum_until(x, n, top_p * (all + rest), &high_known);
    if (high_known) return (range){low, high};
    /* It ends among those that are not known, each of them at most as likely as the last. */
    return (range){low, fmin(all + rest, top_p * (all + rest) + (n > 0 ? x[n - 1] : 0))};
}

ps_remote_logq ps_remote_logq_of(const ps_generation *g, ps_token token, double logp, const ps_token *top_tokens,
                                 const double *top_logp, size_t n_top, size_t vocabulary) {
    if (g->temperature <= 0) return (ps_remote_logq){0, 0};
    if (!ps_remote_logq_needs_top(g)) return (ps_remote_logq){logp, 0};
    const known k = gather(token, logp, top_tokens, top_logp, n_top);
    const size_t listed = k.drawn_is_in ? k.n : k.n - 1, top_k = (size_t)g->top_k;
    double x[MOST_TOP + 1] = {0}, rest = 0;
    for (size_t i = 0; i < k.n; i++)
        x[i] = exp((k.logp[i] - k.logp[0]) / g->temperature);
    size_t n = k.n;
    if (top_k > 0 && top_k <= listed) {
        n = top_k > k.drawn ? top_k : k.drawn + 1; /* of equals at its end the server may have kept another */
    } else {
        const double most = top_k > 0        ? (double)(top_k - listed)
                            : vocabulary > 0 ? (double)vocabulary - (double)k.n
                                             : INFINITY;
        const double lowest = listed > 0 ? k.logp[listed - 1] : 0;
        rest = rest_of(&k, g->temperature, lowest, most) * exp(-k.logp[0] / g->temperature);
    }
    range z = kept_by_top_p(x, n, rest, g->top_p);
    double up_to_drawn = 0;
    for (size_t i = 0; i <= k.drawn; i++)
        up_to_drawn += x[i];
    z.low = fmax(z.low, up_to_drawn); /* it was kept, and what is likelier with it */
    z.high = fmax(z.high, z.low);
    const double low = log(x[k.drawn]) - log(z.high), high = log(x[k.drawn]) - log(z.low);
    if (isinf(z.high)) return (ps_remote_logq){fmin(high, 0), INFINITY};
    const double middle = z.high > z.low ? (low + high) / 2 : high;
    return (ps_remote_logq){fmin(middle, 0), z.high > z.low ? (high - low) / 2 : 0};
}
