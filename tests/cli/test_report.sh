#!/bin/sh
# persamp report: from folders that eval, compare and tune really left. What is in a page is looked at by
# tests/report; here it is the command.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

toy="--engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true --scoring.type=prm_reward
    --generation.max_steps=8"

# ---- What runs leave ----
# shellcheck disable=SC2086 # options
{
    expect 0 '' "$P" eval $toy --limit 6 --baselines greedy --evaluation.save_particles=true --evaluation.output_dir=ev
    expect 0 '' "$P" compare $toy --methods persistent,best_of_n,vote=majority:ps.refill=false --budgets 2x,40 --seeds 2 --answer-tokens 11.5 --limit 5 --offset 1 \
        --evaluation.output_dir=co
    printf 'tuning: {validation_samples: 4, search_space: {generation.n_particles: [1, 2], ps.depth_decay: [0.0, 0.5]}}\n' >tune.yaml
    mkdir tu
    expect 0 '' "$P" tune $toy --config tune.yaml --study tu/study.db --best tu/best.yaml --held-out 0
}

# ---- A page of each, and of all ----
expect 0 'report in report.html' "$P" report ev
for part in '<table id="accuracy">' 'id="chart-tokens"' 'id="chart-ess"' 'id="block-0"' 'id="index"' 'config.yaml' \
    "script-src 'sha256-" '<th scope="row">persistent</th>' '<th scope="row">greedy</th>' \
    "persamp eval --config &#39;ev/config.yaml&#39; --limit 6 --baselines greedy --evaluation.output_dir=again<"; do
    grep -qF -e "$part" report.html || fail "the page has no $part"
done
grep -qF 'id="comparison"' report.html && fail "an evaluation is shown as a comparison"
expect 0 'report in co.html' "$P" report co -o co.html
for part in '<table id="comparison">' '<td>2x</td>' 'difference to the first' 'best_of_n, 40 tokens' \
    "persamp compare --config &#39;co/config.yaml&#39; --methods &#39;persistent,best_of_n,vote=majority:ps.refill=false&#39; --budgets &#39;2x,40&#39; --seeds &#39;2&#39; --offset &#39;1&#39; --limit &#39;5&#39; --answer-tokens &#39;11.5&#39; --evaluation.output_dir=again<"; do
    grep -qF -e "$part" co.html || fail "the page of the comparison has no $part"
done
expect 0 'report in tu.html' "$P" report tu -o tu.html
for part in '<table id="trials">' 'How the best came about' 'What two keys do together' 'generation.n_particles=2'; do
    grep -qF -e "$part" tu.html || fail "the page of the study has no $part"
done
expect 0 'report in db.html' "$P" report tu/study.db -o db.html
expect 0 'report in all.html' "$P" report ev co tu --output=all.html
grep -qF '<th scope="row">ev: persistent</th>' all.html || fail "two folders are not told apart"
# Nothing is asked of anywhere, and only the page's own script is one.
for page in report.html co.html tu.html all.html; do
    grep -qE '(src|href)="(https?:)?//|url\(' $page && fail "$page asks for something"
    [ "$(grep -c '^<script>' $page)" = 1 ] || fail "$page has not one script of its own"
done

# ---- The command that a page gives repeats the run ----
again() { # again PAGE
    command=$(sed -n 's/.*<pre class="command">persamp \(.*\)<\/pre>.*/\1/p' "$1" | sed "s/&#39;/'/g")
    rm -rf again
    eval "expect 0 '' \"\$P\" $command"
}
bare() { sed 's/"timing":{[^}]*}//; /"seconds/d' "$1"; }
again report.html
for file in results.jsonl results.greedy.jsonl; do
    [ "$(bare ev/$file | sort)" = "$(bare again/$file | sort)" ] || fail "repeated, $file is another"
done
again co.html
[ "$(bare co/summary.compare.json)" = "$(bare again/summary.compare.json)" ] || fail "repeated, the comparison is another"

# ---- Tables ----
expect 0 '## Accuracy and cost' "$P" report ev --format md
grep -q '^| persistent | [0-9.]*% | [0-9.]* to [0-9.]*% | [0-9]* | 6 |' out || fail "no row of the method"
expect 0 '## Comparison at equal cost' "$P" report co --format md
expect 0 'report in tables.md' "$P" report co --format md -o tables.md
grep -q '^## Where methods differ' tables.md || fail "no table of differences"

# ---- One pool ----
expect 0 'pool in pool.svg' "$P" report ev --problem 3
dots=$(grep -c '<circle class="dot ' pool.svg)
lines=$(grep -o '"problem_idx":3,.*' ev/results.jsonl | grep -o '"launch_depth"' | wc -l)
{ [ "$dots" -gt 0 ] && [ "$dots" = "$lines" ]; } || fail "$dots dots of $lines snapshots"
expect 0 'pool in g.svg' "$P" report ev --problem 3 --run greedy -o g.svg
"$P" solve --json --evaluation.save_particles=true $toy 'what?' >one.jsonl 2>err
expect 0 'pool in one.svg' "$P" report one.jsonl --problem 0 -o one.svg
if "$P" report ev --problem 3 -o pool.png >out 2>err; then
    head -c 4 pool.png | grep -q PNG || fail "the pool is not a PNG"
else
    grep -q 'needs librsvg' err || fail "no word of what a PNG needs"
fi
expect 1 'save_particles' "$P" report co --problem 3 -o none.svg
expect 1 'no problem 77' "$P" report ev --problem 77
expect 1 'no run is called beam; the first is persistent' "$P" report ev --problem 3 --run beam
expect 2 'ends in .svg or .png' "$P" report ev --problem 3 -o pool.gif

# ---- What is wrong is said ----
expect 0 'Examples' "$P" report -h
expect 2 'say which folder' "$P" report
expect 2 'expected html or md' "$P" report ev --format pdf
expect 2 'whole number' "$P" report ev --problem three
expect 2 'goes with --problem' "$P" report ev --run greedy
expect 2 'did you mean --format' "$P" report ev --formt md
expect 1 'no such folder' "$P" report nowhere
mkdir empty
expect 1 'not an output folder of eval, compare or tune' "$P" report empty
expect 1 'cannot' "$P" report ev -o empty/not/there.html
[ -z "$(ls empty)" ] || fail "something was left in the folder"
echo precious >precious
ln -s precious link.html
expect 1 'link.html' "$P" report ev -o link.html
[ "$(cat precious)" = precious ] || fail "a page was written through a link"
cp -r ev damaged
printf 'nonsense\n' >>damaged/results.jsonl
expect 1 'damaged/results.jsonl:7: not a result line' "$P" report damaged
# A line that is being written is passed over.
cp -r ev torn
printf '{"problem_idx":6,"prob' >>torn/results.jsonl
expect 0 'report in' "$P" report torn
# A problem that was solved by a later try is no failure.
cp -r ev again
sed -n '1s/"error":null/"error":"it was late"/p' ev/results.jsonl >again/results.jsonl
cat ev/results.jsonl >>again/results.jsonl
expect 0 'Accuracy' "$P" report again --format md
grep -q 'it was late' out && fail "a failure that was mended is shown"
sed 's/"error":null/"error":"it was late"/' ev/results.jsonl >again/results.jsonl
expect 0 '| 6 | it was late |' "$P" report again --format md
finish
