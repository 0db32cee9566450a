/* Which files of results are in a folder, and what their names say: results[.NAME][.TOKENS-tokens][.seed-SEED]
 * [.I-of-N].jsonl. */
#include "persamp/study.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char beginning[] = "results", ending[] = ".jsonl";

/* The last part of text[0..*length), behind a dot; it is cut off where `take` knows it. */
static bool cut_part(char *text, size_t *length, bool (*take)(const char *part, size_t n, ps_result_file *file),
                     ps_result_file *file) {
    size_t at = *length;
    while (at > 0 && text[at - 1] != '.')
        at--;
    if (at == 0 || !take(text + at, *length - at, file)) return false;
    *length = at - 1;
    text[*length] = '\0';
    return true;
}

static bool take_shard(const char *part, size_t n, ps_result_file *file) {
    const char *of = strstr(part, "-of-");
    uint64_t shard, shards;
    if (of == NULL || !ps_parse_count(part, (size_t)(of - part), 10, SIZE_MAX, &shard) ||
        !ps_parse_count(of + 4, n - (size_t)(of + 4 - part), 10, SIZE_MAX, &shards))
        return false;
    file->shard = (size_t)shard;
    file->shards = (size_t)shards;
    return true;
}

static bool take_seed(const char *part, size_t n, ps_result_file *file) {
    static const char word[] = "seed-";
    size_t skip = sizeof word - 1;
    file->has_seed = n > skip && strncmp(part, word, skip) == 0 &&
                     ps_parse_count(part + skip, n - skip, 10, UINT64_MAX, &file->seed);
    return file->has_seed;
}

static bool take_budget(const char *part, size_t n, ps_result_file *file) {
    static const char word[] = "-tokens";
    size_t behind = sizeof word - 1;
    return n > behind && strcmp(part + n - behind, word) == 0 &&
           ps_parse_count(part, n - behind, 10, UINT64_MAX, &file->tokens);
}

/* What the name without folder and ending says; its beginning is the method's. */
static void read_name(char *name, ps_result_file *file) {
    size_t length = strlen(name);
    cut_part(name, &length, take_shard, file);
    if (cut_part(name, &length, take_seed, file)) cut_part(name, &length, take_budget, file);
    size_t skip = sizeof beginning - 1;
    memmove(name, name + skip + (name[skip] == '.'), length - skip + (name[skip] != '.'));
    file->name = name;
}

static bool is_results(const char *name) {
    size_t n = strlen(name), start = sizeof beginning - 1, end = sizeof ending - 1;
    if (n < start + end || strncmp(name, beginning, start) != 0 || strcmp(name + n - end, ending) != 0) return false;
    return name[start] == '.';
}

static ps_status add_file(ps_result_files *out, size_t *capacity, const char *folder, const char *name, ps_error *err) {
    ps_text path = {0};
    ps_result_file file = {0};
    ps_text_printf(&path, "%s/%s", folder, name);
    char *copy = ps_strndup(name, strlen(name) - (sizeof ending - 1));
    if (!ps_text_ok(&path) || copy == NULL || ps_reserve(&out->files, capacity, out->n + 1) != PS_OK) {
        ps_text_clear(&path);
        ps_free(copy);
        return ps_nomem(err);
    }
    read_name(copy, &file);
    file.path = path.data;
    out->files[out->n] = file;
    if (strcmp(file.name, "length") == 0 && !file.has_seed) { /* what a comparison measured its budgets by */
        ps_free(file.path);
        ps_free(file.name);
    } else {
        out->n++;
    }
    return PS_OK;
}

/* The configuration's own method first; then by name, budget, seed and shard. */
static int by_name(const void *a, const void *b) {
    const ps_result_file *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    if (order != 0) return order;
    if (x->tokens != y->tokens) return x->tokens < y->tokens ? -1 : 1;
    if (x->seed != y->seed) return x->seed < y->seed ? -1 : 1;
    return (x->shard > y->shard) - (x->shard < y->shard);
}

ps_status ps_results_list(const char *folder, ps_result_files *out, ps_error *err) {
    ps_result_files found = {0};
    size_t capacity = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) return ps_fail(err, PS_IO, "%s: the folder cannot be read: %s", folder, strerror(errno));
    ps_status status = PS_OK;
    for (const struct dirent *entry; status == PS_OK && (entry = readdir(dir)) != NULL;)
        if (is_results(entry->d_name)) status = add_file(&found, &capacity, folder, entry->d_name, err);
    closedir(dir);
    if (status != PS_OK) {
        ps_result_files_clear(&found);
        return status;
    }
    if (found.n > 1) qsort(found.files, found.n, sizeof *found.files, by_name); /* readdir has no order */
    *out = found;
    return PS_OK;
}

void ps_result_files_clear(ps_result_files *files) {
    for (size_t i = 0; i < files->n; i++) {
        ps_free(files->files[i].path);
        ps_free(files->files[i].name);
    }
    ps_free(files->files);
    *files = (ps_result_files){0};
}
