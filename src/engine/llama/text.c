/* Text and tokens: the model's tokenizer, the bytes of a token. libllama's tokenizer may be called from any thread; a
 * model without one never gets here (check.c). */
#include "engine/llama/text.h"

#include "base/thinking.h"
#include "engine/llama/guard.h"

#include <limits.h>
#include <string.h>

ps_status ps_llama_check_length(const ps_llama *engine, size_t bytes, ps_error *err) {
    if (bytes / engine->longest_token <= engine->context) return PS_OK;
    return ps_fail(err, PS_BUDGET,
                   "a text of %zu bytes cannot fit: there is room for %zu tokens, of at most %zu bytes each", bytes,
                   engine->context, engine->longest_token);
}

ps_status ps_llama_tokenize(ps_engine *base, const char *text, size_t length, bool special, ps_token **tokens,
                            size_t *n, ps_error *err) {
    const ps_llama *engine = (const ps_llama *)base;
    if (llama_vocab_type(engine->vocab) == LLAMA_VOCAB_TYPE_NONE)
        return ps_fail(err, PS_ENGINE, "%s has no tokenizer", engine->model_path);
    ps_status status = ps_llama_check_length(engine, length, err);
    if (status != PS_OK) return status;
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
        const int32_t count = ps_guarded_tokenize(engine->vocab, text, (int32_t)length, found, (int32_t)room, special);
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

ps_status ps_llama_find_marks(ps_llama *engine, ps_error *err) {
    const int32_t n = llama_vocab_n_tokens(engine->vocab);
    size_t capacity = 0;
    for (ps_token token = 0; token < n; token++) {
        const char *text = llama_vocab_get_text(engine->vocab, token);
        const bool silent = (llama_vocab_get_attr(engine->vocab, token) &
                             (LLAMA_TOKEN_ATTR_CONTROL | LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_UNUSED)) != 0;
        if (!silent || text == NULL || !ps_is_thinking_token(text)) continue;
        if (ps_reserve(&engine->marks, &capacity, engine->n_marks + 1) != PS_OK) return ps_nomem(err);
        engine->marks[engine->n_marks++] = token;
    }
    return PS_OK;
}

static bool is_mark(const ps_llama *engine, ps_token token) {
    for (size_t i = 0; i < engine->n_marks; i++)
        if (engine->marks[i] == token) return true;
    return false;
}

void ps_llama_piece(const ps_llama *engine, ps_token token, ps_text *text) {
    if (is_mark(engine, token)) {
        ps_text_puts(text, llama_vocab_get_text(engine->vocab, token));
        return;
    }
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
