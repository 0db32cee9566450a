/* One method over the chosen problems: what is done is read back, the rest is run, each result is on disk at once. */
#include "study/arm.h"
#include "base/json.h"
#include "study/compare.h"
#include "study/same.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

typedef struct arm_state {
    const ps_arm *self;
    ps_eval_arm *arm;
    ps_session *session;
    size_t places;                                   /* problems in the solver at once */
    size_t next;                                     /* problem to submit, unless it is done */
    enum { ARM_OPEN, ARM_FAILED, ARM_DONE } * known; /* [n_all] what lines say of each problem of the data set */
    ps_same same;                                    /* what a line must be of */
    bool copying;                                    /* lines that are read back go into the arm's own file */
    ps_results *results;
    double ess_sum, resample_sum;
    size_t ess_count;
    size_t since_checkpoint;
    ps_select select; /* of the session */
    ps_calibration calibration;
} arm_state;

/* ---- Counting ------------------------------------------------------------ */

static void count_line(arm_state *r, size_t position, const ps_result_line *line) {
    ps_eval_arm *arm = r->arm;
    const bool correct = line->correct_by[r->select]; /* the line may be of a method with another selection */
    arm->done++;
    arm->correct += correct;
    arm->truncated += line->truncated;
    arm->errors += line->error;
    arm->alike += ps_shares_most(line->shared_text);
    for (int e = 0; e < PS_ENDINGS; e++)
        arm->endings[e] += line->endings[e];
    for (int s = 0; s < PS_SELECTS; s++)
        arm->correct_by[s] += line->correct_by[s];
    ps_token_counts_add(&arm->tokens, &line->tokens);
    if (isfinite(line->ess)) {
        r->ess_sum += line->ess;
        r->resample_sum += line->resamples;
        r->ess_count++;
    }
    arm->mean_ess = r->ess_count > 0 ? r->ess_sum / (double)r->ess_count : NAN;
    arm->mean_resamples = r->ess_count > 0 ? r->resample_sum / (double)r->ess_count : NAN;
    ps_wilson(arm->correct, arm->done, &arm->low, &arm->high);
    if (!isnan(line->confidence[r->select])) ps_calibration_add(&r->calibration, line->confidence[r->select], correct);
    if (r->self->counted != NULL) r->self->counted(r->self->user, position, line);
}

double ps_outcome_confidence(const ps_outcome *o, ps_select select) {
    return o->predictions[select].confidence;
}

static ps_result_line line_of(const ps_outcome *o) {
    ps_result_line line = {
        .index = o->problem->index,
        .correct = o->predictions[o->select].correct,
        .truncated = o->truncated,
        .error = o->error != NULL,
        .ess = o->report.final_ess,
        .resamples = (double)o->report.resamples,
        .shared_text = o->shared_text,
        .drawn = true,
        .tokens = o->tokens,
        .seconds = o->seconds.total,
        .read = o->read,
    };
    memcpy(line.endings, o->endings, sizeof line.endings);
    for (int s = 0; s < PS_SELECTS; s++) {
        line.correct_by[s] = o->predictions[s].correct;
        line.confidence[s] = ps_outcome_confidence(o, (ps_select)s);
    }
    return line;
}

/* ---- Reading back -------------------------------------------------------- */

/* The position of a problem in a list in order of index; SIZE_MAX where it is not in it. */
static size_t find(const ps_problem *problems, size_t n, size_t index) {
    for (size_t low = 0, high = n; low < high;) {
        size_t mid = (low + high) / 2;
        if (problems[mid].index == index) return mid;
        if (problems[mid].index < index)
            low = mid + 1;
        else
            high = mid;
    }
    return SIZE_MAX;
}

/* A line of an earlier run. The first that is finished counts; one with an error only says that the problem was tried.
 * Problems outside the chosen part stay in the file and out of the count. */
static ps_status read_back(void *user, const ps_stored_line *line, ps_error *err) {
    arm_state *r = user;
    const ps_arm *self = r->self;
    size_t place = find(self->all, self->n_all, line->result.index);
    ps_status status = ps_same_check(&r->same, place != SIZE_MAX ? &self->all[place] : NULL, line, err);
    if (status != PS_OK || r->known[place] == ARM_DONE) return status;
    r->known[place] = line->result.error ? ARM_FAILED : ARM_DONE;
    if (line->result.error) return PS_OK;
    if (!line->result.read) r->arm->problem_seconds += line->result.seconds;
    size_t position = find(self->problems, self->n, line->result.index);
    if (position != SIZE_MAX) {
        count_line(r, position, &line->result);
        r->arm->resumed++;
    }
    return r->copying ? ps_results_append_bytes(r->results, line->text, line->length, true, err) : PS_OK;
}

/* A line is of this run, or what its file shows against it: the first difference, and how many there are. */
typedef struct lookout {
    const ps_arm *self;
    ps_same same;
    size_t n;
    ps_error first;
} lookout;

static ps_status look_at(void *user, const ps_stored_line *line, ps_error *err) {
    lookout *l = user;
    ps_error why;
    size_t place = find(l->self->all, l->self->n_all, line->result.index);
    ps_status status = ps_same_check(&l->same, place != SIZE_MAX ? &l->self->all[place] : NULL, line, &why);
    if (status != PS_OK && status != PS_ARG) return ps_fail(err, status, "%s", why.message);
    if (status == PS_ARG && l->n++ == 0) l->first = why;
    return PS_OK;
}

static ps_status look_into(lookout *l, const char *path, ps_findings *findings, ps_error *err) {
    ps_error why;
    l->n = 0;
    ps_status status = ps_results_scan(path, look_at, l, &why);
    if (status == PS_OK && l->n > 0) return ps_findings_note(findings, PS_ARG, &l->first, l->n - 1, err);
    return ps_findings_note(findings, status, &why, 0, err);
}

/* What is done already, in the arm's own file and in others. */
static ps_status read_all_back(arm_state *r, ps_store *folder, ps_error *err) {
    const ps_arm *self = r->self;
    ps_status status = ps_results_open(folder, self->file, read_back, r, &r->results, err);
    r->copying = true;
    for (size_t i = 0; i < self->n_resume && status == PS_OK; i++)
        status = ps_results_scan(self->resume[i], read_back, r, err);
    r->copying = false;
    if (status == PS_OK && self->n_resume > 0) status = ps_results_checkpoint(r->results, err);
    for (size_t i = 0; i < self->n_also && status == PS_OK; i++)
        status = ps_results_scan(self->also[i], read_back, r, err);
    return status;
}

static bool is_done(const arm_state *r, size_t position) {
    return r->known[find(r->self->all, r->self->n_all, r->self->problems[position].index)] == ARM_DONE;
}

static size_t count_failed(const arm_state *r) {
    size_t failed = 0;
    for (size_t i = 0; i < r->self->n; i++)
        failed += r->known[find(r->self->all, r->self->n_all, r->self->problems[i].index)] == ARM_FAILED;
    return failed;
}

/* ---- Storing ------------------------------------------------------------- */

static void show_progress(arm_state *r, const ps_outcome *last) {
    if (r->self->observer == NULL || r->self->observer->progress == NULL) return;
    ps_eval_progress progress = {
        .arm = r->arm, .arm_number = r->self->arm_number, .n_arms = r->self->n_arms, .total = r->self->n, .last = last};
    r->self->observer->progress(r->self->observer->user, &progress);
}

static ps_status store(arm_state *r, const ps_outcome *outcome, size_t position, ps_error *err) {
    const ps_config *config = r->self->config;
    char *json = NULL;
    const unsigned with = (config->evaluation_save_particles ? (unsigned)PS_WITH_PARTICLES : 0u) |
                          (r->self->keep_steps ? (unsigned)PS_WITH_STEPS : 0u);
    ps_status status = ps_outcome_json(outcome, with, &json, err);
    if (status == PS_OK) status = ps_results_append(r->results, json, !config->evaluation_save_intermediate, err);
    if (status == PS_OK && ++r->since_checkpoint >= (size_t)config->evaluation_checkpoint_every) {
        r->since_checkpoint = 0;
        status = ps_results_checkpoint(r->results, err);
    }
    if (status == PS_OK) {
        ps_result_line line = line_of(outcome);
        if (!line.read) r->arm->problem_seconds += line.seconds;
        count_line(r, position, &line);
        show_progress(r, outcome);
    }
    ps_free(json);
    return status;
}

/* ---- Samples of another arm ---------------------------------------------- */

static uint64_t part_of(uint64_t count, double share) {
    return (uint64_t)llround(share * (double)count);
}

/* What drawing them cost; where this arm stops at fewer tokens, that share of it. */
static void take_cost(ps_outcome *outcome, const ps_stored_line *line) {
    const json_t *timing = json_object_get(line->object, "timing");
    const uint64_t used = outcome->tokens.generated, drawn = line->result.tokens.generated;
    const double share = used < drawn ? (double)used / (double)drawn : 1;
    ps_token_counts *t = &outcome->tokens;
    *t = line->result.tokens;
    t->generated = part_of(t->generated, share);
    t->shared = part_of(t->shared, share);
    t->discarded = part_of(t->discarded, share);
    t->prm = part_of(t->prm, share);
    outcome->seconds.total = share * json_number_value(json_object_get(timing, "total"));
    outcome->seconds.generation = share * json_number_value(json_object_get(timing, "generation"));
    outcome->seconds.scoring = share * json_number_value(json_object_get(timing, "scoring"));
    outcome->read = true;
}

/* The answers to a problem, out of the steps of a line. *outcome is NULL where they are not all there. */
static ps_status solve_again(ps_session *session, const ps_problem *problem, const ps_stored_line *line,
                             ps_outcome **outcome, ps_error *err) {
    json_t *there = json_object_get(line->object, "steps");
    ps_steps *steps = NULL;
    ps_text record = {0};
    *outcome = NULL;
    if (!json_is_array(there)) return PS_OK;
    ps_status status = ps_json_dump(json_incref(there), JSON_COMPACT | JSON_REAL_PRECISION(17), &record, err);
    if (status == PS_OK) status = ps_steps_create(&steps, err);
    if (status == PS_OK) status = ps_steps_read(steps, record.data, err);
    if (status == PS_FORMAT) status = ps_error_prefix(err, status, "%s:%zu", line->path, line->number);
    if (status == PS_OK) status = ps_steps_solve(steps, session, problem, outcome, err);
    ps_steps_free(steps);
    ps_text_clear(&record);
    return status;
}

/* A line of the arm that drew the samples: what this arm makes of them, unless it is known. */
static ps_status read_again(void *user, const ps_stored_line *line, ps_error *err) {
    arm_state *r = user;
    const ps_arm *self = r->self;
    const size_t place = find(self->all, self->n_all, line->result.index),
                 position = find(self->problems, self->n, line->result.index);
    ps_outcome *outcome = NULL;
    ps_status status = ps_same_check(&r->same, place != SIZE_MAX ? &self->all[place] : NULL, line, err);
    if (status != PS_OK || position == SIZE_MAX || r->known[place] == ARM_DONE || line->result.error) return status;
    status = solve_again(r->session, &self->problems[position], line, &outcome, err);
    if (status == PS_OK && outcome != NULL && outcome->error == NULL) {
        take_cost(outcome, line);
        status = store(r, outcome, position, err);
        r->known[place] = ARM_DONE;
    }
    ps_outcome_free(outcome);
    return status;
}

/* ---- Solving ------------------------------------------------------------- */

static bool cancelled(const arm_state *r) {
    const ps_eval_observer *o = r->self->observer;
    return o != NULL && o->cancelled != NULL && o->cancelled(o->user);
}

/* As many problems at once as the engine profits from. */
static size_t places(const ps_config *config, const ps_session *session) {
    int64_t wanted = config->evaluation_parallel_problems;
    return wanted != PS_CONFIG_AUTO ? (size_t)wanted : ps_session_in_flight(session);
}

/* Problems that are not done, as long as there are free places. Tags are positions. */
static ps_status submit(arm_state *r, ps_solver *solver, ps_error *err) {
    ps_status status = PS_OK;
    for (; status == PS_OK && r->next < r->self->n && ps_solver_running(solver) < r->places; r->next++) {
        ps_solve_request request = {.session = r->session, .problem = &r->self->problems[r->next], .tag = r->next};
        if (!is_done(r, r->next)) status = ps_solver_submit(solver, &request, err);
    }
    return status;
}

/* What a server never answered is no result of the problem: no line, and the run ends. */
static ps_status unanswered(const ps_outcome *outcome, ps_error *err) {
    return ps_fail(err, PS_HTTP, "%s; what was finished is kept, and the same command goes on", outcome->error);
}

static ps_status take(arm_state *r, ps_solver *solver, double seconds, ps_error *err) {
    const ps_solver_event *events = NULL;
    size_t n = 0;
    const ps_outcome *without_answer = NULL;
    ps_status status = ps_solver_poll(solver, seconds, &events, &n, err);
    for (size_t i = 0; i < n; i++) {
        const ps_outcome *outcome = events[i].outcome;
        if (outcome->status == PS_HTTP)
            without_answer = outcome;
        else if (status == PS_OK)
            status = store(r, outcome, (size_t)events[i].tag, err);
    }
    if (status == PS_OK && without_answer != NULL) status = unanswered(without_answer, err);
    for (size_t i = 0; i < n; i++)
        ps_outcome_free(events[i].outcome);
    return status;
}

/* What is finished when the run is cancelled is kept. */
static ps_status solve_all(arm_state *r, ps_solver *solver, ps_error *err) {
    const double interval = 0.05; /* seconds between questions whether to go on */
    ps_status status = submit(r, solver, err);
    while (status == PS_OK && ps_solver_pending(solver) > 0) {
        bool stop = cancelled(r);
        status = take(r, solver, stop ? 0 : interval, err);
        if (status == PS_OK && stop) return ps_fail(err, PS_CANCELLED, "interrupted");
        if (status == PS_OK) status = submit(r, solver, err);
    }
    return status;
}

/* ---- An arm -------------------------------------------------------------- */

static ps_status run(arm_state *r, ps_models *models, ps_error *err) {
    ps_solver *solver = NULL;
    ps_status status = ps_solver_create(models, &solver, err);
    if (status != PS_OK) return status;
    r->arm->path = ps_strdup(ps_results_path(r->results));
    r->arm->retried = count_failed(r);
    r->places = places(r->self->config, r->session);
    show_progress(r, NULL);
    status = r->arm->path != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < r->self->n_samples && status == PS_OK; i++)
        status = ps_results_scan(r->self->samples[i], read_again, r, err);
    if (status == PS_OK) status = solve_all(r, solver, err);
    ps_solver_free(solver);
    return status;
}

ps_status ps_arm_check(const ps_config *config, ps_models *models, ps_error *err) {
    ps_session *session = NULL;
    ps_status status = ps_session_create(config, models, NULL, &session, err);
    if (status == PS_OK) status = ps_session_check_prompt(session, err);
    ps_session_release(session);
    return status;
}

static ps_same same_of(const ps_arm *self, const ps_session *session) {
    return (ps_same){.method = ps_session_name(session),
                     .independent = self->independent,
                     .seed = (uint64_t)self->config->system_seed};
}

/* A link, or what is no file, is refused when it is opened. */
static bool is_plain_file(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 && S_ISREG(info.st_mode);
}

ps_status ps_arm_look(const ps_arm *self, ps_store *folder, ps_models *models, ps_findings *findings, ps_error *err) {
    lookout l = {.self = self};
    ps_session *session = NULL;
    ps_text own = {0};
    ps_text_printf(&own, "%s/%s", ps_store_folder(folder), self->file);
    ps_status status =
        ps_text_ok(&own) ? ps_session_create(self->config, models, self->method, &session, err) : ps_nomem(err);
    if (status == PS_OK) l.same = same_of(self, session);
    if (status == PS_OK && is_plain_file(ps_text_cstr(&own))) status = look_into(&l, ps_text_cstr(&own), findings, err);
    for (size_t i = 0; i < self->n_resume && status == PS_OK; i++)
        status = look_into(&l, self->resume[i], findings, err);
    for (size_t i = 0; i < self->n_also && status == PS_OK; i++)
        if (strcmp(self->also[i], ps_text_cstr(&own)) != 0) status = look_into(&l, self->also[i], findings, err);
    ps_session_release(session);
    ps_text_clear(&own);
    return status;
}

ps_status ps_arm_run(const ps_arm *self, ps_store *folder, ps_models *models, ps_eval_arm *out, ps_error *err) {
    arm_state r = {.self = self, .arm = out};
    const char *method = self->method != NULL ? self->method : self->config->method;
    double started = ps_now();
    *out = (ps_eval_arm){.mean_ess = NAN, .mean_resamples = NAN, .brier = NAN, .ece = NAN};
    r.known = ps_calloc(self->n_all, sizeof *r.known);
    ps_status status =
        r.known != NULL ? ps_session_create(self->config, models, self->method, &r.session, err) : ps_nomem(err);
    if (status == PS_OK) {
        out->name = self->name != NULL ? self->name : method;
        ps_wilson(0, 0, &out->low, &out->high);
        ps_session_tell(r.session, self->tells);
        r.same = same_of(self, r.session);
        r.select = ps_session_select(r.session);
        out->spread = ps_session_spread(r.session);
        status = read_all_back(&r, folder, err);
        if (status == PS_OK) status = run(&r, models, err);
        ps_status closed = ps_results_close(r.results, status == PS_OK ? err : NULL);
        if (status == PS_OK) status = closed;
        out->seconds = ps_now() - started;
        out->brier = ps_calibration_brier(&r.calibration);
        out->ece = ps_calibration_ece(&r.calibration);
        ps_calibration_rows(&r.calibration, out->reliability);
    }
    ps_session_release(r.session);
    ps_free(r.known);
    return status;
}
