/* persamp/report.h: what eval, compare and tune left, for people: a page, tables, pictures.
 *
 *     ps_report_read(folders, n, &report, &err);
 *     ps_report_html(report, NULL, &html, &counts, &err);   // one file that needs nothing else
 *     ps_report_free(report);
 *
 * Texts that a model wrote are text in all of it, never markup. */
#ifndef PERSAMP_REPORT_H
#define PERSAMP_REPORT_H

#include "persamp/draw.h"
#include "persamp/study.h"
#include "persamp/tune.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_report ps_report;

/* Read what is in `places`, [n]: output folders of eval and compare, single files of result lines (*.jsonl, also what
 * `solve --json` prints), and studies of tune (a folder with study.db in it, or the database itself). Of result lines
 * only numbers and places are kept, some 100 bytes a line; texts are read again when they are written. PS_IO: a place
 * cannot be read; PS_FORMAT: nothing of ours is in it, or a line is no result (the message has its number). *report is
 * owned (ps_report_free). O(size of the files). */
PS_API ps_status ps_report_read(const char *const *places, size_t n, ps_report **report, ps_error *err);
PS_API void ps_report_free(ps_report *report); /* NULL is fine */

/* What a page holds and what it had no room for. */
typedef struct ps_report_counts {
    size_t problems, runs;
    size_t with_pools, with_texts; /* problems shown with their pools, and with their texts at least */
} ps_report_counts;

enum { PS_REPORT_MOST_MIB = 40 };

/* The page, appended to *html. `most` bytes at most are pictures and texts of problems, in order: failed, cut off,
 * answered differently by different runs, wrong, right; what does not fit is left out, and the page says so. 0: such
 * that the page has at most PS_REPORT_MOST_MIB. `counts` may be NULL. Memory: the page, and one problem. */
PS_API ps_status ps_report_html(const ps_report *report, size_t most, ps_text *html, ps_report_counts *counts,
                                ps_error *err);

/* The tables as Markdown, appended to *text. */
PS_API ps_status ps_report_markdown(const ps_report *report, ps_text *text, ps_error *err);

/* The pool of a problem as a picture of its own, appended to *svg: `index` is its problem_idx, `run` the name of a run
 * as the tables have it, NULL for the first that has the problem. PS_ARG: there is none such, or its line has no
 * particles (evaluation.save_particles). */
PS_API ps_status ps_report_pool(const ps_report *report, size_t index, const char *run, ps_text *svg, ps_error *err);

/* ---- Pictures of a study ------------------------------------------------- */

typedef enum ps_trials_picture {
    PS_TRIALS_HISTORY, /* how the best came about */
    PS_TRIALS_SLICES,  /* what each key does; the first six keys */
    PS_TRIALS_PAIRS    /* what two keys do together */
} ps_trials_picture;
/* Append one to *svg. PS_ARG: no trial has a value yet, or for pairs there is only one key. */
PS_API ps_status ps_draw_trials(const ps_trials *trials, ps_trials_picture picture, ps_draw_use use, ps_text *svg,
                                ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
