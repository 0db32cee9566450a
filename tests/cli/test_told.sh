#!/bin/sh
# What a person is told: of answers that are hardly more than one, of a model that was asked what it cannot know or that
# cannot be asked at all, and the reason in every message, however long a path is.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
problems 6

# Answers that share most of their text: what that is, and what to try.
shares="share [0-9]*% of their text, so their votes are not independent; for others, "
expect 0 "" "$P" solve --engine.type=toy --method=particle_filter x
grep -q "^the 8 answers $shares.*particle_filter.policy" out || fail "nothing is said of a filter's common text"
expect 0 "" "$P" solve --engine.type=toy --method=beam x
grep -q "$shares.*method=dvts" out || fail "nothing is said of a beam's common text"
# What is set already is no advice.
expect 0 "a lower particle_filter.threshold" "$P" solve --engine.type=toy --method=particle_filter \
    --particle_filter.policy=ess --particle_filter.threshold=1 x
expect 0 "a lower particle_filter.threshold" toy_eval --method=particle_filter --particle_filter.policy=ess \
    --particle_filter.threshold=1 --evaluation.output_dir=set
expect 0 "" "$P" solve --engine.type=toy --method=majority x
if grep -q "share" out; then fail "independent answers are said to share their text"; fi
expect 0 "" "$P" solve --engine.type=toy --method=persistent --ps.resample.policy=never x
if grep -q "share" out; then fail "particles that were never selected are said to share their text"; fi
expect 0 "" toy_eval --method=particle_filter --baselines majority --evaluation.output_dir=alike
n=$(sed -n 's/^particle_filter: in \([0-9]*\) of 6 problems the answers share most of their text; .*/\1/p' out)
[ "${n:-0}" -gt 0 ] || fail "eval does not say that answers share their text"
if grep -q 'majority: in' out; then fail "eval says that independent answers share their text"; fi
# The same from the lines that were written.
lines=$(sed -n 's/.*"shared_text":\([0-9.e-]*\),.*/\1/p' alike/results.jsonl | awk '$1 > 0.5' | wc -l)
[ "$lines" = "$n" ] || fail "$lines result lines share most of their text, and eval says $n"
expect 0 "particle_filter: in $n of 6" toy_eval --method=particle_filter --baselines majority --evaluation.output_dir=alike
grep -q "\"sharing_most_text\": $n" alike/summary.json || fail "the summary does not count them"
! grep -q '"shared_text":[^0n]' alike/results.majority.jsonl || fail "independent answers have text in common"

# Particles that were cut off: how many, and the key of the limit, whether all of them were or some.
for limit in max_steps=1 max_answer_tokens=2; do
    expect 0 "8 of 8 particles were cut off by " "$P" solve --engine.type=toy --generation.$limit x
    grep -q "^\[cut off: no particle finished its answer; raise generation.${limit%=*}\]" out || fail "$limit: not what to raise"
    grep -q "cut off by .*(generation.${limit%=*})$" out || fail "$limit is not named"
done
expect 0 "the answer was cut off by the length of answers (generation.max_answer_tokens)" "$P" solve --engine.type=toy \
    --method=greedy --generation.max_answer_tokens=2 x
expect 0 "cut off by the budget (ps.budget)" "$P" solve --engine.type=toy --ps.budget.max_tokens=3 x
expect 0 " of 8 particles were cut off by the number of steps (generation.max_steps)" "$P" solve --engine.type=toy \
    --generation.max_steps=2 x
if grep -q '^.cut off: no' out; then fail "some finished, and all are said to be cut off"; fi
if "$P" solve --engine.type=toy x | grep -q 'cut off'; then fail "nothing was cut off, and it is said to be"; fi
# In an evaluation their share, and the searches without a finished answer; lines of earlier versions do not tell.
expect 0 "majority: 100.0% of 48 particles were cut off: 100.0% by generation.max_answer_tokens" toy_eval \
    --method=majority --generation.max_answer_tokens=2 --evaluation.output_dir=cut
grep -q '^majority: in 6 of 6 problems no particle finished; ' out || fail "not said in how many problems"
grep -q '"endings": {' cut/summary.json || fail "the summary does not count how particles ended"
sed 's/"endings":{[^}]*},//' cut/results.jsonl >old && mv old cut/results.jsonl
expect 0 "6 of 6 problems are done already" toy_eval --method=majority --generation.max_answer_tokens=2 --evaluation.output_dir=cut
grep -q 'in 6 of 6 problems no particle finished' out || fail "lines without endings are not read"
if grep -q 'particles were cut off' out; then fail "lines without endings tell of them"; fi

# A long path: the reason is read all the same.
long=$(awk 'BEGIN {while (n++ < 5000) printf "x"}')
expect 1 "File name too long; for the output folder choose another" toy_eval --evaluation.output_dir="$long"
expect 1 "cannot open: File name too long" "$P" eval --engine.type=toy --evaluation.dataset_path="$long"
expect 2 "File name too long" "$P" config --config "$long"
[ "$(wc -c <err)" -lt 3000 ] || fail "the whole path is shown"

"$P" info >out 2>err || {
    grep -q 'no libllama' err || fail "persamp info"
    finish
} # the rest is about models

# The shipped model is asked what it has not learnt: the line; what it has: none.
told="do not rely on this answer: the shipped model is a small demonstration"
for question in '2+2' 'What is $2+2$?' 'Compute $\sqrt{16}$.' 'Find the greatest common divisor of 84 and 36.' \
    'Solve $x^2=4$ for $x$.' 'Solve $|x-500000|+2x=9000001$ for $x$.' 'Natalia sold clips to $48$ of her friends. How many is that?' '?' \
    'Factor $x^4-16$.' 'Factor $x^3-8$.' 'Solve $3x+5=20$ for $x$.' 'Solve $|x-5|+2x^2=9$ for $x$.' 'Compute $2^10$.' \
    'Compute $5$.' 'Compute $12/4$.' 'Compute $3\cdot(4+5)$.' 'Solve $|x|=3$ for $x$.' 'Solve $|x-5|+2x=9$ for $y$.' 'Factor $2x+4$.'; do
    "$P" solve "$question" >out 2>err
    grep -q "$told" err || fail "nothing is said of the shipped model and: $question"
    grep -q 'models.generator.model_path' err || fail "nothing is said of a model of one's own"
done
expect 0 "answer:" "$P" solve --json '2+2'
grep -q "$told" err || fail "--json: nothing is said of the shipped model"
head -n 2 problems.jsonl >unlike.jsonl # in an evaluation once
head -n 3 "$SOURCE/data/validation.jsonl" >>unlike.jsonl
expect 0 "2 of the 5 problems are of none of the kinds that the shipped model has learnt" "$P" eval --method=greedy \
    --evaluation.dataset_path=unlike.jsonl --evaluation.output_dir=unlike
expect 0 "2 of the 5 problems are of none of the kinds" "$P" compare --methods greedy --evaluation.dataset_path=unlike.jsonl \
    --evaluation.output_dir=unlike-compare
expect 0 "2 of the 5 problems are of none of the kinds" "$P" tune --method=greedy --evaluation.dataset_path=unlike.jsonl \
    --tuning.search_space='{generation.top_p: [0.9, 1]}' --tuning.validation_samples=5 --study unlike.db
if "$P" eval --method=greedy --limit 5 --evaluation.output_dir=like 2>&1 | grep -q 'has learnt'; then
    fail "the shipped problems are said to be unlike themselves"
fi
expect 0 "answer:" "$P" solve --models.generator.model_path="$SOURCE/models/reasoner.gguf" '2+2'
if grep -q "$told" err; then fail "a model that was named is told of, too"; fi
# One unseen problem of each kind, and some words in another order of clauses.
awk 'match($0, /"subject": "[^"]*"/) {kind = substr($0, RSTART, RLENGTH)} !seen[kind]++' \
    "$SOURCE/data/validation.jsonl" | sed 's/^{"problem": "\([^"]*\)".*/\1/; s/\\\\/\\/g' >asked
echo 'A price of $200$ rises by $10\%$, then rises by $10\%$, then rises by $50\%$. What is it now?' >>asked
[ "$(wc -l <asked)" = 15 ] || fail "not fourteen kinds: $(cat asked)"
while read -r question; do
    "$P" solve "$question" >out 2>err </dev/null
    if grep -q "$told" err; then fail "the shipped model knows this kind: $question"; fi
done <asked

# A model without a chat template: said once, before anything is made.
LC_ALL=C sed 's/tokenizer\.chat_template/tokenizer.chat_templatX/' "$SOURCE/models/reasoner.gguf" >plain.gguf
for command in 'eval --limit 3' 'compare --methods majority --limit 3' 'solve x'; do
    # shellcheck disable=SC2086 # words
    expect 1 "plain.gguf has no chat template: set prompt.template" "$P" $command --models.generator.model_path=plain.gguf \
        --evaluation.output_dir=none
    [ "$(grep -c 'chat template' err)" = 1 ] || fail "$command: not said once"
    if grep -q '%' out; then fail "$command: a table of failures"; fi
    [ ! -e none ] || fail "$command: a folder of failures"
done
expect 0 "100.0%" "$P" eval --limit 1 --models.generator.model_path=plain.gguf --evaluation.output_dir=none \
    --prompt.template="$(printf '<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n')" \
    --evaluation.dataset_path="$SOURCE/data/test.jsonl" --offset 3

# What to download is named as the hub names it.
expect 1 'huggingface-cli download Nobody/Nothing-GGUF`' "$P" info --models.generator.model_path=Nobody/Nothing
expect 1 'huggingface-cli download Nobody/Nothing-GGUF`' "$P" info --models.generator.model_path=Nobody/Nothing-GGUF
finish
