/* Model files with something wrong in them: refused in words, or loaded, asked and freed. What libllama would abort()
 * or crash on must not get to it.
 *
 * The input is a program of changes to a tiny model (gguf_model.h): its first byte chooses the model, its second how it
 * is loaded, and each six that follow change one thing. Bytes that were drawn by a generator of random numbers do as
 * well as any: libllama is not built with what leads libFuzzer. */
#include "gguf_model.h"

#include "persamp/engine_llama.h"
#include "reward/head.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What ggml held when its assertion failed is lost, as guard.h says: it is not ours to free. */
const char *__lsan_default_suppressions(void);  // NOLINT(bugprone-reserved-identifier)
const char *__lsan_default_suppressions(void) { // NOLINT(bugprone-reserved-identifier)
    return "leak:libggml-base";
}

static void require(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

/* ---- Changes ------------------------------------------------------------- */

static const uint64_t numbers[] = {0,
                                   1,
                                   2,
                                   3,
                                   4,
                                   5,
                                   7,
                                   8,
                                   9,
                                   15,
                                   16,
                                   17,
                                   31,
                                   32,
                                   33,
                                   63,
                                   64,
                                   65,
                                   127,
                                   128,
                                   255,
                                   256,
                                   257,
                                   259,
                                   260,
                                   261,
                                   511,
                                   512,
                                   513,
                                   4096,
                                   4097,
                                   65535,
                                   65536,
                                   1 << 20,
                                   1 << 24,
                                   1000000007,
                                   INT32_MAX,
                                   (uint64_t)INT32_MAX + 1,
                                   UINT32_MAX,
                                   (uint64_t)UINT32_MAX + 1,
                                   INT64_MAX / 64,
                                   INT64_MAX,
                                   (uint64_t)INT64_MAX + 1,
                                   UINT64_MAX - 31,
                                   UINT64_MAX};
static const float fractions[] = {0, -0.0F, 1, -1, 1e-5F, 1e-45F, 1e30F, INFINITY, -INFINITY, NAN, 0.5F, 10000};

/* What a file may say and these models do not: numbers of an architecture begin with a point. */
static const char *const more_keys[] = {"general.alignment",
                                        "general.file_type",
                                        "general.quantization_version",
                                        "split.count",
                                        "split.no",
                                        "split.tensors.count",
                                        "tokenizer.ggml.bos_token_id",
                                        "tokenizer.ggml.eos_token_id",
                                        "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id",
                                        "tokenizer.ggml.unknown_token_id",
                                        "tokenizer.ggml.seperator_token_id",
                                        "tokenizer.ggml.padding_token_id",
                                        "tokenizer.ggml.mask_token_id",
                                        "tokenizer.ggml.add_bos_token",
                                        "tokenizer.ggml.add_eos_token",
                                        "tokenizer.ggml.add_sep_token",
                                        "tokenizer.ggml.add_space_prefix",
                                        "tokenizer.ggml.remove_extra_whitespaces",
                                        "tokenizer.ggml.escape_whitespaces",
                                        "tokenizer.ggml.token_type_count",
                                        "tokenizer.ggml.fim_pre_token_id",
                                        "prm.head.positive",
                                        "prm.head.tag",
                                        ".vocab_size",
                                        ".attention.key_length",
                                        ".attention.value_length",
                                        ".attention.key_length_swa",
                                        ".attention.value_length_swa",
                                        ".attention.key_length_mla",
                                        ".attention.value_length_mla",
                                        ".attention.layer_norm_epsilon",
                                        ".attention.sliding_window",
                                        ".attention.sliding_window_pattern",
                                        ".attention.causal",
                                        ".attention.scale",
                                        ".attention.clamp_kqv",
                                        ".attention.max_alibi_bias",
                                        ".attention.q_lora_rank",
                                        ".attention.shared_kv_layers",
                                        ".attention.temperature_length",
                                        ".attention.indexer.head_count",
                                        ".rope.dimension_sections",
                                        ".rope.scaling.type",
                                        ".rope.scaling.factor",
                                        ".rope.scaling.attn_factor",
                                        ".rope.scaling.original_context_length",
                                        ".rope.scale_linear",
                                        ".rope.freq_base_swa",
                                        ".expert_count",
                                        ".expert_used_count",
                                        ".expert_shared_count",
                                        ".expert_group_count",
                                        ".expert_group_used_count",
                                        ".expert_weights_scale",
                                        ".expert_gating_func",
                                        ".expert_feed_forward_length",
                                        ".nextn_predict_layers",
                                        ".leading_dense_block_count",
                                        ".embedding_length_out",
                                        ".embedding_length_per_layer_input",
                                        ".pooling_type",
                                        ".logit_scale",
                                        ".final_logit_softcapping",
                                        ".attn_logit_softcapping",
                                        ".router_logit_softcapping",
                                        ".residual_scale",
                                        ".embedding_scale",
                                        ".decoder_start_token_id",
                                        ".n_deepstack_layers",
                                        ".token_shift_count",
                                        ".interleave_moe_layer_step",
                                        ".use_parallel_residual",
                                        ".tensor_data_layout"};

static const char *const words[] = {
    "",       "gpt2",      "llama",  "bert",   "t5",        "rwkv",     "plamo2", "no_vocab",  "none",  "default",
    "qwen2",  "llama-bpe", "gemma4", "linear", "yarn",      "longrope", "falcon", "phi3",      "gpt-2", "mamba",
    "qwen35", "gemma3",    "gemma2", "qwen3",  "deepseek2", "gpt-oss",  "mpt",    "unheard_of"};

static uint64_t number_of(unsigned which) {
    return numbers[which % (sizeof numbers / sizeof *numbers)];
}

/* One change: six bytes. */
typedef struct change {
    unsigned what, which, a, b;
} change;

static void overwrite(ps_text *text, size_t at, const void *bytes, size_t n) {
    if (text->data != NULL && at + n <= text->length) memcpy(text->data + at, bytes, n);
}

static void set_value(gguf_value *value, const change *c) {
    const uint64_t number = number_of(c->a);
    const float fraction = fractions[c->a % (sizeof fractions / sizeof *fractions)];
    if (value->type == GGUF_TYPE_FLOAT32)
        overwrite(&value->bytes, 0, &fraction, sizeof fraction);
    else if (value->type != GGUF_TYPE_STRING && value->type != GGUF_TYPE_ARRAY)
        overwrite(&value->bytes, 0, &number, value->bytes.length < 8 ? value->bytes.length : 8);
    else if (value->type == GGUF_TYPE_STRING)
        overwrite(&value->bytes, 8 + c->b % 4, &number, 1);
}

/* Another string instead. */
static void set_words(gguf_value *value, const change *c) {
    const char *text = words[c->a % (sizeof words / sizeof *words)];
    const uint64_t length = strlen(text);
    if (value->type != GGUF_TYPE_STRING) return;
    ps_text_reset(&value->bytes);
    ps_text_append(&value->bytes, (const char *)&length, sizeof length);
    ps_text_puts(&value->bytes, text);
}

/* An element of an array, of whatever type: some bytes of it. */
static void set_element(gguf_value *value, const change *c) {
    static const size_t widths[] = {1, 4, 8, 2};
    const uint64_t number = number_of(c->b);
    const size_t width = widths[c->a % 4];
    if (value->bytes.length > width)
        overwrite(&value->bytes, c->a * 257 % (value->bytes.length - width), &number, width);
}

static void shorten(gguf_value *value, const change *c) {
    const uint64_t fewer = 1 + c->a % 3;
    if (value->type == GGUF_TYPE_ARRAY && value->n > fewer) value->n -= fewer;
    if (c->b % 2 == 0 && value->element != GGUF_TYPE_STRING && value->bytes.length > fewer * 4)
        value->bytes.length -= fewer * 4; /* consistently */
}

static void add_key(gguf_model *model, const change *c, const char *architecture) {
    static const uint32_t types[] = {GGUF_TYPE_UINT32, GGUF_TYPE_UINT32, GGUF_TYPE_FLOAT32, GGUF_TYPE_BOOL,
                                     GGUF_TYPE_UINT16, GGUF_TYPE_INT32,  GGUF_TYPE_UINT32,  GGUF_TYPE_UINT64};
    const char *name = more_keys[c->which % (sizeof more_keys / sizeof *more_keys)];
    char key[96];
    snprintf(key, sizeof key, "%s%s", name[0] == '.' ? architecture : "", name);
    if (c->b % 8 == 2)
        gguf_set_float(model, key, fractions[c->a % (sizeof fractions / sizeof *fractions)]);
    else
        gguf_set_number(model, key, types[c->b % 8], number_of(c->a));
}

/* An array in the place of a number, one element a layer or so, and the other way round. */
static void trade_kind(gguf_value *value, const change *c) {
    const uint64_t number = number_of(c->b);
    if (value->type == GGUF_TYPE_ARRAY) {
        value->type = c->a % 2 ? GGUF_TYPE_UINT32 : GGUF_TYPE_STRING;
        return;
    }
    value->element = value->type == GGUF_TYPE_STRING ? GGUF_TYPE_UINT8 : value->type;
    value->type = GGUF_TYPE_ARRAY;
    value->n = c->a % 4;
    for (uint64_t i = 0; i < value->n; i++)
        ps_text_append(&value->bytes, (const char *)&number, sizeof number);
}

static void change_value(gguf_model *model, const change *c) {
    if (model->n_values == 0) return;
    gguf_value *value = &model->values[c->which % model->n_values];
    switch (c->what % 16) {
    case 0:
    case 1:
    case 2:
    case 3: set_value(value, c); break;
    case 4: value->type = c->a % 14; break;
    case 5: value->element = c->a % 14; break;
    case 6: value->n = number_of(c->a); break;
    case 7: shorten(value, c); break;
    case 8:
    case 9: set_element(value, c); break;
    case 10: trade_kind(value, c); break;
    case 11: set_words(value, c); break;
    case 12: snprintf(value->key, sizeof value->key, "%s", model->values[c->a % model->n_values].key); break;
    case 13: snprintf(value->key, sizeof value->key, "unknown.%u", c->a); break;
    default: set_element(value, c); set_value(value, c);
    }
}

static void change_tensor(gguf_model *model, const change *c) {
    if (model->n_tensors == 0) return;
    gguf_tensor *t = &model->tensors[c->which % model->n_tensors];
    const uint64_t swap = t->ne[0];
    switch (c->what % 12) {
    case 0:
    case 1:
    case 2: t->type = c->a % (GGML_TYPE_COUNT + 2); break;
    case 3:
    case 4: t->ne[c->b % 4] = number_of(c->a); break;
    case 5: t->n_dims = c->a % 6; break;
    case 6:
        t->ne[0] = t->ne[1];
        t->ne[1] = swap;
        break;
    case 7: snprintf(t->name, sizeof t->name, "%s", model->tensors[c->a % model->n_tensors].name); break;
    case 8: snprintf(t->name, sizeof t->name, "unknown.%u", c->a); break;
    case 9: t->offset_error = number_of(c->a); break;
    case 10: t->ne[c->b % 4] *= 2; break;
    default: t->name[c->a % 12] = (char)c->b;
    }
}

static void change_file(gguf_model *model, ps_text *file, const change *c) {
    const uint64_t number = number_of(c->b);
    const size_t header = file->length < 3000 ? file->length : 3000;
    (void)model;
    switch (c->what % 4) {
    case 0: overwrite(file, (size_t)c->a * 131 % header, &number, 1); break;
    case 1: file->length -= file->length > 4096 && c->b % 2 ? c->a * 61 % 4096 : 0; break;
    case 2: overwrite(file, (size_t)c->a * 257 % header, &number, 4); break;
    default: overwrite(file, 4 + c->a % 20, &number, 1);
    }
}

/* ---- One file ------------------------------------------------------------ */

static const char *path(void) {
    static char name[] = P_tmpdir "/persamp-fuzz-XXXXXX";
    static bool made;
    if (!made) {
        const int fd = mkstemp(name);
        require(fd >= 0, "no temporary file");
        close(fd);
    }
    made = true;
    return name;
}

static void write_file(const ps_text *text) {
    FILE *file = fopen(path(), "wb");
    require(file != NULL && fwrite(ps_text_cstr(text), 1, text->length, file) == text->length, "cannot write");
    fclose(file);
}

static void ask(ps_engine *engine) {
    const ps_generation g = {
        .temperature = 1, .top_p = 0.9, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = 3};
    const ps_event *events = NULL;
    size_t n = 0;
    ps_node root = 0;
    if (ps_engine_prompt(engine, &(ps_prompt){.text = "<|im_start|> ab \xC3\xA9 1\n"}, &root, NULL) != PS_OK) return;
    if (ps_engine_extend(engine, &(ps_extend_request){.node = root, .generation = &g}, NULL) == PS_OK) {
        require(ps_engine_poll(engine, INFINITY, &events, &n, NULL) == PS_OK && n == 1, "no event");
        ps_engine_release(engine, events[0].child);
    }
    ps_engine_release(engine, root);
}

static ps_status load(unsigned how) {
    static const char *const kv_types[] = {"f16", "f32", "q8_0", "f16"};
    const ps_llama_options options = {.model_path = path(),
                                      .n_ctx = 64,
                                      .cells = 256,
                                      .contexts = 1,
                                      .threads = 1,
                                      .width = 1,
                                      .flash_attn = (int)(how % 3) - 1,
                                      .kv_type = kv_types[how / 3 % 4],
                                      .deterministic = true,
                                      .embeddings = how / 16 % 2 == 1};
    ps_engine *engine = NULL;
    ps_error err = {0};
    ps_status status = ps_engine_llama_create(&options, &engine, &err);
    require(status == PS_OK || err.message[0] != '\0', "no message");
    if (getenv("PERSAMP_FUZZ_SAY") != NULL) fprintf(stderr, "%d %s\n", (int)status, err.message);
    if (status == PS_OK) ask(engine);
    ps_engine_free(engine);
    return status;
}

static ps_status read_head(void) {
    ps_prm_metadata metadata = {0};
    ps_prm_head head = {0};
    ps_error err = {0};
    if (ps_prm_metadata_read(path(), &metadata, &err) == PS_OK) ps_prm_metadata_clear(&metadata);
    ps_status status = ps_prm_head_read(path(), &head, &err);
    require(status == PS_OK || err.message[0] != '\0', "no message");
    ps_prm_head_clear(&head);
    return status;
}

/* Unchanged, each model is sound: else nothing would be tried. */
static void check_models(void) {
    for (unsigned kind = 0; kind < GGUF_KINDS; kind++) {
        gguf_model model;
        ps_text file = {0};
        gguf_model_make(&model, kind);
        gguf_model_write(&model, &file);
        write_file(&file);
        require((kind + 1 == GGUF_KINDS ? read_head() : load(kind)) == PS_OK, "an unchanged model is refused");
        ps_text_clear(&file);
        gguf_model_clear(&model);
    }
}

static void apply(gguf_model *model, ps_text *file, const uint8_t *bytes, const char *architecture) {
    const change c = {.what = bytes[1], .which = bytes[2], .a = (unsigned)bytes[3] + 256U * bytes[4], .b = bytes[5]};
    const bool in_file = bytes[0] % 16 == 15;
    if (in_file != (file != NULL)) return; /* what changes bytes comes after all that changes the model */
    if (in_file)
        change_file(model, file, &c);
    else if (bytes[0] % 16 < 6)
        change_value(model, &c);
    else if (bytes[0] % 16 < 10)
        change_tensor(model, &c);
    else if (bytes[0] % 16 < 14)
        add_key(model, &c, architecture);
    else
        model->alignment = c.a % 2 ? 8 : 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { ONE = 6, MOST = 6 };
    static bool checked;
    static const char *const architectures[] = {"qwen2", "llama", "qwen3", "gemma3", "llama", "prm"};
    if (size < 2) return 0;
    if (!checked) check_models();
    checked = true;
    const unsigned kind = data[0] % GGUF_KINDS;
    const size_t n = (size - 2) / ONE < MOST ? (size - 2) / ONE : MOST;
    gguf_model model;
    ps_text file = {0};
    gguf_model_make(&model, kind);
    for (size_t i = 0; i < n; i++)
        apply(&model, NULL, data + 2 + ONE * i, architectures[kind]);
    gguf_model_write(&model, &file);
    for (size_t i = 0; i < n; i++)
        apply(&model, &file, data + 2 + ONE * i, architectures[kind]);
    write_file(&file);
    if (kind + 1 < GGUF_KINDS) (void)load(data[1]);
    (void)read_head();
    ps_text_clear(&file);
    gguf_model_clear(&model);
    return 0;
}
