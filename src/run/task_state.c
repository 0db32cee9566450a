/* Whether an answer goes on after a step: it has ended, or a limit cuts it off, or it is open. */
#include "run/task.h"

#include <string.h>

/* Steps that begin in thinking do not count against max_steps, where the prompt has opened one; else no text is read.
 */
static void count_step(const ps_task *task, ps_task_node *node) {
    const ps_task_node *parent = &task->nodes[node->parent];
    node->steps = parent->steps + !parent->thinking;
    node->thinking = task->session->thinks && ps_is_thinking(node->text, parent->thinking);
}

/* A limit ends what the step left open. It is kept here, before the step is scored: a reward model is told of every
 * end of an answer. (A method cuts at the same step, and need not be told.) */
static void cut_at_step_limit(const ps_task *task, ps_task_node *node) {
    const size_t most = task->session->max_steps;
    const bool unlimited = task->method->ops->whole || most == 0;
    if (node->state != PS_OPEN || unlimited || node->steps < most) return;
    node->state = PS_TRUNCATED;
    node->cut = PS_ENDING_STEPS;
}

/* The engine had room for no more: of the answer's own tokens, or of the context. */
static void cut_at_length(const ps_task *task, ps_task_node *node) {
    const int most = task->session->generation.max_answer_tokens;
    size_t tokens = node->n_tokens;
    for (uint32_t at = node->parent; at != 0; at = task->nodes[at].parent)
        tokens += task->nodes[at].n_tokens;
    node->cut = most > 0 && tokens >= (size_t)most ? PS_ENDING_ANSWER_TOKENS : PS_ENDING_CONTEXT;
}

void ps_task_limit(const ps_task *task, ps_task_node *node) {
    if (node->state == PS_TRUNCATED) cut_at_length(task, node);
    count_step(task, node);
    cut_at_step_limit(task, node);
}

/* A step boundary leaves an answer open unless it is in its box already. */
ps_status ps_task_end_step(ps_task *task, uint32_t child, ps_stop_reason reason, ps_error *err) {
    ps_task_node *node = &task->nodes[child];
    bool ended = reason == PS_STOP_EOS || reason == PS_STOP_STRING, boxed = false;
    node->state = ended ? PS_FINISHED : reason == PS_STOP_CONTEXT_FULL ? PS_TRUNCATED : PS_OPEN;
    if (node->state == PS_OPEN && task->session->stop_at_boxed && memchr(node->text, '}', node->length) != NULL) {
        const char *text = ps_task_read(task, child);
        if (text == NULL) return ps_nomem(err);
        ps_status status = ps_answer_is_boxed(text, task->session->thinks, &boxed, err);
        if (status != PS_OK) return status;
    }
    if (boxed) node->state = PS_FINISHED;
    ps_task_limit(task, node);
    return PS_OK;
}
