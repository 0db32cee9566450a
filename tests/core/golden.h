/* Golden files: reading them, and comparing within the tolerances of tests/golden/README.md. */
#ifndef PERSAMP_TESTS_CORE_GOLDEN_H
#define PERSAMP_TESTS_CORE_GOLDEN_H

#include "support/test.h"

#include <jansson.h>
#include <math.h>

static inline json_t *golden_load(const char *name) {
    char path[4096];
    json_error_t error;
    snprintf(path, sizeof path, "%s/golden/%s", PS_TEST_DIR, name);
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL) fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}

static inline json_t *golden_get(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    if (value == NULL) fail_msg("no key %s in the golden file", key);
    return value;
}

static inline double golden_number(const json_t *object, const char *key) {
    return json_number_value(golden_get(object, key));
}

static inline size_t golden_size(const json_t *object, const char *key) {
    return (size_t)json_integer_value(golden_get(object, key));
}

static inline double golden_at(const json_t *array, size_t i) {
    return json_number_value(json_array_get(array, i));
}

/* An array of numbers; owned by the caller (free). */
static inline double *golden_numbers(const json_t *object, const char *key, size_t *n) {
    const json_t *array = golden_get(object, key);
    *n = json_array_size(array);
    double *numbers = calloc(*n + 1, sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < *n; i++)
        numbers[i] = golden_at(array, i);
    return numbers;
}

/* The largest errors met so far of one kind of number. */
typedef struct golden_errors {
    double absolute, relative;
    size_t n;
} golden_errors;

static inline void golden_note(golden_errors *errors, double got, double want) {
    double absolute = fabs(got - want), relative = want != 0 ? absolute / fabs(want) : 0;
    errors->absolute = fmax(errors->absolute, absolute);
    errors->relative = fmax(errors->relative, relative);
    errors->n++;
}

/* Log values, ESS and β: 1e-11 relative or 1e-12 absolute. */
static inline void golden_check(golden_errors *errors, double got, double want, const char *what) {
    golden_note(errors, got, want);
    if (!(fabs(got - want) <= 1e-12 || fabs(got - want) <= 1e-11 * fabs(want)))
        fail_msg("%s is %.17g, expected %.17g", what, got, want);
}

/* W: 1e-12 absolute. */
static inline void golden_check_weight(golden_errors *errors, double got, double want) {
    golden_note(errors, got, want);
    if (!(fabs(got - want) <= 1e-12)) fail_msg("W is %.17g, expected %.17g", got, want);
}

static inline void golden_print(const char *what, const golden_errors *errors) {
    print_message("golden: %-22s %5zu numbers, largest error %.2e absolute, %.2e relative\n", what, errors->n,
                  errors->absolute, errors->relative);
}

#endif
