#!/bin/sh
# bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]: which score, without a reward model?
#
# Every serious score (docs/scores.md) on a real model, at equal generated tokens. MODEL is a GGUF file (tools/get-model
# names some), DATA a test file. Of GSM8K's the problems after the 300th and up to the 500th are for choosing, OFFSET 300
# and N at most 200 (60); those after it are for reporting: OFFSET 500, and MATH-500 with OFFSET 0.
#
# The first row, independent samples, draws PARTICLES (8) answers; what they have on average of its first ten problems is
# the budget of all others, kept in FOLDER/budget. Problems are taken ten at a time by all rows in turn, so that the rows
# stand for the same problems whenever it is stopped; the same command goes on, and FOLDER/table.md has what there is.
# ONLY="name name" takes these rows alone (the first always runs). Settings (--key=value) hold for every row.
#   bench/real_scores.sh runs/scores "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl
#   bench/real_scores.sh runs/report "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 500 819   # a GPU, all of it
#
# The columns are told in bench/real_rows. For rows with a judge compare passes.
set -eu
usage='usage: bench/real_scores.sh FOLDER MODEL DATA [OFFSET [N [PARTICLES [--key=value…]]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} offset=${4:-300} problems=${5:-60} particles=${6:-8}
if [ $# -gt 6 ]; then shift 6; else shift $#; fi
[ "$offset" -ge 500 ] || [ "$offset" -lt 300 ] || [ $((offset + problems)) -le 500 ] || {
    echo "problems $offset to $((offset + problems)): those after the 500th are for reporting, not for choosing"
    exit 2
}

settings() { # a name and its keys, a line each
    ess='--ps.resample.policy=ess --ps.resample.ess_over=particles'
    judge='--models.prm.enabled=true --scoring.prm.kind=judge --scoring.type=prm_reward'
    cat <<LIST
samples --method=weighted_majority --scoring.type=self_certainty
samples-deepconf --method=weighted_majority --scoring.type=deepconf
samples-entropy --method=weighted_majority --scoring.type=entropy
samples-average --method=weighted_majority --scoring.type=logprob_avg
samples-judge --method=weighted_majority --weighted_majority.weights=prm $judge
greedy --method=greedy
power-mcmc --method=power_mcmc
power-smc --preset=power_smc
filter-average --method=particle_filter --scoring.type=logprob_avg
filter-certainty --method=particle_filter --scoring.type=self_certainty
filter-judge --method=particle_filter $judge
persistent
persistent-tau-10 $ess --scoring.params.tau=10
persistent-average $ess --scoring.type=logprob_avg
persistent-power $ess --scoring.type=power
persistent-power-2 $ess --scoring.type=power --scoring.params.power_alpha=2
persistent-power-ramp $ess --scoring.type=power --scoring.params.power_ramp=400
persistent-power-blocks $ess --scoring.type=power --scoring.params.power_ramp=400 --generation.step_boundary=fixed --generation.max_steps=0 --ps.resample.alpha_schedule=constant
persistent-certainty $ess --scoring.type=self_certainty
persistent-deepconf $ess --scoring.type=deepconf
persistent-entropy $ess --scoring.type=entropy --scoring.params.sharpness=5
persistent-judge $judge
persistent-judge-ess $ess $judge
LIST
}

always=samples
keys_of() {
    budget=0
    [ "$1" = samples ] || budget=$(cat "$folder/budget")
    echo "--ps.budget.max_tokens=$budget --generation.include_logprobs=false"
}
after() { # the tokens of PARTICLES independent answers, the mean, are the budget of the others
    [ -f "$folder/budget" ] || mean_tokens samples >"$folder/budget"
}

. "$(dirname "$0")/real_rows"
run_rows "$offset" "$problems" "$@"
