/* What the writers of all dialects share: strings that need not be UTF-8, and many ids without an object for each. */
#ifndef PERSAMP_ENGINE_OPENAI_WRITE_H
#define PERSAMP_ENGINE_OPENAI_WRITE_H

#include "base/json.h"
#include "engine/openai/dialect.h"

/* A string of `length` bytes, NUL among them or not; what is not UTF-8 becomes U+FFFD. A new reference; NULL without
 * memory. */
json_t *ps_remote_json_string(const char *text, size_t length);

/* The stop strings of `ask`, at most the `most` first ones, as an array; messages as [{"role":…,"content":…}]. New
 * references; NULL without memory. */
json_t *ps_remote_json_stops(const ps_remote_ask *ask, size_t most);
json_t *ps_remote_json_messages(const ps_chat_message *messages, size_t n);

/* Append to an array and give it back; NULL, and nothing is left, where one of both is. */
json_t *ps_remote_json_grown(json_t *array, json_t *member);

/* Append `rest`, an object, and let go of it. NULL is PS_NOMEM. */
ps_status ps_remote_put(json_t *rest, ps_text *body, ps_error *err);

/* The same with the ids as member `key` in front. */
ps_status ps_remote_put_with_ids(const char *key, const ps_token *tokens, size_t n, json_t *rest, ps_text *body,
                                 ps_error *err);

#endif
