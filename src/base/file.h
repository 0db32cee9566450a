/* Opening files that are read as a whole or in places. */
#ifndef PERSAMP_BASE_FILE_H
#define PERSAMP_BASE_FILE_H

#include "persamp/base.h"

/* Open a regular file for reading and say how large it is; the caller closes *fd. Never waits: a FIFO, a device or a
 * folder is refused. PS_IO. */
ps_status ps_file_open(const char *path, int *fd, uint64_t *size, ps_error *err);

/* Exactly n bytes from `offset` on. PS_IO: the file ends before, or cannot be read. `path` is for the message. */
ps_status ps_file_read(int fd, const char *path, uint64_t offset, void *bytes, size_t n, ps_error *err);

#endif
