/* The inverse temperature β: two schedules and the largest step that keeps the effective sample size. */
#include "persamp/core.h"

#include <math.h>

double ps_solve_beta(ps_ess_function ess, void *context, double lo, double hi, double target, double tolerance,
                     int max_iterations) {
    if (!(hi > lo) || ess(context, lo) <= target) return lo;
    if (ess(context, hi) >= target) return hi;
    double start = lo;
    for (int i = 0; max_iterations <= 0 || i < max_iterations; i++) {
        /* Relative to what has been gained: at lo = start this never holds, so a small step is found as well as a
         * large one. */
        if (hi - lo <= tolerance * (lo - start)) break;
        double mid = lo + (hi - lo) / 2;
        if (mid <= lo || mid >= hi) break;
        if (ess(context, mid) >= target)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

static double fraction(size_t step, size_t max_steps) {
    return step >= max_steps ? 1 : (double)step / (double)max_steps;
}

double ps_temperature_beta(const ps_temperature *t, ps_ess_function ess, void *context, double previous, size_t M,
                           size_t step, size_t max_steps) {
    double pi = 3.14159265358979323846;
    double range = t->beta_max - t->beta_min;
    double lo = t->monotone ? fmax(previous, t->beta_min) : t->beta_min;
    switch (t->mode) {
    case PS_FIXED_LINEAR: return t->beta_min + range * fraction(step, max_steps);
    case PS_FIXED_COSINE: return t->beta_min + range * (1 - cos(pi * fraction(step, max_steps))) / 2;
    case PS_ADAPTIVE_ESS: break;
    }
    return ps_solve_beta(ess, context, lo, fmax(lo, t->beta_max), t->target_ess * (double)M, t->tolerance,
                         t->max_iterations);
}

double ps_alpha_threshold(double start, double end, size_t step, size_t max_steps) {
    return start + (end - start) * fraction(step, max_steps);
}
