/* A temperature that changes along the answer (ps_generation.ramp_tokens). For engines that draw token by token. */
#ifndef PERSAMP_ENGINE_RAMP_H
#define PERSAMP_ENGINE_RAMP_H

#include "persamp/engine.h"

/* The generation by which token `place` of the answer, from 0, is drawn. */
static inline ps_generation ps_ramp(const ps_generation *generation, size_t place) {
    ps_generation here = *generation;
    const double n = (double)place + 1, ramp = generation->ramp_tokens;
    if (n < ramp && here.temperature > 0) here.temperature = 1 / (1 + (1 / here.temperature - 1) * n / ramp);
    return here;
}

#endif
