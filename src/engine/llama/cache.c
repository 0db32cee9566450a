/* The KV cache of a lane as a table of sequences.
 *
 * libllama's unified cache keeps cells; a cell belongs to any number of sequences. A sequence here follows a path of
 * the tree from the root down to its tip, and every node knows the sequences that pass through it (`carriers`). A
 * prefix therefore needs no sequence of its own while any sequence contains it, and the pool may hold far more
 * snapshots than there are sequences. What no sequence contains any more is computed again when asked for.
 *
 * Cells are counted per node (`cached`), each once however many sequences share it. The count can fall short of the
 * truth by single tokens (a last token decoded again for its logits has a second cell); llama_decode then says that the
 * cache is full and the lane shrinks it. */
#include "engine/llama/cache.h"

#include "engine/llama/lane.h"

#include <string.h>

/* ---- Carriers ------------------------------------------------------------ */

static bool carries(const ps_llama_node *x, int s) {
    return x->carriers.bits[s / 64] >> (s % 64) & 1;
}

static void set_carrier(ps_llama_node *x, int s) {
    x->carriers.bits[s / 64] |= (uint64_t)1 << (s % 64);
}

static void clear_carrier(ps_llama_node *x, int s) {
    x->carriers.bits[s / 64] &= ~((uint64_t)1 << (s % 64));
}

/* The next carrier after s, or −1; begin with s = −1. */
static int next_carrier(const ps_llama_node *x, int s) {
    for (s++; s < PS_MAX_SEQUENCES; s = (s / 64 + 1) * 64) {
        const uint64_t rest = x->carriers.bits[s / 64] >> (s % 64);
        if (rest) return s + __builtin_ctzll(rest);
    }
    return -1;
}

/* How many of x's tokens a sequence of n tokens through it has. */
static size_t covered(const ps_llama_node *x, size_t n) {
    if (n <= x->start) return 0;
    return n < ps_llama_node_end(x) ? n - x->start : x->n_tokens;
}

/* Set x->cached to what its carriers have, and the lane's count with it. */
static void recount(ps_lane *lane, ps_llama_node *x) {
    size_t most = 0;
    for (int s = next_carrier(x, -1); s >= 0; s = next_carrier(x, s)) {
        const size_t c = covered(x, lane->sequences[s].n);
        if (c > most) most = c;
    }
    lane->used = lane->used + most - x->cached;
    x->cached = most;
}

/* ---- Shaping one sequence ------------------------------------------------ */

/* Cut sequence s back to `tip` (its present tip or an ancestor; NULL frees it) and to at most n tokens. */
static void retract(ps_lane *lane, int s, ps_llama_node *tip, size_t n) {
    ps_sequence *q = &lane->sequences[s];
    ps_llama_node *old = q->tip;
    if (n < q->n) {
        llama_memory_seq_rm(lane->memory, s, (llama_pos)n, -1);
        ps_llama_trace_remove(lane->engine->trace, lane, s, n);
    }
    q->n = n < q->n ? n : q->n;
    q->tip = tip;
    for (ps_llama_node *x = old; x != tip; x = x->parent) {
        clear_carrier(x, s);
        recount(lane, x);
    }
    for (ps_llama_node *x = tip; x != NULL && ps_llama_node_end(x) > n; x = x->parent)
        recount(lane, x);
}

static void free_sequence(ps_lane *lane, int s) {
    lane->sequences[s].user = NULL;
    retract(lane, s, NULL, 0);
}

/* Let s pass through all of the path to `tip`, which continues its own. */
static void extend_to(ps_lane *lane, int s, ps_llama_node *tip) {
    for (ps_llama_node *x = tip; x != NULL && !carries(x, s); x = x->parent)
        set_carrier(x, s);
    lane->sequences[s].tip = tip;
}

/* Whether a sequence other than s has all of x that s has. */
static bool held_elsewhere(const ps_lane *lane, const ps_llama_node *x, int s) {
    const size_t own = covered(x, lane->sequences[s].n);
    for (int t = next_carrier(x, -1); t >= 0; t = next_carrier(x, t))
        if (t != s && covered(x, lane->sequences[t].n) >= own) return true;
    return false;
}

/* ---- Eviction ------------------------------------------------------------ */

static bool passed_over(const ps_sequence *q) {
    return q->round < q->tip->root->round;
}

/* Whether a is worth less than b. A problem goes on in rounds: all of its lines make a step, then some of the ends are
 * chosen. An end of an earlier round was passed over when the present one began, and the longer ago the less it is
 * wanted: least recently used first. The ends of the present round are about to be chosen from, each as likely as the
 * next; where they do not fit, going through them in turn would find each dropped just before it is wanted, as the
 * least recently used: of these the last goes first, and the others stay; of several problems' those of the youngest,
 * so that some problem comes to its end and makes room. */
static bool worth_less(const ps_sequence *a, const ps_sequence *b) {
    const bool a_passed = passed_over(a), b_passed = passed_over(b);
    if (a_passed != b_passed) return a_passed;
    if (a_passed) return a->last_use < b->last_use;
    if (a->tip->root != b->tip->root) return a->tip->root->age > b->tip->root->age;
    return a->last_use > b->last_use;
}

/* The idle sequence least worth keeping, of those that the problem of `root` may have dropped (NULL: of all); −1: none.
 */
static int least_worth(const ps_lane *lane, int except, const ps_llama_node *root) {
    int least = -1;
    for (int s = 0; s < lane->n_sequences; s++) {
        const ps_sequence *q = &lane->sequences[s];
        if (q->tip == NULL || q->user != NULL || s == except) continue;
        if (root != NULL && !passed_over(q) && q->tip->root->age < root->age) continue;
        if (least < 0 || worth_less(q, &lane->sequences[least])) least = s;
    }
    return least;
}

/* Cut s back to where other lines branch off, or to its root's end: what many may want again outlives what only one
 * snapshot has. A sequence that adds nothing to the others, or is at its root already, goes altogether. */
static void shorten(ps_lane *lane, int s) {
    ps_llama_node *x = lane->sequences[s].tip->parent;
    while (x != NULL && x->parent != NULL && x->children < 2)
        x = x->parent;
    if (x == NULL || held_elsewhere(lane, x, s))
        free_sequence(lane, s);
    else
        retract(lane, s, x, ps_llama_node_end(x));
    lane->stats.evictions++;
}

bool ps_cache_shrink(ps_lane *lane, const ps_llama_node *root) {
    const int s = least_worth(lane, -1, root);
    if (s < 0) return false;
    shorten(lane, s);
    return true;
}

void ps_cache_expire(ps_lane *lane) {
    if (lane->time_to_live == 0) return;
    for (int s = 0; s < lane->n_sequences; s++) {
        ps_sequence *q = &lane->sequences[s];
        if (q->tip == NULL || q->user != NULL || q->tip->parent == NULL || q->last_use + lane->time_to_live > lane->now)
            continue;
        q->last_use = lane->now; /* what it is shortened to has its own time */
        shorten(lane, s);
    }
}

/* A free sequence for the problem of `root`, by eviction if need be, but not of `source`; −1: all others are in use, or
 * older problems want them while something runs. */
static int acquire(ps_lane *lane, int source, const ps_llama_node *root) {
    for (int s = 0; s < lane->n_sequences; s++)
        if (lane->sequences[s].tip == NULL) return s;
    const int s = least_worth(lane, source, lane->n_active > 0 ? root : NULL);
    if (s >= 0) {
        free_sequence(lane, s);
        lane->stats.evictions++;
    }
    return s;
}

/* ---- Logits of hot nodes ------------------------------------------------- */

static void unlink_logits(ps_lane *lane, ps_llama_node *node) {
    if (node->hotter != NULL)
        node->hotter->colder = node->colder;
    else
        lane->hottest = node->colder;
    if (node->colder != NULL)
        node->colder->hotter = node->hotter;
    else
        lane->coldest = node->hotter;
    node->hotter = node->colder = NULL;
}

static void link_logits(ps_lane *lane, ps_llama_node *node) {
    node->colder = lane->hottest;
    if (lane->hottest != NULL)
        lane->hottest->hotter = node;
    else
        lane->coldest = node;
    lane->hottest = node;
}

void ps_cache_touch_logits(ps_lane *lane, ps_llama_node *node) {
    unlink_logits(lane, node);
    link_logits(lane, node);
}

static void drop_logits(ps_lane *lane, ps_llama_node *node) {
    if (node->logits == NULL) return;
    unlink_logits(lane, node);
    ps_free(node->logits);
    node->logits = NULL;
    lane->n_hot--;
}

void ps_cache_keep_logits(ps_lane *lane, ps_llama_node *node, const float *logits, const float *state) {
    const ps_llama *engine = lane->engine;
    const size_t room = engine->n_vocab + (engine->embeddings ? engine->n_embd : 0);
    if (node->logits != NULL || lane->max_hot == 0) return;
    if (lane->n_hot >= lane->max_hot) {
        ps_llama_node *victim = lane->coldest; /* its memory goes over to the newcomer */
        unlink_logits(lane, victim);
        node->logits = victim->logits;
        victim->logits = NULL;
        lane->n_hot--;
    } else {
        node->logits = ps_reallocarray(NULL, room, sizeof *logits);
        if (node->logits == NULL) return;
    }
    memcpy(node->logits, logits, engine->n_vocab * sizeof *logits);
    node->has_state = state != NULL;
    if (state != NULL) memcpy(node->logits + engine->n_vocab, state, engine->n_embd * sizeof *state);
    link_logits(lane, node);
    lane->n_hot++;
}

/* ---- Where to start from ------------------------------------------------- */

/* The carrier of x to start from: the one with the most tokens up to `want` (beyond x's end it may follow another
 * branch); of equals one that can be taken over rather than forked. */
static int best_carrier(const ps_lane *lane, const ps_llama_node *x, size_t want, size_t *n) {
    const size_t limit = ps_llama_node_end(x) < want ? ps_llama_node_end(x) : want;
    int best = -1;
    bool best_free = false;
    for (int s = next_carrier(x, -1); s >= 0; s = next_carrier(x, s)) {
        const ps_sequence *q = &lane->sequences[s];
        const size_t has = q->n < limit ? q->n : limit;
        const bool free = q->user == NULL && q->tip == x;
        if (best >= 0 && (has < *n || (has == *n && (best_free || !free)))) continue;
        best = s;
        best_free = free;
        *n = has;
    }
    return best;
}

/* Whether some running extension is about to decode the last token of `node` and to keep its logits. */
static bool logits_are_coming(const ps_lane *lane, const ps_llama_node *node) {
    for (int s = next_carrier(node, -1); s >= 0; s = next_carrier(node, s)) {
        const ps_request *user = lane->sequences[s].user;
        if (user != NULL && !user->evaluate && lane->sequences[s].n < ps_llama_node_end(node)) return true;
    }
    return false;
}

/* ---- Room ---------------------------------------------------------------- */

enum { PS_STEP_ROOM = 16 }; /* tokens that a request under way has yet to write, at least */

/* Cells of the path to x that were not counted yet. */
static size_t count_path(ps_llama_node *x, uint64_t count) {
    size_t n = 0;
    for (; x != NULL && x->counted != count; x = x->parent) {
        x->counted = count;
        n += x->cached;
    }
    return n;
}

/* Cells that may not be dropped for the sake of the request: what is in use, what older problems are about to choose
 * from and, while these run, what its own problem is; its own path. */
static size_t count_held(ps_lane *lane, const ps_request *request) {
    const ps_llama_node *root = request->child->root;
    uint64_t oldest = root->age;
    for (size_t i = 0; i < lane->n_active; i++)
        if (lane->active[i]->child->root->age < oldest) oldest = lane->active[i]->child->root->age;
    size_t n = count_path(request->child->parent, ++lane->counts);
    for (int s = 0; s < lane->n_sequences; s++) {
        const ps_sequence *q = &lane->sequences[s];
        if (q->tip == NULL) continue;
        const uint64_t age = q->tip->root->age;
        const bool wanted = !passed_over(q) && (age < root->age || (age == root->age && oldest < age));
        if (q->user != NULL || wanted) n += count_path(q->tip, lane->counts);
    }
    return n;
}

/* Tokens that the request's answer has yet to write, were it as long as the last ones of the lane. */
static size_t growth(const ps_lane *lane, const ps_request *request) {
    if (request->evaluate) return 0;
    const double rest = lane->answer - (double)(ps_request_length(request) - ps_llama_node_end(request->child->root));
    return rest > PS_STEP_ROOM ? (size_t)rest : PS_STEP_ROOM;
}

/* Whether the request's answer has room beside what must stay; n tokens of it are in the cache. Alone it always may.
 * What begins too early only loses its prefix later, again and again. */
static bool has_room(ps_lane *lane, const ps_request *request, size_t n) {
    if (lane->n_active == 0) return true;
    size_t missing = ps_request_length(request) - n + growth(lane, request);
    for (size_t i = 0; i < lane->n_active; i++) {
        const ps_request *other = lane->active[i];
        missing += ps_request_length(other) - lane->sequences[other->sequence].n + growth(lane, other);
    }
    return lane->used + missing <= lane->cells || count_held(lane, request) + missing <= lane->cells;
}

/* ---- Entering and leaving ------------------------------------------------ */

/* Nothing of the path below x is cached; x has n useful tokens in sequence `source`. Which sequence to use, prepared:
 * that one if nobody else needs it as it is, else a fork. */
static int branch(ps_lane *lane, ps_llama_node *x, int source, size_t n) {
    ps_sequence *q = &lane->sequences[source];
    if (q->user == NULL && q->tip == x) {
        retract(lane, source, x, n);
        return source;
    }
    const int s = acquire(lane, source, x->root);
    if (s >= 0) {
        llama_memory_seq_cp(lane->memory, source, s, 0, (llama_pos)n);
        ps_llama_trace_copy(lane->engine->trace, lane, source, s, n);
        lane->sequences[s].n = n;
        extend_to(lane, s, x);
        return s;
    }
    if (q->user != NULL) return -1;
    retract(lane, source, x, n); /* the last idle sequence gives up its own end */
    lane->stats.evictions++;
    return source;
}

/* From where the path must be computed at the earliest, so that the first draw has logits. */
static size_t useful_prefix(const ps_lane *lane, const ps_request *request) {
    const ps_llama_node *parent = request->parent;
    if (request->evaluate || ps_request_written(request) > 0) return request->child->start;
    /* Its shape is the whole chunk, unless the last token is computed alone for its hidden state. */
    if (lane->engine->deterministic && !parent->one_by_one && !ps_request_wants_state(request)) return parent->start;
    return ps_llama_node_end(parent) - 1;
}

static void occupy(ps_lane *lane, ps_request *request, int s) {
    extend_to(lane, s, request->child);
    lane->sequences[s].user = request;
    lane->sequences[s].last_use = lane->now;
    lane->sequences[s].round = request->child->root->round;
    request->sequence = s;
}

/* no_cache: as if nothing had been computed before. */
static bool enter_anew(ps_lane *lane, ps_request *request) {
    const int s = acquire(lane, -1, request->child->root);
    if (s >= 0) occupy(lane, request, s);
    return s >= 0;
}

bool ps_cache_enter(ps_lane *lane, ps_request *request) {
    const size_t want = useful_prefix(lane, request);
    if (lane->engine->no_cache) return enter_anew(lane, request);
    if (want < ps_llama_node_end(request->parent) && logits_are_coming(lane, request->parent)) return false;
    size_t n = 0;
    int source = -1;
    ps_llama_node *x = request->child->parent;
    while (x != NULL && (source = best_carrier(lane, x, want, &n)) < 0)
        x = x->parent;
    if (!has_room(lane, request, source >= 0 ? n : 0)) return false;
    int s;
    if (source >= 0) {
        const size_t there = ps_llama_node_end(x) < want ? ps_llama_node_end(x) : want;
        if (lane->sequences[source].user != NULL && n < there) return false; /* it is being computed: share it then */
        s = branch(lane, x, source, n);
    } else {
        s = acquire(lane, -1, request->child->root);
    }
    if (s < 0) return false;
    occupy(lane, request, s);
    return true;
}

size_t ps_cache_advance(ps_lane *lane, ps_request *request, size_t n) {
    ps_sequence *q = &lane->sequences[request->sequence];
    const size_t old = q->n;
    size_t prefilled = 0;
    q->n += n;
    q->last_use = lane->now;
    for (ps_llama_node *x = q->tip; x != NULL && ps_llama_node_end(x) > old; x = x->parent) {
        const size_t before = covered(x, old), after = covered(x, q->n);
        if (after > x->cached) {
            lane->used += after - x->cached;
            x->cached = after;
        }
        const size_t known = after < x->computed ? after : x->computed;
        const size_t again = known > before ? known - before : 0;
        lane->stats.recomputed += again;
        prefilled += x->one_by_one ? again : after - before;
        if (after > x->computed) x->computed = after;
    }
    lane->stats.prefilled += prefilled;
    return prefilled;
}

void ps_cache_follow(ps_lane *lane, ps_request *request) {
    extend_to(lane, request->sequence, request->child);
}

void ps_cache_leave(ps_lane *lane, ps_request *request, bool keep_tip) {
    const int s = request->sequence;
    if (s < 0) return;
    ps_sequence *q = &lane->sequences[s];
    q->user = NULL;
    q->last_use = lane->now;
    q->round = request->child->root->round;
    request->sequence = -1;
    if (keep_tip) return;
    if (held_elsewhere(lane, request->parent, s))
        free_sequence(lane, s);
    else
        retract(lane, s, request->parent, ps_llama_node_end(request->parent));
}

void ps_cache_drop(ps_lane *lane, ps_request *request) {
    if (request->sequence >= 0) free_sequence(lane, request->sequence);
    request->sequence = -1;
}

void ps_cache_forget(ps_lane *lane, ps_llama_node *node) {
    for (int s = next_carrier(node, -1); s >= 0; s = next_carrier(node, s)) {
        /* A node without references has no children and no request: it is the tip of every sequence through it. */
        ps_llama_node *parent = node->parent;
        if (parent == NULL || held_elsewhere(lane, parent, s))
            free_sequence(lane, s);
        else
            retract(lane, s, parent, ps_llama_node_end(parent));
    }
    drop_logits(lane, node);
}
