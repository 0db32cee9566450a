#!/bin/sh
# Nothing that is built looks for libraries in the folder it is started in: every ELF file of the build folder (command,
# library, tests, examples, benchmarks). tests/build/test_install.sh asks the same of what is installed.
set -eu
command -v readelf >/dev/null || { echo "no readelf here: not an ELF system"; exit 0; }
. "$PERSAMP_SOURCE/tests/build/runpaths.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# The question itself can fail.
echo 'int main(void) { return 0; }' >"$work/a.c"
attempt() { # attempt sure|unsure RUNPATH
    rm -rf "$work/one"
    mkdir "$work/one"
    cc "$work/a.c" -Wl,--enable-new-dtags "-Wl,-rpath,$2" -o "$work/one/a"
    if only_sure_runpaths "$work/one" >"$work/out"; then got=sure; else got=unsure; fi
    [ "$got" = "$1" ] || { echo "a RUNPATH of '$2' is taken for $got"; failures=$((failures + 1)); }
}
attempt sure '/usr/lib'
attempt sure '$ORIGIN/../lib:$ORIGIN'
attempt unsure '/usr/lib:'
attempt unsure ':/usr/lib'
attempt unsure '/usr/lib::/lib'
attempt unsure 'lib'
attempt unsure '.'
attempt unsure '$ORIGINAL/lib'

runpaths "$PERSAMP_BUILD" >"$work/all"
for file in persamp libpersamp.so. tests/ examples/ installed/; do
    grep -qF "$PERSAMP_BUILD/$file" "$work/all" || { echo "no RUNPATH of $file was read"; failures=$((failures + 1)); }
done
only_sure_runpaths "$PERSAMP_BUILD" || failures=$((failures + 1))
# The prebuilt libllama too, where it is the one that is used.
llama=$(ldd "$PERSAMP_COMMAND" | sed -n 's/.*libllama[^ ]* => \(\/.*\)\/lib[^\/]* (0x.*/\1/p')
case $llama in */persamp/llama-*) only_sure_runpaths "$llama" || failures=$((failures + 1)) ;; esac

# And in deed: a library of that name in the current folder is not run.
mkdir "$work/here"
cat >"$work/x.c" <<'END'
#include <stdio.h>
__attribute__((constructor)) static void f(void) { puts("from here"); }
END
cc -shared -fPIC "$work/x.c" -o "$work/here/x.so"
for library in $(ldd "$PERSAMP_COMMAND" | awk '/=>/ { print $1 }'); do cp "$work/here/x.so" "$work/here/$library"; done
[ -e "$work/here/libjansson.so.4" ] || [ -e "$work/here/libm.so.6" ] || { echo "no library to try with"; exit 1; }
(cd "$work/here" && "$PERSAMP_COMMAND" --version) >"$work/out" 2>&1 || {
    echo "it did not start: $(tail -n 1 "$work/out")"
    exit 1
}
if grep -q 'from here' "$work/out"; then
    echo "persamp ran a library of the current folder"
    failures=$((failures + 1))
fi
# Nor a plug-in of ggml's, which looks for those in the current folder if it is asked to look.
rm "$work/here"/lib*
for name in blas cuda hip metal rpc sycl vulkan opencl cpu cpu-x64 cpu-haswell cpu-zen4; do
    cp "$work/here/x.so" "$work/here/libggml-$name.so"
done
mkdir "$work/here/none"
for arguments in '' "--engine.llama.backend_dir=$work/here/none"; do
    # shellcheck disable=SC2086 # none or one
    (cd "$work/here" && "$PERSAMP_COMMAND" info $arguments) >"$work/out" 2>&1 || true
    if grep -q 'from here' "$work/out"; then
        echo "persamp info $arguments ran a plug-in of the current folder"
        failures=$((failures + 1))
    fi
done
# The question can be answered with yes: a folder that is named is one whose plug-ins are run.
if "$PERSAMP_COMMAND" info >"$work/out" 2>&1; then
    "$PERSAMP_COMMAND" info --engine.llama.backend_dir="$work/here" >"$work/out" 2>&1 || true
    grep -q 'from here' "$work/out" || { echo "backend_dir is not looked into: $(cat "$work/out")"; failures=$((failures + 1)); }
fi
[ $failures -eq 0 ]
