/* How many of a lane's threads are used. ggml's threads wait for one another by spinning, after every operation of a
 * graph: beside another program, whose time a core then has to share, two threads may be a hundred times slower than
 * one (docs/performance.md, "Beside other programs"). No setting that was measured once can know that. So a lane of
 * several threads watches its batches: when they are slow it tries fewer threads, keeps to what is faster, and tries
 * more again from time to time. Trials cost a twentieth of the time at most.
 *
 * Pure: times come in as arguments. */
#ifndef PERSAMP_ENGINE_LLAMA_GOVERNOR_H
#define PERSAMP_ENGINE_LLAMA_GOVERNOR_H

#include <stdbool.h>
#include <stddef.h>

enum { PS_GOVERNOR_LEVELS = 3, PS_GOVERNOR_CLASSES = 12 };

typedef struct ps_governor {
    int threads[PS_GOVERNOR_LEVELS]; /* all, half, one */
    size_t n_levels;
    size_t level;                                         /* in use */
    size_t from;                                          /* … for a trial, from this one; the same: no trial */
    double cost[PS_GOVERNOR_LEVELS][PS_GOVERNOR_CLASSES]; /* s a token of the last batch, by its size; 0: not known */
    double best[PS_GOVERNOR_CLASSES];                     /* the least at any level */
    double clock;                                         /* s of batches so far */
    double fewer_from, more_from;                         /* when fewer and more threads may be tried again */
    int slow;                                             /* batches in a row */
} ps_governor;

/* threads ≥ 1: the most. With one there is nothing to govern. */
void ps_governor_start(ps_governor *governor, int threads);

/* Threads of the next batch. */
static inline int ps_governor_threads(const ps_governor *governor) {
    return governor->threads[governor->level];
}

/* A batch of n ≥ 1 tokens took so many seconds; slow_core: what it would take a single slow core that had nothing else
 * to do. */
void ps_governor_after(ps_governor *governor, size_t n, double seconds, double slow_core);

#endif
