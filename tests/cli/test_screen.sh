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

# ---- Whatever a model writes, a table holds: one line an answer, within the columns, and nothing that a terminal obeys.
on_terminal() { # on_terminal COLUMNS COMMAND: its standard output there, as it comes, in the file out
    script -qec "stty rows 50 cols $1; $2" /dev/null </dev/null >raw 2>err || fail "on $1 columns: $2"
    tr -d '\r' <raw >out
}
terminals=
if command -v script >/dev/null && script -qec true /dev/null </dev/null >out 2>err; then terminals='40 80 200'; fi
no_controls() {
    [ "$(LC_ALL=C tr -d '\t\n\040-\176\200-\377' <out | wc -c)" = 0 ] &&
        ! LC_ALL=C grep -q -e "$(printf '\302[\200-\237]')" -e "$(printf '\342\200\256')" out
}
# Each character as many dots as it has columns; the files here have no others than these.
dots() { LC_ALL=C sed 's/\xcc\x81//g; s/\xe6\xbc\xa2/ww/g; s/\xf0\x9f\x99\x82/ee/g; s/\xc3\xa9/e/g; s/\xe2\x80\xa6/./g'; }
# fits COLUMNS: no line of the file out is wider, but those that end with a path, and prose that goes on on the next.
fits() {
    dots <out | grep -av -e '\.jsonl*$' -e '^the same particles' | LC_ALL=C awk -v most="$1" 'length($0) > most {print; bad = 1} END {exit bad}' >wide
}
cat >nasty.json <<'JSON'
{"bytes": true, "max_tokens": 3,
 "tokens": ["\\boxed{1}", "\\boxed{a\nb\u001b[31mred\u001b]0;owned\u0007\rc\td\u009be}",
            "\\boxed{漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢}",
            "\\boxed{e\u0301e\u0301e\u0301é🙂}", "\\boxed{\u202eabc}",
            "\\boxed{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}"],
 "rules": [{"after": [], "next": {"<end>": 1}},
           {"after": [], "start": true, "next": {"\\boxed{1}": "1/6",
            "\\boxed{a\nb\u001b[31mred\u001b]0;owned\u0007\rc\td\u009be}": "1/6", "\\boxed{\u202eabc}": "1/6",
            "\\boxed{漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢漢}": "1/6",
            "\\boxed{e\u0301e\u0301e\u0301é🙂}": "1/6",
            "\\boxed{xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}": "1/6"}}]}
JSON
nasty="'$P' solve --engine.type=toy --engine.toy.table=nasty.json --method=majority --generation.n_particles=64 x"
answers() { dots <out | awk '/^answers/ {on = 1; print; next} on && /^$/ {exit} on'; }
for columns in pipe $terminals; do
    if [ $columns = pipe ]; then sh -c "$nasty" >out 2>err; else on_terminal $columns "$nasty"; fi
    [ $columns != pipe ] || columns=80
    no_controls || fail "a table sends a terminal what it obeys, on $columns columns"
    [ "$(answers | wc -l)" = 7 ] || fail "not a heading and six answers on $columns columns: $(answers)"
    [ "$(answers | awk '{print length($0)}' | sort -u | wc -l)" = 1 ] || fail "crooked on $columns columns: $(answers)"
    [ "$(answers | awk '{print length($0)}' | head -n 1)" -le $columns ] || fail "wider than $columns columns"
    answers | grep -q '^a b .31mred .0;owned c d e  *[0-9.]*%' || [ $columns = 40 ] || fail "not one line: $(answers)"
done
# The response too, in words instead of commands; --json has what the model wrote, in JSON's own way.
: >out
i=0
until grep -q '31mred' out || [ $i = 40 ]; do # a seed that brings the answer with commands in it
    i=$((i + 1))
    "$P" solve --engine.type=toy --engine.toy.table=nasty.json --generation.n_particles=1 --system.seed=$i --json x >out 2>err
done
grep -qiF '\u001b[31mred' out || fail "--json does not have the escape"
grep -qF 'd\u009be' out || fail "--json does not have the control character beyond ASCII"
no_controls || fail "--json sends a control character"
"$P" solve --engine.type=toy --engine.toy.table=nasty.json --generation.n_particles=1 --system.seed=$i x >out 2>err
grep -qF 'b\x1b[31mred\x1b]0;owned\x07' out || fail "the response does not show what was written"
no_controls || fail "the response sends a control character"
"$P" verify --gold 1 --response "\\boxed{$(printf '2\033[31m')}" --show >out 2>err
no_controls || fail "verify sends a control character"
# By construction: no text of a model is printed but by ps_cli_put and ps_cli_put_line.
grep -nE '(printf|puts)\(.*(response|->text|\.answer|->answer|extracted)' "$SOURCE"/cli/cmd_*.c |
    grep -vE 'ps_cli_(say|note)|puts\("|persamp ' >out
[ ! -s out ] || fail "a model's text may reach the terminal as it is"

# A run that was read back has no speed. What it says of its progress stands on standard error, a few lines.
expect 0 "" toy_eval
if grep -q 'right  ' out; then fail "progress on standard output"; fi
[ "$(grep -c '^persistent  *[0-9]*/3' err)" -le 2 ] || fail "too many lines of progress in a file"
expect 0 "done already" toy_eval
if grep -qw nan out; then fail "nan in a table"; fi
fits 80 || fail "a table of eval in a file is wider than 80 columns: $(cat wide)"

# Tables of eval and compare with long names, and their progress: it never wraps, as wide as the terminal is.
long=an_exceedingly_long_name_of_a_variant_that_somebody_thought_of
compare="'$P' compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true --scoring.type=prm_reward \
    --methods persistent,particle_filter,$long=persistent:ps.depth_decay=0.3,best_of_n,majority --budgets 4x --limit 60 \
    --evaluation.output_dir=compared --fresh"
eval="'$P' eval --engine.type=toy --evaluation.dataset_path=problems.jsonl --baselines greedy,particle_filter \
    --evaluation.output_dir=evaluated --fresh"
for columns in $terminals; do
    for command in "$compare" "$eval"; do
        on_terminal $columns "$command 2>progress"
        fits $columns || fail "wider than $columns columns: $(cat wide)"
        on_terminal $columns "$command 2>&1 >tables"
        tr '\r' '\n' <raw | sed "s/$(printf '\033')\\[K//" | dots | grep -av '^persamp: ' |
            awk -v most=$((columns - 1)) 'length($0) > most {print; bad = 1} END {exit bad || NR < 4}' >wide ||
            fail "progress wraps on $columns columns: $(cat wide)"
    done
done

# ---- The live view: one screen, drawn over, that neither wraps nor scrolls; plain lines where it is no terminal.
# live ROWS COLUMNS ARGUMENTS…: as a terminal gets it, in the file raw, and without its commands in the file out.
ESC=$(printf '\033')
live() {
    rows=$1
    cols=$2
    shift 2
    script -qec "stty rows $rows cols $cols; TERM=${TERMINAL:-xterm} '$P' solve --verbose --engine.type=toy $* x" /dev/null \
        </dev/null >raw 2>err || fail "solve --verbose on $rows rows of $cols columns"
    tr -d '\r' <raw | sed "s/$ESC\\[[0-9]*[AJKm]//g" >out
}
# What is drawn over is what was drawn: each "up N" goes over exactly the lines since the one before, and never past the
# top. Frames end before the answer, with a blank line.
draws_over() { # draws_over ROWS: at least three frames
    tr -d '\r' <raw | awk -v rows="$1" '
        BEGIN {start = 1}
        match($0, /\033\[[0-9]+A/) {
            n = substr($0, RSTART + 2, RLENGTH - 3) + 0
            if (n != NR - start || n >= rows) bad = 1
            start = NR
            ups++
        }
        END {exit bad || ups < 2}'
}
# The view alone, with each character as many dots as it has columns.
view_lines() { sed '/^$/,$d' out | LC_ALL=C sed 's/\xe2\x96[\x80-\xbf]/#/g; s/\xe2\x86\xb6/</g; s/\xc3\x97/x/g' | dots; }
if [ -n "$terminals" ]; then
    for size in '40 50' '9 200' '24 80' '24 40' '6 20' '3 12'; do
        rows=${size% *}
        cols=${size#* }
        live "$rows" "$cols" --generation.n_particles=12
        view_lines | LC_ALL=C awk -v most=$((cols - 1)) 'length($0) > most {exit 1} {next} /\033/ {exit 1}' ||
            fail "a line of the view is wider than $cols columns: $(view_lines)"
        draws_over "$rows" || fail "the live view on $rows rows of $cols columns draws over other lines"
        no_controls || fail "something else than its own commands"
    done
    live 6 200 --generation.n_particles=12 --method=majority
    grep -q 'more' out || fail "nothing says that particles are left out"

    # Equal particles are one row, the heaviest first; a bar and a share for each; where the search went back is told.
    live 40 120 --generation.n_particles=32 --ps.depth_decay=0.9 --ps.resample.policy=always
    grep -q '×[0-9]' out || fail "equal particles are not one row"
    grep -q '█.*%.*so' out || fail "no bar"
    grep -q '↶ back [0-9]* step' out || fail "nothing says that the search went back"
    grep -q 'the heaviest writes:' out || fail "no text of the heaviest"
    awk '/^weight/ {last = 101; next} match($0, / *[0-9]+%/) && /^[█▏▎▍▌▋▊▉]/ {
             share = substr($0, RSTART, RLENGTH) + 0
             if (share > last) bad = 1
             last = share
         } END {exit bad}' out || fail "the heaviest is not the first"
    grep -q "$ESC\\[36m" raw || fail "no colour on a terminal"
    NO_COLOR=1 live 24 80 --generation.n_particles=8
    if grep -q "$ESC\\[[0-9;]*m" raw; then fail "a colour in spite of NO_COLOR"; fi
    draws_over 24 || fail "NO_COLOR changes more than colours"
    TERMINAL=dumb live 24 80 --generation.n_particles=8
    if grep -q "$ESC" raw; then fail "commands for a terminal that knows none"; fi
    grep -q '^iteration 1: 8 steps' out || fail "no plain lines where TERM is dumb"

    # What a model writes is no command here either, and has its columns.
    live 24 40 --engine.toy.table=nasty.json --method=majority --generation.n_particles=64
    no_controls || fail "the live view sends a terminal what it obeys"
    view_lines | LC_ALL=C awk 'length($0) > 39 {print; bad = 1} END {exit bad}' >wide || fail "it wraps: $(cat wide)"

    # A terminal that becomes narrower, and a signal: the view fits again, and nothing is left of it that is not text.
    cat >narrow.sh <<END
stty rows 24 cols 100
TERM=xterm '$P' solve --verbose --engine.type=toy --generation.n_particles=8 --ps.refill=true \
    --ps.budget.max_iterations=100000000 x &
until [ "\$(grep -ac '.\\[[0-9]*A' typed)" -ge 2 ]; do :; done
stty cols 30
echo resized >>sizes
n=\$(grep -ac '.\\[[0-9]*A' typed)
until [ "\$(grep -ac '.\\[[0-9]*A' typed)" -ge \$((n + 4)) ]; do :; done
kill -TERM \$!
wait \$!
echo "the code is \$?"
END
    script -qefc "sh narrow.sh" typed </dev/null >raw 2>err
    tr -d '\r' <raw | sed "s/$ESC\\[[0-9]*[AJKm]//g" >out
    grep -q 'the code is 130' out || fail "a signal does not end it"
    no_controls || fail "something is left of the view"
    sed -n '/^the heaviest/h; /^the heaviest/!H; ${g;p}' out >last
    LC_ALL=C sed 's/\xe2\x96[\x80-\xbf]/#/g' last | awk 'length($0) > 29 && !/cancelled|code is|^Script/ {print; bad = 1} END {exit bad}' >wide ||
        fail "the view does not follow its terminal: $(cat wide)"
fi
"$P" solve --verbose --engine.type=toy --generation.n_particles=8 x >out 2>err
no_controls || fail "commands in a file"
grep -q '^iteration 1: 8 steps' out || fail "no plain lines in a file"

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
