/* The lowest mean of a window that slides over tokens. */
#include "run/confidence.h"

#include <stdbool.h>

double ps_lowest_group(const double *tokens, size_t before, size_t n, size_t window, double lowest) {
    double sum = 0;
    bool filled = before >= window; /* what was known of the prefix is of whole windows */
    for (size_t i = 0; i < before + n; i++) {
        sum += tokens[i];
        if (i >= window) sum -= tokens[i - window];
        if (i < before || i + 1 < window) continue;
        double mean = sum / (double)window;
        if (!filled || mean < lowest) lowest = mean;
        filled = true;
    }
    return filled ? lowest : sum / (double)(before + n);
}
