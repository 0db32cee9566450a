#!/bin/sh
# persamp compare: exit codes and messages, the files it leaves, going on after kill -9, shards, shared samples. Each
# function is a story; those after the first compare what they come to with the whole comparison of the first.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

# The command on the synthetic reasoner, as a program: a function in the background would be a shell of its own, and a
# signal would reach that.
cat >compare <<'SCRIPT'
#!/bin/sh
exec "$PERSAMP_COMMAND" compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true \
    --scoring.type=prm_reward --generation.max_steps=12 "$@"
SCRIPT
chmod +x compare

# The comparison of all stories: overrides, a name of its own, a method without a budget, shared samples.
set -- --methods persistent,old=persistent:ps.depth_decay=0.3,ps.refill=true,best_of_n,majority,greedy \
    --budgets 2x,60 --seeds 2 --limit 30
runs=14 # 3 methods that draw x 2 budgets x 2 seeds, greedy, and the length of an answer

# A comparison's numbers, without the seconds that it took.
numbers_of() {
    sed 's/"seconds": [^,]*//' "$1"
}

# same_as_whole FILE WHAT: the JSON of a comparison says what that of the whole one says.
same_as_whole() {
    numbers_of "$1" >found
    cmp -s found expected || fail "$2: $(diff expected found | head -n 12)"
}

wrong_arguments_are_named() {
    expect 0 'Examples' "$P" compare -h
    expect 2 '--methods is missing' ./compare
    expect 2 'did you mean majority' ./compare --methods majorty
    expect 2 'expected a multiple' ./compare --methods majority --budgets 4y
    expect 2 'is there twice' ./compare --methods majority,majority
    expect 2 'cannot differ between methods' ./compare --methods a=persistent:engine.toy.pd=1
    expect 2 'ps.depth_decay' ./compare --methods a=persistent:ps.depth_dcay=1
    expect 2 'ends in .svg or .png' ./compare --methods majority --plot x.pdf
    for length in 0 -3 x 1e10; do
        expect 2 'tokens of a mean answer' ./compare --methods majority --answer-tokens $length
    done
    for shard in 0/2 3/2 x; do
        expect 2 '1 <= I <= N' ./compare --methods majority --shard $shard
    done
}

a_plot_that_cannot_be_drawn_is_told_before_the_work() {
    expect 2 'ends in .svg or .png' "$P" compare --engine.type=toy --methods majority --plot x.jpg
    [ ! -e outputs ] || fail "work was done although the plot cannot be drawn"
}

a_whole_comparison_leaves_a_file_for_each_run() {
    expect 0 'difference to the first' ./compare "$@" --evaluation.output_dir=whole --json whole.json
    grep -q 'old .*%' out || fail "no row of the variant"
    grep -q 'majority .*=$' out || fail "shared samples are not marked"
    [ "$(ls whole/results.*.jsonl | wc -l)" = $runs ] || fail "not $runs files of results"
    ls whole | grep -q 'results.majority' && fail "majority drew samples of its own"
    cmp -s whole.json whole/summary.compare.json || fail "--json differs from the folder's"
    numbers_of whole.json >expected
}

a_finished_comparison_does_no_work() {
    before=$(cat whole/results.*.jsonl | cksum)
    expect 0 'written to' ./compare "$@" --evaluation.output_dir=whole
    [ "$before" = "$(cat whole/results.*.jsonl | cksum)" ] || fail "a finished cell was run again"
}

# A vote reads the file of the best of the same samples: what is shown while it reads is the vote's.
progress_is_of_the_selection_that_is_asked_for() {
    for method in best_of_n majority; do
        expect 0 'written to' ./compare --methods $method --budgets 120 --limit 30 --evaluation.output_dir=votes
    done
    shown=$(sed -n 's/.*majority 120 .*30\/30 *\([0-9.]*%\) right.*/\1/p' err | tail -n 1)
    table=$(sed -n 's/^majority *\([0-9.]*%\).*/\1/p' out | head -n 1)
    [ -n "$table" ] && [ "$shown" = "$table" ] || fail "progress says $shown right, the table $table"
}

a_name_stands_for_one_configuration() {
    expect 2 'under the name old' ./compare --methods old=persistent:ps.depth_decay=0.4 --evaluation.output_dir=whole
    expect 2 'belongs to another configuration' ./compare "$@" --engine.toy.pd=1 --evaluation.output_dir=whole
}

more_can_be_asked_for_later() {
    expect 0 'budget 3x' ./compare --methods persistent --budgets 3x --limit 40 --evaluation.output_dir=whole
}

after_kill_9_the_same_command_goes_on() {
    for count in 40 160; do
        ./compare "$@" --evaluation.output_dir=killed >out 2>err </dev/null &
        pid=$!
        while [ "$(cat killed/results.*.jsonl 2>/dev/null | wc -l)" -lt $count ] && kill -0 $pid 2>/dev/null; do
            sleep 0.02
        done
        kill -s KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
        ended=$?
        [ $ended = 137 ] || [ $ended = 0 ] || fail "exit code $ended before it was killed"
    done
    expect 0 'written to' ./compare "$@" --evaluation.output_dir=killed --json killed.json
    same_as_whole killed.json "after kill -9 the comparison differs"
}

shards_side_by_side_in_one_folder_are_joined() {
    for i in 1 2 3; do
        ./compare "$@" --evaluation.output_dir=parts --shard $i/3 >out.$i 2>&1 </dev/null &
        pids="${pids:-} $!"
    done
    for pid in $pids; do
        wait $pid || fail "a shard failed: $(cat out.?)"
    done
    [ "$(cat parts/results.persistent.24-tokens.seed-42.*-of-3.jsonl | wc -l)" = 30 ] ||
        fail "three shards are not the whole"
    expect 0 'written to' ./compare "$@" --evaluation.output_dir=parts --json parts.json
    same_as_whole parts.json "joined shards differ from the whole"
    [ ! -s parts/results.persistent.24-tokens.seed-42.jsonl ] || fail "joining ran a problem again"
}

shards_of_two_machines_are_joined() {
    for i in 1 2; do
        expect 0 'written to' ./compare "$@" --evaluation.output_dir=machine$i --shard $i/2
    done
    expect 0 'written to' ./compare "$@" --evaluation.output_dir=joined --from machine1 --from machine2 \
        --json joined.json
    same_as_whole joined.json "two machines' shards differ from the whole"
    [ "$(cat joined/results.*.jsonl | wc -l)" = 0 ] || fail "joining folders ran a problem again"
}

folders_that_do_not_belong_together_are_refused() {
    expect 1 'cannot be read' ./compare "$@" --evaluation.output_dir=joined --from nowhere
    expect 2 'under the name old' ./compare --methods old=persistent:ps.depth_decay=0.4 --evaluation.output_dir=other \
        --from machine1
    sed 's/"mean_answer_tokens": [0-9.]*/"mean_answer_tokens": 13/' machine2/summary.length.json >changed
    mv changed machine2/summary.length.json
    expect 2 'copy one summary.length.json' ./compare "$@" --evaluation.output_dir=joined --from machine1 --from machine2
}

a_length_that_is_known_is_not_measured() {
    expect 0 'One answer has 12.5 tokens' ./compare --methods best_of_n --budgets 4x --limit 5 --answer-tokens 12.5 \
        --evaluation.output_dir=given
    [ "$(ls given/results.*)" = given/results.best_of_n.50-tokens.seed-42.jsonl ] || fail "something else was drawn"
    expect 0 'One answer has 12.5 tokens' ./compare --methods best_of_n --budgets 4x --limit 5 \
        --evaluation.output_dir=given
    expect 2 'answers have 12.5 tokens in this comparison' ./compare --methods best_of_n --budgets 4x --limit 5 \
        --answer-tokens 13 --evaluation.output_dir=given
}

a_view_at_equal_cost_runs_nothing_again() {
    expect 2 'expected tokens, passes or seconds' ./compare "$@" --evaluation.output_dir=whole --per minutes
    before=$(cat whole/results.*.jsonl | cksum)
    for kind in passes seconds; do
        expect 0 "$kind a problem, as persistent 2x" ./compare "$@" --evaluation.output_dir=whole --per $kind --json view.json
        grep -q "\"at_equal_$kind\"" view.json || fail "the JSON does not have the view at equal $kind"
        [ "$before" = "$(cat whole/results.*.jsonl | cksum)" ] || fail "a view at equal $kind ran a cell again"
    done
    expect 0 'difference to the first' ./compare "$@" --evaluation.output_dir=whole --per tokens --json view.json
    same_as_whole view.json "--per tokens is not the comparison itself"
}

a_plot_is_drawn_into_a_file_of_any_name() {
    expect 0 'plot in' ./compare "$@" --evaluation.output_dir=whole --plot "it's a plot.svg"
    grep -q '<svg' "it's a plot.svg" || fail "the plot is not an SVG"
    drawn=$(grep -c 'class="point c' "it's a plot.svg")
    rows=$(grep -c '"method"' whole.json)
    [ "$drawn" = "$rows" ] || fail "$drawn points are drawn of $rows cells"
    # A PNG where librsvg is, and else words that say what to do.
    if ./compare "$@" --evaluation.output_dir=whole --plot plot.png >out 2>err; then
        head -c 4 plot.png | grep -q PNG || fail "the plot is not a PNG"
    else
        grep -q 'needs librsvg' err || fail "no word of what a PNG needs: $(cat err)"
    fi
}

# A failed run counts as wrong, so how many failed stands beside the share of the right ones; where none did there is no
# such column.
failed_problems_have_a_column() {
    grep -q 'failed' out && fail "a column of failures where none are"
    i=0
    while [ $i -lt 200 ]; do
        printf 'a long story '
        i=$((i + 1))
    done >long
    printf '{"problem": "%s", "answer": "1"}\n{"problem": "1 + 1?", "answer": "2"}\n' "$(cat long)" >failing.jsonl
    expect 1 '2 problems failed' "$P" compare --engine.type=toy --methods majority,greedy --budgets 40 \
        --evaluation.dataset_path=failing.jsonl --models.generator.max_model_len=120 --json failing.json \
        --evaluation.output_dir=failing
    grep -q '95% interval  *failed' out || fail "no column of failures"
    [ "$(grep -cE '^(greedy|majority) .* - [0-9.]+%  +1( |$)' out)" = 2 ] || fail "not one failure each"
    [ "$(grep -c '"errors": 1' failing.json)" = 2 ] || fail "the JSON does not count the failures"
}

wrong_arguments_are_named
a_plot_that_cannot_be_drawn_is_told_before_the_work
a_whole_comparison_leaves_a_file_for_each_run "$@"
failed_problems_have_a_column
a_length_that_is_known_is_not_measured
a_finished_comparison_does_no_work "$@"
progress_is_of_the_selection_that_is_asked_for
a_name_stands_for_one_configuration "$@"
more_can_be_asked_for_later
after_kill_9_the_same_command_goes_on "$@"
shards_side_by_side_in_one_folder_are_joined "$@"
shards_of_two_machines_are_joined "$@"
folders_that_do_not_belong_together_are_refused "$@"
a_view_at_equal_cost_runs_nothing_again "$@"
a_plot_is_drawn_into_a_file_of_any_name "$@"
finish
