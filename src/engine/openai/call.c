#include "engine/openai/call.h"

#include "engine/openai/text.h"
#include "http/words.h"

#include <string.h>

ps_remote_call *ps_remote_call_new(ps_remote *e, void (*done)(ps_remote *, ps_remote_call *, const ps_http_reply *)) {
    ps_remote_call *call = ps_calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    call->arena = ps_arena_create();
    if (call->arena == NULL) {
        ps_free(call);
        return NULL;
    }
    call->done = done;
    call->after = e->calls;
    if (e->calls != NULL) e->calls->before = call;
    e->calls = call;
    return call;
}

void ps_remote_call_free(ps_remote *e, ps_remote_call *call) {
    if (call == NULL) return;
    if (call->after != NULL) call->after->before = call->before;
    if (call->before != NULL)
        call->before->after = call->after;
    else
        e->calls = call->after;
    ps_remote_reading_free(call->reading);
    ps_arena_free(call->arena);
    ps_free(call);
}

void ps_remote_call_write(ps_remote *e) {
    ps_text_reset(&e->body);
    e->body.failed = false;
}

ps_status ps_remote_call_send(ps_remote *e, ps_remote_call *call, const char *path, double timeout_s, bool probe,
                              ps_error *err) {
    ps_http_request request = {.path = path,
                               .body = e->body.length > 0 ? e->body.data : NULL,
                               .length = e->body.length,
                               .timeout_s = timeout_s,
                               .probe = probe,
                               .tag = (uint64_t)(uintptr_t)call};
    if (call->reading != NULL) {
        request.on_bytes = ps_remote_reading_bytes;
        request.user = call->reading;
    }
    if (call->endpoint == NULL) call->endpoint = ps_remote_any(e);
    if (!ps_remote_is_usable(call->endpoint)) call->endpoint->vacant = false;
    return ps_text_ok(&e->body) ? ps_http_submit(call->endpoint->http, &request, err) : ps_nomem(err);
}

void ps_remote_call_cancel(ps_remote *e, const ps_remote_call *call) {
    (void)e;
    ps_http_cancel(call->endpoint->http, (uint64_t)(uintptr_t)call);
}

/* ---- Refusals ------------------------------------------------------------ */

static bool is_too_long(const char *words) {
    static const char *const signs[] = {"context length",
                                        "context size",
                                        "exceed_context",
                                        "maximum context",
                                        "max_model_len",
                                        "too long",
                                        "max_tokens must be at least 1"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strstr(words, signs[i]) != NULL) return true;
    return false;
}

/* "http://…: answered 400: " and then the words of the error instead of the JSON that has them. */
static void say(const ps_http_reply *reply, ps_status status, ps_error *err) {
    static const char answered[] = ": answered ";
    ps_arena *arena = ps_arena_create();
    const char *words =
        arena != NULL && reply->body != NULL ? ps_remote_error_text(reply->body, reply->length, arena) : NULL;
    const char *code = strstr(reply->message, answered);
    if (words != NULL && code != NULL) {
        char clean[PS_HTTP_WORDS + 1];
        ps_http_words(clean, words, strlen(words), NULL);
        (void)ps_fail(err, status, "%.*s%s%d: %s", (int)(code - reply->message), reply->message, answered, reply->code,
                      clean);
    } else {
        (void)ps_fail(err, status, "%s", reply->message);
    }
    ps_arena_free(arena);
}

static bool is_about_the_run(const ps_http_reply *reply) {
    return reply->status == PS_HTTP && (reply->code == 401 || reply->code == 403 || reply->code == 404);
}

/* It was tried for as long as a server may be away (http/client.h): no answer to this request, and no fault of its own.
 */
static bool is_away(const ps_http_reply *reply) {
    static const int codes[] = {408, 429, 502, 503, 504};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (reply->code == codes[i]) return true;
    return false;
}

ps_status ps_remote_refusal(const ps_http_reply *reply, ps_error *err) {
    ps_status status = reply->status;
    if (status == PS_HTTP && reply->code >= 400 && !is_about_the_run(reply) && !is_away(reply))
        status = is_too_long(reply->message) ? PS_BUDGET : PS_ENGINE;
    say(reply, status, err);
    return status;
}

ps_status ps_remote_refused(ps_remote *e, const ps_http_reply *reply, ps_error *err) {
    ps_status status = ps_remote_refusal(reply, err);
    if (is_about_the_run(reply)) ps_remote_lose(e, PS_HTTP, err->message);
    return status;
}
