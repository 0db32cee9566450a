#include "serve/request.h"
#include "serve/fields.h"

#include <math.h>

/* What each endpoint may say; a field that stands in none of these is ignored, and null is as good as absent. */
static const ps_api_field chat_fields[] = {
    {"messages", ps_take_messages},
    {"max_tokens", ps_take_max_tokens},
    {"max_completion_tokens", ps_take_max_tokens},
    {"reasoning_effort", ps_take_effort},
    {"tools", ps_refuse_filled},
    {"functions", ps_refuse_filled},
    {"tool_choice", ps_take_tool_choice},
    {"function_call", ps_take_tool_choice},
    {"response_format", ps_take_response_format},
    {"logprobs", ps_refuse_true},
    {"top_logprobs", ps_refuse_number},
    {"modalities", ps_take_modalities},
    {"audio", ps_refuse_filled},
    {NULL, NULL},
};
static const ps_api_field completion_fields[] = {
    {"prompt", ps_take_prompt},
    {"max_tokens", ps_take_max_tokens},
    {"suffix", ps_refuse_filled},
    {"echo", ps_refuse_true},
    {"best_of", ps_take_best_of},
    {"logprobs", ps_refuse_any_number},
    {NULL, NULL},
};
static const ps_api_field common_fields[] = {
    {"model", ps_take_model},
    {"n", ps_take_n},
    {"seed", ps_take_seed},
    {"temperature", ps_take_temperature},
    {"top_p", ps_take_top_p},
    {"stop", ps_take_stop},
    {"stream", ps_take_stream},
    {"stream_options", ps_take_stream_options},
    {"presence_penalty", ps_refuse_number},
    {"frequency_penalty", ps_refuse_number},
    {"logit_bias", ps_refuse_filled},
    {"persamp", ps_take_persamp},
    {NULL, NULL},
};

static bool take_fields(ps_api_parser *p, const json_t *body, const ps_api_field *fields) {
    for (const ps_api_field *field = fields; field->name != NULL; field++) {
        const json_t *value = json_object_get(body, field->name);
        p->field = field->name;
        if (value != NULL && !json_is_null(value) && !field->take(p, value)) return false;
    }
    return true;
}

static bool take_body(ps_api_parser *p, const json_t *body) {
    ps_api_request *r = p->out;
    if (!json_is_object(body)) return ps_api_refuse(p->err, 400, NULL, NULL, "the body must be a JSON object");
    if (!take_fields(p, body, r->chat ? chat_fields : completion_fields) || !take_fields(p, body, common_fields))
        return false;
    if (r->chat && r->n_messages == 0)
        return ps_api_refuse(p->err, 400, "messages", NULL, "messages: expected a list of at least one message");
    if (!r->chat && r->prompt == NULL)
        return ps_api_refuse(p->err, 400, "prompt", NULL, "prompt: expected a text that is not empty");
    return true;
}

bool ps_api_request_parse(const char *body, size_t length, bool chat, ps_api_request *request, ps_api_error *err) {
    json_error_t why;
    ps_api_parser p = {.out = request, .err = err};
    *request = (ps_api_request){.chat = chat, .n = 1, .temperature = NAN, .top_p = NAN};
    request->arena = ps_arena_create();
    if (request->arena == NULL) return ps_api_refuse(err, 500, NULL, NULL, "out of memory");
    json_t *root = json_loadb(body, length, 0, &why);
    bool ok = root != NULL ? take_body(&p, root)
                           : ps_api_refuse(err, 400, NULL, NULL, "the body is not JSON: line %d, column %d: %s",
                                           why.line, why.column, why.text);
    json_decref(root);
    if (ok && !ps_arena_ok(request->arena)) ok = ps_api_refuse(err, 500, NULL, NULL, "out of memory");
    if (!ok) ps_api_request_clear(request);
    return ok;
}

void ps_api_request_clear(ps_api_request *request) {
    ps_arena_free(request->arena);
    *request = (ps_api_request){0};
}
