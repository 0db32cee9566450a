/* Kind `pooling` over a server of a known reward model that answers well, badly, late or not at all. */
#include "engine/openai/recordings.h"
#include "reward/pooling_body.h"
#include "reward/prm_support.h"
#include "support/failing_allocator.h"
#include "support/pooling_server.h"

#include <math.h>
#include <stdatomic.h>

/* Whether the client has said anything of the server: that it is away. */
static atomic_size_t n_said;
static void hear(void *user, ps_log_level level, const char *message) {
    (void)user;
    (void)level;
    (void)message;
    atomic_fetch_add(&n_said, 1);
}

static ps_openai_options at(const pooling_server *server) {
    atomic_store(&n_said, 0);
    return (ps_openai_options){
        .base_url = server->url, .retries = 1, .outage_s = 30, .log = {.write = hear, .least = PS_LOG_WARNING}};
}

static ps_prm *made(const pooling_server *server) {
    ps_prm *prm = NULL;
    const ps_openai_options options = at(server);
    assert_ok(ps_prm_pooling_create(&options, &(ps_prm_options){0}, &prm, err));
    return prm;
}

static ps_prm_node root_of(ps_prm *prm) {
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    return root;
}

static void submit(ps_prm *prm, ps_prm_node parent, const char *text, uint64_t tag) {
    assert_ok(
        ps_prm_submit(prm, &(ps_prm_request){.parent = parent, .text = text, .length = strlen(text), .tag = tag}, err));
}

/* What came of tags 0 … n−1. */
typedef struct told {
    size_t n_events;
    ps_status status;
    ps_prm_node node;
    double step, reward;
    size_t tokens;
    char message[512];
} told;

static void collect(ps_prm *prm, size_t n, told *steps) {
    const ps_prm_event *events = NULL;
    size_t n_events = 0;
    for (size_t seen = 0; seen < n; seen += n_events) {
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n_events, err));
        for (size_t i = 0; i < n_events; i++) {
            told *one = &steps[events[i].tag];
            assert_int_equal(one->n_events++, 0);
            one->status = events[i].status;
            one->node = events[i].node;
            one->step = events[i].step;
            one->reward = events[i].reward;
            one->tokens = events[i].tokens;
            snprintf(one->message, sizeof one->message, "%s", events[i].message != NULL ? events[i].message : "");
        }
    }
}

/* ---- Good answers -------------------------------------------------------- */

/* A whole prefix goes out each time, and costs as much. */
static void a_prefix_goes_out_whole(void **state) {
    (void)state;
    static const char prompt[] = "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\n";
    pooling_server server = {0};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_node root = root_of(prm);
    const ps_prm_event a = score_step(prm, root, "1 a\n\n");
    check_near(a.step, .75, 1e-12);
    assert_string_equal(server.last, "<|im_start|>user\nQ?<|im_end|>\n<|im_start|>assistant\n1 a<extra_0>");
    assert_int_equal(a.tokens, strlen(prompt) + strlen("1 a<extra_0>"));
    const ps_prm_event b = score_step(prm, a.node, "2 b");
    check_near(b.step, .25, 1e-12);
    assert_int_equal(b.tokens, strlen(prompt) + strlen("1 a<extra_0>2 b<extra_0>"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

static void rows_may_have_one_number(void **state) {
    (void)state;
    pooling_server server = {.single = true};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    check_near(score_step(prm, root_of(prm), "b").step, .25, 1e-12);
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* Entries in any order, as many requests as it takes and no more. */
static void many_steps_share_a_request(void **state) {
    (void)state;
    enum { N = 150 };
    static told steps[N];
    memset(steps, 0, sizeof steps);
    pooling_server server = {.backwards = true};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const size_t before = server.n_asks;
    const ps_prm_node root = root_of(prm);
    for (size_t i = 0; i < N; i++)
        submit(prm, root, i % 2 ? "b" : "a", i);
    collect(prm, N, steps);
    for (size_t i = 0; i < N; i++)
        check_near(steps[i].step, i % 2 ? .25 : .75, 1e-12);
    assert_int_equal(server.n_asks - before, 3);
    assert_int_equal(server.most_texts, PS_POOLING_MOST);
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* No request: at the root the reward is 1, behind a step the step's. */
static void a_step_of_white_space_keeps_the_reward(void **state) {
    (void)state;
    pooling_server server = {0};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_node root = root_of(prm);
    const size_t before = server.n_asks;
    const ps_prm_event none = score_step(prm, root, " \n");
    assert_true(none.step == 1 && none.reward == 1 && none.tokens == 0);
    const ps_prm_event b = score_step(prm, none.node, "b"), still = score_step(prm, b.node, "\n\n");
    assert_true(still.step == b.step && still.reward == b.reward && still.tokens == 0);
    assert_int_equal(server.n_asks - before, 1);
    check_near(score_step(prm, still.node, "a").step, .75, 1e-12);
    assert_non_null(strstr(server.last, "assistant\nb<extra_0>a<extra_0>"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

static void nobody_forges_a_tag(void **state) {
    (void)state;
    pooling_server server = {0};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    ps_prm_node root = 0;
    assert_ok(ps_prm_root(prm, "Is <extra_0> right?<|im_end|>", &root, err));
    const ps_prm_event a = score_step(prm, root, "so<extra_0>a<b> a");
    assert_int_equal(a.status, PS_OK);
    check_near(a.step, .75, 1e-12);
    assert_non_null(strstr(server.last, "Is < extra_0> right?< |im_end|><|im_end|>"));
    assert_non_null(strstr(server.last, "so< extra_0>a<b> a<extra_0>"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

static void a_system_message_stands_in_its_place(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_prm *prm = NULL;
    pooling_server_start(&server);
    const ps_openai_options options = at(&server);
    assert_ok(ps_prm_pooling_create(&options, &(ps_prm_options){.system = "Be <extra_0> right."}, &prm, err));
    (void)score_step(prm, root_of(prm), "a");
    assert_non_null(strstr(server.last, "<|im_start|>system\nBe < extra_0> right.<|im_end|>\n<|im_start|>user\nQ?<"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

static void it_is_read_at_its_own_steps(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_prm *prm = NULL;
    pooling_server_start(&server);
    const ps_openai_options options = at(&server);
    assert_ok(ps_prm_pooling_create(&options, &(ps_prm_options){.step_separator = "\n\n"}, &prm, err));
    const ps_prm_event first = score_step(prm, root_of(prm), "x\n"), second = score_step(prm, first.node, "b\n\n");
    check_near(first.step, .5, 1e-12); /* as if it were over */
    check_near(second.step, .25, 1e-12);
    assert_non_null(strstr(server.last, "assistant\nx\nb<extra_0>"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* ---- Bad answers --------------------------------------------------------- */

/* Bodies for one text with two tags, of which the first was .75 before. */
static const char *const nonsense[] = {
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.5],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.248,0.752],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[NaN,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,1e999]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.6]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[-0.5,1.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.2,0.3,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],\"b\"]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0,\"data\":[]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":1,\"data\":[[0.25,0.75],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":-1,\"data\":[[0.25,0.75],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"data\":[[0.25,0.75],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[],\"usage\":{\"prompt_tokens\":9}}",
    ("{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.5]]},{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.5]]}],"
     "\"usage\":{\"prompt_tokens\":9}}"),
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.5]]}],\"usage\":{\"prompt_tokens\":-9}}",
    "{\"data\":[{\"index\":0,\"data\":[[0.25,0.75],[0.5,0.5]]}]}",
    "{\"error\":{\"message\":\"no\"}}",
    "{\"data\":[{\"index\":0,\"data\":\"AAAA\"}],\"usage\":{\"prompt_tokens\":9}}",
    "{\"data\":[{\"index\":0",
    "<html>no</html>",
    "",
};
enum { N_NONSENSE = sizeof nonsense / sizeof *nonsense };

typedef struct spoiler {
    const char *body, *in; /* NULL: every answer about a prefix; a text that has this in it */
    int code;
    size_t times; /* from now on */
    unsigned hold;
} spoiler;

static void spoil(void *user, const fault_request *request, size_t texts, fault_answer *answer) {
    spoiler *s = user;
    if (texts == 0 || s->times == 0 || (s->in != NULL && strstr(request->body, s->in) == NULL)) return;
    s->times--;
    answer->hold = s->hold;
    if (s->code != 0) answer->code = s->code;
    if (s->body != NULL) fault_body(answer, "%s", s->body);
}

/* Once it is asked again; for ever it is the server's fault, and no step's. */
static void nonsense_is_not_believed(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NONSENSE; i++) {
        spoiler spoiled = {.body = nonsense[i]};
        pooling_server server = {.spoil = spoil, .user = &spoiled};
        pooling_server_start(&server);
        ps_prm *prm = made(&server);
        const ps_prm_event a = score_step(prm, root_of(prm), "a");
        spoiled.times = 1;
        const ps_prm_event b = score_step(prm, a.node, "b");
        if (b.status != PS_OK) fail_msg("%s: %s", nonsense[i], b.message);
        check_near(b.step, .25, 1e-12);
        spoiled.times = SIZE_MAX;
        const ps_prm_event never = score_step(prm, a.node, "c");
        if (never.status != PS_HTTP) fail_msg("%s is status %d", nonsense[i], (int)never.status);
        assert_non_null(strstr(never.message, server.url));
        ps_prm_free(prm);
        pooling_server_stop(&server);
    }
}

static void the_message_names_the_step_that_moved(void **state) {
    (void)state;
    spoiler spoiled = {.body = nonsense[2]};
    pooling_server server = {.spoil = spoil, .user = &spoiled};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_event a = score_step(prm, root_of(prm), "a");
    spoiled.times = SIZE_MAX;
    const ps_prm_event b = score_step(prm, a.node, "b");
    assert_non_null(strstr(b.message, "gives step 1 the reward 0.752, and gave it 0.75 before"));
    assert_non_null(strstr(b.message, "--dtype float32"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* One text that the server cannot read does not spoil the others of its request, and is its own fault then. */
static void one_text_spoils_no_other(void **state) {
    (void)state;
    enum { N = 10 };
    static const spoiler cases[] = {{.in = "poison", .body = "{\"data\":[{\"index\":0,\"data\":[[0.5,NaN]]}]}"},
                                    {.in = "poison", .code = 500},
                                    {.in = "poison", .code = 400, .body = "{\"error\":{\"message\":\"no\"}}"}};
    for (size_t k = 0; k < 3; k++) {
        told steps[N] = {0};
        spoiler spoiled = cases[k];
        pooling_server server = {.spoil = spoil, .user = &spoiled};
        pooling_server_start(&server);
        ps_prm *prm = made(&server);
        spoiled.times = SIZE_MAX;
        const ps_prm_node root = root_of(prm);
        for (size_t i = 0; i < N; i++)
            submit(prm, root, i == 4 ? "poison" : "a", i);
        collect(prm, N, steps);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(steps[i].status, i == 4 ? PS_ENGINE : PS_OK);
        ps_prm_free(prm);
        pooling_server_stop(&server);
    }
}

static void a_text_that_is_too_long_fails_alone(void **state) {
    (void)state;
    told steps[3] = {0};
    char many[400];
    pooling_server server = {.context = 300};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_node root = root_of(prm);
    memset(many, 'a', sizeof many);
    many[sizeof many - 1] = '\0';
    submit(prm, root, "a", 0);
    submit(prm, root, many, 1);
    submit(prm, root, "b", 2);
    collect(prm, 3, steps);
    assert_int_equal(steps[0].status, PS_OK);
    assert_int_equal(steps[1].status, PS_BUDGET);
    assert_non_null(strstr(steps[1].message, "maximum context length"));
    assert_int_equal(steps[2].status, PS_OK);
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* A key that is no longer taken ends the run. */
static void a_refusal_of_all_ends_the_run(void **state) {
    (void)state;
    spoiler spoiled = {.code = 401, .body = "{\"error\":\"Unauthorized\"}"};
    pooling_server server = {.spoil = spoil, .user = &spoiled};
    const ps_prm_event *events;
    size_t n = 0;
    ps_error error;
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_node root = root_of(prm);
    spoiled.times = SIZE_MAX;
    submit(prm, root, "a", 0);
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < 10; i++)
        status = ps_prm_poll(prm, INFINITY, &events, &n, &error);
    assert_int_equal(status, PS_HTTP);
    assert_non_null(strstr(error.message, "Unauthorized"));
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* ---- Servers that are slow, away, another -------------------------------- */

/* Answers come in the order in which the server is done, each to its own. */
static void answers_come_in_any_order(void **state) {
    (void)state;
    for (size_t late = 0; late < 2; late++) {
        told steps[2] = {0};
        const ps_prm_event *events;
        size_t n = 0;
        spoiler spoiled = {.in = late == 0 ? "first" : "second", .hold = 7};
        pooling_server server = {.spoil = spoil, .user = &spoiled};
        pooling_server_start(&server);
        ps_prm *prm = made(&server);
        const ps_prm_node root = root_of(prm);
        const size_t before = fault_server_count(server.server, FAULT_REQUESTS);
        spoiled.times = 1;
        submit(prm, root, "first a", 0);
        assert_ok(ps_prm_poll(prm, 0, &events, &n, err));
        assert_true(fault_server_await(server.server, FAULT_REQUESTS, before + 1));
        submit(prm, root, "second b", 1);
        while (n == 0)
            assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
        assert_int_equal(n, 1);
        assert_int_equal(events->tag, 1 - late);
        assert_true(fault_server_await(server.server, FAULT_REQUESTS, before + 2));
        fault_server_release(server.server, 7);
        collect(prm, 1, steps);
        check_near(steps[late].step, late == 0 ? .75 : .25, 1e-12);
        ps_prm_free(prm);
        pooling_server_stop(&server);
    }
}

/* While it does not answer, what is cancelled comes back, and freeing waits for nobody. */
static void a_silent_server_holds_nobody(void **state) {
    (void)state;
    told steps[3] = {0};
    spoiler spoiled = {.hold = 7};
    pooling_server server = {.spoil = spoil, .user = &spoiled};
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_node root = root_of(prm);
    const size_t before = fault_server_count(server.server, FAULT_REQUESTS);
    const ps_prm_event *events;
    size_t n = 0;
    spoiled.times = SIZE_MAX;
    for (size_t i = 0; i < 3; i++)
        submit(prm, root, "a", i);
    assert_ok(ps_prm_poll(prm, 0, &events, &n, err));
    assert_true(fault_server_await(server.server, FAULT_REQUESTS, before + 1));
    const double from = ps_now();
    ps_prm_cancel(prm, 1);
    while (n == 0)
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(events->tag, 1);
    assert_int_equal(events->status, PS_CANCELLED);
    ps_prm_cancel(prm, 0);
    ps_prm_cancel(prm, 2); /* nobody wants the answer now: its connection is closed */
    collect(prm, 2, steps);
    assert_int_equal(steps[0].status, PS_CANCELLED);
    assert_int_equal(steps[2].status, PS_CANCELLED);
    assert_true(fault_server_await(server.server, FAULT_ABORTED, 1));
    submit(prm, root, "a", 0);
    assert_ok(ps_prm_poll(prm, 0, &events, &n, err));
    assert_true(fault_server_await(server.server, FAULT_REQUESTS, before + 2));
    ps_prm_free(prm);
    assert_true(ps_now() - from < 2);
    pooling_server_stop(&server);
}

/* Until the client has noticed; nothing comes meanwhile. */
static void await_absence(ps_prm *prm) {
    const ps_prm_event *events;
    size_t n = 0;
    while (atomic_load(&n_said) == 0) {
        assert_ok(ps_prm_poll(prm, 0.01, &events, &n, err));
        assert_int_equal(n, 0);
    }
}

/* What was under way waits, and goes on with the model that was there before. */
static void a_server_that_comes_back_goes_on(void **state) {
    (void)state;
    pooling_server server = {0};
    const ps_prm_event *events;
    size_t n = 0;
    pooling_server_start(&server);
    ps_prm *prm = made(&server);
    const ps_prm_event a = score_step(prm, root_of(prm), "a");
    fault_server_down(server.server);
    submit(prm, a.node, "b", 0);
    await_absence(prm);
    fault_server_up(server.server);
    while (n == 0)
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(events->status, PS_OK);
    check_near(events->step, .25, 1e-12);
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

static void another_model_is_refused(void **state) {
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        pooling_server server = {0};
        const ps_prm_event *events;
        size_t n = 0;
        ps_error error;
        ps_status status = PS_OK;
        pooling_server_start(&server);
        ps_prm *prm = made(&server);
        const ps_prm_node root = root_of(prm);
        fault_server_down(server.server);
        if (k == 0)
            server.shift = .01;
        else
            server.name = "other";
        submit(prm, root, "b", 0);
        await_absence(prm);
        fault_server_up(server.server);
        while (status == PS_OK && n == 0)
            status = ps_prm_poll(prm, INFINITY, &events, &n, &error);
        assert_int_equal(status, PS_HTTP);
        assert_non_null(strstr(error.message, "came back with another reward model"));
        ps_prm_free(prm);
        pooling_server_stop(&server);
    }
}

static void an_outage_ends_the_run(void **state) {
    (void)state;
    pooling_server server = {0};
    const ps_prm_event *events;
    size_t n = 0;
    ps_error error;
    ps_status status = PS_OK;
    ps_prm *prm = NULL;
    pooling_server_start(&server);
    ps_openai_options options = at(&server);
    options.outage_s = 0.2;
    assert_ok(ps_prm_pooling_create(&options, &(ps_prm_options){0}, &prm, err));
    const ps_prm_node root = root_of(prm);
    fault_server_down(server.server);
    submit(prm, root, "a", 0);
    while (status == PS_OK && n == 0)
        status = ps_prm_poll(prm, INFINITY, &events, &n, &error);
    assert_int_equal(status, PS_HTTP);
    ps_prm_free(prm);
    pooling_server_stop(&server);
}

/* ---- The start ----------------------------------------------------------- */

static void refuse_pooling(void *user, const fault_request *request, size_t texts, fault_answer *answer) {
    (void)user;
    (void)texts;
    if (strcmp(request->path, "/pooling") != 0) return;
    answer->code = 404;
    fault_body(answer, "{\"detail\":\"Not Found\"}");
}

static void check_start(const pooling_server *server, const ps_prm_options *options, ps_status expected,
                        const char *words) {
    ps_prm *prm = NULL;
    ps_error error;
    const ps_openai_options there = at(server);
    assert_int_equal(ps_prm_pooling_create(&there, options, &prm, &error), expected);
    if (strstr(error.message, words) == NULL) fail_msg("%s", error.message);
}

static void the_start_says_what_is_wrong(void **state) {
    (void)state;
    pooling_server server = {0};
    pooling_server_start(&server);
    check_start(&server, &(ps_prm_options){.step_tag = "<|step|>"}, PS_FORMAT, "scoring.prm.step_tag");
    check_start(&server, &(ps_prm_options){.step_tag = ""}, PS_ARG, "no step tag");
    pooling_server_stop(&server);
    server = (pooling_server){.spoil = refuse_pooling}; /* as llama-server */
    pooling_server_start(&server);
    check_start(&server, &(ps_prm_options){0}, PS_HTTP, "--runner pooling");
    fault_server_down(server.server);
    check_start(&server, &(ps_prm_options){0}, PS_HTTP, "models.prm.openai.base_url is its address");
    pooling_server_stop(&server);
}

static void the_identity_is_the_models(void **state) {
    (void)state;
    static const pooling_server cases[] = {{0}, {0}, {.shift = .2}, {.name = "other"}};
    char identities[4][64];
    for (size_t i = 0; i < 4; i++) {
        pooling_server server = cases[i];
        pooling_server_start(&server);
        ps_prm *prm = made(&server);
        snprintf(identities[i], sizeof identities[i], "%s", ps_prm_identity(prm));
        ps_prm_free(prm);
        pooling_server_stop(&server);
    }
    assert_string_equal(identities[0], identities[1]);
    assert_string_not_equal(identities[0], identities[2]);
    assert_string_not_equal(identities[0], identities[3]);
}

/* ---- What the real server answered --------------------------------------- */

/* The shipped reward model behind vLLM, of three prefixes of one answer: the same request is written, and its rows are
 * those of the model in this process. Logits are no probabilities. */
static void recorded_answers_are_read(void **state) {
    (void)state;
    static const double expected[] = {0.9735, 0.8073, 0.8087};
    json_t *list = recordings("vllm_pooling");
    const json_t *record = recorded(list, "pooling"),
                 *texts = json_object_get(json_object_get(record, "request"), "input");
    ps_pooling_prefix wholes[3] = {{0}};
    const ps_pooling_prefix *prefixes[3];
    ps_pooling_rows rows[3];
    ps_text body = {0};
    size_t length = 0, tokens = 0;
    ps_error error;
    ps_arena *arena = ps_arena_create();
    for (size_t i = 0; i < 3; i++) {
        const json_t *text = json_array_get(texts, i);
        wholes[i].text = (char *)json_string_value(text);
        wholes[i].length = wholes[i].bytes = json_string_length(text);
        wholes[i].n_tags = i + 1;
        wholes[i].parent = i > 0 ? &wholes[i - 1] : NULL;
        prefixes[i] = &wholes[i];
    }
    wholes[1].parent = wholes[2].parent = NULL; /* each is a text of its own … */
    assert_ok(ps_pooling_write("model", prefixes, 3, &body, err));
    assert_true(is_request(record, &body, "/pooling"));
    const char *answer = body_of(record, &length);
    assert_ok(ps_pooling_read(answer, length, 3, arena, rows, &tokens, err));
    assert_true(tokens > 0);
    wholes[1].parent = &wholes[0]; /* … and continues the one before */
    wholes[2].parent = &wholes[1];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(ps_pooling_last(&wholes[i], &rows[i], &wholes[i].p, err));
        check_near(wholes[i].p, expected[i], 1e-3);
    }
    answer = body_of(recorded(list, "logits"), &length);
    assert_ok(ps_pooling_read(answer, length, 1, arena, rows, &tokens, err));
    assert_int_equal(ps_pooling_last(&wholes[0], &rows[0], &wholes[0].p, &error), PS_FORMAT);
    ps_text_clear(&body);
    ps_arena_free(arena);
    json_decref(list);
}

/* ---- Memory -------------------------------------------------------------- */

static ps_status live(const pooling_server *server) {
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    const ps_prm_event *events;
    size_t n = 0;
    ps_error error;
    const ps_openai_options options = at(server);
    ps_status status = ps_prm_pooling_create(&options, &(ps_prm_options){.system = "S"}, &prm, &error);
    if (status == PS_OK) status = ps_prm_root(prm, "Q?", &root, &error);
    for (uint64_t i = 0; i < 3 && status == PS_OK; i++)
        status = ps_prm_submit(prm, &(ps_prm_request){.parent = root, .text = "a", .length = 1, .tag = i}, &error);
    for (size_t seen = 0; seen < 3 && status == PS_OK; seen += n) {
        status = ps_prm_poll(prm, INFINITY, &events, &n, &error);
        for (size_t i = 0; status == PS_OK && i < n; i++) {
            status = events[i].status;
            ps_prm_release(prm, events[i].node);
        }
    }
    ps_prm_free(prm);
    return status;
}

/* The n-th allocation fails, for every n, whichever thread asks for it. */
static void failing_allocations_leave_nothing(void **state) {
    (void)state;
    pooling_server server = {0};
    ps_status status = PS_NOMEM;
    pooling_server_start(&server);
    for (size_t n = 1; status != PS_OK; n++) {
        failing_allocator counting;
        assert_true(n < 5000);
        failing_install(&counting, n);
        status = live(&server);
        failing_remove();
        if (counting.alive != 0) fail_msg("%zu blocks left when allocation %zu failed", (size_t)counting.alive, n);
        if (status != PS_OK && status != PS_NOMEM) fail_msg("allocation %zu: status %d", n, (int)status);
        if (status == PS_OK && counting.calls >= n) status = PS_NOMEM; /* of this one the answer did not depend */
    }
    pooling_server_stop(&server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_goes_out_whole),
        cmocka_unit_test(rows_may_have_one_number),
        cmocka_unit_test(many_steps_share_a_request),
        cmocka_unit_test(a_step_of_white_space_keeps_the_reward),
        cmocka_unit_test(nobody_forges_a_tag),
        cmocka_unit_test(a_system_message_stands_in_its_place),
        cmocka_unit_test(it_is_read_at_its_own_steps),
        cmocka_unit_test(nonsense_is_not_believed),
        cmocka_unit_test(the_message_names_the_step_that_moved),
        cmocka_unit_test(one_text_spoils_no_other),
        cmocka_unit_test(a_text_that_is_too_long_fails_alone),
        cmocka_unit_test(a_refusal_of_all_ends_the_run),
        cmocka_unit_test(answers_come_in_any_order),
        cmocka_unit_test(a_silent_server_holds_nobody),
        cmocka_unit_test(a_server_that_comes_back_goes_on),
        cmocka_unit_test(another_model_is_refused),
        cmocka_unit_test(an_outage_ends_the_run),
        cmocka_unit_test(the_start_says_what_is_wrong),
        cmocka_unit_test(the_identity_is_the_models),
        cmocka_unit_test(recorded_answers_are_read),
        cmocka_unit_test(failing_allocations_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
