/* The table behind the seam: creation, text, submission, facts. What a step does is in table_step.c. */
#include "engine/toy/table.h"

#include <stdio.h>
#include <string.h>

static ps_toy_table *self(ps_engine *engine) {
    return (ps_toy_table *)engine;
}

static void destroy(ps_engine *engine) {
    ps_toy_table *table = self(engine);
    ps_toy_clear(&table->toy);
    ps_toy_model_clear(&table->model);
    ps_step_clear(&table->matcher);
    ps_free(table->window);
    ps_free(table->numbers);
    ps_free(table->q);
    ps_free(table);
}

/* ---- Prompts ------------------------------------------------------------- */

static ps_status tokenize(ps_engine *engine, const char *text, size_t length, bool special, ps_token **tokens,
                          size_t *n, ps_error *err) {
    return ps_toy_model_tokenize(&self(engine)->model, text, length, special, tokens, n, err);
}

/* No template: the contents one after the other. */
static ps_status render_chat(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    (void)engine;
    ps_text all = {0};
    for (size_t i = 0; i < n; i++)
        ps_text_puts(&all, messages[i].content);
    ps_text_append(&all, "", 0); /* nothing still gives a string */
    if (!ps_text_ok(&all)) {
        ps_text_clear(&all);
        return ps_nomem(err);
    }
    *text = all.data;
    return PS_OK;
}

static ps_status check_tokens(const ps_toy_table *table, const ps_token *tokens, size_t n, ps_error *err) {
    const size_t vocabulary = table->model.n_tokens;
    for (size_t i = 0; i < n; i++)
        if (tokens[i] < 0 || (size_t)tokens[i] >= vocabulary)
            return ps_fail(err, PS_ARG, "toy engine: token %zu is %d; expected 0 to %zu", i, (int)tokens[i],
                           vocabulary - 1);
    return PS_OK;
}

static ps_status root(ps_engine *engine, const ps_token *tokens, size_t n, ps_node *node, ps_error *err) {
    ps_toy_table *table = self(engine);
    ps_status status = check_tokens(table, tokens, n, err);
    return status == PS_OK ? ps_toy_root(&table->toy, tokens, n, node, err) : status;
}

static ps_status evaluate(ps_engine *engine, const ps_evaluate_request *request, ps_error *err) {
    ps_toy_table *table = self(engine);
    ps_status status = check_tokens(table, request->tokens, request->n_tokens, err);
    if (status == PS_OK) status = check_tokens(table, request->choices, request->n_choices, err);
    return status == PS_OK ? ps_toy_submit_evaluation(&table->toy, request, err) : status;
}

/* ---- Facts --------------------------------------------------------------- */

static void info(const ps_engine *engine, ps_engine_info *info) {
    const ps_toy_table *table = (const ps_toy_table *)engine;
    *info = (ps_engine_info){.engine = "toy",
                             .model = table->model.name,
                             .description = table->description,
                             .identity = table->identity,
                             .vocabulary = table->model.n_tokens,
                             .context = table->toy.n_ctx,
                             .hidden_size = table->model.n_tokens, /* the hidden state of a table is its distribution */
                             .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_TOKENS |
                                    PS_ENGINE_EVALUATE | PS_ENGINE_HIDDEN | PS_ENGINE_SEEDS | PS_ENGINE_DETERMINISTIC |
                                    PS_ENGINE_CERTAINTY | PS_ENGINE_CONFIDENCE | PS_ENGINE_RAMP};
}

static const ps_engine_ops table_ops = {.name = "toy",
                                        .destroy = destroy,
                                        .tokenize = tokenize,
                                        .render_chat = render_chat,
                                        .root = root,
                                        .retain = ps_toy_retain,
                                        .release = ps_toy_release,
                                        .extend = ps_toy_extend,
                                        .evaluate = evaluate,
                                        .poll = ps_toy_poll,
                                        .cancel = ps_toy_cancel,
                                        .info = info,
                                        .in_flight = ps_toy_in_flight,
                                        .stats = ps_toy_stats};

const ps_toy_table *ps_toy_table_of(const ps_engine *engine) {
    return engine->ops == &table_ops ? (const ps_toy_table *)engine : NULL;
}

/* ---- Creation ------------------------------------------------------------ */

static ps_status read_model(ps_toy_table *table, const char *path, ps_error *err) {
    ps_toy_json document = {0};
    ps_status status = path != NULL
                           ? ps_toy_json_open(&document, path, NULL, 0, err)
                           : ps_toy_json_open(&document, "built-in table", ps_toy_builtin, strlen(ps_toy_builtin), err);
    if (status == PS_OK) status = ps_toy_model_read(&table->model, &document, err);
    if (status == PS_OK) ps_toy_table_identity(&document, table->identity);
    ps_toy_json_clear(&document);
    return status;
}

ps_status ps_toy_table_create(const char *path, uint32_t n_ctx, ps_engine **engine, ps_error *err) {
    ps_toy_table *table = ps_calloc(1, sizeof *table);
    if (table == NULL) return ps_nomem(err);
    ps_status status = ps_toy_init(&table->toy, &table_ops, ps_toy_table_work, n_ctx, err);
    if (status == PS_OK) status = read_model(table, path, err);
    if (status == PS_OK) {
        snprintf(table->description, sizeof table->description, "table of %zu tokens and %zu rules",
                 table->model.n_tokens, table->model.n_rules);
        table->q = ps_reallocarray(NULL, table->model.largest_rule, sizeof *table->q);
        if (table->q == NULL) status = ps_nomem(err);
    }
    if (status == PS_OK)
        *engine = &table->toy.base;
    else
        destroy(&table->toy.base);
    return status;
}
