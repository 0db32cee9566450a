#!/bin/sh
# Files of the reference that name no preset mean classic, for every command; an output folder that was begun with
# another keeps it.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 4
printf 'ps:\n  resample: {method: topN}\n  temperature_schedule: {beta_max: 1.0, target_ess: 0.5}\n' >ref.yaml
said='preset classic: ref.yaml:3:36 sets ps.temperature_schedule.beta_max'
ref_eval() { toy_eval --config ref.yaml "$@"; }
lines() { grep -c "$1" err; }

for command in config info 'solve x' 'compare --methods greedy --limit 1 --evaluation.output_dir=compared'; do
    # shellcheck disable=SC2086 # words
    expect 0 "$said" "$P" $command --config ref.yaml --engine.type=toy
    [ "$(lines 'preset classic')" = 1 ] || fail "$command says it more than once"
done
expect 0 "$said" ref_eval --evaluation.output_dir=classic
[ "$(lines 'preset classic')" = 1 ] || fail "eval says it more than once"
grep -q '^preset: classic ' classic/config.yaml || fail "config.yaml does not name the preset"
expect 0 "4 of 4 problems are done already" ref_eval --evaluation.output_dir=classic
# The same results as under the word, which is said to nobody.
expect 0 "" ref_eval --preset=classic --evaluation.output_dir=named
if grep -q 'preset' err; then fail "who says classic is told of it"; fi
results_of classic/results.jsonl >expected
results_of named/results.jsonl | cmp -s - expected || fail "the implied preset is another than the named one"

# A folder begun with `recommended`, which such a file meant before, goes on as it was begun.
expect 0 "" ref_eval --preset=recommended --evaluation.output_dir=old --limit 2
expect 0 "preset recommended, with which old was begun" ref_eval --evaluation.output_dir=old
grep -q '2 of 4 problems are done already' err || fail "the old folder does not go on"
if grep -q "$said" err; then fail "both presets are told"; fi
grep -q '^preset: recommended ' old/config.yaml || fail "the old folder has lost its preset"
expect 0 "" ref_eval --preset=recommended --evaluation.output_dir=whole
results_of whole/results.jsonl >expected
results_of old/results.jsonl | cmp -s - expected || fail "the old folder went on with another preset"
# The word decides, and so does --fresh; another difference is still refused.
expect 2 "belongs to another configuration" ref_eval --preset=classic --evaluation.output_dir=old
expect 2 "generation.temperature" ref_eval --generation.temperature=0.3 --evaluation.output_dir=old
expect 0 "$said" ref_eval --fresh --evaluation.output_dir=old
grep -q '^preset: classic ' old/config.yaml || fail "--fresh keeps the old preset"
# compare does the same.
expect 0 "" "$P" compare --engine.type=toy --config ref.yaml --methods persistent --limit 2 --preset=recommended \
    --evaluation.output_dir=compared-old
expect 0 "preset recommended, with which compared-old was begun" "$P" compare --engine.type=toy --config ref.yaml \
    --methods persistent --limit 2 --evaluation.output_dir=compared-old
# A folder that is not there, or whose config.yaml is none, decides nothing.
mkdir -p broken && echo 'preset: [' >broken/config.yaml
expect 2 "not written by persamp" ref_eval --evaluation.output_dir=broken
grep -q "$said" err || fail "a broken config.yaml decides"

# S4: keys in vain, one line each; of compare's methods together.
expect 0 "" toy_eval --limit 1 --fresh --ps.resample.alpha_start=0.3 --ps.resample.alpha_end=0.3
[ "$(lines 'ps.resample.alpha_.* (command line) cannot act: ps.resample.policy is always (preset recommended); it needs ess')" = 2 ] ||
    fail "not a line for each key in vain"
[ "$(grep -c '^persamp: ' err)" = 2 ] || fail "more is said than that"
expect 0 "" "$P" compare --engine.type=toy --methods 'persistent,beam:beam.width=2,ps.depth_decay=0.5' --limit 1 --budgets 2x \
    --beam.expansion=2 --dvts.subtrees=3 --evaluation.output_dir=vain
[ "$(lines 'cannot act')" = 2 ] || fail "not the two keys in vain"
grep -q 'dvts.subtrees (command line) cannot act: method is persistent' err || fail "dvts.subtrees is not named"
grep -q 'ps.depth_decay (--methods) cannot act: method is beam' err || fail "a method's own key in vain is not named"
expect 0 "" toy_eval --limit 1 --fresh --baselines beam,dvts --beam.expansion=2 --dvts.subtrees=3 --beam.width=2
if grep -q 'cannot act' err; then fail "a key of a baseline is said not to act"; fi
finish
