#include "serve/guard.h"

#include <string.h>
#include <strings.h>

/* The name of "name:port", "[::1]:8080" or "name". */
static const char *name_of(const char *host, size_t *length) {
    if (*host == '[') {
        *length = strcspn(host + 1, "]");
        return host + 1;
    }
    *length = strcspn(host, ":");
    return host;
}

static bool is(const char *name, size_t length, const char *known) {
    return strlen(known) == length && strncasecmp(name, known, length) == 0;
}

bool ps_guard_host(const ps_config *config, const char *host, const char *bound, ps_api_error *err) {
    if (host == NULL) return true;
    size_t length;
    const char *name = name_of(host, &length);
    if (is(name, length, "localhost") || is(name, length, bound) || is(name, length, config->serve_address))
        return true;
    for (size_t i = 0; i < config->serve_hosts.n; i++)
        if (is(name, length, config->serve_hosts.items[i])) return true;
    return ps_api_refuse(err, 403, NULL, "unknown_host",
                         "the Host header names another server than this one; whoever runs it can add the name to "
                         "serve.hosts");
}

bool ps_guard_origin(const ps_config *config, const char *origin, const char *host, bool *cors, ps_api_error *err) {
    *cors = false;
    if (origin == NULL) return true;
    for (size_t i = 0; i < config->serve_cors.n; i++)
        if (strcasecmp(origin, config->serve_cors.items[i]) == 0) {
            *cors = true;
            return true;
        }
    const char *slashes = strstr(origin, "://");
    bool web = strncasecmp(origin, "http://", 7) == 0 || strncasecmp(origin, "https://", 8) == 0;
    if (web && slashes != NULL && host != NULL && strcasecmp(slashes + 3, host) == 0) return true;
    return ps_api_refuse(
        err, 403, NULL, "foreign_origin",
        "pages of this origin may not use the server; whoever runs it can add the origin to serve.cors");
}

bool ps_guard_content_type(const char *type, ps_api_error *err) {
    static const char json[] = "application/json";
    size_t length = type != NULL ? strcspn(type, "; \t") : 0;
    if (length == sizeof json - 1 && strncasecmp(type, json, length) == 0) return true;
    return ps_api_refuse(err, 415, NULL, NULL, "the Content-Type must be application/json");
}
