/* The tables of scores and length priors. */
#include "score/tables.h"

#include <string.h>

static const ps_score_ops *const scores[] = {
#define X(name) &ps_score_##name,
    PS_SCORE_LIST(X)
#undef X
};

static const ps_length_prior_ops *const length_priors[] = {
#define X(name) &ps_length_prior_##name,
    PS_LENGTH_PRIOR_LIST(X)
#undef X
};

const ps_score_ops *const *ps_scores(size_t *n) {
    *n = sizeof scores / sizeof *scores;
    return scores;
}

const ps_length_prior_ops *const *ps_length_priors(size_t *n) {
    *n = sizeof length_priors / sizeof *length_priors;
    return length_priors;
}

const ps_score_ops *ps_score_find(const char *name) {
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        if (strcmp(scores[i]->name, name) == 0) return scores[i];
    return NULL;
}

const ps_length_prior_ops *ps_length_prior_find(const char *name) {
    for (size_t i = 0; i < sizeof length_priors / sizeof *length_priors; i++)
        if (strcmp(length_priors[i]->name, name) == 0) return length_priors[i];
    return NULL;
}
