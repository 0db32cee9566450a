/* Classes of equivalent answers for voting.
 *
 * "Same" alone is no equivalence: 52 is the same as 52_8 and as 52_9, which differ. So comparisons are of two kinds.
 * Those in which neither side says more than the other make a partition (they do compare values). An answer that says
 * less than others (no unit, no base, a rounded decimal) then joins them only when they all agree with each other.
 * The outcome does not depend on the order of the answers. */
#include "verify/extract/extract.h"

#include <stdlib.h>
#include <string.h>

typedef struct edge {
    size_t bare, marked; /* members: `marked` says more than `bare` */
} edge;

/* Answers of equal text are one member. Members are joined first by comparisons in which nothing is left out
 * (`strong`), then along edges (`joined`). */
typedef struct voting {
    psv_ctx ctx;       /* that the answers are read in */
    ps_arena *scratch; /* of one comparison */
    psv_answer *answer;
    const char **text;
    size_t *strong, *joined; /* parents, in the manner of union-find */
    size_t members;
    edge *edges;
    size_t n_edges, edge_capacity;
} voting;

static size_t root(size_t *parent, size_t i) {
    while (parent[i] != i)
        i = parent[i] = parent[parent[i]];
    return i;
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
    c->ctx = NULL;
    return is;
}

/* Relate a new member to all before it. */
static ps_status relate(voting *v, size_t fresh) {
    for (size_t m = 0; m < fresh; m++) {
        psv_compare c;
        psv_answer_is is = compare(v, &v->answer[m], &v->answer[fresh], &c);
        if (!ps_arena_ok(v->scratch)) return PS_NOMEM;
        if (is != PSV_YES) continue;
        if (!c.says_more[PSV_FIRST] && !c.says_more[PSV_SECOND]) v->strong[root(v->strong, fresh)] = root(v->strong, m);
        if (c.says_more[PSV_SECOND] && add_edge(v, m, fresh) != PS_OK) return PS_NOMEM;
        if (c.says_more[PSV_FIRST] && add_edge(v, fresh, m) != PS_OK) return PS_NOMEM;
    }
    return PS_OK;
}

/* The member of an answer's text, made when it is new. */
static ps_status place(voting *v, const char *text, size_t *member) {
    for (size_t m = 0; m < v->members; m++)
        if (strcmp(v->text[m], text) == 0) {
            *member = m;
            return PS_OK;
        }
    size_t fresh = v->members;
    v->ctx.nodes = 0;
    v->ctx.work = PSV_WORK;
    psv_read(&v->ctx, text, strlen(text), &v->answer[fresh]);
    if (psv_nomem(&v->ctx)) return PS_NOMEM;
    v->text[fresh] = text;
    v->strong[fresh] = v->joined[fresh] = fresh;
    *member = v->members++;
    return relate(v, fresh);
}

static bool edge_between(const voting *v, size_t g, size_t h) {
    for (size_t k = 0; k < v->n_edges; k++) {
        size_t a = v->edges[k].bare, b = v->edges[k].marked;
        if ((a == g && b == h) || (a == h && b == g)) return true;
    }
    return false;
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

/* Does each side say something that the other leaves out? Then both must be free to join. */
static bool is_mutual(const voting *v, edge e) {
    for (size_t k = 0; k < v->n_edges; k++)
        if (v->edges[k].bare == e.marked && v->edges[k].marked == e.bare) return true;
    return false;
}

static int order_of_edges(const void *a, const void *b) {
    const edge *x = a, *y = b;
    if (x->bare != y->bare) return x->bare < y->bare ? -1 : 1;
    return (x->marked > y->marked) - (x->marked < y->marked);
}

/* Members' edges become groups' edges: each once, none from a group to itself. */
static void edges_between_groups(voting *v) {
    size_t n = 0;
    for (size_t k = 0; k < v->n_edges; k++) {
        edge e = {root(v->strong, v->edges[k].bare), root(v->strong, v->edges[k].marked)};
        if (e.bare != e.marked) v->edges[n++] = e;
    }
    if (n) qsort(v->edges, n, sizeof *v->edges, order_of_edges);
    v->n_edges = 0;
    for (size_t k = 0; k < n; k++)
        if (k == 0 || order_of_edges(&v->edges[k], &v->edges[k - 1]) != 0) v->edges[v->n_edges++] = v->edges[k];
}

static void merge(voting *v) {
    edges_between_groups(v);
    for (size_t m = 0; m < v->members; m++)
        v->joined[m] = root(v->strong, m);
    for (size_t k = 0; k < v->n_edges; k++) {
        edge e = v->edges[k];
        if (!agree(v, e.bare) || (is_mutual(v, e) && !agree(v, e.marked))) continue;
        v->joined[root(v->joined, e.bare)] = root(v->joined, e.marked);
    }
}

static ps_status classify(voting *v, const char *const *answers, size_t n, int *class_of, size_t *n_classes,
                          int *number) {
    for (size_t i = 0; i < n; i++) {
        size_t member;
        class_of[i] = -1;
        if (answers[i] == NULL) continue;
        ps_status status = place(v, answers[i], &member);
        if (status != PS_OK) return status;
        class_of[i] = (int)member;
    }
    merge(v);
    size_t count = 0;
    for (size_t m = 0; m < v->members; m++)
        number[m] = -1;
    for (size_t i = 0; i < n; i++) {
        if (class_of[i] < 0) continue;
        size_t r = root(v->joined, (size_t)class_of[i]);
        if (number[r] < 0) number[r] = (int)count++;
        class_of[i] = number[r];
    }
    *n_classes = count;
    return PS_OK;
}

static ps_status classes_by_pairs(const char *const *answers, size_t n, ps_verify_mode mode, int *class_of,
                                  size_t *n_classes, ps_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        class_of[i] = -1;
        for (size_t k = 0; answers[i] != NULL && k < i && class_of[i] < 0; k++) {
            ps_verdict verdict;
            ps_verify_options options = {.mode = mode};
            if (class_of[k] < 0) continue;
            if (strcmp(answers[k], answers[i]) == 0) { /* a text that nothing is read from too */
                class_of[i] = class_of[k];
                continue;
            }
            ps_status status = ps_verify_answers(answers[k], answers[i], &options, &verdict, err);
            if (status != PS_OK) return status;
            if (verdict == PS_SAME) class_of[i] = class_of[k];
        }
        if (answers[i] != NULL && class_of[i] < 0) class_of[i] = (int)count++;
    }
    *n_classes = count;
    return PS_OK;
}

ps_status ps_answer_classes(const char *const *answers, size_t n, const ps_verify_options *options, int *class_of,
                            size_t *n_classes, ps_error *err) {
    static const ps_verify_options defaults = {0};
    if ((answers == NULL || class_of == NULL) && n)
        return ps_fail(err, PS_ARG, "answers and a place for their classes are needed");
    if (n_classes == NULL) return ps_fail(err, PS_ARG, "a place for the number of classes is needed");
    if (options == NULL) options = &defaults;
    bool by_text = options->mode == PS_VERIFY_EXACT || options->mode == PS_VERIFY_CONTAINS;
    if (by_text || options->mode == PS_VERIFY_CHOICE)
        return classes_by_pairs(answers, n, by_text ? PS_VERIFY_EXACT : PS_VERIFY_CHOICE, class_of, n_classes, err);
    voting v = {.ctx = {.arena = ps_arena_create(),
                        .rules = psv_rules_of(options->mode),
                        .sets_are_relations = true, /* votes have no gold side */
                        .decimals = options->decimals > 0 ? options->decimals : 6},
                .scratch = ps_arena_create(),
                .answer = ps_calloc(n + 1, sizeof *v.answer),
                .text = ps_calloc(n + 1, sizeof *v.text),
                .strong = ps_calloc(n + 1, sizeof *v.strong),
                .joined = ps_calloc(n + 1, sizeof *v.joined)};
    int *number = ps_calloc(n + 1, sizeof *number);
    ps_status status = PS_NOMEM;
    if (v.ctx.arena != NULL && v.scratch != NULL && v.answer != NULL && v.text != NULL && v.strong != NULL &&
        v.joined != NULL && number != NULL)
        status = classify(&v, answers, n, class_of, n_classes, number);
    ps_arena_free(v.ctx.arena);
    ps_arena_free(v.scratch);
    ps_free(v.answer);
    ps_free(v.text);
    ps_free(v.edges);
    ps_free(v.strong);
    ps_free(v.joined);
    ps_free(number);
    return status == PS_OK ? PS_OK : ps_nomem(err);
}
