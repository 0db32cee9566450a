/* Growing strings, the nearest of some names, whole files. */
#include "persamp/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Names for what is no file and yet meant to be read: standard input, and the descriptors that a shell hands over, as
 * for <(command). */
static bool names_descriptor(const char *path) {
    static const char *const names[] = {"/dev/stdin", "/dev/null", "/dev/fd/", "/proc/self/fd/"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(path, names[i], strlen(names[i])) == 0) return true;
    return false;
}

/* What is too large, or no file at all, is told before anything of it is read. */
static ps_status judge_file(const char *path, int fd, size_t limit, ps_error *err) {
    struct stat about;
    if (fstat(fd, &about) != 0) return ps_fail(err, PS_IO, "%s: cannot open: %s", path, strerror(errno));
    if (S_ISDIR(about.st_mode)) return ps_fail(err, PS_IO, "%s: cannot read: %s", path, strerror(EISDIR));
    if (!S_ISREG(about.st_mode) && !names_descriptor(path))
        return ps_fail(err, PS_IO, "%s: not a regular file but a %s", path,
                       S_ISFIFO(about.st_mode) ? "pipe (FIFO)" : "device");
    if (S_ISREG(about.st_mode) && (uintmax_t)about.st_size > limit)
        return ps_fail(err, PS_FORMAT, "%s: larger than %zu bytes", path, limit);
    return PS_OK;
}

/* A FIFO that nobody writes into must not be waited for, and O_NONBLOCK means nothing to a regular file. */
static ps_status open_file(const char *path, size_t limit, FILE **file, ps_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | (names_descriptor(path) ? 0 : O_NONBLOCK));
    if (fd < 0) return ps_fail(err, PS_IO, "%s: cannot open: %s", path, strerror(errno));
    ps_status status = judge_file(path, fd, limit, err);
    if (status == PS_OK && (*file = fdopen(fd, "rb")) == NULL) status = ps_nomem(err);
    if (status != PS_OK) close(fd);
    return status;
}

static ps_status read_all(FILE *file, const char *path, size_t limit, ps_text *text, ps_error *err) {
    char chunk[1 << 16];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;) {
        if (n > limit - text->length) return ps_fail(err, PS_FORMAT, "%s: larger than %zu bytes", path, limit);
        ps_text_append(text, chunk, n);
        if (!ps_text_ok(text)) return ps_nomem(err);
    }
    if (ferror(file)) return ps_fail(err, PS_IO, "%s: cannot read: %s", path, strerror(errno));
    ps_text_append(text, "", 0); /* an empty file still gives a string */
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

ps_status ps_read_file(const char *path, size_t limit, char **data, size_t *length, ps_error *err) {
    ps_text text = {0};
    FILE *file = stdin;
    bool standard = strcmp(path, "-") == 0;
    ps_status status = standard ? PS_OK : open_file(path, limit, &file, err);
    if (status != PS_OK) return status;
    status = read_all(file, path, limit, &text, err);
    if (!standard) fclose(file);
    if (status == PS_OK) {
        *data = text.data;
        *length = text.length;
    } else {
        ps_text_clear(&text);
    }
    return status;
}
