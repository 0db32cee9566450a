#include "learn/states.h"
#include "learn/keep.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void ps_states_clear(ps_states *states) {
    ps_free(states->values);
    ps_free(states->there);
    ps_free(states->from);
    *states = (ps_states){0};
}

/* ---- A few questions at once --------------------------------------------- */

/* A step under way or done. */
typedef struct node {
    ps_node node; /* 0: not computed */
    float *tail;  /* [width] the state after its last token, for children of a single token; or NULL */
} node;

/* A question in work. */
typedef struct work {
    const ps_question *question;
    size_t number; /* of the question */
    ps_node root;
    node *nodes;       /* [n_steps] */
    ps_keep_key *keys; /* [n_steps] of the states */
    bool *missing;     /* [n_steps] its state is not kept yet */
    bool *needed;      /* [n_steps] it or a step below it is missing */
    bool *wanted;      /* [n_steps] somebody wants its tail */
    size_t deepest;    /* needed step, + 1 */
    bool failed;
} work;

typedef struct reader {
    const ps_samples *samples;
    ps_states *states;
    ps_engine *engine;
    work *works; /* [n_works] */
    size_t n_works, under_way;
} reader;

static uint64_t tag_of(size_t w, size_t step) {
    return (uint64_t)w << 32 | step;
}

/* The states wanted of a step: the one before its last token, and the one after it. */
static ps_status submit(reader *r, size_t w, size_t step, ps_error *err) {
    work *at = &r->works[w];
    const ps_step *s = &at->question->steps[step];
    const ps_node parent = s->parent == PS_NO_STEP ? at->root : at->nodes[s->parent].node;
    const uint32_t last = (uint32_t)s->n_tokens - 1, marks[2] = {last > 0 ? last - 1 : last, last};
    const bool before = s->n_tokens > 1 && at->missing[step];
    const size_t n_marks = (before ? 1 : 0) + (at->wanted[step] ? 1 : 0);
    const ps_evaluate_request request = {.node = parent,
                                         .tokens = s->tokens,
                                         .n_tokens = s->n_tokens,
                                         .marks = before ? marks : marks + 1,
                                         .n_marks = n_marks,
                                         .hidden = n_marks > 0,
                                         .tag = tag_of(w, step)};
    ps_status status = ps_engine_evaluate(r->engine, &request, err);
    if (status == PS_OK) r->under_way++;
    return status;
}

/* A step without tokens is where its parent is. */
static ps_status stand_still(reader *r, work *at, size_t step, ps_error *err) {
    const ps_step *s = &at->question->steps[step];
    const node *parent = s->parent != PS_NO_STEP ? &at->nodes[s->parent] : NULL;
    node *own = &at->nodes[step];
    assert(at->nodes != NULL); /* there is a step */
    own->node = parent != NULL ? parent->node : at->root;
    ps_engine_retain(r->engine, own->node);
    if (parent == NULL || parent->tail == NULL) return PS_OK;
    own->tail = ps_calloc(r->states->width, sizeof *own->tail);
    if (own->tail == NULL) return ps_nomem(err);
    memcpy(own->tail, parent->tail, r->states->width * sizeof *own->tail);
    return PS_OK;
}

static ps_status take(reader *r, const ps_event *event, ps_error *err) {
    work *at = &r->works[event->tag >> 32];
    const size_t step = (size_t)(event->tag & UINT32_MAX), width = r->states->width;
    const ps_step *s = &at->question->steps[step];
    const size_t place = r->states->from[at->number] + step;
    r->under_way--;
    if (event->status != PS_OK) {
        at->failed = true;
        return event->status == PS_NOMEM ? ps_nomem(err) : PS_OK;
    }
    at->nodes[step].node = event->child;
    r->states->passed += event->prefilled;
    const float *state = event->hidden;
    if (at->missing[step] && s->n_tokens > 1) {
        memcpy(r->states->values + place * width, state, width * sizeof *state);
        r->states->there[place] = true;
        state += width;
    } else if (at->missing[step]) { /* of one token: what was there before it */
        memcpy(r->states->values + place * width, at->nodes[s->parent].tail, width * sizeof *state);
        r->states->there[place] = true;
    }
    if (!at->wanted[step]) return PS_OK;
    at->nodes[step].tail = ps_calloc(width, sizeof *state);
    if (at->nodes[step].tail == NULL) return ps_nomem(err);
    memcpy(at->nodes[step].tail, state, width * sizeof *state);
    return PS_OK;
}

/* Every event that is still to come; after an error they are only waited for. */
static ps_status drain(reader *r, ps_error *err) {
    ps_status status = PS_OK;
    while (r->under_way > 0) {
        const ps_event *events;
        size_t n = 0;
        ps_status polled = ps_engine_poll(r->engine, INFINITY, &events, &n, status == PS_OK ? err : NULL);
        if (polled != PS_OK) return polled;
        for (size_t i = 0; i < n; i++) {
            ps_status taken = take(r, &events[i], status == PS_OK ? err : NULL);
            if (status == PS_OK) status = taken;
        }
    }
    return status;
}

/* All steps of one depth go together; the next have these as parents. */
static ps_status read_depth(reader *r, size_t depth, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t w = 0; w < r->n_works; w++) {
        work *at = &r->works[w];
        for (size_t i = 0; i < at->question->n_steps && status == PS_OK && !at->failed; i++) {
            if (at->question->steps[i].depth != depth || !at->needed[i]) continue;
            status = at->question->steps[i].n_tokens > 0 ? submit(r, w, i, err) : stand_still(r, at, i, err);
        }
    }
    ps_status drained = drain(r, status == PS_OK ? err : NULL);
    return status == PS_OK ? drained : status;
}

/* What is kept of a question's states, into where they belong; how many are missing. */
static size_t find_kept(reader *r, work *at, const ps_keep *kept) {
    size_t n = 0;
    for (size_t i = 0; i < at->question->n_steps; i++) {
        const size_t place = r->states->from[at->number] + i;
        if (at->keys[i].text[0] == '\0') continue;
        r->states->there[place] = ps_keep_find(kept, &at->keys[i], r->states->values + place * r->states->width);
        at->missing[i] = !r->states->there[place];
        n += at->missing[i];
    }
    return n;
}

/* What has to be read for the missing states: the steps before theirs, and of some the state at their end. */
static void find_needed(work *at) {
    const ps_question *q = at->question;
    for (size_t i = q->n_steps; i-- > 0;) {
        const ps_step *s = &q->steps[i];
        const bool passes_on = s->n_tokens == 1 ? at->missing[i] : s->n_tokens == 0 && at->wanted[i];
        at->needed[i] = at->needed[i] || at->missing[i];
        if (!at->needed[i]) continue;
        if (s->depth + 1 > at->deepest) at->deepest = s->depth + 1;
        if (s->parent == PS_NO_STEP) continue;
        at->needed[s->parent] = true;
        at->wanted[s->parent] = at->wanted[s->parent] || passes_on;
    }
}

static void clear_work(reader *r, work *at) {
    for (size_t i = 0; at->nodes != NULL && i < at->question->n_steps; i++) {
        ps_engine_release(r->engine, at->nodes[i].node);
        ps_free(at->nodes[i].tail);
    }
    ps_engine_release(r->engine, at->root);
    ps_free(at->nodes);
    ps_free(at->keys);
    ps_free(at->missing);
    ps_free(at->needed);
    ps_free(at->wanted);
}

/* A work for the question, unless all its states are kept. */
static ps_status begin(reader *r, size_t number, const ps_keep *kept, ps_error *err) {
    const ps_question *q = &r->samples->questions[number];
    work *at = &r->works[r->n_works++];
    const ps_problem problem = {.text = q->text};
    ps_error why;
    *at = (work){.question = q,
                 .number = number,
                 .nodes = ps_calloc(q->n_steps, sizeof *at->nodes),
                 .keys = ps_calloc(q->n_steps, sizeof *at->keys),
                 .missing = ps_calloc(q->n_steps, sizeof *at->missing),
                 .needed = ps_calloc(q->n_steps, sizeof *at->needed),
                 .wanted = ps_calloc(q->n_steps, sizeof *at->wanted)};
    if (at->nodes == NULL || at->keys == NULL || at->missing == NULL || at->needed == NULL || at->wanted == NULL)
        return ps_nomem(err);
    ps_status status = ps_keep_keys(q, at->keys, err);
    if (status != PS_OK) return status;
    if (find_kept(r, at, kept) == 0) {
        clear_work(r, at);
        r->n_works--;
        return PS_OK;
    }
    find_needed(at);
    status = ps_session_root(r->samples->session, &problem, &at->root, &why);
    if (status == PS_NOMEM) return ps_nomem(err);
    at->failed = status != PS_OK;
    return PS_OK;
}

static void end(reader *r) {
    for (size_t w = 0; w < r->n_works; w++)
        clear_work(r, &r->works[w]);
    r->n_works = 0;
}

/* Those of a question that failed half-way are no states. */
static ps_status keep(reader *r, ps_keep *kept, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t w = 0; w < r->n_works && status == PS_OK; w++) {
        const work *at = &r->works[w];
        const size_t from = r->states->from[at->number], n = at->question->n_steps;
        if (at->failed) {
            memset(r->states->there + from, 0, n * sizeof *r->states->there);
            r->states->skipped++;
        } else {
            status = ps_keep_add(kept, at->keys, r->states->values + from * r->states->width, at->missing, n, err);
        }
    }
    return status;
}

/* The questions that were begun. */
static ps_status read_works(reader *r, ps_keep *kept, ps_error *err) {
    size_t deepest = 0;
    ps_status status = PS_OK;
    for (size_t w = 0; w < r->n_works; w++)
        if (r->works[w].deepest > deepest) deepest = r->works[w].deepest;
    for (size_t depth = 0; depth < deepest && status == PS_OK; depth++)
        status = read_depth(r, depth, err);
    if (status == PS_OK) status = keep(r, kept, err);
    end(r);
    return status;
}

/* ---- All of them --------------------------------------------------------- */

static ps_status make_room(const ps_samples *samples, size_t width, ps_states *s, ps_error *err) {
    *s = (ps_states){.width = width, .from = ps_calloc(samples->n, sizeof *s->from)};
    if (s->from == NULL) return ps_nomem(err);
    for (size_t i = 0; i < samples->n; i++) {
        s->from[i] = s->n;
        s->n += samples->questions[i].n_steps;
    }
    s->values = ps_calloc(s->n, width * sizeof *s->values);
    s->there = ps_calloc(s->n, sizeof *s->there);
    return s->values != NULL && s->there != NULL ? PS_OK : ps_nomem(err);
}

static void tell(const ps_learn_observer *o, size_t done, size_t of) {
    if (o != NULL && o->progress != NULL) o->progress(o->user, "hidden states", done, of);
}

static ps_status read_all(reader *r, ps_keep *kept, size_t together, const ps_learn_observer *o, ps_error *err) {
    ps_status status = PS_OK;
    const size_t n = r->samples->n;
    r->works = ps_calloc(together, sizeof *r->works);
    if (r->works == NULL) return ps_nomem(err);
    tell(o, 0, n);
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        status = begin(r, i, kept, err);
        if (status != PS_OK || (r->n_works < together && i + 1 < n)) continue;
        status = read_works(r, kept, err);
        tell(o, i + 1, n);
        if (status == PS_OK && o != NULL && o->cancelled != NULL && o->cancelled(o->user))
            status = ps_fail(err, PS_CANCELLED, "interrupted");
    }
    end(r);
    ps_free(r->works);
    return status;
}

ps_status ps_states_compute(const ps_samples *samples, ps_models *models, const char *path,
                            const ps_learn_observer *observer, ps_states *states, ps_error *err) {
    reader r = {.samples = samples, .states = states, .engine = ps_models_engine(models)};
    ps_engine_info info;
    ps_keep *kept = NULL;
    ps_engine_get_info(r.engine, &info);
    ps_status status = make_room(samples, info.hidden_size, states, err);
    if (status == PS_OK) status = ps_keep_open(path, info.identity, info.hidden_size, &kept, err);
    if (status == PS_OK) status = read_all(&r, kept, ps_session_in_flight(samples->session), observer, err);
    ps_keep_close(kept);
    return status;
}
