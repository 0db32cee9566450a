/* From a chat or a text to the tokens of a prompt. The template's own control tokens are tokens; what a user wrote is
 * text, whatever it spells (docs/templates.md). */
#ifndef PERSAMP_ENGINE_LLAMA_PROMPT_H
#define PERSAMP_ENGINE_LLAMA_PROMPT_H

#include "persamp/engine.h"

#include <llama.h>

/* What is known of a model's template and of the tokens that its tokenizer takes out of a text first. */
typedef struct ps_prompter ps_prompter;
ps_status ps_prompter_create(const struct llama_model *model, const char *path, const ps_log *log, ps_prompter **out,
                             ps_error *err);
void ps_prompter_free(ps_prompter *prompter); /* NULL is fine */

/* Append the prompt as marked text (marked.h). PS_ENGINE: there is no template, or it does not render the messages. */
ps_status ps_prompter_render(ps_prompter *prompter, const ps_prompt *prompt, ps_text *marked, ps_error *err);
/* The tokens of marked text; *tokens is owned by the caller (ps_free). */
ps_status ps_prompter_tokenize(const ps_prompter *prompter, const ps_text *marked, ps_token **tokens, size_t *n,
                               ps_error *err);

#endif
