/* What fits on a screen: texts on one line, shortened by the columns they take, and tables that hold whatever is in
 * them. */
#ifndef PERSAMP_CLI_SCREEN_H
#define PERSAMP_CLI_SCREEN_H

#include "persamp/base.h"

#include <stdio.h>

/* Columns and rows of the terminal behind `out` as it is now; 80 and many where there is none. */
typedef struct ps_cli_size {
    size_t columns, rows;
} ps_cli_size;
ps_cli_size ps_cli_screen(FILE *out);

/* Columns of a character on a terminal: 0, 1 or 2. */
int ps_cli_columns_of(uint32_t code);

/* Columns of a text as ps_cli_put_line writes it. */
size_t ps_cli_width(const char *text);

/* Write a text on one line: control characters and line breaks as blanks, several blanks as one, what lies beyond
 * `width` columns as "…". Returns the columns it took. Nothing of it is a command for a terminal. */
size_t ps_cli_put_line(FILE *out, const char *text, size_t width);

/* A text over several lines, one a call: write as much of it as `width` columns hold, broken at a blank where there is
 * one, to `out` unless it is NULL. *used: the columns that took. Returns what is left, "" at the end. */
const char *ps_cli_put_row(FILE *out, const char *text, size_t width, size_t *used);
/* How many lines that are. */
size_t ps_cli_rows(const char *text, size_t width);

/* The words of text[0..length) on lines of `columns`, all but the first after `indent` blanks; `used` columns of the
 * first are taken. A word that is longer than a line stays whole. */
void ps_cli_put_words(FILE *out, const char *text, size_t length, size_t used, size_t indent, size_t columns);

/* A line of prose on standard output; on a terminal as many as it needs, broken between words. */
void ps_cli_note(const char *format, ...) PS_PRINTF(1, 2);

/* A help text: on a terminal, lines that are too long for it go on below the description they belong to. */
void ps_cli_help(FILE *out, const char *text);

/* ---- Tables -------------------------------------------------------------- */

/* Rows of cells under a heading, the first column to the left, the others to the right. Begin it, give every cell in
 * reading order, and print it, which also clears it. */
typedef struct ps_cli_table {
    ps_text cells;            /* of the heading and each row, ended by NULs */
    size_t n_columns, in_row; /* in_row: cells of a row that is not complete */
} ps_cli_table;
void ps_cli_table_begin(ps_cli_table *table, size_t n_columns, const char *const *headings);
void ps_cli_cell(ps_cli_table *table, const char *text);
void ps_cli_number(ps_cli_table *table, const char *format, ...) PS_PRINTF(2, 3);
/* A row that is one text, between others. */
void ps_cli_section(ps_cli_table *table, const char *title);

/* On standard output, within its columns. Where the table is wider, the first column is shortened as long as much of it
 * stays; else the columns that do not fit go on in a further table below, beside the first column again. */
void ps_cli_table_print(ps_cli_table *table);
/* Likewise on `out`, at most so many lines: rows at its end are left out. Returns how many lines were written. */
size_t ps_cli_table_draw(FILE *out, ps_cli_table *table, size_t lines);

/* ---- What is drawn over -------------------------------------------------- */

/* Whether `out` is a terminal that lets lines be drawn over: not one with TERM=dumb, or of no known kind. */
bool ps_cli_redraws(FILE *out);

/* Whole lines that stand on a terminal, to be drawn anew in their place; all zeros where there are none. */
typedef struct ps_cli_block {
    size_t lines, columns;
} ps_cli_block;
/* `lines` of them were written just now; the cursor is at the beginning of the line below. */
void ps_cli_block_stands(FILE *out, ps_cli_block *block, size_t lines);
/* Wipe them away, with all that is below; the cursor is where their first one began. They stay where the terminal has
 * another width since: how many lines they have become nobody knows. */
void ps_cli_block_wipe(FILE *out, ps_cli_block *block);

#endif
