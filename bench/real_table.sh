#!/bin/sh
# bench/real_table.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: the methods on a real model, at equal cost.
#
# MODEL is a GGUF file (tools/get-model names some), DATA a test file; of GSM8K's the first 500 problems are for choosing
# settings (bench/real_choices.sh), so OFFSET is 500 and N 60 unless said otherwise. Every method of `persamp compare` may
# draw as many tokens as PARTICLES (8) answers have on average; greedy and one sample stand beside them at their own cost.
# Votes by confidence read the samples of majority, and cost no more. ANSWER=TOKENS says how long one answer is on average
# where that is known, of the problems for choosing say (a row's length in the table of bench/real_choices.sh): otherwise
# 256 answers are drawn to measure it. Problems are taken TURN (10) at a time by all methods, so that the rows stand for the
# same problems whenever it is stopped; the same command goes on. ONLY="name name" takes these methods alone, and others
# can join them later. FOLDER/table.txt has the tables, FOLDER/equal.json the paired differences and all that was counted.
# bench/real_scores.sh with the same FOLDER goes on with what is there, and bench/carry.py takes it to another machine.
#   bench/real_table.sh runs/gsm8k "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   bench/real_table.sh runs/math "$(tools/get-model qwen2.5-coder-1.5b)" math500.jsonl 0 20
#   export PERSAMP=build-cuda/persamp ANSWER=310                                                    # a GPU, all of it
#   bench/real_table.sh runs/gpu "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 500 819 8 --generation.max_answer_tokens=1024
#   ANSWER=530 bench/real_table.sh runs/gpu-math MODEL math500.jsonl 0 500 8 --generation.max_answer_tokens=1024
set -eu
usage='usage: bench/real_table.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-500} problems=${5:-60} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
. "$(dirname "$0")/real_methods"

votes=weighted_majority:scoring.type
methods="persistent greedy majority best_of_n particle_filter classic=persistent:preset=classic
votes-certainty=$votes=self_certainty votes-deepconf=$votes=deepconf votes-entropy=$votes=entropy
votes-average=$votes=logprob_avg"

one_turn() {
    part eval --method=greedy --baselines sample --evaluation.output_dir="$folder/alone" "$@"
    # shellcheck disable=SC2086 # methods are words
    compare equal "$(chosen $methods)" "$@"
}
in_turns table "$@"
