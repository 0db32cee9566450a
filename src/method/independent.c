/* Methods that draw whole answers independently and differ in how they choose among them: greedy, best-of-n, majority,
 * weighted majority. One state machine, four lines of the table. A budget of tokens is spent by starting further
 * answers: M run side by side and each that ends makes room for the next. */
#include "method/methods.h"
#include "method/pace.h"
#include "method/round.h"

#include <math.h>

typedef struct independent {
    ps_round_method m;
} independent;

static ps_status round_over(ps_method *method, ps_error *err);

static void destroy(ps_method *method) {
    independent *p = (independent *)method;
    ps_round_clear(&p->m.round);
    ps_free(p);
}

static ps_status plan(independent *p, uint32_t parent, ps_error *err) {
    uint32_t child;
    return ps_round_plan(&p->m.round, parent, p->m.params.has_reward, &child, err);
}

/* Whether the votes of the answers are weighed: only then a vote needs what it weighs. */
static bool weighs_votes(const ps_method_ops *ops) {
    return ops == &ps_method_weighted_majority;
}

static ps_status create(const ps_method_ops *ops, const ps_method_params *params, ps_method **method, ps_error *err) {
    if (weighs_votes(ops) && params->independent.vote == PS_VOTE_REWARD && !params->has_reward)
        return ps_fail(err, PS_ARG,
                       "weighted_majority.weights prm needs a process reward model: set models.prm.enabled to true");
    if (weighs_votes(ops) && params->independent.vote == PS_VOTE_LOGPROB && !params->has_logp)
        return ps_fail(
            err, PS_ARG,
            "weighted_majority.weights logprob needs the log-probabilities of tokens, which this engine does "
            "not report: set weighted_majority.weights to prm or score, or use another engine");
    independent *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    size_t answers = ops->greedy ? 1 : params->n_particles;
    ps_status status = ps_round_method_init(&p->m, ops, params, round_over, err);
    for (size_t i = 0; i < answers && status == PS_OK; i++)
        status = plan(p, 0, err);
    if (status != PS_OK) {
        destroy(&p->m.base);
        return status;
    }
    *method = &p->m.base;
    return PS_OK;
}

/* The lines that may follow this round's: those that go on before those that would begin, so that a pace stops the
 * latter first, and no more than answers are wanted. Returns how many there are in `from`. */
static size_t candidates(const independent *p, size_t wanted, uint32_t *from) {
    bool widen = p->m.params.budget.max_tokens > 0 && !p->m.base.ops->greedy;
    size_t n = 0;
    for (size_t i = 0; i < p->m.round.n_work; i++) {
        uint32_t child = p->m.round.work[i].child;
        if (p->m.round.tree.nodes[child].state == PS_OPEN) from[n++] = child;
    }
    for (size_t ended = p->m.round.n_work - n; widen && ended > 0 && n < wanted; ended--)
        from[n++] = 0;
    return n;
}

/* A round is over: which answers go on, and whether those that ended are followed by new ones. */
static ps_status round_over(ps_method *method, ps_error *err) {
    independent *p = (independent *)method;
    size_t wanted = ps_round_answers_wanted(&p->m.round, &p->m.params);
    bool spent = wanted == 0 || ps_round_out_of_tokens(&p->m.round, &p->m.params);
    uint32_t *from = ps_calloc(p->m.round.n_work, sizeof *from);
    if (from == NULL) return ps_nomem(err);
    size_t n = spent ? 0 : candidates(p, wanted, from);
    n = ps_pace_lines(&p->m.params, &p->m.round.tree, from, n);
    ps_status status = PS_OK;
    ps_round_begin(&p->m.round);
    p->m.end = spent ? PS_END_BUDGET : PS_END_FINISHED;
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = plan(p, from[i], err);
    ps_free(from);
    return status;
}

/* log of what the answer's vote weighs. The score stands in for a reward or a sum that is not there: not in
 * weighted_majority, which refuses to begin without, but in the weighted votes that are reported beside the others. */
static double log_vote(const independent *p, const ps_answer *answer) {
    const ps_score_input *sums = &p->m.round.tree.nodes[answer->snapshot].sums;
    double log_vote = answer->ell;
    switch (p->m.params.independent.vote) {
    case PS_VOTE_REWARD: log_vote = log(answer->reward); break;
    case PS_VOTE_LOGPROB: log_vote = sums->n_tokens > 0 ? sums->sum_logp / (double)sums->n_tokens : 0; break;
    case PS_VOTE_CONFIDENCE: log_vote = answer->ell > 0 ? log(answer->ell) : -INFINITY; break;
    case PS_VOTE_SCORE: break;
    }
    return isnan(log_vote) ? answer->ell : log_vote;
}

static ps_status answers(const ps_method *method, ps_answer **list, size_t *n, ps_error *err) {
    const independent *p = (const independent *)method;
    ps_status status = ps_tree_answers(&p->m.round.tree, list, n, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < *n; i++) {
        ps_answer *answer = &(*list)[i];
        answer->log_weight = log_vote(p, answer);
        answer->log_weight_q = -log((double)*n); /* each is a draw */
    }
    return PS_OK;
}

static size_t one_line(const ps_method_params *params) {
    (void)params;
    return 1;
}

const ps_method_ops ps_method_greedy = {
    .name = "greedy",
    .doc = "one answer, the likeliest token at every place",
    .greedy = true,
    .whole = true,
    .unscored = true,
    .select = "best",
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
    .lines = one_line,
};

const ps_method_ops ps_method_best_of_n = {
    .name = "best_of_n",
    .doc = "n independent answers, the one with the highest score",
    .whole = true,
    .independent = true,
    .select = "best",
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};

const ps_method_ops ps_method_majority = {
    .name = "majority",
    .doc = "n independent answers, the most frequent",
    .unscored = true,
    .whole = true,
    .independent = true,
    .select = "majority",
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};

const ps_method_ops ps_method_weighted_majority = {
    .name = "weighted_majority",
    .doc = "n independent answers, votes weighted by PRM or log-probability",
    .whole = true,
    .independent = true,
    .select = "weighted",
    .create = create,
    .destroy = destroy,
    .next = ps_round_method_next,
    .absorb = ps_round_method_absorb,
    .answers = answers,
    .report = ps_round_method_report,
};
