/* The file of states: what is put in is found again by what it depends on, and by nothing else. */
#include "learn/keep.h"
#include "run/support.h"

enum { WIDTH = 3 };

/* A question whose answers are these steps, each the child of the one before it. */
static ps_question chain(const char *text, ps_step *steps, size_t n) {
    for (size_t i = 0; i < n; i++)
        steps[i].parent = i > 0 ? (uint32_t)(i - 1) : PS_NO_STEP;
    return (ps_question){.text = (char *)text, .steps = steps, .n_steps = n};
}

static void a_key_is_of_the_tokens_before_the_last(void **state) {
    (void)state;
    ps_token t[] = {5, 6, 7, 8, 9}, u[] = {5, 6, 7, 8, 1}, v[] = {4, 6, 7, 8, 9};
    ps_step whole[] = {{.tokens = t, .n_tokens = 5}}, other_end[] = {{.tokens = u, .n_tokens = 5}};
    ps_step other_start[] = {{.tokens = v, .n_tokens = 5}};
    ps_step cut[] = {{.tokens = t, .n_tokens = 1},
                     {.n_tokens = 0},
                     {.tokens = t + 1, .n_tokens = 3},
                     {.tokens = t + 4, .n_tokens = 1}};
    const ps_question questions[] = {chain("Which?", whole, 1), chain("Which?", other_end, 1),
                                     chain("Which?", other_start, 1), chain("What?", whole, 1)};
    const ps_question in_steps = chain("Which?", cut, 4);
    ps_keep_key keys[4], steps[4];
    for (size_t i = 0; i < 4; i++)
        assert_ok(ps_keep_keys(&questions[i], &keys[i], err));
    assert_string_equal(keys[1].text, keys[0].text);
    assert_string_not_equal(keys[2].text, keys[0].text);
    assert_string_not_equal(keys[3].text, keys[0].text);
    /* However they are cut; the first token of all and no token have no state. */
    assert_ok(ps_keep_keys(&in_steps, steps, err));
    assert_string_equal(steps[0].text, "");
    assert_string_equal(steps[1].text, "");
    assert_string_not_equal(steps[2].text, "");
    assert_string_equal(steps[3].text, keys[0].text);
}

static void what_was_added_is_found_again(void **state) {
    (void)state;
    enum { N = 50 };
    const char *path = path_of("states");
    ps_keep_key keys[N];
    float values[N * WIDTH], found[WIDTH];
    bool which[N];
    ps_keep *keep = NULL;
    for (size_t i = 0; i < N; i++) {
        ps_token t[] = {(ps_token)i, 1};
        ps_step step[] = {{.tokens = t, .n_tokens = 2}};
        const ps_question q = chain("Which?", step, 1);
        assert_ok(ps_keep_keys(&q, &keys[i], err));
        which[i] = i % 3 != 0;
        for (size_t j = 0; j < WIDTH; j++)
            values[i * WIDTH + j] = (float)(10 * i + j);
    }
    assert_ok(ps_keep_open(path, "gguf-1-2", WIDTH, &keep, err));
    assert_ok(ps_keep_add(keep, keys, values, which, N, err));
    ps_keep_close(keep);
    /* A record that was cut off is none, and is cut away. */
    assert_int_equal(truncate(path, 256 + 33 * (32 + WIDTH * sizeof(float)) - 5), 0);
    assert_ok(ps_keep_open(path, "gguf-1-2", WIDTH, &keep, err));
    for (size_t i = 0; i < N; i++) {
        const bool there = ps_keep_find(keep, &keys[i], found);
        assert_int_equal(there, which[i] && i != N - 1);
        if (there) assert_memory_equal(found, values + i * WIDTH, sizeof found);
    }
    assert_ok(ps_keep_add(keep, keys + N - 1, values + (N - 1) * WIDTH, which + N - 1, 1, err));
    ps_keep_close(keep);
    assert_ok(ps_keep_open(path, "gguf-1-2", WIDTH, &keep, err));
    assert_true(ps_keep_find(keep, &keys[N - 1], found));
    ps_keep_close(keep);
    ps_error why;
    assert_int_equal(ps_keep_open(path, "gguf-3-4", WIDTH, &keep, &why), PS_ARG);
    check_contains(why.message, "--states");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_key_is_of_the_tokens_before_the_last),
                                       cmocka_unit_test(what_was_added_is_found_again)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
