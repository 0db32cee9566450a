/* Where the system gives no more threads: fewer are used, or it is said; the process does not end. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* setresuid NOLINT(bugprone-reserved-identifier) */
#endif
#include "engine/llama/support.h"
#include "engine/llama/threads.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WELL, WRONG, NOT_HERE, NOBODY = 65534 };

/* Not even this user's: root has no limit. */
static bool limit_processes(rlim_t n) {
    const struct rlimit limit = {n, n};
    if (getuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) != 0) return false;
    return setrlimit(RLIMIT_NPROC, &limit) == 0;
}

/* In the child: with at most n processes and threads of the user. */
static int load_with(rlim_t n, int contexts, int threads) {
    ps_llama_options options = usual();
    ps_engine *engine = NULL;
    ps_error error = {0};
    ps_engine_free(open_engine(options)); /* libllama's back ends are where only root may look */
    if (access(MODEL, R_OK) != 0 || !limit_processes(n) || access(MODEL, R_OK) != 0) return NOT_HERE;
    options.contexts = contexts;
    options.threads = threads;
    ps_status status = ps_engine_llama_create(&options, &engine, &error);
    if (status == PS_ENGINE) return strstr(error.message, "thread") != NULL ? WELL : WRONG;
    if (status != PS_OK) return WRONG;
    const ps_generation g = lines();
    const ps_event *events = NULL;
    ps_node root = 0;
    size_t k = 0;
    if (ps_engine_prompt(engine, &(ps_prompt){.text = "1+1?"}, &root, &error) != PS_OK ||
        ps_engine_extend(engine, &(ps_extend_request){.node = root, .generation = &g}, &error) != PS_OK ||
        ps_engine_poll(engine, INFINITY, &events, &k, &error) != PS_OK)
        return WRONG;
    ps_engine_free(engine);
    return WELL;
}

static void no_more_threads_end_no_process(void **state) {
    (void)state;
    static const int shapes[][2] = {{1, 2}, {2, 2}, {0, 0}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (rlim_t n = 1; n <= 3; n++) {
            const pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) _exit(load_with(n, shapes[i][0], shapes[i][1]));
            int status = -1;
            assert_int_equal(waitpid(child, &status, 0), child);
            if (!WIFEXITED(status) || WEXITSTATUS(status) == WRONG)
                fail_msg("%d contexts of %d threads with a limit of %d: status %d", shapes[i][0], shapes[i][1], (int)n,
                         status);
            if (WEXITSTATUS(status) == NOT_HERE) {
                print_message("the limit cannot be tried here\n");
                return;
            }
        }
}

static void threads_that_can_be_started_are_counted(void **state) {
    (void)state;
    assert_int_equal(ps_threads_can_start(0), 0);
    assert_int_equal(ps_threads_can_start(3), 3);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(!limit_processes(1) ? NOT_HERE : ps_threads_can_start(3) < 3 ? WELL : WRONG);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != WRONG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_threads_end_no_process),
        cmocka_unit_test(threads_that_can_be_started_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
