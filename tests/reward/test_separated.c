/* A reward model that was trained on longer steps than the search's. */
#include "reward/prm_support.h"
#include "support/failing_allocator.h"

/* The judge of prm_support.h, read at blank lines. */
static ps_prm *separated(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    const ps_prm_options options = {.aggregate = aggregate, .step_tag = "<tag>", .step_separator = "\n\n"};
    assert_ok(ps_prm_create(judge_engine(0), NULL, &options, &prm, err));
    return prm;
}

static ps_prm_event score(ps_prm *prm, ps_prm_node parent, const char *text, bool ends) {
    const ps_prm_event *events = NULL;
    size_t n = 0;
    const ps_prm_request request = {.parent = parent, .text = text, .length = strlen(text), .tag = 7, .ends = ends};
    assert_ok(ps_prm_submit(prm, &request, err));
    while (n == 0)
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(events->tag, 7);
    assert_int_equal(events->status, PS_OK);
    return *events;
}

static void between_two_readings_the_last_one_stands(void **state) {
    (void)state;
    ps_prm *prm = separated(PS_AGGREGATE_LAST);
    ps_prm_node root;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    assert_string_equal(ps_prm_separator(prm), "\n\n");
    const ps_prm_event nothing = score(prm, root, " \n", false);
    assert_true(nothing.reward == 1 && nothing.step == 1 && nothing.tokens == 0);
    const ps_prm_event first = score(prm, root, "b\n", false); /* half of the separator: the step is not over */
    check_near(first.reward, 0.25, 1e-12);
    const ps_prm_event read = score(prm, first.node, "\na", false);
    check_near(read.reward, 0.25, 1e-12); /* of "b"; "a" waits for the next blank line */
    assert_int_equal(read.tokens, 2);     /* "b" and the tag, once more: the prompt is known */
    const ps_prm_event stands = score(prm, read.node, "\n", false);
    check_near(stands.reward, 0.25, 1e-12);
    assert_int_equal(stands.tokens, 0);
    const ps_prm_event second = score(prm, stands.node, "\n", false);
    check_near(second.reward, 0.1 / 0.5, 1e-12); /* "b<tag>a<tag>": the model saw its own steps */
    ps_prm_free(prm);
}

/* Of two beginnings the better one has more, whether a separator has come or not. */
static void nothing_is_gained_by_writing_no_separator(void **state) {
    (void)state;
    ps_prm *prm = separated(PS_AGGREGATE_LAST);
    ps_prm_node root;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event open = score(prm, root, "b\n", false), over = score(prm, root, "a\n\n", false);
    check_near(open.reward, 0.25, 1e-12);
    check_near(over.reward, 0.75, 1e-12);
    const ps_prm_event longer = score(prm, open.node, "a\n", false); /* the beginning anew, not a step after it */
    const ps_prm_event whole = score(prm, root, "b\na", true);
    check_near(longer.reward, whole.reward, 1e-12);
    ps_prm_free(prm);
}

static void one_step_may_hold_several_of_its_own(void **state) {
    (void)state;
    static const struct {
        ps_aggregate aggregate;
        double reward;
    } cases[] = {
        {PS_AGGREGATE_LAST, 0.2}, {PS_AGGREGATE_MIN, 0.2}, {PS_AGGREGATE_PROD, 0.05}, {PS_AGGREGATE_MEAN, 0.225}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_prm *prm = separated(cases[i].aggregate);
        ps_prm_node root;
        assert_ok(ps_prm_root(prm, "Q?", &root, err));
        const ps_prm_event both = score(prm, root, "\n\nb\n\n\n\n \n\na\n\nb", false);
        check_near(both.reward, cases[i].reward, 1e-12);
        check_near(both.step, 0.2, 1e-12);
        assert_int_equal(both.tokens, 2 + 2 + 2); /* blank steps are none */
        ps_prm_free(prm);
    }
}

static void the_end_of_an_answer_is_read(void **state) {
    (void)state;
    ps_prm *prm = separated(PS_AGGREGATE_LAST);
    ps_prm_node root;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event end = score(prm, root, "a\n", true);
    check_near(end.reward, 0.75, 1e-12);
    const ps_prm_event open = score(prm, root, "b", false);
    const ps_prm_event blank = score(prm, open.node, "\n", true);
    check_near(blank.reward, 0.25, 1e-12);
    const ps_prm_event nothing = score(prm, blank.node, " \n", true);
    check_near(nothing.reward, 0.25, 1e-12);
    ps_prm_free(prm);
}

/* Prefixes share readings: any may be released first, and none is read twice. */
static void prefixes_need_neither_parents_nor_children(void **state) {
    (void)state;
    ps_prm *prm = separated(PS_AGGREGATE_LAST);
    ps_prm_node root;
    ps_error error;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event b = score(prm, root, "b\n\n", false);
    const ps_prm_event left = score(prm, b.node, "a", false), right = score(prm, b.node, "b", false);
    ps_prm_release(prm, root);
    ps_prm_release(prm, b.node);
    ps_prm_release(prm, b.node); /* twice does no harm */
    check_near(score(prm, left.node, "\n\n", false).reward, 0.2, 1e-12);
    ps_prm_release(prm, left.node);
    check_near(score(prm, right.node, "\n\n", false).reward, 0.25, 1e-12);
    const ps_prm_request gone = {.parent = left.node, .text = "a", .length = 1};
    assert_int_equal(ps_prm_submit(prm, &gone, &error), PS_ARG);
    ps_prm_free(prm);
}

static ps_status live(const char *table) {
    ps_prm *prm = NULL;
    ps_prm_node root;
    ps_error error;
    ps_engine *engine = NULL;
    const ps_prm_event *events;
    size_t n;
    const ps_prm_options options = {.step_tag = "<tag>", .step_separator = "\n\n"};
    ps_status status = ps_engine_toy_create(&(ps_toy_options){.table_path = table}, &engine, &error);
    if (status != PS_OK) return status;
    status = ps_prm_create(engine, NULL, &options, &prm, &error);
    if (status != PS_OK) {
        ps_engine_free(engine);
        return status;
    }
    status = ps_prm_root(prm, "Q?", &root, &error);
    for (int i = 0; i < 2 && status == PS_OK; i++)
        status = ps_prm_submit(
            prm, &(ps_prm_request){.parent = root, .text = i == 0 ? "a" : "a\n\nb\n\nc", .length = i == 0 ? 1 : 7},
            &error);
    for (size_t done = 0; status == PS_OK && done < 2; done += n) {
        status = ps_prm_poll(prm, INFINITY, &events, &n, &error);
        for (size_t i = 0; i < n && status == PS_OK; i++)
            if (events[i].status != PS_OK) status = events[i].status;
        if (status != PS_OK) break;
    }
    ps_prm_free(prm);
    return status;
}

static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    const char *table = judge_file();
    bool failed = true;
    for (size_t n = 1; failed; n++) {
        failing_allocator allocator;
        failing_install(&allocator, n);
        ps_status status = live(table);
        failing_remove();
        failed = allocator.calls >= n;
        if (allocator.alive != 0) fail_msg("%zu blocks left when allocation %zu failed", (size_t)allocator.alive, n);
        if (status != PS_OK && status != PS_NOMEM) fail_msg("allocation %zu: status %d", n, status);
        assert_true(failed || status == PS_OK);
        assert_true(n < 10000);
    }
    assert_int_equal(unlink(table), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_two_readings_the_last_one_stands),
        cmocka_unit_test(nothing_is_gained_by_writing_no_separator),
        cmocka_unit_test(one_step_may_hold_several_of_its_own),
        cmocka_unit_test(the_end_of_an_answer_is_read),
        cmocka_unit_test(prefixes_need_neither_parents_nor_children),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
