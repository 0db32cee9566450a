/* A results file that cannot be opened for want of memory is PS_NOMEM, not a failure of the disk without a name. */
#include "persamp/config.h"
#include "study/store.h"
#include "support/failing_allocator.h"
#include "support/test.h"

#include <stdio.h>
#include <unistd.h>

static ps_status take(void *user, const ps_stored_line *line, ps_error *err) {
    (void)line;
    (void)err;
    ++*(size_t *)user;
    return PS_OK;
}

static void want_of_memory_is_no_failure_of_the_disk(void **state) {
    (void)state;
    char folder[1024], results_path[1100], other_path[1100];
    snprintf(folder, sizeof folder, "%s/store-memory-%ld", PS_TEST_TMP, (long)getpid());
    snprintf(results_path, sizeof results_path, "%s/results.jsonl", folder);
    snprintf(other_path, sizeof other_path, "%s/config.yaml", folder);
    ps_config *config = NULL;
    ps_store *store = NULL;
    ps_results *results = NULL;
    size_t lines = 0;
    assert_ok(ps_config_create(&config, err));
    assert_ok(ps_config_set(config, "evaluation.output_dir", folder, "test", err));
    assert_ok(ps_store_open(config, &(ps_record_models){0}, false, &store, err));
    bool opened = false;
    for (size_t n = 1; !opened; n++) {
        failing_allocator memory;
        ps_error err;
        failing_install(&memory, n);
        ps_status status = ps_results_open(store, "results.jsonl", take, &lines, &results, &err);
        opened = status == PS_OK;
        if (opened) assert_int_equal(ps_results_close(results, NULL), PS_OK);
        failing_remove();
        if (!opened && status != PS_NOMEM) fail_msg("allocation %zu: status %d, %s", n, (int)status, err.message);
        assert_int_equal(memory.alive, 0);
        assert_true(opened || n < 1000);
    }
    assert_int_equal(lines, 0);
    ps_store_close(store);
    ps_config_free(config);
    remove(results_path);
    remove(other_path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(want_of_memory_is_no_failure_of_the_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
