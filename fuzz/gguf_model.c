#include "gguf_model.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 32, HEADS = 4, KEYS = 2, HEAD = WIDTH / HEADS, FEED = 64, EXPERTS = 4, LAYERS = 2 };

/* ---- Values -------------------------------------------------------------- */

static void put(ps_text *to, const void *bytes, size_t n) {
    ps_text_append(to, bytes, n);
}

static void put_string(ps_text *to, const char *text, size_t n) {
    const uint64_t length = n;
    put(to, &length, sizeof length);
    put(to, text, n);
}

static gguf_value *value_of(gguf_model *model, const char *key) {
    for (uint64_t i = 0; i < model->n_values; i++)
        if (strcmp(model->values[i].key, key) == 0) {
            ps_text_reset(&model->values[i].bytes);
            return &model->values[i];
        }
    if (model->n_values == GGUF_MOST_VALUES) return &model->values[0];
    gguf_value *made = &model->values[model->n_values++];
    *made = (gguf_value){0};
    snprintf(made->key, sizeof made->key, "%s", key);
    return made;
}

void gguf_set_number(gguf_model *model, const char *key, uint32_t type, uint64_t number) {
    gguf_value *value = value_of(model, key);
    value->type = type;
    put(&value->bytes, &number, sizeof number); /* little-endian; as many bytes as the type has are written */
}

void gguf_set_float(gguf_model *model, const char *key, float number) {
    gguf_value *value = value_of(model, key);
    value->type = GGUF_TYPE_FLOAT32;
    put(&value->bytes, &number, sizeof number);
}

static void set_string(gguf_model *model, const char *key, const char *text) {
    gguf_value *value = value_of(model, key);
    value->type = GGUF_TYPE_STRING;
    put_string(&value->bytes, text, strlen(text));
}

static void of_architecture(gguf_model *model, const char *architecture, const char *name, uint64_t number) {
    char key[96];
    snprintf(key, sizeof key, "%s.%s", architecture, name);
    gguf_set_number(model, key, GGUF_TYPE_UINT32, number);
}

static gguf_value *start_array(gguf_model *model, const char *key, uint32_t element) {
    gguf_value *value = value_of(model, key);
    value->type = GGUF_TYPE_ARRAY;
    value->element = element;
    value->n = 0;
    return value;
}

static void add_string(gguf_value *array, const char *text, size_t n) {
    put_string(&array->bytes, text, n);
    array->n++;
}

/* ---- Tokenizers ---------------------------------------------------------- */

/* The character that byte-level BPE writes for a byte. */
static size_t spelled(unsigned byte, char out[2]) {
    unsigned c = byte, extra = 256;
    if (!((byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174)) {
        for (unsigned b = 0; b < byte; b++)
            extra += !((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174);
        c = extra;
    }
    if (c < 128) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = (char)(0xC0 | c >> 6);
    out[1] = (char)(0x80 | (c & 63));
    return 2;
}

enum { SPECIALS = 3, WORDS = 1 };

static void set_types(gguf_model *model, const int32_t *types, size_t n) {
    gguf_value *array = start_array(model, "tokenizer.ggml.token_type", GGUF_TYPE_INT32);
    put(&array->bytes, types, n * sizeof *types);
    array->n = n;
}

static void set_bpe(gguf_model *model) {
    int32_t types[256 + WORDS + SPECIALS];
    static const char *const special[SPECIALS] = {"<|end|>", "<|im_start|>", "<|im_end|>"};
    set_string(model, "tokenizer.ggml.model", "gpt2");
    set_string(model, "tokenizer.ggml.pre", "qwen2");
    gguf_value *tokens = start_array(model, "tokenizer.ggml.tokens", GGUF_TYPE_STRING);
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[2];
        const size_t n = spelled(byte, text);
        add_string(tokens, text, n);
        types[byte] = 1;
    }
    add_string(tokens, "ab", 2);
    types[256] = 1;
    for (size_t i = 0; i < SPECIALS; i++) {
        add_string(tokens, special[i], strlen(special[i]));
        types[256 + WORDS + i] = 3;
    }
    set_types(model, types, sizeof types / sizeof *types);
    add_string(start_array(model, "tokenizer.ggml.merges", GGUF_TYPE_STRING), "a b", 3);
    gguf_set_number(model, "tokenizer.ggml.eos_token_id", GGUF_TYPE_UINT32, 259);
    gguf_set_number(model, "tokenizer.ggml.bos_token_id", GGUF_TYPE_UINT32, 257);
    gguf_set_number(model, "tokenizer.ggml.add_bos_token", GGUF_TYPE_BOOL, 0);
}

static void set_spm(gguf_model *model) {
    int32_t types[260];
    float scores[260];
    static const char *const first[] = {"<unk>", "<s>", "</s>"};
    set_string(model, "tokenizer.ggml.model", "llama");
    gguf_value *tokens = start_array(model, "tokenizer.ggml.tokens", GGUF_TYPE_STRING);
    for (int i = 0; i < 260; i++) {
        char text[8];
        const int n = snprintf(text, sizeof text, "<0x%02X>", (unsigned)(i - 3) & 255);
        types[i] = i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1;
        scores[i] = i < 259 ? 0 : -1;
        if (i < 3)
            add_string(tokens, first[i], strlen(first[i]));
        else if (i < 259)
            add_string(tokens, text, (size_t)n);
        else
            add_string(tokens, "a", 1);
    }
    set_types(model, types, 260);
    gguf_value *array = start_array(model, "tokenizer.ggml.scores", GGUF_TYPE_FLOAT32);
    put(&array->bytes, scores, sizeof scores);
    array->n = 260;
    gguf_set_number(model, "tokenizer.ggml.bos_token_id", GGUF_TYPE_UINT32, 1);
    gguf_set_number(model, "tokenizer.ggml.eos_token_id", GGUF_TYPE_UINT32, 2);
    gguf_set_number(model, "tokenizer.ggml.unknown_token_id", GGUF_TYPE_UINT32, 0);
    gguf_set_number(model, "tokenizer.ggml.add_space_prefix", GGUF_TYPE_BOOL, 0);
}

/* ---- Tensors ------------------------------------------------------------- */

static void tensor(gguf_model *model, int layer, const char *name, uint32_t type, uint64_t a, uint64_t b, uint64_t c) {
    gguf_tensor *t = &model->tensors[model->n_tensors++];
    *t = (gguf_tensor){.type = type, .n_dims = c > 0 ? 3 : b > 0 ? 2 : 1, .ne = {a, b, c}};
    if (layer < 0)
        snprintf(t->name, sizeof t->name, "%s", name);
    else
        snprintf(t->name, sizeof t->name, "blk.%d.%s", layer, name);
}

static void norm(gguf_model *model, int layer, const char *name, uint64_t n) {
    tensor(model, layer, name, GGML_TYPE_F32, n, 0, 0);
}

static void matrix(gguf_model *model, int layer, const char *name, uint64_t in, uint64_t out) {
    tensor(model, layer, name, layer == 0 ? GGML_TYPE_F16 : GGML_TYPE_Q8_0, in, out, 0);
}

static void set_layer(gguf_model *model, int layer, const char *architecture, bool experts) {
    const bool gemma = strcmp(architecture, "gemma3") == 0;
    norm(model, layer, "attn_norm.weight", WIDTH);
    norm(model, layer, "ffn_norm.weight", WIDTH);
    matrix(model, layer, "attn_q.weight", WIDTH, WIDTH);
    matrix(model, layer, "attn_k.weight", WIDTH, (uint64_t)HEAD * KEYS);
    matrix(model, layer, "attn_v.weight", WIDTH, (uint64_t)HEAD * KEYS);
    matrix(model, layer, "attn_output.weight", WIDTH, WIDTH);
    if (strcmp(architecture, "qwen2") == 0) {
        norm(model, layer, "attn_q.bias", WIDTH);
        norm(model, layer, "attn_k.bias", (uint64_t)HEAD * KEYS);
        norm(model, layer, "attn_v.bias", (uint64_t)HEAD * KEYS);
    }
    if (gemma || strcmp(architecture, "qwen3") == 0) {
        norm(model, layer, "attn_q_norm.weight", HEAD);
        norm(model, layer, "attn_k_norm.weight", HEAD);
    }
    if (gemma) {
        norm(model, layer, "post_attention_norm.weight", WIDTH);
        norm(model, layer, "post_ffw_norm.weight", WIDTH);
    }
    if (experts) {
        tensor(model, layer, "ffn_gate_inp.weight", GGML_TYPE_F32, WIDTH, EXPERTS, 0);
        tensor(model, layer, "ffn_gate_exps.weight", GGML_TYPE_F16, WIDTH, FEED, EXPERTS);
        tensor(model, layer, "ffn_up_exps.weight", GGML_TYPE_F16, WIDTH, FEED, EXPERTS);
        tensor(model, layer, "ffn_down_exps.weight", GGML_TYPE_F16, FEED, WIDTH, EXPERTS);
    } else {
        matrix(model, layer, "ffn_gate.weight", WIDTH, FEED);
        matrix(model, layer, "ffn_up.weight", WIDTH, FEED);
        matrix(model, layer, "ffn_down.weight", FEED, WIDTH);
    }
}

/* ---- Models -------------------------------------------------------------- */

static void set_shape(gguf_model *model, const char *architecture, bool experts) {
    char key[96];
    set_string(model, "general.architecture", architecture);
    of_architecture(model, architecture, "block_count", LAYERS);
    of_architecture(model, architecture, "context_length", 128);
    of_architecture(model, architecture, "embedding_length", WIDTH);
    of_architecture(model, architecture, "feed_forward_length", FEED);
    of_architecture(model, architecture, "attention.head_count", HEADS);
    of_architecture(model, architecture, "attention.head_count_kv", KEYS);
    of_architecture(model, architecture, "attention.key_length", HEAD);
    of_architecture(model, architecture, "attention.value_length", HEAD);
    of_architecture(model, architecture, "rope.dimension_count", HEAD);
    if (strcmp(architecture, "gemma3") == 0) of_architecture(model, architecture, "attention.sliding_window", 16);
    if (experts) {
        of_architecture(model, architecture, "expert_count", EXPERTS);
        of_architecture(model, architecture, "expert_used_count", 2);
    }
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", architecture);
    gguf_set_float(model, key, 1e-5F);
    snprintf(key, sizeof key, "%s.rope.freq_base", architecture);
    gguf_set_float(model, key, 10000);
}

static void set_head(gguf_model *model) {
    set_string(model, "prm.head.tag", "<|end|>");
    set_string(model, "prm.token.tag", "<|end|>");
    set_string(model, "prm.system", "Judge.");
    gguf_set_number(model, "prm.head.positive", GGUF_TYPE_UINT32, 1);
    matrix(model, -1, "head.0.weight", WIDTH, 8);
    norm(model, -1, "head.0.bias", 8);
    tensor(model, -1, "head.2.weight", GGML_TYPE_F32, 8, 2, 0);
    norm(model, -1, "head.2.bias", 2);
}

void gguf_model_make(gguf_model *model, unsigned kind) {
    static const char *const architectures[] = {"qwen2", "llama", "qwen3", "gemma3", "llama"};
    *model = (gguf_model){.version = 3, .alignment = 32};
    if (kind + 1 >= GGUF_KINDS) {
        set_head(model);
        return;
    }
    const bool experts = kind == 4, spm = kind == 1 || kind == 3;
    set_shape(model, architectures[kind], experts);
    if (spm)
        set_spm(model);
    else
        set_bpe(model);
    matrix(model, -1, "token_embd.weight", WIDTH, 260);
    norm(model, -1, "output_norm.weight", WIDTH);
    if (kind == 1) matrix(model, -1, "output.weight", WIDTH, 260);
    for (int layer = 0; layer < LAYERS; layer++)
        set_layer(model, layer, architectures[kind], experts);
}

void gguf_model_clear(gguf_model *model) {
    for (uint64_t i = 0; i < GGUF_MOST_VALUES; i++)
        ps_text_clear(&model->values[i].bytes);
}

/* ---- The file ------------------------------------------------------------ */

static size_t size_of_type(uint32_t type) {
    static const size_t sizes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < sizeof sizes / sizeof *sizes ? sizes[type] : 4;
}

static void write_value(const gguf_value *value, ps_text *file) {
    size_t n = value->bytes.length;
    put_string(file, value->key, strlen(value->key));
    put(file, &value->type, sizeof value->type);
    if (value->type == GGUF_TYPE_ARRAY) {
        put(file, &value->element, sizeof value->element);
        put(file, &value->n, sizeof value->n);
    } else if (value->type != GGUF_TYPE_STRING && size_of_type(value->type) < n) {
        n = size_of_type(value->type);
    }
    put(file, ps_text_cstr(&value->bytes), n);
}

/* Bytes of a tensor's data, rounded up; of what nobody could want, a little. */
static uint64_t data_size(const gguf_model *model, const gguf_tensor *t) {
    enum { MOST = 1 << 20 };
    uint64_t n = 1;
    for (uint32_t i = 0; i < t->n_dims && i < 4; i++)
        if (t->ne[i] > MOST || (n *= t->ne[i]) > MOST) return 0;
    const bool known = t->type < GGML_TYPE_COUNT && ggml_blck_size((enum ggml_type)t->type) > 0;
    const uint64_t block = known ? (uint64_t)ggml_blck_size((enum ggml_type)t->type) : 1;
    const uint64_t bytes = n / block * (known ? ggml_type_size((enum ggml_type)t->type) : 4);
    return (bytes + model->alignment - 1) / model->alignment * model->alignment;
}

void gguf_model_write(const gguf_model *model, ps_text *file) {
    static const char fill[64] = {0x11, 0x12, 0x13};
    const uint64_t counts[] = {model->n_tensors + model->count_errors[0], model->n_values + model->count_errors[1]};
    uint64_t offset = 0;
    put(file, "GGUF", 4);
    put(file, &model->version, sizeof model->version);
    put(file, counts, sizeof counts);
    for (uint64_t i = 0; i < model->n_values; i++)
        write_value(&model->values[i], file);
    for (uint64_t i = 0; i < model->n_tensors; i++) {
        const gguf_tensor *t = &model->tensors[i];
        const uint64_t stated = offset + t->offset_error;
        put_string(file, t->name, strlen(t->name));
        put(file, &t->n_dims, sizeof t->n_dims);
        for (uint32_t k = 0; k < t->n_dims; k++)
            put(file, &t->ne[k % 4], sizeof *t->ne);
        put(file, &t->type, sizeof t->type);
        put(file, &stated, sizeof stated);
        offset += data_size(model, t);
    }
    while (file->length % model->alignment != 0)
        put(file, "", 1);
    for (uint64_t left = offset; left > 0;) {
        const size_t n = left < sizeof fill ? (size_t)left : sizeof fill;
        put(file, fill, n);
        left -= n;
    }
}
