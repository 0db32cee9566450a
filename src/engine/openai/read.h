/* What the readers of all dialects share: a server's JSON, of which nothing is believed. Whatever is not as expected is
 * PS_FORMAT, with what was found in the place of what; texts are copied into the arena. */
#ifndef PERSAMP_ENGINE_OPENAI_READ_H
#define PERSAMP_ENGINE_OPENAI_READ_H

#include "engine/openai/dialect.h"

#include <jansson.h>

/* Values that an answer to `ask` may have: what it takes, several times over. */
size_t ps_remote_most_values(const ps_remote_ask *ask);
/* The same for what is no answer: lists of ids, models. */
enum { PS_REMOTE_MOST_VALUES = 1 << 20 };

/* Parse. Keys come once, arrays and objects are no deeper than jansson allows (2048), and of values there are at most
 * `most`, so that a small body cannot become a large tree. An object with an error in it is PS_HTTP with the server's
 * words. *root is owned by the caller (json_decref). */
ps_status ps_remote_json_open(const char *body, size_t length, size_t most, ps_arena *arena, json_t **root,
                              ps_error *err);

/* Members of an object, or of what should be one. */
ps_status ps_remote_get_array(const json_t *object, const char *key, const json_t **array, ps_error *err);
ps_status ps_remote_get_text(const json_t *object, const char *key, ps_arena *arena, const char **text, size_t *length,
                             ps_error *err);
ps_status ps_remote_get_count(const json_t *object, const char *key, size_t most, size_t *count, ps_error *err);
/* `otherwise` where there is no such member, or null. */
ps_status ps_remote_get_count_or(const json_t *object, const char *key, size_t otherwise, size_t *count, ps_error *err);

/* Values. A log-probability is finite and at most 0 (rounding of 1e-6 above is taken for 0). */
ps_status ps_remote_read_id(const json_t *value, ps_token *id, ps_error *err);
ps_status ps_remote_read_logp(const json_t *value, double *logp, ps_error *err);

/* "…: expected `what`, found VALUE". */
ps_status ps_remote_unexpected(const char *key, const json_t *value, const char *what, ps_error *err);

/* Ids from a member that is an array of them. */
ps_status ps_remote_get_ids(const json_t *object, const char *key, ps_arena *arena, ps_token **ids, size_t *n,
                            ps_error *err);

/* The place of a choice that says its index, which must be below ask.n and come once; `seen` has ask.n members. Without
 * an index it is the first, where one was asked for. */
ps_status ps_remote_get_index(const ps_remote_ask *ask, const json_t *object, bool *seen, size_t *index, ps_error *err);

/* The stop string among those that were sent, or PS_FORMAT. */
ps_status ps_remote_match_stop(const ps_remote_ask *ask, const char *stop, ps_error *err);

/* Is the prompt as long as what was sent? Otherwise the server cut it or put something in front. */
ps_status ps_remote_check_prompt(const ps_remote_ask *ask, size_t prompt_tokens, ps_error *err);

/* Choices for an answer to `ask`, all empty; NULL without memory. */
ps_remote_choice *ps_remote_choices(const ps_remote_ask *ask, ps_arena *arena);
/* Room in a choice for n tokens, all missing, with `top` of the most likely each. */
ps_status ps_remote_choice_room(ps_remote_choice *choice, size_t n, size_t top, ps_arena *arena, ps_error *err);
/* Sort the most likely, which are `n` in number: the likeliest first, equal ones by id. */
void ps_remote_sort_top(ps_token *tokens, double *logp, size_t n);

/* The words of an error in a parsed document; NULL: it is none. */
const char *ps_remote_words(const json_t *root, ps_arena *arena);

#endif
