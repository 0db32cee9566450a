/* Status codes and the error record. */
#include "persamp/base.h"

#include <stdio.h>
#include <string.h>

const char *ps_status_text(ps_status status) {
    switch (status) {
#define X(name, text)                                                                                                  \
    case PS_##name: return text;
        PS_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

ps_status ps_error_set(ps_error *err, ps_status code, const char *file, int line, const char *format, ...) {
    if (err == NULL) return code;
    err->code = code;
    err->file = file;
    err->line = line;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

ps_status ps_error_prefix(ps_error *err, ps_status code, const char *format, ...) {
    if (err == NULL) return code;
    char context[256];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    /* The old message moves right; what no longer fits is cut at its end. */
    size_t shift = strlen(context) + 2, room = sizeof err->message - 1 - shift;
    size_t length = strlen(err->message);
    if (length > room) length = room;
    memmove(err->message + shift, err->message, length);
    memcpy(err->message, context, shift - 2);
    memcpy(err->message + shift - 2, ": ", 2);
    err->message[shift + length] = '\0';
    err->code = code;
    return code;
}
