#!/bin/sh
# Help, usage mistakes and their exit codes.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

for command in solve eval compare tune study config verify info; do
    for flag in -h --help; do
        expect 0 Examples "$P" $command $flag
        # The three examples come first: lines that begin with the command's name, before any other section.
        n=$(awk '/^Examples/ {on = 1; next} on && /^ +(persamp|[a-z ]*\| *persamp)/ {n++} on && /^$/ {exit} END {print n + 0}' out)
        [ "$n" = 3 ] || fail "persamp $command $flag shows $n examples, not 3"
        [ ! -s err ] || fail "persamp $command $flag writes to standard error"
    done
done
# The questions shown as examples are for the shipped model to answer: a first try succeeds.
cat >golds <<'TABLE'
12 Find the greatest common divisor of $84$ and $36$.
(x-4)^2 Factor $x^2-8x+16$.
4 Solve $|x-5|+2x=9$ for $x$.
TABLE
shown() { sed -nE "s/^ *(build\/)?persamp solve ?[^']* '([^']+)'.*/\2/p" "$@"; }
{
    for command in '' solve; do
        # shellcheck disable=SC2086 # none or one
        "$P" $command -h | shown
    done
    "$P" solve 2>&1 | sed -n "s/.*persamp solve '\([^']*\)'.*/\1/p"
    shown "$SOURCE/README.md" "$SOURCE/docs/persamp.1"
} >questions
[ "$(wc -l <questions)" = 7 ] || fail "not 7 questions are shown: $(cat questions)"
sort -u questions >out
cut -d ' ' -f 2- golds | sort | cmp -s - out || fail "other questions are shown than this test knows the answers of"
if "$P" info >out 2>&1; then # with libllama and the shipped model
    while read -r gold question; do
        expect 0 "(right)" "$P" solve --gold "$gold" "$question"
    done <golds
fi

expect 0 Examples "$P" -h
expect 0 "persamp " "$P" --version
expect 2 Commands "$P"
expect 2 "did you mean eval" "$P" evall
expect 2 "no command" "$P" nonsense

# A word that is nearly an option is told which; the command's name and its help are named.
for wrong in 'eval --limt 3' 'compare --budget 4x' 'solve --gol 3' 'config --explan' 'verify --pair x' 'info --confg x'; do
    # shellcheck disable=SC2086 # words
    expect 2 "did you mean --" "$P" $wrong
    grep -q "^persamp: ${wrong%% *}: unknown argument" err || fail "no name of the command: $wrong"
    grep -qF "\`persamp ${wrong%% *} -h\` explains" err || fail "no way to the help: $wrong"
done
expect 2 "unknown argument --nonsense; \`persamp eval -h\`" "$P" eval --nonsense
expect 2 "persamp: verify: give --gold" "$P" verify

expect 2 "no question" "$P" solve
expect 2 empty "$P" solve ''
expect 2 "unknown argument two" "$P" solve one two
expect 2 "stands after --" "$P" solve '-3 + 5 = ?'
expect 0 "answer:" "$P" solve --engine.type=toy -- '-3 + 5 = ?'
expect 2 "needs a value" "$P" solve --gold
expect 2 "unknown argument" "$P" eval something
expect 2 "whole number" "$P" eval --limit ten
expect 2 "whole number" "$P" eval --limit=-1
expect 2 "whole number" "$P" eval --offset=
expect 2 "needs a value" "$P" eval --limit
for shard in 0/2 3/2 1 1/ /2 1/2/3 a/b 1/0 1/99999999999999999999999 99999999999999999999999/99999999999999999999999 \
    +1/2 1/+2 ' 1/2' 1/2x -1/2 0x1/2; do
    expect 2 "1 <= I <= N" "$P" eval --shard "$shard"
done
for count in 99999999999999999999999 18446744073709551616 1e3 0x10 +3 ' 3' 3x; do
    expect 2 "whole number" "$P" eval --limit "$count"
    expect 2 "whole number" "$P" compare --methods greedy --seeds "$count"
done
for budget in x 0x 1e13x 4xx 4.5 -4x nan inf '4 x' 4,,5 99999999999999999999999; do
    expect 2 "--budgets" "$P" compare --engine.type=toy --methods greedy --budgets "$budget"
done

# An option or a key whose value is empty is a shell's variable that is not set, and no wish for the default.
expect 2 "models.generator.model_path: the value is empty; leave the key out for the shipped model" \
    "$P" solve --models.generator.model_path= x
expect 2 "evaluation.dataset_path: the value is empty; leave the key out for" "$P" eval --evaluation.dataset_path=
expect 2 "evaluation.output_dir: the value is empty; leave the key out for ./outputs" "$P" eval --evaluation.output_dir=
for option in --methods --budgets --json --plot --from; do
    expect 2 "$option: the value is empty" "$P" compare --methods greedy $option=
done
expect 2 "--baselines: the value is empty" "$P" eval --baselines=
expect 2 "name of a method" "$P" eval --baselines greedy,nonsense
expect 2 "unknown argument" "$P" info --nonsense

# Configuration: unknown keys, wrong types, ranges; each names the key.
expect 2 "generation.n_particles" "$P" eval --engine.type=toy --generation.n_particle=3
expect 2 "generation.n_particles" "$P" eval --engine.type=toy --generation.n_particles=0
expect 2 "generation.n_particles" "$P" eval --engine.type=toy --generation.n_particles=100000
expect 2 "generation.temperature" "$P" solve --engine.type=toy --generation.temperature=warm x
expect 2 "nowhere.yaml" "$P" eval --config nowhere.yaml || true
printf 'generation:\n  n_particles: 8\n  temprature: 1\n' >config.yaml
expect 2 "config.yaml:3:3" "$P" eval --config config.yaml
expect 2 "temperature" "$P" info --config config.yaml
printf 'generation: [\n' >config.yaml
expect 2 "config.yaml:" "$P" solve --config config.yaml x
expect 2 "scoring.type" "$P" solve --engine.type=llama --scoring.type=prm_reward x

# What is asked of this version in vain is said where it is asked, by every command that reads a configuration.
printf 'tuning:\n  enabled: true\n' >config.yaml
for command in 'solve x' 'eval --limit 1 --evaluation.output_dir=vain' config info \
    'compare --methods greedy --limit 1 --evaluation.output_dir=vain-compared'; do
    # shellcheck disable=SC2086 # words
    expect 0 "tuning.enabled (config.yaml:2:12) has no effect: \`persamp tune\` is the command that tunes" "$P" $command --config config.yaml --engine.type=toy
done
printf 'models:\n  prm:\n    enabled: true\nscoring:\n  prm:\n    kind: pooling\n' >config.yaml
for command in 'solve x' 'eval' 'compare --methods greedy' config info; do
    # shellcheck disable=SC2086 # words
    expect 2 "config.yaml:6:11: scoring.prm.kind: pooling is asked of a server; set models.prm.engine: openai" \
        "$P" $command --config config.yaml
done

# JSON is for a program: nothing else stands on its output.
"$P" solve --engine.type=toy --verbose --json 'which?' >out 2>err
[ "$(wc -l <out)" = 1 ] && [ "$(head -c 1 out)" = '{' ] || fail "solve --verbose --json prints more than one object"

# Output on a pipe has no escape codes; a full disk behind it is a failure.
"$P" solve --engine.type=toy --verbose 'which?' >out 2>err
if grep -q "$(printf '\033')" out; then fail "escape codes on a pipe"; fi
grep -q 'iteration 1' out || fail "solve --verbose shows no iteration"
if [ -w /dev/full ]; then
    "$P" solve --engine.type=toy 'which?' >/dev/full 2>err
    [ $? = 1 ] || fail "a full disk behind the output is not noticed"
    grep -q 'standard output' err || fail "nothing is said of a full disk behind the output"
fi
finish
