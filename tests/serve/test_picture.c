/* What is noted of a search, and what is drawn of it; and the page's files. */
#include "serve/page.h"
#include "serve/picture.h"
#include "support/failing_allocator.h"
#include "support/test.h"

#include <math.h>

static ps_particle_view particle(uint32_t id, uint32_t parent, uint32_t depth) {
    return (ps_particle_view){
        .snapshot = id, .parent = parent, .depth = depth, .ell = -1, .reward = NAN, .text = "<b>&\x01\xff"};
}

static ps_step_view view_of(const ps_particle_view *particles, size_t n, size_t resamples,
                            const ps_iteration *iterations, size_t n_iterations) {
    return (ps_step_view){.particles = particles,
                          .n = n,
                          .report = {.iterations = iterations,
                                     .n_iterations = n_iterations,
                                     .resamples = resamples,
                                     .tokens = 2 * n,
                                     .final_ess = NAN}};
}

static size_t occurrences(const char *text, const char *what) {
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static size_t dots_in(const json_t *picture) {
    return occurrences(json_string_value(json_object_get(picture, "pool")), "class=\"dot ");
}

/* Three from the root, then two from the second, of which the later number came first; both of the selection between.
 */
static void a_picture_has_what_was_noted(void **state) {
    (void)state;
    static const ps_iteration iterations[] = {{.beta = 0.5, .ess = 2, .resampled = true}, {.beta = 1, .ess = 1.5}};
    const ps_particle_view first[] = {particle(1, 0, 1), particle(2, 0, 1), particle(3, 0, 1)};
    const ps_particle_view second[] = {particle(5, 2, 2), particle(4, 2, 2)};
    const ps_step_view views[] = {view_of(first, 3, 1, iterations, 1), view_of(second, 2, 1, iterations, 2)};
    ps_sketch sketch = {0}, copy;
    assert_true(ps_sketch_add(&sketch, &views[0], 0.5));
    assert_true(ps_sketch_add(&sketch, &views[1], 1));
    ps_sketch_copy(&sketch, &copy);
    ps_sketch_clear(&sketch);
    json_t *picture = ps_picture_json(&copy, 4);
    assert_non_null(picture);
    assert_int_equal(dots_in(picture), 5);
    const char *pool = json_string_value(json_object_get(picture, "pool"));
    assert_int_equal(occurrences(pool, "class=\"dot c0\""), 3);
    assert_int_equal(occurrences(pool, "class=\"dot c1\""), 2);
    assert_int_equal(occurrences(pool, "<b>"), 0);
    const char *lines = json_string_value(json_object_get(picture, "lines"));
    assert_int_equal(occurrences(lines, "class=\"line "), 4);
    assert_int_equal(json_integer_value(json_object_get(picture, "snapshots")), 5);
    assert_int_equal(json_integer_value(json_object_get(picture, "shown")), 5);
    assert_int_equal(json_integer_value(json_object_get(picture, "selections")), 1);
    assert_int_equal(json_integer_value(json_object_get(picture, "chosen")), 4);
    json_decref(picture);
    picture = ps_picture_json(&copy, 0);
    assert_true(json_is_null(json_object_get(picture, "chosen")));
    json_decref(picture);
    ps_sketch_clear(&copy);
}

/* A pool says which selection launched a line, and from which depth: the ring is where the search went back. */
static void a_pool_tells_where_the_search_went_back(void **state) {
    (void)state;
    static const ps_snapshot pool[] = {{.depth = 0},
                                       {.depth = 1, .event = 0},
                                       {.parent = 1, .depth = 2, .event = 1, .launch_depth = 1},
                                       {.parent = 1, .depth = 2, .event = 2, .launch_depth = 1}};
    static const ps_iteration iterations[3] = {{.beta = 1, .ess = 1}};
    ps_sketch sketch = {0};
    for (uint32_t i = 1; i <= 3; i++) {
        ps_particle_view one = particle(i, pool[i].parent, pool[i].depth);
        ps_step_view view = view_of(&one, 1, 0, iterations, i);
        view.report.pool = pool;
        view.report.snapshots = 3;
        ps_sketch_add(&sketch, &view, i);
    }
    json_t *picture = ps_picture_json(&sketch, 0);
    assert_int_equal(occurrences(json_string_value(json_object_get(picture, "pool")), "class=\"back\""), 1);
    json_decref(picture);
    ps_sketch_clear(&sketch);
}

/* However long a search is: what is beyond the bound is counted, and makes no new picture once a picture has what is
 * within it. A fast search comes to the bound between two pictures. */
static void what_is_kept_is_bounded(void **state) {
    (void)state;
    enum { MANY = PS_SKETCH_DOTS + PS_SKETCH_POINTS + 100 };
    ps_sketch sketch = {0}, copy;
    for (uint32_t i = 1; i <= MANY; i++) {
        ps_particle_view one = particle(i, i - 1, i);
        ps_step_view view = view_of(&one, 1, i, NULL, 0);
        assert_true(ps_sketch_add(&sketch, &view, i));
        if (i == 1) {
            ps_sketch_copy(&sketch, &copy);
            ps_sketch_clear(&copy);
        }
    }
    ps_sketch_copy(&sketch, &copy);
    ps_sketch_clear(&copy);
    ps_particle_view beyond = particle(MANY + 1, MANY, MANY + 1);
    ps_step_view view = view_of(&beyond, 1, MANY + 1, NULL, 0);
    assert_false(ps_sketch_add(&sketch, &view, MANY + 1));
    assert_int_equal(sketch.n, PS_SKETCH_DOTS);
    assert_int_equal(sketch.n_points, PS_SKETCH_POINTS);
    json_t *picture = ps_picture_json(&sketch, 0);
    assert_int_equal(dots_in(picture), PS_SKETCH_DOTS);
    assert_int_equal(json_integer_value(json_object_get(picture, "snapshots")), MANY + 1);
    assert_int_equal(json_integer_value(json_object_get(picture, "shown")), PS_SKETCH_DOTS);
    json_decref(picture);
    ps_sketch_clear(&sketch);
}

/* Whichever allocation fails: something is left out, a child never without its parent, and nothing leaks. */
static void without_memory_something_is_left_out(void **state) {
    (void)state;
    size_t pictures = 0;
    bool done = false;
    for (size_t fail_at = 1; !done; fail_at++) {
        failing_allocator allocator;
        ps_sketch sketch = {0}, copy;
        failing_install(&allocator, fail_at);
        for (uint32_t i = 1; i <= 40; i++) {
            ps_particle_view one = particle(i, i - 1, i);
            ps_step_view view = view_of(&one, 1, 0, NULL, 0);
            ps_sketch_add(&sketch, &view, i);
        }
        ps_sketch_copy(&sketch, &copy);
        json_t *picture = copy.n > 0 ? ps_picture_json(&copy, 0) : NULL;
        if (picture != NULL) {
            size_t dots = dots_in(picture);
            assert_true(dots <= copy.n);
            pictures++;
        }
        json_decref(picture);
        ps_sketch_clear(&copy);
        ps_sketch_clear(&sketch);
        done = allocator.calls < fail_at;
        failing_remove();
        assert_int_equal(allocator.alive, 0);
    }
    assert_true(pictures > 1);
}

/* ---- The page ------------------------------------------------------------ */

static void the_page_asks_for_files_that_are_there(void **state) {
    (void)state;
    char path[256];
    size_t n = 0;
    const ps_page_file *page = ps_page_find("/");
    assert_non_null(page);
    for (const char *at = page->file->data; (at = strpbrk(at, "hs")) != NULL; at++) {
        size_t skip = strncmp(at, "href=\"", 6) == 0 ? 6 : strncmp(at, "src=\"", 5) == 0 ? 5 : 0;
        if (skip == 0) continue;
        snprintf(path, sizeof path, "/%.*s", (int)strcspn(at + skip, "\""), at + skip);
        if (ps_page_find(path) == NULL) fail_msg("the page asks for %s, which is not there", path);
        n++;
    }
    assert_true(n >= 5);
    assert_null(strstr(page->file->data, "<style"));  /* which its policy forbids, */
    assert_null(strstr(page->file->data, "onclick")); /* and this, */
    assert_null(strstr(page->file->data, "://"));     /* and nothing is anybody else's */
    assert_null(ps_page_find("/page.html"));
    assert_null(ps_page_find("//"));
    assert_null(ps_page_find("/katex/../page.js"));
    assert_null(ps_page_find(""));
}

static void every_file_has_its_type(void **state) {
    (void)state;
    static const char *const types[][2] = {{"/", "text/html; charset=utf-8"},
                                           {"/page.css", "text/css; charset=utf-8"},
                                           {"/page.js", "text/javascript; charset=utf-8"},
                                           {"/picture.css", "text/css; charset=utf-8"},
                                           {"/katex/katex.min.js", "text/javascript; charset=utf-8"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_string_equal(ps_page_type(ps_page_find(types[i][0])), types[i][1]);
    for (const ps_page_file *file = ps_katex_files; file->path != NULL; file++)
        assert_true(strstr(file->path, ".woff2") == NULL || strcmp(ps_page_type(file), "font/woff2") == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_has_what_was_noted),
        cmocka_unit_test(a_pool_tells_where_the_search_went_back),
        cmocka_unit_test(what_is_kept_is_bounded),
        cmocka_unit_test(without_memory_something_is_left_out),
        cmocka_unit_test(the_page_asks_for_files_that_are_there),
        cmocka_unit_test(every_file_has_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
