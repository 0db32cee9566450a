#include "engine/llama/threads.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct worker {
    ps_threads *threads;
    pthread_t thread;
    size_t number;
} worker;

struct ps_threads {
    size_t count;
    worker *workers; /* [count − 1] */
    size_t n_started;
    bool started; /* the first run has tried */

    pthread_mutex_t mutex;
    pthread_cond_t begin, end;
    uint64_t run;   /* [mutex] how many runs there were */
    size_t working; /* [mutex] threads the present run waits for */
    bool closing;   /* [mutex] */

    void (*task)(void *context, size_t i, size_t worker); /* of the present run */
    void *context;
    size_t n;
    atomic_size_t next; /* the first i that nobody has taken */
};

ps_status ps_threads_create(size_t count, ps_threads **threads, ps_error *err) {
    ps_threads *pool = ps_calloc(1, sizeof *pool);
    if (pool == NULL) return ps_nomem(err);
    pool->count = count;
    pool->workers = ps_calloc(count, sizeof *pool->workers);
    if (pool->workers == NULL) {
        ps_free(pool);
        return ps_nomem(err);
    }
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->begin, NULL);
    pthread_cond_init(&pool->end, NULL);
    *threads = pool;
    return PS_OK;
}

/* Waits until it is let go. */
static void *try_main(void *argument) {
    pthread_mutex_lock(argument);
    pthread_mutex_unlock(argument);
    return NULL;
}

size_t ps_threads_can_start(size_t n) {
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *tried = ps_calloc(n + 1, sizeof *tried);
    size_t started = 0;
    if (tried == NULL) return 0;
    pthread_mutex_lock(&gate);
    while (started < n && pthread_create(&tried[started], NULL, try_main, &gate) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < started; i++)
        pthread_join(tried[i], NULL);
    pthread_mutex_destroy(&gate);
    ps_free(tried);
    return started;
}

void ps_threads_free(ps_threads *threads) {
    if (threads == NULL) return;
    pthread_mutex_lock(&threads->mutex);
    threads->closing = true;
    pthread_cond_broadcast(&threads->begin);
    pthread_mutex_unlock(&threads->mutex);
    for (size_t i = 0; i < threads->n_started; i++)
        pthread_join(threads->workers[i].thread, NULL);
    pthread_mutex_destroy(&threads->mutex);
    pthread_cond_destroy(&threads->begin);
    pthread_cond_destroy(&threads->end);
    ps_free(threads->workers);
    ps_free(threads);
}

size_t ps_threads_count(const ps_threads *threads) {
    return threads->count;
}

static void take_turns(ps_threads *threads, size_t number) {
    for (size_t i; (i = atomic_fetch_add(&threads->next, 1)) < threads->n;)
        threads->task(threads->context, i, number);
}

static void *member_main(void *argument) {
    const worker *me = argument;
    ps_threads *threads = me->threads;
    uint64_t seen = 0;
    pthread_mutex_lock(&threads->mutex);
    for (;;) {
        while (threads->run == seen && !threads->closing)
            pthread_cond_wait(&threads->begin, &threads->mutex);
        if (threads->closing) break;
        seen = threads->run;
        if (me->number >= threads->n) continue; /* not enough for all: nobody waits for this one */
        pthread_mutex_unlock(&threads->mutex);
        take_turns(threads, me->number);
        pthread_mutex_lock(&threads->mutex);
        if (--threads->working == 0) pthread_cond_signal(&threads->end);
    }
    pthread_mutex_unlock(&threads->mutex);
    return NULL;
}

static void start(ps_threads *threads) {
    threads->started = true;
    for (size_t i = 0; i + 1 < threads->count; i++) {
        threads->workers[i] = (worker){.threads = threads, .number = i + 1};
        if (pthread_create(&threads->workers[i].thread, NULL, member_main, &threads->workers[i]) != 0) return;
        threads->n_started++;
    }
}

void ps_threads_run(ps_threads *threads, size_t n, void (*task)(void *context, size_t i, size_t worker),
                    void *context) {
    if (!threads->started && n > 1) start(threads);
    pthread_mutex_lock(&threads->mutex);
    threads->task = task;
    threads->context = context;
    threads->n = n;
    atomic_store(&threads->next, 0);
    threads->run++;
    threads->working = n == 0 ? 0 : n - 1 < threads->n_started ? n - 1 : threads->n_started;
    if (threads->working > 0) pthread_cond_broadcast(&threads->begin);
    pthread_mutex_unlock(&threads->mutex);
    take_turns(threads, 0);
    pthread_mutex_lock(&threads->mutex);
    while (threads->working > 0)
        pthread_cond_wait(&threads->end, &threads->mutex);
    pthread_mutex_unlock(&threads->mutex);
}
