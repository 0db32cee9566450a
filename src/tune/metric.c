#include "tune/metric.h"

#include <math.h>
#include <string.h>

/* Who gives no answer is taken to be undecided. */
static double square(const ps_result *r, ps_select select, bool right) {
    double confidence = r->failed || isnan(r->confidence[select]) ? 0.5 : r->confidence[select];
    return (confidence - right) * (confidence - right);
}

ps_tally ps_tally_of(const ps_result *results, size_t n, ps_select select) {
    ps_tally t = {.done = n};
    for (size_t i = 0; i < n; i++) {
        const ps_result *r = &results[i];
        bool right = !r->failed && (r->right_by >> select & 1) != 0;
        t.correct += right;
        t.failed += r->failed;
        t.truncated += r->truncated;
        t.tokens += r->tokens;
        t.seconds += r->seconds;
        t.squares += square(r, select, right);
    }
    return t;
}

bool ps_metric_is_high(const char *metric) {
    return strcmp(metric, "accuracy") == 0 || strcmp(metric, "accuracy_per_token") == 0;
}

double ps_metric_value(const char *metric, const ps_tally *t) {
    if (t->done == 0) return 0;
    if (strcmp(metric, "accuracy") == 0) return (double)t->correct / (double)t->done;
    if (strcmp(metric, "accuracy_per_token") == 0)
        return t->tokens > 0 ? 1000 * (double)t->correct / (double)t->tokens : 0;
    if (strcmp(metric, "brier") == 0) return t->squares / (double)t->done;
    return (double)t->tokens / (double)t->done;
}
