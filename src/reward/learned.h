/* Kind `head` with a head that `persamp learn` made: no tag; the state before a step's last token is read. */
#ifndef PERSAMP_REWARD_LEARNED_H
#define PERSAMP_REWARD_LEARNED_H

#include "persamp/reward.h"

/* PS_IO, PS_FORMAT, PS_ENGINE as ps_head_origin_read. */
ps_status ps_prm_is_learned(const char *head_path, bool *learned, ps_error *err);
/* As ps_prm_create, of which it is a part. */
ps_status ps_prm_learned_create(ps_engine *engine, const ps_prm_options *options, ps_prm **prm, ps_error *err);

#endif
