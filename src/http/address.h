/* Where a server is: base_url read, checked and taken apart, and whether a key may go there. */
#ifndef PERSAMP_HTTP_ADDRESS_H
#define PERSAMP_HTTP_ADDRESS_H

#include "persamp/base.h"

typedef struct ps_http_address {
    char *base; /* "https://host:8000/proxy": scheme, host, port and the path in front of /v1, no slash at its end. It
                   holds no secret and may be shown */
    bool loopback; /* the host is this machine by its name or number alone */
} ps_http_address;

/* base_url may end in /v1, as clients of OpenAI's write it. PS_ARG: it is no http:// or https:// address, or has a
 * user, a query or a fragment; the message shows no part that may be secret. */
ps_status ps_http_address_read(const char *base_url, ps_http_address *address, ps_error *err);
void ps_http_address_clear(ps_http_address *address);

/* PS_ARG: the key is empty or has control characters, or would go to another machine in the clear without
 * `allow_plain`. NULL is fine. */
ps_status ps_http_address_key(const ps_http_address *address, const char *key, bool allow_plain, ps_error *err);

#endif
