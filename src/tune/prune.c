#include "tune/prune.h"

#include <math.h>

/* With n = lost + won: the integral over q in (0, ½) of 2 (2q)^won (2(1−q))^lost, which is
 * B(won + 1, lost + 1) Σ_{k > won} C(n + 1, k). The first term is 1/(won + 1), each next (n + 1 − k)/(k + 1) of it. */
double ps_prune_evidence(size_t lost, size_t won) {
    const size_t n = lost + won;
    double term = 1 / ((double)won + 1), sum = term, scale = 0;
    for (size_t k = won + 1; k <= n; k++) {
        term *= (double)(n + 1 - k) / ((double)k + 1);
        sum += term;
        if (sum < 1e200) continue;
        sum *= 1e-200;
        term *= 1e-200;
        scale += 200 * log(10);
    }
    return log(sum) + scale;
}

bool ps_prune_stops(const bool *right, const bool *best, size_t seen, size_t n, size_t n_trials) {
    const double level = 0.05;
    size_t correct = 0, target = 0, lost = 0, won = 0;
    for (size_t i = 0; i < n; i++) {
        target += best[i];
        if (i >= seen) continue;
        correct += right[i];
        lost += best[i] && !right[i];
        won += right[i] && !best[i];
    }
    if (correct + (n - seen) < target) return true;
    return lost > won && ps_prune_evidence(lost, won) > log((double)n_trials / level);
}

size_t ps_prune_rungs(size_t n, size_t rungs[3]) {
    const size_t parts[] = {9, 3, 1};
    size_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t rung = (n + parts[i] - 1) / parts[i];
        rung = rung < 2 && n >= 2 ? 2 : rung;
        if (count == 0 || rung > rungs[count - 1]) rungs[count++] = rung;
    }
    return count;
}

bool ps_prune_survives(size_t reached, size_t better) {
    return better < (reached + 2) / 3;
}
