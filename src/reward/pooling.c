#include "reward/pooling.h"

#include "base/clock.h"
#include "reward/nodes.h"
#include "reward/separated.h"

#include <string.h>
#include <unistd.h>

static ps_pooling *self(ps_prm *prm) {
    return (ps_pooling *)prm;
}

/* ---- Lists and prefixes -------------------------------------------------- */

void ps_pooling_push(ps_pooling_steps *list, ps_pooling_step *step) {
    step->next = NULL;
    if (list->last != NULL)
        list->last->next = step;
    else
        list->first = step;
    list->last = step;
}

ps_pooling_step *ps_pooling_pop(ps_pooling_steps *list) {
    ps_pooling_step *step = list->first;
    if (step == NULL) return NULL;
    list->first = step->next;
    if (list->first == NULL) list->last = NULL;
    return step;
}

ps_pooling_prefix *ps_pooling_prefix_new(ps_pooling_prefix *parent, char *text, size_t length) {
    ps_pooling_prefix *made = text != NULL ? ps_malloc(sizeof *made) : NULL;
    if (made == NULL) {
        ps_free(text);
        return NULL;
    }
    *made = (ps_pooling_prefix){.references = 1, .parent = parent, .text = text, .length = length, .bytes = length};
    made->p = 1;
    if (parent == NULL) return made;
    parent->references++;
    made->n_tags = parent->n_tags + 1;
    made->bytes += parent->bytes;
    return made;
}

void ps_pooling_unreference(ps_pooling_prefix *prefix) {
    while (prefix != NULL && --prefix->references == 0) {
        ps_pooling_prefix *parent = prefix->parent;
        ps_free(prefix->text);
        ps_free(prefix);
        prefix = parent;
    }
}

void ps_pooling_step_free(ps_pooling_step *step) {
    if (step == NULL) return;
    ps_pooling_unreference(step->prefix);
    ps_free(step);
}

static void free_steps(ps_pooling_steps *list) {
    for (ps_pooling_step *step; (step = ps_pooling_pop(list)) != NULL;)
        ps_pooling_step_free(step);
}

/* ---- Nodes --------------------------------------------------------------- */

static bool is_foreign(const ps_pooling *p) {
    return getpid() != p->process;
}

static ps_status check_process(const ps_pooling *p, ps_error *err) {
    if (!is_foreign(p)) return PS_OK;
    return ps_fail(err, PS_ENGINE, "the connections to %s do not go through fork(): make them after that", p->url);
}

/* Room for all nodes and events that may come, and one more. */
static ps_status reserve(ps_pooling *p, ps_error *err) {
    const size_t n = p->under_way + 1;
    ps_status status = ps_slots_reserve(&p->nodes, n, err);
    if (status != PS_OK) return status;
    return ps_reserve(&p->prefixes, &p->prefix_capacity, p->nodes.capacity) == PS_OK &&
                   ps_reserve(&p->events, &p->event_capacity, n) == PS_OK
               ? PS_OK
               : ps_nomem(err);
}

static ps_prm_node add_node(ps_pooling *p, ps_pooling_prefix *prefix) {
    uint32_t slot;
    const ps_prm_node node = ps_slots_take(&p->nodes, &slot);
    p->prefixes[slot] = prefix;
    return node;
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    ps_pooling *p = self(prm);
    size_t length = 0;
    ps_status status = check_process(p, err);
    if (status == PS_OK) status = reserve(p, err);
    if (status != PS_OK) return status;
    char *text = ps_pooling_prompt(p, question, &length);
    ps_pooling_prefix *made = ps_pooling_prefix_new(NULL, text, length);
    if (made == NULL) return ps_nomem(err);
    *node = add_node(p, made);
    return PS_OK;
}

static void release(ps_prm *prm, ps_prm_node node) {
    ps_pooling *p = self(prm);
    uint32_t slot;
    if (is_foreign(p) || !ps_slots_find(&p->nodes, node, &slot)) return;
    ps_slots_give(&p->nodes, slot);
    pthread_mutex_lock(&p->mutex);
    ps_pooling_unreference(p->prefixes[slot]);
    pthread_mutex_unlock(&p->mutex);
}

/* ---- Submitting ---------------------------------------------------------- */

/* A step is the prefix that it makes; one that says nothing makes none. */
static ps_pooling_step *step_after(ps_pooling *p, ps_pooling_prefix *parent, const ps_prm_request *request) {
    const size_t stripped = ps_prm_stripped(request->text, request->length);
    ps_pooling_step *step = ps_calloc(1, sizeof *step);
    size_t length = 0;
    if (step == NULL) return NULL;
    step->tag = request->tag;
    char *text = stripped > 0 ? ps_pooling_step_text(p, request->text, stripped, &length) : NULL;
    pthread_mutex_lock(&p->mutex);
    if (stripped > 0) {
        step->prefix = ps_pooling_prefix_new(parent, text, length);
    } else {
        step->prefix = parent;
        parent->references++;
    }
    pthread_mutex_unlock(&p->mutex);
    if (step->prefix != NULL) return step;
    ps_free(step);
    return NULL;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    ps_pooling *p = self(prm);
    uint32_t slot;
    ps_status status = check_process(p, err);
    if (status != PS_OK) return status;
    if (!ps_slots_find(&p->nodes, request->parent, &slot))
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    status = reserve(p, err);
    if (status != PS_OK) return status;
    ps_pooling_prefix *parent = p->prefixes[slot];
    ps_pooling_step *step = step_after(p, parent, request);
    if (step == NULL) return ps_nomem(err);
    const bool blank = step->prefix == parent;
    p->under_way++;
    pthread_mutex_lock(&p->mutex);
    ps_pooling_push(blank ? &p->results : &p->submitted, step);
    if (blank && p->ready != NULL) p->ready(p->user);
    pthread_mutex_unlock(&p->mutex);
    return PS_OK;
}

/* What was submitted together goes out together. [mutex] */
static void hand_in(ps_pooling *p) {
    const bool some = p->submitted.first != NULL;
    for (ps_pooling_step *step; (step = ps_pooling_pop(&p->submitted)) != NULL;)
        ps_pooling_push(&p->waiting, step);
    if (some) ps_http_wake(p->http);
}

static void cancel(ps_prm *prm, uint64_t tag) {
    ps_pooling *p = self(prm);
    if (is_foreign(p)) return;
    pthread_mutex_lock(&p->mutex);
    ps_pooling_mark(p, tag);
    hand_in(p);
    pthread_mutex_unlock(&p->mutex);
    ps_http_wake(p->http);
}

/* ---- Polling ------------------------------------------------------------- */

static void wake(ps_prm *prm) {
    ps_pooling *p = self(prm);
    if (is_foreign(p)) return;
    pthread_mutex_lock(&p->mutex);
    p->woken = true;
    pthread_cond_broadcast(&p->come);
    pthread_mutex_unlock(&p->mutex);
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    ps_pooling *p = self(prm);
    if (is_foreign(p)) return true;
    pthread_mutex_lock(&p->mutex);
    p->ready = ready;
    p->user = user;
    pthread_mutex_unlock(&p->mutex);
    return true;
}

/* [mutex] */
static ps_status take_results(ps_pooling *p, double seconds, ps_error *err) {
    const double deadline = ps_now() + seconds;
    hand_in(p);
    while (seconds > 0 && p->results.first == NULL && p->under_way > 0 && !p->woken && p->lost.code == PS_OK &&
           ps_now() < deadline)
        ps_clock_cond_wait(&p->come, &p->mutex, deadline);
    p->woken = false;
    if (p->results.first == NULL && p->lost.code != PS_OK) return ps_fail(err, p->lost.code, "%s", p->lost.message);
    p->delivered = p->results;
    p->results = (ps_pooling_steps){0};
    return PS_OK;
}

/* The node of a scored step takes over its reference of the prefix. */
static ps_prm_event event_of(ps_pooling *p, ps_pooling_step *step) {
    ps_pooling_prefix *prefix = step->prefix;
    if (step->error.code != PS_OK)
        return (ps_prm_event){
            .tag = step->tag, .status = step->error.code, .message = step->error.message, .tokens = step->tokens};
    step->prefix = NULL;
    const bool some = prefix->aggregate.n > 0;
    return (ps_prm_event){.tag = step->tag,
                          .node = add_node(p, prefix),
                          .step = prefix->p,
                          .reward = some ? ps_aggregate_value(&prefix->aggregate, p->aggregate) : 1,
                          .tokens = step->tokens};
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    ps_pooling *p = self(prm);
    ps_status status = check_process(p, err);
    if (status != PS_OK) return status;
    pthread_mutex_lock(&p->mutex);
    free_steps(&p->delivered);
    status = take_results(p, seconds, err);
    size_t count = 0;
    for (ps_pooling_step *step = status == PS_OK ? p->delivered.first : NULL; step != NULL; step = step->next)
        p->events[count++] = event_of(p, step);
    pthread_mutex_unlock(&p->mutex);
    if (status != PS_OK) return status;
    p->under_way -= count;
    *events = p->events;
    *n = count;
    return PS_OK;
}

/* ---- Facts --------------------------------------------------------------- */

static void stats(const ps_prm *prm, ps_engine_stats *out) {
    ps_pooling *p = (ps_pooling *)prm;
    if (is_foreign(p)) return;
    pthread_mutex_lock(&p->mutex);
    *out = p->stats;
    pthread_mutex_unlock(&p->mutex);
}

static const char *identity(const ps_prm *prm) {
    return ((const ps_pooling *)prm)->identity;
}

/* ---- Life ---------------------------------------------------------------- */

static void destroy(ps_prm *prm) {
    ps_pooling *p = self(prm);
    if (is_foreign(p)) return;
    ps_pooling_stop(p);
    free_steps(&p->submitted);
    free_steps(&p->waiting);
    free_steps(&p->results);
    free_steps(&p->delivered);
    for (size_t i = 0; i < p->nodes.count; i++)
        if (ps_slots_is_taken(&p->nodes, i)) ps_pooling_unreference(p->prefixes[i]);
    ps_slots_clear(&p->nodes);
    ps_http_free(p->http);
    ps_arena_free(p->kept);
    ps_free(p->prefixes);
    ps_free(p->events);
    pthread_cond_destroy(&p->come);
    pthread_mutex_destroy(&p->mutex);
    ps_free(p);
}

static const ps_prm_ops pooling_ops = {.kind = "pooling",
                                       .destroy = destroy,
                                       .root = root,
                                       .release = release,
                                       .submit = submit,
                                       .poll = poll,
                                       .cancel = cancel,
                                       .wake = wake,
                                       .on_ready = on_ready,
                                       .stats = stats,
                                       .identity = identity};

/* What the client says of the server. Before anybody waits, how it is stands in the error. */
static void pass_on(void *user, ps_log_level level, const char *message) {
    const ps_pooling *p = user;
    if (p->started) ps_log_printf(&p->log, level, "%s", message);
}

static ps_status connect_to(ps_pooling *p, const ps_openai_options *o, ps_error *err) {
    const ps_http_options options = {
        .base_url = o->base_url,
        .key = o->key,
        .allow_plain_key = o->allow_plain_key,
        .max_under_way = p->most,
        .retries = o->retries < 0 ? 5 : o->retries,
        .outage_s = o->outage_s > 0 ? o->outage_s : 600,
        .log = {.write = pass_on, .user = p, .least = o->log.least},
    };
    return ps_http_create(&options, &p->http, err);
}

static ps_status start(ps_pooling *p, const ps_openai_options *server, const ps_prm_options *o, ps_error *err) {
    p->kept = ps_arena_create();
    if (p->kept == NULL) return ps_nomem(err);
    const char *tag = o->step_tag != NULL ? o->step_tag : "<extra_0>";
    p->url = ps_arena_strndup(p->kept, server->base_url, strlen(server->base_url));
    p->tag = ps_arena_strndup(p->kept, tag, strlen(tag));
    if (p->url == NULL || p->tag == NULL) return ps_nomem(err);
    if (*tag == '\0') return ps_fail(err, PS_ARG, "no step tag (scoring.prm.step_tag)");
    ps_status status = connect_to(p, server, err);
    if (status == PS_OK) status = ps_pooling_start(p, server->model, o->system, err);
    p->started = status == PS_OK;
    return status == PS_OK ? ps_pooling_drive(p, err) : status;
}

ps_status ps_prm_pooling_create(const ps_openai_options *server, const ps_prm_options *options, ps_prm **prm,
                                ps_error *err) {
    enum { USUAL = 4 }; /* requests at once: one is read while others are on their way */
    if (server->base_url == NULL) return ps_fail(err, PS_ARG, "no address of a server (models.prm.openai.base_url)");
    ps_pooling *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    p->base.ops = &pooling_ops;
    p->process = getpid();
    p->aggregate = options->aggregate;
    p->most = server->max_under_way > 0 ? server->max_under_way : USUAL;
    p->timeout_s = server->timeout_s > 0 ? server->timeout_s : 120;
    p->log = server->log;
    pthread_mutex_init(&p->mutex, NULL);
    ps_clock_cond_init(&p->come);
    ps_prm *made = &p->base;
    ps_status status = start(p, server, options, err);
    if (status == PS_OK && options->step_separator != NULL && *options->step_separator != '\0')
        status = ps_prm_separate(&p->base, options->step_separator, &made, err);
    if (status == PS_OK)
        *prm = made;
    else
        ps_prm_free(&p->base);
    return status;
}
