/* The engine seam: thin calls through the table, with the argument checks every engine would repeat. */
#include "persamp/engine.h"
#include "persamp/engine_llama.h"

#include <string.h>

void ps_engine_free(ps_engine *engine) {
    if (engine != NULL) engine->ops->destroy(engine);
}

/* ---- Prompts and nodes --------------------------------------------------- */

static ps_status no_tokenizer(const ps_engine *engine, ps_error *err) {
    return ps_fail(err, PS_ENGINE, "the engine %s has no tokenizer: give it prompts as messages or text",
                   engine->ops->name);
}

ps_status ps_engine_tokenize(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                             size_t *n, ps_error *err) {
    if (engine->ops->tokenize == NULL) return no_tokenizer(engine, err);
    return engine->ops->tokenize(engine, text, length, special, tokens, n, err);
}

ps_status ps_engine_render_chat(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text,
                                ps_error *err) {
    if (engine->ops->render_chat == NULL) return no_tokenizer(engine, err);
    return engine->ops->render_chat(engine, messages, n, text, err);
}

ps_status ps_engine_root(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    if (n == 0) return ps_fail(err, PS_ARG, "a prompt needs at least one token");
    if (engine->ops->root == NULL) return no_tokenizer(engine, err);
    return engine->ops->root(engine, tokens, n, node, err);
}

/* Append the tokens of a part. */
static ps_status tokenize_part(ps_engine *engine, const ps_prompt_part *part, ps_token **tokens, size_t *n,
                               size_t *capacity, ps_error *err) {
    ps_token *more = NULL;
    size_t count = 0;
    ps_status status = ps_engine_tokenize(engine, part->text, part->length, !part->user, &more, &count, err);
    if (status == PS_OK && ps_reserve(tokens, capacity, *n + count) != PS_OK) status = ps_nomem(err);
    if (status == PS_OK && count > 0) {
        memcpy(*tokens + *n, more, count * sizeof *more);
        *n += count;
    }
    ps_free(more);
    return status;
}

/* For engines without a way of their own. */
ps_status ps_engine_prompt(ps_engine *engine, const ps_prompt *prompt, ps_node *node, ps_error *err) {
    if (prompt->n_messages == 0 && prompt->n_parts == 0 && prompt->text == NULL)
        return ps_fail(err, PS_ARG, "a prompt needs messages or a text");
    if (engine->ops->prompt != NULL) return engine->ops->prompt(engine, prompt, node, err);
    char *rendered = NULL;
    ps_token *tokens = NULL;
    size_t n = 0, capacity = 0;
    ps_status status = PS_OK;
    if (prompt->n_messages > 0)
        status = ps_engine_render_chat(engine, prompt->messages, prompt->n_messages, &rendered, err);
    const char *text = rendered != NULL ? rendered : prompt->text;
    const ps_prompt_part whole = {.text = text, .length = text != NULL ? strlen(text) : 0};
    const bool in_parts = rendered == NULL && prompt->n_parts > 0;
    const ps_prompt_part *parts = in_parts ? prompt->parts : &whole;
    for (size_t i = 0; i < (in_parts ? prompt->n_parts : 1) && status == PS_OK; i++)
        status = tokenize_part(engine, &parts[i], &tokens, &n, &capacity, err);
    if (status == PS_OK) status = ps_engine_root(engine, tokens, n, node, err);
    ps_free(rendered);
    ps_free(tokens);
    return status;
}

void ps_engine_retain(ps_engine *engine, ps_node node) {
    if (node != 0) engine->ops->retain(engine, node);
}

void ps_engine_release(ps_engine *engine, ps_node node) {
    if (node != 0) engine->ops->release(engine, node);
}

/* ---- Requests ------------------------------------------------------------ */

/* A generation that would never end or never start is an argument error, not a hang. The condition on temperature and
 * top_p is written so that NaN fails. */
static ps_status check_generation(const ps_generation *g, ps_error *err) {
    if (g == NULL) return ps_fail(err, PS_ARG, "an extension needs a generation");
    if (!(g->temperature >= 0.0 && g->temperature < 1e6))
        return ps_fail(err, PS_ARG, "temperature is %g; expected 0 (greedy) or more", g->temperature);
    if (!(g->top_p > 0.0 && g->top_p <= 1.0)) return ps_fail(err, PS_ARG, "top_p is %g; expected (0, 1]", g->top_p);
    if (g->top_k < 0) return ps_fail(err, PS_ARG, "top_k is %d; expected 0 (all) or more", g->top_k);
    if (g->max_tokens < 1) return ps_fail(err, PS_ARG, "max_tokens of a step is %d; expected ≥ 1", g->max_tokens);
    if (g->max_answer_tokens < 0)
        return ps_fail(err, PS_ARG, "max_answer_tokens is %d; expected 0 (no limit) or more", g->max_answer_tokens);
    if (g->boundary == PS_BOUNDARY_FIXED && g->fixed_tokens < 1)
        return ps_fail(err, PS_ARG, "fixed_tokens is %d; expected ≥ 1", g->fixed_tokens);
    if (g->ramp_tokens < 0) return ps_fail(err, PS_ARG, "ramp_tokens is %d; expected 0 (none) or more", g->ramp_tokens);
    return PS_OK;
}

/* A ramp that is passed over in silence would make every weight wrong that counts on it. */
static ps_status check_ramp(const ps_engine *engine, const ps_generation *g, ps_error *err) {
    ps_engine_info info;
    if (g->ramp_tokens == 0) return PS_OK;
    ps_engine_get_info(engine, &info);
    if ((info.can & PS_ENGINE_RAMP) != 0) return PS_OK;
    return ps_fail(err, PS_ARG, "the engine %s draws a whole step at one temperature: it has no ramp_tokens",
                   engine->ops->name);
}

ps_status ps_engine_extend(ps_engine *engine, const ps_extend_request *request, ps_error *err) {
    ps_status status = check_generation(request->generation, err);
    if (status == PS_OK) status = check_ramp(engine, request->generation, err);
    return status == PS_OK ? engine->ops->extend(engine, request, err) : status;
}

/* For engines that take tokens alone: those of the text in front, and the marks as far behind. */
static ps_status evaluate_tokens(ps_engine *engine, const ps_evaluate_request *request, ps_error *err) {
    const ps_prompt_part part = {.text = request->text, .length = request->text_length, .user = true};
    ps_evaluate_request whole = *request;
    ps_token *tokens = NULL;
    size_t n = 0, capacity = 0;
    uint32_t *marks = ps_reallocarray(NULL, request->n_marks + 1, sizeof *marks);
    ps_status status = marks != NULL ? tokenize_part(engine, &part, &tokens, &n, &capacity, err) : ps_nomem(err);
    if (status == PS_OK && ps_reserve(&tokens, &capacity, n + request->n_tokens + 1) != PS_OK) status = ps_nomem(err);
    if (status == PS_OK) {
        if (request->n_tokens > 0) memcpy(tokens + n, request->tokens, request->n_tokens * sizeof *tokens);
        for (size_t i = 0; i < request->n_marks; i++)
            marks[i] = (uint32_t)n + request->marks[i];
        whole.text = NULL;
        whole.text_length = 0;
        whole.tokens = tokens;
        whole.n_tokens = n + request->n_tokens;
        whole.marks = marks;
        status = engine->ops->evaluate(engine, &whole, err);
    }
    ps_free(tokens);
    ps_free(marks);
    return status;
}

ps_status ps_engine_evaluate(ps_engine *engine, const ps_evaluate_request *request, ps_error *err) {
    if (engine->ops->evaluate == NULL) return ps_fail(err, PS_ARG, "the engine %s cannot evaluate", engine->ops->name);
    if (request->n_tokens + request->text_length == 0)
        return ps_fail(err, PS_ARG, "an evaluation needs a text or at least one token");
    for (size_t i = 0; i < request->n_marks; i++)
        if (request->marks[i] >= request->n_tokens || (i > 0 && request->marks[i] <= request->marks[i - 1]))
            return ps_fail(err, PS_ARG,
                           "mark %zu is at token %u of %zu; expected ascending positions within the tokens", i,
                           request->marks[i], request->n_tokens);
    if (request->text_length == 0 || engine->ops->evaluates_text) return engine->ops->evaluate(engine, request, err);
    return evaluate_tokens(engine, request, err);
}

ps_status ps_engine_poll(ps_engine *engine, double seconds, const ps_event **events, size_t *n, ps_error *err) {
    return engine->ops->poll(engine, seconds, events, n, err);
}

void ps_engine_wake(ps_engine *engine) {
    if (engine->ops->wake != NULL) engine->ops->wake(engine);
}

void ps_engine_cancel(ps_engine *engine, uint64_t tag) {
    if (engine->ops->cancel != NULL) engine->ops->cancel(engine, tag);
}

void ps_engine_begin(ps_engine *engine) {
    if (engine->ops->begin != NULL) engine->ops->begin(engine);
}

bool ps_engine_on_ready(ps_engine *engine, void (*ready)(void *user), void *user) {
    if (engine->ops->on_ready == NULL) return false;
    engine->ops->on_ready(engine, ready, user);
    return true;
}

/* ---- Facts --------------------------------------------------------------- */

void ps_engine_get_info(const ps_engine *engine, ps_engine_info *info) {
    *info = (ps_engine_info){0};
    engine->ops->info(engine, info);
}

size_t ps_engine_in_flight(const ps_engine *engine, size_t width) {
    return engine->ops->in_flight(engine, width > 0 ? width : 1);
}

void ps_engine_get_stats(const ps_engine *engine, ps_engine_stats *stats) {
    *stats = (ps_engine_stats){0};
    engine->ops->stats(engine, stats);
}

size_t ps_engine_servers(const ps_engine *engine, ps_engine_server *servers, size_t most) {
    return engine->ops->servers != NULL ? engine->ops->servers(engine, servers, most) : 0;
}

#ifndef PS_HAVE_LLAMA
ps_status ps_engine_llama_create(const ps_llama_options *options, ps_engine **engine, ps_error *err) {
    (void)engine;
    return ps_fail(err, PS_ENGINE,
                   "%s: this build has no libllama: configure with -DPERSAMP_LLAMA=ON, or use --engine.type=toy",
                   options->model_path != NULL ? options->model_path : "no model");
}
#endif
