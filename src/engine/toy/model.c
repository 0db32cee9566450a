/* Contexts, tokenizer and distributions of the toy engine's model. */
#include "engine/toy/model.h"

#include <math.h>
#include <string.h>

static void free_rule(ps_toy_rule *rule) {
    ps_free(rule->token);
    ps_free(rule->p);
    ps_free(rule->logp);
    ps_free(rule->rank);
}

void ps_toy_model_clear(ps_toy_model *model) {
    for (size_t i = 0; i < model->n_tokens; i++)
        ps_free(model->tokens[i].text);
    for (size_t i = 0; i < model->n_rules; i++)
        free_rule(&model->rules[i]);
    free_rule(&model->end_rule);
    ps_free(model->name);
    ps_free(model->tokens);
    ps_free(model->by_first);
    ps_free(model->rules);
    ps_free(model->places);
    ps_free(model->edges);
    *model = (ps_toy_model){0};
}

/* ---- Contexts ------------------------------------------------------------ */

/* The slot of an edge, or the free one where it would be. */
static ps_toy_edge *edge_slot(ps_toy_edge *edges, size_t slots, uint32_t from, ps_token token) {
    uint64_t hash = ((uint64_t)from << 32 | (uint32_t)token) * 0x9e3779b97f4a7c15u;
    size_t i = (hash >> 32) & (slots - 1);
    while (edges[i].to != 0 && (edges[i].from != from || edges[i].token != token))
        i = (i + 1) & (slots - 1);
    return &edges[i];
}

static ps_status grow_edges(ps_toy_model *model, ps_error *err) {
    size_t slots = model->n_edge_slots == 0 ? 64 : model->n_edge_slots * 2;
    ps_toy_edge *edges = ps_calloc(slots, sizeof *edges);
    if (edges == NULL) return ps_nomem(err);
    for (size_t i = 0; i < model->n_edge_slots; i++) {
        ps_toy_edge e = model->edges[i];
        if (e.to != 0) *edge_slot(edges, slots, e.from, e.token) = e;
    }
    ps_free(model->edges);
    model->edges = edges;
    model->n_edge_slots = slots;
    return PS_OK;
}

static ps_status add_place(ps_toy_model *model, uint32_t *place, ps_error *err) {
    if (ps_reserve(&model->places, &model->place_capacity, model->n_places + 1) != PS_OK) return ps_nomem(err);
    *place = (uint32_t)model->n_places++;
    model->places[*place] = (ps_toy_place){-1, -1};
    return PS_OK;
}

ps_status ps_toy_model_place(ps_toy_model *model, const ps_token *context, size_t n, uint32_t *place, ps_error *err) {
    uint32_t at = 0;
    ps_status status = PS_OK;
    if (model->n_places == 0) status = add_place(model, &at, err);
    for (size_t i = n; i-- > 0 && status == PS_OK;) {
        if (2 * (model->n_edges + 1) > model->n_edge_slots) status = grow_edges(model, err);
        if (status != PS_OK) break;
        ps_toy_edge *edge = edge_slot(model->edges, model->n_edge_slots, at, context[i]);
        if (edge->to == 0) {
            uint32_t to;
            status = add_place(model, &to, err);
            if (status != PS_OK) break;
            *edge = (ps_toy_edge){at, to, context[i]};
            model->n_edges++;
        }
        at = edge->to;
    }
    if (status != PS_OK) return status;
    if (n > model->longest_context) model->longest_context = n;
    *place = at;
    return PS_OK;
}

const ps_toy_rule *ps_toy_model_rule(const ps_toy_model *model, const ps_token *recent, size_t n, size_t length) {
    if (model->max_tokens > 0 && length + 1 >= model->max_tokens) return &model->end_rule;
    int32_t best = model->places[0].rule;
    uint32_t at = 0;
    size_t used = 0;
    while (used < n && model->n_edges > 0) {
        const ps_toy_edge *edge = edge_slot(model->edges, model->n_edge_slots, at, recent[n - 1 - used]);
        if (edge->to == 0) break;
        at = edge->to;
        used++;
        if (model->places[at].rule >= 0) best = model->places[at].rule;
    }
    if (used == length && model->places[at].anchored_rule >= 0) best = model->places[at].anchored_rule;
    return &model->rules[best]; /* the reader insists on a rule for the empty context */
}

/* ---- Tokenizer ----------------------------------------------------------- */

/* The longest token that `text` starts with, or −1. The end token has no text of its own, but a name. */
static ps_token longest_match(const ps_toy_model *model, const char *text, size_t length, size_t *used) {
    unsigned char first = (unsigned char)text[0];
    for (uint32_t i = model->first_from[first]; i < model->first_from[first + 1]; i++) {
        const ps_toy_token *token = &model->tokens[model->by_first[i]];
        if (token->length > length || memcmp(token->text, text, token->length) != 0) continue;
        *used = token->length;
        return (ps_token)model->by_first[i];
    }
    return -1;
}

ps_status ps_toy_model_tokenize(const ps_toy_model *model, const char *text, size_t length, bool special,
                                ps_token **tokens, size_t *n, ps_error *err) {
    ps_token *made = ps_reallocarray(NULL, length + 1, sizeof *made);
    size_t count = 0;
    const char *end_name = model->tokens[model->end].text;
    const size_t end_length = strlen(end_name);
    if (made == NULL) return ps_nomem(err);
    for (size_t at = 0, used = 0; at < length; at += used) {
        ps_token token;
        if (special && end_length <= length - at && memcmp(text + at, end_name, end_length) == 0) {
            token = model->end;
            used = end_length;
        } else {
            token = longest_match(model, text + at, length - at, &used);
        }
        if (token < 0) {
            ps_free(made);
            return ps_fail(err, PS_FORMAT,
                           "toy engine: byte %zu of the text (0x%02x) starts no token of table %s; give the table such "
                           "a token or set \"bytes\": true",
                           at + 1, (unsigned char)text[at], model->name);
        }
        made[count++] = token;
    }
    *tokens = made;
    *n = count;
    return PS_OK;
}

/* ---- Distributions ------------------------------------------------------- */

void ps_toy_rule_truncate(const ps_toy_rule *rule, const ps_generation *generation, double *q) {
    const double temperature = generation->temperature;
    const size_t n = rule->n;
    if (temperature <= 0) { /* greedy */
        memset(q, 0, n * sizeof *q);
        q[rule->rank[0]] = 1;
        return;
    }
    /* Relative to the likeliest: p^(1/T) itself would underflow at a low temperature. */
    const double top = rule->logp[rule->rank[0]];
    for (size_t i = 0; i < n; i++)
        q[i] = temperature == 1 ? rule->p[i] : exp((rule->logp[i] - top) / temperature);
    const size_t most = generation->top_k > 0 && (size_t)generation->top_k < n ? (size_t)generation->top_k : n;
    double mass = 0, kept = 0;
    size_t m = 0;
    for (size_t r = 0; r < most; r++)
        mass += q[rule->rank[r]];
    const double enough = generation->top_p < 1 ? generation->top_p * mass : INFINITY;
    while (m < most && kept < enough)
        kept += q[rule->rank[m++]];
    for (size_t r = m; r < n; r++)
        q[rule->rank[r]] = 0;
    for (size_t i = 0; i < n; i++)
        q[i] /= kept;
}

size_t ps_toy_rule_draw(const ps_toy_rule *rule, const double *q, double uniform) {
    double sum = 0;
    size_t last = 0;
    for (size_t i = 0; i < rule->n; i++) {
        if (q[i] <= 0) continue;
        last = i;
        sum += q[i];
        if (sum > uniform) break;
    }
    return last; /* also when rounding left the sum short of 1 */
}
