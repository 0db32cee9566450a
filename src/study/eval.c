/* Evaluation: one or more methods over a data set, with results that survive anything. */
#include "base/json.h"
#include "study/arm.h"
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
    json_object_set_new(out, "mean_final_ess", ps_json_number(arm->mean_ess));
    json_object_set_new(out, "mean_resamples", ps_json_number(arm->mean_resamples));
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
    ps_text_clear(&array);
    ps_free(lines);
    return status;
}

void ps_eval_summary_clear(ps_eval_summary *summary) {
    for (size_t i = 0; i < summary->n_arms; i++)
        ps_free((char *)summary->arms[i].path);
    ps_free(summary->arms);
    *summary = (ps_eval_summary){0};
}

static ps_status file_name(const char *arm, const ps_eval_options *options, ps_text *name, ps_error *err) {
    ps_text_puts(name, "results");
    if (arm != NULL) ps_text_printf(name, ".%s", arm);
    if (options->shards > 1) ps_text_printf(name, ".%zu-of-%zu", options->shard, options->shards);
    ps_text_puts(name, ".jsonl");
    return ps_text_ok(name) ? PS_OK : ps_nomem(err);
}

/* ---- All of it ----------------------------------------------------------- */

static ps_status run_arms(const ps_config *config, const ps_eval_options *options, const ps_chosen *chosen,
                          ps_store *store, ps_models *models, const ps_eval_observer *observer,
                          ps_eval_summary *summary, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < summary->n_arms && status == PS_OK; i++) {
        ps_text name = {0};
        const char *method = i == 0 ? NULL : options->baselines[i - 1];
        status = file_name(method, options, &name, err);
        ps_arm arm = {.config = config,
                      .method = method,
                      .file = ps_text_cstr(&name),
                      .problems = chosen->problems,
                      .n = chosen->n,
                      .observer = observer,
                      .arm_number = i,
                      .n_arms = summary->n_arms};
        if (status == PS_OK) status = ps_arm_run(&arm, store, models, &summary->arms[i], err);
        if (status == PS_OK && ps_config_is(config->evaluation_output_format, "json"))
            status = write_array(store, &summary->arms[i], err);
        ps_text_clear(&name);
    }
    return status;
}

ps_status ps_eval(const ps_config *config, const ps_eval_options *options, ps_models *models,
                  const ps_eval_observer *observer, ps_eval_summary *summary, ps_error *err) {
    ps_chosen chosen = {0};
    ps_store *store = NULL;
    *summary = (ps_eval_summary){0};
    ps_status status = ps_choose_problems(config, options, observer, &chosen, err);
    if (status != PS_OK) return status;
    summary->faults = chosen.faults;
    status = ps_arm_check(config, models, err);
    if (status == PS_OK) status = ps_store_open(config, options->fresh, &store, err);
    if (status != PS_OK) goto done;
    summary->arms = ps_calloc(1 + options->n_baselines, sizeof *summary->arms);
    if (summary->arms == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    summary->n_arms = 1 + options->n_baselines;
    status = run_arms(config, options, &chosen, store, models, observer, summary, err);
    if (status == PS_OK) status = write_summary(store, summary, options, err);
done:
    ps_store_close(store);
    ps_chosen_clear(&chosen);
    return status;
}
