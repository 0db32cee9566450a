#!/bin/sh
# Odd surroundings and odd names: closed standard files, a limit on file sizes, names and files that would be commands to
# a terminal or to a picture, a secret in the wrong place. Nothing is run, lost or shown that should not be.
. "${0%/*}/common.sh"

problems 6
toy_eval --limit 6 --evaluation.output_dir=plain >out 2>err || fail "the run to compare with"
lines=$(wc -l <plain/results.jsonl)

# ---- Started without some of standard input, output and error: the results are whole all the same ----
for closed in 0 1 2 '0 1' '0 2' '1 2' '0 1 2'; do
    folder=without$(printf %s "$closed" | tr -d ' ')
    (
        for fd in $closed; do
            case $fd in 0) exec 0<&- ;; 1) exec 1>&- ;; 2) exec 2>&- ;; esac
        done
        toy_eval --limit 6 --evaluation.output_dir="$folder"
    ) </dev/null >out 2>err || fail "without descriptors $closed: exit code $?"
    [ "$(wc -l <"$folder/results.jsonl")" = "$lines" ] || fail "without descriptors $closed: $(cat "$folder/results.jsonl")"
    results_of "$folder/results.jsonl" >got
    results_of plain/results.jsonl >expected
    cmp -s got expected || fail "without descriptors $closed the results are others"
    for file in "$folder"/* "$folder"/.[a-z]*; do
        if [ -f "$file" ] && grep -q 'right  in' "$file"; then fail "progress was printed into $file"; fi
    done
    expect 0 '6' toy_eval --limit 6 --evaluation.output_dir="$folder" # and it can be gone on with
done

# ---- A limit on the size of files is an error with a message, not the end by a signal ----
i=0
while [ $i -lt 300 ]; do
    printf '{"problem": "Which of the two is it, number %d?", "answer": "1"}\n' $i
    i=$((i + 1))
done >many.jsonl
(
    ulimit -f 40
    exec "$P" eval --engine.type=toy --evaluation.dataset_path=many.jsonl --evaluation.output_dir=limited
) >out 2>err </dev/null
code=$?
[ $code = 1 ] || fail "with a limit on file sizes: exit code $code, not 1"
grep -q '^persamp: limited/results.jsonl: .*[Ff]ile too large' err || fail "no word of the limit on file sizes"
tail -c 1 limited/results.jsonl | od -An -c | grep -q '\\n' || fail "the last line that was written is not whole"
expect 0 '300' "$P" eval --engine.type=toy --evaluation.dataset_path=many.jsonl --evaluation.output_dir=limited

# ---- What a terminal would obey is shown, not sent ----
escape=$(printf '\033]0;owned\007\033[31m')
c1=$(printf '\302\2332J') # U+009B, the one-character form of ESC [
no_controls() { # no_controls FILE: nothing but text, tabs and line breaks
    [ "$(LC_ALL=C tr -d '\t\n\040-\176\200-\377' <"$1" | wc -c)" = 0 ] && ! LC_ALL=C grep -q "$(printf '\302[\200-\237]')" "$1"
}
shown() { # shown WHAT COMMAND…: it fails, names what it met in its escaped form, and sends nothing
    what=$1
    shift
    "$@" >out 2>err </dev/null && fail "$what: accepted"
    grep -qF '\x1b]0;owned\x07\x1b[31m' err || fail "$what: not shown"
    no_controls err || fail "$what: a control character was sent"
    no_controls out || fail "$what: a control character was sent to standard output"
}
shown "a data set's path" "$P" eval --engine.type=toy --evaluation.dataset_path="no$escape$c1"
shown "a configuration's path" "$P" config --config "no$escape.yaml"
printf 'engine: {type: "x\\e]0;owned\\a\\e[31m"}\n' >evil.yaml
expect 2 'evil.yaml:1:16' "$P" config --config evil.yaml
no_controls err || fail "a configuration's text: a control character was sent"
shown "a command" "$P" "no$escape"
shown "an argument" "$P" eval "--no$escape"
shown "a value" "$P" eval --limit "x$escape"
shown "a shard" "$P" eval --shard "x$escape"
shown "a name of a baseline" "$P" eval --baselines "x$escape"
shown "a model's path" "$P" info --engine.type=llama --models.generator.model_path="no$escape.gguf"
shown "a method's name" "$P" compare --engine.type=toy --methods "x$escape"
shown "a plot's name" "$P" compare --engine.type=toy --methods majority --plot "x$escape.jpg"
shown "a question too many" "$P" solve one "two$escape"
{
    cat problems.jsonl
    printf '{"problem": "x", "x\\u001b]0;owned\\u0007\\u001b[31m": 1, "answer": [\n'
} >bad.jsonl
toy_eval --evaluation.dataset_path=bad.jsonl --evaluation.output_dir=bad >out 2>err
no_controls err || fail "a record's text: a control character was sent"
"$P" eval --engine.type=toy --evaluation.dataset_path=problems.jsonl --evaluation.output_dir=logged \
    --logging.file.enabled=true --logging.file.path=persamp.log --engine.toy.model="no$escape.json" >out 2>err
if [ -f persamp.log ]; then no_controls persamp.log || fail "a control character was written to the log"; fi
printf '{"gold": "1", "pred": x\033]0;owned\007\033[31m}\n' >pairs.jsonl
"$P" verify --pairs pairs.jsonl >out 2>err
no_controls err || fail "a pair's text: a control character was sent"
shown "a pairs file's path" "$P" verify --pairs "no$escape"
shown "a mode" "$P" verify --gold 1 --answer 1 --mode "x$escape"
# By construction: every message goes through ps_cli_say.
grep -nE '(fprintf\(stderr|fputs\(|puts\().*"persamp: ' "$SOURCE"/cli/*.c | grep -vE 'persamp: (better answers|")' >out
[ ! -s out ] || fail "messages that are printed without ps_cli_say"
# Text in other scripts is no control character.
expect 2 'größer, 大きい' "$P" 'größer, 大きい'

# ---- A picture is text in a file, whatever the names are ----
compare() {
    "$P" compare --engine.type=toy --evaluation.dataset_path=problems.jsonl --limit 5 --budgets 4x \
        --evaluation.output_dir=compared "$@" >out 2>err </dev/null
}
for name in 'a</text><script>alert(1)</script>' '&lt;&amp;' "a' onload='touch pwned" '`touch pwned`' '%s%n'; do
    compare --fresh --plot a.svg --methods "persistent:prompt.system=$name,majority" ||
        fail "a method's name with markup: not drawn"
    [ ! -e pwned ] || fail "the name $name was run"
    ! grep -qi '<script' a.svg || fail "the name $name is markup in the picture"
    ! command -v xmllint >/dev/null || xmllint --noout a.svg || fail "the name $name: not XML"
done
compare --plot '|touch pwned; cat >b.svg' --methods majority || fail "a file whose name begins with | is not drawn"
[ ! -e pwned ] && [ ! -e b.svg ] || fail "a plot's name was run"
grep -q '<svg' '|touch pwned; cat >b.svg' || fail "the plot is not where it was asked for"
echo precious >precious
ln -s precious link.svg
compare --plot link.svg --methods majority && fail "a plot was written through a link"
[ "$(cat precious)" = precious ] || fail "a file was written through a link"

# ---- A secret where the name of its variable belongs is not repeated ----
for key in engine.openai.api_key_env hub.token_env; do
    for form in '' --plain; do
        for secret in 'sk-Zq12-34' 'Zq12 x' 'sk: Zq12  # x' "Zq12'\"-" '1Zq12' "$(printf 'sk-Zq12\nsk-Zq12')" 'a: b_env: Zq12-'; do
            "$P" config $form "--$key=$secret" >out 2>err </dev/null && fail "$key=$secret: accepted"
            if grep -q 'Zq12' out err; then fail "$key=$secret was shown"; fi
            grep -q "_env: '(not shown: not the name of an environment variable)'" out || fail "$key=$secret: not said"
        done
    done
    expect 0 '_env: MY_KEY' "$P" config "--$key=MY_KEY"
done

finish
