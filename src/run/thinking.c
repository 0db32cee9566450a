/* Whether a model thinks is told by its prompt. What it thinks takes thousands of tokens. */
#include "run/thinking.h"

ps_status ps_models_begin_thinking(ps_models *models, const char *template, bool *thinks, ps_error *err) {
    const ps_chat_message question = {"user", "?"};
    char *text = NULL;
    const int known = atomic_load(&models->thinks);
    *thinks = template != NULL ? ps_is_thinking(template, false) : known == PS_THINKS;
    if (template != NULL || known != PS_THINKS_UNKNOWN) return PS_OK;
    ps_status status = ps_engine_render_chat(models->engine, &question, 1, &text, err);
    if (status != PS_OK) return status == PS_ENGINE ? PS_OK : status; /* no template is no answer yet, and no failure */
    *thinks = ps_is_thinking(text, false);
    ps_free(text);
    atomic_store(&models->thinks, *thinks ? PS_THINKS : PS_THINKS_NOT);
    return PS_OK;
}

ps_status ps_tell_of_thinking(ps_models *models, const ps_config *c, const ps_log *log, ps_error *err) {
    enum { ENOUGH = 8192 }; /* tokens */
    bool thinks = false;
    ps_engine_info info;
    if (log == NULL || models->engine == NULL) return PS_OK;
    ps_status status = ps_models_begin_thinking(models, c->prompt_template, &thinks, err);
    if (status != PS_OK || !thinks) return status;
    ps_engine_get_info(models->engine, &info);
    const bool limited =
        c->generation_max_answer_tokens != PS_CONFIG_AUTO && (size_t)c->generation_max_answer_tokens < info.context;
    const size_t room = limited ? (size_t)c->generation_max_answer_tokens : info.context;
    if (room < ENOUGH)
        ps_log_printf(
            log, PS_LOG_WARNING,
            "the model thinks before it answers, and %s leaves room for %zu tokens: thinking takes thousands, "
            "and what does not fit is cut off without an answer; set it to %d or more (docs/templates.md, "
            "Models that think)",
            limited ? "generation.max_answer_tokens" : "models.generator.max_model_len", room, 2 * ENOUGH);
    return PS_OK;
}
