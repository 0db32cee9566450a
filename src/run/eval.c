/* Evaluation: one or more methods over a data set, with results that survive anything. */
#include "run/scheduler.h"
#include "run/store.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One method over the chosen problems. */
typedef struct arm_run {
    const ps_config *config;
    const ps_eval_observer *observer;
    const ps_problem *problems; /* [n]: the chosen part of the data set */
    size_t n, next;
    bool *done; /* [n] */
    ps_results *results;
    ps_eval_arm *arm;
    size_t arm_number, n_arms;
    double ess_sum, resample_sum;
    size_t ess_count;
    size_t since_checkpoint;
} arm_run;

/* ---- Counting
 * ---------------------------------------------------------------------------------------------------------- */

static void count_line(arm_run *r, const ps_result_line *line) {
    ps_eval_arm *arm = r->arm;
    arm->done++;
    arm->correct += line->correct;
    arm->truncated += line->truncated;
    arm->errors += line->error;
    for (int s = 0; s < PS_SELECTS; s++)
        arm->correct_by[s] += line->correct_by[s];
    arm->generated += line->generated;
    arm->prompt += line->prompt;
    arm->prefilled += line->prefilled;
    arm->prm += line->prm;
    if (isfinite(line->ess)) {
        r->ess_sum += line->ess;
        r->resample_sum += line->resamples;
        r->ess_count++;
    }
    arm->mean_ess = r->ess_count > 0 ? r->ess_sum / (double)r->ess_count : NAN;
    arm->mean_resamples = r->ess_count > 0 ? r->resample_sum / (double)r->ess_count : NAN;
    ps_wilson(arm->correct, arm->done, &arm->low, &arm->high);
}

static ps_result_line line_of(const ps_outcome *o) {
    ps_result_line line = {
        .index = o->problem->index,
        .correct = o->predictions[o->select].correct,
        .truncated = o->truncated,
        .error = o->error != NULL,
        .ess = o->report.final_ess,
        .resamples = (double)o->report.resamples,
        .generated = o->tokens.generated,
        .prompt = o->tokens.prompt,
        .prefilled = o->tokens.prefilled,
        .prm = o->tokens.prm,
    };
    for (int s = 0; s < PS_SELECTS; s++)
        line.correct_by[s] = o->predictions[s].correct;
    return line;
}

/* A line of an earlier run. Problems outside the chosen part stay in the file and out of the count. */
static void read_back(void *user, const ps_result_line *line) {
    arm_run *r = user;
    for (size_t low = 0, high = r->n; low < high;) { /* problems are in order of index */
        size_t mid = (low + high) / 2;
        if (r->problems[mid].index == line->index) {
            if (!r->done[mid]) count_line(r, line);
            r->arm->resumed += !r->done[mid];
            r->done[mid] = true;
            return;
        }
        if (r->problems[mid].index < line->index)
            low = mid + 1;
        else
            high = mid;
    }
}

/* ---- The schedule's two ends
 * --------------------------------------------------------------------------------------------- */

static const ps_problem *next_problem(void *user) {
    arm_run *r = user;
    while (r->next < r->n && r->done[r->next])
        r->next++;
    return r->next < r->n ? &r->problems[r->next++] : NULL;
}

static void show_progress(arm_run *r, const ps_outcome *last) {
    if (r->observer == NULL || r->observer->progress == NULL) return;
    ps_eval_progress progress = {
        .arm = r->arm, .arm_number = r->arm_number, .n_arms = r->n_arms, .total = r->n, .last = last};
    r->observer->progress(r->observer->user, &progress);
}

static ps_status store_outcome(void *user, ps_outcome *outcome, ps_error *err) {
    arm_run *r = user;
    char *json = NULL;
    ps_status status = ps_outcome_json(outcome, r->config->evaluation_save_particles, &json, err);
    if (status == PS_OK) status = ps_results_append(r->results, json, !r->config->evaluation_save_intermediate, err);
    if (status == PS_OK && ++r->since_checkpoint >= (size_t)r->config->evaluation_checkpoint_every) {
        r->since_checkpoint = 0;
        status = ps_results_sync(r->results, err);
    }
    if (status == PS_OK) {
        ps_result_line line = line_of(outcome);
        count_line(r, &line);
        show_progress(r, outcome);
    }
    ps_free(json);
    ps_outcome_free(outcome);
    return status;
}

static bool cancelled(void *user) {
    const arm_run *r = user;
    const ps_eval_observer *o = r->observer;
    return o != NULL && o->cancelled != NULL && o->cancelled(o->user);
}

/* As many problems at once as the engine profits from. */
static size_t parallel_problems(const ps_session *session) {
    int64_t wanted = session->config->evaluation_parallel_problems;
    if (wanted != PS_CONFIG_AUTO) return (size_t)wanted;
    ps_engine_info info;
    ps_engine_get_info(session->engine, &info);
    size_t each = session->method->greedy ? 1 : session->params.n_particles;
    size_t problems = (info.parallel + each - 1) / each;
    return problems < 1 ? 1 : problems;
}

/* ---- An arm
 * ----------------------------------------------------------------------------------------------------------------- */

static ps_status file_name(const char *arm, const ps_eval_options *options, ps_text *name, ps_error *err) {
    ps_text_puts(name, "results");
    if (arm != NULL) ps_text_printf(name, ".%s", arm);
    if (options->shards > 1) ps_text_printf(name, ".%zu-of-%zu", options->shard, options->shards);
    ps_text_puts(name, ".jsonl");
    return ps_text_ok(name) ? PS_OK : ps_nomem(err);
}

static ps_status run_arm(arm_run *r, ps_store *store, ps_models *models, const char *arm,
                         const ps_eval_options *options, ps_error *err) {
    ps_text name = {0};
    ps_session *session = ps_calloc(1, sizeof *session);
    double started = ps_now();
    r->done = ps_calloc(r->n, sizeof *r->done);
    ps_status status = session == NULL || r->done == NULL ? ps_nomem(err) : PS_OK;
    if (status == PS_OK) status = ps_session_init(session, r->config, models, arm, err);
    if (status == PS_OK) status = file_name(arm, options, &name, err);
    if (status != PS_OK) goto done;
    r->arm->name = session->name;
    r->arm->mean_ess = r->arm->mean_resamples = NAN;
    ps_wilson(0, 0, &r->arm->low, &r->arm->high);
    status = ps_results_open(store, ps_text_cstr(&name), read_back, r, &r->results, err);
    if (status != PS_OK) goto done;
    r->arm->path = ps_strdup(ps_results_path(r->results));
    show_progress(r, NULL);
    ps_observer observer = {.user = r, .cancelled = cancelled};
    ps_schedule schedule = {.session = session,
                            .parallel = parallel_problems(session),
                            .user = r,
                            .next = next_problem,
                            .finished = store_outcome,
                            .observer = &observer};
    status = ps_schedule_run(&schedule, err);
    ps_status closed = ps_results_close(r->results, status == PS_OK ? err : NULL);
    if (status == PS_OK) status = closed;
    r->arm->seconds = ps_now() - started;
done:
    if (session != NULL) ps_session_clear(session);
    ps_free(session);
    ps_free(r->done);
    ps_text_free(&name);
    return status;
}

/* ---- The data set's chosen part
 * ------------------------------------------------------------------------------------------------ */

static ps_status choose_problems(const ps_dataset *dataset, const ps_eval_options *o, ps_problem **out, size_t *n,
                                 ps_error *err) {
    size_t total, kept = 0;
    const ps_problem *all = ps_dataset_problems(dataset, &total);
    if (o->shards > 0 && (o->shard < 1 || o->shard > o->shards))
        return ps_fail(err, PS_ARG, "--shard %zu/%zu: expected i/n with 1 ≤ i ≤ n", o->shard, o->shards);
    if (o->offset >= total)
        return ps_fail(err, PS_ARG, "--offset %zu: the data set has %zu problems", o->offset, total);
    ps_problem *chosen = ps_calloc(total, sizeof *chosen);
    if (chosen == NULL) return ps_nomem(err);
    size_t end = o->limit > 0 && o->limit < total - o->offset ? o->offset + o->limit : total;
    for (size_t i = o->offset; i < end; i++)
        if (o->shards < 2 || i % o->shards == o->shard - 1) chosen[kept++] = all[i];
    *out = chosen;
    *n = kept;
    return PS_OK;
}

static void report_faults(const ps_dataset *dataset, const char *path, const ps_eval_observer *observer,
                          size_t *count) {
    const ps_dataset_fault *faults = ps_dataset_faults(dataset, count);
    for (size_t i = 0; i < *count && observer != NULL && observer->fault != NULL; i++)
        observer->fault(observer->user, path, &faults[i]);
}

/* ---- Smoke test: a few problems with few particles, so that a bad set-up shows before the long run
 * ------------------------------ */

typedef struct smoke {
    const ps_problem *problems;
    size_t n, next;
    char failure[512];
} smoke;

static const ps_problem *next_smoke(void *user) {
    smoke *s = user;
    return s->next < s->n ? &s->problems[s->next++] : NULL;
}

static ps_status take_smoke(void *user, ps_outcome *outcome, ps_error *err) {
    (void)err;
    smoke *s = user;
    if (outcome->error != NULL) snprintf(s->failure, sizeof s->failure, "%s", outcome->error);
    ps_outcome_free(outcome);
    return PS_OK;
}

static ps_status set_number(ps_config *config, const char *key, int64_t value, ps_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return ps_config_set(config, key, text, "smoke_test", err);
}

static ps_status run_smoke_test(const ps_config *config, ps_models *models, const ps_problem *problems, size_t n,
                                ps_error *err) {
    ps_config *small = NULL;
    ps_models *other = NULL;
    ps_session *session = ps_calloc(1, sizeof *session);
    size_t samples = (size_t)config->smoke_test_n_samples;
    smoke state = {.problems = problems, .n = samples < n ? samples : n};
    ps_status status = session == NULL ? ps_nomem(err) : ps_config_copy(config, &small, err);
    if (status == PS_OK) status = set_number(small, "generation.n_particles", config->smoke_test_n_particles, err);
    if (status == PS_OK) status = set_number(small, "generation.max_steps", config->smoke_test_max_steps, err);
    if (status == PS_OK && config->smoke_test_model_path != NULL) {
        status = ps_config_set(small, "models.generator.model_path", config->smoke_test_model_path, "smoke_test", err);
        if (status == PS_OK) status = ps_models_open(small, NULL, &other, err);
    }
    if (status == PS_OK) status = ps_session_init(session, small, other != NULL ? other : models, NULL, err);
    if (status == PS_OK) {
        ps_schedule schedule = {
            .session = session, .parallel = 1, .user = &state, .next = next_smoke, .finished = take_smoke};
        status = ps_schedule_run(&schedule, err);
    }
    if (status == PS_OK && state.failure[0] != '\0')
        status = ps_fail(err, PS_ENGINE, "the smoke test failed: %s", state.failure);
    if (session != NULL) ps_session_clear(session);
    ps_free(session);
    ps_models_free(other);
    ps_config_free(small);
    return status;
}

/* ---- Summary
 * --------------------------------------------------------------------------------------------------------------------------
 */

static json_t *arm_json(const ps_eval_arm *arm) {
    double accuracy = arm->done > 0 ? (double)arm->correct / (double)arm->done : 0;
    json_t *out =
        json_pack("{s:s,s:I,s:I,s:f,s:[f,f],s:I,s:I,s:{s:I,s:I,s:I,s:I},s:f}", "method", arm->name, "problems",
                  (json_int_t)arm->done, "correct", (json_int_t)arm->correct, "accuracy", accuracy, "interval_95",
                  arm->low, arm->high, "truncated", (json_int_t)arm->truncated, "errors", (json_int_t)arm->errors,
                  "tokens", "generated", (json_int_t)arm->generated, "prompt", (json_int_t)arm->prompt, "prefilled",
                  (json_int_t)arm->prefilled, "prm", (json_int_t)arm->prm, "seconds_of_last_run", arm->seconds);
    json_object_set_new(out, "mean_final_ess", isfinite(arm->mean_ess) ? json_real(arm->mean_ess) : json_null());
    json_object_set_new(out, "mean_resamples",
                        isfinite(arm->mean_resamples) ? json_real(arm->mean_resamples) : json_null());
    return out;
}

static ps_status write_summary(ps_store *store, const ps_eval_summary *summary, const ps_eval_options *options,
                               ps_error *err) {
    char name[64] = "summary.json";
    if (options->shards > 1) snprintf(name, sizeof name, "summary.%zu-of-%zu.json", options->shard, options->shards);
    json_t *root = json_pack("{s:[],s:I}", "methods", "unusable_records", (json_int_t)summary->faults);
    for (size_t i = 0; i < summary->n_arms; i++)
        if (summary->arms[i].name != NULL)
            json_array_append_new(json_object_get(root, "methods"), arm_json(&summary->arms[i]));
    char *text = root != NULL ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(8)) : NULL;
    json_decref(root);
    if (text == NULL) return ps_nomem(err);
    ps_status status = ps_store_write(store, name, text, strlen(text), err);
    free(text);
    return status;
}

/* output_format json: the finished lines once more, as one array. */
static ps_status write_array(ps_store *store, const ps_eval_arm *arm, ps_error *err) {
    char *lines = NULL;
    size_t length;
    ps_status status = ps_read_file(arm->path, (size_t)1 << 34, &lines, &length, err);
    if (status != PS_OK) return status;
    ps_text array = {0};
    ps_text_puts(&array, "[\n");
    for (char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        ps_text_append(&array, line, (size_t)(end - line));
        ps_text_puts(&array, end[1] != '\0' ? ",\n" : "\n");
    }
    ps_text_puts(&array, "]\n");
    const char *slash = strrchr(arm->path, '/');
    char name[128];
    snprintf(name, sizeof name, "%.*s.json", (int)(strlen(slash + 1) - strlen(".jsonl")), slash + 1);
    status = ps_text_ok(&array) ? ps_store_write(store, name, array.data, array.length, err) : ps_nomem(err);
    ps_text_free(&array);
    ps_free(lines);
    return status;
}

void ps_eval_summary_free(ps_eval_summary *summary) {
    for (size_t i = 0; i < summary->n_arms; i++)
        ps_free((char *)summary->arms[i].path);
    ps_free(summary->arms);
    *summary = (ps_eval_summary){0};
}

/* The synthetic reasoner makes its own problems; everything else reads a file. */
static ps_status load_problems(const ps_config *c, char **path, ps_dataset **dataset, ps_error *err) {
    enum { SYNTHETIC_PROBLEMS = 100000 };
    if (ps_config_is(c->engine_type, "toy") && ps_config_is(c->engine_toy_kind, "synthetic") &&
        c->evaluation_dataset_path == NULL)
        return ps_dataset_synthetic(SYNTHETIC_PROBLEMS, dataset, err);
    ps_status status = ps_dataset_path(c, path, err);
    return status == PS_OK ? ps_dataset_load(*path, dataset, err) : status;
}

/* ---- All of it
 * ----------------------------------------------------------------------------------------------------------------------------
 */

ps_status ps_eval(const ps_config *config, const ps_eval_options *options, ps_models *models,
                  const ps_eval_observer *observer, ps_eval_summary *summary, ps_error *err) {
    char *path = NULL;
    ps_dataset *dataset = NULL;
    ps_problem *problems = NULL;
    ps_store *store = NULL;
    size_t n = 0;
    *summary = (ps_eval_summary){0};
    ps_status status = load_problems(config, &path, &dataset, err);
    if (status == PS_OK) status = choose_problems(dataset, options, &problems, &n, err);
    if (status != PS_OK) goto done;
    report_faults(dataset, path, observer, &summary->faults);
    if (config->smoke_test_enabled) status = run_smoke_test(config, models, problems, n, err);
    if (status == PS_OK) status = ps_store_open(config, options->fresh, &store, err);
    if (status != PS_OK) goto done;
    summary->arms = ps_calloc(1 + options->n_baselines, sizeof *summary->arms);
    if (summary->arms == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    summary->n_arms = 1 + options->n_baselines;
    for (size_t i = 0; i < summary->n_arms && status == PS_OK; i++) {
        arm_run run = {.config = config,
                       .observer = observer,
                       .problems = problems,
                       .n = n,
                       .arm = &summary->arms[i],
                       .arm_number = i,
                       .n_arms = summary->n_arms};
        status = run_arm(&run, store, models, i == 0 ? NULL : options->baselines[i - 1], options, err);
        if (status == PS_OK && ps_config_is(config->evaluation_output_format, "json"))
            status = write_array(store, &summary->arms[i], err);
    }
    if (status == PS_OK) status = write_summary(store, summary, options, err);
done:
    ps_store_close(store);
    ps_free(problems);
    ps_dataset_free(dataset);
    ps_free(path);
    return status;
}
