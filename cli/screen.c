/* Texts on one line, and tables. */
#include "screen.h"

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

/* As much of the text as goes into `limit` columns, to `out` unless it is NULL; the columns that took. Blanks are
 * written when something follows them. */
static size_t walk(FILE *out, const char *text, size_t limit) {
    size_t used = 0, blanks = 0;
    for (size_t left = strlen(text); left > 0;) {
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
    return walk(NULL, text, SIZE_MAX);
}

size_t ps_cli_put_line(FILE *out, const char *text, size_t width) {
    if (ps_cli_width(text) <= width) return walk(out, text, width);
    size_t used = walk(out, text, width > 0 ? width - 1 : 0);
    fputs("\xE2\x80\xA6", out);
    return used + 1;
}

void ps_cli_put_words(FILE *out, const char *text, size_t indent, size_t columns) {
    size_t used = 0;
    for (size_t n; *(text += strspn(text, " ")) != '\0'; text += n) {
        n = strcspn(text, " ");
        if (used > 0 && used + 1 + n > columns) {
            putc('\n', out);
            used = 0;
        }
        used += (size_t)fprintf(out, "%*s%.*s", used > 0 ? 1 : (int)indent, "", (int)n, text);
    }
    putc('\n', out);
}

/* ---- Tables -------------------------------------------------------------- */

enum { MOST_COLUMNS = 16, GAP = 2, FEWEST = 20 };

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

static void pad(FILE *out, size_t n) {
    fprintf(out, "%*s", (int)n, "");
}

/* The first column and those from `from` to before `to`. */
static void print_block(const ps_cli_table *table, FILE *out, const size_t *widths, size_t from, size_t to) {
    const char *at = ps_text_cstr(&table->cells), *end = at + table->cells.length;
    while (at < end) {
        bool row = *at++ == ROW;
        size_t owed = 0; /* blanks, once something follows them */
        for (size_t i = 0; i < (row ? table->n_columns : 1); i++, at += strlen(at) + 1) {
            if (i > 0 && (i < from || i >= to)) continue;
            size_t room = row ? widths[i] : SIZE_MAX, used = ps_cli_width(at);
            size_t shown = used < room ? used : room;
            if (i > 0) owed += GAP + room - shown;
            if (shown > 0) {
                pad(out, owed);
                owed = 0;
                shown = ps_cli_put_line(out, at, room);
            }
            if (i == 0 && row) owed = room - shown;
        }
        putc('\n', out);
    }
}

/* The width of the first column, so that the others stand beside it, or go on below. */
static size_t first_width(size_t wanted, size_t others, size_t columns) {
    if (wanted + others <= columns) return wanted;
    size_t room = columns > others ? columns - others : 0, third = columns / 3;
    if (room >= FEWEST) return room;
    size_t least = third > 12 ? third : 12;
    return wanted < least ? wanted : least;
}

void ps_cli_table_print(ps_cli_table *table, FILE *out, size_t columns) {
    size_t widths[MOST_COLUMNS] = {0}, others = 0, n = table->n_columns;
    if (!ps_text_ok(&table->cells)) fputs("(no memory for the table)\n", out);
    if (ps_text_ok(&table->cells)) measure(table, widths);
    for (size_t i = 1; i < n; i++)
        others += GAP + widths[i];
    widths[0] = first_width(widths[0], others, columns);
    for (size_t from = 1, to; ps_text_ok(&table->cells) && from < n; from = to) {
        size_t used = widths[0];
        for (to = from; to < n && (to == from || used + GAP + widths[to] <= columns); to++)
            used += GAP + widths[to];
        if (from > 1) putc('\n', out);
        print_block(table, out, widths, from, to);
    }
    ps_text_clear(&table->cells);
}
