#!/bin/sh
# A run goes on only with what is its own: its problems as they are now, its seed, its method, its models, its folder. What
# failed is tried again. Each function is a story.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

problems 12
cp problems.jsonl as_it_was.jsonl

# made FOLDER: a finished run of 12 problems.
made() {
    cp as_it_was.jsonl problems.jsonl
    rm -rf "$1"
    toy_eval --evaluation.output_dir="$1" --baselines greedy >out 2>err || fail "the run of $1"
}

# refused FOLDER WORD ARGUMENT…: going on is refused with the word, and the folder's results stay as they are.
refused() {
    folder=$1
    word=$2
    shift 2
    cat "$folder"/results* | cksum >before
    expect 2 "$word" toy_eval --evaluation.output_dir="$folder" --baselines greedy "$@"
    cat "$folder"/results* | cksum | cmp -s - before || fail "a refused run changed the results of $folder"
}

# failed_lines FILE N…: the lines of these problems say that they failed.
failed_lines() {
    file=$1
    shift
    for index in "$@"; do
        sed -i "/^{\"problem_idx\":$index,/s/\"error\":null/\"error\":\"no memory\"/" "$file"
    done
}

# finished FILE: its lines without those that failed, as results_of.
finished() {
    results_of "$1" | grep -v '"error":"'
}

# accuracy FOLDER: of the first method, in its summary.
accuracy() {
    sed -n 's/^ *"accuracy": \(.*\),/\1/p' "$1/summary.json" | head -n 1
}

another_data_set_under_the_same_name_is_refused() {
    made o
    sed -i '5s/number 4/number four/' problems.jsonl
    refused o 'of problem 4 the problem differs'
    grep -qF '"…f the two is it, number four?", was "…f the two is it, number 4?"' err || fail "the values are not shown"
    grep -qE '^persamp: o/results.jsonl:[0-9]+: ' err || fail "the line is not named"
    grep -q -e --fresh err || fail "--fresh is not mentioned"
    cp as_it_was.jsonl problems.jsonl
    sed -i '5s/"answer": "[0-9]*"/"answer": "9"/' problems.jsonl
    refused o 'of problem 4 the ground_truth differs'
    sed -n '1!G;h;$p' as_it_was.jsonl >problems.jsonl # the last line first
    refused o 'differs'
    { head -n 1 as_it_was.jsonl | sed s/0/new/ && cat as_it_was.jsonl; } >problems.jsonl
    refused o 'differs'
    sed 's/^{/{"unique_id": "a", /' as_it_was.jsonl >problems.jsonl
    refused o 'the unique_id differs'
    sed 's/Which of the two/Which/' as_it_was.jsonl >problems.jsonl
    refused o 'the problem differs'
    sed 5d as_it_was.jsonl >problems.jsonl
    refused o 'differs'
    sed '5s/problem/q/' as_it_was.jsonl >problems.jsonl # one that cannot be used any more
    refused o 'has no usable problem 4 now'
    head -n 7 as_it_was.jsonl >problems.jsonl
    refused o 'has no usable problem'
    cp as_it_was.jsonl problems.jsonl # what lies outside the chosen part is looked at, too
    sed -i '5s/number 4/number four/' problems.jsonl
    refused o 'of problem 4 the problem differs' --limit 3
    # a data set that only grew is the same
    { cat as_it_was.jsonl && echo '{"problem": "And another?", "answer": "1"}'; } >problems.jsonl
    expect 0 '12 of 13 problems are done already' toy_eval --evaluation.output_dir=o
    cp as_it_was.jsonl problems.jsonl
}

lines_without_a_record_are_refused() {
    made o
    mv o/config.yaml kept.yaml
    refused o 'no config.yaml' --system.seed=43
    refused o 'no config.yaml'
    refused o 'no config.yaml' --fresh
    cp kept.yaml o/config.yaml
    expect 0 '12 of 12' toy_eval --evaluation.output_dir=o
    # nor does a record make lines of another seed or method its own
    sed -i 's/"seed":42/"seed":41/' o/results.greedy.jsonl
    refused o 'of problem 0 the seed differs'
    made o
    sed -i 's/"method":"persistent"/"method":"beam"/' o/results.jsonl
    refused o '"persistent", was "beam"'
}

# Who mends one file should not wait for the next: all that is there of another run is told at once.
every_file_of_another_run_is_told_at_once() {
    made o
    sed -i 's/"seed":42/"seed":41/' o/results.jsonl
    sed -i '2s/"method":"greedy"/"method":"beam"/' o/results.greedy.jsonl
    refused o 'o/results.jsonl:1: this line is of another run: of problem 0 the seed differs'
    grep -q 'and 11 more lines of this file' err || fail "the other lines are not counted"
    grep -q 'o/results.greedy.jsonl:2: .* of problem 1 the method differs' err || fail "the second file is not told"
    [ "$(grep -c 'start over with --fresh' err)" = 1 ] || fail "the advice is not there once"
    printf 'mine\n' >o/results.jsonl
    expect 1 'o/results.jsonl:1: not a result line' toy_eval --evaluation.output_dir=o --baselines greedy
    grep -q 'o/results.greedy.jsonl:2' err || fail "the second file is not told beside what is no result"

    rm -rf c
    expect 0 'written to' compare --evaluation.output_dir=c
    sed -i 's/"seed":42/"seed":41/' c/results.persistent.*.jsonl c/results.greedy.jsonl c/results.best_of_n.*.jsonl
    cat c/results* | cksum >before
    expect 2 'c/results.persistent..*:1: .*the seed differs' compare --evaluation.output_dir=c
    [ "$(grep -c 'the seed differs' err)" = 3 ] || fail "not all three files are told"
    cat c/results* | cksum | cmp -s - before || fail "a refused comparison changed its results"
    sed -i 's/temperature: 0.7/temperature: 0.8/' c/config.persistent.yaml c/config.best_of_n.yaml
    expect 2 'c/config.persistent.yaml: this folder has results of another' compare --evaluation.output_dir=c
    [ "$(grep -c 'generation.temperature' err)" = 2 ] || fail "not both configurations are told"
}

compare() {
    "$P" compare --engine.type=toy --evaluation.dataset_path=problems.jsonl --methods persistent,majority,greedy \
        --budgets 40 "$@"
}

# not_joined WORD ARGUMENT…
not_joined() {
    word=$1
    shift
    rm -rf joined
    expect 2 "$word" compare --evaluation.output_dir=joined "$@"
    [ "$(cat joined/results.*.jsonl 2>/dev/null | wc -l)" = 0 ] || fail "a refused comparison ran a problem"
}

comparisons_and_shards_join_only_what_is_theirs() {
    cp as_it_was.jsonl problems.jsonl
    for i in 1 2; do
        expect 0 'written to' compare --evaluation.output_dir=c$i --shard $i/2
    done
    cp -r c2 other
    sed -i '6s/"answer": "[0-9]*"/"answer": "9"/' problems.jsonl
    not_joined 'of problem 5 the ground_truth differs' --from c1 --from c2
    expect 2 'of problem 5 the ground_truth differs' compare --evaluation.output_dir=c2 --shard 2/2
    expect 2 'of problem 5 the ground_truth differs' compare --evaluation.output_dir=c2
    cp as_it_was.jsonl problems.jsonl
    sed -i 's/"seed":42/"seed":43/' other/results.persistent.*.jsonl
    not_joined 'the seed differs' --from c1 --from other
    rm -rf other && cp -r c2 other && rm other/config.persistent.yaml
    not_joined 'no config.persistent.yaml' --from c1 --from other
    rm -rf other && cp -r c2 other && rm other/config.greedy.yaml
    sed -i 's/temperature: 0.7/temperature: 0.8/' other/config.yaml
    not_joined 'no config.greedy.yaml' --from c1 --from other
    expect 0 'written to' compare --evaluation.output_dir=joined --from c1 --from c2
    expect 0 'written to' compare --evaluation.output_dir=whole --json whole.json
    sed 's/"seconds": [^,]*//' whole.json >expected
    sed 's/"seconds": [^,]*//' joined/summary.compare.json | cmp -s - expected || fail "what was joined differs"
    # a line that failed in a shard is solved where they are joined, and counts once
    failed_lines "$(echo c1/results.persistent.*-tokens.seed-42.1-of-2.jsonl)" 0 4
    rm -rf joined
    expect 0 'written to' compare --evaluation.output_dir=joined --from c1 --from c2
    sed 's/"seconds": [^,]*//' joined/summary.compare.json | cmp -s - expected || fail "what was tried again differs"
    [ "$(cat joined/results.persistent.*.jsonl | wc -l)" = 2 ] || fail "not 2 problems were tried again"
    # a baseline of an evaluation is greedy's run
    rm -rf shared
    expect 0 '' toy_eval --evaluation.output_dir=shared --baselines greedy
    expect 0 'written to' compare --evaluation.output_dir=shared
    [ "$(wc -l <shared/results.greedy.jsonl)" = 12 ] || fail "greedy was run again"
}

a_failed_problem_is_tried_again() {
    made o
    finished o/results.jsonl >expected
    accuracy o >before
    failed_lines o/results.jsonl 2 3 11
    expect 0 '9 of 12 problems are done already' toy_eval --evaluation.output_dir=o
    [ "$(wc -l <o/results.jsonl)" = 15 ] || fail "not 3 lines more"
    finished o/results.jsonl | cmp -s - expected || fail "what was tried again differs"
    accuracy o | cmp -s - before || fail "a problem counts twice"
    grep -q '"problems": 12' o/summary.json && grep -q '"errors": 0' o/summary.json || fail "the summary counts failures"
    expect 0 '12 of 12 problems are done already' toy_eval --evaluation.output_dir=o --evaluation.output_format=json
    [ "$(wc -l <o/results.jsonl)" = 15 ] || fail "a finished problem was run again"
    [ "$(grep -c problem_idx o/results.json)" = 12 ] || fail "the array has not 12 problems"
    sed -n 's/^\({.*}\),*$/\1/p' o/results.json >lines
    results_of lines | cmp -s - expected || fail "the array has lines that no longer count"
    # what fails each time counts once, as wrong, and is named
    i=0
    while [ $i -lt 200 ]; do
        printf 'a long story '
        i=$((i + 1))
    done >long
    printf '{"problem": "%s", "answer": "1"}\n' "$(cat long)" >long.jsonl
    head -n 3 as_it_was.jsonl >>long.jsonl
    for lines in 4 5 6; do
        expect 1 '1 problem failed' toy_eval --evaluation.dataset_path=long.jsonl --evaluation.output_dir=l \
            --models.generator.max_model_len=120
        [ "$(wc -l <l/results.jsonl)" = $lines ] || fail "not $lines lines"
        grep -q '"problems": 4' l/summary.json && grep -q '"errors": 1' l/summary.json || fail "not 1 of 4 failed"
    done
}

a_run_goes_on_from_another_folder() {
    cp as_it_was.jsonl problems.jsonl
    made whole
    rm -rf old new
    expect 0 '' toy_eval --evaluation.output_dir=old --limit 3 --baselines greedy
    failed_lines old/results.jsonl 1
    printf '{"problem_idx":9,"pro' >>old/results.jsonl # another run may be writing there
    cat old/* | cksum >before
    expect 0 '2 of 5 problems are done already' toy_eval --evaluation.output_dir=new --limit 5 --baselines greedy \
        --evaluation.resume_from=old
    [ "$(cat new/results.jsonl | wc -l)" = 5 ] || fail "not everything is in the new folder"
    cat old/* | cksum | cmp -s - before || fail "what was only to be read was written"
    rm -rf old
    expect 0 '5 of 12 problems are done already' toy_eval --evaluation.output_dir=new --baselines greedy
    for file in results.jsonl results.greedy.jsonl; do
        finished whole/$file >expected
        finished new/$file | cmp -s - expected || fail "$file: going on from another folder gives other results"
    done
    # the same once more, a file instead of its folder, the same folder, a folder of another configuration
    expect 0 '12 of 12' toy_eval --evaluation.output_dir=new --evaluation.resume_from=whole
    [ "$(wc -l <new/results.jsonl)" = 12 ] || fail "finished lines were copied beside those that are there"
    rm -rf new
    expect 0 '12 of 12' toy_eval --evaluation.output_dir=new --evaluation.resume_from=whole/results.jsonl
    expect 0 '12 of 12' toy_eval --evaluation.output_dir=new --evaluation.resume_from=./new
    expect 2 'generation.temperature' toy_eval --evaluation.output_dir=warm --generation.temperature=0.3 \
        --evaluation.resume_from=whole
    [ ! -e warm ] || fail "a refused run made a folder"
    sed -i '5s/number 4/number four/' problems.jsonl
    expect 2 'whole/results.jsonl:' toy_eval --evaluation.output_dir=newer --evaluation.resume_from=whole
    cp as_it_was.jsonl problems.jsonl
    # a comparison, with its times and the length of an answer
    rm -rf old newer
    expect 0 'written to' compare --evaluation.output_dir=old
    expect 0 'written to' compare --evaluation.output_dir=newer --evaluation.resume_from=old
    for file in old/results.persistent.*.jsonl old/results.best_of_n.*.jsonl old/results.greedy.jsonl \
        old/summary.length.json old/summary.persistent.*.json; do
        cmp -s "$file" "newer/${file#old/}" || fail "$file was not taken over"
    done
    rm -rf old
    expect 0 'written to' compare --evaluation.output_dir=newer
}

a_folder_of_somebody_else_is_left_alone() {
    mkdir h6 && printf '[{"my": "results"}]' >h6/results.jsonl
    refused h6 'results.jsonl'
    mkdir h5
    for file in results_of_my_thesis.jsonl config.prod.yaml notes.tmp summary_mine.json; do
        echo mine >h5/$file
    done
    expect 0 '' toy_eval --evaluation.output_dir=h5 --limit 3 --fresh
    expect 0 '' toy_eval --evaluation.output_dir=h5 --limit 3 --fresh
    [ "$(cat h5/results_of_my_thesis.jsonl h5/config.prod.yaml h5/notes.tmp h5/summary_mine.json | grep -c mine)" = 4 ] ||
        fail "--fresh removed what persamp never wrote"
    # in a folder that is ours, too, what is not the beginning of a line is no torn line
    printf '[{"my": "results"}]' >h5/results.jsonl
    expect 1 'h5/results.jsonl:1: not a result line' toy_eval --evaluation.output_dir=h5 --limit 3
    [ "$(cat h5/results.jsonl)" = '[{"my": "results"}]' ] || fail "a foreign file was emptied"
}

no_link_is_written_through() {
    rm -rf o && mkdir o
    echo precious >precious
    ln -s ../precious o/config.yaml # what it points to is not ours either
    expect 2 'not written by persamp' toy_eval --evaluation.output_dir=o --limit 3
    rm o/config.yaml
    expect 0 '' toy_eval --evaluation.output_dir=o --limit 3
    for file in results.jsonl .lock; do
        rm o/$file
        ln -s ../precious o/$file
        expect 1 'a link is not written through' toy_eval --evaluation.output_dir=o --limit 3
        rm o/$file
    done
    ln -s ../precious o/summary.json.old
    rm o/summary.json
    ln -s ../precious o/summary.json # replaced by a file
    expect 0 '' toy_eval --evaluation.output_dir=o --limit 3
    [ ! -L o/summary.json ] || fail "the link is still there"
    # names that can be known before, as an earlier version had them
    sh -c 'for name in config.yaml summary.json; do ln -s ../precious o/$name.$$.tmp; done
        exec "$@"' sh "$P" eval --engine.type=toy --evaluation.dataset_path=problems.jsonl --limit 3 \
        --evaluation.output_dir=o >out 2>err || fail "the run beside links"
    ln -s precious link.json
    expect 1 'a link is not written through' compare --limit 3 --evaluation.output_dir=c --json link.json
    compare --limit 3 --evaluation.output_dir=c --json /dev/stdout 2>err </dev/null | cat >out # a pipe is no file
    grep -q '"cells"' out || fail "--json /dev/stdout was not written"
    [ "$(cat precious)" = precious ] || fail "a file was written through a link"
    mkfifo o/results.greedy.jsonl # nobody reads it, and nobody is waited for
    expect 1 'not a regular file' toy_eval --evaluation.output_dir=o --limit 3 --baselines greedy
}

# slow FOLDER COMMAND…: while a run with much to do writes there, the command is run once three lines are there.
slow() {
    folder=$1
    shift
    rm -rf "$folder"
    "$P" eval --engine.type=toy --evaluation.dataset_path=many.jsonl --generation.n_particles=192 --ps.refill=true \
        --ps.budget.max_iterations=30 --evaluation.parallel_problems=2 --evaluation.output_dir="$folder" \
        >out 2>err </dev/null &
    pid=$!
    while [ "$(cat "$folder/results.jsonl" 2>/dev/null | wc -l)" -lt 3 ] && kill -0 $pid 2>/dev/null; do sleep 0.02; done
    "$@"
    wait $pid
    got=$?
    [ $got = 1 ] || fail "$*: exit code $got, not 1"
    grep -q 'was removed\|was moved or replaced' err || fail "$*: not said"
    grep -q "$folder/results.jsonl" err || fail "$*: the file is not named"
}

a_folder_that_is_taken_away_ends_the_run() {
    i=0
    while [ $i -lt 2000 ]; do
        cat as_it_was.jsonl
        i=$((i + 12))
    done >many.jsonl
    slow gone rm -rf gone
    [ ! -e gone ] || [ "$(find gone -type f | wc -l)" = 0 ] || fail "something was written into a folder made anew"
    slow gone mv gone elsewhere
    [ "$(wc -l <elsewhere/results.jsonl)" -lt 2000 ] || fail "the run did not end"
}

what_is_not_known_is_null() {
    expect 0 '"ground_truth":null' "$P" solve --engine.type=toy --json 'heads?'
    for key in correct correct_best correct_majority correct_weighted correct_prm_weighted; do
        grep -q "\"$key\":null" out || fail "$key is not null"
    done
    expect 0 '"correct":false' "$P" solve --engine.type=toy --json --gold 7 'x'
}

another_data_set_under_the_same_name_is_refused
lines_without_a_record_are_refused
comparisons_and_shards_join_only_what_is_theirs
a_failed_problem_is_tried_again
a_run_goes_on_from_another_folder
a_folder_of_somebody_else_is_left_alone
no_link_is_written_through
a_folder_that_is_taken_away_ends_the_run
what_is_not_known_is_null
finish
