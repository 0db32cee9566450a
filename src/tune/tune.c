/* A worker of a study: takes trials as long as there are any, and says what came of them. */
#include "persamp/tune.h"
#include "tune/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* ---- Before anything is loaded ------------------------------------------- */

static bool has_metric(const ps_config *config, const char *metric) {
    for (size_t i = 0; i < config->tuning_metric.n; i++)
        if (strcmp(config->tuning_metric.items[i], metric) == 0) return true;
    return false;
}

static ps_status check_stopping(const ps_config *c, ps_error *err) {
    bool several = c->tuning_metric.n > 1;
    if (several && (c->tuning_pruning || c->tuning_halving))
        return ps_fail(
            err, PS_FORMAT,
            "tuning.%s does not go with several objectives (tuning.metric): none of them says which trial is "
            "worse; leave one out",
            c->tuning_pruning ? "pruning" : "halving");
    if (c->tuning_pruning && !has_metric(c, "accuracy"))
        return ps_fail(err, PS_FORMAT,
                       "tuning.pruning compares right answers: it goes with tuning.metric accuracy, not %s",
                       c->tuning_metric.items[0]);
    return PS_OK;
}

static ps_status check_size(const ps_config *config, const ps_space *space, const ps_tune_options *options,
                            ps_error *err) {
    size_t points = ps_space_points(space);
    if (!ps_config_is(config->tuning_method, "grid")) return PS_OK;
    double size = 1;
    for (size_t d = 0; d < space->n; d++) {
        if (ps_dim_points(&space->dims[d]) == 0)
            return ps_fail(err, PS_FORMAT,
                           "tuning.search_space: %s: a grid needs a step, such as {min: %g, max: %g, step: %g}; or "
                           "--tuning.method=random",
                           space->dims[d].name, space->dims[d].low, space->dims[d].high,
                           (space->dims[d].high - space->dims[d].low) / 4);
        size *= (double)ps_dim_points(&space->dims[d]);
    }
    if (points > 0 && (points <= PS_TUNE_MANY || options->yes)) return PS_OK;
    return ps_fail(
        err, PS_FORMAT,
        "tuning.search_space: the grid has %.0f points%s, or take fewer values, or --tuning.method=random with "
        "tuning.n_trials",
        size, points > 0 ? "; say --yes if all of them are to be tried" : ", which nobody can try");
}

/* Accuracy alone always finds that more is better. */
static void warn_of_cost(const ps_config *c, const ps_space *space, const ps_log *log) {
    static const char *const costly[] = {
        "generation.n_particles", "generation.max_steps",     "generation.max_answer_tokens", "method",
        "ps.budget.max_tokens",   "ps.budget.max_iterations", "ps.budget.n_finished",         "beam.width"};
    if (has_metric(c, "tokens") || has_metric(c, "accuracy_per_token")) return;
    for (size_t d = 0; d < space->n; d++)
        for (size_t i = 0; i < sizeof costly / sizeof *costly; i++) {
            bool budget = strcmp(costly[i], "ps.budget.max_tokens") == 0;
            if (strcmp(space->dims[d].name, costly[i]) != 0 || (c->ps_budget_max_tokens > 0 && !budget)) continue;
            ps_log_printf(
                log, PS_LOG_WARNING,
                "%s is in the search space and tokens cost nothing: the most expensive value will look best. Set "
                "ps.budget.max_tokens, or --tuning.metric='[accuracy, tokens]'",
                costly[i]);
            return;
        }
}

ps_status ps_tune_check(const ps_config *config, const ps_tune_options *options, const ps_log *log, ps_error *err) {
    ps_space *space = NULL;
    ps_status status = check_stopping(config, err);
    if (status == PS_OK) status = ps_space_create(config, &space, err);
    if (status == PS_OK) status = check_size(config, space, options, err);
    if (status == PS_OK) warn_of_cost(config, space, log);
    ps_space_free(space);
    return status;
}

/* ---- A session ----------------------------------------------------------- */

void ps_tune_summary_clear(ps_tune_summary *summary) {
    ps_trials_clear(&summary->trials);
    ps_free(summary->importance.items);
    ps_free(summary->best_path);
    *summary = (ps_tune_summary){.best = SIZE_MAX};
}

static ps_status make_worker(ps_worker *worker, double lease, ps_error *err) {
    unsigned char bytes[16];
    if (getentropy(bytes, sizeof bytes) != 0) return ps_fail(err, PS_IO, "the system gives no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(worker->owner + 2 * i, 3, "%02x", bytes[i]);
    worker->lease = lease > 0 ? lease : 30;
    return PS_OK;
}

static bool on_waiting(void *user, const char *sentence) {
    const ps_plan *plan = user;
    if (sentence != NULL) ps_plan_note(plan, "%s", sentence);
    return ps_plan_cancelled(plan);
}

static ps_status open_plan(ps_plan *plan, ps_error *err) {
    ps_engine_info info;
    ps_engine_get_info(ps_models_engine(plan->models), &info);
    const ps_prm *prm = ps_models_prm(plan->models);
    plan->fixture.generator = info.identity;
    plan->fixture.prm = prm != NULL ? ps_prm_identity(prm) : NULL;
    plan->target = ps_config_is(plan->config->tuning_method, "grid") ? SIZE_MAX : (size_t)plan->config->tuning_n_trials;
    for (size_t i = 0; i < plan->config->tuning_metric.n; i++)
        plan->maximise[i] = ps_metric_is_high(plan->config->tuning_metric.items[i]);
    ps_status status = ps_space_create(plan->config, &plan->space, err);
    for (size_t d = 0; status == PS_OK && d < plan->space->n; d++)
        plan->rereads = plan->rereads || ps_key_only_reads(plan->space->dims[d].name);
    if (status == PS_OK) status = make_worker(&plan->worker, plan->options->lease, err);
    if (status == PS_OK) status = ps_plan_problems(plan, err);
    if (status == PS_OK) status = ps_plan_grid(plan, err);
    if (status == PS_OK) status = ps_db_open(plan->options->study, true, on_waiting, plan, &plan->db, err);
    return status == PS_OK ? ps_plan_study(plan, err) : status;
}

/* Others have trials under way: what they leave is for us. */
static ps_status wait_for_others(ps_plan *plan, bool *said, ps_error *err) {
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    if (!*said) ps_plan_note(plan, "waiting for the trials of other workers");
    *said = true;
    nanosleep(&pause, NULL);
    return ps_plan_cancelled(plan) ? ps_fail(err, PS_CANCELLED, "interrupted") : PS_OK;
}

static ps_status work(ps_plan *plan, ps_tune_summary *summary, ps_error *err) {
    bool said = false;
    for (;;) {
        ps_job job;
        bool lost = false;
        ps_status status =
            ps_plan_cancelled(plan) ? ps_fail(err, PS_CANCELLED, "interrupted") : ps_plan_next(plan, &job, err);
        if (status != PS_OK) return status;
        if (job.id != 0) {
            status = ps_plan_run(plan, &job, &plan->effort, &lost, err);
            if (lost)
                ps_plan_note(plan, "trial %zu: another worker has taken it over; what was not finished here is dropped",
                             job.number);
            summary->made += status == PS_OK && !lost;
            summary->taken_over += job.taken_over;
        } else if (job.others) {
            status = wait_for_others(plan, &said, err);
        }
        bool over = job.id == 0 && !job.others;
        ps_job_clear(&job);
        if (status != PS_OK || over) return status;
    }
}

typedef struct reading {
    ps_plan *plan;
    ps_trials *trials;
} reading;

static ps_status read_trials(ps_db *db, void *user, ps_error *err) {
    reading *r = user;
    return ps_storage_trials(db, r->plan->study, r->trials, err);
}

static ps_status look_back(ps_plan *plan, ps_tune_summary *summary, ps_error *err) {
    reading r = {plan, &summary->trials};
    ps_status status = ps_db_look(plan->db, read_trials, &r, err);
    if (status != PS_OK) return status;
    summary->best = ps_trials_best(&summary->trials);
    return ps_trials_importance(&summary->trials, &summary->importance, err);
}

ps_status ps_tune(const ps_config *config, const ps_tune_options *given, ps_models *models,
                  const ps_tune_observer *observer, ps_tune_summary *summary, ps_error *err) {
    static const ps_tune_observer nobody = {0};
    ps_tune_options options = *given;
    if (options.study == NULL) options.study = "study.db";
    if (options.name == NULL) options.name = "persamp";
    if (options.best_path == NULL) options.best_path = "best.yaml";
    ps_plan plan = {
        .config = config, .options = &options, .observer = observer != NULL ? observer : &nobody, .models = models};
    *summary = (ps_tune_summary){.best = SIZE_MAX};
    ps_status status = open_plan(&plan, err);
    if (status == PS_OK) {
        summary->problems = plan.n;
        summary->points = plan.n_points;
        summary->folded = plan.n_folded;
        summary->faults = ps_dataset_unusable(plan.dataset);
        status = work(&plan, summary, err);
        ps_status looked =
            status == PS_OK || status == PS_CANCELLED ? look_back(&plan, summary, status == PS_OK ? err : NULL) : PS_OK;
        if (status == PS_OK) status = looked;
        if (status == PS_OK) status = ps_plan_winner(&plan, summary, err);
        summary->reused = plan.effort.reused;
        summary->reread = plan.effort.reread;
        summary->drawn = plan.effort.drawn;
    }
    ps_plan_clear(&plan);
    return status;
}
