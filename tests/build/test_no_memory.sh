#!/bin/sh
# A malloc that fails, anywhere in the process, the libraries included: the command ends in words, or does without and
# says what it says undisturbed. It never dies of a signal. (A configuration's file and libllama are left out: libfyaml
# and libllama do not survive it, as base.h says.)
#
#   tests/build/test_no_memory.sh [POINTS]      of each command and way to fail; default 40
set -u
points=${1:-40}
case $(uname -s) in Linux) ;; *) echo "no LD_PRELOAD here"; exit 0 ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
cc -O1 -fPIC -shared -o failing.so "$PERSAMP_SOURCE/tests/build/failing_malloc.c" || exit 1

cat >pairs.jsonl <<'END'
{"gold": "(-\\infty,2)\\cup(3,\\infty)", "pred": "x<2 \\text{ or } x>3", "expected": true}
{"gold": "x^2+2x+1", "pred": "(x+1)^2", "expected": true}
{"gold": "2^{200}", "pred": "1606938044258990275541962092341162602522202993782792835301376", "expected": true}
{"gold": "\\sqrt{2}+\\sqrt{3}", "pred": "\\sqrt{5+2\\sqrt{6}}", "expected": true}
{"gold": "100!", "pred": "99! \\cdot 100", "expected": true}
{"gold": "52_8", "pred": "42", "expected": false}
END
seq 0 3 | sed 's/.*/{"problem": "Problem &", "answer": "0", "level": 1.5}/' >set.jsonl

toy() { "$PERSAMP_COMMAND" "$@" --engine.type=toy --engine.toy.kind=synthetic --system.seed=1; }
command_verify() { "$PERSAMP_COMMAND" verify --pairs pairs.jsonl --show; }
command_config() { "$PERSAMP_COMMAND" config --generation.n_particles=16; }
command_solve() { toy solve 'What is 1 + 1?' --generation.n_particles=4; }
command_eval() { toy eval --evaluation.dataset_path=set.jsonl --limit 4 --generation.n_particles=4 \
    --evaluation.output_dir="out.$1"; }

# One number after another, the same on every run.
random=1
draw() { random=$(((random * 1103515245 + 12345) % 2147483648)); }

deaths=0 wrong=0 runs=0
attempt() { # attempt COMMAND POINT ALL-FROM-THERE
    rm -rf out.*
    (
        export LD_PRELOAD="$work/failing.so" PS_FAIL_AT="$2"
        [ "$3" = 0 ] || export PS_FAIL_ON=1
        "command_$1" x
    ) >out 2>err </dev/null
    code=$?
    runs=$((runs + 1))
    if [ $code -ge 128 ]; then
        deaths=$((deaths + 1))
        echo "$1, allocation $2, all from there: $3: signal $((code - 128)): $(tail -n 1 err)"
    elif [ $code -eq 0 ] && [ "$1" != eval ] && ! cmp -s out "expected.$1"; then
        wrong=$((wrong + 1))
        echo "$1, allocation $2, all from there: $3: another answer:"
        diff out "expected.$1" | head -n 6
    elif [ $code -ne 0 ] && [ ! -s err ] && [ "$3" = 0 ]; then
        wrong=$((wrong + 1))
        echo "$1, allocation $2: exit code $code without a word"
    fi
}

for command in verify config solve eval; do
    LD_PRELOAD="$work/failing.so" PS_FAIL_COUNT="$work/count" "command_$command" x >"expected.$command" 2>err </dev/null ||
        { echo "$command fails undisturbed: $(cat err)"; exit 1; }
    count=$(cat count)
    before=$deaths
    for all in 0 1; do
        i=0
        while [ $i -lt "$points" ]; do
            draw
            attempt $command $((random / 8 % count + 1)) $all
            i=$((i + 1))
        done
    done
    echo "$command: $count allocations, $((deaths - before)) of $((2 * points)) runs died of a signal"
done
echo "$runs runs, $deaths deaths, $wrong wrong"
[ $deaths -eq 0 ] && [ $wrong -eq 0 ]
