/* persamp: the command. */
#include "cli.h"

#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct command {
    const char *name, *doc;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    {"solve", "answer one question", ps_cmd_solve},
    {"eval", "measure a method on a data set", ps_cmd_eval},
    {"compare", "compare methods at equal cost", ps_cmd_compare},
    {"tune", "find the settings that answer best", ps_cmd_tune},
    {"study", "look at what was tuned", ps_cmd_study},
    {"report", "show what eval, compare and tune left, as one page", ps_cmd_report},
    {"learn", "teach a model to judge its own unfinished answers", ps_cmd_learn},
    {"serve", "answer over HTTP, in the words of the OpenAI API", ps_cmd_serve},
    {"config", "show or explain the configuration", ps_cmd_config},
    {"verify", "compare answers", ps_cmd_verify},
    {"info", "version, engine, model, processor", ps_cmd_info},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void usage(FILE *out) {
    ps_cli_help(out, "persamp: better answers from a language model by Persistent Sampling\n\n"
                     "Examples\n"
                     "  persamp solve 'Find the greatest common divisor of $84$ and $36$.'\n"
                     "  persamp eval --limit 50 --baselines greedy,sample\n"
                     "  persamp compare --methods persistent,best_of_n --budgets 4x,16x --plot compare.svg\n"
                     "  persamp report outputs -o report.html\n"
                     "  persamp config --explain ps.depth_decay\n\n"
                     "Commands\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].doc);
    ps_cli_help(out,
                "\n`persamp COMMAND -h` explains a command, `persamp --version` says which version this is. Every\n"
                "command but verify, study and report takes --config FILE and any configuration key as --key=value,\n"
                "for example --generation.n_particles=16; `persamp config` lists the keys.\n"
                "Exit codes: 0 done, 1 failed, 2 usage or configuration, 130 interrupted.\n");
}

static int unknown(const char *name) {
    const char *names[N_COMMANDS];
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    const char *nearest = ps_nearest_name(name, names, N_COMMANDS);
    if (nearest != NULL)
        ps_cli_say("there is no command %s; did you mean %s?", name, nearest);
    else
        ps_cli_say("there is no command %s", name);
    fputs("`persamp -h` lists them.\n", stderr);
    return EXIT_USAGE;
}

/* What was printed must have arrived: a full disk behind standard output is a failure. */
static int after_output(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    ps_cli_say("cannot write to standard output: %s", strerror(errno));
    return code == EXIT_DONE ? EXIT_FAILED : code;
}

/* Started without standard input, output or error, as some daemons do, the next file that is opened would be one of
 * them: a results file, into which the progress is then printed. */
static void hold_standard_files(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
        if (open("/dev/null", O_RDWR) != fd) _Exit(EXIT_FAILED); /* there is nowhere to say why */
    }
}

/* Where GMP, FLINT or jansson have no memory left nothing can be unwound. What is on the disk is whole: a line of
 * results that is cut off is cut away when the folder is opened again. */
static void end_without_memory(void) {
    static const char words[] = "persamp: out of memory\n";
    ssize_t written = write(STDERR_FILENO, words, sizeof words - 1);
    (void)written;
    _exit(EXIT_FAILED);
}

int main(int argc, char **argv) {
    hold_standard_files();
    ps_adopt_libraries(end_without_memory);
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is then an error of the write, with a message */
    if (argc < 2) {
        usage(stderr);
        return EXIT_USAGE;
    }
    if (ps_cli_wants_help(argv[1])) {
        usage(stdout);
        return after_output(EXIT_DONE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("persamp %s\n", ps_version());
        return after_output(EXIT_DONE);
    }
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0) return after_output(commands[i].run(argc - 1, argv + 1));
    return unknown(argv[1]);
}
