/* Random numbers: Random123's known answers for Philox4x64-10, the layout of keys and positions, and uniformity.
 *
 * χ² with fixed keys at p > 1e−6: a fresh set of keys would fail once in about 200,000 runs. */
#include "support/check.h"

#include <Random123/philox.h>

/* From tests/kat_vectors of Random123 (D. E. Shaw Research): counter, key, result. */
static const struct {
    uint64_t counter[4], key[2], result[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
    {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
     {UINT64_MAX, UINT64_MAX},
     {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
    {{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
     {0x452821e638d01377, 0xbe5466cf34e90c6c},
     {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
};

static void philox_gives_the_known_answers(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        philox4x64_ctr_t counter, got;
        philox4x64_key_t key = {{known[k].key[0], known[k].key[1]}};
        memcpy(counter.v, known[k].counter, sizeof known[k].counter);
        got = philox4x64(counter, key);
        assert_memory_equal(got.v, known[k].result, sizeof known[k].result);
    }
}

static double unit(uint64_t bits) {
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* Ours at a zero key are the first known answer; position, id, problem, seed and purpose are the words they are said to
 * be: this must never change, or old runs could not be repeated. */
static void the_words_of_a_key_never_change(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        assert_true(ps_uniform((ps_rng_key){0}, i) == unit(known[0].result[i]));
    const ps_rng_key key = {.seed = 11, .problem = 22, .id = 33, .purpose = PS_RNG_MOVE};
    for (uint64_t position = 0; position < 40; position++) {
        philox4x64_ctr_t counter = {{position / 4, 33, 22, 0}};
        philox4x64_key_t words = {{11, PS_RNG_MOVE}};
        assert_true(ps_uniform(key, position) == unit(philox4x64(counter, words).v[position % 4]));
    }
}

static void many_at_once_are_one_by_one(void **state) {
    (void)state;
    double out[23];
    for (uint64_t first = 0; first < 9; first++) {
        ps_uniforms(check_key(4), first, 23, out);
        for (size_t i = 0; i < 23; i++)
            assert_true(out[i] == ps_uniform(check_key(4), first + i));
    }
}

/* n counts against equal expectations. */
static void check_flat(const size_t *counts, size_t cells, size_t n, const char *what) {
    double chi_square = 0, expected = (double)n / (double)cells;
    for (size_t c = 0; c < cells; c++)
        chi_square += ((double)counts[c] - expected) * ((double)counts[c] - expected) / expected;
    double p = check_chi_square_tail(chi_square, (double)cells - 1);
    print_message("%-32s chi-square %.1f on %zu degrees of freedom, p = %.3f\n", what, chi_square, cells - 1, p);
    assert_true(p > 1e-6 && p < 1 - 1e-6);
}

enum { CELLS = 64, DRAWS = 200000 };

/* Flat along positions, along ids, along problems, along seeds, and in pairs of neighbours. */
static void uniforms_are_flat_in_every_direction(void **state) {
    (void)state;
    size_t counts[5][CELLS] = {{0}};
    for (uint64_t i = 0; i < DRAWS; i++) {
        const double draws[4] = {
            ps_uniform((ps_rng_key){1, 2, 3, PS_RNG_TEST}, i), ps_uniform((ps_rng_key){1, 2, i, PS_RNG_TEST}, 0),
            ps_uniform((ps_rng_key){1, i, 3, PS_RNG_TEST}, 0), ps_uniform((ps_rng_key){i, 2, 3, PS_RNG_TEST}, 0)};
        for (size_t k = 0; k < 4; k++) {
            assert_true(draws[k] > 0 && draws[k] < 1);
            counts[k][(size_t)(draws[k] * CELLS)]++;
        }
        double next = ps_uniform((ps_rng_key){1, 2, i + 1, PS_RNG_TEST}, 0);
        counts[4][8 * (size_t)(draws[1] * 8) + (size_t)(next * 8)]++;
    }
    const char *const names[] = {"uniforms by position", "uniforms by id", "uniforms by problem", "uniforms by seed",
                                 "pairs of neighbouring ids"};
    for (size_t k = 0; k < 5; k++)
        check_flat(counts[k], CELLS, DRAWS, names[k]);
}

static void normals_have_the_moments_of_normals(void **state) {
    (void)state;
    size_t counts[CELLS] = {0};
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = ps_normal(check_key(9), i);
        sum += x;
        squares += x * x;
        counts[(size_t)(0.5 * erfc(-x / sqrt(2)) * CELLS)]++;
    }
    check_flat(counts, CELLS, DRAWS, "normals through their own cdf");
    check_near(sum / DRAWS, 0, 5 / sqrt(DRAWS));
    check_near(squares / DRAWS, 1, 5 * sqrt(2.0 / DRAWS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(philox_gives_the_known_answers), cmocka_unit_test(the_words_of_a_key_never_change),
        cmocka_unit_test(many_at_once_are_one_by_one), cmocka_unit_test(uniforms_are_flat_in_every_direction),
        cmocka_unit_test(normals_have_the_moments_of_normals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
