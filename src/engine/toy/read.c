/* The toy engine's model from JSON. Every mistake is named with its line. */
#include "engine/toy/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TOKENS = 1 << 16 };

/* What reading needs: the model being made and a lookup of its token texts. */
typedef struct reader {
    const ps_toy_json *document;
    ps_toy_model *model;
    json_t *ids; /* token text → id */
    ps_error *err;
} reader;

/* ---- Tokens -------------------------------------------------------------- */

static ps_status add_token(reader *r, const char *text, size_t length) {
    ps_toy_model *model = r->model;
    if (ps_reserve(&model->tokens, &model->token_capacity, model->n_tokens + 1) != PS_OK) return ps_nomem(r->err);
    char *copy = ps_strndup(text, length);
    if (copy == NULL) return ps_nomem(r->err);
    model->tokens[model->n_tokens] = (ps_toy_token){copy, length};
    model->n_tokens++;
    if (length == 1) model->single[(unsigned char)text[0]] = (int32_t)(model->n_tokens - 1);
    return json_object_set_new(r->ids, text, json_integer((json_int_t)model->n_tokens - 1)) != 0 ? ps_nomem(r->err)
                                                                                                 : PS_OK;
}

static ps_status read_tokens(reader *r) {
    const json_t *root = r->document->root, *list = json_object_get(root, "tokens");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return ps_toy_json_fail(r->document, list != NULL ? root : NULL, "tokens", 0, r->err,
                                "expected \"tokens\": a list of the texts of tokens");
    if (json_array_size(list) > MOST_TOKENS)
        return ps_toy_json_fail(r->document, root, "tokens", 0, r->err, "%zu tokens; at most %d are allowed",
                                json_array_size(list), MOST_TOKENS);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *text = json_array_get(list, i);
        if (!json_is_string(text) || json_string_length(text) == 0)
            return ps_toy_json_fail(r->document, list, NULL, i, r->err, "a token must be a string that is not empty");
        if (json_object_get(r->ids, json_string_value(text)) != NULL)
            return ps_toy_json_fail(r->document, list, NULL, i, r->err, "the token \"%s\" is there twice",
                                    json_string_value(text));
        ps_status status = add_token(r, json_string_value(text), json_string_length(text));
        if (status != PS_OK) return status;
    }
    return PS_OK;
}

/* The end token has a name for rules and prompts but writes nothing. */
static ps_status read_end(reader *r) {
    const json_t *root = r->document->root, *end = json_object_get(root, "end");
    const char *name = end == NULL ? "<end>" : json_string_value(end);
    if (name == NULL || *name == '\0')
        return ps_toy_json_fail(r->document, root, "end", 0, r->err, "\"end\" must be the end token's name");
    if (json_object_get(r->ids, name) != NULL)
        return ps_toy_json_fail(r->document, root, end != NULL ? "end" : "tokens", 0, r->err,
                                "the end token \"%s\" is also in \"tokens\"; it must have a name of its own", name);
    ps_status status = add_token(r, name, strlen(name));
    if (status != PS_OK) return status;
    r->model->end = (ps_token)r->model->n_tokens - 1;
    r->model->tokens[r->model->end].length = 0;
    if (strlen(name) == 1) r->model->single[(unsigned char)name[0]] = -1;
    return PS_OK;
}

/* "bytes": every byte that is not a token of its own becomes one that the model never writes, so any prompt has
 * tokens. They have no name in rules. */
static ps_status read_bytes(reader *r) {
    const json_t *root = r->document->root, *bytes = json_object_get(root, "bytes");
    ps_toy_model *model = r->model;
    if (bytes != NULL && !json_is_boolean(bytes))
        return ps_toy_json_fail(r->document, root, "bytes", 0, r->err, "\"bytes\" must be true or false");
    if (!json_is_true(bytes)) return PS_OK;
    for (int b = 0; b < 256; b++) {
        if (model->single[b] >= 0) continue;
        const char byte = (char)b;
        if (ps_reserve(&model->tokens, &model->token_capacity, model->n_tokens + 1) != PS_OK) return ps_nomem(r->err);
        char *copy = ps_strndup(&byte, 1);
        if (copy == NULL) return ps_nomem(r->err);
        model->single[b] = (int32_t)model->n_tokens;
        model->tokens[model->n_tokens++] = (ps_toy_token){copy, 1};
    }
    return PS_OK;
}

/* One text of the tokenizer: sorted by first byte, longest first. */
typedef struct spelling {
    int first;
    size_t length;
    uint32_t id;
} spelling;

static int by_spelling(const void *a, const void *b) {
    const spelling *x = a, *y = b;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->length != y->length) return x->length > y->length ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static ps_status index_tokens(reader *r) {
    ps_toy_model *model = r->model;
    spelling *all = ps_reallocarray(NULL, model->n_tokens, sizeof *all);
    model->by_first = ps_reallocarray(NULL, model->n_tokens, sizeof *model->by_first);
    if (all == NULL || model->by_first == NULL) {
        ps_free(all);
        return ps_nomem(r->err);
    }
    size_t n = 0;
    for (size_t i = 0; i < model->n_tokens; i++)
        if (model->tokens[i].length > 0)
            all[n++] = (spelling){(unsigned char)model->tokens[i].text[0], model->tokens[i].length, (uint32_t)i};
    qsort(all, n, sizeof *all, by_spelling);
    size_t at = 0;
    for (int b = 0; b < 256; b++) {
        model->first_from[b] = (uint32_t)at;
        for (; at < n && all[at].first == b; at++)
            model->by_first[at] = all[at].id;
    }
    model->first_from[256] = (uint32_t)at;
    ps_free(all);
    return PS_OK;
}

/* ---- Rules --------------------------------------------------------------- */

static ps_token token_named(const reader *r, const char *name) {
    const json_t *id = json_object_get(r->ids, name);
    return id != NULL ? (ps_token)json_integer_value(id) : -1;
}

static ps_status make_rule(reader *r, size_t n, ps_toy_rule *rule) {
    *rule = (ps_toy_rule){.n = n,
                          .token = ps_reallocarray(NULL, n, sizeof *rule->token),
                          .p = ps_reallocarray(NULL, n, sizeof *rule->p),
                          .logp = ps_reallocarray(NULL, n, sizeof *rule->logp),
                          .rank = ps_reallocarray(NULL, n, sizeof *rule->rank)};
    if (rule->token != NULL && rule->p != NULL && rule->logp != NULL && rule->rank != NULL) {
        if (n > r->model->largest_rule) r->model->largest_rule = n;
        return PS_OK;
    }
    ps_free(rule->token);
    ps_free(rule->p);
    ps_free(rule->logp);
    ps_free(rule->rank);
    *rule = (ps_toy_rule){0};
    return ps_nomem(r->err);
}

typedef struct entry {
    ps_token token;
    double p;
} entry;

static int by_token(const void *a, const void *b) {
    const entry *x = a, *y = b;
    return (x->token > y->token) - (x->token < y->token);
}

static int by_probability(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? 1 : -1;
    return by_token(a, b);
}

/* KL(U‖p), and −Σ log p / k over the k likeliest. Once the ranks are there. */
static void fill_confidence(ps_toy_rule *rule) {
    const size_t top = rule->n < PS_CONFIDENCE_TOP ? rule->n : PS_CONFIDENCE_TOP;
    double all = 0, best = 0;
    for (size_t r = 0; r < rule->n; r++) {
        all += rule->logp[rule->rank[r]];
        if (r < top) best += rule->logp[rule->rank[r]];
    }
    rule->certainty = -all / (double)rule->n - log((double)rule->n);
    rule->confidence = top > 0 ? -best / (double)top : 0;
}

/* From entries with Σp = total: everything a rule knows. The entries are reordered. */
static void fill_rule(ps_toy_rule *rule, entry *entries, double total) {
    qsort(entries, rule->n, sizeof *entries, by_token);
    rule->entropy = 0;
    for (size_t i = 0; i < rule->n; i++) {
        rule->token[i] = entries[i].token;
        rule->p[i] = entries[i].p / total;
        rule->logp[i] = log(rule->p[i]);
        rule->entropy -= rule->p[i] * rule->logp[i];
        entries[i].token = (ps_token)i;
    }
    if (rule->n == 1) rule->entropy = 0; /* not −0 */
    qsort(entries, rule->n, sizeof *entries, by_probability);
    for (size_t i = 0; i < rule->n; i++)
        rule->rank[i] = (uint32_t)entries[i].token;
    fill_confidence(rule);
}

/* "next": {"token": probability, …}. Entries of probability 0 are left out. */
static ps_status read_next(reader *r, const json_t *parent, ps_toy_rule *rule) {
    json_t *next = json_object_get(parent, "next");
    entry *entries = NULL;
    double total = 0;
    size_t n = 0;
    ps_status status = PS_OK;
    if (!json_is_object(next))
        return ps_toy_json_fail(r->document, parent, next != NULL ? "next" : NULL, 0, r->err,
                                "expected \"next\": an object of tokens and their probabilities");
    entries = ps_reallocarray(NULL, json_object_size(next) + 1, sizeof *entries);
    if (entries == NULL) return ps_nomem(r->err);
    for (void *i = json_object_iter(next); i != NULL && status == PS_OK; i = json_object_iter_next(next, i)) {
        const char *name = json_object_iter_key(i);
        entries[n].token = token_named(r, name);
        if (entries[n].token < 0)
            status = ps_toy_json_fail(r->document, next, name, 0, r->err, "\"%s\" is not a token of this table", name);
        else
            status = ps_toy_json_probability(r->document, next, name, &entries[n].p, r->err);
        if (status == PS_OK && entries[n].p > 0) total += entries[n++].p;
    }
    if (status == PS_OK && fabs(total - 1) > 1e-9)
        status =
            ps_toy_json_fail(r->document, parent, "next", 0, r->err,
                             "the probabilities sum to %.12g; they must sum to 1 (write thirds as \"1/3\")", total);
    if (status == PS_OK) status = make_rule(r, n, rule);
    if (status == PS_OK) fill_rule(rule, entries, total);
    ps_free(entries);
    return status;
}

/* "after": ["token", …] into context[PS_TOY_LONGEST_CONTEXT]. */
static ps_status read_after(reader *r, const json_t *rule, ps_token *context, size_t *n) {
    const json_t *after = json_object_get(rule, "after");
    if (!json_is_array(after))
        return ps_toy_json_fail(r->document, rule, after != NULL ? "after" : NULL, 0, r->err,
                                "expected \"after\": a list of tokens, the last one last; [] for any");
    if (json_array_size(after) > PS_TOY_LONGEST_CONTEXT)
        return ps_toy_json_fail(r->document, rule, "after", 0, r->err,
                                "a context of %zu tokens; at most %d are allowed", json_array_size(after),
                                PS_TOY_LONGEST_CONTEXT);
    for (size_t i = 0; i < json_array_size(after); i++) {
        const char *name = json_string_value(json_array_get(after, i));
        context[i] = name != NULL ? token_named(r, name) : -1;
        if (context[i] < 0 || context[i] == r->model->end)
            return ps_toy_json_fail(r->document, after, NULL, i, r->err, "%s%s%s", name != NULL ? "\"" : "this",
                                    name != NULL ? name : "",
                                    name == NULL     ? " is not a token: expected a string"
                                    : context[i] < 0 ? "\" is not a token of this table"
                                                     : "\" ends an answer: nothing comes after it");
    }
    *n = json_array_size(after);
    return PS_OK;
}

static ps_status read_rule(reader *r, const json_t *rules, size_t index) {
    static const char *const keys[] = {"after", "start", "next"};
    const json_t *rule = json_array_get(rules, index), *start = json_object_get(rule, "start");
    ps_toy_model *model = r->model;
    ps_token context[PS_TOY_LONGEST_CONTEXT];
    size_t n = 0;
    uint32_t place = 0;
    if (!json_is_object(rule))
        return ps_toy_json_fail(r->document, rules, NULL, index, r->err,
                                "expected a rule: {\"after\": …, \"next\": …}");
    ps_status status = ps_toy_json_keys(r->document, rule, keys, sizeof keys / sizeof *keys, r->err);
    if (status == PS_OK && start != NULL && !json_is_boolean(start))
        status = ps_toy_json_fail(r->document, rule, "start", 0, r->err, "\"start\" must be true or false");
    if (status == PS_OK) status = read_after(r, rule, context, &n);
    if (status == PS_OK) status = ps_toy_model_place(model, context, n, &place, r->err);
    if (status != PS_OK) return status;
    int32_t *slot = json_is_true(start) ? &model->places[place].anchored_rule : &model->places[place].rule;
    if (*slot >= 0)
        return ps_toy_json_fail(r->document, rule, "after", 0, r->err, "there is another rule for this context");
    if (ps_reserve(&model->rules, &model->rule_capacity, model->n_rules + 1) != PS_OK) return ps_nomem(r->err);
    status = read_next(r, rule, &model->rules[model->n_rules]);
    if (status == PS_OK) *slot = (int32_t)model->n_rules++;
    return status;
}

static ps_status read_rules(reader *r) {
    const json_t *root = r->document->root, *rules = json_object_get(root, "rules");
    if (!json_is_array(rules))
        return ps_toy_json_fail(r->document, rules != NULL ? root : NULL, "rules", 0, r->err,
                                "expected \"rules\": a list of rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        ps_status status = read_rule(r, rules, i);
        if (status != PS_OK) return status;
    }
    if (r->model->n_places == 0 || r->model->places[0].rule < 0)
        return ps_toy_json_fail(r->document, root, "rules", 0, r->err,
                                "there must be a rule with \"after\": [], for answers that no other rule fits");
    return PS_OK;
}

/* ---- The whole ----------------------------------------------------------- */

static ps_status read_limits(reader *r) {
    const json_t *root = r->document->root, *max = json_object_get(root, "max_tokens");
    const json_t *name = json_object_get(root, "name");
    ps_toy_model *model = r->model;
    if (max != NULL && (!json_is_integer(max) || json_integer_value(max) < 1 || json_integer_value(max) > INT32_MAX))
        return ps_toy_json_fail(r->document, root, "max_tokens", 0, r->err,
                                "\"max_tokens\" must be a whole number of 1 or more");
    if (name != NULL && !json_is_string(name))
        return ps_toy_json_fail(r->document, root, "name", 0, r->err, "\"name\" must be a string");
    model->max_tokens = max != NULL ? (size_t)json_integer_value(max) : 0;
    model->name = ps_strdup(name != NULL ? json_string_value(name) : r->document->name);
    return model->name == NULL ? ps_nomem(r->err) : PS_OK;
}

static ps_status read_all(reader *r) {
    static const char *const keys[] = {"name", "tokens", "end", "bytes", "max_tokens", "rules", "rewards"};
    ps_status status = ps_toy_json_keys(r->document, r->document->root, keys, sizeof keys / sizeof *keys, r->err);
    if (status == PS_OK) status = read_limits(r);
    if (status == PS_OK) status = read_tokens(r);
    if (status == PS_OK) status = read_end(r);
    if (status == PS_OK) status = read_bytes(r);
    if (status == PS_OK) status = index_tokens(r);
    if (status == PS_OK) status = read_rules(r);
    if (status == PS_OK) status = make_rule(r, 1, &r->model->end_rule);
    if (status == PS_OK) fill_rule(&r->model->end_rule, &(entry){r->model->end, 1}, 1);
    return status;
}

ps_status ps_toy_model_read(ps_toy_model *model, const ps_toy_json *document, ps_error *err) {
    ps_toy_model made = {0};
    memset(made.single, -1, sizeof made.single);
    reader r = {document, &made, json_object(), err};
    ps_status status = r.ids == NULL ? ps_nomem(err) : read_all(&r);
    json_decref(r.ids);
    if (status == PS_OK)
        *model = made;
    else
        ps_toy_model_clear(&made);
    return status;
}
