#!/bin/sh
# bench/classic_alpha.sh FOLDER [N [MODEL DATA [--key=value…]]]: does `preset: classic` select, and what comes of it?
#
# For a threshold alpha of .3, .5, .7 and .9, for the reference's own (.5 to .8), for that over the pool
# (ps.resample.ess_over) and without selections: how many selections a problem has, how many steps back they lead (the mean
# over what a selection launches, from the deepest particle that ran), how many answers are finished, how many problems
# have none, how many are right, and the tokens. N (200) problems of the shipped model and of the synthetic
# reasoner; or of MODEL (tools/get-model names some) on DATA, a file of problems as evaluation.dataset_path takes it.
# Settings (--key=value) hold for every row. Results stay in FOLDER; the same command goes on where it was cut off.
#   bench/classic_alpha.sh runs/alpha
#   bench/classic_alpha.sh runs/alpha-0.5b 60 "$(tools/get-model qwen2.5-coder-0.5b)" gsm8k_test.jsonl
set -eu
persamp=${PERSAMP:-$(dirname "$0")/../build/persamp}
folder=${1:?usage: bench/classic_alpha.sh FOLDER [N [MODEL DATA [--key=value…]]]}
problems=${2:-200} model=${3:-} data=${4:-}
if [ $# -gt 4 ]; then shift 4; else shift $#; fi

# Of result lines with particles: what the table says of them.
table_row() { # table_row NAME FILE
    awk -v name="$1" '
        function each(key, line,   sum) { # Σ of a number that stands in the line any number of times
            for (sum = 0; match(line, "\"" key "\":[0-9.e+-]+"); line = substr(line, RSTART + RLENGTH))
                sum += substr(line, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
            return sum
        }
        {
            problems++
            selections += each("resample_count", $0)
            back += each("steps_back", $0)
            tokens += each("generated", $0)
            right += /"correct":true/
            finished += gsub(/"state":"finished"/, "&")
            without += !(/"truncated":false/ && /"error":null/) || /"extracted_answer":null/
        }
        END {
            if (problems == 0) exit 1
            each_back = "-"
            if (selections > 0) each_back = sprintf("%.2f", back / selections)
            printf "| %s | %.2f | %s | %.2f | %.1f%% | %.1f%% | %.0f |\n", name, selections / problems, each_back,
                   finished / problems, 100 * without / problems, 100 * right / problems, tokens / problems
        }' "$2"
}

row() { # row SET NAME --key=value…
    place=$folder/$1-$(printf '%s' "$2" | tr -c 'a-z0-9.' -)
    name=$2
    shift 2
    code=0
    "$persamp" eval --limit "$problems" --preset=classic --evaluation.save_particles=true \
        --generation.include_logprobs=false --evaluation.output_dir="$place" "$@" >"$place.txt" 2>&1 || code=$?
    if [ $code -gt 1 ]; then # 1: some problem failed, and counts as one without an answer
        tail -5 "$place.txt"
        exit 1
    fi
    table_row "$name" "$place/results.jsonl"
}

rows() { # rows SET TITLE --key=value…
    set_name=$1
    printf '\n%s, %s problems\n\n' "$2" "$problems"
    echo '| alpha | selections | steps back of each | answers finished | problems without one | right | tokens |'
    echo '|---|---|---|---|---|---|---|'
    shift 2
    for alpha in .3 .5 .7 .9; do
        row "$set_name" "$alpha" "$@" --ps.resample.alpha_start=0$alpha --ps.resample.alpha_end=0$alpha
    done
    row "$set_name" '.5 to .8' "$@"
    row "$set_name" '.5 to .8 over the pool' "$@" --ps.resample.ess_over=pool
    row "$set_name" 'no selections' "$@" --ps.resample.policy=never
}

mkdir -p "$folder"
if [ -n "$model" ]; then
    rows model "$(basename "$model" .gguf)" --models.generator.model_path="$model" ${data:+--evaluation.dataset_path="$data"} "$@"
else
    toy='--engine.type=toy --engine.toy.kind=synthetic --generation.max_steps=12'
    rows shipped 'The shipped model' "$@"
    # shellcheck disable=SC2086 # words on purpose
    rows synthetic 'The synthetic reasoner, by log-probabilities' $toy "$@"
    # shellcheck disable=SC2086
    rows reward 'The synthetic reasoner, by its reward model' $toy --models.prm.enabled=true --scoring.type=prm_reward \
        --scoring.prm.transform=log --scoring.prm.gamma=2 "$@"
fi
