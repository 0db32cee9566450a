/* Answers questions about one GGUF with libllama, for the Python tests.
 *
 *   llama_driver MODEL.gguf [BACKEND_DIR] < questions
 *
 * One question a line, one answer a line; text is hexadecimal, numbers are spaced:
 *   tokens HEX      ids of the text, special tokens recognised
 *   chat HEX        the prompt of one user message by the model's template, in HEX
 *   logits ID...    T*V numbers      states ID...    T*C numbers
 */
#include <ggml-backend.h>
#include <llama.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IDS = 4096 };

static char *from_hex(const char *s) {
    size_t n = strlen(s) / 2;
    char *out = malloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned b;
        sscanf(s + 2 * i, "%2x", &b);
        out[i] = (char)b;
    }
    out[n] = 0;
    return out;
}

static void quiet(enum ggml_log_level level, const char *text, void *user) {
    (void)user;
    if (level == GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static int evaluate(struct llama_model *model, char *args, int states) {
    llama_token ids[MAX_IDS];
    int n = 0;
    for (char *s = strtok(args, " "); s != NULL && n < MAX_IDS; s = strtok(NULL, " "))
        ids[n++] = atoi(s);
    struct llama_context_params p = llama_context_default_params();
    p.n_ctx = p.n_batch = p.n_ubatch = MAX_IDS;
    p.embeddings = states;
    p.pooling_type = LLAMA_POOLING_TYPE_NONE;
    p.type_k = p.type_v = GGML_TYPE_F32;
    p.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    struct llama_context *ctx = llama_init_from_model(model, p);
    struct llama_batch b = llama_batch_init(n, 0, 1);
    b.n_tokens = n;
    for (int i = 0; i < n; i++) {
        b.token[i] = ids[i];
        b.pos[i] = i;
        b.n_seq_id[i] = 1;
        b.seq_id[i][0] = 0;
        b.logits[i] = 1;
    }
    int rc = llama_decode(ctx, b);
    int width = states ? llama_model_n_embd(model) : llama_vocab_n_tokens(llama_model_get_vocab(model));
    for (int i = 0; i < n && rc == 0; i++) {
        const float *row = states ? llama_get_embeddings_ith(ctx, i) : llama_get_logits_ith(ctx, i);
        for (int j = 0; j < width; j++)
            printf("%.9g ", row[j]);
    }
    putchar('\n');
    llama_batch_free(b);
    llama_free(ctx);
    return rc;
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    llama_log_set(quiet, NULL);
    if (argc > 2)
        ggml_backend_load_all_from_path(argv[2]);
    else
        ggml_backend_load_all();
    struct llama_model *model = llama_model_load_from_file(argv[1], llama_model_default_params());
    if (model == NULL) return 1;
    const struct llama_vocab *vocab = llama_model_get_vocab(model);
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;
    while (rc == 0 && getline(&line, &cap, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *args = strchr(line, ' ');
        if (args == NULL) return 2;
        *args++ = 0;
        if (!strcmp(line, "tokens")) {
            char *text = from_hex(args);
            llama_token ids[MAX_IDS];
            int n = llama_tokenize(vocab, text, (int)strlen(text), ids, MAX_IDS, false, true);
            for (int i = 0; i < n; i++)
                printf("%d ", ids[i]);
            putchar('\n');
            free(text);
        } else if (!strcmp(line, "chat")) {
            char *text = from_hex(args), out[1 << 16];
            struct llama_chat_message m = {"user", text};
            int n = llama_chat_apply_template(llama_model_chat_template(model, NULL), &m, 1, true, out, sizeof out);
            for (int i = 0; i < n; i++)
                printf("%02x", (unsigned char)out[i]);
            putchar('\n');
            free(text);
        } else {
            rc = evaluate(model, args, !strcmp(line, "states"));
        }
        fflush(stdout);
    }
    free(line);
    llama_model_free(model);
    return rc;
}
