/* How many sequences a server is given at once: as many as it has slots, or as many as it stays fast with. Where that
 * is not known the limit is halved when a window of time with it was slower than the one before, and doubled again when
 * less turns out to be slower still. */
#ifndef PERSAMP_ENGINE_OPENAI_LIMIT_H
#define PERSAMP_ENGINE_OPENAI_LIMIT_H

#include "persamp/base.h"

typedef struct ps_remote_limit {
    size_t most, now; /* sequences at once; now ≤ most */
    size_t under_way;
    bool fixed;               /* slots: nothing to find out */
    bool full;                /* in this window there was always more to send */
    double began;             /* of the window; 0: none yet */
    uint64_t tokens;          /* drawn in it */
    double last_rate;         /* tokens/s of the full window before; 0: none */
    size_t last_now;          /* the limit then */
    double seconds_per_token; /* of one sequence, smoothed; 0: not known */
} ps_remote_limit;

void ps_remote_limit_init(ps_remote_limit *limit, size_t most, bool fixed);
/* Sequences that may still be sent. */
size_t ps_remote_limit_room(const ps_remote_limit *limit);
/* A request has come back after `seconds` with `tokens` in all, of which its longest choice has `longest`; `waiting`:
 * others wait for room. `now`: the time. */
void ps_remote_limit_came(ps_remote_limit *limit, size_t tokens, size_t longest, double seconds, bool waiting,
                          double now);

#endif
