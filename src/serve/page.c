#include "serve/page.h"

#include <string.h>

extern const ps_embedded ps_embedded_serve_page_html, ps_embedded_serve_page_css, ps_embedded_serve_page_js;
extern const ps_embedded ps_embedded_draw_picture_css;

/* Without KaTeX there is nothing in its place. The page asks for it all the same, and shows formulas as they were
 * written. */
static const ps_embedded nothing = {"", 0, "nothing"};

static const ps_page_file *find(const ps_page_file *files, const char *path) {
    while (files->path != NULL && strcmp(files->path, path) != 0)
        files++;
    return files->path != NULL ? files : NULL;
}

const ps_page_file *ps_page_find(const char *path) {
    static const ps_page_file own[] = {
        {"/", &ps_embedded_serve_page_html},
        {"/page.css", &ps_embedded_serve_page_css},
        {"/page.js", &ps_embedded_serve_page_js},
        {"/picture.css", &ps_embedded_draw_picture_css},
        {NULL, NULL},
    };
    static const ps_page_file no_katex[] = {
        {"/katex/katex.min.css", &nothing},
        {"/katex/katex.min.js", &nothing},
        {NULL, NULL},
    };
    const ps_page_file *found = find(own, path);
    if (found == NULL) found = find(ps_katex_files, path);
    return found != NULL ? found : find(no_katex, path);
}

const char *ps_page_type(const ps_page_file *file) {
    static const char *const types[][2] = {{"/", "text/html; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".woff2", "font/woff2"}};
    size_t length = strlen(file->path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t ending = strlen(types[i][0]);
        if (length >= ending && strcmp(file->path + length - ending, types[i][0]) == 0) return types[i][1];
    }
    return "text/plain; charset=utf-8";
}
