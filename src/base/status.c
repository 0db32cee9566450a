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
    char rest[sizeof err->message];
    memcpy(rest, err->message, sizeof rest);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof err->message)
        snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", rest);
    err->code = code;
    return code;
}
