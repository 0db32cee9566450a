/* Kind `self`: a learned head on the states that the generator had anyway. A step is read when it is submitted and
 * answered when it is polled. */
#include "reward/nodes.h"
#include "reward/readings.h"

#include <math.h>
#include <string.h>

/* A step that was read and waits to be polled. */
typedef struct reading {
    uint64_t tag;
    ps_aggregate_state after;
    double step, reward;
    bool cancelled;
} reading;

typedef struct self_prm {
    ps_prm base; /* first */
    ps_aggregate aggregate;
    ps_prm_head head;
    char *identity; /* or NULL */
    ps_prm_nodes nodes;
    reading *readings;
    ps_prm_event *events;
    size_t n_readings, reading_capacity, event_capacity;
} self_prm;

static self_prm *self(ps_prm *prm) {
    return (self_prm *)prm;
}

static void destroy(ps_prm *prm) {
    self_prm *m = self(prm);
    ps_prm_nodes_clear(&m->nodes);
    ps_prm_head_clear(&m->head);
    ps_free(m->identity);
    ps_free(m->readings);
    ps_free(m->events);
    ps_free(m);
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    (void)question;
    self_prm *m = self(prm);
    /* Beside what is pending, so that poll cannot run out of room. */
    ps_status status = ps_prm_nodes_reserve(&m->nodes, m->n_readings + 1, err);
    if (status == PS_OK) *node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){0});
    return status;
}

static void release(ps_prm *prm, ps_prm_node node) {
    ps_prm_nodes_remove(&self(prm)->nodes, node);
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    self_prm *m = self(prm);
    const ps_prm_prefix *parent = ps_prm_nodes_find(&m->nodes, request->parent);
    if (parent == NULL) return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    reading made = {.tag = request->tag};
    made.after = ps_reading_after(&m->head, m->aggregate, parent->aggregate, request->hidden, &made.step, &made.reward);
    const size_t n = m->n_readings + 1;
    ps_status status = ps_prm_nodes_reserve(&m->nodes, n, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&m->readings, &m->reading_capacity, n) != PS_OK ||
        ps_reserve(&m->events, &m->event_capacity, n) != PS_OK)
        return ps_nomem(err);
    m->readings[m->n_readings++] = made;
    return PS_OK;
}

static ps_prm_event answer(self_prm *m, const reading *r) {
    if (r->cancelled)
        return (ps_prm_event){.tag = r->tag, .status = PS_CANCELLED, .message = "the request was cancelled"};
    if (isnan(r->step)) return (ps_prm_event){.tag = r->tag, .status = PS_DOMAIN, .message = PS_READING_NAN};
    return (ps_prm_event){.tag = r->tag,
                          .node = ps_prm_nodes_add(&m->nodes, (ps_prm_prefix){.aggregate = r->after}),
                          .step = r->step,
                          .reward = r->reward};
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    (void)seconds; /* what is under way is ready at once */
    (void)err;
    self_prm *m = self(prm);
    for (size_t i = 0; i < m->n_readings; i++)
        m->events[i] = answer(m, &m->readings[i]);
    *events = m->events;
    *n = m->n_readings;
    m->n_readings = 0;
    return PS_OK;
}

static void cancel(ps_prm *prm, uint64_t tag) {
    self_prm *m = self(prm);
    for (size_t i = 0; i < m->n_readings; i++)
        if (m->readings[i].tag == tag) m->readings[i].cancelled = true;
}

/* It computes nothing that is worth counting: the generator's passes are the generator's. */
static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    (void)prm;
    *stats = (ps_engine_stats){0};
}

static const char *identity(const ps_prm *prm) {
    return ((const self_prm *)prm)->identity;
}

static const ps_prm_ops self_ops = {.kind = "self",
                                    .reads_hidden = true,
                                    .destroy = destroy,
                                    .root = root,
                                    .release = release,
                                    .submit = submit,
                                    .poll = poll,
                                    .cancel = cancel,
                                    .stats = stats,
                                    .identity = identity};

/* The states of another model mean something else in every number, whatever their width. */
static ps_status check_head(const ps_prm_head *head, const char *path, const ps_engine_info *generator, ps_error *err) {
    const char *of = head->origin.model, *now = generator->identity;
    if (!head->learned)
        return ps_fail(err, PS_FORMAT,
                       "%s is no head that `persamp learn` made: scoring.prm.kind self needs one; for this file set "
                       "scoring.prm.kind head and models.prm.model_path",
                       path);
    if (of == NULL)
        return ps_fail(err, PS_FORMAT,
                       "%s does not say of which model's hidden states it was learned (prm.head.model), and those of "
                       "another model mean nothing: learn one for this model (persamp learn -h)",
                       path);
    if (now != NULL && strcmp(of, now) != 0)
        return ps_fail(err, PS_FORMAT,
                       "%s was learned from the hidden states of another model: it says %s, and the generator is %s; "
                       "learn one for this model (persamp learn -h)",
                       path, of, now);
    return ps_prm_head_fits(head, path, generator->model, generator->hidden_size, err);
}

ps_status ps_prm_self_create(const ps_engine *generator, const char *head_path, ps_aggregate aggregate, ps_prm **prm,
                             ps_error *err) {
    ps_engine_info info;
    ps_engine_get_info(generator, &info);
    if ((info.can & PS_ENGINE_STEP_HIDDEN) == 0)
        return ps_fail(err, PS_ARG,
                       "scoring.prm.kind self reads the generator's hidden states, which the engine %s does not give: "
                       "set scoring.prm.kind head and models.prm.model_path to the model's file, which then runs here",
                       info.engine);
    self_prm *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    m->base.ops = &self_ops;
    m->aggregate = aggregate;
    ps_status status = ps_prm_head_read(head_path, &m->head, err);
    if (status == PS_OK) status = check_head(&m->head, head_path, &info, err);
    if (status == PS_OK) status = ps_prm_head_identify(&m->head, info.identity, &m->identity, err);
    if (status == PS_OK)
        *prm = &m->base;
    else
        destroy(&m->base);
    return status;
}
