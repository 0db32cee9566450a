/* Files that are written: whole or as they were, through no link, under no name that could be known before, and the
 * name on the disk. The calls of the system that matter are watched. */
#include "base/write.h"
#include "support/check.h"
#include "support/failing_allocator.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Watching ------------------------------------------------------------ */

static char calls[64];       /* f: a file was forced to the disk, d: a folder, r: a file was renamed */
static char renamed[2][256]; /* the last two names that were renamed, without their folder */

static void note(char call) {
    size_t n = strlen(calls);
    if (n + 1 < sizeof calls) calls[n] = call;
}

int fsync(int fd) {
    struct stat info;
    if (fstat(fd, &info) == 0) note(S_ISDIR(info.st_mode) ? 'd' : 'f');
    return (int)syscall(SYS_fsync, fd);
}

int rename(const char *from, const char *to) {
    const char *slash = strrchr(from, '/');
    note('r');
    memcpy(renamed[0], renamed[1], sizeof renamed[0]);
    snprintf(renamed[1], sizeof renamed[1], "%s", slash != NULL ? slash + 1 : from);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- A folder ------------------------------------------------------------ */

static char folder[256];

static const char *in_folder(const char *name) {
    static char paths[8][512];
    static size_t turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static size_t count_files(void) {
    size_t n = 0;
    DIR *open = opendir(folder);
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(open);
    return n;
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "%s/write-XXXXXX", PS_TEST_TMP);
    memset(calls, 0, sizeof calls);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    DIR *open = opendir(folder);
    for (const struct dirent *entry; open != NULL && (entry = readdir(open)) != NULL;)
        remove(in_folder(entry->d_name));
    if (open != NULL) closedir(open);
    return remove(folder);
}

static void check_text(const char *path, const char *text) {
    char *data = NULL;
    size_t length;
    assert_ok(ps_read_file(path, 1 << 20, &data, &length, err));
    assert_string_equal(data, text);
    ps_free(data);
}

/* ---- Whole files --------------------------------------------------------- */

static void a_file_is_replaced_and_its_name_forced_to_the_disk(void **state) {
    (void)state;
    assert_ok(ps_file_replace(in_folder("a"), "one", 3, err));
    check_text(in_folder("a"), "one");
    assert_string_equal(calls, "frd"); /* what is in it, its name, the folder's knowledge of it */
    assert_ok(ps_write_file(in_folder("a"), "two", 3, err));
    check_text(in_folder("a"), "two");
    assert_string_equal(calls, "frdfrd");
    assert_ok(ps_file_replace(in_folder("empty"), "", 0, err));
    check_text(in_folder("empty"), "");
    assert_int_equal(count_files(), 2);
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(in_folder("a"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
    assert_int_equal(chdir(folder), 0);
    assert_ok(ps_file_replace("b", "here", 4, err)); /* in the current folder */
    check_text("b", "here");
}

static void nobody_knows_the_temporary_name_before(void **state) {
    (void)state;
    assert_ok(ps_file_replace(in_folder("a"), "one", 3, err));
    assert_ok(ps_file_replace(in_folder("a"), "one", 3, err));
    assert_string_not_equal(renamed[0], renamed[1]);
    assert_true(ps_file_is_temporary(renamed[0]) && ps_file_is_temporary(renamed[1]));
    static const char *const others[] = {"a",
                                         "",
                                         ".persamp-",
                                         ".persamp-.tmp",
                                         "persamp-0123456789abcdef.tmp",
                                         ".persamp-0123456789abcdeg.tmp",
                                         ".persamp-0123456789abcdef.tmp2",
                                         ".persamp-0123456789abcdef0.tmp"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(ps_file_is_temporary(others[i]));
}

static void a_link_is_replaced_and_what_it_points_to_left_alone(void **state) {
    (void)state;
    struct stat info;
    assert_ok(ps_file_replace(in_folder("precious"), "precious", 8, err));
    assert_int_equal(symlink("precious", in_folder("link")), 0);
    assert_ok(ps_file_replace(in_folder("link"), "new", 3, err));
    check_text(in_folder("precious"), "precious");
    check_text(in_folder("link"), "new");
    assert_true(lstat(in_folder("link"), &info) == 0 && S_ISREG(info.st_mode));
}

static void what_cannot_be_written_leaves_all_as_it_was(void **state) {
    (void)state;
    ps_error why;
    char text[3000];
    memset(text, 'x', sizeof text);
    assert_int_equal(mkdir(in_folder("folder"), 0777), 0);
    assert_int_equal(ps_file_replace(in_folder("folder"), "x", 1, &why), PS_IO);
    assert_non_null(strstr(why.message, "folder: cannot write"));
    assert_int_equal(ps_file_replace(in_folder("no/folder"), "x", 1, &why), PS_IO);
    assert_int_equal(count_files(), 1);

    assert_ok(ps_file_replace(in_folder("a"), "one", 3, err));
    struct rlimit before, small;
    getrlimit(RLIMIT_FSIZE, &before);
    small = before;
    small.rlim_cur = 1000;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    ps_status status = ps_file_replace(in_folder("a"), text, sizeof text, &why);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, PS_IO);
    check_text(in_folder("a"), "one");
    assert_int_equal(count_files(), 2);
}

/* A pipe or a device is written to, a link to a file is not. */
static void what_a_user_names_is_written_as_it_is(void **state) {
    (void)state;
    int ends[2];
    char path[64], got[8] = "";
    ps_error why;
    struct stat info;
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    assert_ok(ps_write_file(path, "piped", 5, err));
    assert_int_equal(read(ends[0], got, sizeof got), 5);
    assert_string_equal(got, "piped");
    close(ends[0]);
    close(ends[1]);
    assert_ok(ps_write_file("/dev/null", "gone", 4, err));
    assert_true(lstat("/dev/null", &info) == 0 && S_ISCHR(info.st_mode));
    assert_ok(ps_write_file(in_folder("precious"), "precious", 8, err));
    assert_int_equal(symlink("precious", in_folder("link")), 0);
    assert_int_equal(symlink("nothing", in_folder("dangling")), 0);
    assert_int_equal(ps_write_file(in_folder("link"), "x", 1, &why), PS_IO);
    assert_non_null(strstr(why.message, "link"));
    assert_int_equal(ps_write_file(in_folder("dangling"), "x", 1, &why), PS_IO);
    assert_int_equal(ps_write_file(folder, "x", 1, &why), PS_IO);
    check_text(in_folder("precious"), "precious");
    assert_int_equal(count_files(), 3);
}

/* ---- A file that grows --------------------------------------------------- */

static void a_file_that_grows_is_a_regular_one_of_its_own(void **state) {
    (void)state;
    ps_error why;
    int file = -1;
    assert_ok(ps_file_grow(in_folder("a"), &file, err));
    assert_string_equal(calls, "d"); /* the new name */
    assert_int_equal(write(file, "kept", 4), 4);
    close(file);
    assert_ok(ps_file_grow(in_folder("a"), &file, err));
    assert_string_equal(calls, "d");
    close(file);
    check_text(in_folder("a"), "kept");

    file = -1;
    assert_int_equal(symlink("a", in_folder("link")), 0);
    assert_int_equal(symlink("nothing", in_folder("dangling")), 0);
    assert_int_equal(mkfifo(in_folder("pipe"), 0666), 0);
    assert_int_equal(mkdir(in_folder("folder"), 0777), 0);
    const struct {
        const char *name, *word;
    } wrong[] = {{"link", "link"},
                 {"dangling", "link"},
                 {"pipe", "not a regular file"},
                 {"folder", "folder"},
                 {"no/file", "no/file"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(ps_file_grow(in_folder(wrong[i].name), &file, &why), PS_IO);
        assert_non_null(strstr(why.message, wrong[i].word));
        assert_int_equal(file, -1);
    }
    assert_int_not_equal(access(in_folder("nothing"), F_OK), 0);
}

static void a_folder_is_made_once_and_its_name_forced(void **state) {
    (void)state;
    ps_error why;
    assert_ok(ps_folder_make(in_folder("new"), err));
    assert_string_equal(calls, "d");
    assert_ok(ps_folder_make(in_folder("new"), err));
    assert_ok(ps_file_replace(in_folder("file"), "x", 1, err));
    assert_int_equal(ps_folder_make(in_folder("file"), &why), PS_IO);
    assert_non_null(strstr(why.message, "file: cannot make the folder"));
}

static void without_memory_nothing_is_left(void **state) {
    (void)state;
    failing_allocator memory;
    size_t failed = 0;
    for (size_t i = 1; i < 20; i++) {
        int file = -1;
        failing_install(&memory, i);
        ps_status whole = ps_file_replace(in_folder("a"), "x", 1, NULL),
                  grown = ps_file_grow(in_folder("b"), &file, NULL);
        failing_remove();
        assert_true(whole == PS_OK || whole == PS_NOMEM);
        assert_true(grown == PS_OK || grown == PS_NOMEM);
        failed += whole == PS_NOMEM || grown == PS_NOMEM;
        assert_int_equal(memory.alive, 0);
        if (grown == PS_OK) close(file);
        assert_true(count_files() <= 2);
        remove(in_folder("a"));
        remove(in_folder("b"));
    }
    assert_true(failed >= 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_replaced_and_its_name_forced_to_the_disk, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(nobody_knows_the_temporary_name_before, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_link_is_replaced_and_what_it_points_to_left_alone, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_leaves_all_as_it_was, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_a_user_names_is_written_as_it_is, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_file_that_grows_is_a_regular_one_of_its_own, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_folder_is_made_once_and_its_name_forced, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_left, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
