/* The output folder: whose it is, who may write in it, and its small files. */
#include "study/store.h"
#include "base/write.h"
#include "study/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHOOSE_ANOTHER "choose another with --evaluation.output_dir=FOLDER"

struct ps_store {
    char *folder, *resume;
    const ps_record_models *models;
    int lock;
};

ps_record_models ps_store_models(const ps_models *models) {
    ps_engine_info info;
    ps_engine_get_info(ps_models_engine(models), &info);
    const ps_prm *prm = ps_models_prm(models);
    return (ps_record_models){info.identity, prm != NULL ? ps_prm_identity(prm) : NULL};
}

void ps_store_close(ps_store *store) {
    if (store == NULL) return;
    if (store->lock >= 0) close(store->lock);
    ps_free(store->folder);
    ps_free(store->resume);
    ps_free(store);
}

const char *ps_store_folder(const ps_store *store) {
    return store->folder;
}

const char *ps_store_resume(const ps_store *store) {
    return store->resume;
}

static ps_status path_in(const char *folder, const char *name, ps_text *path, ps_error *err) {
    ps_text_printf(path, "%s/%s", folder, name);
    return ps_text_ok(path) ? PS_OK : ps_nomem(err);
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- Making and locking -------------------------------------------------- */

/* mkdir -p */
static ps_status make_folder(const char *path, ps_error *err) {
    if (is_folder(path)) return PS_OK;
    if (access(path, F_OK) == 0) return ps_fail(err, PS_IO, "%s: the output folder is a file; " CHOOSE_ANOTHER, path);
    char *copy = ps_strdup(path);
    if (copy == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    for (char *at = copy + 1; status == PS_OK; at++) {
        if (*at != '/' && *at != '\0') continue;
        char end = *at;
        ps_error why;
        *at = '\0';
        status = ps_folder_make(copy, &why);
        if (status != PS_OK) ps_fail(err, status, "%s; for the output folder " CHOOSE_ANOTHER, why.message);
        if (end == '\0') break;
        *at = end;
    }
    ps_free(copy);
    return status;
}

static ps_status open_lock(ps_store *store, ps_error *err) {
    ps_text path = {0};
    ps_error why;
    ps_status status = path_in(store->folder, ".lock", &path, err);
    if (status != PS_OK) return status;
    status = ps_file_grow(ps_text_cstr(&path), &store->lock, &why);
    if (status != PS_OK)
        ps_fail(err, status, "%s: cannot write in the output folder (%s); " CHOOSE_ANOTHER, store->folder, why.message);
    ps_text_clear(&path);
    return status;
}

ps_status ps_store_busy(const char *path, int lock_errno, ps_error *err) {
    if (lock_errno != EWOULDBLOCK) return ps_fail(err, PS_IO, "%s: cannot be locked: %s", path, strerror(lock_errno));
    return ps_fail(err, PS_ARG,
                   "%s: another run is writing here; wait for it, or for the output folder " CHOOSE_ANOTHER, path);
}

/* The lock is open, so no other file can have its number in the meantime. */
ps_status ps_store_check(const ps_store *store, ps_error *err) {
    ps_text path = {0};
    struct stat mine, now;
    ps_status status = path_in(store->folder, ".lock", &path, err);
    if (status != PS_OK) return status;
    bool same = fstat(store->lock, &mine) == 0 && stat(ps_text_cstr(&path), &now) == 0 && mine.st_ino == now.st_ino &&
                mine.st_dev == now.st_dev;
    if (!same)
        status = ps_fail(err, PS_IO,
                         "%s: this folder, or the file .lock in it, was removed, moved or replaced while the run was "
                         "writing here; the run ends. What is still in the folder is whole: the same command goes on "
                         "from there, or begins anew where nothing is left",
                         store->folder);
    ps_text_clear(&path);
    return status;
}

/* ---- Small files --------------------------------------------------------- */

ps_status ps_store_write(ps_store *store, const char *name, const char *text, size_t length, ps_error *err) {
    ps_text path = {0};
    ps_status status = ps_store_check(store, err);
    if (status == PS_OK) status = path_in(store->folder, name, &path, err);
    if (status == PS_OK) status = ps_file_replace(ps_text_cstr(&path), text, length, err);
    ps_text_clear(&path);
    return status;
}

static ps_status write_record(ps_store *store, const ps_config *config, ps_error *err) {
    ps_text text = {0};
    ps_status status = ps_record_write(config, store->models, &text, err);
    if (status == PS_OK) status = ps_store_write(store, "config.yaml", ps_text_cstr(&text), text.length, err);
    ps_text_clear(&text);
    return status;
}

/* ---- Whose folder it is -------------------------------------------------- */

/* Results that nobody says the origin of can be neither gone on with nor removed: they may be another program's. */
static ps_status refuse_unowned(const char *folder, const char *result, ps_error *err) {
    return ps_fail(err, PS_ARG,
                   "%s: there is %s here, and no config.yaml that says what made it; put that file back, move "
                   "the results away, or choose another folder with --evaluation.output_dir=FOLDER",
                   folder, result);
}

/* PS_OK: there is a record of ours, or neither record nor results; *there says which. The results are looked for first:
 * a run that has begun in the meantime writes its record before its first result. */
static ps_status check_record(const char *folder, bool *there, ps_error *err) {
    ps_text path = {0}, result = {0};
    ps_status status = path_in(folder, "config.yaml", &path, err);
    if (status == PS_OK) status = ps_names_find(folder, "", &result, err);
    if (status == PS_OK) {
        *there = access(ps_text_cstr(&path), F_OK) == 0;
        if (*there)
            status = ps_record_is_ours(ps_text_cstr(&path), err);
        else if (result.length > 0)
            status = refuse_unowned(folder, ps_text_cstr(&result), err);
    }
    ps_text_clear(&path);
    ps_text_clear(&result);
    return status;
}

/* PS_ARG: it belongs to another configuration, or to other models. `advice`: what else to do. */
static ps_status check_owner(const char *folder, const ps_config *config, const ps_record_models *models,
                             const char *advice, ps_error *err) {
    ps_text path = {0}, difference = {0};
    ps_status status = path_in(folder, "config.yaml", &path, err);
    if (status == PS_OK) status = ps_record_compare(config, models, ps_text_cstr(&path), &difference, err);
    if (status == PS_OK && difference.length > 0)
        status = ps_fail(err, PS_ARG, "%s: this output folder belongs to another configuration:\n%s%s", folder,
                         ps_text_cstr(&difference), advice);
    ps_text_clear(&path);
    ps_text_clear(&difference);
    return status;
}

/* The folder is made ours by one run at a time; then the runs of one configuration (its shards) share it, each result
 * file with a lock of its own. */
static ps_status own(ps_store *store, const ps_config *config, bool fresh, ps_error *err) {
    bool there = false, alone = flock(store->lock, LOCK_EX | LOCK_NB) == 0;
    if (!alone && (fresh || errno != EWOULDBLOCK)) return ps_store_busy(store->folder, errno, err);
    if (!alone && flock(store->lock, LOCK_SH) != 0) return ps_store_busy(store->folder, errno, err);
    ps_status status = check_record(store->folder, &there, err);
    if (status == PS_OK && fresh && there) {
        status = ps_names_remove(store->folder, err);
        there = false;
    }
    if (status == PS_OK && there)
        status = check_owner(store->folder, config, store->models,
                             "choose another folder with --evaluation.output_dir=FOLDER, or start over here with "
                             "--fresh",
                             err);
    if (!alone || status != PS_OK) return status;
    status = ps_names_tidy(store->folder, err);
    if (status == PS_OK) status = write_record(store, config, err);
    if (status == PS_OK && flock(store->lock, LOCK_SH) != 0) status = ps_store_busy(store->folder, errno, err);
    return status;
}

/* ---- Going on from another folder ---------------------------------------- */

static bool is_same_folder(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

/* evaluation.resume_from names an earlier folder, or a result file in it. */
static ps_status resume_folder(const ps_config *config, char **folder, ps_error *err) {
    const char *from = config->evaluation_resume_from;
    if (from == NULL) return PS_OK;
    if (access(from, F_OK) != 0) return ps_fail(err, PS_IO, "%s: evaluation.resume_from does not exist", from);
    const char *slash = strrchr(from, '/');
    size_t length = slash == from ? 1 : slash != NULL ? (size_t)(slash - from) : 0; /* a file in the root, or in "/" */
    *folder = is_folder(from) ? ps_strdup(from) : length > 0 ? ps_strndup(from, length) : ps_strdup(".");
    return *folder != NULL ? PS_OK : ps_nomem(err);
}

/* What is there was made by this configuration, or it cannot be gone on with here. */
static ps_status check_resume(ps_store *store, const ps_config *config, ps_error *err) {
    bool there = false;
    if (is_same_folder(store->resume, store->folder)) {
        ps_free(store->resume);
        store->resume = NULL;
        return PS_OK;
    }
    ps_status status = check_record(store->resume, &there, err);
    if (status == PS_OK && !there)
        status = ps_fail(err, PS_ARG,
                         "%s: evaluation.resume_from: no output folder of persamp, for there is no config.yaml in it",
                         store->resume);
    if (status == PS_OK)
        status =
            check_owner(store->resume, config, store->models, "evaluation.resume_from cannot go on from there", err);
    return status;
}

ps_status ps_store_open(const ps_config *config, const ps_record_models *models, bool fresh, ps_store **out,
                        ps_error *err) {
    ps_store *store = ps_calloc(1, sizeof *store);
    if (store == NULL) return ps_nomem(err);
    store->lock = -1;
    store->models = models;
    store->folder = ps_strdup(config->evaluation_output_dir);
    ps_status status = store->folder != NULL ? resume_folder(config, &store->resume, err) : ps_nomem(err);
    if (status == PS_OK && store->resume != NULL) status = check_resume(store, config, err);
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
