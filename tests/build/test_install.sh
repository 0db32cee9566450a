#!/bin/sh
# What `make install` puts down can be used: the command runs, and a program is built against the library by CMake, by
# pkg-config, and statically. The installed tree is moved first: nothing may depend on where it was installed to.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

DESTDIR="$work/stage" cmake --install "$PERSAMP_BUILD" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$PERSAMP_BUILD/CMakeCache.txt")
mkdir "$work/moved"
mv "$work/stage$prefix" "$work/moved/prefix"
root=$work/moved/prefix
config=$(find "$root" -name persampConfig.cmake)
pc=$(find "$root" -name persamp.pc)
export PKG_CONFIG_PATH="${pc%/*}${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

cp -R "$PERSAMP_SOURCE/tests/build/consumer" "$work/consumer"
cmake -S "$work/consumer" -B "$work/b" -Dpersamp_DIR="${config%/*}" >"$work/log" 2>&1 &&
    cmake --build "$work/b" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
version=$(pkg-config --modversion persamp)
[ "$("$work/b/consumer")" = "out of memory" ]

libdir=$(pkg-config --variable=libdir persamp)
# shellcheck disable=SC2046 # lists of flags
cc "$work/consumer/consumer.c" $(pkg-config --cflags --libs persamp) -Wl,-rpath,"$libdir" -o "$work/shared"
[ "$("$work/shared")" = "out of memory" ]
mkdir "$work/static-only"
cp "$libdir/libpersamp.a" "$work/static-only/"
# shellcheck disable=SC2046
cc "$work/consumer/consumer.c" -L"$work/static-only" $(pkg-config --static --cflags --libs persamp) -o "$work/static"
# An installed libllama in a prefix of its own: libpersamp.so knows where, a static program must be told.
llama=$(pkg-config --variable=libdir llama 2>"$work/log" || true)
[ "$(LD_LIBRARY_PATH="$llama" "$work/static")" = "out of memory" ]

for header in "$root"/include/persamp/*.h; do # each stands alone, in C++ too where there is a C++ compiler
    echo "#include <persamp/${header##*/}>" >"$work/one.c"
    cc -std=c17 -Wall -Wextra -Werror -I"$root/include" -fsyntax-only "$work/one.c"
    if command -v c++ >/dev/null; then c++ -Wall -Wextra -Werror -I"$root/include" -fsyntax-only -x c++ "$work/one.c"; fi
done

case $("$root/bin/persamp" --version) in
*"$version"*) ;;
*)
    echo "the installed command's --version does not say $version"
    exit 1
    ;;
esac
"$root/bin/persamp" info --engine.type=toy >"$work/info"
if ! "$root/bin/persamp" info >"$work/info" 2>"$work/log"; then
    if grep -q 'no libllama' "$work/log"; then exit 0; fi # the rest is about its models
    cat "$work/log"
    exit 1
fi
if [ -s "$root/share/persamp/models/reasoner.gguf" ]; then
    model=$(readlink -f "$root/share/persamp/models/reasoner.gguf")
    grep -qF "$model" "$work/info" || {
        echo "the installed command does not use the model that was installed with it:"
        cat "$work/info"
        exit 1
    }
fi
