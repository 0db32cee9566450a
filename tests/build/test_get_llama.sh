#!/bin/sh
# tools/get-llama without the network: it knows a whole cache from a damaged one, refuses packages that are not those
# that were pinned, and leaves nothing behind when it fails.
set -eu
get=$PERSAMP_SOURCE/tools/get-llama
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
export XDG_CACHE_HOME="$cache"

fail() {
    echo "$*"
    exit 1
}

"$get" --check --platform linux-x64 && fail "--check says that an empty cache is whole"
[ -z "$(ls -A "$cache")" ] || fail "--check wrote into the cache"

folder=$cache/persamp/llama-3.22.1-r2-linux-x64
mkdir -p "$folder/lib"
echo one >"$folder/lib/libllama.so"
(cd "$folder" && sha256sum ./lib/libllama.so >SHA256SUMS)
[ "$("$get" --platform linux-x64)" = "$folder" ] || fail "a whole cache was not used"
echo two >"$folder/lib/libllama.so"
"$get" --check --platform linux-x64 && fail "a changed file was not noticed"
rm "$folder/lib/libllama.so"
"$get" --check --platform linux-x64 && fail "a missing file was not noticed"

mkdir "$cache/from"
echo "not a package" >"$cache/from/node-llama-cpp-linux-x64-3.22.1.tgz"
"$get" --platform linux-x64 --from "$cache/from" 2>"$cache/log" && fail "a wrong package was accepted"
grep -q "is not the package that was pinned" "$cache/log" || fail "no word of the checksum: $(cat "$cache/log")"
"$get" --platform linux-arm64 --from "$cache/from" 2>"$cache/log" && fail "a missing package was accepted"
grep -q "npm pack @node-llama-cpp/linux-arm64@" "$cache/log" || fail "no word on how to get it: $(cat "$cache/log")"
ls "$cache/persamp" | grep '^tmp' && fail "a failed run left its work behind"

"$get" --platform beos 2>"$cache/log" && fail "an unknown platform was accepted"
grep -q "no prebuilt libllama is pinned for 'beos'" "$cache/log" || fail "unclear: $(cat "$cache/log")"
"$get" --nonsense 2>/dev/null && fail "an unknown argument was accepted"
exit 0
