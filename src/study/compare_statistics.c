/* What follows from the runs: accuracies, paired differences, calibration. */
#include "study/compare.h"

#include <math.h>
#include <stdlib.h>

/* ---- Calibration --------------------------------------------------------- */

void ps_calibration_add(ps_calibration *c, double confidence, bool correct) {
    int bin = (int)(confidence * 10);
    bin = bin < 0 ? 0 : bin > 9 ? 9 : bin;
    c->squares += (confidence - correct) * (confidence - correct);
    c->confidence[bin] += confidence;
    c->correct[bin] += correct;
    c->count[bin]++;
    c->n++;
}

double ps_calibration_brier(const ps_calibration *c) {
    return c->n > 0 ? c->squares / (double)c->n : NAN;
}

double ps_calibration_ece(const ps_calibration *c) {
    double sum = 0;
    for (int b = 0; b < 10; b++)
        sum += fabs(c->confidence[b] - c->correct[b]); /* count · |mean confidence − accuracy| */
    return c->n > 0 ? sum / (double)c->n : NAN;
}

void ps_calibration_rows(const ps_calibration *c, ps_reliability rows[PS_RELIABILITY_BINS]) {
    for (int b = 0; b < PS_RELIABILITY_BINS; b++) {
        const double n = c->count[b] > 0 ? (double)c->count[b] : NAN;
        rows[b] = (ps_reliability){c->count[b], c->confidence[b] / n, c->correct[b] / n};
    }
}

/* ---- Paired differences -------------------------------------------------- */

enum { RESAMPLES = 10000 };

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The i-th point of a stream of indices below n. Splitmix64: the bootstrap needs speed more than anything else, and its
 * stream is keyed by the seed like all others. */
static size_t next_index(uint64_t *state, size_t n) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (size_t)(((z >> 32) * (uint64_t)n) >> 32);
}

static bool are_equal(const double *d, size_t n) {
    for (size_t i = 1; i < n; i++)
        if (d[i] != d[0]) return false;
    return true;
}

/* Where all differences are equal no resample shows another, but there may be others: of a share above 1 − .025^(1/n)
 * one would have been seen in 97.5% of such samples (Clopper and Pearson), and each may be as far as ±1. The p is that
 * of the sign test. */
static ps_paired of_equal(double d, size_t n) {
    const double unseen = 1 - pow(0.025, 1 / (double)n);
    return (ps_paired){.mean = d,
                       .low = d - unseen * (d + 1),
                       .high = d + unseen * (1 - d),
                       .p = d != 0 ? fmin(1, ldexp(2, -(int)(n < 1000 ? n : 1000))) : 1};
}

ps_status ps_paired_bootstrap(const double *d, size_t n, uint64_t seed, ps_paired *out, ps_error *err) {
    *out = (ps_paired){NAN, NAN, NAN, NAN};
    if (n == 0) return PS_OK;
    if (are_equal(d, n)) {
        *out = of_equal(d[0], n);
        return PS_OK;
    }
    double *means = ps_malloc(RESAMPLES * sizeof *means), total = 0;
    if (means == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        total += d[i];
    const double mean = total / (double)n;
    uint64_t state = seed;
    size_t as_far = 0;
    for (size_t b = 0; b < RESAMPLES; b++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += d[next_index(&state, n)];
        means[b] = sum / (double)n;
        as_far += fabs(means[b] - mean) >= fabs(mean) - 1e-12; /* under the null the centre is zero */
    }
    qsort(means, RESAMPLES, sizeof *means, by_value);
    *out = (ps_paired){.mean = mean,
                       .low = means[RESAMPLES / 40],
                       .high = means[RESAMPLES - 1 - RESAMPLES / 40],
                       .p = (1.0 + (double)as_far) / (1.0 + RESAMPLES)};
    ps_free(means);
    return PS_OK;
}

size_t ps_holm(double *p, size_t n) {
    size_t m = 0, rank = 0;
    double largest = 0, last = -1;
    for (size_t i = 0; i < n; i++)
        m += !isnan(p[i]);
    double *sorted = ps_calloc(n, sizeof *sorted);
    if (sorted == NULL) return 0;
    for (size_t i = 0, k = 0; i < n; i++)
        if (!isnan(p[i])) sorted[k++] = p[i];
    if (m > 1) qsort(sorted, m, sizeof *sorted, by_value);
    /* Step down: the k-th smallest times (m − k + 1), never below the one before it. Equal p's share the first's. */
    for (; rank < m; rank++) {
        if (sorted[rank] == last) continue;
        last = sorted[rank];
        largest = fmax(largest, fmin(1, last * (double)(m - rank)));
        for (size_t i = 0; i < n; i++)
            if (p[i] == last) p[i] = -largest; /* marked as done by its sign */
    }
    for (size_t i = 0; i < n; i++)
        p[i] = p[i] <= 0 ? -p[i] : p[i];
    ps_free(sorted);
    return m;
}

/* ---- Cells --------------------------------------------------------------- */

static const ps_compare_variant *variant_of(const ps_compare_plan *plan, const ps_compare_cell *cell) {
    return &plan->variants[cell->method_number];
}

/* Whether a run tells of the problem what the selection asks. */
static bool is_known(const ps_compare_mark *m, ps_select select) {
    return m->known && (m->drawn || select != PS_SELECT_DRAW);
}

static void count_cell(const ps_compare_plan *plan, size_t budget, ps_compare_cell *cell) {
    ps_calibration calibration = {0};
    const ps_select select = variant_of(plan, cell)->select;
    size_t read = 0;
    for (size_t s = 0; s < cell->seeds; s++) {
        const ps_compare_run *run = ps_compare_run_of(plan, cell->method_number, budget, s);
        for (size_t i = 0; run->marks != NULL && i < plan->problems; i++) {
            const ps_compare_mark *m = &run->marks[i];
            if (!is_known(m, select)) continue;
            cell->runs++;
            read += m->read;
            cell->correct += m->correct[select];
            if (!isnan(m->confidence[select]))
                ps_calibration_add(&calibration, m->confidence[select], m->correct[select]);
        }
        cell->truncated += run->arm.truncated;
        cell->errors += run->arm.errors;
        ps_token_counts_add(&cell->tokens, &run->arm.tokens);
        cell->seconds += ps_compare_run_seconds(plan, cell->method_number, budget, s);
    }
    cell->shared = cell->shared || (read > 0 && read == cell->runs);
    cell->accuracy = cell->runs > 0 ? (double)cell->correct / (double)cell->runs : NAN;
    cell->brier = ps_calibration_brier(&calibration);
    cell->ece = ps_calibration_ece(&calibration);
    ps_calibration_rows(&calibration, cell->reliability);
    ps_wilson(cell->correct, cell->runs, &cell->low, &cell->high);
}

double ps_compare_accuracy(const ps_compare_plan *plan, const ps_compare_cell *cell, size_t budget, size_t problem) {
    const ps_select select = variant_of(plan, cell)->select;
    size_t correct = 0;
    for (size_t s = 0; s < cell->seeds; s++) {
        const ps_compare_run *run = ps_compare_run_of(plan, cell->method_number, budget, s);
        if (run->marks == NULL || !is_known(&run->marks[problem], select)) return NAN;
        correct += run->marks[problem].correct[select];
    }
    return (double)correct / (double)cell->seeds;
}

static ps_status compare_with(const ps_compare_plan *plan, const ps_compare_cell *base, size_t base_budget,
                              size_t budget, uint64_t seed, double *scratch, ps_compare_cell *cell, ps_error *err) {
    size_t n = 0;
    ps_paired paired;
    for (size_t i = 0; i < plan->problems; i++) {
        double difference =
            ps_compare_accuracy(plan, cell, budget, i) - ps_compare_accuracy(plan, base, base_budget, i);
        if (!isnan(difference)) scratch[n++] = difference;
    }
    ps_status status = ps_paired_bootstrap(scratch, n, seed, &paired, err);
    if (status != PS_OK) return status;
    cell->difference = paired.mean;
    cell->difference_low = paired.low;
    cell->difference_high = paired.high;
    cell->p = paired.p;
    return PS_OK;
}

/* The first method's cell at a cell's budget; where one of the two has no budget, the first cell of that method. */
static size_t base_of(const ps_compare_summary *summary, const size_t *budget_of, size_t c) {
    size_t first = SIZE_MAX;
    for (size_t k = 0; k < summary->n_cells; k++) {
        if (summary->cells[k].method_number != 0) continue;
        if (budget_of[k] == budget_of[c]) return k;
        if (first == SIZE_MAX) first = k;
    }
    return first;
}

ps_status ps_compare_statistics(const ps_compare_plan *plan, const size_t *budget_of, uint64_t seed,
                                ps_compare_summary *summary, ps_error *err) {
    double *scratch = ps_calloc(plan->problems + summary->n_cells, sizeof *scratch), *p = scratch;
    if (scratch == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    for (size_t c = 0; c < summary->n_cells; c++)
        count_cell(plan, budget_of[c], &summary->cells[c]);
    for (size_t c = 0; c < summary->n_cells && status == PS_OK; c++) {
        ps_compare_cell *cell = &summary->cells[c];
        cell->difference = cell->difference_low = cell->difference_high = cell->p = cell->p_holm = NAN;
        if (cell->method_number == 0) continue;
        size_t base = base_of(summary, budget_of, c);
        status = compare_with(plan, &summary->cells[base], budget_of[base], budget_of[c], seed, scratch, cell, err);
    }
    for (size_t c = 0; c < summary->n_cells; c++)
        p[c] = summary->cells[c].p;
    summary->comparisons = ps_holm(p, summary->n_cells);
    for (size_t c = 0; c < summary->n_cells; c++)
        summary->cells[c].p_holm = p[c];
    ps_free(scratch);
    return status;
}
