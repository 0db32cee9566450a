/* The seam's calls for chats and prompts. */
#include "engine/llama/chat.h"

#include "engine/llama/marked.h"
#include "engine/llama/prompt.h"
#include "engine/llama/text.h"

#include <string.h>

/* Bytes of what is to be rendered. */
static size_t length_of(const ps_prompt *prompt) {
    size_t n = prompt->n_messages == 0 && prompt->n_parts == 0 ? strlen(prompt->text) : 0;
    for (size_t i = 0; i < prompt->n_messages; i++)
        n += strlen(prompt->messages[i].content);
    for (size_t i = 0; i < prompt->n_parts && prompt->n_messages == 0; i++)
        n += prompt->parts[i].length;
    return n;
}

ps_status ps_llama_prompt(ps_engine *base, const ps_prompt *prompt, ps_node *node, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    ps_text marked = {0};
    ps_token *tokens = NULL;
    size_t n = 0;
    ps_status status = ps_llama_check_length(engine, length_of(prompt), err);
    if (status == PS_OK) status = ps_prompter_render(engine->prompter, prompt, &marked, err);
    if (status == PS_OK) status = ps_prompter_tokenize(engine->prompter, &marked, &tokens, &n, err);
    if (status == PS_OK) status = ps_engine_root(base, tokens, n, node, err);
    ps_text_clear(&marked);
    ps_free(tokens);
    return status;
}

ps_status ps_llama_render_chat(ps_engine *base, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    const ps_prompt prompt = {.messages = messages, .n_messages = n};
    ps_text marked = {0}, plain = {0};
    ps_status status = ps_prompter_render(engine->prompter, &prompt, &marked, err);
    if (status == PS_OK) {
        ps_marked_plain(&plain, ps_text_cstr(&marked), marked.length);
        ps_text_append(&plain, "", 0); /* "" where nothing was rendered */
        status = ps_text_ok(&plain) ? PS_OK : ps_nomem(err);
    }
    ps_text_clear(&marked);
    if (status != PS_OK) {
        ps_text_clear(&plain);
        return status;
    }
    *text = plain.data;
    return PS_OK;
}
