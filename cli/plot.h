/* Plots, drawn by gnuplot: that of a comparison, and what every plot needs. */
#ifndef PERSAMP_CLI_PLOT_H
#define PERSAMP_CLI_PLOT_H

#include "persamp/persamp.h"

#include <stdio.h>

/* The place of gnuplot, to gnuplot[size]; −1 if it is there, else the exit code after a message. */
int ps_cli_plot_find(char *gnuplot, size_t size);
/* A text in single quotes, in which gnuplot takes nothing for a command. */
void ps_cli_plot_quote(FILE *out, const char *text);
/* Have gnuplot draw the script that `put` writes of `what`, into the file `path`. Returns the exit code. */
int ps_cli_plot_draw(const char *gnuplot, const char *path, void (*put)(FILE *out, const void *what, const char *path),
                     const void *what);

/* Whether `path` can be drawn: its ending, and gnuplot, whose place is written to gnuplot[size]. −1 if so, else the
 * exit code after a message. */
int ps_cli_plot_check(const char *path, char *gnuplot, size_t size);

/* Accuracy against generated tokens, a line a method, intervals shaded. Returns the exit code. */
int ps_cli_plot(const ps_compare_summary *summary, const char *gnuplot, const char *path);

#endif
