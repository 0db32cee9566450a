/* persamp/choices.h: what a configuration chooses by name and a table of functions carries out. The entry of a name is
 * a constant of that name in a file of its own: ps_score_logprob_avg in src/score/score_logprob_avg.c. From its line
 * here follow the choices of the schema, the declaration and the place in the table. docs/adding.md tells the rest.
 *
 * A leaf: the schema, which knows no score and no method, and the rooms that have them, which know no schema, both
 * include it. The order is that of the tables and of the documentation. */
#ifndef PERSAMP_CHOICES_H
#define PERSAMP_CHOICES_H

/* scoring.type: ps_score_NAME; those that read a process reward model's probability stand in a list of their own. */
#define PS_SCORE_LIST(X)       X(logprob_power) X(logprob_avg) PS_TOKEN_SCORE_LIST(X) PS_PRM_SCORE_LIST(X)
#define PS_TOKEN_SCORE_LIST(X) X(power) X(self_certainty) X(deepconf) X(entropy)
#define PS_PRM_SCORE_LIST(X)   X(prm_reward) X(hybrid_prm_logprob)

/* scoring.length_prior.type: ps_length_prior_NAME. */
#define PS_LENGTH_PRIOR_LIST(X) X(none) X(poisson) X(geometric) X(lognormal) X(linear_penalty)

/* ps.resample.method: ps_resampler_NAME. */
#define PS_RESAMPLER_LIST(X) X(topN) X(systematic) X(multinomial) X(stratified) X(residual)

/* method: ps_method_NAME. */
#define PS_METHOD_LIST(X)                                                                                              \
    X(persistent)                                                                                                      \
    X(greedy)                                                                                                          \
    X(best_of_n)                                                                                                       \
    X(majority)                                                                                                        \
    X(weighted_majority)                                                                                               \
    X(beam)                                                                                                            \
    X(dvts)                                                                                                            \
    X(particle_filter)                                                                                                 \
    X(particle_gibbs)                                                                                                  \
    X(power_mcmc)

/* The names of a list as one string constant: "none|poisson|…". */
#define PS_CHOICES(LIST)   (&(LIST(PS_CHOICE_OF))[1])
#define PS_CHOICE_OF(name) "|" #name

#endif
