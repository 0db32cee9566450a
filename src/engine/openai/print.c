#include "engine/openai/print.h"

#include <math.h>
#include <string.h>

void ps_remote_print_ask(const ps_remote_print *print, const char *model, bool stream, ps_remote_ask *ask) {
    *ask = (ps_remote_ask){.model = model,
                           .tokens = print->text,
                           .n_tokens = print->n_text,
                           .top_p = 1,
                           .max_tokens = PS_REMOTE_CHECKED,
                           .n = 1,
                           .stream = stream};
}

void ps_remote_print_take(ps_remote_print *print, const ps_remote_choice *choice) {
    print->n_answer = choice->n_tokens < PS_REMOTE_CHECKED ? choice->n_tokens : PS_REMOTE_CHECKED;
    for (size_t i = 0; i < print->n_answer; i++) {
        print->answer[i] = choice->tokens[i];
        print->logp[i] = choice->logp != NULL ? choice->logp[i] : 0;
    }
}

bool ps_remote_print_ask_numbers(const ps_remote_print *print, const char *model, bool stream, ps_token *prefix,
                                 ps_remote_ask *ask) {
    size_t least = 0;
    for (size_t i = 1; i < print->n_answer; i++)
        if (print->logp[i] < print->logp[least]) least = i;
    if (print->n_answer == 0 || print->logp[least] > -1e-5) return false;
    memcpy(prefix, print->text, print->n_text * sizeof *prefix);
    memcpy(prefix + print->n_text, print->answer, least * sizeof *prefix);
    *ask = (ps_remote_ask){.model = model,
                           .tokens = prefix,
                           .n_tokens = print->n_text + least,
                           .temperature = 1,
                           .top_p = 1,
                           .top_k = 1,
                           .max_tokens = 1,
                           .n = 1,
                           .stream = stream};
    return true;
}

/* A token of probability above .6 leaves at most .4 to any other: 0.4 nats between them. */
static const double CERTAIN = -0.5, NEAR = 0.05;

size_t ps_remote_print_certain(const ps_remote_print *print) {
    size_t n = 0;
    while (n < print->n_answer && print->logp[n] > CERTAIN)
        n++;
    return n;
}

bool ps_remote_print_same(const ps_remote_print *a, const ps_remote_print *b, const char **what) {
    *what = "the tokens of a text";
    if (a->n_text != b->n_text || memcmp(a->text, b->text, a->n_text * sizeof *a->text) != 0) return false;
    const size_t certain = ps_remote_print_certain(a);
    *what = "its greedy answer";
    if (b->n_answer < certain || (certain > 0 && memcmp(a->answer, b->answer, certain * sizeof *a->answer) != 0))
        return false;
    *what = "its log-probabilities";
    for (size_t i = 0; i < a->n_answer && i < b->n_answer; i++) {
        /* Two rivals that change places are as likely as each other, so this holds of them, too. */
        if (!(fabs(a->logp[i] - b->logp[i]) <= NEAR * fmax(1, fabs(a->logp[i])))) return false;
        if (a->answer[i] != b->answer[i]) break; /* from here on the prefixes are others */
    }
    return true;
}
