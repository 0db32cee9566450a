/* Learned heads: their file, kind `self` on the generator's own states, and kind `head` on a model that reads along. */
#include "persamp/engine_llama.h"
#include "reward/head.h"
#include "support/check.h"

#include <unistd.h>

#define MODEL    PS_SOURCE_DATADIR "/models/reasoner.gguf"
#define QUESTION "Find the remainder of $3^{14}$ modulo $12$."

enum { WIDTH = 192, HIDDEN = 3 };

static ps_engine *open_engine(bool embeddings) {
    ps_engine *engine = NULL;
    const ps_llama_options options = {
        .model_path = MODEL, .n_ctx = 512, .contexts = 1, .threads = 1, .embeddings = embeddings};
    assert_ok(ps_engine_llama_create(&options, &engine, err));
    return engine;
}

static ps_engine_info info_of(const ps_engine *engine) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    return info;
}

/* A file of this program's own. */
static const char *head_path(void) {
    static char path[64];
    snprintf(path, sizeof path, "head-%ld.gguf", (long)getpid());
    return path;
}

static float weight0[HIDDEN * WIDTH], bias0[HIDDEN], weight1[HIDDEN], bias1[1];

/* Two layers of small random numbers, of the model with this identity. */
static void write_head(const char *model) {
    for (size_t i = 0; i < HIDDEN * WIDTH; i++)
        weight0[i] = (float)(0.05 * ps_normal(check_key(1), i));
    for (size_t i = 0; i < HIDDEN; i++) {
        weight1[i] = (float)(0.5 * ps_normal(check_key(2), i));
        bias0[i] = (float)ps_normal(check_key(3), i);
    }
    bias1[0] = 0.25F;
    const ps_head_layer layers[] = {{WIDTH, HIDDEN, weight0, bias0}, {HIDDEN, 1, weight1, bias1}};
    char steps[] = "newline, 1 to 128 tokens", system[] = "Think.", prompt[] = "Q: {question}";
    const ps_head_origin origin = {.model = (char *)model,
                                   .steps = steps,
                                   .system = system,
                                   .prompt = prompt,
                                   .temperature = 0.7,
                                   .top_p = 0.95,
                                   .top_k = 20};
    assert_ok(ps_head_write(head_path(), layers, 2, &origin, err));
}

static double by_hand(const float *x) {
    double z = (double)bias1[0];
    for (size_t u = 0; u < HIDDEN; u++) {
        double sum = (double)bias0[u];
        for (size_t j = 0; j < WIDTH; j++)
            sum += (double)weight0[u * WIDTH + j] * (double)x[j];
        z += sum > 0 ? (double)weight1[u] * sum : 0;
    }
    return 1 / (1 + exp(-z));
}

static void a_written_head_is_read_back(void **state) {
    (void)state;
    float x[WIDTH];
    ps_prm_head head = {0};
    ps_head_origin origin = {0};
    bool learned = false;
    write_head("gguf-1-2");
    for (size_t i = 0; i < WIDTH; i++)
        x[i] = (float)ps_normal(check_key(4), i);
    assert_ok(ps_prm_head_read(head_path(), &head, err));
    check_near(ps_prm_head_apply(&head, x), by_hand(x), 1e-6);
    ps_prm_head_clear(&head);
    assert_ok(ps_head_origin_read(head_path(), &origin, &learned, err));
    assert_true(learned);
    assert_string_equal(origin.model, "gguf-1-2");
    assert_string_equal(origin.steps, "newline, 1 to 128 tokens");
    assert_string_equal(origin.system, "Think.");
    assert_string_equal(origin.prompt, "Q: {question}");
    assert_true(origin.temperature == 0.7 && origin.top_p == 0.95 && origin.top_k == 20);
    ps_head_origin_clear(&origin);
    /* A head for a tag is none. */
    assert_ok(ps_head_origin_read(PS_SOURCE_DATADIR "/models/prm_head.gguf", &origin, &learned, err));
    assert_false(learned);
    assert_true(isnan(origin.temperature));
    ps_head_origin_clear(&origin);
}

static void what_does_not_belong_together_is_refused(void **state) {
    (void)state;
    ps_engine *with = open_engine(true), *without = open_engine(false);
    ps_error error;
    ps_prm *prm = NULL;
    write_head(info_of(with).identity);
    assert_int_equal(ps_prm_self_create(without, head_path(), PS_AGGREGATE_LAST, &prm, &error), PS_ARG);
    assert_non_null(strstr(error.message, "scoring.prm.kind head"));
    assert_int_equal(
        ps_prm_self_create(with, PS_SOURCE_DATADIR "/models/prm_head.gguf", PS_AGGREGATE_LAST, &prm, &error),
        PS_FORMAT);
    assert_non_null(strstr(error.message, "persamp learn"));
    write_head("gguf-1-2");
    assert_int_equal(ps_prm_self_create(with, head_path(), PS_AGGREGATE_LAST, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "another model"));
    write_head(NULL);
    assert_int_equal(ps_prm_self_create(with, head_path(), PS_AGGREGATE_LAST, &prm, &error), PS_FORMAT);
    assert_non_null(strstr(error.message, "does not say of which model"));
    ps_engine_free(with);
    ps_engine_free(without);
}

static void remember(void *user, ps_log_level level, const char *message) {
    if (level == PS_LOG_WARNING) strncat(user, message, 1999 - strlen(user));
}

/* Of kind head another model may do, so it is not refused; what cannot act is not passed over. */
static void what_head_does_not_know_is_said(void **state) {
    (void)state;
    char said[2000] = "";
    ps_engine *engine = open_engine(true);
    ps_prm *prm = NULL;
    ps_prm_options options = {.head_path = head_path(), .log = {.write = remember, .user = said}};
    write_head(info_of(engine).identity);
    assert_ok(ps_prm_create(engine, MODEL, &options, &prm, err));
    assert_string_equal(said, "");
    ps_prm_free(prm);
    engine = open_engine(true);
    write_head(NULL);
    options.step_tag = "<|step|>";
    options.step_separator = "\n\n";
    assert_ok(ps_prm_create(engine, MODEL, &options, &prm, err));
    assert_non_null(strstr(said, "does not say of which model"));
    assert_non_null(strstr(said, "scoring.prm.step_tag cannot act"));
    assert_non_null(strstr(said, "scoring.prm.step_separator cannot act"));
    ps_prm_free(prm);
}

static ps_prm_event read_one(ps_prm *prm, const ps_prm_request *request) {
    const ps_prm_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_prm_submit(prm, request, err));
    while (n == 0)
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    return events[0];
}

/* Readings are those of the states that came with the requests; a step without one keeps the last; before the first
 * nothing is held against the text. */
static void self_reads_what_comes_with_the_request(void **state) {
    (void)state;
    ps_engine *engine = open_engine(true);
    ps_prm *prm = NULL;
    ps_prm_node root = 0;
    float a[WIDTH], b[WIDTH];
    for (size_t i = 0; i < WIDTH; i++) {
        a[i] = (float)ps_normal(check_key(5), i);
        b[i] = (float)ps_normal(check_key(6), i);
    }
    write_head(info_of(engine).identity);
    assert_ok(ps_prm_self_create(engine, head_path(), PS_AGGREGATE_MIN, &prm, err));
    assert_true(ps_prm_reads_hidden(prm));
    assert_non_null(strchr(ps_prm_identity(prm), '+'));
    assert_ok(ps_prm_root(prm, QUESTION, &root, err));
    const ps_prm_event none = read_one(prm, &(ps_prm_request){.parent = root, .text = ""});
    assert_true(none.status == PS_OK && none.reward == 1 && none.tokens == 0);
    const ps_prm_event one =
        read_one(prm, &(ps_prm_request){.parent = none.node, .text = "x\n", .length = 2, .hidden = a});
    check_near(one.step, by_hand(a), 1e-6);
    const ps_prm_event two =
        read_one(prm, &(ps_prm_request){.parent = one.node, .text = "y\n", .length = 2, .hidden = b});
    check_near(two.step, by_hand(b), 1e-6);
    check_near(two.reward, fmin(by_hand(a), by_hand(b)), 1e-6);
    const ps_prm_event still = read_one(prm, &(ps_prm_request){.parent = two.node, .text = ""});
    assert_true(still.step == two.step && still.reward == two.reward);
    a[0] = NAN;
    const ps_prm_event bad =
        read_one(prm, &(ps_prm_request){.parent = two.node, .text = "z", .length = 1, .hidden = a});
    assert_int_equal(bad.status, PS_DOMAIN);
    /* Given up before it was polled. */
    const ps_prm_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_prm_submit(prm, &(ps_prm_request){.parent = two.node, .text = "z", .length = 1, .hidden = b, .tag = 9},
                            err));
    ps_prm_cancel(prm, 9);
    assert_ok(ps_prm_poll(prm, 0, &events, &n, err));
    assert_true(n == 1 && events[0].status == PS_CANCELLED);
    ps_prm_free(prm);
    ps_engine_free(engine);
}

/* The generator and its head, and the same model that reads along. */
typedef struct pair {
    ps_engine *engine;
    ps_prm *self, *head;
    ps_prm_node own, other; /* after what was written so far */
    ps_node node;
} pair;

static pair open_pair(void) {
    pair p = {.engine = open_engine(true)};
    ps_engine *second = open_engine(true);
    const ps_prm_options options = {.head_path = head_path(), .system = ""};
    const ps_chat_message message = {"user", QUESTION};
    write_head(info_of(p.engine).identity);
    assert_ok(ps_prm_self_create(p.engine, head_path(), PS_AGGREGATE_LAST, &p.self, err));
    assert_ok(ps_prm_create(second, MODEL, &options, &p.head, err));
    assert_false(ps_prm_reads_hidden(p.head));
    assert_ok(ps_prm_root(p.self, QUESTION, &p.own, err));
    assert_ok(ps_prm_root(p.head, QUESTION, &p.other, err));
    assert_ok(ps_engine_prompt(p.engine, &(ps_prompt){.messages = &message, .n_messages = 1}, &p.node, err));
    return p;
}

static void close_pair(pair *p) {
    ps_prm_free(p->self);
    ps_prm_free(p->head);
    ps_engine_free(p->engine);
}

/* Write a step, and read it by both: they say the same. `ends`: of a step that does not end by itself, that the answer
 * does, as one in its box. */
static ps_stop_reason read_by_both(pair *p, const ps_generation *g, uint64_t seed, bool ends) {
    const ps_extend_request request = {.node = p->node, .key = check_key(seed), .generation = g};
    const ps_event *events = NULL;
    size_t n = 0;
    assert_ok(ps_engine_extend(p->engine, &request, err));
    while (n == 0)
        assert_ok(ps_engine_poll(p->engine, INFINITY, &events, &n, err));
    const ps_stop_reason reason = events[0].reason;
    const bool cut = reason == PS_STOP_EOS || reason == PS_STOP_STRING;
    ps_prm_request asked = {.parent = p->own,
                            .text = events[0].text,
                            .length = events[0].text_length,
                            .ends = ends || cut || reason == PS_STOP_CONTEXT_FULL,
                            .end_is_cut = cut,
                            .hidden = events[0].hidden};
    const ps_prm_event mine = read_one(p->self, &asked);
    asked.parent = p->other;
    asked.hidden = NULL;
    const ps_prm_event theirs = read_one(p->head, &asked);
    assert_true(mine.status == PS_OK && theirs.status == PS_OK);
    check_near(theirs.step, mine.step, 0.01);
    assert_int_equal(mine.tokens, 0);
    assert_true(theirs.tokens > 0);
    p->own = mine.node;
    p->other = theirs.node;
    p->node = events[0].child;
    return reason;
}

static ps_generation lines(void) {
    return (ps_generation){.temperature = 0.7,
                           .top_p = 1,
                           .boundary = PS_BOUNDARY_NEWLINE,
                           .min_tokens = 1,
                           .max_tokens = 60,
                           .hidden = true};
}

/* A model that reads the same text along says the same as the generator of itself, but for the rounding of other batch
 * shapes: the position is the same, up to the end that the model writes. */
static void head_on_the_same_model_says_the_same(void **state) {
    (void)state;
    pair p = open_pair();
    const ps_generation g = lines();
    size_t steps = 0;
    for (bool ends = false; !ends && steps < 12; steps++)
        ends = read_by_both(&p, &g, 20 + steps, false) == PS_STOP_EOS;
    assert_true(steps >= 2);
    close_pair(&p);
}

/* … and wherever else an answer may end: with a step that is its last (in its box), cut off for want of room, and
 * before a stop string. The steps before it are read, too. */
static void whatever_ends_an_answer_the_position_is_the_same(void **state) {
    (void)state;
    static const char *const stops[] = {"^"};
    const struct {
        int room;
        size_t n_stops;
        ps_stop_reason reason;
    } endings[] = {{0, 0, PS_STOP_STEP}, {9, 0, PS_STOP_CONTEXT_FULL}, {0, 1, PS_STOP_STRING}};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        pair p = open_pair();
        ps_generation g = lines();
        g.boundary = PS_BOUNDARY_FIXED;
        g.fixed_tokens = 5;
        g.max_answer_tokens = endings[i].room;
        g.stops = stops;
        g.n_stops = endings[i].n_stops;
        ps_stop_reason reason = read_by_both(&p, &g, 20, true);
        for (size_t step = 1; reason == PS_STOP_STEP && step < 4; step++)
            reason = read_by_both(&p, &g, 20 + step, true);
        assert_int_equal(reason, endings[i].reason);
        close_pair(&p);
    }
}

static int tidy(void **state) {
    (void)state;
    unlink(head_path());
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_head_is_read_back),
        cmocka_unit_test(what_does_not_belong_together_is_refused),
        cmocka_unit_test(what_head_does_not_know_is_said),
        cmocka_unit_test(self_reads_what_comes_with_the_request),
        cmocka_unit_test(head_on_the_same_model_says_the_same),
        cmocka_unit_test(whatever_ends_an_answer_the_position_is_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, tidy);
}
