/* The pool of a search: where its dots lie, and where it went back. */
#include "draw/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TITLE_BYTES = 2000, LABEL_BYTES = 22 };

/* What is computed for the root (index 0) and for dot i (index i + 1). */
typedef struct place {
    size_t parent; /* index */
    uint32_t depth;
    size_t children;
    double mass; /* posterior weight of the answers at it and after it */
    double row, x, y, radius;
    bool back; /* the search went back to it */
} place;

typedef struct picture {
    const ps_pool_picture *pool;
    place *places; /* [n + 1] */
    size_t n;      /* places */
    uint32_t deepest;
    double tallest; /* rows of the longest column */
    double mass;    /* of the root; 0: no answer has a weight */
    double width, height, top;
    ps_draw_use use;
} picture;

static const ps_pool_dot *dot_at(const picture *p, size_t index) {
    return &p->pool->dots[index - 1];
}

/* ---- The tree ------------------------------------------------------------ */

/* The index of an id among the first n dots; SIZE_MAX: it is none of them. */
static size_t find(const ps_pool_dot *dots, size_t n, uint32_t id) {
    if (id == 0) return 0;
    for (size_t low = 0, high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (dots[middle].id == id) return middle + 1;
        if (dots[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

static double weight_of(const ps_pool_dot *dot) {
    return isfinite(dot->weight) && dot->weight > 0 ? dot->weight : 0;
}

static ps_status grow(picture *p, ps_error *err) {
    const ps_pool_dot *dots = p->pool->dots;
    for (size_t i = 1; i < p->n; i++) {
        const ps_pool_dot *dot = dot_at(p, i);
        uint32_t last = i > 1 ? dots[i - 2].id : 0;
        size_t parent = find(dots, i - 1, dot->parent);
        if (dot->id <= last)
            return ps_fail(err, PS_ARG, "pool picture: snapshot %u comes after %u", (unsigned)dot->id, (unsigned)last);
        if (parent == SIZE_MAX)
            return ps_fail(err, PS_ARG, "pool picture: snapshot %u: its parent %u is not before it", (unsigned)dot->id,
                           (unsigned)dot->parent);
        p->places[i] = (place){.parent = parent, .depth = p->places[parent].depth + 1, .mass = weight_of(dot)};
        p->places[parent].children++;
        if (p->places[i].depth > p->deepest) p->deepest = p->places[i].depth;
    }
    for (size_t i = p->n - 1; i > 0; i--)
        p->places[p->places[i].parent].mass += p->places[i].mass;
    p->mass = p->places[0].mass;
    return PS_OK;
}

/* ---- Where the search went back ------------------------------------------ */

typedef struct launch {
    uint32_t selection, depth;
    size_t index;
} launch;

static int by_selection(const void *a, const void *b) {
    const launch *x = a, *y = b;
    return (x->selection > y->selection) - (x->selection < y->selection);
}

/* A selection launched from a snapshot although a deeper one was in the pool before it. */
static ps_status mark_back(picture *p, ps_error *err) {
    launch *launches = ps_calloc(p->n, sizeof *launches);
    if (launches == NULL) return ps_nomem(err);
    size_t n = p->n - 1;
    for (size_t i = 0; i < n; i++)
        launches[i] = (launch){dot_at(p, i + 1)->selection, p->places[i + 1].depth, i + 1};
    if (n > 1) qsort(launches, n, sizeof *launches, by_selection);
    for (size_t begin = 0, end = 0, before = 0; begin < n; begin = end) {
        size_t deepest = before;
        for (; end < n && launches[end].selection == launches[begin].selection; end++) {
            const ps_pool_dot *dot = dot_at(p, launches[end].index);
            place *parent = &p->places[p->places[launches[end].index].parent];
            if (begin > 0 && parent->depth == dot->launch_depth && parent->depth < before) parent->back = true;
            if (launches[end].depth > deepest) deepest = launches[end].depth;
        }
        before = deepest;
    }
    ps_free(launches);
    return PS_OK;
}

/* ---- Places -------------------------------------------------------------- */

typedef struct seat {
    uint32_t depth;
    double parent_row;
    size_t index;
} seat;

static int by_parent(const void *a, const void *b) {
    const seat *x = a, *y = b;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    if (x->parent_row < y->parent_row || x->parent_row > y->parent_row) return x->parent_row < y->parent_row ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int by_depth(const void *a, const void *b) {
    const seat *x = a, *y = b;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* Each column is in order of its parents' rows, then of age, and lies around the middle: column by column, for the rows
 * of one must be there before the next is sorted. */
static void seat_columns(picture *p, seat *seats, size_t n) {
    size_t tallest = 1;
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        while (end < n && seats[end].depth == seats[begin].depth)
            end++;
        if (end - begin > tallest) tallest = end - begin;
    }
    p->tallest = (double)tallest;
    p->places[0].row = (p->tallest - 1) / 2;
    for (size_t begin = 0, end = 0; begin < n; begin = end) {
        for (; end < n && seats[end].depth == seats[begin].depth; end++)
            seats[end].parent_row = p->places[p->places[seats[end].index].parent].row;
        qsort(seats + begin, end - begin, sizeof *seats, by_parent);
        for (size_t i = begin; i < end; i++)
            p->places[seats[i].index].row = (double)(i - begin) + (p->tallest - (double)(end - begin)) / 2;
    }
}

static double clamp(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/* As much room for a dot as the tallest column leaves. */
static void place_all(picture *p) {
    double row = p->pool->labels ? 26 : clamp(520 / p->tallest, 7, 24);
    double column = p->pool->labels ? 150 : clamp(900 / (double)(p->deepest + 1), 30, 96);
    double most = clamp(row * 0.6, 4, 11);
    p->top = p->use == PS_DRAW_ALONE ? 44 : 18;
    p->width = 30 + column * p->deepest + (p->pool->labels ? 160 : 40);
    if (p->width < 380 && p->use == PS_DRAW_ALONE) p->width = 380; /* the line at its foot */
    p->height = p->top + row * p->tallest + (p->use == PS_DRAW_ALONE ? 26 : 8);
    for (size_t i = 0; i < p->n; i++) {
        place *at = &p->places[i];
        double share = p->mass > 0 ? at->mass / p->mass : clamp((double)at->children, 0, 16) / 16;
        at->x = 30 + column * at->depth;
        at->y = p->top + row * (at->row + 0.5);
        at->radius = 2.2 + (most - 2.2) * sqrt(share); /* area is what counts */
    }
}

static ps_status lay_out(picture *p, ps_error *err) {
    size_t n = p->n - 1;
    seat *seats = ps_calloc(p->n, sizeof *seats);
    if (seats == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++)
        seats[i] = (seat){.depth = p->places[i + 1].depth, .index = i + 1};
    if (n > 1) qsort(seats, n, sizeof *seats, by_depth);
    seat_columns(p, seats, n);
    ps_free(seats);
    place_all(p);
    return PS_OK;
}

/* ---- Drawing ------------------------------------------------------------- */

static void put_step(ps_text *out, const picture *p, size_t i) {
    const place *to = &p->places[i], *from = &p->places[to->parent];
    double bend = (to->x - from->x) * 0.4;
    ps_svg_put(out, "<path class=\"step s%u\" d=\"M%f %fC%f %f %f %f %f %f\"/>\n",
               (unsigned)(dot_at(p, i)->selection % PS_DRAW_COLOURS), from->x, from->y, from->x + bend, from->y,
               to->x - bend, to->y, to->x, to->y);
}

static const char *const verdict_class[] = {"", " right", " wrong"};
static const char *const verdict_mark[] = {"", "✓ ", "✗ "};

static void put_facts(ps_text *out, const picture *p, size_t i) {
    static const char *const states[] = {"", ", an answer", ", cut off"};
    static const char *const verdicts[] = {"", ", right", ", wrong"};
    const ps_pool_dot *dot = dot_at(p, i);
    ps_svg_put(out, "step %u, selection %u%s%s", (unsigned)p->places[i].depth, (unsigned)dot->selection,
               states[dot->state], verdicts[dot->verdict]);
    if (!isnan(dot->score)) ps_svg_put(out, ", score %g", dot->score);
    if (!isnan(dot->reward)) ps_svg_put(out, ", reward %g", dot->reward);
    if (weight_of(dot) > 0) ps_svg_put(out, ", weight %g", dot->weight);
    if (p->places[i].back) ps_text_puts(out, ", the search went back to here");
}

static void put_label(ps_text *out, const picture *p, size_t i, bool text) {
    const ps_pool_dot *dot = dot_at(p, i);
    const place *at = &p->places[i];
    double clear = at->radius + (at->back ? 7 : 5); /* beside the dot or its ring */
    if (!text && dot->verdict == PS_DOT_UNKNOWN) return;
    ps_svg_put(out, "<text class=\"label%s\" x=\"%f\" y=\"%f\">%s", verdict_class[dot->verdict], at->x + clear,
               text ? at->y - 5 : at->y + 4, verdict_mark[dot->verdict]);
    if (text) ps_svg_line(out, dot->text, dot->length, LABEL_BYTES);
    ps_text_puts(out, "</text>\n");
}

static void put_dot(ps_text *out, const picture *p, size_t i) {
    const ps_pool_dot *dot = dot_at(p, i);
    const place *at = &p->places[i];
    unsigned colour = (unsigned)(dot->selection % PS_DRAW_COLOURS);
    bool cut = dot->state == PS_DOT_TRUNCATED;
    ps_svg_put(out, "<circle class=\"dot %s%u%s\" data-id=\"%u\" cx=\"%f\" cy=\"%f\" r=\"%f\"><title>", cut ? "s" : "c",
               colour, cut ? " hollow" : "", (unsigned)dot->id, at->x, at->y, at->radius);
    put_facts(out, p, i);
    if (dot->length > 0) {
        ps_text_puts(out, "\n\n");
        ps_draw_escape(out, dot->text, dot->length, p->pool->most_text > 0 ? p->pool->most_text : TITLE_BYTES);
    }
    ps_text_puts(out, "</title></circle>\n");
    if (dot->state == PS_DOT_FINISHED)
        ps_svg_put(out, "<circle class=\"answer%s\" cx=\"%f\" cy=\"%f\" r=\"%f\"/>\n", verdict_class[dot->verdict],
                   at->x, at->y, at->radius + 1.8);
    put_label(out, p, i, p->pool->labels && dot->length > 0);
}

static void put_rings(ps_text *out, const picture *p) {
    for (size_t i = 0; i < p->n; i++)
        if (p->places[i].back)
            ps_svg_put(out, "<circle class=\"back\" cx=\"%f\" cy=\"%f\" r=\"%f\"/>\n", p->places[i].x, p->places[i].y,
                       p->places[i].radius + 5);
}

/* In words what the picture shows. */
static void describe(const picture *p, char *desc, size_t size) {
    size_t back = 0, answers = 0, right = 0;
    uint32_t last = 0;
    for (size_t i = 0; i < p->n; i++) {
        back += p->places[i].back;
        if (i == 0) continue;
        answers += dot_at(p, i)->state == PS_DOT_FINISHED;
        right += dot_at(p, i)->verdict == PS_DOT_RIGHT;
        if (dot_at(p, i)->selection > last) last = dot_at(p, i)->selection;
    }
    snprintf(desc, size,
             "A tree of %zu snapshots in %u steps, grown by %u selections; the search went back to %zu of them; %zu "
             "answers, %zu of them known to be right.",
             p->n - 1, (unsigned)p->deepest, (unsigned)last, back, answers, right);
}

static void put_frame(ps_text *out, const picture *p, const char *title) {
    ps_svg_put(out, "<text class=\"head\" x=\"12\" y=\"24\">");
    ps_svg_line(out, title, strlen(title), (size_t)(p->width / 8.5));
    ps_svg_put(
        out,
        "</text>\n<text class=\"small soft\" x=\"12\" y=\"%f\">columns: steps · area: %s · colour: the selection "
        "· dashed: gone back to</text>\n",
        p->height - 9, p->mass > 0 ? "weight" : "steps that go on");
}

static void draw(const picture *p, ps_text *svg) {
    char desc[256];
    const char *title = p->pool->title != NULL ? p->pool->title : "The pool of a search";
    describe(p, desc, sizeof desc);
    ps_svg_begin(svg, p->use, "ps-pool", p->width, p->height, title, desc);
    if (p->use == PS_DRAW_ALONE) put_frame(svg, p, title);
    for (size_t i = 1; i < p->n; i++)
        put_step(svg, p, i);
    put_rings(svg, p);
    ps_svg_put(svg, "<circle class=\"root\" cx=\"%f\" cy=\"%f\" r=\"%f\"><title>the question</title></circle>\n",
               p->places[0].x, p->places[0].y, p->places[0].radius);
    for (size_t i = 1; i < p->n; i++)
        put_dot(svg, p, i);
}

ps_status ps_draw_pool(const ps_pool_picture *pool, ps_draw_use use, ps_text *svg, ps_error *err) {
    picture p = {.pool = pool, .n = pool->n + 1, .use = use, .places = ps_calloc(pool->n + 1, sizeof *p.places)};
    size_t before = svg->length;
    if (p.places == NULL) return ps_nomem(err);
    ps_status status = grow(&p, err);
    if (status == PS_OK) status = mark_back(&p, err);
    if (status == PS_OK) status = lay_out(&p, err);
    if (status == PS_OK) {
        draw(&p, svg);
        status = ps_svg_end(svg, before, err);
    }
    ps_free(p.places);
    return status;
}
