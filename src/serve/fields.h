/* The fields of a request, one function each: a value that is not null, into the request. Private to the parser. */
#ifndef PERSAMP_SERVE_FIELDS_H
#define PERSAMP_SERVE_FIELDS_H

#include "serve/request.h"

#include <jansson.h>

typedef struct ps_api_parser {
    ps_api_request *out;
    ps_api_error *err;
    const char *field; /* the one that is read */
} ps_api_parser;

/* False: *p->err is filled. Without memory the arena remembers it. */
typedef bool ps_api_taker(ps_api_parser *p, const json_t *value);
typedef struct ps_api_field {
    const char *name;
    ps_api_taker *take;
} ps_api_field;

/* What the answer is to (messages.c). */
ps_api_taker ps_take_messages, ps_take_prompt;
/* How it is drawn and shown (fields.c). */
ps_api_taker ps_take_model, ps_take_max_tokens, ps_take_n, ps_take_seed, ps_take_temperature, ps_take_top_p,
    ps_take_stop, ps_take_stream, ps_take_stream_options, ps_take_effort, ps_take_best_of;
/* Whatever the server cannot do is refused where it is asked for, and fine where it is not: an empty list or object,
 * false, 0. */
ps_api_taker ps_refuse_filled, ps_refuse_true, ps_refuse_number, ps_refuse_any_number, ps_take_tool_choice,
    ps_take_response_format, ps_take_modalities;
/* The object persamp (settings.c). */
ps_api_taker ps_take_persamp;

/* A copy that lives as long as the request; "" without memory. */
const char *ps_api_copy(ps_api_parser *p, const json_t *string);

#endif
