#!/bin/sh
# bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: which score, without a reward model?
#
# Every serious score (docs/scores.md) on a real model, at as many generated tokens as PARTICLES (8) answers have. MODEL is
# a GGUF file (tools/get-model names some), DATA a test file. Of GSM8K's the problems after the 300th and up to the 500th
# are for choosing, OFFSET 300 and N at most 200 (60); those after it are for reporting: OFFSET 500, and MATH-500 with
# OFFSET 0.
#
# Two comparisons: FOLDER/equal, which bench/real_table.sh with the same FOLDER goes on with and begins as well, and
# FOLDER/judge, where a judge reads every step, which has a table at equal forward passes besides and so a smaller budget,
# too: between two budgets a method is known, beyond them not. In each, independent samples are drawn once and read by
# every vote. ANSWER=TOKENS says how long one answer is on average where that is known (a row's length in the table of
# bench/real_choices.sh); otherwise 256 answers are drawn to measure it. ONLY="name name" takes these methods alone,
# PART=equal or PART=judge one of the two comparisons, JUDGE=3x other budgets for the second. Problems are taken TURN (10)
# at a time by all methods, so that the rows stand for the same problems whenever it is stopped; the same command goes on.
# FOLDER/scores.txt has the tables, FOLDER/equal.json and judge.json the paired differences. Settings (--key=value) hold
# for every method.
#   bench/real_scores.sh runs/scores "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   bench/real_scores.sh runs/report "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 500 819   # a GPU, all of it
set -eu
usage='usage: bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-300} problems=${5:-60} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
[ "$offset" -ge 500 ] || [ "$offset" -lt 300 ] || [ $((offset + problems)) -le 500 ] || {
    echo "problems $offset to $((offset + problems)): those after the 500th are for reporting, not for choosing"
    exit 2
}

. "$(dirname "$0")/real_methods"

ess='ps.resample.policy=ess,ps.resample.ess_over=particles'
scores="persistent majority best_of_n greedy
votes-certainty=weighted_majority:scoring.type=self_certainty
votes-deepconf=weighted_majority:scoring.type=deepconf
votes-confidence=weighted_majority:scoring.type=deepconf,weighted_majority.weights=confidence
votes-entropy=weighted_majority:scoring.type=entropy
votes-average=weighted_majority:scoring.type=logprob_avg
power-mcmc=power_mcmc
power-smc=particle_filter:preset=power_smc
filter-average=particle_filter:scoring.type=logprob_avg
filter-certainty=particle_filter:scoring.type=self_certainty
persistent-tau-10=persistent:$ess,scoring.params.tau=10
persistent-average=persistent:$ess,scoring.type=logprob_avg
persistent-power=persistent:$ess,scoring.type=power
persistent-power-2=persistent:$ess,scoring.type=power,scoring.params.power_alpha=2
persistent-power-ramp=persistent:$ess,scoring.type=power,scoring.params.power_ramp=400
persistent-certainty=persistent:$ess,scoring.type=self_certainty
persistent-deepconf=persistent:$ess,scoring.type=deepconf
persistent-entropy=persistent:$ess,scoring.type=entropy,scoring.params.sharpness=5"
reward=scoring.type=prm_reward
judged="persistent-judge=persistent:$reward majority
persistent-judge-ess=persistent:$ess,$reward
votes-judge=weighted_majority:$reward,weighted_majority.weights=prm
best-judge=best_of_n:$reward
filter-judge=particle_filter:$reward"

# A judge reads what it draws, so its passes at three eighths of the budget are about those of a vote at all of it.
judge() {
    budgets=${JUDGE:-$((particles * 3 / 8 > 0 ? particles * 3 / 8 : 1))x,${particles}x}
    # shellcheck disable=SC2086 # methods are words
    compare judge "$(chosen $judged)" --models.prm.enabled=true --scoring.prm.kind=judge "$@"
    budgets=
}

one_turn() {
    # shellcheck disable=SC2086 # methods are words
    [ "${PART:-equal}" != equal ] || compare equal "$(chosen $scores)" "$@"
    [ "${PART:-judge}" = judge ] || return 0
    judge "$@"
    judge --per passes "$@"
}
in_turns scores "$@"
