#!/bin/sh
# Optuna reads our studies, and we its; both work on one at the same time. Left out, with a line, where Optuna is not
# installed (tools/get-optuna).
. "${PERSAMP_SOURCE:?}/tests/tune/common.sh"

if ! optuna_there; then
    echo "left out: no optuna in $PY; tools/get-optuna installs it"
    exit 0
fi
HERE=sqlite:///study.db

# ---- Ours, read by Optuna
expect 0 "best: trial 5" tune
optuna load $HERE persamp >out || fail "Optuna does not read our study"
grep -q '^5 COMPLETE \[1.0\] {"generation.n_particles": 4, "method": "persistent"} {"3": [0-9.]*, "7": [0-9.]*, "20": 1.0}$' out || fail "another trial 5 is read"
grep -qx 'best {"generation.n_particles": 4, "method": "persistent"} 1.0' out || fail "another best trial is read"
grep -qx "metrics \['accuracy'\]" out || fail "Optuna does not know what the objective is called: $(grep metrics out)"
expect 0 "best" tune --tuning.metric='[accuracy, tokens]' --name front
optuna load $HERE front >theirs || fail "Optuna does not read a study of two objectives"
"$P" study best --name front >ours
grep -qx "metrics \['accuracy', 'tokens'\]" theirs || fail "Optuna does not know what two objectives are called"
grep -qx "front $(wc -l <ours)" theirs || fail "another front: $(cat theirs)"

# ---- Optuna's, read by us: beside ours, and in a database that only Optuna used
optuna make $HERE theirs >theirs || fail "Optuna makes no study beside ours"
expect 0 optuna "$P" study ls
"$P" study export --name theirs --format csv >out
[ "$(wc -l <out)" = 13 ] || fail "not all of Optuna's trials are read"
grep -qE '^3,PRUNED,' out || fail "a pruned trial of Optuna's is not read"
sed -n 's/^best //p' theirs | tr -d '{}":,' | awk '{ print $2, $4, $6 }' >best
"$P" study best --name theirs | sed 's/--[a-z]*=//g' | awk '{ print $1, $2, $3 }' | cmp -s best - || fail "another best trial than $(cat best)"
sed -n 's/^share //p' theirs >shares
"$P" study show --name theirs | sed -n 's/^what decided (PED-ANOVA): //p' | tr ',' '\n' | sed 's/^ *//; s/%//' | sort >ours
awk 'NR == FNR { share[$1] = $2; next } { n++; if (($2 / 100 - share[$1]) ^ 2 > 1e-6) bad = 1 } END { exit bad || n != 3 }' shares ours ||
    fail "other importances: $(cat ours), not $(cat shares)"
optuna make sqlite:///only.db only >/dev/null || fail "Optuna makes no study"
cp only.db before.db
expect 0 only "$P" study ls --study only.db
cmp -s only.db before.db || fail "looking at a study of Optuna's changes it"
holds "a study of Optuna's is removed" "$P" study rm --study only.db --name only --yes
expect 2 'no study "only"' "$P" study show --study only.db --name only

# ---- Trials that are asked for
optuna enqueue $HERE persamp '{"generation.n_particles": 2, "method": "majority"}' '{"generation.n_particles": 3}' '{"something.else": 3}'
expect 0 best tune
"$P" study export --format csv | tail -n 3 >out
grep -q '^6,COMPLETE,.*,2,majority$' out || fail "a trial that was asked for was not run"
grep -q '^7,FAIL' out || fail "a value outside of the space was run"
"$P" study export | grep -q 'lies outside of tuning.search_space' || fail "nobody says why it was not"
"$P" study export | grep -q 'something.else is not a key of tuning.search_space' || fail "nobody says that the key is none"

# ---- Four workers of ours and two of Optuna's share a study: every trial has its number, none twice. 400 trials where
# PERSAMP_LONG is set, which takes minutes.
trials=30 asked=3
[ -z "${PERSAMP_LONG:-}" ] || trials=400 asked=50
cat >many.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
tuning:
  method: random
  validation_samples: 2
  search_space:
    scoring.params.tau: {min: 0.1, max: 10, log: true}
YAML
work() { "$P" tune --config many.yaml --study many.db --held-out 0 --best best$1.yaml --tuning.n_trials=$2 >out$1 2>err$1 || echo "worker $1: $?" >>wrong; }
work 0 1
for i in 1 2 3 4; do work $i $trials & done
for i in 5 6; do optuna ask sqlite:///many.db persamp $asked 2>err$i || echo "optuna $i: $(tail -n 1 err$i)" >>wrong & done
wait
[ ! -s wrong ] || fail "$(cat wrong)"
made=$(optuna numbers sqlite:///many.db persamp)
echo "$made trials of six workers, numbered from 0 without a gap"
[ "$made" -ge $trials ] || fail "too few trials, or other numbers: $(optuna numbers sqlite:///many.db persamp 2>&1 | tail -n 1)"
"$P" study export --study many.db --format csv | cut -d , -f 9 | sort | uniq -d >twice
[ ! -s twice ] || fail "trials were made twice: $(cat twice)"

finish
