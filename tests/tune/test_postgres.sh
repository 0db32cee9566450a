#!/bin/sh
# Studies in PostgreSQL: a server of our own in a temporary folder, reached by TCP. Where we may, all of it runs in a network
# namespace of its own, and the two workers in two others, as on two machines with cables between; else as two processes by
# loopback. Left out, with a line, where there is no server to start or libpq is not built in.
if [ -z "${PERSAMP_CABLES+x}" ]; then
    cables=
    [ "$(id -u)" != 0 ] || ! command -v ip >/dev/null || ! unshare -n ip link set lo up 2>/dev/null || cables=yes
    PERSAMP_CABLES=$cables
    export PERSAMP_CABLES
    [ -z "$cables" ] || exec unshare -n sh "$0"
fi
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
machines=
trap 'server "$BIN/pg_ctl -D $DATA/d -m immediate stop" >/dev/null 2>&1; [ -z "$machines" ] || kill $machines; rm -rf "$WORK" "$DATA"' EXIT
[ "$(id -u)" != 0 ] || chown postgres "$DATA"
chmod 755 "$DATA"
PORT=5999 ADDRESSES='*'
[ -n "$PERSAMP_CABLES" ] || PORT=$((20000 + $$ % 20000)) ADDRESSES=127.0.0.1
start() { server "$BIN/pg_ctl -D $DATA/d -w -l $DATA/log -o '-k $DATA -p $PORT -c listen_addresses=$ADDRESSES -c fsync=off' start" >/dev/null 2>&1; }
away() { server "$BIN/pg_ctl -D $DATA/d -m immediate stop" >/dev/null 2>&1; }
[ -z "$PERSAMP_CABLES" ] || ip link set lo up
server "$BIN/initdb -D $DATA/d -A trust -N -U tuner" >/dev/null 2>&1 && echo 'host all all 10.77.0.0/16 trust' >>"$DATA/d/pg_hba.conf" && start ||
    { cat "$DATA/log" 2>/dev/null; echo "left out: the server does not start"; exit 0; }
server "$BIN/createdb -h 127.0.0.1 -p $PORT -U tuner studies"
URL="postgresql://tuner@127.0.0.1:$PORT/studies"

# A machine of its own for a worker: a namespace and a cable to it. machine N sets ON (what runs a command there) and TO (the
# database's URL from there).
ours=$(readlink /proc/self/ns/net)
machine() {
    ON='' TO=$URL
    [ -n "$PERSAMP_CABLES" ] || return 0
    unshare -n sleep 1000 &
    there=$!
    machines="$machines $there"
    until [ "$(readlink /proc/$there/ns/net)" != "$ours" ]; do kill -0 $there || return 1; done
    ip link add "cable$1" type veth peer name eth0 netns $there
    ip addr add "10.77.$1.1/24" dev "cable$1"
    ip link set "cable$1" up
    ON="nsenter -t $there -n --"
    $ON ip addr add "10.77.$1.2/24" dev eth0
    $ON ip link set eth0 up
    TO="postgresql://tuner@10.77.$1.1:$PORT/studies"
}
machine 1 || fail "no first machine"
ON1=$ON TO1=$TO
machine 2 || fail "no second machine"
ON2=$ON TO2=$TO

# ---- The same table as in SQLite, by two workers
expect 0 "best: trial 5" tune --study here.db
$ON1 "$P" tune --config space.yaml --held-out 0 --study "$TO1" --best a.yaml >out1 2>err1 &
first=$!
$ON2 "$P" tune --config space.yaml --held-out 0 --study "$TO2" --best b.yaml >out2 2>err2 || fail "the second worker: $(tail -n 2 err2)"
wait $first || fail "the first worker: $(tail -n 2 err1)"
"$P" study export --format csv --study here.db >sqlite.csv
"$P" study export --format csv --study "$URL" >postgres.csv
cmp -s sqlite.csv postgres.csv || fail "another table: $(diff sqlite.csv postgres.csv | head -n 4)"
expect 0 "persamp" "$P" study ls --study "$URL"
expect 2 'no study "persam"' "$P" study show --study "$URL" --name persam

# ---- Optuna, in both directions
if optuna_there && "$PY" -c 'import psycopg2' 2>/dev/null; then
    THERE="postgresql+psycopg2://tuner@127.0.0.1:$PORT/studies"
    optuna load "$THERE" persamp >out || fail "Optuna does not read our study"
    grep -qx 'best {"generation.n_particles": 4, "method": "persistent"} 1.0' out || fail "Optuna reads another best trial"
    optuna make "$THERE" theirs >out || fail "Optuna makes no study beside ours"
    optuna enqueue "$THERE" persamp '{"generation.n_particles": 2, "method": "majority"}'
    tune --study "$URL" >out 2>err || fail "a trial that was asked for: $(tail -n 1 err)"
    "$P" study export --study "$URL" --format csv | grep -q '^6,COMPLETE,.*,2,majority$' || fail "a trial that was asked for was not run"
    [ "$("$P" study export --study "$URL" --name theirs --format csv | wc -l)" = 13 ] || fail "not all of Optuna's trials are read"
    server "$BIN/createdb -h 127.0.0.1 -p $PORT -U tuner only"
    optuna make "postgresql+psycopg2://tuner@127.0.0.1:$PORT/only" only >out || fail "Optuna makes no study"
    "$P" study ls --study "postgresql://tuner@127.0.0.1:$PORT/only" | grep -q '^only.*optuna' || fail "a database that Optuna made is not read"
fi

# ---- The server goes away in the middle: both workers wait, say so, and go on
long() { "$P" study ls --study "$URL" | awk -v name="$1" '$1 == name && $4 >= 1 { there = 1 } END { exit !there }'; }
work() { $2 "$P" tune --config space.yaml --held-out 0 --study "$3" --name "$1" --best "$1$4.yaml" --tuning.validation_samples=1000 >"out$4" 2>"err$4" & }
work away "$ON1" "$TO1" 1
one=$!
work away "$ON2" "$TO2" 2
two=$!
until long away; do kill -0 $one 2>/dev/null || break; done
away
for worker in $one:err1 $two:err2; do
    until grep -q "the database is away: waiting for it" "${worker#*:}"; do kill -0 "${worker%:*}" 2>/dev/null || break; done
done
start
wait $one || fail "the first worker does not outlive its database: $(tail -n 1 err1)"
wait $two || fail "the second worker does not outlive its database: $(tail -n 1 err2)"
for err in err1 err2; do
    grep -q "the database is there again" $err || fail "it is not said that the database is there again: $(cat $err)"
done
[ "$("$P" study export --study "$URL" --name away --format csv | grep -c ,COMPLETE,)" = 6 ] || fail "not all trials after the server came back"

# ---- A cable is pulled: nobody says that the connection is gone, and it is found out
if [ -n "$PERSAMP_CABLES" ]; then
    # Pulled too late, after the last trial, nothing can be noticed: once more, then.
    for name in pulled again 'and-again'; do
        work $name "$ON1" "$TO1?tcp_user_timeout=1000&connect_timeout=2" 1
        one=$!
        until long $name; do kill -0 $one 2>/dev/null || break; done
        ip link set cable1 down
        until grep -q "the database is away: waiting for it" err1; do kill -0 $one 2>/dev/null || break; done
        ip link set cable1 up
        wait $one || fail "a worker does not outlive a pulled cable: $(tail -n 1 err1)"
        ! grep -q "the database is away" err1 || break
    done
    grep -q "the database is there again" err1 || fail "a pulled cable is not noticed: $(cat err1)"
    [ "$("$P" study export --study "$URL" --name $name --format csv | grep -c ,COMPLETE,)" = 6 ] || fail "not all trials after the cable was back"
fi

holds "a study is removed" "$P" study rm --study "$URL" --name away --yes
! grep -q away <<EOF || fail "a study that was removed is there"
$("$P" study ls --study "$URL")
EOF

finish
