/* Which kind a server is and what it says of its model, from what the real ones said and from what others might. */
#include "engine/openai/recordings.h"

typedef struct fixture {
    ps_arena *arena;
    const ps_dialect *dialect;
    ps_remote_facts facts;
    ps_error err;
} fixture;

static int set_up(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->arena = ps_arena_create();
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    ps_arena_free(f->arena);
    free(f);
    return 0;
}

static ps_status identify(fixture *f, const char *models, const char *version, const char *wanted) {
    f->dialect = NULL;
    return ps_remote_identify(models, strlen(models), version, version != NULL ? strlen(version) : 0, wanted, f->arena,
                              &f->dialect, &f->facts, &f->err);
}

static void vllm_is_known_by_what_it_says(void **state) {
    fixture *f = *state;
    json_t *list = recordings("vllm");
    size_t n;
    if (identify(f, body_of(recorded(list, "models"), &n), body_of(recorded(list, "version"), &n), "model") != PS_OK)
        fail_msg("%s", f->err.message);
    assert_ptr_equal(f->dialect, &ps_dialect_vllm);
    assert_string_equal(f->facts.model, "model");
    assert_non_null(strstr(f->facts.root, "reasoner"));
    assert_string_equal(f->facts.version, "0.32.0");
    assert_int_equal(f->facts.context, 1024);
    assert_int_equal(f->facts.slots, 0);
    json_decref(list);
}

/* It takes any name for its model, and is asked by the one it gives; the context of a slot is told at /props. */
static void llama_server_is_known_by_what_it_says(void **state) {
    fixture *f = *state;
    json_t *list = recordings("llama_server");
    size_t n;
    if (identify(f, body_of(recorded(list, "models"), &n), NULL, NULL) != PS_OK) fail_msg("%s", f->err.message);
    assert_ptr_equal(f->dialect, &ps_dialect_llama_server);
    assert_non_null(strstr(f->facts.model, "reasoner.gguf"));
    assert_int_equal(f->facts.vocabulary, 580);
    assert_int_equal(f->facts.parameters, 2439552);
    assert_null(f->facts.version);
    const json_t *props = recorded(list, "props");
    assert_string_equal(json_string_value(json_object_get(props, "path")), f->dialect->facts_path);
    const char *body = body_of(props, &n);
    assert_ok(f->dialect->read_facts(body, n, f->arena, &f->facts, err));
    assert_int_equal(f->facts.slots, 8);
    assert_int_equal(f->facts.context, 1024);
    assert_non_null(f->facts.version);
    assert_int_equal(f->facts.vocabulary, 580); /* what was known stays */
    json_decref(list);
}

static void facts_that_are_none_leave_what_is_known(void **state) {
    fixture *f = *state;
    static const char *const bodies[] = {"",
                                         "[]",
                                         "{}",
                                         "{\"total_slots\":-1}",
                                         "{\"total_slots\":8}",
                                         "{\"total_slots\":8,\"default_generation_settings\":{\"n_ctx\":\"1\"}}",
                                         ("{\"total_slots\":8,\"default_generation_settings\":{\"n_ctx\":1},"
                                          "\"build_info\":[]}")};
    f->facts = (ps_remote_facts){.context = 5, .slots = 6};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(ps_dialect_llama_server.read_facts(bodies[i], strlen(bodies[i]), f->arena, &f->facts, NULL),
                         PS_FORMAT);
    assert_int_equal(f->facts.context, 5);
    assert_int_equal(f->facts.slots, 6);
}

static void another_server_is_plain(void **state) {
    fixture *f = *state;
    static const char *const models[] = {"{\"data\":[{\"id\":\"gpt\",\"owned_by\":\"openai\"}]}",
                                         "{\"data\":[{\"id\":\"gpt\"}]}",
                                         "{\"data\":[{\"id\":\"gpt\",\"owned_by\":7,\"root\":null,\"meta\":null}]}"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (identify(f, models[i], "<html>", NULL) != PS_OK) fail_msg("%s: %s", models[i], f->err.message);
        assert_ptr_equal(f->dialect, &ps_dialect_plain);
        assert_string_equal(f->facts.model, "gpt");
        assert_true(f->facts.root == NULL && f->facts.version == NULL && f->facts.context == 0);
    }
}

static void of_several_models_one_is_named(void **state) {
    fixture *f = *state;
    static const char two[] = "{\"data\":[{\"id\":\"base\",\"owned_by\":\"vllm\",\"max_model_len\":10},"
                              "{\"id\":\"lora\",\"owned_by\":\"vllm\",\"max_model_len\":20}]}";
    assert_int_equal(identify(f, two, NULL, NULL), PS_ARG);
    assert_non_null(strstr(f->err.message, "engine.openai.model to one of \"base\", \"lora\""));
    assert_int_equal(identify(f, two, NULL, "bass"), PS_ARG);
    assert_non_null(strstr(f->err.message, "no model \"bass\"; engine.openai.model may be \"base\", \"lora\""));
    check_ok(identify(f, two, NULL, "lora"));
    assert_int_equal(f->facts.context, 20);
}

static void a_plain_server_is_asked_for_what_it_does_not_list(void **state) {
    fixture *f = *state;
    static const struct {
        const char *models, *listed;
    } lists[] = {{"{\"data\":[]}", "no model"},
                 {"{\"data\":[{\"id\":\"a\",\"owned_by\":\"me\"},{\"id\":\"b\"}]}", "\"a\", \"b\""}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        check_ok(identify(f, lists[i].models, NULL, "/a/folder"));
        assert_ptr_equal(f->dialect, &ps_dialect_plain);
        assert_string_equal(f->facts.model, "/a/folder");
        assert_string_equal(f->facts.listed, lists[i].listed);
    }
    check_ok(identify(f, lists[1].models, NULL, "b"));
    assert_null(f->facts.listed);
    assert_int_equal(identify(f, lists[0].models, NULL, NULL), PS_FORMAT);
    assert_non_null(strstr(f->err.message, "engine.openai.model"));
    assert_int_equal(identify(f, "{\"data\":[{\"id\":\"x\",\"owned_by\":\"llamacpp\"}]}", NULL, "b"), PS_ARG);
}

static void a_server_without_a_list_is_asked_by_name(void **state) {
    fixture *f = *state;
    check_ok(ps_remote_identify(NULL, 0, NULL, 0, "a", f->arena, &f->dialect, &f->facts, &f->err));
    assert_ptr_equal(f->dialect, &ps_dialect_plain);
    assert_string_equal(f->facts.model, "a");
    assert_string_equal(f->facts.listed, "nothing");
    assert_int_equal(ps_remote_identify(NULL, 0, NULL, 0, NULL, f->arena, &f->dialect, &f->facts, &f->err), PS_FORMAT);
    for (int code = 200; code < 600; code++)
        assert_int_equal(ps_remote_has_no_list(code), code == 404 || code == 405);
}

static void what_names_no_model_is_refused(void **state) {
    fixture *f = *state;
    static const char *const models[] = {"",
                                         "{}",
                                         "[]",
                                         "{\"data\":[]}",
                                         "{\"data\":{}}",
                                         "{\"data\":[1]}",
                                         "{\"data\":[{\"id\":1}]}",
                                         "{\"data\":[{\"id\":\"a\",\"max_model_len\":-1}]}",
                                         "{\"data\":[{\"id\":\"a\",\"meta\":{\"n_vocab\":\"x\"}}]}",
                                         "{\"data\":[{\"id\":\"a\",\"meta\":{\"n_ctx\":1.5}}]}"};
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        assert_int_equal(identify(f, models[i], NULL, NULL), PS_FORMAT);
        assert_null(f->dialect);
    }
    assert_int_equal(identify(f, "{\"error\":\"Unauthorized\"}", NULL, NULL), PS_HTTP);
    assert_non_null(strstr(f->err.message, "Unauthorized"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vllm_is_known_by_what_it_says),
        cmocka_unit_test(llama_server_is_known_by_what_it_says),
        cmocka_unit_test(facts_that_are_none_leave_what_is_known),
        cmocka_unit_test(another_server_is_plain),
        cmocka_unit_test(of_several_models_one_is_named),
        cmocka_unit_test(a_plain_server_is_asked_for_what_it_does_not_list),
        cmocka_unit_test(a_server_without_a_list_is_asked_by_name),
        cmocka_unit_test(what_names_no_model_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
