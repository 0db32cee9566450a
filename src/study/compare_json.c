/* A comparison as JSON. */
#include "base/json.h"
#include "study/compare.h"
#include "study/tokens.h"

#include <math.h>
#include <stdlib.h>

static json_t *interval(double low, double high) {
    return json_pack("[o,o]", ps_json_number(low), ps_json_number(high));
}

json_t *ps_reliability_json(const ps_reliability rows[PS_RELIABILITY_BINS]) {
    json_t *array = json_array();
    for (int b = 0; b < PS_RELIABILITY_BINS; b++)
        json_array_append_new(array,
                              json_pack("{s:I,s:o,s:o}", "n", (json_int_t)rows[b].n, "confidence",
                                        ps_json_number(rows[b].confidence), "right", ps_json_number(rows[b].right)));
    return array;
}

static json_t *cell_json(const ps_compare_cell *c) {
    json_t *out = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "method", c->method, "budget", c->budget, "max_tokens",
                            (json_int_t)c->max_tokens, "n_particles", (json_int_t)c->n_particles, "seeds",
                            (json_int_t)c->seeds, "runs", (json_int_t)c->runs, "correct", (json_int_t)c->correct);
    json_object_set_new(out, "accuracy", ps_json_number(c->accuracy));
    json_object_set_new(out, "interval_95", interval(c->low, c->high));
    json_object_set_new(out, "difference", ps_json_number(c->difference));
    json_object_set_new(out, "difference_interval_95", interval(c->difference_low, c->difference_high));
    json_object_set_new(out, "p", ps_json_number(c->p));
    json_object_set_new(out, "p_holm", ps_json_number(c->p_holm));
    json_object_set_new(out, "brier", ps_json_number(c->brier));
    json_object_set_new(out, "ece", ps_json_number(c->ece));
    json_object_set_new(out, "reliability", ps_reliability_json(c->reliability));
    json_object_set_new(out, "tokens", ps_tokens_json(&c->tokens));
    json_object_set_new(out, "seconds", ps_json_number(c->seconds));
    json_object_set_new(out, "truncated", json_integer((json_int_t)c->truncated));
    json_object_set_new(out, "errors", json_integer((json_int_t)c->errors));
    json_object_set_new(out, "shared_samples", json_boolean(c->shared));
    return out;
}

static json_t *point_json(const ps_compare_point *x) {
    json_t *out =
        json_pack("{s:s,s:s,s:I}", "method", x->method, "budget", x->budget, "problems", (json_int_t)x->problems);
    json_object_set_new(out, "cost", ps_json_number(x->cost));
    json_object_set_new(out, "own_costs", interval(x->least, x->most));
    json_object_set_new(out, "accuracy", ps_json_number(x->accuracy));
    json_object_set_new(out, "interval_95", interval(x->low, x->high));
    json_object_set_new(out, "difference", ps_json_number(x->difference));
    json_object_set_new(out, "difference_interval_95", interval(x->difference_low, x->difference_high));
    json_object_set_new(out, "p", ps_json_number(x->p));
    json_object_set_new(out, "p_holm", ps_json_number(x->p_holm));
    return out;
}

/* At equal cost of another kind than the budgets are of, where that was asked for. */
static void set_points(json_t *root, const ps_compare_summary *s) {
    if (s->per == PS_COST_TOKENS) return;
    json_t *points = json_array();
    for (size_t i = 0; i < s->n_points; i++)
        json_array_append_new(points, point_json(&s->points[i]));
    json_object_set_new(root, s->per == PS_COST_PASSES ? "at_equal_passes" : "at_equal_seconds", points);
    json_object_set_new(root, "comparisons_at_equal_cost", json_integer((json_int_t)s->point_comparisons));
}

ps_status ps_compare_json(const ps_compare_summary *s, ps_text *text, ps_error *err) {
    json_t *root = json_pack("{s:I,s:f,s:I,s:I,s:O,s:[]}", "problems", (json_int_t)s->problems, "mean_answer_tokens",
                             s->answer_tokens, "comparisons", (json_int_t)s->comparisons, "unusable_records",
                             (json_int_t)s->faults, "arguments", s->plan->arguments, "cells");
    for (size_t i = 0; i < s->n_cells; i++)
        json_array_append_new(json_object_get(root, "cells"), cell_json(&s->cells[i]));
    set_points(root, s);
    ps_status status = ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(8), text, err);
    ps_text_puts(text, "\n");
    return status != PS_OK || ps_text_ok(text) ? status : ps_nomem(err);
}
