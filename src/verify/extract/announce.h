/* Statements that announce an answer: "the answer is", "Answer:", "####", "Réponse :", <answer>. */
#ifndef PERSAMP_VERIFY_EXTRACT_ANNOUNCE_H
#define PERSAMP_VERIFY_EXTRACT_ANNOUNCE_H

#include "verify/extract/extract.h"

typedef struct psv_announcement {
    size_t start; /* of the stretch that is announced; 0: there is none */
    bool loose;   /* words stand between "answer" and its verb: what follows may be a remark about the answer */
} psv_announcement;

/* The last announcement in a span. */
psv_announcement psv_last_announcement(const char *text, psv_span span);

/* What stands in the last <answer>…</answer> of a span; false: there is none. */
bool psv_last_tag(const char *text, psv_span span, psv_span *inner);

#endif
