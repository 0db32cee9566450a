#include "support/model_server.h"

#include "engine/toy/model.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Models -------------------------------------------------------------- */

/* The answer so far: what comes after the last token that no answer has. */
static size_t answer_length(const ps_token *prefix, size_t length, ps_token most) {
    size_t n = 0;
    while (n < length && prefix[length - 1 - n] <= most)
        n++;
    return n;
}

static void next_of_table(const small_model *model, const ps_token *prefix, size_t length, double *logp) {
    const ps_toy_model *table = model->table;
    const size_t answer = answer_length(prefix, length, table->end);
    const size_t recent = answer < table->longest_context ? answer : table->longest_context;
    const ps_toy_rule *rule = ps_toy_model_rule(table, prefix + length - recent, recent, answer);
    for (size_t i = 0; i < model->n; i++)
        logp[i] = -INFINITY;
    for (size_t i = 0; i < rule->n; i++)
        logp[rule->token[i]] = rule->logp[i];
}

small_model *small_model_table(void) {
    return small_model_toy(ps_toy_builtin);
}

small_model *small_model_toy(const char *json) {
    small_model *model = calloc(1, sizeof *model);
    ps_toy_model *table = calloc(1, sizeof *table);
    ps_toy_json document = {0};
    if (model == NULL || table == NULL) abort();
    if (ps_toy_json_open(&document, "a table", json, strlen(json), NULL) != PS_OK) abort();
    if (ps_toy_model_read(table, &document, NULL) != PS_OK) abort();
    ps_toy_json_clear(&document);
    model_word *words = calloc(table->n_tokens, sizeof *words);
    if (words == NULL) abort();
    for (size_t i = 0; i < table->n_tokens; i++)
        words[i] = (model_word){table->tokens[i].text, strlen(table->tokens[i].text)};
    *model = (small_model){
        .words = words, .n = table->n_tokens, .end = table->end, .bos = -1, .next = next_of_table, .table = table};
    return model;
}

static void next_of_script(const small_model *model, const ps_token *prefix, size_t length, double *logp) {
    size_t at = 0;
    while (at < length && prefix[length - 1 - at] != '?')
        at++;
    for (size_t i = 0; i < model->n; i++)
        logp[i] = -INFINITY;
    logp[at < model->n_script ? model->script[at] : model->end] = 0;
}

static char *copy(const char *bytes, size_t n) {
    char *made = malloc(n + 1);
    if (made == NULL) abort();
    memcpy(made, bytes, n);
    made[n] = '\0';
    return made;
}

small_model *small_model_script(const model_word *words, size_t n_words, const ps_token *script, size_t n) {
    enum { BYTES = 256 };
    static const char end[] = "<|end|>";
    small_model *model = calloc(1, sizeof *model);
    model_word *all = calloc(BYTES + n_words + 1, sizeof *all);
    ps_token *tokens = calloc(n + 1, sizeof *tokens);
    if (model == NULL || all == NULL || tokens == NULL) abort();
    for (size_t i = 0; i < BYTES; i++) {
        const char byte = (char)i;
        all[i] = (model_word){copy(&byte, 1), 1};
    }
    for (size_t i = 0; i < n_words; i++)
        all[BYTES + i] = (model_word){copy(words[i].bytes, words[i].length), words[i].length};
    all[BYTES + n_words] = (model_word){copy(end, sizeof end - 1), sizeof end - 1};
    memcpy(tokens, script, n * sizeof *tokens);
    *model = (small_model){.words = all,
                           .n = BYTES + n_words + 1,
                           .end = (ps_token)(BYTES + n_words),
                           .bos = -1,
                           .next = next_of_script,
                           .script = tokens,
                           .n_script = n};
    return model;
}

void small_model_free(small_model *model) {
    if (model == NULL) return;
    for (size_t i = 0; model->table == NULL && i < model->n; i++)
        free((char *)model->words[i].bytes);
    if (model->table != NULL) ps_toy_model_clear(model->table);
    free(model->table);
    free((model_word *)model->words);
    free((ps_token *)model->script);
    free(model);
}

/* ---- Text ---------------------------------------------------------------- */

typedef struct buffer {
    char *data;
    size_t n, capacity;
} buffer;

static void put(buffer *b, const char *bytes, size_t n) {
    if (b->n + n + 1 > b->capacity) {
        b->capacity = 2 * (b->n + n + 1);
        b->data = realloc(b->data, b->capacity);
        if (b->data == NULL) abort();
    }
    if (n > 0) memcpy(b->data + b->n, bytes, n);
    b->n += n;
    b->data[b->n] = '\0';
}

/* As a tokenizer of the real ones decodes: what is no character becomes U+FFFD. */
static void put_decoded(buffer *b, const char *bytes, size_t n) {
    for (size_t at = 0; at < n;) {
        const size_t length = ps_utf8_length(bytes + at, n - at);
        put(b, length > 0 ? bytes + at : "\xEF\xBF\xBD", length > 0 ? length : 3);
        at += length > 0 ? length : 1;
    }
}

static ps_token longest_word(const small_model *m, const char *text, size_t length, bool special, size_t *used) {
    ps_token best = -1;
    *used = 0;
    for (size_t i = 0; i < m->n; i++) {
        const model_word *w = &m->words[i];
        if ((ps_token)i == m->end && !special) continue;
        if (w->length <= *used || w->length > length || memcmp(w->bytes, text, w->length) != 0) continue;
        best = (ps_token)i;
        *used = w->length;
    }
    return best;
}

typedef struct ids {
    ps_token *tokens;
    size_t n;
} ids;

static ids tokenize(const small_model *m, const char *text, size_t length, bool special) {
    ids made = {.tokens = calloc(length + 2, sizeof *made.tokens)};
    size_t used = 0;
    if (made.tokens == NULL) abort();
    for (size_t at = 0; at < length; at += used) {
        made.tokens[made.n] = longest_word(m, text + at, length - at, special, &used);
        if (made.tokens[made.n] < 0) abort();
        made.n++;
    }
    return made;
}

static json_t *ids_json(ids all) {
    json_t *array = json_array();
    for (size_t i = 0; i < all.n; i++)
        json_array_append_new(array, json_integer(all.tokens[i]));
    free(all.tokens);
    return array;
}

static ids ids_of(const json_t *array) {
    ids made = {.tokens = calloc(json_array_size(array) + 1, sizeof *made.tokens), .n = json_array_size(array)};
    if (made.tokens == NULL) abort();
    for (size_t i = 0; i < made.n; i++)
        made.tokens[i] = (ps_token)json_integer_value(json_array_get(array, i));
    return made;
}

/* The contents one after the other, as the toy engine renders them, with BOS of none. */
static buffer rendered(const json_t *messages) {
    buffer all = {0};
    put(&all, "", 0);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        const char *content = json_string_value(json_object_get(json_array_get(messages, i), "content"));
        put(&all, content, strlen(content));
    }
    return all;
}

/* ---- Drawing ------------------------------------------------------------- */

typedef struct sampling {
    double temperature, top_p;
    size_t top_k, max_tokens;
    uint64_t seed;
    const json_t *stops;
} sampling;

typedef struct drawn {
    ps_token token;
    double *logp, *logq; /* [model.n] */
    const double *told;  /* vLLM: which of them it tells */
} drawn;

typedef struct choice {
    drawn *tokens; /* [n] */
    size_t n;
    buffer text;     /* of all tokens but the end */
    const char *end; /* "word", "eos", "limit" */
    const char *stop;
    bool context; /* limit by it */
} choice;

static size_t argmax(const double *x, size_t n, const bool *taken) {
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        if (!taken[i] && (best == SIZE_MAX || x[i] > x[best])) best = i;
    return best;
}

/* log q: temperature, then top_k, then top_p. */
static void truncate(const sampling *s, const double *logp, size_t n, double *logq) {
    bool *kept = calloc(n, sizeof *kept);
    double all = 0, mass = 0;
    if (kept == NULL) abort();
    const size_t most = s->temperature <= 0 ? 1 : s->top_k > 0 && s->top_k < n ? s->top_k : n;
    const double T = s->temperature > 0 ? s->temperature : 1;
    for (size_t k = 0; k < most; k++) {
        const size_t i = argmax(logp, n, kept);
        kept[i] = true;
        all += exp(logp[i] / T);
    }
    memset(kept, 0, n * sizeof *kept);
    for (size_t k = 0; k < most && (s->top_p >= 1 || mass < s->top_p * all); k++) {
        const size_t i = argmax(logp, n, kept);
        kept[i] = true;
        mass += exp(logp[i] / T);
    }
    for (size_t i = 0; i < n; i++)
        logq[i] = kept[i] ? logp[i] / T - log(mass) : -INFINITY;
    free(kept);
}

static ps_token draw(const double *logq, size_t n, double uniform) {
    double sum = 0;
    ps_token last = 0;
    for (size_t i = 0; i < n; i++) {
        if (logq[i] == -INFINITY) continue;
        last = (ps_token)i;
        sum += exp(logq[i]);
        if (sum > uniform) break;
    }
    return last;
}

static const char *stop_in(const sampling *s, const char *text) {
    size_t i;
    const json_t *one;
    json_array_foreach(s->stops, i,
                       one) if (strstr(text, json_string_value(one)) != NULL) return json_string_value(one);
    return NULL;
}

static choice generate(model_server *server, const ids *prefix, const sampling *s) {
    const small_model *m = server->model;
    choice c = {.tokens = calloc(s->max_tokens + 1, sizeof *c.tokens), .end = "limit"};
    ps_token *all = calloc(prefix->n + s->max_tokens + 1, sizeof *all);
    if (c.tokens == NULL || all == NULL) abort();
    put(&c.text, "", 0);
    if (prefix->n > 0) memcpy(all, prefix->tokens, prefix->n * sizeof *all);
    while (c.n < s->max_tokens && strcmp(c.end, "limit") == 0) {
        drawn *d = &c.tokens[c.n];
        if (prefix->n + c.n >= server->context) break;
        d->logp = calloc(2 * m->n, sizeof *d->logp);
        if (d->logp == NULL) abort();
        d->logq = d->logp + m->n;
        m->next(m, all, prefix->n + c.n, d->logp);
        truncate(s, d->logp, m->n, d->logq);
        d->told = server->processed && s->temperature > 0 ? d->logq : d->logp; /* greedy: raw at any rate */
        const ps_rng_key key = {.seed = s->seed, .purpose = PS_RNG_TEST};
        d->token = draw(d->logq, m->n, ps_uniform(key, c.n));
        all[prefix->n + c.n++] = d->token;
        if (d->token == m->end) {
            c.end = "eos";
            break;
        }
        put(&c.text, m->words[d->token].bytes, m->words[d->token].length);
        c.stop = stop_in(s, c.text.data);
        if (c.stop != NULL) c.end = "word";
    }
    c.context = strcmp(c.end, "limit") == 0 && c.n < s->max_tokens;
    server->n_choices++;
    server->n_drawn += c.n;
    free(all);
    return c;
}

static void free_choice(choice *c) {
    for (size_t i = 0; i < c->n; i++)
        free(c->tokens[i].logp);
    free(c->tokens);
    free(c->text.data);
}

static double number(const json_t *body, const char *key, double otherwise) {
    const json_t *value = json_object_get(body, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static void answer_json(fault_answer *answer, json_t *root) {
    char *text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (text == NULL) abort();
    fault_body(answer, "%s", text);
    free(text);
    json_decref(root);
}

static void refuse(fault_answer *answer, int code, const char *message) {
    answer->code = code;
    answer_json(answer, json_pack("{s:{s:s,s:s,s:i}}", "error", "message", message, "type", "invalid", "code", code));
}

static json_t *text_json(const char *bytes, size_t n) {
    buffer b = {0};
    put(&b, "", 0);
    put_decoded(&b, bytes, n);
    json_t *text = json_stringn(b.data, b.n);
    free(b.data);
    return text;
}

/* ---- vLLM ---------------------------------------------------------------- */

static json_t *named(ps_token token) {
    char name[32];
    snprintf(name, sizeof name, "token_id:%d", (int)token);
    return json_string(name);
}

static double told(const drawn *d, ps_token token) {
    return d->told[token] == -INFINITY ? -9999.0 : d->told[token];
}

static json_t *vllm_top(const model_server *server, const drawn *d, size_t K, const json_t *asked) {
    const size_t n = server->model->n;
    const json_t *id;
    size_t i;
    bool *taken = calloc(n, sizeof *taken);
    json_t *top = json_object(), *name = named(d->token);
    if (taken == NULL) abort();
    json_object_set_new(top, json_string_value(name), json_real(told(d, d->token)));
    json_decref(name);
    json_array_foreach(asked, i, id) {
        name = named((ps_token)json_integer_value(id));
        json_object_set_new(top, json_string_value(name), json_real(told(d, (ps_token)json_integer_value(id))));
        json_decref(name);
    }
    for (size_t k = 0; k < K && k < n; k++) {
        i = argmax(d->logp, n, taken);
        taken[i] = true;
        name = named((ps_token)i);
        json_object_set_new(top, json_string_value(name), json_real(told(d, (ps_token)i)));
        json_decref(name);
    }
    free(taken);
    return top;
}

static json_t *vllm_choice(const model_server *server, const choice *c, size_t index, size_t K, const json_t *asked) {
    json_t *tokens = json_array(), *logprobs = json_array(), *tops = json_array();
    for (size_t i = 0; i < c->n; i++) {
        json_array_append_new(tokens, named(c->tokens[i].token));
        json_array_append_new(logprobs, json_real(told(&c->tokens[i], c->tokens[i].token)));
        json_array_append_new(tops, vllm_top(server, &c->tokens[i], K, asked));
    }
    json_t *stop = c->stop != NULL ? json_string(c->stop) : json_null();
    return json_pack("{s:i,s:o,s:{s:[],s:o,s:o,s:o},s:s,s:o,s:n}", "index", (int)index, "text",
                     text_json(c->text.data, c->text.n), "logprobs", "text_offset", "token_logprobs", logprobs,
                     "tokens", tokens, "top_logprobs", tops, "finish_reason",
                     strcmp(c->end, "limit") == 0 ? "length" : "stop", "stop_reason", stop, "token_ids");
}

static sampling sampling_of(const json_t *body, const char *max_tokens) {
    return (sampling){.temperature = number(body, "temperature", 1),
                      .top_p = number(body, "top_p", 1),
                      .top_k = (size_t)number(body, "top_k", 0),
                      .max_tokens = (size_t)number(body, max_tokens, 16),
                      .seed = (uint64_t)json_integer_value(json_object_get(body, "seed")),
                      .stops = json_object_get(body, "stop")};
}

static void vllm_ask(model_server *server, const json_t *body, fault_answer *answer) {
    sampling s = sampling_of(body, "max_tokens");
    const ids prefix = ids_of(json_object_get(body, "prompt"));
    const size_t n = (size_t)number(body, "n", 1), K = (size_t)number(body, "logprobs", 0);
    json_t *choices = json_array();
    size_t drawn_tokens = 0;
    if (prefix.n >= server->context) {
        refuse(answer, 400, "This model's maximum context length is smaller than your prompt");
        json_decref(choices);
        free(prefix.tokens);
        return;
    }
    const uint64_t seed = s.seed;
    for (size_t i = 0; i < n; i++) {
        s.seed = seed + i;
        choice c = generate(server, &prefix, &s);
        json_array_append_new(choices, vllm_choice(server, &c, i, K, json_object_get(body, "logprob_token_ids")));
        drawn_tokens += c.n;
        free_choice(&c);
    }
    answer_json(answer, json_pack("{s:s,s:s,s:s,s:o,s:{s:I,s:I,s:I,s:{s:I}}}", "id", "cmpl-1", "object",
                                  "text_completion", "model", server->name, "choices", choices, "usage",
                                  "prompt_tokens", (json_int_t)prefix.n, "total_tokens",
                                  (json_int_t)(prefix.n + drawn_tokens), "completion_tokens", (json_int_t)drawn_tokens,
                                  "prompt_tokens_details", "cached_tokens", (json_int_t)(prefix.n / 32 * 32)));
    free(prefix.tokens);
}

static void vllm_tokenize(model_server *server, const json_t *body, fault_answer *answer) {
    const json_t *messages = json_object_get(body, "messages"), *text = json_object_get(body, "prompt");
    buffer chat = messages != NULL ? rendered(messages) : (buffer){0};
    ids all = messages != NULL ? tokenize(server->model, chat.data, chat.n, true)
                               : tokenize(server->model, json_string_value(text), json_string_length(text), true);
    if (json_is_true(json_object_get(body, "add_special_tokens")) && server->model->bos >= 0) {
        memmove(all.tokens + 1, all.tokens, all.n++ * sizeof *all.tokens);
        all.tokens[0] = server->model->bos;
    }
    const json_int_t n = (json_int_t)all.n;
    free(chat.data);
    answer_json(answer, json_pack("{s:I,s:I,s:o,s:n}", "count", n, "max_model_len", (json_int_t)server->context,
                                  "tokens", ids_json(all), "token_strs"));
}

static json_t *decoded(const small_model *m, const json_t *array) {
    ids all = ids_of(array);
    buffer bytes = {0};
    put(&bytes, "", 0);
    for (size_t i = 0; i < all.n; i++)
        put(&bytes, m->words[all.tokens[i]].bytes, m->words[all.tokens[i]].length);
    json_t *text = text_json(bytes.data, bytes.n);
    free(bytes.data);
    free(all.tokens);
    return text;
}

/* ---- llama-server -------------------------------------------------------- */

static json_t *bytes_json(const char *bytes, size_t n) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array, json_integer((unsigned char)bytes[i]));
    return array;
}

static json_t *llama_word(const small_model *m, ps_token token, double logp) {
    const model_word none = {"", 0}, *w = token == m->end ? &none : &m->words[token];
    return json_pack("{s:i,s:o,s:o,s:f}", "id", (int)token, "token", text_json(w->bytes, w->length), "bytes",
                     bytes_json(w->bytes, w->length), "logprob", logp);
}

static json_t *llama_entry(const small_model *m, const drawn *d, size_t K) {
    bool *taken = calloc(m->n, sizeof *taken);
    json_t *top = json_array(), *entry = llama_word(m, d->token, d->logp[d->token]);
    if (taken == NULL) abort();
    for (size_t k = 0; k < K && k < m->n; k++) {
        const size_t i = argmax(d->logp, m->n, taken);
        taken[i] = true;
        if (d->logp[i] == -INFINITY) break;
        json_array_append_new(top, llama_word(m, (ps_token)i, d->logp[i]));
    }
    free(taken);
    json_object_set_new(entry, "top_logprobs", top);
    return entry;
}

static void llama_end(json_t *event, const choice *c) {
    json_object_set_new(event, "stop", json_true());
    json_object_set_new(event, "stop_type", json_string(c->end));
    json_object_set_new(event, "stopping_word", json_string(c->stop != NULL ? c->stop : ""));
    json_object_set_new(event, "truncated", json_boolean(c->context));
    json_object_set_new(event, "timings", json_pack("{s:i,s:i}", "cache_n", 0, "prompt_n", 1));
}

static json_t *llama_event(size_t index, size_t drawn_tokens, size_t prompt) {
    return json_pack("{s:i,s:s,s:[],s:b,s:i,s:I,s:I}", "index", (int)index, "content", "", "tokens", "stop", 0,
                     "id_slot", 0, "tokens_predicted", (json_int_t)drawn_tokens, "tokens_evaluated",
                     (json_int_t)prompt);
}

static void put_event(buffer *out, json_t *event) {
    char *text = json_dumps(event, JSON_COMPACT | JSON_REAL_PRECISION(17));
    if (text == NULL) abort();
    put(out, "data: ", 6);
    put(out, text, strlen(text));
    put(out, "\n\n", 2);
    free(text);
    json_decref(event);
}

/* Nothing is told of a token after which a character is not complete. */
static void llama_stream(const model_server *server, const choice *c, size_t index, size_t prompt, size_t K,
                         buffer *out) {
    const small_model *m = server->model;
    buffer text = {0};
    put(&text, "", 0);
    for (size_t i = 0; i < c->n; i++) {
        const drawn *d = &c->tokens[i];
        if (d->token != m->end) put(&text, m->words[d->token].bytes, m->words[d->token].length);
        if (ps_utf8_valid(text.data, text.n) < text.n && d->token != m->end) continue;
        json_t *event = llama_event(index, i + 1, prompt);
        json_array_append_new(json_object_get(event, "tokens"), json_integer(d->token));
        json_object_set_new(event, "completion_probabilities", json_pack("[o]", llama_entry(m, d, K)));
        put_event(out, event);
    }
    json_t *last = llama_event(index, c->n, prompt);
    llama_end(last, c);
    put_event(out, last);
    free(text.data);
}

static json_t *llama_whole(const model_server *server, const choice *c, size_t index, size_t prompt, size_t K) {
    json_t *whole = llama_event(index, c->n, prompt), *entries = json_array();
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(entries, llama_entry(server->model, &c->tokens[i], K));
    json_object_set_new(whole, "content", text_json(c->text.data, c->text.n));
    json_object_set_new(whole, "completion_probabilities", entries);
    json_object_del(whole, "tokens");
    llama_end(whole, c);
    return whole;
}

/* What logit_bias makes the likeliest, after the samplers: what no other token has a part in. */
static json_t *llama_biased(const small_model *m, const drawn *d, const json_t *bias) {
    json_t *top = json_array();
    const json_t *pair;
    double all = 0;
    size_t i;
    json_array_foreach(bias, i, pair) all += exp(d->logp[json_integer_value(json_array_get(pair, 0))]);
    json_array_foreach(bias, i, pair) {
        const ps_token token = (ps_token)json_integer_value(json_array_get(pair, 0));
        json_t *word = llama_word(m, token, 0);
        json_object_del(word, "logprob");
        json_object_set_new(word, "prob", json_real(all > 0 ? exp(d->logp[token]) / all : 0));
        json_array_append_new(top, word);
    }
    return top;
}

static void llama_chances(model_server *server, const ids *prefix, const json_t *body, fault_answer *answer) {
    const sampling s = {.temperature = 1, .top_p = 1, .max_tokens = 1};
    choice c = generate(server, prefix, &s);
    json_t *whole = llama_event(0, 1, prefix->n), *entry = llama_word(server->model, c.tokens[0].token, 0);
    json_object_del(entry, "logprob");
    json_object_set_new(entry, "prob", json_real(1));
    json_object_set_new(entry, "top_probs",
                        llama_biased(server->model, &c.tokens[0], json_object_get(body, "logit_bias")));
    json_object_set_new(whole, "completion_probabilities", json_pack("[o]", entry));
    llama_end(whole, &c);
    free_choice(&c);
    answer_json(answer, whole);
}

static void llama_ask(model_server *server, const json_t *body, fault_answer *answer) {
    sampling s = sampling_of(body, "n_predict");
    const ids prefix = ids_of(json_object_get(body, "prompt"));
    const size_t n = (size_t)number(body, "n_cmpl", 1), K = (size_t)number(body, "n_probs", 0);
    const bool stream = json_is_true(json_object_get(body, "stream"));
    buffer out = {0};
    json_t *wholes = json_array();
    put(&out, "", 0);
    if (prefix.n >= server->context) {
        refuse(answer, 400, "request exceeds the available context size");
    } else if (json_is_true(json_object_get(body, "post_sampling_probs"))) {
        llama_chances(server, &prefix, body, answer);
    } else {
        const uint64_t seed = s.seed;
        for (size_t i = 0; i < n; i++) {
            s.seed = seed + i;
            choice c = generate(server, &prefix, &s);
            if (stream)
                llama_stream(server, &c, i, prefix.n, K, &out);
            else
                json_array_append_new(wholes, llama_whole(server, &c, i, prefix.n, K));
            free_choice(&c);
        }
        if (stream) {
            answer->type = "text/event-stream";
            answer->framing = FAULT_EVENTS;
            fault_body_bytes(answer, out.data, out.n);
        } else {
            answer_json(answer, json_incref(n == 1 ? json_array_get(wholes, 0) : wholes));
        }
    }
    json_decref(wholes);
    free(out.data);
    free(prefix.tokens);
}

/* ---- Plain --------------------------------------------------------------- */

/* A text, in the place where the endpoint has it. */
static json_t *plain_choice(const model_server *server, json_t *text, bool piece, const char *finish) {
    json_t *made = json_pack("{s:i,s:s?}", "index", 0, "finish_reason", finish);
    if (server->chat)
        json_object_set_new(made, piece ? "delta" : "message", json_pack("{s:o}", "content", text));
    else
        json_object_set_new(made, "text", text);
    return made;
}

/* Pieces end where a character does. */
static void plain_stream(const model_server *server, const choice *c, const char *finish, json_t *usage,
                         fault_answer *answer) {
    buffer out = {0}, pending = {0};
    put(&pending, "", 0);
    for (size_t i = 0; i < c->n; i++) {
        const ps_token token = c->tokens[i].token;
        const model_word *word = &server->model->words[token];
        if (token != server->model->end) put(&pending, word->bytes, word->length);
        if (i + 1 < c->n && ps_utf8_valid(pending.data, pending.n) < pending.n) continue;
        json_t *text = text_json(pending.data, pending.n);
        put_event(&out, json_pack("{s:[o]}", "choices", plain_choice(server, text, true, NULL)));
        pending.n = 0;
    }
    put_event(&out, json_pack("{s:[o]}", "choices", plain_choice(server, json_string(""), true, finish)));
    put_event(&out, json_pack("{s:[],s:O}", "choices", "usage", usage));
    put(&out, "data: [DONE]\n\n", 14);
    answer->type = "text/event-stream";
    answer->framing = FAULT_EVENTS;
    fault_body_bytes(answer, out.data, out.n);
    free(out.data);
    free(pending.data);
}

static void plain_ask(model_server *server, const json_t *body, fault_answer *answer) {
    const sampling s = sampling_of(body, "max_tokens");
    const json_t *text = json_object_get(body, "prompt");
    buffer chat = server->chat ? rendered(json_object_get(body, "messages")) : (buffer){0};
    const ids prefix = server->chat ? tokenize(server->model, chat.data, chat.n, true)
                                    : tokenize(server->model, json_string_value(text), json_string_length(text), true);
    free(chat.data);
    if (prefix.n >= server->context) {
        refuse(answer, 400, "the maximum context length is smaller than your prompt");
        free(prefix.tokens);
        return;
    }
    choice c = generate(server, &prefix, &s);
    const char *finish = strcmp(c.end, "limit") == 0 ? "length" : "stop";
    json_t *usage = json_pack("{s:I,s:I}", "prompt_tokens", (json_int_t)prefix.n, "completion_tokens", (json_int_t)c.n);
    if (json_is_true(json_object_get(body, "stream"))) {
        plain_stream(server, &c, finish, usage, answer);
    } else {
        json_t *whole = plain_choice(server, text_json(c.text.data, c.text.n), false, finish);
        answer_json(answer, json_pack("{s:[o],s:O}", "choices", whole, "usage", usage));
    }
    json_decref(usage);
    free_choice(&c);
    free(prefix.tokens);
}

/* ---- Who answers --------------------------------------------------------- */

static bool is(const fault_request *request, const char *path) {
    return strcmp(request->path, path) == 0;
}

static void models(const model_server *server, fault_answer *answer) {
    static const char *const owners[] = {"vllm", "llamacpp", "somebody"};
    json_t *model = json_pack("{s:s,s:s,s:s}", "id", server->name, "object", "model", "owned_by", owners[server->kind]);
    if (server->kind == MODEL_VLLM) {
        json_object_set_new(model, "root", json_string("/models/small"));
        json_object_set_new(model, "max_model_len", json_integer((json_int_t)server->context));
    } else if (server->kind == MODEL_LLAMA_SERVER) {
        json_object_set_new(model, "meta",
                            json_pack("{s:I,s:I,s:i}", "n_vocab", (json_int_t)server->model->n, "n_ctx",
                                      (json_int_t)server->context, "n_params", 1000));
    }
    answer_json(answer, json_pack("{s:s,s:[o]}", "object", "list", "data", model));
}

static bool handle_vllm(model_server *server, const fault_request *request, const json_t *body, fault_answer *answer) {
    if (is(request, "/version")) {
        fault_body(answer, "{\"version\":\"0.32.0\"}");
    } else if (is(request, "/tokenize")) {
        vllm_tokenize(server, body, answer);
    } else if (is(request, "/detokenize")) {
        answer_json(answer, json_pack("{s:o}", "prompt", decoded(server->model, json_object_get(body, "tokens"))));
    } else if (is(request, "/v1/completions")) {
        vllm_ask(server, body, answer);
        return true;
    } else {
        refuse(answer, 404, "Not Found");
    }
    return false;
}

static bool handle_llama(model_server *server, const fault_request *request, const json_t *body, fault_answer *answer) {
    if (is(request, "/props")) {
        answer_json(answer, json_pack("{s:I,s:{s:I},s:s}", "total_slots", (json_int_t)server->slots,
                                      "default_generation_settings", "n_ctx", (json_int_t)server->context, "build_info",
                                      "b1-small"));
    } else if (is(request, "/tokenize")) {
        const json_t *text = json_object_get(body, "content");
        const bool special = json_is_true(json_object_get(body, "parse_special"));
        answer_json(answer, json_pack("{s:o}", "tokens",
                                      ids_json(tokenize(server->model, json_string_value(text),
                                                        json_string_length(text), special))));
    } else if (is(request, "/detokenize")) {
        answer_json(answer, json_pack("{s:o}", "content", decoded(server->model, json_object_get(body, "tokens"))));
    } else if (is(request, "/apply-template")) {
        buffer chat = rendered(json_object_get(body, "messages"));
        answer_json(answer, json_pack("{s:o}", "prompt", json_stringn(chat.data, chat.n)));
        free(chat.data);
    } else if (is(request, "/completion")) {
        llama_ask(server, body, answer);
        return true;
    } else {
        refuse(answer, 404, "File Not Found");
    }
    return false;
}

static bool handle_plain(model_server *server, const fault_request *request, const json_t *body, fault_answer *answer) {
    if (!is(request, server->chat ? "/v1/chat/completions" : "/v1/completions")) {
        refuse(answer, 404, "no such path");
        return false;
    }
    plain_ask(server, body, answer);
    return true;
}

static void handle(void *user, const fault_request *request, fault_answer *answer) {
    static bool (*const kinds[])(model_server *, const fault_request *, const json_t *,
                                 fault_answer *) = {handle_vllm, handle_llama, handle_plain};
    model_server *server = user;
    json_error_t syntax;
    json_t *body = request->length > 0 ? json_loadb(request->body, request->length, 0, &syntax) : NULL;
    bool ask = false;
    if (is(request, "/health"))
        fault_body(answer, "{\"status\":\"ok\"}");
    else if (is(request, "/v1/models"))
        models(server, answer);
    else
        ask = kinds[server->kind](server, request, body, answer);
    server->n_asks += ask;
    if (server->spoil != NULL) server->spoil(server->user, request, ask, answer);
    json_decref(body);
}

void model_server_start(model_server *server, const small_model *model, model_kind kind) {
    server->model = model;
    server->kind = kind;
    if (server->context == 0) server->context = 4096;
    if (server->slots == 0) server->slots = 8;
    if (server->name == NULL) server->name = "small";
    server->server = fault_server_start(handle, server);
    snprintf(server->url, sizeof server->url, "%s/v1", fault_server_url(server->server));
}

void model_server_stop(model_server *server) {
    fault_server_stop(server->server);
    server->server = NULL;
}
