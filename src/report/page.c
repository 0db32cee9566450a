/* The page: tables and charts as they are, problems packed until somebody opens them. */
#include "base/embedded.h"
#include "base/json.h"
#include "report/charts.h"
#include "report/deflate.h"
#include "report/html.h"
#include "report/problem.h"
#include "report/tables.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

extern const ps_embedded ps_embedded_draw_picture_css, ps_embedded_report_report_css, ps_embedded_report_report_js;

enum { BLOCK = 1 << 19, MIB = 1 << 20, SPARE = 1 << 16 };

static void put_text(ps_text *html, const char *text) {
    ps_draw_escape(html, text, strlen(text), SIZE_MAX);
}

/* ---- The head ------------------------------------------------------------ */

/* Nothing is loaded, from nowhere, and no script runs but ours, which is known by its hash. */
static void put_head(ps_text *html) {
    ps_text_printf(html,
                   "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-%s'; "
                   "style-src 'sha256-%s' 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<title>persamp report</title>\n<style>",
                   ps_embedded_report_report_js.sha256, ps_embedded_draw_picture_css.sha256,
                   ps_embedded_report_report_css.sha256);
    ps_text_append(html, ps_embedded_draw_picture_css.data, ps_embedded_draw_picture_css.length);
    ps_text_puts(html, "</style>\n<style>");
    ps_text_append(html, ps_embedded_report_report_css.data, ps_embedded_report_report_css.length);
    ps_text_puts(html, "</style>\n</head>\n<body>\n<header>\n<h1>persamp report</h1>\n");
}

static void put_summary(const ps_report *r, ps_text *html) {
    size_t done = 0, errors = 0, truncated = 0;
    for (size_t a = 0; a < r->n_arms; a++) {
        done += r->arms[a].done;
        errors += r->arms[a].errors;
        truncated += r->arms[a].truncated;
    }
    ps_text_puts(html, "<p>");
    for (size_t i = 0; i < r->n_folders; i++) {
        ps_text_puts(html, i > 0 ? ", " : "");
        put_text(html, r->folders[i].path);
    }
    for (size_t i = 0; i < r->n_studies; i++) {
        ps_text_puts(html, i > 0 || r->n_folders > 0 ? ", study " : "study ");
        put_text(html, r->studies[i].name);
    }
    ps_text_puts(html, "</p>\n");
    if (r->n_problems > 0)
        ps_text_printf(html,
                       "<p id=\"summary\"><b class=\"failed\">%zu failed</b>, <b class=\"cut\">%zu cut off</b> of %zu "
                       "runs over %zu problems.</p>\n",
                       errors, truncated, done, r->n_problems);
    ps_text_puts(html,
                 "<nav><a href=\"#results\">Results</a> <a href=\"#pictures\">Pictures</a> "
                 "<a href=\"#problems\">Problems</a> <a href=\"#repeat\">Configuration</a></nav>\n</header>\n<main>\n");
}

/* ---- Tables -------------------------------------------------------------- */

static void put_table(ps_text *html, const ps_report_table *t) {
    assert(t->columns > 0);
    ps_html_put(html,
                "<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"%t\"><table "
                "id=\"%s\">\n<caption>%t</caption>\n<thead><tr>",
                t->title, t->id, t->title);
    for (size_t i = 0; i < t->n_cells; i++) {
        bool heading = i < t->columns;
        if (!heading && i % t->columns == 0) ps_text_puts(html, "<tr>");
        ps_text_puts(html, heading ? "<th scope=\"col\">" : i % t->columns == 0 ? "<th scope=\"row\">" : "<td>");
        put_text(html, t->cells[i]);
        ps_text_puts(html, heading || i % t->columns == 0 ? "</th>" : "</td>");
        if (i % t->columns != t->columns - 1) continue;
        ps_text_puts(html, heading ? "</tr></thead>\n<tbody>\n" : "</tr>\n");
    }
    ps_text_puts(html, "</tbody></table>");
    if (t->note != NULL) ps_html_put(html, "<p class=\"note\">%t</p>", t->note);
    ps_text_puts(html, "</div>\n");
}

static ps_status put_tables(const ps_report *r, ps_text *html, ps_error *err) {
    ps_report_tables tables;
    ps_status status = ps_report_make_tables(r, &tables, err);
    if (status != PS_OK) return status;
    ps_text_puts(html, "<section id=\"results\">\n<h2>Results</h2>\n");
    for (size_t i = 0; i < tables.n; i++)
        put_table(html, &tables.tables[i]);
    ps_text_puts(html, "</section>\n<section id=\"pictures\">\n<h2>Pictures</h2>\n");
    ps_report_tables_clear(&tables);
    return PS_OK;
}

/* ---- Problems: in order of what wants a look ----------------------------- */

typedef enum concern { FAILED, CUT_OFF, DIFFERS, WRONG, RIGHT } concern;

typedef struct entry {
    size_t problem;
    concern concern;
    uint64_t index;
    size_t block, place; /* where its texts are; block SIZE_MAX: left out */
    bool pools;
} entry;

static concern concern_of(const ps_report *r, size_t problem) {
    bool failed = false, cut = false, right = false, wrong = false;
    for (size_t i = 0; i < r->n_runs; i++) {
        const ps_report_mark *m = ps_report_mark_of(&r->runs[i], problem);
        if (m->length == 0) continue;
        failed = failed || m->error;
        cut = cut || m->truncated;
        right = right || m->correct;
        wrong = wrong || (m->known && !m->correct);
    }
    return failed ? FAILED : cut ? CUT_OFF : right && wrong ? DIFFERS : wrong ? WRONG : RIGHT;
}

static int by_concern(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->concern != y->concern) return x->concern < y->concern ? -1 : 1;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (x->problem > y->problem) - (x->problem < y->problem);
}

static entry *order_problems(const ps_report *r) {
    entry *entries = ps_calloc(r->n_problems + 1, sizeof *entries);
    if (entries == NULL) return NULL;
    for (size_t p = 0; p < r->n_problems; p++)
        entries[p] =
            (entry){.problem = p, .concern = concern_of(r, p), .index = r->problems[p].index, .block = SIZE_MAX};
    if (r->n_problems > 1) qsort(entries, r->n_problems, sizeof *entries, by_concern);
    return entries;
}

/* ---- Problems: their texts in blocks ------------------------------------- */

typedef struct packing {
    const ps_report *r;
    entry *entries;
    ps_text *html;
    size_t limit; /* of the page, in bytes */
    size_t begin; /* of the first block */
    size_t first; /* entry of the block under way */
    size_t blocks;
    uint64_t done, all; /* bytes of lines: packed, and of all */
    bool full;
    ps_text block; /* JSON: a list of problems */
} packing;

static uint64_t lines_of(const ps_report *r, size_t problem) {
    uint64_t sum = 0;
    for (size_t i = 0; i < r->n_runs; i++)
        sum += ps_report_mark_of(&r->runs[i], problem)->length;
    return sum;
}

/* Pools as long as all of them fit, by what they took until now; else in seven tenths of the room, which leaves the
 * rest for the texts of the others. */
static ps_report_detail detail_of(const packing *p) {
    double used = (double)(p->html->length - p->begin), room = (double)(p->limit - p->begin);
    double needed = p->done > 0 ? used / (double)p->done * (double)p->all : 0;
    return needed <= 0.95 * room || used < 0.7 * room ? PS_REPORT_POOLS : PS_REPORT_TEXTS;
}

/* Pack what is there, entries first … end−1; where it does not fit it is left out, and all after it. */
static ps_status pack_block(packing *p, size_t end, ps_error *err) {
    ps_text packed = {0};
    if (p->block.length == 0) return PS_OK;
    ps_text_puts(&p->block, "]");
    ps_status status = ps_text_ok(&p->block) ? PS_OK : ps_nomem(err);
    if (status == PS_OK) status = ps_report_pack(p->block.data, p->block.length, &packed, err);
    if (status == PS_OK && p->html->length + packed.length > p->limit) p->full = true;
    if (status == PS_OK && !p->full) {
        ps_text_printf(p->html, "<script type=\"text/plain\" id=\"block-%zu\">", p->blocks);
        ps_text_append(p->html, packed.data, packed.length);
        ps_text_puts(p->html, "</script>\n");
        for (size_t i = p->first; i < end; i++) {
            p->entries[i].block = p->blocks;
            p->entries[i].place = i - p->first;
            p->done += lines_of(p->r, p->entries[i].problem);
        }
        p->blocks++;
    }
    ps_text_clear(&packed);
    ps_text_reset(&p->block);
    p->first = end;
    return status;
}

static ps_status pack_problem(packing *p, size_t i, ps_error *err) {
    json_t *problem = NULL;
    ps_report_detail detail = detail_of(p);
    ps_status status = ps_report_problem_json(p->r, p->entries[i].problem, detail, &problem, err);
    if (status != PS_OK) return status;
    p->entries[i].pools = detail == PS_REPORT_POOLS;
    ps_text_puts(&p->block, p->block.length == 0 ? "[" : ",");
    status = ps_json_dump(problem, JSON_COMPACT, &p->block, err);
    return status == PS_OK && p->block.length >= BLOCK ? pack_block(p, i + 1, err) : status;
}

static ps_status pack_all(packing *p, ps_error *err) {
    ps_status status = PS_OK;
    size_t n = p->r->n_problems;
    p->begin = p->html->length;
    for (size_t i = 0; i < n; i++)
        p->all += lines_of(p->r, i);
    for (size_t i = 0; i < n && status == PS_OK && !p->full && p->limit > p->begin; i++)
        status = pack_problem(p, i, err);
    if (status == PS_OK && !p->full && n > 0) status = pack_block(p, n, err);
    ps_text_clear(&p->block);
    return status;
}

/* ---- Problems: the index ------------------------------------------------- */

/* One letter a run: (R)ight, (W)rong, (U)nknown, small where it was cut off; F failed; a point where there is none. */
static void put_letters(const ps_report *r, size_t problem, char *letters) {
    for (size_t i = 0; i < r->n_runs; i++) {
        const ps_report_mark *m = ps_report_mark_of(&r->runs[i], problem);
        char letter = !m->known ? 'U' : m->correct ? 'R' : 'W';
        letters[i] = m->length == 0 ? '.' : m->error ? 'F' : m->truncated ? (char)(letter + 'a' - 'A') : letter;
    }
    letters[r->n_runs] = '\0';
}

static json_t *place_of(size_t n) {
    return json_integer(n == SIZE_MAX ? -1 : (json_int_t)n);
}

static json_t *list_words(const ps_report_words *words) {
    json_t *list = json_array();
    for (size_t i = 0; i < words->n; i++)
        json_array_append_new(list, ps_json_text(words->words[i]));
    return list;
}

static json_t *list_problems(const packing *p, char *letters) {
    json_t *list = json_array();
    for (size_t i = 0; i < p->r->n_problems; i++) {
        const entry *e = &p->entries[i];
        const ps_report_problem *problem = &p->r->problems[e->problem];
        put_letters(p->r, e->problem, letters);
        json_array_append_new(list, json_pack("[I,o,o,o,s,o,I,i]", (json_int_t)problem->index,
                                              ps_json_text(problem->beginning), place_of(problem->subject),
                                              place_of(problem->level), letters, place_of(e->block),
                                              (json_int_t)e->place, (int)e->concern));
    }
    return list;
}

/* What stands in a <script> ends with the first "</script" in it, whatever JSON thinks: "<" is spelled, and with
 * JSON_ENSURE_ASCII all that is no ASCII, U+2028 among it. */
static void put_script_json(ps_text *html, const ps_text *json) {
    for (size_t i = 0; i < json->length; i++) {
        if (json->data[i] == '<')
            ps_text_puts(html, "\\u003c");
        else
            ps_text_append(html, json->data + i, 1);
    }
}

static ps_status put_index(packing *p, ps_error *err) {
    const ps_report *r = p->r;
    char *letters = ps_malloc(r->n_runs + 1);
    if (letters == NULL) return ps_nomem(err);
    json_t *runs = json_array();
    for (size_t i = 0; i < r->n_runs; i++)
        json_array_append_new(runs, ps_json_text(r->runs[i].label));
    json_t *index = json_pack("{s:o,s:o,s:o,s:o}", "runs", runs, "subjects", list_words(&r->subjects), "levels",
                              list_words(&r->levels), "problems", list_problems(p, letters));
    ps_text text = {0};
    ps_status status = ps_json_dump(index, JSON_COMPACT | JSON_ENSURE_ASCII, &text, err);
    ps_text_puts(p->html, "<script type=\"application/json\" id=\"index\">");
    if (status == PS_OK) put_script_json(p->html, &text);
    ps_text_puts(p->html, "</script>\n");
    ps_text_clear(&text);
    ps_free(letters);
    return status;
}

/* An upper bound of what comes behind the blocks, the index and the configurations: a byte becomes six at most. */
static size_t index_room(const ps_report *r) {
    size_t room = SPARE;
    for (size_t i = 0; i < r->n_problems; i++)
        room += 6 * strlen(r->problems[i].beginning) + r->n_runs + 80;
    for (size_t i = 0; i < r->n_runs; i++)
        room += 6 * strlen(r->runs[i].label) + 4;
    for (size_t i = 0; i < r->subjects.n; i++)
        room += 6 * strlen(r->subjects.words[i]) + 4;
    for (size_t i = 0; i < r->levels.n; i++)
        room += 6 * strlen(r->levels.words[i]) + 4;
    for (size_t i = 0; i < r->n_folders; i++)
        room += r->folders[i].config != NULL ? 6 * strlen(r->folders[i].config) : 0;
    return room;
}

static void put_left_out(const packing *p, ps_report_counts *counts, ps_text *html) {
    *counts = (ps_report_counts){.problems = p->r->n_problems, .runs = p->r->n_runs};
    for (size_t i = 0; i < p->r->n_problems; i++) {
        counts->with_texts += p->entries[i].block != SIZE_MAX;
        counts->with_pools += p->entries[i].block != SIZE_MAX && p->entries[i].pools;
    }
    if (counts->with_texts < counts->problems)
        ps_text_printf(
            html,
            "<p class=\"note\" id=\"left-out\">The texts of %zu problems are left out, and the pools of %zu: the file "
            "would "
            "be larger than %d MiB. Those that want a look come first; a report of fewer runs holds more.</p>\n",
            counts->problems - counts->with_texts, counts->problems - counts->with_pools, PS_REPORT_MOST_MIB);
    else if (counts->with_pools < counts->problems)
        ps_text_printf(html,
                       "<p class=\"note\" id=\"left-out\">The pools of %zu problems are left out: the file would be "
                       "larger than %d "
                       "MiB.</p>\n",
                       counts->problems - counts->with_pools, PS_REPORT_MOST_MIB);
}

static ps_status put_problems(const ps_report *r, size_t most, ps_text *html, ps_report_counts *counts, ps_error *err) {
    packing p = {.r = r, .html = html, .entries = order_problems(r)};
    if (p.entries == NULL) return ps_nomem(err);
    size_t limit = (size_t)PS_REPORT_MOST_MIB * MIB, room = index_room(r);
    p.limit = most > 0 ? html->length + most : limit > room ? limit - room : 0;
    ps_status status = pack_all(&p, err);
    if (status == PS_OK) status = put_index(&p, err);
    if (status == PS_OK) put_left_out(&p, counts, html);
    ps_free(p.entries);
    return status;
}

/* ---- The configuration --------------------------------------------------- */

/* A word that a shell takes as it is. */
static void put_word(ps_text *html, const char *word) {
    ps_text quoted = {0};
    ps_text_puts(&quoted, "'");
    for (; *word != '\0'; word++)
        ps_text_append(&quoted, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    ps_text_puts(&quoted, "'");
    put_text(html, ps_text_cstr(&quoted));
    if (!ps_text_ok(&quoted)) html->failed = true;
    ps_text_clear(&quoted);
}

/* The different texts of a member of the cells, in order, with commas. */
static void put_members(ps_text *html, const json_t *cells, const char *member) {
    size_t i, k;
    bool first = true;
    const json_t *one;
    json_array_foreach(cells, i, one) {
        const char *text = json_string_value(json_object_get(one, member));
        bool seen = text == NULL || *text == '\0';
        for (k = 0; k < i && !seen; k++) {
            const char *before = json_string_value(json_object_get(json_array_get(cells, k), member));
            seen = before != NULL && strcmp(before, text) == 0;
        }
        if (seen) continue;
        ps_text_puts(html, first ? "" : ",");
        put_text(html, text);
        first = false;
    }
}

/* What the comparison was asked for by; from a folder of an older version, what its cells tell of it. */
static void put_comparison(ps_text *html, const json_t *comparison) {
    const json_t *arguments = json_object_get(comparison, "arguments"), *one;
    const json_t *cells = json_object_get(comparison, "cells");
    size_t i;
    json_array_foreach(arguments, i, one) {
        const char *word = json_string_value(one);
        ps_text_puts(html, " ");
        if (word != NULL && i % 2 == 0) put_text(html, word);
        if (word != NULL && i % 2 == 1) put_word(html, word);
    }
    if (json_is_array(arguments)) return;
    ps_text_puts(html, " --methods '");
    put_members(html, cells, "method");
    ps_text_puts(html, "' --budgets '");
    put_members(html, cells, "budget");
    ps_text_puts(html, "'");
}

/* The problems of an evaluation, from the first to the last that it has, and the methods beside its own. */
static void put_evaluation(ps_text *html, const ps_report *r, size_t folder) {
    uint64_t first = UINT64_MAX, last = 0;
    bool beside = false;
    for (size_t i = 0; i < r->n_runs; i++) {
        const ps_report_run *run = &r->runs[i];
        for (size_t k = 0; k < run->n_marks && run->folder == folder; k++) {
            uint64_t index = r->problems[k].index;
            if (run->marks[k].length == 0) continue;
            first = index < first ? index : first;
            last = index > last ? index : last;
        }
    }
    if (first == UINT64_MAX) return;
    if (first > 0) ps_text_printf(html, " --offset %llu", (unsigned long long)first);
    ps_text_printf(html, " --limit %llu", (unsigned long long)(last - first + 1));
    for (size_t i = 0; i < r->n_runs; i++) {
        if (r->runs[i].folder != folder || *r->runs[i].name == '\0') continue;
        ps_text_puts(html, beside ? "," : " --baselines ");
        put_text(html, r->runs[i].name);
        beside = true;
    }
}

static void put_command(ps_text *html, const ps_report *r, size_t folder) {
    const ps_report_folder *f = &r->folders[folder];
    ps_text_printf(html, "<pre class=\"command\">persamp %s --config ", f->comparison != NULL ? "compare" : "eval");
    ps_text path = {0};
    ps_text_printf(&path, "%s/config.yaml", f->path);
    put_word(html, ps_text_cstr(&path));
    if (!ps_text_ok(&path)) html->failed = true;
    ps_text_clear(&path);
    if (f->comparison != NULL)
        put_comparison(html, f->comparison);
    else
        put_evaluation(html, r, folder);
    ps_text_puts(html, " --evaluation.output_dir=again</pre>\n");
}

static void put_repeat(const ps_report *r, ps_text *html) {
    ps_text_puts(html, "<section id=\"repeat\">\n<h2>Configuration, and how to repeat it</h2>\n");
    for (size_t i = 0; i < r->n_folders; i++) {
        const ps_report_folder *f = &r->folders[i];
        ps_html_put(html, "<h3>%t</h3>\n", f->path);
        if (f->config == NULL) {
            ps_text_puts(html, "<p>There is no config.yaml beside these results.</p>\n");
            continue;
        }
        put_command(html, r, i);
        ps_html_put(html, "<details><summary>config.yaml</summary><pre>%t</pre></details>\n", f->config);
    }
    for (size_t i = 0; i < r->n_studies; i++)
        ps_html_put(
            html,
            "<h3>Study %t in %t</h3>\n<p>Its space, data set and models are in the study; <code>persamp tune</code> "
            "goes on with it, <code>persamp study best</code> prints its best settings.</p>\n",
            r->studies[i].name, r->studies[i].where);
    ps_html_put(html, "</section>\n</main>\n<footer><p>persamp %t</p></footer>\n", ps_version());
}

/* ---- All of it ----------------------------------------------------------- */

static void put_list(const ps_report *r, ps_text *html) {
    ps_text_puts(html, "</section>\n<section id=\"problems\">\n<h2>Problems</h2>\n");
    if (r->n_problems == 0)
        ps_text_puts(html, "<p>A study keeps no texts of problems.</p>\n");
    else
        ps_text_puts(html,
                     "<form id=\"filters\"></form>\n<p id=\"shown\" role=\"status\"></p>\n<div id=\"list\"></div>\n"
                     "<button id=\"more\" type=\"button\" hidden>Show more</button>\n"
                     "<noscript><p>The problems need JavaScript, which is in this file.</p></noscript>\n");
}

ps_status ps_report_html(const ps_report *r, size_t most, ps_text *html, ps_report_counts *counts, ps_error *err) {
    ps_report_counts counted;
    if (counts == NULL) counts = &counted;
    put_head(html);
    put_summary(r, html);
    ps_status status = put_tables(r, html, err);
    if (status == PS_OK) status = ps_report_put_charts(r, html, err);
    if (status == PS_OK) put_list(r, html);
    if (status == PS_OK) status = put_problems(r, most, html, counts, err);
    if (status != PS_OK) return status;
    ps_text_puts(html, "</section>\n");
    put_repeat(r, html);
    ps_text_puts(html, "<script>");
    ps_text_append(html, ps_embedded_report_report_js.data, ps_embedded_report_report_js.length);
    ps_text_puts(html, "</script>\n</body>\n</html>\n");
    return ps_text_ok(html) ? PS_OK : ps_nomem(err);
}
