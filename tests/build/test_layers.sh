#!/bin/sh
# tools/check_layers passes on this tree and fails on each kind of include that it is there to refuse.
set -eu
check=$PERSAMP_SOURCE/tools/check_layers
"$check" "$PERSAMP_SOURCE"

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/include/persamp" "$tree/cli" "$tree/examples"
for folder in base core method run study engine/llama engine/toy engine/sampler verify/tree verify/read verify/compare; do
    mkdir -p "$tree/src/$folder"
done

failures=0
# attempt accepted|refused FILE INCLUDE
attempt() {
    echo "#include $3" >"$tree/$2"
    if "$check" "$tree" >"$tree/out" 2>&1; then got=accepted; else got=refused; fi
    if [ "$got" != "$1" ]; then
        echo "$2 with #include $3 was $got, expected $1; check_layers said: $(cat "$tree/out")"
        failures=$((failures + 1))
    elif [ "$got" = refused ] && ! grep -q "^$2:1: " "$tree/out"; then
        echo "the message does not name $2:1: $(cat "$tree/out")"
        failures=$((failures + 1))
    fi
    rm "$tree/$2"
}

attempt accepted src/core/a.c '"persamp/core.h"'
attempt accepted src/core/a.c '"persamp/base.h"'
attempt accepted src/core/a.c '"core/pool.h"'
attempt accepted src/core/a.c '"base/json.h"'
attempt accepted src/engine/llama/a.c '"engine/boundary.h"'
attempt accepted src/engine/llama/a.c '"engine/sampler/sampler.h"'
attempt accepted src/engine/llama/a.c '"engine/llama/lane.h"'
attempt accepted src/engine/llama/a.c '<llama.h>'
attempt accepted src/verify/a.c '"verify/read/read.h"'
attempt accepted src/verify/compare/a.c '"verify/read/read.h"'
attempt accepted src/study/a.c '"persamp/run.h"'
attempt accepted src/run/a.c '"persamp/engine_toy.h"'
attempt accepted src/core/a.c '<math.h>'
attempt accepted src/method/a.c '"persamp/score.h"'
attempt accepted src/run/a.c '"persamp/engine.h"'
attempt accepted cli/a.c '"persamp/run.h"'
attempt accepted cli/a.c '"terminal.h"'
attempt accepted examples/a.c '<persamp/persamp.h>'
attempt accepted include/persamp/core.h '"persamp/base.h"'

attempt refused src/core/a.c '"persamp/engine.h"'
attempt refused src/core/a.c '"persamp/persamp.h"'
attempt refused src/core/a.c '"method/tree.h"'
attempt refused src/core/a.c '"../method/tree.h"'
attempt refused src/core/a.c '<llama.h>'
attempt refused src/core/a.c '"pool.h"'
attempt refused src/engine/a.c '<llama.h>'
attempt refused src/engine/a.c '"engine/toy/tree.h"'
attempt refused src/engine/toy/a.c '<llama.h>'
attempt refused src/engine/toy/a.c '"engine/llama/lane.h"'
attempt refused src/engine/sampler/a.c '"engine/llama/lane.h"'
attempt refused src/verify/read/a.c '"verify/compare/compare.h"'
attempt refused src/verify/tree/a.c '"verify/read/read.h"'
attempt refused src/run/a.c '"persamp/study.h"'
attempt refused src/core/a.c '<persamp/base.h>'
attempt refused src/method/a.c '"persamp/engine.h"'
attempt refused src/method/a.c '"core/pool.h"'
attempt refused src/run/a.c '"core/pool.h"'
attempt refused src/run/a.c '<ggml-backend.h>'
attempt refused cli/a.c '"run/task.h"'
attempt refused cli/a.c '"../src/run/task.h"'
attempt refused examples/a.c '"core/pool.h"'
attempt refused include/persamp/core.h '"persamp/method.h"'
attempt refused include/persamp/core.h '"core/pool.h"'

mkdir -p "$tree/src/attic" "$tree/src/core/pool/deep"
attempt refused src/attic/a.c '"persamp/base.h"'
attempt refused src/core/pool/deep/a.c '"persamp/base.h"'

# The closing line counts, and nothing is written into the tree.
echo '#include "a.h"' >"$tree/src/core/a.c"
"$check" "$tree" >"$tree/out" 2>&1 || true
grep -q '^check_layers: 1 include against' "$tree/out" || { echo "the closing line is missing:"; cat "$tree/out"; exit 1; }
[ "$(ls "$tree" | tr '\n' ' ')" = "cli examples include out src " ] || { echo "it wrote a file:"; ls "$tree"; exit 1; }

[ $failures -eq 0 ]
