# What the tests of the command share. Each test is a shell script; `check` counts what does not hold, `finish` is the
# verdict. Set by CMake: PERSAMP_COMMAND, PERSAMP_SOURCE.
set -u
P=${PERSAMP_COMMAND:?the path of the command}
SOURCE=${PERSAMP_SOURCE:?the source tree}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/persamp-cli.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
failures=0
# Under a sanitizer: what other libraries keep is no leak of ours.
export LSAN_OPTIONS="suppressions=$SOURCE/tests/support/lsan.supp:print_suppressions=0"

fail() {
    failures=$((failures + 1))
    printf 'FAILED: %s\n' "$*"
    [ ! -s out ] || sed 's/^/    out: /' out | head -n 12
    [ ! -s err ] || sed 's/^/    err: /' err | head -n 12
}

# expect CODE WORD COMMAND…: its exit code, and a text in what it says (out and err together). Output in out and err.
expect() {
    code=$1
    word=$2
    shift 2
    "$@" >out 2>err </dev/null
    got=$?
    [ "$got" = "$code" ] || fail "exit code $got, not $code: $*"
    cat out err | grep -qF -e "$word" || fail "no \"$word\" from: $*"
}

# holds WHAT COMMAND…: the command succeeds.
holds() {
    what=$1
    shift
    "$@" || fail "$what"
}

# The result lines of a file, without what differs from run to run, in order of problem.
results_of() {
    sed 's/"timing":{[^}]*},//' "$1" | sort
}

# problems N: a data set of N problems in problems.jsonl.
problems() {
    i=0
    while [ $i -lt "$1" ]; do
        printf '{"problem": "Which of the two is it, number %d?", "answer": "%d"}\n' $i $((i % 3 + 1))
        i=$((i + 1))
    done >problems.jsonl
}

toy_eval() {
    "$P" eval --engine.type=toy --evaluation.dataset_path=problems.jsonl "$@"
}

finish() {
    [ "$failures" = 0 ] || {
        echo "$failures failures"
        exit 1
    }
    exit 0
}
