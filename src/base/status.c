/* Status codes and the error record. */
#include "persamp/base.h"

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
    ps_format(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

/* ps_format with its arguments in place. */
static void fill(char *out, size_t size, const char *format, ...) PS_PRINTF(3, 4);
static void fill(char *out, size_t size, const char *format, ...) {
    va_list args;
    va_start(args, format);
    ps_format(out, size, format, args);
    va_end(args);
}

ps_status ps_error_prefix(ps_error *err, ps_status code, const char *format, ...) {
    if (err == NULL) return code;
    char context[256], message[sizeof err->message];
    va_list args;
    va_start(args, format);
    ps_format(context, sizeof context, format, args);
    va_end(args);
    memcpy(message, err->message, sizeof message);
    fill(err->message, sizeof err->message, "%s: %s", context, message);
    err->code = code;
    return code;
}
