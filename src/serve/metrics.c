#include "serve/metrics.h"

void ps_metrics_answer(ps_metrics *metrics, int code) {
    size_t i = 0;
    while (i < PS_METRIC_CODES - 1 && metrics->answers[i].code != 0 && metrics->answers[i].code != code)
        i++;
    metrics->answers[i].code = code;
    metrics->answers[i].n++;
}

static void head(ps_text *out, const char *name, const char *type, const char *help) {
    ps_text_printf(out, "# HELP persamp_%s %s\n# TYPE persamp_%s %s\n", name, help, name, type);
}

static void count(ps_text *out, const char *name, const char *type, uint64_t value, const char *help) {
    head(out, name, type, help);
    ps_text_printf(out, "persamp_%s %llu\n", name, (unsigned long long)value);
}

void ps_metrics_text(const ps_metrics *metrics, const ps_gauges *now, ps_text *out) {
    ps_token_counts tokens = metrics->tokens;
    head(out, "requests_total", "counter", "Requests by the status they were answered with.");
    for (size_t i = 0; i < PS_METRIC_CODES && metrics->answers[i].code != 0; i++)
        ps_text_printf(out, "persamp_requests_total{code=\"%d\"} %llu\n", metrics->answers[i].code,
                       (unsigned long long)metrics->answers[i].n);
    count(out, "ready", "gauge", now->ready, "1 once the model is loaded.");
    count(out, "queue", "gauge", now->waiting, "Requests that wait for a place.");
    count(out, "in_flight", "gauge", now->running, "Requests that the model works on.");
    count(out, "connections", "gauge", now->connections, "Connections.");
    count(out, "searches_total", "counter", metrics->searches, "Searches that ended, well or not.");
    count(out, "searches_cancelled_total", "counter", metrics->cancelled, "Of these, whose client had gone.");
    head(out, "seconds_total", "counter", "Seconds from arrival to the end of a search, summed.");
    ps_text_printf(out, "persamp_seconds_total %.6f\n", metrics->seconds);
    head(out, "tokens_total", "counter", "Tokens by kind: docs/results.md says what each is.");
    for (size_t k = 0; ps_token_kind(k) != NULL; k++)
        ps_text_printf(out, "persamp_tokens_total{kind=\"%s\"} %llu\n", ps_token_kind(k),
                       (unsigned long long)*ps_token_count(&tokens, k));
    count(out, "answers_total", "counter", metrics->answer_count, "Answers that were found.");
    count(out, "answer_tokens_total", "counter", metrics->answer_tokens,
          "Their tokens: divided by persamp_answers_total what serve.answer_tokens should be.");
    count(out, "kv_cells", "gauge", metrics->cells, "KV cells in use, of all contexts, when a search ended last.");
    count(out, "kv_cells_most", "gauge", metrics->most_cells, "KV cells of one context in use at once, at most.");
}
