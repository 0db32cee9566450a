/* Servers that have a model and do not list it: behind them are folders, pinned models, gateways without a list. They
 * are asked for what the configuration names, and what they say to that counts. */
#include "engine/openai/openai_test.h"

#include <stdatomic.h>

enum { SERVERS = 2, STEPS = 8 };

typedef struct scene {
    small_model *table;
    model_server servers[SERVERS];
    atomic_int code; /* of GET /v1/models; 0: a list of "small" */
} scene;

static void spoil(void *user, const fault_request *request, bool is_ask, fault_answer *answer) {
    const int code = atomic_load(&((scene *)user)->code);
    (void)is_ask;
    if (code == 0 || strcmp(request->path, "/v1/models") != 0) return;
    answer->code = code;
    fault_body(answer, "{\"detail\":\"no such path\"}");
}

static void start_servers(scene *s, model_kind kind) {
    memset(s, 0, sizeof *s);
    s->table = small_model_table();
    for (size_t i = 0; i < SERVERS; i++) {
        s->servers[i].spoil = spoil;
        s->servers[i].user = s;
        model_server_start(&s->servers[i], s->table, kind);
    }
}

static void stop_servers(scene *s) {
    for (size_t i = 0; i < SERVERS; i++)
        model_server_stop(&s->servers[i]);
    small_model_free(s->table);
}

static ps_status open_engine(scene *s, size_t n, const char *model, ps_engine **engine, ps_error *err) {
    const char *const urls[] = {s->servers[0].url, s->servers[1].url};
    const ps_openai_options options = {.base_urls = urls, .n_base_urls = n, .model = model, .retries = 0};
    return ps_engine_openai_create(&options, engine, err);
}

/* Its steps are those of a model that is listed. */
static void check_steps(scene *s, size_t n, const char *model) {
    ps_engine *engines[2] = {NULL};
    step_told steps[2][STEPS] = {0};
    const ps_generation g = by_lines();
    for (size_t i = 0; i < 2; i++) {
        const int code = atomic_load(&s->code);
        if (i == 0) atomic_store(&s->code, 0);
        assert_ok(open_engine(s, i == 0 ? 1 : n, i == 0 ? NULL : model, &engines[i], err));
        atomic_store(&s->code, code);
        const ps_node root = root_of(engines[i], "which?");
        for (uint64_t id = 0; id < STEPS; id++)
            submit(engines[i], root, &g, id, id);
        collect(engines[i], STEPS, steps[i]);
    }
    for (size_t k = 0; k < STEPS; k++)
        assert_string_equal(steps[0][k].text, steps[1][k].text);
    ps_engine_server told[SERVERS];
    assert_int_equal(ps_engine_servers(engines[1], told, SERVERS), n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(told[i].state, "there");
    ps_engine_free(engines[0]);
    ps_engine_free(engines[1]);
}

static void a_model_that_is_not_listed_is_asked_for_by_name(void **state) {
    (void)state;
    scene s;
    start_servers(&s, MODEL_PLAIN);
    check_steps(&s, 1, "/a/folder");
    check_steps(&s, 2, "/a/folder"); /* the second is the same */
    stop_servers(&s);
}

static void a_server_without_a_list_is_asked_by_name(void **state) {
    (void)state;
    static const int codes[] = {404, 405};
    scene s;
    start_servers(&s, MODEL_PLAIN);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        atomic_store(&s.code, codes[i]);
        check_steps(&s, 1, "small");
        check_steps(&s, 2, "small");
    }
    stop_servers(&s);
}

static void without_a_name_the_cure_is_said(void **state) {
    (void)state;
    scene s;
    ps_engine *engine = NULL;
    ps_error err;
    start_servers(&s, MODEL_PLAIN);
    atomic_store(&s.code, 404);
    assert_int_equal(open_engine(&s, 1, NULL, &engine, &err), PS_HTTP);
    assert_non_null(strstr(err.message, s.servers[0].url));
    assert_non_null(strstr(err.message, "no such path"));
    assert_non_null(strstr(err.message, "engine.openai.model"));
    atomic_store(&s.code, 401); /* this is no server without a list */
    assert_int_equal(open_engine(&s, 1, "small", &engine, &err), PS_HTTP);
    stop_servers(&s);
}

static void a_known_kind_has_what_it_lists(void **state) {
    (void)state;
    for (model_kind kind = MODEL_VLLM; kind <= MODEL_LLAMA_SERVER; kind++) {
        scene s;
        ps_engine *engine = NULL;
        ps_error err;
        start_servers(&s, kind);
        assert_int_equal(open_engine(&s, 1, "other", &engine, &err), PS_ARG);
        assert_non_null(strstr(err.message, "\"small\""));
        stop_servers(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_that_is_not_listed_is_asked_for_by_name),
        cmocka_unit_test(a_server_without_a_list_is_asked_by_name),
        cmocka_unit_test(without_a_name_the_cure_is_said),
        cmocka_unit_test(a_known_kind_has_what_it_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
