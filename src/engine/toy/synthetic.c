/* The synthetic reasoner as an engine, and the smallest complete example of one. It has no tokenizer: a prompt goes in
 * as messages or text (ops.prompt), and steps come out. What it leaves to queue.c is the queue of requests and their
 * events; everything that an engine must say for itself is here. */
#include "engine/toy/synthetic.h"
#include "engine/toy/identity.h"
#include "engine/toy/queue.h"
#include "engine/toy/reasoner.h"

#include <stdio.h>

typedef struct synthetic_engine {
    ps_toy_engine toy; /* first */
    ps_toy_reasoner reasoner;
    char description[128];
    char identity[PS_TOY_IDENTITY];
} synthetic_engine;

static synthetic_engine *self(ps_engine *engine) {
    return (synthetic_engine *)engine;
}

static void destroy(ps_engine *engine) {
    synthetic_engine *synthetic = self(engine);
    ps_toy_clear(&synthetic->toy);
    ps_toy_reasoner_clear(&synthetic->reasoner);
    ps_free(synthetic);
}

/* ---- A prompt ------------------------------------------------------------ */

/* Each byte of the prompt counts as a token. All that matters of it is the number of the problem it names. */
static ps_status add_root(ps_toy_engine *toy, const char *text, size_t length, ps_node *node, ps_error *err) {
    ps_status status = ps_toy_root(toy, NULL, length, node, err);
    if (status != PS_OK) return status;
    const int group = ps_toy_problem_group(text, length);
    if (group >= 0) ps_toy_tree_node(&toy->tree, *node)->group = (uint8_t)group;
    return PS_OK;
}

/* There is no template: the contents of a chat one after the other. */
static ps_status prompt(ps_engine *engine, const ps_prompt *prompt, ps_node *node, ps_error *err) {
    ps_text all = {0};
    if (prompt->n_messages == 0 && prompt->n_parts == 0) ps_text_puts(&all, prompt->text);
    for (size_t i = 0; i < prompt->n_messages; i++)
        ps_text_puts(&all, prompt->messages[i].content);
    for (size_t i = 0; i < prompt->n_parts && prompt->n_messages == 0; i++)
        ps_text_append(&all, prompt->parts[i].text, prompt->parts[i].length);
    ps_status status =
        ps_text_ok(&all) ? add_root(&self(engine)->toy, ps_text_cstr(&all), all.length, node, err) : ps_nomem(err);
    ps_text_clear(&all);
    return status;
}

/* ---- A step -------------------------------------------------------------- */

/* What an event points to. The step is one token, whose number says how the step came out. */
typedef struct outcome {
    double logp, logq, entropy;
    ps_token token;
    char text[PS_TOY_STEP_TEXT];
} outcome;

/* First what a step in the middle can be, then the last step: right, and two for each wrong label. The first 256
 * numbers are left to the bytes of prompts. */
enum { BYTES = 256, MIDDLE = 3 };

static ps_token token_of(const ps_toy_step *step) {
    if (step->label < 0) return BYTES + (ps_token)step->status;
    if (step->label == 0) return BYTES + MIDDLE;
    return BYTES + MIDDLE + 1 + 2 * (step->label - 1) + (step->status == PS_TOY_SEEN);
}

static size_t vocabulary(const synthetic_engine *synthetic) {
    return BYTES + MIDDLE + 1 + 2 * (size_t)synthetic->reasoner.parameters.wrong_answers;
}

/* The event of a step that was made. */
static void tell(const ps_toy_step *step, outcome *made, ps_event *event) {
    made->logq = made->logp; /* temperature and truncation do not apply */
    made->token = token_of(step);
    event->reason = step->label >= 0 ? PS_STOP_EOS : PS_STOP_STEP;
    event->tokens = &made->token;
    event->logp = &made->logp;
    event->logq = &made->logq;
    event->entropy = &made->entropy;
    event->n_tokens = 1;
    event->text_length = ps_toy_step_write(step, made->text);
    event->text = made->text;
}

/* What comes of a request: a child of its node, one step further. A context that is full is no error: the child is
 * there, and the answer is cut. */
static ps_status work(ps_toy_engine *toy, const ps_toy_job *job, ps_event *event, ps_error *err) {
    const ps_toy_node *node = ps_toy_tree_node(&toy->tree, job->node);
    const ps_toy_step before = {node->step, (ps_toy_status)node->status, node->z, -1};
    const unsigned group = node->group != PS_TOY_NO_GROUP ? node->group : (unsigned)(job->key.problem % 7);
    const bool full = ps_toy_room(toy, node, job->generation) == 0;
    outcome *made = ps_arena_alloc(toy->arena, sizeof *made);
    ps_toy_step step = before;
    if (made == NULL) return ps_nomem(err);
    ps_status status = ps_toy_tree_add(&toy->tree, job->node, NULL, full ? 0 : 1, &event->child, err);
    if (status != PS_OK) return status;
    event->prefilled = ps_toy_tree_prefill(&toy->tree, job->node);
    if (full) {
        event->reason = PS_STOP_CONTEXT_FULL;
    } else {
        ps_toy_reasoner_step(&((synthetic_engine *)toy)->reasoner, &before, group, job->key, &step, &made->logp,
                             &made->entropy);
        tell(&step, made, event);
    }
    ps_toy_node *child = ps_toy_tree_node(&toy->tree, event->child);
    child->step = (uint16_t)step.number;
    child->status = (uint8_t)step.status;
    child->z = step.z;
    child->finished = step.label >= 0;
    return PS_OK;
}

/* ---- Facts --------------------------------------------------------------- */

static void info(const ps_engine *engine, ps_engine_info *info) {
    const synthetic_engine *synthetic = (const synthetic_engine *)engine;
    *info = (ps_engine_info){.engine = "toy",
                             .model = "synthetic reasoner",
                             .description = synthetic->description,
                             .identity = synthetic->identity,
                             .vocabulary = vocabulary(synthetic),
                             .context = synthetic->toy.n_ctx,
                             .can = PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY | PS_ENGINE_SEEDS |
                                    PS_ENGINE_DETERMINISTIC};
}

/* Left out: what needs a tokenizer (tokenize, render_chat, root), and evaluate; begin, wake and on_ready, since events
 * lie ready whenever it is polled. */
static const ps_engine_ops synthetic_ops = {.name = "toy",
                                            .destroy = destroy,
                                            .prompt = prompt,
                                            .retain = ps_toy_retain,
                                            .release = ps_toy_release,
                                            .extend = ps_toy_extend,
                                            .poll = ps_toy_poll,
                                            .cancel = ps_toy_cancel,
                                            .info = info,
                                            .in_flight = ps_toy_in_flight,
                                            .stats = ps_toy_stats};

ps_status ps_toy_synthetic_create(const ps_toy_synthetic *parameters, uint32_t n_ctx, ps_engine **engine,
                                  ps_error *err) {
    synthetic_engine *synthetic = ps_calloc(1, sizeof *synthetic);
    if (synthetic == NULL) return ps_nomem(err);
    snprintf(synthetic->description, sizeof synthetic->description,
             "steps %d, errors %g, detection %g, noise %g, correlation %g", parameters->steps, parameters->error_rate,
             parameters->detection, parameters->noise, parameters->correlation);
    ps_toy_synthetic_identity(parameters, synthetic->identity);
    ps_status status = ps_toy_init(&synthetic->toy, &synthetic_ops, work, n_ctx, err);
    if (status == PS_OK) status = ps_toy_reasoner_init(&synthetic->reasoner, parameters, err);
    if (status == PS_OK)
        *engine = &synthetic->toy.base;
    else
        destroy(&synthetic->toy.base);
    return status;
}
