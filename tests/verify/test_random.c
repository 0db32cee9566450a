/* Two ways of computing equality on random expressions.
 *
 * A random tree is written down twice, each time in another spelling (LaTeX or plain, factors and terms in another
 * order, decimals, brackets of many kinds): the verifier must call the two the same. Then a leaf or an operation is
 * changed, and the verifier is held against exact rational arithmetic of our own at random points. Two different
 * rational functions of degree at most 30 agree at all six points of {−40 … 40}² with a probability below 1e-2 each
 * time, 1e-12 for all six; with 4000 trees a false alarm has a probability below 1e-8. */
#include "verify/support.h"

enum { TREES = 4000, CONSTANTS = 1500, POINTS = 6 };

typedef struct tree {
    char op; /* '#' number, 'v' variable, + - * / ^ ~ (negation) r (square root, constants only) p (π) */
    long value;
    struct tree *a, *b;
} tree;

typedef struct random_source {
    uint64_t id, position;
} random_source;

static long below(random_source *r, long n) {
    ps_rng_key key = {.seed = 4, .id = r->id, .purpose = PS_RNG_TEST};
    return (long)(ps_uniform(key, r->position++) * (double)n);
}

static tree pool[4096];
static size_t used;

static tree *make(char op, long value, tree *a, tree *b) {
    assert_true(used < sizeof pool / sizeof *pool);
    pool[used] = (tree){op, value, a, b};
    return &pool[used++];
}

static tree *grow(random_source *r, int depth, bool constant) {
    long kind = depth ? below(r, 10) : below(r, 3);
    if (kind < 3 || depth == 0) {
        if (!constant) return kind == 0 ? make('v', below(r, 2), NULL, NULL) : make('#', 1 + below(r, 30), NULL, NULL);
        if (kind == 0) return make('p', 0, NULL, NULL);
        tree *leaf = make('#', 1 + below(r, 30), NULL, NULL);
        return kind == 1 ? make('r', 0, leaf, NULL) : leaf;
    }
    tree *a = grow(r, depth - 1, constant);
    if (kind == 9) return make('^', 2 + below(r, 2), a, NULL);
    if (kind == 8) return make('~', 0, a, NULL);
    return make("++-**/"[below(r, 6)], 0, a, grow(r, depth - 1, constant));
}

static tree *copy(const tree *t) {
    return t != NULL ? make(t->op, t->value, copy(t->a), copy(t->b)) : NULL;
}

/* ---- Spelling ------------------------------------------------------------ */

typedef struct writer {
    random_source *r;
    ps_text *out;
} writer;

static void write_tree(writer *w, const tree *t, int level);

static void puts_one(writer *w, const char *const *choices, long n) {
    ps_text_puts(w->out, choices[below(w->r, n)]);
}
#define PUTS_ONE(w, ...)                                                                                               \
    puts_one(w, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void bracketed(writer *w, const tree *t) {
    static const char *const open[] = {"(", "\\left(", "\\bigl( ", "[", "{("}, *const close[] = {")", "\\right)",
                                                                                                 "\\bigr)", "]", ")}"};
    long k = below(w->r, 5);
    ps_text_puts(w->out, open[k]);
    write_tree(w, t, 0);
    ps_text_puts(w->out, close[k]);
}

static void write_number(writer *w, long value) {
    if (value % 2 && below(w->r, 8) == 0)
        ps_text_printf(w->out, "%ld.0", value);
    else if (below(w->r, 10) == 0)
        ps_text_printf(w->out, "{%ld}", value);
    else
        ps_text_printf(w->out, "%ld", value);
}

static void write_fraction(writer *w, const tree *t) {
    bool digits = t->a->op == '#' && t->b->op == '#' && t->a->value < 10 && t->b->value < 10;
    if (digits && below(w->r, 3) == 0) {
        ps_text_printf(w->out, "\\frac%ld%ld", t->a->value, t->b->value);
        return;
    }
    PUTS_ONE(w, "\\frac{", "\\dfrac{", "\\tfrac {", "\\cfrac{ ");
    write_tree(w, t->a, 0);
    ps_text_puts(w->out, "}{");
    write_tree(w, t->b, 0);
    ps_text_puts(w->out, "}");
}

static void write_product(writer *w, const tree *t) {
    bool swap = below(w->r, 2);
    const tree *first = swap ? t->b : t->a, *second = swap ? t->a : t->b;
    write_tree(w, first, 2);
    /* side by side only where it cannot be misread */
    bool plain = second->op == 'v' || second->op == 'p';
    if (plain && first->op == '#' && below(w->r, 2)) {
        write_tree(w, second, 3);
        return;
    }
    PUTS_ONE(w, " \\cdot ", "\\times ", "*", " \\cdot\\, ", "·");
    write_tree(w, second, 3);
}

static void write_sum(writer *w, const tree *t) {
    if (t->op == '+' && below(w->r, 2)) {
        write_tree(w, t->b, 1);
        PUTS_ONE(w, "+", " + ", "\\,+\\,");
        write_tree(w, t->a, 1);
        return;
    }
    write_tree(w, t->a, 1);
    if (t->op == '+')
        PUTS_ONE(w, "+", " + ");
    else
        PUTS_ONE(w, "-", " - ", "−");
    write_tree(w, t->b, 2);
}

static void write_power(writer *w, const tree *t) {
    write_tree(w, t->a, 4);
    ps_text_printf(w->out, below(w->r, 2) ? "^{%ld}" : "^%ld", t->value);
}

static void write_root(writer *w, const tree *t) {
    long value = t->a->value;
    switch (below(w->r, 4)) {
    case 0: ps_text_printf(w->out, "\\sqrt %ld ", value); break;
    case 1: ps_text_printf(w->out, "{%ld}^{1/2}", value); break;
    case 2: ps_text_printf(w->out, "\\sqrt[2]{%ld}", value); break;
    default: ps_text_printf(w->out, "\\sqrt{%ld}", value); break;
    }
}

/* level: 0 anything, 1 a term, 2 a factor at the front, 3 a factor, 4 a base */
static void write_tree(writer *w, const tree *t, int level) {
    static const char *const names[] = {"x", "y"};
    bool atom = t->op == '#' || t->op == 'v' || t->op == 'p';
    bool fraction = t->op == '/' && level < 4;
    bool brackets = !atom && !fraction && t->op != 'r' &&
                    (level >= 4 || (level >= 2 && strchr("+-~", t->op) != NULL) || (level >= 3 && t->op == '*') ||
                     (level == 1 && t->op == '~'));
    if (t->op == 'r' && level >= 4) brackets = true;
    if (t->op == '/' && level >= 4) brackets = true;
    if (brackets || (!atom && below(w->r, 12) == 0)) {
        bracketed(w, t);
        return;
    }
    switch (t->op) {
    case '#': write_number(w, t->value); break;
    case 'v': ps_text_puts(w->out, names[t->value]); break;
    case 'p': PUTS_ONE(w, "\\pi ", "{\\pi}", "π"); break;
    case '/': write_fraction(w, t); break;
    case '*': write_product(w, t); break;
    case '^': write_power(w, t); break;
    case 'r': write_root(w, t); break;
    case '~':
        ps_text_puts(w->out, "-");
        write_tree(w, t->a, 2);
        break;
    default: write_sum(w, t); break;
    }
}

static void spell(random_source *r, const tree *t, ps_text *out) {
    writer w = {r, out};
    ps_text_reset(out);
    write_tree(&w, t, 0);
    assert_true(ps_text_ok(out));
}

/* ---- Exact evaluation, our own ------------------------------------------- */

typedef __int128 wide;
typedef struct fraction {
    wide n, d; /* d 0: undefined or too large */
} fraction;

static wide gcd(wide a, wide b) {
    while (b) {
        wide t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

static fraction reduced(wide n, wide d) {
    const wide limit = (wide)1 << 60;
    if (d == 0) return (fraction){0, 0};
    wide g = gcd(n, d);
    n /= g;
    d /= g;
    if (d < 0) n = -n, d = -d;
    return n > limit || n < -limit || d > limit ? (fraction){0, 0} : (fraction){n, d};
}

static fraction value_at(const tree *t, const long *point) {
    fraction a = t->a != NULL ? value_at(t->a, point) : (fraction){0, 1},
             b = t->b != NULL ? value_at(t->b, point) : (fraction){0, 1};
    if (!a.d || !b.d) return (fraction){0, 0};
    switch (t->op) {
    case '#': return (fraction){t->value, 1};
    case 'v': return (fraction){point[t->value], 1};
    case '+': return reduced(a.n * b.d + b.n * a.d, a.d * b.d);
    case '-': return reduced(a.n * b.d - b.n * a.d, a.d * b.d);
    case '*': return reduced(a.n * b.n, a.d * b.d);
    case '/': return reduced(a.n * b.d, a.d * b.n);
    case '~': return (fraction){-a.n, a.d};
    default: { /* power 2 or 3 */
        fraction square = reduced(a.n * a.n, a.d * a.d);
        return t->value == 2 || !square.d ? square : reduced(square.n * a.n, square.d * a.d);
    }
    }
}

/* 1 equal at all points, 0 different at one, −1 cannot be told. */
static int equal_at_points(random_source *r, const tree *s, const tree *t) {
    int seen = 0;
    for (int k = 0; k < 4 * POINTS && seen < POINTS; k++) {
        long point[2] = {below(r, 81) - 40, below(r, 81) - 40};
        fraction a = value_at(s, point), b = value_at(t, point);
        if (!a.d || !b.d) continue;
        if (a.n != b.n || a.d != b.d) return 0;
        seen++;
    }
    return seen == POINTS ? 1 : -1;
}

static double real_value(const tree *t) {
    double a = t->a != NULL ? real_value(t->a) : 0, b = t->b != NULL ? real_value(t->b) : 0;
    switch (t->op) {
    case '#': return (double)t->value;
    case 'p': return 3.14159265358979323846;
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return a / b;
    case '~': return -a;
    case 'r': { /* Newton, so that no libm is in the oracle */
        double x = a;
        for (int k = 0; k < 60; k++)
            x = 0.5 * (x + a / x);
        return x;
    }
    default: return t->value == 2 ? a * a : a * a * a;
    }
}

/* ---- Changes ------------------------------------------------------------- */

static tree *change(random_source *r, const tree *t) {
    tree *fresh = copy(t), *at = fresh;
    while (at->a != NULL && below(r, 4)) /* walk down at random */
        at = at->b != NULL && below(r, 2) ? at->b : at->a;
    switch (at->op) {
    case '#': at->value += at->value > 1 && below(r, 2) ? -1 : 1; break;
    case 'v': at->value ^= 1; break;
    case 'p': at->op = '#', at->value = 3; break;
    case '+': at->op = '-'; break;
    case '-':
        if (below(r, 2)) {
            tree *swap = at->a;
            at->a = at->b;
            at->b = swap;
        } else {
            at->op = '+';
        }
        break;
    case '*': at->op = '/'; break;
    case '/': at->op = '*'; break;
    case '^': at->value = 5 - at->value; break;
    case 'r': at->a->value++; break;
    default: *at = *at->a; break;
    }
    return fresh;
}

/* ---- Tests --------------------------------------------------------------- */

static void spellings_of_random_rational_functions_are_the_same(void **state) {
    (void)state;
    ps_text one = {0}, two = {0};
    size_t same = 0, different = 0;
    for (uint64_t id = 0; id < TREES; id++) {
        random_source r = {.id = id};
        used = 0;
        tree *t = grow(&r, 2 + (int)(id % 3), false);
        if (equal_at_points(&r, t, t) != 1) continue; /* a division by zero in it, or numbers too large for us */
        spell(&r, t, &one);
        spell(&r, t, &two);
        if (verdict_of(one.data, two.data, PS_VERIFY_STRICT) != PS_SAME)
            fail_msg("tree %d: '%s' and '%s' are the same", (int)id, one.data, two.data);
        tree *other = change(&r, t);
        int equal = equal_at_points(&r, t, other);
        if (equal < 0) continue;
        spell(&r, other, &two);
        ps_verdict verdict = verdict_of(one.data, two.data, PS_VERIFY_STRICT);
        if (verdict != (equal ? PS_SAME : PS_DIFFERENT))
            fail_msg("tree %d: '%s' and '%s': %d, but exactly %d", (int)id, one.data, two.data, verdict, equal);
        same += (size_t)equal;
        different += !equal;
    }
    assert_true(different > TREES / 4 && same > 20); /* the test tests something */
    ps_text_clear(&one);
    ps_text_clear(&two);
}

static void spellings_of_random_constants_are_the_same(void **state) {
    (void)state;
    ps_text one = {0}, two = {0};
    size_t different = 0;
    for (uint64_t id = 0; id < CONSTANTS; id++) {
        random_source r = {.id = 1000000 + id};
        used = 0;
        tree *t = grow(&r, 2 + (int)(id % 3), true);
        double value = real_value(t);
        if (!(value < 1e9 && value > -1e9)) continue;
        spell(&r, t, &one);
        spell(&r, t, &two);
        if (verdict_of(one.data, two.data, PS_VERIFY_STRICT) != PS_SAME)
            fail_msg("tree %d: '%s' and '%s' are the same", (int)id, one.data, two.data);
        tree *other = change(&r, t);
        double changed = real_value(other), gap = changed - value, size = value < 0 ? -value : value;
        if (!(gap > 1e-6 * (1 + size) || gap < -1e-6 * (1 + size))) continue; /* floating point cannot tell */
        if (!(changed < 1e12 && changed > -1e12)) continue;
        spell(&r, other, &two);
        if (verdict_of(one.data, two.data, PS_VERIFY_STRICT) != PS_DIFFERENT)
            fail_msg("tree %d: '%s' (%g) and '%s' (%g) differ", (int)id, one.data, value, two.data, changed);
        different++;
    }
    assert_true(different > CONSTANTS / 4);
    ps_text_clear(&one);
    ps_text_clear(&two);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(spellings_of_random_rational_functions_are_the_same),
                                       cmocka_unit_test(spellings_of_random_constants_are_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
