/* Extraction by a regular expression of the user's. */
#include "verify/extract/extract.h"

#include "base/pattern.h"

ps_status psv_extract_regex(psv_ctx *ctx, const char *regex, const char *response, size_t length, const char **out,
                            ps_error *err) {
    *out = NULL;
    if (regex == NULL || *regex == '\0') return ps_fail(err, PS_ARG, "extraction by regex needs a pattern");
    ps_pattern *pattern = NULL;
    ps_status status = ps_pattern_compile(regex, &pattern, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "the pattern of the extraction");
    bool found;
    size_t begin, end;
    status = ps_pattern_last(pattern, response, length, &found, &begin, &end, err);
    if (status == PS_OK && found) *out = ps_arena_strndup(ctx->arena, response + begin, end - begin);
    ps_pattern_free(pattern);
    return status;
}
