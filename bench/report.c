#include "report.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_FOLDERS = 8 };

static char folder[256];

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const double *x, size_t n) {
    double *sorted = malloc(n * sizeof *sorted + 1);
    if (n == 0 || sorted == NULL) {
        free(sorted);
        return NAN;
    }
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, ascending);
    const double median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    free(sorted);
    return median;
}

void bench_line(const char *name, double ratio, double ours, double theirs, const char *unit, size_t runs) {
    printf("{\"name\": \"%s\", \"ratio\": %.4g, \"ours\": %.5g, \"theirs\": %.5g, \"unit\": \"%s\", \"runs\": %zu}\n",
           name, ratio, ours, theirs, unit, runs);
    fflush(stdout);
}

void bench_report(const char *name, const double *ours, const double *theirs, size_t n, const char *unit,
                  int lower_is_better) {
    double *ratio = malloc(n * sizeof *ratio + 1);
    if (ratio == NULL) return;
    for (size_t i = 0; i < n; i++)
        ratio[i] = lower_is_better ? theirs[i] / ours[i] : ours[i] / theirs[i];
    bench_line(name, bench_median(ratio, n), bench_median(ours, n), bench_median(theirs, n), unit, n);
    free(ratio);
}

double bench_exponent(const double *x, const double *y, size_t n) {
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += log(x[i]) / (double)n;
        my += log(y[i]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (log(x[i]) - mx) * (log(x[i]) - mx);
        xy += (log(x[i]) - mx) * (log(y[i]) - my);
    }
    return xy / xx;
}

double bench_thread_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at) {
    (void)about, (void)kind, (void)at;
    return remove(path);
}

static void remove_folder(void) {
    nftw(folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

const char *bench_folder(void) {
    if (folder[0] != '\0') return folder;
    const char *base = getenv("TMPDIR");
    const int n =
        snprintf(folder, sizeof folder, "%s/persamp-bench.XXXXXX", base != NULL && base[0] != '\0' ? base : P_tmpdir);
    if (n >= (int)sizeof folder || mkdtemp(folder) == NULL || atexit(remove_folder) != 0) {
        perror("no folder for a benchmark's files (TMPDIR says where)");
        exit(1);
    }
    return folder;
}
