/* What every kind of reward model must do. A new kind is a new row of `makers`, and nothing else. */
#include "reward/prm_support.h"
#include "reward/tiny_gguf.h"
#include "support/failing_allocator.h"
#include "support/model_server.h"
#include "support/pooling_server.h"

static ps_prm *make_token(ps_aggregate aggregate) {
    return judge(aggregate);
}

/* Read at the ends of its own steps, which are those of the tests. */
static ps_prm *make_separated(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    const ps_prm_options options = {.aggregate = aggregate, .step_tag = "<tag>", .step_separator = "\n"};
    assert_ok(ps_prm_create(judge_engine(0), NULL, &options, &prm, err));
    return prm;
}

static ps_prm *make_toy(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    FILE *file = fopen("rewards.json", "wb");
    assert_non_null(file);
    fputs("{\"rewards\": {\"steps\": {\"a\\n\": 0.8, \"b\\n\": 0.3}}}", file);
    fclose(file);
    assert_ok(ps_prm_toy_create(&(ps_toy_options){.table_path = "rewards.json"}, aggregate, &prm, err));
    return prm;
}

/* Asked behind every step. */
static ps_prm *make_asked(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    assert_ok(ps_prm_create(judge_engine(0), NULL, asked(aggregate), &prm, err));
    return prm;
}

/* The judge's hidden state is its distribution, so these rows make the head say log(+/−) − 1 or so. */
static ps_prm *make_head(ps_aggregate aggregate) {
#ifdef PS_HAVE_LLAMA
    ps_prm *prm = NULL;
    ps_engine *engine = judge_engine(0);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    float *rows = calloc(2 * info.hidden_size, sizeof *rows);
    rows[4] = 3;
    rows[info.hidden_size + 3] = 3;
    const tiny_tensor tensors[] = {{"head.0.weight", {info.hidden_size, 2}, rows}};
    write_gguf("head.gguf", tensors, 1, NULL, 0);
    free(rows);
    const ps_prm_options options = {.aggregate = aggregate, .step_tag = "<tag>", .head_path = "head.gguf"};
    assert_ok(ps_prm_create(engine, NULL, &options, &prm, err));
    return prm;
#else
    (void)aggregate;
    return NULL;
#endif
}

/* ---- Behind servers ------------------------------------------------------ */

/* They run from their first use to the end of the program. */

static ps_engine *served_engine(model_kind kind) {
    static model_server servers[2];
    static small_model *table;
    ps_engine *engine = NULL;
    if (table == NULL) table = small_model_toy(judge_table);
    if (servers[kind].server == NULL) model_server_start(&servers[kind], table, kind);
    assert_ok(
        ps_engine_openai_create(&(ps_openai_options){.base_url = servers[kind].url, .retries = -1}, &engine, err));
    return engine;
}

static ps_prm *served_token(model_kind kind, ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    const ps_prm_options options = {.aggregate = aggregate, .step_tag = "<tag>"};
    assert_ok(ps_prm_create(served_engine(kind), NULL, &options, &prm, err));
    return prm;
}
static ps_prm *make_at_vllm(ps_aggregate aggregate) {
    return served_token(MODEL_VLLM, aggregate);
}
static ps_prm *make_at_llama_server(ps_aggregate aggregate) {
    return served_token(MODEL_LLAMA_SERVER, aggregate);
}

static ps_prm *make_asked_at_vllm(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    assert_ok(ps_prm_create(served_engine(MODEL_VLLM), NULL, asked(aggregate), &prm, err));
    return prm;
}

static ps_prm *make_pooling(ps_aggregate aggregate) {
    static pooling_server server;
    ps_prm *prm = NULL;
    if (server.server == NULL) pooling_server_start(&server);
    const ps_openai_options there = {.base_url = server.url, .retries = -1};
    assert_ok(ps_prm_pooling_create(&there, &(ps_prm_options){.aggregate = aggregate}, &prm, err));
    return prm;
}

static const struct {
    const char *name;
    ps_prm *(*make)(ps_aggregate aggregate);
    bool served;
} makers[] = {
    {"token", make_token, false},          {"head", make_head, false},          {"toy", make_toy, false},
    {"token", make_separated, false},      {"judge", make_asked, false},        {"token", make_at_vllm, true},
    {"token", make_at_llama_server, true}, {"judge", make_asked_at_vllm, true}, {"pooling", make_pooling, true}};
enum { N_MAKERS = sizeof makers / sizeof *makers };

static void a_reward_model_says_its_kind(void **state) {
    (void)state;
    for (size_t i = 0; i < N_MAKERS; i++) {
        ps_prm *prm = makers[i].make(PS_AGGREGATE_LAST);
        if (prm != NULL) assert_string_equal(prm->ops->kind, makers[i].name);
        ps_prm_free(prm);
    }
}

/* Of a head the identity is its model's and its own. */
static void a_reward_model_has_an_identity(void **state) {
    (void)state;
    ps_engine_info info;
    ps_engine *engine = judge_engine(0);
    ps_engine_get_info(engine, &info);
    for (size_t i = 0; i < N_MAKERS; i++) {
        ps_prm *prm = makers[i].make(PS_AGGREGATE_LAST);
        const char *identity = prm != NULL ? ps_prm_identity(prm) : NULL;
        if (prm == NULL) continue;
        assert_non_null(identity);
        if (makers[i].make != make_toy && !makers[i].served)
            assert_int_equal(strncmp(identity, info.identity, strlen(info.identity)), 0);
        assert_int_equal(strstr(identity, "+gguf-") != NULL, makers[i].make == make_head);
        ps_prm_free(prm);
    }
    ps_engine_free(engine);
}

static bool is_served; /* the one under test: its thread may have answered before the next call comes */

static void for_each(void (*test)(ps_prm *prm)) {
    for (size_t i = 0; i < N_MAKERS; i++) {
        ps_prm *prm = makers[i].make(PS_AGGREGATE_LAST);
        is_served = makers[i].served;
        if (prm != NULL) test(prm);
        ps_prm_free(prm);
    }
}

static void check_steps_have_probabilities(ps_prm *prm) {
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    assert_int_not_equal(root, 0);
    const ps_prm_event a = score_step(prm, root, "a\n"), b = score_step(prm, root, "b\n");
    assert_int_equal(a.status, PS_OK);
    assert_in_range(a.tokens, 1, 80);
    assert_true(a.step >= 0 && a.step <= 1 && b.step >= 0 && b.step <= 1);
    assert_true(a.step > b.step); /* every maker here likes a better */
    assert_true(a.reward == a.step);
    const ps_prm_event c = score_step(prm, a.node, "b\n");
    assert_int_equal(c.status, PS_OK);
    ps_prm_release(prm, root);
    ps_prm_release(prm, a.node);
    ps_prm_release(prm, b.node);
    ps_prm_release(prm, c.node);
}

static void check_released_nodes_are_noticed(ps_prm *prm) {
    ps_prm_node root = 0;
    ps_error error;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_node old = root;
    ps_prm_release(prm, root);
    ps_prm_release(prm, root); /* twice does no harm */
    ps_prm_release(prm, 0);
    ps_prm_request request = {.parent = old, .text = "a\n", .length = 2};
    assert_int_equal(ps_prm_submit(prm, &request, &error), PS_ARG);
    request.parent = 0;
    assert_int_equal(ps_prm_submit(prm, &request, &error), PS_ARG);
    assert_ok(ps_prm_root(prm, "Q?", &root, err)); /* takes the same slot */
    assert_true(root != old);
    request.parent = old;
    assert_int_equal(ps_prm_submit(prm, &request, &error), PS_ARG);
}

/* Many at once, from parents that are released at once: tags come back once each, values as one by one. */
static void check_many_at_once(ps_prm *prm) {
    enum { N = 40 };
    ps_prm_node root = 0;
    double expected[2];
    bool seen[N] = {false};
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    for (size_t i = 0; i < 2; i++) {
        const ps_prm_event event = score_step(prm, root, i == 0 ? "a\n" : "b\n");
        expected[i] = event.step;
        ps_prm_release(prm, event.node);
    }
    for (size_t i = 0; i < N; i++)
        assert_ok(ps_prm_submit(
            prm, &(ps_prm_request){.parent = root, .text = i % 2 ? "b\n" : "a\n", .length = 2, .tag = i}, err));
    ps_prm_release(prm, root);
    for (size_t done = 0; done < N;) {
        const ps_prm_event *events;
        size_t n;
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++, done++) {
            assert_false(seen[events[i].tag]);
            seen[events[i].tag] = true;
            assert_int_equal(events[i].status, PS_OK);
            check_near(events[i].step, expected[events[i].tag % 2], 1e-12);
            ps_prm_release(prm, events[i].node);
        }
    }
    const ps_prm_event *events;
    size_t n = 1;
    assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(n, 0); /* nothing under way */
}

/* Cancelled are the requests of a tag, wherever it is; what is done or unknown is left alone. */
static void check_cancelled_requests_get_their_event(ps_prm *prm) {
    enum { N = 12 };
    ps_prm_node root = 0;
    bool seen[N] = {false};
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event a = score_step(prm, root, "a\n"), b = score_step(prm, root, "b\n"); /* tag 5 */
    ps_prm_cancel(prm, 5);
    for (size_t i = 0; i < N; i++)
        assert_ok(ps_prm_submit(
            prm, &(ps_prm_request){.parent = root, .text = i % 2 ? "b\n" : "a\n", .length = 2, .tag = i}, err));
    ps_prm_cancel(prm, 3);
    ps_prm_cancel(prm, 8);
    ps_prm_cancel(prm, 99);
    for (size_t done = 0; done < N;) {
        const ps_prm_event *events;
        size_t n;
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++, done++) {
            const ps_prm_event *e = &events[i];
            assert_false(seen[e->tag]);
            seen[e->tag] = true;
            const bool cancelled = e->tag == 3 || e->tag == 8;
            if (!(cancelled && is_served && e->status == PS_OK)) /* it was done already */
                assert_int_equal(e->status, cancelled ? PS_CANCELLED : PS_OK);
            if (e->status != PS_OK) {
                assert_non_null(e->message);
                assert_int_equal(e->node, 0);
            } else {
                assert_true(e->step == (e->tag % 2 ? b.step : a.step));
                ps_prm_release(prm, e->node);
            }
        }
    }
    assert_int_equal(score_step(prm, root, "a\n").status, PS_OK); /* of tag 5 nothing was left to cancel */
}

/* Only that it harms nobody: a poll that waits is an engine's, and is tested there. */
static void check_a_wake_harms_nobody(ps_prm *prm) {
    ps_prm_node root = 0;
    const ps_prm_event *events;
    size_t n = 1;
    ps_prm_wake(prm);
    assert_ok(ps_prm_poll(prm, 0, &events, &n, err));
    assert_int_equal(n, 0);
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    ps_prm_wake(prm);
    assert_int_equal(score_step(prm, root, "a\n").status, PS_OK);
}

static void check_free_with_work_under_way(ps_prm *prm) {
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    for (size_t i = 0; i < 10; i++)
        assert_ok(ps_prm_submit(prm, &(ps_prm_request){.parent = root, .text = "a\n", .length = 2}, err));
}

static void check_counts_grow(ps_prm *prm) {
    ps_prm_node root = 0;
    ps_engine_stats before, after;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    ps_prm_get_stats(prm, &before);
    const ps_prm_event event = score_step(prm, root, "a\n");
    ps_prm_get_stats(prm, &after);
    assert_int_equal(after.prefilled - before.prefilled, event.tokens);
}

static void steps_have_probabilities(void **state) {
    (void)state;
    for_each(check_steps_have_probabilities);
}

static void released_nodes_are_noticed(void **state) {
    (void)state;
    for_each(check_released_nodes_are_noticed);
}

static void many_at_once_are_as_one_by_one(void **state) {
    (void)state;
    for_each(check_many_at_once);
}

static void cancelled_requests_get_their_event(void **state) {
    (void)state;
    for_each(check_cancelled_requests_get_their_event);
}

static void a_wake_harms_nobody(void **state) {
    (void)state;
    for_each(check_a_wake_harms_nobody);
}

static void work_under_way_is_dropped_with_the_model(void **state) {
    (void)state;
    for_each(check_free_with_work_under_way);
}

static void a_step_costs_what_the_counters_say(void **state) {
    (void)state;
    for_each(check_counts_grow);
}

/* last, min, prod and mean over a, b, a against the steps' own probabilities. */
static void aggregates_are_of_the_steps_so_far(void **state) {
    (void)state;
    for (size_t k = 0; k < N_MAKERS; k++)
        for (int aggregate = PS_AGGREGATE_LAST; aggregate <= PS_AGGREGATE_MEAN; aggregate++) {
            ps_prm *prm = makers[k].make((ps_aggregate)aggregate);
            ps_prm_node node = 0;
            double min = 1, product = 1, sum = 0;
            if (prm == NULL) continue;
            assert_ok(ps_prm_root(prm, "Q?", &node, err));
            for (size_t i = 0; i < 3; i++) {
                const ps_prm_event event = score_step(prm, node, i == 1 ? "b\n" : "a\n");
                ps_prm_release(prm, node);
                node = event.node;
                min = fmin(min, event.step);
                product *= event.step;
                sum += event.step;
                const double expected[] = {event.step, min, product, sum / (double)(i + 1)};
                check_near(event.reward, expected[aggregate], 1e-15);
            }
            ps_prm_free(prm);
        }
}

/* The n-th allocation fails, for every n: an error each time, nothing left over. */
static ps_status use(ps_prm *(*make)(ps_aggregate), ps_error *err) {
    ps_prm *prm = make(PS_AGGREGATE_MIN);
    ps_prm_node root = 0;
    const ps_prm_event *events = NULL;
    size_t n = 0;
    ps_status status = ps_prm_root(prm, "Q?", &root, err);
    for (size_t i = 0; i < 12 && status == PS_OK; i++)
        status = ps_prm_submit(prm, &(ps_prm_request){.parent = root, .text = "a\n", .length = 2}, err);
    if (status == PS_OK) status = ps_prm_poll(prm, INFINITY, &events, &n, err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = events[i].status;
    ps_prm_free(prm);
    return status;
}

/* Creation is not made to fail here (its maker asserts): the failures begin after it. */
static failing_allocator counting;
static size_t fail_after_creation;
static ps_prm *(*inner)(ps_aggregate);
static ps_prm *make_then_fail(ps_aggregate aggregate) {
    ps_prm *prm = inner(aggregate);
    counting.fail_at = counting.calls + fail_after_creation;
    return prm;
}

static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    for (size_t k = 0; k < N_MAKERS; k++) {
        if (makers[k].served) continue; /* where a thread of its own allocates, too: tests of its own */
        ps_status status = PS_NOMEM;
        ps_prm *probe = makers[k].make(PS_AGGREGATE_LAST);
        const bool there = probe != NULL;
        ps_prm_free(probe);
        for (size_t n = 1; there && status != PS_OK; n++) {
            ps_error error = {0};
            assert_true(n < 2000);
            inner = makers[k].make;
            fail_after_creation = n;
            failing_install(&counting, 0);
            status = use(make_then_fail, &error);
            failing_remove();
            assert_int_equal(counting.alive, 0);
            assert_true(status == PS_OK || status == PS_NOMEM);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reward_model_says_its_kind),
        cmocka_unit_test(a_reward_model_has_an_identity),
        cmocka_unit_test(steps_have_probabilities),
        cmocka_unit_test(released_nodes_are_noticed),
        cmocka_unit_test(many_at_once_are_as_one_by_one),
        cmocka_unit_test(cancelled_requests_get_their_event),
        cmocka_unit_test(a_wake_harms_nobody),
        cmocka_unit_test(work_under_way_is_dropped_with_the_model),
        cmocka_unit_test(a_step_costs_what_the_counters_say),
        cmocka_unit_test(aggregates_are_of_the_steps_so_far),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
