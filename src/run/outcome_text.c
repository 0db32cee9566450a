/* The text and the weight of any answer of an outcome. */
#include "run/task.h"

#include <string.h>

ps_status ps_outcome_text(const ps_outcome *outcome, uint32_t snapshot, char **text, size_t *tokens, ps_error *err) {
    const ps_task *task = outcome->task;
    size_t length = 0, n = 0;
    if (snapshot >= task->n_nodes)
        return ps_fail(err, PS_ARG, "snapshot %u: the outcome has %zu", (unsigned)snapshot, task->n_nodes);
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent) {
        length += task->nodes[at].length;
        n += task->nodes[at].n_tokens;
    }
    char *whole = ps_malloc(length + 1);
    if (whole == NULL) return ps_nomem(err);
    whole[length] = '\0';
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent) {
        length -= task->nodes[at].length;
        if (task->nodes[at].length > 0) memcpy(whole + length, task->nodes[at].text, task->nodes[at].length);
    }
    *text = whole;
    if (tokens != NULL) *tokens = n;
    return PS_OK;
}

double ps_outcome_weight(const ps_outcome *outcome, uint32_t snapshot) {
    const ps_task *task = outcome->task;
    return snapshot < task->n_nodes ? task->nodes[snapshot].weight : 0;
}
