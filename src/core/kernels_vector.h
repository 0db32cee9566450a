/* The inner loops over vectors of LANES doubles. Included by one file per instruction set, which defines vec, LANES,
 * TARGET and the operations before. Written without fast-math: −∞ goes through every line on purpose. */

/* exp(x) for −∞ ≤ x ≤ 0 within 1.1 ulp; 0 below −708, where doubles end (normal ones). Cody and Waite's reduction
 * x = k·ln 2 + r, then e^r = 1 + r + r²·Q(r) with Q of degree 9 interpolated at Chebyshev points (error 1.7e−17).
 * SLEEF's exp behind a function call took 1.5 to 2 times as long; bench/bench_weights.c has the comparison. */
TARGET static inline vec exp_of(vec x) {
    const vec lowest = all(-708.0);
    vec clipped = max_of(x, lowest);
    vec k = nearest(clipped * all(0x1.71547652b82fep+0));
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
    vec p = fma_of(r * r, q, r) + all(1.0);
    return where_above(x, lowest, scale_by_power(p, k), all(0.0));
}

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

TARGET static inline vec term_at(const ps_mix_term *t, vec ell) {
    return t->beta == 0 ? all(t->log_weight) : fma_of(all(t->beta), ell, all(t->log_weight));
}

/* −∞ − (−∞) must not happen: where the largest term is −∞ it is replaced by the lowest finite number. */
TARGET static inline vec finite_max(vec max) {
    return max_of(max, all(-0x1.fffffffffffffp+1023));
}

TARGET static vec mix_lanes(vec ell, vec start, const ps_mix_term *terms, size_t n_terms) {
    /* e^−45 = 3e−20 of the largest term is below the last bit of any sum of fewer than a thousand terms. */
    const vec negligible = all(-45.0);
    vec max = start;
    for (size_t t = 0; t < n_terms; t++)
        max = max_of(max, term_at(&terms[t], ell));
    vec top = finite_max(max), sum = exp_of(start - top);
    for (size_t t = 0; t < n_terms; t++) {
        vec x = term_at(&terms[t], ell) - top;
        if (any_above(x, negligible)) sum += exp_of(x);
    }
    double lane[LANES];
    store(lane, sum);
    for (int l = 0; l < LANES; l++)
        lane[l] = log(lane[l]); /* log 0 = −∞ for a mixture of nothing */
    return top + load(lane);
}

TARGET static void vector_mix(const double *ell, size_t n, const ps_mix_term *terms, size_t n_terms, double *log_mix) {
    for (size_t i = 0; i < n; i += LANES)
        store_tail(log_mix, i, n,
                   mix_lanes(load_tail(ell, i, n, 0), load_tail(log_mix, i, n, -INFINITY), terms, n_terms));
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

TARGET static void vector_exp(const double *ell, const double *log_mix, size_t n, double beta, double shift,
                              double scale, double *out) {
    for (size_t i = 0; i < n; i += LANES)
        store_tail(out, i, n, all(scale) * exp_of(x_lanes(ell, log_mix, i, n, beta) - all(shift)));
}
