/* Plots: a script for gnuplot, handed over through a pipe; and that of a comparison. */
#include "plot.h"

#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Okabe and Ito's palette, which colour-blind readers can tell apart. */
static const char *const colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                      "#E69F00", "#56B4E9", "#000000", "#999933"};
enum { N_COLOURS = sizeof colours / sizeof *colours };

/* ---- Whether it can be drawn --------------------------------------------- */

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcmp(text + n - m, ending) == 0;
}

/* The first executable of that name on PATH. */
static bool find_program(const char *name, char *out, size_t size) {
    const char *path = getenv("PATH");
    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        int length = snprintf(out, size, "%.*s%s%s", (int)n, path, n > 0 ? "/" : "./", name);
        if (length > 0 && (size_t)length < size && access(out, X_OK) == 0) return true;
        path += n + (path[n] == ':');
    }
    return false;
}

int ps_cli_plot_find(char *gnuplot, size_t size) {
    if (find_program("gnuplot", gnuplot, size)) return -1;
    ps_cli_say("--plot needs gnuplot, which is not on PATH; install it (apt install gnuplot-nox, brew install "
               "gnuplot) or leave --plot out: the JSON has all that it would show");
    return EXIT_FAILED;
}

int ps_cli_plot_check(const char *path, char *gnuplot, size_t size) {
    if (!ends_with(path, ".svg") && !ends_with(path, ".png")) {
        ps_cli_say("--plot %s: expected a file that ends in .svg or .png", path);
        return EXIT_USAGE;
    }
    for (const char *at = path; *at != '\0'; at++)
        if (is_control(*at)) {
            ps_cli_say("--plot %s: a file name with a line break or another control character is not taken", path);
            return EXIT_USAGE;
        }
    return ps_cli_plot_find(gnuplot, size);
}

/* ---- The script ---------------------------------------------------------- */

/* In single quotes gnuplot takes everything as it is, a quote doubled, until the line ends: what follows a line break
 * is its next command. So control characters, which nothing to be drawn needs, become blanks. */
void ps_cli_plot_quote(FILE *out, const char *text) {
    putc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'') putc('\'', out);
        putc(is_control(*text) ? ' ' : *text, out);
    }
    putc('\'', out);
}

static bool is_drawn(const ps_compare_cell *c) {
    return c->runs > 0 && c->tokens.generated > 0;
}

/* Points of one method as an inline data block: tokens per problem, accuracy, interval, in percent. */
static size_t put_points(FILE *out, const ps_compare_summary *s, size_t method, const char **name) {
    size_t n = 0;
    fprintf(out, "$m%zu << END\n", method);
    for (size_t i = 0; i < s->n_cells; i++) {
        const ps_compare_cell *c = &s->cells[i];
        if (c->method_number != method) continue;
        *name = c->method;
        if (!is_drawn(c)) continue;
        fprintf(out, "%.9g %.9g %.9g %.9g\n", (double)c->tokens.generated / (double)c->runs, 100 * c->accuracy,
                100 * c->low, 100 * c->high);
        n++;
    }
    fputs("END\n", out);
    return n;
}

/* From the lowest interval to the highest, to whole tens. */
static void put_range(FILE *out, const ps_compare_summary *s) {
    double low = 100, high = 0;
    for (size_t i = 0; i < s->n_cells; i++) {
        if (!is_drawn(&s->cells[i])) continue;
        low = fmin(low, 10 * floor(10 * s->cells[i].low));
        high = fmax(high, 10 * ceil(10 * s->cells[i].high));
    }
    if (low < high) fprintf(out, "set yrange [%g:%g]\n", low, high);
}

static void put_style(FILE *out, const char *path, const ps_compare_summary *s) {
    if (ends_with(path, ".png"))
        fputs("set terminal pngcairo size 1600,1000 fontscale 1.7 linewidth 2\n", out);
    else
        fputs("set terminal svg size 800,500 font 'sans-serif,13' background '#ffffff'\n", out);
    fputs("set border 3 lc rgb '#777777'\n"
          "set tics nomirror out scale 0.6 textcolor rgb '#333333'\n"
          "set grid ytics lc rgb '#e4e4e4' lt 1 lw 0.7\n"
          "set logscale x 2\nset format y '%g %%'\n"
          "set key outside right center reverse Left noenhanced samplen 2 spacing 1.25 textcolor rgb '#222222'\n"
          "set ylabel 'correct answers' textcolor rgb '#333333'\n"
          "set xlabel 'generated tokens per problem' textcolor rgb '#333333'\n"
          "set style fill transparent solid 0.15 noborder\n"
          "set offsets graph 0.03, graph 0.03, 0, 0\n",
          out);
    put_range(out, s);
    fprintf(out, "set title '%zu problems, 95%% intervals; one answer has %.0f tokens' textcolor rgb '#333333'\n",
            s->problems, s->answer_tokens);
    /* Ticks where the budgets lie. */
    fputs("set xtics (", out);
    const char *budget = NULL;
    for (size_t i = 0; i < s->n_cells; i++) {
        const ps_compare_cell *c = &s->cells[i];
        if (c->max_tokens == 0 || (budget != NULL && strcmp(budget, c->budget) == 0)) continue;
        fprintf(out, "%s'%zu' %zu", budget != NULL ? ", " : "", c->max_tokens, c->max_tokens);
        budget = c->budget;
    }
    fputs(")\n", out);
}

static void put_script(FILE *out, const void *what, const char *path) {
    const ps_compare_summary *s = what;
    put_style(out, path, s);
    size_t *points = ps_calloc(s->n_methods, sizeof *points);
    const char **names = ps_calloc(s->n_methods, sizeof *names);
    const char *separator = "plot ";
    for (size_t m = 0; points != NULL && names != NULL && m < s->n_methods; m++)
        points[m] = put_points(out, s, m, &names[m]);
    for (size_t m = 0; points != NULL && names != NULL && m < s->n_methods; m++) {
        const char *colour = colours[m % N_COLOURS];
        if (points[m] == 0) continue;
        fprintf(out, "%s$m%zu using %s lc rgb '%s' notitle", separator, m,
                points[m] > 1 ? "1:3:4 with filledcurves" : "1:2:3:4 with yerrorbars pt 0", colour);
        separator = ", ";
        fprintf(out, ", $m%zu using 1:2 with linespoints lc rgb '%s' lw 2 pt %zu ps 0.8 title ", m, colour,
                (size_t)(m / N_COLOURS % 2 == 0 ? 7 : 5));
        ps_cli_plot_quote(out, names[m]);
    }
    putc('\n', out);
    ps_free(points);
    ps_free(names);
}

/* What gnuplot drew, into the file that was asked for. */
static int keep_drawing(FILE *drawn, const char *path) {
    ps_text text = {0};
    ps_error err;
    char chunk[4096];
    rewind(drawn);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, drawn)) > 0;)
        ps_text_append(&text, chunk, n);
    ps_status status = PS_OK;
    if (ferror(drawn) || !ps_text_ok(&text))
        status = ps_fail(&err, PS_IO, "%s: what gnuplot drew cannot be read", path);
    else
        status = ps_write_file(path, text.data, text.length, &err);
    if (status != PS_OK) ps_cli_say("--plot %s", err.message);
    ps_text_clear(&text);
    return status == PS_OK ? EXIT_DONE : EXIT_FAILED;
}

/* Draw into a file without a name, so that gnuplot writes where no link leads, and never sees the path. */
static bool draw(const char *gnuplot, const char *path, void (*put)(FILE *out, const void *what, const char *path),
                 const void *what, FILE *drawn) {
    char command[1200];
    bool odd = strchr(gnuplot, '\'') != NULL;
    snprintf(command, sizeof command, "'%s' >/dev/fd/%d", odd ? "gnuplot" : gnuplot, fileno(drawn));
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before; /* a gnuplot that dies is an error, not our end */
    fflush(NULL);
    sigaction(SIGPIPE, &ignore, &before);
    FILE *pipe = popen(command, "w");
    int status = -1;
    if (pipe != NULL) {
        put(pipe, what, path);
        status = pclose(pipe);
    }
    sigaction(SIGPIPE, &before, NULL);
    return pipe != NULL && status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int ps_cli_plot_draw(const char *gnuplot, const char *path, void (*put)(FILE *out, const void *what, const char *path),
                     const void *what) {
    FILE *drawn = tmpfile();
    bool done = drawn != NULL && draw(gnuplot, path, put, what, drawn);
    int code = done ? keep_drawing(drawn, path) : EXIT_FAILED;
    if (!done) ps_cli_say("--plot %s: gnuplot could not draw it (its message is above)", path);
    if (drawn != NULL) fclose(drawn);
    return code;
}

int ps_cli_plot(const ps_compare_summary *summary, const char *gnuplot, const char *path) {
    return ps_cli_plot_draw(gnuplot, path, put_script, summary);
}
