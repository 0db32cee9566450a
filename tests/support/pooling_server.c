#include "support/pooling_server.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char tag[] = "<extra_0>";

static void answer_json(fault_answer *answer, json_t *root) {
    char *text = json_dumps(root, JSON_COMPACT);
    if (text == NULL) abort();
    fault_body(answer, "%s", text);
    free(text);
    json_decref(root);
}

static void refuse(fault_answer *answer, int code, const char *message) {
    answer->code = code;
    answer_json(answer, json_pack("{s:{s:s,s:s,s:n,s:i}}", "error", "message", message, "type", "BadRequestError",
                                  "param", "code", code));
}

/* ---- Rewards ------------------------------------------------------------- */

static json_t *rows_of(const pooling_server *server, const char *text) {
    json_t *rows = json_array();
    for (const char *at = text; (at = strstr(at, tag)) != NULL; at += strlen(tag)) {
        const char last = at > text ? at[-1] : '\0';
        const double p = (last == 'a' ? .75 : last == 'b' ? .25 : .5) + server->shift;
        json_array_append_new(rows, server->single ? json_pack("[f]", p) : json_pack("[ff]", 1 - p, p));
    }
    return rows;
}

static size_t pooling(pooling_server *server, const json_t *body, fault_answer *answer) {
    const json_t *texts = json_object_get(body, "input"), *one;
    json_t *data = json_array();
    size_t i, tokens = 0, longest = 0;
    json_array_foreach(texts, i, one) {
        const char *text = json_string_value(one);
        json_t *entry = json_pack("{s:i,s:s,s:o}", "index", (int)i, "object", "pooling", "data", rows_of(server, text));
        json_array_insert_new(data, server->backwards ? 0 : json_array_size(data), entry);
        tokens += strlen(text);
        if (strlen(text) > longest) longest = strlen(text);
        free(server->last);
        server->last = strdup(text);
    }
    const size_t n = json_array_size(texts);
    server->n_asks++;
    server->n_texts += n;
    if (n > server->most_texts) server->most_texts = n;
    if (server->context > 0 && longest > server->context) {
        json_decref(data);
        refuse(answer, 400, "This model's maximum context length is shorter than your input");
    } else {
        answer_json(answer, json_pack("{s:s,s:s,s:i,s:s,s:o,s:{s:I,s:I}}", "id", "pooling-1", "object", "list",
                                      "created", 0, "model", server->name, "data", data, "usage", "prompt_tokens",
                                      (json_int_t)tokens, "total_tokens", (json_int_t)tokens));
    }
    return n;
}

/* ---- Bytes for tokens ---------------------------------------------------- */

static void put_bytes(json_t *tokens, const char *text) {
    for (; *text != '\0'; text++)
        json_array_append_new(tokens, json_integer((unsigned char)*text));
}

static void tokenize(const json_t *body, fault_answer *answer) {
    const json_t *messages = json_object_get(body, "messages"), *one;
    json_t *tokens = json_array();
    size_t i;
    json_array_foreach(messages, i, one) {
        put_bytes(tokens, "<|im_start|>");
        put_bytes(tokens, json_string_value(json_object_get(one, "role")));
        put_bytes(tokens, "\n");
        put_bytes(tokens, json_string_value(json_object_get(one, "content")));
        put_bytes(tokens, "<|im_end|>\n");
    }
    put_bytes(tokens,
              messages != NULL ? "<|im_start|>assistant\n" : json_string_value(json_object_get(body, "prompt")));
    answer_json(answer, json_pack("{s:I,s:i,s:o,s:n}", "count", (json_int_t)json_array_size(tokens), "max_model_len",
                                  4096, "tokens", tokens, "token_strs"));
}

static void detokenize(const json_t *body, fault_answer *answer) {
    const json_t *tokens = json_object_get(body, "tokens");
    const size_t n = json_array_size(tokens);
    char *text = calloc(n + 1, 1);
    if (text == NULL) abort();
    for (size_t i = 0; i < n; i++)
        text[i] = (char)json_integer_value(json_array_get(tokens, i));
    answer_json(answer, json_pack("{s:s}", "prompt", text));
    free(text);
}

/* ---- Who answers --------------------------------------------------------- */

static void handle(void *user, const fault_request *request, fault_answer *answer) {
    pooling_server *server = user;
    json_t *body = request->length > 0 ? json_loadb(request->body, request->length, 0, NULL) : NULL;
    size_t texts = 0;
    if (strcmp(request->path, "/health") == 0)
        fault_body(answer, "%s", "");
    else if (strcmp(request->path, "/v1/models") == 0)
        answer_json(answer,
                    json_pack("{s:s,s:[{s:s,s:s,s:s,s:s,s:i}]}", "object", "list", "data", "id", server->name, "object",
                              "model", "owned_by", "vllm", "root", "/models/prm", "max_model_len", 4096));
    else if (strcmp(request->path, "/tokenize") == 0)
        tokenize(body, answer);
    else if (strcmp(request->path, "/detokenize") == 0)
        detokenize(body, answer);
    else if (strcmp(request->path, "/pooling") == 0)
        texts = pooling(server, body, answer);
    else
        refuse(answer, 404, "Not Found");
    if (server->spoil != NULL) server->spoil(server->user, request, texts, answer);
    json_decref(body);
}

void pooling_server_start(pooling_server *server) {
    if (server->name == NULL) server->name = "prm";
    server->server = fault_server_start(handle, server);
    snprintf(server->url, sizeof server->url, "%s/v1", fault_server_url(server->server));
}

void pooling_server_stop(pooling_server *server) {
    fault_server_stop(server->server);
    server->server = NULL;
    free(server->last);
    server->last = NULL;
}
