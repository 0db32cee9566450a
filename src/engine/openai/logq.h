/* The log-probability of a token under the distribution that it was drawn from, out of the raw log-probabilities of it
 * and of the K likeliest. A server truncates in vLLM's order: temperature, then top_k, then top_p (the smallest set of
 * the likeliest whose mass reaches it). What lies beyond the K-th is known within bounds only. */
#ifndef PERSAMP_ENGINE_OPENAI_LOGQ_H
#define PERSAMP_ENGINE_OPENAI_LOGQ_H

#include "persamp/engine.h"

/* Whether it needs the likeliest beside the drawn token: not where all is kept at temperature 1, nor greedy. */
bool ps_remote_logq_needs_top(const ps_generation *generation);

typedef struct ps_remote_logq {
    double logq;  /* nats, ≤ 0: the middle of what it may be */
    double bound; /* nats, ≥ 0: it is off by at most this; 0: exact; INFINITY: nothing is known of the rest */
} ps_remote_logq;

/* token, logp: the drawn one. top_tokens[0..n_top), top_logp: the likeliest, in any order, the drawn one among them or
 * not; entries of token −1 are unused. vocabulary: tokens there are, 0: not known. O(n_top²), n_top at most 128. */
ps_remote_logq ps_remote_logq_of(const ps_generation *generation, ps_token token, double logp,
                                 const ps_token *top_tokens, const double *top_logp, size_t n_top, size_t vocabulary);

#endif
