/* Plots: that of a comparison and those of a study, and how a picture becomes a file. */
#ifndef PERSAMP_CLI_PLOT_H
#define PERSAMP_CLI_PLOT_H

#include "persamp/persamp.h"

/* Whether a picture can be written to `path`: it ends in .svg, or in .png where librsvg can be had. `option` is for the
 * message. −1 if so, else the exit code after a message. */
int ps_cli_picture_check(const char *option, const char *path);
/* Write a picture to `path`, as its ending says. Returns the exit code, after a message where it fails. */
int ps_cli_picture_write(const char *option, const char *path, const ps_text *svg);

/* SVG to PNG, twice as many pixels each way as the picture has units, appended to *png: by librsvg, which is looked for
 * when it is needed. PS_IO: it is not there, with what to do. */
ps_status ps_cli_png(const ps_text *svg, ps_text *png, ps_error *err);
ps_status ps_cli_png_check(ps_error *err); /* whether it could */

/* Accuracy against generated tokens, a line a method, intervals shaded. Returns the exit code. */
int ps_cli_plot(const ps_compare_summary *summary, const char *path);

#endif
