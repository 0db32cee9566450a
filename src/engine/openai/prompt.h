/* From messages or text to a root, while others are already under way: the server renders its model's template and
 * tokenizes. What a user wrote never becomes a control token.
 *
 * A text that spells nothing like one is rendered and tokenized as it is, as every client of the server has it. Else
 * the template is rendered over placeholders, and its text and the user's are tokenized apart: the one with control
 * tokens, the other without. Where a server always reads them, what is spelled like one is cut in two. */
#ifndef PERSAMP_ENGINE_OPENAI_PROMPT_H
#define PERSAMP_ENGINE_OPENAI_PROMPT_H

#include "engine/openai/call.h"

/* A root whose prompt is begun with the next turn of the driving thread. `prompt` is copied. [mutex] */
ps_status ps_remote_prompt_new(ps_remote *engine, const ps_prompt *prompt, ps_remote_node **root, ps_error *err);
void ps_remote_prompts_begin(ps_remote *engine); /* [mutex] */
void ps_remote_prompts_clear(ps_remote *engine); /* at the end */

/* A root of given tokens, BOS put before them where it is wanted. PS_BUDGET. [mutex] */
ps_status ps_remote_root_new(ps_remote *engine, const ps_token *tokens, size_t n, ps_remote_node **root, ps_error *err);

#endif
