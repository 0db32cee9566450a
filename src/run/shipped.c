/* Whether the shipped model can be asked a question: it has learnt fourteen kinds of problems, each in words of its
 * own, and what it says to anything else is nonsense that it is sure of. The problems in data/ tell its kinds. */
#include "run/shipped.h"
#include "run/files.h"

#include <stdlib.h>
#include <string.h>

/* A question in pieces, each with a NUL at its end:
 *
 *   wClause        of its words, every formula in them a "$"
 *   eFirst\nLast   the clauses it begins and ends with
 *   s+             a symbol of its formulas: a command, a letter, a sign, "0" and "00" for a number of two digits
 *   fx^2+          four symbols in a row, where all numbers are 0 but an exponent, and + is -
 */
typedef ps_text pieces;

/* What the problems of a kind have. */
typedef struct kind {
    const char *name;   /* of the data set */
    const char **known; /* [n_known] pieces of some problem, sorted */
    size_t n_known;
    const char **needed; /* [n_needed] symbols of every problem */
    size_t n_needed;
} kind;

struct ps_shipped {
    ps_dataset *dataset; /* that the kinds' names are in; NULL without it */
    pieces *all;         /* [n] its problems */
    size_t n;
    kind *kinds; /* [n_kinds], no more than n */
    size_t n_kinds;
};

static void add(pieces *p, char what, const char *text, size_t length) {
    ps_text_append(p, &what, 1);
    ps_text_append(p, text, length);
    ps_text_append(p, "", 1);
}

/* NULL after the last one; begins with NULL. */
static const char *next_piece(const pieces *p, const char *at) {
    const char *next = at == NULL ? p->data : at + strlen(at) + 1;
    return next < p->data + p->length ? next : NULL;
}

/* ---- Formulas ------------------------------------------------------------ */

typedef struct symbol {
    const char *text;
    size_t length;
} symbol;

enum { ROW = 4 };

/* The symbol at `at`, as it stands there. */
static symbol symbol_at(const char *at) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", digits[] = "0123456789";
    const size_t number = strspn(at, digits);
    return (symbol){at, number > 0 ? number : *at == '\\' ? 1 + strspn(at + 1, letters) : 1};
}

/* A symbol by itself; of a number, how long it is. */
static void add_symbol(pieces *p, symbol s, bool number) {
    for (size_t length = 1; number && length <= s.length; length++) {
        char what = 's';
        ps_text_append(p, &what, 1);
        for (size_t i = 0; i < length; i++)
            ps_text_puts(p, "0");
        ps_text_append(p, "", 1);
    }
    if (!number) add(p, 's', s.text, s.length);
}

static void add_row(pieces *p, const symbol *row, size_t n) {
    ps_text_puts(p, "f");
    for (size_t i = 0; i < n; i++) {
        ps_text_puts(p, " ");
        ps_text_append(p, row[i].text, row[i].length);
    }
    ps_text_append(p, "", 1);
}

/* A formula's symbols; what follows its second dollar. */
static const char *cut_formula(pieces *p, const char *at) {
    symbol row[ROW] = {{"begin", 5}};
    size_t n = 1;
    bool ends = false;
    while (!ends) {
        while (*at == ' ')
            at++;
        ends = *at == '\0' || *at == '$';
        symbol s = ends ? (symbol){"end", 3} : symbol_at(at);
        if (!ends) {
            const bool number = *at >= '0' && *at <= '9', exponent = row[n - 1].text[0] == '^';
            at += s.length;
            add_symbol(p, s, number);
            if (number && !exponent) s = (symbol){"0", 1};
            if (*s.text == '-') s.text = "+";
        }
        if (n == ROW) memmove(row, row + 1, (ROW - 1) * sizeof *row);
        n = n == ROW ? n : n + 1;
        row[n - 1] = s;
        if (n == ROW || ends) add_row(p, row, n);
    }
    return *at == '$' ? at + 1 : at;
}

/* ---- Words --------------------------------------------------------------- */

/* The clause that ends here; the first one and the last are kept. */
static void end_clause(pieces *p, ps_text *clause, ps_text *first, ps_text *last) {
    while (clause->length > 0 && clause->data[clause->length - 1] == ' ')
        clause->data[--clause->length] = '\0';
    if (clause->length > 0) {
        add(p, 'w', clause->data, clause->length);
        if (first->length == 0) ps_text_puts(first, clause->data);
        ps_text_reset(last);
        ps_text_puts(last, clause->data);
    }
    ps_text_reset(clause);
}

/* False without a clause or memory. */
static bool cut(const char *question, pieces *p) {
    ps_text clause = {0}, first = {0}, last = {0};
    *p = (pieces){0};
    for (const char *at = question; *at != '\0';) {
        if (*at == '$') {
            ps_text_puts(&clause, "$");
            at = cut_formula(p, at + 1);
        } else if (strchr(",.?", *at) != NULL) {
            end_clause(p, &clause, &first, &last);
            at++;
        } else {
            bool blank = strchr(" \t\r\n", *at) != NULL;
            if (!blank) ps_text_append(&clause, at, 1);
            if (blank && clause.length > 0 && clause.data[clause.length - 1] != ' ') ps_text_puts(&clause, " ");
            at++;
        }
    }
    end_clause(p, &clause, &first, &last);
    ps_text_puts(&first, "\n");
    ps_text_puts(&first, ps_text_cstr(&last));
    add(p, 'e', ps_text_cstr(&first), first.length);
    const bool ok = ps_text_ok(p) && ps_text_ok(&clause) && ps_text_ok(&first) && last.length > 0;
    ps_text_clear(&clause);
    ps_text_clear(&first);
    ps_text_clear(&last);
    return ok;
}

/* ---- Kinds --------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count(const pieces *p) {
    size_t n = 0;
    for (const char *at = next_piece(p, NULL); at != NULL; at = next_piece(p, at))
        n++;
    return n;
}

static bool has(const pieces *p, const char *piece) {
    const char *at = next_piece(p, NULL);
    while (at != NULL && strcmp(at, piece) != 0)
        at = next_piece(p, at);
    return at != NULL;
}

static bool is_known(const kind *k, const char *piece) {
    return bsearch(&piece, k->known, k->n_known, sizeof *k->known, by_text) != NULL;
}

/* All pieces are known to the kind, and what every problem of it has is there. */
static bool is_of(const pieces *question, const kind *k) {
    for (const char *at = next_piece(question, NULL); at != NULL; at = next_piece(question, at))
        if (!is_known(k, at)) return false;
    for (size_t i = 0; i < k->n_needed; i++)
        if (!has(question, k->needed[i])) return false;
    return true;
}

/* Whether the i-th problem is of the kind of that name. */
static bool named(const ps_shipped *s, size_t i, const char *name) {
    size_t n;
    const char *subject = ps_dataset_problems(s->dataset, &n)[i].subject;
    return strcmp(subject != NULL ? subject : "", name) == 0;
}

static bool all_have(const ps_shipped *s, const char *name, const char *piece) {
    for (size_t i = 0; i < s->n; i++)
        if (named(s, i, name) && !has(&s->all[i], piece)) return false;
    return true;
}

/* Of the problems of that name, of which the one at `first` is the first. */
static bool make_kind(const ps_shipped *s, size_t first, const char *name, kind *k) {
    size_t n = 0, distinct = 0;
    for (size_t i = first; i < s->n; i++)
        n += named(s, i, name) ? count(&s->all[i]) : 0;
    *k = (kind){.name = name, .known = ps_calloc(n, sizeof *k->known), .needed = ps_calloc(n, sizeof *k->needed)};
    if (k->known == NULL || k->needed == NULL) return false;
    for (size_t i = first; i < s->n; i++) {
        if (!named(s, i, name)) continue;
        for (const char *at = next_piece(&s->all[i], NULL); at != NULL; at = next_piece(&s->all[i], at))
            k->known[k->n_known++] = at;
    }
    qsort(k->known, k->n_known, sizeof *k->known, by_text);
    for (size_t i = 0; i < k->n_known; i++)
        if (distinct == 0 || strcmp(k->known[distinct - 1], k->known[i]) != 0) k->known[distinct++] = k->known[i];
    k->n_known = distinct;
    for (const char *at = next_piece(&s->all[first], NULL); at != NULL; at = next_piece(&s->all[first], at))
        if (*at == 's' && all_have(s, name, at)) k->needed[k->n_needed++] = at;
    return true;
}

static bool make_kinds(ps_shipped *s) {
    size_t n;
    const ps_problem *problems = ps_dataset_problems(s->dataset, &n);
    s->kinds = ps_calloc(s->n, sizeof *s->kinds);
    if (s->kinds == NULL) return false;
    for (size_t i = 0; i < s->n; i++) {
        const char *name = problems[i].subject != NULL ? problems[i].subject : "";
        size_t k = 0;
        while (k < s->n_kinds && strcmp(s->kinds[k].name, name) != 0)
            k++;
        if (k == s->n_kinds && !make_kind(s, i, name, &s->kinds[s->n_kinds++])) return false;
    }
    return true;
}

/* The shipped problems, whatever data set is configured. NULL where they are not there. */
static ps_dataset *shipped_problems(void) {
    char *path = NULL;
    ps_dataset *dataset = NULL;
    if (ps_shipped_file("data/test.jsonl", &path, NULL) == PS_OK) (void)ps_dataset_load(path, &dataset, NULL);
    ps_free(path);
    return dataset;
}

void ps_shipped_free(ps_shipped *shipped) {
    if (shipped == NULL) return;
    for (size_t i = 0; i < shipped->n; i++)
        ps_text_clear(&shipped->all[i]);
    for (size_t k = 0; k < shipped->n_kinds; k++) {
        ps_free((void *)shipped->kinds[k].known);
        ps_free((void *)shipped->kinds[k].needed);
    }
    ps_free(shipped->kinds);
    ps_free(shipped->all);
    ps_dataset_free(shipped->dataset);
    ps_free(shipped);
}

ps_status ps_shipped_create(ps_shipped **out, ps_error *err) {
    size_t n = 0;
    ps_shipped *s = ps_calloc(1, sizeof *s);
    if (s == NULL) return ps_nomem(err);
    s->dataset = shipped_problems();
    const ps_problem *problems = s->dataset != NULL ? ps_dataset_problems(s->dataset, &n) : NULL;
    s->all = ps_calloc(n, sizeof *s->all);
    bool ok = s->all != NULL;
    while (ok && s->n < n) {
        ok = cut(problems[s->n].text, &s->all[s->n]);
        s->n++;
    }
    if (!ok || (n > 0 && !make_kinds(s))) {
        ps_shipped_free(s);
        return ps_nomem(err);
    }
    *out = s;
    return PS_OK;
}

const char *ps_shipped_doubt(const ps_shipped *shipped, const char *question) {
    pieces asked;
    if (shipped == NULL) return NULL;
    bool known = false;
    if (cut(question, &asked))
        for (size_t k = 0; k < shipped->n_kinds && !known; k++)
            known = is_of(&asked, &shipped->kinds[k]);
    ps_text_clear(&asked);
    return known ? NULL
                 : "do not rely on this answer: the shipped model is a small demonstration that has learnt fourteen "
                   "kinds of school problems with small numbers (data/README.md), and this question is like none of "
                   "them. `tools/get-model --list` names models that it fetches; one of your own is "
                   "--models.generator.model_path=MODEL.gguf (docs/models.md)";
}
