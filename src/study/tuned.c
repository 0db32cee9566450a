/* Problems that a configuration was tuned on, known again in another run. */
#include "base/hash.h"
#include "study/arm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(ps_hash *hash, const char *text) {
    if (text != NULL) ps_hash_add(hash, text, strlen(text));
    ps_hash_add(hash, "", 1);
}

void ps_problem_mark(const ps_problem *problem, bool generated, char mark[PS_PROBLEM_MARK]) {
    char text[PS_HASH_TEXT], number[24];
    ps_hash hash;
    snprintf(number, sizeof number, "%" PRIu64, problem->index);
    ps_hash_begin(&hash, 0);
    add(&hash, generated ? number : problem->text);
    add(&hash, problem->answer);
    ps_hash_end(&hash, text);
    snprintf(mark, PS_PROBLEM_MARK, "%.*s", PS_PROBLEM_MARK - 1, text);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

ps_status ps_count_tuned_on(const ps_config *config, const ps_chosen *chosen, size_t *n, ps_error *err) {
    const ps_config_list *marks = &config->evaluation_tuned_on;
    *n = 0;
    if (marks->n == 0) return PS_OK;
    const char **sorted = ps_calloc(marks->n, sizeof *sorted);
    if (sorted == NULL) return ps_nomem(err);
    for (size_t i = 0; i < marks->n; i++)
        sorted[i] = marks->items[i];
    qsort(sorted, marks->n, sizeof *sorted, by_text);
    for (size_t i = 0; i < chosen->n; i++) {
        char mark[PS_PROBLEM_MARK];
        const char *wanted = mark;
        ps_problem_mark(&chosen->problems[i], chosen->path == NULL, mark);
        *n += bsearch(&wanted, sorted, marks->n, sizeof *sorted, by_text) != NULL;
    }
    ps_free(sorted);
    return PS_OK;
}
