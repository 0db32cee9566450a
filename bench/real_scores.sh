#!/bin/sh
# bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: which score, without a reward model?
#
# Every serious score (docs/scores.md) on a real model, at equal generated tokens. MODEL is a GGUF file (tools/get-model
# names some), DATA a test file. Of GSM8K's the problems after the 300th and up to the 500th are for choosing, OFFSET 300
# and N at most 200 (60); those after it are for reporting: OFFSET 500, and MATH-500 with OFFSET 0.
#
# The first row, independent samples, draws PARTICLES (8) answers; what they have on average of its first ten problems is
# the budget of all others, kept in FOLDER/budget. Problems are taken ten at a time by all rows in turn, so that the rows
# stand for the same problems whenever it is stopped; the same command goes on, and FOLDER/table.md has what there is.
# ONLY="name name" takes these rows alone (the first always runs). Settings (--key=value) hold for every row.
#   bench/real_scores.sh runs/scores "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   bench/real_scores.sh runs/report "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 500 819   # a GPU, all of it
#
# Columns: right by each answer.select of the same particles (prm: the judge's vote; draw: one by weight); problems without
# a finished answer; finished answers, how many of them differ, and the mean tokens of one; tokens drawn, and forward
# passes: less those that particles had in common, and what a judge read; selections. For rows with a judge compare passes.
set -eu
persamp=${PERSAMP:-$(dirname "$0")/../build/persamp}
usage='usage: bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-300} problems=${5:-60} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
[ "$offset" -ge 500 ] || [ "$offset" -lt 300 ] || [ $((offset + problems)) -le 500 ] || {
    echo "problems $offset to $((offset + problems)): those after the 500th are for reporting, not for choosing"
    exit 2
}

settings() { # a name and its keys, a line each
    ess='--ps.resample.policy=ess --ps.resample.ess_over=particles'
    judge='--models.prm.enabled=true --scoring.prm.kind=judge --scoring.type=prm_reward'
    cat <<LIST
samples --method=weighted_majority --scoring.type=self_certainty
samples-deepconf --method=weighted_majority --scoring.type=deepconf
samples-entropy --method=weighted_majority --scoring.type=entropy
samples-average --method=weighted_majority --scoring.type=logprob_avg
samples-judge --method=weighted_majority --weighted_majority.weights=prm $judge
greedy --method=greedy
power-mcmc --method=power_mcmc
power-smc --preset=power_smc
filter-average --method=particle_filter --scoring.type=logprob_avg
filter-certainty --method=particle_filter --scoring.type=self_certainty
filter-judge --method=particle_filter $judge
persistent
persistent-tau-10 $ess --scoring.params.tau=10
persistent-average $ess --scoring.type=logprob_avg
persistent-power $ess --scoring.type=power
persistent-power-2 $ess --scoring.type=power --scoring.params.power_alpha=2
persistent-power-ramp $ess --scoring.type=power --scoring.params.power_ramp=400
persistent-power-blocks $ess --scoring.type=power --scoring.params.power_ramp=400 --generation.step_boundary=fixed --generation.max_steps=0 --ps.resample.alpha_schedule=constant
persistent-certainty $ess --scoring.type=self_certainty
persistent-deepconf $ess --scoring.type=deepconf
persistent-entropy $ess --scoring.type=entropy --scoring.params.sharpness=5
persistent-judge $judge
persistent-judge-ess $ess $judge
LIST
}

chosen() {
    settings | while read -r name keys; do
        case " samples ${ONLY:-$name} " in *" $name "*) echo "$name $keys" ;; esac
    done
}

solve() { # solve N NAME --key=value…
    limit=$1 name=$2 code=0 budget=0
    shift 2
    [ "$name" = samples ] || budget=$(cat "$folder/budget")
    "$persamp" eval --offset "$offset" --limit "$limit" --models.generator.model_path="$model" \
        --evaluation.dataset_path="$data" --generation.n_particles="$particles" --ps.budget.max_tokens="$budget" \
        --evaluation.save_particles=true --generation.include_logprobs=false \
        --evaluation.output_dir="$folder/$name" "$@" </dev/null >>"$folder/$name.txt" 2>&1 || code=$?
    if [ $code -gt 1 ]; then # 1: some problem failed; its line counts
        tail -5 "$folder/$name.txt"
        exit 1
    fi
    [ -f "$folder/budget" ] || measure >"$folder/budget"
}

measure() { # the tokens of PARTICLES independent answers, the mean
    awk '{
        if (match($0, /"generated":[0-9]+/)) tokens += substr($0, RSTART + 12, RLENGTH - 12)
    } END { printf "%d\n", tokens / NR + 0.5 }' "$folder/samples/results.jsonl"
}

table() {
    echo '| score | problems | right: best | majority | weighted | prm | draw | none finished | answers | distinct | length | tokens | passes | selections |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|'
    chosen | while read -r name _; do
        awk -v name="$name" '
            function number(key) { # that stands in the line once
                return match($0, "\"" key "\":[0-9]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : 0
            }
            function add_lengths(rest, parts, long) { # of finished answers: tokens of a particle and of those before it
                while (match(rest, /"id":[0-9]+,"parent":[0-9]+,"state":"[a-z]+"/)) {
                    split(substr(rest, RSTART, RLENGTH), parts, /[:,]/)
                    rest = substr(rest, RSTART + RLENGTH)
                    if (!match(rest, /"tokens":[0-9]+/)) return
                    long[parts[2]] = long[parts[4]] + substr(rest, RSTART + 9, RLENGTH - 9)
                    if (parts[6] == "\"finished\"") {
                        answers++
                        lengths += long[parts[2]]
                    }
                }
            }
            {
                n++
                best += /"correct_best":true/
                majority += /"correct_majority":true/
                weighted += /"correct_weighted":true/
                prm += /"correct_prm_weighted":true/
                judged += /"correct_prm_weighted":(true|false)/
                draw += /"correct_draw":true/
                none += !(/"truncated":false/ && /"error":null/)
                tokens += number("generated")
                passes += number("generated") - number("shared") + number("prm")
                selections += number("resample_count")
                distinct += gsub(/"votes":/, "&")
                split("", long)
                add_lengths($0, parts, long)
            }
            END {
                if (n > 0)
                    printf "| %s | %d | %.1f%% | %.1f%% | %.1f%% | %s | %.1f%% | %d | %.1f | %.1f | %.0f | %.0f | %.0f | %.1f |\n", name,
                           n, 100 * best / n, 100 * majority / n, 100 * weighted / n,
                           (judged > 0 ? sprintf("%.1f%%", 100 * prm / n) : ""), 100 * draw / n, none, answers / n,
                           distinct / n, (answers > 0 ? lengths / answers : 0), tokens / n, passes / n, selections / n
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
