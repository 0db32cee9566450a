/* Charts and bars: where points lie, what is left out, and that it is XML whatever the names and numbers are. */
#include "persamp/draw.h"
#include "support/failing_allocator.h"
#include "support/test.h"
#include "support/xml.h"

#include <locale.h>
#include <math.h>

static ps_text draw(const ps_chart *chart) {
    ps_text svg = {0};
    assert_ok(ps_draw_charts(&(ps_charts){.charts = chart, .n = 1}, PS_DRAW_INSIDE, &svg, err));
    check_xml(svg);
    return svg;
}

/* A number of the k-th circle that is a point. */
static double place_of(const ps_text *svg, size_t k, const char *name) {
    const char *at = svg->data;
    for (size_t i = 0; i <= k; i++) {
        at = strstr(at + 1, "class=\"point");
        assert_non_null(at);
    }
    at = strstr(at, name);
    assert_non_null(at);
    return atof(at + strlen(name));
}

static void more_is_higher_and_later_is_further_right(void **state) {
    const ps_chart_point points[] = {{1, 0.2, 0.1, 0.3, NAN}, {2, 0.8, 0.7, 0.9, NAN}};
    const ps_chart_series series = {.name = "one", .points = points, .n = 2};
    (void)state;
    ps_text svg = draw(&(ps_chart){.title = "t", .series = &series, .n_series = 1, .y = {.percent = true}});
    assert_true(place_of(&svg, 0, " cx=\"") < place_of(&svg, 1, " cx=\""));
    assert_true(place_of(&svg, 0, " cy=\"") > place_of(&svg, 1, " cy=\""));
    assert_int_equal(xml_count(&svg, "class=\"band "), 1);
    assert_non_null(strstr(svg.data, "one: 1, 20% (10 to 30%)"));
    assert_non_null(strstr(svg.data, ">20%</text>"));
    ps_text_clear(&svg);
}

static void a_logarithmic_axis_has_equal_room_for_equal_ratios(void **state) {
    const ps_chart_point points[] = {
        {1, 1, NAN, NAN, NAN}, {10, 1, NAN, NAN, NAN}, {100, 1, NAN, NAN, NAN}, {0, 1, NAN, NAN, NAN}};
    const ps_chart_series series = {.kind = PS_CHART_POINTS, .points = points, .n = 4};
    (void)state;
    ps_text svg = draw(&(ps_chart){.title = "t", .series = &series, .n_series = 1, .x = {.logarithmic = true}});
    double a = place_of(&svg, 0, " cx=\""), b = place_of(&svg, 1, " cx=\""), c = place_of(&svg, 2, " cx=\"");
    assert_true(fabs((b - a) - (c - b)) < 0.3);
    assert_int_equal(xml_count(&svg, "class=\"point"), 3); /* zero has no place */
    ps_text_clear(&svg);
}

static void what_is_no_number_is_a_gap(void **state) {
    const ps_chart_point points[] = {{1, 1, NAN, NAN, NAN},
                                     {2, NAN, NAN, NAN, NAN},
                                     {3, INFINITY, 0, 1, NAN},
                                     {NAN, 1, NAN, NAN, NAN},
                                     {4, 2, NAN, NAN, NAN}};
    const ps_chart_series series = {.points = points, .n = 5};
    (void)state;
    ps_text svg = draw(&(ps_chart){.title = "t", .series = &series, .n_series = 1});
    assert_int_equal(xml_count(&svg, "class=\"point"), 2);
    assert_null(strstr(svg.data, "nan"));
    assert_null(strstr(svg.data, "inf"));
    const char *line = strstr(svg.data, "<path class=\"line");
    assert_non_null(line);
    assert_non_null(strchr(strstr(line, " d=\"M") + 5, 'M')); /* begins anew behind the gap */
    ps_text_clear(&svg);
}

static void nothing_to_draw_is_said(void **state) {
    (void)state;
    const ps_chart_series series = {.name = "empty"};
    ps_text svg = draw(&(ps_chart){.title = "t", .series = &series, .n_series = 1, .x = {.logarithmic = true}});
    assert_non_null(strstr(svg.data, "nothing to draw yet"));
    ps_text_clear(&svg);
    ps_error err = {0};
    assert_int_equal(ps_draw_charts(&(ps_charts){0}, PS_DRAW_INSIDE, &svg, &err), PS_ARG);
}

static void extreme_values_and_names_are_drawn_as_xml(void **state) {
    static const double odd[] = {0, -0.0, 1e308, -1e308, 1e-308, 5e-324, 1, 1e9, 0.1 + 0.2};
    enum { ODD = sizeof odd / sizeof *odd };
    (void)state;
    for (size_t i = 0; i < ODD; i++)
        for (size_t k = 0; k < ODD; k++)
            for (int kind = 0; kind <= PS_CHART_BARS; kind++) {
                const ps_chart_point points[] = {{odd[i], odd[k], odd[k], odd[i], NAN},
                                                 {odd[k], odd[i], odd[i], odd[k], 0.5}};
                const ps_chart_series series = {
                    .name = "<b>&\"'\x01\xff", .kind = (ps_chart_kind)kind, .points = points, .n = 2};
                const ps_chart_tick tick = {odd[k], "</text><script>"};
                ps_text svg =
                    draw(&(ps_chart){.title = "</svg>",
                                     .series = &series,
                                     .n_series = 1,
                                     .x = {.label = "<x>", .logarithmic = k % 2 == 0},
                                     .y = {.label = "&y", .ticks = &tick, .n_ticks = i % 2, .percent = i % 3 == 0},
                                     .diagonal = true});
                assert_null(strstr(svg.data, "<script"));
                ps_text_clear(&svg);
            }
}

/* A host may have set a locale with a comma; where none is installed, this says nothing and costs nothing. */
static void numbers_have_a_point_in_any_locale(void **state) {
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8"};
    const ps_chart_point points[] = {{0.25, 0.125, 0.1, 0.2, NAN}, {0.75, 0.875, NAN, NAN, NAN}};
    const ps_chart_series series = {.points = points, .n = 2};
    const ps_chart chart = {.title = "t", .series = &series, .n_series = 1};
    (void)state;
    ps_text expected = draw(&chart);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (setlocale(LC_ALL, names[i]) == NULL) continue;
        ps_text svg = draw(&chart);
        setlocale(LC_ALL, "C");
        assert_string_equal(svg.data, expected.data);
        ps_text_clear(&svg);
    }
    ps_text_clear(&expected);
}

static void bars_are_as_long_as_their_weights(void **state) {
    const ps_bar bars[] = {{"42", 0.75, NULL, PS_DOT_RIGHT},
                           {"<41>", 0.25, "25%, 1 vote", PS_DOT_WRONG},
                           {NULL, NAN, NULL, PS_DOT_UNKNOWN}};
    ps_text svg = {0};
    (void)state;
    assert_ok(ps_draw_bars(&(ps_bars){"answers", bars, 3}, PS_DRAW_ALONE, &svg, err));
    check_xml(svg);
    const char *first = strstr(svg.data, "class=\"bar right\""), *second = strstr(svg.data, "class=\"bar wrong\"");
    assert_true(first != NULL && second != NULL);
    double long_one = atof(strstr(first, " width=\"") + 8), short_one = atof(strstr(second, " width=\"") + 8);
    assert_true(fabs(long_one - 3 * short_one) < 0.5);
    assert_non_null(strstr(svg.data, "✓ 42"));
    assert_non_null(strstr(svg.data, "no answer"));
    ps_text_clear(&svg);
}

static void want_of_memory_is_told_and_leaves_nothing(void **state) {
    const ps_chart_point points[] = {{1, 1, 0, 2, NAN}, {2, 3, 1, 4, NAN}};
    const ps_chart_series series = {.name = "one", .points = points, .n = 2};
    const ps_chart chart = {.title = "t", .series = &series, .n_series = 1};
    (void)state;
    bool drawn = false;
    for (size_t n = 1; !drawn; n++) {
        failing_allocator memory;
        ps_text svg = {0};
        failing_install(&memory, n);
        ps_status status = ps_draw_charts(&(ps_charts){.charts = &chart, .n = 1}, PS_DRAW_ALONE, &svg, NULL);
        drawn = status == PS_OK;
        assert_true(drawn || (status == PS_NOMEM && svg.length == 0));
        ps_text_clear(&svg);
        failing_remove();
        assert_int_equal(memory.alive, 0);
        assert_true(n < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_is_higher_and_later_is_further_right),
        cmocka_unit_test(a_logarithmic_axis_has_equal_room_for_equal_ratios),
        cmocka_unit_test(what_is_no_number_is_a_gap),
        cmocka_unit_test(nothing_to_draw_is_said),
        cmocka_unit_test(extreme_values_and_names_are_drawn_as_xml),
        cmocka_unit_test(numbers_have_a_point_in_any_locale),
        cmocka_unit_test(bars_are_as_long_as_their_weights),
        cmocka_unit_test(want_of_memory_is_told_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
