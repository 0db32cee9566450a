#!/bin/sh
# persamp learn on the shipped model: from a folder of independent answers to a head that scores a search, and what it
# refuses.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"
"$P" info >out 2>&1 || { echo 'no libllama in this build: nothing to learn from'; exit 0; }
one='--engine.llama.contexts=1 --engine.llama.threads=1 --engine.llama.flash_attn=false'
data="--evaluation.dataset_path=$SOURCE/data/validation.jsonl"
sample() { # sample FOLDER --key=value…
    folder=$1
    shift
    # shellcheck disable=SC2086 # options are words
    "$P" eval $one $data --evaluation.save_particles=true --evaluation.output_dir="$folder" "$@" >out 2>err </dev/null
}

# What has to be there.
expect 2 'from' "$P" learn
expect 2 '-o FILE' "$P" learn --from nowhere
expect 2 'config.yaml' "$P" learn --from nowhere -o head.gguf
expect 0 'runs/samples' "$P" learn -h

# Answers whose states tell: right ones are written with other words than wrong ones. (What the shipped model writes by
# itself says nothing about which of its own answers is right: docs/learn.md.)
sample samples --method=majority --generation.n_particles=2 --limit 1 || fail "samples"
i=0
while [ $i -lt 40 ]; do
    printf '{"problem_idx":%d,"problem":"Which is it, number %d?","ground_truth":"1","correct":true,"method":"majority","error":null,"particles":[' $i $i
    a=0
    while [ $a -lt 4 ]; do
        if [ $(((i + a) % 2)) = 0 ]; then word=60 box=1; else word=90 box=2; fi
        [ $a = 0 ] || printf ','
        printf '{"id":%d,"parent":0,"state":"open","text":"x ","token_ids":[%d,%d,%d]},' $((2 * a + 1)) $((word + i % 9)) $((word + a)) $word
        printf '{"id":%d,"parent":%d,"state":"finished","text":"\\\\boxed{%d}","token_ids":[%d,%d,%d]}' $((2 * a + 2)) $((2 * a + 1)) $box $((word + i % 7)) $word $((word + 1))
        a=$((a + 1))
    done
    printf ']}\n'
    i=$((i + 1))
done >samples/results.jsonl

expect 0 'AUC over all' "$P" learn $one --from samples -o head.gguf --json report.json
cp out first
holds "the head is there" [ -s head.gguf ]
holds "the states are not" [ ! -e head.gguf.states ]
holds "the report" grep -q '"auc_within_interval_95"' report.json
holds "reliability by step" grep -q '^1  *160 ' out
expect 0 'tokens of the model' "$P" learn $one --from samples -o head.gguf --states kept
expect 0 ' 0 tokens of the model' "$P" learn $one --from samples -o head.gguf --states kept
cp head.gguf first.gguf
"$P" learn $one --from samples -o head.gguf --states kept >out 2>err || fail "again"
holds "the same head again" cmp -s first.gguf head.gguf
# A file of states that was cut off is gone on with.
head -c 20000 kept >cut
expect 0 'AUC over all' "$P" learn $one --from samples -o head.gguf --states cut
all=$(sed -n 's/.* for \([0-9]*\) tokens of the model/\1/p' first)
rest=$(sed -n 's/.* for \([0-9]*\) tokens of the model/\1/p' out)
holds "only what was missing is computed" [ "$rest" -gt 0 -a "$rest" -lt "$all" ]

# A question with one more answer costs that answer.
cp -r samples more
sed -i '1s/\]}$/,{"id":9,"parent":0,"state":"finished","text":"\\\\boxed{1}","token_ids":[60,61,62,63,64]}]}/' more/results.jsonl
expect 0 'tokens of the model' "$P" learn $one --from more -o head.gguf --states kept
rest=$(sed -n 's/.* for \([0-9]*\) tokens of the model/\1/p' out)
holds "one answer is computed, behind its prompt" [ "$rest" -ge 5 -a "$rest" -lt 100 ]
expect 0 ' 0 tokens of the model' "$P" learn $one --from more -o head.gguf --states kept
# A folder counts once, by whatever name.
expect 2 'name it once' "$P" learn $one --from samples --from more/../samples -o no.gguf --states kept
"$P" learn $one --from samples -o head.gguf --states kept >out 2>err || fail "back to the head before"

# Golds by a coin: nothing is to be found, so nothing is written.
mkdir coin
cp samples/config.yaml coin
awk 'BEGIN { s = 42 }
     { n = split($0, part, "boxed{"); line = part[1]
       for (k = 2; k <= n; k++) {
           s = s * 16807 % 2147483647
           line = line "boxed{" (s < 1073741824 ? 1 : 2) substr(part[k], 2)
       }
       print line }' samples/results.jsonl >coin/results.jsonl
expect 1 'it would be noise' "$P" learn $one --from coin -o no.gguf --states kept

# The head at work, in the search that it was made for.
self='--models.prm.enabled=true --scoring.prm.kind=self --scoring.prm.head_path=head.gguf --scoring.type=prm_reward'
# shellcheck disable=SC2086
sample used $self --limit 6 --generation.n_particles=4 || fail "a search with the head"
told() { grep -q 'was learned' err; }
told && fail "there is nothing to tell"
holds "rewards are there" grep -q '"reward":0\.' used/results.jsonl
holds "no tokens of a reward model" grep -q '"prm":0}' used/results.jsonl
# shellcheck disable=SC2086
sample warned $self --limit 1 --generation.n_particles=2 --generation.temperature=1 || fail "another temperature"
holds "another temperature is said" grep -q 'learned from answers drawn at temperature 0.7' err
# shellcheck disable=SC2086
sample steps $self --limit 1 --generation.n_particles=2 --generation.step_boundary=paragraph || fail "other steps"
holds "other steps are said" grep -q 'steps end by newline' err
# shellcheck disable=SC2086
sample asked $self --limit 1 --generation.n_particles=2 --prompt.system=Think. --generation.top_k=20 || fail "asked otherwise"
holds "another system message is said" grep -q 'prompt.system "Please reason.*here it is "Think."' err
holds "so is another top_k" grep -q 'drawn at top_k 0, and generation.top_k is 20' err
# shellcheck disable=SC2086
sample behind $self --limit 1 --generation.n_particles=2 --prompt.template='{question} =' || fail "another prompt"
holds "another template is said" grep -q 'prompt.template "", and here it is "{question} ="' err
untold() { ! grep -q 'prompt.system' err; }
holds "a message that it has no place for is none" untold
# shellcheck disable=SC2086
sample along $self --scoring.prm.kind=head --models.prm.model_path="$SOURCE/models/reasoner.gguf" --limit 1 --generation.n_particles=2 \
    --scoring.prm.step_separator=x || fail "kind head"
holds "what cannot act is said" grep -q 'scoring.prm.step_separator cannot act' err
sed '/^# models.generator: /d' samples/config.yaml >nameless.yaml && mkdir nameless && mv nameless.yaml nameless/config.yaml
cp samples/results.jsonl nameless
expect 2 'does not say which model' "$P" learn $one --from nameless -o no.gguf
expect 2 'a server does not give' "$P" eval --engine.type=openai $self
expect 2 'self needs scoring.prm.head_path' "$P" eval --models.prm.enabled=true --scoring.prm.kind=self

# What it does not learn from.
sample greedy --method=greedy --limit 2 || fail "greedy"
expect 2 'not drawn as those of a search' "$P" learn $one --from greedy -o no.gguf
sample filter --method=particle_filter --limit 2 --generation.n_particles=4 || fail "filter"
expect 2 'chosen by a search' "$P" learn $one --from filter -o no.gguf
sample bare --method=majority --limit 2 --evaluation.save_particles=false || fail "bare"
expect 2 'save_particles' "$P" learn $one --from bare -o no.gguf
sample plain --method=majority --limit 2 --generation.include_logprobs=false || fail "plain"
expect 2 'token_ids' "$P" learn $one --from plain -o no.gguf
sample few --method=majority --limit 3 --generation.n_particles=4 || fail "few"
expect 1 'at least 30 are needed' "$P" learn $one --from few -o no.gguf
holds "the states are kept for more" [ -s no.gguf.states ]
sample warm --method=majority --limit 2 --generation.temperature=1 || fail "warm"
expect 2 'generation.temperature' "$P" learn $one --from samples --from warm -o no.gguf
holds "nothing was written" [ ! -e no.gguf ]
# Of a search whose weights as draws are saved.
sample search --limit 3 --generation.n_particles=4 || fail "search"
holds "weights as draws" grep -q '"weight_q":0\.\|"weight_q":1' search/results.jsonl
expect 1 'at least 30 are needed' "$P" learn $one --from search -o no.gguf
finish
