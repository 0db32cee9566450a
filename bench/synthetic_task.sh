#!/bin/sh
# bench/synthetic_task.sh FOLDER [SEED [SEEDS [PROBLEMS]]]: the table of docs/findings.md on the synthetic reasoner.
#
# The four settings of docs/findings.md, each as one `persamp compare`: the same problems, budgets and random numbers for
# every method, and the same answer selection (the vote by the reward model) except where a name says otherwise. Results stay in
# FOLDER; the same command goes on where it was cut off. Takes a few minutes on 2 cores.
set -eu
persamp=${PERSAMP:-$(dirname "$0")/../build/persamp}
folder=${1:?usage: bench/synthetic_task.sh FOLDER [SEED [SEEDS [PROBLEMS]]]}
seed=${2:-42} seeds=${3:-1} problems=${4:-2000}

methods="persistent,posterior_vote=persistent:answer.select=weighted,milder=persistent:ps.temperature_schedule.beta_max=2"
methods="$methods,no_return=persistent:ps.depth_decay=0,filter=particle_filter,filter_half=particle_filter:particle_filter.temperature=0.5"
methods="$methods,filter_third=particle_filter:particle_filter.temperature=0.33333333333333,best_of_n,majority,weighted_majority"
methods="$methods,dvts,beam,particle_gibbs,power_mcmc"
methods="$methods,frontier=persistent:ps.resample.method=topN,ps.resample.subpools=2,ps.depth_decay=0.3,ps.depth_retreat=0,ps.temperature_schedule.beta_max=2"

run() { # run NUMBER PD SN AR GAMMA EPSILON
    printf '\n== setting %s: PD %s SN %s AR %s gamma %s epsilon %s\n' "$@"
    "$persamp" compare --engine.type=toy --engine.toy.kind=synthetic --models.prm.enabled=true \
        --scoring.type=prm_reward --generation.max_steps=12 --system.seed="$seed" \
        --engine.toy.pd="$2" --engine.toy.sn="$3" --engine.toy.ar="$4" --scoring.prm.gamma="$5" \
        --engine.toy.epsilon="$6" --evaluation.output_dir="$folder/setting$1" --evaluation.checkpoint_every=1000000 \
        --methods "$methods" --budgets 2x,4x,8x,16x,32x --seeds "$seeds" --limit "$problems" \
        --json "$folder/setting$1.json"
}

mkdir -p "$folder"
run 1 .5 1 .7 2 .15
run 2 .3 1.5 .7 2 .15
run 3 .5 2 .3 1 .15
run 4 1 1 .5 2 .20
