/* Numbers that users write: whole or not at all. */
#include "support/check.h"

#include <locale.h>
#include <math.h>

static bool count(const char *text, int base, uint64_t most, uint64_t *value) {
    return ps_parse_count(text, strlen(text), base, most, value);
}

static void counts_are_digits_and_nothing_else(void **state) {
    (void)state;
    static const char *const wrong[] = {"",   "-1", "+1",       " 1",  "1 ",  "1.0", "1e3", "0x10",
                                        "1x", "a",  "\xd9\xa1", "1_0", "1,0", "--",  "\n1"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (count(wrong[i], 10, UINT64_MAX, &value)) fail_msg("\"%s\" is a number", wrong[i]);
    assert_int_equal(value, 7); /* written on success only */
    assert_true(count("0", 10, 0, &value) && value == 0);
    assert_true(count("0000000000000000000000000000012", 10, 12, &value) && value == 12);
    assert_true(count("fF", 16, 255, &value) && value == 255);
    assert_true(count("17", 8, 100, &value) && value == 15);
    assert_false(count("8", 8, 100, &value));
    assert_true(ps_parse_count("123", 2, 10, 100, &value) && value == 12); /* as long as it is said to be */
}

static void counts_never_wrap(void **state) {
    (void)state;
    uint64_t value;
    assert_true(count("18446744073709551615", 10, UINT64_MAX, &value) && value == UINT64_MAX);
    assert_false(count("18446744073709551616", 10, UINT64_MAX, &value));
    assert_false(count("99999999999999999999999", 10, UINT64_MAX, &value));
    assert_true(count("ffffffffffffffff", 16, UINT64_MAX, &value) && value == UINT64_MAX);
    assert_false(count("10000000000000000", 16, UINT64_MAX, &value));
    /* Around every limit, what is one more is too much. */
    for (uint64_t most = 0; most < 300; most++) {
        char text[32];
        for (uint64_t n = 0; n < 300; n++) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)n);
            assert_int_equal(count(text, 10, most, &value), n <= most);
            if (n <= most) assert_int_equal(value, n);
        }
    }
}

static void reals_are_decimal(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } right[] = {{"0", 0},      {"4", 4},         {"2.5", 2.5},       {".5", .5},
                 {"5.", 5},     {"-1e-3", -1e-3}, {"+7E+2", 700},     {"1e999", INFINITY},
                 {"1e-999", 0}, {"0.1", 0.1},     {"4096.0000", 4096}};
    static const char *const wrong[] = {"",   ".",  "-",    "e3",  "1e",  "1e+", "1.2.3", "1,5",
                                        " 1", "1 ", "0x10", "inf", "nan", "1f",  "--1",   "+-1"};
    double value;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_true(ps_parse_real(right[i].text, strlen(right[i].text), &value) && value == right[i].value);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (ps_parse_real(wrong[i], strlen(wrong[i]), &value)) fail_msg("\"%s\" is a number", wrong[i]);
    char many[600];
    memset(many, '1', sizeof many);
    assert_true(ps_parse_real(many, 300, &value) && value > 1e299);
    assert_false(ps_parse_real(many, sizeof many, &value));
    assert_true(ps_parse_real("2.5x", 3, &value) && value == 2.5);
}

/* A program's decimal comma is none of our business. */
static void reals_ignore_the_locale(void **state) {
    (void)state;
    double value;
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) skip();
    assert_true(ps_parse_real("2.5", 3, &value) && value == 2.5);
    assert_false(ps_parse_real("2,5", 3, &value));
    setlocale(LC_NUMERIC, "C");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_digits_and_nothing_else),
        cmocka_unit_test(counts_never_wrap),
        cmocka_unit_test(reals_are_decimal),
        cmocka_unit_test(reals_ignore_the_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
