/* One question: a solver with one problem. */
#include "persamp/run.h"

static bool cancelled(const ps_observer *o) {
    return o != NULL && o->cancelled != NULL && o->cancelled(o->user);
}

/* Until the one outcome is there. */
static ps_status await(ps_solver *solver, const ps_observer *observer, ps_outcome **outcome, ps_error *err) {
    const double interval = 0.05; /* seconds between questions whether to go on */
    ps_status status = PS_OK;
    while (status == PS_OK && ps_solver_pending(solver) > 0) {
        const ps_solver_event *events = NULL;
        size_t n = 0;
        if (cancelled(observer)) return ps_fail(err, PS_CANCELLED, "interrupted");
        status = ps_solver_poll(solver, interval, &events, &n, err);
        for (size_t i = 0; i < n && status == PS_OK; i++) {
            if (events[i].outcome != NULL)
                *outcome = events[i].outcome;
            else if (observer != NULL && observer->step != NULL)
                observer->step(observer->user, events[i].step);
        }
    }
    return status;
}

ps_status ps_solve(const ps_config *config, ps_models *models, const ps_problem *problem, const ps_observer *observer,
                   ps_outcome **out, ps_error *err) {
    ps_session *session = NULL;
    ps_solver *solver = NULL;
    ps_outcome *outcome = NULL;
    ps_status status = ps_session_create(config, models, NULL, &session, err);
    if (status == PS_OK) status = ps_solver_create(models, &solver, err);
    ps_solve_request request = {
        .session = session, .problem = problem, .progress = observer != NULL && observer->step != NULL};
    if (status == PS_OK) status = ps_solver_submit(solver, &request, err);
    if (status == PS_OK) status = await(solver, observer, &outcome, err);
    if (outcome != NULL && outcome->status != PS_OK) {
        status = ps_fail(err, outcome->status, "%s", outcome->error);
        ps_outcome_free(outcome);
    } else if (status == PS_OK) {
        *out = outcome;
    }
    ps_solver_free(solver);
    ps_session_release(session);
    return status;
}
