/* Messages of the library and of each solved problem: on the console and in a file, each with a level of its own, as
 * logging.* says. */
#include "cli.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The command's one log. Written by the engine's threads too. */
static struct {
    pthread_mutex_t lock;
    ps_log_level console, file_least;
    bool json;
    FILE *file;
    bool ess, betas, weights, timing;
} logger = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static ps_log_level level_of(const char *name) {
    if (strcmp(name, "DEBUG") == 0) return PS_LOG_DEBUG;
    if (strcmp(name, "INFO") == 0) return PS_LOG_INFO;
    return strcmp(name, "WARNING") == 0 ? PS_LOG_WARNING : PS_LOG_ERROR;
}

static void print_json(FILE *out, const char *when, ps_log_level level, const char *message) {
    ps_cli_line_close();
    json_t *line = json_pack("{s:s,s:s,s:s}", "time", when, "level", level_names[level], "message", message);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text != NULL) ps_cli_put_json(out, text);
    if (text != NULL) putc('\n', out);
    free(text);
    json_decref(line);
}

static void print_console(const char *when, ps_log_level level, const char *message) {
    if (logger.json)
        print_json(stderr, when, level, message);
    else if (level == PS_LOG_INFO)
        ps_cli_say("%s", message);
    else
        ps_cli_say("%s: %s", level_names[level], message);
}

/* One message, of the level that each of the two sinks takes it for. */
static void write_to_sinks(ps_log_level console, ps_log_level file, const char *message) {
    char when[32] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &local);
    pthread_mutex_lock(&logger.lock);
    if (console >= logger.console) print_console(when, console, message);
    if (logger.file != NULL && file >= logger.file_least) {
        fprintf(logger.file, "%s %s ", when, level_names[file]);
        ps_cli_put(logger.file, message);
        putc('\n', logger.file);
        fflush(logger.file);
    }
    pthread_mutex_unlock(&logger.lock);
}

static void write_message(void *user, ps_log_level level, const char *message) {
    (void)user;
    write_to_sinks(level, level, message);
}

/* The file, its folders made. One that cannot be opened is a warning: the results matter more. */
static void open_file(const char *path) {
    char *copy = ps_strdup(path);
    for (char *at = copy; copy != NULL && (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        mkdir(copy, 0777);
        *at = '/';
    }
    ps_free(copy);
    logger.file = fopen(path, "a");
    if (logger.file == NULL) ps_cli_say("warning: %s: cannot write the log: %s", path, strerror(errno));
}

/* The least level of either sink: below it the library need not even format a message. */
static ps_log log_of_sinks(void) {
    bool file = logger.file != NULL && logger.file_least < logger.console;
    return (ps_log){.write = write_message, .least = file ? logger.file_least : logger.console};
}

static bool console_is_chosen(const ps_config *config) {
    return ps_config_is_set(config, "logging.console_level") || ps_config_is_set(config, "system.log_level");
}

ps_log ps_cli_log(const ps_config *config) {
    bool own = ps_config_is_set(config, "logging.console_level");
    logger.console = level_of(own ? config->logging_console_level : config->system_log_level);
    logger.file_least = level_of(config->logging_file_level);
    logger.json = strcmp(config->logging_console_format, "json") == 0;
    logger.ess = config->logging_log_ess;
    logger.betas = config->logging_log_betas;
    logger.weights = config->logging_log_weights;
    logger.timing = config->logging_log_timing;
    if (config->logging_file_enabled && logger.file == NULL) open_file(config->logging_file_path);
    return log_of_sinks();
}

ps_log ps_cli_quiet_log(const ps_config *config) {
    ps_cli_log(config);
    if (!console_is_chosen(config)) logger.console = PS_LOG_WARNING;
    return log_of_sinks();
}

/* ---- Solved problems ----------------------------------------------------- */

/* They go to the file, and to a console of level DEBUG: any other has its own progress. */
static void append_weights(ps_text *text, const ps_iteration *one) {
    size_t n = one->n_candidates < PS_MOST_CANDIDATES ? one->n_candidates : PS_MOST_CANDIDATES;
    ps_text_puts(text, ", weights");
    for (size_t i = 0; i < n; i++)
        ps_text_printf(text, " %u:%.4f", one->best_candidates[i].snapshot, one->best_candidates[i].weight);
    if (n < one->n_candidates) ps_text_printf(text, " and %zu more", one->n_candidates - n);
}

static void log_selection(const ps_outcome *outcome, size_t iteration) {
    const ps_iteration *one = &outcome->report.iterations[iteration];
    ps_text text = {0};
    ps_text_printf(&text, "problem %llu by %s: selection after iteration %zu",
                   (unsigned long long)outcome->problem->index, outcome->method, iteration + 1);
    if (logger.betas) ps_text_printf(&text, ", beta %.4f", one->beta);
    if (logger.ess) ps_text_printf(&text, ", ESS %.2f", one->ess);
    if (logger.weights && one->n_candidates > 0) append_weights(&text, one);
    if (ps_text_ok(&text)) write_to_sinks(PS_LOG_DEBUG, PS_LOG_DEBUG, ps_text_cstr(&text));
    ps_text_clear(&text);
}

void ps_cli_log_outcome(const ps_outcome *outcome) {
    if (logger.file == NULL && logger.console > PS_LOG_DEBUG) return;
    ps_text text = {0};
    const ps_prediction *chosen = &outcome->predictions[outcome->select];
    for (size_t i = 0; i < outcome->report.n_iterations && (logger.betas || logger.ess || logger.weights); i++)
        if (outcome->report.iterations[i].resampled) log_selection(outcome, i);
    ps_text_printf(&text, "problem %llu by %s: %s%s", (unsigned long long)outcome->problem->index, outcome->method,
                   outcome->error != NULL   ? outcome->error
                   : chosen->answer != NULL ? chosen->answer
                                            : "no answer",
                   outcome->problem->answer == NULL ? ""
                   : chosen->correct                ? ", right"
                                                    : ", wrong");
    if (logger.timing)
        ps_text_printf(&text, "; %.3f s, generation %.3f s, scoring %.3f s", outcome->seconds.total,
                       outcome->seconds.generation, outcome->seconds.scoring);
    if (ps_text_ok(&text))
        write_to_sinks(PS_LOG_DEBUG, outcome->error != NULL ? PS_LOG_WARNING : PS_LOG_INFO, ps_text_cstr(&text));
    ps_text_clear(&text);
}
