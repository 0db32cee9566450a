/* The toy engine's reward model: a pure function of text, so nothing but text passes between the two. A step is read
 * when it is submitted and answered when it is polled. */
#include "engine/toy_json.h"
#include "engine/toy_model.h"
#include "engine/toy_synthetic.h"
#include "reward/nodes.h"

#include <math.h>
#include <string.h>

/* A step that was read and waits to be polled. */
typedef struct reading {
    uint64_t tag;
    ps_aggregate_state before;
    double step; /* NaN: not a step that this model can read */
    char *text;  /* the whole prefix, when rewards depend on it; owned */
} reading;

typedef struct toy_prm {
    ps_prm base; /* first */
    ps_aggregate aggregate;
    bool synthetic;
    ps_toy_synthetic parameters;
    json_t *steps, *prefixes; /* text → probability, checked; owned, may be NULL */
    double otherwise;
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
    ps_prm_nodes_free(&toy->nodes);
    json_decref(toy->steps);
    json_decref(toy->prefixes);
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

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static double logistic(double x) {
    return 1 / (1 + exp(-x));
}

static double read_synthetic(const ps_toy_synthetic *p, const char *text, size_t length) {
    ps_toy_step step;
    if (ps_toy_step_parse(text, length, &step, NULL) != PS_OK) return NAN;
    const double half = p->separation / 2;
    return logistic((step.status == PS_TOY_SEEN ? -half : half) + p->noise * step.z);
}

/* The whole prefix, when it has a reward; else the step; else the default. */
static double read_table(const toy_prm *toy, const char *prefix, const char *step) {
    const json_t *found = prefix != NULL ? json_object_get(toy->prefixes, prefix) : NULL;
    if (found == NULL) found = json_object_get(toy->steps, step);
    return found != NULL ? json_number_value(found) : toy->otherwise;
}

static ps_status join(const char *before, const ps_prm_request *request, char **whole, ps_error *err) {
    ps_text text = {0};
    if (before != NULL) ps_text_puts(&text, before);
    ps_text_append(&text, request->text, request->length);
    if (!ps_text_ok(&text)) {
        ps_text_free(&text);
        return ps_nomem(err);
    }
    *whole = text.data;
    return PS_OK;
}

/* The step's probability into r->step, the prefix it makes into r->text when that will be asked for. */
static ps_status read_step(toy_prm *toy, const ps_prm_prefix *parent, const ps_prm_request *request, reading *r,
                           ps_error *err) {
    if (toy->synthetic) {
        r->step = read_synthetic(&toy->parameters, request->text, request->length);
        return PS_OK;
    }
    ps_status status = toy->prefixes != NULL ? join(parent->text, request, &r->text, err) : PS_OK;
    if (status != PS_OK) return status;
    char *step = ps_strndup(request->text, request->length);
    if (step == NULL) return ps_nomem(err);
    r->step = read_table(toy, r->text, step);
    ps_free(step);
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
    if (isnan(r->step)) {
        ps_free(r->text);
        return (ps_prm_event){.tag = r->tag,
                              .status = PS_FORMAT,
                              .message = "the toy reward model was given a step that the synthetic reasoner did not "
                                         "write (\"step 3: ok z=0.531042\")"};
    }
    const ps_aggregate_state after = ps_aggregate_add(r->before, r->step);
    return (ps_prm_event){.tag = r->tag,
                          .node = ps_prm_nodes_add(&toy->nodes, (ps_prm_prefix){.aggregate = after, .text = r->text}),
                          .step = r->step,
                          .reward = ps_aggregate_value(&after, toy->aggregate),
                          .tokens = 1};
}

static ps_status poll(ps_prm *prm, bool wait, const ps_prm_event **events, size_t *n, ps_error *err) {
    (void)wait;
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

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    *stats = ((const toy_prm *)prm)->stats;
}

static const ps_prm_ops toy_ops = {.kind = "toy",
                                   .destroy = destroy,
                                   .root = root,
                                   .release = release,
                                   .submit = submit,
                                   .poll = poll,
                                   .stats = stats};

/* ---- The rewards of a table -------------------------------------------------------------------------------------- */

/* An object of texts and probabilities; fractions become numbers. *map stays NULL when it is not there. */
static ps_status read_map(const ps_toy_json *document, const json_t *rewards, const char *name, json_t **map,
                          ps_error *err) {
    json_t *given = json_object_get(rewards, name), *made;
    ps_status status = PS_OK;
    if (given == NULL) return PS_OK;
    if (!json_is_object(given))
        return ps_toy_json_fail(document, rewards, name, 0, err,
                                "\"%s\" must be an object of texts and the probability that each is right", name);
    made = json_object();
    if (made == NULL) return ps_nomem(err);
    for (void *i = json_object_iter(given); i != NULL && status == PS_OK; i = json_object_iter_next(given, i)) {
        double p = 0;
        status = ps_toy_json_probability(document, given, json_object_iter_key(i), &p, err);
        if (status == PS_OK && json_object_set_new(made, json_object_iter_key(i), json_real(p)) != 0)
            status = ps_nomem(err);
    }
    if (status == PS_OK)
        *map = made;
    else
        json_decref(made);
    return status;
}

static ps_status read_rewards(toy_prm *toy, const ps_toy_json *document, ps_error *err) {
    static const char *const keys[] = {"default", "steps", "prefixes"};
    const json_t *rewards = json_object_get(document->root, "rewards");
    if (!json_is_object(rewards))
        return ps_toy_json_fail(document, rewards != NULL ? document->root : NULL, "rewards", 0, err,
                                "the toy reward model needs \"rewards\" in the table: an object with \"default\", and "
                                "\"steps\" or \"prefixes\"");
    ps_status status = ps_toy_json_keys(document, rewards, keys, sizeof keys / sizeof *keys, err);
    toy->otherwise = 0.5;
    if (status == PS_OK && json_object_get(rewards, "default") != NULL)
        status = ps_toy_json_probability(document, rewards, "default", &toy->otherwise, err);
    if (status == PS_OK) status = read_map(document, rewards, "steps", &toy->steps, err);
    if (status == PS_OK) status = read_map(document, rewards, "prefixes", &toy->prefixes, err);
    return status;
}

static ps_status read_table_file(toy_prm *toy, const char *path, ps_error *err) {
    ps_toy_json document = {0};
    ps_status status = path != NULL
                           ? ps_toy_json_open(&document, path, NULL, 0, err)
                           : ps_toy_json_open(&document, "built-in table", ps_toy_builtin, strlen(ps_toy_builtin), err);
    if (status == PS_OK) status = read_rewards(toy, &document, err);
    ps_toy_json_free(&document);
    return status;
}

ps_status ps_prm_toy_create(const ps_toy_options *options, ps_aggregate aggregate, ps_prm **prm, ps_error *err) {
    toy_prm *toy = ps_calloc(1, sizeof *toy);
    if (toy == NULL) return ps_nomem(err);
    toy->base.ops = &toy_ops;
    toy->aggregate = aggregate;
    toy->synthetic = options->kind == PS_TOY_SYNTHETIC;
    toy->parameters = options->synthetic;
    ps_status status =
        toy->synthetic ? ps_toy_synthetic_check(&toy->parameters, err) : read_table_file(toy, options->table_path, err);
    if (status == PS_OK)
        *prm = &toy->base;
    else
        destroy(&toy->base);
    return status;
}
