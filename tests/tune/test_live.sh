#!/bin/sh
# The table of the best trials while they run: drawn over in its place on a terminal of any width, plain lines elsewhere.
. "${PERSAMP_SOURCE:?}/tests/tune/common.sh"

if ! command -v script >/dev/null || ! script -qec true /dev/null </dev/null >out 2>err; then
    echo "left out: no script(1), which is a terminal"
    exit 0
fi
on_terminal() { # on_terminal COLUMNS COMMAND: what is sent to a terminal of 24 rows, in the file raw
    script -qec "stty rows 24 cols $1; $2" /dev/null </dev/null >raw 2>err || fail "on $1 columns: $2"
}

# What stands on the screen at the end. A terminal, as far as it is asked for anything here; it knows no other commands.
cat >screen.awk <<'AWK'
BEGIN { row = col = most = 0 }
{
    while ((c = substr($0, 1, 1)) != "") {
        $0 = substr($0, 2)
        if (c == "\r") { col = 0; continue }
        if (c == "\033") {
            if (!match($0, /^\[[0-9]*[AJK]/)) { print "another command: " substr($0, 1, 8); exit 1 }
            n = substr($0, 2, RLENGTH - 2) + 0; what = substr($0, RLENGTH, 1)
            $0 = substr($0, RLENGTH + 1)
            if (what == "A") { if (n > row) { print "above the screen"; exit 1 } row -= n }
            else { line[row] = substr(line[row], 1, col); if (what == "J") for (r = row + 1; r <= most; r++) line[r] = "" }
            if (what == "J") { wiped++; most = row }
            continue
        }
        line[row] = sprintf("%-" col "s", substr(line[row], 1, col)) c substr(line[row], col + 2); col++
        if (col > columns) { print "beyond the last column: " line[row]; exit 1 }
    }
    row++; col = 0; if (row > most) most = row
}
END { for (r = 0; r <= most; r++) print line[r]; print "wiped " wiped + 0 }
AWK
for columns in 40 80 200; do
    on_terminal $columns "'$P' tune --config space.yaml --held-out 0 --study $columns.db --tuning.validation_samples=300"
    LC_ALL=C sed 's/\xe2\x80\xa6/./g; s/\xe2\x88\x92/-/g' raw | LC_ALL=C awk -v columns=$columns -f screen.awk >screen || fail "on $columns columns: $(tail -n 1 screen)"
    # Of all the tables that were drawn the last stands there, and the report below where they stood.
    [ "$(sed -n 's/^wiped //p' screen)" -ge 5 ] || fail "the table is not drawn anew on $columns columns: $(tail -n 1 screen)"
    [ $columns = 40 ] || [ "$(grep -c '^trial .*interval' screen)" = 1 ] || fail "not one table on $columns columns: $(cat screen)"
    grep -q 'best: trial 5' screen || fail "no report on $columns columns"
    ! grep -q "$(printf '\033')\[[0-9;]*m" raw || fail "colours on $columns columns"
done
on_terminal 80 "NO_COLOR=1 '$P' tune --config space.yaml --held-out 0 --study nocolor.db"
! grep -q "$(printf '\033')\[[0-9;]*m" raw || fail "colours in spite of NO_COLOR"

# The table has intervals, and the best first.
on_terminal 80 "'$P' tune --config space.yaml --held-out 0 --study table.db --tuning.validation_samples=300 >/dev/null"
LC_ALL=C awk -v columns=80 -f screen.awk raw >screen || fail "with its report elsewhere: $(tail -n 1 screen)"
grep -q '^trial *accuracy *95% interval' screen || fail "no table without a report: $(cat screen)"
[ "$(grep -c '^[0-5] *[0-9.]*%  *[0-9.]* - [0-9.]*%' screen)" = 6 ] || fail "not six trials with their intervals: $(cat screen)"
sed -n 's/^[0-5] *\([0-9.]*\)%.*/\1/p' screen | sort -c -rn || fail "not the best first: $(cat screen)"

# A message in between stays, and the table goes on below it.
printf 'not json\n' >some.jsonl
problems 30
cat problems.jsonl >>some.jsonl
script -qec "stty rows 24 cols 80; '$P' tune --engine.type=toy --evaluation.dataset_path=some.jsonl --held-out 0 --study said.db --tuning.validation_samples=20 --tuning.search_space='{method: [majority, greedy, persistent]}' >/dev/null" /dev/null </dev/null >raw 2>err
LC_ALL=C sed 's/\xe2\x80\xa6/./g' raw | LC_ALL=C awk -v columns=80 -f screen.awk >screen || fail "with a message: $(tail -n 1 screen)"
grep -q 'some.jsonl:1' screen || fail "a message is drawn over: $(cat screen)"

# Where lines cannot be drawn over there is one for each trial that is over.
on_terminal 80 "TERM=dumb '$P' tune --config space.yaml --held-out 0 --study dumb.db"
! grep -q "$(printf '\033')" raw || fail "a dumb terminal is sent commands"
[ "$(grep -c '^trial [0-5]: 20/20' raw)" = 6 ] || fail "not a line for each trial on a dumb terminal"
tune --study pipe.db >out 2>err || fail "in a pipe"
! grep -q "$(printf '\033')" out err || fail "a pipe is sent commands"
[ "$(grep -c '^trial [0-5]: 20/20.*(.* - .*%)' err)" = 6 ] || fail "not a line with an interval for each trial"
"$P" tune --config space.yaml --held-out 0 --study quiet.db --logging.console_format=json >out 2>err || fail "with a JSON log"
! grep -q '^trial' err || fail "progress in a JSON log"

finish
