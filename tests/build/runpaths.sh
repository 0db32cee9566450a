# What the tests of the build share.

# runpaths FOLDER: "FILE<tab>ENTRY" for each entry of a RUNPATH or RPATH of an ELF file in it; an empty one is "(empty)".
runpaths() {
    find "$1" -type f ! -name '*.o' ! -name '*.a' -exec readelf -d -W /dev/null {} + 2>/dev/null | awk '
        /^File: / { file = substr($0, 7) }
        /\(R(UN)?PATH\)/ {
            sub(/^[^[]*\[/, "")
            sub(/\]$/, "")
            n = split($0, entry, ":")
            if (n == 0) print file "\t(empty)"
            for (i = 1; i <= n; i++) print file "\t" (entry[i] == "" ? "(empty)" : entry[i])
        }'
}

# only_sure_runpaths FOLDER: fail, and say where, when the loader would look in a folder that depends on where a program
# is started: one without a name, or one that does not begin with / or $ORIGIN.
only_sure_runpaths() {
    runpaths "$1" | sort -u | awk -F '\t' '
        $2 !~ /^(\/|\$ORIGIN(\/|$)|\$\{ORIGIN\}(\/|$))/ {
            printf "%s: the RUNPATH has %s: libraries of the current folder would be run\n", $1, $2
            bad = 1
        }
        END { exit bad }'
}
