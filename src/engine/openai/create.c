/* An engine from its options. */
#include "base/clock.h"
#include "engine/openai/start.h"

#include <string.h>
#include <unistd.h>

static void init_sync(ps_remote *e) {
    pthread_mutex_init(&e->mutex, NULL);
    ps_clock_cond_init(&e->ready);
}

/* What the client says of the server. Before anybody waits, how it is stands in the error. */
static void pass_on(void *user, ps_log_level level, const char *message) {
    const ps_remote *e = user;
    if (e->started) ps_log_printf(&e->log, level, "%s", message);
}

static ps_status connect_to(ps_remote *e, ps_remote_endpoint *p, const ps_openai_options *o, ps_error *err) {
    enum { USUAL = 64 };
    const ps_http_options options = {
        .base_url = p->url,
        .key = o->key,
        .allow_plain_key = o->allow_plain_key,
        .max_under_way = o->max_under_way > 0 ? o->max_under_way : USUAL,
        .retries = o->retries < 0 ? 5 : o->retries,
        .outage_s = o->outage_s > 0 ? o->outage_s : 600,
        .log = {.write = pass_on, .user = e, .least = o->log.least},
        .beside = e->http,
    };
    ps_status status = ps_http_create(&options, &p->http, err);
    if (status != PS_OK) return e->n_endpoints > 1 ? ps_error_prefix(err, status, "%s", p->url) : status;
    if (e->n_endpoints > 1) ps_http_doubt(p->http);
    e->http = p->http;
    return PS_OK;
}

static ps_status connect_to_all(ps_remote *e, const ps_openai_options *o, ps_error *err) {
    ps_status status = PS_OK;
    ps_text all = {.arena = e->kept};
    for (size_t i = 0; i < e->n_endpoints && status == PS_OK; i++) {
        const char *url = o->n_base_urls > 0 ? o->base_urls[i] : o->base_url;
        ps_text_printf(&all, "%s%s", i > 0 ? ", " : "", url);
        e->endpoints[i].url = ps_arena_strndup(e->kept, url, strlen(url));
        status = e->endpoints[i].url != NULL ? connect_to(e, &e->endpoints[i], o, err) : ps_nomem(err);
    }
    e->url = ps_text_cstr(&all);
    return status == PS_OK && !ps_text_ok(&all) ? ps_nomem(err) : status;
}

ps_status ps_engine_openai_create(const ps_openai_options *o, ps_engine **engine, ps_error *err) {
    if (o->base_url == NULL && o->n_base_urls == 0)
        return ps_fail(err, PS_ARG, "no address of a server (engine.openai.base_url)");
    ps_remote *e = ps_calloc(1, sizeof *e);
    if (e == NULL) return ps_nomem(err);
    e->base.ops = &ps_remote_ops;
    e->process = getpid();
    e->timeout_s = o->timeout_s > 0 ? o->timeout_s : 120;
    e->log = o->log;
    e->most = o->max_under_way;
    e->usual_asked = 1;
    init_sync(e);
    const size_t n = o->n_base_urls > 0 ? o->n_base_urls : 1;
    e->kept = ps_arena_create();
    e->answer = ps_arena_create();
    e->endpoints = ps_calloc(n, sizeof *e->endpoints);
    if (e->endpoints != NULL) e->n_endpoints = n;
    ps_status status = e->kept != NULL && e->answer != NULL && e->endpoints != NULL ? PS_OK : ps_nomem(err);
    e->first = e->endpoints;
    if (status == PS_OK) status = connect_to_all(e, o, err);
    if (status == PS_OK) status = ps_remote_start(e, o->model, o->context, err);
    e->started = status == PS_OK;
    if (status == PS_OK) status = ps_remote_drive(e, err);
    if (status == PS_OK)
        *engine = &e->base;
    else
        ps_engine_free(&e->base);
    return status;
}
