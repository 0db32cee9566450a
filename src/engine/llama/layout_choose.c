/* The choice of a layout from measured costs. */
#include "engine/llama/layout.h"

#include <math.h>

const int ps_cost_tokens[PS_COST_POINTS] = {1, 4, 16, 63, 64};

/* ---- The cost of a batch ------------------------------------------------- */

/* Points beyond the last measured one, in proportion to the tokens. */
static void complete(double *x, size_t n) {
    for (size_t i = n; i < PS_COST_POINTS; i++)
        x[i] = n > 0 ? x[n - 1] * ps_cost_tokens[i] / ps_cost_tokens[n - 1] : 0;
}

bool ps_costs_fit(const double seconds[2][PS_COST_POINTS], const double cells[2], ps_costs *costs) {
    ps_costs fit = {0};
    size_t n = 0, m = 0;
    while (n < PS_COST_POINTS && seconds[0][n] > 0)
        n++;
    if (n < 2) return false;
    for (; m < n && seconds[1][m] > 0; m++)
        fit.per_cell[m] = fmax(0, (seconds[1][m] - seconds[0][m]) / (cells[1] - cells[0]));
    for (size_t i = 0; i < n; i++)
        fit.base[i] = i < m ? fmax(seconds[0][i] - fit.per_cell[i] * cells[0], 1e-9) : seconds[0][i];
    complete(fit.base, n);
    complete(fit.per_cell, m);
    *costs = fit;
    return true;
}

static double at_point(const ps_costs *costs, size_t i, double cells) {
    return costs->base[i] + costs->per_cell[i] * cells;
}

double ps_costs_batch(const ps_costs *costs, double tokens, double cells) {
    size_t i = 0;
    if (tokens <= 0) return 0;
    if (tokens <= ps_cost_tokens[0]) return at_point(costs, 0, cells);
    while (i + 1 < PS_COST_POINTS && tokens > ps_cost_tokens[i + 1])
        i++;
    const double here = at_point(costs, i, cells);
    if (i + 1 == PS_COST_POINTS) return here * tokens / ps_cost_tokens[i];
    const double part = (tokens - ps_cost_tokens[i]) / (ps_cost_tokens[i + 1] - ps_cost_tokens[i]);
    return here + part * (at_point(costs, i + 1, cells) - here);
}

/* ---- The speed of a lane ------------------------------------------------- */

/* A problem as it usually is: the shortest and the longest step of its sequences, in tokens, and the cells it holds: of
 * its prompt and of what it has left behind, and of each sequence's own line. (Measured with the shipped model: 163,
 * 332 and 391 cells for 1, 4 and 16 sequences.) */
enum { SHORTEST = 14, LONGEST = 18, SHARED_CELLS = 128, OWN_CELLS = 20 };

/* A problem that is alone leaves its cache empty to the next. Of several the ends leave holes between the others'
 * cells, and attention goes over these, too. */
static const double holes = 1.5;

static double cells_of(size_t width, size_t problems) {
    const double cells = SHARED_CELLS + OWN_CELLS * (double)width;
    return problems > 1 ? holes * cells * (double)problems : cells;
}

/* How many of a problem's sequences run in round `at` of a step: lengths are spread evenly. */
static double running(size_t width, size_t at) {
    if (at < SHORTEST) return (double)width;
    const double longer = (double)(LONGEST - at) / (LONGEST - SHORTEST);
    return fmax(1, floor(longer * (double)width + 0.5));
}

double ps_costs_speed(const ps_costs *costs, size_t width, size_t problems) {
    const size_t period = width == 1 ? SHORTEST : LONGEST; /* one sequence waits for nobody */
    double tokens = 0, seconds = 0;
    for (size_t round = 0; round < period; round++) {
        double n = 0;
        for (size_t p = 0; p < problems; p++) /* they are not in step with each other */
            n += running(width, (round + p * period / problems) % period);
        tokens += n;
        seconds += ps_costs_batch(costs, n, cells_of(width, problems));
    }
    return seconds > 0 ? tokens / seconds : 0;
}

/* ---- Problems in flight -------------------------------------------------- */

enum { MOST_PROBLEMS = 64 }; /* in one lane */
static const double nearly = 0.95;

/* Problems of a lane, the fewest that come near the best. */
static size_t problems_of_lane(const ps_costs *costs, size_t width, size_t most) {
    double best = 0;
    for (size_t p = 1; p <= most; p++)
        best = fmax(best, ps_costs_speed(costs, width, p));
    for (size_t p = 1; p < most; p++)
        if (ps_costs_speed(costs, width, p) >= nearly * best) return p;
    return most;
}

static size_t least_of(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t ps_layout_in_flight(const ps_layout *layout, size_t width, const ps_capacity *capacity) {
    const double each = fmax(cells_of(width, 1), (double)(width * capacity->line));
    size_t most = least_of(capacity->sequences / width, (size_t)((double)capacity->cells / each));
    most = least_of(most, MOST_PROBLEMS);
    if (most < 1) most = 1;
    const size_t wanted = ps_layout_measured(layout) ? problems_of_lane(&layout->costs, width, most)
                                                     : (capacity->usual + width - 1) / width;
    return (size_t)layout->lanes * least_of(wanted, most);
}

/* ---- The layout ---------------------------------------------------------- */

double ps_layout_speed(const ps_layout *layout, size_t width) {
    if (!ps_layout_measured(layout)) return 0;
    const size_t p = problems_of_lane(&layout->costs, width, MOST_PROBLEMS);
    return layout->lanes * ps_costs_speed(&layout->costs, width, p);
}

static double score(const ps_layout *layout, size_t width) {
    if (width > 0) return ps_layout_speed(layout, width);
    return cbrt(ps_layout_speed(layout, 1) * ps_layout_speed(layout, 4) * ps_layout_speed(layout, 16));
}

size_t ps_layout_choose(const ps_layout *layouts, size_t n, size_t width) {
    const double nearly_as_fast = 0.9;
    size_t best = 0, chosen;
    for (size_t i = 1; i < n; i++)
        if (score(&layouts[i], width) > score(&layouts[best], width)) best = i;
    const double enough = nearly_as_fast * score(&layouts[best], width);
    chosen = best;
    for (size_t i = 0; i < n; i++)
        if (layouts[i].lanes < layouts[chosen].lanes && score(&layouts[i], width) >= enough) chosen = i;
    return chosen;
}
