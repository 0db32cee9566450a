#include "reward/pooling_body.h"

#include <math.h>
#include <string.h>

/* ---- Sending ------------------------------------------------------------- */

static bool begins(const char *text, size_t length, const char *what) {
    const size_t n = strlen(what);
    return n > 1 && n <= length && memcmp(text, what, n) == 0;
}

/* Where the first spelling in text[from..length) begins; `length`: there is none. */
static size_t find_spelled(const char *text, size_t from, size_t length, const char *const *what, size_t n_what) {
    for (; from < length; from++)
        for (size_t k = 0; k < n_what; k++)
            if (begins(text + from, length - from, what[k])) return from;
    return length;
}

void ps_pooling_break(ps_text *out, const char *text, size_t length, const char *const *what, size_t n_what) {
    for (size_t from = 0; from < length;) {
        const size_t at = find_spelled(text, from, length, what, n_what), to = at < length ? at + 1 : length;
        ps_utf8_repair(out, text + from, to - from);
        if (at < length) ps_text_puts(out, " ");
        from = to;
    }
}

/* The texts of the path, one behind the other. A new reference; NULL without memory. */
static json_t *text_of(const ps_pooling_prefix *prefix) {
    char *bytes = ps_malloc(prefix->bytes + 1);
    if (bytes == NULL) return NULL;
    size_t at = prefix->bytes;
    for (const ps_pooling_prefix *p = prefix; p != NULL; p = p->parent) {
        at -= p->length;
        if (p->length > 0) memcpy(bytes + at, p->text, p->length);
    }
    json_t *string = json_stringn_nocheck(bytes, prefix->bytes);
    ps_free(bytes);
    return string;
}

/* The prompt has its BOS, where the model has one. */
ps_status ps_pooling_write(const char *model, const ps_pooling_prefix *const *prefixes, size_t n, ps_text *body,
                           ps_error *err) {
    json_t *texts = json_array();
    for (size_t i = 0; texts != NULL && i < n; i++)
        if (json_array_append_new(texts, text_of(prefixes[i])) != 0) {
            json_decref(texts);
            texts = NULL;
        }
    return ps_json_dump(
        json_pack("{s:o, s:o, s:b}", "model", ps_json_text(model), "input", texts, "add_special_tokens", 0),
        JSON_COMPACT, body, err);
}

/* ---- Reading ------------------------------------------------------------- */

ps_status ps_pooling_open(const char *body, size_t length, json_t **root, ps_error *err) {
    enum { MOST_VALUES = 1 << 20 };
    json_t *read = NULL;
    ps_error why;
    ps_status status = ps_json_read(body, length, MOST_VALUES, &read, &why);
    if (status != PS_OK) return ps_fail(err, status, "the server's answer %s", why.message);
    const json_t *error = json_object_get(read, "error");
    if (error != NULL && !json_is_null(error)) {
        status = ps_pooling_unexpected("error", error, "none", err);
        json_decref(read);
        return status;
    }
    *root = read;
    return PS_OK;
}

ps_status ps_pooling_unexpected(const char *key, const json_t *value, const char *what, ps_error *err) {
    char found[160] = "nothing";
    if (value != NULL) {
        const size_t n = json_dumpb(value, found, sizeof found - 1, JSON_ENCODE_ANY | JSON_COMPACT);
        if (n >= sizeof found)
            memcpy(found, "something long", sizeof "something long");
        else
            found[n] = '\0';
    }
    return ps_fail(err, PS_FORMAT, "%s of the server's answer: expected %s, found %s", key, what, found);
}

static bool probability_of(const json_t *value, double *p) {
    *p = json_is_number(value) ? json_number_value(value) : NAN;
    return *p >= 0 && *p <= 1;
}

/* [p(wrong), p(right)], [p(right)] or p(right). */
static ps_status read_row(const json_t *row, double *p, ps_error *err) {
    const double rounding = 1e-3;
    const size_t n = json_is_array(row) ? json_array_size(row) : 0;
    double wrong = 0;
    const bool two = n == 2 && probability_of(json_array_get(row, 0), &wrong) &&
                     probability_of(json_array_get(row, 1), p) && fabs(wrong + *p - 1) <= rounding;
    if (two || (n == 1 && probability_of(json_array_get(row, 0), p)) || probability_of(row, p)) return PS_OK;
    return ps_pooling_unexpected("a row of data", row, "[p(wrong), p(right)] or [p(right)], probabilities", err);
}

static ps_status read_rows(const json_t *list, ps_arena *arena, ps_pooling_rows *rows, ps_error *err) {
    if (!json_is_array(list)) return ps_pooling_unexpected("data", list, "a list of rows", err);
    const size_t n = json_array_size(list);
    rows->p = ps_arena_calloc(arena, n + 1, sizeof *rows->p);
    if (rows->p == NULL) return ps_nomem(err);
    rows->n = n;
    for (size_t i = 0; i < n && rows->error.code == PS_OK; i++)
        (void)read_row(json_array_get(list, i), &rows->p[i], &rows->error);
    return PS_OK;
}

/* The place of an entry, which comes once. */
static ps_status read_index(const json_t *entry, size_t n, const ps_pooling_rows *rows, size_t *index, ps_error *err) {
    const json_t *value = json_object_get(entry, "index");
    const json_int_t i = json_is_integer(value) ? json_integer_value(value) : -1;
    if (i < 0 || (uint64_t)i >= n) return ps_pooling_unexpected("index", value, "the number of a text", err);
    if (rows[i].p != NULL) return ps_fail(err, PS_FORMAT, "text %d comes twice in the server's answer", (int)i);
    *index = (size_t)i;
    return PS_OK;
}

static ps_status read_root(const json_t *root, size_t n, ps_arena *arena, ps_pooling_rows *rows, size_t *tokens,
                           ps_error *err) {
    const json_t *list = json_object_get(root, "data"),
                 *count = json_object_get(json_object_get(root, "usage"), "prompt_tokens");
    size_t at = 0;
    if (!json_is_array(list) || json_array_size(list) != n)
        return ps_fail(err, PS_FORMAT, "the server's answer has %zu entries in data, asked were %zu texts",
                       json_array_size(list), n);
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        status = read_index(entry, n, rows, &at, err);
        if (status == PS_OK) status = read_rows(json_object_get(entry, "data"), arena, &rows[at], err);
    }
    if (status != PS_OK) return status;
    if (!json_is_integer(count) || json_integer_value(count) < 0 || json_integer_value(count) > INT32_MAX)
        return ps_pooling_unexpected("usage.prompt_tokens", count, "a number of tokens", err);
    *tokens = (size_t)json_integer_value(count);
    return PS_OK;
}

ps_status ps_pooling_read(const char *body, size_t length, size_t n, ps_arena *arena, ps_pooling_rows *rows,
                          size_t *tokens, ps_error *err) {
    json_t *root = NULL;
    for (size_t i = 0; i < n; i++)
        rows[i] = (ps_pooling_rows){0};
    ps_status status = ps_pooling_open(body, length, &root, err);
    if (status == PS_OK) status = read_root(root, n, arena, rows, tokens, err);
    json_decref(root);
    return status;
}

/* ---- Believing ----------------------------------------------------------- */

ps_status ps_pooling_last(const ps_pooling_prefix *prefix, const ps_pooling_rows *rows, double *p, ps_error *err) {
    if (rows->error.code != PS_OK) return ps_fail(err, rows->error.code, "%s", rows->error.message);
    if (rows->n != prefix->n_tags)
        return ps_fail(err, PS_FORMAT,
                       "the server gives %zu rows for %zu steps: a process reward model gives one for each step tag",
                       rows->n, prefix->n_tags);
    size_t i = rows->n - 1;
    for (const ps_pooling_prefix *at = prefix->parent; i > 0; at = at->parent, i--)
        if (!(fabs(rows->p[i - 1] - at->p) <= PS_POOLING_AGREE))
            return ps_fail(err, PS_FORMAT,
                           "the server gives step %zu the reward %.6g, and gave it %.6g before: its numbers move more "
                           "than %g between two answers; vLLM's --dtype float32 keeps them",
                           i, rows->p[i - 1], at->p, PS_POOLING_AGREE);
    *p = rows->p[rows->n - 1];
    return PS_OK;
}
