/* Any text as --methods and --budgets of a comparison: a plan whose methods, names of files and configurations are
 * sound, or a message. The input: the methods, a line break, the budgets. */
#include "study/compare.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

/* What all plans are made of: opened once. */
static ps_config *config;
static ps_models *models;

static void set_up(void) {
    if (config != NULL) return;
    require(ps_config_create(&config, NULL) == PS_OK);
    require(ps_config_set(config, "engine.type", "toy", "fuzz", NULL) == PS_OK);
    require(ps_models_open(config, NULL, &models, NULL) == PS_OK);
}

/* A name that stays in the folder, whatever it was made of. */
static void check_file(const ps_compare_variant *v) {
    ps_text name = {0};
    ps_compare_plan_file(v, 100, 42, &name);
    require(ps_text_ok(&name) && name.length > 0);
    require(strchr(ps_text_cstr(&name), '/') == NULL && ps_text_cstr(&name)[0] != '.');
    ps_text_clear(&name);
}

static void check_plan(const ps_compare_plan *plan) {
    require(plan->n_variants > 0 && plan->n_budgets > 0);
    for (size_t v = 0; v < plan->n_variants; v++) {
        ps_config *of_run = NULL;
        require(plan->variants[v].source <= v);
        check_file(&plan->variants[v]);
        for (size_t b = 0; b < plan->n_budgets; b++) {
            require(plan->budgets[b].answers > 0 || plan->budgets[b].tokens > 0);
            require(ps_compare_run_of(plan, v, b, 0) != NULL);
        }
        require(ps_compare_plan_config(plan, v, 0, 0, 12.5, &of_run, NULL) == PS_OK);
        ps_config_free(of_run);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ps_compare_plan *plan = NULL;
    ps_error err = {0};
    if (size > 4096) return 0;
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    char *budgets = strchr(text, '\n');
    if (budgets != NULL) *budgets++ = '\0';
    ps_compare_options options = {.methods = text, .budgets = budgets};
    set_up();
    ps_status status = ps_compare_plan_create(config, &options, models, &plan, &err);
    if (status == PS_OK)
        check_plan(plan);
    else
        require((status == PS_FORMAT || status == PS_ARG) && strlen(err.message) > 0);
    ps_compare_plan_free(plan);
    free(text);
    return 0;
}
