#include "serve/queue.h"

ps_status ps_queue_init(ps_queue *queue, size_t n_keys, ps_error *err) {
    *queue = (ps_queue){.lines = ps_calloc(n_keys, sizeof *queue->lines), .n_keys = n_keys};
    return queue->lines != NULL ? PS_OK : ps_nomem(err);
}

void ps_queue_clear(ps_queue *queue) {
    ps_free(queue->lines);
    *queue = (ps_queue){0};
}

/* Those in the line that could not even run if all the other keys were silent. */
static size_t behind(const ps_queue *queue, const ps_queue_line *line) {
    size_t places = queue->most_running > line->running ? queue->most_running - line->running : 0;
    return line->waiting > places ? line->waiting - places : 0;
}

bool ps_queue_push(ps_queue *queue, ps_queued *item) {
    ps_queue_line *line = &queue->lines[item->key];
    size_t places = queue->most_running > line->running ? queue->most_running - line->running : 0;
    if (line->waiting >= places && behind(queue, line) >= queue->most_waiting) return false;
    item->next = NULL;
    if (line->last != NULL)
        line->last->next = item;
    else
        line->first = item;
    line->last = item;
    line->waiting++;
    queue->waiting++;
    return true;
}

ps_queued *ps_queue_take(ps_queue *queue) {
    if (queue->running >= queue->most_running_in_all || queue->waiting == 0) return NULL;
    for (size_t i = 0; i < queue->n_keys; i++) {
        size_t key = (queue->turn + i) % queue->n_keys;
        ps_queue_line *line = &queue->lines[key];
        if (line->waiting == 0 || line->running >= queue->most_running) continue;
        ps_queued *item = line->first;
        (void)ps_queue_remove(queue, item);
        line->running++;
        queue->running++;
        queue->turn = (key + 1) % queue->n_keys;
        return item;
    }
    return NULL;
}

void ps_queue_over(ps_queue *queue, const ps_queued *item) {
    queue->lines[item->key].running--;
    queue->running--;
}

bool ps_queue_remove(ps_queue *queue, ps_queued *item) {
    ps_queue_line *line = &queue->lines[item->key];
    ps_queued **at = &line->first, *before = NULL;
    while (*at != NULL && *at != item) {
        before = *at;
        at = &before->next;
    }
    if (*at == NULL) return false;
    *at = item->next;
    if (line->last == item) line->last = before;
    line->waiting--;
    queue->waiting--;
    return true;
}
