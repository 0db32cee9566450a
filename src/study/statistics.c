/* Intervals of measured accuracies. */
#include "persamp/study.h"

#include <math.h>

void ps_wilson_share(double p, size_t n, double *low, double *high) {
    const double z = 1.959963984540054; /* 97.5% point of the normal distribution */
    if (n == 0) {
        *low = 0;
        *high = 1;
        return;
    }
    double inverse = z * z / (double)n;
    double centre = (p + inverse / 2) / (1 + inverse);
    double half = sqrt(p * (1 - p) / (double)n * z * z + inverse * inverse / 4) / (1 + inverse);
    *low = centre - half > 0 ? centre - half : 0;
    *high = centre + half < 1 ? centre + half : 1;
}

void ps_wilson(size_t successes, size_t n, double *low, double *high) {
    ps_wilson_share(n > 0 ? (double)successes / (double)n : NAN, n, low, high);
}
