/* Classes of equivalent answers for voting.
 *
 * "Same" alone is no equivalence: 52 is the same as 52_8 and as 52_9, which differ. So comparisons are of two kinds.
 * Those in which neither side says more than the other make a partition (they do compare values). An answer that says
 * less than others (no unit, no base, a rounded decimal) then joins them only when they all agree with each other.
 * The outcome does not depend on the order of the answers. */
#include "answer.h"

#include <string.h>

typedef struct edge {
    size_t bare, marked; /* groups: `marked` says more than `bare`, or both say something else */
} edge;

typedef struct voting {
    psv_ctx ctx;       /* that the answers are read in */
    ps_arena *scratch; /* of one comparison */
    const ps_verify_options *options;
    psv_answer *answer; /* of each group's first member */
    const char **text;  /* and its text */
    size_t groups;
    edge *edges;
    size_t n_edges, edge_capacity;
} voting;

static bool edge_between(const voting *v, size_t a, size_t b) {
    for (size_t k = 0; k < v->n_edges; k++)
        if ((v->edges[k].bare == a && v->edges[k].marked == b) || (v->edges[k].bare == b && v->edges[k].marked == a))
            return true;
    return false;
}

static ps_status add_edge(voting *v, size_t bare, size_t marked) {
    ps_status status = ps_reserve(&v->edges, &v->edge_capacity, v->n_edges + 1);
    if (status == PS_OK) v->edges[v->n_edges++] = (edge){bare, marked};
    return status;
}

static psv_answer_is compare(voting *v, const psv_answer *a, const psv_answer *b, psv_compare *c) {
    ps_arena_reset(v->scratch);
    psv_ctx ctx = v->ctx;
    ctx.arena = v->scratch;
    ctx.work = PSV_WORK;
    ctx.nodes = 0;
    *c = (psv_compare){.ctx = &ctx};
    psv_answer_is is = psv_compare_answers(c, a, b);
    if (ctx.nomem) v->ctx.nomem = true;
    c->ctx = NULL;
    return is;
}

/* The group of an answer: an existing one, or a new one with its edges. */
static ps_status place(voting *v, const char *text, size_t *group) {
    for (size_t g = 0; g < v->groups; g++)
        if (strcmp(v->text[g], text) == 0) {
            *group = g;
            return PS_OK;
        }
    psv_answer *fresh = &v->answer[v->groups];
    v->ctx.nodes = 0;
    v->ctx.work = PSV_WORK;
    psv_read(&v->ctx, text, strlen(text), fresh);
    if (v->ctx.nomem) return PS_NOMEM;
    size_t edges_before = v->n_edges;
    for (size_t g = 0; g < v->groups; g++) {
        psv_compare c;
        psv_answer_is is = compare(v, &v->answer[g], fresh, &c);
        if (v->ctx.nomem) return PS_NOMEM;
        if (is != PSV_YES) continue;
        if (!c.a_marked && !c.b_marked) {
            v->n_edges = edges_before;
            *group = g;
            return PS_OK;
        }
        if (c.b_marked && add_edge(v, g, v->groups) != PS_OK) return PS_NOMEM;
        if (c.a_marked && add_edge(v, v->groups, g) != PS_OK) return PS_NOMEM;
    }
    v->text[v->groups] = text;
    *group = v->groups++;
    return PS_OK;
}

static size_t root(size_t *parent, size_t g) {
    while (parent[g] != g)
        g = parent[g] = parent[parent[g]];
    return g;
}

/* Do all groups that say more than g agree with each other? */
static bool agree(const voting *v, size_t g) {
    for (size_t i = 0; i < v->n_edges; i++)
        for (size_t k = i + 1; k < v->n_edges && v->edges[i].bare == g; k++)
            if (v->edges[k].bare == g && v->edges[i].marked != v->edges[k].marked &&
                !edge_between(v, v->edges[i].marked, v->edges[k].marked))
                return false;
    return true;
}

static void merge(const voting *v, size_t *parent) {
    for (size_t g = 0; g < v->groups; g++)
        parent[g] = g;
    for (size_t g = 0; g < v->groups; g++) {
        if (!agree(v, g)) continue;
        for (size_t k = 0; k < v->n_edges; k++)
            if (v->edges[k].bare == g) parent[root(parent, g)] = root(parent, v->edges[k].marked);
    }
}

static ps_status classify(voting *v, const char *const *answers, size_t n, int *class_of, size_t *n_classes,
                          size_t *parent, int *number) {
    for (size_t i = 0; i < n; i++) {
        size_t group;
        class_of[i] = -1;
        if (!answers[i]) continue;
        ps_status status = place(v, answers[i], &group);
        if (status != PS_OK) return status;
        class_of[i] = (int)group;
    }
    merge(v, parent);
    size_t count = 0;
    for (size_t g = 0; g < v->groups; g++)
        number[g] = -1;
    for (size_t i = 0; i < n; i++) {
        if (class_of[i] < 0) continue;
        size_t r = root(parent, (size_t)class_of[i]);
        if (number[r] < 0) number[r] = (int)count++;
        class_of[i] = number[r];
    }
    *n_classes = count;
    return PS_OK;
}

static ps_status classes_by_text(const char *const *answers, size_t n, const ps_verify_options *options, int *class_of,
                                 size_t *n_classes, ps_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        class_of[i] = -1;
        for (size_t k = 0; answers[i] && k < i && class_of[i] < 0; k++) {
            ps_verdict verdict;
            ps_verify_options exact = {.mode = PS_VERIFY_EXACT};
            if (class_of[k] < 0) continue;
            ps_status status = ps_verify_answers(answers[k], answers[i], &exact, &verdict, err);
            if (status != PS_OK) return status;
            if (verdict == PS_SAME) class_of[i] = class_of[k];
        }
        if (answers[i] && class_of[i] < 0) class_of[i] = (int)count++;
    }
    (void)options;
    *n_classes = count;
    return PS_OK;
}

ps_status ps_answer_classes(const char *const *answers, size_t n, const ps_verify_options *options, int *class_of,
                            size_t *n_classes, ps_error *err) {
    static const ps_verify_options defaults = {0};
    if ((!answers || !class_of) && n) return ps_fail(err, PS_ARG, "answers and a place for their classes are needed");
    if (!n_classes) return ps_fail(err, PS_ARG, "a place for the number of classes is needed");
    if (!options) options = &defaults;
    if (options->mode == PS_VERIFY_EXACT || options->mode == PS_VERIFY_CONTAINS)
        return classes_by_text(answers, n, options, class_of, n_classes, err);
    voting v = {.ctx = {.arena = ps_arena_create(),
                        .math_verify = options->mode == PS_VERIFY_MATH_VERIFY,
                        .decimals = options->decimals > 0 ? options->decimals : 6,
                        .loose_symbols = options->loose_symbols},
                .scratch = ps_arena_create(),
                .options = options,
                .answer = ps_calloc(n + 1, sizeof *v.answer),
                .text = ps_calloc(n + 1, sizeof *v.text)};
    size_t *parent = ps_calloc(n + 1, sizeof *parent);
    int *number = ps_calloc(n + 1, sizeof *number);
    ps_status status = PS_NOMEM;
    if (v.ctx.arena && v.scratch && v.answer && v.text && parent && number)
        status = classify(&v, answers, n, class_of, n_classes, parent, number);
    ps_arena_free(v.ctx.arena);
    ps_arena_free(v.scratch);
    ps_free(v.answer);
    ps_free(v.text);
    ps_free(v.edges);
    ps_free(parent);
    ps_free(number);
    return status == PS_OK ? PS_OK : ps_nomem(err);
}
