/* Reading: places into runs and problems. */
#include "base/file.h"
#include "base/json.h"
#include "report/model.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BEGINNING = 100, MOST_FAULTS = 50, LARGEST_CONFIG = 1 << 22, LARGEST_SUMMARY = 1 << 26, FIRST_TABLE = 1 << 10 };

static const char *keep(ps_report *r, const char *text) {
    return ps_arena_strndup(r->arena, text, strlen(text));
}

/* ---- Problems ------------------------------------------------------------ */

static const char *text_of(const json_t *line, const char *key) {
    return json_string_value(json_object_get(line, key)); /* NULL: none */
}

static size_t word(ps_report *r, ps_report_words *words, const json_t *value) {
    char number[32];
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = number;
    }
    if (text == NULL || *text == '\0') return SIZE_MAX;
    for (size_t i = 0; i < words->n; i++)
        if (strcmp(words->words[i], text) == 0) return i;
    if (ps_arena_reserve(r->arena, &words->words, &words->capacity, words->n + 1) != PS_OK) return SIZE_MAX;
    words->words[words->n] = keep(r, text);
    return words->n++;
}

static ps_status grow_table(ps_report *r, ps_error *err) {
    size_t size = r->table_size > 0 ? 4 * r->table_size : FIRST_TABLE;
    size_t *table = ps_calloc(size, sizeof *table);
    if (table == NULL) return ps_nomem(err);
    for (size_t i = 0; i < r->n_problems; i++) {
        size_t at = r->problems[i].hash[0] % size;
        while (table[at] != 0)
            at = (at + 1) % size;
        table[at] = i + 1;
    }
    ps_free(r->table);
    r->table = table;
    r->table_size = size;
    return PS_OK;
}

/* The problem of a line: the same in two folders where index, question and right answer are. */
static ps_status find_problem(ps_report *r, const ps_stored_line *line, size_t *problem, ps_error *err) {
    const char *question = text_of(line->object, "problem"), *truth = text_of(line->object, "ground_truth");
    ps_hash hash;
    if (question == NULL) question = "";
    ps_hash_begin(&hash, line->result.index);
    ps_hash_add(&hash, question, strlen(question) + 1);
    if (truth != NULL) ps_hash_add(&hash, truth, strlen(truth));
    if (2 * r->n_problems >= r->table_size) {
        ps_status status = grow_table(r, err);
        if (status != PS_OK) return status;
    }
    char text[PS_HASH_TEXT];
    uint64_t h[2];
    ps_hash_end(&hash, text);
    if (!ps_parse_count(text, 16, 16, UINT64_MAX, &h[0]) || !ps_parse_count(text + 16, 16, 16, UINT64_MAX, &h[1]))
        return ps_fail(err, PS_DOMAIN, "a hash is no number: %s", text);
    size_t at = h[0] % r->table_size;
    for (; r->table[at] != 0; at = (at + 1) % r->table_size) {
        const ps_report_problem *p = &r->problems[r->table[at] - 1];
        if (p->hash[0] != h[0] || p->hash[1] != h[1]) continue;
        *problem = r->table[at] - 1;
        return PS_OK;
    }
    if (ps_arena_reserve(r->arena, &r->problems, &r->problems_capacity, r->n_problems + 1) != PS_OK)
        return ps_nomem(err);
    r->problems[r->n_problems] = (ps_report_problem){
        .index = line->result.index,
        .hash = {h[0], h[1]},
        .subject = word(r, &r->subjects, json_object_get(line->object, "subject")),
        .level = word(r, &r->levels, json_object_get(line->object, "level")),
        .beginning = ps_arena_strndup(r->arena, question, ps_utf8_cut(question, strlen(question), BEGINNING))};
    *problem = r->n_problems++;
    r->table[at] = r->n_problems;
    return ps_arena_ok(r->arena) ? PS_OK : ps_nomem(err);
}

/* ---- Lines --------------------------------------------------------------- */

typedef struct reading {
    ps_report *report;
    size_t run, file;
} reading;

/* The number of a message, from 1; 0 for those beyond MOST_FAULTS. How often it counts is known at the end: of a
 * problem the last line counts. */
static size_t note_fault(ps_report *r, const char *message) {
    for (size_t i = 0; i < r->n_faults; i++)
        if (strcmp(r->faults[i].message, message) == 0) return i + 1;
    if (r->n_faults >= MOST_FAULTS ||
        ps_arena_reserve(r->arena, &r->faults, &r->faults_capacity, r->n_faults + 1) != PS_OK)
        return 0;
    r->faults[r->n_faults++] = (ps_report_fault){.message = keep(r, message)};
    return r->n_faults;
}

static double number_of(const json_t *value) {
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* The confidence in the answer that the run gave: that of a selection with the same answer. */
static double confidence_of(const ps_stored_line *line) {
    static const ps_select order[] = {PS_SELECT_BEST, PS_SELECT_WEIGHTED, PS_SELECT_MAJORITY, PS_SELECT_PRM_WEIGHTED,
                                      PS_SELECT_DRAW};
    const json_t *answer = json_object_get(line->object, "extracted_answer");
    for (size_t i = 0; i < sizeof order / sizeof *order && json_is_string(answer); i++) {
        char key[32];
        snprintf(key, sizeof key, "pred_%s", ps_select_name(order[i]));
        if (json_equal(answer, json_object_get(line->object, key)) && !isnan(line->result.confidence[order[i]]))
            return line->result.confidence[order[i]];
    }
    return NAN;
}

static void add_iterations(ps_report_run *run, const json_t *line) {
    const json_t *ess = json_object_get(line, "ess_history"), *betas = json_object_get(line, "betas");
    size_t n = json_array_size(betas);
    for (size_t i = 0; i < n && i < PS_REPORT_TICKS; i++) {
        ps_report_tick *tick = &run->ticks[i];
        double e = number_of(json_array_get(ess, i)), b = number_of(json_array_get(betas, i));
        tick->reached++;
        if (!isnan(e)) {
            tick->ess += e;
            tick->n_ess++;
        }
        if (!isnan(b)) {
            tick->beta += b;
            tick->n_beta++;
        }
    }
}

/* Lengths of steps by their depth, of a line that has its particles. */
static ps_status add_lengths(ps_report_run *run, const json_t *particles, ps_error *err) {
    size_t n = json_array_size(particles), i;
    uint32_t *depths = ps_calloc(n + 1, sizeof *depths);
    const json_t *one;
    if (depths == NULL) return ps_nomem(err);
    json_array_foreach(particles, i, one) {
        json_int_t parent = json_integer_value(json_object_get(one, "parent"));
        if (parent < 0 || (size_t)parent > i) continue; /* ids are places in the list, from 1 */
        depths[i + 1] = depths[parent] + 1;
        if (depths[i + 1] > PS_REPORT_TICKS) continue;
        ps_report_tick *tick = &run->ticks[depths[i + 1] - 1];
        tick->tokens += (double)json_integer_value(json_object_get(one, "tokens"));
        tick->n_tokens++;
    }
    ps_free(depths);
    return PS_OK;
}

static ps_status take_line(void *user, const ps_stored_line *line, ps_error *err) {
    const reading *self = user;
    ps_report *r = self->report;
    ps_report_run *run = &r->runs[self->run];
    size_t problem;
    ps_status status = find_problem(r, line, &problem, err);
    if (status != PS_OK) return status;
    if (ps_reserve(&run->marks, &run->capacity, problem + 1) != PS_OK) return ps_nomem(err);
    for (; run->n_marks <= problem; run->n_marks++)
        run->marks[run->n_marks] = (ps_report_mark){0};
    const json_t *particles = json_object_get(line->object, "particles");
    const char *method = text_of(line->object, "method"), *fault = text_of(line->object, "error");
    run->marks[problem] =
        (ps_report_mark){.offset = line->offset,
                         .length = line->length,
                         .file = self->file,
                         .fault = fault != NULL ? note_fault(r, fault) : 0,
                         .tokens = line->result.tokens.generated,
                         .seconds = number_of(json_object_get(json_object_get(line->object, "timing"), "total")),
                         .ess = line->result.ess,
                         .confidence = confidence_of(line),
                         .known = !json_is_null(json_object_get(line->object, "correct")) || line->result.error,
                         .correct = line->result.correct,
                         .truncated = line->result.truncated,
                         .error = line->result.error,
                         .pool = json_array_size(particles) > 0};
    if (run->method == NULL && method != NULL) run->method = keep(r, method);
    add_iterations(run, line->object);
    if (particles != NULL) status = add_lengths(run, particles, err);
    return status == PS_OK && !ps_arena_ok(r->arena) ? ps_nomem(err) : status;
}

/* ---- Files --------------------------------------------------------------- */

/* The run that a file belongs to: another shard of one that is there, or a new one. */
static ps_status find_run(ps_report *r, const ps_result_file *file, size_t folder, size_t *run, ps_error *err) {
    for (size_t i = 0; i < r->n_runs && file->shards > 0; i++) {
        const ps_report_run *other = &r->runs[i];
        if (other->folder != folder || strcmp(other->name, file->name) != 0 || other->budget != file->tokens ||
            other->seed != file->seed)
            continue;
        *run = i;
        return PS_OK;
    }
    if (ps_reserve(&r->runs, &r->runs_capacity, r->n_runs + 1) != PS_OK) return ps_nomem(err);
    const char *name = keep(r, file->name);
    if (name == NULL) return ps_nomem(err);
    r->runs[r->n_runs] = (ps_report_run){.name = name,
                                         .method = *name != '\0' ? name : NULL,
                                         .folder = folder,
                                         .budget = file->tokens,
                                         .seed = file->seed,
                                         .has_seed = file->has_seed};
    *run = r->n_runs++;
    return PS_OK;
}

static ps_status read_file(ps_report *r, const ps_result_file *file, size_t folder, ps_error *err) {
    reading self = {.report = r, .file = r->n_files};
    ps_status status = find_run(r, file, folder, &self.run, err);
    if (status != PS_OK) return status;
    if (ps_arena_reserve(r->arena, &r->files, &r->files_capacity, r->n_files + 1) != PS_OK) return ps_nomem(err);
    r->files[r->n_files++] = keep(r, file->path);
    return ps_results_scan(file->path, take_line, &self, err);
}

/* A study is added; its name is owned by the arena. */
static ps_status add_study(ps_report *r, ps_study_db *db, const char *where, const char *name, ps_error *err) {
    if (ps_arena_reserve(r->arena, &r->studies, &r->studies_capacity, r->n_studies + 1) != PS_OK) return ps_nomem(err);
    ps_report_study *study = &r->studies[r->n_studies];
    *study = (ps_report_study){.where = keep(r, where), .name = keep(r, name)};
    ps_status status = ps_study_trials(db, name, &study->trials, err);
    if (status == PS_OK) r->n_studies++;
    return status;
}

static ps_status read_studies(ps_report *r, const char *where, ps_error *err) {
    ps_study_db *db = NULL;
    ps_study_list list = {0};
    ps_status status = ps_study_open(where, false, &db, err);
    if (status == PS_OK) status = ps_study_list_all(db, &list, err);
    for (size_t i = 0; status == PS_OK && i < list.n; i++)
        status = add_study(r, db, where, list.entries[i].name, err);
    if (status == PS_OK && list.n == 0) status = ps_fail(err, PS_FORMAT, "%s: there is no study in it", where);
    ps_study_list_clear(&list);
    ps_study_close(db);
    return status;
}

/* ---- Folders ------------------------------------------------------------- */

/* The text of a file of the folder; NULL where it has none, which is no error. */
static ps_status read_beside(const char *folder, const char *name, size_t limit, char **text, ps_error *err) {
    ps_text path = {0};
    size_t length;
    ps_text_printf(&path, "%s/%s", folder, name);
    ps_status status = ps_text_ok(&path) ? PS_OK : ps_nomem(err);
    if (status == PS_OK && access(ps_text_cstr(&path), F_OK) == 0)
        status = ps_read_file(ps_text_cstr(&path), limit, text, &length, err);
    ps_text_clear(&path);
    return status;
}

static ps_status add_folder(ps_report *r, const char *path, size_t *folder, ps_error *err) {
    if (ps_reserve(&r->folders, &r->folders_capacity, r->n_folders + 1) != PS_OK) return ps_nomem(err);
    r->folders[r->n_folders] = (ps_report_folder){.path = keep(r, path)};
    *folder = r->n_folders++;
    return ps_arena_ok(r->arena) ? PS_OK : ps_nomem(err);
}

static ps_status read_summary(ps_report_folder *f, const char *path, ps_error *err) {
    char *text = NULL;
    json_error_t why;
    ps_status status = read_beside(path, "summary.compare.json", LARGEST_SUMMARY, &text, err);
    if (status == PS_OK && text != NULL && (f->comparison = json_loads(text, JSON_REJECT_DUPLICATES, &why)) == NULL)
        status = ps_fail(err, PS_FORMAT,
                         "%s/summary.compare.json:%d: not the summary of a comparison: %s; the same `persamp compare` "
                         "writes it anew",
                         path, why.line, why.text);
    ps_free(text);
    return status;
}

static ps_status study_of_folder(const char *path, ps_text *where, bool *there, ps_error *err) {
    ps_text_printf(where, "%s/study.db", path);
    if (!ps_text_ok(where)) return ps_nomem(err);
    *there = access(ps_text_cstr(where), F_OK) == 0;
    return PS_OK;
}

/* Where a comparison has a method in its list; behind all others where it has not. */
static size_t rank_of(const json_t *comparison, const char *name) {
    size_t i;
    const json_t *one;
    const json_t *cells = json_object_get(comparison, "cells");
    json_array_foreach(cells, i, one) {
        const char *method = text_of(one, "method"), *budget = text_of(one, "budget");
        if (method == NULL || strcmp(method, name) != 0) continue;
        return budget != NULL && *budget != '\0' ? i : json_array_size(cells) + i; /* cells without one stand first */
    }
    return SIZE_MAX;
}

/* In the order of the comparison's methods: the first is what the others are compared with. Few files: by insertion. */
static void sort_files(ps_result_files *files, const json_t *comparison) {
    for (size_t i = 1; i < files->n; i++) {
        ps_result_file file = files->files[i];
        size_t at = i, rank = rank_of(comparison, file.name);
        for (; at > 0 && rank_of(comparison, files->files[at - 1].name) > rank; at--)
            files->files[at] = files->files[at - 1];
        files->files[at] = file;
    }
}

static ps_status read_folder(ps_report *r, const char *path, ps_error *err) {
    ps_result_files files = {0};
    ps_text where = {0};
    size_t folder;
    bool study = false;
    ps_status status = ps_results_list(path, &files, err);
    if (status == PS_OK) status = study_of_folder(path, &where, &study, err);
    if (status == PS_OK && files.n == 0 && !study)
        status = ps_fail(err, PS_FORMAT,
                         "%s: not an output folder of eval, compare or tune: it has no results*.jsonl and no study.db",
                         path);
    if (status == PS_OK) status = add_folder(r, path, &folder, err);
    if (status == PS_OK) status = read_beside(path, "config.yaml", LARGEST_CONFIG, &r->folders[folder].config, err);
    if (status == PS_OK) status = read_summary(&r->folders[folder], path, err);
    if (status == PS_OK && r->folders[folder].comparison != NULL) sort_files(&files, r->folders[folder].comparison);
    for (size_t i = 0; status == PS_OK && i < files.n; i++)
        status = read_file(r, &files.files[i], folder, err);
    if (status == PS_OK && study) status = read_studies(r, ps_text_cstr(&where), err);
    ps_result_files_clear(&files);
    ps_text_clear(&where);
    return status;
}

static bool ends_with(const char *text, const char *ending) {
    size_t n = strlen(text), m = strlen(ending);
    return n > m && strcmp(text + n - m, ending) == 0;
}

static ps_status read_place(ps_report *r, const char *place, ps_error *err) {
    struct stat about;
    size_t folder;
    if (strncmp(place, "postgresql://", 13) == 0) return read_studies(r, place, err);
    if (stat(place, &about) != 0) return ps_fail(err, PS_IO, "%s: no such folder or file", place);
    if (S_ISDIR(about.st_mode)) return read_folder(r, place, err);
    if (!ends_with(place, ".jsonl")) return read_studies(r, place, err);
    ps_status status = add_folder(r, place, &folder, err);
    ps_result_file file = {.path = (char *)place, .name = (char *)""};
    return status == PS_OK ? read_file(r, &file, folder, err) : status;
}

/* ---- All of it ----------------------------------------------------------- */

ps_status ps_report_read(const char *const *places, size_t n, ps_report **report, ps_error *err) {
    ps_report *r = ps_calloc(1, sizeof *r);
    if (r == NULL) return ps_nomem(err);
    r->arena = ps_arena_create();
    ps_status status = r->arena != NULL ? PS_OK : ps_nomem(err);
    for (size_t i = 0; i < n && status == PS_OK; i++)
        status = read_place(r, places[i], err);
    if (status == PS_OK && r->n_problems == 0 && r->n_studies == 0)
        status = ps_fail(err, PS_FORMAT, "%s: no problem is finished yet, so there is nothing to report",
                         n > 0 ? places[0] : "report");
    if (status == PS_OK) status = ps_report_count(r, err);
    if (status == PS_OK)
        *report = r;
    else
        ps_report_free(r);
    return status;
}

void ps_report_free(ps_report *r) {
    if (r == NULL) return;
    for (size_t i = 0; i < r->n_runs; i++)
        ps_free(r->runs[i].marks);
    for (size_t i = 0; i < r->n_folders; i++) {
        ps_free(r->folders[i].config);
        json_decref(r->folders[i].comparison);
    }
    for (size_t i = 0; i < r->n_studies; i++)
        ps_trials_clear(&r->studies[i].trials);
    ps_free(r->runs);
    ps_free(r->folders);
    ps_free(r->arms);
    ps_free(r->table);
    ps_arena_free(r->arena);
    ps_free(r);
}

const ps_report_mark *ps_report_mark_of(const ps_report_run *run, size_t problem) {
    static const ps_report_mark none = {0};
    return problem < run->n_marks ? &run->marks[problem] : &none;
}

ps_status ps_report_line(const ps_report *r, const ps_report_mark *mark, json_t **line, ps_error *err) {
    const char *path = r->files[mark->file];
    int file;
    uint64_t size;
    char *text = ps_malloc(mark->length + 1);
    if (text == NULL) return ps_nomem(err);
    ps_status status = ps_file_open(path, &file, &size, err);
    if (status == PS_OK) {
        status = ps_file_read(file, path, mark->offset, text, mark->length, err);
        close(file);
    }
    json_t *found = status == PS_OK ? json_loadb(text, mark->length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    ps_free(text);
    if (status == PS_OK && !json_is_object(found)) {
        json_decref(found);
        return ps_fail(err, PS_FORMAT, "%s: changed while it was read; say it again once nobody writes it", path);
    }
    if (status == PS_OK) *line = found;
    return status;
}
