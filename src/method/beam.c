/* Beam search guided by the score, and diverse verifier tree search (DVTS): independent beams of width one.
 *
 * Each group keeps `width` prefixes, the places of its beam; every round each of them gets `expansion` children and the
 * best of all the group's children by ℓ stay. A round never has more than M children: there are no more places
 * than M / expansion, rounded up, and where that had to be rounded M is shared out among them evenly, the first ones
 * getting one more. A finished child that is among the best takes its place for good; every finished child is an
 * answer. A token budget is spent by searching again from the root; towards its end the last children of the round,
 * then the last prefixes, give way (pace.h). */
#include "method/methods.h"
#include "method/pace.h"
#include "method/round.h"

#include <math.h>
#include <stdlib.h>

typedef struct beam {
    ps_round_method m;
    size_t groups, width, expansion;
    uint32_t *kept;   /* [groups × width] prefixes to expand, by group */
    size_t *n_kept;   /* [groups] of them in use */
    size_t *places;   /* [groups] places not taken by finished answers */
    size_t *children; /* [groups × width] of each kept prefix in this round */
    uint32_t *ranked; /* [width × expansion] scratch: a group's children */
    uint32_t *from;   /* [groups × width × expansion] scratch: the parents of a round's children */
} beam;

static ps_status round_over(ps_method *method, ps_error *err);

static void destroy(ps_method *method) {
    beam *p = (beam *)method;
    ps_round_clear(&p->m.round);
    ps_free(p->kept);
    ps_free(p->n_kept);
    ps_free(p->places);
    ps_free(p->children);
    ps_free(p->ranked);
    ps_free(p->from);
    ps_free(p);
}

/* Children of the i-th place of a group in a round: its share of M, at most `expansion`. */
static size_t share(const beam *p, size_t g, size_t i) {
    size_t places = p->groups * p->width, M = p->m.params.n_particles;
    size_t even = M / places + (g * p->width + i < M % places);
    return even < p->expansion ? even : p->expansion;
}

/* Children of a whole group: those of its free places. */
static size_t shares(const beam *p, size_t g) {
    size_t sum = 0;
    for (size_t i = 0; i < p->places[g]; i++)
        sum += share(p, g, i);
    return sum;
}

/* The parents of this round's children, group by group: how many there are. At the root a whole round's worth. */
static size_t parents(beam *p) {
    size_t n = 0;
    for (size_t g = 0; g < p->groups; g++)
        for (size_t i = 0; i < p->n_kept[g]; i++) {
            size_t at = g * p->width + i;
            p->children[at] = p->kept[at] == 0 ? shares(p, g) : share(p, g, i);
            for (size_t k = 0; k < p->children[at]; k++)
                p->from[n++] = p->kept[at];
        }
    return n;
}

/* Take `excess` children away, the last first. */
static void drop_children(beam *p, size_t excess) {
    for (size_t g = p->groups; g-- > 0;)
        for (size_t i = p->n_kept[g]; i-- > 0 && excess > 0;) {
            size_t *children = &p->children[g * p->width + i];
            size_t gone = excess < *children ? excess : *children;
            *children -= gone;
            excess -= gone;
        }
}

static ps_status plan_round(beam *p, ps_error *err) {
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    size_t wanted = parents(p), n = ps_pace_lines(&p->m.params, &p->m.round.tree, p->from, wanted);
    uint32_t child;
    drop_children(p, wanted - n);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = ps_round_plan(&p->m.round, p->from[i], p->m.params.has_reward, &child, err);
    return status;
}

static void start_search(beam *p) {
    for (size_t g = 0; g < p->groups; g++) {
        p->kept[g * p->width] = 0;
        p->n_kept[g] = 1;
        p->places[g] = p->width;
    }
}

static size_t at_most(size_t n, size_t most) {
    return n < most ? n : most;
}

/* `groups` or `width` 0: as many as M pays for. */
static ps_status create(const ps_method_ops *ops, const ps_method_params *params, size_t groups, size_t width,
                        ps_method **method, ps_error *err) {
    beam *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    size_t M = params->n_particles;
    p->expansion = at_most(params->beam.expansion > 0 ? params->beam.expansion : 1, M);
    size_t paid = (M + p->expansion - 1) / p->expansion;
    p->groups = groups > 0 ? at_most(groups, paid) : paid;
    p->width = width > 0 ? at_most(width, paid) : paid;
    p->kept = ps_calloc(p->groups * p->width, sizeof *p->kept);
    p->n_kept = ps_calloc(p->groups, sizeof *p->n_kept);
    p->places = ps_calloc(p->groups, sizeof *p->places);
    p->children = ps_calloc(p->groups * p->width, sizeof *p->children);
    p->ranked = ps_calloc(p->width * p->expansion, sizeof *p->ranked);
    p->from = ps_calloc(p->groups * p->width * p->expansion, sizeof *p->from);
    ps_status status = ps_round_method_init(&p->m, ops, params, round_over, err);
    if (status == PS_OK && (p->kept == NULL || p->n_kept == NULL || p->places == NULL || p->children == NULL ||
                            p->ranked == NULL || p->from == NULL))
        status = ps_nomem(err);
    if (status == PS_OK) {
        start_search(p);
        status = plan_round(p, err);
    }
    if (status != PS_OK) {
        destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

/* Highest ℓ first, the older of equals first. */
static void rank(const ps_tree *tree, uint32_t *ids, size_t n) {
    for (size_t i = 1; i < n; i++) { /* insertion: a group has a handful of children, nearly sorted by age */
        uint32_t id = ids[i];
        size_t k = i;
        for (; k > 0 && tree->nodes[ids[k - 1]].ell < tree->nodes[id].ell; k--)
            ids[k] = ids[k - 1];
        ids[k] = id;
    }
}

/* Keep the best of one group's children, which stand at work[first …]; returns how many there were. */
static size_t keep_best(beam *p, size_t g, size_t first) {
    size_t n = 0, places = p->places[g];
    for (size_t i = 0; i < p->n_kept[g]; i++)
        n += p->children[g * p->width + i];
    for (size_t i = 0; i < n; i++)
        p->ranked[i] = p->m.round.work[first + i].child;
    rank(&p->m.round.tree, p->ranked, n);
    p->n_kept[g] = 0;
    for (size_t i = 0; i < n && i < places; i++) {
        if (p->m.round.tree.nodes[p->ranked[i]].state == PS_OPEN)
            p->kept[g * p->width + p->n_kept[g]++] = p->ranked[i];
        else
            p->places[g]--;
    }
    return n;
}

static ps_status round_over(ps_method *method, ps_error *err) {
    beam *p = (beam *)method;
    bool running = false;
    for (size_t g = 0, first = 0; g < p->groups; g++) {
        first += keep_best(p, g, first);
        running = running || p->n_kept[g] > 0;
    }
    if (ps_round_out_of_tokens(&p->m.round, &p->m.params) || ps_round_answers_wanted(&p->m.round, &p->m.params) == 0) {
        p->m.end = PS_END_BUDGET;
        ps_round_begin(&p->m.round);
        return PS_OK;
    }
    if (!running && p->m.params.budget.max_tokens > 0) start_search(p);
    return plan_round(p, err);
}

/* Votes weigh what the PRM says, or the score. */
static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const beam *p = (const beam *)method;
    ps_status status = ps_tree_answers(&p->m.round.tree, list, n, err);
    for (size_t i = 0; status == PS_OK && i < *n; i++)
        (*list)[i].log_weight = isnan((*list)[i].reward) ? (*list)[i].ell : log((*list)[i].reward);
    return status;
}

static ps_status create_beam(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                             ps_error *err) {
    return create(ops, params, 1, params->beam.width, method, err);
}

static ps_status create_dvts(const ps_method_ops *ops, const ps_method_params *params, ps_method **method,
                             ps_error *err) {
    return create(ops, params, params->beam.subtrees, 1, method, err);
}

static const char *spread_beam(const ps_method_params *params) {
    (void)params;
    return "keep several beams apart (method=dvts), or take method=best_of_n";
}

/* As many subtrees as there are places is also the default. */
static const char *spread_dvts(const ps_method_params *params) {
    const ps_beam_params *p = &params->beam;
    const size_t expansion = p->expansion > 0 ? p->expansion : 1, most = (params->n_particles - 1) / expansion + 1;
    if (p->subtrees > 0 && p->subtrees < most) return "grow more subtrees (dvts.subtrees), or take method=best_of_n";
    if (expansion > 1) return "grow more subtrees (a lower beam.expansion), or take method=best_of_n";
    return "take method=best_of_n";
}

const ps_method_ops ps_method_beam = {
    .name = "beam",
    .doc = "keep the best prefixes of all children at every step",
    .spread = spread_beam,
    .create = create_beam,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};

const ps_method_ops ps_method_dvts = {
    .name = "dvts",
    .doc = "diverse verifier tree search: independent subtrees, the best child at every step",
    .spread = spread_dvts,
    .create = create_dvts,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};
