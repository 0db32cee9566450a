/* The parts of the server that need no connection: the queue, the keys, the guard, and the plan of a request. */
#include "persamp/serve.h"
#include "run/session.h"
#include "serve/guard.h"
#include "serve/keys.h"
#include "serve/metrics.h"
#include "serve/plan.h"
#include "serve/queue.h"
#include "serve/sessions.h"
#include "support/test.h"

#include <unistd.h>

/* ---- The queue ----------------------------------------------------------- */

enum { ITEMS = 12 };

static ps_queue queue_of(size_t keys, size_t running, size_t waiting, size_t in_all) {
    ps_queue q;
    assert_ok(ps_queue_init(&q, keys, err));
    q.most_running = running;
    q.most_waiting = waiting;
    q.most_running_in_all = in_all;
    return q;
}

static void turns_go_between_keys(void **state) {
    (void)state;
    ps_queue q = queue_of(3, 8, 8, 8);
    ps_queued items[ITEMS] = {{0}};
    for (size_t i = 0; i < 6; i++) { /* four of the first key, then one of each other */
        items[i].key = i < 4 ? 0 : i - 3;
        assert_true(ps_queue_push(&q, &items[i]));
    }
    static const size_t order[] = {0, 4, 5, 1, 2, 3};
    for (size_t i = 0; i < 6; i++)
        assert_ptr_equal(ps_queue_take(&q), &items[order[i]]);
    assert_null(ps_queue_take(&q));
    assert_int_equal(q.running, 6);
    ps_queue_clear(&q);
}

static void a_key_has_its_limits_and_all_have_one(void **state) {
    (void)state;
    ps_queue q = queue_of(2, 2, 1, 3);
    ps_queued items[ITEMS] = {{0}};
    for (size_t i = 0; i < 3; i++) /* two that can run, one that waits */
        assert_true(ps_queue_push(&q, &items[i]));
    assert_false(ps_queue_push(&q, &items[3]));
    assert_ptr_equal(ps_queue_take(&q), &items[0]);
    assert_ptr_equal(ps_queue_take(&q), &items[1]);
    assert_null(ps_queue_take(&q)); /* the key's limit */
    assert_false(ps_queue_push(&q, &items[3]));
    items[4].key = items[5].key = 1;
    assert_true(ps_queue_push(&q, &items[4]) && ps_queue_push(&q, &items[5]));
    assert_ptr_equal(ps_queue_take(&q), &items[4]);
    assert_null(ps_queue_take(&q)); /* the limit of all */
    ps_queue_over(&q, &items[4]);
    assert_ptr_equal(ps_queue_take(&q), &items[5]);
    ps_queue_over(&q, &items[0]);
    assert_ptr_equal(ps_queue_take(&q), &items[2]);
    ps_queue_clear(&q);
}

static void one_that_waits_can_be_taken_out(void **state) {
    (void)state;
    ps_queue q = queue_of(1, 1, 8, 1);
    ps_queued items[4] = {{0}};
    for (size_t i = 0; i < 4; i++)
        ps_queue_push(&q, &items[i]);
    assert_true(ps_queue_remove(&q, &items[3]));
    assert_true(ps_queue_remove(&q, &items[1]));
    assert_false(ps_queue_remove(&q, &items[1]));
    assert_ptr_equal(ps_queue_take(&q), &items[0]);
    ps_queue_over(&q, &items[0]);
    assert_ptr_equal(ps_queue_take(&q), &items[2]);
    assert_true(ps_queue_push(&q, &items[1]));
    assert_int_equal(q.waiting, 1);
    ps_queue_clear(&q);
}

/* ---- Keys ---------------------------------------------------------------- */

static const char *file_of(const char *text) {
    static char path[] = PS_TEST_TMP "/serve-keys.txt";
    assert_ok(ps_write_file(path, text, strlen(text), err));
    return path;
}

static void keys_are_read_a_line_each(void **state) {
    (void)state;
    ps_keys keys;
    assert_ok(ps_keys_load(file_of("# ours\n  first-key-0123456789\r\n\nsecond-key-0123456789"), &keys, err));
    assert_int_equal(keys.n, 2);
    assert_int_equal(ps_keys_find(&keys, "Bearer first-key-0123456789"), 0);
    assert_int_equal(ps_keys_find(&keys, "bearer second-key-0123456789"), 1);
    static const char *const wrong[] = {NULL,
                                        "",
                                        "Bearer ",
                                        "Bearer first-key-012345678",
                                        "first-key-0123456789",
                                        "Bearer first-key-01234567890",
                                        "Basic first-key-0123456789",
                                        "Bearer first-key-0123456789first-key-0123456789"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(ps_keys_find(&keys, wrong[i]) == SIZE_MAX);
    ps_keys_clear(&keys);
}

static void a_file_of_bad_keys_is_refused_without_showing_them(void **state) {
    (void)state;
    static const char *const texts[][2] = {{"", "no key"},
                                           {"# nothing\n", "no key"},
                                           {"short\n", ":1:"},
                                           {"\ntwo words-0123456789\n", ":2: a key has no blanks"},
                                           {"same-key-0123456789\nsame-key-0123456789\n", ":2: this key"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ps_keys keys;
        ps_error err;
        assert_int_equal(ps_keys_load(file_of(texts[i][0]), &keys, &err), PS_FORMAT);
        if (strstr(err.message, texts[i][1]) == NULL) fail_msg("%s", err.message);
        assert_null(strstr(err.message, "0123456789"));
        assert_null(strstr(err.message, "short"));
    }
    ps_keys keys;
    assert_int_equal(ps_keys_load(PS_TEST_TMP "/no-such-file", &keys, NULL), PS_IO);
}

/* ---- The guard ----------------------------------------------------------- */

static ps_config *config_with(const char *key, const char *value) {
    ps_config *config = NULL;
    assert_ok(ps_config_create(&config, err));
    assert_ok(ps_config_set(config, "engine.type", "toy", "test", err));
    if (key != NULL) assert_ok(ps_config_set(config, key, value, "test", err));
    return config;
}

static void a_host_must_be_one_of_the_servers_names(void **state) {
    (void)state;
    ps_config *config = config_with("serve.hosts", "[\"models.example.org\"]");
    static const struct {
        const char *host;
        bool ok;
    } cases[] = {{NULL, true},
                 {"localhost", true},
                 {"LOCALHOST:8080", true},
                 {"127.0.0.1:8080", true},
                 {"192.0.2.7", true},
                 {"models.example.org:443", true},
                 {"evil.example.org", false},
                 {"localhost.evil.org", false},
                 {"", false},
                 {"[::1]:8080", false},
                 {"127.0.0.1.evil.org", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_api_error err = {0};
        if (ps_guard_host(config, cases[i].host, "192.0.2.7", &err) != cases[i].ok) fail_msg("%s", cases[i].host);
        assert_int_equal(err.http, cases[i].ok ? 0 : 403);
    }
    ps_api_error err = {0};
    assert_true(ps_guard_host(config, "[::1]:8080", "::1", &err));
    ps_config_free(config);
}

static void an_origin_must_be_the_servers_own_or_named(void **state) {
    (void)state;
    ps_config *config = config_with("serve.cors", "[\"https://app.example.org\"]");
    static const struct {
        const char *origin;
        bool ok, cors;
    } cases[] = {{NULL, true, false},
                 {"http://localhost:8080", true, false},
                 {"https://localhost:8080", true, false},
                 {"https://app.example.org", true, true},
                 {"http://app.example.org", false, false},
                 {"http://localhost:9090", false, false},
                 {"null", false, false},
                 {"", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_api_error err = {0};
        bool cors = true;
        if (ps_guard_origin(config, cases[i].origin, "localhost:8080", &cors, &err) != cases[i].ok)
            fail_msg("%s", cases[i].origin);
        assert_int_equal(cors, cases[i].cors);
    }
    ps_config_free(config);
}

static void a_body_must_be_json_by_its_type(void **state) {
    (void)state;
    ps_api_error err;
    assert_true(ps_guard_content_type("application/json", &err));
    assert_true(ps_guard_content_type("Application/JSON; charset=utf-8", &err));
    static const char *const wrong[] = {NULL, "", "text/plain", "application/jsonx", "multipart/form-data"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(ps_guard_content_type(wrong[i], &err));
        assert_int_equal(err.http, 415);
    }
}

/* ---- The plan ------------------------------------------------------------ */

typedef struct bench {
    ps_config *config;
    ps_models *models;
    ps_catalogue catalogue;
} bench;

static bench bench_of(const char *key, const char *value) {
    bench b = {.config = config_with(key, value)};
    assert_ok(ps_models_open(b.config, NULL, &b.models, err));
    assert_ok(ps_catalogue_create(b.config, ps_models_path(b.models), &b.catalogue, err));
    return b;
}

static void end(bench *b) {
    ps_catalogue_clear(&b->catalogue);
    ps_models_free(b->models);
    ps_config_free(b->config);
}

/* The session of a body; NULL where it is refused, with the reason in *err. */
static ps_session *plan(bench *b, const char *more, uint64_t *max_tokens, ps_api_error *err) {
    char body[512];
    ps_api_request r;
    ps_session *session = NULL;
    snprintf(body, sizeof body, "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}]%s}", more);
    *err = (ps_api_error){0};
    if (!ps_api_request_parse(body, strlen(body), true, &r, err)) fail_msg("%s", err->message);
    const ps_named *model = ps_catalogue_find(&b->catalogue, r.model);
    assert_non_null(model);
    if (!ps_plan_session(model, b->models, &r, &session, max_tokens, err)) session = NULL;
    ps_api_request_clear(&r);
    return session;
}

static void a_plain_request_is_the_configured_search(void **state) {
    (void)state;
    bench b = bench_of("generation.n_particles", "6");
    uint64_t most;
    ps_api_error err;
    ps_session *s = plan(&b, "", &most, &err);
    assert_non_null(s);
    assert_int_equal(s->params.n_particles, 6);
    assert_int_equal(s->params.budget.max_tokens, 0);
    assert_int_equal(s->params.budget.n_finished, 0);
    assert_int_equal(most, 32 * 512);
    assert_true(s->max_seconds == 600);
    ps_session_release(s);
    end(&b);
}

static void an_effort_is_so_many_answers(void **state) {
    (void)state;
    bench b = bench_of("serve.answer_tokens", "100");
    static const struct {
        const char *effort;
        size_t answers;
    } cases[] = {{"none", 1}, {"minimal", 4}, {"low", 4}, {"medium", 8}, {"high", 32}, {"xhigh", 32}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[64];
        uint64_t most;
        ps_api_error err;
        snprintf(more, sizeof more, ", \"reasoning_effort\": \"%s\"", cases[i].effort);
        ps_session *s = plan(&b, more, &most, &err);
        assert_non_null(s);
        assert_int_equal(s->params.n_particles, cases[i].answers);
        assert_int_equal(s->params.budget.max_tokens, 100 * cases[i].answers);
        assert_int_equal(s->params.budget.n_finished, cases[i].answers);
        ps_session_release(s);
    }
    end(&b);
}

static void what_a_request_sets_is_set_and_bounded(void **state) {
    (void)state;
    bench b = bench_of("serve.limits.seconds", "9");
    uint64_t most;
    ps_api_error err;
    ps_session *s = plan(&b,
                         ", \"max_tokens\": 7, \"temperature\": 0.25, \"top_p\": 0.5, \"persamp\": {\"budget\": 300, "
                         "\"method\": \"best_of_n\", \"generation.n_particles\": 3, \"ps.budget.max_seconds\": 4}",
                         &most, &err);
    assert_non_null(s);
    assert_string_equal(ps_session_name(s), "best_of_n");
    assert_int_equal(s->params.n_particles, 3);
    assert_int_equal(s->params.budget.max_tokens, 300);
    assert_int_equal(s->generation.max_answer_tokens, 7);
    assert_true(s->generation.temperature == 0.25 && s->generation.top_p == 0.5 && s->max_seconds == 4);
    ps_session_release(s);
    s = plan(&b, ", \"persamp\": {\"generation.n_particles\": 64, \"generation.max_tokens_per_step\": 256}", &most,
             &err); /* of a round of 64 such steps the limit is 16,384 tokens */
    assert_int_equal(s->generation.max_tokens, 256);
    ps_session_release(s);
    s = plan(&b, ", \"persamp\": {\"ps.budget.max_seconds\": 0}", &most, &err); /* 0 is no limit: the server has one */
    assert_true(s->max_seconds == 9);
    ps_session_release(s);
    static const struct {
        const char *more, *param, *word;
    } refused[] = {
        {", \"persamp\": {\"budget\": 20000}", "persamp.budget", "16384"},
        {", \"persamp\": {\"budget\": \"33x\"}", "persamp.budget", "16384"},
        {", \"persamp\": {\"generation.n_particles\": 65}", "persamp.generation.n_particles", "at most 64"},
        {", \"persamp\": {\"generation.n_particles\": 0}", "persamp.generation.n_particles", "expected"},
        {", \"persamp\": {\"generation.n_particles\": 64, \"generation.max_tokens_per_step\": 257}",
         "persamp.generation.max_tokens_per_step", "at most 256 tokens"},
        {", \"persamp\": {\"ps.budget.max_seconds\": 9.5}", "persamp.ps.budget.max_seconds", "at most 9"},
        {", \"persamp\": {\"method\": \"persistant\"}", "persamp.method", "did you mean persistent?"},
        {", \"persamp\": {\"ps.mode\": \"completions\", \"ps.weights\": \"lineage\"}", "persamp", "balance"},
        {", \"persamp\": {\"answer.select\": \"prm_weighted\"}", "persamp", "reward model"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (plan(&b, refused[i].more, &most, &err) != NULL) fail_msg("accepted: %s", refused[i].more);
        assert_int_equal(err.http, 400);
        assert_string_equal(err.param, refused[i].param);
        if (strstr(err.message, refused[i].word) == NULL) fail_msg("%s", err.message);
    }
    end(&b);
}

static void names_of_models_are_configurations_of_their_own(void **state) {
    (void)state;
    bench b = bench_of("serve.models", "{toy-majority: {method: majority, generation.n_particles: 5}, \"0\": {}}");
    uint64_t most;
    ps_api_error err;
    assert_int_equal(b.catalogue.n, 3);
    assert_string_equal(b.catalogue.entries[0].name, "toy");
    ps_session *s = plan(&b, ", \"model\": \"toy-majority\"", &most, &err);
    assert_string_equal(ps_session_name(s), "majority");
    assert_int_equal(s->params.n_particles, 5);
    ps_session_release(s);
    assert_null(ps_catalogue_find(&b.catalogue, "toy-majorit"));
    end(&b);
    static const char *const wrong[][2] = {{"{a: {engine.type: toy}}", "belongs to all"},
                                           {"{a: {serve.port: 1}}", "belongs to all"},
                                           {"{toy: {method: beam}}", "two models"},
                                           {"{a: {ps.mode: completions, ps.weights: lineage}}", "balance"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ps_config *config = config_with("serve.models", wrong[i][0]);
        ps_catalogue catalogue;
        ps_error why;
        assert_int_equal(ps_catalogue_create(config, "toy", &catalogue, &why), PS_ARG);
        if (strstr(why.message, wrong[i][1]) == NULL) fail_msg("%s", why.message);
        ps_config_free(config);
    }
}

/* ---- Sessions that are kept ---------------------------------------------- */

static void key_of(const bench *b, const char *more, char *key, size_t size) {
    char body[512];
    ps_api_request r;
    ps_api_error err = {0};
    ps_text text = {0};
    snprintf(body, sizeof body, "{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}]%s}", more);
    if (!ps_api_request_parse(body, strlen(body), true, &r, &err)) fail_msg("%s", err.message);
    ps_plan_key(&b->catalogue, ps_catalogue_find(&b->catalogue, r.model), &r, &text);
    snprintf(key, size, "%s", ps_text_cstr(&text));
    ps_text_clear(&text);
    ps_api_request_clear(&r);
}

/* Requests share a session only where it would be the same: each of these makes another one. */
static void whatever_changes_the_search_changes_its_key(void **state) {
    (void)state;
    bench b = bench_of("serve.models", "{other: {method: majority}}");
    static const char *const different[] = {"",
                                            ", \"model\": \"other\"",
                                            ", \"temperature\": 0.5",
                                            ", \"temperature\": 0",
                                            ", \"top_p\": 0.5",
                                            ", \"max_tokens\": 9",
                                            ", \"max_tokens\": 90",
                                            ", \"reasoning_effort\": \"none\"",
                                            ", \"reasoning_effort\": \"low\"",
                                            ", \"persamp\": {\"budget\": 100}",
                                            ", \"persamp\": {\"budget\": \"2x\"}",
                                            ", \"persamp\": {\"method\": \"beam\"}",
                                            ", \"persamp\": {\"method\": \"dvts\"}",
                                            ", \"persamp\": {\"beam.width\": 2}"};
    enum { N = sizeof different / sizeof *different };
    char keys[N][256];
    for (size_t i = 0; i < N; i++) {
        key_of(&b, different[i], keys[i], sizeof keys[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(keys[i], keys[k]) == 0) fail_msg("%s and %s", different[i], different[k]);
    }
    static const char *const same[] = {", \"seed\": 3",        ", \"n\": 4",
                                       ", \"stop\": \"x\"",    ", \"stream\": true",
                                       ", \"model\": \"toy\"", ", \"persamp\": {\"events\": true}"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) { /* these are the problem's, or the client's */
        char key[256];
        key_of(&b, same[i], key, sizeof key);
        assert_string_equal(key, keys[0]);
    }
    end(&b);
}

static void the_session_that_was_not_used_for_the_longest_goes(void **state) {
    (void)state;
    bench b = bench_of(NULL, NULL);
    static ps_sessions kept;
    uint64_t most = 0;
    ps_api_error err;
    ps_session *s = plan(&b, "", &most, &err), *found;
    assert_null(ps_sessions_find(&kept, "0", &most));
    for (int i = 0; i <= PS_SESSIONS_KEPT; i++) {
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        ps_sessions_keep(&kept, key, s, (uint64_t)i);
        found = ps_sessions_find(&kept, "0", &most); /* it is used all the time */
        assert_ptr_equal(found, s);
        assert_int_equal(most, 0);
        ps_session_release(found);
    }
    assert_null(ps_sessions_find(&kept, "1", &most));
    found = ps_sessions_find(&kept, "2", &most);
    assert_ptr_equal(found, s);
    assert_int_equal(most, 2);
    ps_session_release(found);
    ps_session_release(s);
    ps_sessions_clear(&kept); /* the last references */
    end(&b);
}

/* ---- Metrics ------------------------------------------------------------- */

static void metrics_name_all_that_is_counted(void **state) {
    (void)state;
    ps_metrics m = {.searches = 3, .seconds = 1.5, .cells = 77, .most_cells = 99, .tokens = {.generated = 12}};
    ps_gauges now = {.waiting = 4, .running = 5, .connections = 6, .ready = true};
    ps_text text = {0};
    ps_metrics_answer(&m, 200);
    ps_metrics_answer(&m, 429);
    ps_metrics_answer(&m, 200);
    ps_metrics_text(&m, &now, &text);
    static const char *const lines[] = {"persamp_requests_total{code=\"200\"} 2\n",
                                        "persamp_requests_total{code=\"429\"} 1\n",
                                        "persamp_queue 4\n",
                                        "persamp_in_flight 5\n",
                                        "persamp_connections 6\n",
                                        "persamp_ready 1\n",
                                        "persamp_searches_total 3\n",
                                        "persamp_seconds_total 1.5",
                                        "persamp_kv_cells 77\n",
                                        "persamp_kv_cells_most 99\n",
                                        "persamp_tokens_total{kind=\"generated\"} 12\n",
                                        "persamp_tokens_total{kind=\"prompt\"} 0\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strstr(ps_text_cstr(&text), lines[i]) == NULL) fail_msg("no %s", lines[i]);
    ps_text_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_go_between_keys),
        cmocka_unit_test(a_key_has_its_limits_and_all_have_one),
        cmocka_unit_test(one_that_waits_can_be_taken_out),
        cmocka_unit_test(keys_are_read_a_line_each),
        cmocka_unit_test(a_file_of_bad_keys_is_refused_without_showing_them),
        cmocka_unit_test(a_host_must_be_one_of_the_servers_names),
        cmocka_unit_test(an_origin_must_be_the_servers_own_or_named),
        cmocka_unit_test(a_body_must_be_json_by_its_type),
        cmocka_unit_test(a_plain_request_is_the_configured_search),
        cmocka_unit_test(an_effort_is_so_many_answers),
        cmocka_unit_test(what_a_request_sets_is_set_and_bounded),
        cmocka_unit_test(names_of_models_are_configurations_of_their_own),
        cmocka_unit_test(whatever_changes_the_search_changes_its_key),
        cmocka_unit_test(the_session_that_was_not_used_for_the_longest_goes),
        cmocka_unit_test(metrics_name_all_that_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
