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
    HEAD=none COMPARE=yes ONLY='best-head persistent-head samples-sure-.8' CHOSEN='--ps.depth_retreat=8 --ps.resample.policy=never' \
        "$SOURCE/bench/real_head.sh" heads none "$data" 300 "$1" 16 --engine.type=toy >table 2>err
}
heads 22 || fail "real_head.sh"
holds "four rows of 22 problems" [ "$(grep -c '^| [a-z0-9.-]* | 22 |' table)" = 4 ]
holds "stopping early draws less" awk -F'|' '$2 ~ /^ samples /{all = $13} $2 ~ /sure/{few = $13} END {exit !(few < all)}' table
mean=$(grep -o '"generated":[0-9]*' heads/samples/results.jsonl | awk -F: '{n += $2} END {printf "%d", n / NR + 0.5}')
holds "the budget is what the samples of all problems drew" [ "$(cat heads/budget)" = "$mean 300 22" ]
holds "and the others'" grep -q "max_tokens: $mean " heads/persistent-head/config.yaml
holds "at equal passes, too" grep -q '"at_equal_passes"' heads/compare.json
holds "what was chosen is of persistent" grep -q 'depth_retreat: 8.*' heads/equal/config.persistent.yaml
holds "both keys of it" grep -q 'policy: never' heads/equal/config.persistent.yaml
no_other() { ! grep -q 'depth_retreat: 8' heads/equal/config.best_of_n.yaml heads/equal/config.yaml heads/persistent-head/config.yaml; }
holds "and of nothing else" no_other
cp table first
heads 22 || fail "real_head.sh again"
holds "the same tables again" cmp -s first table
heads 23 && fail "a budget of other problems is refused"
holds "and it says of which" grep -q '300 22' table
refused() { # refused HEAD WORD OFFSET N
    HEAD=$1 "$SOURCE/bench/real_head.sh" no none "$data" "$3" "$4" 4 --engine.type=toy >table 2>err && fail "problems from $3 on are refused"
    holds "and that is said as well: $2" grep -q "$2" table
}
refused '' 'learns from' 200 9
refused none 'for reporting' 400 101
refused none 'for reporting' 0 501
echo "$(cksum <"$data" | cut -d' ' -f1) 310" >known.data
refused known.gguf 'learned from the first 310 of these' 309 3
HEAD=known.gguf ONLY=samples "$SOURCE/bench/real_head.sh" known none "$data" 310 3 4 --engine.type=toy >table 2>err || fail "other problems are not refused"
tail -20 "$data" >other.jsonl
HEAD=known.gguf ONLY=samples "$SOURCE/bench/real_head.sh" other none other.jsonl 0 3 4 --engine.type=toy >table 2>err || fail "another data set is not refused"

# The learning half, on the shipped model. Its own answers say nothing of which is right, so those of the folder are
# replaced by some that do, in the form that a run goes on with.
learns() { # learns LEARN
    LEARN=$1 ONLY='samples persistent-head' "$SOURCE/bench/real_head.sh" learns "$SOURCE/models/reasoner.gguf" which.jsonl 40 2 4 \
        --engine.llama.contexts=1 --engine.llama.threads=1 --engine.llama.flash_attn=false --generation.max_answer_tokens=40 >table 2>err
}
if "$P" info >out 2>&1; then
    awk 'BEGIN { for (i = 0; i < 42; i++) printf "{\"problem\": \"Which is it, number %d?\", \"answer\": \"1\"}\n", i }' >which.jsonl
    learns 2 && fail "two problems are enough for a head"
    holds "more are needed" grep -q 'at least 30 are needed' err
    awk 'BEGIN {
        for (i = 0; i < 40; i++) {
            printf "{\"problem_idx\":%d,\"problem\":\"Which is it, number %d?\",\"ground_truth\":\"1\",\"unique_id\":null,", i, i
            printf "\"correct\":true,\"method\":\"majority\",\"seed\":42,\"error\":null,\"particles\":["
            for (a = 0; a < 4; a++) {
                word = (i + a) % 2 ? 90 : 60
                printf "%s{\"id\":%d,\"parent\":0,\"state\":\"finished\",", (a ? "," : ""), a + 1
                printf "\"text\":\"\\\\boxed{%d}\",\"token_ids\":[%d,%d,%d]}", (i + a) % 2 + 1, word + i % 9, word + a, word
            }
            print "]}"
        }
    }' >learns/learn/results.jsonl
    learns 40 || fail "real_head.sh, the learning half"
    holds "a head, and what is known of it" grep -q 'AUC over all' learns/head.txt
    holds "its problems" [ "$(cat learns/head.data)" = "$(cksum <which.jsonl | cut -d' ' -f1) 40" ]
    holds "rows with it" [ "$(grep -c '^| [a-z-]* | 2 |' table)" = 2 ]
fi

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
