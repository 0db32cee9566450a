/* persamp solve: one question, its answer, and what the search thought of the alternatives. */
#include "cli.h"

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
    puts("persamp solve: answer one question by the configured method\n\n"
         "Examples\n"
         "  persamp solve 'Solve for $x$: $2x + 3 = 11$.'\n"
         "  persamp solve --verbose --generation.n_particles=16 'What is $\\gcd(84, 36)$?'\n"
         "  persamp solve --json --models.generator.model_path=model.gguf - < question.txt\n\n"
         "Options\n"
         "  -v, --verbose   show the particles as they grow, with beta, ESS and every selection\n"
         "  --gold ANSWER   say whether the answer is right\n"
         "  --json          print the result line of `persamp eval` instead\n"
         "  --config FILE   read a configuration; repeat it, later files win\n"
         "  --key=value     set any configuration key; `persamp config` lists them");
}

/* ---- The live view
 * ----------------------------------------------------------------------------------------------------- */

typedef struct view {
    bool terminal;
    size_t lines; /* on the screen, to be drawn over */
} view;

/* The step on one line: control characters as spaces, cut to `width` bytes at a character's border. */
static void print_step(const char *text, size_t width) {
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    size_t shown = length <= width ? length : width;
    while (shown < length && shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        putchar((unsigned char)text[i] < 32 ? ' ' : text[i]);
    if (shown < length) fputs("…", stdout);
}

static void show_step(void *user, const ps_step_view *v) {
    static const char marks[] = {' ', '*', '!'}; /* open, finished, truncated */
    view *state = user;
    if (state->terminal && state->lines > 0) printf("\033[%zuA\033[J", state->lines);
    const ps_method_report *r = &v->report;
    printf("iteration %zu: %zu steps, %zu tokens", r->n_iterations, v->n, r->tokens);
    if (r->n_iterations > 0) {
        const ps_iteration *last = &r->iterations[r->n_iterations - 1];
        printf(", beta %.3f, ESS %.2f%s", last->beta, last->ess, last->resampled ? ", selection" : "");
    }
    putchar('\n');
    for (size_t i = 0; i < v->n; i++) {
        const ps_particle_view *p = &v->particles[i];
        printf("%c %4u <- %-4u depth %-3u score %8.3f", marks[p->state], p->snapshot, p->parent, p->depth, p->ell);
        if (!isnan(p->reward)) printf("  r %.3f", p->reward);
        fputs("  ", stdout);
        print_step(p->text, 60);
        putchar('\n');
    }
    state->lines = v->n + 1;
    fflush(stdout);
}

/* ---- The answer
 * ----------------------------------------------------------------------------------------------------------- */

static void print_distribution(const ps_outcome *o) {
    if (o->n_classes == 0) return;
    puts("\nanswers     weight  votes");
    for (size_t i = 0; i < o->n_classes; i++)
        printf("%-10s  %5.1f%%  %5zu\n", o->classes[i].answer, 100 * o->classes[i].weight, o->classes[i].votes);
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
    ps_log log = ps_cli_log(config);
    log.least = log.least < PS_LOG_WARNING ? PS_LOG_WARNING : log.least; /* the answer is what was asked for */
    view state = {.terminal = isatty(STDOUT_FILENO) == 1};
    ps_problem problem = {.text = a->question, .answer = a->gold};
    ps_observer observer = {.user = &state, .step = a->verbose ? show_step : NULL, .cancelled = ps_cli_interrupted};
    ps_status status = ps_models_open(config, &log, &models, err);
    ps_cli_catch_interrupt();
    if (status == PS_OK) status = ps_solve(config, models, &problem, &observer, &outcome, err);
    if (status == PS_OK && a->json)
        status = print_json(outcome, config, err);
    else if (status == PS_OK)
        print_outcome(outcome, a->gold != NULL);
    ps_outcome_free(outcome);
    ps_models_free(models);
    return status;
}

/* The arguments; *help_wanted when there is nothing more to do. */
static ps_status parse(int argc, char **argv, ps_config *config, solve_arguments *a, bool *help_wanted, ps_error *err) {
    bool failed = false;
    for (int i = 1; i < argc; i++) {
        const char *value;
        int used = 0;
        if (ps_cli_wants_help(argv[i])) {
            *help_wanted = true;
            return PS_OK;
        }
        if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--verbose") == 0) {
            a->verbose = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            a->json = true;
        } else if ((value = ps_cli_option(argc, argv, &i, "--gold", &failed)) != NULL) {
            a->gold = value;
        } else {
            if (failed) return ps_fail(err, PS_ARG, "`persamp solve -h` explains");
            ps_status status = ps_config_take_argument(config, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, err);
            if (status != PS_OK) return status;
            if (used == 0 && (argv[i][0] != '-' || argv[i][1] == '\0') && a->question == NULL)
                a->question = argv[i];
            else if (used == 0)
                return ps_fail(err, PS_ARG,
                               "solve: unknown argument %s; quote the question, and see `persamp solve -h`", argv[i]);
            i += used > 1 ? used - 1 : 0;
        }
    }
    if (a->question == NULL) return ps_fail(err, PS_ARG, "solve: no question; for example: persamp solve '2 + 3 = ?'");
    return PS_OK;
}

int ps_cmd_solve(int argc, char **argv) {
    enum { LONGEST_QUESTION = 1 << 20 };
    ps_error err;
    solve_arguments a = {0};
    bool help_wanted = false, understood = false;
    char *input = NULL;
    size_t length;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    ps_status status = parse(argc, argv, config, &a, &help_wanted, &err);
    if (status == PS_OK && help_wanted) {
        help();
        goto done;
    }
    ps_log log = ps_cli_log(config);
    if (status == PS_OK) status = ps_config_check(config, &log, &err);
    if (status == PS_OK && strcmp(a.question, "-") == 0) {
        status = ps_read_file("-", LONGEST_QUESTION, &input, &length, &err);
        while (status == PS_OK && length > 0 && strchr(" \t\r\n", input[length - 1]) != NULL)
            input[--length] = '\0'; /* the line's end is not the question's */
        a.question = input;
    }
    if (status == PS_OK && *a.question == '\0') status = ps_fail(&err, PS_ARG, "solve: the question is empty");
    understood = status == PS_OK;
    if (status == PS_OK) status = solve(config, &a, &err);
done:
    ps_free(input);
    ps_config_free(config);
    return status == PS_OK ? EXIT_DONE : understood ? ps_cli_failure(&err) : ps_cli_error(&err);
}
