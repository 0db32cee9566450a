/* What a worker reads and writes of its trials. A trial is a worker's as long as its lease lasts; every write of it
 * begins with ps_storage_beat, in the same transaction. */
#include "base/hash.h"
#include "tune/storage.h"
#include "tune/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A statement with the database's clock in it: %s is now in seconds. */
static ps_status run_timed(ps_db *db, const char *format, const char *clock, const ps_db_value *values, size_t n,
                           ps_db_row *each, void *user, size_t *changed, ps_error *err) {
    char sql[640];
    const char *at = strstr(format, "%s");
    snprintf(sql, sizeof sql, "%.*s%s%s", (int)(at - format), format, clock, at + 2);
    return ps_db_run(db, sql, values, n, each, user, changed, err);
}

ps_status ps_storage_lock_study(ps_db *db, int64_t study, ps_error *err) {
    char sql[96];
    ps_db_one one = {0};
    snprintf(sql, sizeof sql, "SELECT study_id FROM studies WHERE study_id = $1%s", db->ops->lock_rows);
    ps_status status = ps_db_query(db, ps_db_take_one, &one, NULL, err, sql, ps_db_int(study));
    if (status == PS_OK && !one.there)
        status = ps_fail(err, PS_IO, "%s: the study was removed while it was worked on", db->where);
    return status;
}

/* ---- Leases -------------------------------------------------------------- */

static ps_status set_lease(ps_db *db, int64_t trial, const ps_worker *w, ps_error *err) {
    const ps_db_value values[] = {ps_db_int(trial), ps_db_text(w->owner), ps_db_real(w->lease)};
    return run_timed(db,
                     "INSERT INTO persamp_leases (trial_id, owner, taken, expires) VALUES ($1, $2, 1, %s + $3) "
                     "ON CONFLICT (trial_id) DO UPDATE SET owner = excluded.owner, "
                     "expires = excluded.expires + $3 * CAST(persamp_leases.taken - 1 AS DOUBLE PRECISION)",
                     db->ops->seconds, values, 3, NULL, NULL, NULL, err);
}

/* For those who look with Optuna's eyes. */
static ps_status set_heartbeat(ps_db *db, int64_t trial, ps_error *err) {
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES ($1, CURRENT_TIMESTAMP) "
                       "ON CONFLICT (trial_id) DO UPDATE SET heartbeat = CURRENT_TIMESTAMP",
                       ps_db_int(trial));
}

/* A worker that lives has lost a trial: its lease is too short for how slow the machine is, and two such workers would
 * take the trial from each other for ever. It is twice as long from now on. */
static ps_status lengthen_lease(ps_db *db, int64_t trial, const ps_worker *w, ps_error *err) {
    return ps_db_query(
        db, NULL, NULL, NULL, err,
        "UPDATE persamp_leases SET expires = expires + $2 * CAST(taken AS DOUBLE PRECISION), taken = taken * 2 "
        "WHERE trial_id = $1 AND taken < 64",
        ps_db_int(trial), ps_db_real(w->lease));
}

ps_status ps_storage_beat(ps_db *db, int64_t trial, const ps_worker *w, bool *mine, ps_error *err) {
    size_t changed = 0;
    const ps_db_value values[] = {ps_db_int(trial), ps_db_text(w->owner), ps_db_real(w->lease)};
    ps_status status = run_timed(db,
                                 "UPDATE persamp_leases SET expires = %s + $3 * CAST(taken AS DOUBLE PRECISION) "
                                 "WHERE trial_id = $1 AND owner = $2 AND EXISTS (SELECT 1 FROM trials WHERE trial_id = "
                                 "$1 AND state = 'RUNNING')",
                                 db->ops->seconds, values, 3, NULL, NULL, &changed, err);
    *mine = changed > 0;
    if (status != PS_OK) return status;
    return *mine ? set_heartbeat(db, trial, err) : lengthen_lease(db, trial, w, err);
}

ps_status ps_storage_let_go(ps_db *db, int64_t trial, const ps_worker *w, ps_error *err) {
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "UPDATE persamp_leases SET expires = 0 WHERE trial_id = $1 AND owner = $2", ps_db_int(trial),
                       ps_db_text(w->owner));
}

ps_status ps_storage_take_expired(ps_db *db, int64_t study, const ps_worker *w, int64_t *id, ps_error *err) {
    ps_db_one one = {0};
    const ps_db_value values[] = {ps_db_int(study)};
    ps_status status =
        run_timed(db,
                  "SELECT t.trial_id FROM trials t JOIN persamp_leases l ON l.trial_id = t.trial_id WHERE "
                  "t.study_id = $1 AND t.state = 'RUNNING' AND l.expires <= %s ORDER BY t.trial_id LIMIT 1",
                  db->ops->seconds, values, 1, ps_db_take_one, &one, NULL, err);
    *id = one.number;
    if (status == PS_OK && *id != 0) status = set_lease(db, *id, w, err);
    return status;
}

/* ---- Beginning ----------------------------------------------------------- */

ps_status ps_storage_new_trial(ps_db *db, int64_t study, const ps_worker *w, int64_t *id, ps_error *err) {
    ps_db_one one = {0};
    const ps_db_value values[] = {ps_db_int(study)};
    ps_status status =
        run_timed(db,
                  "INSERT INTO trials (number, study_id, state, datetime_start) VALUES ((SELECT count(*) "
                  "FROM trials WHERE study_id = $1), $1, 'RUNNING', %s) RETURNING trial_id",
                  db->ops->now, values, 1, ps_db_take_one, &one, NULL, err);
    *id = one.number;
    if (status == PS_OK) status = set_lease(db, *id, w, err);
    return status == PS_OK ? set_heartbeat(db, *id, err) : status;
}

ps_status ps_storage_set_param(ps_db *db, int64_t trial, const char *name, double internal, const char *distribution,
                               ps_error *err) {
    return ps_db_query(
        db, NULL, NULL, NULL, err,
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES ($1, $2, "
        "$3, $4) ON CONFLICT (trial_id, param_name) DO UPDATE SET param_value = excluded.param_value, "
        "distribution_json = excluded.distribution_json",
        ps_db_int(trial), ps_db_text(name), ps_db_real(internal), ps_db_text(distribution));
}

ps_status ps_storage_set_attribute(ps_db *db, int64_t trial, const char *key, const char *json, ps_error *err) {
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "INSERT INTO trial_user_attributes (trial_id, \"key\", value_json) VALUES ($1, $2, $3) "
                       "ON CONFLICT (trial_id, \"key\") DO UPDATE SET value_json = excluded.value_json",
                       ps_db_int(trial), ps_db_text(key), ps_db_text(json));
}

static ps_status take_text(void *user, const ps_db_value *cells, ps_error *err) {
    ps_text *text = user;
    if (cells->text != NULL) ps_text_puts(text, cells->text);
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

ps_status ps_storage_take_waiting(ps_db *db, int64_t study, const ps_worker *w, int64_t *id, ps_text *asked,
                                  ps_error *err) {
    ps_db_one one = {0};
    ps_status status =
        ps_db_query(db, ps_db_take_one, &one, NULL, err,
                    "SELECT trial_id FROM trials WHERE study_id = $1 AND state = 'WAITING' ORDER BY trial_id LIMIT 1",
                    ps_db_int(study));
    *id = one.number;
    if (status != PS_OK || *id == 0) return status;
    const ps_db_value values[] = {ps_db_int(*id)};
    status = run_timed(db, "UPDATE trials SET state = 'RUNNING', datetime_start = %s WHERE trial_id = $1", db->ops->now,
                       values, 1, NULL, NULL, NULL, err);
    if (status == PS_OK) status = set_lease(db, *id, w, err);
    if (status == PS_OK)
        status = ps_db_query(
            db, take_text, asked, NULL, err,
            "SELECT value_json FROM trial_system_attributes WHERE trial_id = $1 AND \"key\" = 'fixed_params'",
            ps_db_int(*id));
    return status;
}

/* ---- On the way ---------------------------------------------------------- */

ps_status ps_storage_set_intermediate(ps_db *db, int64_t trial, size_t step, double value, ps_error *err) {
    return ps_db_query(
        db, NULL, NULL, NULL, err,
        "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, "
        "intermediate_value_type) VALUES ($1, $2, $3, 'FINITE') ON CONFLICT (trial_id, step) DO UPDATE SET "
        "intermediate_value = excluded.intermediate_value",
        ps_db_int(trial), ps_db_int(step), ps_db_real(value));
}

ps_status ps_storage_rank(ps_db *db, int64_t study, size_t step, double value, bool maximise, size_t *reached,
                          size_t *better, ps_error *err) {
    ps_db_one all = {0}, above = {0};
    char sql[256];
    static const char from[] =
        "SELECT count(*) FROM trial_intermediate_values v JOIN trials t ON t.trial_id = v.trial_id "
        "WHERE t.study_id = $1 AND v.step = $2 AND t.state <> 'FAIL'";
    ps_status status = ps_db_query(db, ps_db_take_one, &all, NULL, err, from, ps_db_int(study), ps_db_int(step));
    snprintf(sql, sizeof sql, "%s AND v.intermediate_value %s $3", from, maximise ? ">" : "<");
    if (status == PS_OK)
        status = ps_db_query(db, ps_db_take_one, &above, NULL, err, sql, ps_db_int(study), ps_db_int(step),
                             ps_db_real(value));
    *reached = (size_t)all.number;
    *better = (size_t)above.number;
    return status;
}

/* ---- Ending -------------------------------------------------------------- */

ps_status ps_storage_end_trial(ps_db *db, int64_t trial, ps_trial_state state, const double *values, size_t n,
                               ps_error *err) {
    char sql[128];
    const ps_db_value id = ps_db_int(trial);
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = ps_db_query(
            db, NULL, NULL, NULL, err,
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES ($1, $2, $3, 'FINITE')",
            ps_db_int(trial), ps_db_int(i), ps_db_real(values[i]));
    snprintf(sql, sizeof sql, "UPDATE trials SET state = '%s', datetime_complete = %%s WHERE trial_id = $1",
             ps_trial_state_name(state));
    if (status == PS_OK) status = run_timed(db, sql, db->ops->now, &id, 1, NULL, NULL, NULL, err);
    return status == PS_OK
               ? ps_db_query(db, NULL, NULL, NULL, err, "DELETE FROM persamp_leases WHERE trial_id = $1", id)
               : status;
}

/* ---- Results of problems ------------------------------------------------- */

/* Where a problem stands. */
typedef struct place {
    uint64_t index;
    size_t at;
} place;

typedef struct results_reading {
    const char *setting;
    const place *places; /* [n] in order of index */
    size_t n;
    ps_result *results; /* or */
    bool *there;
} results_reading;

static int by_index(const void *a, const void *b) {
    const place *x = a, *y = b;
    return (x->index > y->index) - (x->index < y->index);
}

static ps_status find_places(const ps_problem *problems, size_t n, place **out, ps_error *err) {
    place *places = ps_calloc(n, sizeof *places);
    if (places == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        places[i] = (place){problems[i].index, i};
    qsort(places, n, sizeof *places, by_index);
    *out = places;
    return PS_OK;
}

static const place *place_of(const results_reading *r, const ps_db_value *problem) {
    const place wanted = {.index = (uint64_t)problem->number};
    return bsearch(&wanted, r->places, r->n, sizeof wanted, by_index);
}

static bool read_confidence(const char *text, double *confidence) {
    for (int s = 0; s < PS_SELECTS; s++) {
        size_t length = strcspn(text, " ");
        if (length == 1 && *text == '-')
            confidence[s] = NAN;
        else if (!ps_parse_real(text, length, &confidence[s]))
            return false;
        text += length + (text[length] == ' ');
    }
    return true;
}

static ps_status take_result(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    results_reading *r = user;
    const place *found = place_of(r, &cells[0]);
    ps_result result = {.known = true,
                        .right_by = (unsigned)cells[1].number,
                        .tokens = (uint64_t)cells[3].number,
                        .seconds = cells[4].real,
                        .truncated = cells[5].number != 0};
    if (found != NULL && read_confidence(cells[2].text, result.confidence)) r->results[found->at] = result;
    return PS_OK;
}

static ps_status read_results(ps_db *db, void *user, ps_error *err) {
    results_reading *r = user;
    return ps_db_query(db, take_result, r, NULL, err,
                       "SELECT problem, right_by, confidence, tokens, seconds, truncated FROM persamp_results WHERE "
                       "setting = $1",
                       ps_db_text(r->setting));
}

ps_status ps_storage_results(ps_db *db, const char *setting, const ps_problem *problems, size_t n, ps_result *results,
                             ps_error *err) {
    place *places = NULL;
    ps_status status = find_places(problems, n, &places, err);
    if (status != PS_OK) return status;
    results_reading r = {.setting = setting, .places = places, .n = n, .results = results};
    status = ps_db_look(db, read_results, &r, err);
    ps_free(places);
    return status;
}

ps_status ps_storage_add_result(ps_db *db, const char *setting, uint64_t problem, const ps_result *result,
                                ps_error *err) {
    ps_text confidence = {0};
    for (int s = 0; s < PS_SELECTS; s++) {
        if (s > 0) ps_text_puts(&confidence, " ");
        if (isnan(result->confidence[s]))
            ps_text_puts(&confidence, "-");
        else
            ps_trial_put_number(&confidence, result->confidence[s]);
    }
    ps_status status = PS_OK;
    if (!ps_text_ok(&confidence)) status = ps_nomem(err);
    if (status == PS_OK)
        status = ps_db_query(db, NULL, NULL, NULL, err,
                             "INSERT INTO persamp_results (setting, problem, right_by, confidence, tokens, seconds, "
                             "truncated) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (setting, problem) DO NOTHING",
                             ps_db_text(setting), ps_db_int(problem), ps_db_int(result->right_by),
                             ps_db_text(confidence.data), ps_db_int(result->tokens), ps_db_real(result->seconds),
                             ps_db_int(result->truncated));
    ps_text_clear(&confidence);
    return status;
}

/* ---- Steps that were drawn ----------------------------------------------- */

static ps_status take_there(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    results_reading *r = user;
    const place *found = place_of(r, &cells[0]);
    if (found != NULL) r->there[found->at] = true;
    return PS_OK;
}

static ps_status read_there(ps_db *db, void *user, ps_error *err) {
    results_reading *r = user;
    return ps_db_query(db, take_there, r, NULL, err, "SELECT DISTINCT problem FROM persamp_samples WHERE draws = $1",
                       ps_db_text(r->setting));
}

ps_status ps_storage_find_steps(ps_db *db, const char *draws, const ps_problem *problems, size_t n, bool *there,
                                ps_error *err) {
    place *places = NULL;
    ps_status status = find_places(problems, n, &places, err);
    if (status != PS_OK) return status;
    results_reading r = {.setting = draws, .places = places, .n = n, .there = there};
    status = ps_db_look(db, read_there, &r, err);
    ps_free(places);
    return status;
}

typedef struct steps_reading {
    const char *draws;
    uint64_t problem;
    ps_steps *steps;
} steps_reading;

/* A part that somebody wrote over is as good as none: its steps are drawn again. */
static ps_status take_steps(void *user, const ps_db_value *cells, ps_error *err) {
    steps_reading *r = user;
    ps_status status = ps_steps_read(r->steps, cells->text != NULL ? cells->text : "", err);
    return status == PS_FORMAT ? PS_OK : status;
}

static ps_status read_steps(ps_db *db, void *user, ps_error *err) {
    steps_reading *r = user;
    return ps_db_query(db, take_steps, r, NULL, err,
                       "SELECT steps FROM persamp_samples WHERE draws = $1 AND problem = $2 ORDER BY part",
                       ps_db_text(r->draws), ps_db_int(r->problem));
}

ps_status ps_storage_read_steps(ps_db *db, const char *draws, uint64_t problem, ps_steps *steps, ps_error *err) {
    steps_reading r = {draws, problem, steps};
    return ps_db_look(db, read_steps, &r, err);
}

ps_status ps_storage_add_steps(ps_db *db, const char *draws, uint64_t problem, const char *record, ps_error *err) {
    ps_hash hash;
    char part[PS_HASH_TEXT];
    ps_hash_begin(&hash, 0);
    ps_hash_add(&hash, record, strlen(record));
    ps_hash_end(&hash, part);
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "INSERT INTO persamp_samples (draws, problem, part, steps) VALUES ($1, $2, $3, $4) "
                       "ON CONFLICT (draws, problem, part) DO NOTHING",
                       ps_db_text(draws), ps_db_int(problem), ps_db_text(part), ps_db_text(record));
}
