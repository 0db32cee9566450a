/* Where files lie: those that come with persamp, models in the hub's cache, and what was measured of a model. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr NOLINT(bugprone-reserved-identifier) */
#endif
#include "run/files.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- What comes with persamp --------------------------------------------- */

bool ps_is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

static ps_status copy_path(const char *path, char **out, ps_error *err) {
    *out = ps_strdup(path);
    return *out != NULL ? PS_OK : ps_nomem(err);
}

/* The data folder of the installed tree that this library lies in, wherever that tree has been moved to; else "". */
static void installed_beside(char folder[PATH_MAX]) {
    static const char here = 0;
    char path[PATH_MAX];
    Dl_info library;
    *folder = '\0';
    if (dladdr(&here, &library) == 0 || library.dli_fname == NULL) return;
    const char *slash = strrchr(library.dli_fname, '/');
    if (slash == NULL) return;
    int n = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - library.dli_fname), library.dli_fname,
                     PS_DATADIR_FROM_LIB);
    if (n < 0 || n >= PATH_MAX || realpath(path, folder) == NULL) *folder = '\0';
}

ps_status ps_find_shipped(const char *name, char **path, ps_error *err) {
    char beside[PATH_MAX];
    installed_beside(beside);
    const char *const folders[] = {getenv("PERSAMP_SHARE"), beside, PS_SOURCE_DATADIR, PS_DATADIR};
    ps_text text = {0};
    ps_status status = PS_OK;
    *path = NULL;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && status == PS_OK && *path == NULL; i++) {
        if (folders[i] == NULL || *folders[i] == '\0') continue;
        ps_text_reset(&text);
        ps_text_printf(&text, "%s/%s", folders[i], name);
        if (!ps_text_ok(&text)) status = ps_nomem(err);
        if (status == PS_OK && ps_is_file(ps_text_cstr(&text))) status = copy_path(ps_text_cstr(&text), path, err);
    }
    ps_text_clear(&text);
    return status;
}

ps_status ps_shipped_file(const char *name, char **path, ps_error *err) {
    char *found;
    ps_status status = ps_find_shipped(name, &found, err);
    if (status == PS_OK && found == NULL)
        return ps_fail(err, PS_IO,
                       "the shipped %s is not where it was installed (%s); set PERSAMP_SHARE to the folder "
                       "that holds models/ and data/",
                       name, PS_DATADIR);
    if (status == PS_OK) *path = found;
    return status;
}

/* ---- Models -------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

/* owner/name of a model hub: one slash, and no such file. models/x.gguf is a file that is not there. */
static bool is_hub_name(const char *name) {
    const char *slash = strchr(name, '/');
    return slash != NULL && slash != name && slash[1] != '\0' && strchr(slash + 1, '/') == NULL && name[0] != '.' &&
           name[0] != '~' && !ends_with(name, ".gguf");
}

void ps_append_hub_cache(const ps_config *c, ps_text *text) {
    const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (c->hub_cache != NULL)
        ps_text_puts(text, c->hub_cache);
    else if (c->hub_home != NULL)
        ps_text_printf(text, "%s/hub", c->hub_home);
    else if (caches != NULL && *caches != '\0')
        ps_text_printf(text, "%s/huggingface/hub", caches);
    else
        ps_text_printf(text, "%s/.cache/huggingface/hub", home != NULL ? home : "");
}

void ps_append_literal(ps_text *pattern, const char *text) {
    for (; *text != '\0'; text++)
        ps_text_printf(pattern, "%s%c", strchr("*?[\\", *text) != NULL ? "\\" : "", *text);
}

/* A GGUF file in the local hub cache, the last in alphabetical order where there are several. */
static ps_status find_in_hub(const ps_config *c, const char *name, char **path, ps_error *err) {
    ps_text cache = {0}, pattern = {0};
    const char *slash = strchr(name, '/');
    ps_append_hub_cache(c, &cache);
    ps_append_literal(&pattern, ps_text_cstr(&cache));
    ps_text_printf(&pattern, "/models--%.*s--%s/snapshots/*/*.gguf", (int)(slash - name), name, slash + 1);
    glob_t found = {0};
    ps_status status;
    if (!ps_text_ok(&pattern) || !ps_text_ok(&cache))
        status = ps_nomem(err);
    else if (glob(ps_text_cstr(&pattern), 0, NULL, &found) == 0 && found.gl_pathc > 0)
        status = copy_path(found.gl_pathv[found.gl_pathc - 1], path, err);
    else
        status = ps_fail(err, PS_IO,
                         "%s: no such file, and no GGUF file of that hub name in the local cache (looked for %s); "
                         "download one, for example `huggingface-cli download %s%s`, and give its path",
                         name, ps_text_cstr(&pattern), name,
                         ends_with(name, "-GGUF") || ends_with(name, "-gguf") ? "" : "-GGUF");
    globfree(&found);
    ps_text_clear(&cache);
    ps_text_clear(&pattern);
    return status;
}

ps_status ps_model_file(const ps_config *c, const char *configured, const char *shipped, char **path, ps_error *err) {
    if (configured == NULL) return ps_shipped_file(shipped, path, err);
    if (ps_is_file(configured) || !is_hub_name(configured)) return copy_path(configured, path, err);
    return find_in_hub(c, configured, path, err);
}

const char *ps_measurements_folder(ps_text *text) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/') /* as the XDG base directory specification has it */
        ps_text_printf(text, "%s/persamp", cache);
    else if (home != NULL && home[0] == '/')
        ps_text_printf(text, "%s/.cache/persamp", home);
    return text->length > 0 && ps_text_ok(text) ? ps_text_cstr(text) : NULL;
}
