/* Data sets by name: where each lies in the hub, what its fields are called, and where it is looked for here. */
#include "run/dataset.h"
#include "run/files.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* A data set as its owner keeps it at the hub. The first name of a field is the one used there. */
typedef struct known_set {
    const char *name, *owner, *repository, *file;
    const char *problem, *unique_id;
} known_set;

static const known_set known_sets[] = {
    {"math500", "HuggingFaceH4", "MATH-500", "test.jsonl", "problem", "unique_id"},
    {"gsm8k", "openai", "gsm8k", "main/test-00000-of-00001.parquet", "question", "unique_id"},
    {"aime24", "HuggingFaceH4", "aime_2024", "data/train-00000-of-00001.parquet", "problem", "id"},
    {"aime25", "math-ai", "aime25", "test.jsonl", "problem", "id"},
};

static const known_set *find_set(const char *name) {
    for (size_t i = 0; i < sizeof known_sets / sizeof *known_sets; i++)
        if (ps_config_is(name, known_sets[i].name)) return &known_sets[i];
    return NULL;
}

/* The names in the data set of a configuration: its own, changed by evaluation.fields. */
static void fields_of(const ps_config *c, ps_field_names *fields) {
    const char *const given[PS_FIELDS] = {[PS_FIELD_problem] = c->evaluation_fields_problem,
                                          [PS_FIELD_answer] = c->evaluation_fields_answer,
                                          [PS_FIELD_unique_id] = c->evaluation_fields_unique_id,
                                          [PS_FIELD_subject] = c->evaluation_fields_subject,
                                          [PS_FIELD_level] = c->evaluation_fields_level};
    *fields = ps_usual_fields;
    const known_set *set = find_set(c->evaluation_dataset);
    if (set != NULL) {
        bool question = strcmp(set->problem, "question") == 0;
        fields->names[PS_FIELD_problem][0] = set->problem;
        fields->names[PS_FIELD_problem][1] = question ? "problem" : "question";
        fields->names[PS_FIELD_unique_id][0] = set->unique_id;
    }
    for (ps_field f = 0; f < PS_FIELDS; f++)
        if (given[f] != NULL) {
            fields->given[f] = true;
            fields->names[f][0] = given[f];
            fields->names[f][1] = NULL;
        }
}

/* ---- Parquet ------------------------------------------------------------- */

static bool is_parquet(const char *path) {
    static const char ending[] = ".parquet";
    size_t n = strlen(path), m = strlen(ending);
    return n > m && strcmp(path + n - m, ending) == 0;
}

/* The line of Python that makes JSONL of `from`, for a known set where it is looked for. A path that a shell or Python
 * would take apart is left for the user to write. */
static void append_conversion(ps_text *text, const char *from, const known_set *set) {
    bool plain = strpbrk(from, "'\"\\$`\n") == NULL;
    ps_text_printf(text,
                   "  %spython3 -c \"import pandas; pandas.read_parquet('%s').to_json('%s%s.jsonl', orient='records', "
                   "lines=True)\"",
                   set != NULL ? "mkdir -p data; " : "", plain ? from : "FILE", set != NULL ? "data/" : "",
                   set != NULL ? set->name : "problems");
}

static ps_status fail_parquet(const char *path, const known_set *set, ps_error *err) {
    ps_text command = {0};
    append_conversion(&command, path, set);
    ps_status status =
        ps_text_ok(&command)
            ? ps_fail(err, PS_FORMAT,
                      "%s: a Parquet file, which is not read here. Make JSONL of it, with Python's pandas "
                      "and pyarrow:\n%s\nand %s",
                      path, ps_text_cstr(&command), set != NULL ? "say the same again" : "give problems.jsonl")
            : ps_nomem(err);
    ps_text_clear(&command);
    return status;
}

ps_status ps_dataset_fail_parquet(const char *path, ps_error *err) {
    return fail_parquet(path, NULL, err);
}

/* ---- Where a set lies here ----------------------------------------------- */

/* $XDG_DATA_HOME/persamp/data, as the XDG base directory specification has it; empty where there is no home. */
static void append_user_folder(ps_text *text) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data != NULL && data[0] == '/')
        ps_text_printf(text, "%s/persamp/data", data);
    else if (home != NULL && home[0] == '/')
        ps_text_printf(text, "%s/.local/share/persamp/data", home);
}

/* NAME.jsonl or NAME.json in a folder. *path stays NULL when neither is there. */
static ps_status find_in_folder(const char *folder, const char *name, char **path, ps_error *err) {
    static const char *const endings[] = {"jsonl", "json"};
    ps_text text = {0};
    ps_status status = PS_OK;
    for (size_t i = 0; i < 2 && *path == NULL && status == PS_OK && *folder != '\0'; i++) {
        ps_text_reset(&text);
        ps_text_printf(&text, "%s/%s.%s", folder, name, endings[i]);
        if (!ps_text_ok(&text) || (ps_is_file(ps_text_cstr(&text)) && (*path = ps_strdup(ps_text_cstr(&text))) == NULL))
            status = ps_nomem(err);
    }
    ps_text_clear(&text);
    return status;
}

static ps_status find_in_data_folders(const known_set *set, char **path, ps_error *err) {
    ps_text user = {0}, shipped = {0};
    append_user_folder(&user);
    ps_text_printf(&shipped, "data/%s.jsonl", set->name);
    ps_status status = ps_text_ok(&user) && ps_text_ok(&shipped) ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = find_in_folder("data", set->name, path, err);
    if (status == PS_OK && *path == NULL) status = find_in_folder(ps_text_cstr(&user), set->name, path, err);
    if (status == PS_OK && *path == NULL) status = ps_find_shipped(ps_text_cstr(&shipped), path, err);
    ps_text_clear(&user);
    ps_text_clear(&shipped);
    return status;
}

/* Append the revision that refs/main of a folder of the hub's cache names; nothing where it names none. */
static ps_status append_revision(const char *folder, ps_text *path, ps_error *err) {
    enum { LONGEST = 128 };
    char *revision = NULL;
    size_t length = 0, n = 0;
    ps_text ref = {0};
    ps_text_printf(&ref, "%s/refs/main", folder);
    ps_status status =
        ps_text_ok(&ref) ? ps_read_file(ps_text_cstr(&ref), LONGEST, &revision, &length, NULL) : PS_NOMEM;
    while (n < length && isalnum((unsigned char)revision[n]))
        n++;
    ps_text_append(path, revision, n);
    ps_free(revision);
    ps_text_clear(&ref);
    return status == PS_NOMEM ? ps_nomem(err) : PS_OK; /* without the file, any revision will do */
}

/* The file of the revision last fetched as "main". *path stays NULL when it is not there. */
static ps_status find_main(const char *folder, const char *file, char **path, ps_error *err) {
    ps_text text = {0};
    ps_text_printf(&text, "%s/snapshots/", folder);
    size_t before = text.length;
    ps_status status = append_revision(folder, &text, err);
    bool named = text.length > before;
    ps_text_printf(&text, "/%s", file);
    if (status == PS_OK && !ps_text_ok(&text)) status = ps_nomem(err);
    if (status == PS_OK && named && ps_is_file(ps_text_cstr(&text)) && (*path = ps_strdup(ps_text_cstr(&text))) == NULL)
        status = ps_nomem(err);
    ps_text_clear(&text);
    return status;
}

/* The file of the last revision in alphabetical order that has it. */
static ps_status find_any(const char *folder, const char *file, char **path, ps_error *err) {
    ps_text pattern = {0};
    glob_t found = {0};
    ps_append_literal(&pattern, folder);
    ps_text_printf(&pattern, "/snapshots/*/%s", file);
    ps_status status = ps_text_ok(&pattern) ? PS_OK : ps_nomem(err);
    if (status == PS_OK && glob(ps_text_cstr(&pattern), 0, NULL, &found) == 0 && found.gl_pathc > 0 &&
        (*path = ps_strdup(found.gl_pathv[found.gl_pathc - 1])) == NULL)
        status = ps_nomem(err);
    globfree(&found);
    ps_text_clear(&pattern);
    return status;
}

static ps_status find_in_hub(const ps_config *c, const known_set *set, char **path, ps_error *err) {
    ps_text folder = {0};
    ps_append_hub_cache(c, &folder);
    ps_text_printf(&folder, "/datasets--%s--%s", set->owner, set->repository);
    ps_status status = ps_text_ok(&folder) ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = find_main(ps_text_cstr(&folder), set->file, path, err);
    if (status == PS_OK && *path == NULL) status = find_any(ps_text_cstr(&folder), set->file, path, err);
    ps_text_clear(&folder);
    return status;
}

/* Where it was looked for, and the command that brings it. */
static ps_status fail_missing(const ps_config *c, const known_set *set, ps_error *err) {
    ps_text hub = {0}, user = {0}, command = {0}, from = {0};
    append_user_folder(&user);
    ps_append_hub_cache(c, &hub);
    ps_text_printf(&from, "hf://datasets/%s/%s/%s", set->owner, set->repository, set->file);
    if (is_parquet(set->file))
        append_conversion(&command, ps_text_cstr(&from), set);
    else
        ps_text_printf(&command, "  hf download --repo-type dataset %s/%s %s", set->owner, set->repository, set->file);
    ps_status status = PS_IO;
    if (!ps_text_ok(&user) || !ps_text_ok(&from) || !ps_text_ok(&command) || !ps_text_ok(&hub))
        status = ps_nomem(err);
    else
        ps_fail(
            err, PS_IO,
            "evaluation.dataset is %s, which is not here: no %s.jsonl in ./data or %s, and no %s of %s/%s in the hub's "
            "cache %s. Get it with\n%s\n(from pip: %s), or name a file with evaluation.dataset_path",
            set->name, set->name, ps_text_cstr(&user), set->file, set->owner, set->repository, ps_text_cstr(&hub),
            ps_text_cstr(&command), is_parquet(set->file) ? "pandas, pyarrow and huggingface_hub" : "huggingface_hub");
    ps_text_clear(&hub);
    ps_text_clear(&user);
    ps_text_clear(&command);
    ps_text_clear(&from);
    return status;
}

static ps_status find_known(const ps_config *c, const known_set *set, char **path, ps_error *err) {
    char *found = NULL;
    ps_status status = find_in_data_folders(set, &found, err);
    if (status == PS_OK && found == NULL) status = find_in_hub(c, set, &found, err);
    if (status == PS_OK && found == NULL)
        status = fail_missing(c, set, err);
    else if (status == PS_OK && is_parquet(found))
        status = fail_parquet(found, set, err);
    if (status == PS_OK)
        *path = found;
    else
        ps_free(found);
    return status;
}

ps_status ps_dataset_path(const ps_config *c, char **path, ps_error *err) {
    const known_set *set = find_set(c->evaluation_dataset);
    if (c->evaluation_dataset_path != NULL) {
        *path = ps_strdup(c->evaluation_dataset_path);
        return *path != NULL ? PS_OK : ps_nomem(err);
    }
    if (set != NULL) return find_known(c, set, path, err);
    if (c->evaluation_dataset != NULL)
        return ps_fail(err, PS_ARG, "evaluation.dataset is %s, which needs evaluation.dataset_path",
                       c->evaluation_dataset);
    return ps_shipped_file("data/test.jsonl", path, err);
}

ps_status ps_dataset_open(const ps_config *c, ps_dataset **dataset, char **path, ps_error *err) {
    ps_field_names fields;
    char *found = NULL;
    fields_of(c, &fields);
    ps_status status = ps_dataset_path(c, &found, err);
    if (status == PS_OK) status = ps_dataset_read(found, &fields, dataset, err);
    if (status == PS_OK)
        *path = found;
    else
        ps_free(found);
    return status;
}
