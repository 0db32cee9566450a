/* An engine in a child of the process that made it: refused in words, and nothing waits. */
#include "engine/llama/support.h"

#include <sys/wait.h>
#include <unistd.h>

/* In the child; the exit status says which call was wrong, 0: none. A call that waits is ended by the test's limit. */
static int use(ps_engine *engine, ps_node root) {
    const ps_generation g = lines();
    const ps_extend_request request = {.node = root, .generation = &g};
    const ps_token token = 60;
    const ps_event *events;
    ps_engine_stats stats;
    ps_error error = {0};
    ps_node node;
    size_t n;
    if (ps_engine_poll(engine, INFINITY, &events, &n, &error) != PS_ENGINE) return 1;
    char expected[64];
    snprintf(expected, sizeof expected, "process %ld and is used by process %ld", (long)getppid(), (long)getpid());
    if (strstr(error.message, expected) == NULL) return 2;
    if (ps_engine_extend(engine, &request, &error) != PS_ENGINE) return 3;
    if (ps_engine_root(engine, &token, 1, &node, &error) != PS_ENGINE) return 4;
    if (ps_engine_prompt(engine, &(ps_prompt){.text = "1+1?"}, &node, &error) != PS_ENGINE) return 5;
    if (ps_engine_evaluate(engine, &(ps_evaluate_request){.node = root, .tokens = &token, .n_tokens = 1}, &error) !=
        PS_ENGINE)
        return 6;
    ps_engine_retain(engine, root);
    ps_engine_release(engine, root);
    ps_engine_begin(engine);
    ps_engine_cancel(engine, 0);
    ps_engine_wake(engine);
    (void)ps_engine_on_ready(engine, NULL, NULL);
    ps_engine_get_stats(engine, &stats);
    ps_engine_free(engine);
    return 0;
}

/* The child is made while the lanes work, so that it may inherit a lock that is held. */
static void a_child_is_refused_and_the_parent_goes_on(void **state) {
    (void)state;
    enum { CHILDREN = 20 };
    ps_llama_options options = usual();
    options.contexts = 2;
    ps_engine *engine = open_engine(options);
    const ps_generation g = lines();
    const ps_node roots[] = {root_of(engine, questions[0]), root_of(engine, questions[1])};
    for (uint64_t i = 0; i < CHILDREN; i++)
        assert_ok(ps_engine_extend(
            engine,
            &(ps_extend_request){
                .node = roots[i % 2], .key = {.seed = 1, .id = i, .purpose = PS_RNG_TOKEN}, .generation = &g, .tag = i},
            err));
    ps_engine_begin(engine);
    for (int i = 0; i < CHILDREN; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) _exit(use(engine, roots[0]));
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    for (size_t done = 0; done < CHILDREN;) {
        const ps_event *events;
        size_t n;
        assert_ok(ps_engine_poll(engine, INFINITY, &events, &n, err));
        for (size_t i = 0; i < n; i++, done++) {
            assert_int_equal(events[i].status, PS_OK);
            ps_engine_release(engine, events[i].child);
        }
    }
    ps_engine_free(engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_child_is_refused_and_the_parent_goes_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
