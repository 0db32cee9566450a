#!/bin/sh
# persamp serve: it listens, answers, says where; a signal ends it with 0 after what is under way; what is wrong with its
# options is told before a model is loaded.
. "${PERSAMP_SOURCE:?}/tests/cli/common.sh"

expect 0 "OpenAI" "$P" serve -h
expect 2 "serve.address 0.0.0.0: others can reach it" "$P" serve --engine.type=toy --serve.address=0.0.0.0 --serve.port=0
expect 2 "expected an IPv4 or IPv6 address" "$P" serve --engine.type=toy --serve.address=here --serve.port=0
expect 2 "did you mean --api-key-file" "$P" serve --api-key-fil x
expect 1 "no-such-file" "$P" serve --engine.type=toy --serve.port=0 --api-key-file no-such-file
expect 2 "drain-seconds" "$P" serve --drain-seconds soon
echo "short" >keys
expect 1 "keys:1: a key of fewer than" "$P" serve --engine.type=toy --serve.port=0 --api-key-file keys

# start ARGUMENTS…: the server in the background, its port in $port.
start() {
    : >err # what the one before said is not taken for this one's words
    "$P" serve --engine.type=toy --serve.port=0 "$@" >out 2>err </dev/null &
    pid=$!
    until grep -q ' ready: ' err || ! kill -0 "$pid" 2>/dev/null; do
        sleep 0.05
    done
    port=$(sed -n 's/.*listening at http:[^ ]*:\([0-9]*\);.*/\1/p' err)
    [ -n "$port" ] || fail "the server does not say where it listens"
}

# ended CODE WHAT: it ends, with this code.
ended() {
    wait "$pid"
    got=$?
    [ "$got" = "$1" ] || fail "exit code $got, not $1: $2"
}

start
if command -v curl >/dev/null; then
    [ "$(curl -s -o page -w '%{http_code}' "http://127.0.0.1:$port/")" = 200 ] || fail "no page"
    grep -q '<title>persamp</title>' page || fail "another page"
fi
kill -TERM "$pid"
ended 0 "SIGTERM"
start --serve.models='{toy-majority: {method: majority}}'
kill -INT "$pid"
ended 0 "Ctrl-C"
grep -q 'model toy at' err || fail "the log does not name the model"

# The same port cannot be had twice, and a preset that does not go with the model ends the start.
start
expect 1 "cannot listen there" "$P" serve --engine.type=toy --serve.port="$port"
kill -TERM "$pid"
ended 0 "SIGTERM"
expect 2 "belongs to all models" "$P" serve --engine.type=toy --serve.port=0 '--serve.models={a: {engine.type: toy}}'
expect 2 "reward model" "$P" serve --engine.type=toy --serve.port=0 '--serve.models={a: {answer.select: prm_weighted}}'
finish
