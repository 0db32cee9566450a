#!/bin/sh
# Studies in PostgreSQL: a server of our own in a temporary folder, reached by its socket. Left out, with a line, where there
# is no server to start or libpq is not built in.
. "${PERSAMP_SOURCE:?}/tests/tune/common.sh"

BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
[ -n "$BIN" ] || BIN=$(dirname "$(command -v initdb || echo none/none)")
if [ ! -x "$BIN/initdb" ]; then
    echo "left out: no PostgreSQL server here (Debian: postgresql)"
    exit 0
fi
"$P" study ls --study postgresql://nobody@nowhere.invalid/x >out 2>err </dev/null
if grep -q "built without libpq" err; then
    echo "left out: built without libpq"
    exit 0
fi

# initdb refuses root.
server() { (cd / && if [ "$(id -u)" = 0 ]; then su postgres -c "$1"; else sh -c "$1"; fi); }
DATA=$(mktemp -d /tmp/persamp-pg.XXXXXX)
trap 'server "$BIN/pg_ctl -D $DATA/d -m immediate stop" >/dev/null 2>&1; rm -rf "$WORK" "$DATA"' EXIT
[ "$(id -u)" != 0 ] || chown postgres "$DATA"
chmod 755 "$DATA"
start() { server "$BIN/pg_ctl -D $DATA/d -w -l $DATA/log -o '-k $DATA -p 5999 -c listen_addresses= -c fsync=off' start" >/dev/null 2>&1; }
server "$BIN/initdb -D $DATA/d -A trust -N -U tuner" >/dev/null 2>&1 && start || { cat "$DATA/log" 2>/dev/null; echo "left out: the server does not start"; exit 0; }
server "$BIN/createdb -h $DATA -p 5999 -U tuner studies"
URL="postgresql://tuner@/studies?host=$DATA&port=5999"

# ---- The same table as in SQLite, by two workers
expect 0 "best: trial 5" tune --study here.db
tune --study "$URL" --best a.yaml >out1 2>err1 &
first=$!
tune --study "$URL" --best b.yaml >out2 2>err2 || fail "the second worker: $(tail -n 2 err2)"
wait $first || fail "the first worker: $(tail -n 2 err1)"
"$P" study export --format csv --study here.db >sqlite.csv
"$P" study export --format csv --study "$URL" >postgres.csv
cmp -s sqlite.csv postgres.csv || fail "another table: $(diff sqlite.csv postgres.csv | head -n 4)"
expect 0 "persamp" "$P" study ls --study "$URL"
expect 2 'no study "persam"' "$P" study show --study "$URL" --name persam

# ---- Optuna, in both directions
if optuna_there && "$PY" -c 'import psycopg2' 2>/dev/null; then
    THERE="postgresql+psycopg2://tuner@/studies?host=$DATA&port=5999"
    optuna load "$THERE" persamp >out || fail "Optuna does not read our study"
    grep -qx 'best {"generation.n_particles": 4, "method": "persistent"} 1.0' out || fail "Optuna reads another best trial"
    optuna make "$THERE" theirs >out || fail "Optuna makes no study beside ours"
    optuna enqueue "$THERE" persamp '{"generation.n_particles": 2, "method": "majority"}'
    tune --study "$URL" >out 2>err || fail "a trial that was asked for: $(tail -n 1 err)"
    "$P" study export --study "$URL" --format csv | grep -q '^6,COMPLETE,.*,2,majority$' || fail "a trial that was asked for was not run"
    [ "$("$P" study export --study "$URL" --name theirs --format csv | wc -l)" = 13 ] || fail "not all of Optuna's trials are read"
    server "$BIN/createdb -h $DATA -p 5999 -U tuner only"
    optuna make "postgresql+psycopg2://tuner@/only?host=$DATA&port=5999" only >out || fail "Optuna makes no study"
    "$P" study ls --study "postgresql://tuner@/only?host=$DATA&port=5999" | grep -q '^only.*optuna' || fail "a database that Optuna made is not read"
fi

# ---- The server goes away in the middle: the worker waits, says so, and goes on
away() { tune --study "$URL" --name away --tuning.validation_samples=1000 "$@"; }
away >out 2>err &
worker=$!
until "$P" study ls --study "$URL" | awk '$1 == "away" && $4 == 1 { there = 1 } END { exit !there }'; do kill -0 $worker 2>/dev/null || break; done
server "$BIN/pg_ctl -D $DATA/d -m immediate stop" >/dev/null 2>&1
until grep -q "the database is away" err; do kill -0 $worker 2>/dev/null || break; done
start
wait $worker || fail "the worker does not outlive its database: $(tail -n 1 err)"
grep -q "the database is there again" err || fail "it is not said that the database is there again"
[ "$("$P" study export --study "$URL" --name away --format csv | grep -c ,COMPLETE,)" = 6 ] || fail "not all trials after the server came back"
holds "a study is removed" "$P" study rm --study "$URL" --name away --yes
! grep -q away <<EOF || fail "a study that was removed is there"
$("$P" study ls --study "$URL")
EOF

finish
