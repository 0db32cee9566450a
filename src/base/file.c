#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ps_status ps_file_open(const char *path, int *fd, uint64_t *size, ps_error *err) {
    struct stat about;
    /* Without O_NONBLOCK opening a FIFO waits for whoever writes into it. */
    const int made = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (made < 0) return ps_fail(err, PS_IO, "%s: cannot open: %s", path, strerror(errno));
    ps_status status = PS_OK;
    if (fstat(made, &about) != 0)
        status = ps_fail(err, PS_IO, "%s: cannot look at it: %s", path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        status = ps_fail(err, PS_IO, "%s is %s; expected a regular file", path,
                         S_ISDIR(about.st_mode)    ? "a folder"
                         : S_ISFIFO(about.st_mode) ? "a pipe (FIFO)"
                                                   : "a device or a socket");
    if (status != PS_OK) {
        close(made);
        return status;
    }
    *fd = made;
    *size = (uint64_t)about.st_size;
    return PS_OK;
}

ps_status ps_file_read(int fd, const char *path, uint64_t offset, void *bytes, size_t n, ps_error *err) {
    for (size_t got = 0; got < n;) {
        const ssize_t more = pread(fd, (char *)bytes + got, n - got, (off_t)(offset + got));
        if (more < 0 && errno == EINTR) continue;
        if (more < 0) return ps_fail(err, PS_IO, "%s: cannot read: %s", path, strerror(errno));
        if (more == 0) return ps_fail(err, PS_IO, "%s ended while it was read: is somebody writing it?", path);
        got += (size_t)more;
    }
    return PS_OK;
}
