#!/bin/sh
# A KV cache that is far too small costs time, not answers: the shipped model on shipped problems, eight of them under
# way in a context with cells for a few answers, so that prefixes are dropped and computed again all the time, whatever
# order threads come in; a long answer is cut. The accuracy must stay within the 95% interval of the ordinary run. False alarms: a token flips where its uniform lies within about 0.001
# of a border; none of 40 responses changed where this was tried.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
"$P" info >out 2>err || finish # a build without libllama

run() { # run FOLDER [OPTION]
    folder=$1
    shift
    "$P" eval --evaluation.dataset_path="$SOURCE/data/test.jsonl" --limit 28 --evaluation.parallel_problems=8 \
        --engine.llama.contexts=1 --engine.llama.threads=1 --evaluation.output_dir="$folder" "$@" >out 2>err
}
run ample || fail "the ordinary run"
run tiny --engine.llama.n_ctx=112 || fail "the run with 112 cells"
again=$(sed -n 's/^KV cache: .* dropped, \([0-9]*\) tokens were computed again.*/\1/p' out)
[ "${again:-0}" -gt 2000 ] || fail "only ${again:-no} tokens were computed again: the test tests little"

correct() { sed -n 's/^ *"correct": \([0-9]*\),$/\1/p' "$1/summary.json" | head -n 1; }
# "interval_95": [ LOW, HIGH ] stands on four lines.
awk -v correct="$(correct tiny)" '
    /"problems":/ {n = $2 + 0}
    /"interval_95":/ {getline low; getline high; exit}
    END {exit !(correct != "" && n == 28 && low + 0 <= correct / n && correct / n <= high + 0)}' ample/summary.json ||
    fail "$(correct tiny) of 28 right with 112 cells, $(correct ample) with enough: not within its interval"
finish
