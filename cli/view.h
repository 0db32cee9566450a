/* The live view of `persamp solve --verbose`: on a terminal one screen that is drawn over, elsewhere plain lines. It is
 * drawn in place: nothing is left behind in the terminal whatever ends the program, and the last view stays. */
#ifndef PERSAMP_CLI_VIEW_H
#define PERSAMP_CLI_VIEW_H

#include "persamp/run.h"

typedef struct ps_cli_view ps_cli_view;

/* On standard output. NULL without memory, which the other calls take for a view that shows nothing. */
ps_cli_view *ps_cli_view_open(const char *method);
/* An iteration is over. */
void ps_cli_view_step(ps_cli_view *view, const ps_step_view *step);
/* Called often: the time goes on, and a terminal of another size is drawn anew. */
void ps_cli_view_tick(ps_cli_view *view);
/* What is drawn stays, and the next line is free. */
void ps_cli_view_close(ps_cli_view *view);

#endif
