#!/bin/sh
# bench/real_head.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: what a learned head does for a real model.
#
# MODEL is a GGUF file (tools/get-model names some), DATA a test file. Without HEAD=FILE a head is learned first, from
# PARTICLES (8) answers to each of DATA's first 300 problems (LEARN=N: of the first N), into FOLDER/head.gguf; FOLDER/head.txt
# and head.json have its AUC within problems and the rest, head.data which problems it knows. Then, as bench/real_scores.sh:
# of GSM8K's problems the 200 up to the 500th are for choosing, OFFSET 300; those after it are for reporting: OFFSET 500, and
# MATH-500 with OFFSET 0 and HEAD. What a head was learned from is refused, and so are problems of both parts at once.
#
# The first row, independent samples, sets the budget of the others: it is drawn for all of the problems first, and its mean
# is FOLDER/budget. Rows "sure" stop once the leading answer has that share: accuracy and tokens with and without. COMPARE=yes
# also compares the methods at equal forward passes, with paired intervals (FOLDER/compare.json); there CHOSEN="--key=value …"
# (no commas) are settings of persistent alone, those that were chosen. It may be stopped at any time; the same command goes on.
#   bench/real_head.sh runs/choose "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   HEAD=runs/choose/head.gguf COMPARE=yes bench/real_head.sh runs/report MODEL gsm8k_test.jsonl 500 819      # a GPU, all of it
#   HEAD=runs/choose/head.gguf COMPARE=yes bench/real_head.sh runs/math MODEL math500.jsonl 0 500
# The columns are told in bench/real_rows. A head on the generator's own states reads no token: prm is none of the passes.
set -eu
usage='usage: bench/real_head.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-300} problems=${5:-200} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
learn=${LEARN:-300} head=${HEAD:-$folder/head.gguf}
refuse() {
    echo "$@"
    exit 2
}
[ "$offset" -ge 500 ] || [ $((offset + problems)) -le 500 ] ||
    refuse "problems $offset to $((offset + problems)): those after the 500th are for reporting, not for choosing"

# What a head knows stands beside it: the sum of its data's file, and of how many problems from the first on.
known=${head%.gguf}.data
sum_of() { cksum <"$1" | cut -d' ' -f1; }
[ -n "${HEAD:-}" ] || [ -s "$head" ] || [ "$offset" -ge "$learn" ] ||
    refuse "problems from $offset on: the first $learn are those that the head learns from; another data set needs HEAD=FILE"
if [ -s "$known" ]; then
    read -r sum count <"$known"
    [ "$sum" != "$(sum_of "$data")" ] || [ "$offset" -ge "$count" ] ||
        refuse "problems from $offset on: $head learned from the first $count of these"
elif [ -s "$head" ]; then
    echo "$known is not there: whether $head was learned from these problems is not known" >&2
fi

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
    case $1 in samples*) ;; *) read -r budget _ <"$folder/budget" ;; esac
    echo "--ps.budget.max_tokens=$budget --generation.include_logprobs=false"
}
after() { :; }

. "$(dirname "$0")/real_rows"
mkdir -p "$folder"

part() {
    code=0
    "$persamp" "$@" </dev/null || code=$?
    [ $code -le 1 ] || exit $code
}

# The answers that it learns from keep their tokens.
if [ -z "${HEAD:-}" ] && [ ! -s "$head" ]; then
    (part eval --limit "$learn" --method=majority --models.generator.model_path="$model" --evaluation.dataset_path="$data" \
        --generation.n_particles="$particles" --evaluation.save_particles=true \
        --evaluation.output_dir="$folder/learn" "$@") >>"$folder/learn.txt" 2>&1 || {
        tail -5 "$folder/learn.txt"
        exit 1
    }
    echo "$(sum_of "$data") $learn" >"$known"
    part learn --from "$folder/learn" -o "$head" --json "$folder/head.json" "$@" >"$folder/head.new"
    [ -s "$head" ] || {
        cat "$folder/head.new"
        exit 1
    }
    mv "$folder/head.new" "$folder/head.txt"
    cat "$folder/head.txt"
fi

# Tokens, the mean over all of the problems; of others it would not be the same number.
if [ ! -s "$folder/budget" ]; then
    # shellcheck disable=SC2046 # keys are words
    solve "$offset" "$problems" samples $(settings | sed -n 's/^samples //p') "$@"
    echo "$(mean_tokens samples) $offset $problems" >"$folder/budget"
fi
read -r budget of <"$folder/budget"
[ "$of" = "$offset $problems" ] ||
    refuse "$folder/budget is of other problems (OFFSET and N: ${of:-the first ten alone}): take another FOLDER"
run_rows "$offset" "$problems" "$@"

if [ -n "${COMPARE:-}" ]; then
    # Between two budgets a method is known at equal passes, at one it is not.
    budgets="$((particles > 1 ? particles / 2 : 1))x"
    [ "$particles" -eq 1 ] || budgets=$budgets,${particles}x
    # shellcheck disable=SC2086 # keys are words
    keys=$(printf '%s\n' ${CHOSEN:-} | sed 's/^--//' | paste -sd, -)
    part compare --per passes --budgets "$budgets" --json "$folder/compare.json" --offset "$offset" --limit "$problems" \
        --methods "persistent${keys:+=persistent:$keys},best_of_n,votes=weighted_majority:weighted_majority.weights=prm,particle_filter,majority" \
        --models.generator.model_path="$model" --evaluation.dataset_path="$data" --models.prm.enabled=true \
        --scoring.prm.kind=self --scoring.prm.head_path="$head" --scoring.type=prm_reward \
        --evaluation.output_dir="$folder/equal" "$@" >"$folder/compare.new"
    mv "$folder/compare.new" "$folder/compare.txt"
    cat "$folder/compare.txt"
fi
