/* Texts on one line, and tables. */
#include "screen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

ps_cli_size ps_cli_screen(FILE *out) {
    struct winsize size;
    const ps_cli_size none = {80, SIZE_MAX};
    if (isatty(fileno(out)) != 1) return none;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        return (ps_cli_size){80, 24};
    return (ps_cli_size){size.ws_col, size.ws_row};
}

enum { FEWEST = 20 }; /* columns in which a text can be read */

/* ---- A text on one line -------------------------------------------------- */

typedef enum kind { SHOWN, BLANK, CONTROL, UNSEEN } kind;

/* A character as it is shown. */
typedef struct glyph {
    const char *bytes;
    size_t length, taken; /* bytes to write, bytes of the text */
    int columns;
    kind kind;
} glyph;

static uint32_t code_of(const char *text, size_t length) {
    const unsigned char *c = (const unsigned char *)text;
    uint32_t code = length == 1 ? c[0] : c[0] & (0xffu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (c[i] & 0x3fu);
    return code;
}

/* What would move the cursor or start a command; and what would turn the order of the characters after it. */
static kind kind_of(uint32_t code) {
    if (code == ' ') return BLANK;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029) return CONTROL;
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ? UNSEEN : SHOWN;
}

static glyph glyph_at(const char *text, size_t left) {
    size_t length = ps_utf8_length(text, left);
    if (length == 0) return (glyph){"\xEF\xBF\xBD", 3, 1, 1, SHOWN};
    uint32_t code = code_of(text, length);
    return (glyph){text, length, length, ps_cli_columns_of(code), kind_of(code)};
}

/* As much of text[0..left) as goes into `limit` columns, to `out` unless it is NULL; the columns that took. Blanks are
 * written when something follows them. */
static size_t walk(FILE *out, const char *text, size_t left, size_t limit) {
    size_t used = 0, blanks = 0;
    while (left > 0) {
        glyph g = glyph_at(text, left);
        text += g.taken;
        left -= g.taken;
        if (g.kind == BLANK) blanks++;
        if (g.kind == CONTROL && used > 0 && blanks == 0) blanks = 1;
        if (g.kind != SHOWN) continue;
        if (used + blanks + (size_t)g.columns > limit) break;
        if (out != NULL) fprintf(out, "%*s%.*s", (int)blanks, "", (int)g.length, g.bytes);
        used += blanks + (size_t)g.columns;
        blanks = 0;
    }
    return used;
}

size_t ps_cli_width(const char *text) {
    return walk(NULL, text, strlen(text), SIZE_MAX);
}

size_t ps_cli_put_line(FILE *out, const char *text, size_t width) {
    if (ps_cli_width(text) <= width) return walk(out, text, strlen(text), width);
    size_t used = walk(out, text, strlen(text), width > 0 ? width - 1 : 0);
    fputs("\xE2\x80\xA6", out);
    return used + 1;
}

/* Where a line of `width` columns ends: the bytes of it, and where the next begins. */
static size_t row_end(const char *text, size_t width, size_t *next) {
    size_t used = 0, end = 0, at = 0, blank = 0, after = 0; /* blank: the last one that text stands before */
    for (size_t left = strlen(text); left > 0;) {
        glyph g = glyph_at(text + at, left);
        bool gap = g.kind == BLANK || g.kind == CONTROL;
        size_t columns = g.kind == BLANK ? 1 : g.kind == CONTROL ? used > 0 : g.kind == SHOWN ? (size_t)g.columns : 0;
        if (used + columns > width && !gap) {
            *next = blank > 0 ? after : end > 0 ? end : at + g.taken; /* what is wider than a line is left out */
            return blank > 0 ? blank : end;
        }
        if (gap && end > 0) blank = end;
        at += g.taken;
        left -= g.taken;
        used += columns;
        if (gap) after = at;
        if (!gap) end = at;
    }
    *next = at;
    return end;
}

const char *ps_cli_put_row(FILE *out, const char *text, size_t width, size_t *used) {
    size_t next = 0, end = row_end(text, width, &next);
    *used = walk(out, text, end, width);
    return text + next;
}

size_t ps_cli_rows(const char *text, size_t width) {
    size_t rows = 0;
    while (*text != '\0') {
        size_t used = 0;
        text = ps_cli_put_row(NULL, text, width, &used);
        rows += used > 0;
    }
    return rows;
}

void ps_cli_put_words(FILE *out, const char *text, size_t length, size_t used, size_t indent, size_t columns) {
    const char *end = text + length;
    bool first = true; /* on its line */
    while (text < end) {
        size_t n = 0;
        while (text + n < end && text[n] != ' ')
            n++;
        if (n > 0 && !first && used + 1 + n > columns) {
            used = (size_t)fprintf(out, "\n%*s", (int)indent, "") - 1;
            first = true;
        }
        if (n > 0) used += (size_t)fprintf(out, "%s%.*s", first ? "" : " ", (int)n, text);
        first = first && n == 0;
        text += n + (text + n < end);
    }
    putc('\n', out);
}

void ps_cli_note(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    ps_format(text, sizeof text, format, arguments);
    va_end(arguments);
    if (isatty(STDOUT_FILENO) == 1)
        ps_cli_put_words(stdout, text, strlen(text), 0, 0, ps_cli_screen(stdout).columns);
    else
        puts(text);
}

/* Where the description of an option begins: after the last two blanks in a row. */
static size_t description(const char *line, size_t length) {
    size_t at = 0;
    for (size_t i = 2; i < length; i++)
        if (line[i] != ' ' && line[i - 1] == ' ' && line[i - 2] == ' ') at = i;
    return at;
}

void ps_cli_help(FILE *out, const char *text) {
    static const char examples[] = "Examples\n";
    size_t columns = isatty(fileno(out)) == 1 ? ps_cli_screen(out).columns : SIZE_MAX;
    bool to_copy = false; /* commands are to be copied as they are */
    for (size_t length; *text != '\0'; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        size_t indent = description(text, length);
        to_copy = length > 0 && (to_copy || strncmp(text, examples, strlen(examples)) == 0);
        if (length <= columns || to_copy || indent + FEWEST > columns) {
            fprintf(out, "%.*s\n", (int)length, text);
            continue;
        }
        fprintf(out, "%.*s", (int)indent, text);
        ps_cli_put_words(out, text + indent, length - indent, indent, indent, columns);
    }
}

/* ---- Tables -------------------------------------------------------------- */

enum { MOST_COLUMNS = 16, GAP = 2 };

/* Before each row stands what it is. */
enum { ROW = 'r', SECTION = 's' };

static void add(ps_cli_table *table, const char *text) {
    ps_text_append(&table->cells, text, strlen(text) + 1);
}

void ps_cli_cell(ps_cli_table *table, const char *text) {
    if (table->in_row == 0) ps_text_append(&table->cells, &(char){ROW}, 1);
    add(table, text);
    table->in_row = (table->in_row + 1) % table->n_columns;
}

void ps_cli_number(ps_cli_table *table, const char *format, ...) {
    char text[96];
    va_list arguments;
    va_start(arguments, format);
    ps_format(text, sizeof text, format, arguments);
    va_end(arguments);
    ps_cli_cell(table, text);
}

void ps_cli_section(ps_cli_table *table, const char *title) {
    ps_text_append(&table->cells, &(char){SECTION}, 1);
    add(table, title);
}

void ps_cli_table_begin(ps_cli_table *table, size_t n_columns, const char *const *headings) {
    *table = (ps_cli_table){.n_columns = n_columns < MOST_COLUMNS ? n_columns : MOST_COLUMNS};
    for (size_t i = 0; i < table->n_columns; i++)
        ps_cli_cell(table, headings[i]);
}

static void measure(const ps_cli_table *table, size_t *widths) {
    const char *at = ps_text_cstr(&table->cells), *end = at + table->cells.length;
    while (at < end) {
        bool row = *at++ == ROW;
        for (size_t i = 0; i < (row ? table->n_columns : 1); i++) {
            size_t width = row ? ps_cli_width(at) : 0;
            widths[i] = width > widths[i] ? width : widths[i];
            at += strlen(at) + 1;
        }
    }
}

/* The first column and those from `from` to before `to`; at most so many lines, which are returned. */
static size_t print_block(FILE *out, const ps_cli_table *table, const size_t *widths, size_t from, size_t to,
                          size_t most) {
    const char *at = ps_text_cstr(&table->cells), *end = at + table->cells.length;
    size_t lines = 0;
    for (; at < end && lines < most; lines++) {
        bool row = *at++ == ROW;
        size_t owed = 0; /* blanks, once something follows them */
        for (size_t i = 0; i < (row ? table->n_columns : 1); i++, at += strlen(at) + 1) {
            if (i > 0 && (i < from || i >= to)) continue;
            size_t room = row ? widths[i] : SIZE_MAX, used = ps_cli_width(at);
            size_t shown = used < room ? used : room;
            if (i > 0) owed += GAP + room - shown;
            if (shown > 0) {
                fprintf(out, "%*s", (int)owed, "");
                owed = 0;
                shown = ps_cli_put_line(out, at, room);
            }
            if (i == 0 && row) owed = room - shown;
        }
        putc('\n', out);
    }
    return lines;
}

/* The width of the first column, so that the others stand beside it, or go on below. */
static size_t first_width(size_t wanted, size_t others, size_t columns) {
    if (wanted + others <= columns) return wanted;
    size_t room = columns > others ? columns - others : 0, third = columns / 3;
    if (room >= FEWEST) return room;
    size_t least = third > 12 ? third : 12;
    return wanted < least ? wanted : least;
}

/* The column after the block that begins with `from`. */
static size_t end_of_block(const size_t *widths, size_t n, size_t from, size_t columns) {
    size_t to = from, used = widths[0];
    for (; to < n && (to == from || used + GAP + widths[to] <= columns); to++)
        used += GAP + widths[to];
    return to;
}

static size_t blocks(const size_t *widths, size_t n, size_t columns) {
    size_t count = 0;
    for (size_t from = 1; from < n; from = end_of_block(widths, n, from, columns))
        count++;
    return count;
}

size_t ps_cli_table_draw(FILE *out, ps_cli_table *table, size_t lines) {
    size_t widths[MOST_COLUMNS] = {0}, others = 0, n = table->n_columns, columns = ps_cli_screen(out).columns,
           drawn = 0;
    if (!ps_text_ok(&table->cells)) {
        fputs("(no memory for the table)\n", out);
        ps_text_clear(&table->cells);
        return 1;
    }
    measure(table, widths);
    for (size_t i = 1; i < n; i++)
        others += GAP + widths[i];
    widths[0] = first_width(widths[0], others, columns);
    size_t least = blocks(widths, n, columns);
    while (columns > 1 && blocks(widths, n, columns - 1) == least)
        columns--; /* as narrow as so many blocks can be: none of them is left with a single column */
    size_t each = least > 0 && lines != SIZE_MAX ? (lines + 1) / least - 1 : SIZE_MAX; /* a line between two */
    for (size_t from = 1, to; from < n && each > 0; from = to) {
        to = end_of_block(widths, n, from, columns);
        if (from > 1) putc('\n', out);
        drawn += (from > 1) + print_block(out, table, widths, from, to, each);
    }
    ps_text_clear(&table->cells);
    return drawn;
}

void ps_cli_table_print(ps_cli_table *table) {
    ps_cli_table_draw(stdout, table, SIZE_MAX);
}

/* ---- What is drawn over -------------------------------------------------- */

bool ps_cli_redraws(FILE *out) {
    const char *term = getenv("TERM");
    return isatty(fileno(out)) == 1 && term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

void ps_cli_block_stands(FILE *out, ps_cli_block *block, size_t lines) {
    *block = (ps_cli_block){lines, ps_cli_screen(out).columns};
}

void ps_cli_block_wipe(FILE *out, ps_cli_block *block) {
    if (block->lines > 0 && block->columns == ps_cli_screen(out).columns)
        fprintf(out, "\033[%zuA\r\033[J", block->lines);
    *block = (ps_cli_block){0};
}
