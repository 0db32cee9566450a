/* A shard that begins beside another one, in the same folder: what the other writes while this one looks for results is
 * a part of the same comparison. Here the other writes whenever this one opens the folder. */
#include "run/support.h"

#include "persamp/study.h"

#include <fcntl.h>
#include <stdlib.h>

static const char name[] = "config.best_of_n.yaml";

static ps_status compare(const char *folder, size_t shard, ps_error *err) {
    ps_models *models = NULL;
    ps_compare_summary summary;
    ps_config *c = config_of("engine.toy.kind", "synthetic", "generation.max_steps", "12", "evaluation.output_dir",
                             path_of(folder), NULL);
    ps_compare_options options = {.methods = "best_of_n", .budgets = "24", .limit = 2, .shard = shard, .shards = 2};
    ps_status status = ps_models_open(c, NULL, &models, err);
    if (status == PS_OK) status = ps_compare(c, &options, models, NULL, &summary, err);
    if (status == PS_OK) ps_compare_summary_clear(&summary);
    ps_models_free(models);
    ps_config_free(c);
    return status;
}

/* The record before the first result, as a shard writes them. */
static void other_begins(void) {
    char command[4096];
    snprintf(command, sizeof command, "cp '%s/%s' '%s' && cp '%s'/results.best_of_n.* '%s'", path_of("other"), name,
             path_of("shared"), path_of("other"), path_of("shared"));
    assert_int_equal(system(command), 0);
}

static size_t opened, begins_at;

/* In the place of the C library's, for all that is linked into this program. */
DIR *opendir(const char *path) {
    if (strcmp(path, path_of("shared")) == 0 && ++opened == begins_at) other_begins();
    int file = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file >= 0 ? fdopendir(file) : NULL;
}

/* Shard 2, beside which the other begins when the folder is opened for this time; 0: never. */
static void begin_at(size_t time) {
    ps_error err = {0};
    remove_all(path_of("shared"));
    opened = 0;
    begins_at = time;
    ps_status status = compare("shared", 2, &err);
    if (status != PS_OK) fail_msg("the other began when the folder was opened for time %zu: %s", time, err.message);
}

static void a_shard_that_begins_while_the_folder_is_read_is_no_stranger(void **state) {
    (void)state;
    check_ok(compare("other", 1, NULL));
    begin_at(0);
    size_t times = opened;
    assert_true(times > 2);
    for (size_t time = 2; time <= times; time++) /* the first time the folder is this shard's alone */
        begin_at(time);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_shard_that_begins_while_the_folder_is_read_is_no_stranger)};
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
