#include "learn/samples.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear_question(ps_question *q) {
    for (size_t i = 0; i < q->n_steps; i++)
        ps_free(q->steps[i].tokens);
    ps_free(q->steps);
    ps_free(q->samples);
    ps_free(q->text);
    ps_free(q->gold);
}

void ps_samples_clear(ps_samples *samples) {
    for (size_t i = 0; i < samples->n; i++)
        clear_question(&samples->questions[i]);
    ps_free(samples->questions);
    *samples = (ps_samples){0};
}

/* A line of a file, for messages. */
typedef struct place {
    const char *path;
    size_t line;
} place;

/* ---- One line ------------------------------------------------------------ */

/* The particles of one line while they are read: place i is of the particle with number i; 0 is the root. */
typedef struct tree {
    const json_t **particles; /* [n] NULL: none of that number */
    uint32_t *step;           /* [n] in the question, PS_NO_STEP: not taken over */
    bool *inner;              /* [n] it has children: no answer was left there */
    size_t n;
    size_t *path; /* [n_path ≤ n] an answer's last particle and those before it, up to the root's child */
    size_t n_path;
} tree;

static size_t number_of(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) && json_integer_value(value) >= 0 ? (size_t)json_integer_value(value) : SIZE_MAX;
}

static ps_status damaged(const place *at, ps_error *err) {
    return ps_fail(err, PS_FORMAT, "%s:%zu: the particles of this line are not as persamp writes them", at->path,
                   at->line);
}

/* Ids are small and dense, and parents are older than their children. */
static ps_status index_particles(const json_t *list, tree *t, const place *at, ps_error *err) {
    size_t i;
    const json_t *one;
    t->n = json_array_size(list) + 1;
    t->particles = ps_calloc(t->n, sizeof *t->particles);
    t->step = ps_calloc(t->n, sizeof *t->step);
    t->inner = ps_calloc(t->n, sizeof *t->inner);
    t->path = ps_calloc(t->n, sizeof *t->path);
    if (t->particles == NULL || t->step == NULL || t->inner == NULL || t->path == NULL) return ps_nomem(err);
    for (i = 0; i < t->n; i++)
        t->step[i] = PS_NO_STEP;
    json_array_foreach(list, i, one) {
        const size_t id = number_of(one, "id"), parent = number_of(one, "parent");
        if (id == 0 || id >= t->n || parent >= id || t->particles[id] != NULL) return damaged(at, err);
        t->particles[id] = one;
        t->inner[parent] = true;
    }
    return PS_OK;
}

static ps_status read_tokens(const json_t *particle, ps_step *step, const place *at, ps_error *err) {
    const json_t *ids = json_object_get(particle, "token_ids"), *one;
    size_t i;
    if (!json_is_array(ids))
        return ps_fail(err, PS_ARG,
                       "%s:%zu: the particles have no token_ids; run again with evaluation.save_particles: true and "
                       "generation.include_logprobs: true",
                       at->path, at->line);
    step->n_tokens = json_array_size(ids);
    step->tokens = ps_calloc(step->n_tokens, sizeof *step->tokens);
    if (step->tokens == NULL) return ps_nomem(err);
    json_array_foreach(ids, i, one) {
        if (!json_is_integer(one) || json_integer_value(one) < 0 || json_integer_value(one) > INT32_MAX)
            return damaged(at, err);
        step->tokens[i] = (ps_token)json_integer_value(one);
    }
    return PS_OK;
}

/* An answer may have as many steps as a line has particles: no recursion over them. */
static ps_status find_path(tree *t, size_t id, const place *at, ps_error *err) {
    for (t->n_path = 0; id > 0; id = number_of(t->particles[id], "parent")) {
        if (t->particles[id] == NULL) return damaged(at, err);
        t->path[t->n_path++] = id;
    }
    return PS_OK;
}

/* The particle becomes a step of the question, after that of its parent. */
static ps_status take_step(ps_question *q, tree *t, size_t id, const place *at, ps_error *err) {
    if (ps_reserve(&q->steps, &q->steps_capacity, q->n_steps + 1) != PS_OK) return ps_nomem(err);
    ps_step made = {.parent = t->step[number_of(t->particles[id], "parent")]};
    made.depth = made.parent != PS_NO_STEP ? q->steps[made.parent].depth + 1 : 0;
    ps_status status = read_tokens(t->particles[id], &made, at, err);
    if (status != PS_OK) {
        ps_free(made.tokens);
        return status;
    }
    t->step[id] = (uint32_t)q->n_steps;
    q->steps[q->n_steps++] = made;
    return PS_OK;
}

/* The path's particles, unless they are steps already, from the root on. */
static ps_status take_path(ps_question *q, tree *t, const place *at, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = t->n_path; i-- > 0 && status == PS_OK;)
        if (t->step[t->path[i]] == PS_NO_STEP) status = take_step(q, t, t->path[i], at, err);
    return status;
}

/* The whole answer. */
static ps_status text_of(const tree *t, ps_text *text, ps_error *err) {
    for (size_t i = t->n_path; i-- > 0;) {
        const char *own = json_string_value(json_object_get(t->particles[t->path[i]], "text"));
        if (own != NULL) ps_text_puts(text, own);
    }
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}

/* A share: of all finished answers as draws from the model. */
static ps_status weight_of(const json_t *particle, bool independent, const place *at, double *weight, ps_error *err) {
    const json_t *saved = json_object_get(particle, "weight_q");
    *weight = independent ? 1 : json_number_value(saved);
    if (independent) return PS_OK;
    if (!json_is_number(saved))
        return ps_fail(
            err, PS_ARG,
            "%s:%zu: these answers were chosen by a search, and their weights as draws (weight_q) are not saved: "
            "what was selected makes prefixes look better than they are. Learn from independent samples, "
            "--method=majority or best_of_n",
            at->path, at->line);
    if (*weight >= 0 && *weight <= 1) return PS_OK;
    return ps_fail(err, PS_FORMAT,
                   "%s:%zu: the weight of an answer as a draw (weight_q) is %g, expected 0 to 1: the line is damaged; "
                   "remove it, and solve its problem again",
                   at->path, at->line, *weight);
}

static ps_status take_answer(ps_samples *s, ps_question *q, tree *t, size_t id, bool independent, const place *at,
                             ps_error *err) {
    ps_sample made = {0};
    ps_text text = {0};
    ps_status status = weight_of(t->particles[id], independent, at, &made.weight, err);
    if (status == PS_OK) status = find_path(t, id, at, err);
    if (status == PS_OK) status = take_path(q, t, at, err);
    if (status == PS_OK) status = text_of(t, &text, err);
    if (status == PS_OK) status = ps_session_judge(s->session, q->gold, ps_text_cstr(&text), &made.right, err);
    if (status == PS_OK && ps_reserve(&q->samples, &q->samples_capacity, q->n_samples + 1) != PS_OK)
        status = ps_nomem(err);
    if (status == PS_OK) {
        made.last = t->step[id];
        q->samples[q->n_samples++] = made;
    }
    ps_text_clear(&text);
    return status;
}

/* Its question, made if it is new. */
static ps_status question_of(ps_samples *s, const char *text, const char *gold, ps_question **out, ps_error *err) {
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->questions[i].text, text) == 0) {
            *out = &s->questions[i];
            return PS_OK;
        }
    if (ps_reserve(&s->questions, &s->capacity, s->n + 1) != PS_OK) return ps_nomem(err);
    ps_question made = {.text = ps_strdup(text), .gold = ps_strdup(gold)};
    s->questions[s->n++] = made;
    *out = &s->questions[s->n - 1];
    return made.text != NULL && made.gold != NULL ? PS_OK : ps_nomem(err);
}

static bool has_state(const json_t *particle, const char *state) {
    const char *is = json_string_value(json_object_get(particle, "state"));
    return is != NULL && strcmp(is, state) == 0;
}

static ps_status take_particles(ps_samples *s, ps_question *q, const json_t *list, bool independent, const place *at,
                                ps_error *err) {
    tree t = {0};
    ps_status status = index_particles(list, &t, at, err);
    for (size_t id = 1; id < t.n && status == PS_OK; id++) {
        if (t.particles[id] == NULL) continue;
        if (has_state(t.particles[id], "finished"))
            status = take_answer(s, q, &t, id, independent, at, err);
        else if (has_state(t.particles[id], "truncated") || !t.inner[id])
            s->unfinished++;
    }
    ps_free(t.particles);
    ps_free(t.step);
    ps_free(t.inner);
    ps_free(t.path);
    return status;
}

static ps_status take_line(ps_samples *s, const json_t *line, const place *at, ps_error *err) {
    const char *text = json_string_value(json_object_get(line, "problem"));
    const char *gold = json_string_value(json_object_get(line, "ground_truth"));
    const char *method = json_string_value(json_object_get(line, "method"));
    const json_t *list = json_object_get(line, "particles");
    if (!json_is_object(line) || text == NULL || method == NULL)
        return ps_fail(err, PS_FORMAT, "%s:%zu: not a result line", at->path, at->line);
    if (json_is_string(json_object_get(line, "error"))) return PS_OK;
    if (gold == NULL)
        return ps_fail(err, PS_ARG, "%s:%zu: the problem has no right answer (ground_truth) to learn from", at->path,
                       at->line);
    if (!json_is_array(list))
        return ps_fail(
            err, PS_ARG,
            "%s:%zu: this line has no particles; run again with evaluation.save_particles: true (and another "
            "output folder, or --fresh)",
            at->path, at->line);
    const ps_method_ops *ops = ps_method_find(method);
    const bool independent = ops != NULL && ops->independent;
    if ((ops != NULL && ops->greedy) || strcmp(method, "sample") == 0)
        return ps_fail(err, PS_ARG,
                       "%s:%zu: answers of %s are not drawn as those of a search are; learn from --method=majority or "
                       "best_of_n, in a folder of its own",
                       at->path, at->line, method);
    ps_question *q = NULL;
    ps_status status = question_of(s, text, gold, &q, err);
    return status == PS_OK ? take_particles(s, q, list, independent, at, err) : status;
}

/* ---- One file ------------------------------------------------------------ */

/* Complete lines; another run may be writing the last one. */
static ps_status read_file(ps_samples *s, const char *path, ps_error *err) {
    char *data = NULL;
    size_t length = 0, at = 0;
    place here = {.path = path};
    ps_status status = ps_read_file(path, (size_t)1 << 34, &data, &length, err);
    for (const char *newline; status == PS_OK && (newline = memchr(data + at, '\n', length - at)) != NULL;) {
        const size_t n = (size_t)(newline - data) - at;
        json_t *line = json_loadb(data + at, n, JSON_REJECT_DUPLICATES, NULL);
        here.line++;
        at += n + 1;
        status = take_line(s, line, &here, err);
        json_decref(line);
    }
    ps_free(data);
    return status;
}

/* ---- One folder ---------------------------------------------------------- */

/* What must be the same wherever answers are learned from together: what they are answers to, how they are drawn, where
 * their steps end. */
static const char *const shared_keys[] = {
    "models.generator.model_path",
    "models.generator.max_model_len",
    "prompt.system",
    "prompt.template",
    "generation.temperature",
    "generation.top_p",
    "generation.top_k",
    "generation.stop_tokens",
    "generation.step_boundary",
    "generation.step_literals",
    "generation.fixed_step_tokens",
    "generation.min_tokens_per_step",
    "generation.max_tokens_per_step",
    "answer.stop_at_boxed",
    "evaluation.verifier",
    "evaluation.extract_answer",
    "evaluation.answer_regex",
    "engine.llama.kv_type",
};
enum {
    SHARED = sizeof shared_keys / sizeof *shared_keys,
    MAY_DIFFER = 2 /* the first: the content of the file decides */
};
enum { LARGEST_RECORD = 1 << 24 };

/* The record of a folder: its configuration, and in *model (owned; NULL: it does not say) which model it was. */
static ps_status read_record(const char *folder, ps_config **config, char **model, ps_error *err) {
    static const char mark[] = "\n# models.generator: ";
    char *text = NULL;
    size_t length;
    ps_text path = {0};
    ps_error why;
    ps_text_printf(&path, "%s/config.yaml", folder);
    if (!ps_text_ok(&path)) return ps_nomem(err);
    ps_status status = ps_read_file(ps_text_cstr(&path), LARGEST_RECORD, &text, &length, &why);
    if (status == PS_NOMEM)
        ps_nomem(err);
    else if (status != PS_OK)
        status = ps_fail(err, PS_ARG, "%s is no folder of `persamp eval`: it has no config.yaml that can be read (%s)",
                         folder, why.message);
    if (status == PS_OK) status = ps_config_create(config, err);
    if (status == PS_OK) status = ps_config_load_text(*config, text, ps_text_cstr(&path), err);
    const char *found = status == PS_OK ? strstr(text, mark) : NULL;
    if (found != NULL) {
        found += sizeof mark - 1;
        *model = ps_strndup(found, strcspn(found, "\n"));
        if (*model == NULL) status = ps_nomem(err);
    }
    if (status != PS_OK) {
        ps_config_free(*config);
        *config = NULL;
    }
    ps_free(text);
    ps_text_clear(&path);
    return status;
}

ps_status ps_learn_config(ps_config *config, const char *folder, ps_error *err) {
    ps_config *theirs = NULL;
    char *model = NULL;
    ps_status status = read_record(folder, &theirs, &model, err);
    for (size_t i = 0; i < SHARED && status == PS_OK; i++) {
        ps_text then = {0}, now = {0};
        status = ps_config_get_text(theirs, shared_keys[i], &then, err);
        if (status == PS_OK) status = ps_config_get_text(config, shared_keys[i], &now, err);
        const bool other = strcmp(ps_text_cstr(&then), ps_text_cstr(&now)) != 0;
        if (status == PS_OK && other && !ps_config_is_set(config, shared_keys[i]))
            status = ps_config_set(config, shared_keys[i], ps_text_cstr(&then), folder, err);
        ps_text_clear(&then);
        ps_text_clear(&now);
    }
    ps_config_free(theirs);
    ps_free(model);
    return status;
}

static ps_status check_record(const ps_samples *s, const char *folder, ps_error *err) {
    ps_config *theirs = NULL;
    char *model = NULL;
    ps_status status = read_record(folder, &theirs, &model, err);
    if (status == PS_OK && model == NULL && s->model != NULL)
        status = ps_fail(err, PS_ARG,
                         "%s: its config.yaml does not say which model wrote these answers (its line "
                         "\"# models.generator:\" is missing), and states of another model mean nothing: restore the "
                         "file as `persamp eval` wrote it, or run again",
                         folder);
    else if (status == PS_OK && s->model != NULL && strcmp(model, s->model) != 0)
        status = ps_fail(err, PS_ARG,
                         "%s: these answers are of another model: %s, and the one that was loaded is %s; set "
                         "models.generator.model_path to the model that wrote them",
                         folder, model, s->model);
    for (size_t i = MAY_DIFFER; i < SHARED && status == PS_OK; i++) {
        ps_text now = {0}, then = {0};
        status = ps_config_get_text(s->config, shared_keys[i], &now, err);
        if (status == PS_OK) status = ps_config_get_text(theirs, shared_keys[i], &then, err);
        if (status == PS_OK && strcmp(ps_text_cstr(&now), ps_text_cstr(&then)) != 0 &&
            strncmp(shared_keys[i], "evaluation.", strlen("evaluation.")) != 0)
            status =
                ps_fail(err, PS_ARG,
                        "%s: %s is %s there and %s here: answers of other settings cannot be learned from together",
                        folder, shared_keys[i], ps_text_cstr(&then), ps_text_cstr(&now));
        ps_text_clear(&now);
        ps_text_clear(&then);
    }
    ps_config_free(theirs);
    ps_free(model);
    return status;
}

static bool is_results(const char *name) {
    const size_t n = strlen(name), tail = strlen(".jsonl");
    return strncmp(name, "results.", strlen("results.")) == 0 && n > tail && strcmp(name + n - tail, ".jsonl") == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef struct names {
    char **items;
    size_t n, capacity;
} names;

/* The result files of a folder, in order of name: readdir has none. */
static ps_status list_files(const char *folder, names *list, ps_error *err) {
    DIR *dir = opendir(folder);
    if (dir == NULL) return ps_fail(err, PS_IO, "%s: the folder cannot be read: %s", folder, strerror(errno));
    ps_status status = PS_OK;
    for (const struct dirent *entry; status == PS_OK && (entry = readdir(dir)) != NULL;) {
        ps_text path = {0};
        if (!is_results(entry->d_name)) continue;
        ps_text_printf(&path, "%s/%s", folder, entry->d_name);
        if (!ps_text_ok(&path) || ps_reserve(&list->items, &list->capacity, list->n + 1) != PS_OK) {
            ps_text_clear(&path);
            status = ps_nomem(err);
        } else {
            list->items[list->n++] = path.data;
        }
    }
    closedir(dir);
    if (list->n > 1) qsort(list->items, list->n, sizeof *list->items, by_name);
    if (status == PS_OK && list->n == 0)
        status = ps_fail(err, PS_ARG, "%s: there are no result files (results.jsonl) in this folder", folder);
    return status;
}

ps_status ps_samples_read(ps_samples *samples, const char *folder, ps_error *err) {
    names files = {0};
    ps_status status = check_record(samples, folder, err);
    if (status == PS_OK) status = list_files(folder, &files, err);
    for (size_t i = 0; i < files.n && status == PS_OK; i++)
        status = read_file(samples, files.items[i], err);
    for (size_t i = 0; i < files.n; i++)
        ps_free(files.items[i]);
    ps_free(files.items);
    return status;
}
