#include "engine/llama/threads.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct member {
    ps_crew *crew;
    pthread_t thread;
    size_t number;
} member;

struct ps_crew {
    size_t size;
    member *members; /* [size − 1] */
    size_t n_started;
    bool started; /* the first run has tried */

    pthread_mutex_t mutex;
    pthread_cond_t begin, end;
    uint64_t run;   /* [mutex] how many runs there were */
    size_t working; /* [mutex] threads the present run waits for */
    bool closing;   /* [mutex] */

    void (*task)(void *context, size_t i, size_t member); /* of the present run */
    void *context;
    size_t n;
    atomic_size_t next; /* the first i that nobody has taken */
};

ps_status ps_crew_create(size_t size, ps_crew **crew, ps_error *err) {
    ps_crew *c = ps_calloc(1, sizeof *c);
    if (c == NULL) return ps_nomem(err);
    c->size = size;
    c->members = ps_calloc(size, sizeof *c->members);
    if (c->members == NULL) {
        ps_free(c);
        return ps_nomem(err);
    }
    pthread_mutex_init(&c->mutex, NULL);
    pthread_cond_init(&c->begin, NULL);
    pthread_cond_init(&c->end, NULL);
    *crew = c;
    return PS_OK;
}

void ps_crew_free(ps_crew *crew) {
    if (crew == NULL) return;
    pthread_mutex_lock(&crew->mutex);
    crew->closing = true;
    pthread_cond_broadcast(&crew->begin);
    pthread_mutex_unlock(&crew->mutex);
    for (size_t i = 0; i < crew->n_started; i++)
        pthread_join(crew->members[i].thread, NULL);
    pthread_mutex_destroy(&crew->mutex);
    pthread_cond_destroy(&crew->begin);
    pthread_cond_destroy(&crew->end);
    ps_free(crew->members);
    ps_free(crew);
}

size_t ps_crew_size(const ps_crew *crew) {
    return crew->size;
}

static void take_turns(ps_crew *crew, size_t number) {
    for (size_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->n;)
        crew->task(crew->context, i, number);
}

static void *member_main(void *argument) {
    const member *me = argument;
    ps_crew *crew = me->crew;
    uint64_t seen = 0;
    pthread_mutex_lock(&crew->mutex);
    for (;;) {
        while (crew->run == seen && !crew->closing)
            pthread_cond_wait(&crew->begin, &crew->mutex);
        if (crew->closing) break;
        seen = crew->run;
        if (me->number >= crew->n) continue; /* not enough for all: nobody waits for this one */
        pthread_mutex_unlock(&crew->mutex);
        take_turns(crew, me->number);
        pthread_mutex_lock(&crew->mutex);
        if (--crew->working == 0) pthread_cond_signal(&crew->end);
    }
    pthread_mutex_unlock(&crew->mutex);
    return NULL;
}

static void start(ps_crew *crew) {
    crew->started = true;
    for (size_t i = 0; i + 1 < crew->size; i++) {
        crew->members[i] = (member){.crew = crew, .number = i + 1};
        if (pthread_create(&crew->members[i].thread, NULL, member_main, &crew->members[i])) return;
        crew->n_started++;
    }
}

void ps_crew_run(ps_crew *crew, size_t n, void (*task)(void *context, size_t i, size_t member), void *context) {
    if (!crew->started && n > 1) start(crew);
    pthread_mutex_lock(&crew->mutex);
    crew->task = task;
    crew->context = context;
    crew->n = n;
    atomic_store(&crew->next, 0);
    crew->run++;
    crew->working = n == 0 ? 0 : n - 1 < crew->n_started ? n - 1 : crew->n_started;
    if (crew->working > 0) pthread_cond_broadcast(&crew->begin);
    pthread_mutex_unlock(&crew->mutex);
    take_turns(crew, 0);
    pthread_mutex_lock(&crew->mutex);
    while (crew->working > 0)
        pthread_cond_wait(&crew->end, &crew->mutex);
    pthread_mutex_unlock(&crew->mutex);
}
