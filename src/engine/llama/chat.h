/* Chats and prompts, for the table of the seam: as ps_engine_render_chat and ps_engine_prompt. */
#ifndef PERSAMP_ENGINE_LLAMA_CHAT_H
#define PERSAMP_ENGINE_LLAMA_CHAT_H

#include "engine/llama/engine.h"

ps_status ps_llama_render_chat(ps_engine *base, const ps_chat_message *messages, size_t n, char **text, ps_error *err);
ps_status ps_llama_prompt(ps_engine *base, const ps_prompt *prompt, ps_node *node, ps_error *err);

#endif
