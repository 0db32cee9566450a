/* One problem of a report: what a page shows when it is opened. */
#ifndef PERSAMP_REPORT_PROBLEM_H
#define PERSAMP_REPORT_PROBLEM_H

#include "report/model.h"

typedef enum ps_report_detail {
    PS_REPORT_POOLS, /* texts, answers and pools */
    PS_REPORT_TEXTS  /* without the pools */
} ps_report_detail;

/* {"q": question, "truth": …, "runs": [{"run": place, "answer", "response", "error", "answers": SVG, "pool": SVG}]}, a
 * new reference. The lines are read from their files. */
ps_status ps_report_problem_json(const ps_report *report, size_t problem, ps_report_detail detail, json_t **out,
                                 ps_error *err);

/* The particles of a line as a picture, appended to *svg. PS_FORMAT: they are none of ours. */
ps_status ps_report_line_pool(const json_t *line, const char *title, bool labels, ps_draw_use use, ps_text *svg,
                              ps_error *err);

#endif
