/* Which trial a worker takes next. All of it happens in one transaction that no other worker of the study is in. */
#include "base/json.h"
#include "tune/pareto.h"
#include "tune/plan.h"
#include "tune/sampler.h"
#include "tune/trial.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 200, RETRIES = 2 }; /* of draws that were tried before; of a point whose trial failed */

typedef struct asking {
    ps_plan *plan;
    ps_job *job;
    ps_trials trials; /* of the study, when asked */
    double *x;        /* [space->n] */
} asking;

void ps_job_clear(ps_job *job) {
    ps_free(job->x);
    ps_config_free(job->config);
    *job = (ps_job){0};
}

/* ---- What was tried ------------------------------------------------------ */

static bool is_live(const ps_trial *t) {
    return t->state == PS_TRIAL_RUNNING || t->state == PS_TRIAL_COMPLETE || t->state == PS_TRIAL_PRUNED;
}

/* A point that failed is tried again, but not for ever. */
static bool was_tried(const asking *a, const char *setting) {
    size_t failed = 0;
    for (size_t i = 0; i < a->trials.n; i++) {
        const ps_trial *t = &a->trials.trials[i];
        if (t->setting == NULL || strcmp(t->setting, setting) != 0) continue;
        if (is_live(t)) return true;
        failed += t->state == PS_TRIAL_FAIL;
    }
    return failed >= (strncmp(setting, "contradicts", 11) == 0 ? 1 : RETRIES);
}

static size_t count_live(const ps_trials *trials) {
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++)
        n += is_live(&trials->trials[i]);
    return n;
}

/* ---- What the samplers see ----------------------------------------------- */

/* The point of a trial in our space; false where a key is missing or lies outside. */
static bool point_of(const ps_space *space, const ps_trial *t, double *x) {
    for (size_t d = 0; d < space->n; d++) {
        const ps_dim *dim = &space->dims[d];
        size_t k = 0;
        while (k < t->n_params && strcmp(t->params[k].name, dim->name) != 0)
            k++;
        if (k == t->n_params) return false;
        x[d] = t->params[k].internal;
        if (fabs(ps_dim_round(dim, x[d]) - x[d]) > 1e-9 * fmax(1, fabs(x[d]))) return false;
    }
    return true;
}

static bool has_values(const ps_trials *trials, const ps_trial *t) {
    bool all = t->state == PS_TRIAL_COMPLETE || t->state == PS_TRIAL_PRUNED;
    for (size_t k = 0; k < trials->n_objectives; k++)
        all = all && !isnan(t->values[k]);
    return all;
}

/* Into loss[trials->n] what is to be low, NaN where there is none. With several objectives the front comes first. */
static ps_status find_losses(const ps_trials *trials, double *loss, ps_error *err) {
    const size_t d = trials->n_objectives;
    double *points = ps_calloc(trials->n * (d + 1) + 1, sizeof *points);
    if (points == NULL) return ps_nomem(err);
    double *of = points + trials->n * d;
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++) {
        const ps_trial *t = &trials->trials[i];
        if (!has_values(trials, t)) continue;
        for (size_t k = 0; k < d; k++)
            points[n * d + k] = trials->maximise[k] ? -t->values[k] : t->values[k];
        n++;
    }
    ps_status status = d > 1 ? ps_pareto_losses(points, n, d, of, err) : PS_OK;
    if (d == 1) memcpy(of, points, n * sizeof *of);
    for (size_t i = 0, at = 0; i < trials->n; i++)
        loss[i] = has_values(trials, &trials->trials[i]) ? of[at++] : NAN;
    ps_free(points);
    return status;
}

static ps_status see(const asking *a, ps_seen **out, size_t *n, double **points, ps_error *err) {
    const ps_space *space = a->plan->space;
    ps_seen *seen = ps_calloc(a->trials.n + 1, sizeof *seen);
    double *x = ps_calloc((a->trials.n + 1) * space->n, sizeof *x), *loss = ps_calloc(a->trials.n + 1, sizeof *loss);
    *out = seen;
    *points = x;
    *n = 0;
    ps_status status = seen != NULL && x != NULL && loss != NULL ? find_losses(&a->trials, loss, err) : ps_nomem(err);
    for (size_t i = 0; i < a->trials.n && status == PS_OK; i++) {
        const ps_trial *t = &a->trials.trials[i];
        double *at = x + *n * space->n;
        if (!is_live(t) || !point_of(space, t, at)) continue;
        if (t->state != PS_TRIAL_RUNNING && isnan(loss[i])) continue;
        seen[(*n)++] = (ps_seen){.state = t->state, .x = at, .loss = loss[i], .reached = t->done};
    }
    ps_free(loss);
    return status;
}

/* ---- Choosing ------------------------------------------------------------ */

/* The configuration of the point a->x and its setting. PS_FORMAT: its values contradict each other. */
static ps_status settle(asking *a, ps_error *err) {
    ps_config *config = NULL;
    ps_status status = ps_space_config(a->plan->space, a->plan->config, a->x, a->trials.n, &config, err);
    if (status == PS_OK) status = ps_setting_of(config, &a->plan->fixture, &a->job->setting, err);
    ps_config_free(a->job->config);
    a->job->config = config;
    return status;
}

/* The next point of a grid that was not tried; *found. */
static ps_status next_of_grid(asking *a, bool *found, ps_error *err) {
    ps_plan *plan = a->plan;
    size_t n = ps_space_points(plan->space);
    *found = false;
    for (size_t i = plan->points == NULL ? plan->cursor : 0; i < n; i++) {
        const ps_grid_point *p = plan->points != NULL ? &plan->points[i] : NULL;
        if (p != NULL && (p->folded || was_tried(a, p->setting))) continue;
        ps_space_point(plan->space, i, a->x);
        ps_status status = settle(a, err);
        if (status == PS_FORMAT && p != NULL) snprintf(a->job->setting.whole, PS_HASH_TEXT, "%s", p->setting);
        if (status == PS_FORMAT && p == NULL) snprintf(a->job->setting.whole, PS_HASH_TEXT, "contradicts %zu", i);
        *found = status == PS_FORMAT || (status == PS_OK && !was_tried(a, a->job->setting.whole));
        if (*found || (status != PS_OK && status != PS_FORMAT)) return status;
        plan->cursor = i + 1;
    }
    return PS_OK;
}

/* Draws until one is new. A finite space that is nearly full is searched in order at last. */
static ps_status next_of_sampler(asking *a, bool *found, ps_error *err) {
    const ps_plan *plan = a->plan;
    const bool parzen = ps_config_is(plan->config->tuning_method, "bayesian");
    const uint64_t seed = (uint64_t)plan->config->system_seed;
    ps_seen *seen = NULL;
    double *points = NULL;
    size_t n = 0;
    ps_status status = parzen ? see(a, &seen, &n, &points, err) : PS_OK;
    *found = false;
    for (uint64_t attempt = 0; attempt < ATTEMPTS && status == PS_OK && !*found; attempt++) {
        if (parzen)
            status = ps_sample_tpe(plan->space, seen, n, seed, a->trials.n, attempt, a->x, err);
        else
            ps_sample_random(plan->space, seed, a->trials.n, attempt, a->x);
        if (status == PS_OK) status = settle(a, err);
        if (status == PS_FORMAT) { /* becomes a trial that failed, and says why */
            strcpy(a->job->setting.whole, "contradicts");
            break;
        }
        *found = status == PS_OK && !was_tried(a, a->job->setting.whole);
    }
    *found = *found || status == PS_FORMAT;
    ps_free(seen);
    ps_free(points);
    if (status == PS_OK && !*found && ps_space_points(plan->space) > 0) status = next_of_grid(a, found, err);
    return status;
}

/* ---- Writing ------------------------------------------------------------- */

static ps_status put_text(ps_db *db, int64_t trial, const char *key, const char *value, ps_error *err) {
    ps_text json = {0};
    ps_status status = ps_json_dump(ps_json_text(value), JSON_ENCODE_ANY, &json, err);
    if (status == PS_OK) status = ps_storage_set_attribute(db, trial, key, json.data, err);
    ps_text_clear(&json);
    return status;
}

static ps_status put_trial(asking *a, ps_error *err) {
    ps_db *db = a->plan->db;
    ps_status status = PS_OK;
    for (size_t d = 0; d < a->plan->space->n && status == PS_OK; d++)
        status = ps_storage_set_param(db, a->job->id, a->plan->space->dims[d].name, a->x[d],
                                      a->plan->space->dims[d].distribution, err);
    if (status == PS_OK) status = put_text(db, a->job->id, PS_ATTRIBUTE_SETTING, a->job->setting.whole, err);
    if (status == PS_OK && a->job->config != NULL)
        status = put_text(db, a->job->id, PS_ATTRIBUTE_SAMPLES, a->job->setting.samples, err);
    return status;
}

/* A trial that cannot be run ends as it begins. */
static ps_status put_failure(asking *a, const char *reason, ps_error *err) {
    ps_status status = put_text(a->plan->db, a->job->id, "reason", reason, err);
    if (status == PS_OK) status = ps_storage_end_trial(a->plan->db, a->job->id, PS_TRIAL_FAIL, NULL, 0, err);
    a->job->id = 0;
    return status;
}

/* ---- The three ways to a trial ------------------------------------------- */

/* What somebody asked for; what she left open is drawn. */
static ps_status read_asked(asking *a, const char *text, char *reason, size_t size, ps_error *err) {
    const ps_space *space = a->plan->space;
    json_t *asked = json_loads(*text != '\0' ? text : "{}", 0, NULL), *value;
    const char *name;
    ps_sample_random(space, (uint64_t)a->plan->config->system_seed, a->trials.n, 0, a->x);
    *reason = '\0';
    json_object_foreach(asked, name, value) {
        size_t d = 0;
        while (d < space->n && strcmp(space->dims[d].name, name) != 0)
            d++;
        if (d == space->n)
            snprintf(reason, size, "%.100s is not a key of tuning.search_space", name);
        else if (!ps_dim_find(&space->dims[d], value, &a->x[d]))
            snprintf(reason, size, "the value of %.100s lies outside of tuning.search_space", name);
    }
    json_decref(asked);
    ps_error why;
    ps_status status = *reason == '\0' ? settle(a, &why) : PS_FORMAT;
    if (status == PS_FORMAT && *reason == '\0') snprintf(reason, size, "%.200s", why.message);
    if (status == PS_NOMEM) return ps_nomem(err);
    return PS_OK;
}

static ps_status take_waiting(asking *a, bool *failed, ps_error *err) {
    ps_text asked = {0};
    char reason[256];
    ps_status status = ps_storage_take_waiting(a->plan->db, a->plan->study, &a->plan->worker, &a->job->id, &asked, err);
    *failed = false;
    if (status == PS_OK && a->job->id != 0) {
        status = read_asked(a, ps_text_cstr(&asked), reason, sizeof reason, err);
        *failed = status == PS_OK && *reason != '\0';
        if (*failed)
            status = put_failure(a, reason, err);
        else if (status == PS_OK)
            status = put_trial(a, err);
    }
    ps_text_clear(&asked);
    return status;
}

static const ps_trial *trial_of(const asking *a, int64_t id) {
    for (size_t i = 0; i < a->trials.n; i++)
        if (a->trials.trials[i].id == id) return &a->trials.trials[i];
    return NULL;
}

static ps_status take_expired(asking *a, bool *failed, ps_error *err) {
    ps_error why;
    ps_status status = ps_storage_take_expired(a->plan->db, a->plan->study, &a->plan->worker, &a->job->id, err);
    *failed = false;
    if (status != PS_OK || a->job->id == 0) return status;
    const ps_trial *t = trial_of(a, a->job->id);
    a->job->taken_over = true;
    status = t != NULL && point_of(a->plan->space, t, a->x)
                 ? settle(a, &why)
                 : ps_fail(&why, PS_FORMAT, "its values lie outside of tuning.search_space");
    if (status == PS_NOMEM) return ps_nomem(err);
    *failed = status == PS_FORMAT;
    return *failed           ? put_failure(a, why.message, err)
           : status == PS_OK ? PS_OK
                             : ps_fail(err, status, "%s", why.message);
}

/* A space in which nothing runs is not searched for ever. */
static ps_status check_failures(const asking *a, ps_error *err) {
    enum { FEW = 20 };
    size_t failed = 0;
    const ps_trial *last = NULL;
    for (size_t i = 0; i < a->trials.n; i++)
        if (a->trials.trials[i].state == PS_TRIAL_FAIL) {
            failed++;
            last = &a->trials.trials[i];
        }
    if (a->plan->points != NULL || failed < FEW || failed < count_live(&a->trials)) return PS_OK;
    return ps_fail(err, PS_ARG, "%zu trials of this study failed, and %zu did not; of trial %zu the study says %s",
                   failed, count_live(&a->trials), last->number, last->attributes);
}

static ps_status take_new(asking *a, bool *failed, ps_error *err) {
    const ps_plan *plan = a->plan;
    ps_error why;
    ps_status status;
    bool found = false;
    *failed = false;
    if (count_live(&a->trials) >= plan->target) return PS_OK;
    status = check_failures(a, err);
    if (status != PS_OK) return status;
    status = ps_config_is(plan->config->tuning_method, "grid") ? next_of_grid(a, &found, &why)
                                                               : next_of_sampler(a, &found, &why);
    if (status != PS_OK && status != PS_FORMAT) return ps_fail(err, status, "%s", why.message);
    if (!found) return PS_OK;
    *failed = status == PS_FORMAT;
    status = ps_storage_new_trial(plan->db, plan->study, &plan->worker, &a->job->id, err);
    if (status == PS_OK) status = put_trial(a, err);
    return status == PS_OK && *failed ? put_failure(a, why.message, err) : status;
}

/* ---- All of it ----------------------------------------------------------- */

/* What pruning holds a trial against. */
static void note_best(const asking *a) {
    size_t best = ps_trials_best(&a->trials);
    if (best == SIZE_MAX) return;
    a->job->has_best = true;
    a->job->best = a->trials.trials[best];
    a->job->best.params = NULL;
    a->job->best.n_params = 0;
    a->job->best.setting = a->job->best.started = a->job->best.completed = NULL;
    a->job->best.attributes = "{}";
    json_t *attributes = json_loads(a->trials.trials[best].attributes, 0, NULL);
    const char *samples = json_string_value(json_object_get(attributes, PS_ATTRIBUTE_SAMPLES));
    const char *select = json_string_value(json_object_get(attributes, "select"));
    for (int s = 0; samples != NULL && select != NULL && s < PS_SELECTS; s++)
        if (strcmp(select, ps_select_name((ps_select)s)) == 0) {
            snprintf(a->job->best_samples, PS_HASH_TEXT, "%s", samples);
            a->job->best_select = (ps_select)s;
        }
    json_decref(attributes);
}

static ps_status ask(ps_db *db, void *user, ps_error *err) {
    asking *a = user;
    bool failed = true;
    a->job->id = 0; /* it may be the second try */
    a->job->taken_over = false;
    ps_status status = ps_storage_lock_study(db, a->plan->study, err);
    while (status == PS_OK && failed && a->job->id == 0) {
        ps_trials_clear(&a->trials);
        status = ps_storage_trials(db, a->plan->study, &a->trials, err);
        if (status == PS_OK) status = take_waiting(a, &failed, err);
        if (status == PS_OK && !failed && a->job->id == 0) status = take_expired(a, &failed, err);
        if (status == PS_OK && !failed && a->job->id == 0) status = take_new(a, &failed, err);
    }
    if (status == PS_OK && a->job->id == 0) return ps_storage_is_busy(db, a->plan->study, true, &a->job->others, err);
    if (status != PS_OK) return status;
    const ps_trial *t = trial_of(a, a->job->id);
    a->job->number = t != NULL ? t->number : a->trials.n;
    note_best(a);
    return PS_OK;
}

ps_status ps_plan_next(ps_plan *plan, ps_job *job, ps_error *err) {
    asking a = {.plan = plan, .job = job};
    *job = (ps_job){0};
    a.x = job->x = ps_calloc(plan->space->n, sizeof *job->x);
    ps_status status = job->x != NULL ? ps_db_transaction(plan->db, ask, &a, err) : ps_nomem(err);
    if (status == PS_OK && plan->observer->trials != NULL) plan->observer->trials(plan->observer->user, &a.trials);
    ps_trials_clear(&a.trials);
    if (status != PS_OK) ps_job_clear(job);
    return status;
}
