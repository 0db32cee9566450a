/* Head files and metadata, read with ggml's GGUF reader. Only the header is left to it: tensor data are read here,
 * after the sizes were checked, because it would abort() when it cannot allocate what a damaged file claims. */
#include "reward/head.h"

#ifdef PS_HAVE_LLAMA

#include "base/file.h"
#include "base/hash.h"

#include <errno.h>
#include <ggml.h>
#include <gguf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST_SIDE = 1 << 20 };

/* An open tensor file. */
typedef struct tensor_file {
    const char *path;
    FILE *file;
    uint64_t size;
    struct gguf_context *gguf;
    struct ggml_context *shapes; /* tensors without data */
    ps_error *err;
} tensor_file;

static void close_file(tensor_file *t) {
    if (t->shapes != NULL) ggml_free(t->shapes);
    if (t->gguf != NULL) gguf_free(t->gguf);
    if (t->file != NULL) fclose(t->file);
}

static ps_status open_file(tensor_file *t, const char *path, bool shapes, ps_error *err) {
    int fd;
    *t = (tensor_file){.path = path, .err = err};
    ps_status status = ps_file_open(path, &fd, &t->size, err);
    if (status != PS_OK) return status;
    t->file = fdopen(fd, "rb");
    if (t->file == NULL) {
        close(fd);
        return ps_fail(err, PS_IO, "%s: cannot open: %s", path, strerror(errno));
    }
    char magic[4] = {0};
    if (fread(magic, 1, sizeof magic, t->file) != sizeof magic || memcmp(magic, "GGUF", 4) != 0) {
        close_file(t);
        return ps_fail(err, PS_FORMAT, "%s is not a GGUF file: it does not begin with \"GGUF\"", path);
    }
    t->gguf = gguf_init_from_file(path, (struct gguf_init_params){.no_alloc = true, .ctx = shapes ? &t->shapes : NULL});
    if (t->gguf == NULL) {
        close_file(t);
        return ps_fail(err, PS_FORMAT, "%s is damaged or truncated: its GGUF header cannot be read", path);
    }
    return PS_OK;
}

/* ---- Metadata ------------------------------------------------------------ */

/* A copy of a string of the metadata; *value is left alone when it is not there. */
static ps_status copy_string(const tensor_file *t, const char *key, char **value) {
    const int64_t i = gguf_find_key(t->gguf, key);
    if (i < 0 || gguf_get_kv_type(t->gguf, i) != GGUF_TYPE_STRING) return PS_OK;
    *value = ps_strdup(gguf_get_val_str(t->gguf, i));
    return *value == NULL ? ps_nomem(t->err) : PS_OK;
}

ps_status ps_prm_metadata_read(const char *path, ps_prm_metadata *metadata, ps_error *err) {
    tensor_file t;
    ps_prm_metadata made = {0};
    ps_status status = open_file(&t, path, false, err);
    if (status != PS_OK) return status;
    status = copy_string(&t, "prm.token.tag", &made.tag);
    if (status == PS_OK) status = copy_string(&t, "prm.token.positive", &made.positive);
    if (status == PS_OK) status = copy_string(&t, "prm.token.negative", &made.negative);
    if (status == PS_OK) status = copy_string(&t, "prm.system", &made.system);
    if (status == PS_OK) status = copy_string(&t, "prm.step_separator", &made.separator);
    close_file(&t);
    if (status == PS_OK)
        *metadata = made;
    else
        ps_prm_metadata_clear(&made);
    return status;
}

/* ---- Tensors ------------------------------------------------------------- */

static ps_status to_floats(const tensor_file *t, enum ggml_type type, const void *raw, size_t n, float **values) {
    float *made = ps_reallocarray(NULL, n, sizeof *made);
    if (made == NULL) return ps_nomem(t->err);
    if (type == GGML_TYPE_F32)
        memcpy(made, raw, n * sizeof *made);
    else
        ggml_get_type_traits(type)->to_float(raw, made, (int64_t)n);
    *values = made;
    return PS_OK;
}

/* The data of tensor `name` as float32, ne[0] × ne[1] numbers. *values stays NULL when there is no such tensor. */
static ps_status read_tensor(const tensor_file *t, const char *name, size_t ne[2], float **values) {
    const int64_t i = gguf_find_tensor(t->gguf, name);
    if (i < 0) return PS_OK;
    const struct ggml_tensor *shape = ggml_get_tensor(t->shapes, name);
    const enum ggml_type type = gguf_get_tensor_type(t->gguf, i);
    if (shape == NULL || shape->ne[2] != 1 || shape->ne[3] != 1 || shape->ne[0] < 1 || shape->ne[1] < 1 ||
        shape->ne[0] > LARGEST_SIDE || shape->ne[1] > LARGEST_SIDE)
        return ps_fail(t->err, PS_FORMAT, "%s: the tensor %s is no matrix of a sensible size", t->path, name);
    if (type != GGML_TYPE_F32 && ggml_get_type_traits(type)->to_float == NULL)
        return ps_fail(t->err, PS_FORMAT, "%s: the tensor %s has type %s; expected F32, F16 or a quantised one",
                       t->path, name, ggml_type_name(type));
    const uint64_t bytes = gguf_get_tensor_size(t->gguf, i);
    const uint64_t from = gguf_get_data_offset(t->gguf) + gguf_get_tensor_offset(t->gguf, i);
    if (from > t->size || bytes > t->size - from)
        return ps_fail(t->err, PS_FORMAT, "%s is truncated: it has %llu bytes and %s ends at %llu", t->path,
                       (unsigned long long)t->size, name, (unsigned long long)(from + bytes));
    void *raw = ps_malloc(bytes);
    if (raw == NULL) return ps_nomem(t->err);
    ps_status status = PS_OK;
    if (fseek(t->file, (long)from, SEEK_SET) != 0 || fread(raw, 1, bytes, t->file) != bytes)
        status = ps_fail(t->err, PS_IO, "%s: cannot read the tensor %s", t->path, name);
    if (status == PS_OK) status = to_floats(t, type, raw, (size_t)shape->ne[0] * (size_t)shape->ne[1], values);
    ps_free(raw);
    if (status != PS_OK) return status;
    ne[0] = (size_t)shape->ne[0];
    ne[1] = (size_t)shape->ne[1];
    return PS_OK;
}

/* Layer "head.INDEX": in and out stay 0 when it is not there. A missing bias is zero. */
static ps_status read_layer(const tensor_file *t, int index, ps_prm_layer *layer) {
    char weight[32], bias[32];
    size_t ne[2] = {0}, nb[2] = {0};
    snprintf(weight, sizeof weight, "head.%d.weight", index);
    snprintf(bias, sizeof bias, "head.%d.bias", index);
    ps_status status = read_tensor(t, weight, ne, &layer->weight);
    if (status != PS_OK || layer->weight == NULL) return status;
    layer->in = ne[0];
    layer->out = ne[1];
    status = read_tensor(t, bias, nb, &layer->bias);
    if (status != PS_OK) return status;
    if (layer->bias == NULL) {
        layer->bias = ps_calloc(layer->out, sizeof *layer->bias);
        return layer->bias == NULL ? ps_nomem(t->err) : PS_OK;
    }
    if (nb[0] * nb[1] != layer->out)
        return ps_fail(t->err, PS_FORMAT, "%s: %s has %zu numbers and %s %zu rows", t->path, bias, nb[0] * nb[1],
                       weight, layer->out);
    return PS_OK;
}

/* prm.head.positive: by default the last of two labels. */
static ps_status read_positive(const tensor_file *t, ps_prm_head *head) {
    const size_t labels = head->layer[head->n_layers - 1].out;
    const int64_t i = gguf_find_key(t->gguf, "prm.head.positive");
    uint64_t positive = labels - 1;
    if (i >= 0) switch (gguf_get_kv_type(t->gguf, i)) {
        case GGUF_TYPE_UINT32: positive = gguf_get_val_u32(t->gguf, i); break;
        case GGUF_TYPE_INT32: positive = (uint64_t)(int64_t)gguf_get_val_i32(t->gguf, i); break;
        case GGUF_TYPE_UINT64: positive = gguf_get_val_u64(t->gguf, i); break;
        default: positive = UINT64_MAX;
        }
    if (positive >= labels)
        return ps_fail(t->err, PS_FORMAT, "%s: prm.head.positive must be the number of one of %zu labels", t->path,
                       labels);
    head->positive = (size_t)positive;
    return PS_OK;
}

static ps_status check_activation(const tensor_file *t, const ps_prm_head *head) {
    char *activation = NULL;
    ps_status status = copy_string(t, "prm.head.activation", &activation);
    if (status == PS_OK && head->n_layers == 2 && activation != NULL && strcmp(activation, "relu") != 0)
        status = ps_fail(t->err, PS_FORMAT, "%s: prm.head.activation is \"%s\"; only \"relu\" is known", t->path,
                         activation);
    ps_free(activation);
    return status;
}

/* A number written as text; NaN where it is not there. */
static ps_status copy_number(const tensor_file *t, const char *key, double *value) {
    char *text = NULL;
    ps_status status = copy_string(t, key, &text);
    *value = NAN;
    if (status == PS_OK && text != NULL && !ps_parse_real(text, strlen(text), value))
        status = ps_fail(t->err, PS_FORMAT, "%s: %s is \"%s\"; expected a number", t->path, key, text);
    ps_free(text);
    return status;
}

/* What learn wrote. */
static ps_status read_origin(const tensor_file *t, ps_prm_head *head) {
    char *position = NULL;
    ps_status status = copy_string(t, "prm.head.position", &position);
    head->learned = position != NULL;
    if (status == PS_OK && position != NULL && strcmp(position, PS_HEAD_POSITION) != 0)
        status = ps_fail(t->err, PS_FORMAT, "%s: prm.head.position is \"%s\"; only \"%s\" is known", t->path, position,
                         PS_HEAD_POSITION);
    if (status == PS_OK) status = copy_string(t, "prm.head.model", &head->origin.model);
    if (status == PS_OK) status = copy_string(t, "prm.head.steps", &head->origin.steps);
    if (status == PS_OK) status = copy_string(t, "prm.head.system", &head->origin.system);
    if (status == PS_OK) status = copy_string(t, "prm.head.prompt", &head->origin.prompt);
    if (status == PS_OK) status = copy_number(t, "prm.head.temperature", &head->origin.temperature);
    if (status == PS_OK) status = copy_number(t, "prm.head.top_p", &head->origin.top_p);
    if (status == PS_OK) status = copy_number(t, "prm.head.top_k", &head->origin.top_k);
    ps_free(position);
    return status;
}

static ps_status read_head(const tensor_file *t, ps_prm_head *head) {
    ps_prm_layer *a = &head->layer[0], *b = &head->layer[1];
    ps_status status = read_layer(t, 0, a);
    if (status == PS_OK && a->weight == NULL)
        status = ps_fail(t->err, PS_FORMAT, "%s has no tensor head.0.weight: not a head file", t->path);
    if (status == PS_OK) status = read_layer(t, 2, b);
    if (status != PS_OK) return status;
    head->n_layers = b->weight != NULL ? 2 : 1;
    if (head->n_layers == 2 && b->in != a->out)
        return ps_fail(t->err, PS_FORMAT, "%s: head.0 gives %zu numbers and head.2 takes %zu", t->path, a->out, b->in);
    head->scratch = ps_reallocarray(NULL, a->out + b->out, sizeof *head->scratch);
    if (head->scratch == NULL) return ps_nomem(t->err);
    status = read_positive(t, head);
    if (status == PS_OK) status = check_activation(t, head);
    if (status == PS_OK) status = copy_string(t, "prm.head.tag", &head->tag);
    if (status == PS_OK) status = read_origin(t, head);
    return status;
}

static ps_status identify(const tensor_file *t, ps_prm_head *head) {
    ps_hash hash;
    char text[PS_HASH_TEXT];
    ps_hash_begin(&hash, 0);
    ps_status status = ps_hash_file(&hash, t->path, gguf_get_data_offset(t->gguf), t->err);
    ps_hash_end(&hash, text);
    snprintf(head->identity, sizeof head->identity, "gguf-%llu-%s", (unsigned long long)t->size, text);
    return status;
}

ps_status ps_prm_head_read(const char *path, ps_prm_head *head, ps_error *err) {
    tensor_file t;
    ps_prm_head made = {0};
    ps_status status = open_file(&t, path, true, err);
    if (status != PS_OK) return status;
    status = read_head(&t, &made);
    if (status == PS_OK) status = identify(&t, &made);
    close_file(&t);
    if (status == PS_OK)
        *head = made;
    else
        ps_prm_head_clear(&made);
    return status;
}

#else

ps_status ps_prm_metadata_read(const char *path, ps_prm_metadata *metadata, ps_error *err) {
    (void)path;
    *metadata = (ps_prm_metadata){0};
    (void)err;
    return PS_OK;
}

ps_status ps_prm_head_read(const char *path, ps_prm_head *head, ps_error *err) {
    (void)head;
    return ps_fail(err, PS_ENGINE, "%s: persamp was built without libllama, whose reader head files need", path);
}

#endif
