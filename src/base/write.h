/* Files that are written: whole ones that are replaced at once, and one that grows. Here and nowhere else
 * (tools/check_dialect holds it), so that no file of anyone is written through a link, no name of a temporary file can
 * be foretold, and a name that was made is there after a power cut. */
#ifndef PERSAMP_BASE_WRITE_H
#define PERSAMP_BASE_WRITE_H

#include "persamp/base.h"

/* Put a file of these bytes in the place of `path`: whoever reads it finds what was there before or all of it, also
 * after a power cut. A link is replaced, and what it points to left alone. PS_IO; then everything is as it was. */
ps_status ps_file_replace(const char *path, const void *data, size_t length, ps_error *err);

/* Whether a file's name, without its folder, is that of a file that ps_file_replace was writing when it was killed. */
bool ps_file_is_temporary(const char *name);

/* Open a regular file for reading and writing; where there is none, make an empty one. The caller closes *file. PS_IO:
 * it is a link, a pipe, a device or a folder, or cannot be opened. */
ps_status ps_file_grow(const char *path, int *file, ps_error *err);

/* Make a folder; it may be there already. PS_IO. */
ps_status ps_folder_make(const char *path, ps_error *err);

#endif
