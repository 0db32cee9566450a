/* The charts of a report. */
#ifndef PERSAMP_REPORT_CHARTS_H
#define PERSAMP_REPORT_CHARTS_H

#include "report/model.h"

/* Each chart that has something to show, as a picture of its own for a page, appended to *html inside
 * <figure id="chart-…">. PS_NOMEM. */
ps_status ps_report_put_charts(const ps_report *report, ps_text *html, ps_error *err);

#endif
