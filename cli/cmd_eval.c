/* persamp eval: a method over a data set, with progress, a closing table and results on disk. */
#include "cli.h"

#include "screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BASELINES = 16 };

typedef struct eval_arguments {
    ps_eval_options options;
    const char *baselines[MOST_BASELINES];
    char names[256]; /* of --baselines, cut at the commas */
    ps_eval_summary summary;
    bool smoke; /* a smoke test, and nothing else */
    const ps_config *config;
    ps_smoke_report smoke_report;
} eval_arguments;

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp eval: measure the configured method on a data set\n\n"
        "Examples\n"
        "  persamp eval --limit 50 --baselines greedy,sample\n"
        "  persamp eval --config config.yaml --evaluation.dataset=math500\n"
        "  persamp eval --method=majority --generation.n_particles=16 --evaluation.output_dir=runs/majority\n\n"
        "Options\n"
        "  --limit N           the first N problems (after --offset)\n"
        "  --offset N          pass over N problems\n"
        "  --shard I/N         every N-th problem, beginning with the I-th: N machines share a data set\n"
        "  --baselines A,B     the same problems by other methods too: greedy, sample (one draw at temperature 1),\n"
        "                      or any method's name\n"
        "  --fresh             start over where the output folder has results\n"
        "  --config FILE       read a configuration; repeat it, later files win\n"
        "  --key=value         set any configuration key, also -o key=value; `persamp config` lists them\n\n"
        "--smoke_test.enabled=true tries smoke_test.n_samples problems, says what came of them, and ends.\n"
        "A data set is any file, --evaluation.dataset_path=FILE, or one by name: math500, gsm8k, aime24 or aime25\n"
        "from ./data/NAME.jsonl, the data folders or the hub's cache. For one that is not there the command that\n"
        "brings it is printed.\n\n"
        "Every finished problem is on disk. After an interruption of any kind the same command goes on where it "
        "was.\n");
}

/* ---- The closing table --------------------------------------------------- */

/* "-" where the method has no weights. */
static void add_mean(ps_cli_table *table, int decimals, double mean) {
    if (isfinite(mean))
        ps_cli_number(table, "%.*f", decimals, mean);
    else
        ps_cli_cell(table, "-");
}

static void add_row(ps_cli_table *table, const ps_eval_arm *arm) {
    double accuracy = arm->done > 0 ? 100.0 * (double)arm->correct / (double)arm->done : 0;
    ps_cli_cell(table, arm->name);
    ps_cli_number(table, "%zu", arm->done);
    ps_cli_number(table, "%.1f%%", accuracy);
    ps_cli_number(table, "%.1f - %.1f%%", 100 * arm->low, 100 * arm->high);
    ps_cli_number(table, "%zu", arm->errors);
    ps_cli_number(table, "%llu", (unsigned long long)arm->tokens.generated);
    ps_cli_number(table, "%.1f", arm->seconds);
    if (arm->seconds > 0 && arm->resumed == 0)
        ps_cli_number(table, "%.0f", (double)arm->tokens.generated / arm->seconds);
    else
        ps_cli_cell(table, "-"); /* its tokens were not all made in these seconds */
    add_mean(table, 2, arm->mean_ess);
    add_mean(table, 1, arm->mean_resamples);
}

/* A failed problem counts as wrong, and how many there are stands beside the accuracy: a model with a shorter context
 * is otherwise compared on other problems. */
static void print_table(const ps_eval_summary *s) {
    static const char *const headings[] = {"method", "problems", "accuracy", "95% interval", "failed",
                                           "tokens", "seconds",  "tokens/s", "mean ESS",     "resamples"};
    ps_cli_table table;
    ps_cli_table_begin(&table, sizeof headings / sizeof *headings, headings);
    for (size_t i = 0; i < s->n_arms; i++)
        if (s->arms[i].name != NULL) add_row(&table, &s->arms[i]);
    putchar('\n');
    ps_cli_table_print(&table);
}

/* A draw is not shown: it adds luck to what the weights say. */
static void print_selections(const ps_eval_arm *arm, bool prm) {
    if (arm->done == 0) return;
    ps_text text = {0};
    for (int k = 0; k < PS_SELECTS; k++)
        if (k != PS_SELECT_DRAW && (k != PS_SELECT_PRM_WEIGHTED || prm))
            ps_text_printf(&text, "%s %s %.1f%%", text.length > 0 ? "," : "", ps_select_name((ps_select)k),
                           100.0 * (double)arm->correct_by[k] / (double)arm->done);
    putchar('\n');
    ps_cli_note("the same particles under each answer.select:%s", ps_text_cstr(&text));
    ps_text_clear(&text);
}

/* Where particles wrote most of their answers together, a vote among them is hardly one. */
static void print_sharing(const ps_eval_arm *arm) {
    if (arm->alike == 0 || arm->spread == NULL) return;
    ps_cli_note("%s: in %zu of %zu problems the answers share most of their text; for others, %s", arm->name,
                arm->alike, arm->done, arm->spread);
}

/* The share of particles that a limit cut off, by limit, and in how many problems nothing finished. */
static void print_endings(const ps_eval_arm *arm) {
    const size_t cut = ps_endings_cut(arm->endings), all = arm->endings[PS_ENDING_FINISHED] + cut;
    ps_text text = {0};
    for (size_t e = 0; e < PS_ENDINGS; e++)
        if (arm->endings[e] > 0 && ps_ending_key(e) != NULL)
            ps_text_printf(&text, "%s %.1f%% by %s", text.length > 0 ? "," : "",
                           100.0 * (double)arm->endings[e] / (double)all, ps_ending_key(e));
    if (cut > 0)
        ps_cli_note("%s: %.1f%% of %zu particles were cut off:%s", arm->name, 100.0 * (double)cut / (double)all, all,
                    ps_text_cstr(&text));
    if (arm->truncated > 0)
        ps_cli_note("%s: in %zu of %zu problems no particle finished; the answer is that of one that was cut off",
                    arm->name, arm->truncated, arm->done);
    ps_text_clear(&text);
}

/* How far the confidence of the results is to be believed; the diagram is for who draws it. */
static void print_calibration(const ps_eval_arm *arm) {
    if (isfinite(arm->brier))
        ps_cli_note("confidence in its answers: Brier %.3f, ECE %.3f (reliability in summary.json)", arm->brier,
                    arm->ece);
}

static int print_summary(const ps_eval_summary *s, const ps_models *models) {
    print_table(s);
    size_t errors = 0;
    for (size_t i = 0; i < s->n_arms; i++)
        if (s->arms[i].name != NULL) errors += s->arms[i].errors;
    if (s->n_arms > 0 && s->arms[0].name != NULL) {
        print_selections(&s->arms[0], ps_models_prm(models) != NULL);
        print_calibration(&s->arms[0]);
    }
    for (size_t i = 0; i < s->n_arms; i++) {
        if (s->arms[i].name == NULL) continue;
        print_endings(&s->arms[i]);
        print_sharing(&s->arms[i]);
    }
    if (s->tuned_on > 0)
        ps_cli_note("%zu of the %zu problems are of those that this configuration was tuned on "
                    "(evaluation.tuned_on): on them it looks better than it is",
                    s->tuned_on, s->problems);
    ps_cli_print_troubles(errors, s->faults);
    ps_cli_print_engine(models);
    for (size_t i = 0; i < s->n_arms; i++)
        if (s->arms[i].path != NULL) ps_cli_print_path(i == 0 ? "results in " : "           ", s->arms[i].path);
    return errors + s->faults == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- Arguments ----------------------------------------------------------- */

static bool parse_baselines(const char *value, eval_arguments *a) {
    if (!ps_cli_filled("--baselines", value)) return false;
    if (strlen(value) >= sizeof a->names) {
        ps_cli_say("--baselines is too long");
        return false;
    }
    strcpy(a->names, value);
    for (char *name = strtok(a->names, ","); name != NULL; name = strtok(NULL, ",")) {
        if (a->options.n_baselines == MOST_BASELINES || (strcmp(name, "sample") != 0 && ps_method_find(name) == NULL)) {
            ps_cli_say("--baselines %s: expected sample or the name of a method (`persamp info` lists "
                       "them)",
                       name);
            return false;
        }
        a->baselines[a->options.n_baselines++] = name;
    }
    a->options.baselines = a->baselines;
    return true;
}

/* One option of our own at argv[*i]: 1 taken, 0 not ours, −1 wrong (and said so). */
static int take_option(int argc, char **argv, int *i, void *arguments) {
    eval_arguments *a = arguments;
    bool failed = false;
    const char *value;
    if (strcmp(argv[*i], "--fresh") == 0) {
        a->options.fresh = true;
        return 1;
    }
    if ((value = ps_cli_option(argc, argv, i, "--limit", &failed)) != NULL)
        return ps_cli_count("--limit", value, &a->options.limit) ? 1 : -1;
    if (!failed && (value = ps_cli_option(argc, argv, i, "--offset", &failed)) != NULL)
        return ps_cli_count("--offset", value, &a->options.offset) ? 1 : -1;
    if (!failed && (value = ps_cli_option(argc, argv, i, "--shard", &failed)) != NULL)
        return ps_cli_shard(value, &a->options.shard, &a->options.shards) ? 1 : -1;
    if (!failed && (value = ps_cli_option(argc, argv, i, "--baselines", &failed)) != NULL)
        return parse_baselines(value, a) ? 1 : -1;
    return failed ? -1 : 0;
}

/* ---- The run ------------------------------------------------------------- */

/* The configuration of one of --baselines. */
static ps_status baseline_config(const ps_config *config, const char *baseline, ps_config **out, ps_error *err) {
    ps_config *made = NULL;
    const char *method = strcmp(baseline, "sample") == 0 ? "best_of_n" : baseline;
    ps_status status = ps_config_copy(config, &made, err);
    if (status == PS_OK) status = ps_config_set(made, "method", method, "--baselines", err);
    if (status == PS_OK)
        *out = made;
    else
        ps_config_free(made);
    return status;
}

/* A key that acts in one of the methods that are run is not set in vain. */
static ps_status warn(const eval_arguments *a, const ps_config *config, const ps_log *log, ps_error *err) {
    ps_config *made[MOST_BASELINES] = {0};
    const ps_config *all[1 + MOST_BASELINES] = {config};
    size_t n = a->smoke ? 0 : a->options.n_baselines;
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        status = baseline_config(config, a->baselines[i], &made[i], err);
        all[1 + i] = made[i];
    }
    if (status == PS_OK) status = ps_config_warn(all, 1 + n, log, err);
    for (size_t i = 0; i < n; i++)
        ps_config_free(made[i]);
    return status;
}

static ps_status check(void *arguments, ps_config *config, const ps_log *log, ps_error *err) {
    eval_arguments *a = arguments;
    a->config = config;
    a->smoke = config->smoke_test_enabled;
    ps_status status = a->smoke ? PS_OK : ps_cli_keep_preset(config, a->options.fresh, log, err);
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    if (status == PS_OK) status = warn(a, config, log, err);
    if (a->smoke && a->options.n_baselines > 0)
        ps_log_printf(log, PS_LOG_WARNING, "--baselines: a smoke test runs the configured method only");
    return status == PS_OK && a->smoke ? ps_smoke_config(config, err) : status;
}

static ps_status work(void *arguments, const ps_config *config, ps_models *models, const ps_eval_observer *observer,
                      ps_error *err) {
    eval_arguments *a = arguments;
    return a->smoke ? ps_smoke_test(config, &a->options, models, observer, &a->smoke_report, err)
                    : ps_eval(config, &a->options, models, observer, &a->summary, err);
}

static int report(const void *arguments, const ps_models *models) {
    const eval_arguments *a = arguments;
    return a->smoke ? ps_cli_print_smoke(&a->smoke_report, a->config) : print_summary(&a->summary, models);
}

static bool goes_on(const void *arguments) {
    return !((const eval_arguments *)arguments)->smoke;
}

int ps_cmd_eval(int argc, char **argv) {
    static const char *const options[] = {"--limit", "--offset", "--shard", "--baselines",
                                          "--fresh", "--config", "--help",  NULL};
    static const ps_cli_run run = {.name = "eval",
                                   .help = help,
                                   .options = options,
                                   .take = take_option,
                                   .check = check,
                                   .work = work,
                                   .report = report,
                                   .goes_on = goes_on,
                                   .failure = ps_cli_failure};
    eval_arguments a = {0};
    int code = ps_cli_run_command(&run, &a, argc, argv);
    ps_eval_summary_clear(&a.summary);
    ps_smoke_report_clear(&a.smoke_report);
    return code;
}
