/* persamp solve: one question, its answer, and what the search thought of the alternatives. */
#include "cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

typedef struct solve_arguments {
    const char *question, *gold;
    bool verbose, json;
} solve_arguments;

static void help(void) {
    puts("persamp solve: answer one question by the configured method\n\n"
         "Examples\n"
         "  persamp solve 'Find the greatest common divisor of $84$ and $36$.'\n"
         "  persamp solve --verbose --generation.n_particles=16 'Factor $x^2-8x+16$.'\n"
         "  persamp solve --json --models.generator.model_path=model.gguf - < question.txt\n\n"
         "The question is one argument, in quotes; - reads it from standard input, and after -- it may begin with a "
         "dash. Without a\n"
         "model of yours the shipped one answers: it is small and knows the kinds of problems in data/ only.\n\n"
         "Options\n"
         "  -v, --verbose   show the particles as they grow, with beta, ESS and every selection\n"
         "  --gold ANSWER   say whether the answer is right\n"
         "  --json          print the result line of `persamp eval` instead\n"
         "  --config FILE   read a configuration; repeat it, later files win\n"
         "  --key=value     set any configuration key, also -o key=value; `persamp config` lists them");
}

/* ---- The live view ------------------------------------------------------- */

typedef struct view {
    bool terminal;
    size_t lines; /* on the screen, to be drawn over */
} view;

/* What fits on a line and on the screen: a line that wraps, or one that has scrolled away, cannot be drawn over. */
typedef struct room {
    size_t columns, rows;
} room;

static room room_of(const view *state) {
    struct winsize size;
    room r = {120, SIZE_MAX};
    if (!state->terminal) return r;
    r = (room){80, 24};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return r;
    return (room){size.ws_col, size.ws_row};
}

/* The step on one line: control characters as spaces, cut to `width` bytes at a character's border. */
static void print_step(const char *text, size_t width) {
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    size_t shown = ps_utf8_cut(text, length, width);
    for (size_t i = 0; i < shown; i++)
        putchar((unsigned char)text[i] < 32 ? ' ' : text[i]);
    if (shown < length) fputs("…", stdout);
}

static void print_particle(const ps_particle_view *p, size_t columns) {
    static const char marks[] = {' ', '*', '!'}; /* open, finished, truncated */
    enum { FEWEST = 8, MOST = 60 };
    int used =
        printf("%c %4u <- %-4u depth %-3u score %8.3f", marks[p->state], p->snapshot, p->parent, p->depth, p->ell);
    if (!isnan(p->reward)) used += printf("  r %.3f", p->reward);
    used += printf("  ");
    size_t left = columns > (size_t)used + FEWEST + 1 ? columns - (size_t)used - 2 : FEWEST; /* room for "…" */
    print_step(p->text, left < MOST ? left : MOST);
    putchar('\n');
}

static void print_heading(const ps_step_view *v, size_t columns) {
    const ps_method_report *r = &v->report;
    char line[160];
    int n = snprintf(line, sizeof line, "iteration %zu: %zu steps, %zu tokens", r->n_iterations, v->n, r->tokens);
    if (r->n_iterations > 0) {
        const ps_iteration *last = &r->iterations[r->n_iterations - 1];
        snprintf(line + n, sizeof line - (size_t)n, ", beta %.3f, ESS %.2f%s", last->beta, last->ess,
                 last->resampled ? ", selection" : "");
    }
    printf("%.*s\n", columns < sizeof line ? (int)columns : (int)sizeof line, line);
}

static void show_step(void *user, const ps_step_view *v) {
    view *state = user;
    room r = room_of(state);
    if (state->terminal && state->lines > 0) printf("\033[%zuA\033[J", state->lines);
    print_heading(v, r.columns);
    size_t shown = v->n + 2 <= r.rows ? v->n : r.rows > 4 ? r.rows - 4 : 0;
    for (size_t i = 0; i < shown; i++)
        print_particle(&v->particles[i], r.columns);
    if (shown < v->n) printf("  … and %zu more\n", v->n - shown);
    state->lines = 1 + shown + (shown < v->n);
    fflush(stdout);
}

/* ---- The answer ---------------------------------------------------------- */

/* Columns a text takes on a terminal: characters, not bytes. */
static int columns_of(const char *text) {
    return (int)ps_utf8_count(text, strlen(text));
}

static void print_distribution(const ps_outcome *o) {
    enum { WIDEST = 48 };
    int width = 10;
    if (o->n_classes == 0) return;
    for (size_t i = 0; i < o->n_classes; i++) {
        int needed = columns_of(o->classes[i].answer);
        if (needed > width) width = needed < WIDEST ? needed : WIDEST;
    }
    printf("\n%-*s  weight  votes\n", width, "answers");
    for (size_t i = 0; i < o->n_classes; i++) {
        const char *answer = o->classes[i].answer;
        int used = columns_of(answer);
        printf("%s%*s  %5.1f%%  %5zu\n", answer, used < width ? width - used : 0, "", 100 * o->classes[i].weight,
               o->classes[i].votes);
    }
}

static void print_outcome(const ps_outcome *o, bool gold) {
    const ps_prediction *chosen = &o->predictions[o->select];
    printf("%s\n", o->response);
    if (o->truncated) puts("[cut off: no particle finished its answer; raise generation.max_steps or the budget]");
    printf("\nanswer: %s", chosen->answer != NULL ? chosen->answer : "(none found)");
    if (gold) printf(chosen->correct ? "  (right)" : "  (wrong)");
    putchar('\n');
    print_distribution(o);
    printf("\n%llu tokens in %.2f s, %zu selections", (unsigned long long)o->tokens.generated, o->seconds.total,
           o->report.resamples);
    if (isfinite(o->report.log_z)) printf(", log evidence %.3f", o->report.log_z);
    putchar('\n');
}

static ps_status print_json(const ps_outcome *o, const ps_config *config, ps_error *err) {
    char *json = NULL;
    ps_status status = ps_outcome_json(o, config->evaluation_save_particles, &json, err);
    if (status == PS_OK) puts(json);
    ps_free(json);
    return status;
}

static ps_status solve(const ps_config *config, const solve_arguments *a, ps_error *err) {
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    ps_log log = ps_cli_quiet_log(config); /* the answer is what was asked for */
    view state = {.terminal = isatty(STDOUT_FILENO) == 1};
    ps_problem problem = {.text = a->question, .answer = a->gold};
    bool live = a->verbose && !a->json; /* JSON is for a program, which reads nothing else */
    ps_observer observer = {.user = &state, .step = live ? show_step : NULL, .cancelled = ps_cli_interrupted};
    ps_status status = ps_models_open(config, &log, &models, err);
    ps_cli_catch_interrupt();
    if (status == PS_OK) status = ps_solve(config, models, &problem, &observer, &outcome, err);
    if (live) putchar('\n');
    if (status == PS_OK) ps_cli_log_outcome(outcome);
    if (status == PS_OK && a->json)
        status = print_json(outcome, config, err);
    else if (status == PS_OK)
        print_outcome(outcome, a->gold != NULL);
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
