/* Requests that would compute the same are computed once.
 *
 * Extensions of one node have the same logits until they draw different tokens, and particles draw the same ones most
 * of the time: a prefix has few likely continuations. So the first such request leads and the others follow: each draws
 * from the same logits by its own key, and nobody's uniform or distribution is another's.
 *
 * Who draws another token than the leader splits off there. What they wrote together becomes a node that no caller
 * holds, and everyone goes on below it, in a sequence forked from the one they shared. Who ends a step together gets
 * the same child, so that the next step is begun together, too. Evaluations of the same tokens are one from beginning
 * to end. */
#include "engine/llama/join.h"

#include "engine/llama/lane.h"

#include <string.h>

/* ---- Joining ------------------------------------------------------------- */

/* Whether what is computed for b is what a needs. Both are of one parent. */
static bool same_request(const ps_request *a, const ps_request *b) {
    if (a->evaluate != b->evaluate) return false;
    if (!a->evaluate) return a->generation == b->generation;
    const size_t n = a->child->n_tokens;
    return n == b->child->n_tokens && a->n_marks == b->n_marks && a->n_choices == b->n_choices &&
           a->hidden == b->hidden && memcmp(a->child->tokens, b->child->tokens, n * sizeof(ps_token)) == 0 &&
           memcmp(a->marks, b->marks, a->n_marks * sizeof *a->marks) == 0 &&
           memcmp(a->choices, b->choices, a->n_choices * sizeof *a->choices) == 0;
}

static void follow(ps_request *leader, ps_request *request) {
    ps_request_push(&leader->followers, request);
    leader->n_followers++;
}

/* The list is walked for every request: where that many different ones are under way it does without the others. */
enum { MOST_JOINABLE = 256 };

bool ps_join(ps_lane *lane, ps_request *request) {
    ps_llama_node *parent = request->parent;
    if (lane->engine->no_join) return false;
    for (ps_request *other = parent->joinable; other != NULL; other = other->next_joinable)
        if (same_request(request, other)) {
            follow(other, request);
            return true;
        }
    if (parent->n_joinable == MOST_JOINABLE) return false;
    parent->n_joinable++;
    request->next_joinable = parent->joinable;
    parent->joinable = request;
    return false;
}

void ps_join_close(ps_request *request) {
    for (ps_request **at = &request->parent->joinable; *at != NULL; at = &(*at)->next_joinable)
        if (*at == request) {
            *at = request->next_joinable;
            request->parent->n_joinable--;
            return;
        }
}

/* ---- Splitting ----------------------------------------------------------- */

static ps_request *with_token(ps_request_list list, ps_token token) {
    ps_request *request = list.first;
    while (request != NULL && request->draw.token != token)
        request = request->next;
    return request;
}

/* Followers that drew another token than their leader: one for each token, followed by the others of that token. */
static ps_request_list sort_followers(ps_request *leader) {
    ps_request_list followers = leader->followers, leaders = {0};
    leader->followers = (ps_request_list){0};
    leader->n_followers = 0;
    for (ps_request *request; (request = ps_request_pop(&followers)) != NULL;) {
        const ps_token token = request->draw.token;
        ps_request *with = token == leader->draw.token ? leader : with_token(leaders, token);
        if (with != NULL)
            follow(with, request);
        else
            ps_request_push(&leaders, request);
    }
    return leaders;
}

/* What was written together becomes the parent of what comes now. [mutex] */
static ps_status close_common(ps_lane *lane, ps_request *leader, ps_error *err) {
    ps_llama_node *common = leader->child;
    if (common->n_tokens == 0) return PS_OK;
    ps_llama_node *own = ps_llama_node_new(lane, common);
    if (own == NULL) return ps_nomem(err);
    ps_status status = ps_llama_node_publish(lane->engine, common, 0, err); /* so that it is found at the end */
    if (status != PS_OK) {
        common->references--;
        ps_llama_node_free(own);
        return status;
    }
    ps_llama_node_unreference(common); /* its children keep it from now on */
    own->one_by_one = true;
    ps_llama_node_adopt(own);
    leader->child = own;
    ps_cache_follow(lane, leader);
    return PS_OK;
}

/* A follower goes on by itself from where its leader stands. [mutex] */
static ps_status inherit(ps_request *request, const ps_request *leader, ps_error *err) {
    const size_t numbers = PS_NUMBERS * ps_request_written(leader);
    request->logits = leader->logits;
    request->state = leader->state;
    if (ps_request_wants_state(request))
        memcpy(request->hidden_state, leader->hidden_state, leader->child->lane->engine->n_embd * sizeof(float));
    if (request->child->parent != leader->child->parent) ps_llama_node_move(request->child, leader->child->parent);
    ps_llama_node_adopt(request->child);
    request->parent->root->under_way++;
    if (!ps_step_copy(&request->matcher, &leader->matcher) ||
        ps_reserve(&request->numbers, &request->numbers_capacity, numbers + 1) != PS_OK)
        return ps_nomem(err);
    if (numbers > 0) memcpy(request->numbers, leader->numbers, numbers * sizeof *request->numbers);
    return PS_OK;
}

ps_request_list ps_join_split(ps_lane *lane, ps_request *leader) {
    ps_request_list leaders = sort_followers(leader);
    if (leaders.first == NULL) return leaders;
    pthread_mutex_lock(&lane->engine->mutex);
    ps_status common = close_common(lane, leader, &leader->error);
    if (common != PS_OK) ps_request_fail(leader, common);
    for (ps_request *request = leaders.first; request != NULL; request = request->next) {
        ps_status status = inherit(request, leader, &request->error);
        if (common != PS_OK) status = ps_nomem(&request->error);
        if (status != PS_OK) ps_request_fail(request, status);
    }
    pthread_mutex_unlock(&lane->engine->mutex);
    return leaders;
}

/* ---- Delivery ------------------------------------------------------------ */

static void let_go(ps_request *request) {
    ps_llama_node_unreference(request->child);
    ps_llama_node_unreference(request->parent);
    request->child = NULL;
}

/* The same answer for a follower. Its arrays are the leader's: all go to the caller at once, and are freed at once. */
static void copy_event(const ps_request *leader, ps_request *follower) {
    const uint64_t tag = follower->event.tag;
    const size_t shared = follower->event.shared;
    follower->event = leader->event;
    follower->event.tag = tag;
    follower->event.shared = leader->event.reason == PS_STOP_ERROR ? 0 : shared;
    follower->event.prefilled = 0;
}

void ps_join_deliver(ps_request *request, ps_request_list *results) {
    ps_llama_node *child = request->child;
    if (request->event.reason != PS_STOP_ERROR) {
        ps_status status = ps_llama_node_publish(child->lane->engine, child, 1 + request->n_followers, &request->error);
        if (status != PS_OK) ps_request_fail(request, status);
    }
    if (request->event.reason != PS_STOP_ERROR) {
        child->references += 1 + (int)request->n_followers;
        request->event.child = child->handle;
    }
    let_go(request);
    ps_request_push(results, request);
    for (ps_request *follower; (follower = ps_request_pop(&request->followers)) != NULL;) {
        copy_event(request, follower);
        let_go(follower);
        ps_request_push(results, follower);
    }
}
