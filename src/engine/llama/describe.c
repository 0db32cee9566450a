/* A model in words. libllama's own description knows sizes by name ("7B") and says "?B" of any other: the counts are
 * taken from the model itself. */
#include "engine/llama/tune.h"

#include <stdio.h>
#include <string.h>

/* 2371584 → "2.4 M": three digits at most, and the unit that goes with them; without a unit a space ends it. */
static void print_amount(double x, const char *units, char *out, size_t size) {
    int unit = 0;
    for (; x >= 999.5 && units[unit + 1] != '\0'; unit++)
        x /= 1000;
    if (unit > 0)
        snprintf(out, size, "%.*f %c", x < 99.95 ? 1 : 0, x, units[unit]);
    else
        snprintf(out, size, "%.0f ", x);
}

void ps_llama_describe(const char *words, uint64_t parameters, uint64_t bytes, char *out, size_t size) {
    char count[32], volume[32];
    const size_t architecture = strcspn(words, " ");
    const char *type = words + architecture;
    type += strspn(type, " ");
    type += strcspn(type, " "); /* past the size's name */
    type += strspn(type, " ");
    print_amount((double)parameters, " kMBT", count, sizeof count);
    print_amount((double)bytes, " kMGT", volume, sizeof volume);
    snprintf(out, size, "%.*s, %s%sparameters%s%s, %sB", (int)architecture, words, count,
             count[strlen(count) - 1] == ' ' ? "" : " ", *type ? ", " : "", type, volume);
}
