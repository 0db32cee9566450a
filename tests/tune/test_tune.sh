#!/bin/sh
# persamp tune and persamp study: a search, its table, its winner, and what each mistake is told.
. "${PERSAMP_SOURCE:?}/tests/tune/common.sh"

# ---- A grid, from beginning to end
expect 0 "best: trial 5, generation.n_particles=4 method=persistent" "$P" tune --config space.yaml --held-out 50
grep -q "right on the 20 problems of the trials" out || fail "no accuracy on the problems of the trials"
grep -q "optimistic" out || fail "nothing is said of the optimism of a maximum"
grep -q "right on 50 problems that no trial saw" out || fail "no accuracy on other problems"
grep -q "shares of the variance over the grid" out || fail "no importance"
[ "$(grep -c '^trial [0-9]*: 20/20' err)" = 6 ] || fail "not a line for each of six trials"

# The same again has nothing to do, and says the same.
sed '/trials of this session/d' out >first
expect 0 "0 trials of this session" "$P" tune --config space.yaml --held-out 50
sed '/trials of this session/d' out | cmp -s first - || fail "a second call says something else"

# The winner's configuration is taken unchanged, gives the same accuracy on the same problems, and has no tuning.
expect 0 "persistent" "$P" eval --config best.yaml --limit 10
! grep -q '^tuning' best.yaml || fail "best.yaml has a section tuning"
grep -q '^method: persistent' best.yaml || fail "best.yaml is not the winner's"

# ---- What it says of a study
expect 0 "persamp" "$P" study ls
expect 0 "--generation.n_particles=4 --method=persistent" "$P" study best
expect 0 "5" "$P" study show
expect 0 "plot in pictures/pairs.svg" "$P" study show --plot pictures
for picture in history slices pairs; do
    grep -q '</svg>' pictures/$picture.svg || fail "no picture $picture"
done
complete=$("$P" study export --format csv | grep -ci '^[0-9]*,complete')
[ "$(grep -c '<circle class="point c0"' pictures/history.svg)" = "$complete" ] || fail "the history has not $complete complete trials"
grep -q '>persistent</text>' pictures/slices.svg || fail "a choice has no name in the slices"
"$P" study export --format csv >out 2>err || fail "no CSV"
[ "$(wc -l <out)" = 7 ] || fail "the CSV has not 7 lines"
grep -q '^number,state,accuracy,low,high,problems,correct,tokens_per_problem,generation.n_particles,method$' out || fail "another heading"
grep -q '^0,COMPLETE,0\.[0-9]*,0\.[0-9]*,0\.[0-9]*,20,[0-9]*,[0-9.]*,1,majority$' out || fail "another first line"
"$P" study export >out 2>err || fail "no JSON"
"$P" study export | python3 -c 'import json, sys; t = json.load(sys.stdin); assert len(t) == 6 and t[5]["params"]["method"] == "persistent"' 2>/dev/null ||
    ! command -v python3 >/dev/null || fail "the JSON is not what it should be"
expect 2 "say --yes" "$P" study rm
holds "a study is removed" "$P" study rm --yes
expect 2 'no study "persamp"' "$P" study show
expect 2 "did you mean show" "$P" study sho
expect 2 "say what to do" "$P" study
expect 1 "no such study file" "$P" study ls --study nowhere.db

# ---- Keys that cannot act make no trials
printf 'tuning: {search_space: {power_mcmc.alpha: [2, 4]}}\n' >more.yaml
expect 0 "1 of 2 points differ from others only in keys that cannot act" \
    tune --config more.yaml --study folded.db --name folded
[ "$("$P" study ls --study folded.db | awk 'NR == 2 { print $2 }')" = 1 ] || fail "not one trial of two points that are one"

# ---- Which samples are read how costs nothing
cat >select.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
method: persistent
generation: {n_particles: 4}
tuning: {validation_samples: 20, search_space: {answer.select: [best, majority, weighted]}}
YAML
expect 0 "40 results were there already" "$P" tune --config select.yaml --study select.db --held-out 0

# ---- Keys that only read samples are tried on those that exist: the model draws the first trial's and no more, and every
# trial is what it is when it is drawn for itself.
cat >votes.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
models: {prm: {enabled: true}}
method: weighted_majority
generation: {n_particles: 5}
scoring: {length_prior: {type: geometric, weight: 0}}
tuning:
  validation_samples: 20
  search_space:
    weighted_majority.weights: [score, prm, logprob]
    scoring.params.tau: [0.3, 3]
    scoring.length_prior.weight: [0, 1]
YAML
votes() { "$P" tune --config votes.yaml --held-out 0 "$@"; }
drawn() { sed -n 's/.*the model generated \([0-9]*\) tokens.*/\1/p' out; }
expect 0 "220 more were read off samples that were" votes --study votes.db
all=$(drawn)
"$P" study export --study votes.db --format csv >votes.csv
expect 0 "0 more were read off samples" votes --study one.db --tuning.search_space='{weighted_majority.weights: [score]}' --scoring.params.tau=0.3
[ -n "$all" ] && [ "$all" = "$(drawn)" ] || fail "twelve trials that read the same samples draw $all tokens, one of them $(drawn)"
for weights in score prm logprob; do
    expect 0 "best" votes --study $weights.db --scoring.params.tau=3 --scoring.length_prior.weight=1 --tuning.search_space="{weighted_majority.weights: [$weights]}"
    "$P" study export --study $weights.db --format csv | sed -n '2s/^0,\(.*\),[a-z]*$/\1/p' >alone
    grep ",1,3,$weights\$" votes.csv | cut -d , -f 2-8 | cmp -s alone - || fail "$weights read off samples is not what it is when drawn: $(cat alone)"
done
expect 0 "the model generated 0 tokens" votes --study votes.db --name again --tuning.search_space='{answer.select: [best], scoring.params.tau: [7]}'
# Another proposal draws anew.
expect 0 "0 more were read off samples" votes --study votes.db --name warm --tuning.search_space='{generation.n_particles: [6, 7]}'

# ---- Problems that a configuration was tuned on are known again, wherever they stand
problems 60
toy_tune() { "$P" tune --engine.type=toy --evaluation.dataset_path=problems.jsonl --tuning.validation_samples=20 --tuning.search_space='{method: [majority, greedy]}' --held-out 5 --study known.db --best known.yaml "$@"; }
expect 0 "best" toy_tune
expect 0 "20 of the 60 problems are of those that this configuration was tuned on" "$P" eval --config known.yaml --evaluation.output_dir=known
sed '1!G;h;$!d' problems.jsonl >backwards.jsonl
expect 0 "20 of the 60 problems are of those" "$P" eval --config known.yaml --evaluation.dataset_path=backwards.jsonl --evaluation.output_dir=backwards
printf '{"problem": "Something else?", "answer": "1"}\n' >else.jsonl
"$P" eval --config known.yaml --evaluation.dataset_path=else.jsonl --evaluation.output_dir=else >out 2>err || fail "other problems"
! grep -q "tuned on" out || fail "problems that nobody tuned on are said to have been"
# Who tunes from there keeps them in mind.
expect 0 "best" "$P" tune --config known.yaml --tuning.validation_samples=10 --tuning.validation_seed=3 --held-out 0 --study known.db --name later --best later.yaml --tuning.search_space='{method: [majority, greedy]}'
[ "$(grep 'tuned_on:' later.yaml | tr ',' '\n' | wc -l)" = 30 ] || fail "what it was tuned on before is forgotten"

# ---- Random and bayesian: as many as asked, none twice, the same every time
cat >ranges.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
method: persistent
tuning:
  validation_samples: 10
  n_trials: 14
  search_space:
    generation.n_particles: {min: 2, max: 16}
    ps.temperature_schedule.target_ess: {min: 0.1, max: 0.9, step: 0.1}
    scoring.params.tau: {min: 0.1, max: 10, log: true}
    ps.weights: [lineage, balance]
YAML
for method in random bayesian; do
    for copy in a b; do
        "$P" tune --config ranges.yaml --tuning.method=$method --study $method-$copy.db --held-out 0 >out 2>err || fail "$method ends with $?"
        "$P" study export --study $method-$copy.db --format csv >$method-$copy.csv
    done
    cmp -s $method-a.csv $method-b.csv || fail "$method is not the same twice"
    [ "$(wc -l <$method-a.csv)" = 15 ] || fail "$method makes not 14 trials"
    [ "$(cut -d , -f 9- $method-a.csv | sort -u | wc -l)" = 15 ] || fail "$method tries a point twice"
done
cut -d , -f 10 random-a.csv | tail -n +2 | grep -qvE '^0\.[1-9]$' && fail "steps of 0.1 are written otherwise"
cmp -s random-a.csv bayesian-a.csv && fail "bayesian is random"
# The reference's own command line, on a space that has fewer points than trials: all are tried, and it is said.
expect 0 "the space has 6 different points: all are tried" tune --tuning.enabled=true --tuning.method=random --tuning.n_trials=100 --study few.db
[ "$("$P" study export --study few.db --format csv | wc -l)" = 7 ] || fail "not all six points, or some twice"

# ---- Several objectives
expect 0 "tokens" tune --tuning.metric='[accuracy, tokens]' --study front.db
"$P" study best --study front.db >out
[ "$(wc -l <out)" -ge 2 ] || fail "no front of accuracy and tokens"
"$P" study show --study front.db | grep -c ' front$' | cmp -s - <<EOF || fail "the table does not show the front"
$(wc -l <out)
EOF
expect 0 "trials are on the Pareto front" tune --tuning.metric='[accuracy, tokens]' --study front.db
expect 0 "Pareto front" "$P" tune --config ranges.yaml --tuning.method=bayesian --tuning.n_trials=16 --tuning.metric='[accuracy, tokens]' --study front.db --name tpe --held-out 0
expect 2 "tuning.pruning does not go with several objectives" tune --tuning.metric='[accuracy, tokens]' --tuning.pruning=true
expect 2 "tuning.halving does not go with several objectives" tune --tuning.metric='[accuracy, tokens]' --tuning.halving=true
expect 2 "tuning.pruning compares right answers" tune --tuning.metric=brier --tuning.pruning=true

# ---- Stopping early
expect 0 "stopped early" tune --tuning.halving=true --study halved.db --tuning.validation_samples=90
"$P" study export --study halved.db --format csv >out
grep -q '^[0-9]*,PRUNED,[0-9.]*,[0-9.]*,[0-9.]*,\(10\|30\),' out || fail "halving stops at other rungs than a ninth and a third"
expect 0 "best: trial" tune --tuning.pruning=true --study pruned.db --tuning.validation_samples=200
"$P" study export --study pruned.db --format csv >out
grep -q ',COMPLETE,' out || fail "pruning leaves no complete trial"

# ---- Mistakes
expect 2 "tuning.search_space is empty" "$P" tune --engine.type=toy
expect 2 "did you mean generation.n_particles" "$P" tune --tuning.search_space='{generation.n_particle: [1]}'
expect 2 "the list is empty" "$P" tune --tuning.search_space='{generation.n_particles: []}'
expect 2 "upside down" "$P" tune --tuning.search_space='{generation.n_particles: {min: 4, max: 2}}'
expect 2 "found many, expected an integer" "$P" tune --tuning.search_space='{generation.n_particles: [many]}'
for key in evaluation.output_dir models.generator.model_path engine.type system.seed logging.file_path; do
    value=$([ $key = system.seed ] && echo 1 || echo llama)
    expect 2 "$key may not be tuned" "$P" tune --tuning.search_space="{$key: [$value]}"
done
expect 2 "a grid needs a step" "$P" tune --tuning.search_space='{scoring.params.tau: {min: 1, max: 2}}'
expect 2 "the grid has 1000000000 points; say --yes" "$P" tune --engine.type=toy --tuning.search_space='{generation.n_particles: {min: 1, max: 1000},
    generation.max_steps: {min: 1, max: 1000}, generation.top_k: {min: 1, max: 1000}}'
expect 2 "20000 points; say --yes" "$P" tune --engine.type=toy --tuning.search_space='{generation.n_particles: {min: 1, max: 20000}}'
expect 0 "the most expensive value will look best" tune --study costly.db
expect 0 "majority" tune --study cheap.db --ps.budget.max_tokens=200
! grep -q "most expensive" err || fail "a budget costs, and it is not seen"

# Another space, data set or configuration under the same name: the difference is shown.
expect 0 "best" tune --study same.db
expect 2 'space: "{generation.n_particles: [1, 2], method: [majority, persistent]}"' \
    tune --study same.db --tuning.search_space='{generation.n_particles: [1, 2], method: [majority, persistent]}'
expect 2 "validation_seed: 7, was 42" tune --study same.db --tuning.validation_seed=7
expect 2 "engine.toy.epsilon: 0.3" tune --study same.db --engine.toy.epsilon=0.3
expect 2 "choose another name with --name NAME" tune --study same.db --tuning.metric=brier
expect 0 "best" tune --study same.db --name other --tuning.metric=brier

# Databases that are none.
printf 'not a database, and long enough to be looked at as one: %0200d\n' 0 >text.db
expect 2 "no SQLite database" tune --study text.db
expect 1 "not a regular file" tune --study .
expect 1 "there is no such study file" "$P" study ls --study none.db
if command -v sqlite3 >/dev/null; then
    sqlite3 foreign.db 'CREATE TABLE people (name TEXT)'
    expect 2 "not one of studies" tune --study foreign.db
    [ "$(sqlite3 foreign.db 'PRAGMA journal_mode')" = delete ] || fail "somebody's database was changed"
    [ "$(sqlite3 foreign.db '.tables')" = people ] || fail "tables were made in somebody's database"
    cp same.db older.db
    sqlite3 older.db 'UPDATE version_info SET schema_version = 11'
    expect 2 "schema version 11; this persamp understands version 12" tune --study older.db
    expect 1 "schema version 11" "$P" study ls --study older.db
    cp same.db damaged.db
    dd if=/dev/zero of=damaged.db bs=4096 seek=1 count=40 conv=notrunc 2>/dev/null
    "$P" study show --study damaged.db >out 2>err </dev/null && fail "a damaged database is shown"
    grep -qE 'damaged|malformed|not one of studies|no study' err || fail "nothing is said of the damage"
fi
"$P" study ls --study postgresql://me:secret@127.0.0.1/x >out 2>err </dev/null && fail "a URL with a password is taken"
grep -qE 'leave the password out|built without libpq' err || fail "nothing is said of the password"
! grep -q secret out err || fail "a password is printed"

# ---- A database that another process holds: it is said, waited for, and gone on with
if command -v sqlite3 >/dev/null; then
    cp same.db held.db
    mkfifo hold
    : >held.out
    sqlite3 held.db <hold >sqlite.out 2>&1 &
    exec 3>hold
    printf 'BEGIN EXCLUSIVE;\n.shell echo held >>held.out\n' >&3
    until grep -q held held.out; do :; done
    tune --study held.db --name held >out 2>err &
    worker=$!
    until grep -q "another process holds the lock of this database: waiting for it" err; do kill -0 $worker 2>/dev/null || break; done
    kill -0 $worker 2>/dev/null || fail "a locked database ends the worker: $(cat err)"
    printf 'COMMIT;\n' >&3
    wait $worker || fail "a worker does not outlive a lock: $(tail -n 1 err)"
    grep -q "the database is free again" err || fail "it is not said that the lock is free"
    [ "$("$P" study export --study held.db --name held --format csv | grep -c ,COMPLETE,)" = 6 ] || fail "not all trials after the lock"
    # Ctrl-C ends the waiting.
    printf 'BEGIN EXCLUSIVE;\n.shell echo again >>held.out\n' >&3
    until grep -q again held.out; do :; done
    "$P" tune --config space.yaml --held-out 0 --study held.db --name never >out 2>never &
    worker=$!
    until grep -q "another process holds the lock" never 2>/dev/null; do kill -0 $worker 2>/dev/null || break; done
    kill -INT $worker
    wait $worker
    [ $? = 130 ] || fail "Ctrl-C does not end the waiting for a lock"
    exec 3>&-
    wait
fi

# eval says which command tunes.
expect 0 'tuning.enabled (command line) has no effect: `persamp tune` is the command that tunes' \
    "$P" eval --engine.type=toy --engine.toy.kind=synthetic --limit 2 --tuning.enabled=true
! "$P" tune --config space.yaml --tuning.enabled=true --study said.db --held-out 0 2>&1 | grep -q 'has no effect' || fail "tune says that tuning has no effect"

finish
