/* Counter-based random numbers: Philox4x64-10 of Random123. */
#include "persamp/base.h"

#include <Random123/philox.h>
#include <math.h>

/* Four 64-bit words for block `block` of a stream. */
static philox4x64_ctr_t block_of(ps_rng_key key, uint64_t block) {
    philox4x64_ctr_t counter = {{block, key.id, key.problem, 0}};
    philox4x64_key_t philox_key = {{key.seed, (uint64_t)key.purpose}};
    return philox4x64(counter, philox_key);
}

/* 52 bits and a half: the midpoints of 2^52 equal cells, so neither 0 nor 1 can come out. */
static double open_unit(uint64_t bits) {
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

double ps_uniform(ps_rng_key key, uint64_t position) {
    return open_unit(block_of(key, position / 4).v[position % 4]);
}

void ps_uniforms(ps_rng_key key, uint64_t first, size_t n, double *out) {
    for (size_t i = 0; i < n; i++)
        out[i] = ps_uniform(key, first + i);
}

double ps_normal(ps_rng_key key, uint64_t position) {
    double two_pi = 6.283185307179586476925;
    return sqrt(-2.0 * log(ps_uniform(key, 2 * position))) * cos(two_pi * ps_uniform(key, 2 * position + 1));
}
