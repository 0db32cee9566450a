/* persamp learn: a value head from finished runs. */
#include "cli.h"

#include "screen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp learn: teach a model to judge its own unfinished answers\n\n"
        "Examples\n"
        "  persamp eval --method=majority --generation.n_particles=8 --evaluation.save_particles=true \\\n"
        "    --evaluation.dataset_path=train.jsonl --evaluation.output_dir=runs/samples\n"
        "  persamp learn --from runs/samples -o head.gguf\n"
        "  persamp eval --models.prm.enabled=true --scoring.prm.kind=self --scoring.prm.head_path=head.gguf \\\n"
        "    --scoring.type=prm_reward\n\n"
        "Options\n"
        "  --from FOLDER       a folder of `persamp eval` with evaluation.save_particles=true; repeat it for more.\n"
        "                      Independent answers (majority, best_of_n); of a search only where their weights\n"
        "                      as draws were saved (persistent)\n"
        "  -o, --output FILE   the head to write\n"
        "  --states FILE       keep the hidden states here, for another learning from the same answers; the default,\n"
        "                      FILE.states beside the head, is removed once that is written\n"
        "  --json FILE         also write what was measured here\n"
        "  --config FILE       read a configuration; repeat it, later files win\n"
        "  --key=value         set any configuration key, also -o key=value; engine.llama.threads and the like. The\n"
        "                      model, the prompt and how tokens were drawn are those of the first folder\n\n"
        "Printed are figures of problems that the head had not seen: how often it ranks a right answer above a wrong\n"
        "one of the same problem (AUC within problems), the Brier score, and how far its probabilities can be\n"
        "believed, by step. A head that is no better than chance is not written. docs/learn.md tells more.\n\n"
        "After an interruption the same command goes on where it was. Exit codes: 0 written, 1 failed or not worth\n"
        "writing, 2 usage or configuration, 130 interrupted.\n");
}

enum { MOST_FOLDERS = 256 };

typedef struct arguments {
    ps_learn_options options;
    const char *folders[MOST_FOLDERS], *json;
} arguments;

/* ---- What is shown ------------------------------------------------------- */

typedef struct screen {
    bool terminal;
    double last;
    const char *what;
} screen;

/* A line that is drawn over on a terminal, one every half minute elsewhere. */
static void progress(void *user, const char *what, size_t done, size_t of) {
    screen *s = user;
    const double now = ps_now(), pause = s->terminal ? 0.2 : 30;
    if (s->what == what && done < of && now - s->last < pause) return;
    s->last = now;
    s->what = what;
    if (of <= 1)
        ps_cli_say("%s", what);
    else if (s->terminal)
        fprintf(stderr, "\r\033[K%s: %zu of %zu questions", what, done, of);
    else
        ps_cli_say("%s: %zu of %zu questions", what, done, of);
    if (of > 1) ps_cli_line_open(s->terminal);
}

static void percent(ps_cli_table *table, double x) {
    if (isnan(x))
        ps_cli_cell(table, "-");
    else
        ps_cli_number(table, "%.1f%%", 100 * x);
}

static void print_rows(const ps_learn_row *rows, size_t n, bool steps) {
    static const char *const of_steps[] = {"step", "states", "predicted", "right", "AUC within"};
    static const char *const of_bins[] = {"probability", "states", "predicted", "right"};
    ps_cli_table table;
    ps_cli_table_begin(&table, steps ? 5 : 4, steps ? of_steps : of_bins);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].n == 0) continue;
        if (steps)
            ps_cli_number(&table, i + 1 < n ? "%zu" : "%zu and later", i + 1);
        else
            ps_cli_number(&table, "%.1f - %.1f", (double)i / (double)n, (double)(i + 1) / (double)n);
        ps_cli_number(&table, "%zu", rows[i].n);
        percent(&table, rows[i].predicted);
        percent(&table, rows[i].right);
        if (steps) ps_cli_number(&table, isnan(rows[i].auc) ? "-" : "%.3f", rows[i].auc);
    }
    putchar('\n');
    ps_cli_table_print(&table);
}

static void print_report(const ps_learn_report *r) {
    ps_cli_note("%zu problems, %zu answers, %zu steps; %.1f%% of the answers are right", r->problems, r->answers,
                r->states, 100 * r->base);
    if (r->mixed > 0)
        ps_cli_note(
            "AUC over all %.3f, within the %zu problems with both right and wrong answers %.3f (95%%: %.3f to %.3f)",
            r->auc, r->mixed, r->auc_within, r->auc_low, r->auc_high);
    ps_cli_note("Brier %.3f (the share of right answers, for all alike: %.3f)", r->brier, r->brier_base);
    if (r->hidden > 0)
        ps_cli_note("a network with %zu hidden units, L2 %g; %.1f s for it, %.1f s for %zu tokens of the model",
                    r->hidden, r->l2, r->fit_seconds, r->pass_seconds, r->passed);
    else
        ps_cli_note("logistic regression, L2 %g; %.1f s for it, %.1f s for %zu tokens of the model", r->l2,
                    r->fit_seconds, r->pass_seconds, r->passed);
    print_rows(r->steps, PS_LEARN_STEPS, true);
    print_rows(r->bins, PS_LEARN_BINS, false);
}

static ps_status write_json(const ps_learn_report *report, const char *path, ps_error *err) {
    ps_text text = {0};
    if (path == NULL) return PS_OK;
    ps_status status = ps_learn_json(report, &text, err);
    if (status == PS_OK) ps_text_puts(&text, "\n");
    if (status == PS_OK) status = ps_write_file(path, ps_text_cstr(&text), text.length, err);
    ps_text_clear(&text);
    return status;
}

/* ---- Arguments ----------------------------------------------------------- */

static const char *const option_names[] = {"--from", "--output", "--states", "--json", "--config", "--help", NULL};

static int take_option(int argc, char **argv, int *i, arguments *a) {
    bool failed = false;
    const char *value;
    /* -o FILE is the output, and -o key=value a key as in every other command. */
    const bool short_output = strcmp(argv[*i], "-o") == 0 && *i + 1 < argc && strchr(argv[*i + 1], '=') == NULL;
    if (short_output) {
        a->options.output = argv[++*i];
        return ps_cli_filled("-o", a->options.output) ? 1 : -1;
    }
    if ((value = ps_cli_option(argc, argv, i, "--from", &failed)) != NULL) {
        if (a->options.n_folders == MOST_FOLDERS) {
            ps_cli_say("--from: at most %d folders", (int)MOST_FOLDERS);
            return -1;
        }
        a->folders[a->options.n_folders++] = value;
        return ps_cli_filled("--from", value) ? 1 : -1;
    }
    if (!failed && (value = ps_cli_option(argc, argv, i, "--output", &failed)) != NULL) {
        a->options.output = value;
        return ps_cli_filled("--output", value) ? 1 : -1;
    }
    if (!failed && (value = ps_cli_option(argc, argv, i, "--states", &failed)) != NULL) {
        a->options.states = value;
        return ps_cli_filled("--states", value) ? 1 : -1;
    }
    if (!failed && (value = ps_cli_option(argc, argv, i, "--json", &failed)) != NULL) {
        a->json = value;
        return ps_cli_filled("--json", value) ? 1 : -1;
    }
    return failed ? -1 : 0;
}

/* −1: go on. */
static int parse(int argc, char **argv, arguments *a, ps_config *config) {
    for (int i = 1; i < argc; i++) {
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
        int taken = take_option(argc, argv, &i, a);
        if (taken == 0) taken = ps_cli_take_config(argc, argv, &i, config);
        if (taken < 0) return EXIT_USAGE;
        if (taken == 0) return ps_cli_unknown("learn", argv[i], option_names);
    }
    a->options.folders = a->folders;
    if (a->options.n_folders > 0 && a->options.output != NULL) return -1;
    ps_cli_say("learn: %s; `persamp learn -h` has examples",
               a->options.n_folders == 0 ? "--from FOLDER is missing: answers of `persamp eval` to learn from"
                                         : "-o FILE is missing: where the head is to be written");
    return EXIT_USAGE;
}

/* ---- The run ------------------------------------------------------------- */

static int work(const arguments *a, const ps_config *config, int argc, char **argv) {
    ps_error err, why;
    screen shown = {.terminal = isatty(STDERR_FILENO) == 1};
    const ps_learn_observer observer = {
        .user = &shown, .progress = progress, .cancelled = ps_cli_interrupted, .log = ps_cli_quiet_log(config)};
    ps_learn_report report = {0};
    ps_cli_catch_interrupt();
    ps_status status = ps_learn(config, &a->options, &observer, &report, &err);
    ps_cli_line_close();
    if (report.answers > 0) print_report(&report);
    if (report.answers > 0 && write_json(&report, a->json, &why) != PS_OK) return ps_cli_failure(&why);
    if (status == PS_CANCELLED) {
        ps_cli_print_resume(argc, argv);
        return EXIT_INTERRUPTED;
    }
    if (status != PS_OK) {
        fflush(stdout);
        return ps_cli_failure(&err);
    }
    ps_cli_print_path("\nhead in ", a->options.output);
    ps_cli_note("use it with --models.prm.enabled=true --scoring.prm.kind=self --scoring.prm.head_path=FILE "
                "--scoring.type=prm_reward");
    return EXIT_DONE;
}

int ps_cmd_learn(int argc, char **argv) {
    ps_error err;
    arguments a = {0};
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    int code = parse(argc, argv, &a, config);
    if (code < 0) {
        ps_status status = ps_learn_config(config, a.folders[0], &err);
        if (status == PS_OK) status = ps_config_check(config, NULL, &err);
        code = status == PS_OK ? work(&a, config, argc, argv) : ps_cli_error(&err);
    }
    ps_config_free(config);
    return code;
}
