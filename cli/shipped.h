/* The model that comes with persamp, and what it can be asked. */
#ifndef PERSAMP_CLI_SHIPPED_H
#define PERSAMP_CLI_SHIPPED_H

#include "persamp/persamp.h"

/* Whether a question is worded as one of the problems in data/, with formulas of the same symbols: of a kind that the
 * shipped model has learnt. False where the shipped problems are not there to compare with. */
bool ps_cli_shipped_model_knows(const char *question);

#endif
