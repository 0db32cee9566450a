/* Regret of the Parzen estimator on functions with known minima, a line a seed; bench/tune_regret.py sets Optuna's
 * beside it. */
#include "tune/functions.h"

#include <stdio.h>

int main(void) {
    enum { SEEDS = 50, TRIALS = 60 };
    known_function functions[KNOWN_FUNCTIONS];
    known_functions(functions);
    for (size_t f = 0; f < KNOWN_FUNCTIONS; f++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double best;
            ps_error err;
            if (known_search(&functions[f], true, seed, TRIALS, &best, &err) != PS_OK) {
                fprintf(stderr, "%s\n", err.message);
                return 1;
            }
            printf("%s %d %.12g\n", functions[f].name, (int)seed, best);
        }
    return 0;
}
