/* Plug-ins are loaded one by one, by their path. ggml could look for them itself (ggml_backend_load_all_from_path), but
 * it looks in the current folder besides: a file libggml-cpu-x.so among someone's data would be run. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr NOLINT(bugprone-reserved-identifier) */
#endif
#include "engine/llama/backends.h"

#include "persamp/base.h"

#include <dirent.h>
#include <dlfcn.h>
#include <ggml-backend.h>
#include <stdlib.h>
#include <string.h>

static const char ending[] = ".so"; /* ggml's for a plug-in, on macOS too */

/* In ggml's order, for devices are preferred in the order in which they were registered. */
static const char *const names[] = {"blas",   "zendnn",  "cann",   "cuda",    "hip",  "metal",    "rpc", "sycl",
                                    "vulkan", "virtgpu", "opencl", "hexagon", "musa", "openvino", "cpu"};
enum { N_NAMES = sizeof names / sizeof *names };

/* ---- Choosing ------------------------------------------------------------ */

/* How well a variant suits this processor; 0: not at all. The variant's own opinion. */
static int score_of(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) return 0;
    int (*score)(void) = NULL;
    *(void **)&score = dlsym(library, "ggml_backend_score");
    int result = score != NULL ? score() : 0;
    dlclose(library);
    return result;
}

/* Whether `file` is libggml-NAME-VARIANT.so. */
static bool is_variant(const char *file, const char *name) {
    static const char beginning[] = "libggml-";
    size_t n = strlen(file), length = strlen(name), first = sizeof beginning - 1, last = sizeof ending - 1;
    return n > first + length + 1 + last && memcmp(file, beginning, first) == 0 &&
           memcmp(file + first, name, length) == 0 && file[first + length] == '-' &&
           strcmp(file + n - last, ending) == 0;
}

/* Of the variants of `name` in `folder` the best one; without any that suits, libggml-NAME.so; if that is there. */
static void load_best(const char *folder, struct dirent *const *files, int n_files, const char *name) {
    ps_text best = {0}, path = {0};
    int best_score = 0;
    for (int i = 0; i < n_files; i++) {
        if (!is_variant(files[i]->d_name, name)) continue;
        ps_text_reset(&path);
        ps_text_printf(&path, "%s/%s", folder, files[i]->d_name);
        int score = ps_text_ok(&path) ? score_of(ps_text_cstr(&path)) : 0;
        if (score <= best_score) continue;
        best_score = score;
        ps_text_reset(&best);
        ps_text_puts(&best, ps_text_cstr(&path));
    }
    for (int i = 0; best_score == 0 && i < n_files; i++) {
        ps_text_reset(&path);
        ps_text_printf(&path, "libggml-%s%s", name, ending);
        if (ps_text_ok(&path) && strcmp(files[i]->d_name, ps_text_cstr(&path)) == 0)
            ps_text_printf(&best, "%s/%s", folder, files[i]->d_name);
    }
    if (ps_text_ok(&best) && best.length > 0) ggml_backend_load(ps_text_cstr(&best));
    ps_text_clear(&best);
    ps_text_clear(&path);
}

/* ---- Places -------------------------------------------------------------- */

/* A path without a slash would be looked for by the loader, wherever it pleases; one with a slash is what it says. */
static void load_folder(const char *folder) {
    struct dirent **files = NULL;
    int n = scandir(folder, &files, NULL, alphasort);
    for (int i = 0; n > 0 && i < N_NAMES; i++)
        load_best(folder, files, n, names[i]);
    for (int i = 0; i < n; i++)
        free(files[i]);
    free(files);
}

/* The folder of libggml; false where it cannot be told. */
static bool library_folder(ps_text *folder) {
    Dl_info where;
    void *symbol = dlsym(RTLD_DEFAULT, "ggml_backend_load");
    if (symbol == NULL || dladdr(symbol, &where) == 0 || where.dli_fname == NULL) return false;
    const char *slash = strrchr(where.dli_fname, '/');
    if (slash == NULL) return false;
    ps_text_append(folder, where.dli_fname, (size_t)(slash - where.dli_fname));
    return ps_text_ok(folder);
}

/* Prebuilt packages keep them beside libggml, Debian in ggml/backends0 below that, Homebrew in libexec. */
static void load_usual_places(void) {
    static const char *const below[] = {"", "/ggml/backends0", "/ggml", "/../libexec"};
    ps_text folder = {0};
    if (library_folder(&folder)) {
        size_t length = folder.length;
        for (size_t i = 0; i < sizeof below / sizeof *below && ggml_backend_dev_count() == 0; i++) {
            ps_text place = {0};
            ps_text_append(&place, folder.data, length);
            ps_text_puts(&place, below[i]);
            if (ps_text_ok(&place)) load_folder(ps_text_cstr(&place));
            ps_text_clear(&place);
        }
    }
    ps_text_clear(&folder);
}

void ps_backends_load(const char *folder) {
    if (folder != NULL)
        load_folder(folder);
    else if (ggml_backend_dev_count() == 0)
        load_usual_places();
    const char *named = getenv("GGML_BACKEND_PATH");
    if (named != NULL && *named != '\0') ggml_backend_load(named);
}
