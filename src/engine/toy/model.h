/* The finite language model behind the toy engine: token texts, and next-token probabilities by context.
 *
 * A context is a list of tokens that the answer so far ends with; the longest one that fits decides. The prompt plays
 * no part. Everything here is immutable after loading. */
#ifndef PERSAMP_ENGINE_TOY_MODEL_H
#define PERSAMP_ENGINE_TOY_MODEL_H

#include "engine/toy/json.h"
#include "persamp/engine.h"

enum { PS_TOY_LONGEST_CONTEXT = 32 };

/* Next-token probabilities in one context; entries in order of token id, all p > 0, Σp = 1. */
typedef struct ps_toy_rule {
    size_t n;
    ps_token *token; /* [n] ascending */
    double *p;       /* [n] */
    double *logp;    /* [n] */
    uint32_t *rank;  /* [n] entries from the likeliest down, equals by id */
    double entropy;  /* nats, as the two below (ps_event); the vocabulary is what the rule names */
    double certainty, confidence;
} ps_toy_rule;

typedef struct ps_toy_token {
    char *text; /* owned; NUL-terminated, may contain no NUL itself; "" for the end token */
    size_t length;
} ps_toy_token;

/* Contexts as a tree walked from the last token backwards. Edges are in a hash table keyed by (place, token). */
typedef struct ps_toy_place {
    int32_t rule;          /* for answers that end so, −1 for none */
    int32_t anchored_rule; /* for answers that are exactly so, −1 for none */
} ps_toy_place;
typedef struct ps_toy_edge {
    uint32_t from, to; /* places; `to` is 0 in a free slot, since nothing leads to the root */
    ps_token token;
} ps_toy_edge;

typedef struct ps_toy_model {
    char *name;
    ps_toy_token *tokens; /* [n_tokens] the table's own, then the end token, then bytes if any */
    size_t n_tokens, token_capacity;
    ps_token end;
    int32_t single[256]; /* token of each byte alone, −1 for none */
    uint32_t *by_first;  /* [n_tokens] ids with text grouped by first byte, longest first */
    uint32_t first_from[257];
    size_t max_tokens;  /* of an answer, end token included; 0: no limit */
    ps_toy_rule *rules; /* [n_rules] */
    size_t n_rules, rule_capacity;
    ps_toy_place *places; /* [n_places], the first is the empty context */
    size_t n_places, place_capacity;
    ps_toy_edge *edges; /* [n_edge_slots], a power of two */
    size_t n_edge_slots, n_edges;
    size_t longest_context;
    size_t largest_rule;  /* entries */
    ps_toy_rule end_rule; /* at max_tokens: nothing but the end */
} ps_toy_model;

/* Read a model (docs/toy-engine.md). On success free with ps_toy_model_clear. */
ps_status ps_toy_model_read(ps_toy_model *model, const ps_toy_json *document, ps_error *err);
void ps_toy_model_clear(ps_toy_model *model); /* {0} is fine; resets to {0} */

/* The table that is built in, as JSON text. */
extern const char ps_toy_builtin[];

/* The rule after an answer of `length` tokens that ends with recent[0..n), n = min(length, longest_context). */
const ps_toy_rule *ps_toy_model_rule(const ps_toy_model *model, const ps_token *recent, size_t n, size_t length);

/* Greedy longest match. PS_FORMAT names the first byte that starts no token. *tokens is owned by the caller. */
ps_status ps_toy_model_tokenize(const ps_toy_model *model, const char *text, size_t length, bool special,
                                ps_token **tokens, size_t *n, ps_error *err);

/* Add a context (the last token last) and give its place; used by the reader. */
ps_status ps_toy_model_place(ps_toy_model *model, const ps_token *context, size_t n, uint32_t *place, ps_error *err);

/* Probabilities q[rule->n] of what is really drawn: temperature, then top_k, then top_p, renormalised; greedy gives
 * one entry 1. */
void ps_toy_rule_truncate(const ps_toy_rule *rule, const ps_generation *generation, double *q);

/* The entry whose interval holds `uniform`, entries lying on the unit interval in order of id. */
size_t ps_toy_rule_draw(const ps_toy_rule *rule, const double *q, double uniform);

#endif
