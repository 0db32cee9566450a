/* What the toy engine's reward model reads: a pure function of text. */
#include "engine/toy/identity.h"
#include "engine/toy/model.h"
#include "engine/toy/reasoner.h"
#include "persamp/engine_toy.h"

#include <math.h>
#include <string.h>

struct ps_toy_rewards {
    bool synthetic;
    ps_toy_synthetic parameters;
    json_t *steps, *prefixes; /* text → probability, checked; owned, may be NULL */
    double otherwise;
    char identity[PS_TOY_IDENTITY];
};

void ps_toy_rewards_free(ps_toy_rewards *rewards) {
    if (rewards == NULL) return;
    json_decref(rewards->steps);
    json_decref(rewards->prefixes);
    ps_free(rewards);
}

const char *ps_toy_rewards_identity(const ps_toy_rewards *rewards) {
    return rewards->identity;
}

bool ps_toy_rewards_need_prefix(const ps_toy_rewards *rewards) {
    return rewards->prefixes != NULL;
}

static double logistic(double x) {
    return 1 / (1 + exp(-x));
}

static ps_status read_synthetic(const ps_toy_synthetic *p, const char *text, double *reward, ps_error *err) {
    ps_toy_step step;
    ps_status status = ps_toy_step_parse(text, strlen(text), &step, err);
    if (status != PS_OK) return status;
    const double half = p->separation / 2;
    *reward = logistic((step.status == PS_TOY_SEEN ? -half : half) + p->noise * step.z);
    return PS_OK;
}

ps_status ps_toy_reward(const ps_toy_rewards *rewards, const char *prefix, const char *step, double *reward,
                        ps_error *err) {
    if (rewards->synthetic) return read_synthetic(&rewards->parameters, step, reward, err);
    const json_t *found = prefix != NULL ? json_object_get(rewards->prefixes, prefix) : NULL;
    if (found == NULL) found = json_object_get(rewards->steps, step);
    *reward = found != NULL ? json_number_value(found) : rewards->otherwise;
    return PS_OK;
}

/* ---- From a table file --------------------------------------------------- */

/* An object of texts and probabilities; fractions become numbers. *map stays NULL when it is not there. */
static ps_status read_map(const ps_toy_json *document, const json_t *rewards, const char *name, json_t **map,
                          ps_error *err) {
    json_t *given = json_object_get(rewards, name), *made;
    ps_status status = PS_OK;
    if (given == NULL) return PS_OK;
    if (!json_is_object(given))
        return ps_toy_json_fail(document, rewards, name, 0, err,
                                "\"%s\" must be an object of texts and the probability that each is right", name);
    made = json_object();
    if (made == NULL) return ps_nomem(err);
    for (void *i = json_object_iter(given); i != NULL && status == PS_OK; i = json_object_iter_next(given, i)) {
        double p = 0;
        status = ps_toy_json_probability(document, given, json_object_iter_key(i), &p, err);
        if (status == PS_OK && json_object_set_new(made, json_object_iter_key(i), json_real(p)) != 0)
            status = ps_nomem(err);
    }
    if (status == PS_OK)
        *map = made;
    else
        json_decref(made);
    return status;
}

static ps_status read_rewards(ps_toy_rewards *made, const ps_toy_json *document, ps_error *err) {
    static const char *const keys[] = {"default", "steps", "prefixes"};
    const json_t *rewards = json_object_get(document->root, "rewards");
    if (!json_is_object(rewards))
        return ps_toy_json_fail(document, rewards != NULL ? document->root : NULL, "rewards", 0, err,
                                "the toy reward model needs \"rewards\" in the table: an object with \"default\", and "
                                "\"steps\" or \"prefixes\"");
    ps_status status = ps_toy_json_keys(document, rewards, keys, sizeof keys / sizeof *keys, err);
    made->otherwise = 0.5;
    if (status == PS_OK && json_object_get(rewards, "default") != NULL)
        status = ps_toy_json_probability(document, rewards, "default", &made->otherwise, err);
    if (status == PS_OK) status = read_map(document, rewards, "steps", &made->steps, err);
    if (status == PS_OK) status = read_map(document, rewards, "prefixes", &made->prefixes, err);
    return status;
}

static ps_status read_table_file(ps_toy_rewards *made, const char *path, ps_error *err) {
    ps_toy_json document = {0};
    ps_status status = path != NULL
                           ? ps_toy_json_open(&document, path, NULL, 0, err)
                           : ps_toy_json_open(&document, "built-in table", ps_toy_builtin, strlen(ps_toy_builtin), err);
    if (status == PS_OK) status = read_rewards(made, &document, err);
    if (status == PS_OK) ps_toy_table_identity(&document, made->identity);
    ps_toy_json_clear(&document);
    return status;
}

ps_status ps_toy_rewards_create(const ps_toy_options *options, ps_toy_rewards **rewards, ps_error *err) {
    ps_toy_rewards *made = ps_calloc(1, sizeof *made);
    if (made == NULL) return ps_nomem(err);
    made->synthetic = options->kind == PS_TOY_SYNTHETIC;
    made->parameters = options->synthetic;
    if (made->synthetic) ps_toy_synthetic_identity(&made->parameters, made->identity);
    ps_status status = made->synthetic ? ps_toy_synthetic_check(&made->parameters, err)
                                       : read_table_file(made, options->table_path, err);
    if (status == PS_OK)
        *rewards = made;
    else
        ps_toy_rewards_free(made);
    return status;
}
