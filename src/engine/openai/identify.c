#include "engine/openai/read.h"

#include <string.h>

/* By who says it owns the model. */
static const struct kind {
    const char *owner;
    const ps_dialect *dialect;
} kinds[] = {{"vllm", &ps_dialect_vllm}, {"llamacpp", &ps_dialect_llama_server}};

static const ps_dialect *dialect_of(const json_t *model) {
    const char *owner = json_string_value(json_object_get(model, "owned_by"));
    for (size_t i = 0; owner != NULL && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(owner, kinds[i].owner) == 0) return kinds[i].dialect;
    return &ps_dialect_plain;
}

/* ---- Which model --------------------------------------------------------- */

static const char *name_of(const json_t *model) {
    return json_string_value(json_object_get(model, "id"));
}

bool ps_remote_has_no_list(int code) {
    return code == 404 || code == 405;
}

/* The names of the first few, for a message. */
static const char *names_of(const json_t *models, ps_arena *arena) {
    const size_t most = 8, n = json_array_size(models);
    ps_text names = {.arena = arena};
    for (size_t i = 0; i < n && i < most; i++) {
        const char *name = name_of(json_array_get(models, i));
        ps_text_printf(&names, "%s\"%s\"", i > 0 ? ", " : "", name != NULL ? name : "?");
    }
    if (n == 0) ps_text_puts(&names, "no model");
    if (n > most) ps_text_printf(&names, " and %zu others", n - most);
    return ps_text_cstr(&names);
}

/* vLLM and llama-server list every model that they have. */
static bool lists_all(const json_t *models) {
    for (size_t i = 0; i < json_array_size(models); i++)
        if (dialect_of(json_array_get(models, i)) != &ps_dialect_plain) return true;
    return false;
}

/* *model NULL: a plain server lists others than the one that is wanted. */
static ps_status choose(const json_t *models, const char *wanted, ps_arena *arena, const json_t **model,
                        ps_error *err) {
    const size_t n = json_array_size(models);
    *model = NULL;
    if (wanted == NULL && n == 0)
        return ps_fail(err, PS_FORMAT,
                       "the server names no model (GET /v1/models); set engine.openai.model to its name");
    if (wanted == NULL && n > 1)
        return ps_fail(err, PS_ARG, "the server has several models; set engine.openai.model to one of %s",
                       names_of(models, arena));
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_array_get(models, i);
        const char *name = name_of(one);
        if (name == NULL) return ps_remote_unexpected("id", json_object_get(one, "id"), "the name of a model", err);
        if (wanted != NULL && strcmp(name, wanted) != 0) continue;
        *model = one;
        return PS_OK;
    }
    if (!lists_all(models)) return PS_OK;
    return ps_fail(err, PS_ARG, "the server has no model \"%s\"; engine.openai.model may be %s", wanted,
                   names_of(models, arena));
}

/* ---- What is said of it -------------------------------------------------- */

/* A text that may be missing. */
static ps_status text_or_null(const json_t *object, const char *key, ps_arena *arena, const char **text,
                              ps_error *err) {
    if (!json_is_string(json_object_get(object, key))) return PS_OK;
    return ps_remote_get_text(object, key, arena, text, NULL, err);
}

static ps_status read_model(const json_t *model, ps_arena *arena, ps_remote_facts *facts, ps_error *err) {
    const json_t *meta = json_object_get(model, "meta");
    ps_status status = ps_remote_get_text(model, "id", arena, &facts->model, NULL, err);
    if (status == PS_OK) status = text_or_null(model, "root", arena, &facts->root, err);
    if (status == PS_OK)
        status = ps_remote_get_count_or(json_is_object(meta) ? meta : model,
                                        json_is_object(meta) ? "n_ctx" : "max_model_len", 0, &facts->context, err);
    if (status == PS_OK) status = ps_remote_get_count_or(meta, "n_vocab", 0, &facts->vocabulary, err);
    if (status == PS_OK) status = ps_remote_get_count_or(meta, "n_params", 0, &facts->parameters, err);
    return status;
}

/* Whatever else answers to GET /version is no reason not to go on. */
static ps_status read_version(const char *version, size_t length, ps_arena *arena, ps_remote_facts *facts,
                              ps_error *err) {
    json_error_t syntax;
    json_t *root = version != NULL ? json_loadb(version, length, 0, &syntax) : NULL;
    ps_status status = root != NULL ? text_or_null(root, "version", arena, &facts->version, err) : PS_OK;
    json_decref(root);
    return status;
}

/* What is not listed. */
static ps_status believe(const char *wanted, ps_arena *arena, ps_remote_facts *facts, ps_error *err) {
    if (wanted == NULL)
        return ps_fail(err, PS_FORMAT, "the server has no list of models; set engine.openai.model to the name of one");
    facts->model = ps_arena_strndup(arena, wanted, strlen(wanted));
    if (facts->listed == NULL) facts->listed = "nothing";
    return ps_arena_ok(arena) ? PS_OK : ps_nomem(err);
}

/* Of a list. */
static ps_status find(const char *models, size_t length, const char *wanted, ps_arena *arena,
                      const ps_dialect **dialect, ps_remote_facts *facts, ps_error *err) {
    json_t *root = NULL;
    const json_t *list = NULL, *model = NULL;
    ps_status status = ps_remote_json_open(models, length, PS_REMOTE_MOST_VALUES, arena, &root, err);
    if (status == PS_OK) status = ps_remote_get_array(root, "data", &list, err);
    if (status == PS_OK) status = choose(list, wanted, arena, &model, err);
    if (status == PS_OK && model != NULL) {
        status = read_model(model, arena, facts, err);
        *dialect = dialect_of(model);
    } else if (status == PS_OK) {
        facts->listed = names_of(list, arena);
        status = believe(wanted, arena, facts, err);
        *dialect = &ps_dialect_plain;
    }
    json_decref(root);
    return status;
}

ps_status ps_remote_identify(const char *models, size_t models_length, const char *version, size_t version_length,
                             const char *wanted, ps_arena *arena, const ps_dialect **dialect, ps_remote_facts *facts,
                             ps_error *err) {
    ps_remote_facts read = {0};
    const ps_dialect *found = &ps_dialect_plain;
    ps_status status = models != NULL ? find(models, models_length, wanted, arena, &found, &read, err)
                                      : believe(wanted, arena, &read, err);
    if (status == PS_OK) status = read_version(version, version_length, arena, &read, err);
    if (status != PS_OK) return status;
    *dialect = found;
    *facts = read;
    return PS_OK;
}
