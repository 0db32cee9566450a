/* What is sent to a server's /pooling, and what comes back: written and read, nothing sent and nothing remembered. */
#ifndef PERSAMP_REWARD_POOLING_BODY_H
#define PERSAMP_REWARD_POOLING_BODY_H

#include "base/json.h"
#include "reward/pooling.h"

enum { PS_POOLING_MOST = 64 }; /* prefixes of one request */

/* Two readings of one step by one model are no further apart. */
#define PS_POOLING_AGREE 1e-3

/* Append `text` as UTF-8, every spelling of `what` broken by a space behind its first byte: it is no control token
 * then. */
void ps_pooling_break(ps_text *out, const char *text, size_t length, const char *const *what, size_t n_what);

/* Append the body of a request for n prefixes. */
ps_status ps_pooling_write(const char *model, const ps_pooling_prefix *const *prefixes, size_t n, ps_text *body,
                           ps_error *err);

/* One prefix of an answer. */
typedef struct ps_pooling_rows {
    double *p; /* [n] that is right what stands before a tag */
    size_t n;
    ps_error error; /* code PS_OK, or what is wrong with these rows alone */
} ps_pooling_rows;

/* Parse; an object that is an error is PS_FORMAT, too. *root is owned by the caller. */
ps_status ps_pooling_open(const char *body, size_t length, json_t **root, ps_error *err);
/* "…: expected `what`, found VALUE". */
ps_status ps_pooling_unexpected(const char *key, const json_t *value, const char *what, ps_error *err);

/* Read the answer to n prefixes into rows[0..n), in the order of the request whatever that of the answer; `tokens` that
 * the server read. Nothing is believed: PS_FORMAT with what was wrong where. */
ps_status ps_pooling_read(const char *body, size_t length, size_t n, ps_arena *arena, ps_pooling_rows *rows,
                          size_t *tokens, ps_error *err);

/* The probability of the last step of `prefix`. PS_FORMAT: as many rows as it has tags were expected; an earlier step
 * is no more what it was. */
ps_status ps_pooling_last(const ps_pooling_prefix *prefix, const ps_pooling_rows *rows, double *p, ps_error *err);

#endif
