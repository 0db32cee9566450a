/* The output folder: whose it is, one writer a file, whole lines or none, whatever the disk does. */
#include "run/support.h"
#include "study/store.h"
#include "study/syncer.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

static const ps_record_models no_models;

static ps_config *for_folder(const char *folder, const char *temperature) {
    return config_of("evaluation.output_dir", folder, "generation.temperature", temperature, NULL);
}

static ps_status opened(const char *folder, const char *temperature, bool fresh, ps_error *err) {
    ps_config *c = for_folder(folder, temperature);
    ps_store *store = NULL;
    ps_status status = ps_store_open(c, &no_models, fresh, &store, err);
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
    check_ok(opened(folder, "0.8", true, &err));
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

/* ---- What --fresh removes ------------------------------------------------ */

#define LINE(index) "{\"problem_idx\":" #index ",\"correct\":true}"

typedef struct named_file {
    const char *name, *text;
} named_file;

static const named_file ours[] = {
    {"results.jsonl", LINE(1) "\n"},
    {"results.greedy.jsonl", ""},
    {"results.1-of-2.jsonl", "{\"prob"}, /* cut off */
    {"results.old%3A1.24-tokens.seed-42.1-of-3.jsonl", LINE(1) "\n"},
    {"results.json", "[\n" LINE(1) "\n]\n"},
    {"summary.json", "{\n  \"methods\": []\n}"},
    {"summary.1-of-2.json", "{\n  \"methods\": []\n}"},
    {"config.old=x.yaml", "preset: classic  # default\n"},
    {".persamp-0123456789abcdef.tmp", "half"},
};
static const named_file theirs[] = {
    {"results_of_my_thesis.jsonl", "mine\n"},
    {"results.mine.jsonl", "{\"id\":1}\n"},
    {"results mine.jsonl", LINE(1) "\n"},
    {"results.mine.json", "{\"a\": 1}"},
    {"summary_of_it.json", "{}"},
    {"summary.json.bak", "{\n  \"methods\": []\n}"},
    {"config.prod.yaml", "# mine\n"},
    {"notes.tmp", "mine\n"},
    {"config.yaml.123.tmp", "mine\n"},
    {".persamp-0123456789abcde.tmp", "mine\n"},
    {"notes.txt", "mine\n"},
};
enum { N_OURS = sizeof ours / sizeof *ours, N_THEIRS = sizeof theirs / sizeof *theirs };

static const char *in_folder(const char *folder, const char *name) {
    static char paths[4][256];
    static size_t turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void fresh_removes_what_we_made_and_nothing_else(void **state) {
    (void)state;
    ps_error err;
    check_ok(opened(path_of("removal"), "1", false, &err));
    for (size_t i = 0; i < N_OURS; i++)
        write_text(in_folder("removal", ours[i].name), ours[i].text);
    for (size_t i = 0; i < N_THEIRS; i++)
        write_text(in_folder("removal", theirs[i].name), theirs[i].text);
    assert_int_equal(symlink("notes.txt", path_of("removal/results.link.jsonl")), 0);
    check_ok(opened(path_of("removal"), "0.8", true, &err));
    for (size_t i = 0; i < N_OURS; i++)
        if (access(path_of(in_folder("removal", ours[i].name)), F_OK) == 0) fail_msg("%s is left", ours[i].name);
    for (size_t i = 0; i < N_THEIRS; i++) {
        char *text = read_text(path_of(in_folder("removal", theirs[i].name)));
        if (text == NULL) fail_msg("%s was removed", theirs[i].name);
        assert_string_equal(text, theirs[i].text);
        free(text);
    }
    assert_int_equal(access(path_of("removal/results.link.jsonl"), F_OK), 0);
}

/* Results that no record says the origin of are neither gone on with nor removed. */
static void results_without_a_record_are_nobodys(void **state) {
    (void)state;
    static const char *const names[] = {"results.jsonl", "results.greedy.jsonl", "results.2-of-3.jsonl",
                                        "results.json",  "summary.json",         "summary.compare.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int fresh = 0; fresh <= 1; fresh++) {
            ps_error err;
            path_of("");
            remove_all(path_of("nobody"));
            assert_int_equal(mkdir(path_of("nobody"), 0777), 0);
            write_text(in_folder("nobody", names[i]), LINE(1) "\n");
            assert_int_equal(opened(path_of("nobody"), "1", fresh == 1, &err), PS_ARG);
            check_contains(err.message, names[i]);
            check_contains(err.message, "no config.yaml");
            char *kept = read_text(path_of(in_folder("nobody", names[i])));
            assert_string_equal(kept, LINE(1) "\n");
            free(kept);
        }
    ps_error err; /* what is called otherwise is no result */
    remove_all(path_of("nobody"));
    assert_int_equal(mkdir(path_of("nobody"), 0777), 0);
    for (size_t i = 0; i < N_THEIRS; i++)
        if (strchr("cn.", theirs[i].name[0]) != NULL) write_text(in_folder("nobody", theirs[i].name), theirs[i].text);
    check_ok(opened(path_of("nobody"), "1", false, &err));
}

/* What a run that was killed had not finished is gone when the next one begins. */
static void left_over_files_are_tidied_up(void **state) {
    (void)state;
    ps_error err;
    check_ok(opened(path_of("tidy"), "1", false, &err));
    write_text("tidy/.persamp-0123456789abcdef.tmp", "half");
    write_text("tidy/other.tmp", "mine");
    check_ok(opened(path_of("tidy"), "1", false, &err));
    assert_int_not_equal(access(path_of("tidy/.persamp-0123456789abcdef.tmp"), F_OK), 0);
    assert_int_equal(access(path_of("tidy/other.tmp"), F_OK), 0);
}

/* ---- Which models -------------------------------------------------------- */

static ps_status opened_with(const char *generator, const char *prm, ps_error *err) {
    ps_config *c = for_folder(path_of("models"), "1");
    ps_store *store = NULL;
    ps_record_models models = {generator, prm};
    ps_status status = ps_store_open(c, &models, false, &store, err);
    ps_store_close(store);
    ps_config_free(c);
    return status;
}

static void another_model_under_the_same_name_is_another_configuration(void **state) {
    (void)state;
    ps_error err;
    check_ok(opened_with(NULL, NULL, &err)); /* nothing known: nothing compared */
    check_ok(opened_with("gguf-1-a", NULL, &err));
    check_ok(opened_with("gguf-1-a", "gguf-2-b", &err));
    check_ok(opened_with("gguf-1-a", "gguf-2-b", &err));
    assert_int_equal(opened_with("gguf-1-c", "gguf-2-b", &err), PS_ARG);
    check_contains(err.message, "models.generator is another model: gguf-1-c, was gguf-1-a\n");
    assert_null(strstr(err.message, "models.prm"));
    assert_int_equal(opened_with("gguf-1-a", "gguf-2", &err), PS_ARG);
    check_contains(err.message, "models.prm is another model: gguf-2, was gguf-2-b\n");
    assert_int_equal(opened_with("x", "y", &err), PS_ARG);
    check_contains(err.message, "models.prm is another model: y, was gguf-2-b\n");
    check_contains(err.message, "models.generator is another model: x, was gguf-1-a\n");
    ps_config *c = NULL; /* the record is a configuration like any other */
    check_ok(ps_config_create(&c, NULL));
    check_ok(ps_config_load_file(c, path_of("models/config.yaml"), &err));
    ps_config_free(c);
}

/* ---- Going on from another folder ---------------------------------------- */

static ps_status resumed(const char *from, const char *into, const char *temperature, ps_store **store, ps_error *err) {
    ps_config *c = config_of("evaluation.output_dir", into, "generation.temperature", temperature,
                             "evaluation.resume_from", from, NULL);
    *store = NULL;
    ps_status status = ps_store_open(c, &no_models, false, store, err);
    ps_config_free(c);
    return status;
}

static void a_run_resumes_from_a_folder_or_a_file_in_it(void **state) {
    (void)state;
    const char *earlier = path_of("earlier"), *from[] = {earlier, path_of("earlier/results.jsonl")};
    ps_store *store;
    ps_error err;
    check_ok(opened(earlier, "0.7", false, &err));
    write_text("earlier/results.jsonl", LINE(1) "\n");
    for (size_t i = 0; i < 2; i++) {
        check_ok(resumed(from[i], path_of("later"), "0.7", &store, &err));
        assert_string_equal(ps_store_folder(store), path_of("later"));
        assert_string_equal(ps_store_resume(store), earlier);
        ps_store_close(store);
        check_ok(resumed(from[i], path_of("later/../earlier"), "0.7", &store, &err)); /* the same folder */
        assert_null(ps_store_resume(store));
        ps_store_close(store);
    }
    char *text = read_text(path_of("earlier/results.jsonl"));
    assert_string_equal(text, LINE(1) "\n");
    free(text);
}

static void what_cannot_be_resumed_from_is_refused(void **state) {
    (void)state;
    ps_store *store;
    ps_error err;
    check_ok(opened(path_of("before"), "0.7", false, &err));
    assert_int_equal(resumed(path_of("never"), path_of("unmade"), "0.7", &store, &err), PS_IO);
    check_contains(err.message, "evaluation.resume_from");
    assert_int_equal(resumed(path_of("before"), path_of("unmade"), "0.8", &store, &err), PS_ARG);
    check_contains(err.message, "generation.temperature");
    assert_int_equal(mkdir(path_of("empty"), 0777), 0);
    assert_int_equal(resumed(path_of("empty"), path_of("unmade"), "0.7", &store, &err), PS_ARG);
    check_contains(err.message, "no config.yaml");
    write_text("empty/results.jsonl", LINE(1) "\n");
    assert_int_equal(resumed(path_of("empty"), path_of("unmade"), "0.7", &store, &err), PS_ARG);
    check_contains(err.message, "results.jsonl");
    assert_int_not_equal(access(path_of("unmade"), F_OK), 0);
}

/* ---- Lines --------------------------------------------------------------- */

typedef struct lines {
    size_t n, index[16];
    ps_result_line last;
} lines;

static ps_status take(void *user, const ps_stored_line *line, ps_error *err) {
    lines *l = user;
    (void)err;
    l->index[l->n++] = line->result.index;
    l->last = line->result;
    assert_int_equal(line->number, l->n);
    assert_memory_equal(line->text, "{\"problem_idx\":", 15);
    assert_int_equal(line->text[line->length], '\n');
    return PS_OK;
}

static void pass_over(void *user, const ps_result_line *line) {
    (void)user;
    (void)line;
}

typedef struct open_file {
    ps_config *config;
    ps_store *store;
    ps_results *results;
    lines lines;
} open_file;

static ps_status open_results(open_file *f, const char *folder, const char *name, ps_error *err) {
    *f = (open_file){.config = for_folder(folder, "1")};
    check_ok(ps_store_open(f->config, &no_models, false, &f->store, err));
    return ps_results_open(f->store, name, take, &f->lines, &f->results, err);
}

static void close_results(open_file *f) {
    check_ok(ps_results_close(f->results, NULL));
    ps_store_close(f->store);
    ps_config_free(f->config);
}

static void lines_come_back(void **state) {
    (void)state;
    open_file f;
    ps_error err;
    check_ok(open_results(&f, path_of("lines"), "results.jsonl", &err));
    check_ok(ps_results_append(f.results, LINE(4), false, &err));
    check_ok(ps_results_append(f.results,
                               "{\"problem_idx\":7,\"correct\":null,\"correct_best\":true,\"truncated\":true,"
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

/* What a machine that died had not brought to the disk is zero. */
static void a_torn_line_may_end_in_zeros(void **state) {
    (void)state;
    static const char *const tails[] = {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                                        "{\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                                        "{\"prob\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "{\"problem_idx\":7,\0\0\0"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char content[64];
        open_file f;
        ps_error err;
        size_t length = strlen(LINE(1)) + 1;
        memcpy(content, LINE(1) "\n", length);
        memcpy(content + length, tails[i], 20);
        check_ok(opened(path_of("zeros"), "1", false, &err));
        write_bytes("zeros/results.jsonl", content, length + 20);
        check_ok(open_results(&f, path_of("zeros"), "results.jsonl", &err));
        assert_int_equal(f.lines.n, 1);
        close_results(&f);
        char *text = read_text(path_of("zeros/results.jsonl"));
        assert_string_equal(text, LINE(1) "\n");
        free(text);
    }
}

static void what_is_no_result_is_refused_and_kept(void **state) {
    (void)state;
    static const char *const wrong[] = {"hello\n",
                                        "{}\n",
                                        "{\"problem_idx\":\"1\",\"correct\":true}\n",
                                        "{\"problem_idx\":-1,\"correct\":true}\n",
                                        "{\"problem_idx\":1,\"correct\":0}\n",
                                        "{\"problem_idx\":1,\"correct\":true,\"correct\":false}\n",
                                        "{\"problem_idx\":1}\n",
                                        "\n"};
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

/* Without its last newline a file of somebody else is no torn line of ours. */
static void what_is_not_the_beginning_of_a_line_is_refused_and_kept(void **state) {
    (void)state;
    static const char *const tails[] = {"[{\"my\": \"results\"}]", "hello", "{\"problem\":1",
                                        "{\"problem_idx\" :1",     " ",     "{}"};
    for (size_t i = 0; i < 2 * sizeof tails / sizeof *tails; i++) {
        char content[128];
        open_file f;
        ps_error err;
        bool alone = i % 2 == 0;
        snprintf(content, sizeof content, "%s%s", alone ? "" : LINE(1) "\n", tails[i / 2]);
        check_ok(opened(path_of("tails"), "1", false, &err));
        write_text("tails/results.jsonl", content);
        assert_int_equal(open_results(&f, path_of("tails"), "results.jsonl", &err), PS_FORMAT);
        check_contains(err.message,
                       alone ? "results.jsonl:1: not a result line" : "results.jsonl:2: not a result line");
        close_results(&f);
        assert_int_equal(ps_results_read(path_of("tails/results.jsonl"), pass_over, NULL, &err), PS_FORMAT);
        char *text = read_text(path_of("tails/results.jsonl"));
        assert_string_equal(text, content);
        free(text);
    }
}

/* ---- A folder that goes away --------------------------------------------- */

static ps_status append_after(const char *folder, void (*change)(void), ps_error *err) {
    open_file f;
    check_ok(open_results(&f, path_of(folder), "results.jsonl", err));
    check_ok(ps_results_append(f.results, LINE(1), false, err));
    change();
    ps_status status = ps_results_append(f.results, LINE(2), false, err);
    assert_int_equal(ps_results_checkpoint(f.results, NULL), status);
    ps_results_close(f.results, NULL);
    ps_results *another = NULL;
    if (access(path_of(in_folder(folder, ".lock")), F_OK) != 0) { /* nor is any other file of the folder written */
        ps_error why;
        assert_int_equal(ps_store_write(f.store, "note", "x", 1, &why), PS_IO);
        check_contains(why.message, "removed, moved or replaced");
        assert_int_equal(ps_results_open(f.store, "results.b.jsonl", take, &f.lines, &another, &why), PS_IO);
    }
    ps_store_close(f.store);
    ps_config_free(f.config);
    return status;
}

static void remove_folder(void) {
    remove_all(path_of("away"));
}
static void remove_and_make_again(void) {
    remove_all(path_of("away"));
    assert_int_equal(mkdir(path_of("away"), 0777), 0);
    write_text("away/results.jsonl", "");
}
static void move_folder(void) {
    assert_int_equal(rename(path_of("away"), path_of("moved")), 0);
}
static void remove_file(void) {
    assert_int_equal(unlink(path_of("away/results.jsonl")), 0);
}
static void replace_file(void) {
    write_text("away/other", LINE(1) "\n");
    assert_int_equal(rename(path_of("away/results.jsonl"), path_of("away/before")), 0);
    assert_int_equal(rename(path_of("away/other"), path_of("away/results.jsonl")), 0);
}
static void change_nothing(void) {}

static void a_folder_that_goes_away_ends_the_run_at_once(void **state) {
    (void)state;
    static const struct {
        void (*change)(void);
        const char *word;
    } cases[] = {{remove_folder, "was removed"},
                 {remove_and_make_again, "was removed"},
                 {move_folder, "was moved or replaced"},
                 {remove_file, "was removed"},
                 {replace_file, "was moved or replaced"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err;
        remove_all(path_of("away"));
        assert_int_equal(append_after("away", cases[i].change, &err), PS_IO);
        check_contains(err.message, "away/results.jsonl");
        check_contains(err.message, cases[i].word);
    }
    ps_error err;
    remove_all(path_of("away"));
    check_ok(append_after("away", change_nothing, &err));
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
    check_ok(ps_store_open(c, &no_models, false, &store, &err));
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
        cmocka_unit_test(fresh_removes_what_we_made_and_nothing_else),
        cmocka_unit_test(results_without_a_record_are_nobodys),
        cmocka_unit_test(left_over_files_are_tidied_up),
        cmocka_unit_test(another_model_under_the_same_name_is_another_configuration),
        cmocka_unit_test(a_run_resumes_from_a_folder_or_a_file_in_it),
        cmocka_unit_test(what_cannot_be_resumed_from_is_refused),
        cmocka_unit_test(lines_come_back),
        cmocka_unit_test(a_torn_line_is_cut_off),
        cmocka_unit_test(a_torn_line_may_end_in_zeros),
        cmocka_unit_test(what_is_no_result_is_refused_and_kept),
        cmocka_unit_test(what_is_not_the_beginning_of_a_line_is_refused_and_kept),
        cmocka_unit_test(a_folder_that_goes_away_ends_the_run_at_once),
        cmocka_unit_test(two_runs_share_a_folder_but_no_file),
        cmocka_unit_test(a_full_disk_leaves_whole_lines),
        cmocka_unit_test(a_small_file_is_whole_or_not_there),
        cmocka_unit_test(a_file_that_cannot_be_forced_says_so),
        cmocka_unit_test(a_file_is_forced_many_times),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
