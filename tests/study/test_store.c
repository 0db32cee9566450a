/* The output folder: whose it is, one writer a file, whole lines or none, whatever the disk does. */
#include "run/support.h"
#include "study/store.h"
#include "study/syncer.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static ps_config *for_folder(const char *folder, const char *temperature) {
    return config_of("evaluation.output_dir", folder, "generation.temperature", temperature, NULL);
}

static ps_status opened(const char *folder, const char *temperature, bool fresh, ps_error *err) {
    ps_config *c = for_folder(folder, temperature);
    ps_store *store = NULL;
    ps_status status = ps_store_open(c, fresh, &store, err);
    if (status != PS_OK) assert_null(store);
    ps_store_close(store);
    ps_config_free(c);
    return status;
}

static void a_folder_belongs_to_one_configuration(void **state) {
    (void)state;
    const char *folder = path_of("a/b/c [x*]"); /* made on the way; no pattern */
    ps_error err;
    check_ok(opened(folder, "0.7", false, &err));
    check_ok(opened(folder, "0.7", false, &err));
    assert_int_equal(opened(folder, "0.8", false, &err), PS_ARG);
    check_contains(err.message, "generation.temperature");
    check_contains(err.message, "0.8");
    check_contains(err.message, "0.7");
    check_contains(err.message, "--fresh");
    check_contains(err.message, "c [x*]");
    write_text("a/b/c [x*]/results.jsonl", "old\n");
    write_text("a/b/c [x*]/results.1-of-2.jsonl", "old\n");
    write_text("a/b/c [x*]/summary.1-of-2.json", "old\n");
    write_text("a/b/c [x*]/notes.txt", "mine\n");
    check_ok(opened(folder, "0.8", true, &err));
    assert_int_not_equal(access(path_of("a/b/c [x*]/results.jsonl"), F_OK), 0);
    assert_int_not_equal(access(path_of("a/b/c [x*]/results.1-of-2.jsonl"), F_OK), 0);
    assert_int_not_equal(access(path_of("a/b/c [x*]/summary.1-of-2.json"), F_OK), 0);
    assert_int_equal(access(path_of("a/b/c [x*]/notes.txt"), F_OK), 0); /* not ours */
    assert_int_equal(opened(folder, "0.7", false, &err), PS_ARG);
    char *yaml = read_text(path_of("a/b/c [x*]/config.yaml"));
    check_contains(yaml, "temperature: 0.8");
    free(yaml);
}

static void a_place_where_no_folder_can_be_is_named(void **state) {
    (void)state;
    ps_error err;
    write_text("file", "x");
    assert_int_equal(opened(path_of("file"), "1", false, &err), PS_IO);
    check_contains(err.message, "is a file");
    assert_int_equal(opened(path_of("file/below"), "1", false, &err), PS_IO);
    check_contains(err.message, "evaluation.output_dir");
    assert_int_equal(opened("/proc/persamp", "1", false, &err), PS_IO); /* read-only, also for root */
    check_contains(err.message, "/proc/persamp");
    assert_int_equal(opened("/proc/self", "1", false, &err), PS_IO); /* is there, but no file can be made in it */
    check_contains(err.message, "cannot write in the output folder");
}

/* A folder whose config.yaml is the user's: it is neither replaced nor, by --fresh, removed. */
static void a_config_of_the_users_own_is_kept(void **state) {
    (void)state;
    static const char mine[] = "# my notes\nevaluation: {output_dir: .}\n";
    ps_error err;
    check_ok(opened(path_of("mine"), "1", false, &err));
    write_text("mine/config.yaml", mine);
    for (int fresh = 0; fresh <= 1; fresh++) {
        assert_int_equal(opened(path_of("mine"), "1", fresh == 1, &err), PS_ARG);
        check_contains(err.message, "mine/config.yaml: not written by persamp");
    }
    char *yaml = read_text(path_of("mine/config.yaml"));
    assert_string_equal(yaml, mine);
    free(yaml);
}

static void a_damaged_config_is_named(void **state) {
    (void)state;
    ps_error err;
    check_ok(opened(path_of("damaged"), "1", false, &err));
    write_text("damaged/config.yaml", "preset: classic  # default\ngeneration: {temperature: [\n");
    assert_int_equal(opened(path_of("damaged"), "1", false, &err), PS_FORMAT);
    check_contains(err.message, "config.yaml");
    check_ok(opened(path_of("damaged"), "1", true, &err)); /* --fresh gets over it */
}

/* ---- Resuming from elsewhere --------------------------------------------- */

static void a_run_resumes_from_a_folder_or_a_file_in_it(void **state) {
    (void)state;
    const char *from[] = {path_of("earlier"), path_of("earlier/results.jsonl"), path_of("never")};
    ps_error err;
    check_ok(opened(from[0], "0.7", false, &err));
    write_text("earlier/results.jsonl", "");
    for (int i = 0; i < 3; i++) {
        ps_config *c = config_of("evaluation.output_dir", path_of("unused"), "generation.temperature", "0.7",
                                 "evaluation.resume_from", from[i], NULL);
        ps_store *store = NULL;
        ps_status status = ps_store_open(c, false, &store, &err);
        if (i < 2) {
            check_ok(status);
            assert_string_equal(ps_store_folder(store), from[0]);
        } else {
            assert_int_equal(status, PS_IO);
            check_contains(err.message, "evaluation.resume_from");
        }
        ps_store_close(store);
        ps_config_free(c);
    }
    assert_int_not_equal(access(path_of("unused"), F_OK), 0);
}

/* ---- Lines --------------------------------------------------------------- */

typedef struct lines {
    size_t n, index[16];
    ps_result_line last;
} lines;

static void take(void *user, const ps_result_line *line) {
    lines *l = user;
    l->index[l->n++] = line->index;
    l->last = *line;
}

typedef struct open_file {
    ps_config *config;
    ps_store *store;
    ps_results *results;
    lines lines;
} open_file;

static ps_status open_results(open_file *f, const char *folder, const char *name, ps_error *err) {
    *f = (open_file){.config = for_folder(folder, "1")};
    check_ok(ps_store_open(f->config, false, &f->store, err));
    return ps_results_open(f->store, name, take, &f->lines, &f->results, err);
}

static void close_results(open_file *f) {
    check_ok(ps_results_close(f->results, NULL));
    ps_store_close(f->store);
    ps_config_free(f->config);
}

#define LINE(index) "{\"problem_idx\":" #index ",\"correct\":true}"

static void lines_come_back(void **state) {
    (void)state;
    open_file f;
    ps_error err;
    check_ok(open_results(&f, path_of("lines"), "results.jsonl", &err));
    check_ok(ps_results_append(f.results, LINE(4), false, &err));
    check_ok(ps_results_append(f.results,
                               "{\"problem_idx\":7,\"correct\":false,\"correct_best\":true,\"truncated\":true,"
                               "\"error\":\"why\",\"final_ess\":null,\"resample_count\":3,"
                               "\"tokens\":{\"generated\":10,\"shared\":9,\"prompt\":11,\"prefilled\":12,\"prm\":13}}",
                               true, &err));
    close_results(&f); /* what is held is written on closing */
    check_ok(open_results(&f, path_of("lines"), "results.jsonl", &err));
    assert_int_equal(f.lines.n, 2);
    assert_int_equal(f.lines.index[0], 4);
    const ps_result_line *l = &f.lines.last;
    assert_int_equal(l->index, 7);
    assert_true(!l->correct && l->truncated && l->error && l->correct_by[PS_SELECT_BEST]);
    assert_false(l->correct_by[PS_SELECT_MAJORITY]);
    assert_true(isnan(l->ess) && l->resamples == 3);
    assert_true(l->tokens.generated == 10 && l->tokens.shared == 9 && l->tokens.prompt == 11 &&
                l->tokens.prefilled == 12 && l->tokens.prm == 13);
    close_results(&f);
}

/* Whatever was half written when a run died is cut off, byte by byte; what follows is a whole line again. */
static void a_torn_line_is_cut_off(void **state) {
    (void)state;
    static const char two[] = LINE(1) "\n" LINE(2) "\n";
    for (size_t length = 0; length < sizeof two; length++) {
        open_file f;
        ps_error err;
        check_ok(opened(path_of("torn"), "1", false, &err));
        write_bytes("torn/results.jsonl", two, length);
        check_ok(open_results(&f, path_of("torn"), "results.jsonl", &err));
        size_t whole = length == sizeof two - 1 ? 2 : length >= strlen(LINE(1)) + 1;
        assert_int_equal(f.lines.n, whole);
        check_ok(ps_results_append(f.results, LINE(3), false, &err));
        close_results(&f);
        char *text = read_text(path_of("torn/results.jsonl"));
        assert_int_equal(strlen(text), whole * (strlen(LINE(1)) + 1) + strlen(LINE(3)) + 1);
        check_contains(text, LINE(3) "\n");
        free(text);
    }
}

static void what_is_no_result_is_refused_and_kept(void **state) {
    (void)state;
    static const char *const wrong[] = {"hello\n", "{}\n", "{\"problem_idx\":\"1\",\"correct\":true}\n",
                                        "{\"problem_idx\":1}\n", "\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char content[128];
        open_file f;
        ps_error err;
        snprintf(content, sizeof content, LINE(1) "\n%s" LINE(2) "\n", wrong[i]);
        check_ok(opened(path_of("wrong"), "1", false, &err));
        write_text("wrong/results.jsonl", content);
        assert_int_equal(open_results(&f, path_of("wrong"), "results.jsonl", &err), PS_FORMAT);
        assert_null(f.results);
        check_contains(err.message, "results.jsonl:2:");
        close_results(&f);
        char *text = read_text(path_of("wrong/results.jsonl"));
        assert_string_equal(text, content);
        free(text);
    }
}

/* ---- Two runs ------------------------------------------------------------ */

/* One file, one writer; the shards of one configuration side by side; no --fresh under a run's feet. */
static void two_runs_share_a_folder_but_no_file(void **state) {
    (void)state;
    open_file f, other, shard;
    ps_error err;
    check_ok(open_results(&f, path_of("two"), "results.jsonl", &err));
    check_ok(ps_results_append(f.results, LINE(1), false, &err));
    assert_int_equal(open_results(&other, path_of("two"), "results.jsonl", &err), PS_ARG);
    check_contains(err.message, "another run");
    close_results(&other);
    check_ok(open_results(&shard, path_of("two"), "results.1-of-2.jsonl", &err));
    assert_int_equal(opened(path_of("two"), "1", true, &err), PS_ARG);
    check_contains(err.message, "another run");
    assert_int_equal(opened(path_of("two"), "2", false, &err), PS_ARG); /* another configuration */
    close_results(&shard);
    close_results(&f);
    check_ok(open_results(&f, path_of("two"), "results.jsonl", &err));
    assert_int_equal(f.lines.n, 1);
    close_results(&f);
}

/* ---- A disk that is full ------------------------------------------------- */

/* With files limited to 1000 bytes, lines of 99 bytes: ten whole ones, eight where four are written at once. */
static void a_full_disk_leaves_whole_lines(void **state) {
    (void)state;
    char line[100];
    ps_error err;
    check_ok(opened(path_of("full"), "1", false, &err));
    memset(line, ' ', sizeof line);
    memcpy(line, LINE(1), strlen(LINE(1)));
    line[sizeof line - 2] = '\0';
    for (int hold = 0; hold < 2; hold++) {
        ps_error why = {0};
        open_file f;
        check_ok(open_results(&f, path_of("full"), hold ? "results.b.jsonl" : "results.a.jsonl", &err));
        struct rlimit before, small;
        getrlimit(RLIMIT_FSIZE, &before);
        small = before;
        small.rlim_cur = 1000;
        void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &small);
        ps_status status = PS_OK;
        size_t written = 0;
        for (; written < 20 && status == PS_OK; written++)
            status = ps_results_append(f.results, line, hold && written % 4 != 3, &why);
        ps_status closed = ps_results_close(f.results, NULL); /* tries once more, fails as well */
        setrlimit(RLIMIT_FSIZE, &before);
        signal(SIGXFSZ, handler);
        assert_int_equal(status, PS_IO);
        assert_int_equal(closed, PS_IO);
        check_contains(why.message, "cannot write");
        ps_store_close(f.store);
        ps_config_free(f.config);
        char *text = read_text(path_of(hold ? "full/results.b.jsonl" : "full/results.a.jsonl"));
        assert_int_equal(strlen(text), hold ? 8 * 99 : 10 * 99);
        free(text);
    }
}

static void a_small_file_is_whole_or_not_there(void **state) {
    (void)state;
    ps_config *c = for_folder(path_of("small"), "1");
    ps_store *store;
    ps_error err;
    char text[2000];
    memset(text, 'x', sizeof text);
    check_ok(ps_store_open(c, false, &store, &err));
    check_ok(ps_store_write(store, "note", "one", 3, &err));
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    ps_status status = ps_store_write(store, "note", text, sizeof text, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, PS_IO);
    char *kept = read_text(path_of("small/note"));
    assert_string_equal(kept, "one");
    free(kept);
    glob_t left;
    assert_int_equal(glob(path_of("small/*.tmp"), 0, NULL, &left), GLOB_NOMATCH);
    ps_store_close(store);
    ps_config_free(c);
}

/* ---- To the disk --------------------------------------------------------- */

/* A pipe cannot be forced anywhere. */
static void a_file_that_cannot_be_forced_says_so(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    ps_syncer syncer;
    ps_syncer_open(&syncer, ends[1]);
    int told = 0;
    for (int i = 0; i < 1000 && told == 0; i++) { /* an earlier attempt's, so not the first time */
        told = ps_syncer_ask(&syncer);
        const struct timespec moment = {.tv_nsec = 10000000};
        nanosleep(&moment, NULL);
    }
    assert_int_equal(told, EINVAL);
    assert_int_equal(ps_syncer_close(&syncer), EINVAL);
    assert_int_equal(ps_syncer_close(&syncer), 0); /* closed already */
    ps_syncer_open(&syncer, ends[1]);
    assert_int_equal(ps_syncer_close(&syncer), EINVAL); /* nobody asked */
    close(ends[0]);
    close(ends[1]);
    syncer = (ps_syncer){0};
    assert_int_equal(ps_syncer_close(&syncer), 0);
}

static void a_file_is_forced_many_times(void **state) {
    (void)state;
    FILE *file = fopen(path_of("forced"), "w");
    assert_non_null(file);
    ps_syncer syncer;
    ps_syncer_open(&syncer, fileno(file));
    for (int i = 0; i < 200; i++) {
        fprintf(file, "%d\n", i);
        fflush(file);
        assert_int_equal(ps_syncer_ask(&syncer), 0);
    }
    assert_int_equal(ps_syncer_close(&syncer), 0);
    fclose(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_belongs_to_one_configuration),
        cmocka_unit_test(a_place_where_no_folder_can_be_is_named),
        cmocka_unit_test(a_config_of_the_users_own_is_kept),
        cmocka_unit_test(a_damaged_config_is_named),
        cmocka_unit_test(a_run_resumes_from_a_folder_or_a_file_in_it),
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(a_torn_line_is_cut_off),
        cmocka_unit_test(what_is_no_result_is_refused_and_kept),
        cmocka_unit_test(two_runs_share_a_folder_but_no_file),
        cmocka_unit_test(a_full_disk_leaves_whole_lines),
        cmocka_unit_test(a_small_file_is_whole_or_not_there),
        cmocka_unit_test(a_file_that_cannot_be_forced_says_so),
        cmocka_unit_test(a_file_is_forced_many_times),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
