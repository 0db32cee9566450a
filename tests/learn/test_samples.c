/* What learn reads from folders: hostile and damaged ones are refused with file and line, long ones are read. */
#include "learn/samples.h"
#include "run/support.h"

/* A session that judges, on the toy engine. */
typedef struct bench {
    ps_config *config;
    ps_models *models;
    ps_session *session;
} bench;

static bench open_bench(void) {
    bench b = {.config = config_of("generation.temperature", "0.7", NULL)};
    assert_ok(ps_config_check(b.config, NULL, err));
    assert_ok(ps_models_open(b.config, NULL, &b.models, err));
    assert_ok(ps_session_create(b.config, b.models, "majority", &b.session, err));
    return b;
}

static void close_bench(bench *b) {
    ps_session_release(b->session);
    ps_models_free(b->models);
    ps_config_free(b->config);
}

/* A folder with this record and these lines. */
static const char *write_folder(const char *name, const char *record, const char *lines) {
    char file[64];
    const char *folder = path_of(name);
    mkdir(folder, 0777);
    snprintf(file, sizeof file, "%s/config.yaml", name);
    write_text(file, record);
    snprintf(file, sizeof file, "%s/results.jsonl", name);
    write_text(file, lines);
    return folder;
}

/* PS_OK; or the message in *why. */
static ps_status read_folder(const bench *b, const char *model, const char *folder, ps_samples *samples,
                             ps_error *why) {
    *samples = (ps_samples){.session = b->session, .model = model, .config = b->config};
    return ps_samples_read(samples, folder, why);
}

static const char record[] = "engine:\n  type: toy\ngeneration:\n  temperature: 0.7\n# models.generator: gguf-1-2\n";

#define LINE(method, particles)                                                                                        \
    "{\"problem_idx\":0,\"problem\":\"Which?\",\"ground_truth\":\"1\",\"method\":\"" method                            \
    "\",\"error\":null,\"particles\":[" particles "]}\n"

/* 120,000 particles, each the child of the one before it: the whole chain is one answer. */
static void an_answer_may_have_as_many_steps_as_there_are(void **state) {
    (void)state;
    enum { STEPS = 120000, ROOM = 110 };
    char *lines = malloc((size_t)STEPS * ROOM);
    size_t at =
        (size_t)sprintf(lines, "%s",
                        "{\"problem_idx\":0,\"problem\":\"Which?\",\"ground_truth\":\"1\",\"method\":\"majority\","
                        "\"error\":null,\"particles\":[");
    for (size_t i = 1; i <= STEPS; i++)
        at += (size_t)sprintf(
            lines + at, "%s{\"id\":%zu,\"parent\":%zu,\"state\":\"%s\",\"text\":\"%s\",\"token_ids\":[7]}",
            i > 1 ? "," : "", i, i - 1, i < STEPS ? "open" : "finished", i < STEPS ? "x" : "\\\\boxed{1}");
    snprintf(lines + at, 8, "]}\n");
    bench b = open_bench();
    ps_samples samples;
    assert_ok(read_folder(&b, NULL, write_folder("chain", record, lines), &samples, err));
    assert_int_equal(samples.n, 1);
    assert_int_equal(samples.questions[0].n_steps, STEPS);
    assert_int_equal(samples.questions[0].n_samples, 1);
    assert_true(samples.questions[0].samples[0].right);
    assert_int_equal(samples.questions[0].steps[STEPS - 1].depth, STEPS - 1);
    ps_samples_clear(&samples);
    close_bench(&b);
    free(lines);
}

/* A weight is a share. Of what is none, file and line are named. */
static void a_weight_that_is_no_share_is_refused(void **state) {
    (void)state;
#define WEIGHED(weight)                                                                                                \
    LINE("persistent", "{\"id\":1,\"parent\":0,\"state\":\"finished\",\"text\":\"\\\\boxed{1}\",\"token_ids\":[7,8],"  \
                       "\"weight_q\":" weight "}")
    static const char *const bad[] = {WEIGHED("-0.1"), WEIGHED("1.5"), WEIGHED("1e300"), WEIGHED("1e999")};
    bench b = open_bench();
    ps_samples samples;
    ps_error why;
    assert_ok(read_folder(&b, NULL, write_folder("share", record, WEIGHED("0.25")), &samples, err));
    check_near(samples.questions[0].samples[0].weight, 0.25, 1e-12);
    ps_samples_clear(&samples);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read_folder(&b, NULL, write_folder("weight", record, bad[i]), &samples, &why), PS_FORMAT);
        check_contains(why.message, "results.jsonl:1: ");
        ps_samples_clear(&samples);
    }
    assert_int_equal(
        read_folder(&b, NULL, write_folder("weight", record, WEIGHED("0.5") WEIGHED("1.5")), &samples, &why),
        PS_FORMAT);
    check_contains(why.message, "results.jsonl:2: ");
    check_contains(why.message, "weight_q");
    ps_samples_clear(&samples);
    close_bench(&b);
}

/* Particles that do not form a tree. */
static void particles_that_are_no_tree_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        LINE("majority", "{\"id\":2,\"parent\":1,\"state\":\"finished\",\"text\":\"\",\"token_ids\":[7]},"
                         "{\"id\":2,\"parent\":1,\"state\":\"finished\",\"text\":\"\",\"token_ids\":[7]}"),
        LINE("majority", "{\"id\":1,\"parent\":1,\"state\":\"finished\",\"text\":\"\",\"token_ids\":[7]}"),
        LINE("majority", "{\"id\":1,\"parent\":0,\"state\":\"finished\",\"text\":\"\",\"token_ids\":[-7]}")};
    bench b = open_bench();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ps_samples samples;
        ps_error why;
        assert_int_equal(read_folder(&b, NULL, write_folder("tree", record, bad[i]), &samples, &why), PS_FORMAT);
        check_contains(why.message, "results.jsonl:1: ");
        ps_samples_clear(&samples);
    }
    close_bench(&b);
}

/* Whose answers they are must be known where it is known whose states are read. */
static void answers_of_a_model_that_is_not_said_are_refused(void **state) {
    (void)state;
    static const char lines[] =
        LINE("majority", "{\"id\":1,\"parent\":0,\"state\":\"finished\",\"text\":\"\\\\boxed{1}\",\"token_ids\":[7]}");
    static const char nameless[] = "engine:\n  type: toy\ngeneration:\n  temperature: 0.7\n";
    bench b = open_bench();
    ps_samples samples;
    ps_error why;
    assert_ok(read_folder(&b, "gguf-1-2", write_folder("model", record, lines), &samples, err));
    ps_samples_clear(&samples);
    assert_int_equal(read_folder(&b, "gguf-3-4", write_folder("model", record, lines), &samples, &why), PS_ARG);
    check_contains(why.message, "another model");
    ps_samples_clear(&samples);
    assert_int_equal(read_folder(&b, "gguf-1-2", write_folder("model", nameless, lines), &samples, &why), PS_ARG);
    check_contains(why.message, "does not say which model");
    ps_samples_clear(&samples);
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_may_have_as_many_steps_as_there_are),
        cmocka_unit_test(a_weight_that_is_no_share_is_refused),
        cmocka_unit_test(particles_that_are_no_tree_are_refused),
        cmocka_unit_test(answers_of_a_model_that_is_not_said_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
