/* A comparison read at equal forward passes or seconds. The runs were made at equal tokens, and what these cost differs
 * between methods; so a method is read between two of its budgets, problem by problem. Nothing is read beyond them. */
#include "study/compare.h"

#include <math.h>
#include <string.h>

/* A method's cells that have runs, by cost. */
typedef struct curve {
    const ps_compare_cell **cells; /* [n] */
    size_t *budgets;               /* [n] of the plan */
    double *costs;                 /* [n] ascending */
    size_t n;
} curve;

/* Where a cost lies on a curve: between two cells, `share` of the way. */
typedef struct place {
    size_t low, high;
    double share;
} place;

/* Of one problem, the mean: every token that a model computed, but the prompt. A reward model reads whatever a
 * comparison draws; it costs those that go by it. */
static double cost_of(const ps_compare_plan *plan, const ps_compare_cell *cell, ps_cost per) {
    const double runs = (double)cell->runs;
    const ps_token_counts *t = &cell->tokens;
    const uint64_t again = t->prefilled > t->prompt ? t->prefilled - t->prompt : 0;
    const uint64_t read = plan->variants[cell->method_number].rewarded ? t->prm : 0;
    const double passes = (double)(t->generated - t->shared + t->discarded + again + read);
    return (per == PS_COST_SECONDS ? cell->seconds : passes) / runs;
}

static size_t budget_of(const ps_compare_plan *plan, const ps_compare_cell *cell) {
    size_t b = 0;
    while (b + 1 < plan->n_budgets && strcmp(plan->budgets[b].text, cell->budget) != 0)
        b++;
    return *cell->budget == '\0' ? 0 : b; /* without a budget there is one run for all */
}

static void insert(curve *c, const ps_compare_cell *cell, size_t budget, double cost) {
    size_t at = c->n++;
    for (; at > 0 && c->costs[at - 1] > cost; at--) {
        c->cells[at] = c->cells[at - 1];
        c->budgets[at] = c->budgets[at - 1];
        c->costs[at] = c->costs[at - 1];
    }
    c->cells[at] = cell;
    c->budgets[at] = budget;
    c->costs[at] = cost;
}

static void curve_clear(curve *c) {
    ps_free(c->cells);
    ps_free(c->budgets);
    ps_free(c->costs);
    *c = (curve){0};
}

static ps_status curve_of(const ps_compare_plan *plan, const ps_compare_summary *s, size_t method, curve *c,
                          ps_error *err) {
    *c = (curve){.cells = ps_calloc(s->n_cells, sizeof *c->cells),
                 .budgets = ps_calloc(s->n_cells, sizeof *c->budgets),
                 .costs = ps_calloc(s->n_cells, sizeof *c->costs)};
    if (c->cells == NULL || c->budgets == NULL || c->costs == NULL) {
        curve_clear(c);
        return ps_nomem(err);
    }
    for (size_t i = 0; i < s->n_cells; i++)
        if (s->cells[i].method_number == method && s->cells[i].runs > 0)
            insert(c, &s->cells[i], budget_of(plan, &s->cells[i]), cost_of(plan, &s->cells[i], s->per));
    return PS_OK;
}

/* False: out of reach. A method without a budget has one cell, and what is left over it cannot spend. */
static bool find_place(const curve *c, double cost, place *at) {
    if (c->n == 0 || cost < c->costs[0]) return false;
    size_t high = 0;
    while (high < c->n && c->costs[high] < cost)
        high++;
    if (high == c->n && *c->cells[0]->budget != '\0') return false;
    if (high == c->n) high = c->n - 1;
    const size_t low = high > 0 && c->costs[high] > cost ? high - 1 : high;
    *at = (place){low, high, low < high ? (cost - c->costs[low]) / (c->costs[high] - c->costs[low]) : 0};
    return true;
}

/* A problem's accuracy there; NaN while a run is missing. */
static double accuracy_at(const ps_compare_plan *plan, const curve *c, const place *at, size_t problem) {
    const double low = ps_compare_accuracy(plan, c->cells[at->low], c->budgets[at->low], problem);
    if (at->share == 0) return low;
    const double high = ps_compare_accuracy(plan, c->cells[at->high], c->budgets[at->high], problem);
    return low + at->share * (high - low);
}

/* The method's own accuracy, and where `base` is another method the difference to it. */
static ps_status fill_point(const ps_compare_plan *plan, const curve *own, const curve *base, uint64_t seed,
                            double *scratch, ps_compare_point *x, ps_error *err) {
    place here, there;
    ps_paired paired;
    if (!find_place(own, x->cost, &here)) return PS_OK;
    for (size_t i = 0; i < plan->problems; i++) {
        const double accuracy = accuracy_at(plan, own, &here, i);
        if (!isnan(accuracy)) scratch[x->problems++] = accuracy;
    }
    if (x->problems == 0) return PS_OK;
    x->accuracy = 0;
    for (size_t i = 0; i < x->problems; i++)
        x->accuracy += scratch[i] / (double)x->problems;
    ps_wilson_share(x->accuracy, x->problems, &x->low, &x->high);
    if (own == base || !find_place(base, x->cost, &there)) return PS_OK;
    size_t n = 0;
    for (size_t i = 0; i < plan->problems; i++) {
        const double difference = accuracy_at(plan, own, &here, i) - accuracy_at(plan, base, &there, i);
        if (!isnan(difference)) scratch[n++] = difference;
    }
    ps_status status = ps_paired_bootstrap(scratch, n, seed, &paired, err);
    if (status != PS_OK) return status;
    x->difference = paired.mean;
    x->difference_low = paired.low;
    x->difference_high = paired.high;
    x->p = paired.p;
    return PS_OK;
}

/* A point of each method at each cost of the first. */
static ps_status fill_points(const ps_compare_plan *plan, const curve *curves, uint64_t seed, double *scratch,
                             ps_compare_summary *s, ps_error *err) {
    ps_status status = PS_OK;
    const curve *base = &curves[0];
    for (size_t level = 0; level < base->n && status == PS_OK; level++)
        for (size_t v = 0; v < plan->n_variants && status == PS_OK; v++) {
            const curve *own = &curves[v];
            ps_compare_point *x = &s->points[s->n_points++];
            *x = (ps_compare_point){.method = plan->variants[v].name,
                                    .method_number = v,
                                    .budget = base->cells[level]->budget,
                                    .cost = base->costs[level],
                                    .least = own->n > 0 ? own->costs[0] : NAN,
                                    .most = own->n > 0 ? own->costs[own->n - 1] : NAN,
                                    .accuracy = NAN,
                                    .low = NAN,
                                    .high = NAN,
                                    .difference = NAN,
                                    .difference_low = NAN,
                                    .difference_high = NAN,
                                    .p = NAN,
                                    .p_holm = NAN};
            status = fill_point(plan, own, base, seed, scratch, x, err);
        }
    return status;
}

ps_status ps_compare_view(const ps_compare_plan *plan, uint64_t seed, ps_compare_summary *s, ps_error *err) {
    const size_t most = plan->n_variants * (plan->n_budgets > 0 ? plan->n_budgets : 1);
    curve *curves = ps_calloc(plan->n_variants, sizeof *curves);
    double *scratch = ps_calloc(plan->problems + most, sizeof *scratch);
    s->points = ps_calloc(most, sizeof *s->points);
    ps_status status = curves != NULL && scratch != NULL && s->points != NULL ? PS_OK : ps_nomem(err);
    for (size_t v = 0; v < plan->n_variants && status == PS_OK; v++)
        status = curve_of(plan, s, v, &curves[v], err);
    if (status == PS_OK) status = fill_points(plan, curves, seed, scratch, s, err);
    for (size_t i = 0; i < s->n_points && status == PS_OK; i++)
        scratch[i] = s->points[i].p;
    if (status == PS_OK) s->point_comparisons = ps_holm(scratch, s->n_points);
    for (size_t i = 0; i < s->n_points && status == PS_OK; i++)
        s->points[i].p_holm = scratch[i];
    for (size_t v = 0; curves != NULL && v < plan->n_variants; v++)
        curve_clear(&curves[v]);
    ps_free(curves);
    ps_free(scratch);
    return status;
}
