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

# The sources of the interpreter of chat templates are a folder of their own, the same for every platform.
"$get" --sources --check && fail "sources were found in a cache without them"
sources=$cache/persamp/llama-3.22.1-r2-sources
mkdir -p "$sources/jinja"
echo one >"$sources/jinja/lexer.cpp"
(cd "$sources" && sha256sum ./jinja/lexer.cpp >SHA256SUMS)
[ "$("$get" --sources)" = "$sources" ] || fail "whole sources were not used"
echo two >"$sources/jinja/lexer.cpp"
"$get" --sources --check && fail "a changed source was not noticed"

mkdir "$cache/from"
echo "not a package" >"$cache/from/node-llama-cpp-3.22.1.tgz"
"$get" --sources --from "$cache/from" 2>"$cache/log" && fail "a wrong package of sources was accepted"
grep -q "is not the package that was pinned" "$cache/log" || fail "no word of the checksum: $(cat "$cache/log")"
rm "$cache/from/node-llama-cpp-3.22.1.tgz"
echo "not a package" >"$cache/from/node-llama-cpp-linux-x64-3.22.1.tgz"
"$get" --platform linux-x64 --from "$cache/from" 2>"$cache/log" && fail "a wrong package was accepted"
grep -q "is not the package that was pinned" "$cache/log" || fail "no word of the checksum: $(cat "$cache/log")"
"$get" --platform linux-arm64 --from "$cache/from" 2>"$cache/log" && fail "a missing package was accepted"
grep -q "npm pack @node-llama-cpp/linux-arm64@" "$cache/log" || fail "no word on how to get it: $(cat "$cache/log")"
ls "$cache/persamp" | grep '^tmp' && fail "a failed run left its work behind"

# Without a network it says so, at once or, where nothing answers, within ten seconds.
offline() { # offline LIMIT WORD: get-llama fails within LIMIT seconds and says WORD
    start=$(date +%s)
    PATH="$cache/bin:$PATH" "$get" --platform linux-arm64 2>"$cache/log" && fail "fetched from no network"
    took=$(($(date +%s) - start))
    [ $took -le "$1" ] || fail "it took $took s to say that there is no network"
    grep -q "npm cannot reach its registry for @node-llama-cpp/linux-arm64" "$cache/log" || fail "$(cat "$cache/log")"
    grep -q "$2" "$cache/log" || fail "no word of \"$2\": $(cat "$cache/log")"
    grep -q "tools/get-llama --from DIR" "$cache/log" || fail "no word on what to do: $(cat "$cache/log")"
    ls "$cache/persamp" | grep '^tmp' && fail "a failed run left its work behind"
    return 0
}
mkdir "$cache/bin"
export npm_config_registry=http://127.0.0.1:9/ # nobody listens there
if command -v npm >/dev/null; then offline 10 ECONNREFUSED; fi
if command -v timeout >/dev/null; then
    printf '#!/bin/sh\nexec sleep 60\n' >"$cache/bin/npm"
    chmod +x "$cache/bin/npm"
    offline 10 "no answer within 8 seconds"
fi
cat >"$cache/bin/npm" <<'END'
#!/bin/sh
echo "npm error code EAI_AGAIN" >&2
echo "npm error request to somewhere failed, reason: getaddrinfo EAI_AGAIN somewhere" >&2
exit 1
END
chmod +x "$cache/bin/npm"
offline 2 "getaddrinfo EAI_AGAIN somewhere"

"$get" --platform beos 2>"$cache/log" && fail "an unknown platform was accepted"
grep -q "no prebuilt libllama is pinned for 'beos'" "$cache/log" || fail "unclear: $(cat "$cache/log")"
"$get" --nonsense 2>/dev/null && fail "an unknown argument was accepted"
exit 0
