/* persamp info: version, engine, model, processor. */
#include "cli.h"

#include "screen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void help(void) {
    ps_cli_help(stdout,
                "persamp info: what this build is and what the configured model is\n\n"
                "Examples\n"
                "  persamp info\n"
                "  persamp info --models.generator.model_path=model.gguf\n"
                "  persamp info --engine.type=openai --engine.openai.base_url=http://localhost:8000/v1\n\n"
                "Options\n"
                "  --config FILE   read a configuration; repeat it, later files win\n"
                "  --key=value     set any configuration key, also -o key=value; `persamp config` lists them\n");
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

/* A name and a text of a file: a model says of itself what it likes. */
static void print_line(const char *name, const char *text) {
    fputs(name, stdout);
    ps_cli_put(stdout, text);
    putchar('\n');
}

/* The engine's own description, a line for each of its parts. */
static void print_description(const char *text) {
    for (const char *at = text; *at != '\0';) {
        size_t n = strcspn(at, ";");
        ps_text line = {0};
        ps_text_append(&line, at, n);
        print_line("            ", ps_text_ok(&line) ? ps_text_cstr(&line) : "");
        ps_text_clear(&line);
        at += n;
        at += strspn(at, "; ");
    }
}

/* Whether the reward model is a server's. */
static bool is_served(const ps_config *config) {
    return ps_config_is(config->models_prm_engine, "openai") || ps_config_is(config->scoring_prm_kind, "remote");
}

static void print_prm(const ps_config *config, const char *kind) {
    ps_text text = {0};
    const char *path = config->models_prm_model_path;
    const bool served = is_served(config);
    ps_text_printf(&text, "%s%s, kind %s", served ? "at " : "",
                   served                      ? config->models_prm_openai_base_url
                   : path != NULL              ? path
                   : strcmp(kind, "self") == 0 ? "a head on the generator's own hidden states"
                                               : "the shipped one",
                   kind);
    print_line("prm         ", ps_text_ok(&text) ? ps_text_cstr(&text) : kind);
    ps_text_clear(&text);
}

/* What a server gives, in words. */
static void print_can(unsigned can) {
    static const struct {
        unsigned bit;
        const char *words;
    } all[] = {{PS_ENGINE_LOGP, "log-probabilities"},
               {PS_ENGINE_LOGQ, "those that tokens were drawn with"},
               {PS_ENGINE_LOGQ_BOUNDED, "those that tokens were drawn with (exact with generation.top_k up to 20)"},
               {PS_ENGINE_TOKENS, "token ids"},
               {PS_ENGINE_SEEDS, "seeds"}};
    const char *between = " ";
    fputs("gives      ", stdout);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if ((can & all[i].bit) == 0) continue;
        printf("%s%s", between, all[i].words);
        between = ", ";
    }
    puts(can == 0 ? " text alone" : "");
}

/* A line for each server that the model is at, where there are several. */
static void print_servers(const ps_engine *engine) {
    enum { MOST = 256 };
    ps_engine_server servers[MOST];
    const size_t all = ps_engine_servers(engine, servers, MOST), n = all < MOST ? all : MOST;
    for (size_t i = 0; i < n && n > 1; i++) {
        ps_text line = {0};
        ps_text_printf(&line, "%s: %s", servers[i].url, servers[i].state);
        if (servers[i].context > 0)
            ps_text_printf(&line, ", %zu sequences at once, a context of %zu tokens", servers[i].sequences,
                           servers[i].context);
        print_line("server      ", ps_text_ok(&line) ? ps_text_cstr(&line) : "");
        ps_text_clear(&line);
    }
}

static void print_size(const ps_engine_info *info) {
    fputs("            ", stdout);
    if (info->vocabulary > 0) printf("%zu tokens in the vocabulary, ", info->vocabulary);
    printf("at most %zu in an answer with its prompt\n", info->context);
}

static void print_models(const ps_config *config, const ps_models *models) {
    ps_engine_info info;
    const ps_engine *engine = ps_models_engine(models);
    ps_engine_get_info(engine, &info);
    bool toy = strcmp(info.engine, "toy") == 0;
    if (toy)
        puts("model       the toy engine");
    else
        print_line("model       ", ps_models_path(models));
    print_description(info.description);
    if (info.identity != NULL) print_line("            ", info.identity);
    print_size(&info);
    if (strcmp(info.engine, "openai") == 0) print_can(info.can);
    print_servers(engine);
    fputs("            worth having in flight:", stdout);
    for (size_t i = 0, width = 1; i < 4; i++, width *= 4)
        printf("%s %zu problem%s of %zu", i > 0 ? "," : "", ps_engine_in_flight(engine, width),
               ps_engine_in_flight(engine, width) == 1 ? "" : "s", width);
    puts(" particles");
    const ps_prm *prm = ps_models_prm(models);
    if (prm == NULL)
        puts("prm         none (models.prm.enabled is false)");
    else if (toy && !is_served(config))
        puts("prm         the toy engine's");
    else
        print_prm(config, prm->ops->kind);
    if (prm != NULL && ps_prm_identity(prm) != NULL) print_line("            ", ps_prm_identity(prm));
}

static int show(const ps_config *config) {
    ps_error err;
    ps_models *models = NULL;
    ps_log log = ps_cli_quiet_log(config);
    printf("persamp     %s\n", ps_version());
    print_processor();
    print_tables();
    fflush(stdout); /* what can be said is said before a model that cannot be opened is complained of */
    ps_status status = ps_models_open(config, &log, &models, &err);
    if (status == PS_OK) print_models(config, models);
    ps_models_free(models);
    return status == PS_OK ? EXIT_DONE : ps_cli_failure(&err);
}

int ps_cmd_info(int argc, char **argv) {
    static const char *const options[] = {"--config", "--help", NULL};
    ps_error err;
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    int code = -1;
    for (int i = 1; i < argc && code < 0; i++) {
        if (ps_cli_wants_help(argv[i])) {
            help();
            code = EXIT_DONE;
            break;
        }
        int taken = ps_cli_take_config(argc, argv, &i, config);
        if (taken <= 0) code = taken < 0 ? EXIT_USAGE : ps_cli_unknown("info", argv[i], options);
    }
    ps_log log = ps_cli_log(config);
    if (code < 0 && ps_config_check(config, &log, &err) != PS_OK) code = ps_cli_error(&err);
    if (code < 0) code = show(config);
    ps_config_free(config);
    return code;
}
