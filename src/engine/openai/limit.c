/* Windows of time, and what is learned from them. */
#include "engine/openai/limit.h"

static const double WINDOW = 5, SLOWER = 0.85; /* seconds; a share of the window before */
enum { LEAST = 8 };

void ps_remote_limit_init(ps_remote_limit *limit, size_t most, bool fixed) {
    *limit = (ps_remote_limit){.most = most, .now = most, .fixed = fixed};
}

size_t ps_remote_limit_room(const ps_remote_limit *limit) {
    return limit->under_way < limit->now ? limit->now - limit->under_way : 0;
}

/* A window in which there was always more to send is over. */
static void judge(ps_remote_limit *l, double rate) {
    const size_t was = l->now;
    if (l->last_rate > 0 && rate < SLOWER * l->last_rate) {
        if (l->last_now > l->now)
            l->now = l->last_now; /* less was slower */
        else if (l->now / 2 >= LEAST)
            l->now /= 2;
    }
    l->last_rate = rate;
    l->last_now = was;
}

void ps_remote_limit_came(ps_remote_limit *l, size_t tokens, size_t longest, double seconds, bool waiting, double now) {
    if (longest > 0) {
        const double one = seconds / (double)longest;
        l->seconds_per_token = l->seconds_per_token == 0 ? one : 0.9 * l->seconds_per_token + 0.1 * one;
    }
    if (l->fixed) return;
    if (l->began == 0) {
        l->began = now;
        l->full = true;
    }
    l->tokens += tokens;
    l->full = l->full && waiting;
    if (now - l->began < WINDOW) return;
    if (l->full)
        judge(l, (double)l->tokens / (now - l->began));
    else
        l->last_rate = 0;
    l->began = now;
    l->tokens = 0;
    l->full = true;
}
