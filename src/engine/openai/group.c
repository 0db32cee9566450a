/* Seeds: the 64 bits of splitmix64's finaliser (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * 2014), number after number: every bit of each moves half of the seed's. */
#include "engine/openai/group.h"

static uint64_t mix(uint64_t x) {
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t add(uint64_t hash, uint64_t number) {
    return mix(hash + 0x9E3779B97F4A7C15u + number);
}

static uint64_t shaped(uint64_t hash) {
    return hash >> 1 & ~(uint64_t)(PS_REMOTE_GROUP - 1);
}

uint64_t ps_remote_seed_group(ps_rng_key first) {
    return shaped(add(add(add(add(0, first.seed), first.problem), first.id), (uint64_t)first.purpose));
}

uint64_t ps_remote_seed_continue(uint64_t choice, size_t n) {
    return shaped(add(add(1, choice), n));
}

static bool belongs(const ps_remote_group *group, const ps_remote_step *step, uint64_t round) {
    return group->round == round && group->n < PS_REMOTE_GROUP && group->generation == step->generation &&
           group->first.seed == step->key.seed && group->first.problem == step->key.problem &&
           group->first.purpose == step->key.purpose;
}

void ps_remote_group_join(ps_remote_steps *list, ps_remote_step *step, uint64_t round) {
    ps_remote_group *group = &step->parent->group;
    const bool joins = belongs(group, step, round);
    if (!joins)
        *group = (ps_remote_group){.round = round,
                                   .seed = ps_remote_seed_group(step->key),
                                   .generation = step->generation,
                                   .first = step->key};
    step->seed = group->seed + group->n++;
    ps_remote_steps_insert(list, joins ? group->last : list->last, step);
    group->last = step;
}

size_t ps_remote_group_together(const ps_remote_steps *list, size_t most) {
    const ps_remote_step *first = list->first;
    size_t n = 1;
    if (first->n_read > 0 || first->generation->temperature <= 0) return 1;
    for (const ps_remote_step *next = first->next; next != NULL && n < most; next = next->next, n++)
        if (next->parent != first->parent || next->generation != first->generation || next->n_read > 0 ||
            next->seed != first->seed + n)
            break;
    return n;
}
