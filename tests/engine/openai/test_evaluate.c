/* Given tokens, read where a caller wants: what both kinds of servers tell of a known table, and what they may not. */
#include "engine/openai/openai_test.h"
#include "engine/openai/recordings.h"

#include <math.h>
#include <stdatomic.h>

/* After "a" and the tag mostly +, after "b" and the tag mostly -. */
static const char table[] = "{\"tokens\": [\"a\", \"b\", \"+\", \"-\", \"<tag>\"], \"bytes\": true, \"rules\": ["
                            "{\"after\": [], \"next\": {\"a\": 0.5, \"b\": 0.5}},"
                            "{\"after\": [\"a\", \"<tag>\"], \"next\": {\"+\": 0.6, \"-\": 0.2, \"a\": 0.2}},"
                            "{\"after\": [\"b\", \"<tag>\"], \"next\": {\"+\": 0.1, \"-\": 0.3, \"a\": 0.6}}]}";
enum { A, B, PLUS, MINUS, TAG };
static const ps_token choices[] = {PLUS, MINUS};

typedef struct scene {
    model_server server;
    small_model *model;
    ps_engine *engine;
    ps_node root;
    atomic_size_t spoiled; /* answers that are still to be */
    const char *body;
    unsigned hold;
} scene;

static void spoil(void *user, const fault_request *request, bool is_ask, fault_answer *answer) {
    scene *s = user;
    (void)request;
    if (!is_ask || atomic_load(&s->spoiled) == 0) return;
    atomic_fetch_sub(&s->spoiled, 1);
    answer->hold = s->hold;
    if (s->body != NULL) {
        answer->framing = FAULT_LENGTH;
        fault_body(answer, "%s", s->body);
    }
}

static void open_scene(scene *s, model_kind kind, size_t context) {
    *s = (scene){.model = small_model_toy(table)};
    s->server = (model_server){.spoil = spoil, .user = s, .context = context};
    model_server_start(&s->server, s->model, kind);
    s->engine = engine_over(&s->server);
    s->root = root_of(s->engine, "Q");
}

static void close_scene(scene *s) {
    ps_engine_free(s->engine);
    model_server_stop(&s->server);
    small_model_free(s->model);
}

/* The text, the tag and what stands there. */
static ps_status submit_text(scene *s, ps_node node, const char *text, uint64_t tag, ps_error *err) {
    return ps_engine_evaluate(s->engine,
                              &(ps_evaluate_request){.node = node,
                                                     .text = text,
                                                     .text_length = strlen(text),
                                                     .tokens = &(ps_token){TAG},
                                                     .n_tokens = 1,
                                                     .marks = &(uint32_t){0},
                                                     .n_marks = 1,
                                                     .choices = choices,
                                                     .n_choices = 2,
                                                     .tag = tag},
                              err);
}

static const ps_event *next_event(scene *s) {
    const ps_event *events = NULL;
    size_t n = 0;
    while (n == 0)
        assert_ok(ps_engine_poll(s->engine, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    return events;
}

static const ps_event *evaluate(scene *s, ps_node node, const char *text) {
    assert_ok(submit_text(s, node, text, 1, err));
    return next_event(s);
}

static double ratio(const double *logp) {
    return 1 / (1 + exp(logp[1] - logp[0]));
}

static void both_kinds_tell_what_is_asked_for(void **state) {
    (void)state;
    for (int kind = MODEL_VLLM; kind <= MODEL_LLAMA_SERVER; kind++) {
        scene s;
        ps_engine_info info;
        open_scene(&s, (model_kind)kind, 0);
        ps_engine_get_info(s.engine, &info);
        assert_true((info.can & PS_ENGINE_EVALUATE) != 0);
        assert_int_equal((info.can & PS_ENGINE_AMONG_CHOICES) != 0, kind == MODEL_LLAMA_SERVER);
        const ps_event *event = evaluate(&s, s.root, "xa");
        assert_int_equal(event->status, PS_OK);
        assert_int_equal(event->reason, PS_STOP_STEP);
        check_near(ratio(event->choice_logp), .6 / .8, 1e-9);
        if (kind == MODEL_VLLM) check_near(event->choice_logp[0], log(.6), 1e-9);
        assert_int_equal(event->prefilled, 1 + 3);
        assert_int_equal(event->prompt, 1);
        const ps_node child = event->child;
        check_near(ratio(evaluate(&s, child, "b")->choice_logp), .1 / .4, 1e-9);
        ps_engine_release(s.engine, child);
        close_scene(&s);
    }
}

/* Marks one after the other, and none at all: then nothing is asked of the server. */
static void marks_are_read_in_order(void **state) {
    (void)state;
    scene s;
    static const ps_token tokens[] = {A, TAG, B, TAG};
    static const uint32_t marks[] = {1, 3};
    open_scene(&s, MODEL_VLLM, 0);
    ps_evaluate_request request = {.node = s.root,
                                   .tokens = tokens,
                                   .n_tokens = 4,
                                   .marks = marks,
                                   .n_marks = 2,
                                   .choices = choices,
                                   .n_choices = 2};
    assert_ok(ps_engine_evaluate(s.engine, &request, err));
    const ps_event *event = next_event(&s);
    check_near(ratio(event->choice_logp), .75, 1e-9);
    check_near(ratio(event->choice_logp + 2), .25, 1e-9);
    const size_t asks = s.server.n_asks;
    request.n_marks = 0;
    assert_ok(ps_engine_evaluate(s.engine, &request, err));
    assert_int_equal(next_event(&s)->status, PS_OK);
    assert_int_equal(s.server.n_asks, asks);
    close_scene(&s);
}

/* A server that makes control tokens of whatever spells them is given their halves. */
static void control_tokens_of_a_text_stay_text(void **state) {
    (void)state;
    for (int kind = MODEL_VLLM; kind <= MODEL_LLAMA_SERVER; kind++) {
        scene s;
        open_scene(&s, (model_kind)kind, 0);
        const char *end = s.model->words[s.model->end].bytes;
        char text[64];
        snprintf(text, sizeof text, "%s%sb", end, end);
        const ps_event *event = evaluate(&s, s.root, text);
        assert_int_equal(event->status, PS_OK);
        assert_int_equal(event->prefilled, 1 + 2 * strlen(end) + 1 + 1); /* its letters, each a byte */
        check_near(ratio(event->choice_logp), .25, 1e-9);
        close_scene(&s);
    }
}

static void nonsense_is_asked_again(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "{\"choices\":[]}",
        "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"token_id:2\":-1}]}}],\"usage\":{\"prompt_tokens\":3}}",
        "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"token_id:2\":-1,\"token_id:3\":NaN}]}}]}",
        "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"token_id:2\":-1,\"token_id:3\":1}]}}],\"usage\":{"
        "\"prompt_tokens\":3}}",
        "{\"choices\":[{\"logprobs\":{\"top_logprobs\":[{\"token_id:2\":-1,\"token_id:3\":-1}]}}],\"usage\":{"
        "\"prompt_tokens\":4}}",
        "{\"completion_probabilities\":[{\"top_probs\":[{\"id\":2,\"prob\":1}]}],\"tokens_evaluated\":3}",
        "{\"completion_probabilities\":[{\"top_probs\":[{\"id\":2,\"prob\":0.5},{\"id\":9,\"prob\":0.5}]}],"
        "\"tokens_evaluated\":3}",
        "{\"completion_probabilities\":[{\"top_probs\":[{\"id\":2,\"prob\":0.5},{\"id\":3,\"prob\":1e999}]}],"
        "\"tokens_evaluated\":3}",
        "{\"completion_probabilities\":[{\"top_probs\":[{\"id\":2,\"prob\":-0.5},{\"id\":3,\"prob\":1.5}]}],"
        "\"tokens_evaluated\":3}",
        "{\"completion_probabilities\":[{\"top_probs\":[{\"id\":2,\"prob\":0.5},{\"id\":3,\"prob\":0.5}]}],"
        "\"tokens_evaluated\":2}",
        "<html></html>",
    };
    for (int kind = MODEL_VLLM; kind <= MODEL_LLAMA_SERVER; kind++) {
        scene s;
        open_scene(&s, (model_kind)kind, 0);
        for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
            s.body = bodies[i];
            atomic_store(&s.spoiled, 1);
            const ps_event *event = evaluate(&s, s.root, "a");
            if (event->status != PS_OK) fail_msg("%s: %s", bodies[i], event->message);
            check_near(ratio(event->choice_logp), .75, 1e-9);
            atomic_store(&s.spoiled, SIZE_MAX);
            event = evaluate(&s, s.root, "a");
            if (event->status != PS_HTTP) fail_msg("%s: status %d", bodies[i], (int)event->status);
            atomic_store(&s.spoiled, 0);
        }
        close_scene(&s);
    }
}

static void what_does_not_fit_is_its_own_failure(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODEL_LLAMA_SERVER, 40);
    const ps_event *event = evaluate(&s, s.root, "a text of more than forty bytes, which does not fit");
    assert_int_equal(event->status, PS_BUDGET);
    assert_int_equal(evaluate(&s, s.root, "a")->status, PS_OK);
    close_scene(&s);
}

static void hidden_states_are_refused_by_name(void **state) {
    (void)state;
    scene s;
    ps_error error;
    open_scene(&s, MODEL_VLLM, 0);
    const ps_evaluate_request request = {.node = s.root, .tokens = choices, .n_tokens = 1, .hidden = true};
    assert_int_equal(ps_engine_evaluate(s.engine, &request, &error), PS_ARG);
    assert_non_null(strstr(error.message, "scoring.prm.kind pooling"));
    close_scene(&s);
}

static void cancelled_evaluations_get_their_event(void **state) {
    (void)state;
    scene s;
    open_scene(&s, MODEL_VLLM, 0);
    s.hold = 7;
    atomic_store(&s.spoiled, 100);
    assert_true(fault_server_await_fall(s.server.server, FAULT_UNDER_WAY, 0)); /* what was asked before is told late */
    assert_ok(submit_text(&s, s.root, "a", 4, err));
    ps_engine_begin(s.engine);
    assert_true(fault_server_await(s.server.server, FAULT_UNDER_WAY, 1));
    ps_engine_cancel(s.engine, 4);
    const ps_event *event = next_event(&s);
    assert_int_equal(event->status, PS_CANCELLED);
    assert_int_equal(event->tag, 4);
    assert_ok(submit_text(&s, s.root, "a", 5, err)); /* under way when all is freed */
    ps_engine_begin(s.engine);
    close_scene(&s);
}

/* What the shipped reward model said of three steps of "What is 12 + 30?" at the real servers; of the second, which is
 * wrong, it is less sure. */
static void recorded_chances_are_read(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const ps_dialect *dialect;
    } servers[] = {{"llama_server_prm", &ps_dialect_llama_server}, {"vllm_prm", &ps_dialect_vllm}};
    static const double expected[] = {0.9735, 0.8073, 0.8087};
    for (size_t k = 0; k < sizeof servers / sizeof *servers; k++) {
        json_t *list = recordings(servers[k].name);
        for (size_t i = 0; i < 3; i++) {
            char name[32];
            ps_text body = {0};
            const char *path = NULL;
            ps_remote_chances chances = {0};
            size_t length = 0;
            ps_arena *arena = ps_arena_create();
            snprintf(name, sizeof name, "chances_%zu", i + 1);
            const json_t *record = recorded(list, name);
            const ps_remote_ask ask = ask_of(record, arena);
            const char *answer = body_of(record, &length);
            assert_ok(servers[k].dialect->write_choices(&ask, &body, &path, err));
            assert_true(is_request(record, &body, path));
            assert_ok(servers[k].dialect->read_choices(&ask, answer, length, arena, &chances, err));
            check_near(ratio(chances.logp), expected[i], 1e-3);
            assert_int_equal(chances.prompt_tokens, ask.n_tokens);
            ps_text_clear(&body);
            ps_arena_free(arena);
        }
        json_decref(list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_kinds_tell_what_is_asked_for),     cmocka_unit_test(marks_are_read_in_order),
        cmocka_unit_test(control_tokens_of_a_text_stay_text),    cmocka_unit_test(nonsense_is_asked_again),
        cmocka_unit_test(what_does_not_fit_is_its_own_failure),  cmocka_unit_test(hidden_states_are_refused_by_name),
        cmocka_unit_test(cancelled_evaluations_get_their_event), cmocka_unit_test(recorded_chances_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
