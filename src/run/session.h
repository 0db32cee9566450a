/* What every problem of a run shares: models, the method and its parameters, how tokens are drawn, how answers are
 * judged. Derived once from a configuration; read-only afterwards. */
#ifndef PERSAMP_RUN_SESSION_H
#define PERSAMP_RUN_SESSION_H

#include "persamp/run.h"

typedef struct ps_session {
    const ps_config *config;
    ps_engine *engine;
    ps_prm *prm; /* NULL without one */
    const ps_method_ops *method;
    const char *name;        /* of the arm: the method's, or "sample" */
    ps_method_params params; /* problem is filled in for each task */
    ps_score_params score_params;
    ps_generation generation;
    const char **stops; /* owned: generation.stops without the step boundaries among them */
    ps_verify_options verify;
    ps_select select;
    bool stop_at_boxed, keep_particles;
    bool keep_logprobs; /* with the particles: the tokens of each step and their log-probabilities */
    double max_seconds; /* of one problem; 0: no limit */
} ps_session;

/* `arm`: NULL for the configured method, else "greedy", "sample" or a method's name. */
ps_status ps_session_init(ps_session *session, const ps_config *config, ps_models *models, const char *arm,
                          ps_error *err);
void ps_session_clear(ps_session *session);

/* The text a problem becomes for the model: prompt.template, or the model's chat template. Owned by the caller. */
ps_status ps_render_prompt(const ps_session *session, const char *question, char **text, ps_error *err);

#endif
