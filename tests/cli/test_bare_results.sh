#!/bin/sh
# tools/bare_results: results without texts, and back: the same command goes on with them and solves only what is new.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
if ! command -v python3 >/dev/null; then
    echo "no python3 here: bare_results needs it"
    exit 0
fi
bare=$SOURCE/tools/bare_results
cp "$SOURCE/data/test.jsonl" problems.jsonl

compare() { # compare FOLDER LIMIT
    "$P" compare --engine.type=toy --methods persistent,majority --budgets 4x --limit "$2" \
        --models.generator.model_path=model.gguf --evaluation.dataset_path="$WORK/problems.jsonl" \
        --evaluation.output_dir="$1" >out 2>err
}
lines=results.persistent.*.jsonl
holds "a comparison" compare "$WORK/runs" 4
"$bare" strip runs bare >out 2>err || fail "strip"
grep -qF 'Solve $' "$WORK"/runs/$lines || fail "the results should have problems"
grep -qF 'Solve $' bare/* && fail "a problem is left"
grep -qF "$WORK" bare/* && fail "the place of a file is left"
grep -qF 'boxed' bare/results* && fail "a response is left"

"$bare" fill bare "$WORK/problems.jsonl" model.gguf "$WORK/again" >out 2>err || fail "fill"
sed 's/"timing".*//' again/$lines >before
holds "the same command goes on" compare "$WORK/again" 6
holds "two more problems" [ "$(cat again/$lines | wc -l)" = 6 ]
sed 's/"timing".*//' again/$lines | head -n 4 >after
holds "nothing solved twice" cmp -s before after
holds "the first comparison of six" compare "$WORK/whole" 6
sed -n '/"cells"/,$p' whole/summary.compare.json | grep -v seconds >a
sed -n '/"cells"/,$p' again/summary.compare.json | grep -v seconds >b
holds "the same figures as in one go" cmp -s a b

sed 's/Solve/Find/' problems.jsonl >other.jsonl
expect 1 "the problem of problem" "$bare" fill bare other.jsonl model.gguf "$WORK/other"
expect 1 "but other.jsonl ends with 1" sh -c 'head -n 2 problems.jsonl >other.jsonl; exec "$1" fill bare other.jsonl m o' - "$bare"
mkdir empty
expect 1 "has no results of persamp" "$bare" strip empty none
expect 1 "tools/bare_results strip FOLDER BARE" "$bare" strip
finish
