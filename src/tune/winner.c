/* What comes of a study: the winner's configuration as a file, and how good it is on problems that no trial saw. */
#include "tune/evaluate.h"
#include "tune/plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The lines of YAML without the section tuning. */
static void put_without_tuning(ps_text *out, const char *yaml) {
    bool inside = false;
    while (*yaml != '\0') {
        size_t length = strcspn(yaml, "\n");
        length += yaml[length] == '\n';
        if (*yaml != ' ') inside = strncmp(yaml, "tuning:", 7) == 0;
        if (!inside) ps_text_append(out, yaml, length);
        yaml += length;
    }
}

/* A results folder belongs to one configuration: the winner's is not that of the configuration it came from. */
static ps_status move_output(const ps_plan *plan, ps_config *config, ps_error *err) {
    ps_text folder = {0};
    ps_text_printf(&folder, "\"%s-tuned\"", plan->config->evaluation_output_dir);
    bool plain = strpbrk(plan->config->evaluation_output_dir, "\"\\\n") == NULL;
    ps_status status = !ps_text_ok(&folder) ? ps_nomem(err)
                       : plain              ? ps_config_set(config, "evaluation.output_dir", folder.data, "best", err)
                                            : PS_OK;
    ps_text_clear(&folder);
    return status;
}

static bool is_mark(const char *text) {
    return strlen(text) == PS_PROBLEM_MARK - 1 && text[strspn(text, "0123456789abcdef")] == '\0';
}

/* The problems of the trials, so that who evaluates on them again is told. */
static ps_status name_problems(const ps_plan *plan, ps_config *config, ps_error *err) {
    const ps_config_list *earlier = &plan->config->evaluation_tuned_on; /* of what it was tuned from */
    ps_text list = {0};
    ps_text_puts(&list, "[");
    for (size_t i = 0; i < earlier->n; i++)
        if (is_mark(earlier->items[i])) ps_text_printf(&list, "\"%s\", ", earlier->items[i]);
    for (size_t i = 0; i < plan->n; i++) {
        char mark[PS_PROBLEM_MARK];
        ps_problem_mark(&plan->problems[i], plan->path == NULL, mark);
        ps_text_printf(&list, "\"%s\"%s", mark, i + 1 < plan->n ? ", " : "]");
    }
    ps_status status =
        ps_text_ok(&list) ? ps_config_set(config, "evaluation.tuned_on", list.data, "best", err) : ps_nomem(err);
    ps_text_clear(&list);
    return status;
}

static ps_status write_best(const ps_plan *plan, const ps_trials *trials, const ps_trial *best, ps_config *config,
                            char **path, ps_error *err) {
    ps_text yaml = {0}, text = {0};
    const char *file = plan->options->best_path;
    ps_status status = move_output(plan, config, err);
    if (status == PS_OK) status = name_problems(plan, config, err);
    if (status == PS_OK) status = ps_config_yaml(config, false, &yaml, err);
    ps_text_printf(
        &text,
        "# Trial %zu of %zu: %s %.4g on %zu problems of tuning (accuracy %.4g, 95%% %.4g to %.4g). That it is the "
        "best of many\n# makes this optimistic; docs/tuning.md.\n",
        best->number, trials->n, plan->config->tuning_metric.items[0], best->values[0], best->done,
        best->done > 0 ? (double)best->correct / (double)best->done : 0, best->low, best->high);
    put_without_tuning(&text, ps_text_cstr(&yaml));
    if (status == PS_OK && !ps_text_ok(&text)) status = ps_nomem(err);
    if (status == PS_OK) status = ps_write_file(file, text.data, text.length, err);
    if (status == PS_OK) *path = ps_strdup(file);
    if (status == PS_OK && *path == NULL) status = ps_nomem(err);
    ps_text_clear(&yaml);
    ps_text_clear(&text);
    return status;
}

/* ---- Problems that no trial saw ------------------------------------------ */

static bool on_cancelled(void *user) {
    return ps_plan_cancelled(user);
}

static ps_status judge(ps_plan *plan, const ps_config *config, ps_tune_summary *summary, ps_error *err) {
    ps_session *session = NULL;
    ps_setting setting;
    bool lost = false;
    ps_fixture fixture = plan->fixture;
    const ps_problem *held = plan->problems + plan->n;
    ps_fixture_dataset(held, plan->n_held, fixture.dataset);
    ps_result *results = ps_calloc(plan->n_held, sizeof *results);
    ps_status status = results != NULL ? ps_setting_of(config, &fixture, &setting, err) : ps_nomem(err);
    if (status == PS_OK) status = ps_session_create(config, plan->models, NULL, &session, err);
    if (status == PS_OK) {
        const ps_evaluation e = {.db = plan->db,
                                 .config = config,
                                 .models = plan->models,
                                 .session = session,
                                 .setting = setting.samples,
                                 .problems = held,
                                 .n = plan->n_held,
                                 .cancelled = on_cancelled,
                                 .user = plan};
        status = ps_evaluate(&e, results, &plan->effort, &lost, err);
    }
    if (status == PS_OK) {
        ps_tally t = ps_tally_of(results, plan->n_held, ps_session_select(session));
        summary->held_out.done = t.done;
        summary->held_out.correct = t.correct;
        summary->held_out.mean_tokens = t.done > 0 ? (double)t.tokens / (double)t.done : NAN;
        ps_wilson(t.correct, t.done, &summary->held_out.low, &summary->held_out.high);
    }
    ps_session_release(session);
    ps_free(results);
    return status;
}

/* ---- All of it ----------------------------------------------------------- */

/* The configuration of a trial as it stands in the study; keys that are not of the space are another's. */
static ps_status config_of(const ps_plan *plan, const ps_trial *t, ps_config **out, ps_error *err) {
    char origin[40];
    ps_config *config = NULL;
    snprintf(origin, sizeof origin, "trial %zu", t->number);
    ps_status status = ps_config_copy(plan->config, &config, err);
    for (size_t i = 0; i < t->n_params && status == PS_OK; i++)
        status = ps_config_set(config, t->params[i].name, t->params[i].value, origin, err);
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    if (status == PS_OK)
        *out = config;
    else
        ps_config_free(config);
    return status;
}

ps_status ps_plan_winner(ps_plan *plan, ps_tune_summary *summary, ps_error *err) {
    ps_config *config = NULL;
    if (summary->best == SIZE_MAX) return PS_OK;
    const ps_trial *best = &summary->trials.trials[summary->best];
    ps_status status = config_of(plan, best, &config, err);
    if (status == PS_OK) status = write_best(plan, &summary->trials, best, config, &summary->best_path, err);
    if (status == PS_OK && plan->n_held > 0) status = judge(plan, config, summary, err);
    ps_config_free(config);
    return status;
}
