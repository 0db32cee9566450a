/* What `eval` and `compare` share: arguments, then a run of hours that can be interrupted and gone on with. */
#include "cli.h"

#include "screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int parse(const ps_cli_run *run, void *arguments, int argc, char **argv, ps_config *config) {
    for (int i = 1; i < argc; i++) {
        if (ps_cli_wants_help(argv[i])) {
            run->help();
            return EXIT_DONE;
        }
        int taken = run->take(argc, argv, &i, arguments);
        if (taken == 0) taken = ps_cli_take_config(argc, argv, &i, config);
        if (taken < 0) return EXIT_USAGE;
        if (taken == 0) return ps_cli_unknown(run->name, argv[i], run->options);
    }
    return run->complete != NULL ? run->complete(arguments) : -1;
}

/* What a pipe brings can be read once only. */
static bool can_be_read_twice(const char *path) {
    struct stat about;
    return strcmp(path, "-") != 0 && (stat(path, &about) != 0 || !S_ISFIFO(about.st_mode));
}

/* Loading a model may take a minute: a data set that cannot be read is told before. The toy engine's may
 * have no file. */
static ps_status check_dataset(const ps_config *config, ps_error *err) {
    char *path = NULL;
    ps_dataset *dataset = NULL;
    const char *given = config->evaluation_dataset_path;
    if (ps_config_is(config->engine_type, "toy") || (given != NULL && !can_be_read_twice(given))) return PS_OK;
    ps_status status = ps_dataset_open(config, &dataset, &path, err);
    ps_dataset_free(dataset);
    ps_free(path);
    return status;
}

static int work(const ps_cli_run *run, void *arguments, const ps_config *config, int argc, char **argv) {
    ps_error err;
    ps_models *models = NULL;
    ps_log log = ps_cli_log(config);
    ps_cli_progress state = {.terminal = isatty(STDERR_FILENO) == 1,
                             .json = strcmp(config->logging_console_format, "json") == 0};
    ps_eval_observer observer = {.user = &state,
                                 .fault = ps_cli_fault,
                                 .more_faults = ps_cli_more_faults,
                                 .doubtful = ps_cli_doubtful,
                                 .progress = ps_cli_show_progress,
                                 .cancelled = ps_cli_progress_interrupted};
    ps_status status = check_dataset(config, &err);
    if (status == PS_OK) status = ps_models_open(config, &log, &models, &err);
    if (status != PS_OK) return ps_cli_failure(&err);
    ps_cli_catch_interrupt();
    status = run->work(arguments, config, models, &observer, &err);
    int code;
    if (status == PS_OK) {
        code = run->report(arguments, models);
    } else if (status == PS_CANCELLED) {
        if (state.terminal) putc('\n', stderr);
        ps_cli_line_open(false);
        run->report(arguments, models);
        fflush(stdout);
        if (run->goes_on == NULL || run->goes_on(arguments)) ps_cli_print_resume(argc, argv);
        code = EXIT_INTERRUPTED;
    } else {
        code = run->failure(&err);
    }
    ps_models_free(models);
    return code;
}

int ps_cli_run_command(const ps_cli_run *run, void *arguments, int argc, char **argv) {
    ps_error err;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    int code = parse(run, arguments, argc, argv, config);
    if (code < 0) {
        ps_log log = ps_cli_log(config);
        code = run->check(arguments, config, &log, &err) == PS_OK ? work(run, arguments, config, argc, argv)
                                                                  : ps_cli_error(&err);
    }
    ps_config_free(config);
    return code;
}

ps_status ps_cli_keep_preset(ps_config *config, bool fresh, const ps_log *log, ps_error *err) {
    bool kept = false;
    ps_status status = fresh ? PS_OK : ps_config_keep_preset(config, &kept, err);
    if (kept)
        ps_log_printf(
            log, PS_LOG_INFO,
            "preset %s, with which %s was begun; for the classic that the files mean choose another folder, or "
            "--fresh",
            config->preset, config->evaluation_output_dir);
    return status;
}

void ps_cli_print_troubles(size_t errors, size_t faults) {
    if (errors > 0)
        ps_cli_note("%zu problem%s failed; the result line says why in the field error", errors,
                    errors == 1 ? "" : "s");
    if (faults > 0) ps_cli_note("%zu record%s of the data set could not be used", faults, faults == 1 ? "" : "s");
}

void ps_cli_print_path(const char *what, const char *path) {
    fputs(what, stdout);
    ps_cli_put(stdout, path);
    putchar('\n');
}

enum { MOST_SERVERS = 256 };

static double share(uint64_t part, uint64_t all) {
    return all > 0 ? 100 * (double)part / (double)all : 0;
}

/* How the work fell on the servers, and how much of the prefixes they had in their caches. */
static void print_servers(const ps_engine *engine) {
    ps_engine_server servers[MOST_SERVERS];
    const size_t all = ps_engine_servers(engine, servers, MOST_SERVERS), n = all < MOST_SERVERS ? all : MOST_SERVERS;
    uint64_t drawn = 0, prompt = 0, cached = 0;
    for (size_t i = 0; i < n; i++) {
        drawn += servers[i].drawn;
        prompt += servers[i].prompt;
        cached += servers[i].cached;
    }
    if (prompt > 0)
        ps_cli_note("prefix cache of the server%s: %.1f%% of %llu tokens of prefixes were in it", n > 1 ? "s" : "",
                    share(cached, prompt), (unsigned long long)prompt);
    for (size_t i = 0; i < n && n > 1; i++)
        ps_cli_note("%s: %llu requests, %llu tokens (%.1f%%), cache %.1f%%%s%s", servers[i].url,
                    (unsigned long long)servers[i].requests, (unsigned long long)servers[i].drawn,
                    share(servers[i].drawn, drawn), share(servers[i].cached, servers[i].prompt),
                    strcmp(servers[i].state, "there") == 0 ? "" : ", now ",
                    strcmp(servers[i].state, "there") == 0 ? "" : servers[i].state);
}

/* What particles that wrote the same saved, what the cache took, and what too small a one cost: a prefix that was
 * dropped is computed again. All of it changes time, not results. */
void ps_cli_print_engine(const ps_models *models) {
    ps_engine_stats stats;
    ps_engine_get_stats(ps_models_engine(models), &stats);
    if (stats.shared > 0)
        ps_cli_note("%llu tokens were drawn from %llu forward passes: particles that write the same share them",
                    (unsigned long long)stats.generated, (unsigned long long)(stats.generated - stats.shared));
    if (stats.cells > 0)
        ps_cli_note("KV cache: at most %llu cells of a context in use", (unsigned long long)stats.cells);
    if (stats.recomputed > 0) {
        const bool many = 4 * stats.recomputed > stats.generated;
        ps_cli_note("KV cache: %llu times a prefix was dropped, %llu tokens were computed again (of %llu prefilled and "
                    "%llu generated)%s",
                    (unsigned long long)stats.evictions, (unsigned long long)stats.recomputed,
                    (unsigned long long)stats.prefilled, (unsigned long long)stats.generated,
                    many ? ": more cells (engine.llama.n_ctx) or fewer problems in flight "
                           "(evaluation.parallel_problems) save that"
                         : "");
    }
    print_servers(ps_models_engine(models));
}
