/* Any bytes as a data set: problems with texts, faults with lines, or an error that says something. */
#include "run/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static void write_file(const char *name, const uint8_t *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder(), name);
    FILE *file = fopen(path, "wb");
    require(file != NULL);
    require(size == 0 || fwrite(data, 1, size, file) == size);
    fclose(file);
}

/* As evaluation.fields may give them: names of members, and an empty one. */
static const ps_field_names other_fields = {
    .names = {{"question", "q"}, {"a.b"}, {"id"}, {"a.b.c"}, {""}},
    .given = {[PS_FIELD_problem] = true, [PS_FIELD_subject] = true},
};

static void fuzz_dataset(const uint8_t *data, size_t size, const ps_field_names *fields) {
    char path[256];
    ps_dataset *d = NULL;
    ps_error err;
    write_file("data.jsonl", data, size);
    snprintf(path, sizeof path, "%s/data.jsonl", folder());
    ps_status status = ps_dataset_read(path, fields, &d, &err);
    require(status == PS_OK || status == PS_FORMAT);
    if (status == PS_FORMAT) require(strlen(err.message) > 0 && d == NULL);
    if (status != PS_OK) return;
    size_t n, faults;
    const ps_problem *problems = ps_dataset_problems(d, &n);
    const ps_dataset_fault *fault = ps_dataset_faults(d, &faults);
    require(n > 0 && faults <= PS_DATASET_FAULTS && faults <= ps_dataset_unusable(d));
    for (size_t i = 0; i < n; i++) {
        require(problems[i].text != NULL && problems[i].answer != NULL);
        require(i == 0 || problems[i].index > problems[i - 1].index);
    }
    for (size_t i = 0; i < faults; i++)
        require(fault[i].line > 0 && strlen(fault[i].message) > 0);
    ps_dataset_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    fuzz_dataset(data + 1, size - 1, data[0] % 4 == 1 ? &other_fields : &ps_usual_fields); /* the first byte chooses */
    return 0;
}
