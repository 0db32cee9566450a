#!/bin/sh
# bench/real_head.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: what a learned head does for a real model.
#
# MODEL is a GGUF file (tools/get-model names some), DATA a test file. Without HEAD=FILE a head is learned first, from
# PARTICLES (8) answers to each of DATA's first 300 problems (LEARN=N: of the first N), into FOLDER/head.gguf; FOLDER/head.txt
# and head.json have its AUC within problems and the rest. Then, as bench/real_scores.sh: of GSM8K's problems those up to the
# 500th are for choosing, OFFSET 300; those after it are for reporting: OFFSET 500, and MATH-500 with OFFSET 0 and HEAD.
# The first row, independent samples, sets the budget of the others (FOLDER/budget). Rows "sure" stop once the leading answer
# has that share: accuracy and tokens with and without. COMPARE=yes also compares the methods at equal forward passes, with
# paired intervals (FOLDER/compare.json). It may be stopped at any time; the same command goes on.
#   bench/real_head.sh runs/choose "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   HEAD=runs/choose/head.gguf COMPARE=yes bench/real_head.sh runs/report MODEL gsm8k_test.jsonl 500 819      # a GPU, all of it
#   HEAD=runs/choose/head.gguf COMPARE=yes bench/real_head.sh runs/math MODEL math500.jsonl 0 500
# The columns are told in bench/real_rows. A head on the generator's own states reads no token: prm is none of the passes.
set -eu
usage='usage: bench/real_head.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-300} problems=${5:-60} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
learn=${LEARN:-300} head=${HEAD:-$folder/head.gguf}
[ -n "${HEAD:-}" ] || [ "$offset" -ge "$learn" ] || {
    echo "problems from $offset on: the first $learn are those that the head learns from; another data set needs HEAD=FILE"
    exit 2
}

settings() { # a name and its keys, a line each
    own="--models.prm.enabled=true --scoring.prm.kind=self --scoring.prm.head_path=$head --scoring.type=prm_reward"
    ess='--ps.resample.policy=ess --ps.resample.ess_over=particles'
    cat <<LIST
samples --method=majority
best-head --method=best_of_n $own
votes-head --method=weighted_majority --weighted_majority.weights=prm $own
filter-head --method=particle_filter $own
persistent-head $own
persistent-head-min $own --scoring.prm.aggregate=min
persistent-head-ess $ess $own
persistent
samples-sure-.8 --method=majority --answer.sure=0.8
samples-sure-.9 --method=majority --answer.sure=0.9
samples-sure-1 --method=majority --answer.sure=1
persistent-head-sure-.8 $own --answer.sure=0.8
persistent-head-sure-.9 $own --answer.sure=0.9
persistent-head-sure-.95 $own --answer.sure=0.95
LIST
}

always=samples
keys_of() {
    budget=0
    case $1 in samples*) ;; *) budget=$(cat "$folder/budget") ;; esac
    echo "--ps.budget.max_tokens=$budget --generation.include_logprobs=false"
}
after() {
    [ -f "$folder/budget" ] || mean_tokens samples >"$folder/budget"
}

. "$(dirname "$0")/real_rows"
mkdir -p "$folder"

# The answers that it learns from keep their tokens.
part() {
    code=0
    "$persamp" "$@" </dev/null || code=$?
    [ $code -le 1 ] || exit $code
}
if [ -z "${HEAD:-}" ] && [ ! -s "$head" ]; then
    part eval --limit "$learn" --method=majority --models.generator.model_path="$model" --evaluation.dataset_path="$data" \
        --generation.n_particles="$particles" --evaluation.save_particles=true \
        --evaluation.output_dir="$folder/learn" "$@" >>"$folder/learn.txt" 2>&1
    part learn --from "$folder/learn" -o "$head" --json "$folder/head.json" "$@" >"$folder/head.new"
    [ -s "$head" ] || {
        cat "$folder/head.new"
        exit 1
    }
    mv "$folder/head.new" "$folder/head.txt"
    cat "$folder/head.txt"
fi
run_rows "$offset" "$problems" "$@"

if [ -n "${COMPARE:-}" ]; then
    part compare --methods 'persistent,best_of_n,votes=weighted_majority:weighted_majority.weights=prm,particle_filter,majority' \
        --budgets "${particles}x" --per passes --json "$folder/compare.json" --offset "$offset" --limit "$problems" \
        --models.generator.model_path="$model" --evaluation.dataset_path="$data" --models.prm.enabled=true \
        --scoring.prm.kind=self --scoring.prm.head_path="$head" --scoring.type=prm_reward \
        --evaluation.output_dir="$folder/equal" "$@" >"$folder/compare.new"
    mv "$folder/compare.new" "$folder/compare.txt"
    cat "$folder/compare.txt"
fi
