/* The problems of a run: its data set, and the part of it that was asked for. */
#include "study/arm.h"

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

static void report_faults(const ps_chosen *chosen, const ps_eval_observer *observer) {
    size_t n;
    const ps_dataset_fault *faults = ps_dataset_faults(chosen->dataset, &n);
    for (size_t i = 0; i < n && observer != NULL && observer->fault != NULL; i++)
        observer->fault(observer->user, chosen->path, &faults[i]);
    if (chosen->faults > n && observer != NULL && observer->more_faults != NULL)
        observer->more_faults(observer->user, chosen->path, chosen->faults - n);
}

ps_status ps_problems_open(const ps_config *c, ps_dataset **dataset, char **path, ps_error *err) {
    enum { SYNTHETIC_PROBLEMS = 100000 };
    if (ps_config_is(c->engine_type, "toy") && ps_config_is(c->engine_toy_kind, "synthetic") &&
        c->evaluation_dataset_path == NULL && c->evaluation_dataset == NULL)
        return ps_dataset_synthetic(SYNTHETIC_PROBLEMS, dataset, err);
    return ps_dataset_open(c, dataset, path, err);
}

void ps_chosen_clear(ps_chosen *chosen) {
    ps_free(chosen->problems);
    ps_dataset_free(chosen->dataset);
    ps_free(chosen->path);
    *chosen = (ps_chosen){0};
}

ps_status ps_choose_problems(const ps_config *config, const ps_eval_options *options, const ps_eval_observer *observer,
                             ps_chosen *chosen, ps_error *err) {
    *chosen = (ps_chosen){0};
    ps_status status = ps_problems_open(config, &chosen->dataset, &chosen->path, err);
    if (status == PS_OK) status = choose_problems(chosen->dataset, options, &chosen->problems, &chosen->n, err);
    if (status == PS_OK) {
        chosen->faults = ps_dataset_unusable(chosen->dataset);
        report_faults(chosen, observer);
    } else {
        ps_chosen_clear(chosen);
    }
    return status;
}

void ps_tell_doubtful(const ps_chosen *chosen, const ps_models *models, const ps_eval_observer *observer) {
    size_t doubtful = ps_models_doubtful(models, chosen->problems, chosen->n);
    if (doubtful > 0 && observer != NULL && observer->doubtful != NULL)
        observer->doubtful(observer->user, doubtful, chosen->n);
}
