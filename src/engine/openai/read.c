#include "engine/openai/read.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

/* ---- Documents ----------------------------------------------------------- */

size_t ps_remote_most_values(const ps_remote_ask *ask) {
    /* A token is an object of a few members with its bytes one by one, and so is each of the most likely; a server
     * says a hundred things besides, and may say them of each choice. */
    const size_t each = 64, token = 32;
    const size_t tokens = ask->n * (size_t)ask->max_tokens;
    return (1 << 14) + ask->n * each + tokens * token * (ask->n_top + 2);
}

ps_status ps_remote_json_open(const char *body, size_t length, size_t most, ps_arena *arena, json_t **root,
                              ps_error *err) {
    json_t *read = NULL;
    ps_error why;
    ps_status status = ps_json_read(body, length, most, &read, &why);
    if (status != PS_OK) return ps_fail(err, status, "the server's answer %s", why.message);
    const char *words = ps_remote_words(read, arena);
    if (words != NULL || !ps_arena_ok(arena)) {
        json_decref(read);
        return words == NULL ? ps_nomem(err) : ps_fail(err, PS_HTTP, "the server says: %s", words);
    }
    *root = read;
    return PS_OK;
}

/* ---- Values -------------------------------------------------------------- */

ps_status ps_remote_unexpected(const char *key, const json_t *value, const char *what, ps_error *err) {
    char found[96] = "nothing";
    if (value != NULL) {
        size_t n = json_dumpb(value, found, sizeof found - 1, JSON_ENCODE_ANY | JSON_COMPACT);
        if (n >= sizeof found)
            snprintf(found, sizeof found, "%s", json_is_object(value) ? "an object" : "a long value");
        else
            found[n] = '\0';
    }
    return ps_fail(err, PS_FORMAT, "%s of the server's answer: expected %s, found %s", key, what, found);
}

ps_status ps_remote_get_array(const json_t *object, const char *key, const json_t **array, ps_error *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_array(value)) return ps_remote_unexpected(key, value, "a list", err);
    *array = value;
    return PS_OK;
}

ps_status ps_remote_get_text(const json_t *object, const char *key, ps_arena *arena, const char **text, size_t *length,
                             ps_error *err) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value)) return ps_remote_unexpected(key, value, "a text", err);
    const char *copy = ps_arena_strndup(arena, json_string_value(value), json_string_length(value));
    if (copy == NULL) return ps_nomem(err);
    *text = copy;
    if (length != NULL) *length = json_string_length(value);
    return PS_OK;
}

static bool count_of(const json_t *value, size_t most, size_t *count) {
    if (!json_is_integer(value) || json_integer_value(value) < 0) return false;
    if ((uint64_t)json_integer_value(value) > most) return false;
    *count = (size_t)json_integer_value(value);
    return true;
}

ps_status ps_remote_get_count(const json_t *object, const char *key, size_t most, size_t *count, ps_error *err) {
    const json_t *value = json_object_get(object, key);
    if (count_of(value, most, count)) return PS_OK;
    char what[64];
    snprintf(what, sizeof what, "a number from 0 to %zu", most);
    return ps_remote_unexpected(key, value, what, err);
}

ps_status ps_remote_get_count_or(const json_t *object, const char *key, size_t otherwise, size_t *count,
                                 ps_error *err) {
    const json_t *value = json_object_get(object, key);
    if (value != NULL && !json_is_null(value)) return ps_remote_get_count(object, key, SIZE_MAX / 2, count, err);
    *count = otherwise;
    return PS_OK;
}

ps_status ps_remote_read_id(const json_t *value, ps_token *id, ps_error *err) {
    size_t n;
    if (!count_of(value, INT32_MAX, &n)) return ps_remote_unexpected("a token", value, "an id", err);
    *id = (ps_token)n;
    return PS_OK;
}

ps_status ps_remote_read_logp(const json_t *value, double *logp, ps_error *err) {
    const double rounding = 1e-6;
    const double x = json_is_number(value) ? json_number_value(value) : NAN;
    if (!isfinite(x) || x > rounding) return ps_remote_unexpected("a log-probability", value, "a number up to 0", err);
    *logp = fmin(x, 0);
    return PS_OK;
}

ps_status ps_remote_get_ids(const json_t *object, const char *key, ps_arena *arena, ps_token **ids, size_t *n,
                            ps_error *err) {
    const json_t *array = NULL;
    ps_status status = ps_remote_get_array(object, key, &array, err);
    if (status != PS_OK) return status;
    const size_t count = json_array_size(array);
    ps_token *read = ps_arena_calloc(arena, count + 1, sizeof *read);
    if (read == NULL) return ps_nomem(err);
    for (size_t i = 0; status == PS_OK && i < count; i++)
        status = ps_remote_read_id(json_array_get(array, i), &read[i], err);
    if (status != PS_OK) return status;
    *ids = read;
    *n = count;
    return PS_OK;
}

/* ---- Choices ------------------------------------------------------------- */

ps_status ps_remote_get_index(const ps_remote_ask *ask, const json_t *object, bool *seen, size_t *index,
                              ps_error *err) {
    size_t i = 0;
    if (ask->n > 1 || json_object_get(object, "index") != NULL) {
        ps_status status = ps_remote_get_count(object, "index", ask->n - 1, &i, err);
        if (status != PS_OK) return status;
    }
    if (seen[i]) return ps_fail(err, PS_FORMAT, "choice %zu comes twice in the server's answer", i);
    seen[i] = true;
    *index = i;
    return PS_OK;
}

ps_status ps_remote_match_stop(const ps_remote_ask *ask, const char *stop, ps_error *err) {
    for (size_t i = 0; i < ask->n_stops; i++)
        if (strcmp(ask->stops[i], stop) == 0) return PS_OK;
    return ps_fail(err, PS_FORMAT, "the server stopped at \"%s\", which it was not told", stop);
}

ps_status ps_remote_check_prompt(const ps_remote_ask *ask, size_t prompt_tokens, ps_error *err) {
    if (ask->tokens == NULL || prompt_tokens == ask->n_tokens) return PS_OK;
    return ps_fail(err, PS_FORMAT, "the server read a prompt of %zu tokens, of which %zu were sent", prompt_tokens,
                   ask->n_tokens);
}

ps_remote_choice *ps_remote_choices(const ps_remote_ask *ask, ps_arena *arena) {
    return ps_arena_calloc(arena, ask->n, sizeof(ps_remote_choice));
}

ps_status ps_remote_choice_room(ps_remote_choice *choice, size_t n, size_t top, ps_arena *arena, ps_error *err) {
    choice->n_tokens = n;
    choice->tokens = ps_arena_calloc(arena, n + 1, sizeof *choice->tokens);
    choice->logp = ps_arena_calloc(arena, n + 1, sizeof *choice->logp);
    if (top > 0) {
        choice->top_tokens = ps_arena_calloc(arena, n * top + 1, sizeof *choice->top_tokens);
        choice->top_logp = ps_arena_calloc(arena, n * top + 1, sizeof *choice->top_logp);
    }
    if (!ps_arena_ok(arena)) return ps_nomem(err);
    for (size_t i = 0; i < n; i++) {
        choice->tokens[i] = -1;
        choice->logp[i] = NAN;
    }
    for (size_t i = 0; i < n * top; i++) {
        choice->top_tokens[i] = -1;
        choice->top_logp[i] = -INFINITY;
    }
    return PS_OK;
}

void ps_remote_sort_top(ps_token *tokens, double *logp, size_t n) {
    for (size_t i = 1; i < n; i++) {
        const ps_token token = tokens[i];
        const double x = logp[i];
        size_t at = i;
        for (; at > 0 && (logp[at - 1] < x || (logp[at - 1] == x && tokens[at - 1] > token)); at--) {
            tokens[at] = tokens[at - 1];
            logp[at] = logp[at - 1];
        }
        tokens[at] = token;
        logp[at] = x;
    }
}

bool ps_remote_whole(const ps_remote_choice *choice) {
    for (size_t i = 0; i < choice->n_tokens; i++)
        if (choice->tokens[i] < 0 || isnan(choice->logp[i])) return false;
    return true;
}
