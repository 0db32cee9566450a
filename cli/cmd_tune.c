/* persamp tune: the settings that answer best on validation problems. */
#include "cli.h"

#include "plot.h"
#include "screen.h"
#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HELD_OUT = 500, SHOWN = 10 };

typedef struct tune_arguments {
    ps_tune_options options;
    ps_tune_summary summary;
    const char *plot; /* a folder; NULL: none */
    ps_cli_tune_view view;
    ps_log log;      /* that of the command */
    char said[1024]; /* the last warning: values of one key have the same */
} tune_arguments;

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp tune: find the settings that answer best on validation problems\n\n"
        "Examples\n"
        "  persamp tune --tuning.search_space='{scoring.params.tau: [0.5, 1, 2], ps.weights: [lineage, balance]}'\n"
        "  persamp tune --config config.yaml --tuning.method=random --tuning.n_trials=100\n"
        "  persamp tune --config config.yaml --tuning.method=bayesian --tuning.halving=true --name first\n\n"
        "Options\n"
        "  --study WHERE       the database of studies, a file or postgresql://USER@HOST/NAME (./study.db)\n"
        "  --name NAME         of the study in it (persamp)\n"
        "  --best FILE         where the winner's configuration goes (./best.yaml)\n"
        "  --held-out N        judge the winner on at most N problems that no trial saw (500); 0: do not\n"
        "  --lease SECONDS     a trial whose worker is silent for so long is taken over (30)\n"
        "  --yes               try a grid of more than 10,000 points\n"
        "  --plot FOLDER       draw history.svg, slices.svg and pairs.svg\n"
        "  --config FILE       read a configuration; repeat it, later files win\n"
        "  --key=value         set any configuration key, also -o key=value; `persamp config tuning` lists its own\n\n"
        "Every finished problem is in the study. The same command goes on where it was; run it several times at once,\n"
        "on several machines with PostgreSQL, and they share the trials. Studies are Optuna's: optuna-dashboard\n"
        "sqlite:///study.db shows them. docs/tuning.md tells the rest.\n");
}

/* ---- Arguments ----------------------------------------------------------- */

static bool parse_lease(const char *value, double *lease) {
    if (ps_parse_real(value, strlen(value), lease) && *lease >= 0.5 && *lease <= 86400) return true;
    ps_cli_say("--lease %s: expected seconds from 0.5 to 86400", value);
    return false;
}

static int take_option(int argc, char **argv, int *i, void *arguments) {
    tune_arguments *a = arguments;
    bool failed = false;
    const char *value;
    const struct {
        const char *name;
        const char **text;
    } options[] = {{"--study", &a->options.study},
                   {"--name", &a->options.name},
                   {"--best", &a->options.best_path},
                   {"--plot", &a->plot}};
    if (strcmp(argv[*i], "--yes") == 0) {
        a->options.yes = true;
        return 1;
    }
    if ((value = ps_cli_option(argc, argv, i, "--held-out", &failed)) != NULL)
        return ps_cli_count("--held-out", value, &a->options.held_out) ? 1 : -1;
    if (!failed && (value = ps_cli_option(argc, argv, i, "--lease", &failed)) != NULL)
        return parse_lease(value, &a->options.lease) ? 1 : -1;
    for (size_t k = 0; k < sizeof options / sizeof *options && !failed; k++) {
        value = ps_cli_option(argc, argv, i, options[k].name, &failed);
        if (value == NULL) continue;
        *options[k].text = value;
        return ps_cli_filled(options[k].name, value) ? 1 : -1;
    }
    return failed ? -1 : 0;
}

/* ---- What is shown on the way -------------------------------------------- */

static void on_trials(void *user, const ps_trials *trials) {
    ps_cli_tune_trials(&((tune_arguments *)user)->view, trials);
}

static void on_progress(void *user, const ps_trial *t, size_t of, const ps_trial *best) {
    ps_cli_tune_progress(&((tune_arguments *)user)->view, t, of, best);
}

static void on_note(void *user, const char *sentence) {
    (void)user;
    ps_cli_say("%s", sentence);
}

/* ---- The report ---------------------------------------------------------- */

static const ps_trial *best_of(const ps_tune_summary *s) {
    return s->best != SIZE_MAX ? &s->trials.trials[s->best] : NULL;
}

static void print_front(const ps_trials *trials) {
    size_t n = 0;
    for (size_t i = 0; i < trials->n; i++)
        n += ps_trials_is_front(trials, i);
    if (trials->n_objectives > 1)
        ps_cli_note("%zu trials are on the Pareto front, where none is better in everything: `persamp study best` has "
                    "them; the best in the first objective:",
                    n);
}

/* The best of many looks better than it is: what it has on other problems stands beside it. */
static void print_winner(const ps_tune_summary *s) {
    const ps_trial *best = best_of(s);
    if (best == NULL) {
        ps_cli_note("no trial is complete");
        return;
    }
    ps_text text = {0};
    print_front(&s->trials);
    ps_text_printf(&text, "best: trial %zu,", best->number);
    for (size_t i = 0; i < best->n_params; i++)
        ps_text_printf(&text, " %s=%s", best->params[i].name, best->params[i].value);
    ps_cli_note("%s", ps_text_cstr(&text));
    if (best->done > 0)
        ps_cli_note("right on the %zu problems of the trials: %.1f%% (95%%: %.1f - %.1f%%), the largest of %zu and so "
                    "optimistic",
                    best->done, 100.0 * (double)best->correct / (double)best->done, 100 * best->low, 100 * best->high,
                    s->trials.n);
    if (s->held_out.done > 0) {
        double held = (double)s->held_out.correct / (double)s->held_out.done,
               seen = (double)best->correct / (double)best->done;
        ps_cli_note("right on %zu problems that no trial saw: %.1f%% (95%%: %.1f - %.1f%%), %.1f points %s",
                    s->held_out.done, 100 * held, 100 * s->held_out.low, 100 * s->held_out.high,
                    100 * fabs(seen - held), seen >= held ? "less" : "more");
    }
    ps_text_clear(&text);
}

static void print_summary(const ps_tune_summary *s) {
    putchar('\n');
    ps_cli_print_trials(&s->trials, SHOWN);
    putchar('\n');
    print_winner(s);
    ps_cli_print_importance(&s->importance);
    ps_cli_note("%zu trials of this session, %zu taken over; %zu results were there already, %zu more were read off "
                "samples that were; the model generated %llu tokens",
                s->made, s->taken_over, s->reused, s->reread, (unsigned long long)s->drawn);
    ps_cli_print_troubles(0, s->faults);
    if (s->best_path != NULL) ps_cli_print_path("its configuration is in ", s->best_path);
}

/* ---- The run ------------------------------------------------------------- */

/* Every message but the one that says which command tunes, once. */
static void pass_on(void *user, ps_log_level level, const char *message) {
    tune_arguments *a = user;
    if (strncmp(message, "tuning.enabled (", 16) == 0 || strncmp(message, a->said, sizeof a->said - 1) == 0) return;
    snprintf(a->said, sizeof a->said, "%s", message);
    a->log.write(a->log.user, level, message);
}

/* A key that acts at one value of one key of the space is not set in vain. */
static ps_status warn(tune_arguments *a, const ps_config *config, const ps_log *log, ps_error *err) {
    enum { MOST = 64 };
    ps_config *made[MOST] = {0};
    const ps_config *all[MOST + 1] = {config};
    const ps_config_space *space = &config->tuning_search_space;
    size_t n = 0;
    ps_status status = PS_OK;
    for (size_t d = 0; d < space->n; d++)
        for (size_t i = 0; i < space->values[d].n && n < MOST && status == PS_OK; i++) {
            status = ps_config_copy(config, &made[n], err);
            if (status == PS_OK)
                status = ps_config_set(made[n], space->keys[d], space->values[d].items[i], "space", err);
            all[1 + n] = made[n];
            n += status == PS_OK;
        }
    a->log = *log;
    ps_log passed = {.write = pass_on, .user = a, .least = log->least};
    if (status == PS_OK) status = ps_config_warn(all, 1 + n, &passed, err);
    for (size_t i = 0; i < MOST; i++)
        ps_config_free(made[i]);
    return status;
}

static ps_status check(void *arguments, ps_config *config, const ps_log *log, ps_error *err) {
    tune_arguments *a = arguments;
    a->view.metrics = &config->tuning_metric;
    a->view.silent = strcmp(config->logging_console_format, "json") == 0;
    ps_status status = ps_cli_no_smoke_test(config, "tune", log, err);
    if (status == PS_OK) status = ps_config_set(config, "tuning.enabled", "true", "persamp tune", err);
    if (status == PS_OK) status = ps_config_check(config, NULL, err);
    if (status == PS_OK) status = ps_tune_check(config, &a->options, log, err);
    return status == PS_OK ? warn(a, config, log, err) : status;
}

static ps_status work(void *arguments, const ps_config *config, ps_models *models, const ps_eval_observer *observer,
                      ps_error *err) {
    tune_arguments *a = arguments;
    const ps_tune_observer ours = {.user = a,
                                   .progress = on_progress,
                                   .trials = on_trials,
                                   .note = on_note,
                                   .cancelled = ps_cli_interrupted,
                                   .fault = observer->fault,
                                   .more_faults = observer->more_faults,
                                   .doubtful = observer->doubtful};
    ps_status status = ps_tune(config, &a->options, models, &ours, &a->summary, err);
    ps_cli_tune_end(&a->view);
    return status;
}

static int report(const void *arguments, const ps_models *models) {
    const tune_arguments *a = arguments;
    const ps_tune_summary *s = &a->summary;
    if (s->trials.n > 0) print_summary(s);
    ps_cli_print_engine(models);
    if (a->plot != NULL && s->trials.n > 0) {
        int code = ps_cli_plot_trials(&s->trials, a->plot);
        if (code != EXIT_DONE) return code;
    }
    return s->best != SIZE_MAX && s->faults == 0 ? EXIT_DONE : EXIT_FAILED;
}

int ps_cmd_tune(int argc, char **argv) {
    static const char *const options[] = {"--study", "--name", "--best",   "--held-out", "--lease",
                                          "--yes",   "--plot", "--config", "--help",     NULL};
    static const ps_cli_run run = {.name = "tune",
                                   .help = help,
                                   .options = options,
                                   .take = take_option,
                                   .check = check,
                                   .work = work,
                                   .report = report,
                                   .failure = ps_cli_error};
    tune_arguments a = {.options = {.held_out = HELD_OUT}, .summary = {.best = SIZE_MAX}};
    int code = ps_cli_run_command(&run, &a, argc, argv);
    ps_tune_summary_clear(&a.summary);
    return code;
}
