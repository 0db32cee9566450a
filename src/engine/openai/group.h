/* What one `next` of a method asks of one node is a group: its i-th child is the i-th choice of one request and draws
 * with the group's seed + i, whether the choices are asked for together, in parts or one alone. So neither the limit of
 * requests nor a repetition can change a seed. */
#ifndef PERSAMP_ENGINE_OPENAI_GROUP_H
#define PERSAMP_ENGINE_OPENAI_GROUP_H

#include "engine/openai/step.h"

/* The choices of a group, whose seeds differ in the low 12 bits only. */
enum { PS_REMOTE_GROUP = 4096 };

/* Of a group, by the key of its first child. 63 bits, the low 12 clear. */
uint64_t ps_remote_seed_group(ps_rng_key first);

/* Of a request that continues the step of a choice at its n-th token. Likewise. */
uint64_t ps_remote_seed_continue(uint64_t choice, size_t n);

/* Put a step of this round into `list`, beside those of its group, with its seed. */
void ps_remote_group_join(ps_remote_steps *list, ps_remote_step *step, uint64_t round);

/* How many of the steps that begin a list can be asked for in one request: choices of one group, one after the other.
 */
size_t ps_remote_group_together(const ps_remote_steps *list, size_t most);

#endif
