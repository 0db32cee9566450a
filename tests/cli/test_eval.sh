#!/bin/sh
# Evaluations: complete, cut off at any time, in shards, side by side; what is on disk and what the exit code says.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 40

expect 0 "results in whole/results.jsonl" toy_eval --evaluation.output_dir=whole --baselines greedy,sample
[ "$(wc -l <whole/results.jsonl)" = 40 ] || fail "not 40 lines"
[ "$(wc -l <whole/results.greedy.jsonl)" = 40 ] || fail "not 40 lines of greedy"
[ "$(wc -l <whole/results.sample.jsonl)" = 40 ] || fail "not 40 lines of sample"
[ -s whole/summary.json ] && [ -s whole/config.yaml ] || fail "no summary or configuration"
grep -q 'unusable_records": 0' whole/summary.json || fail "the summary counts no unusable records"
if grep -q "$(printf '\033')" out; then fail "escape codes on a pipe"; fi
grep -q '^persistent  *40/40' err || fail "no line of progress at the end"
results_of whole/results.jsonl >expected

# The same command again: nothing is done twice, the table is the same but for time.
grep '^persistent .*%.* - ' out | cut -c1-60 >before
expect 0 "40 of 40 problems are done already" toy_eval --evaluation.output_dir=whole --baselines greedy,sample
grep '^persistent .*%.* - ' out | cut -c1-60 >after
cmp -s before after || fail "the table of a run read back differs"
results_of whole/results.jsonl | cmp -s - expected || fail "a finished run was changed by running it again"

# In another order of work: the same lines.
expect 0 "" toy_eval --evaluation.output_dir=parallel --evaluation.parallel_problems=1
results_of parallel/results.jsonl | cmp -s - expected || fail "one problem at a time gives other results"

# Half of it, then the rest; and a torn last line.
expect 0 "" toy_eval --evaluation.output_dir=halves --limit 13
expect 0 "13 of 40" toy_eval --evaluation.output_dir=halves
results_of halves/results.jsonl | cmp -s - expected || fail "two halves are not the whole"
size=$(wc -c <halves/results.jsonl)
head -c $((size - 100)) halves/results.jsonl >torn && mv torn halves/results.jsonl
expect 0 "39 of 40" toy_eval --evaluation.output_dir=halves
results_of halves/results.jsonl | cmp -s - expected || fail "a torn line is not mended"
expect 0 "" toy_eval --evaluation.output_dir=parts --offset 30
expect 0 "" toy_eval --evaluation.output_dir=parts --offset 10 --limit 20
expect 0 "30 of 40" toy_eval --evaluation.output_dir=parts
results_of parts/results.jsonl | cmp -s - expected || fail "parts are not the whole"

# Shards cover everything once, at the same time in one folder or not.
for i in 1 2 3; do
    toy_eval --evaluation.output_dir=shards --shard $i/3 >out.$i 2>&1 &
done
wait
cat shards/results.?-of-3.jsonl >together
results_of together | cmp -s - expected || fail "three shards are not the whole"
[ "$(wc -l <shards/results.1-of-3.jsonl)" = 14 ] || fail "shard 1 of 3 has not 14 problems"

expect 0 "" toy_eval --evaluation.output_dir=first --limit 5

# Another configuration is refused, with the difference; --fresh starts over.
expect 2 "generation.temperature" toy_eval --evaluation.output_dir=first --generation.temperature=0.3
grep -q -e --fresh err || fail "--fresh is not mentioned"
[ "$(wc -l <first/results.jsonl)" = 5 ] || fail "a refused run touched the results"
expect 0 "" toy_eval --evaluation.output_dir=first --generation.temperature=0.3 --fresh --limit 3
[ "$(wc -l <first/results.jsonl)" = 3 ] || fail "--fresh keeps old lines"
# What cannot change results is no other configuration.
expect 0 "3 of 3" toy_eval --evaluation.output_dir=first --generation.temperature=0.3 --limit 3 \
    --evaluation.checkpoint_every=1 --logging.console_level=ERROR

# One array at the end, of the same objects.
expect 0 "" toy_eval --evaluation.output_dir=array --evaluation.output_format=json
[ "$(head -n 1 array/results.json)" = "[" ] && [ "$(tail -n 1 array/results.json)" = "]" ] || fail "no array"
sed -n 's/^\({.*}\),*$/\1/p' array/results.json >lines
results_of lines | cmp -s - expected || fail "the array differs from the lines"
if command -v python3 >/dev/null; then
    python3 - whole/results.jsonl array/results.json whole/summary.json <<'PY' || fail "not JSON"
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
array = json.load(open(sys.argv[2], encoding="utf-8"))
assert {x["problem_idx"] for x in lines} == {x["problem_idx"] for x in array} == set(range(40))
for x in lines:
    assert abs(sum(a["weight"] for a in x["answers"]) - 1) < 1e-9, x
    assert len(x["betas"]) == len(x["ess_history"]) > 0
methods = json.load(open(sys.argv[3], encoding="utf-8"))["methods"]
assert [m["method"] for m in methods] == ["persistent", "greedy", "sample"]
assert methods[0]["correct"] == sum(x["correct"] for x in lines)
PY
fi

# Seeds differ.
expect 0 "" toy_eval --evaluation.output_dir=seed --system.seed=7
if results_of seed/results.jsonl | cmp -s - expected; then fail "another seed gives the same results"; fi

# A smoke test is all there is: two problems with its own settings, a report, and nothing on disk.
expect 0 "smoke test: 2 of 40 problems, 2 particles, at most 3 steps" toy_eval --evaluation.output_dir=smoke \
    --smoke_test.enabled=true
[ ! -e smoke ] || fail "a smoke test leaves a folder"
[ "$(grep -cE '^ +[01] +[0-2] of 2 +[0-9]+ ' out)" = 2 ] || fail "not a line for each of the two problems"
grep -qE '^log-probabilities: [0-9]+, all of them finite and at most 0$' out || fail "no word on the log-probabilities"
grep -q '^passed; nothing else was run and nothing written: smoke_test.enabled=false runs all 40$' out ||
    fail "not said to be all"
if grep -q 'persistent' out; then fail "a smoke test is followed by a run"; fi
grep -q 'evaluation.output_dir (command line) cannot act: smoke_test.enabled is true' err || fail "a key in vain: no word"
# It honours its own settings and the choice of problems; answers are there when they can be.
expect 0 "smoke test: 3 of 10 problems, 5 particles, at most 30 steps" toy_eval --smoke_test.enabled=true --offset 30 \
    --smoke_test.n_samples=3 --smoke_test.n_particles=5 --smoke_test.max_steps=30
[ "$(grep -cE '^ +3[012] +[1-5] of 5 .* [123]$' out)" = 3 ] || fail "not the problems from 30 on, with their answers"
expect 0 "1 of 1 problems" toy_eval --smoke_test.enabled=true --limit 1
# A results folder beside it is neither read nor changed.
cp -R whole before-smoke
expect 0 "2 of 40" toy_eval --smoke_test.enabled=true --evaluation.output_dir=whole --fresh
diff -r whole before-smoke >out || fail "a smoke test touched an output folder"
# Where a problem fails, so does the test. Its model is opened in place of the run's.
expect 1 "FAILED; nothing else was run" toy_eval --smoke_test.enabled=true --models.generator.max_model_len=16
grep -q ' failed: ' out || fail "not said why"
expect 1 "nowhere.gguf" "$P" eval --smoke_test.enabled=true --smoke_test.model_path=nowhere.gguf
# Other commands make none, and say so.
expect 0 "solve makes no smoke test" "$P" solve --engine.type=toy --smoke_test.enabled=true x
expect 0 "compare makes no smoke test" "$P" compare --engine.type=toy --smoke_test.enabled=true --methods greedy \
    --limit 2 --evaluation.dataset_path=problems.jsonl --evaluation.output_dir=compared
finish
