/* Head files: the network's numbers by hand, and every way in which a file can be wrong. (Named llama because the GGUF
 * reader is libllama's.) */
#include "reward/head.h"
#include "reward/prm_support.h"
#include "reward/tiny_gguf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <ggml.h>

static const float w0[] = {1, -1, 0.5F, 2, 0, -3}; /* 2 rows of 3 */
static const float b0[] = {0.25F, -0.5F};
static const float w2[] = {1, 2, -1, 0.5F, 0, 3}; /* 3 rows of 2 */
static const float b2[] = {0, 0.125F, -0.25F};

static ps_prm_head read_ok(const tiny_tensor *tensors, size_t n, const tiny_value *values, size_t n_values) {
    ps_prm_head head = {0};
    write_gguf("h.gguf", tensors, n, values, n_values);
    assert_ok(ps_prm_head_read("h.gguf", &head, err));
    return head;
}

static void one_layer_is_a_softmax(void **state) {
    (void)state;
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 2}, w0}, {"head.0.bias", {2, 0}, b0}};
    const tiny_value values[] = {{"prm.head.tag", "<step>", 0}, {"prm.head.positive", NULL, 0}};
    const float x[] = {0.5F, 1, -2};
    const double y[] = {0.5 - 1 - 1 + 0.25, 1 + 0 + 6 - 0.5};
    ps_prm_head head = read_ok(tensors, 2, values, 2);
    assert_string_equal(head.tag, "<step>");
    assert_int_equal(head.layer[0].in, 3);
    check_near(ps_prm_head_apply(&head, x), 1 / (1 + exp(y[1] - y[0])), 1e-12);
    ps_prm_head_clear(&head);
    head = read_ok(tensors, 1, NULL, 0); /* no bias; positive: the last label */
    assert_null(head.tag);
    check_near(ps_prm_head_apply(&head, x), 1 / (1 + exp((y[0] - 0.25) - (y[1] + 0.5))), 1e-12);
    ps_prm_head_clear(&head);
}

static void two_layers_have_a_relu_between(void **state) {
    (void)state;
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 2}, w0},
                                   {"head.0.bias", {2, 0}, b0},
                                   {"head.2.weight", {2, 3}, w2},
                                   {"head.2.bias", {3, 0}, b2}};
    const tiny_value values[] = {{"prm.head.activation", "relu", 0}, {"prm.head.positive", NULL, 1}};
    const float x[] = {0.5F, 1, -2};
    const double h[] = {0 /* −1.25 before the ReLU */, 6.5};
    const double y[] = {2 * h[1], 0.5 * h[1] + 0.125, 3 * h[1] - 0.25};
    ps_prm_head head = read_ok(tensors, 4, values, 2);
    check_near(ps_prm_head_apply(&head, x), 1 / (1 + exp(y[0] - y[1]) + exp(y[2] - y[1])), 1e-12);
    const float bad[] = {NAN, 0, 0}, infinite[] = {INFINITY, 0, 0};
    assert_true(isnan(ps_prm_head_apply(&head, bad)));
    assert_true(isnan(ps_prm_head_apply(&head, infinite)));
    ps_prm_head_clear(&head);
}

/* One output is the logit of "right"; scores far apart stay finite. */
static void one_output_is_a_logit(void **state) {
    (void)state;
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 1}, w0}};
    const float x[] = {0.5F, 1, -2}, far[] = {-5000, 0, 0};
    ps_prm_head head = read_ok(tensors, 1, NULL, 0);
    check_near(ps_prm_head_apply(&head, x), 1 / (1 + exp(1.5)), 1e-12);
    assert_true(ps_prm_head_apply(&head, far) == 0);
    ps_prm_head_clear(&head);
}

static ps_status read_status(ps_error *error) {
    ps_prm_head head = {0};
    ps_status status = ps_prm_head_read("h.gguf", &head, error);
    ps_prm_head_clear(&head);
    return status;
}

static void wrong_files_are_named(void **state) {
    (void)state;
    static const float nothing[64] = {0};
    static const struct {
        tiny_tensor tensors[4];
        size_t n;
        tiny_value value;
        const char *what;
    } cases[] = {
        {{{"other", {3, 2}, w0}}, 1, {"k", "v", 0}, "head.0.weight"},
        {{{"head.0.weight", {3, 2}, w0}, {"head.0.bias", {3, 0}, w0}}, 2, {"k", "v", 0}, "3 numbers"},
        {{{"head.0.weight", {3, 2}, w0}, {"head.2.weight", {3, 2}, w0}}, 2, {"k", "v", 0}, "head.2 takes 3"},
        {{{"head.0.weight", {3, 2}, w0}}, 1, {"prm.head.positive", NULL, 2}, "prm.head.positive"},
        {{{"head.0.weight", {3, 2}, w0}}, 1, {"prm.head.positive", "1", 0}, "prm.head.positive"},
        {{{"head.0.weight", {3, 2}, w0}, {"head.2.weight", {2, 3}, w2}}, 2, {"prm.head.activation", "gelu", 0}, "gelu"},
        {{{"head.0.weight", {3, 2}, w0}, {"head.0.bias", {2, 2}, nothing}}, 2, {"k", "v", 0}, "4 numbers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error error = {0};
        write_gguf("h.gguf", cases[i].tensors, cases[i].n, &cases[i].value, 1);
        if (read_status(&error) != PS_FORMAT || strstr(error.message, cases[i].what) == NULL)
            fail_msg("case %zu (expected … %s): %s", i, cases[i].what, error.message);
    }
}

/* A good file cut after each of its bytes, and with each byte of its header changed: an error or a head,
 * never a crash. */
static void damaged_files_are_refused(void **state) {
    (void)state;
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 2}, w0}, {"head.0.bias", {2, 0}, b0}};
    const tiny_value values[] = {{"prm.head.tag", "<step>", 0}, {"prm.head.positive", NULL, 1}};
    char bytes[1024];
    write_gguf("h.gguf", tensors, 2, values, 2);
    FILE *file = fopen("h.gguf", "rb");
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_in_range(n, 200, 1000);
    for (size_t cut = 0; cut + 32 < n; cut++) {
        ps_error error = {0};
        file = fopen("h.gguf", "wb");
        fwrite(bytes, 1, cut, file);
        fclose(file);
        assert_int_equal(read_status(&error), PS_FORMAT);
    }
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < n; i++) {
            ps_error error = {0};
            bytes[i] = (char)(bytes[i] ^ masks[k]);
            file = fopen("h.gguf", "wb");
            fwrite(bytes, 1, n, file);
            fclose(file);
            ps_status status = read_status(&error);
            if (status != PS_OK && status != PS_FORMAT) fail_msg("byte %zu: %s", i, error.message);
            bytes[i] = (char)(bytes[i] ^ masks[k]);
        }
    ps_error error = {0};
    ps_prm_head head;
    assert_int_equal(ps_prm_head_read("no-such-file.gguf", &head, &error), PS_IO);
    assert_int_equal(mkfifo("fifo.gguf", 0600), 0);
    assert_int_equal(ps_prm_head_read("fifo.gguf", &head, &error), PS_IO); /* and is not waited for */
    unlink("fifo.gguf");
}

static void a_head_of_another_model_is_refused(void **state) {
    (void)state;
    const tiny_tensor tensors[] = {{"head.0.weight", {3, 2}, w0}};
    ps_engine *engine = judge_engine(0);
    ps_prm *prm = NULL;
    ps_error error = {0};
    write_gguf("h.gguf", tensors, 1, NULL, 0);
    const ps_prm_options options = {.step_tag = "<tag>", .head_path = "h.gguf"};
    assert_int_equal(ps_prm_create(engine, NULL, &options, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "3 numbers"));
    ps_engine_free(engine);
}

/* Tag, choices and system message from a model's metadata; the head's tag before the model's, an option before both. */
static void metadata_are_read(void **state) {
    (void)state;
    const tiny_value model[] = {{"prm.token.tag", "<tag>", 0},
                                {"prm.token.positive", "a", 0},
                                {"prm.token.negative", "-", 0},
                                {"prm.system", "Think.", 0}};
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    write_gguf("model.gguf", NULL, 0, model, 4);
    assert_ok(ps_prm_create(judge_engine(0), "model.gguf", &(ps_prm_options){0}, &prm, err));
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    const ps_prm_event event = score_step(prm, root, "a");
    check_near(event.step, 0.5, 1e-12); /* a .2 against - .2 */
    assert_int_equal(event.tokens, 6 + 2 + 2);
    ps_prm_free(prm);
    prm = NULL;
    ps_engine *engine = judge_engine(0);
    const ps_prm_options options = {.positive = "+", .system = ""};
    assert_ok(ps_prm_create(engine, "model.gguf", &options, &prm, err));
    assert_ok(ps_prm_root(prm, "Q?", &root, err));
    check_near(score_step(prm, root, "a").step, 0.75, 1e-12);
    ps_prm_free(prm);
    ps_error error = {0};
    engine = judge_engine(0);
    assert_int_equal(ps_prm_create(engine, "no-such-file.gguf", &options, &prm, &error), PS_IO);
    ps_engine_free(engine);
}

/* ggml writes to stderr until someone takes its messages: in the program the engine has done so. */
static void be_quiet(enum ggml_log_level level, const char *text, void *user) {
    (void)level;
    (void)text;
    (void)user;
}

int main(void) {
    ggml_log_set(be_quiet, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_layer_is_a_softmax),    cmocka_unit_test(two_layers_have_a_relu_between),
        cmocka_unit_test(one_output_is_a_logit),     cmocka_unit_test(wrong_files_are_named),
        cmocka_unit_test(damaged_files_are_refused), cmocka_unit_test(a_head_of_another_model_is_refused),
        cmocka_unit_test(metadata_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
