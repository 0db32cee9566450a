#include "tune/evaluate.h"

#include <math.h>

typedef struct evaluating {
    const ps_evaluation *self;
    ps_result *results;
    ps_solver *solver;
    size_t places, next, first; /* first: of the first problems so many are known */
    double beaten;              /* when the last sign of life was given */
    bool lost, stop;
    size_t *fresh; /* [n_fresh] positions of results that are not stored yet */
    size_t n_fresh;
} evaluating;

static ps_result result_of(const ps_outcome *o) {
    ps_result r = {.known = true,
                   .failed = o->error != NULL,
                   .tokens = o->tokens.generated,
                   .seconds = o->seconds.total,
                   .truncated = o->truncated};
    for (int s = 0; s < PS_SELECTS; s++) {
        r.right_by |= (unsigned)o->predictions[s].correct << s;
        r.confidence[s] = ps_outcome_confidence(o, (ps_select)s);
    }
    return r;
}

/* ---- Storing ------------------------------------------------------------- */

static ps_status store(ps_db *db, void *user, ps_error *err) {
    evaluating *e = user;
    const ps_evaluation *self = e->self;
    bool mine = true;
    ps_status status = self->trial != 0 ? ps_storage_beat(db, self->trial, self->worker, &mine, err) : PS_OK;
    e->lost = !mine;
    for (size_t i = 0; i < e->n_fresh && mine && status == PS_OK; i++)
        status =
            ps_storage_add_result(db, self->setting, self->problems[e->fresh[i]].index, &e->results[e->fresh[i]], err);
    return status;
}

/* What is new goes into the database with a sign of life; a sign alone where nothing is new for a while. */
static ps_status keep(evaluating *e, ps_error *err) {
    double now = ps_now();
    bool due = e->self->trial != 0 && now - e->beaten > e->self->worker->lease / 4;
    if (e->n_fresh == 0 && !due) return PS_OK;
    ps_status status = ps_db_transaction(e->self->db, store, e, err);
    e->n_fresh = 0;
    e->beaten = now;
    return status;
}

/* ---- Solving ------------------------------------------------------------- */

static ps_status submit(evaluating *e, ps_error *err) {
    ps_status status = PS_OK;
    for (; status == PS_OK && e->next < e->self->n && ps_solver_running(e->solver) < e->places; e->next++) {
        ps_solve_request request = {
            .session = e->self->session, .problem = &e->self->problems[e->next], .tag = e->next};
        if (!e->results[e->next].known) status = ps_solver_submit(e->solver, &request, err);
    }
    return status;
}

static ps_status take(evaluating *e, double seconds, ps_error *err) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    ps_status status = ps_solver_poll(e->solver, seconds, &events, &n, err);
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)events[i].tag;
        if (status == PS_OK && events[i].outcome->status != PS_CANCELLED) {
            e->results[at] = result_of(events[i].outcome);
            if (!e->results[at].failed) e->fresh[e->n_fresh++] = at;
        }
        ps_outcome_free(events[i].outcome);
    }
    return status;
}

static ps_status tell(evaluating *e, ps_error *err) {
    size_t before = e->first;
    while (e->first < e->self->n && e->results[e->first].known)
        e->first++;
    if (e->first == before || e->self->seen == NULL) return PS_OK;
    return e->self->seen(e->self->user, e->results, e->first, &e->stop, err);
}

static ps_status solve(evaluating *e, ps_error *err) {
    const double interval = 0.05; /* seconds between questions whether to go on */
    ps_status status = tell(e, err);
    if (status == PS_OK && !e->stop) status = submit(e, err);
    while (status == PS_OK && !e->stop && !e->lost && ps_solver_pending(e->solver) > 0) {
        bool cancelled = e->self->cancelled != NULL && e->self->cancelled(e->self->user);
        status = take(e, cancelled ? 0 : interval, err);
        if (status == PS_OK) status = keep(e, err);
        if (status == PS_OK && cancelled) return ps_fail(err, PS_CANCELLED, "interrupted");
        if (status == PS_OK && !e->lost) status = tell(e, err);
        if (status == PS_OK && !e->stop && !e->lost) status = submit(e, err);
    }
    return status;
}

static size_t places(const ps_config *config, const ps_session *session) {
    int64_t wanted = config->evaluation_parallel_problems;
    return wanted != PS_CONFIG_AUTO ? (size_t)wanted : ps_session_in_flight(session);
}

ps_status ps_evaluate(const ps_evaluation *self, ps_result *results, size_t *reused, bool *lost, ps_error *err) {
    evaluating e = {
        .self = self, .results = results, .places = places(self->config, self->session), .beaten = ps_now()};
    ps_status status = ps_storage_results(self->db, self->setting, self->problems, self->n, results, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < self->n; i++)
        *reused += results[i].known;
    e.fresh = ps_calloc(self->n, sizeof *e.fresh);
    status = e.fresh != NULL ? ps_solver_create(self->models, &e.solver, err) : ps_nomem(err);
    if (status == PS_OK) status = solve(&e, err);
    ps_solver_free(e.solver);
    ps_free(e.fresh);
    *lost = e.lost;
    return status;
}
