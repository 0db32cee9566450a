/* Steps that were drawn before: kept, written, read, and searched with again. */
#include "run/steps.h"
#include "base/json.h"
#include "run/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct ps_steps {
    ps_step *table; /* [capacity] by path; at most half of it is taken */
    size_t capacity, n;
    ps_arena *arena; /* of the texts */
};

/* ---- The table ----------------------------------------------------------- */

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014) over what came before and the number: 64 bits, so that among
 * a million steps two fall together with a probability below 10⁻⁷. */
uint64_t ps_step_path(uint64_t parent, uint32_t child) {
    uint64_t x = parent + UINT64_C(0x9E3779B97F4A7C15) * ((uint64_t)child + 1);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    x ^= x >> 31;
    return x != 0 ? x : 1;
}

ps_status ps_steps_create(ps_steps **out, ps_error *err) {
    ps_steps *steps = ps_calloc(1, sizeof *steps);
    if (steps == NULL) return ps_nomem(err);
    steps->arena = ps_arena_create();
    if (steps->arena == NULL) {
        ps_free(steps);
        return ps_nomem(err);
    }
    *out = steps;
    return PS_OK;
}

void ps_steps_free(ps_steps *steps) {
    if (steps == NULL) return;
    ps_arena_free(steps->arena);
    ps_free(steps->table);
    ps_free(steps);
}

/* Where a path stands, or would. The table has a free place. */
static ps_step *place_of(ps_step *table, size_t capacity, uint64_t path) {
    size_t at = (size_t)path & (capacity - 1);
    while (table[at].path != 0 && table[at].path != path)
        at = (at + 1) & (capacity - 1);
    return &table[at];
}

const ps_step *ps_steps_find(const ps_steps *steps, uint64_t path) {
    if (steps->n == 0) return NULL;
    const ps_step *step = place_of(steps->table, steps->capacity, path);
    return step->path != 0 ? step : NULL;
}

static ps_status grow(ps_steps *steps, ps_error *err) {
    size_t capacity = steps->capacity > 0 ? 2 * steps->capacity : 128;
    ps_step *table = ps_calloc(capacity, sizeof *table);
    if (table == NULL) return ps_nomem(err);
    for (size_t i = 0; i < steps->capacity; i++)
        if (steps->table[i].path != 0) *place_of(table, capacity, steps->table[i].path) = steps->table[i];
    ps_free(steps->table);
    steps->table = table;
    steps->capacity = capacity;
    return PS_OK;
}

/* Whether what one of them tells is told by the other, too. */
static bool tells_as_much(const ps_step *known, const ps_step *step) {
    const double has[] = {known->sum_logq, known->sum_certainty, known->reward, known->step_reward},
                 more[] = {step->sum_logq, step->sum_certainty, step->reward, step->step_reward};
    for (size_t i = 0; i < sizeof has / sizeof *has; i++)
        if (isnan(has[i]) && !isnan(more[i])) return false;
    return known->confidences != NULL || step->confidences == NULL;
}

/* *fresh: it was not known, or not all that it tells. */
static ps_status add(ps_steps *steps, const ps_step *step, bool *fresh, ps_error *err) {
    ps_status status = 2 * (steps->n + 1) > steps->capacity ? grow(steps, err) : PS_OK;
    if (status != PS_OK) return status;
    ps_step *place = place_of(steps->table, steps->capacity, step->path);
    *fresh = place->path == 0 || !tells_as_much(place, step);
    if (!*fresh) return PS_OK;
    const char *text = ps_arena_strndup(steps->arena, step->text, step->length);
    double *confidences = NULL;
    if (step->confidences != NULL) {
        confidences = ps_arena_calloc(steps->arena, step->n_tokens + 1, sizeof *confidences);
        if (confidences == NULL) return ps_nomem(err);
        memcpy(confidences, step->confidences, step->n_tokens * sizeof *confidences);
    }
    if (text == NULL) return ps_nomem(err);
    steps->n += place->path == 0;
    *place = *step;
    place->text = text;
    place->confidences = confidences;
    return PS_OK;
}

/* ---- What a step tells --------------------------------------------------- */

bool ps_step_tells(const ps_step *step, const ps_session *s, bool reward) {
    return (!s->generation.logq || !isnan(step->sum_logq)) &&
           (!s->generation.certainty || !isnan(step->sum_certainty)) &&
           (!s->generation.confidence || step->confidences != NULL || step->n_tokens == 0) &&
           (!reward || !isnan(step->reward)) && (!reward || !s->params.reward_shrinks || !isnan(step->step_reward));
}

/* Whether equal paths are equal steps, and their numbers and text all of it. */
static bool is_repeatable(const ps_session *s) {
    return s->max_seconds == 0;
}

static ps_step step_of(const ps_task *task, const ps_task_node *node) {
    const ps_generation *g = &task->session->generation;
    return (ps_step){.path = node->path,
                     .text = node->text,
                     .length = node->length,
                     .n_tokens = node->n_tokens,
                     .state = node->cut == PS_ENDING_STEPS ? PS_OPEN : node->state, /* another search may go on */
                     .sum_logp = node->sum_logp,
                     .sum_logq = node->has_logq ? node->sum_logq : NAN,
                     .sum_entropy = node->sum_entropy,
                     .sum_certainty = g->certainty ? node->sum_certainty : NAN,
                     .confidences = node->confidences,
                     .reward = node->want_reward ? node->reward : NAN,
                     .step_reward = node->want_reward ? node->step_reward : NAN};
}

/* JSON has no infinity, and no bytes that are no text. */
static bool can_be_written(const ps_step *step) {
    for (size_t i = 0; step->confidences != NULL && i < step->n_tokens; i++)
        if (!isfinite(step->confidences[i])) return false;
    return step->path != 0 && isfinite(step->sum_logp) && isfinite(step->sum_entropy) && !isinf(step->sum_logq) &&
           !isinf(step->sum_certainty) && !isinf(step->reward) && !isinf(step->step_reward) &&
           strlen(step->text) == step->length && ps_utf8_valid(step->text, step->length) == step->length;
}

/* ---- Records ------------------------------------------------------------- */

/* [path, state, tokens, Σ log p, Σ log q, Σ entropy, Σ certainty, reward, reward of the step, text], and where the
 * confidence of each token was asked for [confidence, …] */
enum { PATH, STATE, TOKENS, LOGP, LOGQ, ENTROPY, CERTAINTY, REWARD, STEP_REWARD, TEXT, FIELDS, CONFIDENCES = FIELDS };

static json_t *step_json(const ps_step *step) {
    char path[17];
    snprintf(path, sizeof path, "%016llx", (unsigned long long)step->path);
    json_t *line =
        json_pack("[s,i,I,f,o,f,o,o,o,o]", path, (int)step->state, (json_int_t)step->n_tokens, step->sum_logp,
                  ps_json_number(step->sum_logq), step->sum_entropy, ps_json_number(step->sum_certainty),
                  ps_json_number(step->reward), ps_json_number(step->step_reward), ps_json_text(step->text));
    if (step->confidences == NULL) return line;
    json_t *confidences = json_array();
    bool whole = line != NULL && confidences != NULL;
    for (size_t i = 0; i < step->n_tokens && whole; i++)
        whole = json_array_append_new(confidences, json_real(step->confidences[i])) == 0;
    whole = json_array_append_new(line, confidences) == 0 && whole;
    if (whole) return line;
    json_decref(line);
    return NULL;
}

/* Whether its steps are worth keeping. */
static bool can_be_read_again(const ps_outcome *outcome) {
    return outcome->status == PS_OK && !(outcome->logq_bound > 0) && is_repeatable(outcome->task->session);
}

json_t *ps_steps_json(const ps_outcome *outcome) {
    const ps_task *task = outcome->task;
    json_t *lines = json_array();
    for (size_t i = 1; lines != NULL && i < task->n_nodes && can_be_read_again(outcome); i++) {
        const ps_step step = step_of(task, &task->nodes[i]);
        if (!can_be_written(&step) || json_array_append_new(lines, step_json(&step)) == 0) continue;
        json_decref(lines);
        return NULL;
    }
    return lines;
}

ps_status ps_steps_add(ps_steps *steps, const ps_outcome *outcome, ps_text *record, ps_error *err) {
    const ps_task *task = outcome->task;
    if (!can_be_read_again(outcome)) return PS_OK;
    json_t *lines = json_array();
    ps_status status = lines != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 1; i < task->n_nodes && status == PS_OK; i++) {
        const ps_step step = step_of(task, &task->nodes[i]);
        bool fresh = false;
        if (!can_be_written(&step)) continue;
        status = add(steps, &step, &fresh, err);
        if (fresh && json_array_append_new(lines, step_json(&step)) != 0) status = ps_nomem(err);
    }
    if (status == PS_OK && json_array_size(lines) > 0)
        return ps_json_dump(lines, JSON_COMPACT | JSON_REAL_PRECISION(17), record, err);
    json_decref(lines);
    return status;
}

static double number(const json_t *line, size_t field) {
    const json_t *value = json_array_get(line, field);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* One for each token. */
static ps_status read_confidences(const json_t *list, ps_arena *arena, ps_step *step) {
    if (json_array_size(list) != step->n_tokens) return PS_FORMAT;
    double *confidences = ps_arena_calloc(arena, step->n_tokens + 1, sizeof *confidences);
    if (confidences == NULL) return PS_NOMEM;
    for (size_t i = 0; i < step->n_tokens; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value)) return PS_FORMAT;
        confidences[i] = json_number_value(value);
    }
    step->confidences = confidences;
    return PS_OK;
}

/* PS_FORMAT where the line is of something else. */
static ps_status read_step(const json_t *line, ps_arena *arena, ps_step *step) {
    const char *path = json_string_value(json_array_get(line, PATH));
    const json_t *text = json_array_get(line, TEXT);
    json_int_t state = json_integer_value(json_array_get(line, STATE)),
               tokens = json_integer_value(json_array_get(line, TOKENS));
    const size_t fields = json_array_size(line);
    if ((fields != FIELDS && fields != FIELDS + 1) || path == NULL || !json_is_string(text) || state < 0 ||
        state > PS_TRUNCATED || tokens < 0)
        return PS_FORMAT;
    *step = (ps_step){.text = json_string_value(text),
                      .length = json_string_length(text),
                      .n_tokens = (size_t)tokens,
                      .state = (ps_snapshot_state)state,
                      .sum_logp = number(line, LOGP),
                      .sum_logq = number(line, LOGQ),
                      .sum_entropy = number(line, ENTROPY),
                      .sum_certainty = number(line, CERTAINTY),
                      .reward = number(line, REWARD),
                      .step_reward = number(line, STEP_REWARD)};
    if (!ps_parse_count(path, strlen(path), 16, UINT64_MAX, &step->path) || step->path == 0 || isnan(step->sum_logp) ||
        isnan(step->sum_entropy))
        return PS_FORMAT;
    return fields > CONFIDENCES ? read_confidences(json_array_get(line, CONFIDENCES), arena, step) : PS_OK;
}

ps_status ps_steps_read(ps_steps *steps, const char *record, ps_error *err) {
    json_t *lines = json_loads(record, 0, NULL), *line;
    ps_status status = json_is_array(lines) ? PS_OK : ps_fail(err, PS_FORMAT, "these are no steps of a problem");
    size_t i;
    json_array_foreach(lines, i, line) {
        ps_step step;
        bool fresh;
        if (status != PS_OK) break;
        status = read_step(line, steps->arena, &step);
        if (status == PS_FORMAT) status = ps_fail(err, status, "step %zu of a problem is not one", i);
        if (status == PS_NOMEM) status = ps_nomem(err);
        if (status == PS_OK) status = add(steps, &step, &fresh, err);
    }
    json_decref(lines);
    return status;
}

/* ---- Solving ------------------------------------------------------------- */

ps_status ps_steps_solve(const ps_steps *steps, ps_session *session, const ps_problem *problem, ps_outcome **outcome,
                         ps_error *err) {
    ps_task *task = NULL;
    *outcome = NULL;
    if (steps->n == 0 || !is_repeatable(session)) return PS_OK;
    ps_status status = ps_task_repeat(session, problem, steps, &task, err);
    if (status == PS_OK && !task->unknown) status = ps_task_finish(task, err);
    if (status == PS_OK && !task->unknown)
        *outcome = &task->outcome;
    else
        ps_task_free(task);
    return status;
}
