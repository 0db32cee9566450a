#include "base/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_LIMIT = 200000, DEPTH_LIMIT = 2000, MATCHES = 10000 };

struct ps_pattern {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *limits;
};

static void *take(PCRE2_SIZE size, void *user) {
    (void)user;
    return ps_malloc(size);
}

static void give(void *p, void *user) {
    (void)user;
    ps_free(p);
}

static ps_status refuse(int code, size_t offset, ps_error *err) {
    char why[160];
    if (code == PCRE2_ERROR_HEAP_FAILED) return ps_nomem(err);
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof why) < 0) why[0] = '\0';
    return ps_fail(err, PS_FORMAT, "not a regular expression: %s, at character %zu", why, offset + 1);
}

static ps_status compile(ps_pattern *p, const char *regex, ps_error *err) {
    p->memory = pcre2_general_context_create(take, give, NULL);
    if (p->memory == NULL) return ps_nomem(err);
    pcre2_compile_context *compiling = pcre2_compile_context_create(p->memory);
    if (compiling == NULL) return ps_nomem(err);
    int code = 0;
    PCRE2_SIZE offset = 0;
    p->code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, 0, &code, &offset, compiling);
    pcre2_compile_context_free(compiling);
    if (p->code == NULL) return refuse(code, offset, err);
    p->data = pcre2_match_data_create_from_pattern(p->code, p->memory);
    p->limits = pcre2_match_context_create(p->memory);
    if (p->data == NULL || p->limits == NULL) return ps_nomem(err);
    pcre2_set_match_limit(p->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(p->limits, DEPTH_LIMIT);
    return PS_OK;
}

ps_status ps_pattern_compile(const char *regex, ps_pattern **out, ps_error *err) {
    ps_pattern *p = ps_calloc(1, sizeof *p);
    if (p == NULL) return ps_nomem(err);
    ps_status status = compile(p, regex, err);
    if (status == PS_OK)
        *out = p;
    else
        ps_pattern_free(p);
    return status;
}

void ps_pattern_free(ps_pattern *p) {
    if (p == NULL) return;
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->limits);
    pcre2_code_free(p->code);
    pcre2_general_context_free(p->memory);
    ps_free(p);
}

ps_status ps_pattern_last(ps_pattern *p, const char *text, size_t length, bool *found, size_t *begin, size_t *end,
                          ps_error *err) {
    size_t from = 0;
    *found = false;
    for (int k = 0; k < MATCHES && from <= length; k++) {
        int groups = pcre2_match(p->code, (PCRE2_SPTR)text, length, from, 0, p->data, p->limits);
        if (groups == PCRE2_ERROR_NOMEMORY) return ps_nomem(err); /* which is not "no match" */
        if (groups < 0) break;
        const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->data);
        size_t pick = groups > 1 && at[2] != PCRE2_UNSET ? 1 : 0;
        *begin = at[2 * pick];
        *end = at[2 * pick + 1];
        *found = *begin <= *end;
        from = at[1] > from ? at[1] : from + 1;
    }
    return PS_OK;
}
