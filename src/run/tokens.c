/* One table names the kinds; everything else goes through it. */
#include "run/tokens.h"

typedef struct kind {
    const char *name;
    size_t offset;
} kind;

static const kind kinds[] = {{"generated", offsetof(ps_token_counts, generated)},
                             {"shared", offsetof(ps_token_counts, shared)},
                             {"prompt", offsetof(ps_token_counts, prompt)},
                             {"prefilled", offsetof(ps_token_counts, prefilled)},
                             {"prm", offsetof(ps_token_counts, prm)}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static uint64_t *count_of(ps_token_counts *counts, size_t k) {
    return (uint64_t *)((char *)counts + kinds[k].offset);
}

void ps_tokens_add(ps_token_counts *sum, const ps_token_counts *counts) {
    ps_token_counts more = *counts;
    for (size_t k = 0; k < KINDS; k++)
        *count_of(sum, k) += *count_of(&more, k);
}

json_t *ps_tokens_json(const ps_token_counts *counts) {
    ps_token_counts c = *counts;
    json_t *object = json_object();
    for (size_t k = 0; k < KINDS; k++)
        json_object_set_new(object, kinds[k].name, json_integer((json_int_t)*count_of(&c, k)));
    return object;
}

ps_token_counts ps_tokens_read(const json_t *object) {
    ps_token_counts c = {0};
    for (size_t k = 0; k < KINDS; k++)
        *count_of(&c, k) = (uint64_t)json_integer_value(json_object_get(object, kinds[k].name));
    return c;
}
