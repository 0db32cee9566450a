/* The output folder: ownership, locking, small files. */
#include "study/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct ps_store {
    char *folder;
    int lock;
};

void ps_store_close(ps_store *store) {
    if (store == NULL) return;
    if (store->lock >= 0) close(store->lock);
    ps_free(store->folder);
    ps_free(store);
}

const char *ps_store_folder(const ps_store *store) {
    return store->folder;
}

static ps_status path_in(const ps_store *store, const char *name, ps_text *path, ps_error *err) {
    ps_text_printf(path, "%s/%s", store->folder, name);
    return ps_text_ok(path) ? PS_OK : ps_nomem(err);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* mkdir -p */
static ps_status make_folder(const char *path, ps_error *err) {
    char *copy = ps_strdup(path);
    if (copy == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    for (char *at = copy + 1; status == PS_OK; at++) {
        if (*at != '/' && *at != '\0') continue;
        char end = *at;
        *at = '\0';
        int why = mkdir(copy, 0777) == 0 ? 0 : errno; /* is_folder changes errno */
        if (why != 0 && why != EEXIST && !is_folder(copy))
            status = ps_fail(err, PS_IO,
                             "%s: cannot make the output folder: %s; choose another with "
                             "--evaluation.output_dir=FOLDER",
                             copy, strerror(why));
        if (end == '\0') break;
        *at = end;
    }
    if (status == PS_OK && !is_folder(path))
        status = ps_fail(err, PS_IO,
                         "%s: the output folder is a file; choose another with "
                         "--evaluation.output_dir=FOLDER",
                         path);
    ps_free(copy);
    return status;
}

static ps_status open_lock(ps_store *store, ps_error *err) {
    ps_text path = {0};
    ps_status status = path_in(store, ".lock", &path, err);
    if (status == PS_OK) store->lock = open(ps_text_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (status == PS_OK && store->lock < 0)
        status = ps_fail(err, PS_IO,
                         "%s: cannot write in the output folder: %s; choose another with "
                         "--evaluation.output_dir=FOLDER",
                         store->folder, strerror(errno));
    ps_text_clear(&path);
    return status;
}

ps_status ps_store_busy(const char *path, int lock_errno, ps_error *err) {
    if (lock_errno != EWOULDBLOCK) return ps_fail(err, PS_IO, "%s: cannot be locked: %s", path, strerror(lock_errno));
    return ps_fail(err, PS_ARG,
                   "%s: another run is writing here; wait for it, or choose another folder with "
                   "--evaluation.output_dir=FOLDER",
                   path);
}

ps_status ps_store_write(ps_store *store, const char *name, const char *text, size_t length, ps_error *err) {
    ps_text path = {0}, temporary = {0};
    int file = -1;
    ps_status status = path_in(store, name, &path, err);
    if (status != PS_OK) goto done;
    ps_text_printf(&temporary, "%s.%ld.tmp", ps_text_cstr(&path), (long)getpid()); /* shards write alike at once */
    if (!ps_text_ok(&temporary)) {
        status = ps_nomem(err);
        goto done;
    }
    file = open(ps_text_cstr(&temporary), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool ok = file >= 0;
    for (size_t at = 0; ok && at < length;) {
        ssize_t n = write(file, text + at, length - at);
        ok = n > 0 || (n < 0 && errno == EINTR);
        if (n > 0) at += (size_t)n;
    }
    ok = ok && fsync(file) == 0 && rename(ps_text_cstr(&temporary), ps_text_cstr(&path)) == 0;
    if (!ok) {
        status = ps_fail(err, PS_IO, "%s: cannot write: %s", ps_text_cstr(&path), strerror(errno));
        if (file >= 0) unlink(ps_text_cstr(&temporary));
    }
done:
    if (file >= 0) close(file);
    ps_text_clear(&path);
    ps_text_clear(&temporary);
    return status;
}

/* A config.yaml of the user's own is not replaced. One of ours begins with a key and its origin. */
static ps_status check_is_ours(ps_store *store, ps_error *err) {
    ps_text path = {0};
    char *text = NULL;
    size_t length;
    ps_status status = path_in(store, "config.yaml", &path, err);
    if (status != PS_OK || access(ps_text_cstr(&path), F_OK) != 0) goto done;
    status = ps_read_file(ps_text_cstr(&path), 1 << 24, &text, &length, err);
    if (status != PS_OK) goto done;
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(text, "preset: ", 8) != 0 || strstr(text, "  # ") == NULL)
        status = ps_fail(err, PS_ARG,
                         "%s: not written by persamp, and a run would replace it; choose another folder with "
                         "--evaluation.output_dir=FOLDER",
                         ps_text_cstr(&path));
done:
    ps_free(text);
    ps_text_clear(&path);
    return status;
}

/* Whose folder is it? PS_OK: ours, or nobody's yet. */
static ps_status check_owner(ps_store *store, const ps_config *config, ps_error *err) {
    ps_text path = {0}, difference = {0};
    ps_config *owner = NULL;
    ps_status status = path_in(store, "config.yaml", &path, err);
    if (status != PS_OK || access(ps_text_cstr(&path), F_OK) != 0) goto done;
    status = ps_config_create(&owner, err);
    if (status == PS_OK) status = ps_config_load_file(owner, ps_text_cstr(&path), err);
    if (status == PS_OK) status = ps_config_difference(config, owner, &difference, err);
    if (status == PS_OK && difference.length > 0)
        status = ps_fail(err, PS_ARG,
                         "%s: this output folder belongs to another configuration:\n%schoose another folder with "
                         "--evaluation.output_dir=FOLDER, or start over here with --fresh",
                         store->folder, ps_text_cstr(&difference));
done:
    ps_config_free(owner);
    ps_text_clear(&path);
    ps_text_clear(&difference);
    return status;
}

/* Whether a file of the folder is one of ours, by its name. */
static bool is_ours(const char *name) {
    static const char *const ours[] = {"config.yaml",   "config.*.yaml", "results*.jsonl",
                                       "results*.json", "summary*.json", "*.tmp"};
    for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
        if (fnmatch(ours[k], name, 0) == 0) return true;
    return false;
}

/* Remove the files of an earlier run, nothing else. */
static ps_status remove_results(ps_store *store, ps_error *err) {
    DIR *folder = opendir(store->folder);
    if (folder == NULL) return ps_fail(err, PS_IO, "%s: cannot be read: %s", store->folder, strerror(errno));
    ps_text path = {0};
    ps_status status = PS_OK;
    for (const struct dirent *entry; status == PS_OK && (entry = readdir(folder)) != NULL;) {
        if (!is_ours(entry->d_name)) continue;
        ps_text_reset(&path);
        status = path_in(store, entry->d_name, &path, err);
        if (status == PS_OK && unlink(ps_text_cstr(&path)) != 0)
            status = ps_fail(err, PS_IO, "%s: cannot remove: %s", ps_text_cstr(&path), strerror(errno));
    }
    ps_text_clear(&path);
    closedir(folder);
    return status;
}

static ps_status write_config(ps_store *store, const ps_config *config, ps_error *err) {
    ps_text yaml = {0};
    ps_status status = ps_config_yaml(config, true, &yaml, err);
    if (status == PS_OK) status = ps_store_write(store, "config.yaml", ps_text_cstr(&yaml), yaml.length, err);
    ps_text_clear(&yaml);
    return status;
}

/* evaluation.resume_from names an earlier folder, or a result file in it. */
static ps_status folder_of(const ps_config *config, char **folder, ps_error *err) {
    const char *from = config->evaluation_resume_from;
    if (from == NULL)
        from = config->evaluation_output_dir;
    else if (access(from, F_OK) != 0)
        return ps_fail(err, PS_IO, "%s: evaluation.resume_from does not exist", from);
    const char *slash = strrchr(from, '/');
    bool file = config->evaluation_resume_from != NULL && !is_folder(from);
    size_t length = slash == from ? 1 : slash != NULL ? (size_t)(slash - from) : 0; /* a file in the root, or in "/" */
    *folder = !file ? ps_strdup(from) : length > 0 ? ps_strndup(from, length) : ps_strdup(".");
    return *folder != NULL ? PS_OK : ps_nomem(err);
}

/* The folder is made ours by one run at a time; then the runs of one configuration (its shards) share it, each result
 * file with a lock of its own. */
static ps_status own(ps_store *store, const ps_config *config, bool fresh, ps_error *err) {
    bool alone = flock(store->lock, LOCK_EX | LOCK_NB) == 0;
    if (!alone && (fresh || errno != EWOULDBLOCK)) return ps_store_busy(store->folder, errno, err);
    if (!alone && flock(store->lock, LOCK_SH) != 0) return ps_store_busy(store->folder, errno, err);
    ps_status status = check_is_ours(store, err);
    if (status == PS_OK && fresh) status = remove_results(store, err);
    if (status == PS_OK) status = check_owner(store, config, err);
    if (!alone || status != PS_OK) return status;
    status = write_config(store, config, err);
    if (status == PS_OK && flock(store->lock, LOCK_SH) != 0) status = ps_store_busy(store->folder, errno, err);
    return status;
}

ps_status ps_store_open(const ps_config *config, bool fresh, ps_store **out, ps_error *err) {
    ps_store *store = ps_calloc(1, sizeof *store);
    if (store == NULL) return ps_nomem(err);
    store->lock = -1;
    ps_status status = folder_of(config, &store->folder, err);
    if (status == PS_OK) status = make_folder(store->folder, err);
    if (status == PS_OK) status = open_lock(store, err);
    if (status == PS_OK) status = own(store, config, fresh, err);
    if (status != PS_OK) {
        ps_store_close(store);
        return status;
    }
    *out = store;
    return PS_OK;
}
