/* Text and tokens: the model's tokenizer, its chat template, the bytes of a token. libllama's tokenizer may be called
 * from any thread; a model without one never gets here (check.c). */
#include "engine/llama/text.h"

#include <limits.h>
#include <string.h>

ps_status ps_llama_tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens,
                            size_t *n, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    if (llama_vocab_type(engine->vocab) == LLAMA_VOCAB_TYPE_NONE)
        return ps_fail(err, PS_ENGINE, "%s has no tokenizer", engine->model_path);
    if (length > INT32_MAX / 2) return ps_fail(err, PS_ARG, "a text of %zu bytes is too long", length);
    size_t room = length / 2 + 8;
    ps_token *found = NULL;
    for (;;) {
        ps_token *larger = ps_reallocarray(found, room, sizeof *found);
        if (larger == NULL) {
            ps_free(found);
            return ps_nomem(err);
        }
        found = larger;
        const int32_t count =
            llama_tokenize(engine->vocab, text, (int32_t)length, found, (int32_t)room, false, special);
        if (count >= 0) {
            *tokens = found;
            *n = (size_t)count;
            return PS_OK;
        }
        if (count == INT32_MIN || (size_t)-count <= room) {
            ps_free(found);
            return ps_fail(err, PS_ENGINE, "libllama could not tokenize a text of %zu bytes", length);
        }
        room = (size_t)-count;
    }
}

ps_status ps_llama_render_chat(ps_engine *base, const ps_chat_message *messages, size_t n, char **text, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    const char *chat_template = llama_model_chat_template(engine->model, NULL);
    if (chat_template == NULL)
        return ps_fail(err, PS_ENGINE, "%s has no chat template: set prompt.template", engine->model_path);
    struct llama_chat_message *chat = ps_calloc(n > 0 ? n : 1, sizeof *chat);
    if (chat == NULL) return ps_nomem(err);
    size_t room = 256;
    for (size_t i = 0; i < n; i++) {
        chat[i] = (struct llama_chat_message){messages[i].role, messages[i].content};
        room += 2 * (strlen(messages[i].role) + strlen(messages[i].content));
    }
    ps_status status = PS_OK;
    char *out = NULL;
    int32_t length = 0;
    for (int attempt = 0; attempt < 2 && status == PS_OK;
         attempt++) { /* the second with the room the first asked for */
        ps_free(out);
        out = room < INT32_MAX ? ps_malloc(room + 1) : NULL;
        if (out == NULL) {
            status = ps_nomem(err);
            break;
        }
        length = llama_chat_apply_template(chat_template, chat, n, true, out, (int32_t)room);
        if (length < 0)
            status = ps_fail(err, PS_ENGINE,
                             "the chat template of %s is not one that libllama knows (it has a fixed list and does not "
                             "interpret Jinja): set prompt.template",
                             engine->model_path);
        else if ((size_t)length <= room)
            break;
        else
            room = (size_t)length;
    }
    ps_free(chat);
    if (status != PS_OK || out == NULL) {
        ps_free(out);
        return status;
    }
    out[length] = '\0';
    *text = out;
    return PS_OK;
}

void ps_llama_piece(const ps_llama *engine, ps_token token, ps_text *text) {
    char small[64];
    const int32_t length = llama_token_to_piece(engine->vocab, token, small, sizeof small, 0, false);
    if (length >= 0) {
        ps_text_append(text, small, (size_t)length);
        return;
    }
    char *large = ps_malloc((size_t)-length);
    if (large == NULL) {
        text->failed = true;
        return;
    }
    const int32_t again = llama_token_to_piece(engine->vocab, token, large, -length, 0, false);
    if (again > 0) ps_text_append(text, large, (size_t)again);
    ps_free(large);
}
