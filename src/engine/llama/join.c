/* Requests that would compute the same are computed once.
 *
 * Extensions of one node have the same logits until they draw different tokens, and particles draw the same ones most
 * of the time: a prefix has few likely continuations. So the first such request is computed and the others ride with
 * it: each draws from the same logits by its own key, and nobody's uniform or distribution is another's. Who draws
 * another token parts from the others there: what they wrote together becomes a node that no caller holds, and everyone
 * goes on below it, in a sequence forked from the one they shared. Who ends a step together gets the same child, so
 * that the next step is begun together, too. Evaluations of the same tokens are one from beginning to end. */
#include "engine/llama/engine.h"

#include <string.h>

/* ---- Joining ------------------------------------------------------------- */

/* Whether what is computed for b is what a needs. Both are of one parent. */
static bool same_request(const ps_work *a, const ps_work *b) {
    if (a->evaluate != b->evaluate) return false;
    if (!a->evaluate) return a->generation == b->generation;
    const size_t n = a->child->n_tokens;
    return n == b->child->n_tokens && a->n_marks == b->n_marks && a->n_choices == b->n_choices &&
           a->hidden == b->hidden && memcmp(a->child->tokens, b->child->tokens, n * sizeof(ps_token)) == 0 &&
           memcmp(a->marks, b->marks, a->n_marks * sizeof *a->marks) == 0 &&
           memcmp(a->choices, b->choices, a->n_choices * sizeof *a->choices) == 0;
}

/* The list is walked for every request: where that many different ones are under way it does without the others. */
enum { MOST_JOINABLE = 256 };

bool ps_join(ps_lane *lane, ps_work *work) {
    if (lane->engine->apart) return false;
    for (ps_work *other = work->parent->joinable; other; other = other->next_joinable)
        if (same_request(work, other)) {
            ps_work_push(&other->riders, work);
            other->n_riders++;
            return true;
        }
    if (work->parent->n_joinable == MOST_JOINABLE) return false;
    work->parent->n_joinable++;
    work->next_joinable = work->parent->joinable;
    work->parent->joinable = work;
    return false;
}

void ps_join_close(ps_work *work) {
    for (ps_work **at = &work->parent->joinable; *at; at = &(*at)->next_joinable)
        if (*at == work) {
            *at = work->next_joinable;
            work->parent->n_joinable--;
            return;
        }
}

/* ---- Parting ------------------------------------------------------------- */

static ps_work *with_token(ps_work_list list, ps_token token) {
    ps_work *work = list.first;
    while (work && work->draw.token != token)
        work = work->next;
    return work;
}

/* Riders that drew another token than their leader, one for each token, with the others of that token as its riders. */
static ps_work_list sort_riders(ps_work *leader) {
    ps_work_list riders = leader->riders, parted = {0};
    leader->riders = (ps_work_list){0};
    leader->n_riders = 0;
    for (ps_work *rider; (rider = ps_work_pop(&riders));) {
        ps_work *with = rider->draw.token == leader->draw.token ? leader : with_token(parted, rider->draw.token);
        ps_work_push(with ? &with->riders : &parted, rider);
        if (with) with->n_riders++;
    }
    return parted;
}

/* What was written together becomes the parent of what comes now. */
static ps_status close_common(ps_lane *lane, ps_work *leader, ps_error *err) {
    ps_lnode *common = leader->child;
    if (common->n_tokens == 0) return PS_OK;
    ps_lnode *own = ps_tree_new(lane, common);
    if (!own) return ps_nomem(err);
    const ps_status status = ps_tree_publish(lane->engine, common, 0, err); /* so that it is found at the end */
    if (status) {
        common->references--;
        ps_tree_free(own);
        return status;
    }
    ps_tree_unreference(common); /* its children keep it from now on */
    own->one_by_one = true;
    ps_lnode_adopt(own);
    leader->child = own;
    ps_cache_follow(lane, leader);
    return PS_OK;
}

/* A rider goes on by itself from where its leader stands. */
static ps_status inherit(ps_work *work, const ps_work *leader, ps_error *err) {
    const size_t numbers = 3 * ps_work_written(leader);
    work->logits = leader->logits;
    if (work->child->parent != leader->child->parent) ps_tree_move(work->child, leader->child->parent);
    ps_lnode_adopt(work->child);
    work->parent->root->under_way++;
    if (!ps_step_copy(&work->matcher, &leader->matcher) ||
        ps_reserve(&work->numbers, &work->numbers_capacity, numbers + 1))
        return ps_nomem(err);
    if (numbers > 0) memcpy(work->numbers, leader->numbers, numbers * sizeof *work->numbers);
    return PS_OK;
}

ps_work_list ps_join_part(ps_lane *lane, ps_work *leader) {
    ps_work_list parted = sort_riders(leader);
    if (!parted.first) return parted;
    pthread_mutex_lock(&lane->engine->mutex);
    ps_status common = close_common(lane, leader, &leader->error);
    if (common) ps_work_fail(leader, common);
    for (ps_work *work = parted.first; work; work = work->next) {
        ps_status status = inherit(work, leader, &work->error);
        if (common) status = ps_nomem(&work->error);
        if (status) ps_work_fail(work, status);
    }
    pthread_mutex_unlock(&lane->engine->mutex);
    return parted;
}

/* ---- Delivery ------------------------------------------------------------ */

static void let_go(ps_work *work) {
    ps_tree_unreference(work->child);
    ps_tree_unreference(work->parent);
    work->child = NULL;
}

void ps_join_deliver(ps_work *work, ps_work_list *results) {
    ps_lnode *child = work->child;
    if (work->event.reason != PS_STOP_ERROR) {
        const ps_status status = ps_tree_publish(child->lane->engine, child, 1 + work->n_riders, &work->error);
        if (status) ps_work_fail(work, status);
    }
    if (work->event.reason != PS_STOP_ERROR) {
        child->references += 1 + (int)work->n_riders;
        work->event.child = child->handle;
    }
    let_go(work);
    ps_work_push(results, work);
    /* The riders' arrays are the leader's: all go to the caller at once, and are freed at once. */
    for (ps_work *rider; (rider = ps_work_pop(&work->riders));) {
        const uint64_t tag = rider->event.tag;
        const size_t shared = rider->event.shared;
        rider->event = work->event;
        rider->event.tag = tag;
        rider->event.shared = rider->event.reason == PS_STOP_ERROR ? 0 : shared;
        rider->event.prefilled = 0;
        let_go(rider);
        ps_work_push(results, rider);
    }
}
