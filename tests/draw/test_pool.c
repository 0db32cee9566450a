/* The picture of a pool: what must be seen of it, whatever the texts are. */
#include "persamp/draw.h"
#include "support/failing_allocator.h"
#include "support/test.h"
#include "support/xml.h"

#include <math.h>

/* Two lines to depth 3; selection 1 goes back to snapshot 1 at depth 1, selection 2 goes on at the end. */
static const ps_pool_dot tree[] = {
    {.id = 1, .text = "a", .length = 1, .score = -1.5, .reward = 0.25, .weight = NAN},
    {.id = 2, .text = "b", .length = 1, .score = NAN, .reward = NAN, .weight = NAN},
    {.id = 3, .parent = 1, .score = NAN, .reward = NAN},
    {.id = 4, .parent = 2, .score = NAN, .reward = NAN},
    {.id = 5, .parent = 3, .score = NAN, .reward = NAN},
    {.id = 7, .parent = 1, .selection = 1, .launch_depth = 1, .score = NAN, .reward = NAN},
    {.id = 8,
     .parent = 5,
     .selection = 2,
     .launch_depth = 3,
     .state = PS_DOT_FINISHED,
     .verdict = PS_DOT_RIGHT,
     .weight = 0.75,
     .score = NAN,
     .reward = NAN},
    {.id = 9,
     .parent = 7,
     .selection = 9,
     .launch_depth = 2,
     .state = PS_DOT_FINISHED,
     .verdict = PS_DOT_WRONG,
     .weight = 0.25,
     .score = NAN,
     .reward = NAN},
    {.id = 12, .parent = 4, .state = PS_DOT_TRUNCATED, .score = NAN, .reward = NAN},
};
enum { N = sizeof tree / sizeof *tree };

static ps_text draw(const ps_pool_picture *picture, ps_draw_use use) {
    ps_text svg = {0};
    assert_ok(ps_draw_pool(picture, use, &svg, err));
    check_xml(svg);
    return svg;
}

static void every_snapshot_is_a_dot_in_the_colour_of_its_selection(void **state) {
    (void)state;
    ps_text svg = draw(&(ps_pool_picture){.dots = tree, .n = N}, PS_DRAW_INSIDE);
    assert_int_equal(xml_count(&svg, "<circle class=\"dot "), N);
    assert_int_equal(xml_count(&svg, "<path class=\"step "), N);
    assert_int_equal(xml_count(&svg, "<circle class=\"dot c1\""), 2); /* selections 1 and 9: eight colours */
    assert_int_equal(xml_count(&svg, "<circle class=\"dot c2\" data-id=\"8\""), 1);
    assert_int_equal(xml_count(&svg, "<circle class=\"dot s0 hollow\" data-id=\"12\""), 1);
    assert_int_equal(xml_count(&svg, "<circle class=\"answer right\""), 1);
    assert_int_equal(xml_count(&svg, "<circle class=\"answer wrong\""), 1);
    assert_int_equal(xml_count(&svg, "✓"), 1);
    assert_int_equal(xml_count(&svg, "✗"), 1);
    assert_non_null(strstr(svg.data, "step 1, selection 0, score -1.5, reward 0.25"));
    assert_non_null(strstr(svg.data, "role=\"img\""));
    assert_non_null(strstr(svg.data, "<desc>A tree of 9 snapshots in 4 steps"));
    assert_int_equal(xml_count(&svg, "<style"), 0);
    ps_text_clear(&svg);
}

/* Selections 1 and 9 launched from depths 1 and 2 although depth 3 was there; selection 2 from the deepest. */
static void a_ring_is_where_the_search_went_back(void **state) {
    (void)state;
    ps_text svg = draw(&(ps_pool_picture){.dots = tree, .n = N}, PS_DRAW_INSIDE);
    assert_int_equal(xml_count(&svg, "<circle class=\"back\""), 2);
    assert_int_equal(xml_count(&svg, "went back to here"), 2);
    ps_text_clear(&svg);
    svg = draw(&(ps_pool_picture){.dots = tree, .n = 5}, PS_DRAW_INSIDE);
    assert_int_equal(xml_count(&svg, "<circle class=\"back\""), 0);
    ps_text_clear(&svg);
}

static double radius_of(const ps_text *svg, const char *dot) {
    const char *at = strstr(svg->data, dot);
    assert_non_null(at);
    at = strstr(at, " r=\"");
    assert_non_null(at);
    return atof(at + 4);
}

static void more_weight_is_more_area(void **state) {
    (void)state;
    ps_text svg = draw(&(ps_pool_picture){.dots = tree, .n = N}, PS_DRAW_INSIDE);
    double heavy = radius_of(&svg, "data-id=\"8\""), light = radius_of(&svg, "data-id=\"9\"");
    assert_true(heavy > light);
    assert_true(radius_of(&svg, "data-id=\"1\"") > heavy); /* both answers passed through it */
    assert_true(radius_of(&svg, "data-id=\"2\"") < light); /* none did */
    ps_text_clear(&svg);
}

static void whatever_a_text_is_it_stays_text(void **state) {
    static const char *const hostile[] = {"</title></circle><script>alert(1)</script>",
                                          "a\"b'c&d<e>f&amp;&#0;",
                                          "\x01\x02\x1b[31m\x7f",
                                          "\xff\xfe\xc0\x80\xed\xa0\x80",
                                          "\xef\xbf\xbf\xef\xbf\xbe",
                                          "]]>",
                                          "<!--",
                                          "<?xml?>",
                                          "%s%n%f%t%u%g",
                                          "\xe2\x80\xae right to left",
                                          "\\frac{1",
                                          "\r\n\t",
                                          "\xf0\x9f\x98\x80\xf0\x9f"};
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        for (int labels = 0; labels < 2; labels++) {
            ps_pool_dot dot = {
                .id = 1, .text = hostile[i], .length = strlen(hostile[i]), .score = INFINITY, .reward = -INFINITY};
            ps_pool_picture picture = {.dots = &dot, .n = 1, .title = hostile[i], .labels = labels != 0};
            ps_text svg = draw(&picture, PS_DRAW_ALONE);
            assert_null(strstr(svg.data, "<script"));
            assert_int_equal(xml_count(&svg, "<circle class=\"dot "), 1);
            ps_text_clear(&svg);
        }
}

static void a_long_text_is_cut_between_characters(void **state) {
    (void)state;
    size_t n = 1 << 20;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i + 1 < n; i += 2)
        memcpy(text + i, "ä", 2);
    ps_pool_dot dot = {.id = 1, .text = text, .length = n, .score = NAN, .reward = NAN};
    ps_text svg = draw(&(ps_pool_picture){.dots = &dot, .n = 1, .labels = true, .most_text = 101}, PS_DRAW_INSIDE);
    assert_int_equal(xml_count(&svg, "ä"), 50 + 11); /* of the title and of the label */
    assert_int_equal(xml_count(&svg, "…"), 2);
    assert_true(svg.length < 2000);
    ps_text_clear(&svg);
    free(text);
}

static void an_empty_pool_is_the_root(void **state) {
    (void)state;
    ps_text svg = draw(&(ps_pool_picture){.n = 0, .title = "nothing yet"}, PS_DRAW_ALONE);
    assert_int_equal(xml_count(&svg, "<circle class=\"root\""), 1);
    assert_int_equal(xml_count(&svg, "<circle class=\"dot "), 0);
    assert_int_equal(xml_count(&svg, "<style>"), 1);
    ps_text_clear(&svg);
}

static void what_is_no_tree_is_refused_and_nothing_is_drawn(void **state) {
    static const ps_pool_dot orphan[] = {{.id = 1}, {.id = 2, .parent = 5}}, self[] = {{.id = 1, .parent = 1}},
                             twice[] = {{.id = 1}, {.id = 1}}, zero[] = {{.id = 0}};
    const struct {
        const ps_pool_dot *dots;
        size_t n;
        const char *word;
    } cases[] = {{orphan, 2, "parent 5"}, {self, 1, "parent 1"}, {twice, 2, "comes after"}, {zero, 1, "comes after"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_text svg = {0};
        ps_error err = {0};
        ps_text_puts(&svg, "before");
        assert_int_equal(
            ps_draw_pool(&(ps_pool_picture){.dots = cases[i].dots, .n = cases[i].n}, PS_DRAW_ALONE, &svg, &err),
            PS_ARG);
        assert_non_null(strstr(err.message, cases[i].word));
        assert_string_equal(svg.data, "before");
        ps_text_clear(&svg);
    }
}

static void want_of_memory_is_told_and_leaves_nothing(void **state) {
    (void)state;
    bool drawn = false;
    for (size_t n = 1; !drawn; n++) {
        failing_allocator memory;
        ps_text svg = {0};
        failing_install(&memory, n);
        ps_status status =
            ps_draw_pool(&(ps_pool_picture){.dots = tree, .n = N, .labels = true}, PS_DRAW_ALONE, &svg, NULL);
        drawn = status == PS_OK;
        assert_true(drawn || status == PS_NOMEM);
        if (!drawn) assert_int_equal(svg.length, 0);
        ps_text_clear(&svg);
        failing_remove();
        assert_int_equal(memory.alive, 0);
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_snapshot_is_a_dot_in_the_colour_of_its_selection),
        cmocka_unit_test(a_ring_is_where_the_search_went_back),
        cmocka_unit_test(more_weight_is_more_area),
        cmocka_unit_test(whatever_a_text_is_it_stays_text),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(an_empty_pool_is_the_root),
        cmocka_unit_test(what_is_no_tree_is_refused_and_nothing_is_drawn),
        cmocka_unit_test(want_of_memory_is_told_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
