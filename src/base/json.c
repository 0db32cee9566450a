#include "base/json.h"

#include <math.h>
#include <string.h>

json_t *ps_json_number(double x) {
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *ps_json_text(const char *text) {
    if (text == NULL) return json_null();
    json_t *string = json_string(text);
    if (string != NULL) return string;
    ps_text repaired = {0};
    ps_utf8_repair(&repaired, text, strlen(text));
    if (ps_text_ok(&repaired)) string = json_string(ps_text_cstr(&repaired));
    ps_text_clear(&repaired);
    return string;
}

static int append(const char *bytes, size_t length, void *out) {
    ps_text_append(out, bytes, length);
    return ps_text_ok(out) ? 0 : -1;
}

json_t *ps_json_counts(const size_t *counts, const char *(*name)(size_t i)) {
    json_t *object = json_object();
    for (size_t i = 0; name(i) != NULL; i++)
        json_object_set_new(object, name(i), json_integer((json_int_t)counts[i]));
    return object;
}

void ps_json_read_counts(const json_t *object, const char *(*name)(size_t i), size_t *counts) {
    for (size_t i = 0; name(i) != NULL; i++) {
        json_int_t n = json_integer_value(json_object_get(object, name(i)));
        counts[i] = n > 0 ? (size_t)n : 0;
    }
}

ps_status ps_json_dump(json_t *root, size_t flags, ps_text *out, ps_error *err) {
    int failed = root != NULL ? json_dump_callback(root, append, out, flags) : -1;
    json_decref(root);
    return failed == 0 ? PS_OK : ps_nomem(err);
}

/* Values, counted without reading them: one more than there are commas, and one for each bracket that opens. */
static bool has_more_values(const char *bytes, size_t length, size_t most) {
    bool text = false;
    size_t n = 1;
    for (size_t i = 0; i < length; i++) {
        const char c = bytes[i];
        if (text && c == '\\') i++;
        if (c == '"') text = !text;
        if (!text && (c == ',' || c == '[' || c == '{') && ++n > most) return true;
    }
    return false;
}

ps_status ps_json_read(const char *bytes, size_t length, size_t most, json_t **root, ps_error *err) {
    json_error_t syntax;
    if (has_more_values(bytes, length, most)) return ps_fail(err, PS_FORMAT, "has more than %zu values", most);
    json_t *read = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &syntax);
    if (read == NULL)
        return ps_fail(err, PS_FORMAT, "is no JSON: line %d, column %d: %s", syntax.line, syntax.column, syntax.text);
    *root = read;
    return PS_OK;
}
