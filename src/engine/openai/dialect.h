/* How one kind of server is spoken to: bodies written, answers read, nothing sent and nothing remembered. Each kind is
 * a file with one table; what they can differs in `can` and in the members that are NULL, and nothing else asks for the
 * kind. docs/remote.md has what the servers really answer. */
#ifndef PERSAMP_ENGINE_OPENAI_DIALECT_H
#define PERSAMP_ENGINE_OPENAI_DIALECT_H

#include "persamp/engine.h"

/* Continue a prefix: one request, one or several choices. */
typedef struct ps_remote_ask {
    const char *model;      /* the name at the server */
    const ps_token *tokens; /* [n_tokens] the whole prefix, BOS included; NULL: `text` */
    size_t n_tokens;
    const char *text; /* [text_length] where the server gives no token ids */
    size_t text_length;
    const ps_chat_message *messages; /* [n_messages] a whole answer of a chat endpoint, where `tokens` and `text` are
                                        NULL; what cannot is refused (PS_ARG) */
    size_t n_messages;
    double temperature; /* 0: greedy */
    double top_p;
    int top_k;                /* 0: all */
    int max_tokens;           /* ≥ 1 */
    const char *const *stops; /* [n_stops] after any of which the server may end, the likeliest first; or need not: vLLM
                                 takes four, `plain` none */
    size_t n_stops;
    uint64_t seed; /* 63 bits; choice i draws with seed + i, for which the low 12 bits do not run over */
    size_t n;      /* choices, ≥ 1; 1 when greedy, which vLLM insists on */
    size_t n_top;  /* K: raw log-probabilities of the K most likely beside each drawn token; 0: of the drawn */
    bool stream;   /* answer by events */
    const ps_token *choices; /* [n_choices] of write_choices: whose chances are asked for */
    size_t n_choices;
} ps_remote_ask;

/* Why a server ended a choice. */
typedef enum ps_remote_end {
    PS_REMOTE_STOPPED, /* by one of the stop strings */
    PS_REMOTE_EOS,     /* by the model's end of sequence */
    PS_REMOTE_LENGTH,  /* max_tokens are there */
    PS_REMOTE_CONTEXT  /* the context is full */
} ps_remote_end;

/* One choice, as it was read. */
typedef struct ps_remote_choice {
    ps_remote_end end;
    size_t n_tokens;        /* end of sequence included; 0 where the server tells no ids */
    ps_token *tokens;       /* [n_tokens]; −1: missing; NULL where the server tells no ids */
    double *logp;           /* [n_tokens] nats, raw; NaN: missing; NULL where it tells none */
    ps_token *top_tokens;   /* [n_tokens × n_top], unused entries −1; NULL with n_top 0 */
    double *top_logp;       /* [n_tokens × n_top] */
    const char **spellings; /* [n_tokens] bytes of each token where the answer tells them, else NULL; an entry may be
                               NULL: not told */
    size_t *spelling_lengths;
    const char *text; /* what the server gives as text; the stop string may be missing */
    size_t text_length;
    const char *stop;   /* the stop string that ended it, where it is told */
    size_t missing_top; /* how far down a missing token was looked for, 0: not yet */
} ps_remote_choice;

/* All choices of an answer, in order of their index; everything in the arena it was read into. */
typedef struct ps_remote_answer {
    ps_remote_choice *choices; /* [n] */
    size_t n;
    size_t prompt_tokens; /* of the prefix; 0: not told */
    size_t cached;        /* of these, taken from the server's cache; SIZE_MAX: not told */
    size_t drawn;         /* tokens of all choices as the server counts; 0: not told */
    bool incomplete;      /* something is missing of a choice: write_missing */
} ps_remote_answer;

/* How likely some tokens are as the next one. */
typedef struct ps_remote_chances {
    double *logp;         /* [n_choices] nats; −∞: impossible */
    size_t prompt_tokens; /* as in ps_remote_answer */
    size_t cached;
} ps_remote_chances;

/* What a server says of itself. */
typedef struct ps_remote_facts {
    const char *model;   /* its name there */
    const char *root;    /* where it came from, NULL: not told */
    const char *version; /* NULL: not told */
    size_t context;      /* tokens of one sequence; 0: not told */
    size_t vocabulary;   /* 0: not told */
    size_t parameters;   /* 0: not told */
    size_t slots;        /* sequences at once; 0: not told */
    const char *listed;  /* what it lists instead of `model`, which was asked for by name; NULL: it lists that */
} ps_remote_facts;

/* What one event of a stream adds to one choice. */
typedef struct ps_remote_piece {
    size_t index;     /* < ask.n; SIZE_MAX: the event adds to none */
    const char *text; /* [text_length] */
    size_t text_length;
    bool ended;        /* nothing of this choice follows */
    ps_remote_end end; /* then */
} ps_remote_piece;

/* Bodies are appended to `body`; *path is static. Readers take what a server sent, whatever it is: PS_FORMAT with what
 * was wrong where, never a crash, and nothing is believed that was not checked (numbers of ids and log-probabilities
 * agree, log-probabilities are finite and ≤ 0, ids are in range, indices are known and come once; no more tokens than
 * were asked for; the prompt has as many tokens as were sent). PS_HTTP: what came is well-formed and an error of the
 * server, in its own words. */
typedef struct ps_dialect {
    const char *name;    /* "vllm", "llama-server", "plain" */
    unsigned can;        /* of ps_engine_can, before the server's own flags are known */
    bool streams;        /* complete answers need ask.stream */
    bool control_always; /* its tokenizer makes control tokens of what spells them, whatever `special` says */
    int seed_bits;       /* that the server takes; the writer folds the seed to them, and seed + i stays apart by i */
    size_t most_top;     /* the largest n_top */
    ps_status (*write_ask)(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err);
    ps_status (*read_answer)(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                             ps_remote_answer *answer, ps_error *err);
    /* OPTIONAL, together: what an answer left out of choice i (llama-server tells nothing of a token that ends inside a
     * character). Ask, read what comes into the choice, and again until ps_remote_whole. Where the server draws other
     * tokens then, they take the place of the first ones. */
    ps_status (*write_missing)(const ps_remote_ask *ask, size_t i, const ps_remote_choice *choice, ps_text *body,
                               const char **path, ps_error *err);
    ps_status (*read_missing)(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                              ps_remote_choice *choice, ps_error *err);
    /* OPTIONAL, together: log p of each of ask.choices as the next token, however unlikely they are; with
     * PS_ENGINE_AMONG_CHOICES given that it is one of them. */
    ps_status (*write_choices)(const ps_remote_ask *ask, ps_text *body, const char **path, ps_error *err);
    ps_status (*read_choices)(const ps_remote_ask *ask, const char *body, size_t length, ps_arena *arena,
                              ps_remote_chances *chances, ps_error *err);
    /* OPTIONAL: one event of a stream (events.h), for who cuts it while it comes. */
    ps_status (*read_piece)(const ps_remote_ask *ask, const char *data, size_t length, ps_arena *arena,
                            ps_remote_piece *piece, ps_error *err);
    /* OPTIONAL, together: GET this, and what it says goes into *facts besides what is there. */
    const char *facts_path;
    ps_status (*read_facts)(const char *body, size_t length, ps_arena *arena, ps_remote_facts *facts, ps_error *err);
    /* OPTIONAL, together: ids of a text, `special`: control tokens spelled there become tokens; never a BOS. */
    ps_status (*write_tokenize)(const char *model, const char *text, size_t length, bool special, ps_text *body,
                                const char **path, ps_error *err);
    ps_status (*read_tokenize)(const char *body, size_t length, ps_arena *arena, ps_token **tokens, size_t *n,
                               ps_error *err);
    /* With write_tokenize: asks for the ids of the text "a" with all that this tokenizer puts around a text. What comes
     * before those of "a" by write_tokenize is the BOS; nothing, where there is none. */
    ps_status (*write_bos)(const char *model, ps_text *body, const char **path, ps_error *err);
    /* OPTIONAL, together: the text of ids. */
    ps_status (*write_detokenize)(const char *model, const ps_token *tokens, size_t n, ps_text *body, const char **path,
                                  ps_error *err);
    ps_status (*read_detokenize)(const char *body, size_t length, ps_arena *arena, const char **text,
                                 size_t *text_length, ps_error *err);
    /* OPTIONAL, together: messages by the model's template, for the assistant to speak: a text or ids, as the server
     * has it (the other is NULL). */
    ps_status (*write_chat)(const char *model, const ps_chat_message *messages, size_t n, ps_text *body,
                            const char **path, ps_error *err);
    ps_status (*read_chat)(const char *body, size_t length, ps_arena *arena, const char **text, ps_token **tokens,
                           size_t *n, ps_error *err);
} ps_dialect;

extern const ps_dialect ps_dialect_vllm, ps_dialect_llama_server, ps_dialect_plain;

/* Nothing is missing of a choice. */
bool ps_remote_whole(const ps_remote_choice *choice);

/* The server's own words in the body of an error, in any of the shapes that servers have; NULL: none found. */
const char *ps_remote_error_text(const char *body, size_t length, ps_arena *arena);

/* Which kind a server is, from its answers to GET /v1/models (NULL: it has no such list) and GET /version (NULL: 404),
 * and what it says there. A plain server may know more models than it lists, so `wanted` is believed there. */
ps_status ps_remote_identify(const char *models, size_t models_length, const char *version, size_t version_length,
                             const char *wanted, ps_arena *arena, const ps_dialect **dialect, ps_remote_facts *facts,
                             ps_error *err);

/* Whether a server that answers so to GET /v1/models has no list of its models. */
bool ps_remote_has_no_list(int code);

#endif
