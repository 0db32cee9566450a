/* What `tune` and `study` show alike. */
#ifndef PERSAMP_CLI_TUNE_H
#define PERSAMP_CLI_TUNE_H

#include "persamp/persamp.h"
#include "screen.h"

/* A table of the trials, the best first; `most` of them at most. */
void ps_cli_print_trials(const ps_trials *trials, size_t most);
/* Likewise those that are over, on `out` and at most so many lines; how many were written. */
size_t ps_cli_draw_trials(FILE *out, const ps_trials *trials, size_t most, size_t lines);

/* What is shown while trials run: on a terminal a table of the best with a line of the one under way below it, drawn
 * over; elsewhere a line for each trial that is over. On standard error. */
typedef struct ps_cli_tune_view {
    const ps_config_list *metrics;
    bool silent; /* a program reads standard error: it gets the log and nothing else */
    ps_cli_block block;
    size_t shown[PS_TRIAL_STATES]; /* trials in each state when the table was drawn */
    ps_text line;                  /* that stands below it */
} ps_cli_tune_view;
void ps_cli_tune_trials(ps_cli_tune_view *view, const ps_trials *trials);
void ps_cli_tune_progress(ps_cli_tune_view *view, const ps_trial *trial, size_t of, const ps_trial *best);
/* Wipe it away where standard output goes to the same terminal, and clear it. */
void ps_cli_tune_end(ps_cli_tune_view *view);

void ps_cli_print_importance(const ps_importances *importance);
/* Best first: by the first objective, with several the front before the others; trials that are not over last. Indices,
 * freed with ps_free; NULL without memory. */
size_t *ps_cli_order_trials(const ps_trials *trials);

/* history.svg, slices.svg and pairs.svg in a folder. The exit code. */
int ps_cli_plot_trials(const ps_trials *trials, const char *folder);

#endif
