#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Pieces -------------------------------------------------------------- */

static ps_status cannot(const char *what, const char *path, int why, ps_error *err) {
    return ps_fail(err, PS_IO, "%s: cannot %s: %s", path, what, strerror(why));
}

/* Bytes of `path` that name the folder it lies in, the last slash included; 0: the current one. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

/* Force the folder that `path` lies in to the disk, and with it the name. Some file systems cannot, and a folder that
 * may be written but not read cannot be opened: there the name is as safe as it can be. */
static ps_status force_name(const char *path, ps_error *err) {
    size_t length = folder_length(path);
    char *folder = length > 0 ? ps_strndup(path, length) : ps_strdup(".");
    if (folder == NULL) return ps_nomem(err);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int why = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) close(fd);
    ps_free(folder);
    bool done = why == 0 || why == EACCES || why == EINVAL || why == ENOTSUP || why == EBADF;
    return done ? PS_OK : cannot("force its folder to the disk", path, why, err);
}

/* 0, or errno. */
static int write_all(int file, const char *data, size_t length) {
    for (size_t at = 0; at < length;) {
        ssize_t n = write(file, data + at, length - at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return n < 0 ? errno : EIO;
        at += (size_t)n;
    }
    return 0;
}

/* ---- Whole files --------------------------------------------------------- */

static const char before[] = ".persamp-", after[] = ".tmp";
enum { RANDOM_DIGITS = 16 };

bool ps_file_is_temporary(const char *name) {
    size_t start = strlen(before);
    return strncmp(name, before, start) == 0 && strspn(name + start, "0123456789abcdef") == RANDOM_DIGITS &&
           strcmp(name + start + RANDOM_DIGITS, after) == 0;
}

/* A file beside `path` that nobody else has, under a name that nobody can know before. */
static ps_status open_temporary(const char *path, ps_text *temporary, int *file, ps_error *err) {
    enum { TRIES = 16 };
    for (int i = 0; i < TRIES; i++) {
        uint64_t name;
        if (getentropy(&name, sizeof name) != 0) return cannot("write", path, errno, err);
        ps_text_reset(temporary);
        ps_text_append(temporary, path, folder_length(path));
        ps_text_printf(temporary, "%s%016llx%s", before, (unsigned long long)name, after);
        if (!ps_text_ok(temporary)) return ps_nomem(err);
        *file = open(ps_text_cstr(temporary), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (*file >= 0) return PS_OK;
        if (errno != EEXIST) break;
    }
    return cannot("write", path, errno, err);
}

ps_status ps_file_replace(const char *path, const void *data, size_t length, ps_error *err) {
    ps_text temporary = {0};
    int file = -1;
    ps_status status = open_temporary(path, &temporary, &file, err);
    if (status == PS_OK) {
        int why = write_all(file, data, length);
        if (why == 0 && fsync(file) != 0) why = errno;
        if (close(file) != 0 && why == 0) why = errno;
        if (why == 0 && rename(ps_text_cstr(&temporary), path) != 0) why = errno;
        if (why != 0) {
            unlink(ps_text_cstr(&temporary));
            status = cannot("write", path, why, err);
        }
    }
    ps_text_clear(&temporary);
    return status == PS_OK ? force_name(path, err) : status;
}

/* What is no regular file takes the bytes as it is. */
static ps_status write_into(const char *path, const char *data, size_t length, ps_error *err) {
    int file = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    int why = file < 0 ? errno : write_all(file, data, length);
    if (file >= 0 && close(file) != 0 && why == 0) why = errno;
    return why == 0 ? PS_OK : cannot("write", path, why, err);
}

ps_status ps_write_file(const char *path, const char *data, size_t length, ps_error *err) {
    struct stat name, target;
    bool there = lstat(path, &name) == 0, leads = stat(path, &target) == 0;
    if (leads && !S_ISREG(target.st_mode)) return write_into(path, data, length, err);
    if (there && S_ISLNK(name.st_mode))
        return ps_fail(err, PS_IO, "%s: a link is not written through; name the file that it points to", path);
    return ps_file_replace(path, data, length, err);
}

/* ---- A file that grows --------------------------------------------------- */

static ps_status make_empty(const char *path, int *file, ps_error *err) {
    *file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (*file >= 0) return force_name(path, err);
    return errno == EEXIST ? PS_OK : cannot("make it", path, errno, err); /* another was faster */
}

ps_status ps_file_grow(const char *path, int *out, ps_error *err) {
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC; /* a pipe is not waited for */
    struct stat info;
    ps_status status = PS_OK;
    int file = open(path, flags);
    if (file < 0 && errno == ENOENT) {
        status = make_empty(path, &file, err);
        if (status == PS_OK && file < 0) file = open(path, flags);
    }
    if (status == PS_OK && file < 0)
        status = errno == ELOOP ? ps_fail(err, PS_IO, "%s: a link is not written through; put a file here", path)
                                : cannot("open it for writing", path, errno, err);
    if (status == PS_OK && (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)))
        status = ps_fail(err, PS_IO, "%s: not a regular file", path);
    if (status == PS_OK)
        *out = file;
    else if (file >= 0)
        close(file);
    return status;
}

/* ---- Folders ------------------------------------------------------------- */

ps_status ps_folder_make(const char *path, ps_error *err) {
    if (mkdir(path, 0777) == 0) return force_name(path, err);
    int why = errno; /* stat changes it */
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode) ? PS_OK : cannot("make the folder", path, why, err);
}
