/* Landing within a token budget: how many lines the tokens that are left can bring to an end. A line is a path of the
 * tree that is still growing, named by its last snapshot. A method that lets more of them run pays for steps that no
 * answer will come of. */
#ifndef PERSAMP_METHOD_PACE_H
#define PERSAMP_METHOD_PACE_H

#include "method/tree.h"

/* Tokens that the line ending at `snapshot` is expected to need to its end, at least 1:
 * - an answer is expected to be as long as the mean of the finished ones and of the plan, max_tokens / n_particles;
 * - a new line (snapshot 0) needs all of that, a line under way what it lacks of it;
 * - but no line needs less than `pace` times what it has written: of an answer that is longer than expected one knows
 *   only that it is long;
 * - and none more than max_steps allows, at the mean length of its steps, or max_answer_tokens. */
double ps_pace_need(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot);

/* How many of the lines ending at snapshots[0..n) may go on. They are served in this order out of what is left of the
 * budget, as long as it covers the need: of a line under way half of it at least, of a new one all. One that is under
 * way goes on in any case if it is the first. All of them where there is no budget or no pace. O(n). */
size_t ps_pace_lines(const ps_method_params *params, const ps_tree *tree, const uint32_t *snapshots, size_t n);

/* How many of at most M new answers what is left can pay for: 0 without a token budget or when it is spent, M without a
 * pace. */
size_t ps_pace_answers(const ps_method_params *params, const ps_tree *tree);

/* How many steps the line ending at `snapshot` may go back: what is left of the budget beyond its need, in steps of the
 * line's mean length. SIZE_MAX without a budget or a pace. */
size_t ps_pace_steps_back(const ps_method_params *params, const ps_tree *tree, uint32_t snapshot);

#endif
