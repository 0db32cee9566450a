/* The version is written once: headers, library and command say the same. */
#include "support/check.h"

static void the_text_is_made_of_the_numbers(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", PERSAMP_VERSION_MAJOR, PERSAMP_VERSION_MINOR, PERSAMP_VERSION_PATCH);
    assert_string_equal(PERSAMP_VERSION, text);
}

static void the_library_is_of_its_headers(void **state) {
    (void)state;
    assert_string_equal(ps_version(), PERSAMP_VERSION);
}

static void the_command_says_it(void **state) {
    (void)state;
    char line[64] = "";
    FILE *command = popen("'" PS_COMMAND "' --version", "r");
    assert_non_null(command);
    assert_non_null(fgets(line, sizeof line, command));
    assert_int_equal(pclose(command), 0);
    assert_string_equal(line, "persamp " PERSAMP_VERSION "\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_made_of_the_numbers),
        cmocka_unit_test(the_library_is_of_its_headers),
        cmocka_unit_test(the_command_says_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
