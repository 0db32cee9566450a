/* From a search to its folder and back: what learn's own pass reads is what the head read during the search, step for
 * step, and what is kept of it is found again. */
#include "learn/states.h"
#include "reward/head.h"
#include "run/support.h"
#include "support/failing_allocator.h"

#include "persamp/study.h"

#include <jansson.h>

enum { WIDTH = 192, PROBLEMS = 2, PARTICLES = 4 };

static const char data[] = "{\"problem\": \"Compute $5\\\\cdot6+22+6\\\\cdot9-4$.\", \"answer\": \"102\"}\n"
                           "{\"problem\": \"Find the remainder of $3^{14}$ modulo $12$.\", \"answer\": \"9\"}\n";

/* A head of random numbers, of the shipped model and the message that answers are asked for with. */
static const char *make_head(void) {
    static float weight[WIDTH], bias[1] = {0.1F};
    for (size_t i = 0; i < WIDTH; i++)
        weight[i] = (float)(0.1 * ps_normal(check_key(1), i));
    const ps_head_layer layer = {WIDTH, 1, weight, bias};
    ps_config *c = config_of("engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads", "1", NULL);
    ps_models *models = NULL;
    ps_engine_info info;
    assert_ok(ps_models_open(c, NULL, &models, err));
    ps_engine_get_info(ps_models_engine(models), &info);
    const ps_head_origin origin = {
        .model = (char *)info.identity, .system = (char *)c->prompt_system, .temperature = 0.7, .top_p = 0.95};
    const char *path = path_of("head.gguf");
    assert_ok(ps_head_write(path, &layer, 1, &origin, err));
    ps_models_free(models);
    ps_config_free(c);
    return path;
}

/* The folder of a run, with the head's readings in it. */
static void run(const char *method, const char *kind, const char *folder, const char *head) {
    ps_config *c = config_of(
        "engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads", "1", "engine.llama.flash_attn",
        "false", "method", method, "models.prm.enabled", "true", "scoring.prm.kind", kind, "models.prm.model_path",
        PS_SOURCE_DATADIR "/models/reasoner.gguf", "scoring.type", "prm_reward", "scoring.prm.head_path", head,
        "evaluation.save_particles", "true", "evaluation.output_dir", folder, "evaluation.dataset_path",
        write_text("two.jsonl", data), "generation.n_particles", "4", NULL);
    ps_models *models = NULL;
    ps_eval_summary summary = {0};
    assert_ok(ps_config_check(c, NULL, err));
    assert_ok(ps_models_open(c, NULL, &models, err));
    assert_ok(ps_eval(c, &(ps_eval_options){0}, models, NULL, &summary, err));
    assert_int_equal(summary.arms[0].errors, 0);
    ps_eval_summary_clear(&summary);
    ps_models_free(models);
    ps_config_free(c);
}

/* The particle with this number. */
static const json_t *particle(const json_t *list, size_t id) {
    size_t i;
    const json_t *one;
    json_array_foreach(list, i, one) {
        if ((size_t)json_integer_value(json_object_get(one, "id")) == id) return one;
    }
    return NULL;
}

/* Steps of a sample against the particles it came from, from the last to the first. Returns how many were compared. */
static size_t compare(const ps_question *q, const ps_sample *s, const json_t *list, const json_t *finished,
                      const ps_states *states, size_t from, const ps_prm_head *head) {
    size_t n = 0;
    uint32_t step = s->last;
    for (const json_t *at = finished; at != NULL; step = q->steps[step].parent) {
        const double read = json_number_value(json_object_get(at, "reward"));
        assert_int_equal(json_array_size(json_object_get(at, "token_ids")), q->steps[step].n_tokens);
        if (states->there[from + step]) {
            check_near(ps_prm_head_apply(head, states->values + (from + step) * states->width), read, 0.02);
            n++;
        }
        at = particle(list, (size_t)json_integer_value(json_object_get(at, "parent")));
    }
    assert_int_equal(step, PS_NO_STEP);
    return n;
}

static size_t compare_folder(const char *folder, const ps_samples *samples, const ps_states *states,
                             const ps_prm_head *head) {
    char path[700];
    size_t compared = 0;
    snprintf(path, sizeof path, "%s/results.jsonl", folder);
    char *text = read_text(path);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        const json_t *list = json_object_get(object, "particles"), *one;
        size_t i, k = 0, number = 0;
        while (strcmp(samples->questions[number].text, json_string_value(json_object_get(object, "problem"))) != 0)
            number++;
        const ps_question *q = &samples->questions[number];
        json_array_foreach(list, i, one) { /* samples are in order of the particles */
            if (strcmp(json_string_value(json_object_get(one, "state")), "finished") != 0) continue;
            compared += compare(q, &q->samples[k++], list, one, states, states->from[number], head);
        }
        assert_int_equal(k, q->n_samples);
        json_decref(object);
    }
    free(text);
    return compared;
}

static void learn_reads_what_the_search_read(void **state) {
    (void)state;
    /* Of kind `head` a second copy of the model reads along. */
    static const char *const runs[][2] = {{"best_of_n", "self"}, {"persistent", "self"}, {"best_of_n", "head"}};
    const char *head_path = make_head();
    ps_prm_head head = {0};
    assert_ok(ps_prm_head_read(head_path, &head, err));
    for (size_t m = 0; m < sizeof runs / sizeof *runs; m++) {
        char name[32];
        snprintf(name, sizeof name, "%s-%s", runs[m][0], runs[m][1]);
        const char *folder = path_of(name);
        snprintf(name, sizeof name, "kept-of-%zu", m);
        const char *kept = path_of(name);
        run(runs[m][0], runs[m][1], folder, head_path);
        ps_config *c = config_of("engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads", "1",
                                 "engine.llama.flash_attn", "false", NULL);
        ps_models *models = NULL;
        ps_session *session = NULL;
        ps_engine_info info;
        assert_ok(ps_learn_config(c, folder, err));
        assert_ok(ps_models_open_states(c, NULL, &models, err));
        assert_ok(ps_session_create(c, models, "majority", &session, err));
        ps_engine_get_info(ps_models_engine(models), &info);
        ps_samples samples = {.session = session, .model = info.identity, .config = c};
        ps_states states = {0}, again = {0};
        assert_ok(ps_samples_read(&samples, folder, err));
        assert_int_equal(samples.n, PROBLEMS);
        assert_ok(ps_states_compute(&samples, models, kept, NULL, &states, err));
        assert_true(states.passed > 0);
        assert_true(compare_folder(folder, &samples, &states, &head) >= (m == 1 ? 4 : 8));
        /* The second time nothing is computed, and everything is the same. */
        assert_ok(ps_states_compute(&samples, models, kept, NULL, &again, err));
        assert_int_equal(again.passed, 0);
        assert_memory_equal(again.values, states.values, states.n * states.width * sizeof(float));
        ps_states_clear(&again);
        ps_states_clear(&states);
        ps_samples_clear(&samples);
        ps_session_release(session);
        ps_models_free(models);
        ps_config_free(c);
    }
    ps_prm_head_clear(&head);
}

/* Whichever allocation fails, here or in the engine: that is said, and the next try has everything. Every point of the
 * first ones, then ever fewer. */
static void without_memory_it_says_so(void **state) {
    (void)state;
    char folder[512];
    snprintf(folder, sizeof folder, "%s", path_of("best_of_n-self")); /* of the test before */
    ps_config *c = config_of("engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads", "1", NULL);
    ps_models *models = NULL;
    ps_session *session = NULL;
    ps_engine_info info;
    assert_ok(ps_learn_config(c, folder, err));
    assert_ok(ps_models_open_states(c, NULL, &models, err));
    assert_ok(ps_session_create(c, models, "majority", &session, err));
    ps_engine_get_info(ps_models_engine(models), &info);
    size_t failures = 0;
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at += 1 + fail_at / 4) {
        char name[32];
        snprintf(name, sizeof name, "kept-%zu", fail_at);
        const char *kept = path_of(name);
        failing_allocator allocator;
        ps_error why;
        ps_samples samples = {.session = session, .model = info.identity, .config = c};
        ps_states states = {0};
        failing_install(&allocator, fail_at);
        ps_status status = ps_samples_read(&samples, folder, &why);
        if (status == PS_OK) status = ps_states_compute(&samples, models, kept, NULL, &states, &why);
        done = allocator.calls < fail_at;
        failing_remove();
        if (done) assert_ok(status);
        if (status != PS_OK) {
            assert_int_equal(status, PS_NOMEM);
            failures++;
        }
        ps_states_clear(&states);
        ps_samples_clear(&samples);
    }
    assert_true(failures > 5);
    ps_session_release(session);
    ps_models_free(models);
    ps_config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(learn_reads_what_the_search_read),
                                       cmocka_unit_test(without_memory_it_says_so)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
