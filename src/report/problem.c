#include "report/problem.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A step's text in a picture of a page: nothing else there has it, so all of it that one can read. */
enum { MOST_STEP = 6000, MOST_CLASSES = 12 };

static const char *text_of(const json_t *line, const char *key) {
    return json_string_value(json_object_get(line, key)); /* NULL: none */
}

static double number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* ---- The pool ------------------------------------------------------------ */

static bool small_number(const json_t *object, const char *key, uint32_t *out) {
    const json_t *value = json_object_get(object, key);
    json_int_t n = json_integer_value(value);
    if (value != NULL && (!json_is_integer(value) || n < 0 || n > UINT32_MAX)) return false;
    *out = (uint32_t)n; /* 0 where there is none: methods without a pool have no events */
    return true;
}

static const ps_dot_verdict verdicts[] = {
    [PS_DIFFERENT] = PS_DOT_WRONG, [PS_SAME] = PS_DOT_RIGHT, [PS_UNKNOWN] = PS_DOT_UNKNOWN};

/* The verifier's word on a finished step, which has the answer in it; unknown where it finds none there. */
static ps_status judge_step(const char *truth, const char *text, ps_dot_verdict *verdict, ps_error *err) {
    ps_verify_result result;
    if (truth == NULL || text == NULL) return PS_OK;
    ps_status status = ps_verify(truth, text, NULL, &result, err);
    if (status != PS_OK) return status;
    if (result.extracted != NULL) *verdict = verdicts[result.verdict];
    ps_verify_result_clear(&result);
    return PS_OK;
}

static ps_status judge_answer(const char *truth, const char *answer, ps_dot_verdict *verdict, ps_error *err) {
    ps_verdict word;
    if (truth == NULL || answer == NULL) return PS_OK;
    ps_status status = ps_verify_answers(truth, answer, NULL, &word, err);
    if (status == PS_OK) *verdict = verdicts[word];
    return status;
}

static bool read_dot(const json_t *one, ps_pool_dot *dot) {
    const char *state = text_of(one, "state"), *text = text_of(one, "text");
    *dot = (ps_pool_dot){.weight = number_of(one, "weight"),
                         .score = number_of(one, "score"),
                         .reward = number_of(one, "reward"),
                         .text = text,
                         .length = text != NULL ? strlen(text) : 0};
    if (state != NULL && strcmp(state, "finished") == 0) dot->state = PS_DOT_FINISHED;
    if (state != NULL && strcmp(state, "truncated") == 0) dot->state = PS_DOT_TRUNCATED;
    return json_is_object(one) && small_number(one, "id", &dot->id) && small_number(one, "parent", &dot->parent) &&
           small_number(one, "event", &dot->selection) && small_number(one, "launch_depth", &dot->launch_depth);
}

ps_status ps_report_line_pool(const json_t *line, const char *title, bool labels, ps_draw_use use, ps_text *svg,
                              ps_error *err) {
    const json_t *particles = json_object_get(line, "particles"), *one;
    size_t n = json_array_size(particles), i;
    ps_pool_dot *dots = ps_calloc(n + 1, sizeof *dots);
    const char *truth = text_of(line, "ground_truth");
    ps_status status = dots != NULL ? PS_OK : ps_nomem(err);
    json_array_foreach(particles, i, one) {
        if (status != PS_OK) break;
        if (!read_dot(one, &dots[i]))
            status =
                ps_fail(err, PS_FORMAT, "snapshot %zu of its particles is none: expected id, parent, event", i + 1);
        else if (dots[i].state == PS_DOT_FINISHED)
            status = judge_step(truth, dots[i].text, &dots[i].verdict, err);
    }
    const ps_pool_picture picture = {.dots = dots, .n = n, .title = title, .labels = labels, .most_text = MOST_STEP};
    if (status == PS_OK) status = ps_draw_pool(&picture, use, svg, err);
    ps_free(dots);
    return status;
}

/* ---- A run --------------------------------------------------------------- */

/* A picture becomes a member; what cannot be drawn is left out: the texts are there all the same. */
static ps_status set_picture(json_t *out, const char *key, ps_status drawn, ps_text *svg, ps_error *err) {
    if (drawn == PS_OK && json_object_set_new(out, key, json_stringn(svg->data, svg->length)) != 0)
        drawn = ps_nomem(err);
    ps_text_clear(svg);
    return drawn == PS_FORMAT || drawn == PS_ARG ? PS_OK : drawn;
}

static ps_status set_answers(json_t *out, const json_t *line, ps_error *err) {
    const json_t *classes = json_object_get(line, "answers"), *one;
    size_t i, n = 0;
    ps_bar bars[MOST_CLASSES];
    char notes[MOST_CLASSES][48];
    const char *truth = text_of(line, "ground_truth");
    ps_status status = PS_OK;
    json_array_foreach(classes, i, one) {
        if (n == MOST_CLASSES || status != PS_OK) break;
        const char *answer = text_of(one, "answer");
        double weight = number_of(one, "weight");
        snprintf(notes[n], sizeof notes[n], "%.0f%%, %d vote%s", 100 * weight,
                 (int)json_integer_value(json_object_get(one, "votes")),
                 json_integer_value(json_object_get(one, "votes")) == 1 ? "" : "s");
        bars[n] = (ps_bar){.label = answer, .value = weight, .note = notes[n]};
        status = judge_answer(truth, answer, &bars[n].verdict, err);
        n++;
    }
    if (n == 0 || status != PS_OK) return status;
    ps_text svg = {0};
    status = ps_draw_bars(&(ps_bars){"Answers and their weights", bars, n}, PS_DRAW_INSIDE, &svg, err);
    return set_picture(out, "answers", status, &svg, err);
}

static ps_status add_run(const ps_report *r, size_t run, const ps_report_mark *mark, ps_report_detail detail,
                         json_t *out, ps_error *err) {
    json_t *line = NULL, *runs = json_object_get(out, "runs");
    ps_status status = ps_report_line(r, mark, &line, err);
    if (status != PS_OK) return status;
    json_t *one = json_pack("{s:I}", "run", (json_int_t)run);
    static const char *const kept[] = {"response", "extracted_answer", "error", "tokens"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept && one != NULL; i++)
        json_object_set(one, kept[i], json_object_get(line, kept[i]));
    if (json_object_get(out, "q") == NULL) {
        json_object_set(out, "q", json_object_get(line, "problem"));
        json_object_set(out, "truth", json_object_get(line, "ground_truth"));
    }
    status = one != NULL ? set_answers(one, line, err) : ps_nomem(err);
    if (status == PS_OK && detail == PS_REPORT_POOLS && mark->pool) {
        ps_text svg = {0};
        ps_status drawn = ps_report_line_pool(line, "The pool of this problem", false, PS_DRAW_INSIDE, &svg, err);
        status = set_picture(one, "pool", drawn, &svg, err);
    }
    if (json_array_append_new(runs, one) != 0 && status == PS_OK) status = ps_nomem(err);
    json_decref(line);
    return status;
}

ps_status ps_report_problem_json(const ps_report *r, size_t problem, ps_report_detail detail, json_t **out,
                                 ps_error *err) {
    json_t *all = json_pack("{s:[]}", "runs");
    ps_status status = all != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < r->n_runs && status == PS_OK; i++) {
        const ps_report_mark *mark = ps_report_mark_of(&r->runs[i], problem);
        if (mark->length > 0) status = add_run(r, i, mark, detail, all, err);
    }
    if (status == PS_OK)
        *out = all;
    else
        json_decref(all);
    return status;
}

/* ---- A picture of its own ------------------------------------------------ */

ps_status ps_report_pool(const ps_report *r, size_t index, const char *run, ps_text *svg, ps_error *err) {
    bool known = run == NULL;
    for (size_t i = 0; i < r->n_runs; i++) {
        if (run != NULL && strcmp(r->runs[i].label, run) != 0) continue;
        known = true;
        for (size_t p = 0; p < r->runs[i].n_marks; p++) {
            const ps_report_mark *mark = &r->runs[i].marks[p];
            json_t *line = NULL;
            if (mark->length == 0 || r->problems[p].index != index) continue;
            if (!mark->pool)
                return ps_fail(err, PS_ARG,
                               "problem %zu: its line has no particles; they are kept with "
                               "--evaluation.save_particles=true",
                               index);
            ps_status status = ps_report_line(r, mark, &line, err);
            if (status == PS_OK) {
                status = ps_report_line_pool(line, text_of(line, "problem"), true, PS_DRAW_ALONE, svg, err);
                if (status == PS_FORMAT || status == PS_ARG) ps_error_prefix(err, status, "problem %zu", index);
            }
            json_decref(line);
            return status;
        }
    }
    if (!known && r->n_runs > 0)
        return ps_fail(err, PS_ARG, "no run is called %s; the first is %s", run, r->runs[0].label);
    return ps_fail(err, PS_ARG, "there is no problem %zu in these results", index);
}
