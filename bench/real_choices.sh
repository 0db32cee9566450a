#!/bin/sh
# bench/real_choices.sh FOLDER MODEL DATA [N [PARTICLES [--key=value…]]]: which settings suit a real model?
#
# MODEL is a GGUF file (tools/get-model names some), DATA the test file of GSM8K, whose first 500 problems are for
# choosing and whose others are for reporting: N (60) is at most 500. Each row of the list below is one `persamp eval` with
# PARTICLES (8). Problems are taken ten at a time by all rows in turn, so that the rows stand for the same problems
# whenever it is stopped; the same command goes on, and FOLDER/table.md has what there is. ONLY="name name" takes these
# rows alone. Settings (--key=value) hold for every row.
#   bench/real_choices.sh runs/choices "$(tools/get-model qwen2.5-coder-1.5b)" gsm8k_test.jsonl 100
#
# The columns are told in bench/real_rows.
set -eu
usage='usage: bench/real_choices.sh FOLDER MODEL DATA [N [PARTICLES [--key=value…]]]'
folder=${1:?$usage} model=${2:?$usage} data=${3:?$usage} problems=${4:-60} particles=${5:-8}
if [ $# -gt 5 ]; then shift 5; else shift $#; fi
[ "$problems" -le 500 ] || {
    echo "N is $problems: the problems after the 500th are for reporting, not for choosing"
    exit 2
}

settings() { # a name and its keys, a line each
    cat <<'LIST'
majority --method=majority
recommended
classic --preset=classic
retreat-8 --ps.depth_retreat=8
paragraph --generation.step_boundary=paragraph
min-16 --generation.min_tokens_per_step=16
beta-1 --ps.temperature_schedule.beta_max=1
tau-10 --scoring.params.tau=10
average --scoring.type=logprob_avg
ess --ps.resample.policy=ess --ps.resample.ess_over=particles
ess-beta-1 --ps.resample.policy=ess --ps.resample.ess_over=particles --ps.temperature_schedule.beta_max=1
ess-tau-10 --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
ess-average --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.type=logprob_avg
ess-deepconf --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.type=deepconf
ess-power --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.type=power
ess-power-2 --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.type=power --scoring.params.power_alpha=2
majority-.25 --method=majority --generation.temperature=0.25
majority-.5 --method=majority --generation.temperature=0.5
paragraph-ess-tau-10 --generation.step_boundary=paragraph --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
min-16-ess-tau-10 --generation.min_tokens_per_step=16 --ps.resample.policy=ess --ps.resample.ess_over=particles --scoring.params.tau=10
LIST
}

keys_of() { echo --generation.include_logprobs=false; }
after() { :; }

. "$(dirname "$0")/real_rows"
run_rows 0 "$problems" "$@"
