/* persamp serve: the solver under HTTP, until a signal ends it. */
#include "cli.h"

#include "screen.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp serve: answer over HTTP, in the words of the OpenAI API\n\n"
        "Examples\n"
        "  persamp serve --models.generator.model_path=model.gguf\n"
        "  persamp serve --config server.yaml --serve.address=0.0.0.0 --api-key-file keys.txt\n"
        "  curl http://127.0.0.1:8080/v1/chat/completions -H 'Content-Type: application/json' \\\n"
        "    -d '{\"model\": \"model\", \"messages\": [{\"role\": \"user\", \"content\": \"What is 84 - 36?\"}]}'\n\n"
        "An application that speaks to such a server needs its address only: http://127.0.0.1:8080/v1. A browser\n"
        "shows the search while it goes on: http://127.0.0.1:8080. Without a model of yours the shipped one answers.\n"
        "docs/serve.md tells what each field of a request means.\n"
        "SIGTERM and Ctrl-C finish what is under way and end with 0; a second one ends at once.\n\n"
        "Options\n"
        "  --api-key-file FILE  one key a line, which clients send as Authorization: Bearer KEY\n"
        "  --allow-anonymous    listen where others reach it, without keys\n"
        "  --drain-seconds N    after a signal, let what is under way take so long (60)\n"
        "  --config FILE        read a configuration; repeat it, later files win\n"
        "  --key=value          set any configuration key, also -o key=value; `persamp config` lists them\n");
}

/* ---- Signals ------------------------------------------------------------- */

/* A thread of its own waits for them, so that all of the server may be called. */
typedef struct guard {
    ps_server *server;
    double drain_seconds;
    sigset_t signals;
} guard;

static void *await_signals(void *user) {
    guard *g = user;
    int which = 0;
    if (sigwait(&g->signals, &which) != 0) return NULL;
    ps_cli_say("finishing what is under way; once more ends at once");
    ps_server_stop(g->server, g->drain_seconds);
    if (sigwait(&g->signals, &which) != 0) return NULL;
    signal(which, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &g->signals, NULL);
    raise(which);
    return NULL;
}

/* Before any thread is started: they all leave the signals to the one that waits. */
static void hold_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* A connection is a file: take as many as the system lets this process have. */
static void take_files(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max) return;
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

/* ---- The command --------------------------------------------------------- */

static ps_status run(const ps_config *config, guard *g, const ps_log *log, ps_error *err) {
    ps_models *models = NULL;
    ps_status status = ps_models_open(config, log, &models, err);
    if (status == PS_OK) status = ps_server_run(g->server, models, err);
    ps_models_free(models);
    return status;
}

static ps_status serve(const ps_config *config, ps_error *err) {
    ps_log log = ps_cli_log(config);
    guard g = {.drain_seconds = config->serve_drain_seconds};
    pthread_t waiting;
    take_files();
    hold_signals(&g.signals);
    ps_status status = ps_server_create(config, &log, &g.server, err);
    if (status != PS_OK) return status;
    ps_log_printf(&log, PS_LOG_INFO, "listening at %s; loading the model", ps_server_url(g.server));
    if (pthread_create(&waiting, NULL, await_signals, &g) == 0) {
        status = run(config, &g, &log, err);
        pthread_cancel(waiting);
        pthread_join(waiting, NULL);
    } else {
        err->code = status = PS_IO;
        snprintf(err->message, sizeof err->message, "serve: no thread can be started");
    }
    ps_server_free(g.server);
    return status;
}

/* An option that is a configuration key by another name: 1 taken, 0 another, −1 wrong, and said so. */
static int take_named(int argc, char **argv, int *i, ps_config *config) {
    static const char *const names[][2] = {{"--api-key-file", "serve.api_key_file"},
                                           {"--drain-seconds", "serve.drain_seconds"}};
    ps_error err;
    bool failed = false;
    if (strcmp(argv[*i], "--allow-anonymous") == 0)
        return ps_config_set(config, "serve.allow_anonymous", "true", "command line", &err) == PS_OK
                   ? 1
                   : (ps_cli_error(&err), -1);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const char *value = ps_cli_option(argc, argv, i, names[k][0], &failed);
        if (failed) return -1;
        if (value == NULL) continue;
        if (ps_config_set(config, names[k][1], value, names[k][0], &err) == PS_OK) return 1;
        ps_cli_error(&err);
        return -1;
    }
    return 0;
}

/* −1 to go on, else the exit code. */
static int parse(int argc, char **argv, ps_config *config) {
    static const char *const options[] = {
        "--api-key-file", "--allow-anonymous", "--drain-seconds", "--config", "--help", NULL};
    for (int i = 1; i < argc; i++) {
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
        int taken = take_named(argc, argv, &i, config);
        if (taken == 0) taken = ps_cli_take_config(argc, argv, &i, config);
        if (taken < 0) return EXIT_USAGE;
        if (taken == 0) return ps_cli_unknown("serve", argv[i], options);
    }
    return -1;
}

int ps_cmd_serve(int argc, char **argv) {
    ps_error err;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    int code = parse(argc, argv, config);
    if (code < 0) {
        ps_log log = ps_cli_log(config);
        ps_status status = ps_cli_no_smoke_test(config, "serve", &log, &err);
        if (status == PS_OK) status = ps_config_check(config, &log, &err);
        if (status != PS_OK)
            code = ps_cli_error(&err);
        else
            code = serve(config, &err) == PS_OK ? EXIT_DONE : ps_cli_failure(&err);
    }
    ps_config_free(config);
    return code;
}
