/* The inner loops of the weights over vectors of LANES doubles (vec).
 *
 * Not a header in the usual sense: kernels_INSTRUCTIONS.c includes it once, at its end, after it has defined TARGET
 * (the attribute that lets a function use the instructions), LANES, the type vec, on which - + * work elementwise, and
 * these operations:
 *
 * - load, store, all(x), fma_of(a, b, c) = a·b + c, max_of
 * - where_above(gate, limit, x, otherwise): x in the lanes where gate > limit, else `otherwise`
 * - any_above(x, limit)
 * - scale_of(x, shifted): x·2^k for x near 1, where k is the integer in the low bits of `shifted`; or, with OWN_EXP_OF
 *   defined, a better exp_of than the one below. It may give any number from 0 to e^−708 where x is below −708
 *
 * Written without fast-math: −∞ goes through every line on purpose. */

#ifndef OWN_EXP_OF
/* exp(x) for −∞ ≤ x ≤ 0 within 1.1 ulp; e^−708 below that, where normal numbers end. Cody and Waite's reduction x =
 * k·ln 2 + r, then e^r = 1 + r + r²·Q(r) with Q of degree 9 interpolated at Chebyshev points (error 1.7e−17). Adding
 * 1.5·2^52 rounds to an integer, which is then in the lowest bits of the sum, ready to be moved into the exponent.
 * SLEEF's exp took 1.9 times as long in the same loop (AVX2). */
TARGET static inline vec exp_of(vec x) {
    const vec rounder = all(0x1.8p52), clipped = max_of(x, all(-708.0));
    const vec shifted = fma_of(clipped, all(0x1.71547652b82fep+0), rounder), k = shifted - rounder;
    vec r = fma_of(k, all(-0x1.62e42fee00000p-1), clipped);
    r = fma_of(k, all(-0x1.a39ef35793c76p-33), r);
    vec q = all(0x1.af390ba7e6f47p-26);
    q = fma_of(q, r, all(0x1.2891d4ffbb0f9p-22));
    q = fma_of(q, r, all(0x1.71de0d85293b8p-19));
    q = fma_of(q, r, all(0x1.a019b8ca26fcfp-16));
    q = fma_of(q, r, all(0x1.a01a01a7cebcdp-13));
    q = fma_of(q, r, all(0x1.6c16c1789d1d7p-10));
    q = fma_of(q, r, all(0x1.11111111109a6p-7));
    q = fma_of(q, r, all(0x1.5555555553d37p-5));
    q = fma_of(q, r, all(0x1.5555555555556p-3));
    q = fma_of(q, r, all(0x1.0000000000001p-1));
    q = fma_of(q, r, all(1.0));
    return scale_of(fma_of(q, r, all(1.0)), shifted);
}
#endif

TARGET static inline double sum_of(vec x) {
    double lane[LANES], sum = 0;
    store(lane, x);
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

TARGET static inline double largest_of(vec x) {
    double lane[LANES], largest = -INFINITY;
    store(lane, x);
    for (int l = 0; l < LANES; l++)
        largest = lane[l] > largest ? lane[l] : largest;
    return largest;
}

/* LANES values from p[i…]; past the end, `pad`. */
TARGET static inline vec load_tail(const double *p, size_t i, size_t n, double pad) {
    if (i + LANES <= n) return load(p + i);
    double lane[LANES];
    for (size_t l = 0; l < LANES; l++)
        lane[l] = i + l < n ? p[i + l] : pad;
    return load(lane);
}

TARGET static inline void store_tail(double *p, size_t i, size_t n, vec x) {
    if (i + LANES <= n) {
        store(p + i, x);
        return;
    }
    double lane[LANES];
    store(lane, x);
    for (size_t l = 0; i + l < n; l++)
        p[i + l] = lane[l];
}

/* −∞ − (−∞) must not happen: where the largest term is −∞ it is replaced by the lowest finite number. */
TARGET static inline vec finite_max(vec max) {
    return max_of(max, all(-0x1.fffffffffffffp+1023));
}

/* Two vectors of snapshots at a time: each term is loaded once for both, and their arithmetic overlaps. */
enum { BLOCK = 2 * LANES };

/* The largest term of each snapshot, and the sum of its terms' exp relative to it. Not inlined: beside the calls of log
 * the compiler would keep the sums in memory. */
TARGET __attribute__((noinline)) static void sum_block(const double *ell, const ps_mix_terms *terms,
                                                       const double *log_mix, double *top, double *sum) {
    /* e^−45 = 3e−20 of the largest term is below the last bit of any sum of a batch. */
    const vec negligible = all(-45.0), constant = all(terms->constant);
    const vec ell0 = load(ell), ell1 = load(ell + LANES), start0 = load(log_mix), start1 = load(log_mix + LANES);
    const ps_mix_term *t, *end = terms->terms + terms->n;
    vec max0 = max_of(start0, constant), max1 = max_of(start1, constant);
    for (t = terms->terms; t < end; t++) {
        const vec beta = all(t->beta), log_weight = all(t->log_weight);
        max0 = max_of(max0, fma_of(beta, ell0, log_weight));
        max1 = max_of(max1, fma_of(beta, ell1, log_weight));
    }
    const vec top0 = finite_max(max0), top1 = finite_max(max1);
    vec sum0 = exp_of(start0 - top0) + exp_of(constant - top0), sum1 = exp_of(start1 - top1) + exp_of(constant - top1);
    for (t = terms->terms; t < end; t++) {
        const vec beta = all(t->beta), log_weight = all(t->log_weight);
        const vec x0 = fma_of(beta, ell0, log_weight) - top0, x1 = fma_of(beta, ell1, log_weight) - top1;
        if (!any_above(max_of(x0, x1), negligible)) continue;
        sum0 += exp_of(x0);
        sum1 += exp_of(x1);
    }
    store(top, max0);
    store(top + LANES, max1);
    store(sum, sum0);
    store(sum + LANES, sum1);
}

static void mix_block(const double *ell, const ps_mix_terms *terms, double *log_mix) {
    double top[BLOCK], sum[BLOCK];
    sum_block(ell, terms, log_mix, top, sum);
    for (int l = 0; l < BLOCK; l++)
        log_mix[l] = top[l] == -INFINITY ? -INFINITY : top[l] + log(sum[l]);
}

static void vector_mix(const double *ell, size_t n, const ps_mix_terms *terms, double *log_mix) {
    size_t whole = n - n % BLOCK;
    for (size_t i = 0; i < whole; i += BLOCK)
        mix_block(ell + i, terms, log_mix + i);
    if (whole == n) return;
    double last_ell[BLOCK] = {0}, last_mix[BLOCK] = {0};
    memcpy(last_ell, ell + whole, (n - whole) * sizeof *ell);
    memcpy(last_mix, log_mix + whole, (n - whole) * sizeof *log_mix);
    mix_block(last_ell, terms, last_mix);
    memcpy(log_mix + whole, last_mix, (n - whole) * sizeof *log_mix);
}

/* x_i = β·ℓ_i − log_mix_i; −∞ where the mixture is −∞ and past the end. */
TARGET static inline vec x_lanes(const double *ell, const double *log_mix, size_t i, size_t n, double beta) {
    const vec none = all(-INFINITY);
    vec mix = log_mix != NULL ? load_tail(log_mix, i, n, -INFINITY) : all(0.0);
    if (beta == 0) return where_above(mix, none, all(0.0) - mix, none);
    return where_above(mix, none, fma_of(all(beta), load_tail(ell, i, n, -INFINITY), all(0.0) - mix), none);
}

TARGET static ps_moments vector_moments(const double *ell, const double *log_mix, size_t n, double beta) {
    vec max = all(-INFINITY), sum = all(0.0), sum_squares = all(0.0);
    for (size_t i = 0; i < n; i += LANES)
        max = max_of(max, x_lanes(ell, log_mix, i, n, beta));
    ps_moments m = {largest_of(max), 0, 0};
    if (m.max == -INFINITY) return m;
    const vec top = all(m.max);
    for (size_t i = 0; i < n; i += LANES) {
        vec e = exp_of(x_lanes(ell, log_mix, i, n, beta) - top);
        sum += e;
        sum_squares = fma_of(e, e, sum_squares);
    }
    m.sum = sum_of(sum);
    m.sum_squares = sum_of(sum_squares);
    return m;
}

/* Where exp ends the weight is zero, exactly: a zero weight is never picked. */
TARGET static void vector_exp(const double *ell, const double *log_mix, size_t n, double beta, double shift,
                              double scale, double *out) {
    for (size_t i = 0; i < n; i += LANES) {
        const vec x = x_lanes(ell, log_mix, i, n, beta) - all(shift);
        store_tail(out, i, n, where_above(x, all(-708.0), all(scale) * exp_of(x), all(0.0)));
    }
}
