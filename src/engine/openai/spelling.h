/* The bytes of tokens: told with an answer, or looked up once and kept.
 *
 * A server that only gives text says U+FFFD for an id that is part of a character. Such ids are looked up together, as
 * a run, until a character is complete: the id that completes it has the bytes of all of them, those before it have
 * none.
 */
#ifndef PERSAMP_ENGINE_OPENAI_SPELLING_H
#define PERSAMP_ENGINE_OPENAI_SPELLING_H

#include "persamp/engine.h"

enum { PS_REMOTE_RUN = 8 }; /* of so many ids at most; a character has four bytes */

/* Ids that have begun a character. Start with {0}. */
typedef struct ps_remote_run {
    ps_token ids[PS_REMOTE_RUN];
    uint32_t n;
} ps_remote_run;

typedef struct ps_remote_spelled {
    ps_remote_run run;
    const char *text; /* [length]; NULL: not known */
    size_t length;
} ps_remote_spelled;

/* Start with {0}. */
typedef struct ps_remote_spellings {
    ps_arena *arena;
    ps_remote_spelled *entries; /* [size], a power of two; free ones have an empty run */
    size_t n, size;
    ps_remote_run *lacking; /* [n_lacking] to be looked up */
    size_t n_lacking, lacking_capacity;
    ps_text joined;
} ps_remote_spellings;

void ps_remote_spellings_clear(ps_remote_spellings *spellings);

/* The bytes of an id, as an answer tells them; those of a part of a character are looked up all the same, so that all
 * of its parts are of one source. PS_NOMEM. */
ps_status ps_remote_spelling_tell(ps_remote_spellings *spellings, ps_token id, const char *bytes, size_t n,
                                  ps_error *err);
/* The text of a run, as a server decodes it; that of a control token is none. PS_NOMEM. */
ps_status ps_remote_spelling_put(ps_remote_spellings *spellings, const ps_remote_run *run, const char *text, size_t n,
                                 ps_error *err);

/* What `id` adds to the text after the ids of *run, which goes on: *known is false, and *run as it was, where that has
 * to be looked up first: it is then among the wanted. *bytes is valid until the next call. PS_NOMEM. */
ps_status ps_remote_spell(ps_remote_spellings *spellings, ps_remote_run *run, ps_token id, bool *known,
                          const char **bytes, size_t *n, ps_error *err);

/* Have the bytes of an id looked up, where they are not known. PS_NOMEM. */
ps_status ps_remote_spelling_want(ps_remote_spellings *spellings, ps_token id, ps_error *err);

/* Cut text, the decoding of a separator, runs[0], a separator, runs[1], …, a separator, into the texts of the runs:
 * false where it cannot be told which is which. first: the separator's text at the beginning; between: elsewhere. */
bool ps_remote_spelling_split(const char *text, size_t length, const char *first, const char *between, size_t n,
                              const char **parts, size_t *lengths);

#endif
