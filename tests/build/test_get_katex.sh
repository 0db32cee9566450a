#!/bin/sh
# tools/get-katex without the network: it knows a whole cache from a damaged one, refuses a package that is not the one
# that was pinned, and leaves nothing behind when it fails.
set -eu
get=$PERSAMP_SOURCE/tools/get-katex
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
export XDG_CACHE_HOME="$cache"

fail() {
    echo "$*"
    exit 1
}

"$get" --check && fail "--check says that an empty cache is whole"
[ -z "$(ls -A "$cache")" ] || fail "--check wrote into the cache"
"$get" --nonsense 2>"$cache/log" && fail "an unknown argument was accepted"
grep -q -e "--help" "$cache/log" || fail "no word of --help: $(cat "$cache/log")"

version=$(sed -n 's/^version=//p' "$get")
folder=$cache/persamp/katex-$version
mkdir -p "$folder"
echo one >"$folder/katex.min.js"
(cd "$folder" && sha256sum ./katex.min.js >SHA256SUMS)
[ "$("$get")" = "$folder" ] || fail "a whole cache was not used"
echo two >"$folder/katex.min.js"
"$get" --check && fail "a changed file was not noticed"
rm "$folder/katex.min.js"
"$get" --check && fail "a missing file was not noticed"

mkdir "$cache/from"
"$get" --from "$cache/from" 2>"$cache/log" && fail "a missing package was accepted"
grep -q "npm pack katex@$version" "$cache/log" || fail "no word on how to get it: $(cat "$cache/log")"
echo "not a package" >"$cache/from/katex-$version.tgz"
"$get" --from "$cache/from" 2>"$cache/log" && fail "a wrong package was accepted"
grep -q "is not the package that was pinned" "$cache/log" || fail "no word of the checksum: $(cat "$cache/log")"

# Without a network it says why and what to do; the setup goes on without.
mkdir "$cache/bin"
printf '#!/bin/sh\necho "npm ERR! network request failed" >&2\nexit 1\n' >"$cache/bin/npm"
chmod +x "$cache/bin/npm"
PATH="$cache/bin:$PATH" "$get" 2>"$cache/log" && fail "fetched from no network"
grep -q "npm cannot fetch katex@$version: network request failed" "$cache/log" || fail "no reason: $(cat "$cache/log")"
grep -q -e "--from" "$cache/log" || fail "no word on what to do: $(cat "$cache/log")"
PATH="$cache/bin:$PATH" "$PERSAMP_SOURCE/tools/setup" katex >"$cache/log" 2>&1 || fail "the setup ends without KaTeX"
grep -q "shows formulas as they are written" "$cache/log" || fail "no word of what is lost: $(cat "$cache/log")"
if ls "$cache/persamp" | grep '^katex\.'; then fail "a failed run left its work behind"; fi
exit 0
