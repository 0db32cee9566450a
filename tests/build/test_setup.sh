#!/bin/sh
# tools/setup on a machine without a network: it says within ten seconds what it could not fetch and what to do. What is
# missing, and apt-get, are played by small scripts: nothing is installed here.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"

fail() {
    echo "$*"
    exit 1
}
# A machine on which only this is to be found, and an apt-get that answers as Debian's does.
for program in sh env awk cut date dirname find grep head id mktemp printf rm sed tail test uname cat tr; do
    place=$(command -v "$program") && case $place in /*) ln -s "$place" "$work/bin/$program" ;; esac
done
printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
cat >"$work/bin/apt-get" <<'END'
#!/bin/sh
echo "apt-get $*" >>"$ASKED"
case " $* " in
*" update "*) cat "$ANSWER" ;;
*" install "*) echo "E: the test has no packages" && exit 100 ;;
esac
END
chmod +x "$work/bin/sudo" "$work/bin/apt-get"
export ASKED="$work/asked" ANSWER="$work/answer"

setup() { PATH="$work/bin" "$PERSAMP_SOURCE/tools/setup" "$@" >"$work/out" 2>&1; }

# No server answers.
cat >"$ANSWER" <<'END'
Err:1 http://mirror.example/debian stable InRelease
  Temporary failure resolving 'mirror.example'
Err:2 http://mirror.example/debian-security stable-security InRelease
  Temporary failure resolving 'mirror.example'
Reading package lists...
W: Some index files failed to download. They have been ignored, or old ones used instead.
END
: >"$ASKED"
start=$(date +%s)
setup coverage neon && fail "nothing was missing"
[ $(($(date +%s) - start)) -le 10 ] || fail "it took longer than ten seconds"
for word in "cannot reach any package server: Temporary failure resolving 'mirror.example'" ' gcovr' ' qemu-user' \
    'Is there a network'; do
    grep -qF -e "$word" "$work/out" || fail "no word of \"$word\": $(cat "$work/out")"
done
grep -q ' update .*Acquire::http::Timeout=' "$ASKED" || fail "apt-get may wait for ever: $(cat "$ASKED")"
if grep -q ' install ' "$ASKED"; then fail "it went on to install: $(cat "$ASKED")"; fi

# One of several does: then it goes on.
cat >"$ANSWER" <<'END'
Hit:1 http://mirror.example/debian stable InRelease
Err:2 http://other.example/debian stable InRelease
  Temporary failure resolving 'other.example'
END
: >"$ASKED"
setup coverage && fail "nothing was missing"
grep -q ' install .*gcovr' "$ASKED" || fail "it did not go on: $(cat "$work/out")"
grep -qF 'apt-get install failed' "$work/out" || fail "no word of what failed: $(cat "$work/out")"

setup nonsense && fail "an unknown job was accepted"
grep -qF "the jobs are" "$work/out" || fail "unclear: $(cat "$work/out")"
exit 0
