/* From a method's answers to an outcome: what each answer is, which are the same, who wins. */
#include "run/prompt.h"
#include "run/task.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An answer and what a vote needs to know of it. */
typedef struct ballot {
    ps_answer answer;
    char *extracted; /* owned; NULL when the text has no answer */
    int class_of;    /* −1 without an extracted answer */
    double merit;    /* what the best of several has most of */
} ballot;

/* A class of equivalent answers while it is counted. */
typedef struct tally {
    size_t votes;
    double weight;   /* Σ posterior weights, normalised over the classes */
    double reward;   /* Σ r */
    double draws;    /* Σ exp(log_weight_q) */
    double texts;    /* Σ q over the different texts among its ballots */
    size_t heaviest; /* ballot that speaks for it: that of most merit */
} tally;

static void free_ballots(ballot *ballots, size_t n) {
    for (size_t i = 0; ballots != NULL && i < n; i++)
        ps_free(ballots[i].extracted);
    ps_free(ballots);
}

/* The log-score; of one that is a target over q, the target: a weight alone prefers what q seldom draws. */
static double merit_of(const ps_task *task, const ps_answer *answer) {
    double merit = answer->ell;
    for (uint32_t at = answer->snapshot; at != 0 && task->session->params.score->over_q; at = task->nodes[at].parent)
        merit += task->nodes[at].sum_logq;
    return merit;
}

/* Read the answer out of each candidate's text. */
static ps_status collect(ps_task *task, ballot **out, size_t *n, ps_error *err) {
    ps_answer *answers = NULL;
    ballot *ballots = NULL;
    ps_status status = ps_method_answers(task->method, &answers, n, err);
    if (status != PS_OK) return status;
    ballots = ps_calloc(*n, sizeof *ballots);
    if (ballots == NULL) status = ps_nomem(err);
    for (size_t i = 0; i < *n && status == PS_OK; i++) {
        const char *text = ps_task_read(task, answers[i].snapshot);
        ballots[i].answer = answers[i];
        ballots[i].merit = merit_of(task, &answers[i]);
        status =
            text == NULL ? ps_nomem(err) : ps_extract_answer(text, &task->session->verify, &ballots[i].extracted, err);
    }
    ps_free(answers);
    if (status != PS_OK) {
        free_ballots(ballots, *n);
        return status;
    }
    *out = ballots;
    return PS_OK;
}

static ps_status classify(const ps_task *task, ballot *ballots, size_t n, size_t *n_classes, ps_error *err) {
    const char **texts = ps_calloc(n, sizeof *texts);
    int *class_of = ps_calloc(n, sizeof *class_of);
    ps_status status = texts == NULL || class_of == NULL ? ps_nomem(err) : PS_OK;
    if (status == PS_OK) {
        for (size_t i = 0; i < n; i++)
            texts[i] = ballots[i].extracted;
        status = ps_answer_classes(texts, n, &task->session->verify, class_of, n_classes, err);
    }
    for (size_t i = 0; i < n && status == PS_OK; i++)
        ballots[i].class_of = class_of[i];
    ps_free(texts);
    ps_free(class_of);
    return status;
}

/* A ballot by its weight, with a uniform of the problem's own that nothing else uses: methods number theirs from 0.
 * None has a weight: SIZE_MAX. */
static size_t draw(const ps_task *task, const double *W, size_t n) {
    ps_rng_key key = {task->outcome.seed, task->outcome.problem->index, UINT32_MAX, PS_RNG_METHOD};
    double u = ps_uniform(key, 0), sum = 0;
    size_t last = SIZE_MAX; /* also where rounding leaves the sum short of u */
    for (size_t i = 0; i < n && !(last != SIZE_MAX && sum > u); i++) {
        sum += W[i];
        if (W[i] > 0) last = i;
    }
    return last;
}

/* What each answer counts where draws from the model are asked about (ps_answer.log_weight_q), with or without
 * something to extract: so an answer without one is a wrong draw. */
static ps_status keep_weights_of_draws(ps_task *task, const ballot *ballots, size_t n, ps_error *err) {
    double *W = ps_calloc(n, sizeof *W);
    if (W == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        W[i] = ballots[i].answer.log_weight_q;
    if (n > 0 && !isnan(W[0]) && ps_normalise(W, n, W))
        for (size_t i = 0; i < n; i++)
            task->nodes[ballots[i].answer.snapshot].weight_q = W[i];
    ps_free(W);
    return PS_OK;
}

/* Posterior weights of the ballots that have an answer, summed by class; and one ballot drawn by them. Equal weights
 * where the method has none. */
static ps_status count(ps_task *task, const ballot *ballots, size_t n, tally *tallies, size_t *drawn, ps_error *err) {
    double *W = ps_calloc(n, sizeof *W);
    if (W == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        W[i] = ballots[i].class_of < 0 ? -INFINITY : ballots[i].answer.log_weight;
    if (!ps_normalise(W, n, W)) { /* every weight is zero: the votes are what is left */
        size_t voters = 0;
        for (size_t i = 0; i < n; i++)
            voters += ballots[i].class_of >= 0;
        for (size_t i = 0; i < n; i++)
            W[i] = ballots[i].class_of < 0 ? 0 : 1.0 / (double)voters;
    }
    for (size_t i = 0; i < n; i++)
        task->nodes[ballots[i].answer.snapshot].weight = 0;
    for (size_t i = 0; i < n; i++) {
        if (ballots[i].class_of < 0) continue;
        tally *t = &tallies[ballots[i].class_of];
        if (t->votes == 0 || ballots[i].merit > ballots[t->heaviest].merit) t->heaviest = i;
        t->votes++;
        t->weight += W[i];
        task->nodes[ballots[i].answer.snapshot].weight += W[i]; /* a filter lists what it selected twice twice */
        if (!isnan(ballots[i].answer.reward)) t->reward += ballots[i].answer.reward;
        t->draws += exp(ballots[i].answer.log_weight_q);
    }
    *drawn = draw(task, W, n);
    ps_free(W);
    return PS_OK;
}

/* ---- How likely what was found is ---------------------------------------- */

/* q of a whole answer; 0 where the engine did not tell it. */
static double probability_of(const ps_task *task, uint32_t snapshot) {
    double log_q = 0;
    for (uint32_t at = snapshot; at != 0; at = task->nodes[at].parent) {
        if (!task->nodes[at].has_logq) return 0;
        log_q += task->nodes[at].sum_logq;
    }
    return exp(log_q);
}

/* The model writes one of the different texts that were found with this probability, of each class and of all: exact,
 * where a share of draws is an estimate. */
static ps_status weigh_texts(ps_task *task, const ballot *ballots, size_t n, tally *tallies, double *known,
                             ps_error *err) {
    const char **texts = ps_calloc(n, sizeof *texts);
    if (texts == NULL) return ps_nomem(err);
    *known = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen = ballots[i].answer.state != PS_FINISHED;
        texts[i] = ps_task_text(task, ballots[i].answer.snapshot);
        if (texts[i] == NULL) {
            ps_free(texts);
            return ps_nomem(err);
        }
        for (size_t k = 0; k < i && !seen; k++)
            seen = strcmp(texts[i], texts[k]) == 0;
        if (seen) continue;
        const double q = probability_of(task, ballots[i].answer.snapshot);
        *known += q;
        if (ballots[i].class_of >= 0) tallies[ballots[i].class_of].texts += q;
    }
    ps_free(texts);
    return PS_OK;
}

/* ---- Choosing ------------------------------------------------------------ */

static double votes_of(const tally *t) {
    return (double)t->votes;
}
static double weight_of(const tally *t) {
    return t->weight;
}
static double reward_of(const tally *t) {
    return t->reward;
}

/* The class with the largest measure; of equals the heavier one, then the older. SIZE_MAX if there is none. */
static size_t winner(const tally *tallies, size_t n, double (*measure)(const tally *)) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        if (best == SIZE_MAX || measure(&tallies[i]) > measure(&tallies[best]) ||
            (measure(&tallies[i]) == measure(&tallies[best]) && tallies[i].weight > tallies[best].weight))
            best = i;
    }
    return best;
}

/* The ballot of most merit; one with an answer is preferred to one without. SIZE_MAX if there is none. */
static size_t best_ballot(const ballot *ballots, size_t n) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        bool answers = ballots[i].class_of >= 0;
        bool better = best == SIZE_MAX || answers > (ballots[best].class_of >= 0) ||
                      (answers == (ballots[best].class_of >= 0) && ballots[i].merit > ballots[best].merit);
        if (better) best = i;
    }
    return best;
}

/* What each ballot counts as the session selects, with or without something to extract: an answer that says nothing
 * does not agree with the leading one. Posterior weights are of all ballots, equal where every one is zero. */
static void measure_ballots(const ps_task *task, const ballot *ballots, size_t n, double *counts) {
    const ps_select select = task->outcome.select;
    const bool votes = select == PS_SELECT_MAJORITY, rewards = select == PS_SELECT_PRM_WEIGHTED;
    for (size_t i = 0; i < n; i++) {
        const double reward = ballots[i].answer.reward;
        counts[i] = votes ? 1 : rewards ? (isnan(reward) ? 0 : reward) : ballots[i].answer.log_weight;
    }
    if (votes || rewards || ps_normalise(counts, n, counts)) return;
    for (size_t i = 0; i < n; i++)
        counts[i] = 1;
}

/* The largest sum of one class, over the sum of all. */
static double share_of_largest(const ballot *ballots, const double *counts, size_t n, double *of_class) {
    double all = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        all += counts[i];
        if (ballots[i].class_of < 0) continue;
        of_class[ballots[i].class_of] += counts[i];
        most = fmax(most, of_class[ballots[i].class_of]);
    }
    return all > 0 ? most / all : 0;
}

ps_status ps_task_lead(ps_task *task, double *share, ps_error *err) {
    ballot *ballots = NULL;
    double *counts = NULL, *of_class = NULL;
    size_t n = 0, n_classes = 0;
    ps_status status = collect(task, &ballots, &n, err);
    if (status != PS_OK) return status;
    status = classify(task, ballots, n, &n_classes, err);
    if (status == PS_OK) {
        counts = ps_calloc(n, sizeof *counts);
        of_class = ps_calloc(n_classes, sizeof *of_class);
        if (counts == NULL || of_class == NULL) status = ps_nomem(err);
    }
    if (status == PS_OK) {
        measure_ballots(task, ballots, n, counts);
        *share = share_of_largest(ballots, counts, n, of_class);
    }
    ps_free(counts);
    ps_free(of_class);
    free_ballots(ballots, n);
    return status;
}

/* Fill one prediction with what ballot `i` says, and judge it against the ground truth. */
static ps_status predict(ps_task *task, const ballot *b, ps_prediction *out, ps_error *err) {
    out->snapshot = b->answer.snapshot;
    if (b->extracted != NULL) {
        out->answer = ps_arena_strndup(task->arena, b->extracted, strlen(b->extracted));
        if (out->answer == NULL) return ps_nomem(err);
    }
    const char *gold = task->outcome.problem->answer, *text = ps_task_read(task, b->answer.snapshot);
    if (text == NULL) return ps_nomem(err);
    if (gold == NULL) return PS_OK;
    ps_verify_result verdict = {0};
    ps_status status = ps_verify(gold, text, &task->session->verify, &verdict, err);
    out->correct = status == PS_OK && verdict.verdict == PS_SAME;
    if (status == PS_OK) ps_verify_result_clear(&verdict);
    return status;
}

/* What the shares of a vote are of. */
typedef struct shares {
    size_t votes; /* in all */
    double known; /* probability of all texts that were found */
    double draws; /* Σ exp(log_weight_q) of all ballots: an estimate of 1 */
} shares;

/* How many answers have been seen, as far as they were not written together: of n that share all their text, one. */
static double evidence_of(const ps_outcome *o) {
    return isnan(o->shared_text) ? 1 : 1 + (double)(o->n_answers - 1) * (1 - o->shared_text);
}

/* A share of 1 is no certainty where little has been seen: as if c answers more had said it, and c had not. */
static double held_back(const ps_task *task, double share, double c) {
    const double n = evidence_of(&task->outcome);
    return (n * share + c) / (n + 2 * c);
}

/* How often the model itself would say it. Exact as far as the texts that were found go, where these are more than a
 * twentieth of all that it writes. Of long answers they hardly ever are: then the share of all that is estimated, held
 * back by how little was seen and by how far the estimate of all is from the 1 that it should be, its root since errors
 * multiply from step to step (docs/compare.md has where prior and root are from). */
static double share_of_draws(const ps_task *task, const tally *t, const shares *of) {
    const double enough = 0.05, prior = 0.25, root = 1.0 / 20;
    if (of->known > enough) return fmin(1, t->texts);
    return of->draws > 0 ? held_back(task, t->draws / of->draws, prior) * pow(fmin(1, of->draws), root) : 0;
}

/* In the class of a ballot; NaN without an answer. */
static double confidence_in(const ps_task *task, const ballot *b, const tally *tallies, bool by_votes,
                            const shares *of) {
    const ps_session *s = task->session;
    if (b->class_of < 0) return NAN;
    const tally *t = &tallies[b->class_of];
    double share = t->weight;
    if (by_votes)
        share = (double)t->votes / (double)of->votes;
    else if (s->by_draws && !isnan(t->draws))
        share = share_of_draws(task, t, of);
    if (s->confidence_prior > 0) share = held_back(task, share, s->confidence_prior);
    return s->confidence_temperature == 1 ? share : pow(share, 1 / s->confidence_temperature);
}

static ps_status choose(ps_task *task, const ballot *ballots, size_t n, const tally *tallies, size_t n_classes,
                        size_t drawn, const shares *of, ps_error *err) {
    ps_prediction *p = task->outcome.predictions;
    size_t best = best_ballot(ballots, n);
    if (best == SIZE_MAX) return PS_OK;
    ps_status status = predict(task, &ballots[best], &p[PS_SELECT_BEST], err);
    p[PS_SELECT_BEST].confidence = confidence_in(task, &ballots[best], tallies, false, of);
    double (*const measures[PS_SELECTS])(const tally *) = {NULL, votes_of, weight_of, reward_of, NULL};
    const ballot *draw_of = &ballots[drawn == SIZE_MAX ? best : drawn];
    if (status == PS_OK) status = predict(task, draw_of, &p[PS_SELECT_DRAW], err);
    p[PS_SELECT_DRAW].confidence = confidence_in(task, draw_of, tallies, false, of);
    for (int s = PS_SELECT_MAJORITY; s < PS_SELECTS && status == PS_OK; s++) {
        if (measures[s] == NULL || (s == PS_SELECT_PRM_WEIGHTED && task->session->prm == NULL)) continue;
        size_t k = winner(tallies, n_classes, measures[s]);
        /* Nobody gave an answer: a vote can name none, and the best text stands for it. */
        const ballot *speaks = &ballots[k == SIZE_MAX ? best : tallies[k].heaviest];
        status = predict(task, speaks, &p[s], err);
        p[s].confidence = confidence_in(task, speaks, tallies, s == PS_SELECT_MAJORITY, of);
    }
    return status;
}

/* ---- The outcome --------------------------------------------------------- */

static int heavier_first(const void *a, const void *b) {
    double x = ((const ps_answer_class *)a)->weight, y = ((const ps_answer_class *)b)->weight;
    return (x < y) - (x > y);
}

static ps_status describe_classes(ps_task *task, const ballot *ballots, const tally *tallies, size_t n, ps_error *err) {
    ps_answer_class *classes = ps_arena_calloc(task->arena, n, sizeof *classes);
    if (classes == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const char *text = ballots[tallies[i].heaviest].extracted;
        classes[i] = (ps_answer_class){.answer = ps_arena_strndup(task->arena, text, strlen(text)),
                                       .weight = tallies[i].weight,
                                       .draws = isnan(tallies[i].draws) ? NAN : fmin(1, tallies[i].draws),
                                       .votes = tallies[i].votes,
                                       .snapshot = ballots[tallies[i].heaviest].answer.snapshot};
        if (classes[i].answer == NULL) return ps_nomem(err);
    }
    if (n > 1) qsort(classes, n, sizeof *classes, heavier_first);
    task->outcome.classes = classes;
    task->outcome.n_classes = n;
    return PS_OK;
}

static ps_status keep(ps_task *task, const void *array, size_t bytes, const void **copy, ps_error *err) {
    void *memory = ps_arena_alloc(task->arena, bytes);
    if (memory == NULL) return ps_nomem(err);
    if (bytes > 0) memcpy(memory, array, bytes);
    *copy = memory;
    return PS_OK;
}

/* The iterations, and the candidates of their selections. */
static ps_status keep_iterations(ps_task *task, ps_method_report *report, ps_error *err) {
    ps_iteration *copies = ps_arena_calloc(task->arena, report->n_iterations, sizeof *copies);
    ps_status status = copies != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < report->n_iterations && status == PS_OK; i++) {
        ps_iteration *one = &copies[i];
        const void *candidates = NULL;
        *one = report->iterations[i];
        size_t n = one->n_candidates < PS_MOST_CANDIDATES ? one->n_candidates : PS_MOST_CANDIDATES;
        if (n > 0) status = keep(task, one->best_candidates, n * sizeof *one->best_candidates, &candidates, err);
        one->best_candidates = candidates;
    }
    if (status == PS_OK) report->iterations = copies;
    return status;
}

/* The report's arrays must outlive the method; the pool is kept only where the particles are. */
static ps_status keep_report(ps_task *task, ps_error *err) {
    ps_method_report *report = &task->outcome.report;
    const void *copy = NULL;
    ps_status status = ps_method_get_report(task->method, report, err);
    if (status == PS_OK) status = keep_iterations(task, report, err);
    if (status != PS_OK) return status;
    if (report->pool == NULL || !task->session->keep_particles) {
        report->pool = NULL;
        return PS_OK;
    }
    status = keep(task, report->pool, (report->snapshots + 1) * sizeof *report->pool, &copy, err);
    if (status == PS_OK) report->pool = copy;
    return status;
}

/* ps_outcome.shared_text. */
static ps_status measure_sharing(ps_task *task, const ballot *ballots, size_t n, ps_error *err) {
    size_t all = 0, once = 0, longest = 0;
    bool *counted = ps_calloc(task->n_nodes, sizeof *counted);
    if (counted == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        size_t length = 0;
        for (uint32_t at = ballots[i].answer.snapshot; at != 0; at = task->nodes[at].parent) {
            length += task->nodes[at].n_tokens;
            once += counted[at] ? 0 : task->nodes[at].n_tokens;
            counted[at] = true;
        }
        all += length;
        longest = length > longest ? length : longest;
    }
    ps_free(counted);
    task->outcome.n_answers = n;
    if (all > longest) task->outcome.shared_text = (double)(all - once) / (double)(all - longest);
    return PS_OK;
}

static ps_status settle(ps_task *task, ps_error *err) {
    ballot *ballots = NULL;
    tally *tallies = NULL;
    size_t n = 0, n_classes = 0, drawn = SIZE_MAX;
    shares of = {0};
    ps_status status = collect(task, &ballots, &n, err);
    if (status != PS_OK) return status;
    status = classify(task, ballots, n, &n_classes, err);
    if (status != PS_OK) goto done;
    tallies = ps_calloc(n_classes, sizeof *tallies);
    if (tallies == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    status = count(task, ballots, n, tallies, &drawn, err);
    if (status == PS_OK && task->session->keep_particles) status = keep_weights_of_draws(task, ballots, n, err);
    if (status == PS_OK && task->session->by_draws) status = weigh_texts(task, ballots, n, tallies, &of.known, err);
    for (size_t i = 0; i < n_classes; i++)
        of.votes += tallies[i].votes;
    for (size_t i = 0; i < n; i++)
        of.draws += exp(ballots[i].answer.log_weight_q);
    if (status == PS_OK) status = measure_sharing(task, ballots, n, err);
    if (status == PS_OK) status = choose(task, ballots, n, tallies, n_classes, drawn, &of, err);
    if (status == PS_OK) status = describe_classes(task, ballots, tallies, n_classes, err);
    if (status != PS_OK || n == 0) goto done;
    task->outcome.truncated = ballots[0].answer.state != PS_FINISHED;
    task->outcome.response = ps_task_text(task, task->outcome.predictions[task->outcome.select].snapshot);
    if (task->outcome.response == NULL) status = ps_nomem(err);
done:
    ps_free(tallies);
    free_ballots(ballots, n);
    return status;
}

ps_status ps_task_finish(ps_task *task, ps_error *err) {
    ps_outcome *o = &task->outcome;
    o->report.final_ess = o->report.log_z = o->shared_text = NAN;
    for (int s = 0; s < PS_SELECTS; s++)
        o->predictions[s].confidence = NAN;
    o->sure = task->sure;
    o->warning = ps_shipped_doubt(task->session->shipped, ps_problem_question(o->problem));
    if (task->method == NULL) return PS_OK; /* failed before it began: outcome.error says why */
    ps_status status = keep_report(task, err);
    for (uint32_t i = 1; i < task->n_nodes && task->session->keep_particles; i++) {
        task->nodes[i].ell = ps_task_score(task, i);
        task->nodes[i].weight_q = NAN;
    }
    if (status == PS_OK && o->status == PS_OK) status = ps_task_count_endings(task, err);
    if (status == PS_OK && o->status == PS_OK) status = settle(task, err);
    ps_method_free(task->method);
    task->method = NULL;
    return status;
}

const char *ps_select_name(ps_select select) {
    static const char *const names[PS_SELECTS] = {"best", "majority", "weighted", "prm_weighted", "draw"};
    return names[select];
}

const char *ps_outcome_spread(const ps_outcome *outcome) {
    return ps_session_spread(outcome->task->session);
}

void ps_outcome_free(ps_outcome *outcome) {
    if (outcome != NULL) ps_task_free(outcome->task);
}
