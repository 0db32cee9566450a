/* A comparison: methods × budgets × seeds over the same problems, each run an arm with a file of its own. */
#include "study/compare.h"
#include "base/json.h"
#include "study/paths.h"
#include "study/same.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct comparison {
    const ps_config *config;
    const ps_compare_options *options;
    ps_models *models;
    const ps_eval_observer *observer;
    ps_compare_plan *plan;
    ps_record_models identity;
    ps_store *store;
    const char **folders; /* [n_checked] the output folder, those of --from, that of evaluation.resume_from */
    size_t n_folders;     /* of these, whose finished problems count where they lie: all but the last kind */
    size_t n_checked;
    ps_chosen chosen;
    double answer_tokens;
    bool length_given;    /* answer_tokens, by an option */
    ps_findings findings; /* of what is looked at before anything is run */
} comparison;

/* ---- Small files of the folder ------------------------------------------- */

static ps_status path_of(const ps_store *store, const char *name, ps_text *path, ps_error *err) {
    ps_text_printf(path, "%s/%s", ps_store_folder(store), name);
    return ps_text_ok(path) ? PS_OK : ps_nomem(err);
}

/* A number out of a JSON file of ours; 0 when it is not there. */
static double read_number(const char *path, const char *key) {
    char *text = NULL;
    size_t length = 0;
    json_t *root =
        ps_read_file(path, (size_t)1 << 20, &text, &length, NULL) == PS_OK ? json_loadb(text, length, 0, NULL) : NULL;
    const json_t *value = json_object_get(root, key);
    double x = json_is_number(value) ? json_number_value(value) : 0;
    json_decref(root);
    ps_free(text);
    return x;
}

/* The output folder, those of --from, and that of evaluation.resume_from. */
static ps_status list_folders(comparison *c, ps_error *err) {
    const ps_compare_options *o = c->options;
    const char *resume = ps_store_resume(c->store);
    c->folders = ps_calloc(2 + o->n_from, sizeof *c->folders);
    if (c->folders == NULL) return ps_nomem(err);
    c->folders[c->n_folders++] = ps_store_folder(c->store);
    for (size_t i = 0; i < o->n_from; i++)
        c->folders[c->n_folders++] = o->from[i];
    c->n_checked = c->n_folders;
    if (resume != NULL) c->folders[c->n_checked++] = resume;
    return PS_OK;
}

/* Run an arm whose lines may lie in many files named BASE…: what is finished in any of them is not run again; what is
 * new goes into this shard's, and so does what is finished in the folder of evaluation.resume_from. Lines of the files
 * DRAWN… have samples that it reads; NULL: none have. Without `out` the files are only looked at. */
static ps_status run_arm(comparison *c, ps_arm *arm, const char *base, const char *drawn, ps_eval_arm *out,
                         ps_error *err) {
    ps_paths also = {0}, resume = {0}, samples = {0};
    ps_text file = {0};
    const char *source = ps_store_resume(c->store);
    ps_text_puts(&file, base);
    ps_shard_suffix(c->options->shard, c->options->shards, &file);
    ps_text_puts(&file, ".jsonl");
    ps_status status = ps_text_ok(&file) ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = ps_paths_find(c->folders, c->n_folders, base, ".jsonl", &also, err);
    if (status == PS_OK && source != NULL) status = ps_paths_find(&source, 1, base, ".jsonl", &resume, err);
    if (status == PS_OK && drawn != NULL)
        status = ps_paths_find(c->folders, c->n_folders, drawn, ".jsonl", &samples, err);
    arm->samples = samples.items;
    arm->n_samples = samples.n;
    arm->file = ps_text_cstr(&file);
    arm->also = also.items;
    arm->n_also = also.n;
    arm->resume = resume.items;
    arm->n_resume = resume.n;
    arm->all = ps_dataset_problems(c->chosen.dataset, &arm->n_all);
    if (status == PS_OK)
        status = out != NULL ? ps_arm_run(arm, c->store, c->models, out, err)
                             : ps_arm_look(arm, c->store, c->models, &c->findings, err);
    ps_paths_clear(&also);
    ps_paths_clear(&resume);
    ps_paths_clear(&samples);
    ps_text_clear(&file);
    return status;
}

static ps_status write_json(ps_store *store, const char *name, json_t *root, ps_error *err) {
    ps_text text = {0};
    ps_status status = ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(10), &text, err);
    if (status == PS_OK) status = ps_store_write(store, name, text.data, text.length, err);
    ps_text_clear(&text);
    return status;
}

/* The small files BASE….json of the folder of evaluation.resume_from are copied where there are none of that name. */
static ps_status take_over(comparison *c, const char *base, ps_error *err) {
    const char *source = ps_store_resume(c->store);
    ps_paths found = {0};
    if (source == NULL) return PS_OK;
    ps_status status = ps_paths_find(&source, 1, base, ".json", &found, err);
    for (size_t i = 0; i < found.n && status == PS_OK; i++) {
        const char *name = strrchr(found.items[i], '/') + 1;
        ps_text path = {0};
        char *text = NULL;
        size_t length;
        status = path_of(c->store, name, &path, err);
        if (status == PS_OK && access(ps_text_cstr(&path), F_OK) != 0) {
            status = ps_read_file(found.items[i], (size_t)1 << 20, &text, &length, err);
            if (status == PS_OK) status = ps_store_write(c->store, name, text, length, err);
        }
        ps_free(text);
        ps_text_clear(&path);
    }
    ps_paths_clear(&found);
    return status;
}

/* ---- The unit of budgets: the mean length of an answer ------------------- */

/* Independent answers to the first problems of the data set, whatever part of it is compared on: the unit must not
 * change when more problems are asked for. */
enum { LENGTH_PROBLEMS = 64, LENGTH_ANSWERS = 4 };

static ps_status draw_lengths(comparison *c, ps_eval_arm *out, ps_error *err) {
    size_t total;
    ps_config *config = NULL;
    const ps_problem *all = ps_dataset_problems(c->chosen.dataset, &total);
    ps_status status = ps_config_copy(c->config, &config, err);
    if (status == PS_OK) status = ps_config_set(config, "generation.n_particles", "4", "compare", err);
    if (status == PS_OK) status = ps_config_set(config, "ps.budget.max_tokens", "0", "compare", err);
    ps_arm arm = {.config = config,
                  .method = "best_of_n",
                  .name = "answer length",
                  .problems = all,
                  .n = total < LENGTH_PROBLEMS ? total : LENGTH_PROBLEMS,
                  .observer = c->observer,
                  .n_arms = 1};
    if (status == PS_OK) status = run_arm(c, &arm, "results.length", NULL, out, err);
    ps_config_free(config);
    return status;
}

/* What was measured before, in any of the folders: one number, or their budgets would not be the same. */
static ps_status known_length(comparison *c, ps_error *err) {
    ps_paths paths = {0};
    ps_status status = take_over(c, "summary.length", err);
    if (status == PS_OK) status = ps_paths_find(c->folders, c->n_folders, "summary.length", ".json", &paths, err);
    for (size_t i = 0; i < paths.n && status == PS_OK; i++) {
        double length = read_number(paths.items[i], "mean_answer_tokens");
        if (c->answer_tokens > 0 && length > 0 && fabs(length - c->answer_tokens) > 1e-6)
            status = ps_fail(err, PS_ARG,
                             "%s: answers have %g tokens here and %g in another folder, so that budgets in answers "
                             "differ; copy one summary.length.json into every folder before the work begins",
                             paths.items[i], length, c->answer_tokens);
        if (length <= 0) continue;
        c->answer_tokens = length;
        c->length_given = read_number(paths.items[i], "answers") == 0;
    }
    ps_paths_clear(&paths);
    return status;
}

static ps_status write_length(comparison *c, size_t answers, uint64_t tokens, ps_error *err) {
    return write_json(c->store, "summary.length.json",
                      json_pack("{s:f,s:I,s:I}", "mean_answer_tokens", c->answer_tokens, "answers", (json_int_t)answers,
                                "tokens", (json_int_t)tokens),
                      err);
}

static ps_status measure_length(comparison *c, ps_error *err) {
    ps_eval_arm arm = {0};
    const double given = c->options->answer_tokens;
    ps_status known = known_length(c, err);
    if (known == PS_OK && given > 0 && c->answer_tokens > 0 && fabs(given - c->answer_tokens) > 1e-6)
        return ps_fail(err, PS_ARG,
                       "--answer-tokens %g: answers have %g tokens in this comparison; leave the option out, or choose "
                       "another output folder",
                       given, c->answer_tokens);
    if (known != PS_OK || c->answer_tokens > 0) return known;
    c->answer_tokens = given;
    c->length_given = given > 0;
    if (c->length_given) return write_length(c, 0, 0, err);
    ps_status status = draw_lengths(c, &arm, err);
    size_t answers = (arm.done - arm.errors) * LENGTH_ANSWERS;
    if (status == PS_OK && (answers == 0 || arm.tokens.generated == 0))
        status =
            ps_fail(err, PS_ENGINE, "no answer could be drawn to measure the length of one; %s says why", arm.path);
    if (status == PS_OK) {
        c->answer_tokens = (double)arm.tokens.generated / (double)answers;
        status = write_length(c, answers, arm.tokens.generated, err);
    }
    ps_free((char *)arm.path);
    return status;
}

/* ---- Runs ---------------------------------------------------------------- */

/* A run, and the clock that is kept for it in a small file: a run that is killed loses half a minute of it. */
typedef struct stopwatch {
    ps_compare_run *run;
    ps_store *store;
    const char *file;
    double before, started, kept; /* before: seconds of earlier sessions */
} stopwatch;

static ps_status keep_time(stopwatch *w, double seconds, ps_error *err) {
    w->kept = ps_now();
    return write_json(w->store, w->file, json_pack("{s:f}", "seconds", w->before + seconds), err);
}

static void mark(void *user, size_t position, const ps_result_line *line) {
    enum { BETWEEN = 30 };
    stopwatch *w = user;
    ps_compare_mark *m = &w->run->marks[position];
    if (ps_now() - w->kept >= BETWEEN) (void)keep_time(w, ps_now() - w->started, NULL); /* the end of it is told */
    *(line->read ? &w->run->reading : &w->run->solving) += line->seconds;
    m->known = true;
    m->drawn = line->drawn;
    m->read = line->read;
    for (int s = 0; s < PS_SELECTS; s++) {
        m->correct[s] = line->correct_by[s];
        m->confidence[s] = (float)line->confidence[s];
    }
}

/* Wall time adds up over the sessions it took, in a small file beside the results, and over the shards. */
static ps_status run_and_time(comparison *c, ps_compare_run *run, ps_arm *arm, const char *name, const char *drawn,
                              ps_error *err) {
    ps_text base = {0}, times = {0}, path = {0};
    ps_paths all = {0};
    stopwatch watch = {.run = run, .store = c->store, .started = ps_now(), .kept = ps_now()};
    ps_text_printf(&base, "summary.%s", name);
    ps_text_printf(&times, "summary.%s", name);
    ps_shard_suffix(c->options->shard, c->options->shards, &times);
    ps_text_puts(&times, ".json");
    ps_status status = path_of(c->store, ps_text_cstr(&times), &path, err);
    if (status == PS_OK) status = take_over(c, ps_text_cstr(&base), err);
    if (status == PS_OK) status = ps_paths_find(c->folders, c->n_folders, ps_text_cstr(&base), ".json", &all, err);
    for (size_t i = 0; i < all.n && status == PS_OK; i++) {
        bool mine = strcmp(all.items[i], ps_text_cstr(&path)) == 0;
        double seconds = mine || c->options->shards < 2 ? read_number(all.items[i], "seconds") : 0;
        watch.before += mine ? seconds : 0;
        run->wall += seconds;
    }
    watch.file = ps_text_cstr(&times);
    arm->counted = mark;
    arm->user = &watch;
    ps_text_reset(&base);
    ps_text_printf(&base, "results.%s", name);
    if (status == PS_OK) status = run_arm(c, arm, ps_text_cstr(&base), drawn, &run->arm, err);
    arm->user = NULL; /* it is of this call alone */
    if (run->arm.done > run->arm.resumed && (status == PS_OK || status == PS_CANCELLED)) {
        run->wall += run->arm.seconds;
        ps_status kept = keep_time(&watch, run->arm.seconds, status == PS_OK ? err : NULL);
        if (status == PS_OK) status = kept;
    }
    ps_paths_clear(&all);
    ps_text_clear(&base);
    ps_text_clear(&times);
    ps_text_clear(&path);
    return status;
}

/* Which run: of a method at a budget with a seed, the `number`-th of `total`. */
typedef struct run_place {
    size_t variant, budget, seed, number, total;
} run_place;

static ps_status run_one(comparison *c, const run_place *at, ps_error *err) {
    const ps_compare_plan *plan = c->plan;
    const size_t variant = at->variant, budget = at->budget;
    const ps_compare_variant *v = &plan->variants[variant];
    ps_compare_run *run = ps_compare_run_of(plan, variant, budget, at->seed);
    size_t tokens = ps_compare_plan_tokens(&plan->budgets[budget], c->answer_tokens);
    ps_text name = {0}, label = {0}, drawn = {0};
    ps_config *config = NULL;
    ps_status status = ps_compare_plan_config(plan, variant, budget, at->seed, c->answer_tokens, &config, err);
    if (status != PS_OK) return status;
    uint64_t actual_seed = (uint64_t)config->system_seed;
    ps_compare_plan_file(v, tokens, actual_seed, &name);
    ps_text_puts(&drawn, "results.");
    ps_compare_plan_file(&plan->variants[v->drawer], tokens, actual_seed, &drawn);
    ps_text_puts(&label, v->name);
    if (!v->method->greedy) ps_text_printf(&label, " %s", plan->budgets[budget].text);
    if (plan->seeds > 1 && !v->method->greedy) ps_text_printf(&label, " seed %llu", (unsigned long long)actual_seed);
    run->label = ps_strdup(ps_text_cstr(&label));
    run->marks = ps_calloc(c->chosen.n, sizeof *run->marks);
    bool ok = ps_text_ok(&name) && ps_text_ok(&drawn) && run->label != NULL && run->marks != NULL;
    ps_arm arm = {.config = config,
                  .name = run->label,
                  .problems = c->chosen.problems,
                  .n = c->chosen.n,
                  .observer = c->observer,
                  .arm_number = at->number,
                  .n_arms = at->total,
                  .keep_steps = v->read_again,
                  .tells = v->tells,
                  .independent = v->method->independent};
    const bool reads = v->drawer != variant;
    status =
        ok ? run_and_time(c, run, &arm, ps_text_cstr(&name), reads ? ps_text_cstr(&drawn) : NULL, err) : ps_nomem(err);
    ps_config_free(config);
    ps_text_clear(&name);
    ps_text_clear(&label);
    ps_text_clear(&drawn);
    return status;
}

/* What is there of a run: is all of it of this run? */
static ps_status look_at_one(comparison *c, const run_place *at, ps_error *err) {
    const ps_compare_variant *v = &c->plan->variants[at->variant];
    ps_text base = {0};
    ps_config *config = NULL;
    ps_status status =
        ps_compare_plan_config(c->plan, at->variant, at->budget, at->seed, c->answer_tokens, &config, err);
    if (status != PS_OK) return status;
    ps_arm arm = {.config = config, .independent = v->method->independent};
    ps_text_puts(&base, "results.");
    ps_compare_plan_file(v, ps_compare_plan_tokens(&c->plan->budgets[at->budget], c->answer_tokens),
                         (uint64_t)config->system_seed, &base);
    status = ps_text_ok(&base) ? run_arm(c, &arm, ps_text_cstr(&base), NULL, NULL, err) : ps_nomem(err);
    ps_config_free(config);
    ps_text_clear(&base);
    return status;
}

/* Whether a run is one of its own: not another reading of an earlier one, nor greedy again. */
static bool is_run(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed) {
    const ps_compare_variant *v = &plan->variants[variant];
    return v->source == variant && (!v->method->greedy || (budget == 0 && seed == 0));
}

static size_t count_runs(const ps_compare_plan *plan) {
    size_t n = 0;
    for (size_t s = 0; s < plan->seeds; s++)
        for (size_t b = 0; b < plan->n_budgets; b++)
            for (size_t v = 0; v < plan->n_variants; v++)
                n += is_run(plan, v, b, s);
    return n;
}

/* Of every run, seed by seed, so that what is there after an interruption is a comparison of all methods. */
static ps_status each_run(comparison *c, ps_status (*one)(comparison *, const run_place *, ps_error *), ps_error *err) {
    const ps_compare_plan *plan = c->plan;
    run_place at = {.total = count_runs(plan)};
    ps_status status = PS_OK;
    for (at.seed = 0; at.seed < plan->seeds; at.seed++)
        for (at.budget = 0; at.budget < plan->n_budgets; at.budget++)
            for (at.variant = 0; at.variant < plan->n_variants && status == PS_OK; at.variant++) {
                if (!is_run(plan, at.variant, at.budget, at.seed)) continue;
                status = one(c, &at, err);
                at.number++;
            }
    return status;
}

/* Before the first is run all are looked at. */
static ps_status run_all(comparison *c, ps_error *err) {
    ps_status status = each_run(c, look_at_one, err);
    if (status == PS_OK) status = ps_findings_tell(&c->findings, ps_same_advice, err);
    return status == PS_OK ? each_run(c, run_one, err) : status;
}

/* ---- Cells --------------------------------------------------------------- */

static void describe_cell(const comparison *c, size_t variant, size_t budget, ps_compare_cell *cell) {
    const ps_compare_plan *plan = c->plan;
    const ps_compare_variant *v = &plan->variants[variant];
    bool greedy = v->method->greedy;
    *cell = (ps_compare_cell){.method = v->name,
                              .method_number = variant,
                              .budget = greedy ? "" : plan->budgets[budget].text,
                              .n_particles = 1,
                              .seeds = greedy ? 1 : plan->seeds,
                              .shared = v->source != variant};
    if (greedy) return;
    ps_config *config = NULL;
    cell->max_tokens = ps_compare_plan_tokens(&plan->budgets[budget], c->answer_tokens);
    if (ps_compare_plan_config(plan, variant, budget, 0, c->answer_tokens, &config, NULL) == PS_OK)
        cell->n_particles = (size_t)config->generation_n_particles;
    ps_config_free(config);
}

static ps_status summarise(comparison *c, ps_compare_summary *summary, ps_error *err) {
    const ps_compare_plan *plan = c->plan;
    size_t most = plan->n_budgets * plan->n_variants;
    size_t *budget_of = ps_calloc(most, sizeof *budget_of);
    summary->cells = ps_calloc(most, sizeof *summary->cells);
    if (budget_of == NULL || summary->cells == NULL) {
        ps_free(budget_of);
        return ps_nomem(err);
    }
    for (size_t pass = 0; pass < 1 + plan->n_budgets; pass++) /* first what has no budget */
        for (size_t v = 0; v < plan->n_variants; v++) {
            size_t b = pass == 0 ? 0 : pass - 1;
            if (plan->variants[v].method->greedy != (pass == 0)) continue;
            budget_of[summary->n_cells] = b;
            describe_cell(c, v, b, &summary->cells[summary->n_cells++]);
        }
    summary->n_methods = plan->n_variants;
    summary->problems = plan->problems;
    summary->answer_tokens = c->answer_tokens;
    summary->faults = c->chosen.faults;
    ps_status status = ps_compare_statistics(plan, budget_of, (uint64_t)c->config->system_seed, summary, err);
    ps_free(budget_of);
    summary->per = c->options->per;
    if (status == PS_OK && summary->per != PS_COST_TOKENS)
        status = ps_compare_view(plan, (uint64_t)c->config->system_seed, summary, err);
    return status;
}

static ps_status write_comparison(comparison *c, ps_compare_summary *summary, ps_error *err) {
    ps_text json = {0}, path = {0}, name = {0};
    ps_text_puts(&name, "summary.compare");
    ps_shard_suffix(c->options->shard, c->options->shards, &name);
    ps_text_puts(&name, ".json");
    ps_status status = ps_compare_json(summary, &json, err);
    if (status == PS_OK) status = ps_store_write(c->store, ps_text_cstr(&name), ps_text_cstr(&json), json.length, err);
    if (status == PS_OK) status = path_of(c->store, ps_text_cstr(&name), &path, err);
    if (status == PS_OK) {
        summary->path = c->plan->path = path.data;
        path = (ps_text){0};
    }
    ps_text_clear(&json);
    ps_text_clear(&path);
    ps_text_clear(&name);
    return status;
}

void ps_compare_summary_clear(ps_compare_summary *summary) {
    ps_free(summary->cells);
    ps_free(summary->points);
    ps_compare_plan_free(summary->plan);
    *summary = (ps_compare_summary){0};
}

static ps_status own_names(comparison *c, ps_error *err) {
    const ps_compare_place place = {.config = c->config,
                                    .identity = &c->identity,
                                    .store = c->store,
                                    .folders = c->folders,
                                    .n_folders = c->n_checked,
                                    .findings = &c->findings};
    return ps_compare_own_names(c->plan, &place, err);
}

ps_status ps_compare(const ps_config *config, const ps_compare_options *options, ps_models *models,
                     const ps_eval_observer *observer, ps_compare_summary *summary, ps_error *err) {
    comparison c = {.config = config, .options = options, .models = models, .observer = observer};
    ps_eval_options part = {
        .offset = options->offset, .limit = options->limit, .shard = options->shard, .shards = options->shards};
    *summary = (ps_compare_summary){0};
    ps_status status = ps_compare_plan_create(config, options, models, &c.plan, err);
    if (status == PS_OK) status = ps_choose_problems(config, &part, observer, &c.chosen, err);
    if (status == PS_OK) ps_tell_doubtful(&c.chosen, models, observer);
    c.identity = ps_store_models(models);
    if (status == PS_OK) status = ps_arm_check(config, models, err);
    if (status == PS_OK) status = ps_store_open(config, &c.identity, options->fresh, &c.store, err);
    if (status == PS_OK) status = list_folders(&c, err);
    if (status == PS_OK) status = own_names(&c, err);
    if (status == PS_OK) status = measure_length(&c, err);
    if (status == PS_OK && c.length_given) status = ps_compare_plan_length(c.plan, c.answer_tokens, err);
    if (status == PS_OK) {
        c.plan->problems = c.chosen.n;
        status = run_all(&c, err);
    }
    summary->plan = c.plan;
    if (status == PS_OK || (status == PS_CANCELLED && c.answer_tokens > 0)) {
        ps_status summed = summarise(&c, summary, status == PS_OK ? err : NULL);
        if (summed == PS_OK) summed = write_comparison(&c, summary, status == PS_OK ? err : NULL);
        if (status == PS_OK) status = summed;
    }
    ps_text_clear(&c.findings.text);
    ps_free(c.folders);
    ps_store_close(c.store);
    ps_chosen_clear(&c.chosen);
    if (status != PS_OK && status != PS_CANCELLED) ps_compare_summary_clear(summary);
    return status;
}
