/* Solve one question by Persistent Sampling, from configuration to answers.
 *
 * The model here is a table (examples/toy/detour.json), so that the program runs anywhere in no time; leave out the two
 * engine keys and it runs the shipped GGUF, or set models.generator.model_path to yours.
 *
 * usage: solve [KEY=VALUE …]     build: cc solve.c $(pkg-config --cflags --libs persamp) */
#include <persamp/persamp.h>

#include <stdio.h>
#include <string.h>

static ps_status configure(ps_config *config, int n, char **settings, ps_error *err) {
    ps_status status = ps_config_set(config, "engine.type", "toy", "example", err);
    if (status == PS_OK) status = ps_config_set(config, "engine.toy.table", "examples/toy/detour.json", "example", err);
    for (int i = 0; i < n && status == PS_OK; i++) {
        char key[128];
        const char *value = strchr(settings[i], '=');
        if (value == NULL || (size_t)(value - settings[i]) >= sizeof key)
            return ps_fail(err, PS_ARG, "%s: expected KEY=VALUE", settings[i]);
        snprintf(key, sizeof key, "%.*s", (int)(value - settings[i]), settings[i]);
        status = ps_config_set(config, key, value + 1, "command line", err);
    }
    return status == PS_OK ? ps_config_check(config, NULL, err) : status;
}

int main(int argc, char **argv) {
    const ps_problem problem = {.text = "Which way?"};
    ps_config *config = NULL;
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    ps_error err;

    ps_status status = ps_config_create(&config, &err);
    if (status == PS_OK) status = configure(config, argc - 1, argv + 1, &err);
    if (status == PS_OK) status = ps_models_open(config, NULL, &models, &err);
    if (status == PS_OK) status = ps_solve(config, models, &problem, NULL, &outcome, &err);
    if (status == PS_OK) {
        printf("%zu classes of answers\n", outcome->n_classes);
        for (size_t i = 0; i < outcome->n_classes; i++)
            printf("%-12s weight %.3f, %zu votes\n", outcome->classes[i].answer, outcome->classes[i].weight,
                   outcome->classes[i].votes);
    } else {
        fprintf(stderr, "solve: %s\n", err.message);
    }

    ps_outcome_free(outcome);
    ps_models_free(models);
    ps_config_free(config);
    return status == PS_OK ? 0 : 1;
}
