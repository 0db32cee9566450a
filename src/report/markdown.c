/* The tables as Markdown. */
#include "report/tables.h"

#include <string.h>

/* A cell is one line, and what Markdown or HTML would take for a sign is a letter. */
static void put_cell(ps_text *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr("\\|`*_[]", *text) != NULL) ps_text_puts(out, "\\");
        if (*text == '<')
            ps_text_puts(out, "&lt;");
        else if (*text == '&')
            ps_text_puts(out, "&amp;");
        else
            ps_text_append(out, *text == '\n' || *text == '\r' ? " " : text, 1);
    }
}

static void put_table(ps_text *out, const ps_report_table *t) {
    ps_text_printf(out, "## %s\n\n", t->title);
    for (size_t i = 0; i < t->n_cells; i++) {
        ps_text_puts(out, i % t->columns == 0 ? "| " : " ");
        put_cell(out, t->cells[i]);
        ps_text_puts(out, " |");
        if (i % t->columns == t->columns - 1) ps_text_puts(out, "\n");
        if (i != t->columns - 1) continue;
        for (size_t c = 0; c < t->columns; c++)
            ps_text_puts(out, c == 0 ? "|---|" : "---:|");
        ps_text_puts(out, "\n");
    }
    if (t->note != NULL) ps_text_printf(out, "\n%s\n", t->note);
    ps_text_puts(out, "\n");
}

ps_status ps_report_markdown(const ps_report *report, ps_text *text, ps_error *err) {
    ps_report_tables tables;
    ps_status status = ps_report_make_tables(report, &tables, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < tables.n; i++)
        put_table(text, &tables.tables[i]);
    ps_report_tables_clear(&tables);
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}
