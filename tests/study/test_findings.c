/* What speaks against going on in a folder is told at once, as far as a message goes. */
#include "run/support.h"
#include "study/findings.h"
#include "support/failing_allocator.h"

static ps_status note(ps_findings *findings, ps_status status, const char *message, size_t more) {
    ps_error why, err;
    ps_fail(&why, status, "%s", message);
    return ps_findings_note(findings, status, &why, more, &err);
}

static void all_findings_are_told_with_one_advice(void **state) {
    (void)state;
    ps_findings findings = {0};
    ps_error err;
    check_ok(ps_findings_tell(&findings, "advice", &err));
    check_ok(note(&findings, PS_OK, "", 0));
    check_ok(note(&findings, PS_ARG, "a:1: the seed differs\n", 1));
    check_ok(note(&findings, PS_FORMAT, "b:7: not a result line", 0));
    assert_int_equal(ps_findings_tell(&findings, "start over", &err), PS_ARG);
    assert_string_equal(err.message, "a:1: the seed differs\n  and 1 more line of this file\nb:7: not a result line\n"
                                     "start over");
    check_ok(ps_findings_tell(&findings, "start over", &err)); /* once */
}

static void what_is_no_result_brings_its_own_advice(void **state) {
    (void)state;
    ps_findings findings = {0};
    ps_error err;
    check_ok(note(&findings, PS_FORMAT, "b:7: not a result line; mend it", 0));
    assert_int_equal(ps_findings_tell(&findings, "start over", &err), PS_FORMAT);
    assert_string_equal(err.message, "b:7: not a result line; mend it\n");
}

static void other_failures_end_the_looking(void **state) {
    (void)state;
    ps_findings findings = {0};
    assert_int_equal(note(&findings, PS_IO, "c: cannot read", 0), PS_IO);
    assert_int_equal(findings.n, 0);
}

/* The message has room for some; the rest is counted, and the advice is always there. */
static void more_than_fit_are_counted(void **state) {
    (void)state;
    enum { MANY = 40 };
    ps_findings findings = {0};
    ps_error err;
    size_t lines = 0;
    char rest[64];
    for (size_t i = 0; i < MANY; i++)
        check_ok(note(&findings, PS_ARG, "folder/results.jsonl:1: this line is of another run", 0));
    size_t shown = findings.shown;
    assert_int_equal(ps_findings_tell(&findings, "start over", &err), PS_ARG);
    for (const char *at = err.message; (at = strstr(at, "another run")) != NULL; at++)
        lines++;
    assert_int_equal(lines, shown);
    assert_true(shown >= 10 && shown < MANY);
    snprintf(rest, sizeof rest, "and %zu more\nstart over", MANY - shown);
    check_contains(err.message, rest);
}

static void without_memory_nothing_is_left_out(void **state) {
    (void)state;
    for (size_t i = 1; i < 8; i++) {
        failing_allocator memory;
        ps_findings findings = {0};
        ps_error err;
        failing_install(&memory, i);
        ps_status status = note(&findings, PS_ARG, "a:1: the seed differs", 3);
        ps_status told = ps_findings_tell(&findings, "start over", &err);
        failing_remove();
        assert_int_equal(memory.alive, 0);
        assert_true(status == PS_NOMEM ? told == PS_NOMEM : told == PS_ARG);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_findings_are_told_with_one_advice),
        cmocka_unit_test(what_is_no_result_brings_its_own_advice),
        cmocka_unit_test(other_failures_end_the_looking),
        cmocka_unit_test(more_than_fit_are_counted),
        cmocka_unit_test(without_memory_nothing_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
