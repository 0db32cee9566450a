/* Who is next: a line for each key, and turns between the keys, so that nobody waits for another's hundred requests.
 * Holds what is given to it by its first member; counts what runs. No locks, no clock. */
#ifndef PERSAMP_SERVE_QUEUE_H
#define PERSAMP_SERVE_QUEUE_H

#include "persamp/base.h"

/* The first member of what stands in a queue. */
typedef struct ps_queued {
    struct ps_queued *next;
    size_t key;
} ps_queued;

typedef struct ps_queue_line {
    ps_queued *first, *last;
    size_t waiting, running;
} ps_queue_line;

typedef struct ps_queue {
    ps_queue_line *lines; /* [n_keys] */
    size_t n_keys;
    size_t turn;                       /* the key that is asked first */
    size_t most_running, most_waiting; /* of a key */
    size_t most_running_in_all;        /* of all keys */
    size_t waiting, running;           /* of all keys */
} ps_queue;

/* Limits are the caller's to set, and may change at any time. n_keys ≥ 1. */
ps_status ps_queue_init(ps_queue *queue, size_t n_keys, ps_error *err);
void ps_queue_clear(ps_queue *queue); /* what stands in it is the caller's */

/* Behind the others of item->key; false when the key has its limit of waiting ones. One that can run at once does not
 * count as waiting. */
bool ps_queue_push(ps_queue *queue, ps_queued *item);
/* The next that may run, which counts as running from now on; NULL: none may. */
ps_queued *ps_queue_take(ps_queue *queue);
/* One that ran is over. */
void ps_queue_over(ps_queue *queue, const ps_queued *item);
/* Take one that waits out of its line; false when it does not stand there. O(waiting of its key). */
bool ps_queue_remove(ps_queue *queue, ps_queued *item);

#endif
