#!/bin/sh
# curl against the server at $PERSAMP_URL, with the key $PERSAMP_KEY.
set -u
work=$(mktemp -d "${TMPDIR:-/tmp}/persamp-curl.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
failures=0
chat="$PERSAMP_URL/v1/chat/completions"
question='"messages": [{"role": "user", "content": "which?"}]'

# ask STATUS WORD ARGUMENTS…: curl's arguments, the status and a word of the answer.
ask() {
    status=$1
    word=$2
    shift 2
    got=$(curl -sN -m 60 -o "$work/body" -w '%{http_code}' -H "Authorization: Bearer $PERSAMP_KEY" "$@")
    if [ "$got" != "$status" ] || ! grep -qF -e "$word" "$work/body"; then
        failures=$((failures + 1))
        printf 'status %s, not %s with %s: %s\n' "$got" "$status" "$word" "$(head -c 300 "$work/body")"
    fi
}
json='Content-Type: application/json'

ask 200 '"ready"' "$PERSAMP_URL/health"
ask 200 '"toy-majority"' "$PERSAMP_URL/v1/models"
ask 200 'persamp_ready 1' "$PERSAMP_URL/metrics"
ask 200 '"finish_reason":"stop"' "$chat" -H "$json" -d "{$question}"
ask 200 '"method":"majority"' "$chat" -H "$json" -d "{$question, \"model\": \"toy-majority\"}"
ask 200 'data: [DONE]' "$chat" -H "$json" -d "{$question, \"stream\": true}"
ask 200 '"text_completion"' "$PERSAMP_URL/v1/completions" -H "$json" -d '{"prompt": "so"}'
ask 415 'application/json' "$chat" -d "{$question}"
ask 400 '"param":"n"' "$chat" -H "$json" -d "{$question, \"n\": 0}"
key=$PERSAMP_KEY
PERSAMP_KEY=wrong
ask 401 'invalid_api_key' "$chat" -H "$json" -d "{$question}"
PERSAMP_KEY=$key
ask 403 'unknown_host' -H 'Host: evil.example' "$PERSAMP_URL/health"
head -c 1100000 /dev/zero | tr '\0' ' ' >"$work/large"
ask 413 'request_too_large' "$chat" -H "$json" --data-binary "@$work/large"
ask 200 'data: [DONE]' --http1.0 "$chat" -H "$json" -d "{$question, \"stream\": true}"
ask 200 '"seed":"7"' "$chat" -H "$json" -H 'Transfer-Encoding: chunked' -d "{$question, \"seed\": 7}"
ask 200 '"ready"' --http1.0 "$PERSAMP_URL/health"
exit $((failures > 0))
