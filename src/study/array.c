#include "study/array.h"

#include <stdlib.h>
#include <string.h>

/* Where the line of a problem lies in the file: a problem that was tried again has several. */
typedef struct line_place {
    size_t index, number; /* of the problem, of the line */
    bool last;
} line_place;

typedef struct array_writer {
    line_place *places; /* [n] */
    size_t n, capacity;
    size_t number; /* of the next line to be written */
    ps_text text;
} array_writer;

static ps_status note_place(void *user, const ps_stored_line *line, ps_error *err) {
    array_writer *w = user;
    if (ps_reserve(&w->places, &w->capacity, w->n + 1) != PS_OK) return ps_nomem(err);
    w->places[w->n] = (line_place){.index = line->result.index, .number = w->n};
    w->n++;
    return PS_OK;
}

static int by_problem(const void *a, const void *b) {
    const line_place *x = a, *y = b;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int by_number(const void *a, const void *b) {
    const line_place *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* Of each problem the last line counts. */
static void mark_last(array_writer *w) {
    if (w->n == 0) return;
    qsort(w->places, w->n, sizeof *w->places, by_problem);
    for (size_t i = 0; i < w->n; i++)
        w->places[i].last = i + 1 == w->n || w->places[i + 1].index != w->places[i].index;
    qsort(w->places, w->n, sizeof *w->places, by_number);
}

static ps_status write_line(void *user, const ps_stored_line *line, ps_error *err) {
    array_writer *w = user;
    if (w->number >= w->n || !w->places[w->number++].last) return PS_OK;
    ps_text_puts(&w->text, w->text.length > 2 ? ",\n" : "");
    ps_text_append(&w->text, line->text, line->length);
    return ps_text_ok(&w->text) ? PS_OK : ps_nomem(err);
}

ps_status ps_array_write(ps_store *store, const char *path, ps_error *err) {
    array_writer w = {0};
    ps_text name = {0};
    const char *slash = strrchr(path, '/');
    ps_text_puts(&w.text, "[\n");
    ps_status status = ps_results_scan(path, note_place, &w, err);
    mark_last(&w);
    if (status == PS_OK) status = ps_results_scan(path, write_line, &w, err);
    ps_text_puts(&w.text, w.text.length > 2 ? "\n]\n" : "]\n");
    ps_text_append(&name, slash + 1, strlen(slash + 1) - strlen("l")); /* results.json of results.jsonl */
    if (status == PS_OK && !(ps_text_ok(&w.text) && ps_text_ok(&name))) status = ps_nomem(err);
    if (status == PS_OK) status = ps_store_write(store, ps_text_cstr(&name), w.text.data, w.text.length, err);
    ps_text_clear(&w.text);
    ps_text_clear(&name);
    ps_free(w.places);
    return status;
}
