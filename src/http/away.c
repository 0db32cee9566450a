/* The server's absences, and what is said of them. */
#include "http/away.h"

#include "http/retry.h"

#include <math.h>
#include <string.h>

static const double word_every = 60; /* seconds between two lines of the log */
enum { MOST_PAUSES = 5 };            /* the pause between two askings no longer grows: eight seconds */

void ps_away_init(ps_away *away, const char *base, double outage_s, ps_log log) {
    *away = (ps_away){.base = base, .outage_s = outage_s, .log = log, .last_good = -INFINITY};
}

static void note(ps_away *away, double now, const char *why) {
    away->seen = now;
    size_t n = ps_utf8_cut(why, strlen(why), sizeof away->why - 1);
    memcpy(away->why, why, n);
    away->why[n] = '\0';
}

static void ask_later(ps_away *away, double now, double u) {
    if (away->asked < MOST_PAUSES) away->asked++;
    away->next_ask = now + ps_http_pause(away->asked, 0, u);
    double last = away->since + away->outage_s; /* so that it is known in time whether all is over */
    if (last > now) away->next_ask = fmin(away->next_ask, last);
}

static void begin_outage(ps_away *away, double now, double since) {
    if (away->outage) return;
    away->outage = true;
    away->since = since;
    away->next_word = now + word_every;
    if (away->others)
        ps_log_printf(&away->log, PS_LOG_WARNING, "%s does not answer (%s): its requests go elsewhere", away->base,
                      away->why);
    else
        ps_log_printf(&away->log, PS_LOG_WARNING, "%s does not answer (%s): requests wait for it, at most %.0f s",
                      away->base, away->why, away->outage_s);
}

/* A warning too: who reads that it is gone also reads that it is back. */
static void end_outage(ps_away *away, double now) {
    if (!away->outage) return;
    away->outage = false;
    ps_log_printf(&away->log, PS_LOG_WARNING, "%s answers again, after %.0f s", away->base, now - away->since);
}

/* ---- What came of requests ----------------------------------------------- */

void ps_away_fail(ps_away *away, uint64_t turn, double now, double since, const char *why, double u) {
    if (turn != away->turn) return;
    note(away, now, why);
    if (away->state == PS_AWAY_GONE) return;
    away->state = PS_AWAY_GONE;
    away->turn++;
    away->changes++;
    away->tell_returned = false;
    away->asked = 0;
    begin_outage(away, now, since);
    ask_later(away, now, u);
}

static void come_back(ps_away *away) {
    if (away->state != PS_AWAY_GONE) return;
    ps_away_doubt(away);
    away->changes++;
}

void ps_away_doubt(ps_away *away) {
    away->state = PS_AWAY_RETURNED;
    away->tell_returned = true;
}

void ps_away_answered(ps_away *away, uint64_t turn, double now) {
    away->last_good = now;
    if (turn != away->turn) return;
    come_back(away);
    end_outage(away, now);
}

void ps_away_asked(ps_away *away, double now, const char *why, double u) {
    if (away->state != PS_AWAY_GONE) return;
    if (why == NULL) {
        come_back(away);
        return;
    }
    note(away, now, why);
    ask_later(away, now, u);
}

void ps_away_admit(ps_away *away, double now, size_t n) {
    if (away->state != PS_AWAY_RETURNED) return;
    away->state = PS_AWAY_PRESENT;
    away->tell_returned = false;
    if (n == 0) end_outage(away, now); /* nothing will show whether it is over */
}

/* ---- As time passes ------------------------------------------------------ */

ps_status ps_away_check(ps_away *away, double now, size_t n_waiting, ps_error *err) {
    if (away->state == PS_AWAY_PRESENT) return PS_OK;
    if (away->outage && away->seen - away->since >= away->outage_s)
        return ps_fail(err, PS_HTTP,
                       "%s has been away for %.0f s, which is as long as it is waited for (outage_s): %s; start the "
                       "server and the same command again",
                       away->base, away->seen - away->since, away->why);
    if (away->outage && now >= away->next_word) {
        away->next_word = now + word_every;
        ps_log_printf(&away->log, PS_LOG_WARNING, "%s has been away for %.0f s (%s); %zu requests wait", away->base,
                      now - away->since, away->why, n_waiting);
    }
    return PS_OK;
}

double ps_away_next(const ps_away *away, bool asking) {
    double next = INFINITY;
    if (away->state == PS_AWAY_PRESENT) return next;
    if (away->outage) next = away->next_word;
    return away->state == PS_AWAY_GONE && !asking ? fmin(next, away->next_ask) : next;
}
