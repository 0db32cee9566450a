/* The synthetic reasoner of docs/algorithm.md: the text of its steps, written by the engine and read by the reward
 * model. Each step's text carries the whole state, so nothing passes between the two but text. */
#ifndef PERSAMP_ENGINE_TOY_REASONER_H
#define PERSAMP_ENGINE_TOY_REASONER_H

#include "persamp/engine_toy.h"

/* "ok": right so far; "slip": wrong and not yet noticed; "seen": wrong and noticed. */
typedef enum ps_toy_status { PS_TOY_RIGHT, PS_TOY_SLIP, PS_TOY_SEEN } ps_toy_status;

typedef struct ps_toy_step {
    unsigned number; /* 1 for the first */
    ps_toy_status status;
    double z;  /* the reward model's noise, a multiple of 1e-6 */
    int label; /* of the answer in the last step: 0 right, 1 … wrong_answers wrong; −1 in any other step */
} ps_toy_step;

enum { PS_TOY_STEP_TEXT = 96 }; /* bytes that hold any step's text */

/* "step 3: ok z=0.531042\n"; in the last step a \boxed{label} stands before the newline's place and no newline. */
size_t ps_toy_step_write(const ps_toy_step *step, char text[PS_TOY_STEP_TEXT]);
/* PS_FORMAT when `text` is not such a step. */
ps_status ps_toy_step_parse(const char *text, size_t length, ps_toy_step *step, ps_error *err);

/* Parameters in range? PS_ARG names the one that is not. */
ps_status ps_toy_synthetic_check(const ps_toy_synthetic *parameters, ps_error *err);

/* Constants of one engine, from its parameters. */
typedef struct ps_toy_reasoner {
    ps_toy_synthetic parameters;
    double error_rate[7]; /* ε_r by problem index modulo 7 */
    double entropy[7];    /* of a step from a right prefix */
    double detection_entropy, label_entropy;
    double *label_logp; /* [wrong_answers] owned */
} ps_toy_reasoner;
ps_status ps_toy_reasoner_init(ps_toy_reasoner *reasoner, const ps_toy_synthetic *parameters, ps_error *err);
void ps_toy_reasoner_clear(ps_toy_reasoner *reasoner); /* {0} is fine */

/* The index r of "… problem r …" in a prompt, modulo 7, or −1 when it has none. The last one counts. */
int ps_toy_problem_group(const char *prompt, size_t length);

/* One step after `before` (number 0: the root): its outcome, and the log-probability and entropy of it. */
void ps_toy_reasoner_step(const ps_toy_reasoner *reasoner, const ps_toy_step *before, unsigned group, ps_rng_key key,
                          ps_toy_step *after, double *logp, double *entropy);

#endif
