/* Kind `judge`: a chat model is asked whether the work so far is right. */
#ifndef PERSAMP_REWARD_JUDGE_H
#define PERSAMP_REWARD_JUDGE_H

#include "persamp/reward.h"

/* `options` of kind judge. *prm owns `engine` on success. */
ps_status ps_judge_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err);

/* Free it without its engine. */
void ps_judge_forget(ps_prm *prm);

#endif
