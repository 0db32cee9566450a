/* A temperature that changes along the answer (ps_generation.ramp_tokens). For engines that draw token by token. */
#ifndef PERSAMP_ENGINE_RAMP_H
#define PERSAMP_ENGINE_RAMP_H

#include "persamp/engine.h"

/* The generation by which token `place` of the answer, from 0, is drawn: itself, or a copy in *room. */
static inline const ps_generation *ps_ramp(const ps_generation *generation, size_t place, ps_generation *room) {
    const double n = (double)place + 1, ramp = generation->ramp_tokens;
    if (n >= ramp || generation->temperature <= 0) return generation;
    *room = *generation;
    room->temperature = 1 / (1 + (1 / generation->temperature - 1) * n / ramp);
    return room;
}

#endif
