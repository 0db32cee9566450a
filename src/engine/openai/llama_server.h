/* The parts of the dialect of llama-server: asking, reading, and asking for what is missing of what was read. */
#ifndef PERSAMP_ENGINE_OPENAI_LLAMA_SERVER_H
#define PERSAMP_ENGINE_OPENAI_LLAMA_SERVER_H

#include "engine/openai/write.h"

/* As in ps_dialect. */
ps_status ps_llama_server_write_ask(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err);
ps_status ps_llama_server_read_answer(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                      ps_remote_answer *answer, ps_error *err);
ps_status ps_llama_server_write_missing(const ps_remote_ask *ask, size_t i, const ps_remote_choice *choice,
                                        ps_text *body, const char **path, ps_error *err);
ps_status ps_llama_server_read_missing(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                       ps_remote_choice *choice, ps_error *err);
ps_status ps_llama_server_write_choices(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err);
ps_status ps_llama_server_read_choices(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                       ps_remote_chances *chances, ps_error *err);

/* Every field of sampling, as an object: what is not sent is the server's own default. NULL without memory. */
json_t *ps_llama_server_sampling(const ps_remote_ask *ask);
/* `more` is added to `object`, which is given back; NULL, and nothing is left of both, without memory. */
json_t *ps_llama_server_joined(json_t *object, json_t *more);

#endif
