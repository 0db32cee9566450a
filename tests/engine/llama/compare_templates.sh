#!/bin/sh
# Chat templates of real models as this program renders them, against Python's jinja2: every template that tools/get-llama
# --sources brings, and those in the models that tools/get-model has fetched, with one and with several messages. Needs a
# build folder, python3 and, the first time, a network for 'pip install jinja2'; ends with a line that says why when it
# cannot be done.
#
#   sh tests/engine/llama/compare_templates.sh [BUILD] [--write]
#
# --write makes tests/fixtures/templates.json anew, which `make test` compares with.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../../build}
write=''
[ "${2:-}" != --write ] || write="--write $here/../../fixtures/templates.json"

skip() {
    echo "skipped: $*"
    exit 0
}

sources=$("$here/../../../tools/get-llama" --sources --check) || skip "no templates; run tools/get-llama --sources"
command -v python3 >/dev/null || skip "there is no python3"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=python3
if ! python3 -c 'import jinja2' 2>/dev/null; then
    python3 -m venv "$work/venv" >/dev/null 2>&1 || skip "python3 -m venv does not work (Debian: apt-get install python3-venv)"
    "$work/venv/bin/pip" install -q jinja2 >"$work/log" 2>&1 || skip "pip cannot install jinja2: $(tail -n 1 "$work/log")"
    python=$work/venv/bin/python
fi
cmake --build "$build" --target template_driver >"$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
set -- "${XDG_CACHE_HOME:-$HOME/.cache}"/persamp/models/*.gguf
[ -e "$1" ] || shift
# shellcheck disable=SC2086 # an option and its argument
"$python" "$here/compare_templates.py" "$build/tests/template_driver" "$sources/templates" ${write:-"$@"}
