/* Forcing a file to the disk in a thread of its own: that may take a good part of a second, and the model should not
 * wait for it. What was written survives the death of the process without this; it is for that of the machine. */
#ifndef PERSAMP_STUDY_SYNCER_H
#define PERSAMP_STUDY_SYNCER_H

#include <pthread.h>
#include <stdbool.h>

typedef struct ps_syncer {
    int file;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t asked;
    bool open, started, due, closing;
    int error; /* errno of the last fsync that failed, else 0 */
} ps_syncer;

void ps_syncer_open(ps_syncer *syncer, int file);
/* What was written before is forced to the disk soon. Returns errno of an earlier attempt that failed, else 0. */
int ps_syncer_ask(ps_syncer *syncer);
/* All of it is on the disk now, or errno says why not. Does nothing to one that is all zeros. The file stays open. */
int ps_syncer_close(ps_syncer *syncer);

#endif
