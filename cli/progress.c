/* What a long run shows: progress, records it leaves out, and how to go on. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

/* ---- Progress: a bar on a terminal, a line every few seconds elsewhere --- */

static void print_time(double seconds) {
    unsigned s = (unsigned)(seconds + 0.5);
    if (s >= 3600)
        printf("%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        printf("%u:%02u", s / 60, s % 60);
}

static void print_bar(size_t done, size_t total) {
    enum { WIDTH = 24 };
    size_t full = total > 0 ? done * WIDTH / total : 0;
    putchar('[');
    for (size_t i = 0; i < WIDTH; i++)
        putchar(i < full ? '#' : '.');
    putchar(']');
}

/* The line of the arm under way, as it stands now. */
static void print_progress(ps_cli_progress *state, double now) {
    const ps_eval_arm *arm = &state->shown;
    bool finished = arm->done == state->total;
    double seconds = now - state->started;
    size_t fresh = arm->done - state->resumed;
    state->last = now;
    if (state->terminal) {
        printf("\r\033[K%-12s ", state->name);
        print_bar(arm->done, state->total);
        putchar(' ');
    } else {
        printf("%-12s ", state->name);
    }
    printf("%zu/%zu", arm->done, state->total);
    if (arm->done > 0) printf("  %.1f%% right", 100.0 * (double)arm->correct / (double)arm->done);
    if (seconds > 0.5 && fresh > 0)
        printf("  %.0f tokens/s", (double)(arm->tokens.generated - state->tokens_before) / seconds);
    if (finished || fresh > 0 || seconds >= 1) {
        fputs(finished ? "  in " : "  ", stdout);
        print_time(finished || fresh == 0 ? seconds : seconds / (double)fresh * (double)(state->total - arm->done));
        if (!finished && fresh > 0) fputs(" left", stdout);
    }
    if (!state->terminal || finished) putchar('\n');
    fflush(stdout);
}

void ps_cli_show_progress(void *user, const ps_eval_progress *p) {
    ps_cli_progress *state = user;
    double now = ps_now();
    if (p->last != NULL) ps_cli_log_outcome(p->last);
    if (state->arm != p->arm || state->arm_number != p->arm_number) {
        state->arm = p->arm;
        state->arm_number = p->arm_number;
        state->started = now;
        state->last = -1e9;
        state->resumed = p->arm->done;
        state->tokens_before = p->arm->tokens.generated;
        snprintf(state->name, sizeof state->name, "%s", p->arm->name);
        if (p->arm->done > 0) printf("%s: %zu of %zu problems are done already\n", state->name, p->arm->done, p->total);
    }
    state->shown = *p->arm;
    state->total = p->total;
    if (p->arm->done == p->total || now - state->last >= (state->terminal ? 0.1 : 5)) print_progress(state, now);
}

/* A problem may take minutes with a large model: the time goes on all the same. */
bool ps_cli_progress_interrupted(void *user) {
    ps_cli_progress *state = user;
    double now = ps_now();
    bool running = state->arm != NULL && state->shown.done < state->total;
    if (running && now - state->last >= (state->terminal ? 1 : 30)) print_progress(state, now);
    return ps_cli_interrupted(NULL);
}

void ps_cli_fault(void *user, const char *path, const ps_dataset_fault *fault) {
    (void)user;
    ps_cli_say("%s:%s%zu: %s; this record is left out", path, fault->element ? " element " : "", fault->line,
               fault->message);
}

/* 999990 as "999,990". */
static void group_digits(size_t n, char text[32]) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", n);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *text++ = ',';
        *text++ = digits[i];
    }
    *text = '\0';
}

void ps_cli_more_faults(void *user, const char *path, size_t n) {
    char number[32];
    (void)user;
    group_digits(n, number);
    ps_cli_say("%s: … and %s more", path, number);
}

/* ---- After an interruption ----------------------------------------------- */

/* A word as a shell takes it. */
static void print_quoted(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
    bool quote = *word == '\0' || word[strspn(word, plain)] != '\0';
    if (quote) putchar('\'');
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*word);
    }
    if (quote) putchar('\'');
}

void ps_cli_print_resume(int argc, char **argv) {
    fputs("\ninterrupted; what was finished is on disk. To go on:\n  persamp", stdout);
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--fresh") != 0) {
            putchar(' ');
            print_quoted(argv[i]);
        }
    putchar('\n');
}
