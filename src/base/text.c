/* Growing strings, the nearest of some names, whole files. */
#include "persamp/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void ps_text_clear(ps_text *text) {
    if (text->arena == NULL) ps_free(text->data);
    *text = (ps_text){.arena = text->arena};
}

/* Room for `more` bytes and the terminator; false, and the text has failed, without. */
static bool make_room(ps_text *text, size_t more) {
    if (text->failed) return false;
    bool possible = more < SIZE_MAX / 2 - text->length;
    size_t need = possible ? text->length + more + 1 : SIZE_MAX / 2; /* which an arena refuses, and remembers */
    ps_status status = text->arena != NULL ? ps_arena_reserve(text->arena, &text->data, &text->capacity, need)
                       : possible          ? ps_reserve(&text->data, &text->capacity, need)
                                           : PS_NOMEM;
    text->failed = status != PS_OK;
    return !text->failed;
}

void ps_text_reset(ps_text *text) {
    text->length = 0;
    if (text->data != NULL) text->data[0] = '\0';
}

void ps_text_append(ps_text *text, const char *bytes, size_t length) {
    if (!make_room(text, length)) return;
    if (length > 0) memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void ps_text_puts(ps_text *text, const char *string) {
    ps_text_append(text, string, strlen(string));
}

void ps_text_printf(ps_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (make_room(text, n < 0 ? SIZE_MAX / 2 : (size_t)n)) {
        vsnprintf(text->data + text->length, (size_t)n + 1, format, again);
        text->length += (size_t)n;
    }
    va_end(again);
}

const char *ps_text_cstr(const ps_text *text) {
    return text->data != NULL ? text->data : "";
}

/* ---- Nearest name -------------------------------------------------------- */

enum { LONGEST_NAME = 96 };

/* Levenshtein distance, one row at a time; names longer than LONGEST_NAME are never near. */
static size_t edit_distance(const char *a, const char *b) {
    size_t la = strlen(a), lb = strlen(b), row[LONGEST_NAME + 1];
    if (la > LONGEST_NAME || lb > LONGEST_NAME) return SIZE_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = replace < shift ? replace : shift;
        }
    }
    return row[lb];
}

const char *ps_nearest_name(const char *name, const char *const *names, size_t n) {
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2; /* farther than this is another word, not a slip */
    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(name, names[i]);
        if (distance < best) {
            best = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

/* ---- Files --------------------------------------------------------------- */

ps_status ps_read_file(const char *path, size_t limit, char **data, size_t *length, ps_error *err) {
    ps_status status = PS_OK;
    ps_text text = {0};
    char chunk[1 << 16];
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL) return ps_fail(err, PS_IO, "%s: cannot open: %s", path, strerror(errno));
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        if (n > limit - text.length) {
            status = ps_fail(err, PS_FORMAT, "%s: larger than %zu bytes", path, limit);
            goto done;
        }
        ps_text_append(&text, chunk, n);
    }
    if (ferror(file)) {
        status = ps_fail(err, PS_IO, "%s: cannot read: %s", path, strerror(errno));
        goto done;
    }
    ps_text_append(&text, "", 0); /* an empty file still gives a string */
    if (!ps_text_ok(&text)) {
        status = ps_nomem(err);
        goto done;
    }
    *data = text.data;
    *length = text.length;
    text = (ps_text){0};
done:
    if (!standard) fclose(file);
    ps_text_clear(&text);
    return status;
}
