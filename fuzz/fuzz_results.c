/* Any bytes as a file of results that a run goes on with. It is refused and left as it was; or what is left of it is
 * whole lines, one more can be appended, and the array of them has each problem once. */
#include "study/array.h"
#include "study/same.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing here has to outlive the machine, and forcing it to the disk takes all the time. */
int fsync(int fd) {
    (void)fd;
    return 0;
}

static void require(bool condition) {
    if (!condition) abort();
}

/* A folder of this process's own; it stays until the process ends. */
static const char *folder(void) {
    static char path[] = P_tmpdir "/persamp-fuzz-XXXXXX";
    static bool made;
    if (!made) require(mkdtemp(path) != NULL);
    made = true;
    return path;
}

static const char *path_of(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder(), name);
    return path;
}

static void write_file(const char *name, const uint8_t *data, size_t size) {
    FILE *file = fopen(path_of(name), "wb");
    require(file != NULL);
    require(size == 0 || fwrite(data, 1, size, file) == size);
    fclose(file);
}

static char *read_file(const char *name, size_t *length) {
    char *text = NULL;
    require(ps_read_file(path_of(name), (size_t)1 << 30, &text, length, NULL) == PS_OK);
    return text;
}

/* Every line is of some run or another, or the message says what differs. */
static ps_status take(void *user, const ps_stored_line *line, ps_error *err) {
    static const ps_problem problem = {.text = "What is $1+1$?", .answer = "2"};
    static const ps_same same = {.method = "persistent", .independent = true, .seed = 42};
    ps_error why;
    (void)err;
    (*(size_t *)user)++;
    require(line->number == *(size_t *)user && line->text[line->length] == '\n');
    ps_status status = ps_same_check(&same, line->result.index % 2 == 0 ? &problem : NULL, line, &why);
    require(status == PS_OK || (status == PS_ARG && strstr(why.message, "this line is of another run") != NULL));
    return PS_OK;
}

static void check_array(ps_store *store) {
    json_error_t where;
    require(ps_array_write(store, path_of("results.jsonl"), NULL) == PS_OK);
    json_t *array = json_load_file(path_of("results.json"), 0, &where), *line, *seen = json_object();
    size_t i;
    require(json_is_array(array));
    json_array_foreach(array, i, line) {
        char key[32];
        snprintf(key, sizeof key, "%lld", (long long)json_integer_value(json_object_get(line, "problem_idx")));
        require(json_object_get(seen, key) == NULL);
        json_object_set_new(seen, key, json_true());
    }
    json_decref(seen);
    json_decref(array);
}

static void go_on(ps_store *store, const uint8_t *data, size_t size) {
    static const char line[] = "{\"problem_idx\":1,\"correct\":true}";
    ps_results *results = NULL;
    ps_error err;
    size_t before = 0, after = 0, length;
    ps_status status = ps_results_open(store, "results.jsonl", take, &before, &results, &err);
    require(status == PS_OK || status == PS_FORMAT);
    if (status == PS_OK) {
        require(ps_results_append(results, line, false, NULL) == PS_OK);
        require(ps_results_close(results, NULL) == PS_OK);
        require(ps_results_open(store, "results.jsonl", take, &after, &results, NULL) == PS_OK);
        require(after == before + 1);
        require(ps_results_close(results, NULL) == PS_OK);
        check_array(store);
    }
    char *text = read_file("results.jsonl", &length);
    size_t kept = status == PS_OK ? length - sizeof line : size; /* with its newline */
    require(kept <= size && (kept == 0 || memcmp(text, data, kept) == 0));
    ps_free(text);
}

/* Opened once. */
static ps_store *store_of(void) {
    static const ps_record_models models;
    static ps_store *store;
    ps_config *config = NULL;
    if (store != NULL) return store;
    require(ps_config_create(&config, NULL) == PS_OK);
    require(ps_config_set(config, "evaluation.output_dir", folder(), "fuzz", NULL) == PS_OK);
    require(ps_store_open(config, &models, false, &store, NULL) == PS_OK);
    ps_config_free(config);
    return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_store *store = store_of();
    size_t lines = 0;
    write_file("results.jsonl", data, size);
    ps_status status = ps_results_scan(path_of("results.jsonl"), take, &lines, NULL);
    require(status == PS_OK || status == PS_FORMAT);
    go_on(store, data, size);
    return 0;
}
