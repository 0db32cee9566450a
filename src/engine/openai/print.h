/* What a model is known by: what it makes of a fixed text, and how likely it finds that. */
#ifndef PERSAMP_ENGINE_OPENAI_PRINT_H
#define PERSAMP_ENGINE_OPENAI_PRINT_H

#include "engine/openai/dialect.h"

enum { PS_REMOTE_CHECKED = 8, PS_REMOTE_CHECKED_TEXT = 96 };

/* A text that most models go on with in one way only. */
#define PS_REMOTE_FIXED_TEXT "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,"

typedef struct ps_remote_print {
    ps_token text[PS_REMOTE_CHECKED_TEXT]; /* ids of the fixed text, after BOS where there is one */
    size_t n_text;
    ps_token answer[PS_REMOTE_CHECKED]; /* greedy, after it */
    double logp[PS_REMOTE_CHECKED];
    size_t n_answer;
} ps_remote_print;

/* Ask for the answer. *ask points into `print`. */
void ps_remote_print_ask(const ps_remote_print *print, const char *model, bool stream, ps_remote_ask *ask);
/* … and take it. */
void ps_remote_print_take(ps_remote_print *print, const ps_remote_choice *choice);

/* Ask what its log-probabilities are of: with top_k 1 those of what is drawn from are 0. prefix has room for text and
 * answer. A token that is certain tells nothing, so the least certain is asked for; false: all are. */
bool ps_remote_print_ask_numbers(const ps_remote_print *print, const char *model, bool stream, ps_token *prefix,
                                 ps_remote_ask *ask);

/* Tokens of the answer that another batch or another machine gives, too: up to the first that has a rival. */
size_t ps_remote_print_certain(const ps_remote_print *print);

/* Whether two are of one model: *what says what differs. Log-probabilities move in the third digit with the batch. */
bool ps_remote_print_same(const ps_remote_print *a, const ps_remote_print *b, const char **what);

#endif
