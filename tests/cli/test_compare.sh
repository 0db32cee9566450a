#!/bin/sh
# persamp compare: exit codes and messages, the files it leaves, going on after kill -9 and Ctrl-C, shared samples.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

compare() {
    "$P" compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true --scoring.type=prm_reward \
        --generation.max_steps=12 "$@"
}

expect 0 'Examples' "$P" compare -h
expect 2 '--methods is missing' compare
expect 2 'did you mean majority' compare --methods majorty
expect 2 'expected a multiple' compare --methods majority --budgets 4y
expect 2 'is there twice' compare --methods majority,majority
expect 2 'cannot differ between methods' compare --methods a=persistent:engine.toy.pd=1
expect 2 'ps.depth_decay' compare --methods a=persistent:ps.depth_dcay=1
expect 2 'ends in .svg or .png' compare --methods majority --plot x.pdf

# The plot's program is missed before the work, not after it.
mkdir empty
expect 1 'needs gnuplot' env PATH="$PWD/empty" "$P" compare --engine.type=toy --methods majority --plot x.svg
[ ! -e outputs ] || fail "work was done although the plot cannot be drawn"

# A whole comparison: overrides, a name of its own, no budget, shared samples.
set -- --methods persistent,old=persistent:ps.depth_decay=0.3,ps.refill=true,best_of_n,majority,greedy \
    --budgets 2x,60 --seeds 2 --limit 30
expect 0 'difference to the first' compare "$@" --evaluation.output_dir=whole --json whole.json
grep -q 'old .*%' out || fail "no row of the variant"
grep -q 'majority .*=$' out || fail "shared samples are not marked"
[ "$(ls whole/results.*.jsonl | wc -l)" = 14 ] || fail "expected 3 x 2 x 2 runs, greedy and the length"
ls whole | grep -q 'results.majority' && fail "majority drew samples of its own"
cmp -s whole.json whole/summary.compare.json || fail "--json differs from the folder's"
sed 's/"seconds": [^,]*//' whole.json >expected

# A finished comparison does no work; a name stands for one configuration; more of it can be asked for.
before=$(cat whole/results.*.jsonl | cksum)
expect 0 'written to' compare "$@" --evaluation.output_dir=whole
[ "$before" = "$(cat whole/results.*.jsonl | cksum)" ] || fail "a finished cell was run again"
expect 2 'under the name old' compare --methods old=persistent:ps.depth_decay=0.4 --evaluation.output_dir=whole
expect 2 'belongs to another configuration' compare "$@" --engine.toy.pd=1 --evaluation.output_dir=whole
expect 0 'budget 3x' compare --methods persistent --budgets 3x --limit 40 --evaluation.output_dir=whole

# kill -9, twice, then the end: the same numbers. (Not by the function: that would run in a shell of its own.)
for count in 40 160; do
    "$P" compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true --scoring.type=prm_reward \
        --generation.max_steps=12 "$@" --evaluation.output_dir=killed >out 2>err </dev/null &
    pid=$!
    while [ "$(cat killed/results.*.jsonl 2>/dev/null | wc -l)" -lt $count ] && kill -0 $pid 2>/dev/null; do
        sleep 0.02
    done
    kill -s KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
done
expect 0 'written to' compare "$@" --evaluation.output_dir=killed --json killed.json
sed 's/"seconds": [^,]*//' killed.json | cmp -s - expected || fail "after kill -9 the comparison differs"

# Shards: three at once in one folder, then joined; two on machines of their own, then joined; the same numbers.
for shard in 0/2 3/2 x; do
    expect 2 '1 <= I <= N' compare "$@" --shard $shard
done
for i in 1 2 3; do
    "$P" compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true --scoring.type=prm_reward \
        --generation.max_steps=12 "$@" --evaluation.output_dir=parts --shard $i/3 >out.$i 2>&1 </dev/null &
    pids="${pids:-} $!"
done
for pid in $pids; do
    wait $pid || fail "a shard failed: $(cat out.?)"
done
[ "$(cat parts/results.persistent.24-tokens.seed-42.*-of-3.jsonl | wc -l)" = 30 ] || fail "three shards are not the whole"
expect 0 'written to' compare "$@" --evaluation.output_dir=parts --json parts.json
sed 's/"seconds": [^,]*//' parts.json | cmp -s - expected || fail "joined shards differ from the whole"
[ ! -s parts/results.persistent.24-tokens.seed-42.jsonl ] || fail "joining ran a problem again"
for i in 1 2; do
    expect 0 'written to' compare "$@" --evaluation.output_dir=machine$i --shard $i/2
done
expect 0 'written to' compare "$@" --evaluation.output_dir=joined --from machine1 --from machine2 --json joined.json
sed 's/"seconds": [^,]*//' joined.json | cmp -s - expected || fail "two machines' shards differ from the whole"
[ "$(cat joined/results.*.jsonl | wc -l)" = 0 ] || fail "joining folders ran a problem again"
expect 1 'cannot be read' compare "$@" --evaluation.output_dir=joined --from nowhere
expect 2 'under the name old' compare --methods old=persistent:ps.depth_decay=0.4 --evaluation.output_dir=other \
    --from machine1
sed 's/"mean_answer_tokens": [0-9.]*/"mean_answer_tokens": 13/' machine2/summary.length.json >changed
mv changed machine2/summary.length.json
expect 2 'copy one summary.length.json' compare "$@" --evaluation.output_dir=joined --from machine1 --from machine2

if command -v gnuplot >/dev/null 2>&1; then
    expect 0 'plot in' compare "$@" --evaluation.output_dir=whole --plot "it's a plot.svg"
    grep -q '<svg' "it's a plot.svg" || fail "the plot is not an SVG"
fi
finish
