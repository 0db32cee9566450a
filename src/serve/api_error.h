/* What is wrong with a request, as the API says it: a status of HTTP and an object
 * {"error": {"message", "type", "param", "code"}}. */
#ifndef PERSAMP_SERVE_API_ERROR_H
#define PERSAMP_SERVE_API_ERROR_H

#include "persamp/base.h"

typedef struct ps_api_error {
    int http;             /* 400 to 599; 0: nothing is wrong */
    const char *type;     /* static */
    const char *code;     /* static; NULL for null */
    char param[96];       /* the field to blame; "" for null */
    char message[640];    /* one or two sentences for whoever wrote the request */
    unsigned retry_after; /* seconds; 0: no such header */
} ps_api_error;

/* Fill *err; false, so that `return ps_api_refuse(err, 400, "n", …)` is the idiom. `param` and `code` may be NULL. The
 * type follows from the status. */
bool ps_api_refuse(ps_api_error *err, int http, const char *param, const char *code, const char *format, ...)
    PS_PRINTF(5, 6);

/* The object, appended to *text. */
ps_status ps_api_error_json(const ps_api_error *error, ps_text *text, ps_error *err);

#endif
