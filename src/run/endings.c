/* How the particles of a search ended: with an answer, or cut off, and by which limit. */
#include "run/task.h"

static const struct {
    const char *name, *limit, *key;
} endings[PS_ENDINGS] = {
    [PS_ENDING_FINISHED] = {"finished", NULL, NULL},
    [PS_ENDING_STEPS] = {"steps", "the number of steps", "generation.max_steps"},
    [PS_ENDING_ANSWER_TOKENS] = {"answer_tokens", "the length of answers", "generation.max_answer_tokens"},
    [PS_ENDING_CONTEXT] = {"context", "the context", "models.generator.max_model_len"},
    [PS_ENDING_BUDGET] = {"budget", "the budget", "ps.budget"},
};

const char *ps_ending_name(size_t ending) {
    return ending < PS_ENDINGS ? endings[ending].name : NULL;
}

const char *ps_ending_key(size_t ending) {
    return ending < PS_ENDINGS ? endings[ending].key : NULL;
}

size_t ps_endings_cut(const size_t *counts) {
    size_t cut = 0;
    for (int e = PS_ENDING_FINISHED + 1; e < PS_ENDINGS; e++)
        cut += counts[e];
    return cut;
}

void ps_endings_words(const size_t *counts, ps_text *text) {
    const size_t all = counts[PS_ENDING_FINISHED] + ps_endings_cut(counts);
    bool first = true;
    for (int e = PS_ENDING_FINISHED + 1; e < PS_ENDINGS; e++) {
        if (counts[e] == 0) continue;
        if (all == 1)
            ps_text_puts(text, "the answer was cut off by ");
        else if (first)
            ps_text_printf(text, "%zu of %zu particles were cut off by ", counts[e], all);
        else
            ps_text_printf(text, ", %zu by ", counts[e]);
        ps_text_printf(text, "%s (%s)", endings[e].limit, endings[e].key);
        first = false;
    }
}

/* Whether what still ran at the end was stopped by a budget, and not because enough had been found. */
static bool ended_by_budget(const ps_task *task) {
    const size_t wanted = task->session->params.budget.n_finished;
    const bool enough = task->sure || (wanted > 0 && task->n_finished >= wanted);
    return !enough && (task->spent || task->outcome.report.end == PS_END_BUDGET);
}

/* Lines that ps.budget.pace did not let go on, for the sake of the others: no snapshot tells of them. */
static size_t held_back(const ps_task *task) {
    const ps_method_params *p = &task->session->params;
    const size_t all = task->outcome.endings[PS_ENDING_FINISHED] + ps_endings_cut(task->outcome.endings);
    const bool paced = p->budget.pace > 0 && p->budget.max_tokens > 0 && !task->method->ops->whole;
    return paced && all < p->n_particles ? p->n_particles - all : 0;
}

ps_status ps_task_count_endings(ps_task *task, ps_error *err) {
    bool *parents = ps_calloc(task->n_nodes, sizeof *parents);
    if (parents == NULL) return ps_nomem(err);
    for (uint32_t i = 1; i < task->n_nodes; i++)
        parents[task->nodes[i].parent] = true;
    /* An open leaf of an earlier round was not selected, unless nothing is ever selected among. */
    const uint32_t running = task->method->ops->whole ? 1 : task->last_round;
    const bool budget = ended_by_budget(task);
    for (uint32_t i = 1; i < task->n_nodes; i++) {
        const ps_task_node *node = &task->nodes[i];
        if (node->state == PS_FINISHED)
            task->outcome.endings[PS_ENDING_FINISHED]++;
        else if (node->state == PS_TRUNCATED)
            task->outcome.endings[node->cut]++;
        else if (budget && i >= running && !parents[i])
            task->outcome.endings[PS_ENDING_BUDGET]++;
    }
    ps_free(parents);
    if (budget) task->outcome.endings[PS_ENDING_BUDGET] += held_back(task);
    return PS_OK;
}
