/* The inside of a ps_models. */
#ifndef PERSAMP_RUN_MODELS_H
#define PERSAMP_RUN_MODELS_H

#include "persamp/run.h"

struct ps_models {
    ps_engine *engine;
    ps_prm *prm; /* NULL without one */
    char *path;  /* of the reasoner's file */
};

#endif
