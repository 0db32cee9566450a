/* Its models, then its answer to the fixed text. Requests wait in src/http until it is admitted. */
#include "engine/openai/same.h"

#include <string.h>

static void another(ps_remote *e, const char *what, const char *was, const char *is) {
    ps_error err;
    (void)ps_fail(&err, PS_HTTP,
                  "%s came back with another model: %s was %s, is %s; what was finished is kept, and the same command "
                  "goes on with the model that was there before",
                  e->url, what, was, is);
    ps_remote_lose(e, PS_HTTP, err.message);
}

/* It went away again, or is not ready yet: it is asked anew when it is back. */
static void later(ps_remote *e) {
    e->checking = false;
}

static void ask(ps_remote *e, const char *path, ps_remote_call *call) {
    ps_error err;
    ps_status status = call != NULL ? ps_remote_call_send(e, call, path, e->timeout_s, true, &err) : ps_nomem(&err);
    if (status == PS_OK) return;
    if (call != NULL) ps_remote_call_free(e, call);
    ps_remote_lose(e, status, err.message);
}

static void answer_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_answer answer = {0};
    ps_remote_print now = e->print;
    const char *what = NULL;
    if (reply->status != PS_OK) {
        later(e);
        return;
    }
    ps_status status = e->dialect->read_answer(&call->ask, reply->body, reply->length, call->arena, &answer, &err);
    if (status != PS_OK) {
        ps_remote_lose(e, PS_HTTP, err.message);
        return;
    }
    ps_remote_print_take(&now, &answer.choices[0]);
    if (!ps_remote_print_same(&e->print, &now, &what)) {
        another(e, what, "one thing", "another");
        return;
    }
    e->checking = false;
    ps_http_admit(e->http);
}

static void ask_answer(ps_remote *e) {
    ps_error err;
    const char *path = NULL;
    if (e->print.n_text == 0) { /* a server without ids is known by its name alone */
        e->checking = false;
        ps_http_admit(e->http);
        return;
    }
    ps_remote_call *call = ps_remote_call_new(e, answer_done);
    ps_remote_call_write(e);
    if (call != NULL) {
        ps_remote_print_ask(&e->print, e->facts.model, e->dialect->streams, &call->ask);
        if (e->dialect->write_ask(&call->ask, &e->body, &path, &err) != PS_OK) e->body.failed = true;
    }
    ask(e, path, call);
}

static void models_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    const ps_dialect *dialect = NULL;
    ps_remote_facts facts = {0};
    if (reply->status != PS_OK) {
        later(e);
        return;
    }
    ps_status status =
        ps_remote_identify(reply->body, reply->length, NULL, 0, e->facts.model, call->arena, &dialect, &facts, &err);
    if (status != PS_OK)
        another(e, "the model", e->facts.model, err.message);
    else if (dialect != e->dialect)
        another(e, "the kind of server", e->dialect->name, dialect->name);
    else if (e->facts.root != NULL && facts.root != NULL && strcmp(e->facts.root, facts.root) != 0)
        another(e, "where it comes from", e->facts.root, facts.root);
    else
        ask_answer(e);
}

void ps_remote_check_same(ps_remote *e) {
    if (e->checking) return;
    e->checking = true;
    ps_log_printf(&e->log, PS_LOG_INFO, "%s is back; is it the same model?", e->url);
    ps_remote_call_write(e);
    ask(e, "/v1/models", ps_remote_call_new(e, models_done));
}
