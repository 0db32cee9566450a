/* What the tests of this folder share: files and folders of their own in the folder for tests, configurations. */
#ifndef PERSAMP_TESTS_RUN_SUPPORT_H
#define PERSAMP_TESTS_RUN_SUPPORT_H

#include "persamp/run.h"
#include "support/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path in this test program's own folder, which is made on the way. Valid until the 32nd next call. */
static inline const char *path_of(const char *name) {
    static char paths[32][512];
    static size_t turn;
    char *path = paths[turn++ % 32];
    snprintf(path, sizeof paths[0], "%s/run-%ld", PS_TEST_TMP, (long)getpid());
    mkdir(path, 0777);
    if (*name != '\0') {
        size_t length = strlen(path);
        snprintf(path + length, sizeof paths[0] - length, "/%s", name);
    }
    return path;
}

static inline const char *write_bytes(const char *name, const void *data, size_t length) {
    const char *path = path_of(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline const char *write_text(const char *name, const char *text) {
    return write_bytes(name, text, strlen(text));
}

/* The whole of a file, owned by the caller (free); NULL when there is none. */
static inline char *read_text(const char *path) {
    char *data = NULL, *copy;
    size_t length;
    if (ps_read_file(path, (size_t)1 << 30, &data, &length, NULL) != PS_OK) return NULL;
    copy = malloc(length + 1);
    memcpy(copy, data, length + 1);
    ps_free(data);
    return copy;
}

static inline void remove_all(const char *path) {
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        char *inner = malloc(size);
        snprintf(inner, size, "%s/%s", path, entry->d_name);
        remove_all(inner);
        free(inner);
    }
    if (folder != NULL) closedir(folder);
    remove(path);
}

static inline int remove_files(void **state) {
    (void)state;
    remove_all(path_of(""));
    return 0;
}

/* A configuration on the toy engine; then "key", "value", …, NULL. */
static inline ps_config *config_of(const char *key, ...) {
    ps_config *c = NULL;
    va_list arguments;
    assert_ok(ps_config_create(&c, err));
    assert_ok(ps_config_set(c, "engine.type", "toy", "test", err));
    va_start(arguments, key);
    for (; key != NULL; key = va_arg(arguments, const char *)) {
        const char *value = va_arg(arguments, const char *);
        assert_ok(ps_config_set(c, key, value, "test", err));
    }
    va_end(arguments);
    return c;
}

#define check_contains(text, part)                                                                                     \
    do {                                                                                                               \
        if (strstr((text), (part)) == NULL) fail_msg("no \"%s\" in: %s", (part), (text));                              \
    } while (0)

#endif
