/* The inside of a ps_models. */
#ifndef PERSAMP_RUN_MODELS_H
#define PERSAMP_RUN_MODELS_H

#include "persamp/run.h"
#include "run/shipped.h"

#include <stdatomic.h>

enum { PS_THINKS_UNKNOWN, PS_THINKS_NOT, PS_THINKS };

struct ps_models {
    ps_engine *engine;
    ps_prm *prm;         /* NULL without one */
    char *path;          /* of the reasoner's file */
    ps_shipped *shipped; /* what the shipped model has learnt; NULL for any other model */
    /* Whether answers begin inside of the thinking, with the model's own template: found out once, by whichever session
     * asks first, since a server makes one for each request. */
    atomic_int thinks;
};

#endif
