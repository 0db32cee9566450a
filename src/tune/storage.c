/* Studies, and what is read of them. */
#include "tune/storage.h"
#include "base/json.h"
#include "tune/tables.h"
#include "tune/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Opening ------------------------------------------------------------- */

static ps_status check_version(ps_db *db, ps_error *err) {
    ps_db_one version = {0};
    ps_error why;
    ps_status status =
        ps_db_run(db, "SELECT schema_version FROM version_info", NULL, 0, ps_db_take_one, &version, NULL, &why);
    if (status == PS_NOMEM) return ps_nomem(err);
    if (status != PS_OK || !version.there)
        return ps_fail(err, PS_FORMAT,
                       "%s: this database is not one of studies: it has no table version_info with a schema version; "
                       "choose another with --study FILE",
                       db->where);
    if (version.number != PS_OPTUNA_SCHEMA)
        return ps_fail(err, PS_FORMAT,
                       "%s: studies of schema version %lld; this persamp understands version %d, that of optuna %s. "
                       "`optuna storage upgrade` brings an older one up",
                       db->where, (long long)version.number, PS_OPTUNA_SCHEMA, PS_OPTUNA_VERSION);
    return PS_OK;
}

static ps_status has_tables(ps_db *db, const char *condition, bool *has, ps_error *err) {
    ps_db_one count = {0};
    ps_text sql = {0};
    bool sqlite = db->ops->reconnect == NULL;
    ps_text_printf(&sql, "SELECT count(*) FROM %s WHERE %s", sqlite ? "sqlite_master" : "pg_tables", condition);
    ps_status status =
        ps_text_ok(&sql) ? ps_db_run(db, sql.data, NULL, 0, ps_db_take_one, &count, NULL, err) : ps_nomem(err);
    ps_text_clear(&sql);
    *has = count.number > 0;
    return status;
}

/* An empty database becomes one of studies; one of studies gets our tables beside Optuna's. Two that open it at the
 * same time do this one after the other. */
static ps_status make_tables(ps_db *db, void *create, ps_error *err) {
    bool sqlite = db->ops->reconnect == NULL, any = false;
    ps_status status = db->ops->script(db, db->ops->lock_all, err);
    if (status == PS_OK)
        status = has_tables(db, sqlite ? "type = 'table'" : "schemaname = current_schema()", &any, err);
    if (status == PS_OK && !any && !*(bool *)create)
        return ps_fail(err, PS_FORMAT, "%s: there are no studies here: the database is empty", db->where);
    if (status == PS_OK && !any) return db->ops->script(db, db->ops->tables, err);
    if (status == PS_OK) status = check_version(db, err);
    return status == PS_OK && *(bool *)create ? db->ops->script(db, db->ops->extra, err) : status;
}

#if !defined(PS_HAVE_LIBPQ)
ps_status ps_db_postgres_open(const char *url, ps_db *db, ps_error *err) {
    (void)db;
    return ps_fail(err, PS_ARG, "%s: this persamp was built without libpq; install it (apt: libpq-dev) and build again",
                   url);
}
#endif

ps_status ps_study_open(const char *where, bool create, ps_study_db **db, ps_error *err) {
    return ps_db_open(where, create, NULL, NULL, db, err);
}

ps_status ps_db_open(const char *where, bool create, ps_db_waiting *waiting, void *user, ps_db **out, ps_error *err) {
    ps_db *db = ps_calloc(1, sizeof *db);
    if (db == NULL) return ps_nomem(err);
    db->waiting = waiting;
    db->user = user;
    db->where = ps_strdup(where);
    bool url = strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0;
    ps_status status = db->where == NULL ? ps_nomem(err)
                       : url             ? ps_db_postgres_open(where, db, err)
                                         : ps_db_sqlite_open(where, create, db, err);
    if (status == PS_OK) status = (create ? ps_db_transaction : ps_db_look)(db, make_tables, &create, err);
    if (status == PS_OK && create) status = db->ops->script(db, db->ops->settle, err);
    if (status != PS_OK) {
        ps_study_close(db);
        return status;
    }
    *out = db;
    return PS_OK;
}

void ps_study_close(ps_study_db *db) {
    if (db == NULL) return;
    if (db->handle != NULL) db->ops->close(db);
    ps_free(db->where);
    ps_free(db);
}

/* ---- Studies ------------------------------------------------------------- */

ps_status ps_storage_find_study(ps_db *db, const char *name, int64_t *id, ps_error *err) {
    ps_db_one one = {0};
    ps_status status = ps_db_query(db, ps_db_take_one, &one, NULL, err,
                                   "SELECT study_id FROM studies WHERE study_name = $1", ps_db_text(name));
    *id = one.number;
    return status;
}

typedef struct name_list {
    const char *names[256];
    size_t n;
    ps_arena *arena;
} name_list;

static ps_status take_name(void *user, const ps_db_value *cells, ps_error *err) {
    name_list *list = user;
    if (list->n == sizeof list->names / sizeof *list->names) return PS_OK;
    list->names[list->n] = ps_arena_strndup(list->arena, cells->text, strlen(cells->text));
    return list->names[list->n++] != NULL ? PS_OK : ps_nomem(err);
}

ps_status ps_storage_need_study(ps_db *db, const char *name, int64_t *id, ps_error *err) {
    ps_status status = ps_storage_find_study(db, name, id, err);
    if (status != PS_OK || *id != 0) return status;
    name_list list = {.arena = ps_arena_create()};
    if (list.arena == NULL) return ps_nomem(err);
    status = ps_db_run(db, "SELECT study_name FROM studies ORDER BY study_name", NULL, 0, take_name, &list, NULL, err);
    const char *nearest = status == PS_OK ? ps_nearest_name(name, list.names, list.n) : NULL;
    if (status == PS_OK)
        status = ps_fail(err, PS_ARG, "%s: there is no study \"%s\" here%s%s%s; `persamp study ls` lists them",
                         db->where, name, nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
                         nearest != NULL ? "\"?" : "");
    ps_arena_free(list.arena);
    return status;
}

typedef struct directions {
    size_t n;
    bool maximise[PS_OBJECTIVES];
} directions;

static ps_status take_direction(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    directions *d = user;
    if (d->n < PS_OBJECTIVES) d->maximise[d->n] = strcmp(cells->text, "MAXIMIZE") == 0;
    d->n++;
    return PS_OK;
}

static ps_status read_directions(ps_db *db, int64_t study, directions *d, ps_error *err) {
    return ps_db_query(db, take_direction, d, NULL, err,
                       "SELECT direction FROM study_directions WHERE study_id = $1 ORDER BY objective",
                       ps_db_int(study));
}

ps_status ps_storage_make_study(ps_db *db, const char *name, const bool *maximise, size_t n, int64_t *id, bool *made,
                                ps_error *err) {
    ps_db_one one = {0};
    directions d = {0};
    ps_status status = ps_storage_find_study(db, name, id, err);
    *made = status == PS_OK && *id == 0;
    if (status == PS_OK && *id != 0) {
        status = read_directions(db, *id, &d, err);
        if (status == PS_OK && (d.n != n || memcmp(d.maximise, maximise, n * sizeof *maximise) != 0))
            status =
                ps_fail(err, PS_ARG,
                        "%s: the study \"%s\" has %zu objective%s that tuning.metric does not mean: their number or "
                        "directions differ; choose another name with --name NAME",
                        db->where, name, d.n, d.n == 1 ? "" : "s");
        return status;
    }
    if (status == PS_OK)
        status = ps_db_query(db, ps_db_take_one, &one, NULL, err,
                             "INSERT INTO studies (study_name) VALUES ($1) RETURNING study_id", ps_db_text(name));
    *id = one.number;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = ps_db_query(db, NULL, NULL, NULL, err,
                             "INSERT INTO study_directions (direction, study_id, objective) VALUES ($1, $2, $3)",
                             ps_db_text(maximise[i] ? "MAXIMIZE" : "MINIMIZE"), ps_db_int(*id), ps_db_int(i));
    return status;
}

ps_status ps_storage_set_study_attribute(ps_db *db, int64_t study, const char *key, const char *json, ps_error *err) {
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "INSERT INTO study_user_attributes (study_id, \"key\", value_json) VALUES ($1, $2, $3) "
                       "ON CONFLICT (study_id, \"key\") DO UPDATE SET value_json = excluded.value_json",
                       ps_db_int(study), ps_db_text(key), ps_db_text(json));
}

ps_status ps_storage_set_metric_names(ps_db *db, int64_t study, const char *json, ps_error *err) {
    return ps_db_query(db, NULL, NULL, NULL, err,
                       "INSERT INTO study_system_attributes (study_id, \"key\", value_json) VALUES ($1, $2, $3) "
                       "ON CONFLICT (study_id, \"key\") DO UPDATE SET value_json = excluded.value_json",
                       ps_db_int(study), ps_db_text("study:metric_names"), ps_db_text(json));
}

static ps_status take_text(void *user, const ps_db_value *cells, ps_error *err) {
    ps_text *text = user;
    if (cells->text != NULL) ps_text_puts(text, cells->text);
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

ps_status ps_storage_get_study_attribute(ps_db *db, int64_t study, const char *key, ps_text *json, ps_error *err) {
    return ps_db_query(db, take_text, json, NULL, err,
                       "SELECT value_json FROM study_user_attributes WHERE study_id = $1 AND \"key\" = $2",
                       ps_db_int(study), ps_db_text(key));
}

ps_status ps_study_attribute(ps_study_db *db, const char *study, const char *key, ps_text *json, ps_error *err) {
    int64_t id;
    ps_status status = ps_storage_need_study(db, study, &id, err);
    return status == PS_OK ? ps_storage_get_study_attribute(db, id, key, json, err) : status;
}

ps_status ps_storage_is_busy(ps_db *db, int64_t study, bool lapsed, bool *busy, ps_error *err) {
    ps_db_one count = {0};
    ps_text sql = {0};
    ps_text_printf(
        &sql,
        "SELECT count(*) FROM persamp_leases l JOIN trials t ON t.trial_id = l.trial_id WHERE t.study_id = $1 "
        "AND t.state = 'RUNNING'%s%s",
        lapsed ? "" : " AND l.expires > ", lapsed ? "" : db->ops->seconds);
    ps_status status = ps_text_ok(&sql) ? ps_db_query(db, ps_db_take_one, &count, NULL, err, sql.data, ps_db_int(study))
                                        : ps_nomem(err);
    ps_text_clear(&sql);
    *busy = count.number > 0;
    return status;
}

/* ---- Removing ------------------------------------------------------------ */

static ps_status remove_study(ps_db *db, void *name, ps_error *err) {
    static const char *const of_trials[] = {"trial_user_attributes", "trial_system_attributes",   "trial_params",
                                            "trial_values",          "trial_intermediate_values", "trial_heartbeats",
                                            "persamp_leases"};
    static const char *const of_study[] = {"trials", "study_user_attributes", "study_system_attributes",
                                           "study_directions", "studies"};
    int64_t id;
    bool busy = false;
    char sql[160];
    ps_status status = ps_storage_need_study(db, name, &id, err);
    if (status == PS_OK) status = ps_storage_lock_study(db, id, err);
    if (status == PS_OK) status = db->ops->script(db, db->ops->extra, err); /* of a database that only Optuna used */
    if (status == PS_OK) status = ps_storage_is_busy(db, id, false, &busy, err);
    if (status == PS_OK && busy)
        return ps_fail(err, PS_ARG,
                       "%s: a worker is on a trial of \"%s\": end it first, or wait until its lease is over", db->where,
                       (const char *)name);
    for (size_t i = 0; i < sizeof of_trials / sizeof *of_trials && status == PS_OK; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = $1)",
                 of_trials[i]);
        status = ps_db_query(db, NULL, NULL, NULL, err, sql, ps_db_int(id));
    }
    for (size_t i = 0; i < sizeof of_study / sizeof *of_study && status == PS_OK; i++) {
        snprintf(sql, sizeof sql, "DELETE FROM %s WHERE study_id = $1", of_study[i]);
        status = ps_db_query(db, NULL, NULL, NULL, err, sql, ps_db_int(id));
    }
    return status;
}

ps_status ps_study_remove(ps_study_db *db, const char *study, ps_error *err) {
    return ps_db_transaction(db, remove_study, (void *)study, err);
}

/* ---- All studies --------------------------------------------------------- */

typedef struct entry_list {
    ps_study_list *list;
    size_t capacity;
    int64_t *ids; /* [capacity] */
    size_t ids_capacity;
} entry_list;

static ps_status take_entry(void *user, const ps_db_value *cells, ps_error *err) {
    entry_list *e = user;
    ps_study_list *list = e->list;
    ps_status status = ps_arena_reserve(list->arena, &list->entries, &e->capacity, list->n + 1);
    if (status == PS_OK) status = ps_arena_reserve(list->arena, &e->ids, &e->ids_capacity, list->n + 1);
    if (status != PS_OK) return ps_nomem(err);
    e->ids[list->n] = cells[0].number;
    list->entries[list->n++] =
        (ps_study_entry){.name = ps_arena_strndup(list->arena, cells[1].text, strlen(cells[1].text)), .best = NAN};
    return ps_arena_ok(list->arena) ? PS_OK : ps_nomem(err);
}

static ps_status take_count(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    ps_study_entry *entry = user;
    for (int s = 0; s < PS_TRIAL_STATES; s++)
        if (strcmp(cells[0].text, ps_trial_state_name((ps_trial_state)s)) == 0)
            entry->counts[s] = (size_t)cells[1].number;
    return PS_OK;
}

static ps_status fill_entry(ps_db *db, int64_t id, ps_study_entry *entry, ps_error *err) {
    directions d = {0};
    ps_db_one best = {0}, ours = {0};
    char sql[256];
    ps_status status =
        ps_db_query(db, take_count, entry, NULL, err,
                    "SELECT state, count(*) FROM trials WHERE study_id = $1 GROUP BY state", ps_db_int(id));
    if (status == PS_OK) status = read_directions(db, id, &d, err);
    entry->n_objectives = d.n;
    entry->maximise = d.maximise[0];
    snprintf(
        sql, sizeof sql,
        "SELECT %s(v.value) FROM trial_values v JOIN trials t ON t.trial_id = v.trial_id WHERE t.study_id = $1 AND "
        "t.state = 'COMPLETE' AND v.objective = 0",
        entry->maximise ? "max" : "min");
    if (status == PS_OK) status = ps_db_query(db, ps_db_take_one, &best, NULL, err, sql, ps_db_int(id));
    if (status == PS_OK)
        status = ps_db_query(db, ps_db_take_one, &ours, NULL, err,
                             "SELECT count(*) FROM study_user_attributes WHERE study_id = $1 AND \"key\" = $2",
                             ps_db_int(id), ps_db_text(PS_ATTRIBUTE_STUDY));
    if (best.there) entry->best = best.real;
    entry->ours = ours.number > 0;
    return status;
}

ps_status ps_study_list_all(ps_study_db *db, ps_study_list *list, ps_error *err) {
    entry_list e = {.list = list};
    *list = (ps_study_list){.arena = ps_arena_create()};
    if (list->arena == NULL) return ps_nomem(err);
    ps_status status = ps_db_run(db, "SELECT study_id, study_name FROM studies ORDER BY study_name", NULL, 0,
                                 take_entry, &e, NULL, err);
    for (size_t i = 0; i < list->n && status == PS_OK; i++)
        status = fill_entry(db, e.ids[i], &list->entries[i], err);
    if (status != PS_OK) ps_study_list_clear(list);
    return status;
}

void ps_study_list_clear(ps_study_list *list) {
    ps_arena_free(list->arena);
    *list = (ps_study_list){0};
}

/* ---- All trials of a study ----------------------------------------------- */

typedef struct reading {
    ps_trials *trials;
    size_t capacity, params_capacity, at; /* at: the trial that the last row belonged to */
    json_t *attributes;                   /* of the trial under way */
    size_t attributes_of;
} reading;

static const char *keep(ps_arena *arena, const char *text) {
    return text != NULL ? ps_arena_strndup(arena, text, strlen(text)) : NULL;
}

static ps_status take_trial(void *user, const ps_db_value *cells, ps_error *err) {
    reading *r = user;
    ps_trials *out = r->trials;
    if (ps_arena_reserve(out->arena, &out->trials, &r->capacity, out->n + 1) != PS_OK) return ps_nomem(err);
    ps_trial *t = &out->trials[out->n];
    *t = (ps_trial){.id = cells[0].number,
                    .number = cells[1].kind == PS_DB_NULL ? out->n : (size_t)cells[1].number,
                    .started = keep(out->arena, cells[3].text),
                    .completed = keep(out->arena, cells[4].text),
                    .attributes = "{}",
                    .mean_tokens = NAN};
    out->n++;
    for (int s = 0; s < PS_TRIAL_STATES; s++)
        if (strcmp(cells[2].text, ps_trial_state_name((ps_trial_state)s)) == 0) t->state = (ps_trial_state)s;
    for (int i = 0; i < PS_OBJECTIVES; i++)
        t->values[i] = NAN;
    ps_wilson(0, 0, &t->low, &t->high);
    return ps_arena_ok(out->arena) ? PS_OK : ps_nomem(err);
}

/* Rows come in order of trial; NULL: a trial that was made since the list was read. */
static ps_trial *trial_of(reading *r, int64_t id) {
    while (r->at < r->trials->n && r->trials->trials[r->at].id < id)
        r->at++;
    return r->at < r->trials->n && r->trials->trials[r->at].id == id ? &r->trials->trials[r->at] : NULL;
}

static ps_status take_param(void *user, const ps_db_value *cells, ps_error *err) {
    reading *r = user;
    ps_arena *arena = r->trials->arena;
    ps_trial *t = trial_of(r, cells[0].number);
    if (t == NULL || cells[1].text == NULL || cells[3].text == NULL) return PS_OK;
    if (t->n_params == 0) r->params_capacity = 0;
    if (ps_arena_reserve(arena, &t->params, &r->params_capacity, t->n_params + 1) != PS_OK) return ps_nomem(err);
    ps_trial_param *p = &t->params[t->n_params++];
    *p = (ps_trial_param){
        .name = keep(arena, cells[1].text), .internal = cells[2].real, .distribution = keep(arena, cells[3].text)};
    return ps_arena_ok(arena) ? ps_trial_value_text(p, arena, err) : ps_nomem(err);
}

static ps_status take_value(void *user, const ps_db_value *cells, ps_error *err) {
    (void)err;
    reading *r = user;
    ps_trial *t = trial_of(r, cells[0].number);
    if (t == NULL || cells[1].number < 0 || cells[1].number >= PS_OBJECTIVES) return PS_OK;
    const char *type = cells[3].text;
    t->values[cells[1].number] = strcmp(type, "INF_POS") == 0   ? INFINITY
                                 : strcmp(type, "INF_NEG") == 0 ? -INFINITY
                                                                : cells[2].real;
    return PS_OK;
}

static ps_status end_attributes(reading *r, ps_error *err) {
    if (r->attributes == NULL) return PS_OK;
    ps_trial *t = &r->trials->trials[r->attributes_of];
    ps_status status = ps_trial_read_attributes(t, r->attributes, r->trials->arena, err);
    json_decref(r->attributes);
    r->attributes = NULL;
    return status;
}

static ps_status take_attribute(void *user, const ps_db_value *cells, ps_error *err) {
    reading *r = user;
    ps_status status = PS_OK;
    ps_trial *t = trial_of(r, cells[0].number);
    if (t == NULL || cells[1].text == NULL || cells[2].text == NULL) return PS_OK;
    if (r->attributes != NULL && r->attributes_of != r->at) status = end_attributes(r, err);
    if (status != PS_OK) return status;
    if (r->attributes == NULL) r->attributes = json_object();
    r->attributes_of = r->at;
    json_t *value = json_loads(cells[2].text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (value == NULL) return PS_OK; /* NaN, which Python's JSON has */
    return json_object_set_new(r->attributes, cells[1].text, value) == 0 ? PS_OK : ps_nomem(err);
}

#define OF_STUDY(table)                                                                                                \
    " FROM " table " x JOIN trials t ON t.trial_id = x.trial_id WHERE t.study_id = $1 ORDER BY x.trial_id"

/* What the objectives are called, which a study of ours says. */
static ps_status read_metrics(ps_db *db, int64_t study, ps_trials *out, ps_error *err) {
    ps_text json = {0};
    ps_status status = ps_storage_get_study_attribute(db, study, PS_ATTRIBUTE_STUDY, &json, err);
    json_t *root = status == PS_OK && json.length > 0 ? json_loads(json.data, 0, NULL) : NULL;
    json_t *metrics = json_object_get(root, "metric");
    for (size_t i = 0; i < PS_OBJECTIVES; i++)
        out->metric[i] = keep(out->arena, json_string_value(json_array_get(metrics, i)));
    json_decref(root);
    ps_text_clear(&json);
    return status;
}

ps_status ps_storage_trials(ps_db *db, int64_t study, ps_trials *out, ps_error *err) {
    const ps_db_value id = ps_db_int(study);
    reading r = {.trials = out};
    directions d = {0};
    *out = (ps_trials){.arena = ps_arena_create()};
    if (out->arena == NULL) return ps_nomem(err);
    ps_status status = read_directions(db, study, &d, err);
    if (status == PS_OK && (d.n > PS_OBJECTIVES || d.n == 0))
        status = ps_fail(err, PS_ARG, "%s: a study with %zu objectives; at most %d are understood", db->where, d.n,
                         PS_OBJECTIVES);
    out->n_objectives = d.n;
    memcpy(out->maximise, d.maximise, sizeof out->maximise);
    if (status == PS_OK) status = read_metrics(db, study, out, err);
    if (status == PS_OK)
        status = ps_db_run(db,
                           "SELECT trial_id, number, state, datetime_start, datetime_complete FROM trials WHERE "
                           "study_id = $1 ORDER BY trial_id",
                           &id, 1, take_trial, &r, NULL, err);
    if (status == PS_OK)
        status = ps_db_run(db,
                           "SELECT x.trial_id, x.param_name, x.param_value, x.distribution_json" OF_STUDY(
                               "trial_params") ", x.param_name",
                           &id, 1, take_param, &r, NULL, err);
    r.at = 0;
    if (status == PS_OK)
        status = ps_db_run(db, "SELECT x.trial_id, x.objective, x.value, x.value_type" OF_STUDY("trial_values"), &id, 1,
                           take_value, &r, NULL, err);
    r.at = 0;
    if (status == PS_OK)
        status = ps_db_run(db, "SELECT x.trial_id, x.\"key\", x.value_json" OF_STUDY("trial_user_attributes"), &id, 1,
                           take_attribute, &r, NULL, err);
    if (status == PS_OK) status = end_attributes(&r, err);
    json_decref(r.attributes);
    if (status != PS_OK) ps_trials_clear(out);
    return status;
}

ps_status ps_study_trials(ps_study_db *db, const char *study, ps_trials *trials, ps_error *err) {
    int64_t id;
    ps_status status = ps_storage_need_study(db, study, &id, err);
    return status == PS_OK ? ps_storage_trials(db, id, trials, err) : status;
}

void ps_trials_clear(ps_trials *trials) {
    ps_arena_free(trials->arena);
    *trials = (ps_trials){0};
}
