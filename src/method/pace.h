/* Landing within a token budget: how many lines of an answer the tokens that are left can bring to their end. A method
 * that lets more of them run pays for steps that no answer will come of. */
#ifndef PERSAMP_METHOD_PACE_H
#define PERSAMP_METHOD_PACE_H

#include "method/tree.h"

/* Tokens that the line ending at `snapshot` is expected to need to its end, at least 1. A new line (snapshot 0) needs a
 * whole answer: the mean over the finished ones and the plan, which is max_tokens / n_particles. A line under way needs
 * what it lacks of that; one that has outgrown it belongs to a long answer, nobody knows how long, and is expected to
 * need `pace` times what it has written. Never more than max_steps allows at the mean length of its steps. */
double ps_pace_need(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot);

/* How many of the lines ending at snapshots[0..n) may go on: those in front whose needs what is left of the budget
 * covers; the last of them by half at least, a new one in full. At least one, if the first is under way. All of them
 * where there is no budget or no pace. O(n). */
size_t ps_pace_lines(const ps_method_params *params, const ps_tree *tree, const uint32_t *snapshots, size_t n);

/* How many of at most M new answers what is left can pay for: 0 without a token budget or when it is spent, M without a
 * pace. */
size_t ps_pace_answers(const ps_method_params *params, const ps_tree *tree);

/* Steps, of the mean length of those up to `snapshot`, that what is left pays for beyond what the line ending there
 * needs: so far may it go back. SIZE_MAX without a budget or a pace. */
size_t ps_pace_steps_back(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot);

#endif
