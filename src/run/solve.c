/* One question. */
#include "run/scheduler.h"

typedef struct single {
    const ps_problem *problem;
    ps_outcome *outcome;
} single;

static const ps_problem *only_problem(void *user) {
    single *s = user;
    const ps_problem *problem = s->problem;
    s->problem = NULL;
    return problem;
}

static ps_status take(void *user, ps_outcome *outcome, ps_error *err) {
    (void)err;
    ((single *)user)->outcome = outcome;
    return PS_OK;
}

ps_status ps_solve(const ps_config *config, ps_models *models, const ps_problem *problem, const ps_observer *observer,
                   ps_outcome **outcome, ps_error *err) {
    single state = {.problem = problem};
    ps_session *session = ps_calloc(1, sizeof *session);
    if (session == NULL) return ps_nomem(err);
    ps_status status = ps_session_init(session, config, models, NULL, err);
    if (status == PS_OK) {
        ps_schedule schedule = {.session = session,
                                .parallel = 1,
                                .user = &state,
                                .next = only_problem,
                                .finished = take,
                                .observer = observer};
        status = ps_schedule_run(&schedule, err);
    }
    if (status == PS_OK && state.outcome->error != NULL) {
        status = ps_fail(err, state.outcome->task->failed, "%s", state.outcome->error);
        ps_outcome_free(state.outcome);
        state.outcome = NULL;
    }
    if (status == PS_OK) *outcome = state.outcome;
    ps_session_clear(session);
    ps_free(session);
    return status;
}
