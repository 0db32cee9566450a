/* What a study is of. It stands in the study as a user attribute, and a worker that brings something else is refused.
 */
#include "base/json.h"
#include "tune/plan.h"
#include "tune/trial.h"

#include <string.h>

/* The configuration without what differs between trials: keys of the space have their first value. */
static ps_status base_of(const ps_plan *plan, ps_config **out, ps_error *err) {
    ps_config *config = NULL;
    ps_status status = ps_config_copy(plan->config, &config, err);
    for (size_t d = 0; d < plan->space->n && status == PS_OK; d++) {
        ps_text value = {0};
        ps_dim_put(&plan->space->dims[d], ps_dim_point(&plan->space->dims[d], 0), &value);
        status = ps_text_ok(&value)
                     ? ps_config_set(config, plan->space->dims[d].name, ps_text_cstr(&value), "space", err)
                     : ps_nomem(err);
        ps_text_clear(&value);
    }
    if (status == PS_OK)
        *out = config;
    else
        ps_config_free(config);
    return status;
}

static ps_status put_identity(const ps_plan *plan, const ps_config *base, ps_text *json, ps_error *err) {
    ps_text yaml = {0}, space = {0};
    ps_status status = ps_config_yaml(base, false, &yaml, err);
    if (status == PS_OK) status = ps_config_get_text(plan->config, "tuning.search_space", &space, err);
    json_t *metric = json_array();
    for (size_t i = 0; i < plan->config->tuning_metric.n; i++)
        json_array_append_new(metric, ps_json_text(plan->config->tuning_metric.items[i]));
    json_t *root =
        json_pack("{s:s,s:o,s:o,s:I,s:I,s:s,s:o,s:o,s:o,s:o}", "persamp", ps_version(), "metric", metric, "space",
                  ps_json_text(ps_text_cstr(&space)), "problems", (json_int_t)plan->n, "validation_seed",
                  (json_int_t)plan->config->tuning_validation_seed, "problems_hash", plan->fixture.dataset, "dataset",
                  ps_json_text(plan->path), "generator", ps_json_text(plan->fixture.generator), "prm",
                  ps_json_text(plan->fixture.prm), "configuration", ps_json_text(ps_text_cstr(&yaml)));
    if (status == PS_OK)
        status = ps_json_dump(root, 0, json, err);
    else
        json_decref(root);
    ps_text_clear(&yaml);
    ps_text_clear(&space);
    return status;
}

static ps_status name_metrics(const ps_plan *plan, ps_error *err) {
    ps_text names = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < plan->config->tuning_metric.n; i++)
        json_array_append_new(list, ps_json_text(plan->config->tuning_metric.items[i]));
    ps_status status = ps_json_dump(list, 0, &names, err);
    if (status == PS_OK) status = ps_storage_set_metric_names(plan->db, plan->study, names.data, err);
    ps_text_clear(&names);
    return status;
}

/* "what: now, was then", a line. */
static void compare(ps_text *difference, const char *what, const json_t *now, const json_t *was) {
    ps_text a = {0}, b = {0};
    if (json_equal(now, was) || (now == NULL && was == NULL)) return;
    if (ps_json_dump(json_incref((json_t *)now), JSON_ENCODE_ANY, &a, NULL) == PS_OK &&
        (was == NULL || ps_json_dump(json_incref((json_t *)was), JSON_ENCODE_ANY, &b, NULL) == PS_OK))
        ps_text_printf(difference, "  %s: %s, was %s\n", what, ps_text_cstr(&a),
                       was != NULL ? ps_text_cstr(&b) : "nothing");
    ps_text_clear(&a);
    ps_text_clear(&b);
}

static ps_status compare_configurations(const ps_config *base, const json_t *was, ps_text *difference, ps_error *err) {
    ps_config *then = NULL;
    const char *yaml = json_string_value(json_object_get(was, "configuration"));
    if (yaml == NULL) return PS_OK;
    ps_status status = ps_config_create(&then, err);
    if (status == PS_OK) status = ps_config_load_text(then, yaml, "the study", err);
    if (status == PS_OK) status = ps_config_difference(base, then, difference, err);
    ps_config_free(then);
    return status;
}

static ps_status check_identity(const ps_plan *plan, const ps_config *base, const char *now_text, const char *was_text,
                                ps_error *err) {
    static const char *const fields[] = {"metric",        "space",     "problems", "validation_seed",
                                         "problems_hash", "generator", "prm"};
    ps_text difference = {0};
    json_t *now = json_loads(now_text, 0, NULL), *was = json_loads(was_text, 0, NULL);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        compare(&difference, fields[i], json_object_get(now, fields[i]), json_object_get(was, fields[i]));
    ps_status status = compare_configurations(base, was, &difference, err);
    if (status == PS_OK && difference.length > 0)
        status =
            ps_fail(err, PS_ARG, "%s: the study \"%s\" is of something else:\n%schoose another name with --name NAME",
                    plan->db->where, plan->options->name, ps_text_cstr(&difference));
    json_decref(now);
    json_decref(was);
    ps_text_clear(&difference);
    return status;
}

static ps_status join(ps_db *db, void *user, ps_error *err) {
    ps_plan *plan = user;
    bool made = false;
    ps_config *base = NULL;
    ps_text now = {0}, was = {0};
    ps_status status = db->ops->script(db, db->ops->lock_all, err); /* two may begin it at the same time */
    if (status == PS_OK)
        status = ps_storage_make_study(db, plan->options->name, plan->maximise, plan->config->tuning_metric.n,
                                       &plan->study, &made, err);
    if (status == PS_OK) status = ps_storage_lock_study(db, plan->study, err);
    if (status == PS_OK) status = base_of(plan, &base, err);
    if (status == PS_OK) status = put_identity(plan, base, &now, err);
    if (status == PS_OK) status = ps_storage_get_study_attribute(db, plan->study, PS_ATTRIBUTE_STUDY, &was, err);
    if (status == PS_OK && was.length > 0)
        status = check_identity(plan, base, ps_text_cstr(&now), ps_text_cstr(&was), err);
    else if (status == PS_OK)
        status = ps_storage_set_study_attribute(db, plan->study, PS_ATTRIBUTE_STUDY, ps_text_cstr(&now), err);
    if (status == PS_OK && was.length == 0) status = name_metrics(plan, err);
    ps_config_free(base);
    ps_text_clear(&now);
    ps_text_clear(&was);
    return status;
}

ps_status ps_plan_study(ps_plan *plan, ps_error *err) {
    return ps_db_transaction(plan->db, join, plan, err);
}
