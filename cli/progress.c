/* What a long run shows: progress, records it leaves out, and how to go on. */
#include "cli.h"

#include "screen.h"

#include <stdio.h>
#include <string.h>

/* ---- Progress ------------------------------------------------------------ */

static void add_time(ps_text *line, double seconds) {
    unsigned s = (unsigned)(seconds + 0.5);
    if (s >= 3600)
        ps_text_printf(line, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        ps_text_printf(line, "%u:%02u", s / 60, s % 60);
}

/* How far the arm under way is and how long it will take; with its speed where there is room. */
static void add_facts(const ps_cli_progress *state, double now, bool speed, ps_text *line) {
    const ps_eval_arm *arm = &state->shown;
    bool finished = arm->done == state->total;
    double seconds = now - state->started;
    size_t fresh = arm->done - state->resumed;
    ps_text_printf(line, "%zu/%zu", arm->done, state->total);
    if (arm->done > 0) ps_text_printf(line, "  %.1f%% right", 100.0 * (double)arm->correct / (double)arm->done);
    if (speed && seconds > 0.5 && fresh > 0)
        ps_text_printf(line, "  %.0f tokens/s", (double)(arm->tokens.generated - state->tokens_before) / seconds);
    if (!finished && fresh == 0 && seconds < 1) return;
    ps_text_puts(line, finished ? "  in " : "  ");
    add_time(line, finished || fresh == 0 ? seconds : seconds / (double)fresh * (double)(state->total - arm->done));
    if (!finished && fresh > 0) ps_text_puts(line, " left");
}

/* "[####......] ", at most `room` columns; nothing where that is too little to be read. */
static void put_bar(size_t done, size_t total, size_t room) {
    enum { MOST = 24, LEAST = 8, FRAME = 3 };
    if (room < LEAST + FRAME) return;
    size_t width = room - FRAME < MOST ? room - FRAME : MOST, full = total > 0 ? done * width / total : 0;
    putc('[', stderr);
    for (size_t i = 0; i < width; i++)
        putc(i < full ? '#' : '.', stderr);
    fputs("] ", stderr);
}

/* On a terminal: within its width as it is now, one column kept free, since a cursor beyond the last one would wrap. */
static void draw(const ps_cli_progress *state, ps_text *facts, double now) {
    enum { NAME = 16, SHORTEST = 8 };
    size_t columns = ps_cli_screen(stderr).columns - 1, name = ps_cli_width(state->name);
    if (SHORTEST + 1 + facts->length > columns) {
        ps_text_reset(facts);
        add_facts(state, now, false, facts);
    }
    size_t left = columns > facts->length + 1 + SHORTEST ? columns - facts->length - 1 : SHORTEST;
    name = name > NAME ? name : NAME;
    name = name < left ? name : left;
    fputs("\r\033[K", stderr);
    size_t used = ps_cli_put_line(stderr, state->name, name);
    fprintf(stderr, "%*s ", (int)(name - used), "");
    put_bar(state->shown.done, state->total, left - name);
    ps_cli_put_line(stderr, ps_text_cstr(facts), columns > name + 1 ? columns - name - 1 : 0);
}

/* The line of the arm under way, as it stands now. */
static void print_progress(ps_cli_progress *state, double now) {
    ps_text facts = {0};
    bool finished = state->shown.done == state->total;
    state->last = now;
    if (state->json) return;
    add_facts(state, now, true, &facts);
    if (state->terminal)
        draw(state, &facts, now);
    else
        fprintf(stderr, "%-16s %s", state->name, ps_text_cstr(&facts));
    if (!state->terminal || finished) putc('\n', stderr);
    ps_cli_line_open(state->terminal && !finished);
    fflush(stderr);
    ps_text_clear(&facts);
}

/* Seconds between two lines: more of them where they stay, in a file. */
static double interval(const ps_cli_progress *state, double now) {
    if (state->terminal) return 0.1;
    return now - state->started < 60 ? 5 : 30;
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
        if (p->arm->done > 0)
            ps_cli_say("%s: %zu of %zu problems are done already", state->name, p->arm->done, p->total);
    }
    state->shown = *p->arm;
    state->total = p->total;
    if (p->arm->done == p->total || now - state->last >= interval(state, now)) print_progress(state, now);
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

void ps_cli_doubtful(void *user, size_t n, size_t of) {
    (void)user;
    ps_cli_say(
        "%zu of the %zu problems are of none of the kinds that the shipped model has learnt: for a model of your "
        "own see `tools/get-model --list` and models.generator.model_path (docs/models.md)",
        n, of);
}

/* ---- After an interruption ----------------------------------------------- */

/* A word as a shell takes it. On standard error, where the one who interrupted looks. */
static void print_quoted(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
    bool quote = *word == '\0' || word[strspn(word, plain)] != '\0';
    if (quote) putc('\'', stderr);
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            fputs("'\\''", stderr);
        else
            putc(*word, stderr);
    }
    if (quote) putc('\'', stderr);
}

void ps_cli_print_resume(int argc, char **argv) {
    fputs("\ninterrupted; what was finished is on disk. To go on:\n  persamp", stderr);
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--fresh") != 0) {
            putc(' ', stderr);
            print_quoted(argv[i]);
        }
    putc('\n', stderr);
}
