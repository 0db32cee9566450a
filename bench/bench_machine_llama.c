/* What one core can do, and what a token needs of it: the limit that tokens/s are to be held against.
 *
 *   bench_machine_llama [MODEL.gguf]        default: the shipped model
 *
 * Prints JSON lines: the most float32 multiply-adds a second from registers (two operations each), and the bytes a
 * second that are read from memory (512 MB, each core's share far beyond its caches), by one thread, over its processor
 * time; then the operations of a token (weights; attention for each cell of its own line) and the bytes of the weights,
 * which a batch reads once; and the tokens/s at which that would be all. Medians of 5. */
#include "llama_replay.h"
#include "report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define CLONES
#endif

/* The multiplication and the addition become one operation here, unlike anywhere else. */
#if defined(__clang__)
#define CONTRACTED
#define CONTRACT_HERE _Pragma("clang fp contract(fast)")
#else
#define CONTRACTED __attribute__((optimize("fp-contract=fast")))
#define CONTRACT_HERE
#endif

/* ---- The core ------------------------------------------------------------ */

enum { LANES = 16, CHAINS = 12, ROUNDS = 4000000 };
typedef float wide __attribute__((vector_size(LANES * sizeof(float)))); /* two registers where they are half as wide */

/* CHAINS sums that do not wait for each other. The result keeps the loop alive. */
CLONES CONTRACTED static float multiply_add(size_t rounds) {
    CONTRACT_HERE
    wide sum[CHAINS], x, y;
    for (int k = 0; k < LANES; k++) {
        x[k] = 1 - 1e-6F * (float)k;
        y[k] = 1e-3F;
    }
    for (int c = 0; c < CHAINS; c++)
        sum[c] = x + (float)c;
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            sum[c] = sum[c] * x + y;
    for (int c = 1; c < CHAINS; c++)
        sum[0] += sum[c];
    return sum[0][0];
}

static volatile float kept;

static double peak_operations(void) {
    double x[BENCH_RUNS];
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        const double start = bench_thread_seconds();
        kept = multiply_add(ROUNDS);
        x[i] = 2.0 * LANES * CHAINS * ROUNDS / (bench_thread_seconds() - start);
    }
    return bench_median(x, BENCH_RUNS);
}

CLONES static uint64_t sum_of(const uint64_t *data, size_t n) {
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += data[i];
    return sum;
}

static double read_bandwidth(void) {
    const size_t bytes = (size_t)512 << 20;
    uint64_t *data = malloc(bytes);
    double x[BENCH_RUNS];
    if (data == NULL) exit(1);
    memset(data, 1, bytes);
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        const double start = bench_thread_seconds();
        kept = (float)sum_of(data, bytes / sizeof *data);
        x[i] = (double)bytes / (bench_thread_seconds() - start);
    }
    free(data);
    return bench_median(x, BENCH_RUNS);
}

/* ---- The model ----------------------------------------------------------- */

static void print(const char *name, double value, const char *unit) {
    printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\"}\n", name, value, unit);
}

static void quiet(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : PS_SOURCE_DATADIR "/models/reasoner.gguf";
    llama_log_set(quiet, NULL);
    struct llama_model *model = bench_load(path);
    const double operations = peak_operations(), bandwidth = read_bandwidth();
    const double width = llama_model_n_embd(model), layers = llama_model_n_layer(model);
    /* Every weight multiplies once, those of the output, which may be the embeddings' again, among them. */
    const double weights = 2 * (double)llama_model_n_params(model), bytes = (double)llama_model_size(model);
    const double attention = 4 * width * layers, line = 100;
    print("core_operations", operations, "float32 operations/s");
    print("core_bandwidth", bandwidth, "bytes/s");
    print("token_weights", weights, "operations");
    print("token_attention", attention, "operations/cell");
    print("batch_weights", bytes, "bytes");
    print("limit_operations", operations / (weights + line * attention), "tokens/s of a core, 100 cells a line");
    print("limit_bandwidth_1", bandwidth / bytes, "tokens/s of a core, batches of 1 from memory");
    print("limit_bandwidth_16", 16 * bandwidth / bytes, "tokens/s of a core, batches of 16 from memory");
    llama_model_free(model);
    return 0;
}
