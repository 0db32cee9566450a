/* persamp study: what is in a database of studies. */
#include "cli.h"

#include "plot.h"
#include "screen.h"
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct study_arguments {
    const char *verb, *where, *name, *format, *plot;
    bool yes;
} study_arguments;

static void help(void) {
    ps_cli_help(stdout, "persamp study: look at what was tuned\n\n"
                        "Examples\n"
                        "  persamp study ls\n"
                        "  persamp study show --name first --plot pictures\n"
                        "  persamp study export --study runs/study.db --format csv\n\n"
                        "Verbs\n"
                        "  ls                  all studies of the database\n"
                        "  show                the trials of a study, the best first, and what decided\n"
                        "  best                the best trial as --key=value, or the Pareto front\n"
                        "  export              all trials, as --format json or csv\n"
                        "  rm                  remove a study with all its trials; asks for --yes\n\n"
                        "Options\n"
                        "  --study WHERE       the database, a file or postgresql://USER@HOST/NAME (./study.db)\n"
                        "  --name NAME         of the study (persamp)\n"
                        "  --format FORMAT     of export: json or csv (json)\n"
                        "  --plot FOLDER       with show: draw history.svg, slices.svg and pairs.svg\n"
                        "  --yes               with rm: do it\n");
}

/* ---- Verbs --------------------------------------------------------------- */

static ps_status list(ps_study_db *db, const study_arguments *a, ps_error *err) {
    (void)a;
    static const char *const headings[] = {"study", "complete", "pruned", "running", "waiting", "failed", "best", "by"};
    ps_study_list all;
    ps_cli_table table;
    ps_status status = ps_study_list_all(db, &all, err);
    if (status != PS_OK) return status;
    ps_cli_table_begin(&table, sizeof headings / sizeof *headings, headings);
    for (size_t i = 0; i < all.n; i++) {
        const ps_study_entry *e = &all.entries[i];
        static const ps_trial_state columns[] = {PS_TRIAL_COMPLETE, PS_TRIAL_PRUNED, PS_TRIAL_RUNNING, PS_TRIAL_WAITING,
                                                 PS_TRIAL_FAIL};
        ps_cli_cell(&table, e->name);
        for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
            ps_cli_number(&table, "%zu", e->counts[columns[c]]);
        if (isnan(e->best))
            ps_cli_cell(&table, "-");
        else
            ps_cli_number(&table, "%.4g", e->best);
        ps_cli_cell(&table, e->ours ? "persamp" : "optuna");
    }
    ps_cli_table_print(&table);
    ps_study_list_clear(&all);
    return PS_OK;
}

static ps_status show(ps_study_db *db, const study_arguments *a, ps_error *err) {
    ps_trials trials;
    ps_importances importance = {0};
    ps_status status = ps_study_trials(db, a->name, &trials, err);
    if (status != PS_OK) return status;
    status = ps_trials_importance(&trials, &importance, err);
    if (status == PS_OK) {
        ps_cli_print_trials(&trials, SIZE_MAX);
        putchar('\n');
        ps_cli_print_importance(&importance);
        if (a->plot != NULL && ps_cli_plot_trials(&trials, a->plot) != EXIT_DONE)
            status = ps_fail(err, PS_IO, "--plot %s: nothing was drawn", a->plot);
    }
    ps_free(importance.items);
    ps_trials_clear(&trials);
    return status;
}

/* A line that the other commands take as arguments. */
static void print_best(const ps_trial *t) {
    ps_text line = {0};
    for (size_t i = 0; i < t->n_params; i++)
        ps_text_printf(&line, "%s--%s=%s", i > 0 ? " " : "", t->params[i].name, t->params[i].value);
    ps_cli_put(stdout, ps_text_cstr(&line));
    putchar('\n');
    ps_text_clear(&line);
}

static ps_status best(ps_study_db *db, const study_arguments *a, ps_error *err) {
    ps_trials trials;
    ps_status status = ps_study_trials(db, a->name, &trials, err);
    if (status != PS_OK) return status;
    size_t i = ps_trials_best(&trials);
    if (i == SIZE_MAX)
        status = ps_fail(err, PS_IO, "the study \"%s\" has no complete trial yet", a->name);
    else if (trials.n_objectives == 1)
        print_best(&trials.trials[i]);
    for (size_t k = 0; status == PS_OK && trials.n_objectives > 1 && k < trials.n; k++)
        if (ps_trials_is_front(&trials, k)) print_best(&trials.trials[k]);
    ps_trials_clear(&trials);
    return status;
}

static ps_status export(ps_study_db *db, const study_arguments *a, ps_error *err) {
    ps_trials trials;
    ps_text text = {0};
    bool csv = strcmp(a->format, "csv") == 0;
    ps_status status = ps_study_trials(db, a->name, &trials, err);
    if (status != PS_OK) return status;
    status = csv ? ps_trials_csv(&trials, &text, err) : ps_trials_json(&trials, &text, err);
    if (status == PS_OK && csv) ps_cli_put(stdout, ps_text_cstr(&text));
    if (status == PS_OK && !csv) {
        ps_cli_put_json(stdout, ps_text_cstr(&text));
        putchar('\n');
    }
    ps_text_clear(&text);
    ps_trials_clear(&trials);
    return status;
}

static ps_status delete (ps_study_db *db, const study_arguments *a, ps_error *err) {
    ps_trials trials;
    ps_status status = ps_study_trials(db, a->name, &trials, err);
    if (status != PS_OK) return status;
    size_t n = trials.n;
    ps_trials_clear(&trials);
    if (!a->yes)
        return ps_fail(err, PS_ARG, "study rm: this removes \"%s\" with its %zu trials for good; say --yes to do it",
                       a->name, n);
    return ps_study_remove(db, a->name, err);
}

static const struct {
    const char *name;
    ps_status (*run)(ps_study_db *db, const study_arguments *a, ps_error *err);
} verbs[] = {{"ls", list}, {"show", show}, {"best", best}, {"export", export}, {"rm", delete}};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

/* ---- Arguments ----------------------------------------------------------- */

/* 1 taken, 0 another argument, −1 wrong and said so. */
static int take(int argc, char **argv, int *i, study_arguments *a) {
    bool failed = false;
    const struct {
        const char *name;
        const char **text;
    } options[] = {{"--study", &a->where}, {"--name", &a->name}, {"--format", &a->format}, {"--plot", &a->plot}};
    if (strcmp(argv[*i], "--yes") == 0) {
        a->yes = true;
        return 1;
    }
    for (size_t k = 0; k < sizeof options / sizeof *options && !failed; k++) {
        const char *value = ps_cli_option(argc, argv, i, options[k].name, &failed);
        if (value == NULL) continue;
        *options[k].text = value;
        return ps_cli_filled(options[k].name, value) ? 1 : -1;
    }
    if (failed) return -1;
    if (*argv[*i] == '-' || a->verb != NULL) return 0;
    a->verb = argv[*i];
    return 1;
}

static int unknown_verb(const char *verb) {
    const char *names[N_VERBS];
    for (size_t i = 0; i < N_VERBS; i++)
        names[i] = verbs[i].name;
    const char *nearest = verb != NULL ? ps_nearest_name(verb, names, N_VERBS) : NULL;
    if (verb == NULL)
        ps_cli_say("study: say what to do: ls, show, best, export or rm; `persamp study -h` explains");
    else
        ps_cli_say("study %s: expected ls, show, best, export or rm%s%s%s", verb,
                   nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "",
                   nearest != NULL ? "?" : "");
    return EXIT_USAGE;
}

static int run(const study_arguments *a, size_t verb) {
    ps_study_db *db = NULL;
    ps_error err;
    ps_status status = ps_study_open(a->where, false, &db, &err);
    if (status == PS_OK) status = verbs[verb].run(db, a, &err);
    ps_study_close(db);
    return status == PS_OK ? EXIT_DONE : status == PS_FORMAT ? ps_cli_failure(&err) : ps_cli_error(&err);
}

int ps_cmd_study(int argc, char **argv) {
    static const char *const options[] = {"--study", "--name", "--format", "--plot", "--yes", "--help", NULL};
    study_arguments a = {.where = "study.db", .name = "persamp", .format = "json"};
    for (int i = 1; i < argc; i++) {
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
        int taken = take(argc, argv, &i, &a);
        if (taken < 0) return EXIT_USAGE;
        if (taken == 0) return ps_cli_unknown("study", argv[i], options);
    }
    size_t verb = 0;
    while (verb < N_VERBS && (a.verb == NULL || strcmp(a.verb, verbs[verb].name) != 0))
        verb++;
    if (verb == N_VERBS) return unknown_verb(a.verb);
    if (strcmp(a.format, "json") != 0 && strcmp(a.format, "csv") != 0) {
        ps_cli_say("--format %s: expected json or csv", a.format);
        return EXIT_USAGE;
    }
    return run(&a, verb);
}
