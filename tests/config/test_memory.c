/* Whichever allocation fails: an error, nothing leaked, nothing changed. */
#include "config/support.h"

typedef struct counter {
    size_t countdown; /* allocations until one fails; 0: none does */
    long alive;
} counter;

static void *counting_resize(void *user, void *p, size_t size) {
    counter *c = user;
    if (size == 0) {
        c->alive -= p != NULL;
        free(p);
        return NULL;
    }
    if (c->countdown > 0 && --c->countdown == 0) return NULL;
    void *q = realloc(p, size);
    c->alive += p == NULL && q != NULL;
    return q;
}

static const char yaml[] = "x-a: &a {temperature: 0.5}\n"
                           "generation: {<<: *a, stop_tokens: [a, b], step_boundary: [x]}\n"
                           "prompt: {system: hello, template: 'x {question}'}\n"
                           "tuning: {search_space: {ps.mode: [steps], generation.stop_tokens: [[a], [b]]}}\n";

typedef ps_status (*action)(ps_config *cfg, ps_error *err);

static ps_status act_load(ps_config *cfg, ps_error *err) {
    return ps_config_load_text(cfg, yaml, "t.yaml", err);
}
static ps_status act_fail(ps_config *cfg, ps_error *err) {
    ps_status status =
        ps_config_load_text(cfg, "a: 1\nps: {mode: x, refil: 1}\ntuning: {search_space: {a: 1}}", "t", err);
    return status == PS_FORMAT ? PS_OK : status;
}
static ps_status act_set(ps_config *cfg, ps_error *err) {
    return ps_config_set(cfg, "tuning.search_space", "{ps.mode: [steps, completions]}", "test", err);
}
static ps_status act_preset(ps_config *cfg, ps_error *err) {
    return ps_config_set(cfg, "preset", "classic", "test", err);
}
static ps_status act_create(ps_config *cfg, ps_error *err) {
    (void)cfg;
    ps_config *other = NULL;
    ps_status status = ps_config_create(&other, err);
    ps_config_free(other);
    return status;
}
static ps_status act_copy(ps_config *cfg, ps_error *err) {
    ps_config *other = NULL;
    ps_status status = ps_config_copy(cfg, &other, err);
    ps_config_free(other);
    return status;
}
static ps_status act_print(ps_config *cfg, ps_error *err) {
    ps_text text = {0};
    ps_status status = ps_config_yaml(cfg, true, &text, err);
    ps_text_clear(&text);
    return status;
}
static ps_status act_reference(ps_config *cfg, ps_error *err) {
    (void)cfg;
    ps_text text = {0};
    ps_status status = ps_config_reference(&text, err);
    if (status == PS_OK) status = ps_config_explain("", &text, err);
    ps_text_clear(&text);
    return status;
}
static ps_status act_check(ps_config *cfg, ps_error *err) {
    return ps_config_check(cfg, NULL, err);
}

static void ignore(void *user, ps_log_level level, const char *message) {
    (void)user, (void)level, (void)message;
}
/* A configuration with a preset that is implied and keys in vain; what is said of it with memory is said of it, or it
 * is PS_NOMEM. */
static ps_status act_warn(ps_config *cfg, ps_error *err) {
    ps_config *other = NULL;
    ps_log log = {ignore, NULL, PS_LOG_DEBUG};
    ps_status status = ps_config_copy(cfg, &other, err);
    if (status == PS_OK) status = ps_config_load_text(other, "ps: {resample: {alpha_start: 0.3}}\n", "t.yaml", err);
    if (status == PS_OK) status = ps_config_set(other, "dvts.subtrees", "3", "test", err);
    if (status == PS_OK) status = ps_config_set(other, "scoring.params.alpha", "0.5", "test", err);
    if (status == PS_OK) status = ps_config_check(other, &log, err);
    ps_config_free(other);
    return status;
}

static void run(counter *c, action act, const char *name) {
    ps_config *cfg = fresh(), *initial = fresh();
    for (size_t n = 1;; n++) {
        ps_error err = {0};
        long before = c->alive;
        c->countdown = n;
        ps_status status = act(cfg, &err);
        bool over = c->countdown > 0; /* it never came to the n-th allocation */
        c->countdown = 0;
        if (over) {
            assert_int_equal(status, PS_OK);
            break;
        }
        if (status != PS_NOMEM) fail_msg("%s: allocation %zu failed and the status was %d", name, n, (int)status);
        assert_int_equal(err.code, PS_NOMEM);
        assert_int_equal(c->alive, before);
        assert_same(cfg, initial);
        assert_true(n < 100000);
    }
    ps_config_free(cfg);
    ps_config_free(initial);
    assert_int_equal(c->alive, 0);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    counter c = {0};
    ps_allocator allocator = {counting_resize, &c};
    ps_set_allocator(&allocator);
    run(&c, act_create, "create");
    run(&c, act_copy, "copy");
    run(&c, act_load, "load");
    run(&c, act_fail, "a wrong file");
    run(&c, act_set, "set");
    run(&c, act_preset, "preset");
    run(&c, act_print, "yaml");
    run(&c, act_reference, "reference");
    run(&c, act_check, "check");
    run(&c, act_warn, "warn");
    ps_set_allocator(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
