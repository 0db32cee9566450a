/* Several servers of one model: which problem is where, what happens when one goes, and that nothing of it shows in a
 * token. */
#include "engine/openai/openai_test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SERVERS = 2, PROBLEMS = 8, STEPS = 4, MOST = PROBLEMS * STEPS };

/* ---- Servers and what is asked of them ----------------------------------- */

typedef struct fault {
    atomic_int code;   /* of answers to asks; 0: as they are */
    atomic_bool holds; /* asks are not answered, for ever */
} fault;

static void spoil(void *user, const fault_request *request, bool is_ask, fault_answer *answer) {
    fault *f = user;
    (void)request;
    if (!is_ask) return;
    if (atomic_load(&f->holds)) answer->hold = 1;
    if (atomic_load(&f->code) == 0) return;
    answer->code = atomic_load(&f->code);
    fault_body(answer, "{\"error\":{\"message\":\"not here\"}}");
}

typedef struct kept_log {
    pthread_mutex_t mutex; /* the engine's thread writes */
    char text[8192];
    size_t length;
} kept_log;

static void keep(void *user, ps_log_level level, const char *message) {
    kept_log *log = user;
    (void)level;
    pthread_mutex_lock(&log->mutex);
    const int n = snprintf(log->text + log->length, sizeof log->text - log->length, "%s\n", message);
    if (n > 0 && log->length + (size_t)n < sizeof log->text) log->length += (size_t)n;
    pthread_mutex_unlock(&log->mutex);
}

typedef struct scene {
    small_model *table;
    fault faults[SERVERS];
    model_server servers[SERVERS];
    kept_log log;
    ps_openai_options options;
    ps_engine *engine;
    ps_generation g;
} scene;

static void start_servers(scene *s, model_kind kind) {
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->log.mutex, NULL);
    s->table = small_model_table();
    s->g = by_lines();
    for (size_t i = 0; i < SERVERS; i++) {
        s->servers[i].spoil = spoil;
        s->servers[i].user = &s->faults[i];
        model_server_start(&s->servers[i], s->table, kind);
    }
    s->options = (ps_openai_options){.retries = 1, .outage_s = 30, .log = {.write = keep, .user = &s->log}};
}

/* Over the first n of them. */
static void open_engine(scene *s, size_t n) {
    const char *urls[SERVERS];
    for (size_t i = 0; i < SERVERS; i++)
        urls[i] = s->servers[i].url;
    s->options.base_urls = urls;
    s->options.n_base_urls = n;
    s->engine = engine_with(&s->options);
}

static void close_engine(scene *s) {
    ps_engine_free(s->engine);
    s->engine = NULL;
}

static void close_scene(scene *s) {
    close_engine(s);
    for (size_t i = 0; i < SERVERS; i++)
        model_server_stop(&s->servers[i]);
    small_model_free(s->table);
    pthread_mutex_destroy(&s->log.mutex);
}

static void ask_round(scene *s, size_t problem, ps_node node, size_t round) {
    for (uint64_t i = 0; i < STEPS; i++) {
        const ps_extend_request request = {
            .node = node,
            .key = {.seed = 42, .problem = problem, .id = round * STEPS + i, .purpose = PS_RNG_TOKEN},
            .generation = &s->g,
            .tag = problem * STEPS + i};
        assert_ok(ps_engine_extend(s->engine, &request, err));
    }
}

/* Problems that begin together, with the steps of their first round. */
static void begin_problems(scene *s, size_t n, ps_node *roots) {
    for (size_t p = 0; p < n; p++) {
        char text[32];
        snprintf(text, sizeof text, "which, %zu?", p);
        roots[p] = root_of(s->engine, text);
        ask_round(s, p, roots[p], 0);
    }
    ps_engine_begin(s->engine);
}

static void assert_same(const step_told *a, const step_told *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (b[i].status != PS_OK) fail_msg("step %zu: %s", i, b[i].message);
        assert_true(a[i].n_events == 1 && b[i].n_events == 1);
        assert_string_equal(a[i].text, b[i].text);
        assert_int_equal(a[i].n_tokens, b[i].n_tokens);
        assert_memory_equal(a[i].tokens, b[i].tokens, a[i].n_tokens * sizeof(ps_token));
        assert_memory_equal(a[i].logp, b[i].logp, a[i].n_tokens * sizeof(double));
    }
}

static step_told *new_steps(void) {
    step_told *steps = calloc(MOST, sizeof *steps);
    assert_non_null(steps);
    return steps;
}

/* What one server alone gives. */
static step_told *steps_of_one(scene *s) {
    step_told *good = new_steps();
    ps_node roots[PROBLEMS];
    open_engine(s, 1);
    begin_problems(s, PROBLEMS, roots);
    collect(s->engine, MOST, good);
    close_engine(s);
    return good;
}

static ps_engine_server server_of(const scene *s, size_t i) {
    ps_engine_server all[SERVERS];
    assert_int_equal(ps_engine_servers(s->engine, all, SERVERS), SERVERS);
    assert_string_equal(all[i].url, s->servers[i].url);
    return all[i];
}

static void await_state(const scene *s, size_t i, const char *state) {
    for (const double end = ps_now() + 20; strcmp(server_of(s, i).state, state) != 0; sched_yield())
        if (ps_now() > end) fail_msg("server %zu is %s, not %s", i, server_of(s, i).state, state);
}

static void check_log(scene *s, const char *words) {
    pthread_mutex_lock(&s->log.mutex);
    const bool there = strstr(s->log.text, words) != NULL;
    pthread_mutex_unlock(&s->log.mutex);
    if (!there) fail_msg("\"%s\" lacks \"%s\"", s->log.text, words);
}

/* What was counted is what was told: no token twice, none lost. */
static void assert_exact(const scene *s, const step_told *steps, size_t n) {
    ps_engine_stats stats;
    size_t tokens = 0, discarded = 0;
    for (size_t i = 0; i < n; i++) {
        tokens += steps[i].n_tokens;
        discarded += steps[i].discarded;
    }
    ps_engine_get_stats(s->engine, &stats);
    assert_int_equal(stats.generated, tokens);
    uint64_t drawn = 0;
    for (size_t i = 0; i < SERVERS; i++)
        drawn += server_of(s, i).drawn;
    assert_int_equal(drawn, tokens + discarded);
}

static const model_kind kinds[] = {MODEL_VLLM, MODEL_LLAMA_SERVER, MODEL_PLAIN};

/* ---- Where a problem goes ------------------------------------------------ */

static void equal_servers_get_equal_work_and_give_equal_tokens(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, kinds[k]);
        step_told *good = steps_of_one(&s), *both = new_steps();
        open_engine(&s, 2);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, both);
        assert_same(good, both, MOST);
        const ps_engine_server a = server_of(&s, 0), b = server_of(&s, 1);
        assert_int_equal(a.requests, b.requests);
        assert_true(a.requests >= PROBLEMS / 2 && a.drawn > 0 && b.drawn > 0);
        if (kinds[k] != MODEL_PLAIN) assert_exact(&s, both, MOST); /* there a token is a piece of text */
        free(good);
        free(both);
        close_scene(&s);
    }
}

static void a_problem_stays_where_its_prefix_is(void **state) {
    (void)state;
    scene s;
    start_servers(&s, MODEL_LLAMA_SERVER);
    open_engine(&s, 2);
    ps_node node = root_of(s.engine, "which?");
    step_told steps[STEPS] = {0};
    for (size_t round = 0; round < 3; round++) {
        memset(steps, 0, sizeof steps);
        ask_round(&s, 0, node, round);
        collect(s.engine, STEPS, steps);
        for (size_t i = 0; i < STEPS; i++)
            if (is_open(&steps[i])) node = steps[i].child;
    }
    assert_true((server_of(&s, 0).requests == 0) != (server_of(&s, 1).requests == 0));
    close_scene(&s);
}

/* The first has something outstanding, the second has done its work: what is new goes there. */
static void new_problems_go_where_less_is_outstanding(void **state) {
    (void)state;
    scene s;
    ps_node roots[3];
    step_told *steps = new_steps();
    start_servers(&s, MODEL_VLLM);
    open_engine(&s, 2);
    atomic_store(&s.faults[0].holds, true);
    begin_problems(&s, 2, roots);
    assert_true(fault_server_await(s.servers[0].server, FAULT_UNDER_WAY, 1));
    for (size_t seen = 0, n = 0; seen < STEPS; seen += n) {
        const ps_event *events = NULL;
        assert_ok(ps_engine_poll(s.engine, INFINITY, &events, &n, err));
        for (size_t i = 0; i < n; i++) {
            assert_true(events[i].tag >= STEPS); /* the second problem's */
            ps_engine_release(s.engine, events[i].child);
        }
    }
    ps_engine_release(s.engine, roots[1]);
    for (size_t round = 1; round < 4; round++) {
        const uint64_t before = server_of(&s, 1).requests;
        ps_node root = root_of(s.engine, "and which?");
        memset(steps, 0, 2 * STEPS * sizeof *steps);
        ask_round(&s, 1, root, round);
        for (size_t seen = 0, n = 0; seen < STEPS; seen += n) {
            const ps_event *events = NULL;
            assert_ok(ps_engine_poll(s.engine, INFINITY, &events, &n, err));
            for (size_t i = 0; i < n; i++)
                ps_engine_release(s.engine, events[i].child);
        }
        ps_engine_release(s.engine, root);
        assert_true(server_of(&s, 1).requests > before);
    }
    assert_int_equal(server_of(&s, 0).requests, 0);
    free(steps);
    close_scene(&s);
}

static void the_context_is_the_smallest_of_all(void **state) {
    (void)state;
    for (size_t small = 0; small < 2; small++) {
        scene s;
        ps_engine_info info;
        start_servers(&s, MODEL_LLAMA_SERVER);
        s.servers[small].context = 77;
        open_engine(&s, 2);
        ps_engine_get_info(s.engine, &info);
        assert_int_equal(info.context, 77);
        close_scene(&s);
    }
}

/* ---- One goes ------------------------------------------------------------ */

/* Its requests are under way when its connections break and no others come about. */
static void what_was_at_a_server_that_dies_goes_on_at_another(void **state) {
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, kinds[k]);
        step_told *good = steps_of_one(&s), *after = new_steps();
        open_engine(&s, 2);
        atomic_store(&s.faults[0].holds, true);
        begin_problems(&s, PROBLEMS, roots);
        assert_true(fault_server_await(s.servers[0].server, FAULT_UNDER_WAY, 1));
        fault_server_down(s.servers[0].server);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        assert_int_equal(server_of(&s, 0).requests, 0);
        assert_string_equal(server_of(&s, 0).state, "away");
        if (kinds[k] != MODEL_PLAIN) assert_exact(&s, after, MOST);
        check_log(&s, "its requests go elsewhere");
        free(good);
        free(after);
        close_scene(&s);
    }
}

static void a_server_that_flaps_changes_no_token(void **state) {
    (void)state;
    scene s;
    start_servers(&s, MODEL_LLAMA_SERVER);
    step_told *good = steps_of_one(&s), *after = new_steps();
    open_engine(&s, 2);
    for (size_t round = 0; round < 4; round++) {
        ps_node roots[PROBLEMS];
        memset(after, 0, MOST * sizeof *after);
        begin_problems(&s, PROBLEMS, roots);
        fault_server_down(s.servers[round % 2].server);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        fault_server_up(s.servers[round % 2].server);
        await_state(&s, 1 - round % 2, "there");
        for (size_t p = 0; p < PROBLEMS; p++)
            ps_engine_release(s.engine, roots[p]);
        for (size_t i = 0; i < MOST; i++)
            ps_engine_release(s.engine, after[i].child);
        if (strcmp(server_of(&s, round % 2).state, "away") == 0) await_state(&s, round % 2, "there");
    }
    free(good);
    free(after);
    close_scene(&s);
}

/* It takes requests and answers none of them: whoever waited for timeout_s goes elsewhere. */
static void who_is_silent_is_left(void **state) {
    (void)state;
    scene s;
    ps_node roots[PROBLEMS];
    start_servers(&s, MODEL_VLLM);
    step_told *good = steps_of_one(&s), *after = new_steps();
    s.options.timeout_s = 5;
    open_engine(&s, 2);
    atomic_store(&s.faults[1].holds, true);
    begin_problems(&s, PROBLEMS, roots);
    collect(s.engine, MOST, after);
    assert_same(good, after, MOST);
    assert_int_equal(server_of(&s, 1).requests, 0);
    free(good);
    free(after);
    close_scene(&s);
}

/* A key that one refuses, a server that fails at every request: the others go on. */
static void what_one_refuses_another_does(void **state) {
    (void)state;
    static const struct {
        int code;
        const char *state, *words;
    } cases[] = {{401, "refused", "the run goes on without it"}, {404, "refused", "not here"}, {500, "there", ""}};
    for (size_t i = 0; i < 3; i++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, MODEL_VLLM);
        step_told *good = steps_of_one(&s), *after = new_steps();
        open_engine(&s, 2);
        atomic_store(&s.faults[0].code, cases[i].code);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        assert_string_equal(server_of(&s, 0).state, cases[i].state);
        check_log(&s, cases[i].words);
        free(good);
        free(after);
        close_scene(&s);
    }
}

/* ---- Another model ------------------------------------------------------- */

static void a_server_of_another_model_is_refused_at_the_start(void **state) {
    (void)state;
    const ps_token script[] = {'n', 'o'};
    small_model *other = small_model_script(NULL, 0, script, 2);
    static const char *const words[] = {"another model", "another model",
                                        "the kind of server is llama-server, not vllm", "log-probabilities"};
    for (size_t how = 0; how < 4; how++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, MODEL_VLLM);
        step_told *good = steps_of_one(&s), *after = new_steps();
        if (how == 0) s.servers[1].name = "large";
        if (how == 1) s.servers[1].model = other; /* under the same name */
        if (how == 2) s.servers[1].kind = MODEL_LLAMA_SERVER;
        if (how == 3) s.servers[1].processed = true;
        open_engine(&s, 2);
        check_log(&s, s.servers[1].url);
        check_log(&s, words[how]);
        assert_string_equal(server_of(&s, 1).state, "refused");
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        assert_int_equal(server_of(&s, 1).requests, 0);
        free(good);
        free(after);
        close_scene(&s);
    }
    small_model_free(other);
}

static void a_server_that_comes_back_with_another_model_is_refused(void **state) {
    (void)state;
    static const char *const words[] = {"came back with another model: the model", "the context was"};
    for (size_t how = 0; how < 2; how++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, MODEL_LLAMA_SERVER);
        step_told *good = steps_of_one(&s), *after = new_steps();
        open_engine(&s, 2);
        fault_server_down(s.servers[0].server);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        if (how == 0)
            s.servers[0].name = "large";
        else
            s.servers[0].context = 50;
        fault_server_up(s.servers[0].server);
        await_state(&s, 0, "refused");
        check_log(&s, words[how]);
        memset(after, 0, MOST * sizeof *after);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        free(good);
        free(after);
        close_scene(&s);
    }
}

/* ---- Absent -------------------------------------------------------------- */

static void a_server_that_is_not_there_at_the_start_comes_later(void **state) {
    (void)state;
    for (size_t absent = 0; absent < 2; absent++) {
        scene s;
        ps_node roots[PROBLEMS];
        start_servers(&s, MODEL_LLAMA_SERVER);
        step_told *good = steps_of_one(&s), *after = new_steps();
        fault_server_down(s.servers[absent].server);
        open_engine(&s, 2);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        assert_string_equal(server_of(&s, absent).state, "away");
        fault_server_up(s.servers[absent].server);
        await_state(&s, absent, "there");
        memset(after, 0, MOST * sizeof *after);
        begin_problems(&s, PROBLEMS, roots);
        collect(s.engine, MOST, after);
        assert_same(good, after, MOST);
        assert_true(server_of(&s, absent).requests > 0);
        free(good);
        free(after);
        close_scene(&s);
    }
}

static void without_any_server_nothing_begins(void **state) {
    (void)state;
    scene s;
    ps_error error = {0};
    ps_engine *engine = NULL;
    start_servers(&s, MODEL_VLLM);
    const char *urls[SERVERS] = {s.servers[0].url, s.servers[1].url};
    s.options.base_urls = urls;
    s.options.n_base_urls = SERVERS;
    for (size_t i = 0; i < SERVERS; i++)
        fault_server_down(s.servers[i].server);
    assert_int_equal(ps_engine_openai_create(&s.options, &engine, &error), PS_HTTP);
    assert_non_null(strstr(error.message, "is a server running there?"));
    close_scene(&s);
}

static void when_all_are_away_the_run_waits_for_the_first_that_comes_back(void **state) {
    (void)state;
    scene s;
    ps_node roots[PROBLEMS];
    const ps_event *events = NULL;
    size_t n = 0;
    start_servers(&s, MODEL_VLLM);
    step_told *good = steps_of_one(&s), *after = new_steps();
    open_engine(&s, 2);
    for (size_t i = 0; i < SERVERS; i++)
        fault_server_down(s.servers[i].server);
    begin_problems(&s, PROBLEMS, roots);
    await_state(&s, 0, "away");
    await_state(&s, 1, "away");
    assert_ok(ps_engine_poll(s.engine, 0.05, &events, &n, err));
    assert_int_equal(n, 0);
    fault_server_up(s.servers[1].server);
    collect(s.engine, MOST, after);
    check_log(&s, "none of the 2 servers answers");
    assert_same(good, after, MOST);
    assert_int_equal(server_of(&s, 0).requests, 0);
    assert_exact(&s, after, MOST);
    free(good);
    free(after);
    close_scene(&s);
}

static void when_all_stay_away_the_run_ends(void **state) {
    (void)state;
    scene s;
    ps_node roots[1];
    const ps_event *events = NULL;
    size_t n = 0;
    ps_error error = {0};
    start_servers(&s, MODEL_VLLM);
    s.options.outage_s = 0.5;
    open_engine(&s, 2);
    for (size_t i = 0; i < SERVERS; i++)
        fault_server_down(s.servers[i].server);
    begin_problems(&s, 1, roots);
    assert_int_equal(ps_engine_poll(s.engine, INFINITY, &events, &n, &error), PS_HTTP);
    assert_non_null(strstr(error.message, "none of 2 servers answers"));
    assert_non_null(strstr(error.message, "the same command again"));
    close_scene(&s);
}

/* ---- Giving up ----------------------------------------------------------- */

/* While one is silent, the other gone, and after requests were moved. */
static void cancelling_and_freeing_are_quick(void **state) {
    (void)state;
    for (size_t how = 0; how < 2; how++) {
        scene s;
        ps_node roots[PROBLEMS];
        step_told *steps = new_steps();
        start_servers(&s, MODEL_VLLM);
        open_engine(&s, 2);
        atomic_store(&s.faults[0].holds, true);
        atomic_store(&s.faults[1].holds, true);
        begin_problems(&s, PROBLEMS, roots);
        assert_true(fault_server_await(s.servers[0].server, FAULT_UNDER_WAY, 1));
        assert_true(fault_server_await(s.servers[1].server, FAULT_UNDER_WAY, 1));
        fault_server_down(s.servers[1].server);
        await_state(&s, 1, "away");
        const double from = ps_now();
        if (how == 0) {
            for (uint64_t i = 0; i < MOST; i++)
                ps_engine_cancel(s.engine, i);
            collect(s.engine, MOST, steps);
            for (size_t i = 0; i < MOST; i++)
                assert_int_equal(steps[i].status, PS_CANCELLED);
            assert_true(ps_now() - from < 2);
            assert_true(fault_server_await_fall(s.servers[0].server, FAULT_UNDER_WAY, 0));
        } else {
            close_engine(&s);
            assert_true(ps_now() - from < 1);
        }
        free(steps);
        close_scene(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_servers_get_equal_work_and_give_equal_tokens),
        cmocka_unit_test(a_problem_stays_where_its_prefix_is),
        cmocka_unit_test(new_problems_go_where_less_is_outstanding),
        cmocka_unit_test(the_context_is_the_smallest_of_all),
        cmocka_unit_test(what_was_at_a_server_that_dies_goes_on_at_another),
        cmocka_unit_test(a_server_that_flaps_changes_no_token),
        cmocka_unit_test(who_is_silent_is_left),
        cmocka_unit_test(what_one_refuses_another_does),
        cmocka_unit_test(a_server_of_another_model_is_refused_at_the_start),
        cmocka_unit_test(a_server_that_comes_back_with_another_model_is_refused),
        cmocka_unit_test(a_server_that_is_not_there_at_the_start_comes_later),
        cmocka_unit_test(without_any_server_nothing_begins),
        cmocka_unit_test(when_all_are_away_the_run_waits_for_the_first_that_comes_back),
        cmocka_unit_test(when_all_stay_away_the_run_ends),
        cmocka_unit_test(cancelling_and_freeing_are_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
