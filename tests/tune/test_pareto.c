/* Hypervolumes in two ways, and the order of points that several objectives give. */
#include "support/check.h"
#include "tune/pareto.h"

/* By inclusion and exclusion over the boxes between each point and the reference. */
static double by_subsets(const double *points, size_t n, size_t d, const double *reference) {
    double volume = 0;
    for (size_t subset = 1; subset < (size_t)1 << n; subset++) {
        double box = 1;
        int members = 0;
        for (size_t k = 0; k < d; k++) {
            double corner = -INFINITY;
            for (size_t i = 0; i < n; i++)
                if (subset >> i & 1) corner = fmax(corner, points[i * d + k]);
            box *= fmax(0, reference[k] - corner);
        }
        for (size_t i = 0; i < n; i++)
            members += (int)(subset >> i & 1);
        volume += members % 2 == 1 ? box : -box;
    }
    return volume;
}

static void a_volume_is_the_same_in_two_ways(void **state) {
    (void)state;
    enum { MOST = 7 };
    double points[MOST * 4], reference[4], volume;
    for (size_t round = 0; round < 300; round++) {
        size_t d = 1 + round % 4, n = round % (MOST + 1);
        for (size_t i = 0; i < n * d; i++) {
            double x = ps_uniform(check_key(round), i);
            points[i] = round % 3 == 0 ? floor(4 * x) / 4 : x; /* with ties */
        }
        for (size_t k = 0; k < d; k++)
            reference[k] = 0.9; /* some lie beyond it */
        assert_ok(ps_hypervolume(points, n, d, reference, &volume, err));
        check_near(volume, by_subsets(points, n, d, reference), 1e-12);
    }
}

/* Two fronts of points on lines: the first before the second, and in each the one that stands most for itself first. */
static void fronts_come_one_after_the_other(void **state) {
    (void)state;
    const double points[] = {0, 3, 1, 1, 3, 0, 0.9, 1.2, /* the front; the last one stands beside the second */
                             2, 4, 4, 2, 1, 1};          /* behind it; and one more of what is there */
    double loss[7];
    assert_ok(ps_pareto_losses(points, 7, 2, loss, err));
    for (size_t i = 0; i < 4; i++)
        assert_true(loss[i] >= 0 && loss[i] < 1);
    assert_true(loss[4] >= 1 && loss[4] < 2 && loss[5] >= 1 && loss[5] < 2);
    assert_true(loss[6] >= 0 && loss[6] < 1);
    check_near(loss[6], loss[1], 0);
    assert_true(loss[0] < loss[1] && loss[2] < loss[1]); /* who stands alone comes first */
}

static void a_single_objective_keeps_its_order(void **state) {
    (void)state;
    const double points[] = {3, 1, 2, 1};
    double loss[4];
    assert_ok(ps_pareto_losses(points, 4, 1, loss, err));
    assert_true(loss[1] < loss[2] && loss[2] < loss[0]);
    assert_ok(ps_pareto_losses(points, 0, 1, loss, err));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_volume_is_the_same_in_two_ways),
        cmocka_unit_test(fronts_come_one_after_the_other),
        cmocka_unit_test(a_single_objective_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
