/* From a configuration to what every problem of a run shares. */
#include "run/session.h"
#include "run/prompt.h"
#include "run/thinking.h"

#include <limits.h>
#include <string.h>

static ps_boundary boundary_of(const ps_config *c) {
    const char *name = c->generation_step_boundary;
    if (ps_config_is(name, "paragraph")) return PS_BOUNDARY_PARAGRAPH;
    if (ps_config_is(name, "sentence")) return PS_BOUNDARY_SENTENCE;
    if (ps_config_is(name, "fixed")) return PS_BOUNDARY_FIXED;
    return ps_config_is(name, "literals") ? PS_BOUNDARY_LITERALS : PS_BOUNDARY_NEWLINE;
}

/* A stop string that marks a step is not the end of the answer: it is left to the boundary. */
static bool marks_a_step(const ps_config *c, const char *stop) {
    switch (boundary_of(c)) {
    case PS_BOUNDARY_NEWLINE:
    case PS_BOUNDARY_SENTENCE: return strcmp(stop, "\n") == 0 || strcmp(stop, "\n\n") == 0; /* a newline ends both */
    case PS_BOUNDARY_PARAGRAPH: return strcmp(stop, "\n\n") == 0;
    case PS_BOUNDARY_LITERALS:
        for (size_t i = 0; i < c->generation_step_literals.n; i++)
            if (strcmp(stop, c->generation_step_literals.items[i]) == 0) return true;
        return false;
    default: return false;
    }
}

/* 0, which leaves the choice to who reads it, for the word `auto`. */
static size_t size_of(ps_config_OPTINT value) {
    return value == PS_CONFIG_AUTO ? 0 : (size_t)value;
}

/* ---- Copies: the configuration may go, the session stays ----------------- */

/* NULL stays NULL. */
static ps_status copy_text(ps_session *s, const char *text, const char **copy, ps_error *err) {
    *copy = text != NULL ? ps_arena_strndup(s->arena, text, strlen(text)) : NULL;
    return text == NULL || *copy != NULL ? PS_OK : ps_nomem(err);
}

static ps_status copy_list(ps_session *s, const ps_config_list *list, const char ***copy, ps_error *err) {
    *copy = ps_arena_calloc(s->arena, list->n, sizeof **copy);
    ps_status status = *copy != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < list->n && status == PS_OK; i++)
        status = copy_text(s, list->items[i], &(*copy)[i], err);
    return status;
}

static ps_status set_generation(ps_session *s, ps_error *err) {
    const ps_config *c = s->config;
    const char **stops = NULL, **literals = NULL;
    ps_status status = copy_list(s, &c->generation_stop_tokens, &stops, err);
    if (status == PS_OK) status = copy_list(s, &c->generation_step_literals, &literals, err);
    if (status != PS_OK) return status;
    size_t n_stops = 0;
    for (size_t i = 0; i < c->generation_stop_tokens.n; i++)
        if (!marks_a_step(c, c->generation_stop_tokens.items[i])) stops[n_stops++] = stops[i];
    s->generation = (ps_generation){
        .temperature = s->method->greedy ? 0 : c->generation_temperature,
        .top_p = c->generation_top_p,
        .top_k = (int)c->generation_top_k,
        .boundary = boundary_of(c),
        .fixed_tokens = (int)c->generation_fixed_step_tokens,
        .literals = literals,
        .n_literals = c->generation_step_literals.n,
        .stops = stops,
        .n_stops = n_stops,
        .min_tokens = (int)c->generation_min_tokens_per_step,
        .max_tokens = (int)c->generation_max_tokens_per_step,
        .max_answer_tokens = (int)size_of(c->generation_max_answer_tokens),
    };
    return PS_OK;
}

static void set_score(ps_session *s) {
    const ps_config *c = s->config;
    const char *transform = c->scoring_prm_transform;
    ps_score_defaults(&s->score_params);
    ps_score_params *p = &s->score_params;
#define X(member, field, initial) p->member = c->field;
    PS_SCORE_PARAM_LIST(X)
#undef X
    p->transform = ps_config_is(transform, "log")     ? PS_REWARD_LOG
                   : ps_config_is(transform, "logit") ? PS_REWARD_LOGIT
                                                      : PS_REWARD_RAW;
}

static ps_temperature temperature_of(const ps_config *c) {
    const char *mode = c->ps_temperature_schedule_mode;
    return (ps_temperature){
        .mode = ps_config_is(mode, "fixed_linear")   ? PS_FIXED_LINEAR
                : ps_config_is(mode, "fixed_cosine") ? PS_FIXED_COSINE
                                                     : PS_ADAPTIVE_ESS,
        .beta_min = c->ps_temperature_schedule_beta_min,
        .beta_max = c->ps_temperature_schedule_beta_max,
        .target_ess = c->ps_temperature_schedule_target_ess,
        .tolerance = c->ps_temperature_schedule_bisection_tol,
        .max_iterations = (int)c->ps_temperature_schedule_bisection_max_iter,
        .monotone = c->ps_temperature_schedule_monotone,
    };
}

static ps_policy policy_of(const char *name) {
    return ps_config_is(name, "always")  ? PS_POLICY_ALWAYS
           : ps_config_is(name, "never") ? PS_POLICY_NEVER
                                         : PS_POLICY_ESS;
}

/* How strongly depths are compared where `auto` leaves it to us: docs/findings.md has the comparison. */
enum { TILT = 0, RETREAT = 8 };

/* What compares depths by the reward: off where the score reads none, unless somebody asked for it. */
static double by_reward(const ps_config *c, ps_config_OPTREAL value, double number) {
    if (value != PS_CONFIG_AUTO) return value;
    return ps_score_find(c->scoring_type)->needs_reward ? number : 0;
}

/* Without the pool only the newest snapshot of each line can be selected: lineage weights that never look back. */
static ps_pool_params pool_of(const ps_config *c) {
    bool pool = c->ps_snapshot_pool_enabled;
    return (ps_pool_params){
        .weighting = ps_config_is(c->ps_weights, "lineage") || !pool ? PS_LINEAGE : PS_BALANCE,
        .depth_decay = pool ? c->ps_depth_decay : 0,
        .depth_tilt = by_reward(c, c->ps_depth_tilt, TILT),
        .depth_retreat = by_reward(c, c->ps_depth_retreat, RETREAT),
        .max_size = (size_t)c->ps_snapshot_pool_max_size,
        .prune =
            ps_config_is(c->ps_snapshot_pool_prune_strategy, "lowest_score") ? PS_PRUNE_LOWEST_SCORE : PS_PRUNE_OLDEST,
    };
}

static ps_vote vote_of(const char *name) {
    return ps_config_is(name, "prm")          ? PS_VOTE_REWARD
           : ps_config_is(name, "logprob")    ? PS_VOTE_LOGPROB
           : ps_config_is(name, "confidence") ? PS_VOTE_CONFIDENCE
                                              : PS_VOTE_SCORE;
}

static ps_persistent_params persistent_of(const ps_config *c) {
    bool constant = ps_config_is(c->ps_resample_alpha_schedule, "constant");
    return (ps_persistent_params){
        .pool = pool_of(c),
        .temperature = temperature_of(c),
        .subpools = (size_t)c->ps_resample_subpools,
        .distinct_lineage = c->ps_resample_topN_distinct_lineage,
        .policy = policy_of(c->ps_resample_policy),
        .ess_over = ps_config_is(c->ps_resample_ess_over, "pool") ? PS_ESS_OVER_POOL : PS_ESS_OVER_PARTICLES,
        .alpha_start = c->ps_resample_alpha_start,
        .alpha_end = constant ? c->ps_resample_alpha_start : c->ps_resample_alpha_end,
        .refill = c->ps_refill,
        .completions = ps_config_is(c->ps_mode, "completions"),
    };
}

/* What events tell of the tokens besides log p and log q. */
static unsigned gives_of(unsigned can) {
    return (can & PS_ENGINE_ENTROPY ? PS_READS_ENTROPY : 0u) | (can & PS_ENGINE_CERTAINTY ? PS_READS_CERTAINTY : 0u) |
           (can & PS_ENGINE_CONFIDENCE ? PS_READS_CONFIDENCE : 0u);
}

/* What the score reads of the tokens, the engine is asked for; and the ramp of the score power is the proposal's. */
static ps_status ask_for(ps_session *s, ps_error *err) {
    const ps_config *c = s->config;
    const unsigned reads = s->params.score->reads;
    s->generation.hidden = s->prm != NULL && ps_prm_reads_hidden(s->prm);
    const bool ramp = ps_config_is(c->scoring_type, "power") && c->scoring_params_power_ramp > 0;
    ps_engine_info engine;
    ps_engine_get_info(s->engine, &engine);
    s->generation.certainty = (reads & PS_READS_CERTAINTY) != 0;
    s->generation.confidence = (reads & PS_READS_CONFIDENCE) != 0;
    s->confidence_window = s->generation.confidence ? (size_t)c->scoring_params_deepconf_window : 0;
    s->generation.ramp_tokens = ramp ? (int)c->scoring_params_power_ramp : 0;
    if (!ramp || (engine.can & PS_ENGINE_RAMP) != 0) return PS_OK;
    return ps_fail(
        err, PS_ARG,
        "scoring.params.power_ramp is %lld, but this engine draws a whole step at one temperature: set it to "
        "0, or use another engine",
        (long long)c->scoring_params_power_ramp);
}

static void set_params(ps_session *s) {
    const ps_config *c = s->config;
    ps_engine_info engine;
    ps_engine_get_info(s->engine, &engine);
    s->params = (ps_method_params){
        .seed = (uint64_t)c->system_seed,
        .n_particles = (size_t)c->generation_n_particles,
        .max_steps = (size_t)c->generation_max_steps,
        .max_answer_tokens =
            s->generation.max_answer_tokens > 0 ? (size_t)s->generation.max_answer_tokens : engine.context,
        .score = ps_score_find(c->scoring_type),
        .prior = ps_length_prior_find(c->scoring_length_prior_type),
        .score_params = &s->score_params,
        .has_reward = s->prm != NULL,
        .reward_shrinks = ps_config_is(c->scoring_prm_aggregate, "prod"),
        .has_logp = (engine.can & PS_ENGINE_LOGP) != 0,
        .has_logq = (engine.can & (PS_ENGINE_LOGQ | PS_ENGINE_LOGQ_BOUNDED)) != 0,
        .gives = gives_of(engine.can),
        .keep_weights = c->logging_log_weights,
        .budget = {.max_tokens = (size_t)c->ps_budget_max_tokens,
                   .max_iterations = (size_t)c->ps_budget_max_iterations,
                   .n_finished = (size_t)c->ps_budget_n_finished,
                   .pace = c->ps_budget_pace},
        .resampler = ps_resampler_find(c->ps_resample_method),
        .n_moves = c->ps_move_enabled ? (size_t)c->ps_move_n_moves : 0,
        .persistent = persistent_of(c),
        .completions = {.n_moves = (size_t)c->ps_move_n_moves, .stop_ess = c->ps_stop_ess},
        .filter = {.logit = ps_config_is(c->particle_filter_weights, "logit"),
                   .temperature = c->particle_filter_temperature,
                   .policy = policy_of(c->particle_filter_policy),
                   .threshold = c->particle_filter_threshold,
                   .sweeps = (size_t)c->particle_gibbs_sweeps},
        .independent = {.vote = vote_of(c->weighted_majority_weights)},
        .beam = {.width = size_of(c->beam_width),
                 .expansion = (size_t)c->beam_expansion,
                 .subtrees = size_of(c->dvts_subtrees)},
        .power = {.alpha = c->power_mcmc_alpha,
                  .chains = size_of(c->power_mcmc_chains),
                  .sweeps = (size_t)c->power_mcmc_sweeps},
    };
}

/* Parameters that the method refuses are refused here, before the first problem, and not once for each of them. */
static ps_status try_method(const ps_session *s, ps_error *err) {
    ps_method *method = NULL;
    ps_status status = ps_method_create(s->method, &s->params, &method, err);
    ps_method_free(method);
    return status;
}

static ps_status set_verify(ps_session *s, ps_error *err) {
    const ps_config *c = s->config;
    const char *mode = c->evaluation_verifier, *extract = c->evaluation_extract_answer;
    s->verify = (ps_verify_options){
        .mode = ps_config_is(mode, "math_verify")   ? PS_VERIFY_MATH_VERIFY
                : ps_config_is(mode, "exact_match") ? PS_VERIFY_EXACT
                : ps_config_is(mode, "contains")    ? PS_VERIFY_CONTAINS
                : ps_config_is(mode, "choice")      ? PS_VERIFY_CHOICE
                                                    : PS_VERIFY_STRICT,
        .extract = ps_config_is(extract, "last_number") ? PS_EXTRACT_LAST_NUMBER
                   : ps_config_is(extract, "regex")     ? PS_EXTRACT_REGEX
                                                        : PS_EXTRACT_BOXED,
    };
    return copy_text(s, c->evaluation_answer_regex, &s->verify.regex, err);
}

/* Steps of the thinking are many, and nobody knows how many: max_steps is of those that follow it. The task counts
 * them; to the method there is no limit, and what leads over max_steps leads over as many steps from the beginning. */
static void leave_room_for_thinking(ps_session *s) {
    s->params.schedule_steps = s->params.max_steps;
    if (s->thinks) s->params.max_steps = 0;
}

/* auto: a score that reads the PRM has r for every answer, and r says more of an answer than its weight does. */
static ps_select select_of(const char *name, bool scored_by_prm) {
    if (ps_config_is(name, "auto")) return scored_by_prm ? PS_SELECT_PRM_WEIGHTED : PS_SELECT_WEIGHTED;
    return ps_config_is(name, "majority")       ? PS_SELECT_MAJORITY
           : ps_config_is(name, "weighted")     ? PS_SELECT_WEIGHTED
           : ps_config_is(name, "prm_weighted") ? PS_SELECT_PRM_WEIGHTED
           : ps_config_is(name, "draw")         ? PS_SELECT_DRAW
                                                : PS_SELECT_BEST;
}

/* auto: that an answer is the likeliest of those found says little of how likely it is to be right; how often the model
 * would say it by itself says more (docs/compare.md). A vote is such a share already, and a reward model's posterior is
 * about being right. */
static bool confident_by_draws(const ps_config *c, const ps_session *s) {
    const bool votes = s->method->independent && s->select != PS_SELECT_BEST;
    if (ps_config_is(c->answer_confidence, "auto"))
        return !votes && !s->method->greedy && !s->params.score->needs_reward;
    return ps_config_is(c->answer_confidence, "draws");
}

/* An engine that answers chats by whole answers: a step is then an answer, and nothing goes on from a part of one. */
static ps_status take_whole_answers(ps_session *s, ps_error *err) {
    ps_engine_info engine;
    ps_engine_get_info(s->engine, &engine);
    if ((engine.can & PS_ENGINE_CHATS_WHOLE) == 0 || s->template != NULL) return PS_OK;
    if (!s->method->whole)
        return ps_fail(err, PS_ARG,
                       "method %s goes on from parts of an answer, which the chat endpoint of %s cannot: set "
                       "prompt.template, for which its /v1/completions is asked, or method to majority, best_of_n or "
                       "greedy",
                       s->method->name, engine.description);
    s->generation.boundary = PS_BOUNDARY_LITERALS;
    s->generation.n_literals = 0;
    s->generation.min_tokens = 1;
    s->generation.max_tokens = INT_MAX;
    return PS_OK;
}

/* "sample" is one plain draw from the model itself: the measure of what the model does alone. A budget of the search
 * would have it draw on and on. */
static void make_single_sample(ps_session *s) {
    s->generation.temperature = 1;
    s->generation.top_p = 1;
    s->generation.top_k = 0;
    s->generation.ramp_tokens = 0;
    s->params.n_particles = 1;
    s->params.budget = (ps_budget){0};
}

/* ---- Life ---------------------------------------------------------------- */

static ps_status unknown_method(const char *name, ps_error *err) {
    size_t n;
    ps_text known = {0};
    const ps_method_ops *const *methods = ps_methods(&n);
    for (size_t i = 0; i < n; i++)
        ps_text_printf(&known, "%s%s", i > 0 ? ", " : "", methods[i]->name);
    ps_status status = ps_fail(err, PS_ARG, "method %s is not in this build; it has %s", name, ps_text_cstr(&known));
    ps_text_clear(&known);
    return status;
}

static ps_status set_all(ps_session *s, ps_models *models, const char *arm, ps_error *err) {
    const ps_config *c = s->config;
    bool sample = arm != NULL && strcmp(arm, "sample") == 0;
    const char *name = arm == NULL ? c->method : sample ? "best_of_n" : arm;
    s->method = ps_method_find(name);
    if (s->method == NULL) return unknown_method(name, err);
    ps_status status = copy_text(s, arm != NULL ? arm : c->method, &s->name, err);
    if (status == PS_OK) status = copy_text(s, c->prompt_system, &s->system, err);
    if (status == PS_OK) status = copy_text(s, c->prompt_template, &s->template, err);
    if (status == PS_OK) status = set_generation(s, err);
    if (status == PS_OK) status = set_verify(s, err);
    if (status != PS_OK) return status;
    set_score(s);
    set_params(s);
    status = ask_for(s, err);
    if (status == PS_OK) status = take_whole_answers(s, err);
    if (status != PS_OK) return status;
    s->select =
        select_of(s->method->select != NULL ? s->method->select : c->answer_select, s->params.score->needs_reward);
    s->stop_at_boxed = c->answer_stop_at_boxed;
    status = ps_models_begin_thinking(models, s->template, &s->thinks, err);
    if (status != PS_OK) return status;
    s->max_steps = s->params.max_steps;
    leave_room_for_thinking(s);
    s->keep_particles = c->evaluation_save_particles;
    s->max_seconds = c->ps_budget_max_seconds;
    s->by_draws = confident_by_draws(c, s);
    s->confidence_prior = c->answer_confidence_prior;
    s->confidence_temperature = c->answer_confidence_temperature;
    s->sure = s->method->greedy ? 0 : c->answer_sure;
    s->sure_answers = (size_t)c->answer_sure_answers;
    if (sample) make_single_sample(s);
    s->keep_logprobs = s->keep_particles && c->generation_include_logprobs && s->params.has_logp && s->params.has_logq;
    s->generation.logq = s->params.has_logq &&
                         (s->keep_logprobs || s->method->reads_logq || (s->params.score->reads & PS_READS_LOGQ) != 0);
    if (s->select == PS_SELECT_PRM_WEIGHTED && s->prm == NULL)
        return ps_fail(err, PS_ARG, "answer.select prm_weighted needs a process reward model: set models.prm.enabled");
    return try_method(s, err);
}

ps_status ps_session_create(const ps_config *config, ps_models *models, const char *arm, ps_session **session,
                            ps_error *err) {
    ps_session *s = ps_calloc(1, sizeof *s);
    if (s == NULL) return ps_nomem(err);
    atomic_init(&s->references, 1);
    s->config = config;
    s->engine = ps_models_engine(models);
    s->prm = ps_models_prm(models);
    s->shipped = models->shipped;
    s->arena = ps_arena_create();
    ps_status status = s->arena != NULL ? set_all(s, models, arm, err) : ps_nomem(err);
    s->config = NULL;
    if (status == PS_OK)
        *session = s;
    else
        ps_session_release(s);
    return status;
}

void ps_session_tell(ps_session *s, unsigned reads) {
    ps_generation *g = &s->generation;
    reads &= s->params.gives | (s->params.has_logq ? (unsigned)PS_READS_LOGQ : 0u);
    g->logq = g->logq || (reads & PS_READS_LOGQ) != 0;
    g->certainty = g->certainty || (reads & PS_READS_CERTAINTY) != 0;
    g->confidence = g->confidence || (reads & PS_READS_CONFIDENCE) != 0;
}

/* By its score, its votes, its weights, or the depth it goes back to. */
bool ps_session_reads_reward(const ps_session *s) {
    const ps_method_params *p = &s->params;
    const char *name = s->method->name;
    bool reads = p->score->needs_reward && !s->method->unscored && !ps_config_is(name, "power_mcmc");
    if (ps_config_is(name, "weighted_majority"))
        reads = p->independent.vote == PS_VOTE_REWARD || (reads && p->independent.vote != PS_VOTE_LOGPROB);
    if (ps_config_is(name, "particle_filter") || ps_config_is(name, "particle_gibbs")) reads |= p->filter.logit;
    if (ps_config_is(name, "persistent"))
        reads |= p->persistent.pool.depth_tilt > 0 || p->persistent.pool.depth_retreat > 0;
    return s->prm != NULL && (reads || s->select == PS_SELECT_PRM_WEIGHTED);
}

ps_status ps_session_root(const ps_session *session, const ps_problem *problem, ps_node *node, ps_error *err) {
    ps_problem_prompt made = {0};
    ps_status status = ps_problem_prompt_make(session, problem, &made, err);
    if (status == PS_OK) status = ps_engine_prompt(session->engine, &made.prompt, node, err);
    ps_problem_prompt_clear(&made);
    return status;
}

ps_status ps_session_judge(const ps_session *session, const char *gold, const char *answer, bool *right,
                           ps_error *err) {
    ps_verify_result verdict = {0};
    ps_status status = ps_verify(gold, answer, &session->verify, &verdict, err);
    if (status != PS_OK) return status;
    *right = verdict.verdict == PS_SAME;
    ps_verify_result_clear(&verdict);
    return PS_OK;
}

void ps_session_retain(ps_session *session) {
    atomic_fetch_add(&session->references, 1);
}

void ps_session_release(ps_session *session) {
    if (session == NULL || atomic_fetch_sub(&session->references, 1) > 1) return;
    ps_arena_free(session->arena);
    ps_free(session);
}

const char *ps_session_name(const ps_session *session) {
    return session->name;
}

const char *ps_session_spread(const ps_session *session) {
    return session->method->spread != NULL ? session->method->spread(&session->params) : NULL;
}

ps_select ps_session_select(const ps_session *session) {
    return session->select;
}

size_t ps_session_in_flight(const ps_session *s) {
    return ps_engine_in_flight(s->engine, ps_method_lines(s->method, &s->params));
}
