/* The inside of a pool, shared by the pool_*.c files only. */
#ifndef PERSAMP_CORE_POOL_H
#define PERSAMP_CORE_POOL_H

#include "core/crowd.h"
#include "core/kernels.h"

/* The particles that one event launched from one depth. */
typedef struct ps_cohort {
    uint32_t event, launch_depth;
    size_t count; /* N(e,a,·): the same at every depth that is counted */
    double log_z; /* log Ẑ_e(a) */
} ps_cohort;

/* Cohorts of one level that were launched from one depth at one β: one term of the mixtures. */
typedef struct ps_cohort_group {
    uint32_t launch_depth;
    double beta, log_weight; /* LSE over its cohorts of log N(e,a,·) − log Ẑ_e(a) */
} ps_cohort_group;

/* The snapshots of one depth and the cohorts counted there. */
typedef struct ps_level {
    uint32_t *ids; /* [n_ids] by age */
    size_t n_ids, ids_capacity;
    uint32_t
        *live; /* [n_live] of these, open and, but for what was pruned since the last ps_pool_prepare, not pruned */
    size_t n_live, live_capacity;
    uint32_t *cohorts; /* [n_cohorts] indices into ps_pool.cohorts, by event */
    size_t n_cohorts, cohorts_capacity;
    ps_cohort_group *groups; /* [n_groups] the same cohorts as terms, those of the deepest launches first */
    size_t n_groups, groups_capacity;
    /* The mixtures of the first mixed_ids snapshots hold the first mixed_cohorts cohorts. */
    size_t mixed_ids, mixed_cohorts;
    /* The depth its cohorts at β > 0 were launched from, whose scores decide on its mixtures; SIZE_MAX: there are none.
     */
    size_t launch_depth;
    bool several_launches; /* … they were launched from several */
    /* Of a large level (pool_crowd.c): snapshots that were pruned and of which only sums are asked, strays, which were
     * pruned and are still looked at one by one, and for how many ids and cohorts the mixtures of those at their end
     * were brought up to date last. */
    ps_crowd *crowd;           /* NULL in a level that is not large */
    size_t crowd_launch_depth; /* launch_depth when its columns were made */
    uint32_t *crowd_ids;       /* [n_crowd] */
    size_t n_crowd, crowd_capacity;
    uint32_t *strays;                                 /* [n_strays] */
    size_t n_strays, strays_capacity, next_gathering; /* of so many strays */
    size_t ended_ids, ended_cohorts;
    bool stale; /* its candidates or their mixtures are not those of the last ps_pool_prepare */
    /* Its open snapshots, pruned ones included: how many, their highest merit, Σ exp(merit − highest). */
    size_t n_open;
    double open_best, open_sum;
    /* Set by ps_pool_prepare: */
    size_t first, n_candidates; /* its part of the candidates */
    double best_ell;            /* the highest score among the candidates */
    /* Set by ps_pool_shares: log ρ(d), normalised over depths. */
    double log_share;
} ps_level;

/* A snapshot that may be pruned. */
typedef struct ps_victim {
    double ell;
    uint32_t id;
} ps_victim;

/* A snapshot's value and its kin. Siblings are kept in broods of at most PS_BROOD, in order of age, each known by its
 * eldest, which keeps Σ V = sum·exp(best) of the brood: a snapshot from which thousands grew need not add up all of
 * them when one changes. 0 is nobody. */
enum { PS_BROOD = 64 };
typedef struct ps_kin {
    double log_value;
    uint32_t n_children, youngest_brood; /* the eldest of its youngest children */
    uint32_t eldest, older_sibling;      /* of its brood; the next older one in it */
    double best, sum;                    /* of the brood whose eldest it is */
    uint32_t youngest, older_brood;
    bool stale;   /* that sum is to be taken anew */
    bool stirred; /* while values are backed up: a descendant is new */
} ps_kin;

struct ps_pool {
    ps_pool_params params;
    size_t shallowest, deepest; /* the depths that may have a share, both included */

    /* By snapshot; [0] is the root. */
    ps_snapshot *snapshots;
    double *ell;         /* the scores again, contiguous for the inner loops */
    uint32_t *running;   /* particles that stand on it now; not zero only for snapshots listed in standing */
    uint32_t *continued; /* steps taken from it by particles that the mixture knows: its children but for passage */
    size_t size, snapshots_capacity, ell_capacity, running_capacity, continued_capacity;

    /* log m without its 1/M_d (lineage), the mixture of eq. 15 without its 1/N (balance): see pool_mixture.c. */
    double *log_mix;
    size_t log_mix_capacity;
    /* balance: the mixtures of the first mixed_size snapshots hold the first mixed_events events, of the last of these
     * only mixed_count snapshots. */
    size_t mixed_size, mixed_events, mixed_count;

    ps_level *levels; /* by depth */
    size_t n_levels, levels_capacity;
    size_t mix_from;    /* no level before it has snapshots or cohorts that its mixtures do not hold */
    ps_cohort *cohorts; /* those of the last event last */
    size_t n_cohorts, cohorts_capacity;

    ps_balance_event *events; /* by event: β_e; balance also log Ẑ_e, N_e */
    size_t n_events, events_capacity;
    double largest_beta; /* of any event */

    size_t age;      /* iterations since the last event */
    size_t appended; /* snapshots since the last advance */

    uint32_t *standing; /* [n_standing] those that had a particle since the last event, some more than once */
    size_t n_standing, standing_capacity;
    uint32_t *selectable; /* [n_selectable] open snapshots that are not pruned, by age, the root not among them */
    size_t n_selectable, selectable_capacity;

    /* Set by ps_pool_prepare. */
    bool prepared;
    enum { PS_NO_SHARES, PS_SHARES_AT_ZERO, PS_SHARES_ABOVE_ZERO } shares; /* what the levels' log_share is for */
    uint32_t *candidates;
    double *candidate_ell, *candidate_mix;
    double *candidate_worth; /* with depth_retreat: log_mix − log V. In place of log_mix it makes moments sum W·V */
    size_t candidate_worth_capacity;
    size_t n_candidates, candidates_capacity, candidate_ell_capacity, candidate_mix_capacity;
    size_t first_depth; /* lineage: the least from 1 on with a candidate; n_levels where there is none */

    /* Room for the work on one level. */
    uint32_t *ancestors;
    double *path_ell, *part_mix;
    size_t ancestors_capacity, path_ell_capacity, part_mix_capacity;
    ps_cohort_group *sorted;
    size_t sorted_capacity;
    ps_kin *kin; /* [n_kin] by snapshot, of ps_pool_value */
    size_t n_kin, kin_capacity;
    uint32_t *stirred;
    size_t stirred_capacity;
    ps_victim *victims; /* of pruning */
    size_t victims_capacity;
};

static inline bool ps_snapshot_selectable(const ps_snapshot *s) {
    return s->state == PS_OPEN && !s->pruned;
}

/* Room for n snapshots, the root among them. */
ps_status ps_pool_reserve_snapshots(ps_pool *pool, size_t n);
/* PS_DOMAIN for a score that a snapshot cannot have, or a merit that it cannot have and that is read. */
ps_status ps_pool_check_numbers(const ps_pool *pool, uint32_t parent, double ell, double merit, ps_error *err);
/* Make levels 0 … depth exist. */
ps_status ps_pool_reserve_levels(ps_pool *pool, size_t depth);

/* log of the plain mean of R over the open snapshots of a level, pruned ones included; −∞ where there is none. */
static inline double ps_level_log_mean(const ps_level *level) {
    return level->open_sum > 0 ? level->open_best + log(level->open_sum / (double)level->n_open) : -INFINITY;
}

/* Moments of the weights of a level's candidates at β. */
static inline ps_moments ps_level_moments(const ps_pool *pool, const ps_level *level, double beta) {
    return ps_kernels_best()->moments(pool->candidate_ell + level->first, pool->candidate_mix + level->first,
                                      level->n_candidates, beta);
}

/* lineage: back up the values of the candidates and set candidate_worth. PS_NOMEM or PS_OK. O(new snapshots · their
 * ancestors · (broods of each + PS_BROOD)). */
ps_status ps_pool_value(ps_pool *pool);

/* Bring every log_mix up to date. PS_NOMEM or PS_OK. */
ps_status ps_pool_mix(ps_pool *pool);

/* Add terms of one launch depth to n mixtures; ell holds the scores of the ancestors at that depth. */
void ps_mix_groups(const double *ell, double *log_mix, size_t n, const ps_cohort_group *groups, size_t n_groups);
/* Room for ps_pool_mix_part of n snapshots, which then cannot fail. */
ps_status ps_pool_reserve_part(ps_pool *pool, size_t n);
/* Add terms, those of the deepest launches first, to the mixtures of n snapshots of one depth. PS_NOMEM or PS_OK. */
ps_status ps_pool_mix_part(ps_pool *pool, const uint32_t *ids, size_t n, size_t depth, const ps_cohort_group *groups,
                           size_t n_groups);

/* ---- Large levels: pool_crowd.c ------------------------------------------ */

/* Before a level's mixtures are brought up to date: a level that has become large gets a crowd, one whose mixtures are
 * no function of one score any more loses it. PS_NOMEM or PS_OK. */
ps_status ps_pool_crowd_update(ps_pool *pool, size_t depth);
/* Bring the mixtures of a level with a crowd up to date but for those of snapshots at their end; `fresh` terms are new.
 * PS_NOMEM or PS_OK. */
ps_status ps_pool_crowd_mix(ps_pool *pool, size_t depth, const ps_cohort_group *groups, size_t fresh);
/* … and those of snapshots at their end, in all levels with a crowd. PS_NOMEM or PS_OK. O(size) where any is behind. */
ps_status ps_pool_crowd_mix_ended(ps_pool *pool);
/* Room for all strays that candidates can become. PS_NOMEM or PS_OK. */
ps_status ps_pool_crowd_reserve(ps_pool *pool);
/* log f(ℓ) of a level with a crowd for the score ℓ of a snapshot at this depth, where it need not be summed over the
 * terms; false: sum them. */
bool ps_pool_crowd_log_f(const ps_level *level, size_t depth, double ell, double *log_f);
/* log Ẑ(β, d) of a level with a crowd; needs room for all snapshots of the level in path_ell and part_mix. */
double ps_pool_crowd_log_z(ps_pool *pool, const ps_level *level, double beta);

/* Prune down to max_size; the room for it has to be reserved before. */
ps_status ps_pool_reserve_prune(ps_pool *pool);
void ps_pool_prune(ps_pool *pool);

/* lineage: the depth after d that may have candidates: 0, then those from first_depth on. Where old snapshots are
 * pruned a long answer has no candidates at most depths, and what is done for every temperature skips them by this. */
static inline size_t ps_pool_next_depth(const ps_pool *pool, size_t d) {
    return d == 0 ? pool->first_depth : d + 1;
}

/* lineage: set log_share of these levels for β; −∞ for depths that cannot be launched from. Without depth_retreat all
 * β > 0 have the same shares, and only a first call computes them. */
void ps_pool_shares(ps_pool *pool, double beta);

/* Whether an event at β may launch from the level: an open candidate of finite weight is there. */
static inline bool ps_level_open(const ps_level *level, double beta) {
    return level->n_candidates > 0 && (beta == 0 || level->best_ell > -INFINITY);
}

#endif
