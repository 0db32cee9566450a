/* The inside of a session: what every problem of it shares. Derived once from a configuration, of which it keeps
 * nothing; read-only afterwards. */
#ifndef PERSAMP_RUN_SESSION_H
#define PERSAMP_RUN_SESSION_H

#include "persamp/run.h"
#include "run/shipped.h"

#include <stdatomic.h>

struct ps_session {
    const ps_config *config; /* while the session is made; NULL afterwards */
    ps_engine *engine;
    ps_prm *prm;               /* NULL without one */
    const ps_shipped *shipped; /* of the models */
    const ps_method_ops *method;
    const char *name;        /* of the arm: the method's, or "sample" */
    ps_method_params params; /* problem is filled in for each task */
    ps_score_params score_params;
    ps_generation generation; /* its stops without the step boundaries among them */
    size_t confidence_window; /* tokens of a group, where the score reads their confidence; else 0 */
    ps_verify_options verify;
    ps_select select;
    const char *system, *template; /* prompt.system, "" for none; prompt.template or NULL */
    bool stop_at_boxed, keep_particles;
    size_t max_steps;              /* of an answer after its thinking; 0: no limit */
    bool thinks;                   /* the prompt's end opens the thinking that answers begin in */
    bool keep_logprobs;            /* with the particles: the tokens of each step and their log-probabilities */
    double max_seconds;            /* of one problem; 0: no limit */
    bool by_draws;                 /* confidence in an answer: the share of draws, where it is known */
    double confidence_prior;       /* … after so many answers for and against it, … */
    double confidence_temperature; /* … raised to 1 / this */
    double sure;                   /* share of the leading answer at which a search stops; 0: none */
    size_t sure_answers;           /* … once so many are finished */
    ps_arena *arena;               /* of the strings above */
    atomic_uint references;
};

#endif
