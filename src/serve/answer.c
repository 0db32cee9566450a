/* Answers and the chunks of a stream. */
#include "serve/answer.h"
#include "base/json.h"
#include "serve/choices.h"

#include <string.h>

void ps_answer_error(const ps_outcome *o, ps_api_error *error) {
    *error = (ps_api_error){0};
    const char *what = o->error != NULL ? o->error : "";
    switch (o->status) {
    case PS_OK: break;
    case PS_BUDGET: ps_api_refuse(error, 400, "messages", "context_length_exceeded", "%s", what); break;
    case PS_CANCELLED:
        ps_api_refuse(error, 503, NULL, "shutting_down", "the server ended before this answer was found; ask again");
        break;
    case PS_HTTP: ps_api_refuse(error, 502, NULL, NULL, "%s", what); break;
    case PS_ENGINE: /* nothing has been asked of the engine: the template does not take this conversation */
        ps_api_refuse(error, o->seconds.generation > 0 ? 500 : 400, o->seconds.generation > 0 ? NULL : "messages", NULL,
                      "%s", what);
        break;
    default: ps_api_refuse(error, 500, NULL, NULL, "%s", what);
    }
}

size_t ps_answer_tokens(const ps_outcome *o) {
    char *text = NULL;
    size_t tokens = 0;
    if (ps_outcome_text(o, o->predictions[o->select].snapshot, &text, &tokens, NULL) != PS_OK) return 0;
    ps_free(text);
    return tokens;
}

/* What every object of an answer begins with. */
static json_t *envelope(const ps_job *job, const char *object) {
    return json_pack("{s:s,s:s,s:I,s:o,s:n}", "id", job->id, "object", object, "created", (json_int_t)job->created,
                     "model", ps_json_text(job->model), "system_fingerprint");
}

static json_t *choice_json(const ps_job *job, const ps_choice *choice, size_t i) {
    if (!job->request.chat)
        return json_pack("{s:I,s:o,s:s,s:n}", "index", (json_int_t)i, "text", ps_json_text(choice->text),
                         "finish_reason", choice->finish, "logprobs");
    return json_pack("{s:I,s:{s:s,s:o,s:n},s:s,s:n}", "index", (json_int_t)i, "message", "role", "assistant", "content",
                     ps_json_text(choice->text), "refusal", "finish_reason", choice->finish, "logprobs");
}

ps_status ps_answer_json(const ps_job *job, ps_text *out, ps_error *err) {
    ps_choices c;
    ps_status status = ps_choices_of(job, &c, err);
    if (status != PS_OK) return status;
    json_t *object = envelope(job, job->request.chat ? "chat.completion" : "text_completion"), *array = json_array();
    for (size_t i = 0; i < c.n; i++)
        json_array_append_new(array, choice_json(job, &c.choices[i], i));
    json_object_set_new(object, "choices", array);
    json_object_set_new(object, "usage", ps_usage_json(job, &c));
    json_object_set_new(object, "persamp", ps_persamp_json(job));
    ps_choices_clear(&c);
    return ps_json_dump(object, JSON_COMPACT | JSON_REAL_PRECISION(12), out, err);
}

/* ---- Chunks -------------------------------------------------------------- */

static ps_status put(json_t *object, ps_text *out, ps_error *err) {
    ps_text_puts(out, "data: ");
    ps_status status = ps_json_dump(object, JSON_COMPACT | JSON_REAL_PRECISION(12), out, err);
    ps_text_puts(out, "\n\n");
    return status == PS_OK && !ps_text_ok(out) ? ps_nomem(err) : status;
}

static json_t *chunk(const ps_job *job) {
    json_t *object = envelope(job, job->request.chat ? "chat.completion.chunk" : "text_completion");
    json_object_set_new(object, "choices", json_array());
    if (job->request.usage) json_object_set_new(object, "usage", json_null());
    return object;
}

/* One choice of a chunk: `delta` (taken over) of a chat; else `text`. */
static void add_delta(const ps_job *job, json_t *object, size_t i, json_t *delta, const char *text,
                      const char *finish) {
    json_t *choice =
        json_pack("{s:I,s:o,s:n}", "index", (json_int_t)i, "finish_reason", ps_json_text(finish), "logprobs");
    if (job->request.chat) {
        json_object_set_new(choice, "delta", delta);
    } else {
        json_decref(delta);
        json_object_set_new(choice, "text", ps_json_text(text));
    }
    json_array_append_new(json_object_get(object, "choices"), choice);
}

ps_status ps_chunk_begin(const ps_job *job, ps_text *out, ps_error *err) {
    if (!job->request.chat) return PS_OK;
    json_t *object = chunk(job);
    add_delta(job, object, 0, json_pack("{s:s,s:s}", "role", "assistant", "content", ""), NULL, NULL);
    return put(object, out, err);
}

ps_status ps_chunk_progress(const ps_job *job, const char *line, const char *reasoning_field, ps_text *out,
                            ps_error *err) {
    bool both = strcmp(reasoning_field, "both") == 0;
    if (!job->request.chat || strcmp(reasoning_field, "none") == 0) return PS_OK;
    json_t *object = chunk(job), *delta = json_object();
    if (both || strcmp(reasoning_field, "reasoning") == 0) json_object_set_new(delta, "reasoning", ps_json_text(line));
    if (both || strcmp(reasoning_field, "reasoning_content") == 0)
        json_object_set_new(delta, "reasoning_content", ps_json_text(line));
    add_delta(job, object, 0, delta, NULL, NULL);
    return put(object, out, err);
}

ps_status ps_chunk_event(const ps_job *job, const ps_step_view *view, ps_text *out, ps_error *err) {
    json_t *object = chunk(job);
    json_object_set_new(object, "persamp", json_pack("{s:o}", "event", ps_progress_json(view)));
    return put(object, out, err);
}

ps_status ps_chunk_picture(const ps_job *job, const ps_sketch *sketch, uint32_t chosen, ps_text *out, ps_error *err) {
    json_t *object = chunk(job);
    json_object_set_new(object, "persamp", json_pack("{s:o}", "picture", ps_picture_json(sketch, chosen)));
    return put(object, out, err);
}

static ps_status put_end(ps_text *out, ps_error *err) {
    ps_text_puts(out, "data: [DONE]\n\n");
    return ps_text_ok(out) ? PS_OK : ps_nomem(err);
}

static ps_status put_choice(const ps_job *job, const ps_choice *choice, size_t i, ps_text *out, ps_error *err) {
    json_t *words = chunk(job), *end = chunk(job);
    json_t *delta = json_pack("{s:o}", "content", ps_json_text(choice->text));
    if (i > 0) json_object_set_new(delta, "role", json_string("assistant"));
    add_delta(job, words, i, delta, choice->text, NULL);
    add_delta(job, end, i, json_object(), "", choice->finish);
    if (i == 0) json_object_set_new(end, "persamp", ps_persamp_json(job));
    ps_status status = put(words, out, err);
    if (status == PS_OK) return put(end, out, err);
    json_decref(end);
    return status;
}

ps_status ps_chunk_answer(const ps_job *job, ps_text *out, ps_error *err) {
    ps_choices c;
    ps_status status = ps_choices_of(job, &c, err);
    if (status != PS_OK) return status;
    for (size_t i = 0; i < c.n && status == PS_OK; i++)
        status = put_choice(job, &c.choices[i], i, out, err);
    if (status == PS_OK && job->request.usage) {
        json_t *object = chunk(job);
        json_object_set_new(object, "usage", ps_usage_json(job, &c));
        status = put(object, out, err);
    }
    ps_choices_clear(&c);
    return status == PS_OK ? put_end(out, err) : status;
}

ps_status ps_chunk_error(const ps_api_error *error, ps_text *out, ps_error *err) {
    ps_text_puts(out, "data: ");
    ps_status status = ps_api_error_json(error, out, err);
    ps_text_puts(out, "\n\n");
    return status == PS_OK ? put_end(out, err) : status;
}
