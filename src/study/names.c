#include "study/names.h"
#include "base/write.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kinds of files that runs leave: KIND, any number of parts that begin with a dot, ENDING. And how each begins. */
typedef struct kind {
    const char *name, *ending, *beginning;
} kind;
static const kind kinds[] = {
    {"config", ".yaml", "preset: "},
    {"results", ".jsonl", "{\"problem_idx\":"},
    {"results", ".json", "[\n"},
    {"summary", ".json", "{\n  \""},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* NULL: none of ours. */
static const kind *kind_of(const char *name) {
    static const char parts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_=,%-.";
    size_t length = strlen(name);
    for (size_t k = 0; k < KINDS; k++) {
        size_t start = strlen(kinds[k].name), end = strlen(kinds[k].ending);
        if (length < start + end || strncmp(name, kinds[k].name, start) != 0) continue;
        if (strcmp(name + length - end, kinds[k].ending) != 0) continue;
        if (name[start] == '.' && strspn(name + start, parts) == length - start) return &kinds[k];
    }
    return NULL;
}

/* Whether a file begins as its kind does, as far as it goes: one that was cut off early is a beginning of one of ours,
 * and so is an empty one. */
static bool begins_as(const kind *k, const char *path) {
    char found[32];
    struct stat info;
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t n = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode) ? read(file, found, sizeof found) : -1;
    if (file >= 0) close(file);
    size_t length = strlen(k->beginning);
    return n >= 0 && memcmp(found, k->beginning, (size_t)n < length ? (size_t)n : length) == 0;
}

/* ---- Walking through a folder -------------------------------------------- */

typedef struct walk {
    const char *folder;
    bool (*picks)(const struct walk *walk, const char *name, const char *path);
    const char *start; /* for is_result */
    ps_text *first;    /* name; NULL: what it picks is removed */
} walk;

static ps_status remove_file(const char *path, ps_error *err) {
    if (unlink(path) == 0 || errno == ENOENT) return PS_OK;
    return ps_fail(err, PS_IO, "%s: cannot remove: %s", path, strerror(errno));
}

static ps_status meet(const walk *w, const char *name, ps_error *err) {
    ps_text path = {0};
    ps_status status = PS_OK;
    ps_text_printf(&path, "%s/%s", w->folder, name);
    if (!ps_text_ok(&path)) {
        status = ps_nomem(err);
    } else if (!w->picks(w, name, ps_text_cstr(&path))) {
        status = PS_OK;
    } else if (w->first == NULL) {
        status = remove_file(ps_text_cstr(&path), err);
    } else if (w->first->length == 0 || strcmp(name, ps_text_cstr(w->first)) < 0) {
        ps_text_reset(w->first);
        ps_text_puts(w->first, name);
        if (!ps_text_ok(w->first)) status = ps_nomem(err);
    }
    ps_text_clear(&path);
    return status;
}

static ps_status walk_through(const walk *w, ps_error *err) {
    DIR *folder = opendir(w->folder);
    if (folder == NULL) return ps_fail(err, PS_IO, "%s: cannot be read: %s", w->folder, strerror(errno));
    ps_status status = PS_OK;
    for (const struct dirent *entry; status == PS_OK && (entry = readdir(folder)) != NULL;)
        status = meet(w, entry->d_name, err);
    closedir(folder);
    return status;
}

/* ---- What is picked ------------------------------------------------------ */

static bool is_result(const walk *w, const char *name, const char *path) {
    (void)path;
    const kind *k = kind_of(name);
    return k != NULL && k != &kinds[0] && strncmp(name, w->start, strlen(w->start)) == 0;
}

static bool is_left_over(const walk *w, const char *name, const char *path) {
    (void)w;
    (void)path;
    return ps_file_is_temporary(name);
}

static bool is_ours(const walk *w, const char *name, const char *path) {
    const kind *k = kind_of(name);
    if (k == NULL) return is_left_over(w, name, path);
    return strcmp(name, "config.yaml") != 0 && begins_as(k, path);
}

ps_status ps_names_find(const char *folder, const char *start, ps_text *name, ps_error *err) {
    return walk_through(&(walk){.folder = folder, .picks = is_result, .start = start, .first = name}, err);
}

ps_status ps_names_remove(const char *folder, ps_error *err) {
    ps_text path = {0};
    ps_status status = walk_through(&(walk){.folder = folder, .picks = is_ours}, err);
    ps_text_printf(&path, "%s/config.yaml", folder);
    if (status == PS_OK) status = ps_text_ok(&path) ? remove_file(ps_text_cstr(&path), err) : ps_nomem(err);
    ps_text_clear(&path);
    return status;
}

ps_status ps_names_tidy(const char *folder, ps_error *err) {
    return walk_through(&(walk){.folder = folder, .picks = is_left_over}, err);
}
