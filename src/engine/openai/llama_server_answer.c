/* llama-server's answers, by events or whole. Only a stream tells the log-probability of what completes a stop string.
 * No answer tells that of a token that ends inside a character, and a stream not even its id; the place of every other
 * token is known by how many were drawn when it came. */
#include "engine/openai/events.h"
#include "engine/openai/llama_server.h"
#include "engine/openai/read.h"

#include <math.h>
#include <string.h>

/* ---- What comes of one choice -------------------------------------------- */

/* A token with its place in the choice. */
typedef struct entry {
    size_t at;
    ps_token token;
    double logp;
    ps_token *top_tokens; /* [ask.n_top] */
    double *top_logp;
    const char *spelling;
    size_t spelling_length;
} entry;

typedef struct collected {
    entry *entries; /* [n] by place */
    size_t n, capacity;
    ps_text text;
    ps_token *ids; /* [drawn] where the answer has all of them, else NULL */
    size_t drawn, prompt, cached;
    bool ended;
    ps_remote_end end;
    const char *stop;
} collected;

typedef struct reading {
    const ps_remote_ask *ask;
    ps_arena *arena;
    collected *choices; /* [ask.n] */
} reading;

static ps_status read_bytes(const json_t *object, ps_arena *arena, entry *e, ps_error *err) {
    const json_t *bytes = NULL;
    ps_status status = ps_remote_get_array(object, "bytes", &bytes, err);
    if (status != PS_OK) return status;
    const size_t n = json_array_size(bytes);
    char *spelling = ps_arena_alloc(arena, n + 1);
    if (spelling == NULL) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(bytes, i);
        const json_int_t byte = json_is_integer(value) ? json_integer_value(value) : -1;
        if (byte < 0 || byte > 255) return ps_remote_unexpected("bytes", value, "a byte", err);
        spelling[i] = (char)byte;
    }
    spelling[n] = '\0';
    e->spelling = n > 0 ? spelling : NULL; /* control tokens are told as nothing */
    e->spelling_length = n;
    return PS_OK;
}

static bool contains(const ps_token *tokens, size_t n, ps_token token) {
    for (size_t i = 0; i < n; i++)
        if (tokens[i] == token) return true;
    return false;
}

/* The most likely, of which the server names one even where none was asked for. Among them a token is spelled as the
 * vocabulary has it; the drawn one's own "bytes" are what was sent of the text just then, and are not used. */
static ps_status read_top(const reading *r, const json_t *object, entry *e, ps_error *err) {
    const json_t *list = NULL, *one;
    const size_t K = r->ask->n_top;
    ps_status status = ps_remote_get_array(object, "top_logprobs", &list, err);
    if (status == PS_OK && json_array_size(list) > (K > 0 ? K : 1))
        status = ps_fail(err, PS_FORMAT, "top_logprobs has %zu tokens, asked were %zu", json_array_size(list), K);
    size_t i;
    json_array_foreach(list, i, one) {
        ps_token token = -1;
        double logp = 0;
        if (status == PS_OK) status = ps_remote_read_id(json_object_get(one, "id"), &token, err);
        if (status == PS_OK) status = ps_remote_read_logp(json_object_get(one, "logprob"), &logp, err);
        if (status == PS_OK && token == e->token) status = read_bytes(one, r->arena, e, err);
        if (status == PS_OK && K > 0 && contains(e->top_tokens, i, token))
            status = ps_fail(err, PS_FORMAT, "top_logprobs has token %d twice", (int)token);
        if (status != PS_OK) return status;
        if (K == 0) break;
        e->top_tokens[i] = token;
        e->top_logp[i] = logp;
    }
    if (status == PS_OK && K > 0) ps_remote_sort_top(e->top_tokens, e->top_logp, i);
    return status;
}

static ps_status read_entry(const reading *r, const json_t *object, entry *e, ps_error *err) {
    const size_t K = r->ask->n_top;
    ps_status status = ps_remote_read_id(json_object_get(object, "id"), &e->token, err);
    if (status == PS_OK) status = ps_remote_read_logp(json_object_get(object, "logprob"), &e->logp, err);
    if (status != PS_OK) return status;
    e->top_tokens = ps_arena_alloc(r->arena, (K + 1) * sizeof *e->top_tokens);
    e->top_logp = ps_arena_alloc(r->arena, (K + 1) * sizeof *e->top_logp);
    if (!ps_arena_ok(r->arena)) return ps_nomem(err);
    for (size_t k = 0; k < K; k++) {
        e->top_tokens[k] = -1;
        e->top_logp[k] = -INFINITY;
    }
    return read_top(r, object, e, err);
}

/* The tokens of an event, the last of which is the `drawn`-th of its choice. */
static ps_status read_entries(const reading *r, const json_t *object, collected *c, size_t drawn, ps_error *err) {
    const json_t *list = json_object_get(object, "completion_probabilities"), *one;
    const size_t n = json_array_size(list), known = c->n > 0 ? c->entries[c->n - 1].at + 1 : 0;
    if (n == 0) return PS_OK;
    if (drawn > (size_t)r->ask->max_tokens || n > drawn || drawn - n < known)
        return ps_fail(err, PS_FORMAT, "%zu tokens come as up to number %zu, after number %zu and of at most %d", n,
                       drawn, known, r->ask->max_tokens);
    if (ps_arena_reserve(r->arena, &c->entries, &c->capacity, c->n + n) != PS_OK) return ps_nomem(err);
    size_t i;
    ps_status status = PS_OK;
    json_array_foreach(list, i, one) {
        entry e = {.at = drawn - n + i};
        if (status == PS_OK) status = read_entry(r, one, &e, err);
        if (status == PS_OK) c->entries[c->n++] = e;
    }
    return status;
}

/* Why it ended, and what it counts. */
static ps_status read_last(const reading *r, const json_t *object, collected *c, ps_error *err) {
    const json_t *type = json_object_get(object, "stop_type");
    const char *reason = json_is_string(type) ? json_string_value(type) : "";
    c->ended = true;
    ps_status status = ps_remote_get_count_or(json_object_get(object, "timings"), "cache_n", SIZE_MAX, &c->cached, err);
    if (status == PS_OK) status = ps_remote_get_count(object, "tokens_evaluated", SIZE_MAX / 2, &c->prompt, err);
    if (status == PS_OK) status = ps_remote_check_prompt(r->ask, c->prompt, err);
    if (status != PS_OK) return status;
    if (strcmp(reason, "eos") == 0) {
        c->end = PS_REMOTE_EOS;
    } else if (strcmp(reason, "limit") == 0) {
        c->end = json_is_true(json_object_get(object, "truncated")) ? PS_REMOTE_CONTEXT : PS_REMOTE_LENGTH;
    } else if (strcmp(reason, "word") == 0) {
        c->end = PS_REMOTE_STOPPED;
        status = ps_remote_get_text(object, "stopping_word", r->arena, &c->stop, NULL, err);
        if (status == PS_OK) status = ps_remote_match_stop(r->ask, c->stop, err);
    } else {
        status = ps_remote_unexpected("stop_type", type, "\"eos\", \"word\" or \"limit\"", err);
    }
    return status;
}

static ps_status read_content(const json_t *object, collected *c, ps_error *err) {
    const json_t *content = json_object_get(object, "content");
    if (!json_is_string(content)) return ps_remote_unexpected("content", content, "a text", err);
    ps_text_append(&c->text, json_string_value(content), json_string_length(content));
    return ps_text_ok(&c->text) ? PS_OK : ps_nomem(err);
}

/* An event, or with `whole` a choice that comes as one; there all ids may be told besides. */
static ps_status read_part(const reading *r, const json_t *object, bool whole, ps_error *err) {
    size_t i = 0, drawn = 0;
    if (r->ask->n > 1 || json_object_get(object, "index") != NULL) {
        ps_status status = ps_remote_get_count(object, "index", r->ask->n - 1, &i, err);
        if (status != PS_OK) return status;
    }
    collected *c = &r->choices[i];
    if (c->ended) return ps_fail(err, PS_FORMAT, "choice %zu goes on after its end", i);
    ps_status status = ps_remote_get_count(object, "tokens_predicted", (size_t)r->ask->max_tokens, &drawn, err);
    if (status == PS_OK && drawn < c->drawn)
        status = ps_fail(err, PS_FORMAT, "choice %zu has %zu tokens after it had %zu", i, drawn, c->drawn);
    if (status != PS_OK) return status;
    c->drawn = drawn;
    status = read_content(object, c, err);
    /* Of a whole choice the probabilities may have gaps, and only all of them say where each belongs. */
    if (status == PS_OK && (!whole || json_array_size(json_object_get(object, "completion_probabilities")) == c->drawn))
        status = read_entries(r, object, c, c->drawn, err);
    if (status == PS_OK && whole && json_object_get(object, "tokens") != NULL) {
        size_t n = 0;
        status = ps_remote_get_ids(object, "tokens", r->arena, &c->ids, &n, err);
        if (n != c->drawn) c->ids = NULL;
    }
    if (status == PS_OK && (whole || json_is_true(json_object_get(object, "stop"))))
        status = read_last(r, object, c, err);
    return status;
}

/* ---- Choices ------------------------------------------------------------- */

static ps_status finish_choice(const reading *r, const collected *c, ps_remote_choice *choice, ps_error *err) {
    const size_t K = r->ask->n_top;
    if (!c->ended) return ps_fail(err, PS_FORMAT, "the stream ended before it said so");
    ps_status status = ps_remote_choice_room(choice, c->drawn, K, r->arena, err);
    if (status != PS_OK) return status;
    choice->spellings = ps_arena_calloc(r->arena, c->drawn + 1, sizeof *choice->spellings);
    choice->spelling_lengths = ps_arena_calloc(r->arena, c->drawn + 1, sizeof *choice->spelling_lengths);
    if (!ps_arena_ok(r->arena)) return ps_nomem(err);
    for (size_t i = 0; c->ids != NULL && i < c->drawn; i++)
        choice->tokens[i] = c->ids[i];
    for (size_t i = 0; i < c->n; i++) {
        const entry *e = &c->entries[i];
        if (c->ids != NULL && c->ids[e->at] != e->token)
            return ps_fail(err, PS_FORMAT, "token %zu is told as %d and as %d", e->at, (int)c->ids[e->at],
                           (int)e->token);
        choice->tokens[e->at] = e->token;
        choice->logp[e->at] = e->logp;
        choice->spellings[e->at] = e->spelling;
        choice->spelling_lengths[e->at] = e->spelling_length;
        if (K == 0) continue;
        memcpy(choice->top_tokens + e->at * K, e->top_tokens, K * sizeof *e->top_tokens);
        memcpy(choice->top_logp + e->at * K, e->top_logp, K * sizeof *e->top_logp);
    }
    choice->end = c->end;
    choice->stop = c->stop;
    choice->text = ps_text_cstr(&c->text);
    choice->text_length = c->text.length;
    return PS_OK;
}

static ps_status finish(const reading *r, ps_remote_answer *answer, ps_error *err) {
    ps_remote_answer read = {.n = r->ask->n, .choices = ps_remote_choices(r->ask, r->arena), .cached = SIZE_MAX};
    if (read.choices == NULL) return ps_nomem(err);
    for (size_t i = 0; i < read.n; i++) {
        const collected *c = &r->choices[i];
        ps_status status = finish_choice(r, c, &read.choices[i], err);
        if (status != PS_OK) return ps_error_prefix(err, status, "choice %zu", i);
        read.prompt_tokens = c->prompt;
        read.drawn += c->drawn;
        if (c->cached < read.cached) read.cached = c->cached;
        read.incomplete = read.incomplete || !ps_remote_whole(&read.choices[i]);
    }
    *answer = read;
    return PS_OK;
}

static ps_status read_stream(const reading *r, const char *body, size_t length, ps_error *err) {
    const char *data = NULL;
    size_t at = 0, n = 0;
    ps_status status = PS_OK;
    while (status == PS_OK && ps_remote_events_of(body, length, true, &at, &data, &n)) {
        json_t *root = NULL;
        if (n == 6 && memcmp(data, "[DONE]", 6) == 0) continue;
        status = ps_remote_json_open(data, n, ps_remote_most_values(r->ask), r->arena, &root, err);
        if (status == PS_OK) status = read_part(r, root, false, err);
        json_decref(root);
    }
    return status;
}

/* One choice is an object, several are a list. */
static ps_status read_wholes(const reading *r, const char *body, size_t length, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ps_remote_json_open(body, length, ps_remote_most_values(r->ask), r->arena, &root, err);
    if (status != PS_OK) return status;
    const size_t n = json_is_array(root) ? json_array_size(root) : 1;
    if (n != r->ask->n)
        status = ps_fail(err, PS_FORMAT, "the server's answer has %zu choices, asked were %zu", n, r->ask->n);
    for (size_t i = 0; status == PS_OK && i < n; i++)
        status = read_part(r, json_is_array(root) ? json_array_get(root, i) : root, true, err);
    json_decref(root);
    return status;
}

ps_status ps_llama_server_read_answer(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                                      ps_remote_answer *answer, ps_error *err) {
    reading r = {.ask = ask, .arena = arena, .choices = ps_arena_calloc(arena, ask->n, sizeof(collected))};
    if (r.choices == NULL) return ps_nomem(err);
    for (size_t i = 0; i < ask->n; i++)
        r.choices[i] = (collected){.text = {.arena = arena}, .cached = SIZE_MAX};
    ps_status status = ask->stream ? read_stream(&r, body, length, err) : read_wholes(&r, body, length, err);
    return status == PS_OK ? finish(&r, answer, err) : status;
}
