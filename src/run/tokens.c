/* Tokens by kind. One table names the kinds; everything else goes through it. */
#include "persamp/run.h"

static const struct {
    const char *name;
    size_t offset;
} kinds[] = {{"generated", offsetof(ps_token_counts, generated)}, {"shared", offsetof(ps_token_counts, shared)},
             {"discarded", offsetof(ps_token_counts, discarded)}, {"prompt", offsetof(ps_token_counts, prompt)},
             {"prefilled", offsetof(ps_token_counts, prefilled)}, {"prm", offsetof(ps_token_counts, prm)}};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *ps_token_kind(size_t kind) {
    return kind < KINDS ? kinds[kind].name : NULL;
}

uint64_t *ps_token_count(ps_token_counts *counts, size_t kind) {
    return (uint64_t *)((char *)counts + kinds[kind].offset);
}

void ps_token_counts_add(ps_token_counts *sum, const ps_token_counts *more) {
    ps_token_counts copy = *more;
    for (size_t k = 0; k < KINDS; k++)
        *ps_token_count(sum, k) += *ps_token_count(&copy, k);
}
