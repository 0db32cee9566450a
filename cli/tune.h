/* What `tune` and `study` show alike. */
#ifndef PERSAMP_CLI_TUNE_H
#define PERSAMP_CLI_TUNE_H

#include "persamp/persamp.h"

/* A table of the complete and pruned trials, the best first; `most` of them at most. */
void ps_cli_print_trials(const ps_trials *trials, size_t most);
void ps_cli_print_importance(const ps_importances *importance);
/* Best first: by the first objective, with several the front before the others; trials that are not over last. Indices,
 * freed with ps_free; NULL without memory. */
size_t *ps_cli_order_trials(const ps_trials *trials);

/* history.svg, slices.svg and pairs.svg in a folder. The exit code. */
int ps_cli_plot_trials(const ps_trials *trials, const char *folder);

#endif
