/* Where SQLite's locks do not hold a study is refused, with what to do instead. */
#include "persamp/tune.h"
#include "support/test.h"

#include <sys/vfs.h>
#include <unistd.h>

static unsigned long kind; /* of every file system, as statfs(2) names them */

/* In the place of the C library's. */
int statfs(const char *path, struct statfs *about) {
    assert_non_null(path);
    memset(about, 0, sizeof *about);
    about->f_type = (__typeof__(about->f_type))kind;
    return 0;
}

#define STUDY PS_TEST_TMP "/place.db"

static void network_file_systems_are_refused(void **state) {
    (void)state;
    static const struct {
        unsigned long kind;
        const char *name;
    } network[] = {{0x6969, "NFS"}, {0xFE534D42, "SMB2"}, {0x01021997, "9P"}, {0x0BD00BD0, "Lustre"}};
    for (size_t i = 0; i < sizeof network / sizeof *network; i++) {
        ps_study_db *db = NULL;
        ps_error why = {0};
        kind = network[i].kind;
        assert_int_equal(ps_study_open(STUDY, true, &db, &why), PS_IO);
        assert_non_null(strstr(why.message, network[i].name));
        assert_non_null(strstr(why.message, "PostgreSQL"));
        assert_int_not_equal(access(STUDY, F_OK), 0);
    }
}

static void local_ones_are_not(void **state) {
    (void)state;
    static const unsigned long local[] = {0xEF53, 0x01021994, 0x9123683E, 0x58465342, 0x794C7630};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
        ps_study_db *db = NULL;
        kind = local[i];
        assert_ok(ps_study_open(STUDY, true, &db, err));
        ps_study_close(db);
        unlink(STUDY);
    }
}

int main(void) {
    unlink(STUDY);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_file_systems_are_refused),
        cmocka_unit_test(local_ones_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
