#include "serve/api_error.h"
#include "base/json.h"

#include <stdio.h>

static const char *type_of(int http) {
    switch (http) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 429: return "rate_limit_error";
    default: return http < 500 ? "invalid_request_error" : "server_error";
    }
}

bool ps_api_refuse(ps_api_error *err, int http, const char *param, const char *code, const char *format, ...) {
    va_list arguments;
    *err = (ps_api_error){.http = http, .type = type_of(http), .code = code};
    if (param != NULL) snprintf(err->param, sizeof err->param, "%s", param);
    va_start(arguments, format);
    ps_format(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return false;
}

ps_status ps_api_error_json(const ps_api_error *error, ps_text *text, ps_error *err) {
    json_t *object = json_pack("{s:{s:o,s:s,s:o,s:o}}", "error", "message", ps_json_text(error->message), "type",
                               error->type, "param", ps_json_text(error->param[0] != '\0' ? error->param : NULL),
                               "code", ps_json_text(error->code));
    return ps_json_dump(object, JSON_COMPACT, text, err);
}
