/* An evaluation over a server that goes away: what was never answered is no result, the same call goes on, and then
 * everything is as if nothing had been. */
#include "persamp/study.h"
#include "run/support.h"
#include "support/model_server.h"

#include <stdatomic.h>

enum { PROBLEMS = 12 };

static const char *write_problems(void) {
    ps_text all = {0};
    for (int i = 0; i < PROBLEMS; i++)
        ps_text_printf(&all, "{\"problem\": \"Which is it, %d?\", \"answer\": \"%d\"}\n", i, i % 3 + 1);
    const char *path = write_text("data.jsonl", ps_text_cstr(&all));
    ps_text_clear(&all);
    return path;
}

static ps_config *over(const model_server *server, const char *folder) {
    return config_of("engine.type", "openai", "engine.openai.base_url", server->url, "engine.openai.outage_s", "0.5",
                     "engine.openai.retries", "1", "evaluation.dataset_path", path_of("data.jsonl"),
                     "evaluation.output_dir", folder, "evaluation.parallel_problems", "2", "generation.n_particles",
                     "3", NULL);
}

/* From the n-th ask for tokens on there is nothing but 503, until it is said otherwise. */
typedef struct outage {
    atomic_size_t from; /* SIZE_MAX: never */
    atomic_size_t asks;
} outage;

static void go_away(void *user, const fault_request *request, bool is_ask, fault_answer *answer) {
    outage *o = user;
    (void)request;
    if (atomic_load(&o->asks) >= atomic_load(&o->from)) {
        answer->code = 503;
        fault_body(answer, "{\"error\":{\"message\":\"Loading model\"}}");
    } else {
        atomic_fetch_add(&o->asks, is_ask);
    }
}

static ps_status evaluate(const ps_config *config, size_t *done, ps_error *err) {
    ps_models *models = NULL;
    ps_eval_options options = {0};
    ps_eval_summary summary = {0};
    ps_status status = ps_models_open(config, NULL, &models, err);
    if (status == PS_OK) status = ps_eval(config, &options, models, NULL, &summary, err);
    *done = summary.n_arms > 0 ? summary.arms[0].done : 0;
    ps_eval_summary_clear(&summary);
    ps_models_free(models);
    return status;
}

typedef struct sums {
    size_t lines, errors, right;
    uint64_t generated;
} sums;

static void count(void *user, const ps_result_line *line) {
    sums *s = user;
    s->lines++;
    s->errors += line->error;
    s->right += line->correct;
    s->generated += line->tokens.generated;
}

static sums sums_of(const char *file) {
    sums s = {0};
    ps_error err;
    check_ok(ps_results_read(path_of(file), count, &s, &err));
    return s;
}

static void a_server_that_goes_away_leaves_no_wrong_result(void **state) {
    (void)state;
    outage o = {0};
    small_model *table = small_model_table();
    model_server server = {.spoil = go_away, .user = &o};
    size_t done = 0;
    ps_error err;
    atomic_init(&o.from, SIZE_MAX);
    model_server_start(&server, table, MODEL_VLLM);
    write_problems();
    ps_config *whole = over(&server, path_of("whole")), *torn = over(&server, path_of("torn"));
    check_ok(evaluate(whole, &done, &err));
    assert_int_equal(done, PROBLEMS);
    const sums expected = sums_of("whole/results.jsonl");
    assert_true(expected.lines == PROBLEMS && expected.errors == 0 && expected.right > 0);
    size_t ends = 0;
    for (size_t i = 1; done < PROBLEMS || ends == 0; i++) { /* a little further each time */
        const size_t start = 3;                             /* asks that opening an engine takes */
        atomic_store(&o.asks, 0);
        atomic_store(&o.from, start + 6 * i);
        ps_status status = evaluate(torn, &done, &err);
        if (status != PS_OK) {
            assert_int_equal(status, PS_HTTP);
            assert_non_null(strstr(err.message, "127.0.0.1"));
            ends++;
        }
        const sums so_far = sums_of("torn/results.jsonl");
        assert_int_equal(so_far.errors, 0);
        assert_int_equal(so_far.lines, done);
        assert_true(i < 100);
    }
    const sums got = sums_of("torn/results.jsonl");
    assert_true(ends >= 2 && got.lines == PROBLEMS && got.errors == 0);
    assert_int_equal(got.right, expected.right);
    assert_int_equal(got.generated, expected.generated);
    ps_config_free(whole);
    ps_config_free(torn);
    model_server_stop(&server);
    small_model_free(table);
}

/* Two servers, of which one goes and comes back as the run goes on: with so many problems done it changes. */
typedef struct flapping {
    model_server *server;
    size_t next; /* problems done */
    bool down;
} flapping;

static void flap(void *user, const ps_eval_progress *progress) {
    flapping *f = user;
    if (progress->arm->done < f->next) return;
    f->next = progress->arm->done + 2;
    f->down = !f->down;
    if (f->down)
        fault_server_down(f->server->server);
    else
        fault_server_up(f->server->server);
}

static void each_problem_is_done_once_whichever_server_goes(void **state) {
    (void)state;
    small_model *table = small_model_table();
    model_server one = {0}, other = {0};
    size_t done = 0;
    ps_error err;
    model_server_start(&one, table, MODEL_LLAMA_SERVER);
    model_server_start(&other, table, MODEL_LLAMA_SERVER);
    write_problems();
    ps_config *alone = over(&one, path_of("alone"));
    check_ok(evaluate(alone, &done, &err));
    const sums expected = sums_of("alone/results.jsonl");
    assert_true(expected.lines == PROBLEMS && expected.errors == 0);
    ps_text both = {0};
    ps_text_printf(&both, "%s, %s", one.url, other.url);
    for (size_t which = 0; which < 2; which++) {
        flapping f = {.server = which == 0 ? &one : &other, .next = 2};
        const ps_eval_observer observer = {.user = &f, .progress = flap};
        ps_models *models = NULL;
        ps_eval_options options = {0};
        ps_eval_summary summary = {0};
        const char *folder = which == 0 ? "flap0" : "flap1";
        ps_config *config = over(&one, path_of(folder));
        check_ok(ps_config_set(config, "engine.openai.base_url", ps_text_cstr(&both), "test", &err));
        check_ok(ps_config_set(config, "engine.openai.outage_s", "60", "test", &err));
        check_ok(ps_models_open(config, NULL, &models, &err));
        check_ok(ps_eval(config, &options, models, &observer, &summary, &err));
        assert_true(f.next > 4); /* it went and came back */
        ps_eval_summary_clear(&summary);
        ps_models_free(models);
        ps_config_free(config);
        if (f.down) fault_server_up(f.server->server);
        char file[64];
        snprintf(file, sizeof file, "%s/results.jsonl", folder);
        const sums got = sums_of(file);
        assert_int_equal(got.lines, expected.lines);
        assert_int_equal(got.errors, 0);
        assert_int_equal(got.right, expected.right);
        assert_int_equal(got.generated, expected.generated);
    }
    ps_text_clear(&both);
    ps_config_free(alone);
    model_server_stop(&one);
    model_server_stop(&other);
    small_model_free(table);
}

/* Another model in the place of the old one is refused where results of the old one lie. */
static void a_folder_is_bound_to_the_model_and_not_to_the_address(void **state) {
    (void)state;
    small_model *table = small_model_table();
    model_server first = {0}, moved = {0}, other = {.name = "another"};
    size_t done = 0;
    ps_error err;
    model_server_start(&first, table, MODEL_VLLM);
    model_server_start(&moved, table, MODEL_VLLM);
    model_server_start(&other, table, MODEL_VLLM);
    write_problems();
    ps_config *a = over(&first, path_of("bound")), *b = over(&moved, path_of("bound")),
              *c = over(&other, path_of("bound"));
    check_ok(evaluate(a, &done, &err));
    check_ok(evaluate(b, &done, &err));
    assert_int_equal(done, PROBLEMS);
    assert_int_not_equal(evaluate(c, &done, &err), PS_OK);
    check_contains(err.message, "models.generator is another model");
    ps_config_free(a);
    ps_config_free(b);
    ps_config_free(c);
    model_server_stop(&first);
    model_server_stop(&moved);
    model_server_stop(&other);
    small_model_free(table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_goes_away_leaves_no_wrong_result),
        cmocka_unit_test(each_problem_is_done_once_whichever_server_goes),
        cmocka_unit_test(a_folder_is_bound_to_the_model_and_not_to_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
