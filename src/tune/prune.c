#include "tune/prune.h"

#include <math.h>

static double log_factorial(size_t n) {
    double sum = 0;
    for (size_t i = 2; i <= n; i++)
        sum += log((double)i);
    return sum;
}

/* With n = lost + won: ∫ over q in (0, ½) of 2 (2q)^won (2(1−q))^lost dq = B(won+1, lost+1) Σ_{k > won} C(n+1, k). */
double ps_prune_evidence(size_t lost, size_t won) {
    const size_t n = lost + won;
    double largest = -INFINITY, sum = 0, term, all = log_factorial(n + 1);
    for (int pass = 0; pass < 2; pass++)
        for (size_t k = won + 1; k <= n + 1; k++) {
            term = all - log_factorial(k) - log_factorial(n + 1 - k);
            if (pass == 0)
                largest = fmax(largest, term);
            else
                sum += exp(term - largest);
        }
    return log_factorial(won) + log_factorial(lost) - all + largest + log(sum);
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
