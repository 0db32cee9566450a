/* Bare libllama loops that a run of ours is measured against. */
#ifndef PERSAMP_BENCH_LLAMA_REPLAY_H
#define PERSAMP_BENCH_LLAMA_REPLAY_H

#include <llama.h>
#include <stddef.h>

/* The model alone, and ggml's back ends if the process has none yet. Exits where that cannot be. */
struct llama_model *bench_load(const char *path);

/* Do again what llama_record.h wrote down: the same batches, copies and removals in as many contexts, made
 * alike, each in a thread of its own. Where a context rested in the run it waits until the others have done what they
 * had done then: problems that came one after the other stay so. Seconds from the first batch to the last; contexts are
 * made before the clock starts. *steps, unless `steps` is NULL: as below, of the loop. */
double bench_replay(struct llama_model *model, const char *recording, double **steps);

/* From the beginning of each batch of the first context to that of the next, seconds, as they were in the run. Returns
 * how many; *steps is the caller's to free. */
size_t bench_recorded_steps(const char *recording, double **steps);

/* `sequences` lines that share a prompt of `prompt` tokens and go on for `length` tokens, all in every batch, in one
 * context with libllama's default settings (room for the tokens aside). Tokens per second, prompt included; over after
 * `length` tokens or 3 seconds: more threads than free cores wait for each other by spinning. */
double bench_always_full(struct llama_model *model, int sequences, int prompt, int length);

/* The same, and libllama draws the tokens in the graph, on the device where there is one (temperature and draw; its
 * experimental back-end sampling), so that no logits are copied. */
double bench_sampled_on_device(struct llama_model *model, int sequences, int prompt, int length);

/* The same with the contexts and threads of a recorded run, each context with its share of the sequences. */
double bench_always_full_as(struct llama_model *model, const char *recording, int sequences, int prompt, int length);

#endif
