/* Extraction by a regular expression of the user's. Matching is bounded by PCRE2's own step counter. */
#include "verify/extract/extract.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, MATCHES = 10000 };

/* The last match: its first group if it has one, else the whole. false: none. */
static bool last_match(pcre2_code *code, pcre2_match_data *data, pcre2_match_context *limits, const char *text,
                       size_t length, psv_span *out) {
    bool found = false;
    size_t from = 0;
    for (int k = 0; k < MATCHES && from <= length; k++) {
        int groups = pcre2_match(code, (PCRE2_SPTR)text, length, from, 0, data, limits);
        if (groups < 0) break;
        PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
        size_t pick = groups > 1 && at[2] != PCRE2_UNSET ? 1 : 0;
        *out = (psv_span){at[2 * pick], at[2 * pick + 1]};
        found = out->begin <= out->end;
        from = at[1] > from ? at[1] : from + 1;
    }
    return found;
}

ps_status psv_extract_regex(psv_ctx *ctx, const char *regex, const char *response, size_t length, const char **out,
                            ps_error *err) {
    int code_error;
    PCRE2_SIZE offset;
    *out = NULL;
    if (regex == NULL || !*regex) return ps_fail(err, PS_ARG, "extraction by regex needs a pattern");
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, 0, &code_error, &offset, NULL);
    if (code == NULL) {
        char message[200];
        if (pcre2_get_error_message(code_error, (PCRE2_UCHAR *)message, sizeof message) < 0) message[0] = 0;
        return ps_fail(err, PS_FORMAT, "the extraction pattern does not compile at character %zu: %s",
                       (size_t)offset + 1, message);
    }
    ps_status status = PS_OK;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    psv_span span;
    if (data == NULL || limits == NULL) {
        status = ps_nomem(err);
        goto done;
    }
    pcre2_set_match_limit(limits, MATCH_LIMIT);
    pcre2_set_depth_limit(limits, DEPTH_LIMIT);
    if (last_match(code, data, limits, response, length, &span)) {
        *out = ps_arena_strndup(ctx->arena, response + span.begin, span.end - span.begin);
        if (*out == NULL) status = ps_nomem(err);
    }
done:
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
    return status;
}
