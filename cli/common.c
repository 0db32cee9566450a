/* What the commands share. */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ps_cli_error(const ps_error *err) {
    fprintf(stderr, "persamp: %s\n", err->message);
    switch (err->code) {
    case PS_ARG:
    case PS_FORMAT: return EXIT_USAGE;
    case PS_CANCELLED: return EXIT_INTERRUPTED;
    default: return EXIT_FAILED;
    }
}

int ps_cli_failure(const ps_error *err) {
    int code = ps_cli_error(err);
    return err->code == PS_FORMAT ? EXIT_FAILED : code;
}

bool ps_cli_wants_help(const char *argument) {
    return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0 || strcmp(argument, "help") == 0;
}

const char *ps_cli_option(int argc, char **argv, int *i, const char *name, bool *failed) {
    const char *argument = argv[*i];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) return NULL;
    if (argument[length] == '=') return argument + length + 1;
    if (argument[length] != '\0') return NULL;
    if (*i + 1 >= argc) {
        fprintf(stderr, "persamp: %s needs a value\n", name);
        *failed = true;
        return NULL;
    }
    return argv[++*i];
}

int ps_cli_take_config(int argc, char **argv, int *i, ps_config *config) {
    ps_error err;
    int used = 0;
    if (ps_config_take_argument(config, argv[*i], *i + 1 < argc ? argv[*i + 1] : NULL, &used, &err) != PS_OK) {
        ps_cli_error(&err);
        return -1;
    }
    if (used == 0) return 0;
    *i += used - 1;
    return 1;
}

int ps_cli_unknown(const char *command, const char *argument, const char *const *options) {
    char name[64];
    size_t n = 0;
    while (options[n] != NULL)
        n++;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const char *nearest = ps_nearest_name(name, options, n);
    fprintf(stderr, "persamp: %s: unknown argument %s; ", command, argument);
    if (nearest != NULL) fprintf(stderr, "did you mean %s? ", nearest);
    fprintf(stderr, "`persamp %s -h` explains\n", command);
    return EXIT_USAGE;
}

bool ps_cli_count(const char *option, const char *value, size_t *out) {
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    if (errno != 0 || *value < '0' || *value > '9' || *end != '\0') {
        fprintf(stderr, "persamp: %s %s: expected a whole number, 0 or more\n", option, value);
        return false;
    }
    *out = (size_t)n;
    return true;
}

bool ps_cli_shard(const char *value, size_t *shard, size_t *shards) {
    char end;
    if (sscanf(value, "%zu/%zu%c", shard, shards, &end) == 2 && *shard >= 1 && *shard <= *shards) return true;
    fprintf(stderr, "persamp: --shard %s: expected I/N with 1 <= I <= N, for example 2/4\n", value);
    return false;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
    interrupted = 1;
    signal(signal_number, SIG_DFL); /* a second one means it */
}

void ps_cli_catch_interrupt(void) {
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
}

bool ps_cli_interrupted(void *unused) {
    (void)unused;
    return interrupted != 0;
}

ps_config *ps_cli_config(void) {
    ps_error err;
    ps_config *config = NULL;
    ps_status status = ps_config_create(&config, &err);
    if (status == PS_OK) status = ps_config_environment(config, &err);
    if (status == PS_OK) return config;
    ps_cli_error(&err);
    ps_config_free(config);
    return NULL;
}
