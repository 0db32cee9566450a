#!/bin/sh
# bench/real_choices.sh FOLDER MODEL DATA [N [PARTICLES [--key=value…]]]: which settings suit a real model?
#
# MODEL is a GGUF file (tools/get-model names some), DATA the test file of GSM8K, whose first 500 problems are for
# choosing and whose others are for reporting: N (60) is at most 500. Each row of the list below is one `persamp eval` with
# PARTICLES (8). Problems are taken ten at a time by all rows in turn, so that the rows stand for the same problems
# whenever it is stopped; the same command goes on, and FOLDER/table.md has what there is. ONLY="name name" takes these
# rows alone. Settings (--key=value) hold for every row.
#   bench/real_choices.sh runs/choices "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 100
#
# Columns: right by each answer.select of the same particles; problems without a finished answer; finished answers of all
# particles, and how many of them differ; tokens drawn, and forward passes (particles that write the same share them);
# selections.
set -eu
persamp=${PERSAMP:-$(dirname "$0")/../build/persamp}
usage='usage: bench/real_choices.sh FOLDER MODEL DATA [N [PARTICLES [--key=value…]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} problems=${4:-60} particles=${5:-8}
if [ $# -gt 5 ]; then shift 5; else shift $#; fi
[ "$problems" -le 500 ] || {
    echo "N is $problems: the problems after the 500th are for reporting, not for choosing"
    exit 2
}

settings() { # a name and its keys, a line each
    cat <<'LIST'
majority --method=majority
recommended
classic --preset=classic
retreat-8 --ps.depth_retreat=8
paragraph --generation.step_boundary=paragraph
min-16 --generation.min_tokens_per_step=16
beta-1 --ps.temperature_schedule.beta_max=1
tau-10 --scoring.params.tau=10
average --scoring.type=logprob_avg
ess --ps.resample.policy=ess --ps.resample.ess_over=particles
ess-beta-1 --ps.resample.policy=ess --ps.resample.ess_over=particles --ps.temperature_schedule.beta_max=1
ess-tau-10 --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
ess-average --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.type=logprob_avg
paragraph-ess-tau-10 --generation.step_boundary=paragraph --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
min-16-ess-tau-10 --generation.min_tokens_per_step=16 --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
LIST
}

chosen() {
    settings | while read -r name keys; do
        case " ${ONLY:-$name} " in *" $name "*) echo "$name $keys" ;; esac
    done
}

solve() { # solve N NAME --key=value…
    limit=$1 name=$2 code=0
    shift 2
    "$persamp" eval --limit "$limit" --models.generator.model_path="$model" --evaluation.dataset_path="$data" \
        --generation.n_particles="$particles" --evaluation.save_particles=true --generation.include_logprobs=false \
        --evaluation.output_dir="$folder/$name" "$@" </dev/null >>"$folder/$name.txt" 2>&1 || code=$?
    if [ $code -gt 1 ]; then # 1: some problem failed; its line counts
        tail -5 "$folder/$name.txt"
        exit 1
    fi
}

table() {
    echo '| setting | problems | right: best | majority | weighted | none finished | answers | distinct | tokens | passes | selections |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|'
    chosen | while read -r name _; do
        awk -v name="$name" '
            function number(key) { # that stands in the line once
                return match($0, "\"" key "\":[0-9]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : 0
            }
            {
                n++
                best += /"correct_best":true/
                majority += /"correct_majority":true/
                weighted += /"correct_weighted":true/
                none += !(/"truncated":false/ && /"error":null/)
                tokens += number("generated")
                passes += number("generated") - number("shared")
                selections += number("resample_count")
                distinct += gsub(/"votes":/, "&")
                answers += gsub(/"state":"finished"/, "&")
            }
            END {
                if (n > 0)
                    printf "| %s | %d | %.1f%% | %.1f%% | %.1f%% | %d | %.1f | %.1f | %.0f | %.0f | %.1f |\n", name, n, 100 * best / n,
                           100 * majority / n, 100 * weighted / n, none, answers / n, distinct / n, tokens / n, passes / n, selections / n
            }' "$folder/$name/results.jsonl"
    done
}

mkdir -p "$folder"
upto=0
while [ "$upto" -lt "$problems" ]; do
    upto=$((upto + 10))
    [ "$upto" -lt "$problems" ] || upto=$problems
    # shellcheck disable=SC2086 # keys are words
    chosen | while read -r name keys; do solve "$upto" "$name" $keys "$@"; done
    table >"$folder/table.new"
    mv "$folder/table.new" "$folder/table.md"
done
cat "$folder/table.md"
