#!/bin/sh
# What a person sees: tables that stand in columns, a live view that fits its terminal, facts of the model.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 3

# Answers of any length stand in columns: the weights of all rows end at the same place.
cat >table.json <<'JSON'
{"tokens": ["\\boxed{1}", "\\boxed{\\frac{123456}{654321}}"], "bytes": true, "max_tokens": 3,
 "rules": [{"after": [], "next": {"<end>": 1}},
           {"after": [], "start": true, "next": {"\\boxed{1}": 0.5, "\\boxed{\\frac{123456}{654321}}": 0.5}}]}
JSON
columns() { awk '/^answers/ {on = 1; print index($0, "votes") + 5; next} on && /^$/ {exit} on {print length($0) + 1}' out; }
if "$P" solve --engine.type=toy --engine.toy.table=table.json x >out 2>err; then
    [ "$(columns | sort -u | wc -l)" = 1 ] || fail "the table of answers is crooked"
    [ "$(columns | wc -l)" = 3 ] || fail "not two answers"
else
    fail "the table of two answers"
fi

# A run that was read back has no speed.
expect 0 "" toy_eval
expect 0 "done already" toy_eval
if grep -qw nan out; then fail "nan in a table"; fi

# On a terminal the live view neither wraps nor scrolls: what is drawn over is what was drawn.
if command -v script >/dev/null && script -qec true /dev/null </dev/null >out 2>err; then
    for size in '40 50' '9 200' '24 80'; do
        rows=${size% *}
        cols=${size#* }
        script -qec "stty rows $rows cols $cols; '$P' solve --verbose --engine.type=toy --generation.n_particles=12 x" \
            /dev/null </dev/null >out 2>err || fail "solve --verbose on a terminal"
        tr -d '\r' <out | sed "s/$(printf '\033')\\[[0-9]*[AJ]//g; s/…/./g" >plain
        awk -v most="$cols" '/^(iteration|[ *!] +[0-9]+ <-)/ && length($0) > most {exit 1}' plain ||
            fail "a line wider than $cols columns"
        # Each "up N" goes over exactly the lines since the one before, and never past the top.
        awk -v rows="$rows" 'BEGIN {ups = 0; bad = 0}
            match($0, /\033\[[0-9]+A/) {
                n = substr($0, RSTART + 2, RLENGTH - 3) + 0
                if (n != NR - start || n >= rows) bad = 1
                start = NR
                ups++
            }
            /iteration 1:/ {start = NR}
            END {exit bad || ups < 2}' out || fail "the live view on $rows rows of $cols columns draws over other lines"
    done
    expect 0 "" script -qec "stty rows 9 cols 200; '$P' solve --verbose --engine.type=toy --generation.n_particles=12 x" \
        /dev/null
    grep -q 'more' out || fail "nothing says that particles are left out"
fi

# A long problem: on a terminal the time goes on while no result comes.
if command -v script >/dev/null && command -v timeout >/dev/null && script -qec true /dev/null </dev/null >out 2>err; then
    script -qec "timeout -s INT 3 '$P' eval --engine.type=toy --evaluation.dataset_path=problems.jsonl --limit 1 \
        --evaluation.output_dir=long --generation.n_particles=2000 --ps.refill=true --ps.budget.max_iterations=1000000" \
        /dev/null </dev/null >out 2>err
    grep -q '0/1  0:0[1-3]' out || fail "a terminal does not show that time passes"
fi

# Facts of the model.
expect 0 "the toy engine" "$P" info --engine.type=toy
expect 0 "prm         none" "$P" info --engine.type=toy
expect 0 "prm         the toy engine's" "$P" info --engine.type=toy --models.prm.enabled=true
if [ -s "$SOURCE/models/reasoner.gguf" ] && "$P" info >out 2>err; then
    grep -Eq '^            [a-z0-9]+, [0-9.]+ [kMB] parameters, [A-Z0-9_]+, [0-9.]+ [kMG]B$' out ||
        fail "no parameters and size of the model"
    if grep -q '?' out; then fail "a question mark in persamp info"; fi
    [ "$(awk '!/^model/ && length($0) > 120' out | wc -l)" = 0 ] || fail "persamp info has lines beyond 120 columns"
    # A demanded GPU is one or an error; what auto found tells which.
    if grep -q '^ *GPU,' out; then demanded=0; else demanded=1; fi
    expect $demanded "GPU" "$P" info --system.device=cuda
fi
finish
