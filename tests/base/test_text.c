/* Growing strings, the nearest of some names, whole files. */
#include "support/check.h"
#include "support/failing_allocator.h"

#include <sys/stat.h>
#include <unistd.h>

static failing_allocator memory;

static void appended_bytes_stand_one_after_another(void **state) {
    (void)state;
    ps_text text = {0};
    assert_string_equal(ps_text_cstr(&text), "");
    ps_text_puts(&text, "abc");
    ps_text_append(&text, "d\0e", 3);
    ps_text_printf(&text, "%d-%s", 42, "x");
    assert_int_equal(text.length, 10);
    assert_memory_equal(text.data, "abcd\0e42-x", 11); /* with its terminator */
    ps_text_reset(&text);
    assert_true(text.length == 0 && text.capacity > 0);
    assert_string_equal(ps_text_cstr(&text), "");
    for (int i = 0; i < 5000; i++)
        ps_text_printf(&text, "%d,", i % 10);
    assert_true(ps_text_ok(&text));
    assert_int_equal(text.length, 10000);
    assert_int_equal(text.data[9999], ',');
    ps_text_clear(&text);
    assert_true(text.data == NULL && text.length == 0);
    ps_text_reset(&text);
    ps_text_clear(&text);
}

/* Once an append has failed the text says so, whatever is appended later. */
static void a_failed_append_is_never_forgotten(void **state) {
    (void)state;
    for (size_t fail_at = 1; fail_at <= 4; fail_at++) {
        failing_install(&memory, fail_at);
        ps_text text = {0};
        for (int i = 0; i < 30; i++) {
            ps_text_puts(&text, "some text ");
            ps_text_printf(&text, "%d", i);
        }
        assert_false(ps_text_ok(&text));
        assert_non_null(ps_text_cstr(&text));
        ps_text_append(&text, "more", 4);
        assert_false(ps_text_ok(&text));
        ps_text_clear(&text);
        assert_int_equal(memory.alive, 0);
    }
    failing_remove();
}

/* A text in an arena fails with it, and is freed with it. */
static void a_text_may_lie_in_an_arena(void **state) {
    (void)state;
    for (size_t fail_at = 0; fail_at <= 5; fail_at++) {
        failing_install(&memory, fail_at);
        ps_arena *arena = ps_arena_create();
        if (fail_at == 1) {
            assert_null(arena);
            continue;
        }
        ps_text text = {.arena = arena}, other = {.arena = arena};
        for (int i = 0; i < 4000; i++) {
            ps_text_puts(&text, "some ");
            ps_text_printf(&other, "%d,", i % 10);
        }
        bool ok = ps_text_ok(&text) && ps_text_ok(&other);
        assert_int_equal(ps_arena_ok(arena), ok);
        assert_int_equal(ok, fail_at == 0 || memory.calls < fail_at);
        if (ok) {
            assert_true(text.length == 20000 && other.length == 8000 && other.data[7999] == ',');
            ps_text_clear(&text);
            assert_true(text.data == NULL && text.arena == arena);
            ps_text_puts(&text, "again");
            assert_string_equal(ps_text_cstr(&text), "again");
        }
        ps_arena_free(arena);
        assert_int_equal(memory.alive, 0);
    }
    failing_remove();
}

static void an_impossible_length_is_a_failure(void **state) {
    (void)state;
    ps_text text = {0};
    volatile size_t huge = SIZE_MAX - 1;
    ps_text_puts(&text, "a");
    ps_text_append(&text, "b", huge);
    assert_false(ps_text_ok(&text));
    ps_text_clear(&text);
    ps_arena *arena = ps_arena_create();
    ps_text inside = {.arena = arena};
    ps_text_append(&inside, "b", huge);
    assert_false(ps_text_ok(&inside) || ps_arena_ok(arena));
    ps_arena_free(arena);
}

static void the_nearest_name_is_near(void **state) {
    (void)state;
    const char *const names[] = {"n_particles", "max_steps", "temperature", "top_p", "top_k", "x"};
    const size_t n = sizeof names / sizeof *names;
    assert_string_equal(ps_nearest_name("n_particle", names, n), "n_particles");
    assert_string_equal(ps_nearest_name("maxsteps", names, n), "max_steps");
    assert_string_equal(ps_nearest_name("tempertaure", names, n), "temperature");
    assert_string_equal(ps_nearest_name("top_p", names, n), "top_p");
    assert_string_equal(ps_nearest_name("topk", names, n), "top_k");
    assert_null(ps_nearest_name("something_else_entirely", names, n));
    assert_string_equal(ps_nearest_name("", names, n), "x");
    assert_null(ps_nearest_name("abc", names, 0));
    char longer[300];
    memset(longer, 'n', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_null(ps_nearest_name(longer, names, n));
}

/* ---- Files --------------------------------------------------------------- */

static void path_of(char *path, size_t size) {
    snprintf(path, size, "%s/read-file-%ld", PS_TEST_TMP, (long)getpid());
}

static void write_file(const char *bytes, size_t n) {
    char path[4096];
    path_of(path, sizeof path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void a_file_is_read_whole(void **state) {
    (void)state;
    char path[4096], *data;
    size_t length;
    path_of(path, sizeof path);
    write_file("one\ntwo\0three", 13);
    assert_ok(ps_read_file(path, 100, &data, &length, err));
    assert_int_equal(length, 13);
    assert_memory_equal(data, "one\ntwo\0three", 14);
    ps_free(data);
    assert_ok(ps_read_file(path, 13, &data, &length, err));
    ps_free(data);
    write_file("", 0);
    assert_ok(ps_read_file(path, 0, &data, &length, err));
    assert_true(length == 0 && data != NULL && data[0] == '\0');
    ps_free(data);

    enum { LARGE = 300000 }; /* several chunks */
    char *large = malloc(LARGE);
    assert_non_null(large);
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i % 251);
    write_file(large, LARGE);
    assert_ok(ps_read_file(path, LARGE, &data, &length, err));
    assert_int_equal(length, LARGE);
    assert_memory_equal(data, large, LARGE);
    ps_free(data);
    free(large);
    remove(path);
}

static void errors_of_reading_name_the_file(void **state) {
    (void)state;
    char path[4096], *data = NULL;
    size_t length = 77;
    ps_error err = {0};
    path_of(path, sizeof path);
    assert_int_equal(ps_read_file(path, 100, &data, &length, &err), PS_IO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(ps_read_file(PS_TEST_TMP, 100, &data, &length, &err), PS_IO); /* a folder */
    write_file("twelve bytes", 12);
    assert_int_equal(ps_read_file(path, 11, &data, &length, &err), PS_FORMAT);
    assert_non_null(strstr(err.message, "11 bytes"));
    assert_true(data == NULL && length == 77);           /* outputs are written on success only */
    assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* its size alone: reading a terabyte would take an hour */
    assert_int_equal(ps_read_file(path, 1 << 20, &data, &length, &err), PS_FORMAT);
    write_file("twelve bytes", 12);
    failing_install(&memory, 1);
    assert_int_equal(ps_read_file(path, 100, &data, &length, &err), PS_NOMEM);
    assert_int_equal(memory.alive, 0);
    failing_remove();
    remove(path);
}

/* Opening a FIFO that nobody writes into would wait for ever; a device may never end. */
static void what_is_no_regular_file_is_refused_at_once(void **state) {
    (void)state;
    char path[4096], *data = NULL;
    size_t length;
    ps_error err = {0};
    path_of(path, sizeof path);
    remove(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(ps_read_file(path, 100, &data, &length, &err), PS_IO);
    assert_non_null(strstr(err.message, "not a regular file but a pipe"));
    assert_int_equal(ps_read_file("/dev/zero", 100, &data, &length, &err), PS_IO);
    assert_non_null(strstr(err.message, "/dev/zero: not a regular file but a device"));
    remove(path);
}

/* Standard input, <(command) of a shell, and the empty file that everybody has. */
static void descriptors_named_as_files_are_read(void **state) {
    (void)state;
    char path[64], *data = NULL;
    size_t length;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "hello", 5), 5);
    close(ends[1]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    assert_ok(ps_read_file(path, 100, &data, &length, err));
    assert_string_equal(data, "hello");
    ps_free(data);
    close(ends[0]);
    assert_ok(ps_read_file("/dev/null", 100, &data, &length, err));
    assert_int_equal(length, 0);
    ps_free(data);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(appended_bytes_stand_one_after_another),
                                       cmocka_unit_test(a_failed_append_is_never_forgotten),
                                       cmocka_unit_test(a_text_may_lie_in_an_arena),
                                       cmocka_unit_test(an_impossible_length_is_a_failure),
                                       cmocka_unit_test(the_nearest_name_is_near),
                                       cmocka_unit_test(a_file_is_read_whole),
                                       cmocka_unit_test(errors_of_reading_name_the_file),
                                       cmocka_unit_test(what_is_no_regular_file_is_refused_at_once),
                                       cmocka_unit_test(descriptors_named_as_files_are_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
