/* Who answers there: its model, how its prompts go, what it makes of a fixed text. One question after the other. */
#include "base/control.h"
#include "base/hash.h"
#include "reward/pooling_body.h"

#include <math.h>
#include <string.h>

/* Right, wrong, right, wrong: what tells one reward model from another. */
static const char fixed_question[] = "What is 12 + 30?";
static const char *const fixed_steps[PS_POOLING_FIXED] = {"12 + 30 = 42.", "42 + 1 = 42.", "The answer is 42.",
                                                          "The answer is 7."};

/* ---- One question after the other ---------------------------------------- */

/* Send `body`, or GET where it is empty, once, and wait for the reply, whatever it is. It lives until the next one. */
static ps_status exchange(ps_pooling *p, const char *path, const ps_text *body, const ps_http_reply **reply,
                          ps_error *err) {
    const ps_http_request request = {
        .path = path, .body = body->data, .length = body->length, .timeout_s = p->timeout_s, .probe = true};
    size_t n = 0;
    ps_status status = ps_text_ok(body) ? ps_http_submit(p->http, &request, err) : ps_nomem(err);
    while (status == PS_OK && n == 0)
        status = ps_http_poll(p->http, INFINITY, reply, &n, err);
    if (ps_http_returned(p->http)) ps_http_admit(p->http);
    return status;
}

/* A reply that must be a success. */
static ps_status must(const ps_http_reply *reply, ps_error *err) {
    ps_error why;
    if (reply->status == PS_OK) return PS_OK;
    ps_status status = ps_pooling_refusal(reply, &why);
    return ps_fail(err, status == PS_NOMEM ? PS_NOMEM : PS_HTTP, "%s%s", why.message,
                   reply->code == 0 ? "; is a server running there? models.prm.openai.base_url is its address" : "");
}

/* The object that a POST of `asked` (taken over) or, with NULL, a GET is answered by. */
static ps_status ask(ps_pooling *p, const char *path, json_t *asked, bool get, json_t **root, ps_error *err) {
    const ps_http_reply *reply = NULL;
    ps_text body = {0};
    ps_status status = get ? PS_OK : ps_json_dump(asked, JSON_COMPACT, &body, err);
    if (status == PS_OK) status = exchange(p, path, &body, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    if (status == PS_OK) status = ps_pooling_open(reply->body, reply->length, root, err);
    ps_text_clear(&body);
    return status == PS_FORMAT ? ps_error_prefix(err, status, "%s%s", p->url, path) : status;
}

/* A text member, kept. */
static ps_status keep_text(const json_t *object, const char *key, ps_arena *arena, const char **text, ps_error *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) return ps_pooling_unexpected(key, value, "a text", err);
    *text = ps_arena_strndup(arena, json_string_value(value), json_string_length(value));
    return *text != NULL ? PS_OK : ps_nomem(err);
}

/* ---- The model ----------------------------------------------------------- */

ps_status ps_pooling_read_models(const char *body, size_t length, const char *wanted, ps_arena *arena,
                                 const char **model, const char **root, ps_error *err) {
    json_t *all = NULL;
    ps_status status = ps_pooling_open(body, length, &all, err);
    const json_t *list = json_object_get(all, "data"), *found = NULL;
    for (size_t i = 0; i < json_array_size(list) && found == NULL; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "id"));
        if (wanted == NULL || (name != NULL && strcmp(name, wanted) == 0)) found = json_array_get(list, i);
    }
    if (status == PS_OK && wanted == NULL && json_array_size(list) > 1)
        status = ps_fail(err, PS_ARG, "the server has %zu models; set models.prm.openai.model to one of them",
                         json_array_size(list));
    if (status == PS_OK && found == NULL)
        status = ps_fail(err, PS_ARG, "the server has no model%s%s (models.prm.openai.model)",
                         wanted != NULL ? " named " : "", wanted != NULL ? wanted : "");
    if (status == PS_OK) status = keep_text(found, "id", arena, model, err);
    if (status == PS_OK && json_is_string(json_object_get(found, "root")))
        status = keep_text(found, "root", arena, root, err);
    json_decref(all);
    return status;
}

static ps_status learn_model(ps_pooling *p, const char *wanted, ps_error *err) {
    const ps_http_reply *reply = NULL;
    ps_status status = exchange(p, "/v1/models", &(ps_text){0}, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    if (status != PS_OK) return status;
    status = ps_pooling_read_models(reply->body, reply->length, wanted, p->kept, &p->model, &p->root, err);
    return status == PS_OK ? PS_OK : ps_error_prefix(err, status, "%s", p->url);
}

/* Another server may have paths of the other names, and mean something else by them. */
static ps_status find_pooling(ps_pooling *p, ps_error *err) {
    const ps_http_reply *reply = NULL;
    ps_text body = {0};
    ps_status status = ps_json_dump(json_pack("{s:o, s:[s]}", "model", ps_json_text(p->model), "input", "a"),
                                    JSON_COMPACT, &body, err);
    if (status == PS_OK) status = exchange(p, "/pooling", &body, &reply, err);
    ps_text_clear(&body);
    if (status == PS_OK && (reply->code == 404 || reply->code == 405))
        return ps_fail(err, PS_HTTP, "%s has no /pooling: vLLM has it with --runner pooling", p->url);
    return status == PS_OK ? must(reply, err) : status;
}

/* ---- Its prompts --------------------------------------------------------- */

/* Ids of a text or a chat, as the server gives them: *tokens is owned by the caller. */
static ps_status tokenize(ps_pooling *p, json_t *asked, json_t **tokens, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ask(p, "/tokenize", asked, false, &root, err);
    json_t *list = json_object_get(root, "tokens");
    if (status == PS_OK && !json_is_array(list)) status = ps_pooling_unexpected("tokens", list, "a list of ids", err);
    if (status == PS_OK) *tokens = json_incref(list);
    json_decref(root);
    return status;
}

/* Their text; `tokens` is borrowed. */
static ps_status detokenize(ps_pooling *p, json_t *tokens, const char **text, ps_error *err) {
    json_t *root = NULL;
    ps_status status = ask(p, "/detokenize", json_pack("{s:o, s:O}", "model", ps_json_text(p->model), "tokens", tokens),
                           false, &root, err);
    if (status == PS_OK) status = keep_text(root, "prompt", p->kept, text, err);
    json_decref(root);
    return status;
}

static ps_status tokens_of_a(ps_pooling *p, bool around, json_t **tokens, ps_error *err) {
    return tokenize(
        p,
        json_pack("{s:o, s:s, s:b}", "model", ps_json_text(p->model), "prompt", "a", "add_special_tokens", (int)around),
        tokens, err);
}

/* The text of a BOS that this tokenizer puts before every text and that the prompt lacks; "" where there is none. */
static ps_status learn_bos(ps_pooling *p, const json_t *prompt, const char **bos, ps_error *err) {
    json_t *plain = NULL, *around = NULL, *one = NULL;
    ps_status status = tokens_of_a(p, false, &plain, err);
    if (status == PS_OK) status = tokens_of_a(p, true, &around, err);
    json_t *first = json_array_get(around, 0);
    *bos = "";
    if (status == PS_OK && json_array_size(around) > json_array_size(plain) &&
        !json_equal(first, json_array_get(plain, 0)) && !json_equal(first, json_array_get(prompt, 0))) {
        one = json_pack("[O]", first);
        status = one != NULL ? detokenize(p, one, bos, err) : ps_nomem(err);
    }
    json_decref(plain);
    json_decref(around);
    json_decref(one);
    return status;
}

static const char question_place[] = "Qz7Placeholder0Xw", system_place[] = "Qz7Placeholder1Xw";

static json_t *chat_with_places(const ps_pooling *p, bool system) {
    json_t *messages = system ? json_pack("[{s:s, s:s}, {s:s, s:s}]", "role", "system", "content", system_place, "role",
                                          "user", "content", question_place)
                              : json_pack("[{s:s, s:s}]", "role", "user", "content", question_place);
    return json_pack("{s:o, s:o, s:b, s:b}", "model", ps_json_text(p->model), "messages", messages,
                     "add_generation_prompt", 1, "add_special_tokens", 0);
}

/* The tag, what the template's own text has of control tokens, and the usual end of a text. */
static ps_status learn_controls(ps_pooling *p, const char *text, ps_error *err) {
    const char **what = NULL;
    size_t n = 0, capacity = 0, end = 0;
    const size_t length = strlen(text);
    (void)ps_arena_reserve(p->kept, &what, &capacity, 2);
    if (!ps_arena_ok(p->kept)) return ps_nomem(err);
    what[n++] = p->tag;
    what[n++] = "<|endoftext|>";
    for (size_t at = 0; (at = ps_find_control(text, length, at, &end)) != SIZE_MAX; at = end) {
        if (ps_arena_reserve(p->kept, &what, &capacity, n + 1) != PS_OK) return ps_nomem(err);
        what[n++] = ps_arena_strndup(p->kept, text + at, end - at);
    }
    p->what = what;
    p->n_what = n;
    return ps_arena_ok(p->kept) ? PS_OK : ps_nomem(err);
}

/* The rendered text, cut at the question, with the system message in its place. */
static ps_status cut(ps_pooling *p, const char *bos, const char *text, const char *system, ps_error *err) {
    const char *question = strstr(text, question_place), *at = system != NULL ? strstr(text, system_place) : NULL;
    ps_text before = {.arena = p->kept};
    if (question == NULL || (system != NULL && (at == NULL || at > question)))
        return ps_fail(err, PS_FORMAT,
                       "%s: the chat template does not repeat the %s it is given: a reward model needs both messages",
                       p->url, question == NULL ? "question" : "system message");
    ps_text_puts(&before, bos);
    ps_text_append(&before, text, (size_t)((at != NULL ? at : question) - text));
    if (at != NULL) {
        const char *behind = at + strlen(system_place);
        ps_pooling_break(&before, system, strlen(system), p->what, p->n_what);
        ps_text_append(&before, behind, (size_t)(question - behind));
    }
    p->parts[0] = ps_text_cstr(&before);
    p->parts[1] = question + strlen(question_place);
    return ps_text_ok(&before) ? PS_OK : ps_nomem(err);
}

static ps_status learn_prompt(ps_pooling *p, const char *system, ps_error *err) {
    json_t *tokens = NULL;
    const char *text = NULL, *bos = NULL;
    if (system != NULL && *system == '\0') system = NULL;
    ps_status status = tokenize(p, chat_with_places(p, system != NULL), &tokens, err);
    if (status == PS_OK) status = detokenize(p, tokens, &text, err);
    if (status == PS_OK) status = learn_bos(p, tokens, &bos, err);
    if (status == PS_OK) status = learn_controls(p, text, err);
    if (status == PS_OK) status = cut(p, bos, text, system, err);
    json_decref(tokens);
    return status;
}

/* What is appended is owned; NULL without memory. */
static char *given(ps_text *text, size_t *length) {
    if (!ps_text_ok(text)) {
        ps_text_clear(text);
        return NULL;
    }
    *length = text->length;
    return text->data;
}

char *ps_pooling_prompt(const ps_pooling *p, const char *question, size_t *length) {
    ps_text text = {0};
    ps_text_puts(&text, p->parts[0]);
    ps_pooling_break(&text, question, strlen(question), p->what, p->n_what);
    ps_text_puts(&text, p->parts[1]);
    return given(&text, length);
}

char *ps_pooling_step_text(const ps_pooling *p, const char *step, size_t stripped, size_t *length) {
    ps_text text = {0};
    ps_pooling_break(&text, step, stripped, p->what, p->n_what);
    ps_text_puts(&text, p->tag);
    return given(&text, length);
}

/* ---- What it is known by ------------------------------------------------- */

static ps_status write_fixed_text(ps_pooling *p, ps_error *err) {
    ps_text text = {.arena = p->kept};
    ps_text_printf(&text, "%s%s%s", p->parts[0], fixed_question, p->parts[1]);
    for (size_t i = 0; i < PS_POOLING_FIXED; i++)
        ps_text_printf(&text, "%s%s", fixed_steps[i], p->tag);
    p->fixed_text = ps_text_cstr(&text);
    return ps_text_ok(&text) ? PS_OK : ps_nomem(err);
}

ps_status ps_pooling_write_fixed(const ps_pooling *p, ps_text *body, ps_error *err) {
    const size_t length = strlen(p->fixed_text);
    char *text = ps_strndup(p->fixed_text, length);
    if (text == NULL) return ps_nomem(err);
    const ps_pooling_prefix whole = {.text = text, .length = length, .bytes = length}, *one = &whole;
    ps_status status = ps_pooling_write(p->model, &one, 1, body, err);
    ps_free(text);
    return status;
}

ps_status ps_pooling_read_fixed(const char *body, size_t length, double fixed[PS_POOLING_FIXED], ps_error *err) {
    ps_pooling_rows rows;
    size_t tokens = 0;
    ps_arena *arena = ps_arena_create();
    ps_status status = arena != NULL ? ps_pooling_read(body, length, 1, arena, &rows, &tokens, err) : ps_nomem(err);
    if (status == PS_OK && rows.error.code != PS_OK) status = ps_fail(err, rows.error.code, "%s", rows.error.message);
    if (status == PS_OK && rows.n != PS_POOLING_FIXED)
        status =
            ps_fail(err, PS_FORMAT,
                    "the server gives %zu rows for %d steps: is it a process reward model, and scoring.prm.step_tag "
                    "the tag that it was trained with?",
                    rows.n, PS_POOLING_FIXED);
    if (status == PS_OK) memcpy(fixed, rows.p, sizeof rows.p[0] * PS_POOLING_FIXED);
    ps_arena_free(arena);
    return status;
}

static ps_status learn_rewards(ps_pooling *p, ps_error *err) {
    const ps_http_reply *reply = NULL;
    ps_text body = {0};
    ps_status status = write_fixed_text(p, err);
    if (status == PS_OK) status = ps_pooling_write_fixed(p, &body, err);
    if (status == PS_OK) status = exchange(p, "/pooling", &body, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    if (status == PS_OK) {
        status = ps_pooling_read_fixed(reply->body, reply->length, p->fixed, err);
        if (status == PS_FORMAT) status = ps_error_prefix(err, status, "%s", p->url);
    }
    ps_text_clear(&body);
    return status;
}

static void add_text(ps_hash *hash, const char *text) {
    ps_hash_add(hash, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

/* Of what does not move: names, the prompt, rewards to a twentieth. */
static ps_status name_identity(ps_pooling *p, ps_error *err) {
    ps_hash hash;
    char digits[PS_HASH_TEXT];
    ps_text text = {.arena = p->kept};
    ps_hash_begin(&hash, 0);
    add_text(&hash, p->model);
    add_text(&hash, p->root);
    add_text(&hash, p->fixed_text);
    for (size_t i = 0; i < PS_POOLING_FIXED; i++)
        ps_hash_add(&hash, &(int32_t){(int32_t)lround(20 * p->fixed[i])}, sizeof(int32_t));
    ps_hash_end(&hash, digits);
    ps_text_printf(&text, "pooling-%s", digits);
    p->identity = ps_text_cstr(&text);
    return ps_text_ok(&text) ? PS_OK : ps_nomem(err);
}

ps_status ps_pooling_start(ps_pooling *p, const char *wanted, const char *system, ps_error *err) {
    ps_status status = learn_model(p, wanted, err);
    if (status == PS_OK) status = find_pooling(p, err);
    if (status == PS_OK) status = learn_prompt(p, system, err);
    if (status == PS_OK) status = learn_rewards(p, err);
    return status == PS_OK ? name_identity(p, err) : status;
}
