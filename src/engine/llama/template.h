/* A model's chat template, rendered: Jinja, interpreted by llama.cpp's own interpreter (template.cpp), as the model's
 * authors' Python does it (docs/templates.md).
 *
 * A template comes with a model of whoever made it. However it is written, a call ends within some seconds of
 * processor time and some tens of MiB, with a text or with an error in words; no exception and no abort comes out. */
#ifndef PERSAMP_ENGINE_LLAMA_TEMPLATE_H
#define PERSAMP_ENGINE_LLAMA_TEMPLATE_H

#include "persamp/base.h"
#include "persamp/engine.h"

#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_template {
    const char *source;       /* the Jinja */
    const char *bos, *eos;    /* spelling of these tokens; NULL: undefined in the template */
    time_t now;               /* what strftime_now tells */
    size_t memory;            /* bytes that rendering may hold beside the texts; 0: 32 MiB */
    double processor_seconds; /* that it may take; 0: 10 */
} ps_template;

/* Append the messages as the template has them, ending where the assistant speaks, as marked text (marked.h): what the
 * roles and contents say is marked.
 *
 * PS_ENGINE: the template does not render them; *refused says whether by its own raise_exception, whose words are then
 * in the message. From any thread. */
ps_status ps_template_render(const ps_template *chat, const ps_chat_message *messages, size_t n, ps_text *out,
                             bool *refused, ps_error *err);

/* In a build without the interpreter ps_template_render knows one template by its exact text: whether this is it, and
 * what it renders. */
bool ps_template_known(const char *source);
void ps_template_render_known(const ps_chat_message *messages, size_t n, ps_text *out);

#ifdef __cplusplus
}
#endif
#endif
