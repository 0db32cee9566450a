/* What verification costs per response: median, 99th percentile and worst case over pairs of gold answers and
 * responses, and over answers made to hurt.
 *
 * usage: bench_verify FILE.jsonl [MODE]    lines with gold and response (or pred); MODE strict (default) or math_verify
 *
 * tools/verify_bench.py runs Math-Verify on the same lines. */
#include "persamp/verify.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 5, MOST_LINES = 100000 };

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double processor_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The fastest of a few runs, in microseconds of processor time: what the work takes, not what else the machine was
 * doing. */
static double microseconds(const char *gold, const char *response, const ps_verify_options *options) {
    double best = 1e300;
    for (int k = 0; k < REPEATS; k++) {
        ps_verify_result result;
        double start = processor_time();
        if (ps_verify(gold, response, options, &result, NULL) != PS_OK) exit(1);
        double taken = processor_time() - start;
        ps_verify_result_clear(&result);
        if (taken < best) best = taken;
    }
    return best * 1e6;
}

static void report(const char *name, double *times, size_t n) {
    if (!n) return;
    qsort(times, n, sizeof *times, ascending);
    printf("%-12s %6zu pairs: median %.1f us, 99%% %.1f us, worst %.1f us\n", name, n, times[n / 2],
           times[n * 99 / 100], times[n - 1]);
}

static void bench_file(const char *path, const ps_verify_options *options) {
    char *data;
    size_t length, n = 0;
    ps_error err;
    if (ps_read_file(path, (size_t)1 << 30, &data, &length, &err) != PS_OK) {
        fprintf(stderr, "bench_verify: %s\n", err.message);
        exit(1);
    }
    double *times = malloc(MOST_LINES * sizeof *times);
    if (times == NULL) exit(1);
    for (char *line = strtok(data, "\n"); line != NULL && n < MOST_LINES; line = strtok(NULL, "\n")) {
        json_t *object = json_loads(line, 0, NULL);
        const char *gold = json_string_value(json_object_get(object, "gold"));
        const char *response = json_string_value(json_object_get(object, "response"));
        if (response == NULL) response = json_string_value(json_object_get(object, "pred"));
        if (gold != NULL && response != NULL) times[n++] = microseconds(gold, response, options);
        json_decref(object);
    }
    report("file", times, n);
    free(times);
    ps_free(data);
}

static void bench_hostile(const ps_verify_options *options) {
    static const char *const pieces[] = {"\\", "(",          "{",          "$a ", "\\boxed{", "1,",       "7",
                                         "x+", "answer is ", "\\sqrt{2}+", "1 ",  "$5 ",      "$1$ and ", "9."};
    static const char *const pairs[][2] = {{"9^{9^9}", "9^{9^9}+1"},
                                           {"100000!", "100001!"},
                                           {"\\frac{1}{2004!}", "\\frac{1}{2006!}"},
                                           {"(a+b+c+d+e+f+g+h)^{64}", "(a+b+c+d+e+f+g+h)^{63}(h+g+f+e+d+c+b+a)"},
                                           {"(A) (A) (A) (A) (A) (A) (A) (A)", "A"},
                                           {"x^{x^{x^x}}", "x^{x^{x^{x+0}}}"}};
    double times[64];
    size_t n = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        times[n++] = microseconds(pairs[i][0], pairs[i][1], options);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t length = strlen(pieces[i]), size = (size_t)1 << 20;
        char *text = malloc(size + 1);
        if (text == NULL) exit(1);
        for (size_t k = 0; k < size; k++)
            text[k] = pieces[i][k % length];
        text[size] = 0;
        times[n++] = microseconds("5", text, options);
        times[n++] = microseconds(text, text, options);
        free(text);
    }
    report("hostile", times, n);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) {
        fputs("usage: bench_verify FILE.jsonl [strict|math_verify]\n", stderr);
        return 2;
    }
    ps_verify_options options = {0};
    if (argc == 3 && strcmp(argv[2], "math_verify") == 0) options.mode = PS_VERIFY_MATH_VERIFY;
    bench_file(argv[1], &options);
    bench_hostile(&options);
    return 0;
}
