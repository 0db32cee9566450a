#!/bin/sh
# Every key of the schema is read by something, or the program says that it is not: no key is accepted in silence and
# passed over. Run it by hand for the list of where each key is read:
#   PERSAMP_SOURCE=. PERSAMP_COMMAND=build/persamp sh tests/build/test_keys.sh
set -eu
cd "${PERSAMP_SOURCE:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Keys that nothing outside src/config reads although `persamp config --explain` does not say so, each with its reason.
cat >"$work/exceptions" <<'TABLE'
TABLE

# key field: the schema.
sed -nE 's/^K\([A-Z]+, "([^"]+)", ([A-Za-z0-9_]+),.*/\1 \2/p' include/persamp/schema.def >"$work/keys"
# file field: members of what is called config, cfg or c, outside src/config and outside comments of a whole line.
find src cli -name '*.c' ! -path 'src/config/*' | sort | while read -r file; do
    grep -vE '^ *(/\*|\*|//)' "$file" | grep -oE '\<(config|cfg|c)->[a-z][A-Za-z0-9_]*' | sed 's/.*->//' | sort -u |
        sed "s|^|$file |"
done >"$work/members"
# The list that carries scores' and priors' numbers from the configuration to them.
sed -nE 's|^ *X\([a-z_]+, ([a-z_]+), [0-9.e-]+\).*|include/persamp/score.h \1|p' include/persamp/score.h >>"$work/members"
# The keys that the program says it does nothing with.
"$PERSAMP_COMMAND" config --explain >"$work/explained"
awk '/^[a-z]/ {key = $1} /^  acts +never/ {print key}' "$work/explained" | sort -u >"$work/said"

[ "$(wc -l <"$work/keys")" = "$(grep -c '^K(' include/persamp/schema.def)" ] || {
    echo "include/persamp/schema.def has entries that this test cannot read"
    exit 1
}
[ "$(wc -l <"$work/keys")" = "$(grep -c '^[a-z]' "$work/explained")" ] || {
    echo "persamp config --explain does not list every key"
    exit 1
}

awk -v work="$work" '
    FILENAME == work "/exceptions" { excepted[$1] = 1; next }
    FILENAME == work "/said" { said[$1] = 1; next }
    FILENAME == work "/members" { where[$2] = where[$2] " " $1; next }
    {
        known[$1] = 1
        readers = where[$2]
        printf "%-45s%s\n", $1, readers != "" ? readers : said[$1] ? " nothing, and says so" : " nothing"
        if (readers == "" && !said[$1] && !excepted[$1])
            wrong[++n] = $1 " is read by nothing, and the program does not say so (src/config/acts.def)"
        if (readers != "" && said[$1]) wrong[++n] = $1 " is said to have no effect, but is read in" readers
        if (readers != "" && excepted[$1]) wrong[++n] = $1 " is no exception any more: it is read in" readers
        if (said[$1] && excepted[$1]) wrong[++n] = $1 " is no exception any more: the program says what it does"
    }
    END {
        for (key in excepted) if (!known[key]) wrong[++n] = key " is an exception, but no key"
        for (i = 1; i <= n; i++) print "FAILED: " wrong[i]
        exit n > 0
    }' "$work/exceptions" "$work/said" "$work/members" "$work/keys"
