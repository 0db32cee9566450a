/* The engine of the synthetic reasoner. */
#ifndef PERSAMP_ENGINE_TOY_SYNTHETIC_H
#define PERSAMP_ENGINE_TOY_SYNTHETIC_H

#include "persamp/engine_toy.h"

/* *engine is owned by the caller. */
ps_status ps_toy_synthetic_create(const ps_toy_synthetic *parameters, uint32_t n_ctx, ps_engine **engine,
                                  ps_error *err);

#endif
