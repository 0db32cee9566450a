/* Two hundred streams at once over the toy engine, half of them cut off in the middle (load.h). `make asan` and `make
 * tsan` run it, too. */
#include "engine/toy/toy.h"
#include "serve/load.h"

static void half_of_two_hundred_streams_are_cut_off(void **state) {
    (void)state;
    const load l = {.questions = {"which?", "which?", "which?", "which?", "which?", "which?", "which?", "which?"},
                    .settings = "\"persamp\": {\"events\": true, \"budget\": 600}",
                    .pace = 50, /* so that there is a middle */
                    .same = true};
    bench *b = bench_of(LOAD_LIMITS);
    load_run(b, &l);
    load_stop(b);
    assert_int_equal(ps_toy_living_nodes(b->engine.inner), 0);
    bench_free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_of_two_hundred_streams_are_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
