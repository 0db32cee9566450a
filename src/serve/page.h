/* The page at /: its files, which are compiled into the library. */
#ifndef PERSAMP_SERVE_PAGE_H
#define PERSAMP_SERVE_PAGE_H

#include "base/embedded.h"

typedef struct ps_page_file {
    const char *path; /* as a browser asks for it */
    const ps_embedded *file;
} ps_page_file;

/* NULL: the page has no such file. */
const ps_page_file *ps_page_find(const char *path);
const char *ps_page_type(const ps_page_file *file); /* its Content-Type */

/* KaTeX's files, where they could be had (cmake/PersampKatex.cmake), ended by a path that is NULL. */
extern const ps_page_file ps_katex_files[];

#endif
