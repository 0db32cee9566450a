#!/bin/sh
# docs/adding.md says in how many places a score, a length prior, a resampler and a method are added. Here one of each
# is, in a copy of the rooms concerned: two places each, and three lines more for a number of its own. They have to build,
# to be offered by the schema and in the tables, and to pass the tests that run over every entry of these.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir "$tree"
cd "$PERSAMP_SOURCE"
mkdir "$tree/src" "$tree/tests"
cp -R CMakeLists.txt LICENSE cmake include "$tree"
for room in base core score config method; do
    cp -R src/$room "$tree/src"
    cp -R tests/$room "$tree/tests"
done
cp -R tests/support "$tree/tests"
rm "$tree"/tests/support/*_server.? # of engines over HTTP
cd "$tree"
touch "$work/before"
sleep 1

# ---- A score with a number of its own: its file, its name, its number's member and key ----
cat >src/score/score_brevity.c <<'C'
#include "score/tables.h"

static double base(const ps_score_params *params, const ps_score_input *in) {
    return -params->per_token * (double)in->n_tokens;
}

const ps_score_ops ps_score_brevity = {.name = "brevity", .doc = "minus a price for every token", .base = base};
C
sed -i.old 's/^#define PS_SCORE_LIST(X) .*/& X(brevity)/' include/persamp/choices.h
sed -i.old 's/^    X(tau, scoring_params_tau, 1).*/    X(per_token, scoring_params_per_token, 0.25) \\\n&/' include/persamp/score.h
sed -i.old '/^K(REAL, "scoring.params.tau"/i\
K(REAL, "scoring.params.per_token", scoring_params_per_token, "0.25", "[0, 100]", "", RESULT,\
  "brevity: price of a token.")
' include/persamp/schema.def
sed -i.old '/^A(scoring_params_tau,/i\
A(scoring_params_per_token, "scoring.type=brevity")
' src/config/acts.def

# ---- A length prior, a resampler, a method: a file and a name ----
cat >src/score/length_prior_square.c <<'C'
#include "score/tables.h"

static double log_prior(const ps_score_params *params, size_t n_tokens) {
    (void)params;
    return -1e-6 * (double)n_tokens * (double)n_tokens;
}

const ps_length_prior_ops ps_length_prior_square = {
    .name = "square", .doc = "a price that grows with the square of the length", .log_prior = log_prior};
C
sed -i.old 's/^#define PS_LENGTH_PRIOR_LIST(X) .*/& X(square)/' include/persamp/choices.h
sed 's/ps_resampler_systematic/ps_resampler_combed/; s/"systematic"/"combed"/' src/core/resample_systematic.c >src/core/resample_combed.c
sed -i.old 's/^#define PS_RESAMPLER_LIST(X) .*/& X(combed)/' include/persamp/choices.h
sed '/^static size_t one_line/,$d' src/method/independent.c >src/method/many.c
cat >>src/method/many.c <<'C'
const ps_method_ops ps_method_many = {
    .name = "many",
    .doc = "independent answers once more",
    .independent = true,
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};
C
sed -i.old 's/^    X(persistent) .*/    X(many) \\\n&/' include/persamp/choices.h
find . -name '*.old' -exec rm {} +

places=$(find . -newer "$work/before" -type f | LC_ALL=C sort | sed 's|^\./||' | tr '\n' ' ')
expected="include/persamp/choices.h include/persamp/schema.def include/persamp/score.h src/config/acts.def \
src/core/resample_combed.c \
src/method/many.c src/score/length_prior_square.c src/score/score_brevity.c "
[ "$places" = "$expected" ] || {
    echo "added in: $places"
    echo "expected: $expected"
    exit 1
}

# ---- They work ----
cmake -S . -B build -DPERSAMP_LLAMA=OFF -DCMAKE_BUILD_TYPE=Debug >"$work/out" 2>&1 || {
    cat "$work/out"
    exit 1
}
tests="test_score_score test_core_resample test_method_conformance test_config_choices test_config_schema"
# shellcheck disable=SC2086 # a list
cmake --build build --parallel 2 --target $tests >"$work/out" 2>&1 || {
    tail -40 "$work/out"
    exit 1
}
for test in $tests; do
    build/tests/"$test" >"$work/out" 2>&1 || {
        echo "$test:"
        cat "$work/out"
        exit 1
    }
done
