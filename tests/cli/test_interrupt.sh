#!/bin/sh
# Ctrl-C and SIGTERM in the midst of a long step of a real model: the command ends soon, not when the step does, and
# what was finished is kept.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

"$P" info >out 2>err
grep -q 'tokens in the vocabulary' out || {
    grep -q 'no libllama' out err || fail "persamp info says neither what the model is nor that there is no libllama"
    finish
}

# Steps that are whole answers, of tokens drawn nearly without regard to the model: each takes seconds.
i=0
while [ $i -lt 3 ]; do
    printf '{"problem": "Factor $x^2-%dx+16$.", "answer": "(x-4)^2"}\n' $i
    i=$((i + 1))
done >problems.jsonl
long="--generation.step_boundary=fixed --generation.fixed_step_tokens=4096 --generation.max_tokens_per_step=4096
    --generation.temperature=100 --generation.n_particles=12 --engine.llama.contexts=1 --engine.llama.threads=1"

# moments COMMAND…: how many twentieths of a second until it succeeds, at most 2000.
moments() {
    n=0
    while [ $n -lt 2000 ] && ! "$@"; do
        sleep 0.05
        n=$((n + 1))
    done
    echo $n
}

has_line() { [ -s "$1/results.jsonl" ]; }
has_ended() { [ -s code ]; }

# start ARGUMENTS…: the command beside this shell; its number in the file pid and, once it has ended, its exit code in code.
start() {
    rm -f code
    (
        "$P" "$@" >out 2>err </dev/null &
        echo $! >pid
        wait $!
        echo $? >code
    ) &
}

for signal in INT TERM; do
    start eval $long --evaluation.parallel_problems=1 --evaluation.dataset_path=problems.jsonl \
        --evaluation.output_dir=$signal
    step=$(moments has_line $signal)
    sleep 0.1 # into the second problem
    kill -s $signal "$(cat pid)"
    rest=$(moments has_ended)
    [ "$(cat code)" = 130 ] || fail "exit code $(cat code) after SIG$signal"
    [ "$step" -ge 8 ] || fail "the step took only $step twentieths of a second: the test tests little"
    [ $((rest * 2)) -lt "$step" ] || fail "SIG$signal: a step of $step twentieths of a second, and the end came after $rest"
    [ "$(wc -l <$signal/results.jsonl)" = 1 ] || fail "SIG$signal: not the one line that was finished"
    grep -q 'To go on:' err || fail "SIG$signal: nothing says how to go on"
done

# A single question has nothing to keep; it ends as soon.
start solve $long --generation.n_particles=64 'Factor $x^2-8x+16$.'
sleep 1
kill -s INT "$(cat pid)"
rest=$(moments has_ended)
[ "$(cat code)" = 130 ] || fail "exit code $(cat code) of solve after SIGINT"
[ "$rest" -lt 40 ] || fail "solve went on for $rest twentieths of a second"
finish
