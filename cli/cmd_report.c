/* persamp report: what eval, compare and tune left, as a page, as tables, as a picture of a pool. */
#include "cli.h"

#include "plot.h"
#include "screen.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PLACES = 64 };

typedef struct report_arguments {
    const char *places[MOST_PLACES]; /* [n] */
    size_t n;
    const char *output, *format, *run, *problem;
    size_t index; /* of --problem */
} report_arguments;

static void help(void) {
    ps_cli_help(
        stdout,
        "persamp report: what eval, compare and tune left, as one page\n\n"
        "Examples\n"
        "  persamp report outputs\n"
        "  persamp report outputs/a outputs/b -o both.html\n"
        "  persamp report outputs --format md\n"
        "  persamp report outputs --problem 7 -o pool.svg\n\n"
        "FOLDER is an output folder of eval or compare, one with a study.db of tune, a single file of result\n"
        "lines (.jsonl) or a study's database. Several are shown side by side, problem by problem.\n\n"
        "Options\n"
        "  -o, --output FILE   where it is written (report.html; Markdown goes to standard output)\n"
        "  --format FORMAT     html: a page that needs nothing else, not even a network; md: its tables (html)\n"
        "  --problem N         instead the pool of problem N, as SVG or PNG by the file's ending; its results\n"
        "                      must have their particles (--evaluation.save_particles=true)\n"
        "  --run NAME          with --problem: the run, as the tables name it (the first that has the problem)\n");
}

/* ---- What is made -------------------------------------------------------- */

static int failed(const ps_error *err) {
    ps_cli_say("report: %s", err->message);
    return EXIT_FAILED;
}

static int write_text(const char *path, const ps_text *text) {
    ps_error err;
    ps_status status = ps_write_file(path, ps_text_cstr(text), text->length, &err);
    if (status != PS_OK) return failed(&err);
    ps_cli_print_path("report in ", path);
    return EXIT_DONE;
}

static int put_page(const ps_report *report, const char *path) {
    ps_text html = {0};
    ps_error err;
    ps_report_counts counts;
    ps_status status = ps_report_html(report, 0, &html, &counts, &err);
    int code = status == PS_OK ? write_text(path, &html) : failed(&err);
    if (code == EXIT_DONE && counts.with_texts < counts.problems)
        ps_cli_note("the texts of %zu of %zu problems are left out: the file would be larger than %d MiB",
                    counts.problems - counts.with_texts, counts.problems, PS_REPORT_MOST_MIB);
    else if (code == EXIT_DONE && counts.with_pools < counts.problems)
        ps_cli_note("the pools of %zu of %zu problems are left out: the file would be larger than %d MiB",
                    counts.problems - counts.with_pools, counts.problems, PS_REPORT_MOST_MIB);
    ps_text_clear(&html);
    return code;
}

static int put_tables(const ps_report *report, const char *path) {
    ps_text text = {0};
    ps_error err;
    int code = EXIT_DONE;
    if (ps_report_markdown(report, &text, &err) != PS_OK)
        code = failed(&err);
    else if (path != NULL)
        code = write_text(path, &text);
    else
        ps_cli_put(stdout, ps_text_cstr(&text));
    ps_text_clear(&text);
    return code;
}

static int put_pool(const ps_report *report, const report_arguments *a) {
    ps_text svg = {0};
    ps_error err;
    ps_status status = ps_report_pool(report, a->index, a->run, &svg, &err);
    int code = status == PS_OK ? ps_cli_picture_write("-o", a->output, &svg) : failed(&err);
    if (code == EXIT_DONE) ps_cli_print_path("pool in ", a->output);
    ps_text_clear(&svg);
    return code;
}

static int make(const report_arguments *a) {
    ps_report *report = NULL;
    ps_error err;
    if (ps_report_read(a->places, a->n, &report, &err) != PS_OK) return failed(&err);
    int code = a->problem != NULL             ? put_pool(report, a)
               : strcmp(a->format, "md") == 0 ? put_tables(report, a->output)
                                              : put_page(report, a->output != NULL ? a->output : "report.html");
    ps_report_free(report);
    return code;
}

/* ---- Arguments ----------------------------------------------------------- */

/* 1 taken, 0 another argument, −1 wrong and said so. */
static int take(int argc, char **argv, int *i, report_arguments *a) {
    bool wrong = false;
    const struct {
        const char *name;
        const char **text;
    } options[] = {{"--output", &a->output}, {"--format", &a->format}, {"--problem", &a->problem}, {"--run", &a->run}};
    if (strcmp(argv[*i], "-o") == 0) argv[*i] = (char *)"--output";
    for (size_t k = 0; k < sizeof options / sizeof *options && !wrong; k++) {
        const char *value = ps_cli_option(argc, argv, i, options[k].name, &wrong);
        if (value == NULL) continue;
        *options[k].text = value;
        return ps_cli_filled(options[k].name, value) ? 1 : -1;
    }
    if (wrong) return -1;
    if (argv[*i][0] == '-') return 0;
    if (a->n == MOST_PLACES) {
        ps_cli_say("report: more than %d folders", MOST_PLACES);
        return -1;
    }
    a->places[a->n++] = argv[*i];
    return 1;
}

/* −1 go on, else the exit code. */
static int complete(report_arguments *a) {
    if (a->n == 0) {
        ps_cli_say("report: say which folder; for example `persamp report outputs`");
        return EXIT_USAGE;
    }
    if (strcmp(a->format, "html") != 0 && strcmp(a->format, "md") != 0) {
        ps_cli_say("--format %s: expected html or md", a->format);
        return EXIT_USAGE;
    }
    if (a->problem == NULL && a->run != NULL) {
        ps_cli_say("--run: it goes with --problem; a page has all runs");
        return EXIT_USAGE;
    }
    if (a->problem == NULL) return -1;
    if (!ps_cli_count("--problem", a->problem, &a->index)) return EXIT_USAGE;
    if (a->output == NULL) a->output = "pool.svg";
    return ps_cli_picture_check("-o", a->output);
}

int ps_cmd_report(int argc, char **argv) {
    static const char *const options[] = {"--output", "--format", "--problem", "--run", "--help", NULL};
    report_arguments a = {.format = "html"};
    for (int i = 1; i < argc; i++) {
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
        int taken = take(argc, argv, &i, &a);
        if (taken < 0) return EXIT_USAGE;
        if (taken == 0) return ps_cli_unknown("report", argv[i], options);
    }
    int code = complete(&a);
    return code < 0 ? make(&a) : code;
}
