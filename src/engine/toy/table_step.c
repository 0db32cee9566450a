/* What comes of a job of the table: a step, drawn token by token, or an evaluation of given tokens. */
#include "engine/ramp.h"
#include "engine/toy/table.h"

#include <math.h>
#include <string.h>

/* The last bytes of the answer before a step, most `room` of them, into the end of buffer[room]; how many. */
static size_t text_before(const ps_toy_table *table, const ps_toy_node *node, char *buffer, size_t room) {
    size_t left = room;
    while (left > 0 && node->parent != PS_TOY_NO_PARENT) {
        const ps_token *tokens = ps_toy_node_tokens(node);
        for (size_t i = node->n_tokens; i-- > 0 && left > 0;) {
            const ps_toy_token *token = &table->model.tokens[tokens[i]];
            const size_t n = token->length < left ? token->length : left;
            left -= n;
            memcpy(buffer + left, token->text + token->length - n, n);
        }
        node = &table->toy.tree.nodes[node->parent];
    }
    return room - left;
}

/* The last tokens of the answer before a step, in order, into the window; how many: enough for the longest context. */
static size_t tokens_before(ps_toy_table *table, const ps_toy_node *node) {
    const size_t want = table->model.longest_context < node->answer ? table->model.longest_context : node->answer;
    size_t left = want;
    while (left > 0) {
        const ps_token *tokens = ps_toy_node_tokens(node);
        for (size_t i = node->n_tokens; i-- > 0 && left > 0;)
            table->window[--left] = tokens[i];
        node = &table->toy.tree.nodes[node->parent];
    }
    return want;
}

/* The rule after an answer of `length` tokens of which window[0..n) are the last. */
static const ps_toy_rule *rule_after(const ps_toy_table *table, size_t n, size_t length) {
    const size_t longest = table->model.longest_context;
    const size_t use = n < longest ? n : longest;
    return ps_toy_model_rule(&table->model, table->window + n - use, use, length);
}

static ps_status begin_step(ps_toy_table *table, const ps_toy_node *node, const ps_generation *generation,
                            ps_error *err) {
    const size_t lookback = ps_step_lookback(generation);
    char *buffer = ps_arena_alloc(table->toy.arena, lookback);
    if (buffer == NULL) return ps_nomem(err);
    const size_t n = text_before(table, node, buffer, lookback);
    ps_step_begin(&table->matcher, generation, buffer + lookback - n, n, &node->state);
    return PS_OK;
}

/* Room for token i of the step. */
static ps_status reserve_token(ps_toy_table *table, size_t before, size_t i, ps_error *err) {
    if (ps_reserve(&table->window, &table->window_capacity, before + i + 1) != PS_OK ||
        ps_reserve(&table->numbers, &table->number_capacity, PS_TOY_NUMBERS * (i + 1)) != PS_OK)
        return ps_nomem(err);
    return PS_OK;
}

/* Draw token i of the step into window[before + i] and numbers[PS_TOY_NUMBERS·i…]. */
static ps_token draw(ps_toy_table *table, const ps_toy_job *job, const ps_toy_node *node, size_t before, size_t i) {
    const ps_toy_rule *rule = rule_after(table, before + i, node->answer + i);
    ps_generation room;
    ps_toy_rule_truncate(rule, ps_ramp(job->generation, node->answer + i, &room), table->q);
    const size_t k = ps_toy_rule_draw(rule, table->q, ps_uniform(job->key, i));
    const bool greedy = job->generation->temperature <= 0;
    const double numbers[PS_TOY_NUMBERS] = {rule->logp[k], greedy ? 0 : log(table->q[k]), rule->entropy,
                                            rule->certainty, rule->confidence};
    memcpy(table->numbers + PS_TOY_NUMBERS * i, numbers, sizeof numbers);
    table->window[before + i] = rule->token[k];
    return rule->token[k];
}

/* The step's arrays and text into the event. */
static ps_status fill_event(ps_toy_table *table, const ps_generation *generation, size_t before, size_t n,
                            ps_event *event, ps_error *err) {
    size_t length;
    const char *text = ps_step_text(&table->matcher, &length);
    ps_token *tokens = ps_arena_alloc(table->toy.arena, (n + 1) * sizeof *tokens);
    double *numbers = ps_arena_alloc(table->toy.arena, (PS_TOY_NUMBERS * n + 1) * sizeof *numbers);
    char *copy = ps_arena_strndup(table->toy.arena, text, length);
    if (tokens == NULL || numbers == NULL || copy == NULL || !ps_text_ok(&table->matcher.text)) return ps_nomem(err);
    if (n > 0) memcpy(tokens, table->window + before, n * sizeof *tokens);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < PS_TOY_NUMBERS; k++)
            numbers[k * n + i] = table->numbers[PS_TOY_NUMBERS * i + k];
    event->tokens = tokens;
    event->logp = numbers;
    event->logq = numbers + n;
    event->entropy = numbers + 2 * n;
    if (generation->certainty) event->certainty = numbers + 3 * n;
    if (generation->confidence) event->confidence = numbers + 4 * n;
    event->n_tokens = n;
    event->text = copy;
    event->text_length = length;
    return PS_OK;
}

static ps_status extend(ps_toy_table *table, const ps_toy_job *job, ps_event *event, ps_error *err) {
    const ps_toy_node *node = ps_toy_tree_node(&table->toy.tree, job->node);
    ps_stop_reason reason = PS_STOP_CONTEXT_FULL;
    ps_status status = reserve_token(table, table->model.longest_context, 0, err);
    if (status == PS_OK) status = begin_step(table, node, job->generation, err);
    if (status != PS_OK) return status;
    const size_t before = tokens_before(table, node), room = ps_toy_room(&table->toy, node, job->generation);
    size_t n = 0;
    bool ended = false;
    while (!ended && n < room) {
        status = reserve_token(table, before, n, err);
        if (status != PS_OK) return status;
        const ps_token token = draw(table, job, node, before, n++);
        const ps_toy_token *spelled = &table->model.tokens[token];
        ended = ps_step_push(&table->matcher, spelled->text, spelled->length, token == table->model.end, &reason);
    }
    if (!ended) reason = PS_STOP_CONTEXT_FULL;
    status = fill_event(table, job->generation, before, n, event, err);
    if (status == PS_OK)
        status = ps_toy_tree_add(&table->toy.tree, job->node, table->window + before, n, &event->child, err);
    if (status != PS_OK) return status;
    ps_toy_node *child = ps_toy_tree_node(&table->toy.tree, event->child);
    child->finished = reason == PS_STOP_EOS || reason == PS_STOP_STRING;
    child->state = table->matcher.state;
    event->reason = reason;
    event->prefilled = ps_toy_tree_prefill(&table->toy.tree, job->node);
    return PS_OK;
}

/* ---- Evaluation ---------------------------------------------------------- */

static double log_probability(const ps_toy_rule *rule, ps_token token) {
    for (size_t i = 0; i < rule->n; i++)
        if (rule->token[i] == token) return rule->logp[i];
    return -INFINITY;
}

/* What is read at one mark. The hidden state of a table is its distribution. */
static void read_mark(const ps_toy_rule *rule, const ps_evaluate_request *request, double *choice_logp, float *hidden) {
    for (size_t c = 0; c < request->n_choices; c++)
        choice_logp[c] = log_probability(rule, request->choices[c]);
    for (size_t i = 0; hidden != NULL && i < rule->n; i++)
        hidden[rule->token[i]] = (float)rule->p[i];
}

static ps_status evaluate(ps_toy_table *table, const ps_toy_job *job, ps_event *event, ps_error *err) {
    const ps_toy_node *node = ps_toy_tree_node(&table->toy.tree, job->node);
    const ps_evaluate_request *request = job->evaluation;
    const size_t size = table->model.n_tokens;
    if (request->n_tokens > table->toy.n_ctx - node->length)
        return ps_fail(err, PS_BUDGET, "%zu tokens after a prefix of %u do not fit in the context of %u",
                       request->n_tokens, (unsigned)node->length, (unsigned)table->toy.n_ctx);
    double *choices = ps_arena_alloc(table->toy.arena, (request->n_marks * request->n_choices + 1) * sizeof *choices);
    float *hidden =
        request->hidden ? ps_arena_calloc(table->toy.arena, request->n_marks * size + 1, sizeof *hidden) : NULL;
    if (choices == NULL || (request->hidden && hidden == NULL)) return ps_nomem(err);
    ps_status status = reserve_token(table, table->model.longest_context, request->n_tokens, err);
    if (status != PS_OK) return status;
    const size_t before = tokens_before(table, node);
    memcpy(table->window + before, request->tokens, request->n_tokens * sizeof *request->tokens);
    for (size_t m = 0; m < request->n_marks; m++) {
        const size_t read = request->marks[m] + 1;
        read_mark(rule_after(table, before + read, node->answer + read), request, choices + m * request->n_choices,
                  hidden != NULL ? hidden + m * size : NULL);
    }
    status = ps_toy_tree_add(&table->toy.tree, job->node, request->tokens, request->n_tokens, &event->child, err);
    if (status != PS_OK) return status;
    event->choice_logp = choices;
    event->hidden = hidden;
    event->prefilled = request->n_tokens + ps_toy_tree_prefill(&table->toy.tree, job->node);
    return PS_OK;
}

ps_status ps_toy_table_work(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err) {
    ps_toy_table *table = (ps_toy_table *)toy;
    return job->evaluation != NULL ? evaluate(table, job, event, err) : extend(table, job, event, err);
}
