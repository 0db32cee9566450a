/* From a configuration to an engine and a process reward model: a row of one table for each type of engine. */
#include "run/models.h"
#include "persamp/engine_llama.h"
#include "persamp/engine_openai.h"
#include "persamp/engine_toy.h"
#include "run/files.h"
#include "run/thinking.h"

#include <stdlib.h>
#include <string.h>

void ps_models_free(ps_models *models) {
    if (models == NULL) return;
    ps_prm_free(models->prm);
    ps_engine_free(models->engine);
    ps_shipped_free(models->shipped);
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

const char *ps_models_doubt(const ps_models *models, const char *question) {
    return ps_shipped_doubt(models->shipped, question);
}

size_t ps_models_doubtful(const ps_models *models, const ps_problem *problems, size_t n) {
    size_t doubtful = 0;
    for (size_t i = 0; i < n; i++)
        doubtful += ps_models_doubt(models, problems[i].text) != NULL;
    return doubtful;
}

static ps_aggregate aggregate_of(const char *name) {
    return ps_config_is(name, "min")    ? PS_AGGREGATE_MIN
           : ps_config_is(name, "prod") ? PS_AGGREGATE_PROD
           : ps_config_is(name, "mean") ? PS_AGGREGATE_MEAN
                                        : PS_AGGREGATE_LAST;
}

/* ---- The toy engine ------------------------------------------------------ */

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

static ps_status open_toy_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    ps_toy_options options = toy_options(c, log);
    return ps_prm_toy_create(&options, aggregate_of(c->scoring_prm_aggregate), &m->prm, err);
}

/* ---- libllama ------------------------------------------------------------ */

static int or_default(int64_t value, int fallback) {
    return value == PS_CONFIG_AUTO ? fallback : (int)value;
}

/* The context asked for; 0, the engine's own choice, where nobody asked: a small model's limit is then no surprise. */
static int context_of(const ps_config *c, const char *key, int64_t value) {
    ps_text origin = {0};
    bool asked = ps_config_get_origin(c, key, &origin, NULL) != PS_OK || strcmp(ps_text_cstr(&origin), "default") != 0;
    ps_text_clear(&origin);
    return asked ? (int)value : 0;
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
        .embeddings = c->models_prm_enabled && ps_config_is(c->scoring_prm_kind, "self"),
        .log = log != NULL ? *log : (ps_log){0},
    };
}

static ps_status load_llama(ps_models *m, const ps_config *c, bool states, const ps_log *log, ps_error *err) {
    ps_status status = ps_model_file(c, c->models_generator_model_path, "models/reasoner.gguf", &m->path, err);
    if (status == PS_OK && c->models_generator_model_path == NULL) status = ps_shipped_create(&m->shipped, err);
    if (status != PS_OK) return status;
    ps_text folder = {0};
    ps_llama_options options = llama_options(c, m->path, log);
    options.cache_dir = ps_measurements_folder(&folder);
    options.embeddings = options.embeddings || states;
    status = ps_engine_llama_create(&options, &m->engine, err);
    ps_text_clear(&folder);
    return status;
}

static ps_status open_llama(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    return load_llama(m, c, false, log, err);
}

ps_status ps_models_open_states(const ps_config *config, const ps_log *log, ps_models **models, ps_error *err) {
    if (!ps_config_is(config->engine_type, "llama"))
        return ps_fail(err, PS_ARG, "engine.type %s gives no hidden states: set it to llama", config->engine_type);
    ps_models *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    ps_status status = load_llama(m, config, true, log, err);
    if (status == PS_OK)
        *models = m;
    else
        ps_models_free(m);
    return status;
}

/* ---- A learned head ------------------------------------------------------ */

void ps_steps_words(const ps_config *c, ps_text *text) {
    ps_text_puts(text, c->generation_step_boundary);
    for (size_t i = 0; ps_config_is(c->generation_step_boundary, "literals") && i < c->generation_step_literals.n; i++)
        ps_text_printf(text, " \"%s\"", c->generation_step_literals.items[i]);
    if (ps_config_is(c->generation_step_boundary, "fixed"))
        ps_text_printf(text, " %lld", (long long)c->generation_fixed_step_tokens);
    ps_text_printf(text, ", %lld to %lld tokens", (long long)c->generation_min_tokens_per_step,
                   (long long)c->generation_max_tokens_per_step);
}

/* A learned head, and whom to tell of what it is not of. */
typedef struct head_use {
    const char *path;
    const ps_log *log;
} head_use;

static void tell_of_text(const head_use *use, const char *key, const char *then, const char *now) {
    if (then != NULL && strcmp(then, now) != 0)
        ps_log_printf(use->log, PS_LOG_WARNING,
                      "%s was learned from answers with %s \"%s\", and here it is \"%s\": its readings are of other "
                      "prompts, and its probabilities of how those answers went on",
                      use->path, key, then, now);
}

static void tell_of_number(const head_use *use, const char *key, double then, double now) {
    if (then >= 0 && then != now)
        ps_log_printf(use->log, PS_LOG_WARNING,
                      "%s was learned from answers drawn at %s %g, and generation.%s is %g: its probabilities are of "
                      "how those went on",
                      use->path, key, then, key, now);
}

static void tell_of_steps(const head_use *use, const char *then, const char *now) {
    if (then != NULL && strcmp(then, now) != 0)
        ps_log_printf(use->log, PS_LOG_WARNING,
                      "%s was learned where steps end by %s, and here they end by %s: its readings are those of other "
                      "places; learn one from samples with these steps, or set generation.step_boundary",
                      use->path, then, now);
}

/* A template says everything that stands before the answer, the system message only where it has a place for it. Kind
 * `head` asks by the chat template, whatever prompt.template says, and with its own system message. */
static void tell_of_prompts(const head_use *use, const ps_config *c, const ps_head_origin *origin) {
    const bool self = ps_config_is(c->scoring_prm_kind, "self");
    const char *template = c->prompt_template != NULL ? c->prompt_template : "";
    if (*template == '\0' || strstr(template, "{system}") != NULL)
        tell_of_text(use, "prompt.system", origin->system, c->prompt_system);
    tell_of_text(use, "prompt.template", origin->prompt, template);
    if (self) return;
    if (c->scoring_prm_system != NULL) tell_of_text(use, "scoring.prm.system", origin->system, c->scoring_prm_system);
    if (origin->prompt != NULL && *origin->prompt != '\0')
        ps_log_printf(use->log, PS_LOG_WARNING,
                      "%s was learned behind a prompt.template, and scoring.prm.kind head reads behind the model's "
                      "own chat template: its readings are of other prompts; kind self reads behind the same",
                      use->path);
}

/* What a head says of a prefix is said of how its samples went on: asked or drawn otherwise, answers go on otherwise.
 */
static ps_status tell_of_other_samples(const ps_config *c, const char *path, const ps_log *log, ps_error *err) {
    const head_use use = {path, log};
    ps_head_origin origin = {0};
    bool learned = false;
    ps_text steps = {0};
    ps_status status = ps_head_origin_read(path, &origin, &learned, err);
    if (status != PS_OK) return status;
    ps_steps_words(c, &steps);
    if (!ps_text_ok(&steps)) status = ps_nomem(err);
    if (status == PS_OK && learned) {
        tell_of_steps(&use, origin.steps, ps_text_cstr(&steps));
        tell_of_prompts(&use, c, &origin);
        tell_of_number(&use, "temperature", origin.temperature, c->generation_temperature);
        tell_of_number(&use, "top_p", origin.top_p, c->generation_top_p);
        tell_of_number(&use, "top_k", origin.top_k, (double)c->generation_top_k);
    }
    ps_head_origin_clear(&origin);
    ps_text_clear(&steps);
    return status;
}

static ps_status open_self_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    char *head = NULL;
    ps_status status = ps_model_file(c, c->scoring_prm_head_path, "models/prm_head.gguf", &head, err);
    if (status == PS_OK)
        status = ps_prm_self_create(m->engine, head, aggregate_of(c->scoring_prm_aggregate), &m->prm, err);
    if (status == PS_OK) status = tell_of_other_samples(c, head, log, err);
    ps_free(head);
    return status;
}

static bool ends_steps(const ps_config *c, const char *separator) {
    const char *boundary = c->generation_step_boundary;
    for (size_t i = 0; ps_config_is(boundary, "literals") && i < c->generation_step_literals.n; i++)
        if (strcmp(c->generation_step_literals.items[i], separator) == 0) return true;
    return (ps_config_is(boundary, "newline") && strcmp(separator, "\n") == 0) ||
           (ps_config_is(boundary, "paragraph") && strcmp(separator, "\n\n") == 0);
}

/* Whoever set the steps of the search should know that the reward model has others. */
static void tell_of_other_steps(const ps_config *c, const ps_prm *prm, const ps_log *log) {
    const char *separator = ps_prm_separator(prm);
    if (separator == NULL || ends_steps(c, separator)) return;
    bool blank_line = strcmp(separator, "\n\n") == 0;
    ps_log_printf(
        log, PS_LOG_WARNING,
        "the reward model is read at %s%s%s and at the end of an answer (step_separator); steps of the search "
        "end by %s: between readings the last one stands%s",
        blank_line ? "blank lines" : "\"", blank_line ? "" : separator, blank_line ? "" : "\"",
        c->generation_step_boundary, blank_line ? "; generation.step_boundary paragraph comes nearest" : "");
}

static ps_prm_options prm_options(const ps_config *c, const char *head, const ps_log *log) {
    return (ps_prm_options){
        .aggregate = aggregate_of(c->scoring_prm_aggregate),
        .system = c->scoring_prm_system,
        .step_tag = c->scoring_prm_step_tag,
        .step_separator = c->scoring_prm_step_separator,
        .positive = c->scoring_prm_positive,
        .negative = c->scoring_prm_negative,
        .head_path = head,
        .judge = ps_config_is(c->scoring_prm_kind, "judge"),
        .judge_prompt = c->scoring_prm_judge_prompt,
        .log = log != NULL ? *log : (ps_log){0},
    };
}

static ps_status open_llama_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    ps_engine *engine = NULL;
    char *path = NULL, *head = NULL;
    ps_text folder = {0};
    bool with_head = ps_config_is(c->scoring_prm_kind, "head"), judge = ps_config_is(c->scoring_prm_kind, "judge");
    const char *configured = c->models_prm_model_path;
    /* The generator judges itself: its file is mapped twice, and the pages are shared. */
    if (judge && configured == NULL) configured = m->path;
    ps_status status = ps_model_file(c, configured, "models/prm.gguf", &path, err);
    if (status == PS_OK && with_head)
        status = ps_model_file(c, c->scoring_prm_head_path, "models/prm_head.gguf", &head, err);
    if (status != PS_OK) goto done;
    ps_llama_options options = llama_options(c, path, log);
    options.n_ctx = context_of(c, "models.prm.max_model_len", c->models_prm_max_model_len);
    options.embeddings = with_head;
    options.cache_dir = ps_measurements_folder(&folder);
    status = ps_engine_llama_create(&options, &engine, err);
    if (status != PS_OK) goto done;
    const ps_prm_options prm = prm_options(c, head, log);
    status = ps_prm_create(engine, path, &prm, &m->prm, err);
    if (status == PS_OK) {
        engine = NULL;
        tell_of_other_steps(c, m->prm, &options.log);
        if (with_head) status = tell_of_other_samples(c, head, &options.log, err);
    }
done:
    ps_engine_free(engine);
    ps_text_clear(&folder);
    ps_free(path);
    ps_free(head);
    return status;
}

/* ---- Servers ------------------------------------------------------------- */

/* The key: of the file, without the newline at its end, or of the environment; *key stays NULL where there is none. */
static ps_status read_key(const char *section, const char *file, const char *variable, char **key, ps_error *err) {
    enum { LONGEST = 1 << 16 };
    const char *value = getenv(variable);
    size_t length = 0;
    if (file == NULL && (value == NULL || *value == '\0')) return PS_OK;
    if (file == NULL) {
        *key = ps_strdup(value);
        return *key != NULL ? PS_OK : ps_nomem(err);
    }
    ps_status status = ps_read_file(file, LONGEST, key, &length, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "%s.api_key_file", section);
    if (length > 0 && (*key)[length - 1] == '\n') (*key)[--length] = '\0';
    if (length > 0 && (*key)[length - 1] == '\r') (*key)[--length] = '\0';
    if (length > 0 && strlen(*key) == length) return PS_OK;
    ps_free(*key);
    *key = NULL;
    return ps_fail(err, PS_FORMAT, "%s.api_key_file: %s: expected a key and nothing else", section, file);
}

/* For people; NULL: no memory. */
static char *joined(const ps_config_list *names) {
    ps_text all = {0};
    for (size_t i = 0; i < names->n; i++)
        ps_text_printf(&all, "%s%s", i > 0 ? ", " : "", names->items[i]);
    if (ps_text_ok(&all)) return all.data;
    ps_text_clear(&all);
    return NULL;
}

static ps_status open_openai(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    char *key = NULL;
    const char *model = c->engine_openai_model != NULL ? c->engine_openai_model : c->models_generator_model_path;
    m->path = joined(&c->engine_openai_base_url);
    ps_status status = m->path != NULL ? read_key("engine.openai", c->engine_openai_api_key_file,
                                                  c->engine_openai_api_key_env, &key, err)
                                       : ps_nomem(err);
    if (status != PS_OK) return status;
    const ps_openai_options options = {
        .base_urls = c->engine_openai_base_url.items,
        .n_base_urls = c->engine_openai_base_url.n,
        .model = model,
        .key = key,
        .allow_plain_key = c->engine_openai_allow_plain_key,
        .max_under_way = (size_t)c->engine_openai_max_concurrency,
        .timeout_s = c->engine_openai_timeout_s,
        .retries = (int)c->engine_openai_retries,
        .outage_s = c->engine_openai_outage_s,
        .context = (size_t)context_of(c, "models.generator.max_model_len", c->models_generator_max_model_len),
        .log = log != NULL ? *log : (ps_log){0},
    };
    status = ps_engine_openai_create(&options, &m->engine, err);
    ps_free(key);
    return status;
}

/* The engine names the keys of a generator; these are the reward model's. */
static void name_its_keys(ps_error *err) {
    static const char theirs[] = "engine.openai.";
    ps_error named = {.code = err->code};
    ps_text text = {0};
    for (const char *at = err->message, *found; at != NULL; at = found != NULL ? found + strlen(theirs) : NULL) {
        found = strstr(at, theirs);
        ps_text_append(&text, at, found != NULL ? (size_t)(found - at) : strlen(at));
        if (found != NULL) ps_text_puts(&text, "models.prm.openai.");
    }
    if (ps_text_ok(&text)) (void)ps_fail(&named, err->code, "the reward model: %s", ps_text_cstr(&text));
    if (ps_text_ok(&text)) *err = named;
    ps_text_clear(&text);
}

static bool is_pooling(const ps_config *c) {
    return ps_config_is(c->scoring_prm_kind, "pooling") || ps_config_is(c->scoring_prm_kind, "remote");
}

static ps_status open_served_prm(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    char *key = NULL;
    ps_engine *engine = NULL;
    ps_error why;
    ps_status status =
        read_key("models.prm.openai", c->models_prm_openai_api_key_file, c->models_prm_openai_api_key_env, &key, err);
    if (status != PS_OK) return status;
    const ps_openai_options server = {
        .base_url = c->models_prm_openai_base_url,
        .model = c->models_prm_openai_model != NULL ? c->models_prm_openai_model : c->models_prm_model_path,
        .key = key,
        .allow_plain_key = c->models_prm_openai_allow_plain_key,
        .max_under_way = (size_t)c->models_prm_openai_max_concurrency,
        .timeout_s = c->models_prm_openai_timeout_s,
        .retries = (int)c->models_prm_openai_retries,
        .outage_s = c->models_prm_openai_outage_s,
        .context = (size_t)context_of(c, "models.prm.max_model_len", c->models_prm_max_model_len),
        .log = log != NULL ? *log : (ps_log){0},
    };
    const ps_prm_options options = prm_options(c, NULL, log);
    if (is_pooling(c)) {
        status = ps_prm_pooling_create(&server, &options, &m->prm, &why);
    } else {
        status = ps_engine_openai_create(&server, &engine, &why);
        if (status == PS_OK) status = ps_prm_create(engine, NULL, &options, &m->prm, &why);
        if (status != PS_OK) ps_engine_free(engine);
    }
    ps_free(key);
    if (status != PS_OK) {
        name_its_keys(&why);
        if (err != NULL) *err = why;
    } else {
        tell_of_other_steps(c, m->prm, log);
    }
    return status;
}

/* ---- The table ----------------------------------------------------------- */

/* What engine.type may name, and the reward model in this process beside it. */
typedef ps_status opener(ps_models *models, const ps_config *config, const ps_log *log, ps_error *err);
static const struct {
    const char *type;
    opener *open, *open_prm;
} engines[] = {
    {"llama", open_llama, open_llama_prm},
    {"openai", open_openai, open_llama_prm},
    {"toy", open_toy, open_toy_prm},
};
enum { ENGINES = sizeof engines / sizeof *engines };

static ps_status unknown_engine(const char *type, ps_error *err) {
    ps_text known = {0};
    for (size_t i = 0; i < ENGINES; i++)
        ps_text_printf(&known, "%s%s", i > 0 ? " or " : "", engines[i].type);
    ps_status status =
        ps_fail(err, PS_ARG, "engine.type %s is not built in this version; use %s", type, ps_text_cstr(&known));
    ps_text_clear(&known);
    return status;
}

static ps_status open_all(ps_models *m, const ps_config *c, const ps_log *log, ps_error *err) {
    size_t i = 0;
    while (i < ENGINES && !ps_config_is(c->engine_type, engines[i].type))
        i++;
    if (i == ENGINES) return unknown_engine(c->engine_type, err);
    ps_status status = engines[i].open(m, c, log, err);
    if (status != PS_OK || !c->models_prm_enabled) return status;
    if (ps_config_is(c->scoring_prm_kind, "self") && !ps_config_is(c->engine_type, "toy"))
        return open_self_prm(m, c, log, err);
    const bool served = ps_config_is(c->models_prm_engine, "openai") || ps_config_is(c->scoring_prm_kind, "remote");
    return served ? open_served_prm(m, c, log, err) : engines[i].open_prm(m, c, log, err);
}

ps_status ps_models_open(const ps_config *config, const ps_log *log, ps_models **models, ps_error *err) {
    ps_models *m = ps_calloc(1, sizeof *m);
    if (m == NULL) return ps_nomem(err);
    ps_status status = open_all(m, config, log, err);
    if (status == PS_OK) status = ps_tell_of_thinking(m, config, log, err);
    if (status == PS_OK)
        *models = m;
    else
        ps_models_free(m);
    return status;
}
