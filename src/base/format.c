/* Messages in a room of fixed size. What makes a message long is a path, or another text from elsewhere; what it says
 * of it, the reason at its end above all, is to be read whole. */
#include "persamp/base.h"

#include <stdio.h>
#include <string.h>

enum { MOST_PARTS = 16, LONGEST_FORMAT = 2048, SHORTEST = 24 };

static const char gap[] = " \xE2\x80\xA6 "; /* … */
enum { GAP = sizeof gap - 1 };

/* Where in the whole message one argument stands. */
typedef struct part {
    size_t from, length;
} part;

/* Bytes that the first `length` bytes of the format write. */
static size_t written(const char *format, size_t length, va_list args) {
    char start[LONGEST_FORMAT];
    va_list copy;
    memcpy(start, format, length);
    start[length] = '\0';
    va_copy(copy, args);
    int n = vsnprintf(NULL, 0, start, copy);
    va_end(copy);
    return n > 0 ? (size_t)n : 0;
}

/* The texts among the arguments; at most MOST_PARTS, the others stay as they are. */
static size_t find_parts(const char *format, va_list args, part *parts) {
    size_t n = 0;
    for (const char *at = format; (at = strchr(at, '%')) != NULL && n < MOST_PARTS;) {
        const char *kind = at + 1 + strcspn(at + 1, "%diouxXeEfFgGaAcspn");
        if (*kind == '\0') break;
        if (*kind == 's') {
            size_t from = written(format, (size_t)(at - format), args);
            parts[n++] = (part){from, written(format, (size_t)(kind + 1 - format), args) - from};
        }
        at = kind + 1;
    }
    return n;
}

/* The length down to which the longest parts go, so that together they lose `excess` bytes. */
static size_t level_of(const part *parts, size_t n, size_t room, size_t excess) {
    size_t level = room;
    for (; level > SHORTEST; level--) {
        size_t saved = 0;
        for (size_t i = 0; i < n; i++)
            saved += parts[i].length > level ? parts[i].length - level : 0;
        if (saved >= excess) break;
    }
    return level;
}

/* The message as it grows. */
typedef struct room {
    char *out;
    size_t size, used;
} room;

static void put(room *r, const char *text, size_t length) {
    size_t shown = ps_utf8_cut(text, length, r->size - 1 - r->used);
    memcpy(r->out + r->used, text, shown);
    r->used += shown;
}

/* A part, its middle left out where it is longer than `level`. */
static void put_part(room *r, const char *text, size_t length, size_t level) {
    if (length <= level) {
        put(r, text, length);
        return;
    }
    size_t head = ps_utf8_cut(text, length, (level - GAP) / 2), tail = length - (level - GAP - head);
    while (tail < length && ((unsigned char)text[tail] & 0xc0) == 0x80)
        tail++;
    put(r, text, head);
    put(r, gap, GAP);
    put(r, text + tail, length - tail);
}

static void put_shortened(room *r, const char *whole, size_t length, const part *parts, size_t n) {
    size_t level = level_of(parts, n, r->size - 1, length - (r->size - 1)), at = 0;
    for (size_t i = 0; i < n; i++) {
        put(r, whole + at, parts[i].from - at);
        put_part(r, whole + parts[i].from, parts[i].length, level);
        at = parts[i].from + parts[i].length;
    }
    put(r, whole + at, length - at);
    r->out[r->used] = '\0';
}

void ps_format(char *out, size_t size, const char *format, va_list args) {
    va_list copy;
    va_copy(copy, args);
    int n = vsnprintf(out, size, format, copy);
    va_end(copy);
    if (n < 0 || (size_t)n < size || strlen(format) >= LONGEST_FORMAT) return;
    char *whole = ps_malloc((size_t)n + 1);
    if (whole == NULL) return; /* its end is lost, then */
    part parts[MOST_PARTS];
    size_t n_parts = find_parts(format, args, parts);
    va_copy(copy, args);
    vsnprintf(whole, (size_t)n + 1, format, copy);
    va_end(copy);
    room r = {.out = out, .size = size};
    put_shortened(&r, whole, (size_t)n, parts, n_parts);
    ps_free(whole);
}
