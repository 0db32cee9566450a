/* Markup with texts in it. */
#ifndef PERSAMP_REPORT_HTML_H
#define PERSAMP_REPORT_HTML_H

#include "persamp/base.h"

/* Append `format`, in which %t is a text that is escaped and %s one that is markup. Nothing else is a sign in it. */
void ps_html_put(ps_text *html, const char *format, ...);

#endif
