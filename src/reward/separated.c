#include "reward/separated.h"
#include "reward/nodes.h"

#include <math.h>
#include <string.h>

/* What the model has read last, shared by the prefixes whose text went on since. */
typedef struct reading {
    ps_prm_node inner; /* after it, or the root */
    double step, reward;
    bool root; /* nothing has been read */
    size_t references;
} reading;

typedef struct prefix {
    reading *last; /* referenced */
    char *open;    /* text since; owned */
    size_t length; /* of `open` */
} prefix;

/* A request under way; its slot is the tag of the inner one. */
typedef struct pending {
    uint64_t tag;
    reading *last; /* referenced */
    char *text;    /* what is to be read; owned */
    size_t length, at;
    size_t tokens;
    bool ends;      /* the answer ends with it */
    bool beginning; /* what is being read is the beginning of a step */
} pending;

typedef struct separated {
    ps_prm base;    /* first */
    ps_prm_ops ops; /* with the inner model's kind */
    ps_prm *inner;
    char *separator;
    ps_slots nodes, under_way;
    prefix *prefixes; /* by slot */
    pending *pending; /* by slot */
    size_t prefix_capacity, pending_capacity;
    ps_prm_event *made, *given; /* [n_made] not yet polled; what the last poll gave */
    size_t n_made, made_capacity, given_capacity;
    void (*ready)(void *user);
    void *user;
} separated;

static separated *self(ps_prm *prm) {
    return (separated *)prm;
}

/* ---- Readings and prefixes ----------------------------------------------- */

static reading *reading_of(ps_prm_node inner, double step, double reward) {
    reading *r = ps_malloc(sizeof *r);
    if (r != NULL) *r = (reading){.inner = inner, .step = step, .reward = reward, .references = 1};
    return r;
}

static void drop(separated *s, reading *r) {
    if (r == NULL || --r->references > 0) return;
    ps_prm_release(s->inner, r->inner);
    ps_free(r);
}

static void replace(separated *s, reading **at, reading *with) {
    drop(s, *at);
    *at = with;
}

/* Room for one more prefix, request and event beside all that may still come. */
static ps_status reserve(separated *s, ps_error *err) {
    size_t n = s->under_way.n_taken + s->n_made + 1;
    ps_status status = ps_slots_reserve(&s->nodes, n, err);
    if (status == PS_OK) status = ps_slots_reserve(&s->under_way, 1, err);
    if (status != PS_OK) return status;
    bool room = ps_reserve(&s->prefixes, &s->prefix_capacity, s->nodes.capacity) == PS_OK &&
                ps_reserve(&s->pending, &s->pending_capacity, s->under_way.capacity) == PS_OK &&
                ps_reserve(&s->made, &s->made_capacity, n) == PS_OK &&
                ps_reserve(&s->given, &s->given_capacity, n) == PS_OK;
    return room ? PS_OK : ps_nomem(err);
}

static ps_prm_node add_prefix(separated *s, prefix made) {
    uint32_t slot;
    ps_prm_node node = ps_slots_take(&s->nodes, &slot);
    s->prefixes[slot] = made;
    return node;
}

static ps_status root(ps_prm *prm, const char *question, ps_prm_node *node, ps_error *err) {
    separated *s = self(prm);
    ps_prm_node inner = 0;
    ps_status status = reserve(s, err);
    if (status == PS_OK) status = ps_prm_root(s->inner, question, &inner, err);
    if (status != PS_OK) return status;
    reading *last = reading_of(inner, 1, 1);
    if (last == NULL) {
        ps_prm_release(s->inner, inner);
        return ps_nomem(err);
    }
    last->root = true;
    *node = add_prefix(s, (prefix){.last = last});
    return PS_OK;
}

static void release(ps_prm *prm, ps_prm_node node) {
    separated *s = self(prm);
    uint32_t slot;
    if (!ps_slots_find(&s->nodes, node, &slot)) return;
    ps_slots_give(&s->nodes, slot);
    drop(s, s->prefixes[slot].last);
    ps_free(s->prefixes[slot].open);
}

/* ---- A request, part by part --------------------------------------------- */

static bool is_blank(const char *text, size_t length) {
    return ps_prm_stripped(text, length) == 0;
}

static const char *find(const char *text, size_t length, const char *what) {
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= length; i++)
        if (memcmp(text + i, what, n) == 0) return text + i;
    return NULL;
}

static void end(separated *s, uint32_t slot, ps_prm_event event) {
    pending *p = &s->pending[slot];
    event.tag = p->tag;
    event.tokens = p->tokens;
    s->made[s->n_made++] = event;
    drop(s, p->last);
    ps_free(p->text);
    ps_slots_give(&s->under_way, slot);
}

/* All that could be read has been: the rest stays open. The numbers are those of the last reading, or of the beginning
 * of the first step. */
static void end_well(separated *s, uint32_t slot, double step, double reward) {
    pending *p = &s->pending[slot];
    size_t left = p->length - p->at;
    char *open = left > 0 ? ps_malloc(left) : NULL;
    if (left > 0 && open == NULL) {
        end(s, slot, (ps_prm_event){.status = PS_NOMEM, .message = "out of memory"});
        return;
    }
    if (left > 0) memcpy(open, p->text + p->at, left);
    p->last->references++;
    ps_prm_node node = add_prefix(s, (prefix){.last = p->last, .open = open, .length = left});
    end(s, slot, (ps_prm_event){.node = node, .step = step, .reward = reward});
}

/* Before the first separator there is no reading that could stand, and 1 would be more than any: the text so far is
 * read as if the step were over, and only the numbers are kept. */
static ps_status read_beginning(separated *s, uint32_t slot, ps_error *err) {
    pending *p = &s->pending[slot];
    p->beginning = true;
    return ps_prm_submit(
        s->inner,
        &(ps_prm_request){.parent = p->last->inner, .text = p->text + p->at, .length = p->length - p->at, .tag = slot},
        err);
}

/* The next part that says something goes to the model; without one the request ends. */
static ps_status go_on(separated *s, uint32_t slot, ps_error *err) {
    pending *p = &s->pending[slot];
    for (;;) {
        const char *from = p->text + p->at;
        size_t left = p->length - p->at;
        const char *cut = left > 0 ? find(from, left, s->separator) : NULL;
        if (cut == NULL && !(p->ends && !is_blank(from, left))) break;
        size_t n = cut != NULL ? (size_t)(cut - from) : left;
        p->at += cut != NULL ? n + strlen(s->separator) : left;
        if (is_blank(from, n)) continue;
        const ps_prm_request request = {
            .parent = p->last->inner, .text = from, .length = n, .tag = slot, .ends = p->ends && p->at == p->length};
        return ps_prm_submit(s->inner, &request, err);
    }
    if (p->last->root && !is_blank(p->text + p->at, p->length - p->at)) return read_beginning(s, slot, err);
    end_well(s, slot, p->last->step, p->last->reward);
    return PS_OK;
}

static ps_status submit(ps_prm *prm, const ps_prm_request *request, ps_error *err) {
    separated *s = self(prm);
    uint32_t at, slot;
    if (!ps_slots_find(&s->nodes, request->parent, &at))
        return ps_fail(err, PS_ARG, "the prefix to score after does not exist or was released");
    ps_status status = reserve(s, err);
    if (status != PS_OK) return status;
    const prefix *parent = &s->prefixes[at];
    pending made = {.tag = request->tag, .last = parent->last, .length = parent->length + request->length};
    made.ends = request->ends;
    made.text = ps_malloc(made.length + 1);
    if (made.text == NULL) return ps_nomem(err);
    if (parent->length > 0) memcpy(made.text, parent->open, parent->length);
    if (request->length > 0) memcpy(made.text + parent->length, request->text, request->length);
    made.last->references++;
    size_t before = s->n_made;
    ps_slots_take(&s->under_way, &slot);
    s->pending[slot] = made;
    status = go_on(s, slot, err);
    if (status != PS_OK) {
        drop(s, made.last);
        ps_free(made.text);
        ps_slots_give(&s->under_way, slot);
    } else if (s->n_made > before && s->ready != NULL) {
        s->ready(s->user);
    }
    return status;
}

/* ---- Answers ------------------------------------------------------------- */

static void take(separated *s, const ps_prm_event *event) {
    uint32_t slot = (uint32_t)event->tag;
    pending *p = &s->pending[slot];
    p->tokens += event->tokens;
    if (event->status != PS_OK) {
        end(s, slot, *event);
        return;
    }
    if (p->beginning) {
        ps_prm_release(s->inner, event->node);
        end_well(s, slot, event->step, event->reward);
        return;
    }
    reading *read = reading_of(event->node, event->step, event->reward);
    ps_error why;
    ps_status status = PS_NOMEM;
    if (read != NULL) {
        replace(s, &p->last, read);
        status = go_on(s, slot, &why);
        if (status == PS_OK) return;
    } else {
        ps_prm_release(s->inner, event->node);
    }
    end(s, slot, (ps_prm_event){.status = status, .message = "the rest of a step could not be read: out of memory"});
}

static ps_status poll(ps_prm *prm, double seconds, const ps_prm_event **events, size_t *n, ps_error *err) {
    separated *s = self(prm);
    const ps_prm_event *read;
    size_t count;
    do {
        ps_status status = ps_prm_poll(s->inner, s->n_made > 0 ? 0 : seconds, &read, &count, err);
        if (status != PS_OK) return status;
        for (size_t i = 0; i < count; i++)
            take(s, &read[i]);
    } while (count > 0 && s->n_made == 0 && isinf(seconds)); /* only parts of steps were read */
    *n = s->n_made;
    *events = s->given;
    if (*n > 0) memcpy(s->given, s->made, *n * sizeof *s->made);
    s->n_made = 0;
    return PS_OK;
}

static void cancel(ps_prm *prm, uint64_t tag) {
    separated *s = self(prm);
    for (size_t i = 0; i < s->under_way.count; i++)
        if (ps_slots_is_taken(&s->under_way, i) && s->pending[i].tag == tag) ps_prm_cancel(s->inner, i);
}

static void wake(ps_prm *prm) {
    ps_prm_wake(self(prm)->inner);
}

static bool on_ready(ps_prm *prm, void (*ready)(void *user), void *user) {
    separated *s = self(prm);
    s->ready = ready;
    s->user = user;
    return ps_prm_on_ready(s->inner, ready, user);
}

static void stats(const ps_prm *prm, ps_engine_stats *stats) {
    ps_prm_get_stats(((const separated *)prm)->inner, stats);
}

/* Where it is read is a setting, not the model. */
static const char *identity(const ps_prm *prm) {
    return ps_prm_identity(((const separated *)prm)->inner);
}

static const char *separator_of(const ps_prm *prm) {
    return ((const separated *)prm)->separator;
}

/* ---- Life ---------------------------------------------------------------- */

static void free_parts(separated *s) {
    for (size_t i = 0; i < s->nodes.count; i++)
        if (ps_slots_is_taken(&s->nodes, i)) {
            drop(s, s->prefixes[i].last);
            ps_free(s->prefixes[i].open);
        }
    for (size_t i = 0; i < s->under_way.count; i++)
        if (ps_slots_is_taken(&s->under_way, i)) {
            drop(s, s->pending[i].last);
            ps_free(s->pending[i].text);
        }
    ps_slots_clear(&s->nodes);
    ps_slots_clear(&s->under_way);
    ps_free(s->prefixes);
    ps_free(s->pending);
    ps_free(s->made);
    ps_free(s->given);
    ps_free(s->separator);
    ps_free(s);
}

static void destroy(ps_prm *prm) {
    ps_prm *inner = self(prm)->inner;
    free_parts(self(prm));
    ps_prm_free(inner);
}

ps_status ps_prm_separate(ps_prm *inner, const char *separator, ps_prm **prm, ps_error *err) {
    separated *s = ps_calloc(1, sizeof *s);
    if (s == NULL) return ps_nomem(err);
    s->inner = inner;
    s->ops = (ps_prm_ops){.kind = inner->ops->kind,
                          .destroy = destroy,
                          .root = root,
                          .release = release,
                          .submit = submit,
                          .poll = poll,
                          .cancel = cancel,
                          .wake = wake,
                          .on_ready = on_ready,
                          .stats = stats,
                          .identity = identity,
                          .separator = separator_of};
    s->base.ops = &s->ops;
    s->separator = ps_strdup(separator);
    if (s->separator == NULL) {
        free_parts(s);
        return ps_nomem(err);
    }
    *prm = &s->base;
    return PS_OK;
}
