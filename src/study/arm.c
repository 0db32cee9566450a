/* One method over the chosen problems: what is done is read back, the rest is run, each result is on disk at once. */
#include "study/arm.h"

#include "run/scheduler.h"
#include "run/tokens.h"

#include <math.h>
#include <string.h>

typedef struct arm_state {
    const ps_arm *self;
    ps_eval_arm *arm;
    size_t next;
    bool *done; /* [n] */
    ps_results *results;
    double ess_sum, resample_sum;
    size_t ess_count;
    size_t since_checkpoint;
} arm_state;

/* ---- Counting ------------------------------------------------------------ */

static void count_line(arm_state *r, size_t position, const ps_result_line *line) {
    ps_eval_arm *arm = r->arm;
    arm->done++;
    arm->correct += line->correct;
    arm->truncated += line->truncated;
    arm->errors += line->error;
    for (int s = 0; s < PS_SELECTS; s++)
        arm->correct_by[s] += line->correct_by[s];
    ps_tokens_add(&arm->tokens, &line->tokens);
    if (isfinite(line->ess)) {
        r->ess_sum += line->ess;
        r->resample_sum += line->resamples;
        r->ess_count++;
    }
    arm->mean_ess = r->ess_count > 0 ? r->ess_sum / (double)r->ess_count : NAN;
    arm->mean_resamples = r->ess_count > 0 ? r->resample_sum / (double)r->ess_count : NAN;
    ps_wilson(arm->correct, arm->done, &arm->low, &arm->high);
    if (r->self->counted != NULL) r->self->counted(r->self->user, position, line);
}

/* How sure the answers were of each prediction: the share of the votes for the plain vote, else the posterior weight of
 * its class; NaN where there is no answer. */
static double confidence_of(const ps_outcome *o, int select) {
    const char *answer = o->predictions[select].answer;
    size_t votes = 0;
    const ps_answer_class *chosen = NULL;
    for (size_t i = 0; i < o->n_classes; i++) {
        votes += o->classes[i].votes;
        if (answer != NULL && strcmp(o->classes[i].answer, answer) == 0) chosen = &o->classes[i];
    }
    if (chosen == NULL) return NAN;
    return select == PS_SELECT_MAJORITY ? (double)chosen->votes / (double)votes : chosen->weight;
}

static ps_result_line line_of(const ps_outcome *o) {
    ps_result_line line = {
        .index = o->problem->index,
        .correct = o->predictions[o->select].correct,
        .truncated = o->truncated,
        .error = o->error != NULL,
        .ess = o->report.final_ess,
        .resamples = (double)o->report.resamples,
        .tokens = o->tokens,
    };
    for (int s = 0; s < PS_SELECTS; s++) {
        line.correct_by[s] = o->predictions[s].correct;
        line.confidence[s] = confidence_of(o, s);
    }
    return line;
}

/* A line of an earlier run. Problems outside the chosen part stay in the file and out of the count. */
static void read_back(void *user, const ps_result_line *line) {
    arm_state *r = user;
    for (size_t low = 0, high = r->self->n; low < high;) { /* problems are in order of index */
        size_t mid = (low + high) / 2;
        if (r->self->problems[mid].index == line->index) {
            if (!r->done[mid]) count_line(r, mid, line);
            r->arm->resumed += !r->done[mid];
            r->done[mid] = true;
            return;
        }
        if (r->self->problems[mid].index < line->index)
            low = mid + 1;
        else
            high = mid;
    }
}

/* ---- The schedule's two ends --------------------------------------------- */

static const ps_problem *next_problem(void *user) {
    arm_state *r = user;
    while (r->next < r->self->n && r->done[r->next])
        r->next++;
    return r->next < r->self->n ? &r->self->problems[r->next++] : NULL;
}

static void show_progress(arm_state *r, const ps_outcome *last) {
    if (r->self->observer == NULL || r->self->observer->progress == NULL) return;
    ps_eval_progress progress = {
        .arm = r->arm, .arm_number = r->self->arm_number, .n_arms = r->self->n_arms, .total = r->self->n, .last = last};
    r->self->observer->progress(r->self->observer->user, &progress);
}

static ps_status store_outcome(void *user, ps_outcome *outcome, ps_error *err) {
    arm_state *r = user;
    char *json = NULL;
    ps_status status = ps_outcome_json(outcome, r->self->config->evaluation_save_particles, &json, err);
    if (status == PS_OK)
        status = ps_results_append(r->results, json, !r->self->config->evaluation_save_intermediate, err);
    if (status == PS_OK && ++r->since_checkpoint >= (size_t)r->self->config->evaluation_checkpoint_every) {
        r->since_checkpoint = 0;
        status = ps_results_checkpoint(r->results, err);
    }
    if (status == PS_OK) {
        ps_result_line line = line_of(outcome);
        count_line(r, (size_t)(outcome->problem - r->self->problems), &line);
        show_progress(r, outcome);
    }
    ps_free(json);
    ps_outcome_free(outcome);
    return status;
}

static bool cancelled(void *user) {
    const arm_state *r = user;
    const ps_eval_observer *o = r->self->observer;
    return o != NULL && o->cancelled != NULL && o->cancelled(o->user);
}

/* As many problems at once as the engine profits from. */
static size_t parallel_problems(const ps_session *session) {
    int64_t wanted = session->config->evaluation_parallel_problems;
    if (wanted != PS_CONFIG_AUTO) return (size_t)wanted;
    return ps_engine_in_flight(session->engine, ps_method_lines(session->method, &session->params));
}

/* ---- An arm -------------------------------------------------------------- */

ps_status ps_arm_run(const ps_arm *self, ps_store *store, ps_models *models, ps_eval_arm *out, ps_error *err) {
    arm_state r = {.self = self, .arm = out};
    ps_session *session = ps_calloc(1, sizeof *session);
    double started = ps_now();
    *out = (ps_eval_arm){.mean_ess = NAN, .mean_resamples = NAN};
    r.done = ps_calloc(self->n, sizeof *r.done);
    ps_status status = session == NULL || r.done == NULL ? ps_nomem(err) : PS_OK;
    if (status == PS_OK) status = ps_session_init(session, self->config, models, self->method, err);
    if (status != PS_OK) goto done;
    out->name = self->name != NULL ? self->name : session->name;
    ps_wilson(0, 0, &out->low, &out->high);
    status = ps_results_open(store, self->file, read_back, &r, &r.results, err);
    for (size_t i = 0; i < self->n_also && status == PS_OK; i++)
        status = ps_results_read(self->also[i], read_back, &r, err);
    if (status != PS_OK) {
        ps_results_close(r.results, NULL);
        goto done;
    }
    out->path = ps_strdup(ps_results_path(r.results));
    show_progress(&r, NULL);
    ps_observer observer = {.user = &r, .cancelled = cancelled};
    ps_schedule schedule = {.session = session,
                            .parallel = parallel_problems(session),
                            .user = &r,
                            .next = next_problem,
                            .finished = store_outcome,
                            .observer = &observer};
    status = ps_schedule_run(&schedule, err);
    ps_status closed = ps_results_close(r.results, status == PS_OK ? err : NULL);
    if (status == PS_OK) status = closed;
    out->seconds = ps_now() - started;
done:
    if (session != NULL) ps_session_clear(session);
    ps_free(session);
    ps_free(r.done);
    return status;
}
