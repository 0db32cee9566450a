/* Data sets: JSONL files and JSON arrays of problems. A record that cannot be used is named and passed over. */
#include "run/dataset.h"

#include <stdio.h>
#include <string.h>

/* An array is parsed as one, at up to 20 bytes of memory for each of its own; lines one by one. */
enum { LARGEST_FILE = 1 << 30, LARGEST_ARRAY = 64 << 20, LONGEST_LINE = 64 << 20 };

struct ps_dataset {
    ps_arena *arena;
    ps_problem *problems;
    size_t n_problems, problems_capacity;
    ps_dataset_fault faults[PS_DATASET_FAULTS]; /* the first of them */
    size_t n_faults;
    bool array; /* a JSON array: records are elements, not lines */
    const ps_field_names *fields;
    bool found[PS_FIELDS]; /* in some record */
};

void ps_dataset_free(ps_dataset *dataset) {
    if (dataset == NULL) return;
    ps_arena_free(dataset->arena);
    ps_free(dataset->problems);
    ps_free(dataset);
}

const ps_problem *ps_dataset_problems(const ps_dataset *dataset, size_t *n) {
    *n = dataset->n_problems;
    return dataset->problems;
}

const ps_dataset_fault *ps_dataset_faults(const ps_dataset *dataset, size_t *n) {
    *n = dataset->n_faults < PS_DATASET_FAULTS ? dataset->n_faults : PS_DATASET_FAULTS;
    return dataset->faults;
}

size_t ps_dataset_unusable(const ps_dataset *dataset) {
    return dataset->n_faults;
}

/* A file of nothing but faults costs no more than one of ten. */
static ps_status add_fault(ps_dataset *d, size_t line, const char *message, ps_error *err) {
    if (d->n_faults < PS_DATASET_FAULTS) {
        char *copy = ps_arena_strndup(d->arena, message, strlen(message));
        if (copy == NULL) return ps_nomem(err);
        d->faults[d->n_faults] = (ps_dataset_fault){.element = d->array, .line = line, .message = copy};
    }
    d->n_faults++;
    return PS_OK;
}

/* One record; its position counts whether or not it can be used. */
static ps_status add_record(ps_dataset *d, const json_t *record, size_t index, size_t line, ps_error *err) {
    ps_problem p = {.index = index};
    ps_text fault = {0};
    ps_status status = ps_record_read(record, d->fields, d->arena, &p, d->found, &fault);
    if (status != PS_OK)
        status = ps_nomem(err);
    else if (fault.length > 0)
        status = add_fault(d, line, ps_text_cstr(&fault), err);
    else if (ps_reserve(&d->problems, &d->problems_capacity, d->n_problems + 1) != PS_OK)
        status = ps_nomem(err);
    else
        d->problems[d->n_problems++] = p;
    ps_text_clear(&fault);
    return status;
}

static ps_status read_array(ps_dataset *d, const char *path, const char *data, size_t length, ps_error *err) {
    json_error_t where;
    if (length > LARGEST_ARRAY)
        return ps_fail(err, PS_FORMAT, "%s: a JSON array of %zu bytes, above %d; write one object a line", path, length,
                       LARGEST_ARRAY);
    json_t *array = json_loadb(data, length, JSON_REJECT_DUPLICATES, &where);
    if (array == NULL)
        return ps_fail(err, PS_FORMAT, "%s:%d:%d: not JSON: %s", path, where.line, where.column, where.text);
    ps_status status = PS_OK;
    for (size_t i = 0; i < json_array_size(array) && status == PS_OK; i++)
        status = add_record(d, json_array_get(array, i), i, i + 1, err);
    json_decref(array);
    return status;
}

static ps_status read_line(ps_dataset *d, const char *line, size_t length, size_t index, size_t number, ps_error *err) {
    json_error_t where;
    char message[256];
    if (length > LONGEST_LINE) {
        snprintf(message, sizeof message, "a line of %zu bytes; expected at most %d", length, LONGEST_LINE);
        return add_fault(d, number, message, err);
    }
    json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (record == NULL) {
        snprintf(message, sizeof message, "not JSON: %s (column %d)", where.text, where.column);
        return add_fault(d, number, message, err);
    }
    ps_status status = add_record(d, record, index, number, err);
    json_decref(record);
    return status;
}

static bool blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r') return false;
    return true;
}

static ps_status read_lines(ps_dataset *d, const char *data, size_t length, ps_error *err) {
    ps_status status = PS_OK;
    size_t index = 0, number = 0;
    for (const char *at = data, *end = data + length; at < end && status == PS_OK;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line = newline != NULL ? (size_t)(newline - at) : (size_t)(end - at);
        number++;
        if (!blank(at, line)) status = read_line(d, at, line, index++, number, err);
        at += line + 1;
    }
    return status;
}

static ps_dataset *create(void) {
    ps_dataset *d = ps_calloc(1, sizeof *d);
    if (d != NULL && (d->arena = ps_arena_create()) == NULL) {
        ps_free(d);
        return NULL;
    }
    return d;
}

ps_status ps_dataset_synthetic(size_t n, ps_dataset **dataset, ps_error *err) {
    ps_dataset *d = create();
    if (d == NULL || ps_reserve(&d->problems, &d->problems_capacity, n) != PS_OK) {
        ps_dataset_free(d);
        return ps_nomem(err);
    }
    for (; d->n_problems < n; d->n_problems++)
        d->problems[d->n_problems] = (ps_problem){.index = d->n_problems, .text = "synthetic", .answer = "0"};
    *dataset = d;
    return PS_OK;
}

/* No usable record, or a name of evaluation.fields that no record has: the configuration means another file. */
static ps_status judge(const ps_dataset *d, const char *path, ps_error *err) {
    const ps_dataset_fault *first = &d->faults[0];
    if (d->n_problems == 0 && d->n_faults > 0)
        return ps_fail(err, PS_FORMAT, "%s:%s%zu: %s; no usable problem in the file", path,
                       first->element ? " element " : "", first->line, first->message);
    if (d->n_problems == 0)
        return ps_fail(err, PS_FORMAT, "%s: empty; expected one JSON object a line with the fields problem and answer",
                       path);
    for (ps_field f = 0; f < PS_FIELDS; f++)
        if (d->fields->given[f] && !d->found[f])
            return ps_fail(err, PS_FORMAT, "%s: no record has the field %s, which %s names", path,
                           d->fields->names[f][0], ps_field_key(f));
    return PS_OK;
}

static ps_status read_text(ps_dataset *d, const char *path, const char *data, size_t length, ps_error *err) {
    size_t start = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte-order mark */
    const char *text = data + start;
    d->array = text[strspn(text, " \t\r\n")] == '[';
    return d->array ? read_array(d, path, text, length - start, err) : read_lines(d, text, length - start, err);
}

ps_status ps_dataset_read(const char *path, const ps_field_names *fields, ps_dataset **dataset, ps_error *err) {
    char *data = NULL;
    size_t length;
    ps_dataset *d = create();
    if (d == NULL) return ps_nomem(err);
    d->fields = fields;
    ps_status status = ps_read_file(path, LARGEST_FILE, &data, &length, err);
    if (status == PS_OK && length >= 4 && memcmp(data, "PAR1", 4) == 0) status = ps_dataset_fail_parquet(path, err);
    if (status == PS_OK) status = read_text(d, path, data, length, err);
    if (status == PS_OK) status = judge(d, path, err);
    d->fields = NULL; /* the caller's */
    ps_free(data);
    if (status == PS_OK)
        *dataset = d;
    else
        ps_dataset_free(d);
    return status;
}

ps_status ps_dataset_load(const char *path, ps_dataset **dataset, ps_error *err) {
    return ps_dataset_read(path, &ps_usual_fields, dataset, err);
}
