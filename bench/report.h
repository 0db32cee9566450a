/* What the benchmarks share: figures taken in turn, their medians, one JSON line each. */
#ifndef PERSAMP_BENCH_REPORT_H
#define PERSAMP_BENCH_REPORT_H

#include <stddef.h>

enum { BENCH_RUNS = 5 }; /* least number of turns of a published figure */

double bench_median(const double *x, size_t n);

/* Print {"name", "ratio", "ours", "theirs", "unit", "runs"}: ours and theirs are medians over n turns, ratio the median
 * of the turns' own ratios, so that load that comes and goes cancels. Above 1 is in our favour: ours ÷ theirs where
 * more is better (tokens/s), theirs ÷ ours where less is (lower_is_better). */
void bench_report(const char *name, const double *ours, const double *theirs, size_t n, const char *unit,
                  int lower_is_better);

/* Print such a line of figures that are made already. */
void bench_line(const char *name, double ratio, double ours, double theirs, const char *unit, size_t runs);

/* Least squares of log y on log x: the exponent with which y grows. */
double bench_exponent(const double *x, const double *y, size_t n);

/* Seconds of processor time of the calling thread: what a neighbour does counts less than on a clock. */
double bench_thread_seconds(void);

/* A new folder under $TMPDIR for what a benchmark writes; it is removed with all that is in it when the process that
 * first asked exits, so ask before forking. Ends the process with a message where it cannot be made. */
const char *bench_folder(void);

#endif
