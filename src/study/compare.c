/* A comparison: methods × budgets × seeds over the same problems, each run an arm with a file of its own. */
#include "study/compare.h"
#include "base/json.h"
#include "study/names.h"
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
 * new goes into this shard's, and so does what is finished in the folder of evaluation.resume_from. Without `out` the
 * files are only looked at. */
static ps_status run_arm(comparison *c, ps_arm *arm, const char *base, ps_eval_arm *out, ps_error *err) {
    ps_paths also = {0}, resume = {0};
    ps_text file = {0};
    const char *source = ps_store_resume(c->store);
    ps_text_puts(&file, base);
    ps_shard_suffix(c->options->shard, c->options->shards, &file);
    ps_text_puts(&file, ".jsonl");
    ps_status status = ps_text_ok(&file) ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = ps_paths_find(c->folders, c->n_folders, base, ".jsonl", &also, err);
    if (status == PS_OK && source != NULL) status = ps_paths_find(&source, 1, base, ".jsonl", &resume, err);
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
    if (status == PS_OK) status = run_arm(c, &arm, "results.length", out, err);
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
        if (length > 0) c->answer_tokens = length;
    }
    ps_paths_clear(&paths);
    return status;
}

static ps_status measure_length(comparison *c, ps_error *err) {
    ps_eval_arm arm = {0};
    ps_status known = known_length(c, err);
    if (known != PS_OK || c->answer_tokens > 0) return known;
    ps_status status = draw_lengths(c, &arm, err);
    size_t answers = (arm.done - arm.errors) * LENGTH_ANSWERS;
    if (status == PS_OK && (answers == 0 || arm.tokens.generated == 0))
        status =
            ps_fail(err, PS_ENGINE, "no answer could be drawn to measure the length of one; %s says why", arm.path);
    if (status == PS_OK) {
        c->answer_tokens = (double)arm.tokens.generated / (double)answers;
        status = write_json(c->store, "summary.length.json",
                            json_pack("{s:f,s:I,s:I}", "mean_answer_tokens", c->answer_tokens, "answers",
                                      (json_int_t)answers, "tokens", (json_int_t)arm.tokens.generated),
                            err);
    }
    ps_free((char *)arm.path);
    return status;
}

/* ---- Ownership: a name stands for one configuration ---------------------- */

static ps_status check_owner(const comparison *c, const ps_compare_variant *v, const ps_config *samples,
                             const char *path, ps_error *err) {
    ps_text difference = {0};
    ps_status status = ps_record_compare(samples, &c->identity, path, &difference, err);
    if (status == PS_OK && difference.length > 0)
        status = ps_fail(err, PS_ARG, "%s: this folder has results of another configuration under the name %s:\n%s",
                         path, v->name, ps_text_cstr(&difference));
    ps_text_clear(&difference);
    return status;
}

/* Greedy has the same file as a baseline of `persamp eval`, whose record is that of the folder: is it of the same? */
static ps_status is_baseline(const comparison *c, const ps_config *samples, const char *folder, bool *same,
                             ps_error *err) {
    ps_config *plain = NULL;
    ps_text path = {0}, difference = {0};
    ps_text_printf(&path, "%s/config.yaml", folder);
    ps_status status = ps_text_ok(&path) ? ps_config_copy(samples, &plain, err) : ps_nomem(err);
    if (status == PS_OK) status = ps_config_set(plain, "method", c->config->method, "compare", err);
    if (status == PS_OK) status = ps_config_set(plain, "answer.select", c->config->answer_select, "compare", err);
    *same = status == PS_OK && access(ps_text_cstr(&path), F_OK) == 0;
    if (*same) status = ps_record_compare(plain, &c->identity, ps_text_cstr(&path), &difference, err);
    *same = *same && difference.length == 0;
    ps_config_free(plain);
    ps_text_clear(&path);
    ps_text_clear(&difference);
    return status;
}

/* A name without a record is free; unless there are results under it, of which nobody can say what made them. `found`:
 * one of them, or empty. */
static ps_status check_free(const comparison *c, const ps_compare_variant *v, const ps_config *samples,
                            const char *folder, const char *name, const char *found, ps_error *err) {
    bool same = false;
    ps_status status = PS_OK;
    if (found[0] == '\0') return PS_OK;
    if (v->method->greedy) status = is_baseline(c, samples, folder, &same, err);
    if (status != PS_OK || same) return status;
    return ps_fail(err, PS_ARG,
                   "%s: there is %s here, and no %s that says what made it; put that file back, move the results away, "
                   "or choose another folder",
                   folder, found, name);
}

/* The results first and then their record: a run beside this one, another shard, writes the record before its first
 * result, and so results without a record are nobody's. */
static ps_status check_name(const comparison *c, const ps_compare_variant *v, const ps_config *samples,
                            const char *folder, const char *name, ps_error *err) {
    ps_text start = {0}, found = {0}, path = {0};
    ps_text_puts(&start, "results.");
    ps_compare_plan_stem(v, &start);
    ps_text_puts(&start, ".");
    ps_text_printf(&path, "%s/%s", folder, name);
    bool ok = ps_text_ok(&start) && ps_text_ok(&path);
    ps_status status = ok ? ps_names_find(folder, ps_text_cstr(&start), &found, err) : ps_nomem(err);
    if (status == PS_OK)
        status = access(ps_text_cstr(&path), F_OK) == 0
                     ? check_owner(c, v, samples, ps_text_cstr(&path), err)
                     : check_free(c, v, samples, folder, name, ps_text_cstr(&found), err);
    ps_text_clear(&start);
    ps_text_clear(&found);
    ps_text_clear(&path);
    return status;
}

static ps_status check_everywhere(comparison *c, const ps_compare_variant *v, const ps_config *samples,
                                  const char *name, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < c->n_checked && status == PS_OK; i++) {
        ps_error why;
        status = check_name(c, v, samples, c->folders[i], name, &why);
        status = ps_findings_note(&c->findings, status, &why, 0, err);
    }
    return status;
}

static ps_status take_name(comparison *c, const ps_config *samples, const char *name, ps_error *err) {
    ps_text record = {0};
    ps_status status = ps_record_write(samples, &c->identity, &record, err);
    if (status == PS_OK) status = ps_store_write(c->store, name, ps_text_cstr(&record), record.length, err);
    ps_text_clear(&record);
    return status;
}

/* In the output folder a name is taken where it is free; in the others it may be missing. With `look` it is only looked
 * at, everywhere. */
static ps_status own_name(comparison *c, const ps_compare_variant *v, bool look, ps_error *err) {
    ps_text name = {0};
    ps_config *samples = NULL;
    ps_text_puts(&name, "config.");
    ps_compare_plan_stem(v, &name);
    ps_text_puts(&name, ".yaml");
    ps_status status = ps_text_ok(&name) ? ps_compare_plan_samples(v, &samples, err) : ps_nomem(err);
    if (status == PS_OK)
        status = look ? check_everywhere(c, v, samples, ps_text_cstr(&name), err)
                      : take_name(c, samples, ps_text_cstr(&name), err);
    ps_config_free(samples);
    ps_text_clear(&name);
    return status;
}

/* Every name is looked at before one is taken. */
static ps_status own_all(comparison *c, ps_error *err) {
    static const char advice[] = "give a method another name (NAME=METHOD:…), choose another folder with "
                                 "--evaluation.output_dir=FOLDER, or start over with --fresh";
    ps_status status = PS_OK;
    for (int pass = 0; pass < 2 && status == PS_OK; pass++) {
        for (size_t v = 0; v < c->plan->n_variants && status == PS_OK; v++)
            if (c->plan->variants[v].source == v) status = own_name(c, &c->plan->variants[v], pass == 0, err);
        if (status == PS_OK) status = ps_findings_tell(&c->findings, advice, err);
    }
    return status;
}

/* ---- Runs ---------------------------------------------------------------- */

static void mark(void *user, size_t position, const ps_result_line *line) {
    ps_compare_mark *m = &((ps_compare_run *)user)->marks[position];
    m->known = true;
    m->drawn = line->drawn;
    for (int s = 0; s < PS_SELECTS; s++) {
        m->correct[s] = line->correct_by[s];
        m->confidence[s] = (float)line->confidence[s];
    }
}

/* Wall time adds up over the sessions it took, in a small file beside the results, and over the shards. */
static ps_status run_and_time(comparison *c, ps_compare_run *run, ps_arm *arm, const char *name, ps_error *err) {
    ps_text base = {0}, times = {0}, path = {0};
    ps_paths all = {0};
    double own = 0;
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
        own += mine ? seconds : 0;
        run->seconds += seconds;
    }
    ps_text_reset(&base);
    ps_text_printf(&base, "results.%s", name);
    if (status == PS_OK) status = run_arm(c, arm, ps_text_cstr(&base), &run->arm, err);
    if (run->arm.done > run->arm.resumed && (status == PS_OK || status == PS_CANCELLED)) {
        run->seconds += run->arm.seconds;
        ps_status kept =
            write_json(c->store, ps_text_cstr(&times), json_pack("{s:f}", "seconds", own + run->arm.seconds),
                       status == PS_OK ? err : NULL);
        if (status == PS_OK) status = kept;
    }
    ps_paths_clear(&all);
    ps_text_clear(&base);
    ps_text_clear(&times);
    ps_text_clear(&path);
    return status;
}

static ps_status run_one(comparison *c, size_t variant, size_t budget, size_t seed, size_t number, size_t total,
                         ps_error *err) {
    const ps_compare_plan *plan = c->plan;
    const ps_compare_variant *v = &plan->variants[variant];
    ps_compare_run *run = ps_compare_run_of(plan, variant, budget, seed);
    size_t tokens = ps_compare_plan_tokens(&plan->budgets[budget], c->answer_tokens);
    ps_text name = {0}, label = {0};
    ps_config *config = NULL;
    ps_status status = ps_compare_plan_config(plan, variant, budget, seed, c->answer_tokens, &config, err);
    if (status != PS_OK) return status;
    uint64_t actual_seed = (uint64_t)config->system_seed;
    ps_compare_plan_file(v, tokens, actual_seed, &name);
    ps_text_puts(&label, v->name);
    if (!v->method->greedy) ps_text_printf(&label, " %s", plan->budgets[budget].text);
    if (plan->seeds > 1 && !v->method->greedy) ps_text_printf(&label, " seed %llu", (unsigned long long)actual_seed);
    run->label = ps_strdup(ps_text_cstr(&label));
    run->marks = ps_calloc(c->chosen.n, sizeof *run->marks);
    bool ok = ps_text_ok(&name) && run->label != NULL && run->marks != NULL;
    ps_arm arm = {.config = config,
                  .name = run->label,
                  .problems = c->chosen.problems,
                  .n = c->chosen.n,
                  .observer = c->observer,
                  .arm_number = number,
                  .n_arms = total,
                  .independent = v->method->independent,
                  .counted = mark,
                  .user = run};
    status = ok ? run_and_time(c, run, &arm, ps_text_cstr(&name), err) : ps_nomem(err);
    ps_config_free(config);
    ps_text_clear(&name);
    ps_text_clear(&label);
    return status;
}

/* What is there of a run: is all of it of this run? */
static ps_status look_at_one(comparison *c, size_t variant, size_t budget, size_t seed, ps_error *err) {
    const ps_compare_variant *v = &c->plan->variants[variant];
    ps_text base = {0};
    ps_config *config = NULL;
    ps_status status = ps_compare_plan_config(c->plan, variant, budget, seed, c->answer_tokens, &config, err);
    if (status != PS_OK) return status;
    ps_arm arm = {.config = config, .independent = v->method->independent};
    ps_text_puts(&base, "results.");
    ps_compare_plan_file(v, ps_compare_plan_tokens(&c->plan->budgets[budget], c->answer_tokens),
                         (uint64_t)config->system_seed, &base);
    status = ps_text_ok(&base) ? run_arm(c, &arm, ps_text_cstr(&base), NULL, err) : ps_nomem(err);
    ps_config_free(config);
    ps_text_clear(&base);
    return status;
}

/* Whether a run is one of its own: not another reading of an earlier one, nor greedy again. */
static bool is_run(const ps_compare_plan *plan, size_t variant, size_t budget, size_t seed) {
    const ps_compare_variant *v = &plan->variants[variant];
    return v->source == variant && (!v->method->greedy || (budget == 0 && seed == 0));
}

/* Seed by seed, so that what is there after an interruption is a comparison of all methods. Before the first is run all
 * are looked at. */
static ps_status run_all(comparison *c, ps_error *err) {
    const ps_compare_plan *plan = c->plan;
    size_t total = 0, number = 0;
    ps_status status = PS_OK;
    for (int pass = 0; pass < 2 && status == PS_OK; pass++) {
        for (size_t s = 0; s < plan->seeds; s++)
            for (size_t b = 0; b < plan->n_budgets; b++)
                for (size_t v = 0; v < plan->n_variants && status == PS_OK; v++) {
                    if (!is_run(plan, v, b, s)) continue;
                    total += pass == 0;
                    status = pass == 0 ? look_at_one(c, v, b, s, err) : run_one(c, v, b, s, number++, total, err);
                }
        if (status == PS_OK) status = ps_findings_tell(&c->findings, ps_same_advice, err);
    }
    return status;
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

ps_status ps_compare(const ps_config *config, const ps_compare_options *options, ps_models *models,
                     const ps_eval_observer *observer, ps_compare_summary *summary, ps_error *err) {
    comparison c = {.config = config, .options = options, .models = models, .observer = observer};
    ps_eval_options part = {
        .offset = options->offset, .limit = options->limit, .shard = options->shard, .shards = options->shards};
    *summary = (ps_compare_summary){0};
    ps_status status = ps_compare_plan_create(config, options, models, &c.plan, err);
    if (status == PS_OK) status = ps_choose_problems(config, &part, observer, &c.chosen, err);
    c.identity = ps_store_models(models);
    if (status == PS_OK) status = ps_arm_check(config, models, err);
    if (status == PS_OK) status = ps_store_open(config, &c.identity, options->fresh, &c.store, err);
    if (status == PS_OK) status = list_folders(&c, err);
    if (status == PS_OK) status = own_all(&c, err);
    if (status == PS_OK) status = measure_length(&c, err);
    if (status == PS_OK) {
        c.plan->problems = c.chosen.n;
        status = run_all(&c, err);
    }
    if (status == PS_OK || (status == PS_CANCELLED && c.answer_tokens > 0)) {
        ps_status summed = summarise(&c, summary, status == PS_OK ? err : NULL);
        if (summed == PS_OK) summed = write_comparison(&c, summary, status == PS_OK ? err : NULL);
        if (status == PS_OK) status = summed;
    }
    summary->plan = c.plan;
    ps_text_clear(&c.findings.text);
    ps_free(c.folders);
    ps_store_close(c.store);
    ps_chosen_clear(&c.chosen);
    if (status != PS_OK && status != PS_CANCELLED) ps_compare_summary_clear(summary);
    return status;
}
