#!/bin/sh
# bench/classic_alpha.sh, real_choices.sh, real_scores.sh, real_head.sh and real_table.sh on the toy engine: every row is
# there, its figures are those of the result lines, and the same command again repeats nothing.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
export PERSAMP="$P"
data=$SOURCE/data/test.jsonl

# per_problem WORDS FILE: how often WORDS stand in it, a problem.
per_problem() {
    awk -v count="$(grep -o -e "$1" "$2" | wc -l)" 'END {printf "%.'"$3"'f", count / NR}' "$2"
}

alphas() { "$SOURCE/bench/classic_alpha.sh" alphas 12 none '' --engine.type=toy --engine.toy.kind=synthetic >table 2>err; }
alphas || fail "classic_alpha.sh"
holds "seven rows" [ "$(grep -c '^| [.n]' table)" = 7 ]
holds "no selections without a policy" grep -qF '| no selections | 0.00 | - |' table
selections=$(grep -o '"resample_count":[0-9]*' alphas/model-.9/results.jsonl | awk -F: '{n += $2} END {printf "%.2f", n / NR}')
holds "selections" grep -qF "| .9 | $selections |" table
holds "selections at .9" [ "$selections" != 0.00 ]
finished=$(per_problem '"state":"finished"' alphas/model-.9/results.jsonl 2)
holds "finished answers" grep -q "^| .9 | [^|]* | [^|]* | $finished |" table
cp table first
cp alphas/model-.9/results.jsonl lines
alphas || fail "classic_alpha.sh again"
holds "the same table again" cmp -s first table
holds "nothing solved twice" cmp -s lines alphas/model-.9/results.jsonl

choices() {
    ONLY='majority recommended ess-tau-10' "$SOURCE/bench/real_choices.sh" choices none "$data" "$1" 4 --engine.type=toy \
        >table 2>err
}
choices 12 || fail "real_choices.sh"
holds "three rows of twelve problems" [ "$(grep -c '^| [a-z0-9-]* | 12 |' table)" = 3 ]
holds "answers" grep -q "^| ess-tau-10 | 12 |.* $(per_problem '"state":"finished"' choices/ess-tau-10/results.jsonl 1) |" table
holds "distinct answers" grep -q "^| majority | 12 |.* $(per_problem '"votes":' choices/majority/results.jsonl 1) |" table
holds "the table is kept" cmp -s table choices/table.md
choices 13 || fail "real_choices.sh further"
holds "one more problem" [ "$(wc -l <choices/majority/results.jsonl)" = 13 ]
"$SOURCE/bench/score_auc.py" choices/majority/results.jsonl "$P" >auc || fail "score_auc.py"
holds "of all finished answers" grep -q "^$(grep -o '"state":"finished"' choices/majority/results.jsonl | wc -l) finished answers to 13 problems" auc
"$SOURCE/bench/score_auc.py" alphas/model-no-selections/results.jsonl "$P" >auc || fail "score_auc.py"
holds "a number of each kind" [ "$(grep -cE '^[a-z ]+ +[01]\.[0-9]+ +[01]\.[0-9]+ - [01]\.[0-9]+$' auc)" = 4 ]
choices 501 && fail "problems for reporting are refused"
holds "and that is said" grep -q 'for reporting' table

scores() {
    ANSWER=12 ONLY='majority votes-deepconf power-smc power-mcmc persistent-power-ramp votes-judge' \
        "$SOURCE/bench/real_scores.sh" scores none "$data" 3 "$1" 4 --engine.type=toy >table 2>err
}
scores 12 || fail "real_scores.sh"
for row in majority votes-deepconf power-smc power-mcmc persistent-power-ramp votes-judge; do
    holds "a row of $row" grep -q "^$row " table
done
holds "the samples of majority are drawn once" grep -q '"steps":\[\[' scores/equal/results.best_of_n.48-tokens.seed-42.jsonl
holds "twelve readings" [ "$(wc -l <scores/equal/results.votes-deepconf.48-tokens.seed-42.jsonl)" = 12 ]
holds "at equal passes, too" grep -qi 'equal forward passes' table
cp table first
scores 12 || fail "real_scores.sh again"
holds "the same table again" cmp -s first table
"$SOURCE/bench/real_scores.sh" scores none "$data" 400 101 4 --engine.type=toy >table && fail "problems for reporting are refused"
holds "and that is said, too" grep -q 'for reporting' table

# On the toy engine kind self is its own reward model, and the head's file is not looked at.
heads() {
    HEAD=none COMPARE=yes ONLY='best-head persistent-head samples-sure-.8' "$SOURCE/bench/real_head.sh" heads none "$data" 300 12 16 \
        --engine.type=toy >table 2>err
}
heads || fail "real_head.sh"
holds "four rows of twelve problems" [ "$(grep -c '^| [a-z0-9.-]* | 12 |' table)" = 4 ]
holds "stopping early draws less" awk -F'|' '$2 ~ /^ samples /{all = $13} $2 ~ /sure/{few = $13} END {exit !(few < all)}' table
holds "at equal passes, too" grep -q '"at_equal_passes"' heads/compare.json
"$SOURCE/bench/real_head.sh" heads none "$data" 200 9 4 --engine.type=toy >table && fail "problems that are learned from are refused"
holds "and that is said as well" grep -q 'learns from' table

table() { "$SOURCE/bench/real_table.sh" real none "$data" 5 6 4 --engine.type=toy >table 2>err; }
table || fail "real_table.sh"
for row in greedy sample persistent majority best_of_n particle_filter classic votes-certainty votes-deepconf; do
    holds "a row of $row" grep -q "^$row " table
done
holds "six problems after the fifth" [ "$(grep -o '"problem_idx":[0-9]*' real/alone/results.jsonl | sort -t: -nk2 | sed -n '1s/.*://p;6s/.*://p' | xargs)" = '5 10' ]
cp table first
table || fail "real_table.sh again"
holds "nothing solved twice" grep -q 'are done already' err
holds "the comparison is there" grep -q '"paired"\|"difference"' real/equal.json

# Runs go on elsewhere: what is packed has neither the data set's text nor a path, and what is unpacked is what was there.
mkdir inside elsewhere && cp "$data" elsewhere/data.jsonl
carry() { "$SOURCE/bench/carry.py" "$@" 2>err; }
carry pack no.tar.xz nowhere none "$data" && fail "a folder that is not there is refused"
carry pack runs.tar.xz real none "$data" && tar -xJf runs.tar.xz -C inside || fail "carry.py pack"
absent() { ! grep -rqF "$@" inside; }
holds "no text of the data set" absent -e '"problem":' -e '"ground_truth":'
holds "no path" absent -e "$data" -e "$PWD"
cp -r real kept && cd elsewhere || exit 1
carry unpack ../runs.tar.xz real none data.jsonl || fail "carry.py unpack"
holds "what was there" diff -r -x '*.yaml' -x '.*' ../kept real
"$SOURCE/bench/real_table.sh" real none data.jsonl 5 6 4 --engine.type=toy >table 2>err || fail "real_table.sh elsewhere"
holds "nothing solved twice elsewhere" [ "$(grep -c 'are done already' err)" -gt 2 ]
cat >gsm8k.jsonl <<'END'
{"question": "How many \"jars\" of cr\u00e8me, at $2 each?", "answer": "They are 40 * 40 = <<40*40=1600>>1600.\n#### 1,600"}
{"question": "And then?\tNone — é.", "answer": "#### -3"}
END
"$P" eval --engine.type=toy --evaluation.dataset_path=gsm8k.jsonl --evaluation.output_dir=gsm8k >out 2>err || fail "eval"
carry pack gsm8k.tar.xz gsm8k none gsm8k.jsonl && mv gsm8k kept || fail "carry.py pack, of GSM8K's form"
carry unpack gsm8k.tar.xz gsm8k none gsm8k.jsonl || fail "carry.py unpack, of GSM8K's form"
holds "what was there, of GSM8K's form" diff -r -x '.*' kept gsm8k
carry unpack ../runs.tar.xz real none data.jsonl && fail "unpacking over a folder is refused"
holds "and that is said once more" grep -q 'is there already' err
finish
