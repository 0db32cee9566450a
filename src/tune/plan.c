#include "tune/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ps_plan_note(const ps_plan *plan, const char *format, ...) {
    char sentence[1024];
    va_list arguments;
    if (plan->observer->note == NULL) return;
    va_start(arguments, format);
    ps_format(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    plan->observer->note(plan->observer->user, sentence);
}

bool ps_plan_cancelled(const ps_plan *plan) {
    return plan->observer->cancelled != NULL && plan->observer->cancelled(plan->observer->user);
}

void ps_plan_clear(ps_plan *plan) {
    ps_space_free(plan->space);
    ps_dataset_free(plan->dataset);
    ps_free(plan->path);
    ps_free(plan->problems);
    ps_free(plan->points);
    ps_study_close(plan->db);
    *plan = (ps_plan){0};
}

/* ---- Problems ------------------------------------------------------------ */

static void report_faults(const ps_plan *plan) {
    size_t n, all = ps_dataset_unusable(plan->dataset);
    const ps_dataset_fault *faults = ps_dataset_faults(plan->dataset, &n);
    for (size_t i = 0; i < n && plan->observer->fault != NULL; i++)
        plan->observer->fault(plan->observer->user, plan->path, &faults[i]);
    if (all > n && plan->observer->more_faults != NULL)
        plan->observer->more_faults(plan->observer->user, plan->path, all - n);
}

/* The first `wanted` of a random order of all (Fisher and Yates). */
static void shuffle(ps_problem *problems, size_t n, size_t wanted, uint64_t seed) {
    const ps_rng_key key = {.seed = seed, .purpose = PS_RNG_METHOD};
    for (size_t i = 0; i < wanted && i + 1 < n; i++) {
        size_t k = i + (size_t)(ps_uniform(key, i) * (double)(n - i));
        ps_problem kept = problems[i];
        problems[i] = problems[k];
        problems[k] = kept;
    }
}

ps_status ps_plan_problems(ps_plan *plan, ps_error *err) {
    size_t wanted = (size_t)plan->config->tuning_validation_samples, held = plan->options->held_out;
    ps_status status = ps_problems_open(plan->config, &plan->dataset, &plan->path, err);
    if (status != PS_OK) return status;
    report_faults(plan);
    const ps_problem *all = ps_dataset_problems(plan->dataset, &plan->n_dataset);
    plan->problems = ps_calloc(plan->n_dataset, sizeof *all);
    if (plan->problems == NULL) return ps_nomem(err);
    memcpy(plan->problems, all, plan->n_dataset * sizeof *all);
    plan->n = wanted < plan->n_dataset ? wanted : plan->n_dataset;
    plan->n_held = held < plan->n_dataset - plan->n ? held : plan->n_dataset - plan->n;
    shuffle(plan->problems, plan->n_dataset, plan->n + plan->n_held, (uint64_t)plan->config->tuning_validation_seed);
    ps_fixture_dataset(plan->problems, plan->n, plan->fixture.dataset);
    if (wanted > plan->n_dataset)
        ps_plan_note(plan, "tuning.validation_samples is %zu, and the data set has %zu problems: all are used", wanted,
                     plan->n_dataset);
    if (plan->n_held == 0 && held > 0)
        ps_plan_note(
            plan,
            "the data set has no problems besides the %zu of the trials: the winner's accuracy on others stays unknown",
            plan->n);
    size_t doubtful = ps_models_doubtful(plan->models, plan->problems, plan->n);
    if (doubtful > 0 && plan->observer->doubtful != NULL)
        plan->observer->doubtful(plan->observer->user, doubtful, plan->n);
    return PS_OK;
}

/* ---- The grid ------------------------------------------------------------ */

static ps_status point_setting(ps_plan *plan, size_t i, double *x, ps_grid_point *point, ps_error *err) {
    ps_config *config = NULL;
    ps_setting setting;
    ps_space_point(plan->space, i, x);
    ps_status status = ps_space_config(plan->space, plan->config, x, i, &config, err);
    if (status == PS_FORMAT) {
        snprintf(point->setting, sizeof point->setting, "contradicts %zu", i);
        return PS_OK;
    }
    if (status == PS_OK) status = ps_setting_of(config, &plan->fixture, &setting, err);
    ps_config_free(config);
    if (status != PS_OK) return status;
    point->valid = true;
    memcpy(point->setting, setting.whole, sizeof point->setting);
    return PS_OK;
}

typedef struct order {
    const char *setting;
    size_t at;
} order;

static int by_setting(const void *a, const void *b) {
    const order *x = a, *y = b;
    int difference = strcmp(x->setting, y->setting);
    return difference != 0 ? difference : (x->at > y->at) - (x->at < y->at);
}

static ps_status fold(ps_plan *plan, ps_error *err) {
    order *sorted = ps_calloc(plan->n_points, sizeof *sorted);
    if (sorted == NULL) return ps_nomem(err);
    for (size_t i = 0; i < plan->n_points; i++)
        sorted[i] = (order){plan->points[i].setting, i};
    qsort(sorted, plan->n_points, sizeof *sorted, by_setting);
    for (size_t i = 1; i < plan->n_points; i++)
        if (strcmp(sorted[i].setting, sorted[i - 1].setting) == 0) {
            plan->points[sorted[i].at].folded = true;
            plan->n_folded++;
        }
    ps_free(sorted);
    return PS_OK;
}

ps_status ps_plan_grid(ps_plan *plan, ps_error *err) {
    size_t n = ps_space_points(plan->space);
    if (n == 0 || n > PS_TUNE_MANY) return PS_OK;
    plan->points = ps_calloc(n, sizeof *plan->points);
    double *x = ps_calloc(plan->space->n, sizeof *x);
    ps_status status = plan->points != NULL && x != NULL ? PS_OK : ps_nomem(err);
    plan->n_points = n;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = point_setting(plan, i, x, &plan->points[i], err);
    ps_free(x);
    if (status == PS_OK) status = fold(plan, err);
    if (status == PS_OK && plan->n_folded > 0)
        ps_plan_note(plan, "%zu of %zu points differ from others only in keys that cannot act, and are not tried",
                     plan->n_folded, n);
    if (status == PS_OK && plan->target != SIZE_MAX && plan->target > n - plan->n_folded)
        ps_plan_note(plan, "tuning.n_trials is %zu, and the space has %zu different points: all are tried",
                     plan->target, n - plan->n_folded);
    return status;
}
