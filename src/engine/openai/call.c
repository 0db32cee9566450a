#include "engine/openai/call.h"

#include "engine/openai/text.h"

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
    return ps_text_ok(&e->body) ? ps_http_submit(e->http, &request, err) : ps_nomem(err);
}

void ps_remote_call_cancel(ps_remote *e, const ps_remote_call *call) {
    ps_http_cancel(e->http, (uint64_t)(uintptr_t)call);
}

bool ps_remote_is_too_long(const char *words) {
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
