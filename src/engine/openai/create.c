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

static ps_status connect_to(ps_remote *e, const ps_openai_options *o, ps_error *err) {
    enum { USUAL = 64 };
    const ps_http_options options = {
        .base_url = o->base_url,
        .key = o->key,
        .allow_plain_key = o->allow_plain_key,
        .max_under_way = o->max_under_way > 0 ? o->max_under_way : USUAL,
        .retries = o->retries < 0 ? 5 : o->retries,
        .outage_s = o->outage_s > 0 ? o->outage_s : 600,
        .log = {.write = pass_on, .user = e, .least = o->log.least},
    };
    return ps_http_create(&options, &e->http, err);
}

ps_status ps_engine_openai_create(const ps_openai_options *o, ps_engine **engine, ps_error *err) {
    if (o->base_url == NULL) return ps_fail(err, PS_ARG, "no address of a server (engine.openai.base_url)");
    ps_remote *e = ps_calloc(1, sizeof *e);
    if (e == NULL) return ps_nomem(err);
    e->base.ops = &ps_remote_ops;
    e->process = getpid();
    e->timeout_s = o->timeout_s > 0 ? o->timeout_s : 120;
    e->log = o->log;
    e->limit.most = o->max_under_way;
    init_sync(e);
    e->kept = ps_arena_create();
    e->answer = ps_arena_create();
    if (e->kept != NULL) e->url = ps_arena_strndup(e->kept, o->base_url, strlen(o->base_url));
    ps_status status = e->kept != NULL && e->answer != NULL && e->url != NULL ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = connect_to(e, o, err);
    if (status == PS_OK) status = ps_remote_start(e, o->model, o->context, err);
    e->started = status == PS_OK;
    if (status == PS_OK) status = ps_remote_drive(e, err);
    if (status == PS_OK)
        *engine = &e->base;
    else
        ps_engine_free(&e->base);
    return status;
}
