/* What the commands share. Each command is one file with one function: arguments in, exit code out. */
#ifndef PERSAMP_CLI_CLI_H
#define PERSAMP_CLI_CLI_H

#include "persamp/persamp.h"

#include <stdio.h>

/* Exit codes. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

/* argv[0] is the command's name. */
int ps_cmd_solve(int argc, char **argv);
int ps_cmd_eval(int argc, char **argv);
int ps_cmd_compare(int argc, char **argv);
int ps_cmd_tune(int argc, char **argv);
int ps_cmd_study(int argc, char **argv);
int ps_cmd_report(int argc, char **argv);
int ps_cmd_config(int argc, char **argv);
int ps_cmd_verify(int argc, char **argv);
int ps_cmd_learn(int argc, char **argv);
int ps_cmd_info(int argc, char **argv);
int ps_cmd_serve(int argc, char **argv);

/* Write a text that may come from a file, a model or a configuration: what a terminal would take for a command (control
 * characters, escapes, bytes that are no UTF-8) is written as \x1b. Line breaks and tabs stay. */
void ps_cli_put(FILE *out, const char *text);
/* Likewise JSON, which stays the same JSON. */
void ps_cli_put_json(FILE *out, const char *json);
/* "persamp: " and the message, a line on standard error, by ps_cli_put. Every message of the command goes this way. A
 * line of progress that stands there gives way. */
void ps_cli_say(const char *format, ...) PS_PRINTF(1, 2);
void ps_cli_line_open(bool open); /* whether one stands there, without its end */
bool ps_cli_line_is_open(void);   /* still: no message has come since */
void ps_cli_line_close(void);     /* wipe it away, if there is one */

/* Print "persamp: message" to standard error. Returns the exit code that goes with the status. */
int ps_cli_error(const ps_error *err);
/* Likewise for what goes wrong once the arguments have been understood: a malformed input file is no
 * mistake in them. */
int ps_cli_failure(const ps_error *err);

/* Whether argument asks for help. */
bool ps_cli_wants_help(const char *argument);

/* The value of an option spelled --name VALUE or --name=VALUE at argv[*i]; advances *i past it. NULL if argv[*i] is
 * another argument. A missing value is reported and *failed set. */
const char *ps_cli_option(int argc, char **argv, int *i, const char *name, bool *failed);

/* False, and said so, where the value of an option is empty: a shell's variable that is not set. */
bool ps_cli_filled(const char *name, const char *value);

/* --config FILE, --key=value, -o key=value at argv[*i] into the configuration; advances *i past it. 1: taken; 0:
 * another argument; −1: wrong, and said so. */
int ps_cli_take_config(int argc, char **argv, int *i, ps_config *config);

/* "unknown argument …", with the nearest of the command's own options (NULL-terminated). Returns EXIT_USAGE. */
int ps_cli_unknown(const char *command, const char *argument, const char *const *options);

/* A whole number ≥ 0, or a message and false. */
bool ps_cli_count(const char *option, const char *value, size_t *out);
/* --shard I/N; false and a message where it is something else. */
bool ps_cli_shard(const char *value, size_t *shard, size_t *shards);

/* Messages of the library on standard error and in a file, as logging.* says; and lines in the file for each solved
 * problem and its selections. Quiet: a console whose level nobody chose shows warnings only. */
ps_log ps_cli_log(const ps_config *config);
ps_log ps_cli_quiet_log(const ps_config *config);
void ps_cli_log_outcome(const ps_outcome *outcome);

/* Ctrl-C: the first asks to stop, the second kills. */
void ps_cli_catch_interrupt(void);
bool ps_cli_interrupted(void *unused);

/* What is shown on standard error while problems are solved: a line that is drawn over on a terminal, one now and then
 * elsewhere. */
typedef struct ps_cli_progress {
    bool terminal;
    bool json;              /* standard error is read by a program: it gets the log and no progress */
    double started, last;   /* seconds */
    const ps_eval_arm *arm; /* under way; compared, never looked into */
    ps_eval_arm shown;      /* as it was after the last result; its name is `name` */
    char name[256];
    size_t arm_number, resumed, total;
    uint64_t tokens_before; /* of earlier runs */
} ps_cli_progress;
/* user: a ps_cli_progress */
void ps_cli_show_progress(void *user, const ps_eval_progress *progress);
bool ps_cli_progress_interrupted(void *user); /* ps_cli_interrupted, and shows that time passes */
void ps_cli_fault(void *user, const char *path, const ps_dataset_fault *fault);
void ps_cli_more_faults(void *user, const char *path, size_t n);
void ps_cli_doubtful(void *user, size_t n, size_t of);

/* After an interruption: the same command again, without --fresh. */
void ps_cli_print_resume(int argc, char **argv);

/* ---- eval and compare ---------------------------------------------------- */

/* One of the commands that solve many problems. `arguments` is its own. */
typedef struct ps_cli_run {
    const char *name;
    void (*help)(void);
    const char *const *options; /* NULL-terminated, for ps_cli_unknown */
    /* One option of its own at argv[*i]: 1 taken, 0 not its own, −1 wrong (and said so). */
    int (*take)(int argc, char **argv, int *i, void *arguments);
    int (*complete)(void *arguments); /* after the last argument: −1 go on, else the exit code; may be NULL */
    /* Is the configuration right, and what is to be said of it, before anything is loaded? It may be changed. */
    ps_status (*check)(void *arguments, ps_config *config, const ps_log *log, ps_error *err);
    ps_status (*work)(void *arguments, const ps_config *config, ps_models *models, const ps_eval_observer *observer,
                      ps_error *err);
    int (*report)(const void *arguments, const ps_models *models); /* also of an interrupted run; the exit code */
    bool (*goes_on)(const void *arguments); /* an interrupted run can be gone on with; NULL: always */
    int (*failure)(const ps_error *err);    /* ps_cli_error or ps_cli_failure */
} ps_cli_run;
int ps_cli_run_command(const ps_cli_run *run, void *arguments, int argc, char **argv);

/* Keep the preset of an output folder that was begun before, unless it is to start over; said in a line. */
ps_status ps_cli_keep_preset(ps_config *config, bool fresh, const ps_log *log, ps_error *err);
/* Of a command that makes no smoke test: a line where one is asked for, which is then put aside. */
ps_status ps_cli_no_smoke_test(ps_config *config, const char *command, const ps_log *log, ps_error *err);
/* The report of a smoke test. Returns the exit code. */
int ps_cli_print_smoke(const ps_smoke_report *report, const ps_config *config);

/* What went wrong with single problems, and what the engine did; nothing where there is nothing to say. */
void ps_cli_print_troubles(size_t errors, size_t faults);
void ps_cli_print_engine(const ps_models *models);
/* Where something was written: `what` and the path, by ps_cli_put. */
void ps_cli_print_path(const char *what, const char *path);

/* A configuration with the environment read; NULL after a message. */
ps_config *ps_cli_config(void);

#endif
