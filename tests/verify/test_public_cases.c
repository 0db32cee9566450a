/* Cases from public reports and test files of other graders, and siblings of them (source "own"), as whole responses:
 * gold, response, verdict, kind and source, one JSON object a line in public_cases.jsonl. Those of blind_cases.jsonl
 * were written before anybody looked at what the verifier says of them; most are near misses. */
#include "verify/support.h"

#include <jansson.h>

static const char *text_of(const json_t *line, const char *field) {
    return json_string_value(json_object_get(line, field));
}

static void every_case_of(const char *path) {
    char *data;
    size_t length, cases = 0, wrong = 0;
    assert_int_equal(ps_read_file(path, (size_t)1 << 24, &data, &length, NULL), PS_OK);
    for (char *line = strtok(data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        assert_non_null(object);
        ps_verify_result result;
        assert_int_equal(ps_verify(text_of(object, "gold"), text_of(object, "response"), NULL, &result, NULL), PS_OK);
        bool expected = json_is_true(json_object_get(object, "expected"));
        if ((result.verdict == PS_SAME) != expected) {
            wrong++;
            print_message("[%s] '%.60s' in '%.200s': expected %s, took '%.100s'\n", text_of(object, "kind"),
                          text_of(object, "gold"), text_of(object, "response"), expected ? "same" : "not same",
                          result.extracted != NULL ? result.extracted : "(nothing)");
        }
        cases++;
        ps_verify_result_clear(&result);
        json_decref(object);
    }
    ps_free(data);
    assert_true(cases > 500);
    assert_int_equal(wrong, 0);
}

static void every_public_case_has_its_verdict(void **state) {
    (void)state;
    every_case_of(PS_TEST_DIR "/verify/public_cases.jsonl");
}

static void every_blind_case_has_its_verdict(void **state) {
    (void)state;
    every_case_of(PS_TEST_DIR "/verify/blind_cases.jsonl");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_public_case_has_its_verdict),
                                       cmocka_unit_test(every_blind_case_has_its_verdict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
