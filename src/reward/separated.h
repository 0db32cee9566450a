/* A reward model that is read at its own steps. It was trained on steps that were split at some text, say a blank line;
 * the search's steps are shorter. */
#ifndef PERSAMP_REWARD_SEPARATED_H
#define PERSAMP_REWARD_SEPARATED_H

#include "persamp/reward.h"

/* Put `inner` behind a wrapper that collects text until `separator` (copied, not empty) comes, hands it over as one
 * step, and meanwhile repeats the last reading. Before the first one the text so far is read as if its step were over,
 * so that whatever is compared has been read; text of white space alone has 1, as the root. The last step of an answer
 * is read without a separator. *prm owns `inner` on success. */
ps_status ps_prm_separate(ps_prm *inner, const char *separator, ps_prm **prm, ps_error *err);

#endif
