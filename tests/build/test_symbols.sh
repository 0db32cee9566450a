#!/bin/sh
# Every external symbol of the static library begins with ps_, or inside the verifier with psv_: who links it has all
# other names for himself. The one source in C++ has them in namespaces that begin so; weak symbols, of templates of the
# standard library, are everybody's. The shared library exports ps_ alone.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# symbols [NM-OPTION] FILE…: external names that the files define; Mach-O puts an underscore before each.
symbols() {
    nm -g --defined-only "$@" 2>/dev/null | awk 'NF == 3 && $2 ~ /^[A-Z]$/ && $2 !~ /[VW]/ { print $3 }' | sed 's/^_//' |
        LC_ALL=C sort -u
}

# only PATTERN FILE NAMES LEAST: NAMES, at least LEAST of them, all begin as PATTERN says.
only() {
    if [ "$(wc -l <"$3")" -lt "$4" ]; then
        echo "$2: only $(wc -l <"$3") external symbols found by nm, expected at least $4"
        failures=$((failures + 1))
    fi
    if grep -vE "$1" "$3" >"$work/other"; then
        echo "$2 has external symbols that do not match $1; make them static or give them the prefix:"
        cat "$work/other"
        failures=$((failures + 1))
    fi
}

symbols "$PERSAMP_BUILD/libpersamp.a" >"$work/static"
only '^(ps|psv)_|^ZNK?[0-9]+ps_(jinja|limits)' libpersamp.a "$work/static" 500

# The verifier's own prefix means the verifier.
find "$PERSAMP_BUILD/CMakeFiles" -path '*persamp_objects*' -name '*.o' ! -path '*/src/verify/*' >"$work/objects"
# shellcheck disable=SC2046 # one name a line, without blanks
if symbols $(cat "$work/objects") | grep '^psv_'; then
    echo "psv_ is the verifier's prefix, but the above are defined outside of src/verify"
    failures=$((failures + 1))
fi

shared=$PERSAMP_BUILD/libpersamp.so
if [ -e "$shared" ]; then
    nm -D --defined-only "$shared" | awk 'NF == 3 { print $3 }' | sed 's/^_//' | LC_ALL=C sort -u >"$work/shared"
    only '^ps_' libpersamp.so "$work/shared" 150
fi

# It can fail: a library with a name of its own is found out.
printf 'int yaml_parse(void) { return 0; }\n' >"$work/a.c"
"${CC:-cc}" -c "$work/a.c" -o "$work/a.o"
symbols "$work/a.o" >"$work/names"
grep -qx yaml_parse "$work/names" || {
    echo "nm does not show the symbol of an object: this test sees nothing"
    failures=$((failures + 1))
}
exit $failures
