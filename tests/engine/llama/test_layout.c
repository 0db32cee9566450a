/* The choice of a layout from given costs, and the file that keeps it. Nothing here takes a time. */
#include "engine/llama/layout.h"
#include "support/test.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define assert_near(a, b, tolerance) assert_true(fabs((a) - (b)) <= (tolerance))

/* a + b·n seconds for n tokens, c a token and cell. */
static ps_costs linear(double a, double b, double c) {
    ps_costs costs = {0};
    for (size_t i = 0; i < PS_COST_POINTS; i++) {
        costs.base[i] = a + b * ps_cost_tokens[i];
        costs.per_cell[i] = c * ps_cost_tokens[i];
    }
    return costs;
}

static void a_line_is_read_off_exactly(void **state) {
    (void)state;
    const ps_costs costs = linear(2, 0.5, 0.001);
    for (int n = 1; n <= 64; n++)
        assert_near(ps_costs_batch(&costs, n, 100), 2 + 0.5 * n + 0.1 * n, 1e-12);
    assert_near(ps_costs_batch(&costs, 128, 0), 2 * (2 + 32), 1e-12);
    assert_near(ps_costs_batch(&costs, 0, 100), 0, 0);
}

static void costs_are_fitted_to_two_caches(void **state) {
    (void)state;
    const double cells[2] = {100, 1100};
    const double seconds[2][PS_COST_POINTS] = {{2, 3, 5, 9, 10}, {3, 3, 4, 19, 30}};
    ps_costs costs;
    assert_true(ps_costs_fit(seconds, cells, &costs));
    const double per_cell[] = {0.001, 0, 0, 0.01, 0.02}; /* never below 0 */
    for (size_t i = 0; i < PS_COST_POINTS; i++) {
        assert_near(costs.per_cell[i], per_cell[i], 1e-12);
        assert_near(costs.base[i], seconds[0][i] - 100 * per_cell[i], 1e-12);
    }
}

static void what_took_too_long_goes_in_proportion(void **state) {
    (void)state;
    const double cells[2] = {100, 1100};
    const double seconds[2][PS_COST_POINTS] = {{2, 3}, {3}}, one[2][PS_COST_POINTS] = {{2}};
    ps_costs costs;
    assert_true(ps_costs_fit(seconds, cells, &costs));
    assert_near(costs.base[4], 3.0 * 64 / 4, 1e-9);
    assert_near(costs.per_cell[4], 0.001 * 64, 1e-12);
    assert_false(ps_costs_fit(one, cells, &costs));
}

/* A small model: attention over others' cells costs more than what a batch costs whatever is in it. */
static void cells_that_cost_keep_problems_apart(void **state) {
    (void)state;
    const ps_layout layout = {.lanes = 2, .threads = 1, .costs = linear(1e-4, 1e-4, 1e-6)};
    for (size_t width = 2; width <= 64; width *= 2)
        assert_int_equal(ps_layout_in_flight(&layout, width, &(ps_capacity){8192, 255, 16, 0}), 2);
}

/* A large one: its weights are read once for all tokens of a batch. */
static void weights_that_cost_bring_problems_together(void **state) {
    (void)state;
    const ps_layout layout = {.lanes = 1, .threads = 2, .costs = linear(0.1, 1e-3, 1e-9)};
    const size_t few = ps_layout_in_flight(&layout, 16, &(ps_capacity){8192, 255, 16, 0}),
                 many = ps_layout_in_flight(&layout, 1, &(ps_capacity){8192, 255, 16, 0});
    assert_true(few >= 4 && many > few);
    assert_int_equal(ps_layout_in_flight(&layout, 16, &(ps_capacity){900, 255, 16, 0}),
                     2); /* as many as the cache has room for */
    assert_int_equal(ps_layout_in_flight(&layout, 16, &(ps_capacity){8192, 40, 16, 0}), 2);  /* or sequences */
    assert_int_equal(ps_layout_in_flight(&layout, 1000, &(ps_capacity){10, 255, 16, 0}), 1); /* and one always */
}

static void without_costs_a_usual_number(void **state) {
    (void)state;
    const ps_layout layout = {.lanes = 2, .threads = 1};
    assert_int_equal(ps_layout_in_flight(&layout, 4, &(ps_capacity){8192, 255, 16, 0}), 8);
    assert_int_equal(ps_layout_in_flight(&layout, 4, &(ps_capacity){500, 255, 16, 0}), 4);
    assert_int_equal(ps_layout_in_flight(&layout, 100, &(ps_capacity){8192, 255, 16, 0}), 2);
}

/* Answers of 512 tokens: 64 sequences of 8 problems want 32,768 cells; in 8,192 they would drop each other's prefixes.
 */
static void long_answers_need_room(void **state) {
    (void)state;
    const ps_layout layout = {.lanes = 1, .threads = 2};
    assert_int_equal(ps_layout_in_flight(&layout, 8, &(ps_capacity){65536, 255, 64, 512}), 8);
    assert_int_equal(ps_layout_in_flight(&layout, 8, &(ps_capacity){8192, 255, 64, 512}), 2);
    assert_int_equal(ps_layout_in_flight(&layout, 32, &(ps_capacity){8192, 255, 64, 512}), 1);
}

static void the_fastest_is_chosen(void **state) {
    (void)state;
    const ps_layout layouts[] = {
        {.lanes = 2, .threads = 1, .flash_attn = 0, .costs = linear(1e-4, 1e-4, 1e-6)},
        {.lanes = 2, .threads = 1, .flash_attn = 1, .costs = linear(1e-4, 4e-4, 1e-9)},
        {.lanes = 1, .threads = 2, .costs = linear(1e-3, 1e-4, 1e-6)},
        {.lanes = 1, .threads = 4}, /* not measured */
    };
    assert_int_equal(ps_layout_choose(layouts, 4, 1), 0);
    assert_int_equal(ps_layout_choose(layouts, 4, 64), 1); /* where more is attended over, what costs less a cell */
    assert_int_equal(ps_layout_choose(&layouts[3], 1, 4), 0);
    for (size_t i = 0; i < 3; i++)
        for (size_t width = 1; width <= 64; width *= 4)
            assert_true(ps_layout_speed(&layouts[ps_layout_choose(layouts, 4, width)], width) >=
                        ps_layout_speed(&layouts[i], width));
}

/* Two contexts that are as fast as one only together leave half of the machine to a problem that is alone. */
static void of_equals_the_one_with_fewer_contexts(void **state) {
    (void)state;
    ps_layout layouts[] = {{.lanes = 2, .threads = 1, .costs = linear(0.2, 0.02, 0)},
                           {.lanes = 1, .threads = 2, .costs = linear(0.1, 0.01, 0)}};
    assert_int_equal(ps_layout_choose(layouts, 2, 0), 1);
    layouts[1].costs = linear(0.15, 0.015, 0);
    assert_int_equal(ps_layout_choose(layouts, 2, 0), 0);
}

/* ---- The file ------------------------------------------------------------ */

static const ps_layout kept[] = {{.lanes = 2, .threads = 1, .flash_attn = 1, .costs = {{1e-3, 2e-3}, {0, 1e-7}}},
                                 {.lanes = 1, .threads = 4, .flash_attn = -1}};

/* A path for a key in a folder below the tests' own that is not there yet. */
static void place(const char *folder, const char *key, ps_text *path) {
    ps_text inside = {0};
    ps_text_printf(&inside, "%s/setup-%ld/%s", PS_TEST_TMP, (long)getpid(), folder);
    ps_layout_path(ps_text_cstr(&inside), key, path);
    ps_text_clear(&inside);
}

static void what_is_stored_is_read_back(void **state) {
    (void)state;
    ps_text path = {0};
    ps_layout read[PS_MOST_LAYOUTS] = {0};
    size_t n = 0;
    place("deep/er", "a \"model\"; a machine", &path);
    assert_false(ps_layout_load(ps_text_cstr(&path), "a \"model\"; a machine", read, &n));
    assert_true(ps_layout_store(ps_text_cstr(&path), "a \"model\"; a machine", kept, 2));
    assert_true(ps_layout_load(ps_text_cstr(&path), "a \"model\"; a machine", read, &n));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(read[i].lanes, kept[i].lanes);
        assert_int_equal(read[i].threads, kept[i].threads);
        assert_int_equal(read[i].flash_attn, kept[i].flash_attn);
        for (size_t k = 0; k < PS_COST_POINTS; k++) {
            assert_near(read[i].costs.base[k], kept[i].costs.base[k], 1e-9);
            assert_near(read[i].costs.per_cell[k], kept[i].costs.per_cell[k], 1e-13);
        }
    }
    assert_false(ps_layout_load(ps_text_cstr(&path), "another model", read, &n));
    ps_text_clear(&path);
}

/* Every file cut short, and some that are whole and wrong: measured again, nothing else. */
static void a_damaged_file_is_no_file(void **state) {
    (void)state;
    static const char *const wrong[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"format\":1,\"of\":\"k\",\"setups\":[]}",
                                        "{\"format\":1,\"of\":\"k\",\"setups\":[1]}",
                                        "\xff\xfe"};
    ps_text path = {0};
    ps_layout read[PS_MOST_LAYOUTS];
    size_t n, length;
    char *text;
    place("damaged", "k", &path);
    assert_true(ps_layout_store(ps_text_cstr(&path), "k", kept, 2));
    assert_int_equal(ps_read_file(ps_text_cstr(&path), 1 << 20, &text, &length, NULL), PS_OK);
    for (size_t i = 0; i < length + sizeof wrong / sizeof *wrong - 2; i++) { /* − 2: without the brace it is whole */
        FILE *file = fopen(ps_text_cstr(&path), "w");
        assert_non_null(file);
        if (i < length - 2)
            fwrite(text, 1, i, file);
        else
            fputs(wrong[i - (length - 2)], file);
        fclose(file);
        assert_false(ps_layout_load(ps_text_cstr(&path), "k", read, &n));
    }
    char *threads = strstr(text, "\"threads\": 1");
    assert_non_null(threads);
    threads[11] = '0';
    FILE *file = fopen(ps_text_cstr(&path), "w");
    fwrite(text, 1, length, file);
    fclose(file);
    assert_false(ps_layout_load(ps_text_cstr(&path), "k", read, &n));
    ps_free(text);
    ps_text_clear(&path);
}

/* Numbers beyond what options may say are damage, too, and so is what is no file. */
static void a_file_is_held_to_the_limits_of_options(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
    } changes[] = {{"\"contexts\": 2", "\"contexts\": 65"},
                   {"\"contexts\": 2", "\"contexts\": 4096"},
                   {"\"contexts\": 2", "\"contexts\": 0"},
                   {"\"contexts\": 2", "\"contexts\": -1"},
                   {"\"contexts\": 2", "\"contexts\": 2.0"},
                   {"\"threads\": 4", "\"threads\": 513"},
                   {"\"threads\": 4", "\"threads\": 4294967297"},
                   {"\"flash_attn\": 1", "\"flash_attn\": 2"},
                   {"0.001", "-0.001"},
                   {"0.001", "1e999"},
                   {"0.001", "null"},
                   {"\"format\": 1", "\"format\": 2"}};
    ps_text path = {0};
    ps_layout read[PS_MOST_LAYOUTS];
    size_t n, length;
    char *text;
    place("limits", "k", &path);
    assert_true(ps_layout_store(ps_text_cstr(&path), "k", kept, 2));
    assert_ok(ps_read_file(ps_text_cstr(&path), 1 << 20, &text, &length, err));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(text, changes[i].from);
        if (at == NULL) fail_msg("no %s in %s", changes[i].from, text);
        FILE *file = fopen(ps_text_cstr(&path), "w");
        assert_non_null(file);
        fprintf(file, "%.*s%s%s", (int)(at - text), text, changes[i].to, at + strlen(changes[i].from));
        fclose(file);
        if (ps_layout_load(ps_text_cstr(&path), "k", read, &n)) fail_msg("%s is believed", changes[i].to);
    }
    FILE *large = fopen(ps_text_cstr(&path), "w");
    assert_non_null(large);
    fputs(text, large);
    assert_int_equal(ftruncate(fileno(large), (off_t)1 << 34), 0); /* 16 GB of nothing */
    fclose(large);
    assert_false(ps_layout_load(ps_text_cstr(&path), "k", read, &n));
    remove(ps_text_cstr(&path));
    assert_int_equal(mkfifo(ps_text_cstr(&path), 0600), 0);
    assert_false(ps_layout_load(ps_text_cstr(&path), "k", read, &n));
    remove(ps_text_cstr(&path));
    ps_free(text);
    ps_text_clear(&path);
}

/* A folder where nothing can be made: here its name is a file's. */
static void nowhere_to_store_is_no_error(void **state) {
    (void)state;
    ps_text path = {0};
    place("file/within", "k", &path);
    char *end = strstr(path.data, "/within");
    *end = '\0';
    assert_true(ps_layout_store(path.data, "k", kept, 1)); /* makes the folders above, and a file of that name */
    *end = '/';
    assert_false(ps_layout_store(path.data, "k", kept, 1));
    ps_text_clear(&path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read_off_exactly),
        cmocka_unit_test(costs_are_fitted_to_two_caches),
        cmocka_unit_test(what_took_too_long_goes_in_proportion),
        cmocka_unit_test(cells_that_cost_keep_problems_apart),
        cmocka_unit_test(weights_that_cost_bring_problems_together),
        cmocka_unit_test(without_costs_a_usual_number),
        cmocka_unit_test(long_answers_need_room),
        cmocka_unit_test(the_fastest_is_chosen),
        cmocka_unit_test(of_equals_the_one_with_fewer_contexts),
        cmocka_unit_test(what_is_stored_is_read_back),
        cmocka_unit_test(a_damaged_file_is_no_file),
        cmocka_unit_test(a_file_is_held_to_the_limits_of_options),
        cmocka_unit_test(nowhere_to_store_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
