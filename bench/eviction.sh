#!/bin/sh
# bench/eviction.sh [N [CELLS [FOLDER [SETTING…]]]]: does a KV cache that is too small change the accuracy?
#
# `persamp eval` on the first N (200) problems twice, with the same random numbers: with the ordinary cache, and with so
# few cells (CELLS, 160) for the searches under way that prefixes are dropped and computed again all the time. An answer
# may have CELLS tokens in both, so the same answers fit. One context with one thread: the batches of both are alike but
# for what is dropped, and a busy machine cannot stall a thread that another waits for. Prints both accuracies, what the cache cost, and the difference
# over the same problems. Settings (--key=value) are for both runs. Results stay in FOLDER (a temporary one that is
# removed, unless named); the same command goes on where it was cut off.
#
# The interval of the difference is Wald's with half an observation added to each of the four cells: A. Agresti, Y. Min,
# Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine 24 (2005) 729-740.
set -eu
persamp=${PERSAMP:-$(dirname "$0")/../build/persamp}
problems=${1:-200} cells=${2:-160} folder=${3:-}
if [ $# -gt 3 ]; then shift 3; else shift $#; fi
if [ -z "$folder" ]; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"

run() { # run NAME SETTING…
    name=$1
    shift
    printf '== %s\n' "$name"
    code=0
    "$persamp" eval --limit "$problems" --models.generator.max_model_len="$cells" --evaluation.parallel_problems=8 \
        --engine.llama.contexts=1 --engine.llama.threads=1 --evaluation.output_dir="$folder/$name" "$@" >"$folder/$name.txt" || code=$?
    if [ $code -gt 1 ] || [ ! -s "$folder/$name/summary.json" ]; then # 1: some problem failed, and the line counts it
        cat "$folder/$name.txt"
        exit 1
    fi
    grep 'computed again' "$folder/$name.txt" >>"$folder/$name.cache" || true # a line a session
    grep -E 'cut off:|failed|could not be used' "$folder/$name.txt" || true
    cat "$folder/$name.cache"
    tr -d ' \n' <"$folder/$name/summary.json" | sed -E \
        's/.*"problems":([0-9]+),"correct":([0-9]+),"accuracy":([0-9.e-]+),"interval_95":\[([0-9.e-]+),([0-9.e-]+)\].*/\1 \2 \3 \4 \5/' |
        awk '{printf "%d of %d right, %.1f%%, 95%% interval %.1f - %.1f%% (Wilson)\n\n", $2, $1, 100 * $3, 100 * $4, 100 * $5}'
}

run ordinary "$@"
run evicting --engine.llama.n_ctx="$cells" "$@"
[ -s "$folder/evicting.cache" ] || {
    echo "nothing was dropped from $cells cells and computed again: this says nothing; give fewer"
    exit 1
}

# problem_idx and correct of each line; the field comes first, and no text can contain an unescaped quote.
verdicts() {
    sed -nE 's/^\{"problem_idx":([0-9]+),.*"correct":(true|false),.*/\1 \2/p' "$folder/$1/results.jsonl" | sort
}
verdicts ordinary >"$folder/ordinary.verdicts"
verdicts evicting >"$folder/evicting.verdicts"
join "$folder/ordinary.verdicts" "$folder/evicting.verdicts" | awk '
    {n++; b += $3 == "true" && $2 == "false"; c += $2 == "true" && $3 == "false"}
    END {
        if (n == 0) exit 1
        N = n + 2; B = b + 0.5; C = c + 0.5
        d = (B - C) / N
        half = 1.959963985 * sqrt(B + C - (B - C) ^ 2 / N) / N
        printf "same %d problems: %d right only with the ordinary cache, %d only with the small one\n", n, c, b
        printf "small minus ordinary: %+.1f points, 95%% interval %+.1f to %+.1f (Agresti and Min)\n",
               100 * (b - c) / n, 100 * (d - half), 100 * (d + half)
    }'
