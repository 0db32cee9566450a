/* The rules of trying again. */
#include "http/retry.h"

#include <math.h>
#include <string.h>

static const double first_pause = 0.5, longest_pause = 30, longest_asked = 120;

/* ---- What came ----------------------------------------------------------- */

ps_http_kind ps_http_kind_of_code(int code) {
    switch (code) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504: return PS_HTTP_BUSY;
    default: break;
    }
    if (code >= 200 && code < 300) return PS_HTTP_GOOD;
    return code >= 500 && code < 600 ? PS_HTTP_BROKEN : PS_HTTP_FINAL;
}

ps_http_kind ps_http_kind_of_curl(CURLcode code, bool sent, bool reused, bool heard) {
    switch (code) {
    case CURLE_OUT_OF_MEMORY: return PS_HTTP_NO_MEMORY;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT: return PS_HTTP_UNREACHED;
    case CURLE_OPERATION_TIMEDOUT: return sent ? PS_HTTP_LATE : PS_HTTP_UNREACHED;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING: return reused && !heard ? PS_HTTP_STALE : PS_HTTP_BROKEN;
    case CURLE_PARTIAL_FILE:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_PROXY: return PS_HTTP_BROKEN;
    default: return PS_HTTP_FINAL; /* TLS, what is no HTTP, what was put together wrongly here */
    }
}

/* ---- How long to wait ---------------------------------------------------- */

double ps_http_retry_after(const char *value, int64_t now) {
    double seconds;
    if (ps_parse_real(value, strlen(value), &seconds)) return seconds >= 0 ? seconds : -1;
    int64_t date = (int64_t)curl_getdate(value, NULL);
    if (date < 0) return -1;
    return date > now ? (double)(date - now) : 0;
}

double ps_http_pause(unsigned n, double retry_after, double u) {
    double pause = fmin(ldexp(first_pause, (int)(n < 32 ? n : 32) - 1), longest_pause);
    pause = fmax(pause, fmin(retry_after, longest_asked));
    return pause * (1 + u / 2);
}

/* ---- What to do ---------------------------------------------------------- */

static ps_http_verdict again(double after_s) {
    return (ps_http_verdict){PS_HTTP_AGAIN, after_s};
}

static ps_http_verdict give_up(void) {
    return (ps_http_verdict){PS_HTTP_GIVE_UP, 0};
}

static ps_http_verdict away(void) {
    return (ps_http_verdict){PS_HTTP_AWAY, 0};
}

/* The server is at fault, so the request need not fail: but not for ever, for one path may be closed while others are
 * open. When others were served since the first failure of a round, the server is there, and this one goes on asking.
 */
static ps_http_verdict retry_busy(const ps_http_rules *rules, ps_http_tries *tries, double now, double last_good,
                                  double retry_after, double u) {
    if (tries->busy++ == 0)
        tries->busy_since = now;
    else if (now - tries->busy_since >= rules->outage_s)
        return give_up();
    if (tries->round++ == 0) tries->round_since = now;
    bool doubtful = tries->round > (unsigned)rules->retries;
    bool served = last_good >= tries->round_since;
    if (doubtful) tries->round = 0;
    return doubtful && !served ? away() : again(ps_http_pause(tries->busy, retry_after, u));
}

ps_http_verdict ps_http_retry(const ps_http_rules *rules, ps_http_tries *tries, ps_http_kind kind, double now,
                              double last_good, double retry_after, double u) {
    switch (kind) {
    case PS_HTTP_GOOD:
    case PS_HTTP_FINAL:
    case PS_HTTP_NO_MEMORY: return give_up();
    case PS_HTTP_STALE: return again(0); /* on a new connection, which cannot be stale */
    case PS_HTTP_UNREACHED: return away();
    case PS_HTTP_BUSY: return retry_busy(rules, tries, now, last_good, retry_after, u);
    case PS_HTTP_BROKEN:
        if (tries->broken >= (unsigned)rules->retries) return give_up();
        return again(ps_http_pause(++tries->broken, retry_after, u));
    case PS_HTTP_LATE:
        if (tries->late > 0 || rules->retries == 0) return give_up();
        tries->late++;
        return rules->others ? away() : again(ps_http_pause(1, retry_after, u));
    }
    return give_up();
}
