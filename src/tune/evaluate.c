#include "tune/evaluate.h"

#include <math.h>

/* A problem between its submission and its result's place in the database. */
typedef struct sampled {
    ps_steps *known; /* those of its steps that are in the database; NULL: not read */
    ps_text record;  /* of those that are not, as it is stored */
} sampled;

typedef struct evaluating {
    const ps_evaluation *self;
    ps_result *results;
    ps_solver *solver;
    ps_effort *effort;
    size_t places, next, first; /* first: of the first problems so many are known */
    double beaten;              /* when the last sign of life was given */
    bool lost, stop;
    size_t *fresh; /* [n_fresh] positions of results that are not stored yet */
    size_t n_fresh;
    sampled *samples; /* [n] */
    bool *there;      /* [n] steps of it were in the database when the evaluation began */
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
    e->lost = !mine; /* what came of a problem is true all the same, and spares the new owner the work */
    for (size_t i = 0; i < e->n_fresh && status == PS_OK; i++) {
        size_t at = e->fresh[i];
        const ps_text *record = &e->samples[at].record;
        status = ps_storage_add_result(db, self->setting, self->problems[at].index, &e->results[at], err);
        if (status == PS_OK && record->length > 0)
            status = ps_storage_add_steps(db, self->draws, self->problems[at].index, record->data, err);
    }
    return status;
}

static void forget(sampled *samples) {
    ps_steps_free(samples->known);
    ps_text_clear(&samples->record);
    *samples = (sampled){0};
}

/* What is new goes into the database with a sign of life; a sign alone where nothing is new for a while. */
static ps_status keep(evaluating *e, ps_error *err) {
    double now = ps_now();
    bool due = e->self->trial != 0 && now - e->beaten > e->self->worker->lease / 4;
    if (e->n_fresh == 0 && !due) return PS_OK;
    ps_status status = ps_db_transaction(e->self->db, store, e, err);
    for (size_t i = 0; i < e->n_fresh; i++)
        forget(&e->samples[e->fresh[i]]);
    e->n_fresh = 0;
    e->beaten = now;
    return status;
}

/* ---- Solving ------------------------------------------------------------- */

/* Search among the samples that are there. *found: they were all that it takes. */
static ps_status read_again(evaluating *e, size_t at, bool *found, ps_error *err) {
    const ps_evaluation *self = e->self;
    ps_outcome *outcome = NULL;
    ps_steps **known = &e->samples[at].known;
    *found = false;
    if (self->draws == NULL) return PS_OK;
    ps_status status = ps_steps_create(known, err);
    if (status != PS_OK || !e->there[at]) return status;
    status = ps_storage_read_steps(self->db, self->draws, self->problems[at].index, *known, err);
    if (status == PS_OK) status = ps_steps_solve(*known, self->session, &self->problems[at], &outcome, err);
    *found = outcome != NULL && outcome->error == NULL;
    if (*found) {
        e->results[at] = result_of(outcome);
        e->fresh[e->n_fresh++] = at;
        e->effort->reread++;
    }
    ps_outcome_free(outcome);
    return status;
}

/* As many as the models have places for, and no more than a few without the models: what comes of them is stored, and
 * whether to go on is asked, in between. */
static ps_status submit(evaluating *e, ps_error *err) {
    enum { AT_ONCE = 16 };
    ps_status status = PS_OK;
    for (; status == PS_OK && e->next < e->self->n && ps_solver_running(e->solver) < e->places && e->n_fresh < AT_ONCE;
         e->next++) {
        ps_solve_request request = {
            .session = e->self->session, .problem = &e->self->problems[e->next], .tag = e->next};
        bool found = e->results[e->next].known;
        if (!found) status = read_again(e, e->next, &found, err);
        if (status == PS_OK && !found) status = ps_solver_submit(e->solver, &request, err);
    }
    return status;
}

static ps_status take_one(evaluating *e, size_t at, const ps_outcome *outcome, ps_error *err) {
    e->effort->drawn += outcome->tokens.generated;
    e->results[at] = result_of(outcome);
    if (e->results[at].failed) return PS_OK;
    e->fresh[e->n_fresh++] = at;
    sampled *samples = &e->samples[at];
    return samples->known != NULL ? ps_steps_add(samples->known, outcome, &samples->record, err) : PS_OK;
}

static ps_status take(evaluating *e, double seconds, ps_error *err) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    if (ps_solver_pending(e->solver) == 0) return PS_OK;
    ps_status status = ps_solver_poll(e->solver, seconds, &events, &n, err);
    for (size_t i = 0; i < n; i++) {
        if (status == PS_OK && events[i].outcome->status != PS_CANCELLED)
            status = take_one(e, (size_t)events[i].tag, events[i].outcome, err);
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

static bool is_over(const evaluating *e) {
    return e->next == e->self->n && e->n_fresh == 0 && ps_solver_pending(e->solver) == 0;
}

static ps_status solve(evaluating *e, ps_error *err) {
    const double interval = 0.05; /* seconds between questions whether to go on */
    ps_status status = tell(e, err);
    if (status == PS_OK && !e->stop) status = submit(e, err);
    while (status == PS_OK && !e->stop && !e->lost && !is_over(e)) {
        bool cancelled = e->self->cancelled != NULL && e->self->cancelled(e->self->user);
        status = take(e, cancelled || e->n_fresh > 0 ? 0 : interval, err);
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

ps_status ps_evaluate(const ps_evaluation *self, ps_result *results, ps_effort *effort, bool *lost, ps_error *err) {
    evaluating e = {.self = self,
                    .results = results,
                    .effort = effort,
                    .places = places(self->config, self->session),
                    .beaten = ps_now()};
    ps_status status = ps_storage_results(self->db, self->setting, self->problems, self->n, results, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < self->n; i++)
        effort->reused += results[i].known;
    e.fresh = ps_calloc(self->n, sizeof *e.fresh);
    e.samples = ps_calloc(self->n, sizeof *e.samples);
    e.there = ps_calloc(self->n, sizeof *e.there);
    status = e.fresh != NULL && e.samples != NULL && e.there != NULL ? PS_OK : ps_nomem(err);
    if (status == PS_OK && self->draws != NULL)
        status = ps_storage_find_steps(self->db, self->draws, self->problems, self->n, e.there, err);
    if (status == PS_OK) status = ps_solver_create(self->models, &e.solver, err);
    if (status == PS_OK) status = solve(&e, err);
    ps_solver_free(e.solver);
    for (size_t i = 0; i < self->n && e.samples != NULL; i++)
        forget(&e.samples[i]);
    ps_free(e.samples);
    ps_free(e.there);
    ps_free(e.fresh);
    *lost = e.lost;
    return status;
}
