/* Requests that the caller gives up, between two batches.
 *
 * A request that is computed for itself alone goes, and gives back its sequence and the cells of its own tokens; the
 * prefix stays cached for others. One that follows another leaves it. One that leads others changes places with the
 * first of them: what is computed is the same for both, so only the identity (key, tag, counts) changes hands and no
 * token of anybody else does. */
#include "engine/llama/cancel.h"

#include "engine/llama/batch.h"

void ps_cancel_mark(ps_lane *lane, uint64_t tag) {
    for (ps_request *request = lane->under_way; request != NULL; request = request->behind)
        if (request->event.tag == tag) {
            request->cancelled = true;
            lane->cancels = true;
        }
}

static void fail(ps_request *request) {
    ps_request_fail(request, ps_fail(&request->error, PS_CANCELLED, "the request was cancelled"));
}

/* Of those that have no place in the lane yet, marked ones go. */
static void drop_marked(ps_lane *lane, ps_request_list *list) {
    ps_request_list all = *list;
    *list = (ps_request_list){0};
    for (ps_request *request; (request = ps_request_pop(&all)) != NULL;) {
        if (request->cancelled) fail(request);
        ps_request_push(request->cancelled ? &lane->finished : list, request);
    }
}

static void change_places(ps_request *a, ps_request *b) {
    const ps_rng_key key = a->key;
    const uint64_t tag = a->event.tag;
    const size_t shared = a->event.shared;
    const bool cancelled = a->cancelled;
    a->key = b->key;
    a->event.tag = b->event.tag;
    a->event.shared = b->event.shared;
    a->cancelled = b->cancelled;
    b->key = key;
    b->event.tag = tag;
    b->event.shared = shared;
    b->cancelled = cancelled;
}

/* Of a request that has begun and its followers, marked ones go; the last of them is `done` where it stands. */
static void settle(ps_lane *lane, ps_request *leader) {
    for (ps_request *other = leader->followers.first; leader->cancelled && other != NULL; other = other->next)
        if (!other->cancelled) change_places(leader, other);
    drop_marked(lane, &leader->followers);
    leader->n_followers = 0;
    for (const ps_request *other = leader->followers.first; other != NULL; other = other->next)
        leader->n_followers++;
    if (leader->cancelled) fail(leader);
}

void ps_cancel_marked(ps_lane *lane) {
    ps_request_list waiting = lane->waiting;
    lane->cancels = false;
    drop_marked(lane, &lane->submitted);
    drop_marked(lane, &lane->inbox);
    drop_marked(lane, &lane->arrived);
    lane->waiting = (ps_request_list){0};
    for (ps_request *request; (request = ps_request_pop(&waiting)) != NULL;) {
        settle(lane, request);
        if (request->done)
            ps_batch_finish(lane, request);
        else
            ps_request_push(&lane->waiting, request);
    }
    for (size_t i = 0; i < lane->n_active; i++)
        settle(lane, lane->active[i]);
    ps_batch_sweep(lane);
}
