/* Messages of the library and of each solved problem: on the console and in a file, as logging.* says. */
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

static ps_log_level higher(ps_log_level a, ps_log_level b) {
    return a > b ? a : b;
}

static void print_json(FILE *out, const char *when, ps_log_level level, const char *message) {
    json_t *line = json_pack("{s:s,s:s,s:s}", "time", when, "level", level_names[level], "message", message);
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text != NULL) fprintf(out, "%s\n", text);
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

static void write_message(void *user, ps_log_level level, const char *message) {
    (void)user;
    char when[32] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &local);
    pthread_mutex_lock(&logger.lock);
    if (level >= logger.console) print_console(when, level, message);
    if (logger.file != NULL && level >= logger.file_least) {
        fprintf(logger.file, "%s %s ", when, level_names[level]);
        ps_cli_put(logger.file, message);
        putc('\n', logger.file);
        fflush(logger.file);
    }
    pthread_mutex_unlock(&logger.lock);
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

ps_log ps_cli_log(const ps_config *config) {
    ps_log_level all = level_of(config->system_log_level);
    logger.console = higher(all, level_of(config->logging_console_level));
    logger.file_least = higher(all, level_of(config->logging_file_level));
    logger.json = strcmp(config->logging_console_format, "json") == 0;
    logger.ess = config->logging_log_ess;
    logger.betas = config->logging_log_betas;
    logger.weights = config->logging_log_weights;
    logger.timing = config->logging_log_timing;
    if (config->logging_file_enabled && logger.file == NULL) open_file(config->logging_file_path);
    bool file = logger.file != NULL;
    ps_log_level least = file && logger.file_least < logger.console ? logger.file_least : logger.console;
    return (ps_log){.write = write_message, .least = least};
}

static void append_history(ps_text *text, const ps_method_report *report) {
    for (size_t i = 0; i < report->n_iterations; i++) {
        const ps_iteration *one = &report->iterations[i];
        if (!one->resampled) continue;
        ps_text_printf(text, "; selection after step %zu", i + 1);
        if (logger.betas) ps_text_printf(text, " beta %.4f", one->beta);
        if (logger.ess) ps_text_printf(text, " ESS %.2f", one->ess);
    }
}

void ps_cli_log_outcome(const ps_outcome *outcome) {
    if (logger.file == NULL) return; /* the console has its progress */
    ps_text text = {0};
    const ps_prediction *chosen = &outcome->predictions[outcome->select];
    ps_text_printf(&text, "problem %llu by %s: %s, %s", (unsigned long long)outcome->problem->index, outcome->method,
                   outcome->error != NULL   ? outcome->error
                   : chosen->answer != NULL ? chosen->answer
                                            : "no answer",
                   chosen->correct ? "right" : "wrong");
    if (logger.betas || logger.ess) append_history(&text, &outcome->report);
    for (size_t i = 0; logger.weights && i < outcome->n_classes; i++)
        ps_text_printf(&text, "; %s weighs %.4f", outcome->classes[i].answer, outcome->classes[i].weight);
    if (logger.timing)
        ps_text_printf(&text, "; %.3f s, generation %.3f s, scoring %.3f s", outcome->seconds.total,
                       outcome->seconds.generation, outcome->seconds.scoring);
    if (ps_text_ok(&text)) {
        ps_log_level console = logger.console;
        logger.console = PS_LOG_ERROR;
        write_message(NULL, outcome->error != NULL ? PS_LOG_WARNING : PS_LOG_INFO, ps_text_cstr(&text));
        logger.console = console;
    }
    ps_text_clear(&text);
}
