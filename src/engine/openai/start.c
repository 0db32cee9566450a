#include "engine/openai/start.h"

#include "base/hash.h"
#include "engine/openai/same.h"

#include <math.h>
#include <string.h>

enum { USUAL_CONTEXT = 4096, USUAL_SEQUENCES = 64 };

/* ---- One question after the other ---------------------------------------- */

/* Send engine->body, or GET, once, and wait for the reply, whatever it is. It lives until the next question. */
static ps_status exchange(ps_remote *e, const char *path, const ps_http_reply **reply, ps_error *err) {
    const ps_http_request request = {.path = path,
                                     .body = e->body.length > 0 ? e->body.data : NULL,
                                     .length = e->body.length,
                                     .timeout_s = e->timeout_s,
                                     .probe = true};
    size_t n = 0;
    ps_http *http = e->first->http;
    ps_status status = ps_text_ok(&e->body) ? ps_http_submit(http, &request, err) : ps_nomem(err);
    while (status == PS_OK && n == 0)
        status = ps_http_poll(http, INFINITY, reply, &n, err);
    if (ps_http_returned(http)) ps_http_admit(http);
    return status;
}

/* A reply that must be a success. */
static ps_status must(const ps_http_reply *reply, ps_error *err) {
    if (reply->status == PS_OK) return PS_OK;
    ps_error why;
    ps_status status = ps_remote_refusal(reply, &why);
    return ps_fail(err, status == PS_NOMEM ? PS_NOMEM : PS_HTTP, "%s%s", why.message,
                   reply->code == 0 ? "; is a server running there? engine.openai.base_url is its address" : "");
}

static ps_status get(ps_remote *e, const char *path, const ps_http_reply **reply, ps_error *err) {
    ps_text_reset(&e->body);
    return exchange(e, path, reply, err);
}

static ps_status tokens_of(ps_remote *e, const char *text, bool special, ps_token **tokens, size_t *n, ps_error *err) {
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    ps_text_reset(&e->body);
    ps_status status = e->dialect->write_tokenize(e->facts.model, text, strlen(text), special, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    return status == PS_OK ? e->dialect->read_tokenize(reply->body, reply->length, e->kept, tokens, n, err) : status;
}

static ps_status text_of(ps_remote *e, const ps_token *tokens, size_t n, const char **text, size_t *length,
                         ps_error *err) {
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    ps_text_reset(&e->body);
    ps_status status = e->dialect->write_detokenize(e->facts.model, tokens, n, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    return status == PS_OK ? e->dialect->read_detokenize(reply->body, reply->length, e->kept, text, length, err)
                           : status;
}

static ps_status answer_to(ps_remote *e, const ps_remote_ask *ask, ps_remote_answer *answer, double *seconds,
                           ps_error *err) {
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    ps_text_reset(&e->body);
    ps_status status = e->dialect->write_ask(ask, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    if (status != PS_OK) return status;
    *seconds = reply->seconds;
    return e->dialect->read_answer(ask, reply->body, reply->length, e->kept, answer, err);
}

/* ---- Who it is ----------------------------------------------------------- */

/* The address may be wrong, or nobody lists models there. */
static ps_status lists_nothing(const ps_http_reply *reply, ps_error *err) {
    ps_error why;
    ps_status status = must(reply, &why);
    return ps_fail(err, status, "%s; where a server has no list of its models, engine.openai.model names one",
                   why.message);
}

static ps_status identify(ps_remote *e, const char *wanted, ps_error *err) {
    const ps_http_reply *reply = NULL;
    size_t length = 0;
    char *models = NULL;
    ps_status status = get(e, "/v1/models", &reply, err);
    const bool no_list = status == PS_OK && reply->status != PS_OK && ps_remote_has_no_list(reply->code);
    if (no_list && wanted == NULL) return lists_nothing(reply, err);
    if (status == PS_OK && !no_list) {
        status = must(reply, err);
        length = reply->length;
        models = status == PS_OK ? ps_arena_strndup(e->kept, reply->body, length) : NULL;
        if (status == PS_OK && models == NULL) status = ps_nomem(err);
    }
    if (status == PS_OK) status = get(e, "/version", &reply, err);
    if (status != PS_OK) return status;
    if (reply->status != PS_OK && reply->code == 0) return must(reply, err);
    const bool has_version = reply->status == PS_OK;
    status = ps_remote_identify(models, length, has_version ? reply->body : NULL, has_version ? reply->length : 0,
                                wanted, e->kept, &e->dialect, &e->facts, err);
    e->kind = e->dialect;
    if (status == PS_OK && e->facts.listed != NULL)
        ps_log_printf(&e->log, PS_LOG_WARNING, "%s lists %s at /v1/models; it is asked for \"%s\" all the same",
                      e->first->url, e->facts.listed, e->facts.model);
    if (status != PS_OK || e->dialect->facts_path == NULL) return status;
    status = get(e, e->dialect->facts_path, &reply, err);
    if (status == PS_OK && reply->code == 404) return PS_OK; /* hidden, or switched off */
    if (status == PS_OK) status = must(reply, err);
    return status == PS_OK ? e->dialect->read_facts(reply->body, reply->length, e->kept, &e->facts, err) : status;
}

/* ---- Its tokens ---------------------------------------------------------- */

/* Whether the paths beside /v1 are there: a proxy may hide them. Then the server is spoken to by text, as any other. */
static ps_status look_beside(ps_remote *e, ps_error *err) {
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    if (e->dialect->write_tokenize == NULL) return PS_OK;
    ps_text_reset(&e->body);
    ps_status status = e->dialect->write_tokenize(e->facts.model, "a", 1, false, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    if (status != PS_OK || reply->status == PS_OK) return status;
    if (reply->code != 403 && reply->code != 404 && reply->code != 405) return must(reply, err);
    ps_log_printf(
        &e->log, PS_LOG_WARNING,
        "%s hides %s of its %s: it is asked for text alone, without token ids and log-probabilities; give the "
        "server's own address in engine.openai.base_url for these",
        e->first->url, path, e->dialect->name);
    e->dialect = &ps_dialect_plain;
    return PS_OK;
}

/* What is put before the ids of "a". */
static ps_status learn_bos(ps_remote *e, ps_error *err) {
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    ps_token *plain = NULL, *around = NULL;
    size_t n = 0, n_around = 0;
    ps_status status = tokens_of(e, "a", false, &plain, &n, err);
    ps_text_reset(&e->body);
    if (status == PS_OK) status = e->dialect->write_bos(e->facts.model, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    if (status == PS_OK) status = must(reply, err);
    if (status == PS_OK)
        status = e->dialect->read_tokenize(reply->body, reply->length, e->kept, &around, &n_around, err);
    if (status != PS_OK) return status;
    e->bos = n_around > n && n > 0 && around[0] != plain[0] ? around[0] : -1;
    return PS_OK;
}

/* A token that keeps what follows it from losing the white space that it begins with: of a character that is rare in
 * other tokens. Its text at the beginning of a text may be another than elsewhere. */
static ps_status find_separator(ps_remote *e, ps_error *err) {
    static const char *const candidates[] = {"\xC2\xA6", "\xC2\xA7", "~", "|", "\n", "a"};
    ps_status status = PS_OK;
    e->separator = -1;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates && status == PS_OK && e->separator < 0; i++) {
        ps_token *one = NULL;
        const char *two = NULL, *three = NULL;
        size_t n = 0, n_two = 0, n_three = 0;
        status = tokens_of(e, candidates[i], false, &one, &n, err);
        if (status != PS_OK || n != 1) continue;
        const ps_token repeated[] = {one[0], one[0], one[0]};
        status = text_of(e, repeated, 2, &two, &n_two, err);
        if (status == PS_OK) status = text_of(e, repeated, 3, &three, &n_three, err);
        if (status != PS_OK || n_three <= n_two || n_two < n_three - n_two) continue;
        const size_t middle = n_three - n_two;
        e->separator = one[0];
        e->separator_between = ps_arena_strndup(e->kept, three + n_two, middle);
        e->separator_first = ps_arena_strndup(e->kept, three, n_two - middle);
        if (!ps_arena_ok(e->kept)) status = ps_nomem(err);
    }
    return status;
}

/* ---- Its numbers --------------------------------------------------------- */

/* Twice: the first answer may wait for what the server prepares then, the second tells its speed. */
static ps_status take_print(ps_remote *e, ps_error *err) {
    ps_token *tokens = NULL;
    size_t n = 0, at = 0;
    ps_remote_print *print = &e->print;
    ps_remote_ask ask;
    ps_remote_answer answer = {0};
    double seconds = 0;
    ps_status status = tokens_of(e, PS_REMOTE_FIXED_TEXT, false, &tokens, &n, err);
    if (status != PS_OK) return status;
    if (e->bos >= 0) print->text[at++] = e->bos;
    for (size_t i = 0; i < n && at < PS_REMOTE_CHECKED_TEXT; i++)
        print->text[at++] = tokens[i];
    print->n_text = at;
    for (size_t i = 0; i < 2 && status == PS_OK; i++) {
        ps_remote_print_ask(print, e->facts.model, e->dialect->streams, &ask);
        status = answer_to(e, &ask, &answer, &seconds, err);
        if (status == PS_OK) ps_remote_print_take(print, &answer.choices[0]);
    }
    if (status == PS_OK && seconds > 0) e->tokens_per_second = (double)print->n_answer / seconds;
    return status;
}

/* Raw log-probabilities, or those of what was drawn from? */
static ps_status learn_numbers(ps_remote *e, ps_error *err) {
    ps_token prefix[PS_REMOTE_CHECKED_TEXT + PS_REMOTE_CHECKED];
    ps_remote_answer answer = {0};
    ps_remote_ask ask;
    double seconds;
    e->numbers = (e->dialect->can & PS_ENGINE_LOGP) != 0 ? PS_REMOTE_RAW : PS_REMOTE_NO_NUMBERS;
    if (e->numbers != PS_REMOTE_RAW ||
        !ps_remote_print_ask_numbers(&e->print, e->facts.model, e->dialect->streams, prefix, &ask))
        return PS_OK;
    ps_status status = answer_to(e, &ask, &answer, &seconds, err);
    if (status == PS_OK) e->numbers = ps_remote_numbers_of(&answer);
    return status;
}

/* ---- Its chat template --------------------------------------------------- */

/* Why the server does not do what was tried; NULL: it does. A wrong key is no such reason. */
static ps_status keep_refusal(ps_remote *e, const ps_http_reply *reply, const char **refusal, ps_error *err) {
    ps_error words;
    if (reply->status == PS_OK) return PS_OK;
    if (reply->status != PS_HTTP || reply->code == 0 || reply->code == 401 || reply->code == 403)
        return must(reply, err);
    (void)ps_remote_refusal(reply, &words);
    *refusal = ps_arena_strndup(e->kept, words.message, strlen(words.message));
    return *refusal != NULL ? PS_OK : ps_nomem(err);
}

static ps_status try_template(ps_remote *e, ps_error *err) {
    const ps_chat_message question = {"user", "?"};
    const ps_http_reply *reply = NULL;
    const char *path = NULL;
    ps_text_reset(&e->body);
    ps_status status = e->dialect->write_chat(e->facts.model, &question, 1, &e->body, &path, err);
    if (status == PS_OK) status = exchange(e, path, &reply, err);
    return status == PS_OK ? keep_refusal(e, reply, &e->no_template, err) : status;
}

/* Of a server without ids: which of its endpoints answers, to one token each. */
static ps_status try_endpoints(ps_remote *e, ps_error *err) {
    const ps_chat_message question = {"user", "?"};
    const char *path = NULL, **const refusals[] = {&e->no_text, &e->no_template};
    for (size_t i = 0; i < 2; i++) {
        const ps_http_reply *reply = NULL;
        ps_remote_ask ask = {.model = e->facts.model, .top_p = 1, .max_tokens = 1, .n = 1};
        if (i == 0) {
            ask.text = "1, 2,";
            ask.text_length = strlen(ask.text);
        } else {
            ask.messages = &question;
            ask.n_messages = 1;
        }
        ps_text_reset(&e->body);
        ps_status status = e->dialect->write_ask(&ask, &e->body, &path, err);
        if (status == PS_OK) status = exchange(e, path, &reply, err);
        if (status == PS_OK) status = keep_refusal(e, reply, refusals[i], err);
        if (status != PS_OK) return status;
    }
    if (e->no_text == NULL || e->no_template == NULL) return PS_OK;
    return ps_fail(err, PS_HTTP, "%s answers neither /v1/completions nor /v1/chat/completions: %s", e->first->url,
                   e->no_text);
}

/* ---- In words ------------------------------------------------------------ */

static void describe(ps_remote *e) {
    static const char *const numbers[] = {"no log-probabilities", "log-probabilities of the model itself",
                                          "log-probabilities of what was drawn from, not of the model"};
    const ps_remote_facts *f = &e->facts;
    ps_text text = {.arena = e->kept};
    ps_text_printf(&text, "%s%s%s at %s", e->dialect->name, f->version != NULL ? " " : "",
                   f->version != NULL ? f->version : "", e->url);
    if (f->root != NULL) ps_text_printf(&text, "; serves %s", f->root);
    ps_text_printf(&text, "; %s, %s, %s", numbers[e->numbers],
                   (e->can & PS_ENGINE_TOKENS) != 0 ? "token ids" : "text alone",
                   e->dialect->write_chat == NULL ? (e->no_text != NULL       ? "chats answered whole"
                                                     : e->no_template != NULL ? "texts continued"
                                                                              : "texts continued, chats answered whole")
                   : e->no_template == NULL       ? "a chat template"
                                                  : "no chat template");
    size_t sequences = 0;
    for (size_t i = 0; i < e->n_endpoints; i++)
        if (e->endpoints[i].known && !e->endpoints[i].refused) sequences += e->endpoints[i].limit.most;
    ps_text_printf(&text, "; %zu sequences at once", sequences);
    if (f->context > 0) ps_text_printf(&text, ", a context of %zu tokens", f->context);
    if (e->tokens_per_second > 0) ps_text_printf(&text, "; one sequence alone: %.1f tokens/s", e->tokens_per_second);
    e->description = ps_text_cstr(&text);
}

static void add_text(ps_hash *hash, const char *text) {
    ps_hash_add(hash, text != NULL ? text : "", text != NULL ? strlen(text) + 1 : 1);
}

/* Of what does not move: names, tokens, the answer as far as it is certain. */
static void name_identity(ps_remote *e) {
    ps_hash hash;
    char digits[PS_HASH_TEXT];
    ps_text text = {.arena = e->kept};
    const ps_remote_print *print = &e->print;
    ps_hash_begin(&hash, 0);
    add_text(&hash, e->facts.model);
    add_text(&hash, e->facts.root);
    ps_hash_add(&hash, &(uint64_t){e->facts.context}, sizeof(uint64_t));
    ps_hash_add(&hash, print->text, print->n_text * sizeof *print->text);
    ps_hash_add(&hash, print->answer, ps_remote_print_certain(print) * sizeof *print->answer);
    ps_hash_end(&hash, digits);
    ps_text_printf(&text, "%s-%s", e->dialect->name, digits);
    e->identity = ps_text_cstr(&text);
}

/* ---- What follows from it ------------------------------------------------ */

static void set_can(ps_remote *e) {
    e->can = e->dialect->can;
    if (e->dialect->write_chat == NULL) e->can |= PS_ENGINE_CHATS_WHOLE;
    if (e->numbers == PS_REMOTE_PROCESSED)
        e->can = (e->can & ~(unsigned)(PS_ENGINE_LOGP | PS_ENGINE_LOGQ_BOUNDED)) | PS_ENGINE_LOGQ;
}

/* The smallest of all that are there. */
static void set_context(ps_remote *e, size_t context) {
    size_t theirs = 0;
    for (size_t i = 0; i < e->n_endpoints; i++) {
        const ps_remote_endpoint *p = &e->endpoints[i];
        if (p->known && !p->refused && p->context > 0 && (theirs == 0 || p->context < theirs)) theirs = p->context;
    }
    e->facts.context = theirs;
    e->context = context == 0 ? theirs : theirs == 0 || context < theirs ? context : theirs;
    if (e->context == 0) e->context = USUAL_CONTEXT;
}

/* One that is not there yet is thought to be like the first, so that there is enough to do when it comes. */
static void set_limits(ps_remote *e) {
    for (size_t i = 0; i < e->n_endpoints; i++) {
        ps_remote_endpoint *p = &e->endpoints[i];
        const size_t slots = p->known ? p->slots : e->first->slots, most = e->most > 0 ? e->most : SIZE_MAX;
        const bool fixed = slots > 0;
        const size_t usual = fixed ? slots : USUAL_SEQUENCES;
        ps_remote_limit_init(&p->limit, most == SIZE_MAX ? usual : fixed && slots < most ? slots : most, fixed);
    }
}

/* ---- Several servers ----------------------------------------------------- */

/* The first that answers says which model it is. */
static ps_status identify_first(ps_remote *e, const char *wanted, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < e->n_endpoints; i++) {
        e->first = &e->endpoints[i];
        status = identify(e, wanted, err);
        if (status == PS_OK || ps_http_is_present(e->first->http) || i + 1 == e->n_endpoints) break;
        ps_log_printf(&e->log, PS_LOG_WARNING, "%s; the run begins without it", err->message);
    }
    e->first->known = status == PS_OK;
    e->first->present = ps_http_is_present(e->first->http);
    e->first->context = e->facts.context;
    e->first->slots = e->facts.slots;
    return status;
}

static bool is_checking(const ps_remote *e) {
    for (size_t i = 0; i < e->n_endpoints; i++)
        if (e->endpoints[i].checking) return true;
    return false;
}

/* All others at once, as those that come back; who does not answer is let be. */
static ps_status check_others(ps_remote *e, ps_error *err) {
    ps_status status = PS_OK;
    pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < e->n_endpoints; i++)
        if (ps_http_returned(e->endpoints[i].http)) ps_remote_check_same(e, &e->endpoints[i]);
    while (status == PS_OK && e->lost.code == PS_OK && is_checking(e))
        status = ps_remote_turn(e, err);
    if (status == PS_OK && e->lost.code != PS_OK) status = ps_fail(err, e->lost.code, "%s", e->lost.message);
    pthread_mutex_unlock(&e->mutex);
    return status;
}

/* ---- All of it ----------------------------------------------------------- */

ps_status ps_remote_start(ps_remote *e, const char *wanted, size_t context, ps_error *err) {
    ps_status status = identify_first(e, wanted, err);
    if (status != PS_OK) return status;
    e->bos = e->separator = -1;
    status = look_beside(e, err);
    if (status != PS_OK) return status;
    const bool ids = (e->dialect->can & PS_ENGINE_TOKENS) != 0;
    if (ids) status = learn_bos(e, err);
    if (ids && status == PS_OK) status = take_print(e, err);
    if (status == PS_OK) status = learn_numbers(e, err);
    if (status == PS_OK && ids) status = find_separator(e, err);
    if (status == PS_OK) status = e->dialect->write_chat != NULL ? try_template(e, err) : try_endpoints(e, err);
    if (status == PS_OK && e->n_endpoints > 1) status = check_others(e, err);
    if (status != PS_OK) return status;
    set_can(e);
    set_context(e, context);
    set_limits(e);
    describe(e);
    name_identity(e);
    return ps_arena_ok(e->kept) ? PS_OK : ps_nomem(err);
}
