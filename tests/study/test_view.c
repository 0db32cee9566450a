/* A comparison at equal passes and seconds, worked out by hand on runs that are made up. */
#include "run/support.h"
#include "study/compare.h"

enum { PROBLEMS = 4, METHODS = 3, BUDGETS = 2 };

typedef struct study {
    ps_compare_variant variants[METHODS];
    ps_compare_budget budgets[BUDGETS];
    ps_compare_run runs[METHODS * BUDGETS];
    ps_compare_mark marks[METHODS * BUDGETS][PROBLEMS];
    ps_compare_cell cells[METHODS * BUDGETS];
    ps_compare_plan plan;
    ps_compare_summary summary;
} study;

static const ps_method_ops drawing = {.name = "drawing", .doc = ""}, single = {.name = "single", .greedy = true};

/* Cell of a method at a budget: tokens of all problems together, and right[i] for each. */
static void fill(study *s, size_t method, size_t budget, uint64_t generated, uint64_t shared, uint64_t prm,
                 double seconds, const char *right) {
    const size_t k = method * BUDGETS + budget;
    s->runs[k].marks = s->marks[k];
    for (size_t i = 0; i < PROBLEMS; i++)
        s->marks[k][i] =
            (ps_compare_mark){.known = right[i] != '?', .drawn = true, .correct = {right[i] == '1', right[i] == '1'}};
    s->cells[s->summary.n_cells++] = (ps_compare_cell){
        .method = s->variants[method].name,
        .method_number = method,
        .budget = s->variants[method].method->greedy ? "" : s->budgets[budget].text,
        .seeds = 1,
        .runs = PROBLEMS,
        .tokens = {.generated = generated, .shared = shared, .prompt = 1000, .prefilled = 1000, .prm = prm},
        .seconds = seconds};
}

/* A filter, a vote and one answer, at two budgets of 100 and 400 tokens a problem. */
static study *made(void) {
    static char *const names[] = {"filter", "vote", "one"};
    study *s = calloc(1, sizeof *s);
    for (size_t m = 0; m < METHODS; m++)
        s->variants[m] = (ps_compare_variant){.name = names[m],
                                              .method = m == 2 ? &single : &drawing,
                                              .select = PS_SELECT_MAJORITY,
                                              .source = m,
                                              .rewarded = m == 0};
    s->budgets[0].text = (char *)"4x";
    s->budgets[1].text = (char *)"16x";
    s->plan = (ps_compare_plan){.variants = s->variants,
                                .n_variants = METHODS,
                                .budgets = s->budgets,
                                .n_budgets = BUDGETS,
                                .seeds = 1,
                                .problems = PROBLEMS,
                                .runs = s->runs};
    s->summary.cells = s->cells;
    fill(s, 2, 0, 40, 0, 0, 4, "1000");          /* 10 passes, 1 second a problem */
    fill(s, 0, 0, 400, 240, 40, 40, "1100");     /* 50 passes, 10 seconds */
    fill(s, 0, 1, 1600, 1000, 200, 400, "1110"); /* 200 passes, 100 seconds */
    fill(s, 1, 0, 400, 0, 600, 20, "0100");      /* 100 passes, 5 seconds: the vote goes by no reward */
    fill(s, 1, 1, 1600, 0, 900, 80, "1101");     /* 400 passes, 20 seconds */
    return s;
}

static const ps_compare_point *point(const study *s, size_t level, size_t method) {
    return &s->summary.points[level * METHODS + method];
}

static void clear(study *s) {
    ps_free(s->summary.points);
    free(s);
}

/* At the filter's 50 passes the vote has nothing yet, for its least is 100; at 200 it stands a third of the way. */
static void a_method_is_read_between_two_of_its_budgets(void **state) {
    (void)state;
    study *s = made();
    s->summary.per = PS_COST_PASSES;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    assert_int_equal(s->summary.n_points, 2 * METHODS);
    check_near(point(s, 0, 0)->cost, 50, 1e-12);
    check_near(point(s, 0, 0)->accuracy, 0.5, 1e-12);
    assert_string_equal(point(s, 0, 0)->budget, "4x");
    assert_int_equal(point(s, 0, 1)->problems, 0);
    assert_true(isnan(point(s, 0, 1)->accuracy));
    check_near(point(s, 0, 1)->least, 100, 1e-12);
    check_near(point(s, 0, 1)->most, 400, 1e-12);
    const ps_compare_point *vote = point(s, 1, 1);
    check_near(vote->cost, 200, 1e-12);
    check_near(vote->accuracy, (1.0 / 3 + 1 + 0 + 1.0 / 3) / PROBLEMS, 1e-12);
    check_near(vote->difference, (-2.0 / 3 + 0 - 1 + 1.0 / 3) / PROBLEMS, 1e-12);
    assert_true(vote->low <= vote->accuracy && vote->accuracy <= vote->high && vote->p <= vote->p_holm);
    assert_true(isnan(point(s, 1, 0)->difference));
    clear(s);
}

/* Prefixes that are computed again, and what a server drew in vain, are passes, too; the prompt is none. */
static void all_that_is_computed_counts(void **state) {
    (void)state;
    study *s = made();
    s->summary.per = PS_COST_PASSES;
    s->cells[1].tokens.prefilled += 200;
    s->cells[1].tokens.discarded += 80;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    check_near(point(s, 0, 0)->cost, 50 + 50 + 20, 1e-12);
    clear(s);
}

/* Four of four right is no certainty, nor are four equal differences; corrections count this table alone. */
static void few_problems_leave_room(void **state) {
    (void)state;
    double low, high;
    ps_paired paired;
    const double none[20] = {0}, all[3] = {1, 1, 1};
    study *s = made();
    s->summary.per = PS_COST_PASSES;
    for (size_t i = 0; i < PROBLEMS; i++)
        s->marks[1][i].correct[PS_SELECT_MAJORITY] = true;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    ps_wilson(PROBLEMS, PROBLEMS, &low, &high);
    check_near(point(s, 1, 0)->accuracy, 1, 1e-12);
    check_near(point(s, 1, 0)->low, low, 1e-12);
    assert_int_equal(s->summary.point_comparisons, 3); /* the vote at one cost, one answer at two */
    clear(s);
    assert_ok(ps_paired_bootstrap(none, 20, 1, &paired, err));
    check_near(paired.high, 1 - pow(0.025, 1.0 / 20), 1e-12); /* 16.8 points */
    check_near(paired.low, -paired.high, 1e-12);
    check_near(paired.p, 1, 0);
    assert_ok(ps_paired_bootstrap(all, 3, 1, &paired, err));
    check_near(paired.mean, 1, 0);
    check_near(paired.high, 1, 0);
    check_near(paired.low, 1 - 2 * (1 - pow(0.025, 1.0 / 3)), 1e-12);
    check_near(paired.p, 0.25, 1e-15);
}

/* One answer costs what it costs, and what is left over it cannot spend. */
static void a_method_without_a_budget_is_known_from_its_cost_on(void **state) {
    (void)state;
    study *s = made();
    s->summary.per = PS_COST_PASSES;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    for (size_t level = 0; level < 2; level++)
        check_near(point(s, level, 2)->accuracy, 0.25, 1e-12);
    clear(s);
    s = made();
    s->summary.per = PS_COST_SECONDS;
    s->cells[0].seconds = 4000; /* dearer than all */
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    assert_int_equal(point(s, 1, 2)->problems, 0);
    clear(s);
}

/* The vote reaches ten seconds between its budgets, a hundred never. */
static void seconds_are_read_likewise(void **state) {
    (void)state;
    study *s = made();
    s->summary.per = PS_COST_SECONDS;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    check_near(point(s, 0, 1)->cost, 10, 1e-12);
    check_near(point(s, 0, 1)->accuracy, (1.0 / 3 + 1 + 0 + 1.0 / 3) / PROBLEMS, 1e-12);
    assert_int_equal(point(s, 1, 1)->problems, 0);
    clear(s);
}

/* A problem that is missing at one of the two budgets is no pair; a line that tells of no draw is none for a draw. */
static void only_what_is_known_counts(void **state) {
    (void)state;
    study *s = made();
    s->summary.per = PS_COST_PASSES;
    s->marks[1 * BUDGETS + 1][0].known = false;
    assert_ok(ps_compare_view(&s->plan, 7, &s->summary, err));
    assert_int_equal(point(s, 1, 1)->problems, 3);
    check_near(point(s, 1, 1)->accuracy, (1 + 0 + 1.0 / 3) / 3, 1e-12);
    clear(s);
    s = made();
    s->variants[0].select = PS_SELECT_DRAW;
    s->marks[0][2].drawn = false;
    assert_true(isnan(ps_compare_accuracy(&s->plan, &s->cells[1], 0, 2)));
    assert_false(isnan(ps_compare_accuracy(&s->plan, &s->cells[1], 0, 1)));
    clear(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_method_is_read_between_two_of_its_budgets),
        cmocka_unit_test(all_that_is_computed_counts),
        cmocka_unit_test(few_problems_leave_room),
        cmocka_unit_test(a_method_without_a_budget_is_known_from_its_cost_on),
        cmocka_unit_test(seconds_are_read_likewise),
        cmocka_unit_test(only_what_is_known_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
