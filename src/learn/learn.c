/* Folders in, a head out. */
#include "base/json.h"
#include "learn/states.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- From questions to states -------------------------------------------- */

/* What ps_learn_fit takes, made of what was read. */
typedef struct gathered {
    ps_learn_states states;
    ps_learn_answer *answers;
    uint32_t *rows;     /* of all answers */
    uint32_t *steps;    /* likewise, which step each is of */
    const char **texts; /* [n questions] */
} gathered;

static void clear_gathered(gathered *g) {
    ps_free(g->answers);
    ps_free(g->rows);
    ps_free(g->steps);
    ps_free(g->texts);
}

static size_t depth_of(const ps_question *q, uint32_t step) {
    return (size_t)q->steps[step].depth + 1;
}

/* The rows of an answer's steps in order, and which steps these are; how many have one. */
static size_t rows_of(const ps_question *q, const ps_states *states, size_t from, uint32_t last, uint32_t *rows,
                      uint32_t *steps) {
    size_t n = 0, k;
    for (uint32_t at = last; at != PS_NO_STEP; at = q->steps[at].parent)
        n += states->there[from + at];
    k = n;
    for (uint32_t at = last; at != PS_NO_STEP; at = q->steps[at].parent) {
        if (!states->there[from + at]) continue;
        rows[--k] = (uint32_t)(from + at);
        steps[k] = q->steps[at].depth;
    }
    return n;
}

/* The answers of question i; their rows go behind those that are there. */
static size_t gather_question(const ps_samples *samples, const ps_states *states, size_t i, size_t n_rows,
                              gathered *g) {
    const ps_question *q = &samples->questions[i];
    for (size_t a = 0; a < q->n_samples; a++) {
        const ps_sample *s = &q->samples[a];
        uint32_t *rows = g->rows + n_rows, *steps = g->steps + n_rows;
        const size_t n = rows_of(q, states, states->from[i], s->last, rows, steps);
        if (n == 0) continue;
        g->answers[g->states.n_answers++] = (ps_learn_answer){
            .problem = i, .right = s->right, .weight = s->weight, .rows = rows, .n_rows = n, .steps = steps};
        n_rows += n;
    }
    g->texts[i] = q->text;
    return n_rows;
}

static ps_status gather(const ps_samples *samples, const ps_states *states, gathered *g, ps_error *err) {
    size_t n_answers = 0, n_rows = 0;
    for (size_t i = 0; i < samples->n; i++)
        for (size_t a = 0; a < samples->questions[i].n_samples; a++, n_answers++)
            n_rows += depth_of(&samples->questions[i], samples->questions[i].samples[a].last);
    g->answers = ps_calloc(n_answers, sizeof *g->answers);
    g->rows = ps_calloc(n_rows, sizeof *g->rows);
    g->steps = ps_calloc(n_rows, sizeof *g->steps);
    g->texts = ps_calloc(samples->n, sizeof *g->texts);
    if (g->answers == NULL || g->rows == NULL || g->steps == NULL || g->texts == NULL) return ps_nomem(err);
    g->states = (ps_learn_states){.n = states->n,
                                  .width = states->width,
                                  .states = states->values,
                                  .answers = g->answers,
                                  .n_problems = samples->n,
                                  .texts = g->texts};
    n_rows = 0;
    for (size_t i = 0; i < samples->n; i++)
        n_rows = gather_question(samples, states, i, n_rows, g);
    return g->states.n_answers > 0 ? PS_OK
                                   : ps_fail(err, PS_ARG, "there is no finished answer in these folders to learn from");
}

/* ---- All of it ----------------------------------------------------------- */

static ps_status write_head(const ps_config *c, const ps_models *models, const ps_learned *learned, const char *path,
                            ps_error *err) {
    ps_text steps = {0};
    ps_engine_info info;
    ps_engine_get_info(ps_models_engine(models), &info);
    ps_steps_words(c, &steps);
    if (!ps_text_ok(&steps)) {
        ps_text_clear(&steps);
        return ps_nomem(err);
    }
    const ps_head_origin origin = {.model = (char *)info.identity, /* read only */
                                   .steps = steps.data,
                                   .system = (char *)c->prompt_system,
                                   .prompt = (char *)(c->prompt_template != NULL ? c->prompt_template : ""),
                                   .temperature = c->generation_temperature,
                                   .top_p = c->generation_top_p,
                                   .top_k = (double)c->generation_top_k};
    ps_status status = ps_head_write(path, learned->layers, learned->n_layers, &origin, err);
    ps_text_clear(&steps);
    return status;
}

/* Answers that many are left out say less of the others. */
static void tell_of_what_is_missing(const ps_samples *samples, const ps_states *states, const ps_log *log) {
    if (samples->unfinished > 0)
        ps_log_printf(log, PS_LOG_WARNING,
                      "%zu answers did not finish and are left out; where they are many, give answers more room "
                      "(generation.max_answer_tokens, models.generator.max_model_len)",
                      samples->unfinished);
    if (states->skipped > 0)
        ps_log_printf(log, PS_LOG_WARNING,
                      "%zu questions and their answers could not be read by the model and are left "
                      "out: they exceed models.generator.max_model_len",
                      states->skipped);
}

/* The same folder by two names, too. What cannot be looked at is refused when it is read. */
static ps_status check_folders(const ps_learn_options *o, ps_error *err) {
    struct stat a, b;
    for (size_t i = 0; i < o->n_folders; i++)
        for (size_t k = 0; k < i; k++)
            if (stat(o->folders[i], &a) == 0 && stat(o->folders[k], &b) == 0 && a.st_dev == b.st_dev &&
                a.st_ino == b.st_ino)
                return ps_fail(err, PS_ARG, "%s and %s are one folder, whose answers would count twice: name it once",
                               o->folders[k], o->folders[i]);
    return PS_OK;
}

static ps_status learn(const ps_config *c, const ps_learn_options *o, const ps_learn_observer *observer,
                       ps_models *models, ps_session *session, const char *states_path, ps_learn_report *report,
                       ps_error *err) {
    static const ps_learn_observer nobody = {0};
    const ps_learn_observer *who = observer != NULL ? observer : &nobody;
    ps_engine_info info;
    ps_engine_get_info(ps_models_engine(models), &info);
    ps_samples samples = {.session = session, .model = info.identity, .config = c};
    ps_states states = {0};
    gathered g = {0};
    ps_learned learned = {0};
    ps_status status = check_folders(o, err);
    for (size_t i = 0; i < o->n_folders && status == PS_OK; i++)
        status = ps_samples_read(&samples, o->folders[i], err);
    const double started = ps_now();
    if (status == PS_OK) status = ps_states_compute(&samples, models, states_path, who, &states, err);
    const double passed = ps_now() - started;
    if (status == PS_OK) {
        tell_of_what_is_missing(&samples, &states, &who->log);
        status = gather(&samples, &states, &g, err);
    }
    if (status == PS_OK && who->progress != NULL) who->progress(who->user, "fitting", 0, 1);
    if (status == PS_OK)
        status = ps_learn_fit(&g.states, (uint64_t)c->system_seed, who->cancelled, who->user, &learned, err);
    if (status == PS_OK) {
        *report = learned.report;
        report->pass_seconds = passed;
        report->passed = states.passed;
        report->unfinished = samples.unfinished;
        status = ps_learn_judge(report, err);
    }
    if (status == PS_OK) status = write_head(c, models, &learned, o->output, err);
    ps_learned_clear(&learned);
    clear_gathered(&g);
    ps_states_clear(&states);
    ps_samples_clear(&samples);
    return status;
}

ps_status ps_learn(const ps_config *config, const ps_learn_options *options, const ps_learn_observer *observer,
                   ps_learn_report *report, ps_error *err) {
    ps_models *models = NULL;
    ps_session *session = NULL;
    ps_text path = {0};
    const char *states = options->states;
    if (states == NULL) {
        ps_text_printf(&path, "%s.states", options->output);
        if (!ps_text_ok(&path)) return ps_nomem(err);
        states = ps_text_cstr(&path);
    }
    ps_status status = ps_models_open_states(config, observer != NULL ? &observer->log : NULL, &models, err);
    if (status == PS_OK) status = ps_session_create(config, models, "majority", &session, err);
    if (status == PS_OK) status = learn(config, options, observer, models, session, states, report, err);
    if (status == PS_OK && options->states == NULL) (void)unlink(states);
    ps_session_release(session);
    ps_models_free(models);
    ps_text_clear(&path);
    return status;
}

/* ---- The report ---------------------------------------------------------- */

static json_t *rows(const ps_learn_row *row, size_t n, bool steps) {
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *one = json_pack("{s:I,s:o,s:o}", "states", (json_int_t)row[i].n, "predicted",
                                ps_json_number(row[i].predicted), "right", ps_json_number(row[i].right));
        if (steps) json_object_set_new(one, "step", json_integer((json_int_t)i + 1));
        if (steps) json_object_set_new(one, "auc_within", ps_json_number(row[i].auc));
        json_array_append_new(array, one);
    }
    return array;
}

ps_status ps_learn_json(const ps_learn_report *r, ps_text *text, ps_error *err) {
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"right", r->base},
                   {"auc", r->auc},
                   {"auc_within", r->auc_within},
                   {"brier", r->brier},
                   {"brier_of_mean", r->brier_base},
                   {"log_loss", r->log_loss},
                   {"l2", r->l2},
                   {"calibration_slope", r->slope},
                   {"pass_seconds", r->pass_seconds},
                   {"fit_seconds", r->fit_seconds}};
    json_t *root = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "problems", (json_int_t)r->problems, "answers",
                             (json_int_t)r->answers, "states", (json_int_t)r->states, "unfinished",
                             (json_int_t)r->unfinished, "mixed_problems", (json_int_t)r->mixed, "hidden_units",
                             (json_int_t)r->hidden, "tokens_passed", (json_int_t)r->passed);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(root, numbers[i].key, ps_json_number(numbers[i].value));
    json_object_set_new(root, "auc_within_interval_95",
                        json_pack("[o,o]", ps_json_number(r->auc_low), ps_json_number(r->auc_high)));
    json_object_set_new(root, "steps", rows(r->steps, PS_LEARN_STEPS, true));
    json_object_set_new(root, "reliability", rows(r->bins, PS_LEARN_BINS, false));
    return ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(8), text, err);
}
