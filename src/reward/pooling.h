/* Kind `pooling`, inside: a reward model that a server applies to whole prefixes, sent as text.
 *
 *     pooling.c        the seam: nodes, what is submitted, what is polled     pooling_start.c  who answers there
 *     pooling_drive.c  the thread that drives: batches out, answers in        pooling_body.c   bodies, written and read
 *
 * One thread drives the connections. `mutex` guards everything here but what is set before that thread begins, and the
 * content of a prefix, which never changes once its step is read. A function marked [mutex] is called with it held. */
#ifndef PERSAMP_REWARD_POOLING_H
#define PERSAMP_REWARD_POOLING_H

#include "base/slots.h"
#include "http/client.h"
#include "persamp/reward.h"
#include "reward/aggregate.h"

#include <pthread.h>
#include <sys/types.h>

/* A prefix: its parent's text, and its own. */
typedef struct ps_pooling_prefix ps_pooling_prefix;
struct ps_pooling_prefix {
    size_t references;         /* [mutex] */
    ps_pooling_prefix *parent; /* referenced; NULL: a root */
    char *text;                /* [length] UTF-8, owned: of a root the prompt, else a step and its tag */
    size_t length;
    size_t n_tags, bytes; /* of the whole path */
    double p;             /* that its own step is right */
    ps_aggregate_state aggregate;
};

/* A step under way: a prefix that is to be. */
typedef struct ps_pooling_step ps_pooling_step;
struct ps_pooling_step {
    ps_pooling_step *next; /* in its list */
    uint64_t tag;
    ps_pooling_prefix *prefix; /* referenced; of a step that says nothing its parent */
    bool cancelled;            /* by the caller; gone when the driving thread sees it */
    bool alone;                /* in a request of its own: something was wrong with one that it was part of */
    size_t refused;            /* answers in a row that could not be used … */
    uint64_t read_then;        /* … and how many had been read when the first of them came */
    size_t tokens;             /* that the server read for it */
    ps_error error;            /* code PS_OK, or why it has no score */
};

typedef struct ps_pooling_steps {
    ps_pooling_step *first, *last;
} ps_pooling_steps;
void ps_pooling_push(ps_pooling_steps *list, ps_pooling_step *step);
ps_pooling_step *ps_pooling_pop(ps_pooling_steps *list); /* NULL: it is empty */

typedef struct ps_pooling_call ps_pooling_call; /* pooling_drive.c */

/* What the model is known by: what it makes of a fixed text. */
enum { PS_POOLING_FIXED = 4 };

typedef struct ps_pooling {
    ps_prm base; /* first */

    /* Set at the start: */
    ps_http *http;
    ps_arena *kept; /* of the strings here */
    const char *url, *model, *root, *tag, *identity;
    const char *parts[2];    /* of the prompt: before the question, behind it */
    const char *const *what; /* [n_what] control tokens that nobody's text may spell */
    size_t n_what;
    const char *fixed_text;
    double fixed[PS_POOLING_FIXED];
    ps_aggregate aggregate;
    size_t most; /* requests at once */
    double timeout_s;
    ps_log log;
    bool started;
    pid_t process; /* that made it: its thread is in no other */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t come; /* results are there, a wake, it is lost */
    bool woken, closing, cancels, told;
    void (*ready)(void *user);
    void *user;
    ps_error lost; /* code PS_OK, or why nothing goes on */
    ps_engine_stats stats;
    ps_pooling_steps submitted; /* since the last poll */
    ps_pooling_steps waiting;   /* for the driving thread */
    ps_pooling_steps results;   /* finished, not polled */
    ps_pooling_call *calls;     /* under way */
    size_t n_calls;
    uint64_t n_read;         /* steps that were read */
    double seconds_per_byte; /* of the slowest answer so far */
    bool checking;           /* a server that came back is asked whether it has the same model */

    /* Of the caller's thread alone: */
    size_t under_way; /* steps submitted and not polled */
    ps_slots nodes;
    ps_pooling_prefix **prefixes; /* by slot */
    size_t prefix_capacity;
    ps_pooling_steps delivered; /* by the last poll */
    ps_prm_event *events;
    size_t event_capacity;
} ps_pooling;

/* ---- pooling.c ----------------------------------------------------------- */

/* A prefix with one reference, and one more of `parent`, behind which its text (taken over) stands; NULL: no memory,
 * and the text is freed. [mutex] */
ps_pooling_prefix *ps_pooling_prefix_new(ps_pooling_prefix *parent, char *text, size_t length);
void ps_pooling_unreference(ps_pooling_prefix *prefix); /* NULL is fine. [mutex] */
void ps_pooling_step_free(ps_pooling_step *step);       /* with its reference. [mutex] */

/* ---- pooling_start.c ----------------------------------------------------- */

/* Who answers there, and how its prompts go. `wanted`: the model's name, or NULL. */
ps_status ps_pooling_start(ps_pooling *pooling, const char *wanted, const char *system, ps_error *err);
/* The prompt to a question, as text: owned by the caller; NULL: no memory. */
char *ps_pooling_prompt(const ps_pooling *pooling, const char *question, size_t *length);
/* A step as it is sent, with its tag: likewise. */
char *ps_pooling_step_text(const ps_pooling *pooling, const char *text, size_t stripped, size_t *length);
/* The body that asks for the fixed text, and the rewards of its answer. */
ps_status ps_pooling_write_fixed(const ps_pooling *pooling, ps_text *body, ps_error *err);
ps_status ps_pooling_read_fixed(const char *body, size_t length, double fixed[PS_POOLING_FIXED], ps_error *err);
/* The model of this name, or the only one, of an answer to /v1/models. */
ps_status ps_pooling_read_models(const char *body, size_t length, const char *wanted, ps_arena *arena,
                                 const char **model, const char **root, ps_error *err);

/* ---- pooling_drive.c ----------------------------------------------------- */

ps_status ps_pooling_drive(ps_pooling *pooling, ps_error *err); /* start the thread */
void ps_pooling_stop(ps_pooling *pooling);                      /* … and end it; what is under way is freed */
void ps_pooling_mark(ps_pooling *pooling, uint64_t tag);        /* as cancelled, whatever is under way. [mutex] */
/* What a reply means that is no success, in *err: PS_BUDGET: too long; PS_ENGINE: the server cannot do this one;
 * PS_HTTP: it was never answered, or refuses all. */
ps_status ps_pooling_refusal(const ps_http_reply *reply, ps_error *err);

#endif
