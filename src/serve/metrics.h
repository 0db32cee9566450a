/* What the server counts, and how Prometheus reads it. */
#ifndef PERSAMP_SERVE_METRICS_H
#define PERSAMP_SERVE_METRICS_H

#include "persamp/run.h"

enum { PS_METRIC_CODES = 24 };

typedef struct ps_metrics {
    struct {
        int code;
        uint64_t n;
    } answers[PS_METRIC_CODES]; /* by HTTP status; code 0: not used yet */
    uint64_t searches;          /* that ended, well or not */
    uint64_t cancelled;         /* of these, whose client had gone */
    double seconds;             /* of these, summed: from the request's arrival */
    ps_token_counts tokens;
    uint64_t answer_count, answer_tokens; /* answers shown, and their tokens: their mean is serve.answer_tokens */
    uint64_t cells, most_cells;           /* KV cells: in use when a search ended last, and at once in a context */
} ps_metrics;

void ps_metrics_answer(ps_metrics *metrics, int code);

/* What is true now and not counted. */
typedef struct ps_gauges {
    size_t waiting, running, connections;
    bool ready;
} ps_gauges;
/* The text format of Prometheus, appended to *out. */
void ps_metrics_text(const ps_metrics *metrics, const ps_gauges *now, ps_text *out);

#endif
