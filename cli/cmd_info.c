/* persamp info: version, engine, model, processor. */
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void help(void) {
    puts("persamp info: what this build is and what the configured model is\n\n"
         "Examples\n"
         "  persamp info\n"
         "  persamp info --models.generator.model_path=model.gguf\n"
         "  persamp info --engine.type=toy\n\n"
         "Options\n"
         "  --config FILE   read a configuration\n"
         "  --key=value     set any configuration key");
}

static void print_processor(void) {
    printf("processor   %ld cores", sysconf(_SC_NPROCESSORS_ONLN));
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f"))
        fputs(", AVX-512", stdout);
    else if (__builtin_cpu_supports("avx2"))
        fputs(", AVX2", stdout);
#endif
    putchar('\n');
}

static void print_tables(void) {
    size_t n;
    fputs("methods    ", stdout);
    const ps_method_ops *const *methods = ps_methods(&n);
    for (size_t i = 0; i < n; i++)
        printf(" %s", methods[i]->name);
    fputs("\nscores     ", stdout);
    const ps_score_ops *const *scores = ps_scores(&n);
    for (size_t i = 0; i < n; i++)
        printf(" %s", scores[i]->name);
    fputs("\nresamplers ", stdout);
    const ps_resampler *const *resamplers = ps_resamplers(&n);
    for (size_t i = 0; i < n; i++)
        printf(" %s", resamplers[i]->name);
    putchar('\n');
}

static void print_engine(const char *title, const char *path, const ps_engine *engine) {
    ps_engine_info info;
    ps_engine_get_info(engine, &info);
    printf("%-11s %s, %s\n", title, info.engine, path);
    printf("            %s; vocabulary %zu, context %zu tokens", info.description, info.vocabulary, info.context);
    if (info.parameters > 0) printf(", %.1f million parameters", (double)info.parameters / 1e6);
    printf("; %zu requests side by side\n", info.parallel);
}

int ps_cmd_info(int argc, char **argv) {
    ps_error err;
    ps_models *models = NULL;
    bool understood = false;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    ps_status status = PS_OK;
    for (int i = 1; i < argc && status == PS_OK;) {
        int used = 0;
        if (ps_cli_wants_help(argv[i])) {
            help();
            goto done;
        }
        status = ps_config_take_argument(config, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used, &err);
        if (status == PS_OK && used == 0)
            status = ps_fail(&err, PS_ARG, "info: unknown argument %s; `persamp info -h` explains", argv[i]);
        i += used;
    }
    if (status == PS_OK) status = ps_config_check(config, NULL, &err);
    if (status != PS_OK) goto done;
    understood = true;
    puts("persamp     " PS_VERSION);
    print_processor();
    print_tables();
    status = ps_models_open(config, NULL, &models, &err);
    if (status == PS_OK) print_engine("model", ps_models_path(models), ps_models_engine(models));
    if (status == PS_OK && ps_models_prm(models) != NULL) puts("prm         loaded");
done:
    ps_models_free(models);
    ps_config_free(config);
    return status == PS_OK ? EXIT_DONE : understood ? ps_cli_failure(&err) : ps_cli_error(&err);
}
