#!/bin/sh
# kill -9 in the middle of an evaluation, again and again: the same command goes on, no problem is lost or done twice.
# And Ctrl-C: exit code 130, and the line to go on with.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 100

# Enough work that a kill comes in the middle: a search takes some milliseconds here.
slow() {
    toy_eval --generation.n_particles=192 --ps.refill=true --ps.budget.max_iterations=30 \
        --evaluation.parallel_problems=4 "$@"
}

lines() {
    if [ -e "$1/results.jsonl" ]; then wc -l <"$1/results.jsonl"; else echo 0; fi
}

# interrupt SIGNAL FOLDER COUNT: start, wait until COUNT more lines are there, send the signal; sets code.
interrupt() {
    before=$(lines "$2")
    "$P" eval --engine.type=toy --evaluation.dataset_path=problems.jsonl --generation.n_particles=192 \
        --ps.refill=true --ps.budget.max_iterations=30 --evaluation.parallel_problems=4 \
        --evaluation.output_dir="$2" --limit 24 >out 2>err </dev/null &
    pid=$!
    while [ "$(lines "$2")" -lt $((before + $3)) ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
    kill -s "$1" $pid 2>/dev/null
    wait $pid 2>/dev/null
    code=$?
}

slow --evaluation.output_dir=whole --limit 24 >out 2>err || fail "the uninterrupted run"
results_of whole/results.jsonl >expected
killed=0
for count in 2 1 5; do
    interrupt KILL killed $count
    [ $code != 137 ] || killed=$((killed + 1))
done
[ $killed -ge 2 ] || fail "only $killed of 3 kills came in time: the test tests little"
slow --evaluation.output_dir=killed --limit 24 >out 2>err || fail "the last run"
grep -q 'are done already' err || fail "the last run does not say that it goes on"
results_of killed/results.jsonl | cmp -s - expected || fail "after kill -9 the results differ"

# What failed is tried again, and kill -9 in the middle of that loses nothing and counts nothing twice.
cp -r whole again
sed -i 's/^\({"problem_idx":[0-9]*[02468],.*\)"error":null/\1"error":"no memory"/' again/results.jsonl
grep -c '"error":"' again/results.jsonl | grep -qx 12 || fail "not every other line says that it failed"
killed=0
for count in 2 1 4; do
    interrupt KILL again $count
    [ $code != 137 ] || killed=$((killed + 1))
    [ "$(grep '"error":null' again/results.jsonl | sed 's/,.*//' | sort | uniq -d | wc -l)" = 0 ] ||
        fail "a problem was finished twice"
done
[ $killed -ge 2 ] || fail "only $killed of 3 kills came in time: the test tests little"
slow --evaluation.output_dir=again --limit 24 >out 2>err || fail "the last run of what failed"
grep -q '"problems": 24' again/summary.json && grep -q '"errors": 0' again/summary.json || fail "failures still count"
results_of again/results.jsonl | grep -v '"error":"' | cmp -s - expected || fail "what was tried again differs"

# In a shell without job control a background process ignores SIGINT unless it asks for it, as persamp does.
interrupt INT stopped 3
if [ $code = 130 ]; then
    grep -q 'To go on:' err || fail "nothing says how to go on"
    grep -q 'persamp eval --engine.type=toy' err || fail "the line to go on with is missing"
    [ "$(lines stopped)" -lt 24 ] || fail "the interrupted run did all"
    tail -c 1 stopped/results.jsonl | od -c | grep -q '\\n' || fail "the last line is torn"
else
    fail "exit code $code after Ctrl-C"
fi
slow --evaluation.output_dir=stopped --limit 24 >out 2>err || fail "going on after Ctrl-C"
results_of stopped/results.jsonl | cmp -s - expected || fail "after Ctrl-C the results differ"

# The line is quoted for a shell: a folder with every nasty character.
mkdir "it's \$HOME & more"
cp problems.jsonl "it's \$HOME & more/p;1.jsonl"
"$P" eval --engine.type=toy "--evaluation.dataset_path=it's \$HOME & more/p;1.jsonl" --generation.n_particles=192 \
    --ps.refill=true --ps.budget.max_iterations=30 --evaluation.output_dir=nasty >out 2>err </dev/null &
pid=$!
while [ "$(lines nasty)" -lt 2 ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
kill -s INT $pid
wait $pid
again=$(sed -n 's/^  persamp //p' err)
[ -n "$again" ] || fail "no line to go on with"
eval "set -- $again"
"$P" "$@" --limit 1 >out 2>err </dev/null || fail "the line to go on with does not work: $again"
finish
