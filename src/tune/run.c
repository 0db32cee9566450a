/* One trial, from its first problem to its end. */
#include "base/json.h"
#include "tune/evaluate.h"
#include "tune/plan.h"
#include "tune/prune.h"
#include "tune/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct running {
    ps_plan *plan;
    const ps_job *job;
    ps_select select;
    ps_result *results, *best;      /* [n]; best: of the trial that this one is held against, NULL without one */
    size_t rungs[3], n_rungs, next; /* next: rung to be reported */
    size_t seen;                    /* of the first problems, known when it was last looked */
    bool *right, *best_right;       /* [n] */
    bool pruned, lost;
    ps_tally tally;
    ps_trial_state end;
    double rung_value;
    bool survives;
    const char *reason; /* of a failure; NULL: none */
    double shown;       /* when it was last shown how far it is */
} running;

static const char *first_metric(const running *r) {
    return r->plan->config->tuning_metric.items[0];
}

/* ---- On the way ---------------------------------------------------------- */

/* The value at a rung is in the study before it is compared with the others'. */
static ps_status report_rung(ps_db *db, void *user, ps_error *err) {
    running *r = user;
    bool mine = true;
    size_t reached = 0, better = 0, step = r->rungs[r->next];
    ps_status status = ps_storage_beat(db, r->job->id, &r->plan->worker, &mine, err);
    r->lost = !mine;
    if (status != PS_OK || !mine) return status;
    status = ps_storage_set_intermediate(db, r->job->id, step, r->rung_value, err);
    if (status == PS_OK)
        status = ps_storage_rank(db, r->plan->study, step, r->rung_value, r->plan->maximise[0], &reached, &better, err);
    r->survives = ps_prune_survives(reached, better);
    return status;
}

static ps_status climb(running *r, const ps_result *results, size_t first, bool *stop, ps_error *err) {
    ps_status status = PS_OK;
    for (; status == PS_OK && r->next < r->n_rungs && r->rungs[r->next] <= first && !*stop; r->next++) {
        ps_tally tally = ps_tally_of(results, r->rungs[r->next], r->select);
        r->rung_value = ps_metric_value(first_metric(r), &tally);
        status = ps_db_transaction(r->plan->db, report_rung, r, err);
        bool last = r->rungs[r->next] == r->plan->n;
        if (r->plan->config->tuning_halving && !last && !r->survives) {
            r->pruned = *stop = true;
            r->seen = r->rungs[r->next];
        }
        *stop = *stop || r->lost;
    }
    return status;
}

/* After each problem on its own, so that what runs beside it changes nothing. */
static void prune(running *r, const ps_result *results, size_t first, bool *stop) {
    if (!r->plan->config->tuning_pruning || r->best == NULL) return;
    size_t n_trials = r->plan->target != SIZE_MAX ? r->plan->target : ps_space_points(r->plan->space);
    for (size_t i = r->seen; i < first && !*stop; i++) {
        r->right[i] = !results[i].failed && (results[i].right_by >> r->select & 1) != 0;
        r->seen = i + 1;
        if (i + 1 == r->plan->n || !ps_prune_stops(r->right, r->best_right, i + 1, r->plan->n, n_trials)) continue;
        r->pruned = *stop = true;
    }
}

static void show(const running *r, size_t first, ps_trial_state state) {
    const ps_tune_observer *o = r->plan->observer;
    if (o->progress == NULL) return;
    ps_tally t = ps_tally_of(r->results, first, r->select);
    ps_trial trial = {.id = r->job->id,
                      .number = r->job->number,
                      .state = state,
                      .attributes = "{}",
                      .done = t.done,
                      .correct = t.correct,
                      .mean_tokens = t.done > 0 ? (double)t.tokens / (double)t.done : NAN};
    ps_wilson(t.correct, t.done, &trial.low, &trial.high);
    for (size_t k = 0; k < PS_OBJECTIVES; k++)
        trial.values[k] =
            k < r->plan->config->tuning_metric.n ? ps_metric_value(r->plan->config->tuning_metric.items[k], &t) : NAN;
    o->progress(o->user, &trial, r->plan->n, r->job->has_best ? &r->job->best : NULL);
}

static ps_status on_seen(void *user, const ps_result *results, size_t first, bool *stop, ps_error *err) {
    running *r = user;
    prune(r, results, first, stop);
    ps_status status = climb(r, results, first, stop, err);
    double now = ps_now();
    if (status != PS_OK || now - r->shown < 0.1) return status;
    r->shown = now;
    show(r, first, PS_TRIAL_RUNNING);
    return PS_OK;
}

static bool on_cancelled(void *user) {
    return ps_plan_cancelled(((running *)user)->plan);
}

/* ---- The end ------------------------------------------------------------- */

static ps_status put(ps_db *db, int64_t trial, const char *key, json_t *value, ps_error *err) {
    ps_text text = {0};
    ps_status status = ps_json_dump(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12), &text, err);
    if (status == PS_OK) status = ps_storage_set_attribute(db, trial, key, text.data, err);
    ps_text_clear(&text);
    return status;
}

static ps_status put_account(const running *r, ps_db *db, ps_error *err) {
    const ps_tally *t = &r->tally;
    double low, high;
    ps_wilson(t->correct, t->done, &low, &high);
    const struct {
        const char *key;
        json_t *value;
    } attributes[] = {{"problems", json_integer((json_int_t)t->done)},
                      {"correct", json_integer((json_int_t)t->correct)},
                      {"failed", json_integer((json_int_t)t->failed)},
                      {"truncated", json_integer((json_int_t)t->truncated)},
                      {"tokens", json_integer((json_int_t)t->tokens)},
                      {"seconds", json_real(t->seconds)},
                      {"interval_95", json_pack("[f,f]", low, high)},
                      {"select", json_string(ps_select_name(r->select))},
                      {"seed", json_integer((json_int_t)r->job->config->system_seed)},
                      {"reason", ps_json_text(r->reason)}};
    ps_status status = PS_OK;
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        if (status == PS_OK && !json_is_null(attributes[i].value))
            status = put(db, r->job->id, attributes[i].key, attributes[i].value, err);
        else
            json_decref(attributes[i].value);
    }
    return status;
}

static ps_status end(ps_db *db, void *user, ps_error *err) {
    running *r = user;
    bool mine = true;
    double values[PS_OBJECTIVES];
    size_t n = r->end == PS_TRIAL_FAIL ? 0 : r->plan->config->tuning_metric.n;
    for (size_t k = 0; k < n; k++)
        values[k] = ps_metric_value(r->plan->config->tuning_metric.items[k], &r->tally);
    ps_status status = ps_storage_beat(db, r->job->id, &r->plan->worker, &mine, err);
    r->lost = !mine;
    if (status == PS_OK && mine) status = put_account(r, db, err);
    if (status == PS_OK && mine) status = ps_storage_end_trial(db, r->job->id, r->end, values, n, err);
    return status;
}

static ps_status let_go(ps_db *db, void *user, ps_error *err) {
    running *r = user;
    return ps_storage_let_go(db, r->job->id, &r->plan->worker, err);
}

/* ---- All of it ----------------------------------------------------------- */

static ps_status prepare(running *r, ps_error *err) {
    size_t n = r->plan->n;
    r->results = ps_calloc(n, sizeof *r->results);
    r->right = ps_calloc(2 * n, sizeof *r->right);
    if (r->results == NULL || r->right == NULL) return ps_nomem(err);
    r->best_right = r->right + n;
    r->n_rungs = ps_prune_rungs(n, r->rungs);
    if (!r->plan->config->tuning_pruning || *r->job->best_samples == '\0') return PS_OK;
    r->best = ps_calloc(n, sizeof *r->best);
    if (r->best == NULL) return ps_nomem(err);
    ps_status status = ps_storage_results(r->plan->db, r->job->best_samples, r->plan->problems, n, r->best, err);
    for (size_t i = 0; i < n; i++)
        r->best_right[i] = r->best[i].known && (r->best[i].right_by >> r->job->best_select & 1) != 0;
    return status;
}

/* What is wrong with the trial's values is its failure; what is wrong with the machine, the database or the memory is
 * everybody's. */
static bool is_the_trials(ps_status status) {
    return status == PS_ARG || status == PS_DOMAIN || status == PS_FORMAT || status == PS_BUDGET;
}

static ps_status solve(running *r, ps_session *session, ps_effort *effort, ps_error *err) {
    const ps_plan *plan = r->plan;
    const ps_evaluation e = {.db = plan->db,
                             .config = r->job->config,
                             .models = plan->models,
                             .session = session,
                             .setting = r->job->setting.samples,
                             .draws = plan->rereads ? r->job->setting.draws : NULL,
                             .problems = plan->problems,
                             .n = plan->n,
                             .trial = r->job->id,
                             .worker = &plan->worker,
                             .cancelled = on_cancelled,
                             .seen = on_seen,
                             .user = r};
    bool lost = false;
    r->select = ps_session_select(session);
    ps_status status = ps_evaluate(&e, r->results, effort, &lost, err);
    r->lost = r->lost || lost;
    return status;
}

static void judge(running *r) {
    size_t known = r->pruned ? r->seen : r->plan->n;
    r->tally = ps_tally_of(r->results, known, r->select);
    r->end = r->pruned ? PS_TRIAL_PRUNED : PS_TRIAL_COMPLETE;
    if (r->tally.failed == known) {
        r->end = PS_TRIAL_FAIL;
        r->reason = "every problem failed";
    }
}

ps_status ps_plan_run(ps_plan *plan, const ps_job *job, ps_effort *effort, bool *lost, ps_error *err) {
    running r = {.plan = plan, .job = job};
    ps_session *session = NULL;
    ps_error why;
    ps_status status = prepare(&r, err);
    if (status == PS_OK) {
        status = ps_session_create(job->config, plan->models, NULL, &session, &why);
        if (status == PS_OK) status = solve(&r, session, effort, &why);
        if (status == PS_OK && !r.lost) judge(&r);
        if (is_the_trials(status)) {
            r.end = PS_TRIAL_FAIL;
            r.reason = why.message;
            status = PS_OK;
        }
        if (status != PS_OK) ps_fail(err, status, "%s", why.message);
    }
    if (status == PS_OK && !r.lost) status = ps_db_transaction(plan->db, end, &r, err);
    if (status == PS_OK && !r.lost) show(&r, r.tally.done, r.end);
    if (status != PS_OK && status != PS_IO && !plan->db->lost) ps_db_transaction(plan->db, let_go, &r, NULL);
    *lost = r.lost;
    ps_session_release(session);
    ps_free(r.results);
    ps_free(r.right);
    ps_free(r.best);
    return status;
}
