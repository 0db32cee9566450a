#include "study/paths.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ps_shard_suffix(size_t shard, size_t shards, ps_text *name) {
    if (shards > 1) ps_text_printf(name, ".%zu-of-%zu", shard, shards);
}

void ps_paths_clear(ps_paths *paths) {
    for (size_t i = 0; i < paths->n; i++)
        ps_free(paths->items[i]);
    ps_free(paths->items);
    *paths = (ps_paths){0};
}

static ps_status add_path(ps_paths *paths, const char *folder, const char *name, ps_error *err) {
    ps_text path = {0};
    ps_text_printf(&path, "%s/%s", folder, name);
    if (!ps_text_ok(&path) || ps_reserve(&paths->items, &paths->capacity, paths->n + 1) != PS_OK) {
        ps_text_clear(&path);
        return ps_nomem(err);
    }
    paths->items[paths->n++] = path.data;
    return PS_OK;
}

/* Whether `name` is BASE + ENDING or BASE.I-of-N + ENDING. */
static bool belongs(const char *name, const char *base, const char *ending) {
    size_t length = strlen(base), total = strlen(name), tail = strlen(ending);
    if (total < length + tail || strncmp(name, base, length) != 0 || strcmp(name + total - tail, ending) != 0)
        return false;
    const char *at = name + length, *end = name + total - tail;
    if (at == end) return true;
    uint64_t shard, shards;
    const char *of = strstr(at, "-of-");
    return *at == '.' && of != NULL && of < end &&
           ps_parse_count(at + 1, (size_t)(of - at - 1), 10, SIZE_MAX, &shard) &&
           ps_parse_count(of + 4, (size_t)(end - of - 4), 10, SIZE_MAX, &shards);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

ps_status ps_paths_find(const char *const *folders, size_t n, const char *base, const char *ending, ps_paths *paths,
                        ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < n && status == PS_OK; i++) {
        DIR *folder = opendir(folders[i]);
        if (folder == NULL)
            return ps_fail(err, PS_IO, "%s: the folder cannot be read: %s", folders[i], strerror(errno));
        for (const struct dirent *entry; status == PS_OK && (entry = readdir(folder)) != NULL;)
            if (belongs(entry->d_name, base, ending)) status = add_path(paths, folders[i], entry->d_name, err);
        closedir(folder);
    }
    if (paths->n > 1) qsort(paths->items, paths->n, sizeof *paths->items, by_name); /* readdir has no order */
    return status;
}
