/* persamp compare: several methods at equal cost, with a table, JSON and a plot. */
#include "cli.h"

#include "plot.h"
#include "screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_FOLDERS = 256 };

typedef struct compare_arguments {
    ps_compare_options options;
    const char *from[MOST_FOLDERS];
    const char *plot;
    ps_compare_summary summary;
} compare_arguments;

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp compare: several methods on the same problems at equal cost\n\n"
        "Examples\n"
        "  persamp compare --methods persistent,best_of_n,majority --budgets 4x,16x --plot compare.svg\n"
        "  persamp compare --methods persistent,old=persistent:ps.weights=balance,ps.refill=true --seeds 3 --limit "
        "100\n"
        "  persamp compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true \\\n"
        "      --scoring.type=prm_reward --methods persistent,particle_filter,dvts --budgets 4x,8x,16x --limit 2000\n\n"
        "Options\n"
        "  --methods A,B       methods, the first is what the others are compared with; a colon adds settings\n"
        "                      (persistent:ps.depth_decay=0.2), a name before '=' names the whole (x=persistent:...)\n"
        "  --budgets 4x,16x    of one problem: multiples of the mean length of an answer, which is measured once,\n"
        "                      or numbers of tokens; the default is 4x,16x\n"
        "  --answer-tokens N   what 1x is, where the mean length of an answer is known: nothing is drawn to measure "
        "it\n"
        "  --seeds N           run everything N times, with system.seed and the seeds that follow; the default is 1\n"
        "  --limit N           the first N problems (after --offset)\n"
        "  --offset N          pass over N problems\n"
        "  --shard I/N         every N-th problem, beginning with the I-th: N machines share the work. The same\n"
        "                      command without it joins the shards of its output folder\n"
        "  --from FOLDER       read finished problems of this folder too; repeat it for more\n"
        "  --json FILE         also write the comparison here\n"
        "  --per KIND          passes or seconds: also a table at equal forward passes or equal seconds, read from "
        "the\n"
        "                      same runs between their budgets; tokens, the default, is what budgets are of\n"
        "  --plot FILE         accuracy against tokens, SVG or PNG by the file's ending\n"
        "  --fresh             start over where the output folder has results\n"
        "  --config FILE       read a configuration; repeat it, later files win\n"
        "  --key=value         set any configuration key, also -o key=value; `persamp config` lists them\n\n"
        "Every finished problem is on disk. After an interruption of any kind the same command goes on where it was,\n"
        "also with more methods, budgets, seeds or problems. docs/compare.md explains the columns.\n");
}

/* ---- The table ----------------------------------------------------------- */

static const char *stars(double p) {
    return p < 0.01 ? "**" : p < 0.05 ? "*" : "";
}

static size_t count_failed(const ps_compare_summary *s) {
    size_t failed = 0;
    for (size_t i = 0; i < s->n_cells; i++)
        failed += s->cells[i].errors;
    return failed;
}

static void add_row(ps_cli_table *table, const ps_compare_cell *c, bool failed) {
    double n = (double)c->runs;
    ps_cli_cell(table, c->method);
    if (c->runs == 0) {
        ps_cli_cell(table, "not run");
        for (size_t i = 2; i < table->n_columns; i++)
            ps_cli_cell(table, "");
        return;
    }
    ps_cli_number(table, "%.1f%%", 100 * c->accuracy);
    ps_cli_number(table, "%.1f - %.1f%%", 100 * c->low, 100 * c->high);
    if (failed) ps_cli_number(table, "%zu", c->errors);
    if (isnan(c->difference))
        ps_cli_cell(table, "");
    else
        ps_cli_number(table, "%+.1f [%+.1f, %+.1f] %-2s", 100 * c->difference, 100 * c->difference_low,
                      100 * c->difference_high, stars(c->p_holm));
    ps_cli_number(table, "%.0f", (double)c->tokens.generated / n);
    ps_cli_number(table, "%.0f", (double)(c->tokens.generated - c->tokens.shared) / n);
    ps_cli_number(table, "%.0f", (double)c->tokens.prefilled / n);
    ps_cli_number(table, "%.0f", (double)c->tokens.prm / n);
    ps_cli_number(table, "%.1f", c->seconds);
    ps_cli_number(table, "%.3f", c->brier);
    ps_cli_number(table, "%.3f", c->ece);
    ps_cli_cell(table, c->shared ? "=" : "");
}

static void add_budget(ps_cli_table *table, const char *budget) {
    char title[64] = "no budget";
    if (*budget != '\0') snprintf(title, sizeof title, "budget %s", budget);
    ps_cli_section(table, title);
}

/* Failed runs count as wrong, so how many there are stands beside the share of the right ones, where there are any. */
static void print_table(const ps_compare_summary *s) {
    const bool failed = count_failed(s) > 0;
    const char *headings[13] = {"method", "correct", "95% interval"};
    const char *others[] = {s->n_methods > 1 ? "difference to the first" : "",
                            "generated",
                            "computed",
                            "prefilled",
                            "PRM",
                            "seconds",
                            "Brier",
                            "ECE",
                            ""};
    const char *budget = NULL;
    ps_cli_table table;
    if (failed) headings[3] = "failed";
    memcpy(headings + 3 + failed, others, sizeof others);
    ps_cli_table_begin(&table, (size_t)12 + failed, headings);
    for (size_t i = 0; i < s->n_cells; i++) {
        const ps_compare_cell *c = &s->cells[i];
        if (budget == NULL || strcmp(budget, c->budget) != 0) add_budget(&table, c->budget);
        budget = c->budget;
        add_row(&table, c, failed);
    }
    putchar('\n');
    ps_cli_table_print(&table);
}

/* ---- At equal cost of another kind --------------------------------------- */

static void add_point(ps_cli_table *table, const ps_compare_point *x) {
    ps_cli_cell(table, x->method);
    if (x->problems == 0) {
        if (isnan(x->least))
            ps_cli_cell(table, "not run");
        else
            ps_cli_number(table, x->cost < x->least ? "from %.1f on" : "up to %.1f",
                          x->cost < x->least ? x->least : x->most);
        for (size_t i = 2; i < table->n_columns; i++)
            ps_cli_cell(table, "");
        return;
    }
    ps_cli_number(table, "%.1f%%", 100 * x->accuracy);
    ps_cli_number(table, "%.1f - %.1f%%", 100 * x->low, 100 * x->high);
    if (isnan(x->difference))
        ps_cli_cell(table, "");
    else
        ps_cli_number(table, "%+.1f [%+.1f, %+.1f] %-2s", 100 * x->difference, 100 * x->difference_low,
                      100 * x->difference_high, stars(x->p_holm));
    ps_cli_number(table, "%zu", x->problems);
}

static void print_points(const ps_compare_summary *s) {
    const char *unit = s->per == PS_COST_PASSES ? "forward passes" : "seconds";
    const char *headings[] = {"method", "correct", "95% interval", s->n_methods > 1 ? "difference to the first" : "",
                              "problems"};
    ps_cli_table table;
    if (s->n_points == 0) return;
    ps_cli_table_begin(&table, sizeof headings / sizeof *headings, headings);
    for (size_t i = 0; i < s->n_points; i++) {
        const ps_compare_point *x = &s->points[i];
        char title[128];
        snprintf(title, sizeof title, "%.1f %s a problem, as %.40s %s", x->cost, unit, s->points[0].method, x->budget);
        if (i == 0 || x->cost != s->points[i - 1].cost) ps_cli_section(&table, title);
        add_point(&table, x);
    }
    putchar('\n');
    ps_cli_table_print(&table);
    ps_cli_note("At equal %s: each problem between the two budgets of a method that cost less and more; \"from\" and "
                "\"up to\" say what its own budgets cost: run it at smaller or larger ones.",
                unit);
    if (s->point_comparisons > 0)
        ps_cli_note("* p < .05, ** < .01 after Holm's correction over the %zu comparison%s of this table.",
                    s->point_comparisons, s->point_comparisons == 1 ? "" : "s");
}

static void print_notes(const ps_compare_summary *s) {
    bool shared = false;
    size_t truncated = 0, runs = 0;
    for (size_t i = 0; i < s->n_cells; i++) {
        shared = shared || s->cells[i].shared;
        truncated += s->cells[i].truncated;
        runs += s->cells[i].runs;
    }
    putchar('\n');
    ps_cli_note("One answer has %.1f tokens on average. Columns of tokens are means per problem; seconds are in all.",
                s->answer_tokens);
    if (s->comparisons > 0)
        ps_cli_note(
            "Differences in points with 95%% interval by paired bootstrap over the problems; * p < .05, ** < .01 "
            "after Holm's correction over %zu comparison%s.",
            s->comparisons, s->comparisons == 1 ? "" : "s");
    if (shared) ps_cli_note("=  the same samples as a method above, read by another selection or score.");
    if (truncated > 0) ps_cli_note("%zu of %zu searches ended without a finished answer", truncated, runs);
    ps_cli_print_troubles(count_failed(s), s->faults);
    if (s->path != NULL) ps_cli_print_path("written to ", s->path);
}

static void print_summary(const ps_compare_summary *s) {
    if (s->n_cells == 0) return;
    print_table(s);
    print_points(s);
    print_notes(s);
}

static int verdict(const ps_compare_summary *s) {
    return count_failed(s) + s->faults == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* ---- Files --------------------------------------------------------------- */

static int write_json(const ps_compare_summary *summary, const char *path) {
    ps_text text = {0};
    ps_error err;
    ps_status status = ps_compare_json(summary, &text, &err);
    if (status == PS_OK) status = ps_write_file(path, text.data, text.length, &err);
    if (status != PS_OK) ps_cli_say("--json %s", err.message);
    ps_text_clear(&text);
    return status == PS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int write_files(const compare_arguments *a) {
    int code = EXIT_DONE;
    if (a->options.json_path != NULL) code = write_json(&a->summary, a->options.json_path);
    if (a->plot != NULL && ps_cli_plot(&a->summary, a->plot) != EXIT_DONE) code = EXIT_FAILED;
    if (a->plot != NULL && code == EXIT_DONE) ps_cli_print_path("plot in ", a->plot);
    return code;
}

/* ---- Arguments ----------------------------------------------------------- */

static int take_cost(compare_arguments *a, const char *value) {
    static const char *const names[] = {"tokens", "passes", "seconds"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(value, names[k]) == 0) {
            a->options.per = (ps_cost)k;
            return 1;
        }
    ps_cli_say("--per %s: expected tokens, passes or seconds", value);
    return -1;
}

static int take_length(compare_arguments *a, const char *value) {
    if (ps_parse_real(value, strlen(value), &a->options.answer_tokens) && a->options.answer_tokens >= 1 &&
        a->options.answer_tokens <= 1e9)
        return 1;
    ps_cli_say("--answer-tokens %s: expected the tokens of a mean answer, 1 to 1e9", value);
    return -1;
}

static int add_folder(compare_arguments *a, const char *folder) {
    if (!ps_cli_filled("--from", folder)) return -1;
    if (a->options.n_from == MOST_FOLDERS) {
        ps_cli_say("--from: more than %d folders", MOST_FOLDERS);
        return -1;
    }
    a->from[a->options.n_from++] = folder;
    a->options.from = a->from;
    return 1;
}

/* One option of our own at argv[*i]: 1 taken, 0 not ours, −1 wrong (and said so). */
static int take_option(int argc, char **argv, int *i, void *arguments) {
    compare_arguments *a = arguments;
    bool failed = false;
    const char *value;
    ps_compare_options *o = &a->options;
    const struct {
        const char *name;
        const char **text;
        size_t *count;
    } options[] = {{"--methods", &o->methods, NULL}, {"--budgets", &o->budgets, NULL}, {"--seeds", NULL, &o->seeds},
                   {"--limit", NULL, &o->limit},     {"--offset", NULL, &o->offset},   {"--json", &o->json_path, NULL},
                   {"--plot", &a->plot, NULL}};
    if (strcmp(argv[*i], "--fresh") == 0) {
        o->fresh = true;
        return 1;
    }
    if ((value = ps_cli_option(argc, argv, i, "--shard", &failed)) != NULL)
        return ps_cli_shard(value, &o->shard, &o->shards) ? 1 : -1;
    if (!failed && (value = ps_cli_option(argc, argv, i, "--from", &failed)) != NULL) return add_folder(a, value);
    if (!failed && (value = ps_cli_option(argc, argv, i, "--per", &failed)) != NULL) return take_cost(a, value);
    if (!failed && (value = ps_cli_option(argc, argv, i, "--answer-tokens", &failed)) != NULL)
        return take_length(a, value);
    for (size_t k = 0; k < sizeof options / sizeof *options && !failed; k++) {
        value = ps_cli_option(argc, argv, i, options[k].name, &failed);
        if (failed) return -1;
        if (value == NULL) continue;
        if (options[k].count != NULL) return ps_cli_count(options[k].name, value, options[k].count) ? 1 : -1;
        if (options[k].text != NULL) *options[k].text = value;
        return ps_cli_filled(options[k].name, value) ? 1 : -1;
    }
    return failed ? -1 : 0;
}

static int complete(void *arguments) {
    compare_arguments *a = arguments;
    if (a->options.methods == NULL) {
        ps_cli_say("compare: --methods is missing; for example --methods persistent,best_of_n,majority");
        return EXIT_USAGE;
    }
    /* A plot that cannot be drawn is known before the hours of work, not after. */
    return a->plot != NULL ? ps_cli_picture_check("--plot", a->plot) : -1;
}

/* ---- The run ------------------------------------------------------------- */

static ps_status check(void *arguments, ps_config *config, const ps_log *log, ps_error *err) {
    const compare_arguments *a = arguments;
    ps_status status = ps_cli_no_smoke_test(config, "compare", log, err);
    if (status == PS_OK) status = ps_cli_keep_preset(config, a->options.fresh, log, err);
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    return status == PS_OK ? ps_compare_check(config, &a->options, log, err) : status;
}

static ps_status work(void *arguments, const ps_config *config, ps_models *models, const ps_eval_observer *observer,
                      ps_error *err) {
    compare_arguments *a = arguments;
    return ps_compare(config, &a->options, models, observer, &a->summary, err);
}

static int report(const void *arguments, const ps_models *models) {
    const compare_arguments *a = arguments;
    print_summary(&a->summary);
    ps_cli_print_engine(models);
    int written = a->summary.n_cells > 0 ? write_files(a) : EXIT_DONE;
    return written != EXIT_DONE ? written : verdict(&a->summary);
}

int ps_cmd_compare(int argc, char **argv) {
    static const char *const options[] = {"--methods", "--budgets", "--seeds", "--limit",         "--offset",
                                          "--shard",   "--from",    "--json",  "--per",           "--plot",
                                          "--fresh",   "--config",  "--help",  "--answer-tokens", NULL};
    static const ps_cli_run run = {.name = "compare",
                                   .help = help,
                                   .options = options,
                                   .take = take_option,
                                   .complete = complete,
                                   .check = check,
                                   .work = work,
                                   .report = report,
                                   .failure = ps_cli_error};
    compare_arguments a = {0};
    int code = ps_cli_run_command(&run, &a, argc, argv);
    ps_compare_summary_clear(&a.summary);
    return code;
}
