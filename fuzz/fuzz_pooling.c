/* Any bytes as what a reward model's server sent, to every reader. The first byte chooses which and what had been
 * asked. What is taken holds to what the readers promise: a list of rows for each text, probabilities in [0, 1]; of
 * chances one for each choice, at most 0. */
#include "engine/openai/dialect.h"
#include "reward/pooling_body.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static bool is_told(ps_status status, const ps_error *err) {
    return status == PS_OK ||
           ((status == PS_FORMAT || status == PS_HTTP || status == PS_ARG) && err->message[0] != '\0');
}

static void read_rows(const char *body, size_t length, size_t n, ps_arena *arena) {
    ps_pooling_rows rows[3];
    size_t tokens = 0;
    ps_error err = {0};
    ps_status status = ps_pooling_read(body, length, n, arena, rows, &tokens, &err);
    require(is_told(status, &err));
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        ps_pooling_prefix root = {0}, prefix = {.parent = &root, .n_tags = 1};
        require(rows[i].p != NULL);
        for (size_t k = 0; rows[i].error.code == PS_OK && k < rows[i].n; k++)
            require(rows[i].p[k] >= 0 && rows[i].p[k] <= 1);
        require(is_told(ps_pooling_last(&prefix, &rows[i], &prefix.p, &err), &err));
    }
}

static void read_models(const char *body, size_t length, ps_arena *arena) {
    const char *model = NULL, *root = NULL;
    double fixed[PS_POOLING_FIXED];
    ps_error err = {0};
    ps_status status = ps_pooling_read_models(body, length, NULL, arena, &model, &root, &err);
    require(is_told(status, &err) && (status != PS_OK || model != NULL));
    require(is_told(ps_pooling_read_fixed(body, length, fixed, &err), &err));
}

static void read_chances(const ps_dialect *dialect, const char *body, size_t length, ps_arena *arena) {
    static const ps_token prompt[27] = {1}, choices[] = {57, 59};
    const ps_remote_ask ask = {
        .tokens = prompt, .n_tokens = 27, .max_tokens = 1, .n = 1, .choices = choices, .n_choices = 2};
    ps_remote_chances chances = {0};
    ps_error err = {0};
    ps_status status = dialect->read_choices(&ask, body, length, arena, &chances, &err);
    require(is_told(status, &err));
    for (size_t i = 0; status == PS_OK && i < 2; i++)
        require(chances.logp[i] <= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    const char *body = (const char *)data + 1;
    const unsigned what = data[0] % 6;
    ps_arena *arena = ps_arena_create();
    if (arena == NULL) return 0;
    if (what < 3)
        read_rows(body, size - 1, what + 1, arena);
    else if (what == 3)
        read_models(body, size - 1, arena);
    else
        read_chances(what == 4 ? &ps_dialect_vllm : &ps_dialect_llama_server, body, size - 1, arena);
    ps_arena_free(arena);
    return 0;
}
