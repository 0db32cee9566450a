#!/bin/sh
# What `make install` puts down can be used: the command runs, and a program is built against the library by CMake, by
# pkg-config, and statically. The prefix and the staging folder have blanks in their names. The installed tree is moved
# first: nothing may depend on where it was installed to. Uninstalling leaves nothing behind.
set -eu
. "$PERSAMP_SOURCE/tests/build/runpaths.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix="/a/p fx"
stage="$work/de st"

fail() {
    echo "$*"
    exit 1
}

# ---- Installing ----
# As a component, so that the list of what the user installed from this build folder stays as it is.
manifest=install_manifest_Unspecified.txt
install_here() {
    DESTDIR="$stage" cmake --install "$PERSAMP_BUILD" --prefix "$prefix" --component Unspecified >"$work/log" 2>&1 ||
        fail "$(cat "$work/log")"
}
install_here
root="$work/moved to/prefix"
mkdir "$work/moved to"
cp -R "$stage$prefix" "$root"
config=$(find "$root" -name persampConfig.cmake)
pc=$(find "$root" -name persamp.pc)
export PKG_CONFIG_PATH="${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

# ---- Uninstalling: all of it, and nothing else ----
uninstall_here() {
    DESTDIR="$stage" cmake "-DBUILD=$PERSAMP_BUILD" -DMANIFEST=$manifest -P "$PERSAMP_SOURCE/cmake/Uninstall.cmake" \
        >"$work/log" 2>&1 || fail "$(cat "$work/log")"
}
uninstall_here
[ ! -e "$stage" ] || fail "uninstalling left: $(find "$stage")"
mkdir -p "$stage$prefix/bin" "$stage$prefix/share/doc" "$stage$prefix/lib/persamp"
echo mine >"$stage$prefix/bin/other"
echo mine >"$stage$prefix/lib/persamp/mine"
install_here
[ -x "$stage$prefix/bin/persamp" ] || fail "installed beside something else there is no command"
uninstall_here
left=$(cd "$stage$prefix" && find . | LC_ALL=C sort | tr '\n' ' ')
[ "$left" = ". ./bin ./bin/other ./lib ./lib/persamp ./lib/persamp/mine ./share ./share/doc " ] ||
    fail "beside someone's files uninstalling left: $left"
if uninstall_again=$(DESTDIR="$stage" cmake "-DBUILD=$PERSAMP_BUILD" -DMANIFEST=$manifest \
    -P "$PERSAMP_SOURCE/cmake/Uninstall.cmake" 2>&1); then
    fail "there was nothing to uninstall and no word of it: $uninstall_again"
fi

# ---- make hands both names on as they are ----
if command -v make >/dev/null; then
    mkdir "$work/fake"
    cat >"$work/fake/cmake" <<'END'
#!/bin/sh
for argument; do printf '<%s>' "$argument"; done >>"$LOG"
printf ' DESTDIR=<%s>\n' "${DESTDIR-}" >>"$LOG"
END
    chmod +x "$work/fake/cmake"
    export LOG="$work/made"
    (cd "$PERSAMP_SOURCE" && unset MAKEFLAGS MFLAGS MAKELEVEL &&
        PATH="$work/fake:$PATH" make install uninstall BUILD="$work/b" PREFIX="$prefix" DESTDIR="$stage" LLAMA=OFF \
            >"$work/log" 2>&1) || fail "$(cat "$work/log")"
    grep -qF "<-DCMAKE_INSTALL_PREFIX=$prefix>" "$LOG" || fail "make took the prefix apart: $(cat "$LOG")"
    grep -qF "<--install><$work/b> DESTDIR=<$stage>" "$LOG" || fail "make lost DESTDIR: $(cat "$LOG")"
    grep -qF "<-DBUILD=$work/b><-P><cmake/Uninstall.cmake> DESTDIR=<$stage>" "$LOG" || fail "uninstall: $(cat "$LOG")"
fi

# ---- A program by CMake, by pkg-config, and statically ----
cp -R "$PERSAMP_SOURCE/tests/build/consumer" "$work/consumer"
cmake -S "$work/consumer" -B "$work/b" "-Dpersamp_DIR=${config%/*}" >"$work/log" 2>&1 &&
    cmake --build "$work/b" >>"$work/log" 2>&1 || fail "$(cat "$work/log")"
version=$(pkg-config --modversion persamp)
[ "$("$work/b/consumer")" = "out of memory" ]

# eval: what pkg-config answers is for a shell to read, with a backslash before a blank.
eval "libdir=$(pkg-config --variable=libdir persamp)"
eval "cc \"$work/consumer/consumer.c\" $(pkg-config --cflags --libs persamp) \"-Wl,-rpath,$libdir\" -o \"$work/shared\""
[ "$("$work/shared")" = "out of memory" ]
mkdir "$work/static-only"
cp "$libdir/libpersamp.a" "$work/static-only/"
eval "cc \"$work/consumer/consumer.c\" -L\"$work/static-only\" $(pkg-config --static --cflags --libs persamp)" \
    "-o \"$work/static\""
# An installed libllama in a prefix of its own: libpersamp.so knows where, a static program must be told.
llama=$(pkg-config --variable=libdir llama 2>"$work/log" || true)
[ "$(LD_LIBRARY_PATH="$llama" "$work/static")" = "out of memory" ]

for header in "$root"/include/persamp/*.h; do # each stands alone, in C++ too where there is a C++ compiler
    echo "#include <persamp/${header##*/}>" >"$work/one.c"
    cc -std=c17 -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$work/one.c"
    if command -v c++ >/dev/null; then c++ -Wall -Wextra -Werror -I"$root/include" -fsyntax-only -x c++ "$work/one.c"; fi
done

# ---- What it looks for, and where ----
if command -v readelf >/dev/null; then
    only_sure_runpaths "$root"
    if runpaths "$root" | grep -F "$PERSAMP_BUILD"; then fail "what is installed looks into the build folder"; fi
fi

# ---- Documents: what they say of one another is there ----
docs=$root/share/doc/persamp
[ -d "$docs" ] || docs=$(dirname "$(find "$root" -name README.md -path '*/doc/*' | head -n 1)")
for file in README.md CHANGELOG.md LICENSE docs/algorithm.md docs/reference.md docs/configs/classic.yaml \
    examples/answers.c examples/toy/coin.json; do
    [ -s "$docs/$file" ] || fail "$file is not among the installed documents"
done
grep -ohE '\bdocs/[A-Za-z0-9_./-]+\.(md|svg|yaml)' "$docs/README.md" | sort -u | while read -r file; do
    [ -e "$docs/$file" ] || fail "README.md speaks of $file, which is not installed"
done

# ---- The command ----
case $("$root/bin/persamp" --version) in
*"$version"*) ;;
*) fail "the installed command's --version does not say $version" ;;
esac
"$root/bin/persamp" info --engine.type=toy >"$work/info"
if ! "$root/bin/persamp" info >"$work/info" 2>"$work/log"; then
    if grep -q 'no libllama' "$work/log"; then exit 0; fi # the rest is about its models
    fail "$(cat "$work/log")"
fi
if [ -s "$root/share/persamp/models/reasoner.gguf" ]; then
    model=$(readlink -f "$root/share/persamp/models/reasoner.gguf")
    grep -qF "$model" "$work/info" ||
        fail "the installed command does not use the model that was installed with it: $(cat "$work/info")"
fi
