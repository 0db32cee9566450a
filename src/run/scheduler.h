/* Many problems over one engine: whoever has something to submit submits it, so that every batch is as full as the
 * problems allow. */
#ifndef PERSAMP_RUN_SCHEDULER_H
#define PERSAMP_RUN_SCHEDULER_H

#include "run/task.h"

/* Where problems come from and outcomes go. */
typedef struct ps_schedule {
    const ps_session *session;
    size_t parallel; /* problems in flight, ≥ 1 */
    void *user;
    const ps_problem *(*next)(void *user);                                 /* NULL: no more */
    ps_status (*finished)(void *user, ps_outcome *outcome, ps_error *err); /* takes ownership */
    const ps_observer *observer;                                           /* may be NULL */
} ps_schedule;

/* Run until there are no more problems. PS_CANCELLED when the observer says so: problems under way are dropped. */
ps_status ps_schedule_run(const ps_schedule *schedule, ps_error *err);

#endif
