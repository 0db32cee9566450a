/* persamp solve: one question, its answer, and what the search thought of the alternatives. */
#include "cli.h"

#include "screen.h"
#include "view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct solve_arguments {
    const char *question, *gold;
    bool verbose, json;
} solve_arguments;

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp solve: answer one question by the configured method\n\n"
        "Examples\n"
        "  persamp solve 'Find the greatest common divisor of $84$ and $36$.'\n"
        "  persamp solve --verbose --generation.n_particles=16 'Factor $x^2-8x+16$.'\n"
        "  persamp solve --json --models.generator.model_path=model.gguf - < question.txt\n\n"
        "The question is one argument, in quotes; - reads it from standard input, and after -- it may begin with a "
        "dash.\n"
        "Without a model of yours the shipped one answers: it is small and knows the kinds of problems in data/ only.\n"
        "Long answers are shortened in the table, and what a terminal would obey is shown as \\x1b, in a file too;\n"
        "--json has every character.\n\n"
        "Options\n"
        "  -v, --verbose   show the particles as they grow: on a terminal one screen, equal ones as one line, "
        "elsewhere lines\n"
        "  --gold ANSWER   say whether the answer is right\n"
        "  --json          print the result line of `persamp eval` instead\n"
        "  --config FILE   read a configuration; repeat it, later files win\n"
        "  --key=value     set any configuration key, also -o key=value; `persamp config` lists them\n");
}

/* ---- The live view ------------------------------------------------------- */

typedef struct watch {
    ps_cli_view *view; /* NULL: not asked for */
    bool clock;        /* on standard error it is shown that time passes */
    double started, last;
    const char *method;
} watch;

static void show_step(void *user, const ps_step_view *step) {
    ps_cli_view_step(((watch *)user)->view, step);
}

/* A search may take minutes with a large model: on a terminal the time goes on. */
static bool cancelled(void *user) {
    watch *state = user;
    double now = ps_now();
    if (!ps_cli_interrupted(NULL)) ps_cli_view_tick(state->view);
    if (state->clock && now - state->last >= 1) {
        unsigned s = (unsigned)(now - state->started);
        fprintf(stderr, "\r\033[K%.16s  %u:%02u", state->method, s / 60, s % 60);
        fflush(stderr);
        ps_cli_line_open(true);
        state->last = now;
    }
    return ps_cli_interrupted(NULL);
}

/* ---- The answer ---------------------------------------------------------- */

/* One line an answer, whatever is in it. */
static void print_distribution(const ps_outcome *o) {
    enum { MOST = 20 };
    static const char *const headings[] = {"answers", "weight", "votes"};
    size_t shown = o->n_classes <= MOST ? o->n_classes : MOST;
    ps_cli_table table;
    if (o->n_classes == 0) return;
    ps_cli_table_begin(&table, 3, headings);
    for (size_t i = 0; i < shown; i++) {
        ps_cli_cell(&table, o->classes[i].answer);
        ps_cli_number(&table, "%.1f%%", 100 * o->classes[i].weight);
        ps_cli_number(&table, "%zu", o->classes[i].votes);
    }
    putchar('\n');
    ps_cli_table_print(&table);
    if (shown < o->n_classes) printf("… and %zu more\n", o->n_classes - shown);
}

/* Where particles wrote most of their answers together, a vote among them is hardly one. */
static void print_sharing(const ps_outcome *o) {
    const char *spread = ps_outcome_spread(o);
    if (!ps_shares_most(o->shared_text) || spread == NULL) return;
    ps_cli_note("the %zu answers share %.0f%% of their text, so their votes are not independent; for others, %s",
                o->n_answers, 100 * o->shared_text, spread);
}

/* Particles that a limit cut off, and what to raise for them to finish. */
static void print_endings(const ps_outcome *o) {
    ps_text words = {0};
    ps_endings_words(o->endings, &words);
    if (words.length > 0) ps_cli_note("%s", ps_text_cstr(&words));
    ps_text_clear(&words);
}

/* The keys of the limits that cut particles off, for an answer that none of them finished. */
static void print_cut_off(const ps_outcome *o) {
    ps_text keys = {0};
    for (size_t e = 0; e < PS_ENDINGS; e++)
        if (o->endings[e] > 0 && ps_ending_key(e) != NULL)
            ps_text_printf(&keys, "%s%s", keys.length > 0 ? " and " : "; raise ", ps_ending_key(e));
    ps_cli_note("[cut off: no particle finished its answer%s]", ps_text_cstr(&keys));
    ps_text_clear(&keys);
}

/* The response as the model wrote it, but for what a terminal would obey; the same in a file, which may be shown on one
 * later. --json has every byte. */
static void print_outcome(const ps_outcome *o, bool gold) {
    const ps_prediction *chosen = &o->predictions[o->select];
    ps_cli_put(stdout, o->response);
    putchar('\n');
    if (o->truncated) print_cut_off(o);
    fputs("\nanswer: ", stdout);
    ps_cli_put_line(stdout, chosen->answer != NULL ? chosen->answer : "(none found)", SIZE_MAX);
    if (gold) printf(chosen->correct ? "  (right)" : "  (wrong)");
    putchar('\n');
    print_distribution(o);
    putchar('\n');
    char evidence[64] = "";
    if (isfinite(o->report.log_z)) snprintf(evidence, sizeof evidence, ", log evidence %.3f", o->report.log_z);
    ps_cli_note("%llu tokens in %.2f s, %zu selections%s", (unsigned long long)o->tokens.generated, o->seconds.total,
                o->report.resamples, evidence);
    print_endings(o);
    print_sharing(o);
}

static ps_status print_json(const ps_outcome *o, const ps_config *config, ps_error *err) {
    char *json = NULL;
    ps_status status = ps_outcome_json(o, config->evaluation_save_particles, &json, err);
    if (status == PS_OK) ps_cli_put_json(stdout, json);
    if (status == PS_OK) putchar('\n');
    ps_free(json);
    return status;
}

static ps_status solve(const ps_config *config, const solve_arguments *a, ps_error *err) {
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    ps_log log = ps_cli_quiet_log(config); /* the answer is what was asked for */
    bool live = a->verbose && !a->json;    /* JSON is for a program, which reads nothing else */
    watch state = {.clock = isatty(STDERR_FILENO) == 1 && !live, .method = config->method};
    ps_problem problem = {.text = a->question, .answer = a->gold};
    ps_observer observer = {.user = &state, .step = live ? show_step : NULL, .cancelled = cancelled};
    ps_status status = ps_models_open(config, &log, &models, err);
    if (live) state.view = ps_cli_view_open(config->method);
    state.started = state.last = ps_now();
    ps_cli_catch_interrupt();
    if (status == PS_OK) status = ps_solve(config, models, &problem, &observer, &outcome, err);
    ps_cli_line_close();
    ps_cli_view_close(state.view);
    if (live) putchar('\n');
    if (status == PS_OK) ps_cli_log_outcome(outcome);
    if (status == PS_OK && a->json)
        status = print_json(outcome, config, err);
    else if (status == PS_OK)
        print_outcome(outcome, a->gold != NULL);
    if (status == PS_OK && outcome->warning != NULL) {
        fflush(stdout);
        ps_cli_say("%s", outcome->warning);
    }
    ps_outcome_free(outcome);
    ps_models_free(models);
    return status;
}

/* The question, at argv[i]. */
static int take_question(solve_arguments *a, const char *argument) {
    if (a->question != NULL) {
        ps_cli_say("solve: unknown argument %s after the question; put the question in quotes", argument);
        return EXIT_USAGE;
    }
    a->question = argument;
    return -1;
}

/* −1 to go on, else the exit code. */
static int parse(int argc, char **argv, ps_config *config, solve_arguments *a) {
    static const char *const options[] = {"--verbose", "--json", "--gold", "--config", "--help", NULL};
    bool failed = false, only_question = false;
    int code = -1;
    for (int i = 1; i < argc && code < 0; i++) {
        const char *value;
        if (only_question) {
            code = take_question(a, argv[i]);
        } else if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        } else if (strcmp(argv[i], "--") == 0) {
            only_question = true;
        } else if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--verbose") == 0) {
            a->verbose = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if ((value = ps_cli_option(argc, argv, &i, "--gold", &failed)) != NULL) {
            a->gold = value;
        } else {
            int taken = failed ? -1 : ps_cli_take_config(argc, argv, &i, config);
            if (taken < 0) return EXIT_USAGE;
            if (taken > 0) continue;
            bool option = argv[i][0] == '-' && argv[i][1] != '\0';
            if (option && strchr(argv[i], ' ') != NULL) {
                ps_cli_say("solve: a question that begins with a dash stands after --: persamp solve -- '%s'", argv[i]);
                return EXIT_USAGE;
            }
            code = option ? ps_cli_unknown("solve", argv[i], options) : take_question(a, argv[i]);
        }
    }
    if (code >= 0 || a->question != NULL) return code;
    ps_cli_say("solve: no question; for example: persamp solve 'Factor $x^2-8x+16$.'");
    return EXIT_USAGE;
}

/* A question of "-" is what standard input holds. *input is owned by the caller. */
static ps_status read_question(solve_arguments *a, char **input, ps_error *err) {
    enum { LONGEST_QUESTION = 1 << 20 };
    size_t length;
    if (strcmp(a->question, "-") == 0) {
        ps_status status = ps_read_file("-", LONGEST_QUESTION, input, &length, err);
        if (status != PS_OK) return status;
        while (length > 0 && strchr(" \t\r\n", (*input)[length - 1]) != NULL)
            (*input)[--length] = '\0'; /* the line's end is not the question's */
        a->question = *input;
    }
    return *a->question != '\0' ? PS_OK : ps_fail(err, PS_ARG, "solve: the question is empty");
}

int ps_cmd_solve(int argc, char **argv) {
    ps_error err;
    solve_arguments a = {0};
    char *input = NULL;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    int code = parse(argc, argv, config, &a);
    if (code < 0) {
        ps_log log = ps_cli_log(config);
        ps_status status = ps_cli_no_smoke_test(config, "solve", &log, &err);
        if (status == PS_OK) status = ps_config_check(config, &log, &err);
        if (status == PS_OK) status = read_question(&a, &input, &err);
        if (status != PS_OK)
            code = ps_cli_error(&err);
        else
            code = solve(config, &a, &err) == PS_OK ? EXIT_DONE : ps_cli_failure(&err);
    }
    ps_free(input);
    ps_config_free(config);
    return code;
}
