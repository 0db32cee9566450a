/* base_url by libcurl's own parser, so that what is checked here is what is connected to there. */
#include "http/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

/* ---- Is it this machine? ------------------------------------------------- */

static bool is_ipv4_here(const struct in_addr *a) {
    uint32_t number = ntohl(a->s_addr);
    return number >> 24 == 127 || number == INADDR_ANY; /* systems take 0.0.0.0 for themselves */
}

static bool is_ipv6_here(const struct in6_addr *a) {
    if (IN6_IS_ADDR_V4MAPPED(a)) {
        struct in_addr mapped;
        memcpy(&mapped, a->s6_addr + 12, sizeof mapped);
        return is_ipv4_here(&mapped);
    }
    return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a);
}

/* By what is written, without a look-up: a name server must not decide where a key goes. */
static bool is_loopback(const char *host) {
    char bare[64];
    struct in_addr v4;
    struct in6_addr v6;
    size_t n = strlen(host);
    if (strcasecmp(host, "localhost") == 0 || strcasecmp(host, "localhost.") == 0) return true;
    if (n < 3 || n >= sizeof bare) return false;
    if (inet_pton(AF_INET, host, &v4) == 1) return is_ipv4_here(&v4);
    if (host[0] != '[') return false;
    memcpy(bare, host + 1, n - 2); /* without its brackets */
    bare[n - 2] = '\0';
    return inet_pton(AF_INET6, bare, &v6) == 1 && is_ipv6_here(&v6);
}

/* ---- Taking it apart ----------------------------------------------------- */

/* Has it this part? */
static bool has(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static ps_status check_scheme(CURLU *url, ps_error *err) {
    char *scheme = NULL;
    ps_status status = PS_OK;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return ps_nomem(err);
    if (strcasecmp(scheme, "http") != 0 && strcasecmp(scheme, "https") != 0)
        status = ps_fail(err, PS_ARG, "base_url: %s:// is no way to a server; use http:// or https://", scheme);
    curl_free(scheme);
    return status;
}

static ps_status check_parts(CURLU *url, ps_error *err) {
    if (has(url, CURLUPART_USER) || has(url, CURLUPART_PASSWORD))
        return ps_fail(err, PS_ARG,
                       "base_url: it has a user or a password in front of an @, which would be shown in messages; "
                       "leave them out and give a key");
    if (has(url, CURLUPART_QUERY) || has(url, CURLUPART_FRAGMENT))
        return ps_fail(err, PS_ARG, "base_url: it goes on after a ? or #; write it up to the path, as in %s",
                       "http://127.0.0.1:8000/v1");
    return PS_OK;
}

/* What goes in front of "/v1/…" and "/tokenize": the path without slashes at its end, and without /v1. */
static size_t prefix_length(const char *path) {
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] == '/')
        n--;
    if (n >= 3 && memcmp(path + n - 3, "/v1", 3) == 0) n -= 3;
    while (n > 0 && path[n - 1] == '/')
        n--;
    return n;
}

/* Scheme, host and port: the whole with the path "/", without that slash. */
static ps_status join(CURLU *url, const char *path, char **base, ps_error *err) {
    char *origin = NULL;
    if (curl_url_set(url, CURLUPART_PATH, "/", 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_URL, &origin, 0) != CURLUE_OK)
        return ps_nomem(err);
    size_t n = strlen(origin) - 1, prefix = prefix_length(path);
    char *joined = ps_malloc(n + prefix + 1);
    if (joined != NULL) {
        memcpy(joined, origin, n);
        memcpy(joined + n, path, prefix);
        joined[n + prefix] = '\0';
    }
    curl_free(origin);
    if (joined == NULL) return ps_nomem(err);
    *base = joined;
    return PS_OK;
}

static ps_status take_apart(CURLU *url, ps_http_address *address, ps_error *err) {
    char *host = NULL, *path = NULL;
    ps_status status = check_scheme(url, err);
    if (status == PS_OK) status = check_parts(url, err);
    if (status != PS_OK) return status;
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        status = ps_nomem(err); /* every http:// address that was parsed has both */
    if (status == PS_OK) status = join(url, path, &address->base, err);
    if (status == PS_OK) address->loopback = is_loopback(host);
    curl_free(host);
    curl_free(path);
    return status;
}

ps_status ps_http_address_read(const char *base_url, ps_http_address *address, ps_error *err) {
    *address = (ps_http_address){0};
    if (base_url == NULL) return ps_fail(err, PS_ARG, "base_url: there is none");
    CURLU *url = curl_url();
    if (url == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, base_url, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OUT_OF_MEMORY)
        status = ps_nomem(err);
    else if (code != CURLUE_OK) /* without the text: what stands there may be a password */
        status = ps_fail(err, PS_ARG, "base_url: %s; it looks like http://127.0.0.1:8000/v1", curl_url_strerror(code));
    if (status == PS_OK) status = take_apart(url, address, err);
    curl_url_cleanup(url);
    return status;
}

void ps_http_address_clear(ps_http_address *address) {
    ps_free(address->base);
    *address = (ps_http_address){0};
}

ps_status ps_http_address_key(const ps_http_address *address, const char *key, bool allow_plain, ps_error *err) {
    if (key == NULL) return PS_OK;
    if (key[0] == '\0') return ps_fail(err, PS_ARG, "the key for %s is empty", address->base);
    for (const char *c = key; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return ps_fail(
                err, PS_ARG,
                "the key for %s has a control character (0x%02x) as character %zu; a key is one line of text",
                address->base, (unsigned char)*c, (size_t)(c - key) + 1);
    if (strncasecmp(address->base, "https:", 6) != 0 && !address->loopback && !allow_plain)
        return ps_fail(err, PS_ARG,
                       "the key for %s would cross the network in the clear; use https://, or allow it by "
                       "engine.openai.allow_plain_key: true",
                       address->base);
    return PS_OK;
}
