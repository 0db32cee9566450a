/* The toy engine's reward model behind the seam: it reads text, so nothing but text passes between the two. A step is
 * read when it is submitted and answered when it is polled. */
#include "persamp/engine_toy.h"
#include "reward/nodes.h"

#include <string.h>

/* A step that was read and waits to be polled. */
typedef struct reading {
    uint64_t tag;
    ps_aggregate_state before;
    ps_status status; /* PS_OK, PS_FORMAT (no such step) or PS_CANCELLED */
    double step;
    char *text; /* the whole prefix, when rewards depend on it; owned */
} reading;

typedef struct toy_prm {
    ps_prm base; /* first */
    ps_aggregate aggregate;
    ps_toy_rewards *rewards;
    ps_prm_nodes nodes;
    reading *readings;
    ps_prm_event *events;
    size_t n_readings, reading_capacity, event_capacity;
    ps_engine_stats stats;
} toy_prm;

static toy_prm *self(ps_prm *prm) {
    return (toy_prm *)prm;
}

static void destroy(ps_prm *prm) {
    toy_prm *toy = self(prm);
    for (size_t i = 0; i < toy->n_readings; i++)
        ps_free(toy->readings[i].text);
    ps_prm_nodes_clear(&toy->nodes);
    ps_toy_rewards_free(toy->rewards);
    ps_free(toy->readings);
    ps_free(toy->events);
    ps_free(toy);
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    (void)question;
    toy_prm *toy = self(prm);
    /* Beside what is pending, so that poll cannot run out of room. */
    ps_status status = ps_prm_nodes_reserve(&toy->nodes, toy->n_readings + 1, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&toy->nodes, (ps_prm_prefix){0});
    return status;
}

static void release(ps_prm *prm, ps_prm_node node) {
    ps_free(ps_prm_nodes_remove(&self(prm)->nodes, node).text);
}

/* ---- Reading ------------------------------------------------------------- */

static ps_status join(const char *before, const ps_prm_request *request, char **whole, ps_error *err) {
    ps_text text = {0};
    if (before != NULL) ps_text_puts(&text, before);
    ps_text_append(&text, request->text, request->length);
    if (!ps_text_ok(&text)) {
        ps_text_clear(&text);
        return ps_nomem(err);
    }
    *whole = text.data;
    return PS_OK;
}

/* The step's probability and, when that will be asked for, the prefix it makes. A step that cannot be read is the
 * event's error, not the submission's. */
static ps_status read_step(toy_prm *toy, const ps_prm_prefix *parent, const ps_prm_request *request, reading *r,
                           ps_error *err) {
    const bool whole = ps_toy_rewards_need_prefix(toy->rewards);
    ps_status status = whole ? join(parent->text, request, &r->text, err) : PS_OK;
    if (status != PS_OK) return status;
    char small[256], *step = small; /* of a step there is nearly always less */
    if (request->length >= sizeof small) step = ps_malloc(request->length + 1);
    if (step == NULL) return ps_nomem(err);
    if (request->length > 0) memcpy(step, request->text, request->length);
    step[request->length] = '\0';
    r->status = ps_toy_reward(toy->rewards, r->text, step, &r->step, NULL);
    if (step != small) ps_free(step);
    return PS_OK;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    toy_prm *toy = self(prm);
    const ps_prm_prefix *parent = ps_prm_nodes_find(&toy->nodes, request->parent);
    if (parent == NULL) return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    reading made = {.tag = request->tag, .before = parent->aggregate};
    const size_t n = toy->n_readings + 1;
    ps_status status = read_step(toy, parent, request, &made, err);
    if (status == PS_OK) status = ps_prm_nodes_reserve(&toy->nodes, n, err);
    if (status == PS_OK && (ps_reserve(&toy->readings, &toy->reading_capacity, n) != PS_OK ||
                            ps_reserve(&toy->events, &toy->event_capacity, n) != PS_OK))
        status = ps_nomem(err);
    if (status == PS_OK)
        toy->readings[toy->n_readings++] = made;
    else
        ps_free(made.text);
    return status;
}

static ps_prm_event answer(toy_prm *toy, reading *r) {
    if (r->status != PS_OK) {
        ps_free(r->text);
        return (ps_prm_event){.tag = r->tag,
                              .status = r->status,
                              .message = r->status == PS_CANCELLED
                                             ? "the request was cancelled"
                                             : "the toy reward model was given a step that the synthetic reasoner did "
                                               "not write (\"step 3: ok z=0.531042\")"};
    }
    const ps_aggregate_state after = ps_aggregate_add(r->before, r->step);
    return (ps_prm_event){.tag = r->tag,
                          .node = ps_prm_nodes_add(&toy->nodes, (ps_prm_prefix){.aggregate = after, .text = r->text}),
                          .step = r->step,
                          .reward = ps_aggregate_value(&after, toy->aggregate),
                          .tokens = 1};
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    (void)seconds; /* what is under way is ready at once */
    (void)err;
    toy_prm *toy = self(prm);
    for (size_t i = 0; i < toy->n_readings; i++)
        toy->events[i] = answer(toy, &toy->readings[i]);
    *events = toy->events;
    *n = toy->n_readings;
    toy->stats.prefilled += toy->n_readings;
    toy->stats.batches += toy->n_readings > 0;
    toy->n_readings = 0;
    return PS_OK;
}

static void cancel(ps_prm *prm, uint64_t tag) {
    toy_prm *toy = self(prm);
    for (size_t i = 0; i < toy->n_readings; i++)
        if (toy->readings[i].tag == tag) toy->readings[i].status = PS_CANCELLED;
}

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    *stats = ((const toy_prm *)prm)->stats;
}

static const char *identity(const ps_prm *prm) {
    return ps_toy_rewards_identity(((const toy_prm *)prm)->rewards);
}

static const ps_prm_ops toy_ops = {.kind = "toy",
                                   .destroy = destroy,
                                   .root = root,
                                   .release = release,
                                   .submit = submit,
                                   .poll = poll,
                                   .cancel = cancel,
                                   .stats = stats,
                                   .identity = identity};

ps_status ps_prm_toy_create(const ps_toy_options *options, ps_aggregate aggregate, ps_prm **prm, ps_error *err) {
    toy_prm *toy = ps_calloc(1, sizeof *toy);
    if (toy == NULL) return ps_nomem(err);
    toy->base.ops = &toy_ops;
    toy->aggregate = aggregate;
    ps_status status = ps_toy_rewards_create(options, &toy->rewards, err);
    if (status == PS_OK)
        *prm = &toy->base;
    else
        destroy(&toy->base);
    return status;
}
