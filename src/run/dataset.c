/* Data sets: JSONL files and JSON arrays of problems. A record that cannot be used is named and passed over. */
#include "persamp/run.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LARGEST_FILE = 1 << 30 };

struct ps_dataset {
    ps_arena *arena;
    ps_problem *problems;
    size_t n_problems, problems_capacity;
    ps_dataset_fault *faults;
    size_t n_faults, faults_capacity;
    bool array; /* a JSON array: records are elements, not lines */
};

void ps_dataset_free(ps_dataset *dataset) {
    if (dataset == NULL) return;
    ps_arena_free(dataset->arena);
    ps_free(dataset->problems);
    ps_free(dataset->faults);
    ps_free(dataset);
}

const ps_problem *ps_dataset_problems(const ps_dataset *dataset, size_t *n) {
    *n = dataset->n_problems;
    return dataset->problems;
}

const ps_dataset_fault *ps_dataset_faults(const ps_dataset *dataset, size_t *n) {
    *n = dataset->n_faults;
    return dataset->faults;
}

static char *keep(ps_dataset *d, const char *text) {
    return ps_arena_strndup(d->arena, text, strlen(text));
}

static ps_status add_fault(ps_dataset *d, size_t line, const char *message, ps_error *err) {
    char *copy = keep(d, message);
    if (copy == NULL || ps_reserve(&d->faults, &d->faults_capacity, d->n_faults + 1) != PS_OK) return ps_nomem(err);
    d->faults[d->n_faults++] = (ps_dataset_fault){.element = d->array, .line = line, .message = copy};
    return PS_OK;
}

/* The shortest decimal that reads back as x: 0.1 is "0.1", not the 0.10000000000000001 no solution would write. */
static void print_real(double x, char *text, size_t size) {
    double back;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, x);
        if (ps_parse_real(text, strlen(text), &back) && back == x) return;
    }
}

/* A member as text: strings as they are, numbers printed, anything else NULL. */
static char *text_of(ps_dataset *d, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (json_is_string(value)) return keep(d, json_string_value(value));
    char number[64];
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        print_real(json_real_value(value), number, sizeof number);
    else
        return NULL;
    return keep(d, number);
}

/* GSM8K writes the solution and then "#### answer". */
static char *final_answer(char *answer) {
    static const char blanks[] = " \t\r\n";
    char *mark = answer, *last = NULL;
    while ((mark = strstr(mark, "####")) != NULL)
        last = mark += 4;
    if (last == NULL) return answer;
    last += strspn(last, blanks);
    size_t length = strlen(last);
    while (length > 0 && strchr(blanks, last[length - 1]) != NULL)
        length--;
    last[length] = '\0';
    return last;
}

/* One record; its position counts whether or not it can be used. */
static ps_status add_record(ps_dataset *d, const json_t *record, size_t index, size_t line, ps_error *err) {
    if (!json_is_object(record))
        return add_fault(d, line, "expected an object with the fields problem (or question) and answer", err);
    ps_problem p = {.index = index};
    p.text = text_of(d, record, "problem");
    if (p.text == NULL) p.text = text_of(d, record, "question");
    if (p.text == NULL) return add_fault(d, line, "no field problem or question with a text", err);
    char *answer = text_of(d, record, "answer");
    if (answer == NULL) return add_fault(d, line, "no field answer with a text or a number", err);
    p.answer = final_answer(answer);
    p.unique_id = text_of(d, record, "unique_id");
    p.subject = text_of(d, record, "subject");
    p.level = text_of(d, record, "level");
    if (ps_reserve(&d->problems, &d->problems_capacity, d->n_problems + 1) != PS_OK) return ps_nomem(err);
    d->problems[d->n_problems++] = p;
    return PS_OK;
}

static ps_status read_array(ps_dataset *d, const char *path, const char *data, size_t length, ps_error *err) {
    json_error_t where;
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
    json_t *record = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (record == NULL) {
        char message[256];
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

ps_status ps_dataset_load(const char *path, ps_dataset **dataset, ps_error *err) {
    char *data = NULL;
    size_t length;
    ps_dataset *d = create();
    if (d == NULL) return ps_nomem(err);
    ps_status status = ps_read_file(path, LARGEST_FILE, &data, &length, err);
    if (status != PS_OK) goto done;
    size_t start = length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte-order mark */
    const char *text = data + start;
    d->array = text[strspn(text, " \t\r\n")] == '[';
    status = d->array ? read_array(d, path, text, length - start, err) : read_lines(d, text, length - start, err);
    if (status == PS_OK && d->n_problems == 0)
        status = d->n_faults > 0
                     ? ps_fail(err, PS_FORMAT, "%s:%s%zu: %s; no usable problem in the file", path,
                               d->array ? " element " : "", d->faults[0].line, d->faults[0].message)
                     : ps_fail(err, PS_FORMAT,
                               "%s: empty; expected one JSON object a line with the fields problem and answer", path);
    if (status != PS_OK) goto done;
    *dataset = d;
    d = NULL;
done:
    ps_free(data);
    ps_dataset_free(d);
    return status;
}
