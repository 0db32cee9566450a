/* What a server can do wrong, seen from the engine: each request has one event, with the tokens that it would have had;
 * what nobody answered is no result; and nothing waits for ever. */
#include "engine/openai/openai_test.h"

#include <stdatomic.h>

enum { STEPS = 6 };

/* What is done to answers to asks for tokens, once it is armed. */
typedef struct spoiler {
    atomic_size_t left; /* so many more of them */
    void (*spoil)(struct spoiler *spoiler, fault_answer *answer);
    const char *from, *to; /* replace in the body */
    const char *body;      /* or all of it */
    unsigned holds;        /* of answers that are held: the next one's number */
} spoiler;

static void spoil(void *user, const fault_request *request, bool is_ask, fault_answer *answer) {
    spoiler *s = user;
    (void)request;
    if (!is_ask || atomic_load(&s->left) == 0) return;
    atomic_fetch_sub(&s->left, 1);
    s->spoil(s, answer);
}

static void replaced(spoiler *s, fault_answer *answer) {
    if (s->body != NULL) {
        fault_body(answer, "%s", s->body);
        return;
    }
    const char *found = strstr(answer->body, s->from);
    if (found == NULL) return; /* the test finds the good answer and fails */
    const size_t before = (size_t)(found - answer->body);
    char *all = malloc(answer->length + strlen(s->to) + 1);
    if (all == NULL) abort();
    sprintf(all, "%.*s%s%s", (int)before, answer->body, s->to, found + strlen(s->from));
    fault_body(answer, "%s", all);
    free(all);
}
static void closed_in_the_head(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->close_at = 20;
}
static void closed_in_the_body(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->close_at = FAULT_BODY(30);
}
static void reset_at_once(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->close_at = 0;
    answer->reset = true;
}
static void told_too_long(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->length_off = 50;
    answer->close = true;
}
static void told_too_short(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->length_off = -20;
    answer->close = true;
}
static void bad_gateway(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->code = 502;
    answer->type = "text/html";
    fault_body(answer, "<html><body>Bad Gateway</body></html>");
}
static void too_many_requests(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->code = 429;
    snprintf(answer->headers, sizeof answer->headers, "Retry-After: 0\r\n");
    fault_body(answer, "{\"error\":{\"message\":\"slow down\"}}");
}
static void server_error(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->code = 500;
    fault_body(answer, "{\"error\":{\"message\":\"Out of range float values are not JSON compliant\"}}");
}
static void unauthorized(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->code = 401;
    fault_body(answer, "{\"error\":\"Unauthorized\"}");
}
static void prompt_too_long(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->code = 400;
    fault_body(answer, "{\"error\":{\"message\":\"This model's maximum context length is 8 tokens\",\"code\":400}}");
}
static void held(spoiler *s, fault_answer *answer) {
    answer->hold = ++s->holds;
}
static void byte_by_byte(spoiler *s, fault_answer *answer) {
    (void)s;
    answer->slice = 1;
}

/* ---- A server and what it is asked --------------------------------------- */

typedef struct scene {
    small_model *table;
    model_server server;
    spoiler spoiler;
    ps_engine *engine;
    ps_node root;
    ps_generation g;
} scene;

static void open_scene(scene *s, model_kind kind, const ps_openai_options *more) {
    *s = (scene){.table = small_model_table(), .g = by_lines()};
    s->server.spoil = spoil;
    s->server.user = &s->spoiler;
    model_server_start(&s->server, s->table, kind);
    ps_openai_options options = options_of(&s->server);
    if (more != NULL) {
        options = *more;
        options.base_url = s->server.url;
    }
    s->engine = engine_with(&options);
    s->root = root_of(s->engine, "which?");
}

static void close_scene(scene *s) {
    ps_engine_free(s->engine);
    model_server_stop(&s->server);
    small_model_free(s->table);
}

static void arm(scene *s, void (*how)(spoiler *, fault_answer *), size_t times) {
    s->spoiler.spoil = how;
    atomic_store(&s->spoiler.left, times);
}

/* Siblings of the root: their steps. */
static void ask(scene *s, step_told *steps) {
    memset(steps, 0, STEPS * sizeof *steps);
    for (uint64_t i = 0; i < STEPS; i++)
        submit(s->engine, s->root, &s->g, i, i);
    collect(s->engine, STEPS, steps);
}

static void assert_same_steps(const step_told *a, const step_told *b) {
    for (size_t i = 0; i < STEPS; i++) {
        if (b[i].status != PS_OK) fail_msg("step %zu: %s", i, b[i].message);
        assert_int_equal(a[i].n_events, b[i].n_events);
        assert_string_equal(a[i].text, b[i].text);
        assert_int_equal(a[i].n_tokens, b[i].n_tokens);
        assert_memory_equal(a[i].tokens, b[i].tokens, a[i].n_tokens * sizeof(ps_token));
        assert_memory_equal(a[i].logp, b[i].logp, a[i].n_tokens * sizeof(double));
    }
}

/* ---- Faults that pass ---------------------------------------------------- */

static const struct {
    const char *name;
    void (*how)(spoiler *, fault_answer *);
} transport[] = {{"closed in the head", closed_in_the_head},
                 {"closed in the body", closed_in_the_body},
                 {"reset", reset_at_once},
                 {"Content-Length too long", told_too_long},
                 {"502", bad_gateway},
                 {"429", too_many_requests},
                 {"a byte at a time", byte_by_byte},
                 {"Content-Length too short", told_too_short}};

/* Once, and the next answer is good: the same steps as without. */
static void a_fault_that_passes_changes_no_token(void **state) {
    (void)state;
    static const model_kind kinds[] = {MODEL_VLLM, MODEL_LLAMA_SERVER, MODEL_PLAIN};
    for (size_t k = 0; k < 3; k++) {
        scene s;
        step_told *good = calloc(STEPS, sizeof *good), *spoiled = calloc(STEPS, sizeof *spoiled);
        open_scene(&s, kinds[k], NULL);
        ask(&s, good);
        for (size_t i = 0; i < sizeof transport / sizeof *transport; i++) {
            arm(&s, transport[i].how, 1);
            ask(&s, spoiled);
            assert_same_steps(good, spoiled);
            assert_int_equal(atomic_load(&s.spoiler.left), 0);
        }
        free(good);
        free(spoiled);
        close_scene(&s);
    }
}

static const struct {
    const char *from, *to; /* of vLLM's answer */
} lies[] = {
    {"\"index\":1", "\"index\":0"},
    {"\"index\":1", "\"index\":77"},
    {"\"index\":1", "\"index\":-1"},
    {"\"token_logprobs\":[", "\"token_logprobs\":[-1.5,"},
    {"\"token_logprobs\":[-", "\"token_logprobs\":[5"},
    {"\"token_logprobs\":[-", "\"token_logprobs\":[NaN,-"},
    {"\"token_logprobs\":[-", "\"token_logprobs\":[-1e999,-"},
    {"\"tokens\":[\"token_id:", "\"tokens\":[\"token_id:-"},
    {"\"tokens\":[\"token_id:", "\"tokens\":[\"token_id:4294967296"},
    {"\"tokens\":[\"token_id:", "\"tokens\":[\"word"},
    {"\"finish_reason\":\"stop\"", "\"finish_reason\":\"tired\""},
    {"\"finish_reason\":\"stop\"", "\"finish_reason\":\"stop\",\"finish_reason\":\"length\""},
    {"\"prompt_tokens\":", "\"prompt_tokens\":9"},
    {"\"choices\":[", "\"choices\":[],\"more\":["},
    {"{", ""},
};
static const char *const bodies[] = {"", "null", "<html></html>", "{\"error\":{\"message\":\"engine dead\"}}",
                                     "\xFF\xFE"};

/* An answer of 200 that cannot be: nothing of it is believed, and it is asked for again. */
static void a_lie_is_not_believed(void **state) {
    (void)state;
    scene s;
    step_told *good = calloc(STEPS, sizeof *good), *spoiled = calloc(STEPS, sizeof *spoiled);
    open_scene(&s, MODEL_VLLM, NULL);
    ask(&s, good);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        s.spoiler.from = lies[i].from;
        s.spoiler.to = lies[i].to;
        const size_t asks = s.server.n_asks;
        arm(&s, replaced, 1);
        ask(&s, spoiled);
        assert_same_steps(good, spoiled);
        if (s.server.n_asks < asks + 2) fail_msg("\"%s\" was believed", lies[i].to);
    }
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        s.spoiler.body = bodies[i];
        arm(&s, replaced, 1);
        ask(&s, spoiled);
        assert_same_steps(good, spoiled);
    }
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    s.spoiler.body = deep;
    arm(&s, replaced, 1);
    ask(&s, spoiled);
    assert_same_steps(good, spoiled);
    free(deep);
    free(good);
    free(spoiled);
    close_scene(&s);
}

static void a_timed_out_request_is_asked_again_and_a_late_answer_is_dropped(void **state) {
    (void)state;
    scene s;
    step_told *good = calloc(STEPS, sizeof *good), *spoiled = calloc(STEPS, sizeof *spoiled);
    const ps_openai_options brief = {.timeout_s = 3, .retries = 2, .outage_s = 30};
    open_scene(&s, MODEL_VLLM, &brief);
    ask(&s, good);
    arm(&s, held, 1);
    ask(&s, spoiled);
    assert_same_steps(good, spoiled);
    fault_server_release(s.server.server, 1); /* nobody listens any more */
    ask(&s, spoiled);
    assert_same_steps(good, spoiled);
    free(good);
    free(spoiled);
    close_scene(&s);
}

/* ---- Faults that stay ---------------------------------------------------- */

/* A server that says nothing sensible ends it: no result. One that cannot answer this alone is this problem's. */
static void what_never_can_be_read_is_no_result(void **state) {
    (void)state;
    scene s;
    step_told *steps = calloc(STEPS, sizeof *steps);
    open_scene(&s, MODEL_VLLM, NULL);
    s.spoiler.body = "<html>Maintenance</html>";
    arm(&s, replaced, 100);
    ask(&s, steps);
    for (size_t i = 0; i < STEPS; i++) {
        assert_int_equal(steps[i].status, PS_HTTP);
        assert_non_null(strstr(steps[i].message, "127.0.0.1"));
    }
    assert_true(100 - atomic_load(&s.spoiler.left) <= 4);
    atomic_store(&s.spoiler.left, 0);
    ask(&s, steps); /* and the engine goes on */
    assert_int_equal(steps[0].status, PS_OK);
    free(steps);
    close_scene(&s);
}

static void an_error_of_the_problem_itself_is_its_own(void **state) {
    (void)state;
    static const struct {
        void (*how)(spoiler *, fault_answer *);
        ps_status status;
        const char *words;
    } cases[] = {{server_error, PS_ENGINE, "Out of range float values"},
                 {prompt_too_long, PS_BUDGET, "maximum context"}};
    for (size_t i = 0; i < 2; i++) {
        scene s;
        const ps_openai_options few = {.retries = 1, .outage_s = 30};
        step_told *steps = calloc(STEPS, sizeof *steps);
        open_scene(&s, MODEL_VLLM, &few);
        arm(&s, cases[i].how, 100);
        ask(&s, steps);
        assert_int_equal(steps[0].status, cases[i].status);
        assert_non_null(strstr(steps[0].message, cases[i].words));
        assert_true(100 - atomic_load(&s.spoiler.left) <= 2);
        atomic_store(&s.spoiler.left, 0);
        ask(&s, steps);
        assert_int_equal(steps[0].status, PS_OK);
        free(steps);
        close_scene(&s);
    }
}

/* Poll until the engine is lost: its words. */
static void assert_lost(ps_engine *engine, const char *words) {
    const ps_event *events = NULL;
    size_t n = 0;
    ps_error error = {0};
    while (ps_engine_poll(engine, INFINITY, &events, &n, &error) == PS_OK)
        assert_true(n > 0);
    assert_int_equal(error.code, PS_HTTP);
    if (strstr(error.message, words) == NULL) fail_msg("\"%s\" lacks \"%s\"", error.message, words);
    assert_int_equal(ps_engine_poll(engine, INFINITY, &events, &n, &error), PS_HTTP); /* and stays so */
}

static void a_refused_key_ends_the_run(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODEL_VLLM, NULL);
    arm(&s, unauthorized, 100);
    submit(s.engine, s.root, &s.g, 1, 1);
    assert_lost(s.engine, "Unauthorized");
    close_scene(&s);
}

static void a_server_that_stays_away_ends_the_run(void **state) {
    (void)state;
    scene s;
    const ps_openai_options impatient = {.retries = 1, .outage_s = 0.5};
    open_scene(&s, MODEL_VLLM, &impatient);
    fault_server_down(s.server.server);
    submit(s.engine, s.root, &s.g, 1, 1);
    assert_lost(s.engine, "127.0.0.1");
    close_scene(&s);
}

/* ---- Away and back ------------------------------------------------------- */

static void what_waits_for_a_server_goes_on_when_it_is_back(void **state) {
    (void)state;
    scene s;
    step_told *good = calloc(STEPS, sizeof *good), *after = calloc(STEPS, sizeof *after);
    open_scene(&s, MODEL_LLAMA_SERVER, NULL);
    ask(&s, good);
    for (size_t round = 0; round < 2; round++) { /* flapping */
        const ps_event *events = NULL;
        size_t n = 0;
        fault_server_down(s.server.server);
        memset(after, 0, STEPS * sizeof *after);
        for (uint64_t i = 0; i < STEPS; i++)
            submit(s.engine, s.root, &s.g, i, i);
        assert_ok(ps_engine_poll(s.engine, 0.05, &events, &n, err));
        assert_int_equal(n, 0);
        fault_server_up(s.server.server);
        collect(s.engine, STEPS, after);
        assert_same_steps(good, after);
    }
    free(good);
    free(after);
    close_scene(&s);
}

static void another_model_after_an_outage_is_refused(void **state) {
    (void)state;
    for (size_t how = 0; how < 2; how++) {
        scene s;
        const ps_event *events = NULL;
        size_t n = 0;
        open_scene(&s, MODEL_VLLM, NULL);
        fault_server_down(s.server.server);
        submit(s.engine, s.root, &s.g, 1, 1);
        assert_ok(ps_engine_poll(s.engine, 0.05, &events, &n, err));
        const ps_token script[] = {'n', 'o'};
        small_model *other = small_model_script(NULL, 0, script, 2);
        if (how == 0)
            s.server.name = "large";
        else
            s.server.model = other; /* under the same name */
        fault_server_up(s.server.server);
        assert_lost(s.engine, "another model");
        close_scene(&s);
        small_model_free(other);
    }
}

/* ---- Giving up ----------------------------------------------------------- */

/* In much less than two seconds, from a server that says nothing, and from one that is not there. */
static void cancelling_ends_at_once_what_is_hung_or_waits(void **state) {
    (void)state;
    for (size_t away = 0; away < 2; away++) {
        scene s;
        step_told *steps = calloc(STEPS, sizeof *steps);
        open_scene(&s, MODEL_VLLM, NULL);
        if (away == 1) fault_server_down(s.server.server);
        arm(&s, held, 100);
        for (uint64_t i = 0; i < STEPS; i++)
            submit(s.engine, s.root, &s.g, i, i);
        ps_engine_begin(s.engine);
        if (away == 0) assert_true(fault_server_await(s.server.server, FAULT_UNDER_WAY, 1));
        const double from = ps_now();
        for (uint64_t i = 0; i < STEPS; i++)
            ps_engine_cancel(s.engine, i);
        collect(s.engine, STEPS, steps);
        assert_true(ps_now() - from < 2);
        for (size_t i = 0; i < STEPS; i++)
            assert_int_equal(steps[i].status, PS_CANCELLED);
        if (away == 0) assert_true(fault_server_await_fall(s.server.server, FAULT_UNDER_WAY, 0)); /* it is closed */
        free(steps);
        close_scene(&s);
    }
}

/* One of several choices goes, the others stay what they are. */
static void cancelling_one_choice_changes_no_other(void **state) {
    (void)state;
    scene s;
    step_told *good = calloc(STEPS, sizeof *good), *fewer = calloc(STEPS, sizeof *fewer);
    open_scene(&s, MODEL_VLLM, NULL);
    ask(&s, good);
    arm(&s, held, 1);
    for (uint64_t i = 0; i < STEPS; i++)
        submit(s.engine, s.root, &s.g, i, i);
    ps_engine_begin(s.engine);
    assert_true(fault_server_await(s.server.server, FAULT_UNDER_WAY, 1));
    ps_engine_cancel(s.engine, 2);
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_poll(s.engine, INFINITY, &events, &n, err));
    assert_true(n == 1 && events[0].tag == 2);
    take(&fewer[2], &events[0]);
    fault_server_release(s.server.server, 1);
    collect(s.engine, STEPS - 1, fewer);
    assert_int_equal(fewer[2].status, PS_CANCELLED);
    fewer[2] = good[2];
    assert_same_steps(good, fewer);
    free(good);
    free(fewer);
    close_scene(&s);
}

static void an_engine_is_freed_at_once_while_a_server_is_silent(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODEL_VLLM, NULL);
    arm(&s, held, 100);
    for (uint64_t i = 0; i < STEPS; i++)
        submit(s.engine, s.root, &s.g, i, i);
    ps_engine_begin(s.engine);
    assert_true(fault_server_await(s.server.server, FAULT_UNDER_WAY, 1));
    const double from = ps_now();
    ps_engine_free(s.engine);
    assert_true(ps_now() - from < 1);
    s.engine = NULL;
    close_scene(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_that_passes_changes_no_token),
        cmocka_unit_test(a_lie_is_not_believed),
        cmocka_unit_test(a_timed_out_request_is_asked_again_and_a_late_answer_is_dropped),
        cmocka_unit_test(what_never_can_be_read_is_no_result),
        cmocka_unit_test(an_error_of_the_problem_itself_is_its_own),
        cmocka_unit_test(a_refused_key_ends_the_run),
        cmocka_unit_test(a_server_that_stays_away_ends_the_run),
        cmocka_unit_test(what_waits_for_a_server_goes_on_when_it_is_back),
        cmocka_unit_test(another_model_after_an_outage_is_refused),
        cmocka_unit_test(cancelling_ends_at_once_what_is_hung_or_waits),
        cmocka_unit_test(cancelling_one_choice_changes_no_other),
        cmocka_unit_test(an_engine_is_freed_at_once_while_a_server_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
