/* The tables of a report, for a page and for Markdown alike. */
#ifndef PERSAMP_REPORT_TABLES_H
#define PERSAMP_REPORT_TABLES_H

#include "report/model.h"

typedef struct ps_report_table {
    const char *id, *title, *note; /* note: a sentence below it; NULL: none */
    size_t columns;
    const char **cells; /* [n_cells] row by row, the headings first */
    size_t n_cells, capacity;
} ps_report_table;

enum { PS_REPORT_TABLES = 8 };
typedef struct ps_report_tables {
    ps_report_table tables[PS_REPORT_TABLES]; /* [n] */
    size_t n;
    ps_arena *arena; /* owns the texts */
} ps_report_tables;

/* All that have a row. PS_NOMEM. */
ps_status ps_report_make_tables(const ps_report *report, ps_report_tables *out, ps_error *err);
void ps_report_tables_clear(ps_report_tables *tables);

/* Numbers of a report's words in order of name, in the arena. */
size_t *ps_report_order(const ps_report_words *words, ps_arena *arena);

#endif
