/* persamp/config.h: configuration. One table, schema.def, is the source of every key, its range, default and words.
 *
 *     ps_config *cfg = NULL;
 *     ps_config_create(&cfg, &err);
 *     ps_config_load_file(cfg, "config.yaml", &err);                            // any number, later wins
 *     ps_config_environment(cfg, &err);                                         // OPENAI_BASE_URL, HF_HOME, …
 *     ps_config_set(cfg, "generation.temperature", "0.5", "command line", &err);
 *     ps_config_check(cfg, &log, &err);                                         // once, at the end
 *     ... cfg->generation_temperature ...
 *     ps_config_free(cfg);
 *
 * Precedence: default < preset < file < environment < ps_config_set, whatever the order of the calls. Where nobody sets
 * `preset`, files that set keys of the reference implementation's search and none that only persamp has mean `classic`
 * (docs/configs.md). A failed call leaves the configuration as it was. A configuration is a plain object: readers may
 * share it between threads while nobody changes it. docs/reference.md says what YAML is understood.
 *
 * Memory: libfyaml reads the files, and lists of ps_config_set. It may crash where malloc fails in it. */
#ifndef PERSAMP_CONFIG_H
#define PERSAMP_CONFIG_H

#include "persamp/base.h"
#include "persamp/choices.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The value of an integer or a number that says "auto" or "null". No key with such a word may be below 0. */
#define PS_CONFIG_AUTO (-1)

typedef struct ps_config_list {
    const char *const *items;
    size_t n;
} ps_config_list;

/* Numbers to try: from min to max, both ends in it. */
typedef struct ps_config_range {
    double min, max;
    double step; /* 0: any number; of an integer at least 1 */
    bool log;    /* as likely between 1 and 2 as between 2 and 4 */
} ps_config_range;

/* tuning.search_space: keys and the values to try, each as text that ps_config_set takes. In the file's order. */
typedef struct ps_config_space {
    const char *const *keys;
    const ps_config_list *values;
    const ps_config_range *ranges; /* [n] counts where the key's list of values is empty */
    size_t n;
} ps_config_space;

/* serve.models: names, each with keys and the one value of each, as text that ps_config_set takes. In the file's order.
 */
typedef struct ps_config_presets {
    const char *const *names;
    const ps_config_space *settings; /* every list has one item */
    size_t n;
} ps_config_presets;

/* The C type of each type of key. Pointers are owned by the configuration and live until it changes. */
typedef bool ps_config_BOOL;
typedef int64_t ps_config_INT;
typedef int64_t ps_config_OPTINT; /* or PS_CONFIG_AUTO */
typedef double ps_config_REAL;    /* always finite */
typedef double ps_config_OPTREAL; /* or PS_CONFIG_AUTO */
typedef const char *ps_config_STRING;
typedef const char *ps_config_OPTSTRING;  /* NULL for null */
typedef const char *ps_config_NAME;       /* a path or a name: never empty */
typedef const char *ps_config_OPTNAME;    /* likewise; NULL for null */
typedef ps_config_list ps_config_NAMES;   /* one or more names, none twice; never empty */
typedef const char *ps_config_CHOICE;     /* one of the choices; ps_config_is compares */
typedef const char *ps_config_OPTCHOICE;  /* NULL for null */
typedef ps_config_list ps_config_CHOICES; /* one or more of the choices, none twice */
typedef ps_config_list ps_config_LIST;
typedef ps_config_space ps_config_SPACE;
typedef ps_config_presets ps_config_PRESETS;

typedef struct ps_config_origins ps_config_origins; /* where each value comes from */

/* One member per key, '_' for '.': cfg->ps_temperature_schedule_beta_max. Read only: change it by
 * the functions below. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): the order is the schema's, for people */
typedef struct ps_config {
#define K(type, key, field, initial, allowed, engines, effect, doc) ps_config_##type field;
#include "persamp/schema.def"
#undef K
    ps_config_origins *origins;
} ps_config;

/* True if the value of a choice is `choice`; false for NULL. */
PS_API bool ps_config_is(const char *value, const char *choice);
/* True if a file or ps_config_set gives the key its value: not a default, a preset or the environment. */
PS_API bool ps_config_is_set(const ps_config *cfg, const char *key);
/* Whether the key can act under the rest of the configuration; ps_config_explain says when it does. */
PS_API bool ps_config_acts(const ps_config *cfg, const char *key);
/* True if nobody sets `preset`, and it is classic because of what the files set. */
PS_API bool ps_config_preset_is_implied(const ps_config *cfg);

/* ---- Life ---------------------------------------------------------------- */

/* Defaults and the default preset. *cfg is owned by the caller (ps_config_free). */
PS_API ps_status ps_config_create(ps_config **cfg, ps_error *err);
PS_API void ps_config_free(ps_config *cfg); /* NULL is fine */
/* A deep copy, origins included. */
PS_API ps_status ps_config_copy(const ps_config *cfg, ps_config **copy, ps_error *err);

/* ---- Sources ------------------------------------------------------------- */

/* Read YAML. PS_IO: no such file. PS_FORMAT: the message has the first mistakes, up to ten, each on a line with
 * file:line:column, what was found, what is allowed and the nearest known key. "-" is standard input. */
PS_API ps_status ps_config_load_file(ps_config *cfg, const char *path, ps_error *err);
/* Likewise from a string; `name` stands for the file in messages and origins. */
PS_API ps_status ps_config_load_text(ps_config *cfg, const char *text, const char *name, ps_error *err);

/* OPENAI_BASE_URL, HF_HOME, HF_HUB_CACHE and its old name HUGGINGFACE_HUB_CACHE, where set and not empty. The values of
 * OPENAI_API_KEY and HF_TOKEN are never read. */
PS_API ps_status ps_config_environment(ps_config *cfg, ps_error *err);

/* Set one key, above files and environment. `value` is a YAML scalar or flow collection; for a key that holds a string
 * it is taken as it stands, unless it is quoted or null. `origin` goes into messages and origins ("command line",
 * "trial 3"). PS_FORMAT. */
PS_API ps_status ps_config_set(ps_config *cfg, const char *key, const char *value, const char *origin, ps_error *err);

/* The options every command shares: --config FILE, --config=FILE, --a.b.c=VALUE, -o a.b.c=VALUE. `next` is the argument
 * after `argument`, or NULL. *consumed is how many were used: 0 (not one of these options: the command's own), 1, 2.
 * PS_ARG: no such file. PS_FORMAT: as above. */
PS_API ps_status ps_config_take_argument(ps_config *cfg, const char *argument, const char *next, int *consumed,
                                         ps_error *err);

/* What only the whole can be judged by: pairs of keys that contradict each other (PS_FORMAT, one mistake a line). Then
 * `log` (may be NULL) hears what ps_config_warn says of it. */
PS_API ps_status ps_config_check(const ps_config *cfg, const ps_log *log, ps_error *err);

/* Tell `log` (may be NULL) what a user should know of configurations that are all run, the n methods of a comparison
 * for example:
 * - a line where the preset was not set but implied by the files' keys;
 * - for each key that a file or ps_config_set sets and that can act in none of them a warning that names the key, where
 *   it is set and what keeps it from acting. What stands in a file at the value it would have anyway asks for nothing:
 *   those keys are counted in one line and named at PS_LOG_DEBUG. */
PS_API ps_status ps_config_warn(const ps_config *const *configs, size_t n, const ps_log *log, ps_error *err);

/* ---- Reports ------------------------------------------------------------- */

/* The effective configuration as YAML, appended to *text. Without origins it is canonical: the same values give the
 * same bytes, and loading it gives the same values. With them, a comment on each line says where the
 * value comes from. */
PS_API ps_status ps_config_yaml(const ps_config *cfg, bool with_origins, ps_text *text, ps_error *err);

/* Where two configurations differ in keys that can change results, a line each ("key: a, was b"), appended to *text;
 * nothing when they agree. An output folder belongs to one configuration in this sense. */
PS_API ps_status ps_config_difference(const ps_config *now, const ps_config *was, ps_text *text, ps_error *err);

/* The value of a key as YAML text, and where it comes from ("default", "config.yaml:3:14", …), appended to *text.
 * PS_ARG: no such key. */
PS_API ps_status ps_config_get_text(const ps_config *cfg, const char *key, ps_text *text, ps_error *err);
PS_API ps_status ps_config_get_origin(const ps_config *cfg, const char *key, ps_text *text, ps_error *err);

/* One key of the schema, for help and documentation. Strings are static. */
typedef struct ps_config_key {
    const char *name;     /* "ps.depth_decay" */
    const char *field;    /* "ps_depth_decay" */
    const char *type;     /* "bool", "integer", "number", "string", "choice", "list of strings", … */
    const char *initial;  /* default, as ps_config_set takes it */
    const char *allowed;  /* as in schema.def: "[0, 1]", "a|b", "" */
    const char *engines;  /* engines it means something to, separated by spaces; "" all, "-" none. What else it takes
                             for the key to act, ps_config_explain says */
    bool changes_results; /* an output folder is bound to it */
    bool per_request;     /* a request to the server may set it for itself */
    const char *doc;
} ps_config_key;
PS_API const ps_config_key *ps_config_keys(size_t *n);
PS_API const ps_config_key *ps_config_find_key(const char *name); /* NULL when unknown */

/* What a preset sets `key` to, as YAML text; NULL when it leaves the default (or there is no such preset). */
PS_API const char *ps_config_preset_value(const char *preset, const char *key);

/* All about a key, or about every key of a section ("ps.resample"), for a terminal; appended to *text. PS_ARG: unknown,
 * with the nearest known one. */
PS_API ps_status ps_config_explain(const char *name, ps_text *text, ps_error *err);

/* docs/reference.md, appended to *text. */
PS_API ps_status ps_config_reference(ps_text *text, ps_error *err);

#ifdef __cplusplus
}
#endif
#endif
