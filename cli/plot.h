/* The plot of a comparison, drawn by gnuplot. */
#ifndef PERSAMP_CLI_PLOT_H
#define PERSAMP_CLI_PLOT_H

#include "persamp/persamp.h"

/* Whether `path` can be drawn: its ending, and gnuplot, whose place is written to gnuplot[size]. −1 if so, else the
 * exit code after a message. */
int ps_cli_plot_check(const char *path, char *gnuplot, size_t size);

/* Accuracy against generated tokens, a line a method, intervals shaded. Returns the exit code. */
int ps_cli_plot(const ps_compare_summary *summary, const char *gnuplot, const char *path);

#endif
