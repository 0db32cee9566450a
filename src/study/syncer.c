/* A thread that does nothing but fsync. */
#include "study/syncer.h"

#include <errno.h>
#include <unistd.h>

static int force(int file) {
    return fsync(file) == 0 ? 0 : errno;
}

static void *syncer_main(void *argument) {
    ps_syncer *s = argument;
    pthread_mutex_lock(&s->mutex);
    while (!s->closing) {
        if (!s->due) {
            pthread_cond_wait(&s->asked, &s->mutex);
            continue;
        }
        s->due = false;
        pthread_mutex_unlock(&s->mutex);
        int error = force(s->file);
        pthread_mutex_lock(&s->mutex);
        if (error != 0) s->error = error;
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

void ps_syncer_open(ps_syncer *s, int file) {
    *s = (ps_syncer){.file = file, .open = true};
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->asked, NULL);
}

int ps_syncer_ask(ps_syncer *s) {
    if (!s->started) s->started = pthread_create(&s->thread, NULL, syncer_main, s) == 0;
    if (!s->started) return force(s->file);
    pthread_mutex_lock(&s->mutex);
    s->due = true;
    int error = s->error;
    pthread_cond_signal(&s->asked);
    pthread_mutex_unlock(&s->mutex);
    return error;
}

int ps_syncer_close(ps_syncer *s) {
    if (!s->open) return 0;
    if (s->started) {
        pthread_mutex_lock(&s->mutex);
        s->closing = true;
        pthread_cond_signal(&s->asked);
        pthread_mutex_unlock(&s->mutex);
        pthread_join(s->thread, NULL);
    }
    pthread_cond_destroy(&s->asked);
    pthread_mutex_destroy(&s->mutex);
    int error = force(s->file);
    s->open = false;
    return error != 0 ? error : s->error;
}
