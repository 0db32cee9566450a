#include "engine/llama/governor.h"

#include <math.h>

/* A trial may cost a twentieth of the time. */
static const double share = 20;
/* Fewer threads must be so much faster: with equal speed more of them are as good, and soon better. */
static const double clearly = 1.5;
/* Slow: so many times longer than the best batch of its size, for so many batches in a row. */
static const double too_long = 3;
enum { IN_A_ROW = 3 };

void ps_governor_start(ps_governor *g, int threads) {
    *g = (ps_governor){.threads = {threads}, .n_levels = 1};
    for (int fewer = threads / 2; threads > 1; fewer = 1) {
        g->threads[g->n_levels++] = fewer;
        if (fewer == 1) break;
    }
}

static size_t class_of(size_t n) {
    size_t c = 0;
    for (; n > 1 && c + 1 < PS_GOVERNOR_CLASSES; n /= 2)
        c++;
    return c;
}

static void start_trial(ps_governor *g, size_t level) {
    g->from = g->level;
    g->level = level;
    g->slow = 0;
}

/* The first batch of the trial whose size is known from before decides. */
static void end_trial(ps_governor *g, size_t class, double seconds, double each) {
    const double before = g->cost[g->from][class];
    if (before == 0) return;
    const bool fewer = g->level > g->from;
    const bool better = fewer ? each * clearly < before : each < before;
    if (fewer && better) /* what is looked at again later is the slower of the two */
        g->more_from = g->clock + share * seconds * before / each;
    else if (fewer)
        g->fewer_from = g->clock + share * seconds;
    else if (!better)
        g->more_from = g->clock + share * seconds;
    if (better)
        g->from = g->level;
    else
        g->level = g->from;
}

void ps_governor_after(ps_governor *g, size_t n, double seconds, double slow_core) {
    const size_t class = class_of(n);
    const double each = seconds / (double)n;
    g->clock += seconds;
    g->cost[g->level][class] = each;
    g->best[class] = g->best[class] == 0 ? each : fmin(g->best[class], each);
    if (g->level != g->from) {
        end_trial(g, class, seconds, each);
        return;
    }
    g->slow = each > too_long * g->best[class] ? g->slow + 1 : 0;
    const bool slow = g->slow >= IN_A_ROW || seconds > slow_core;
    if (slow && g->level + 1 < g->n_levels && g->clock >= g->fewer_from)
        start_trial(g, g->level + 1);
    else if (g->level > 0 && g->clock >= g->more_from)
        start_trial(g, g->level - 1);
}
