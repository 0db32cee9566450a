/* A run of ours against bare libllama, in turns: what everything besides the model costs. One JSON line per figure.
 *
 *   bench_llama_run [MODEL.gguf [RUNS [PARTICLES,…]]]       default: the shipped model (as is -), 5 turns
 *
 *   replay_1x16, replay_8x16    tokens/s of a run ÷ of the bare loop that does the same batches in the same contexts
 *   replay_1x16_by_batch        the same, each batch as long as the median of its repetitions: what slows a
 *                               machine for a moment moves that less than the medians of whole runs
 *   full_1x16, full_8x16        tokens/s of a run ÷ of as many sequences, always full, at libllama's defaults: what
 *                               waiting at the ends of steps costs and what the set-up gains, together
 *   waiting_1x16, …_8x16        the same with the contexts and threads of the run: what waiting costs alone
 *   in_flight_8                 tokens/s with 8 problems in flight ÷ with one (another model: 2, here and above)
 *   in_flight_auto              tokens/s with as many in flight as the engine wants ÷ with one
 *   joined_1x16                 time of a run with every request computed by itself ÷ of one where particles that
 *                               write the same are computed together
 *   no_cache_1x16               time of a run that keeps no KV from step to step ÷ of one that does
 *   peak_memory                 peak resident bytes of the bare loop ÷ of a run (each in a process of its own)
 *
 * With PARTICLES, numbers of particles such as 1,8,32, only these, for one problem at a time of each width P, steps of
 * 16 tokens, 6 of them:
 *
 *   replay_1xP, full_1xP, waiting_1xP   as above
 *   on_device_P                 tokens/s of P sequences always full, at libllama's defaults, tokens drawn in the graph
 *                               (llama_set_sampler) ÷ with their logits copied to the host and nothing drawn
 *
 * A loop of which nothing came within its seconds gives no figure: that is said, and the exit status is 1.
 *
 * Tokens are those generated; what is prefilled is part of the cost. A model that is not the shipped one is taken for a
 * large one with random weights, which writes no newlines: 2 problems of 2 steps of 8 tokens, 512 tokens a run. A turn
 * is eleven of these, one more that computes every prefix anew (2,300 tokens), and four loops of 3 seconds: 3 minutes
 * at 45 tokens/s. */
#include "llama_record.h"
#include "llama_replay.h"
#include "persamp/persamp.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARTICLES = 16, MOST_PARTICLES = 256, MOST_RUNS = 101, PARTS = 4 };

typedef struct bench {
    const char *model;
    bool shipped;
    size_t problems; /* of a run */
    int particles;   /* of a problem */
    int together;    /* how many of them in flight where it is not one */
    bool widths;     /* the comparison of widths: for a GPU, so longer */
    char recording[320];
} bench;

static void stop_on(ps_status status, const ps_error *err) {
    if (status == PS_OK) return;
    fprintf(stderr, "bench_llama_run: %s\n", err->message);
    exit(1);
}

/* ---- A run --------------------------------------------------------------- */

static void set(ps_config *config, const char *key, const char *value) {
    ps_error err;
    stop_on(ps_config_set(config, key, value, "bench", &err), &err);
}

static ps_config *configure(const bench *b, int in_flight) {
    ps_config *config;
    ps_error err;
    char text[32];
    stop_on(ps_config_create(&config, &err), &err);
    set(config, "models.generator.model_path", b->model);
    snprintf(text, sizeof text, "%d", b->particles);
    set(config, "generation.n_particles", text);
    snprintf(text, sizeof text, "%d", in_flight);
    set(config, "evaluation.parallel_problems", in_flight > 0 ? text : "auto");
    set(config, "evaluation.output_dir", bench_folder());
    set(config, "evaluation.save_intermediate", "false");
    if (!b->shipped) {
        set(config, "generation.step_boundary", "fixed");
        set(config, "generation.fixed_step_tokens", b->widths ? "16" : "8");
        set(config, "generation.max_tokens_per_step", b->widths ? "16" : "8");
        set(config, "generation.max_steps", b->widths ? "6" : "2");
        set(config, "prompt.template", "{question}\n");
    }
    stop_on(ps_config_check(config, NULL, &err), &err);
    return config;
}

typedef struct result {
    double seconds;
    double tokens, prefilled;
} result;

/* One evaluation with the models open: the clock runs over the problems, not over loading. */
static result evaluate(const bench *b, const ps_config *config, ps_models *models) {
    ps_eval_summary summary = {0};
    ps_error err;
    const ps_eval_options options = {.limit = b->problems, .fresh = true};
    const double start = ps_now();
    stop_on(ps_eval(config, &options, models, NULL, &summary, &err), &err);
    const result r = {ps_now() - start, (double)summary.arms[0].tokens.generated,
                      (double)summary.arms[0].tokens.prefilled};
    if (summary.arms[0].errors > 0) {
        fprintf(stderr, "bench_llama_run: %zu problems failed\n", summary.arms[0].errors);
        exit(1);
    }
    ps_eval_summary_clear(&summary);
    return r;
}

typedef enum mode { ORDINARY, RECORDED, NO_JOIN, NO_CACHE } mode;

/* Each run has an engine of its own, which keeps nothing of the one before. */
static result run(const bench *b, int in_flight, mode how) {
    ps_models *models;
    ps_error err;
    ps_config *config = configure(b, in_flight);
    bench_record record;
    stop_on(ps_models_open(config, NULL, &models, &err), &err);
    ps_llama *engine = (ps_llama *)ps_models_engine(models);
    engine->no_cache = how == NO_CACHE;
    engine->no_join = how == NO_JOIN || how == NO_CACHE;
    if (how == RECORDED) bench_record_open(&record, &engine->base, b->recording);
    const result r = evaluate(b, config, models);
    ps_models_free(models);
    if (how == RECORDED) bench_record_close(&record);
    ps_config_free(config);
    return r;
}

/* ---- The figures --------------------------------------------------------- */

/* A run and its replay in turns. Of one problem in flight, whose batches are the same every time, also what every batch
 * took, with all that came before the next: steps[0] in the run, steps[1] in the loop. */
typedef struct versus {
    struct llama_model *model;
    double tokens, ours, theirs; /* of the last turn; seconds */
    bool loop_first, by_batch, differ;
    double *steps[2][MOST_RUNS * PARTS];
    size_t n_steps, repeats[2];
} versus;

static void loop(versus *v, const bench *b) {
    v->theirs += bench_replay(v->model, b->recording, v->by_batch ? &v->steps[1][v->repeats[1]++] : NULL);
}

static void ours(versus *v, const bench *b, int in_flight) {
    const result r = run(b, in_flight, RECORDED);
    v->tokens += r.tokens;
    v->ours += r.seconds;
    if (!v->by_batch) return;
    const size_t n = bench_recorded_steps(b->recording, &v->steps[0][v->repeats[0]++]);
    v->differ = v->differ || (v->n_steps > 0 && n != v->n_steps);
    v->n_steps = n;
}

/* Also within a turn, a part of the problems at a time: what slows the machine for some seconds then meets both. Every
 * other time the loop goes first, with the batches of the run before: what is left behind (a processor that was kept
 * busy is slower for a while) meets both alike. */
static void take_turns(versus *v, const bench *all, int in_flight) {
    const size_t parts = in_flight == 1 && all->shipped ? PARTS : 1;
    bench b = *all;
    b.problems /= parts;
    v->tokens = v->ours = v->theirs = 0;
    for (size_t i = 0; i < parts; i++, v->loop_first = !v->loop_first) {
        if (v->loop_first) loop(v, &b);
        ours(v, &b, in_flight);
        if (!v->loop_first) loop(v, &b);
    }
}

/* Seconds of all batches, each as long as the median of its repetitions. */
static double typical(const versus *v, int side) {
    double sum = 0, one[MOST_RUNS * PARTS];
    for (size_t i = 0; i < v->n_steps; i++) {
        for (size_t k = 0; k < v->repeats[side]; k++)
            one[k] = v->steps[side][k][i];
        sum += bench_median(one, v->repeats[side]);
    }
    return sum;
}

static void report_by_batch(const versus *v, const bench *b, double tokens) {
    char name[64];
    snprintf(name, sizeof name, "replay_1x%d_by_batch", b->particles);
    if (v->differ) {
        fprintf(stderr, "bench_llama_run: no %s: the runs differ in their batches\n", name);
        return;
    }
    const double run = typical(v, 0), bare = typical(v, 1);
    bench_line(name, bare / run, tokens / run, tokens / bare, "tokens/s", v->repeats[0]);
}

/* No turn of the loop came to its end within its time: there is no figure, and the run is not a whole one. */
static bool missing;

static void report_loop(const char *name, const double *own, const double *loop, size_t runs) {
    for (size_t i = 0; i < runs; i++)
        if (!(loop[i] > 0)) {
            fprintf(stderr, "bench_llama_run: no %s: not one token came of the bare loop within its seconds\n", name);
            missing = true;
            return;
        }
    bench_report(name, own, loop, runs, "tokens/s", 0);
}

static void against_bare_loops(const bench *b, struct llama_model *model, int in_flight, size_t runs) {
    double own[MOST_RUNS], replayed[MOST_RUNS], full[MOST_RUNS], waiting[MOST_RUNS];
    char name[32];
    versus v = {.model = model, .by_batch = in_flight == 1};
    for (size_t i = 0; i < runs; i++) {
        take_turns(&v, b, in_flight);
        const int sequences = b->particles * in_flight, prompt = 64;
        const int length = (int)(v.tokens / (double)b->problems / b->particles) + 1;
        own[i] = v.tokens / v.ours;
        replayed[i] = v.tokens / v.theirs;
        full[i] = bench_always_full(model, sequences, prompt, length);
        waiting[i] = bench_always_full_as(model, b->recording, sequences, prompt, length);
    }
    snprintf(name, sizeof name, "replay_%dx%d", in_flight, b->particles);
    bench_report(name, own, replayed, runs, "tokens/s", 0);
    if (v.by_batch) report_by_batch(&v, b, v.tokens * (double)runs / (double)v.repeats[0]);
    snprintf(name, sizeof name, "full_%dx%d", in_flight, b->particles);
    report_loop(name, own, full, runs);
    snprintf(name, sizeof name, "waiting_%dx%d", in_flight, b->particles);
    report_loop(name, own, waiting, runs);
    for (int side = 0; side < 2; side++)
        for (size_t k = 0; k < v.repeats[side]; k++)
            free(v.steps[side][k]);
}

/* `many` problems in flight against one; 0: as many as the engine wants. */
static void in_flight(const bench *b, int many, size_t runs) {
    double together[MOST_RUNS], one[MOST_RUNS];
    char name[32] = "in_flight_auto";
    if (many > 0) snprintf(name, sizeof name, "in_flight_%d", many);
    for (size_t i = 0; i < runs; i++) {
        const result r = run(b, many, ORDINARY), s = run(b, 1, ORDINARY);
        together[i] = r.tokens / r.seconds;
        one[i] = s.tokens / s.seconds;
    }
    bench_report(name, together, one, runs, "tokens/s", 0);
}

/* The same random draws, but for rounding: seconds per token. Of fewer problems, since these take their time. */
static void against_mode(bench *b, const char *name, mode how, size_t runs) {
    double ours[MOST_RUNS], theirs[MOST_RUNS];
    for (size_t i = 0; i < runs; i++) {
        const result r = run(b, 1, ORDINARY), other = run(b, 1, how);
        ours[i] = r.seconds / r.tokens;
        theirs[i] = other.seconds / other.tokens;
    }
    bench_report(name, ours, theirs, runs, "s/token", 1);
}

/* Peak resident bytes of a child: of a run, or of the bare loop. Called before this process has loaded anything. */
static double peak_of(const bench *b, bool bare, int length) {
    const pid_t child = fork();
    if (child == 0) {
        if (bare) {
            struct llama_model *model = bench_load(b->model);
            bench_always_full(model, b->particles, 64, length);
        } else {
            run(b, 1, ORDINARY);
        }
        fflush(NULL);
        _exit(0);
    }
    struct rusage usage;
    int status;
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        fprintf(stderr, "bench_llama_run: the process measured for memory failed\n");
        exit(1);
    }
    return (double)usage.ru_maxrss * 1024;
}

static void peak_memory(const bench *b, size_t runs) {
    double ours[MOST_RUNS], theirs[MOST_RUNS];
    for (size_t i = 0; i < runs; i++) {
        ours[i] = peak_of(b, false, 0);
        theirs[i] = peak_of(b, true, 4); /* memory is all there once the context is */
    }
    bench_report("peak_memory", ours, theirs, runs, "bytes", 1);
}

static void quiet(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

/* "1,8,32": the same comparison for one problem of each width. */
static void widths(bench *b, struct llama_model *model, const char *list, size_t runs) {
    double drawn[MOST_RUNS], copied[MOST_RUNS];
    char *end, name[32];
    for (const char *at = list; *at; at = end + (*end == ',')) {
        const long n = strtol(at, &end, 10);
        if (end == at || (*end && *end != ',') || n < 1 || n > MOST_PARTICLES) {
            fprintf(stderr, "bench_llama_run: '%s' is no list of numbers from 1 to %d\n", list, MOST_PARTICLES);
            exit(2);
        }
        b->particles = (int)n;
        against_bare_loops(b, model, 1, runs);
        for (size_t i = 0; i < runs; i++) {
            drawn[i] = bench_sampled_on_device(model, b->particles, 64, 64);
            copied[i] = bench_always_full(model, b->particles, 64, 64);
        }
        snprintf(name, sizeof name, "on_device_%d", b->particles);
        report_loop(name, drawn, copied, runs);
    }
}

int main(int argc, char **argv) {
    bench b = {.shipped = argc <= 1 || strcmp(argv[1], "-") == 0, .particles = PARTICLES, .widths = argc > 3};
    b.model = b.shipped ? PS_SOURCE_DATADIR "/models/reasoner.gguf" : argv[1];
    const size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : BENCH_RUNS;
    if (runs == 0 || runs > MOST_RUNS) {
        fprintf(stderr, "usage: bench_llama_run [MODEL.gguf [RUNS [PARTICLES,...]]]     RUNS from 1 to %d\n",
                MOST_RUNS);
        return 2;
    }
    b.problems = b.shipped ? 128 : 2;
    b.together = b.shipped ? 8 : 2;
    snprintf(b.recording, sizeof b.recording, "%s/batches", bench_folder());
    llama_log_set(quiet, NULL);
    if (!b.widths) peak_memory(&b, runs < 2 ? runs : 2);
    run(&b, b.widths ? 1 : b.together, ORDINARY); /* warm: the model's file, the processor */
    struct llama_model *model = bench_load(b.model);
    if (b.widths) {
        widths(&b, model, argv[3], runs);
        llama_model_free(model);
        return missing;
    }
    against_bare_loops(&b, model, 1, runs);
    against_bare_loops(&b, model, b.together, runs);
    in_flight(&b, b.together, runs);
    in_flight(&b, 0, runs);
    if (b.shipped) b.problems = 16;
    against_mode(&b, "joined_1x16", NO_JOIN, runs);
    against_mode(&b, "no_cache_1x16", NO_CACHE, runs);
    llama_model_free(model);
    return missing;
}
