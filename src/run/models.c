/* Models of a configuration: where their files lie, and opening the engine and the process reward model. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* dladdr NOLINT(bugprone-reserved-identifier) */
#endif
#include "persamp/engine_llama.h"
#include "persamp/engine_toy.h"
#include "persamp/run.h"

#include <dlfcn.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct ps_models {
    ps_engine *engine;
    ps_prm *prm;
    char *path;
};

void ps_models_free(ps_models *models) {
    if (models == NULL) return;
    ps_prm_free(models->prm);
    ps_engine_free(models->engine);
    ps_free(models->path);
    ps_free(models);
}

ps_engine *ps_models_engine(const ps_models *models) {
    return models->engine;
}
ps_prm *ps_models_prm(const ps_models *models) {
    return models->prm;
}
const char *ps_models_path(const ps_models *models) {
    return models->path;
}

/* ---- Where files lie ----------------------------------------------------- */

static bool is_file(const char *path) {
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

/* A file that comes with persamp: where PERSAMP_SHARE says, in the installed tree around this library, in the source
 * tree it was built from, or where it was to be installed. */
static ps_status shipped_file(const char *name, char **path, ps_error *err) {
    char beside[PATH_MAX];
    installed_beside(beside);
    const char *const folders[] = {getenv("PERSAMP_SHARE"), beside, PS_SOURCE_DATADIR, PS_DATADIR};
    ps_text text = {0};
    ps_status status = PS_FORMAT;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && status == PS_FORMAT; i++) {
        if (folders[i] == NULL || *folders[i] == '\0') continue;
        ps_text_clear(&text);
        ps_text_printf(&text, "%s/%s", folders[i], name);
        if (!ps_text_ok(&text)) status = ps_nomem(err);
        if (status == PS_FORMAT && is_file(ps_text_cstr(&text))) status = copy_path(ps_text_cstr(&text), path, err);
    }
    ps_text_free(&text);
    if (status == PS_FORMAT)
        return ps_fail(err, PS_IO,
                       "the shipped %s is not where it was installed (%s); set PERSAMP_SHARE to the folder "
                       "that holds models/ and data/",
                       name, PS_DATADIR);
    return status;
}

ps_status ps_dataset_path(const ps_config *c, char **path, ps_error *err) {
    if (c->evaluation_dataset_path != NULL) return copy_path(c->evaluation_dataset_path, path, err);
    if (c->evaluation_dataset != NULL)
        return ps_fail(err, PS_ARG,
                       "evaluation.dataset is %s and evaluation.dataset_path is not set; give the path of its JSONL "
                       "file with --evaluation.dataset_path=FILE, or leave both out for the shipped problems",
                       c->evaluation_dataset);
    return shipped_file("data/test.jsonl", path, err);
}

/* ---- Opening ------------------------------------------------------------- */

static ps_toy_options toy_options(const ps_config *c, const ps_log *log) {
    bool synthetic = ps_config_is(c->engine_toy_kind, "synthetic");
    return (ps_toy_options){
        .kind = synthetic ? PS_TOY_SYNTHETIC : PS_TOY_TABLE,
        .table_path = c->engine_toy_table,
        .synthetic = {.steps = (int)c->engine_toy_steps,
                      .error_rate = c->engine_toy_epsilon,
                      .detection = c->engine_toy_pd,
                      .noise = c->engine_toy_sn,
                      .correlation = c->engine_toy_ar,
                      .separation = c->engine_toy_sep,
                      .wrong_answers = (int)c->engine_toy_wrong_answers},
        .n_ctx = (int)c->models_generator_max_model_len,
        .log = log != NULL ? *log : (ps_log){0},
    };
}

static ps_status open_toy(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    ps_toy_options options = toy_options(c, log);
    m->path = ps_strdup("toy");
    return m->path != NULL ? ps_engine_toy_create(&options, &m->engine, err) : ps_nomem(err);
}

static ps_aggregate aggregate_of(const char *name) {
    return ps_config_is(name, "min")    ? PS_AGGREGATE_MIN
           : ps_config_is(name, "prod") ? PS_AGGREGATE_PROD
           : ps_config_is(name, "mean") ? PS_AGGREGATE_MEAN
                                        : PS_AGGREGATE_LAST;
}

#ifdef PS_HAVE_LLAMA

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

static const char *hub_home(const ps_config *c, ps_text *text) {
    if (c->hub_home != NULL) return c->hub_home;
    const char *home = getenv("HOME");
    ps_text_printf(text, "%s/.cache/huggingface", home != NULL ? home : "");
    return ps_text_cstr(text);
}

/* A GGUF file in the local hub cache, the last in alphabetical order where there are several. */
static ps_status find_in_hub(const ps_config *c, const char *name, char **path, ps_error *err) {
    ps_text home = {0}, pattern = {0};
    const char *slash = strchr(name, '/');
    ps_text_printf(&pattern, "%s/hub/models--%.*s--%s/snapshots/*/*.gguf", hub_home(c, &home), (int)(slash - name),
                   name, slash + 1);
    glob_t found = {0};
    ps_status status;
    if (!ps_text_ok(&pattern) || !ps_text_ok(&home))
        status = ps_nomem(err);
    else if (glob(ps_text_cstr(&pattern), 0, NULL, &found) == 0 && found.gl_pathc > 0)
        status = copy_path(found.gl_pathv[found.gl_pathc - 1], path, err);
    else
        status = ps_fail(err, PS_IO,
                         "%s: no such file, and no GGUF file of that hub name in the local cache (looked for %s); "
                         "download one, for example `huggingface-cli download %s-GGUF`, and give its path",
                         name, ps_text_cstr(&pattern), name);
    globfree(&found);
    ps_text_free(&home);
    ps_text_free(&pattern);
    return status;
}

static ps_status model_file(const ps_config *c, const char *configured, const char *shipped, char **path,
                            ps_error *err) {
    if (configured == NULL) return shipped_file(shipped, path, err);
    if (is_file(configured) || !is_hub_name(configured)) return copy_path(configured, path, err);
    return find_in_hub(c, configured, path, err);
}

static int or_default(int64_t value, int fallback) {
    return value == PS_CONFIG_AUTO ? fallback : (int)value;
}

/* The context asked for; 0, the engine's own choice, where nobody asked: a small model's limit is then no surprise. */
static int context_of(const ps_config *c, const char *key, int64_t value) {
    ps_text origin = {0};
    bool asked = ps_config_get_origin(c, key, &origin, NULL) != PS_OK || strcmp(ps_text_cstr(&origin), "default") != 0;
    ps_text_free(&origin);
    return asked ? (int)value : 0;
}

/* Where what was measured of a model is kept; NULL where nobody says where to. */
static const char *measurements_folder(ps_text *text) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache != NULL && cache[0] == '/') /* as the XDG base directory specification has it */
        ps_text_printf(text, "%s/persamp", cache);
    else if (home != NULL && home[0] == '/')
        ps_text_printf(text, "%s/.cache/persamp", home);
    return text->length > 0 && ps_text_ok(text) ? ps_text_cstr(text) : NULL;
}

static ps_llama_options llama_options(const ps_config *c, const char *path, const ps_log *log) {
    bool cpu = ps_config_is(c->system_device, "cpu");
    const char *flash = c->engine_llama_flash_attn;
    return (ps_llama_options){
        .model_path = path,
        .n_ctx = context_of(c, "models.generator.max_model_len", c->models_generator_max_model_len),
        .contexts = or_default(c->engine_llama_contexts, 0),
        .threads = or_default(c->engine_llama_threads, 0),
        .width = (int)c->generation_n_particles,
        .cells = or_default(c->engine_llama_n_ctx, 0),
        .flash_attn = ps_config_is(flash, "true")    ? 1
                      : ps_config_is(flash, "false") ? 0
                                                     : -1,
        .need_gpu = ps_config_is(c->system_device, "cuda"),
        .gpu_layers = cpu ? 0 : or_default(c->engine_llama_gpu_layers, -1),
        .kv_type = c->engine_llama_kv_type,
        .backend_dir = c->engine_llama_backend_dir,
        .deterministic = c->engine_deterministic,
        .log = log != NULL ? *log : (ps_log){0},
    };
}

static ps_status open_llama(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    ps_status status = model_file(c, c->models_generator_model_path, "models/reasoner.gguf", &m->path, err);
    if (status != PS_OK) return status;
    ps_text folder = {0};
    ps_llama_options options = llama_options(c, m->path, log);
    options.cache_dir = measurements_folder(&folder);
    status = ps_engine_llama_create(&options, &m->engine, err);
    ps_text_free(&folder);
    return status;
}

static ps_status open_llama_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    ps_engine *engine = NULL;
    char *path = NULL, *head = NULL;
    ps_text folder = {0};
    bool with_head = ps_config_is(c->scoring_prm_kind, "head");
    ps_status status = model_file(c, c->models_prm_model_path, "models/prm.gguf", &path, err);
    if (status == PS_OK && with_head)
        status = model_file(c, c->scoring_prm_head_path, "models/prm_head.gguf", &head, err);
    if (status != PS_OK) goto done;
    ps_llama_options options = llama_options(c, path, log);
    options.n_ctx = context_of(c, "models.prm.max_model_len", c->models_prm_max_model_len);
    options.embeddings = with_head;
    options.cache_dir = measurements_folder(&folder);
    status = ps_engine_llama_create(&options, &engine, err);
    if (status != PS_OK) goto done;
    ps_prm_options prm = {
        .aggregate = aggregate_of(c->scoring_prm_aggregate),
        .system = c->scoring_prm_system,
        .step_tag = c->scoring_prm_step_tag,
        .positive = c->scoring_prm_positive,
        .negative = c->scoring_prm_negative,
        .head_path = head,
        .log = options.log,
    };
    status = ps_prm_create(engine, path, &prm, &m->prm, err);
    if (status == PS_OK) engine = NULL;
done:
    ps_engine_free(engine);
    ps_text_free(&folder);
    ps_free(path);
    ps_free(head);
    return status;
}

#else

static ps_status open_llama(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    (void)m, (void)c, (void)log;
    return ps_fail(err, PS_ENGINE,
                   "this build has no libllama; build it with -DPERSAMP_LLAMA=ON, or use --engine.type=toy");
}

static ps_status open_llama_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    return open_llama(m, c, log, err);
}

#endif

static ps_status open_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    if (ps_config_is(c->scoring_prm_kind, "remote"))
        return ps_fail(err, PS_ARG, "scoring.prm.kind remote is not built in this version; use token or head");
    if (ps_config_is(c->engine_type, "toy")) {
        ps_toy_options options = toy_options(c, log);
        return ps_prm_toy_create(&options, aggregate_of(c->scoring_prm_aggregate), &m->prm, err);
    }
    return open_llama_prm(m, c, log, err);
}

ps_status ps_models_open(const ps_config *c, const ps_log *log, ps_models **models, ps_error *err) {
    ps_models *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    ps_status status;
    if (ps_config_is(c->engine_type, "toy"))
        status = open_toy(m, c, log, err);
    else if (ps_config_is(c->engine_type, "llama"))
        status = open_llama(m, c, log, err);
    else
        status = ps_fail(err, PS_ARG, "engine.type %s is not built in this version; use llama or toy", c->engine_type);
    if (status == PS_OK && c->models_prm_enabled) status = open_prm(m, c, log, err);
    if (status != PS_OK) {
        ps_models_free(m);
        return status;
    }
    *models = m;
    return PS_OK;
}
