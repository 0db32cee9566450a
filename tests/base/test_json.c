/* JSON of ours: what it does not have is null, a model's text is repaired, a builder without memory needs no check. */
#include "base/json.h"
#include "support/check.h"

#include <math.h>

static void numbers_that_json_lacks_are_null(void **state) {
    (void)state;
    const double lacking[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        json_t *value = ps_json_number(lacking[i]);
        assert_true(json_is_null(value));
        json_decref(value);
    }
    json_t *value = ps_json_number(-0.5);
    assert_true(json_real_value(value) == -0.5);
    json_decref(value);
}

static void a_text_that_is_not_utf8_is_repaired_and_none_is_null(void **state) {
    (void)state;
    json_t *value = ps_json_text("caf\xe9");
    assert_string_equal(json_string_value(value), "caf\xef\xbf\xbd");
    json_decref(value);
    value = ps_json_text(NULL);
    assert_true(json_is_null(value));
    json_decref(value);
}

static void a_dump_is_appended_and_lets_go_of_its_root(void **state) {
    (void)state;
    ps_error err;
    ps_text out = {0};
    ps_text_puts(&out, "line ");
    json_t *held = ps_json_text("x");
    assert_int_equal(ps_json_dump(json_pack("{s:O}", "key", held), JSON_COMPACT, &out, &err), PS_OK);
    assert_string_equal(ps_text_cstr(&out), "line {\"key\":\"x\"}");
    assert_int_equal(held->refcount, 1);
    json_decref(held);
    ps_text_clear(&out);
}

static void a_root_that_could_not_be_built_is_want_of_memory(void **state) {
    (void)state;
    ps_error err;
    ps_text out = {0};
    assert_int_equal(ps_json_dump(NULL, JSON_COMPACT, &out, &err), PS_NOMEM);
    assert_int_equal(out.length, 0);
}

/* Commas in a text are no values; what a small body could grow into is bounded before it is built. */
static void what_comes_from_elsewhere_is_bounded(void **state) {
    (void)state;
    static const char good[] = "{\"a\": \",,,[[[\", \"b\": [1, 2]}", *const bad[] = {"{\"a\": 1, \"a\": 2}", "{", "",
                                                                                     "NaN"};
    json_t *root = NULL;
    ps_error why;
    assert_ok(ps_json_read(good, strlen(good), 5, &root, err));
    assert_int_equal(json_array_size(json_object_get(root, "b")), 2);
    json_decref(root);
    assert_int_equal(ps_json_read(good, strlen(good), 4, &root, &why), PS_FORMAT);
    assert_string_equal(why.message, "has more than 4 values");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ps_json_read(bad[i], strlen(bad[i]), 9, &root, &why), PS_FORMAT);
        assert_non_null(strstr(why.message, "is no JSON: line 1"));
    }
}

static const char *of_three(size_t i) {
    static const char *const names[] = {"one", "two", "three"};
    return i < 3 ? names[i] : NULL;
}

static void counts_come_back_and_what_is_missing_is_none(void **state) {
    (void)state;
    const size_t counts[] = {4, 0, 7};
    size_t back[3];
    json_t *object = ps_json_counts(counts, of_three);
    ps_json_read_counts(object, of_three, back);
    assert_memory_equal(back, counts, sizeof counts);
    json_object_del(object, "one");
    json_object_set_new(object, "three", json_integer(-7));
    ps_json_read_counts(object, of_three, back);
    assert_true(back[0] == 0 && back[1] == 0 && back[2] == 0);
    json_decref(object);
    ps_json_read_counts(NULL, of_three, back);
    assert_true(back[0] == 0 && back[1] == 0 && back[2] == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_json_lacks_are_null),
        cmocka_unit_test(a_text_that_is_not_utf8_is_repaired_and_none_is_null),
        cmocka_unit_test(a_dump_is_appended_and_lets_go_of_its_root),
        cmocka_unit_test(a_root_that_could_not_be_built_is_want_of_memory),
        cmocka_unit_test(what_comes_from_elsewhere_is_bounded),
        cmocka_unit_test(counts_come_back_and_what_is_missing_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
