# What the tests of tuning share, besides tests/cli/common.sh. Optuna itself is asked where it is installed: in a virtual
# environment in the cache that `tools/get-optuna` makes.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

optuna_python() {
    if [ -n "${PERSAMP_OPTUNA:-}" ]; then
        echo "$PERSAMP_OPTUNA"
    else
        echo "$HOME/.cache/persamp/optuna/bin/python"
    fi
}
PY=$(optuna_python)
optuna_there() { [ -x "$PY" ] && "$PY" -c 'import optuna' 2>/dev/null; }
optuna() { "$PY" -W ignore "$SOURCE/tests/tune/ask_optuna.py" "$@"; }

# A study of the synthetic reasoner: six points, each of 20 problems, in well under a second.
cat >space.yaml <<'YAML'
engine: {type: toy, toy: {kind: synthetic}}
method: majority
tuning:
  validation_samples: 20
  metric: [accuracy]
  search_space:
    generation.n_particles: [1, 2, 4]
    method: [majority, persistent]
YAML
tune() { "$P" tune --config space.yaml --held-out 0 "$@"; }
