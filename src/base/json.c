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

ps_status ps_json_dump(json_t *root, size_t flags, ps_text *out, ps_error *err) {
    int failed = root != NULL ? json_dump_callback(root, append, out, flags) : -1;
    json_decref(root);
    return failed == 0 ? PS_OK : ps_nomem(err);
}
