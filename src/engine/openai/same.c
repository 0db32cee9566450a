/* Its models, its slots, its answer to the fixed text, and what its numbers are. Requests wait in src/http until it is
 * admitted. */
#include "engine/openai/same.h"

#include <stdio.h>
#include <string.h>

static void another(ps_remote *e, ps_remote_endpoint *p, const char *what, const char *was, const char *is) {
    ps_error err;
    if (p->known)
        (void)ps_fail(&err, PS_HTTP,
                      "%s came back with another model: %s was %s, is %s; what was finished is kept, and the same "
                      "command goes on with the model that was there before",
                      p->url, what, was, is);
    else
        (void)ps_fail(&err, PS_HTTP, "%s has another model than %s: %s is %s, not %s", p->url, e->first->url, what, is,
                      was);
    p->checking = false;
    ps_remote_refuse_endpoint(e, p, err.message);
}

/* It went away again, or is not ready yet: it is asked anew when it is back. What it refuses it will refuse then. */
static bool is_answered(ps_remote *e, ps_remote_endpoint *p, const ps_http_reply *reply) {
    ps_error err;
    if (reply->status == PS_OK) return true;
    p->checking = false;
    if (reply->status == PS_NOMEM) ps_remote_lose(e, PS_NOMEM, reply->message);
    if (reply->status != PS_HTTP || reply->code < 400 || reply->code >= 500) return false;
    if (reply->code == 408 || reply->code == 429) return false;
    (void)ps_remote_refusal(reply, &err);
    ps_remote_refuse_endpoint(e, p, err.message);
    return false;
}

static void admit(ps_remote_endpoint *p) {
    p->checking = false;
    p->known = true;
    ps_http_admit(p->http);
    p->present = ps_http_is_present(p->http);
}

static void unreadable(ps_remote *e, ps_remote_endpoint *p, const ps_error *why) {
    ps_error err = *why;
    p->checking = false;
    (void)ps_error_prefix(&err, PS_HTTP, "%s", p->url);
    ps_remote_refuse_endpoint(e, p, err.message);
}

/* ---- Asking -------------------------------------------------------------- */

static void send(ps_remote *e, ps_remote_endpoint *p, const char *path, ps_remote_call *call) {
    ps_error err;
    if (call != NULL) {
        call->endpoint = p;
        call->fixed = true;
    }
    ps_status status = call != NULL ? ps_remote_call_send(e, call, path, e->timeout_s, true, &err) : ps_nomem(&err);
    if (status == PS_OK) return;
    if (call != NULL) ps_remote_call_free(e, call);
    ps_remote_lose(e, status, err.message);
}

static void send_ask(ps_remote *e, ps_remote_endpoint *p, ps_remote_call *call) {
    ps_error err;
    const char *path = NULL;
    ps_remote_call_write(e);
    if (call != NULL && e->dialect->write_ask(&call->ask, &e->body, &path, &err) != PS_OK) e->body.failed = true;
    send(e, p, path, call);
}

static ps_status read(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply, ps_remote_answer *answer,
                      ps_error *err) {
    return e->dialect->read_answer(&call->ask, reply->body, reply->length, call->arena, answer, err);
}

/* ---- Its numbers --------------------------------------------------------- */

ps_remote_numbers ps_remote_numbers_of(const ps_remote_answer *answer) {
    const ps_remote_choice *choice = &answer->choices[0];
    return choice->n_tokens > 0 && choice->logp[0] > -1e-6 ? PS_REMOTE_PROCESSED : PS_REMOTE_RAW;
}

static void numbers_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    static const char *const names[] = {"none", "the model's own", "those of what was drawn from"};
    ps_error err = {0};
    ps_remote_answer answer = {0};
    if (!is_answered(e, call->endpoint, reply)) return;
    if (read(e, call, reply, &answer, &err) != PS_OK)
        unreadable(e, call->endpoint, &err);
    else if (ps_remote_numbers_of(&answer) != e->numbers)
        another(e, call->endpoint, "what its log-probabilities are", names[e->numbers],
                names[ps_remote_numbers_of(&answer)]);
    else
        admit(call->endpoint);
}

static void ask_numbers(ps_remote *e, ps_remote_endpoint *p) {
    ps_remote_ask ask;
    ps_remote_call *call = ps_remote_call_new(e, numbers_done);
    ps_token *prefix =
        call != NULL ? ps_arena_calloc(call->arena, PS_REMOTE_CHECKED_TEXT + PS_REMOTE_CHECKED, sizeof *prefix) : NULL;
    if (prefix == NULL) {
        ps_remote_call_free(e, call);
        ps_remote_lose(e, PS_NOMEM, "out of memory");
    } else if (ps_remote_print_ask_numbers(&e->print, e->facts.model, e->dialect->streams, prefix, &ask)) {
        call->ask = ask;
        send_ask(e, p, call);
    } else {
        ps_remote_call_free(e, call);
        admit(p);
    }
}

/* ---- Its answer ---------------------------------------------------------- */

static void answer_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_answer answer = {0};
    ps_remote_print now = e->print;
    const char *what = NULL;
    if (!is_answered(e, call->endpoint, reply)) return;
    if (read(e, call, reply, &answer, &err) != PS_OK) {
        unreadable(e, call->endpoint, &err);
        return;
    }
    ps_remote_print_take(&now, &answer.choices[0]);
    if (!ps_remote_print_same(&e->print, &now, &what))
        another(e, call->endpoint, what, "one thing", "another");
    else if (e->numbers != PS_REMOTE_NO_NUMBERS)
        ask_numbers(e, call->endpoint);
    else
        admit(call->endpoint);
}

static void ask_answer(ps_remote *e, ps_remote_endpoint *p) {
    if (e->print.n_text == 0) { /* a server without ids is known by its name alone */
        admit(p);
        return;
    }
    ps_remote_call *call = ps_remote_call_new(e, answer_done);
    if (call != NULL) ps_remote_print_ask(&e->print, e->facts.model, e->dialect->streams, &call->ask);
    send_ask(e, p, call);
}

/* ---- Its slots ----------------------------------------------------------- */

/* After a restart it may have others. A smaller context would cut answers short that were to have more. */
static void take_facts(ps_remote *e, ps_remote_endpoint *p, const ps_remote_facts *facts) {
    char was[32], is[32];
    p->context = facts->context;
    p->slots = facts->slots;
    if (e->started && facts->context > 0 && facts->context < e->context) {
        (void)snprintf(was, sizeof was, "%zu tokens", e->context);
        (void)snprintf(is, sizeof is, "%zu", facts->context);
        another(e, p, "the context", was, is);
        return;
    }
    if (e->started && facts->slots > 0) {
        p->limit.most = e->most > 0 && e->most < facts->slots ? e->most : facts->slots;
        p->limit.now = p->limit.most;
    }
    ask_answer(e, p);
}

static void facts_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_facts facts = {.context = call->endpoint->context};
    const bool hidden = reply->status == PS_HTTP && reply->code == 404;
    if (!hidden && !is_answered(e, call->endpoint, reply)) return;
    if (!hidden && e->dialect->read_facts(reply->body, reply->length, call->arena, &facts, &err) != PS_OK)
        unreadable(e, call->endpoint, &err);
    else
        take_facts(e, call->endpoint, &facts);
}

/* ---- Its models ---------------------------------------------------------- */

static void models_done(ps_remote *e, ps_remote_call *call, const ps_http_reply *reply) {
    ps_error err = {0};
    ps_remote_endpoint *p = call->endpoint;
    const ps_dialect *dialect = NULL;
    ps_remote_facts facts = {0};
    const bool no_list = reply->status == PS_HTTP && ps_remote_has_no_list(reply->code) && e->facts.listed != NULL;
    if (!no_list && !is_answered(e, p, reply)) return;
    ps_status status = ps_remote_identify(no_list ? NULL : reply->body, reply->length, NULL, 0, e->facts.model,
                                          call->arena, &dialect, &facts, &err);
    if (status != PS_OK) {
        another(e, p, "the model", e->facts.model, err.message);
    } else if (dialect != e->kind) {
        another(e, p, "the kind of server", e->kind->name, dialect->name);
    } else if (e->facts.root != NULL && facts.root != NULL && strcmp(e->facts.root, facts.root) != 0) {
        another(e, p, "where it comes from", e->facts.root, facts.root);
    } else if (e->dialect->facts_path != NULL) {
        p->context = facts.context;
        ps_remote_call_write(e);
        send(e, p, e->dialect->facts_path, ps_remote_call_new(e, facts_done));
    } else {
        take_facts(e, p, &facts);
    }
}

void ps_remote_check_same(ps_remote *e, ps_remote_endpoint *p) {
    if (p->checking) return;
    p->checking = true;
    ps_log_printf(&e->log, PS_LOG_INFO, "%s is %s; is it the same model?", p->url, p->known ? "back" : "there");
    ps_remote_call_write(e);
    send(e, p, "/v1/models", ps_remote_call_new(e, models_done));
}
