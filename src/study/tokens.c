/* An object with a member for each kind. */
#include "study/tokens.h"

json_t *ps_tokens_json(const ps_token_counts *counts) {
    ps_token_counts c = *counts;
    json_t *object = json_object();
    for (size_t k = 0; ps_token_kind(k) != NULL; k++)
        json_object_set_new(object, ps_token_kind(k), json_integer((json_int_t)*ps_token_count(&c, k)));
    return object;
}

ps_token_counts ps_tokens_read(const json_t *object) {
    ps_token_counts c = {0};
    for (size_t k = 0; ps_token_kind(k) != NULL; k++)
        *ps_token_count(&c, k) = (uint64_t)json_integer_value(json_object_get(object, ps_token_kind(k)));
    return c;
}
