#!/bin/sh
# logging.*: each sink has a level of its own, and each of the log_ keys does what its name says.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 3
# One key in vain (a warning), one at its default in vain (a message of level INFO), selections (DEBUG).
printf 'preset: recommended\nps: {resample: {alpha_start: 0.5}}\nbeam: {width: 3}\n' >in.yaml
file=--logging.file_enabled=true

# shows FILE LEVEL: the messages of this level and above, and nothing below it.
shows() {
    want=$2
    for kind in DEBUG INFO WARNING; do
        case $kind in
        DEBUG) word='selection after iteration' ;;
        INFO) word='at the default, cannot act' ;;
        WARNING) word='beam.width (.*) cannot act' ;;
        esac
        case $want-$kind in
        DEBUG-* | INFO-INFO | INFO-WARNING | WARNING-WARNING) grep -q "$word" "$1" || fail "$1 at $want lacks $kind" ;;
        *) ! grep -q "$word" "$1" || fail "$1 at $want has $kind" ;;
        esac
    done
}
for console in DEBUG INFO WARNING ERROR CRITICAL; do
    for level in DEBUG INFO WARNING ERROR; do
        rm -f logs/ps.log
        # Whatever system.log_level is: here the opposite end.
        all=CRITICAL
        [ $console != CRITICAL ] || all=DEBUG
        expect 0 "" toy_eval --fresh --config in.yaml --system.log_level=$all --logging.console_level=$console \
            --logging.file_level=$level $file
        cp err console.$console
        shows console.$console $console
        cp logs/ps.log file.$level
        shows file.$level $level
    done
done
# Where console_level is not set system.log_level stands for it, and for nothing else.
for console in DEBUG WARNING ERROR; do
    rm -f logs/ps.log
    expect 0 "" toy_eval --fresh --config in.yaml --system.log_level=$console $file
    shows err $console
    shows logs/ps.log DEBUG
done
# solve prints the answer: its console is quiet unless a level is chosen, its file is not.
for command in solve info; do
    rm -f logs/ps.log
    # shellcheck disable=SC2046 # a question for solve
    expect 0 "" "$P" $command --engine.type=toy $file $([ $command = info ] || echo question)
    [ ! -s err ] || fail "$command is not quiet"
done
rm -f logs/ps.log
expect 0 "" "$P" solve --engine.type=toy $file --logging.log_weights=true 'question'
grep -q ' debug problem 0 by persistent: selection after iteration 1, beta [0-9.]*, ESS [0-9.]*, weights 1:0\.' \
    logs/ps.log || fail "solve logs no selections"
if grep -qE 'right|wrong' logs/ps.log; then fail "solve judges without a gold answer"; fi
expect 0 "selection after iteration" "$P" solve --engine.type=toy --logging.console_level=DEBUG 'question'

# Each of the log_ keys alone, and none: beta, ESS, weights and seconds are there exactly where they were asked for.
for on in betas ess weights timing none; do
    rm -f logs/ps.log
    set --
    for key in betas ess weights timing; do
        [ $key = $on ] && set -- "$@" --logging.log_$key=true || set -- "$@" --logging.log_$key=false
    done
    expect 0 "" toy_eval --fresh $file "$@"
    for key in betas ess weights timing; do
        case $key in
        betas) word='selection after .*, beta [0-9]' ;;
        ess) word='selection after .*, ESS [0-9]' ;;
        weights) word='selection after .*, weights [0-9]' ;;
        timing) word='problem .* s, generation [0-9.]* s, scoring [0-9.]* s$' ;;
        esac
        if grep -q "$word" logs/ps.log; then got=$key; else got=none; fi
        [ $key != $on ] && want=none || want=$key
        [ $got = $want ] || fail "log_$on: $key is there: $got"
    done
    [ "$(grep -c ' info problem ' logs/ps.log)" = 3 ] || fail "not a line for each problem"
done

# The weights are those of the selection: of every method that selects, the heaviest first, at most one together.
for method in persistent particle_filter particle_gibbs 'persistent --ps.mode=completions --preset=classic'; do
    rm -f logs/ps.log
    # shellcheck disable=SC2086 # words
    expect 0 "" toy_eval --fresh $file --logging.log_weights=true --method=$method
    grep 'selection after' logs/ps.log | sed 's/.*weights //; s/ and .* more$//' >weights
    [ "$(wc -l <weights)" -ge 3 ] || fail "$method: fewer than three selections"
    awk '{
        sum = 0; last = 2
        for (i = 1; i <= NF; i++) {
            if (split($i, part, ":") != 2 || part[2] > last) bad = 1
            last = part[2]; sum += part[2]
        }
        if (NF < 1 || NF > 16 || sum > 1.002 || (NF < 16 && sum < 0.995)) bad = 1
    } END { exit bad }' weights || fail "$method: these are no weights: $(head -3 weights)"
done

# JSON on the console: one object a line, with the level.
expect 0 "" toy_eval --fresh --config in.yaml --logging.console_format=json --logging.console_level=DEBUG
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys
levels = {json.loads(line)["level"] for line in open("err", encoding="utf-8")}
assert levels == {"debug", "info", "warning"}, levels' || fail "not JSON lines"
fi
finish
