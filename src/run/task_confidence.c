/* The lowest group of tokens of a prefix, step by step. */
#include "run/confidence.h"
#include "run/task.h"

#include <string.h>

/* The confidence of the last tokens of a prefix, at most n of them, in order into tail[0..n); how many. */
static size_t confidences_before(const ps_task *task, uint32_t snapshot, size_t n, double *tail) {
    size_t left = n;
    for (uint32_t at = snapshot; at != 0 && left > 0; at = task->nodes[at].parent) {
        const ps_task_node *node = &task->nodes[at];
        size_t take = node->n_tokens < left ? node->n_tokens : left;
        left -= take;
        if (take > 0) memcpy(tail + left, node->confidences + node->n_tokens - take, take * sizeof *tail);
    }
    memmove(tail, tail + left, (n - left) * sizeof *tail);
    return n - left;
}

ps_status ps_task_find_confidence(ps_task *task, ps_task_node *node, const double *confidences, size_t n,
                                  ps_error *err) {
    const size_t window = task->session->confidence_window;
    const ps_task_node *parent = &task->nodes[node->parent];
    node->confidence = parent->confidence;
    if (confidences == NULL || n == 0) return PS_OK;
    double *copy = ps_arena_calloc(task->arena, n, sizeof *copy);
    if (copy == NULL) return ps_nomem(err);
    node->confidences = memcpy(copy, confidences, n * sizeof *copy);
    if (window == 0) return PS_OK; /* for other scores to read */
    double *tail = ps_reallocarray(NULL, window + n, sizeof *tail);
    if (tail == NULL) return ps_nomem(err);
    size_t before = confidences_before(task, node->parent, window, tail);
    memcpy(tail + before, confidences, n * sizeof *tail);
    node->confidence = ps_lowest_group(tail, before, n, window, parent->confidence);
    ps_free(tail);
    return PS_OK;
}
