/* From a configuration to a session; prompts; boxes; Wilson's interval. */
#include "persamp/study.h"
#include "run/models.h"
#include "run/prompt.h"
#include "run/support.h"
#include "run/task.h"
#include "support/faulty_engine.h"

/* A session of a configuration; the caller ends it. */
typedef struct opened {
    ps_config *config;
    ps_models *models;
    ps_session *session;
} opened;

static ps_status open_session(opened *o, ps_config *config, const char *arm, ps_error *err) {
    *o = (opened){.config = config};
    check_ok(ps_models_open(config, NULL, &o->models, err));
    return ps_session_create(config, o->models, arm, &o->session, err);
}

static void close_session(opened *o) {
    ps_session_release(o->session);
    ps_models_free(o->models);
    ps_config_free(o->config);
}

static ps_status without_memory(ps_engine *engine, const ps_chat_message *messages, size_t n, char **text,
                                ps_error *err) {
    (void)engine;
    (void)messages;
    (void)n;
    (void)text;
    return ps_nomem(err);
}

/* Whether answers begin in thinking decides what is read of them: want of memory is no answer to that. */
static void want_of_memory_is_not_taken_for_no_thinking(void **state) {
    (void)state;
    ps_config *config = config_of(NULL);
    ps_models *models = NULL;
    ps_session *session = NULL;
    faulty_engine faulty;
    ps_error err;
    check_ok(ps_models_open(config, NULL, &models, &err));
    ps_engine *inner = models->engine;
    faulty_engine_init(&faulty, inner);
    faulty.ops.render_chat = without_memory;
    models->engine = &faulty.base;
    assert_int_equal(ps_session_create(config, models, NULL, &session, &err), PS_NOMEM);
    models->engine = inner;
    check_ok(ps_session_create(config, models, NULL, &session, &err));
    ps_engine_free(&faulty.base);
    ps_session_release(session);
    ps_models_free(models);
    ps_config_free(config);
}

static void keep_line(void *user, ps_log_level level, const char *text) {
    (void)level;
    ps_text_printf(user, "%s\n", text);
}

/* Once, and only where the prompt opens the thinking and there is little room for it. */
static void a_model_that_thinks_is_told_of_where_there_is_little_room(void **state) {
    (void)state;
    static const struct {
        const char *template, *context, *limit, *says;
    } cases[] = {
        {"{question}<think>\n", "4096", "auto", "models.generator.max_model_len leaves room for 4096 tokens"},
        {"{question}<think>\n", "65536", "500", "generation.max_answer_tokens leaves room for 500 tokens"},
        {"{question}<think>\n", "65536", "auto", NULL},
        {"{question}<think></think>\n", "4096", "auto", NULL},
        {"{question}", "4096", "500", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_text told = {0};
        ps_models *models = NULL;
        ps_error err;
        ps_config *c = config_of("prompt.template", cases[i].template, "models.generator.max_model_len",
                                 cases[i].context, "generation.max_answer_tokens", cases[i].limit, NULL);
        check_ok(ps_models_open(c, &(ps_log){.write = keep_line, .user = &told}, &models, &err));
        if (cases[i].says != NULL)
            check_contains(ps_text_cstr(&told), cases[i].says);
        else
            assert_null(strstr(ps_text_cstr(&told), "thinks"));
        ps_text_clear(&told);
        ps_models_free(models);
        ps_config_free(c);
    }
}

static void an_arm_is_a_method_or_a_single_sample(void **state) {
    (void)state;
    opened o;
    ps_error err;
    check_ok(
        open_session(&o, config_of("generation.temperature", "0.5", "ps.budget.max_tokens", "100", NULL), NULL, &err));
    assert_string_equal(o.session->method->name, "persistent");
    check_near(o.session->generation.temperature, 0.5, 0);
    assert_int_equal(o.session->params.n_particles, 8);
    assert_int_equal(o.session->params.budget.max_tokens, 100);
    close_session(&o);

    check_ok(open_session(&o, config_of(NULL), "greedy", &err));
    check_near(o.session->generation.temperature, 0, 0);
    assert_int_equal(o.session->select, PS_SELECT_BEST);
    close_session(&o);

    /* One draw at temperature 1 from the whole distribution, whatever the search may spend. */
    check_ok(
        open_session(&o, config_of("ps.budget.max_tokens", "1000", "generation.top_k", "3", NULL), "sample", &err));
    assert_string_equal(o.session->name, "sample");
    assert_int_equal(o.session->params.n_particles, 1);
    assert_int_equal(o.session->params.budget.max_tokens, 0);
    check_near(o.session->generation.temperature, 1, 0);
    check_near(o.session->generation.top_p, 1, 0);
    assert_int_equal(o.session->generation.top_k, 0);
    close_session(&o);

    check_ok(open_session(&o, config_of("method", "majority", "answer.select", "best", NULL), NULL, &err));
    assert_int_equal(o.session->select, PS_SELECT_MAJORITY); /* the method's own */
    close_session(&o);

    check_ok(open_session(&o, config_of("answer.select", "auto", NULL), NULL, &err));
    assert_int_equal(o.session->select, PS_SELECT_WEIGHTED);
    close_session(&o);
    check_ok(open_session(&o, config_of("answer.select", "auto", "models.prm.enabled", "true", NULL), NULL, &err));
    assert_int_equal(o.session->select, PS_SELECT_WEIGHTED); /* the PRM is there, the score does not read it */
    close_session(&o);
    check_ok(open_session(
        &o, config_of("answer.select", "auto", "models.prm.enabled", "true", "scoring.type", "prm_reward", NULL), NULL,
        &err));
    assert_int_equal(o.session->select, PS_SELECT_PRM_WEIGHTED);
    close_session(&o);

    assert_int_equal(open_session(&o, config_of(NULL), "nonsense", &err), PS_ARG);
    check_contains(err.message, "nonsense");
    check_contains(err.message, "persistent, greedy");
    close_session(&o);
    assert_int_equal(open_session(&o, config_of("answer.select", "prm_weighted", NULL), NULL, &err), PS_ARG);
    check_contains(err.message, "models.prm.enabled");
    close_session(&o);
}

/* Nothing that is made for a reward model acts where the score reads none, but by a user's own word. */
static void depths_are_compared_where_the_score_reads_a_reward(void **state) {
    (void)state;
    static const struct {
        const char *retreat, *prm, *score, *aggregate;
        double expected;
    } cases[] = {
        {"auto", "false", "logprob_power", "last", 0},     {"auto", "false", "logprob_avg", "last", 0},
        {"auto", "true", "logprob_power", "last", 0},      {"auto", "true", "prm_reward", "last", 8},
        {"auto", "true", "hybrid_prm_logprob", "mean", 8}, {"auto", "true", "prm_reward", "prod", 8},
        {"3", "false", "logprob_power", "last", 3},        {"0", "true", "prm_reward", "last", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o;
        ps_error err;
        check_ok(open_session(&o,
                              config_of("ps.depth_retreat", cases[i].retreat, "models.prm.enabled", cases[i].prm,
                                        "scoring.type", cases[i].score, "scoring.prm.aggregate", cases[i].aggregate,
                                        "ps.depth_tilt", "auto", NULL),
                              NULL, &err));
        check_near(o.session->params.persistent.pool.depth_retreat, cases[i].expected, 0);
        check_near(o.session->params.persistent.pool.depth_tilt, 0, 0);
        assert_int_equal(o.session->params.reward_shrinks, strcmp(cases[i].aggregate, "prod") == 0);
        close_session(&o);
    }
}

/* preset classic on the synthetic reasoner: it selects, every problem has an answer, and the answer is the best
 * particle's, whatever the votes say. */
static void classic_selects_and_answers_by_the_best_particle(void **state) {
    (void)state;
    opened o;
    ps_error err;
    size_t selections = 0, outvoted = 0;
    check_ok(open_session(&o,
                          config_of("preset", "classic", "engine.toy.kind", "synthetic", "models.prm.enabled", "true",
                                    "scoring.type", "prm_reward", "scoring.prm.transform", "log", NULL),
                          NULL, &err));
    assert_int_equal(o.session->select, PS_SELECT_BEST);
    assert_int_equal(o.session->params.persistent.ess_over, PS_ESS_OVER_PARTICLES);
    for (uint64_t i = 0; i < 40; i++) {
        ps_problem problem = {.index = i, .text = "?", .answer = "0"};
        ps_outcome *outcome = NULL;
        char *line = NULL;
        check_ok(ps_solve(o.config, o.models, &problem, NULL, &outcome, &err));
        const ps_prediction *p = outcome->predictions;
        assert_false(outcome->truncated);
        check_ok(ps_outcome_json(outcome, false, &line, &err));
        ps_text wanted = {0};
        ps_text_printf(&wanted, "\"extracted_answer\":\"%s\"", p[PS_SELECT_BEST].answer);
        check_contains(line, ps_text_cstr(&wanted));
        selections += outcome->report.resamples;
        outvoted += strcmp(p[PS_SELECT_BEST].answer, p[PS_SELECT_MAJORITY].answer) != 0;
        ps_text_clear(&wanted);
        ps_free(line);
        ps_outcome_free(outcome);
    }
    assert_true(selections >= 20);
    assert_true(outvoted > 0);
    close_session(&o);
}

/* The advice for answers that share their text names what these settings leave to be changed. */
static void no_advice_for_other_answers_is_what_is_set_already(void **state) {
    (void)state;
    static const char only_majority[] = "take method=majority";
    const struct {
        const char *method, *key, *value, *more, *more_value, *says, *is_silent_of;
    } cases[] = {
        {"persistent", "ps.resample.policy", "always", "preset", "classic", "policy=ess", "alpha"},
        {"persistent", "preset", "classic", NULL, NULL, "lower ps.resample.alpha_start and alpha_end", "policy=ess"},
        {"persistent", "preset", "classic", "ps.resample.alpha_schedule", "constant", "lower ps.resample.alpha_start)",
         "alpha_end"},
        {"persistent", "ps.resample.policy", "never", NULL, NULL, only_majority, "beta_max"},
        {"persistent", "ps.mode", "completions", NULL, NULL, "ps.move.n_moves", "policy"},
        {"particle_filter", "particle_filter.policy", "always", NULL, NULL, "policy=ess", "threshold"},
        {"particle_filter", "particle_filter.policy", "ess", NULL, NULL, "a lower particle_filter.threshold", "policy"},
        {"particle_gibbs", "particle_filter.policy", "never", NULL, NULL, only_majority, "temperature"},
        {"dvts", "dvts.subtrees", "auto", NULL, NULL, "a lower beam.expansion", "dvts.subtrees"},
        {"dvts", "dvts.subtrees", "1", NULL, NULL, "dvts.subtrees", "beam.expansion"},
        {"dvts", "beam.expansion", "1", NULL, NULL, "take method=best_of_n", "beam.expansion"},
        {"power_mcmc", "power_mcmc.chains", "auto", NULL, NULL, "power_mcmc.chains", "policy"},
        {"power_mcmc", "power_mcmc.chains", "8", NULL, NULL, only_majority, "power_mcmc.chains"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err;
        opened o;
        check_ok(open_session(&o,
                              config_of("method", cases[i].method, cases[i].key, cases[i].value,
                                        cases[i].more_value != NULL ? cases[i].more : NULL, cases[i].more_value, NULL),
                              NULL, &err));
        const char *spread = ps_session_spread(o.session);
        check_contains(spread, cases[i].says);
        if (strstr(spread, cases[i].is_silent_of) != NULL) fail_msg("case %zu: %s", i, spread);
        close_session(&o);
    }
}

static void a_stop_string_that_marks_a_step_does_not_end_the_answer(void **state) {
    (void)state;
    static const struct {
        const char *boundary, *kept;
    } cases[] = {{"newline", "END|"},
                 {"paragraph", "\n|END|"},
                 {"sentence", "END|"},
                 {"fixed", "\n|\n\n|END|"},
                 {"[\"END\"]", "\n|\n\n|"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o;
        ps_error err;
        ps_text kept = {0};
        check_ok(open_session(&o,
                              config_of("generation.stop_tokens", "[\"\\n\", \"\\n\\n\", END]",
                                        "generation.step_boundary", cases[i].boundary, NULL),
                              NULL, &err));
        for (size_t k = 0; k < o.session->generation.n_stops; k++)
            ps_text_printf(&kept, "%s|", o.session->generation.stops[k]);
        assert_string_equal(ps_text_cstr(&kept), cases[i].kept);
        ps_text_clear(&kept);
        close_session(&o);
    }
}

/* Of the parts; what a user wrote between ‹ and ›. */
static char *joined(const ps_prompt *prompt) {
    ps_text text = {0};
    for (size_t i = 0; i < prompt->n_parts; i++) {
        ps_text_puts(&text, prompt->parts[i].user ? "‹" : "");
        ps_text_append(&text, prompt->parts[i].text, prompt->parts[i].length);
        ps_text_puts(&text, prompt->parts[i].user ? "›" : "");
    }
    return text.data;
}

/* The text that a problem becomes, rendered by the engine where it is a chat. Owned by the caller. */
static char *prompt_of(const opened *o, const ps_problem *problem) {
    ps_problem_prompt made;
    char *text = NULL;
    assert_ok(ps_problem_prompt_make(o->session, problem, &made, err));
    if (made.prompt.n_messages > 0)
        assert_ok(ps_engine_render_chat(o->session->engine, made.prompt.messages, made.prompt.n_messages, &text, err));
    else if (made.prompt.n_parts > 0)
        text = joined(&made.prompt);
    else
        text = ps_strdup(made.prompt.text);
    ps_problem_prompt_clear(&made);
    return text;
}

static void check_prompt(const opened *o, const ps_problem *problem, const char *expected) {
    char *text = prompt_of(o, problem);
    assert_string_equal(text, expected);
    ps_free(text);
}

static void a_template_is_filled_in_once_and_other_braces_stay(void **state) {
    (void)state;
    opened o;
    ps_error err;
    check_ok(open_session(&o,
                          config_of("prompt.template", "S={system} {{question}} {question} \\frac{1}{2} {x}{question",
                                    "prompt.system", "sys", NULL),
                          NULL, &err));
    check_prompt(&o, &(ps_problem){.text = "1+{system}?"},
                 "S=‹sys› {‹1+{system}?›} ‹1+{system}?› \\frac{1}{2} {x}{question");
    check_prompt(&o, &(ps_problem){.text = ""}, "S=‹sys› {‹›} ‹› \\frac{1}{2} {x}{question");
    close_session(&o);
}

/* The toy engine renders a chat as its contents, one after the other. */
static void a_conversation_keeps_its_own_system_message(void **state) {
    (void)state;
    static const ps_chat_message with[] = {
        {"system", "Be brief."}, {"user", "1+1?"}, {"assistant", "2"}, {"user", "2+2?"}};
    const ps_problem conversation = {.messages = with, .n_messages = 4};
    const ps_problem without = {.messages = with + 1, .n_messages = 3};
    opened o;
    ps_error err;
    check_ok(open_session(&o, config_of("prompt.template", "unused {question}", "prompt.system", "Think. ", NULL), NULL,
                          &err));
    check_prompt(&o, &conversation, "Be brief.1+1?22+2?");
    check_prompt(&o, &without, "Think. 1+1?22+2?");
    assert_string_equal(ps_problem_question(&conversation), "2+2?"); /* what the reward model is asked */
    assert_string_equal(ps_problem_question(&(ps_problem){.messages = with, .n_messages = 1}), "");
    close_session(&o);
}

static void a_raw_prompt_is_taken_as_it_stands(void **state) {
    (void)state;
    const ps_problem raw = {.prompt = "Q: {question}\nA:"};
    opened o;
    ps_error err;
    check_ok(open_session(&o, config_of("prompt.template", "unused {question}", NULL), NULL, &err));
    check_prompt(&o, &raw, "Q: {question}\nA:");
    assert_string_equal(ps_problem_question(&raw), "Q: {question}\nA:");
    ps_problem_prompt made;
    assert_int_equal(ps_problem_prompt_make(o.session, &(ps_problem){0}, &made, &err), PS_ARG);
    check_contains(err.message, "the problem is empty");
    close_session(&o);
}

/* What a model is asked without a prompt.template of the user's: its own chat template, and Qwen2.5-Math's system
 * message unless another is set. */
static void a_question_goes_through_the_models_own_template(void **state) {
    (void)state;
    static const struct {
        const char *system, *expected;
    } cases[] = {
        {NULL, "<|im_start|>system\nPlease reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
               "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
        {"Be brief.", "<|im_start|>system\nBe brief.<|im_end|>\n"
                      "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
        {"", "<|im_start|>user\nWhat is 2+2?<|im_end|>\n<|im_start|>assistant\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        opened o = {.config = config_of("engine.type", "llama", "engine.llama.contexts", "1", "engine.llama.threads",
                                        "1", "engine.llama.flash_attn", "false", NULL)};
        ps_error err;
        if (cases[i].system != NULL) check_ok(ps_config_set(o.config, "prompt.system", cases[i].system, "test", &err));
        if (ps_models_open(o.config, NULL, &o.models, &err) != PS_OK) { /* a build without libllama */
            check_contains(err.message, "no libllama");
            ps_config_free(o.config);
            skip();
        }
        check_ok(ps_session_create(o.config, o.models, NULL, &o.session, &err));
        check_prompt(&o, &(ps_problem){.text = "What is 2+2?"}, cases[i].expected);
        close_session(&o);
    }
}

/* ---- What an engine cannot ----------------------------------------------- */

static unsigned engine_can;

static void info_of_less(const ps_engine *engine, ps_engine_info *info) {
    ps_engine_get_info(((const faulty_engine *)engine)->inner, info);
    info->can &= engine_can;
}

static ps_status session_without_logprobs(ps_config *config, ps_error *err) {
    opened o = {.config = config};
    faulty_engine less;
    check_ok(ps_models_open(config, NULL, &o.models, err));
    faulty_engine_init(&less, o.models->engine);
    less.ops.info = info_of_less;
    o.models->engine = &less.base;
    ps_status status = ps_session_create(config, o.models, NULL, &o.session, err);
    o.models->engine = less.inner;
    ps_engine_free(&less.base);
    close_session(&o);
    return status;
}

static void what_reads_logprobs_is_refused_by_name_where_there_are_none(void **state) {
    (void)state;
    static const struct {
        const char *keys[6];
        const char *named, *cure; /* NULL: not refused */
    } cases[] = {
        {{"method", "persistent"}, "scoring.type logprob_power", "set scoring.type to prm_reward"},
        {{"method", "best_of_n", "scoring.type", "logprob_avg"}, "scoring.type logprob_avg", "prm_reward"},
        {{"scoring.type", "hybrid_prm_logprob"}, "scoring.type hybrid_prm_logprob", "set scoring.type to prm_reward"},
        {{"scoring.type", "hybrid_prm_logprob", "scoring.params.alpha", "1"}, NULL, NULL},
        {{"scoring.type", "prm_reward", "method", "power_mcmc"}, "method power_mcmc", "choose another method"},
        {{"scoring.type", "prm_reward", "method", "weighted_majority", "weighted_majority.weights", "logprob"},
         "weighted_majority.weights logprob",
         "set weighted_majority.weights to prm"},
        {{"scoring.type", "prm_reward", "method", "persistent"}, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err = {0};
        ps_config *config = config_of("models.prm.enabled", "true", NULL);
        for (size_t k = 0; k < 6 && cases[i].keys[k] != NULL; k += 2)
            check_ok(ps_config_set(config, cases[i].keys[k], cases[i].keys[k + 1], "test", &err));
        engine_can = ~(unsigned)(PS_ENGINE_LOGP | PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY);
        ps_status status = session_without_logprobs(config, &err);
        assert_int_equal(status, cases[i].named != NULL ? PS_ARG : PS_OK);
        if (cases[i].named == NULL) continue;
        check_contains(err.message, cases[i].named);
        check_contains(err.message, "does not report");
        check_contains(err.message, cases[i].cure);
    }
}

/* Only power_mcmc reads the distribution drawn from; nothing reads the entropy. */
static void an_engine_with_log_p_alone_is_enough_but_for_power_mcmc(void **state) {
    (void)state;
    ps_error err;
    engine_can = ~(unsigned)(PS_ENGINE_LOGQ | PS_ENGINE_ENTROPY);
    check_ok(session_without_logprobs(config_of("evaluation.save_particles", "true", NULL), &err));
    assert_int_equal(session_without_logprobs(config_of("method", "power_mcmc", NULL), &err), PS_ARG);
    check_contains(err.message, "the distribution they were drawn from");
}

/* What pays for the reward model's readings, of a comparison that has one. */
static void who_goes_by_the_reward_model(void **state) {
    (void)state;
    static const struct {
        bool reads;
        const char *keys[5];
    } cases[] = {
        {false, {"method", "majority", NULL}},
        {false, {"method", "greedy", NULL}},
        {false, {"method", "power_mcmc", NULL}},
        {false, {"method", "best_of_n", "scoring.type", "logprob_avg", NULL}},
        {false, {"method", "weighted_majority", "weighted_majority.weights", "logprob", NULL}},
        {false, {"method", "persistent", "scoring.type", "logprob_avg", NULL}},
        {false, {"method", "particle_filter", "scoring.type", "logprob_avg", NULL}},
        {true, {"method", "best_of_n", NULL}},
        {true, {"method", "weighted_majority", NULL}},
        {true, {"method", "persistent", NULL}},
        {true, {"method", "particle_filter", NULL}},
        {true, {"method", "beam", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_error err;
        ps_models *models = NULL;
        ps_session *session = NULL;
        ps_config *config =
            config_of("models.prm.enabled", "true", "engine.toy.kind", "synthetic", "scoring.type", "prm_reward", NULL);
        for (size_t k = 0; cases[i].keys[k] != NULL; k += 2)
            check_ok(ps_config_set(config, cases[i].keys[k], cases[i].keys[k + 1], "test", &err));
        check_ok(ps_models_open(config, NULL, &models, &err));
        check_ok(ps_session_create(config, models, NULL, &session, &err));
        if (ps_session_reads_reward(session) != cases[i].reads) fail_msg("%s %zu", cases[i].keys[1], i);
        ps_session_release(session);
        ps_models_free(models);
        ps_config_free(config);
    }
}

/* Values of the score interval: Newcombe (1998), tables I and II, method 3, to their four decimals. */
static void wilsons_interval_is_that_of_newcombes_tables(void **state) {
    (void)state;
    static const struct {
        size_t k, n;
        double low, high;
    } known[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
    double low, high;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        ps_wilson(known[i].k, known[i].n, &low, &high);
        check_near(low, known[i].low, 6e-5);
        check_near(high, known[i].high, 6e-5);
        ps_wilson(known[i].n - known[i].k, known[i].n, &low, &high); /* and mirrored */
        check_near(low, 1 - known[i].high, 6e-5);
        check_near(high, 1 - known[i].low, 6e-5);
    }
    ps_wilson(0, 0, &low, &high);
    assert_true(low == 0 && high == 1);
    ps_wilson(5, 5, &low, &high);
    assert_true(high == 1);
}

/* ---- Models -------------------------------------------------------------- */

static void models_that_cannot_be_opened_are_named(void **state) {
    (void)state;
    static const struct {
        const char *key, *value;
        ps_status status;
        const char *word;
    } cases[] = {
        {"engine.toy.table", "/nowhere/table.json", PS_IO, "/nowhere/table.json"},
        {"engine.toy.table", "bad.json", PS_FORMAT, "bad.json:1:"},
        {"models.generator.model_path", "/nowhere/model.gguf", PS_IO, "/nowhere/model.gguf"},
        {"models.generator.model_path", "Some/Model-1B", PS_IO, "Some/Model-1B"},
        {"engine.openai.base_url", "http://127.0.0.1:1/v1", PS_HTTP, "http://127.0.0.1:1"},
        {"engine.openai.base_url", "http://me:secret@127.0.0.1:1/v1", PS_ARG, "password"},
        {"engine.openai.api_key_file", "/nowhere/key", PS_IO, "engine.openai.api_key_file: /nowhere/key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_models *models = NULL;
        ps_error err;
        bool toy = strstr(cases[i].key, "toy") != NULL, bad = strcmp(cases[i].value, "bad.json") == 0;
        const char *value = bad ? write_text("bad.json", "{\"tokens\": 3}") : cases[i].value;
        ps_config *c = config_of(cases[i].key, value, NULL);
        const char *engine = strstr(cases[i].key, "openai") != NULL ? "openai" : "llama";
        if (!toy) check_ok(ps_config_set(c, "engine.type", engine, "test", &err));
        ps_status status = ps_models_open(c, NULL, &models, &err);
        if (status == PS_ENGINE && strstr(err.message, "no libllama") != NULL)
            status = cases[i].status; /* such a build */
        else
            check_contains(err.message, cases[i].word);
        assert_int_equal(status, cases[i].status);
        assert_null(models);
        ps_config_free(c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_that_thinks_is_told_of_where_there_is_little_room),
        cmocka_unit_test(an_arm_is_a_method_or_a_single_sample),
        cmocka_unit_test(want_of_memory_is_not_taken_for_no_thinking),
        cmocka_unit_test(depths_are_compared_where_the_score_reads_a_reward),
        cmocka_unit_test(classic_selects_and_answers_by_the_best_particle),
        cmocka_unit_test(no_advice_for_other_answers_is_what_is_set_already),
        cmocka_unit_test(a_stop_string_that_marks_a_step_does_not_end_the_answer),
        cmocka_unit_test(a_template_is_filled_in_once_and_other_braces_stay),
        cmocka_unit_test(a_conversation_keeps_its_own_system_message),
        cmocka_unit_test(a_raw_prompt_is_taken_as_it_stands),
        cmocka_unit_test(a_question_goes_through_the_models_own_template),
        cmocka_unit_test(what_reads_logprobs_is_refused_by_name_where_there_are_none),
        cmocka_unit_test(an_engine_with_log_p_alone_is_enough_but_for_power_mcmc),
        cmocka_unit_test(who_goes_by_the_reward_model),
        cmocka_unit_test(wilsons_interval_is_that_of_newcombes_tables),
        cmocka_unit_test(models_that_cannot_be_opened_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
