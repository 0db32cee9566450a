#include "engine/openai/errand.h"

#include <string.h>

static void done(ps_remote *e, ps_remote_errand *errand, ps_status status, const char *message) {
    if (status != PS_OK && message != errand->error.message) (void)ps_fail(&errand->error, status, "%s", message);
    errand->done = true;
    pthread_cond_broadcast(&e->ready);
}

static void keep_tokens(ps_remote *e, ps_remote_errand *errand, const ps_token *tokens, size_t n) {
    errand->tokens = ps_malloc(n * sizeof *tokens + 1);
    if (errand->tokens != NULL && n > 0) memcpy(errand->tokens, tokens, n * sizeof *tokens);
    errand->n = n;
    done(e, errand, errand->tokens != NULL ? PS_OK : PS_NOMEM, "out of memory");
}

static void keep_text(ps_remote *e, ps_remote_errand *errand, const char *text, size_t length) {
    errand->rendered = ps_strndup(text, length);
    done(e, errand, errand->rendered != NULL ? PS_OK : PS_NOMEM, "out of memory");
}

static bool is_refused(ps_remote *e, ps_remote_errand *errand, const ps_http_reply *reply) {
    if (reply->status == PS_OK) return false;
    done(e, errand, ps_remote_refused(e, reply, &errand->error), errand->error.message);
    return true;
}

static void send(ps_remote *e, ps_remote_errand *errand, ps_status status, const char *path,
                 void (*come)(ps_remote *, ps_remote_call *, const ps_http_reply *)) {
    ps_remote_call *call = status == PS_OK ? ps_remote_call_new(e, come) : NULL;
    if (status == PS_OK && call == NULL) status = ps_nomem(&errand->error);
    if (status == PS_OK) {
        call->owner = errand;
        status = ps_remote_call_send(e, call, path, e->timeout_s, false, &errand->error);
    }
    if (status == PS_OK) return;
    ps_remote_call_free(e, call);
    done(e, errand, status, errand->error.message);
}

static void text_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_errand *errand = call->owner;
    const char *text = NULL;
    size_t length = 0;
    if (reply->status != PS_OK) {
        done(e, errand, reply->status, reply->message);
        return;
    }
    ps_status status =
        e->dialect->read_detokenize(reply->body, reply->length, call->arena, &text, &length, &errand->error);
    if (status == PS_OK)
        keep_text(e, errand, text, length);
    else
        done(e, errand, status, errand->error.message);
}

static void chat_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_errand *errand = call->owner;
    const char *text = NULL, *path = NULL;
    ps_token *tokens = NULL;
    size_t n = 0;
    if (is_refused(e, errand, reply)) return;
    ps_status status =
        e->dialect->read_chat(reply->body, reply->length, call->arena, &text, &tokens, &n, &errand->error);
    if (status != PS_OK) {
        done(e, errand, status, errand->error.message);
    } else if (text != NULL) {
        keep_text(e, errand, text, strlen(text));
    } else {
        ps_remote_call_write(e);
        status = e->dialect->write_detokenize(e->facts.model, tokens, n, &e->body, &path, &errand->error);
        send(e, errand, status, path, text_done);
    }
}

static void tokens_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_remote_errand *errand = call->owner;
    ps_token *tokens = NULL;
    size_t n = 0;
    if (is_refused(e, errand, reply)) return;
    ps_status status = e->dialect->read_tokenize(reply->body, reply->length, call->arena, &tokens, &n, &errand->error);
    if (status == PS_OK)
        keep_tokens(e, errand, tokens, n);
    else
        done(e, errand, status, errand->error.message);
}

void ps_remote_errands_begin(ps_remote *e) {
    for (ps_remote_errand *errand; (errand = e->errands) != NULL;) {
        const char *path = NULL;
        e->errands = errand->next;
        ps_remote_call_write(e);
        const bool chat = errand->messages != NULL;
        ps_status status = chat ? e->dialect->write_chat(e->facts.model, errand->messages, errand->n_messages, &e->body,
                                                         &path, &errand->error)
                                : e->dialect->write_tokenize(e->facts.model, errand->text, errand->length,
                                                             errand->special, &e->body, &path, &errand->error);
        send(e, errand, status, path, chat ? chat_done : tokens_done);
    }
}

ps_status ps_remote_errand_run(ps_remote *e, ps_remote_errand *errand, ps_error *err) {
    errand->next = e->errands;
    e->errands = errand;
    ps_http_wake(e->http);
    while (!errand->done && e->lost.code == PS_OK)
        pthread_cond_wait(&e->ready, &e->mutex);
    if (errand->done && errand->error.code == PS_OK) return PS_OK;
    const ps_error *why = errand->done ? &errand->error : &e->lost;
    return ps_fail(err, why->code, "%s", why->message);
}
