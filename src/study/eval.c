/* Evaluation: one or more methods over a data set, with results that survive anything. */
#include "base/json.h"
#include "study/arm.h"
#include "study/array.h"
#include "study/compare.h"
#include "study/paths.h"
#include "study/same.h"
#include "study/tokens.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Summary ------------------------------------------------------------- */

static json_t *arm_json(const ps_eval_arm *arm) {
    double accuracy = arm->done > 0 ? (double)arm->correct / (double)arm->done : 0;
    json_t *out =
        json_pack("{s:s,s:I,s:I,s:f,s:[f,f],s:I,s:I,s:o,s:f}", "method", arm->name, "problems", (json_int_t)arm->done,
                  "correct", (json_int_t)arm->correct, "accuracy", accuracy, "interval_95", arm->low, arm->high,
                  "truncated", (json_int_t)arm->truncated, "errors", (json_int_t)arm->errors, "tokens",
                  ps_tokens_json(&arm->tokens), "seconds_of_last_run", arm->seconds);
    json_object_set_new(out, "endings", ps_json_counts(arm->endings, ps_ending_name));
    json_object_set_new(out, "mean_final_ess", ps_json_number(arm->mean_ess));
    json_object_set_new(out, "mean_resamples", ps_json_number(arm->mean_resamples));
    json_object_set_new(out, "brier", ps_json_number(arm->brier));
    json_object_set_new(out, "ece", ps_json_number(arm->ece));
    json_object_set_new(out, "reliability", ps_reliability_json(arm->reliability));
    json_object_set_new(out, "sharing_most_text", json_integer((json_int_t)arm->alike));
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
    ps_text text = {0};
    ps_status status = ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(8), &text, err);
    if (status == PS_OK) status = ps_store_write(store, name, text.data, text.length, err);
    ps_text_clear(&text);
    return status;
}

void ps_eval_summary_clear(ps_eval_summary *summary) {
    for (size_t i = 0; i < summary->n_arms; i++)
        ps_free((char *)summary->arms[i].path);
    ps_free(summary->arms);
    *summary = (ps_eval_summary){0};
}

/* ---- All of it ----------------------------------------------------------- */

/* `base`: "results" or "results.greedy", what the files of an arm begin with. Without `out` they are only looked at. */
static ps_status run_arm(ps_arm *arm, const char *base, const ps_eval_options *options, ps_store *store,
                         ps_models *models, ps_eval_arm *out, ps_findings *findings, ps_error *err) {
    ps_text file = {0};
    ps_paths resume = {0};
    const char *source = ps_store_resume(store);
    ps_text_puts(&file, base);
    ps_shard_suffix(options->shard, options->shards, &file);
    ps_text_puts(&file, ".jsonl");
    ps_status status = ps_text_ok(&file) ? PS_OK : ps_nomem(err);
    if (status == PS_OK && source != NULL) status = ps_paths_find(&source, 1, base, ".jsonl", &resume, err);
    arm->file = ps_text_cstr(&file);
    arm->resume = resume.items;
    arm->n_resume = resume.n;
    if (status == PS_OK)
        status =
            out != NULL ? ps_arm_run(arm, store, models, out, err) : ps_arm_look(arm, store, models, findings, err);
    ps_paths_clear(&resume);
    ps_text_clear(&file);
    return status;
}

/* Every arm; with `findings` its files are only looked at. */
static ps_status run_arms(const ps_config *config, const ps_eval_options *options, const ps_chosen *chosen,
                          ps_store *store, ps_models *models, const ps_eval_observer *observer,
                          ps_eval_summary *summary, ps_findings *findings, ps_error *err) {
    ps_status status = PS_OK;
    ps_arm arm = {.config = config,
                  .problems = chosen->problems,
                  .n = chosen->n,
                  .observer = observer,
                  .n_arms = summary->n_arms};
    arm.all = ps_dataset_problems(chosen->dataset, &arm.n_all);
    for (size_t i = 0; i < summary->n_arms && status == PS_OK; i++) {
        ps_text base = {0};
        arm.method = i == 0 ? NULL : options->baselines[i - 1];
        arm.arm_number = i;
        ps_text_puts(&base, "results");
        if (i > 0) ps_text_printf(&base, ".%s", arm.method);
        status = ps_text_ok(&base) ? PS_OK : ps_nomem(err);
        if (status == PS_OK)
            status = run_arm(&arm, ps_text_cstr(&base), options, store, models,
                             findings == NULL ? &summary->arms[i] : NULL, findings, err);
        if (status == PS_OK && findings == NULL && ps_config_is(config->evaluation_output_format, "json"))
            status = ps_array_write(store, summary->arms[i].path, err);
        ps_text_clear(&base);
    }
    return status;
}

ps_status ps_eval(const ps_config *config, const ps_eval_options *options, ps_models *models,
                  const ps_eval_observer *observer, ps_eval_summary *summary, ps_error *err) {
    ps_chosen chosen = {0};
    ps_findings findings = {0};
    ps_store *store = NULL;
    ps_record_models identity = ps_store_models(models);
    *summary = (ps_eval_summary){0};
    ps_status status = ps_choose_problems(config, options, observer, &chosen, err);
    if (status != PS_OK) return status;
    summary->faults = chosen.faults;
    summary->problems = chosen.n;
    ps_tell_doubtful(&chosen, models, observer);
    status = ps_count_tuned_on(config, &chosen, &summary->tuned_on, err);
    if (status != PS_OK) goto done;
    status = ps_arm_check(config, models, err);
    if (status == PS_OK) status = ps_store_open(config, &identity, options->fresh, &store, err);
    if (status != PS_OK) goto done;
    summary->arms = ps_calloc(1 + options->n_baselines, sizeof *summary->arms);
    if (summary->arms == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    summary->n_arms = 1 + options->n_baselines;
    status = run_arms(config, options, &chosen, store, models, observer, summary, &findings, err);
    ps_status told = ps_findings_tell(&findings, ps_same_advice, status == PS_OK ? err : NULL);
    if (status == PS_OK) status = told;
    if (status == PS_OK) status = run_arms(config, options, &chosen, store, models, observer, summary, NULL, err);
    if (status == PS_OK) status = write_summary(store, summary, options, err);
done:
    ps_store_close(store);
    ps_chosen_clear(&chosen);
    return status;
}
