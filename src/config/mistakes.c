/* Mistakes are collected, because a user mends them together. */
#include "config/internal.h"

#include <stdio.h>
#include <string.h>

void ps_mistakes_add(ps_mistakes *m, const char *format, ...) {
    char line[640];
    if (m->n++ >= MAX_MISTAKES) return;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (char *c = line; *c != '\0'; c++) /* a file's content must not break lines or drive a terminal */
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
    if (m->lines.length > 0) ps_text_puts(&m->lines, "\n");
    ps_text_puts(&m->lines, line);
}

/* As many whole lines as `size` has room for; *n is how many. At least the first, cut if need be. */
static size_t fitting(const char *lines, size_t size, size_t *n) {
    size_t end = 0;
    *n = 0;
    for (const char *at = lines; *at != '\0';) {
        size_t length = strcspn(at, "\n"), past = (size_t)(at - lines) + length;
        if (past >= size && *n > 0) break;
        end = past < size ? past : size - 1;
        ++*n;
        at += length + (at[length] == '\n');
    }
    return end;
}

ps_status ps_mistakes_finish(ps_mistakes *m, ps_error *err) {
    ps_status status = PS_OK;
    if (!ps_text_ok(&m->lines)) {
        status = ps_nomem(err);
    } else if (m->n > 0) {
        char more[64] = "";
        size_t shown, room = err != NULL ? sizeof err->message - sizeof more : 64;
        size_t end = fitting(ps_text_cstr(&m->lines), room, &shown);
        if (m->n > MAX_MISTAKES)
            snprintf(more, sizeof more, "\nand more mistakes after these");
        else if (shown < m->n)
            snprintf(more, sizeof more, "\nand %zu more", m->n - shown);
        status = ps_fail(err, PS_FORMAT, "%.*s%s", (int)end, ps_text_cstr(&m->lines), more);
    }
    ps_text_clear(&m->lines);
    m->n = 0;
    return status;
}
