/* Where the system gives no more threads: fewer are used, or it is said; the process does not end. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* setresuid NOLINT(bugprone-reserved-identifier) */
#endif
#include "engine/llama/support.h"
#include "engine/llama/threads.h"

#include <glob.h>
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

/* ---- More than there is -------------------------------------------------- */

static void keep_warning(void *user, ps_log_level level, const char *message) {
    if (level == PS_LOG_WARNING && strstr(message, " core") != NULL) snprintf(user, 256, "%s", message);
}

static void more_threads_than_cores_are_warned_about(void **state) {
    (void)state;
    char warning[256] = "";
    ps_llama_options options = usual();
    options.log = (ps_log){.write = keep_warning, .user = warning, .least = PS_LOG_WARNING};
    ps_engine_free(open_engine(options)); /* one thread: nothing to say */
    assert_string_equal(warning, "");
    options.threads = (int)sysconf(_SC_NPROCESSORS_ONLN) + 1;
    options.deterministic = true; /* nothing is measured */
    ps_engine_free(open_engine(options));
    assert_non_null(strstr(warning, "engine.llama.threads"));
}

/* A kept measurement of another layout than would be measured, within all limits: measured again. */
static void a_kept_setup_brings_in_no_other_layout(void **state) {
    (void)state;
    char folder[] = PS_TEST_TMP "/setup-XXXXXX", *text;
    glob_t found;
    size_t n;
    assert_non_null(mkdtemp(folder));
    ps_llama_options options = usual();
    options.cache_dir = folder;
    options.flash_attn = 0;
    ps_engine_free(open_engine(options));
    ps_text pattern = {0};
    ps_text_printf(&pattern, "%s/setup-*.json", folder);
    if (glob(ps_text_cstr(&pattern), 0, NULL, &found) != 0) { /* too busy to measure anything */
        ps_text_clear(&pattern);
        rmdir(folder);
        skip();
    }
    assert_ok(ps_read_file(found.gl_pathv[0], 1 << 20, &text, &n, err));
    char *contexts = strstr(text, "\"contexts\": 1");
    assert_non_null(contexts);
    contexts[12] = '9';
    FILE *file = fopen(found.gl_pathv[0], "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    ps_engine *engine = open_engine(options);
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    assert_non_null(strstr(info.description, "1 context of 1 thread"));
    assert_null(strstr(info.description, "as measured before"));
    ps_engine_free(engine);
    remove(found.gl_pathv[0]);
    rmdir(folder);
    globfree(&found);
    ps_text_clear(&pattern);
    ps_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_threads_end_no_process),
        cmocka_unit_test(threads_that_can_be_started_are_counted),
        cmocka_unit_test(more_threads_than_cores_are_warned_about),
        cmocka_unit_test(a_kept_setup_brings_in_no_other_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
