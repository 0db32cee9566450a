#include "serve/routes.h"
#include "base/json.h"
#include "serve/answer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char type_of_json[] = "application/json";

/* ---- Small answers ------------------------------------------------------- */

static enum MHD_Result send_json(ps_exchange *x, int code, json_t *object) {
    ps_text text = {0};
    if (ps_json_dump(object, JSON_COMPACT, &text, NULL) != PS_OK) text.failed = true;
    return ps_send_text(x, code, type_of_json, &text);
}

static enum MHD_Result answer_health(ps_exchange *x) {
    ps_server_lock(x->server);
    const char *state = x->server->stopping ? "stopping" : x->server->models != NULL ? "ready" : "loading";
    ps_server_unlock(x->server);
    return send_json(x, strcmp(state, "ready") == 0 ? 200 : 503, json_pack("{s:s}", "status", state));
}

/* Loading: there are no names yet. */
static enum MHD_Result answer_models(ps_exchange *x) {
    json_t *list = json_array();
    ps_server_lock(x->server);
    const ps_catalogue *c = &x->server->catalogue;
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(list, json_pack("{s:o,s:s,s:i,s:s}", "id", ps_json_text(c->entries[i].name), "object",
                                              "model", "created", 0, "owned_by", "persamp"));
    ps_server_unlock(x->server);
    return send_json(x, 200, json_pack("{s:s,s:o}", "object", "list", "data", list));
}

static enum MHD_Result answer_metrics(ps_exchange *x) {
    ps_text text = {0};
    ps_gauges now = {0};
    ps_server_lock(x->server);
    ps_metrics metrics = x->server->metrics;
    now.waiting = x->server->queue.waiting;
    now.running = x->server->queue.running + x->server->reading;
    now.ready = x->server->models != NULL;
    for (const ps_connection *c = x->server->connections; c != NULL; c = c->next)
        now.connections++;
    ps_server_unlock(x->server);
    ps_metrics_text(&metrics, &now, &text);
    return ps_send_text(x, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
}

/* A browser that has a file asks whether it is still the same, and is told so in a few bytes. */
static enum MHD_Result send_file(ps_exchange *x) {
    const ps_embedded *file = x->file->file;
    const char *had = MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "If-None-Match");
    bool same = had != NULL && strstr(had, file->sha256) != NULL;
    char tag[80];
    struct MHD_Response *response =
        MHD_create_response_from_buffer(same ? 0 : file->length, (void *)file->data, MHD_RESPMEM_PERSISTENT);
    if (response == NULL) return MHD_NO;
    snprintf(tag, sizeof tag, "\"%s\"", file->sha256);
    (void)MHD_add_response_header(response, "ETag", tag);
    (void)MHD_add_response_header(response, "Cache-Control", "no-cache");
    return ps_send(x, same ? 304 : 200, ps_page_type(x->file), response);
}

const ps_route ps_page_route = {.post = false, .open = true, .answer = send_file};

/* ---- Answers of the model ------------------------------------------------ */

/* A seed is what system.seed may be, so that `persamp solve` can repeat the answer: 63 bits. */
static bool choose_seed(ps_job *job, ps_api_error *err) {
    uint64_t random;
    const ps_api_request *r = &job->request;
    if (getentropy(&random, sizeof random) != 0)
        return ps_api_refuse(err, 500, NULL, NULL, "the system gives no random numbers");
    snprintf(job->id, sizeof job->id, "%s-%016llx", r->chat ? "chatcmpl" : "cmpl", (unsigned long long)random);
    if (getentropy(&random, sizeof random) != 0)
        return ps_api_refuse(err, 500, NULL, NULL, "the system gives no random numbers");
    job->seed = r->has_seed ? r->seed : random >> 1;
    return true;
}

static void set_problem(ps_job *job) {
    const ps_api_request *r = &job->request;
    job->problem = (ps_problem){.messages = r->messages,
                                .n_messages = r->n_messages,
                                .prompt = r->prompt,
                                .stops = r->stops,
                                .n_stops = r->n_stops};
}

/* The models, kept until leave_models; NULL: not now. The catalogue is theirs. */
static ps_models *enter_models(ps_server *s, ps_api_error *err) {
    ps_server_lock(s);
    ps_models *models = s->stopping ? NULL : s->models;
    if (models != NULL)
        s->planning++;
    else if (s->stopping)
        ps_api_refuse(err, 503, NULL, "shutting_down", "the server is about to end");
    else
        ps_api_refuse(err, 503, NULL, "loading", "the model is being loaded");
    if (models == NULL) err->retry_after = 5;
    ps_server_unlock(s);
    return models;
}

static void leave_models(ps_server *s) {
    ps_server_lock(s);
    if (--s->planning == 0) pthread_cond_broadcast(&s->changed);
    ps_server_unlock(s);
}

/* One that a request before had, or a new one. Without memory for its key it is made and not kept. */
static bool find_session(ps_exchange *x, ps_models *models, const ps_named *named, ps_job *job) {
    ps_server *s = x->server;
    ps_text key = {0};
    ps_plan_key(&s->catalogue, named, &job->request, &key);
    ps_server_lock(s);
    if (ps_text_ok(&key)) job->session = ps_sessions_find(&s->sessions, ps_text_cstr(&key), &job->max_tokens);
    ps_server_unlock(s);
    bool ok = true;
    if (job->session == NULL) {
        ok = ps_plan_session(named, models, &job->request, &job->session, &job->max_tokens, &x->error);
        ps_server_lock(s);
        if (ok && ps_text_ok(&key)) ps_sessions_keep(&s->sessions, ps_text_cstr(&key), job->session, job->max_tokens);
        ps_server_unlock(s);
    }
    ps_text_clear(&key);
    return ok;
}

static bool plan(ps_exchange *x, ps_models *models, ps_job *job) {
    const ps_named *named = ps_catalogue_find(&x->server->catalogue, job->request.model);
    if (named == NULL)
        return ps_api_refuse(&x->error, 404, "model", "model_not_found",
                             "there is no model %.80s; GET /v1/models lists them", job->request.model);
    job->model = named->name;
    set_problem(job);
    return choose_seed(job, &x->error) && find_session(x, models, named, job);
}

/* In the queue, and asleep until something comes of it. */
static bool queue(ps_exchange *x, ps_job *job) {
    ps_server *s = x->server;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    job->queued.key = x->key;
    job->socket = info != NULL ? info->connect_fd : -1;
    ps_server_lock(s);
    bool queued = s->stopping ? ps_api_refuse(&x->error, 503, NULL, "shutting_down", "the server is about to end")
                              : ps_job_queue(s, job, &x->error);
    if (queued) {
        x->job = job;
        ps_job_suspend(job, x->connection);
    }
    ps_server_unlock(s);
    return queued;
}

static bool submit(ps_exchange *x, bool chat) {
    ps_models *models = enter_models(x->server, &x->error);
    if (models == NULL) return false;
    ps_job *job = ps_job_create();
    bool ok = job != NULL;
    if (job == NULL)
        ps_api_refuse(&x->error, 500, NULL, NULL, "out of memory");
    else
        ok = ps_api_request_parse(ps_text_cstr(&x->body), x->body.length, chat, &job->request, &x->error) &&
             plan(x, models, job) && queue(x, job);
    leave_models(x->server);
    if (!ok) ps_job_free(job);
    return ok;
}

static enum MHD_Result answer(ps_exchange *x, bool chat) {
    bool queued = submit(x, chat);
    ps_text_clear(&x->body);
    return queued ? MHD_YES : ps_send_error(x, &x->error);
}

static enum MHD_Result answer_chat(ps_exchange *x) {
    return answer(x, true);
}
static enum MHD_Result answer_completion(ps_exchange *x) {
    return answer(x, false);
}

static enum MHD_Result send_answer(ps_exchange *x) {
    ps_text text = {0};
    if (ps_answer_json(x->job, &text, NULL) != PS_OK) text.failed = true;
    return ps_send_text(x, 200, type_of_json, &text);
}

static enum MHD_Result send_stream(ps_exchange *x) {
    struct MHD_Response *response = ps_stream_response(x->server, x->job);
    if (response == NULL) return MHD_NO;
    (void)MHD_add_response_header(response, "Cache-Control", "no-cache");
    (void)MHD_add_response_header(response, "X-Accel-Buffering", "no"); /* a proxy that holds it back makes it none */
    return ps_send(x, 200, "text/event-stream; charset=utf-8", response);
}

enum MHD_Result ps_answer_job(ps_exchange *x) {
    ps_job *job = x->job;
    ps_server_lock(x->server);
    bool gone = job->gone, over = job->state == PS_JOB_OVER, begin = over || (job->request.stream && job->begin);
    if (!gone && !begin) ps_job_suspend(job, x->connection);
    ps_server_unlock(x->server);
    if (gone) return MHD_NO;
    if (!begin) return MHD_YES;
    if (over && job->error.http != 0) return ps_send_error(x, &job->error);
    return job->request.stream ? send_stream(x) : send_answer(x);
}

/* ---- The table ----------------------------------------------------------- */

const ps_route *ps_route_find(const char *path) {
    static const ps_route routes[] = {
        {"/v1/chat/completions", true, false, answer_chat}, {"/v1/completions", true, false, answer_completion},
        {"/v1/models", false, false, answer_models},        {"/health", false, true, answer_health},
        {"/metrics", false, false, answer_metrics},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].path, path) == 0) return &routes[i];
    return NULL;
}
