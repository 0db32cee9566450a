#!/bin/sh
# Workers that are killed, stopped and gone on with: nothing is lost but the problem in hand, and nothing is done twice.
. "${PERSAMP_SOURCE:?}/tests/tune/common.sh"

cat >long.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
method: majority
tuning:
  validation_samples: 200
  search_space:
    generation.n_particles: [1, 2, 3, 4, 5, 6]
    method: [majority, persistent]
YAML
work() { "$P" tune --config long.yaml --held-out 0 --lease 0.5 "$@"; }
csv() { "$P" study export --format csv --study "$1"; }

work --study whole.db >out 2>err || fail "a run in one go"
csv whole.db >whole.csv

# ---- kill -9 at 30 moments. Whenever they fall, what is done after them must be the same.
for moment in 02 03 05 07 09 11 13 17 19 23 02 03 05 07 09 11 13 17 19 23 04 06 08 10 12 14 16 18 20 22; do
    "$P" tune --config long.yaml --held-out 0 --lease 0.5 --study killed.db >out 2>err & # no function: its shell would be killed
    worker=$!
    sleep 0.$moment
    kill -9 $worker 2>/dev/null
    wait $worker 2>/dev/null
    ! kill -0 $worker 2>/dev/null || fail "it lives on"
    [ ! -e killed.db ] || ! command -v sqlite3 >/dev/null || [ "$(sqlite3 killed.db 'PRAGMA integrity_check')" = ok ] || fail "the database is damaged after 0.$moment s"
done
expect 0 "best: trial" work --study killed.db
csv killed.db | cmp -s - whole.csv || fail "after 30 kills another table: $(csv killed.db | diff - whole.csv | head -n 4)"
if command -v sqlite3 >/dev/null; then
    [ "$(sqlite3 killed.db 'SELECT count(*) FROM persamp_results')" = "$(sqlite3 whole.db 'SELECT count(*) FROM persamp_results')" ] || fail "another number of results"
    [ "$(sqlite3 killed.db 'SELECT count(*) FROM persamp_leases')" = 0 ] || fail "leases are left"
fi

# ---- Ctrl-C: the next call takes the trial up at once, without waiting for the lease
cat >one.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
method: persistent
tuning: {validation_samples: 3000, search_space: {generation.n_particles: [8]}}
YAML
one() { "$P" tune --config one.yaml --held-out 0 "$@"; }
# The worker $1 is on its trial in the study $2, or over.
on_its_trial() { until "$P" study ls --study $2 2>/dev/null | awk 'NR == 2 && $4 == 1 { there = 1 } END { exit !there }'; do kill -0 $1 2>/dev/null || return; done; }
"$P" tune --config one.yaml --held-out 0 --study interrupted.db --lease 600 >out 2>err &
worker=$!
on_its_trial $worker interrupted.db
kill -INT $worker
wait $worker
[ $? = 130 ] || fail "an interrupted worker does not end with 130"
grep -q "To go on" err || fail "nothing is said of how to go on"
expect 0 " 1 taken over" one --study interrupted.db --lease 600

# ---- Two workers at once do no trial twice
work --study two.db --best a.yaml >out1 2>err1 &
first=$!
work --study two.db --best b.yaml >out2 2>err2 || fail "the second worker"
wait $first || fail "the first worker"
csv two.db | cmp -s - whole.csv || fail "two workers make another table"
made=$(cat out1 out2 | sed -n 's/^\([0-9]*\) trials of this session.*/\1/p' | awk '{ n += $1 } END { print n }')
[ "$made" = 12 ] || fail "two workers made $made trials of 12"

# ---- A worker that sleeps beyond its lease finds out that its trial is another's
"$P" tune --config one.yaml --held-out 0 --study sleepy.db --lease 0.5 --best a.yaml >out1 2>err1 &
worker=$!
on_its_trial $worker sleepy.db
kill -STOP $worker
expect 0 "1 taken over" one --study sleepy.db --lease 0.5 --best b.yaml
kill -CONT $worker
wait $worker || fail "the worker that slept"
grep -q "another worker has taken it over" err1 || fail "the worker that slept does not find out"
[ "$(csv sleepy.db | wc -l)" = 2 ] || fail "more than one trial"
csv sleepy.db | grep -q '^0,COMPLETE,.*,3000,' || fail "the trial is not complete"

finish
