#include "engine/openai/events.h"

#include <string.h>

void ps_remote_events_clear(ps_remote_events *events) {
    ps_text_clear(&events->bytes);
    events->at = 0;
}

/* What was read is dropped when it is at least as much as what was not, so no byte is moved often. */
void ps_remote_events_add(ps_remote_events *events, const char *bytes, size_t n) {
    ps_text *held = &events->bytes;
    const size_t left = held->length - events->at;
    if (events->at > 0 && events->at >= left) {
        memmove(held->data, held->data + events->at, left);
        held->length = left;
        events->at = 0;
    }
    ps_text_append(held, bytes, n);
}

bool ps_remote_events_next(ps_remote_events *events, bool ended, const char **data, size_t *length) {
    return ps_text_ok(&events->bytes) &&
           ps_remote_events_of(ps_text_cstr(&events->bytes), events->bytes.length, ended, &events->at, data, length);
}

/* The data in a line, if it is such a line. llama-server may call what ends a stream early "error". */
static bool data_of(const char *line, size_t length, const char **data, size_t *data_length) {
    static const char *const fields[] = {"data:", "error:"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const size_t skip = strlen(fields[i]);
        if (length < skip || memcmp(line, fields[i], skip) != 0) continue;
        const size_t blank = length > skip && line[skip] == ' ';
        *data = line + skip + blank;
        *data_length = length - skip - blank;
        return true;
    }
    return false;
}

bool ps_remote_events_of(const char *body, size_t size, bool ended, size_t *at, const char **data, size_t *length) {
    while (*at < size) {
        const char *line = body + *at, *newline = memchr(line, '\n', size - *at);
        if (newline == NULL && !ended) return false;
        size_t n = newline != NULL ? (size_t)(newline - line) : size - *at;
        *at += n + (newline != NULL);
        if (n > 0 && line[n - 1] == '\r') n--;
        if (data_of(line, n, data, length)) return true;
    }
    return false;
}
