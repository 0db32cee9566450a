/* Whether the shipped model can be asked a question: it has learnt fourteen kinds of problems, each in words of its
 * own, and what it says to anything else is nonsense that it is sure of. The problems in data/ tell its kinds. */
#include "run/shipped.h"
#include "run/files.h"

#include <string.h>

/* A question in pieces, each with a NUL at its end: the clauses of its words, every formula in them a "$"; and, after a
 * "$", the symbols of the formulas, where all digits are one: 407 is "$000". */
typedef struct pieces {
    ps_text text;
    size_t first, last; /* offsets of the first and the last clause */
    const char *kind;
} pieces;

struct ps_shipped {
    ps_dataset *dataset; /* that the kinds' names are in; NULL without it */
    pieces *all;         /* [n] its problems */
    size_t n;
};

static void add(pieces *p, const char *text, size_t length) {
    ps_text_append(&p->text, text, length);
    ps_text_append(&p->text, "", 1);
}

/* The symbol at `at` into `symbol`, "$\frac", "$+" or "$000"; its bytes. */
static size_t symbol_at(const char *at, char symbol[32], size_t *length) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", digits[] = "0123456789";
    size_t n = *at == '\\' ? 1 + strspn(at + 1, letters) : 1, number = strspn(at, digits);
    n = number > 0 ? number : n;
    size_t kept = n < 30 ? n : 30;
    symbol[0] = '$';
    if (number > 0)
        memset(symbol + 1, '0', kept);
    else
        memcpy(symbol + 1, at, kept);
    *length = kept + 1;
    return n;
}

/* A formula's symbols; what follows its second dollar. */
static const char *cut_formula(pieces *p, const char *at) {
    while (*at != '\0' && *at != '$') {
        char symbol[32];
        size_t length;
        at += symbol_at(at, symbol, &length);
        if (symbol[1] != ' ') add(p, symbol, length);
    }
    return *at == '$' ? at + 1 : at;
}

/* The clause that ends here. */
static void end_clause(pieces *p, ps_text *clause) {
    while (clause->length > 0 && clause->data[clause->length - 1] == ' ')
        clause->data[--clause->length] = '\0';
    if (clause->length > 0) {
        if (p->last == SIZE_MAX) p->first = p->text.length;
        p->last = p->text.length;
        add(p, clause->data, clause->length);
    }
    ps_text_reset(clause);
}

static bool cut(const char *question, const char *kind, pieces *p) {
    ps_text clause = {0};
    *p = (pieces){.first = SIZE_MAX, .last = SIZE_MAX, .kind = kind != NULL ? kind : ""};
    for (const char *at = question; *at != '\0';) {
        if (*at == '$') {
            ps_text_puts(&clause, "$");
            at = cut_formula(p, at + 1);
        } else if (strchr(",.?", *at) != NULL) {
            end_clause(p, &clause);
            at++;
        } else {
            bool blank = strchr(" \t\r\n", *at) != NULL;
            if (!blank) ps_text_append(&clause, at, 1);
            if (blank && clause.length > 0 && clause.data[clause.length - 1] != ' ') ps_text_puts(&clause, " ");
            at++;
        }
    }
    end_clause(p, &clause);
    bool ok = ps_text_ok(&p->text) && ps_text_ok(&clause) && p->last != SIZE_MAX;
    ps_text_clear(&clause);
    return ok;
}

/* The piece, or a number that is longer. */
static bool has(const pieces *p, const char *piece) {
    const char *end = p->text.data + p->text.length;
    const size_t length = strlen(piece);
    const bool number = strncmp(piece, "$0", 2) == 0;
    for (const char *at = p->text.data; at < end; at += strlen(at) + 1)
        if (number ? strncmp(at, piece, length) == 0 : strcmp(at, piece) == 0) return true;
    return false;
}

static bool known_to_kind(const pieces *all, size_t n, const char *kind, const char *piece) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].kind, kind) == 0 && has(&all[i], piece)) return true;
    return false;
}

/* It begins and ends as one of the problems does, and all between is found in problems of that one's kind. */
static bool resembles(const pieces *all, size_t n, const pieces *question) {
    const char *data = question->text.data, *end = data + question->text.length;
    for (size_t i = 0; i < n; i++) {
        const pieces *p = &all[i];
        if (strcmp(p->text.data + p->first, data + question->first) != 0 ||
            strcmp(p->text.data + p->last, data + question->last) != 0)
            continue;
        const char *at = data;
        while (at < end && known_to_kind(all, n, p->kind, at))
            at += strlen(at) + 1;
        if (at >= end) return true;
    }
    return false;
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
        ps_text_clear(&shipped->all[i].text);
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
        ok = cut(problems[s->n].text, problems[s->n].subject, &s->all[s->n]);
        s->n++;
    }
    if (!ok) {
        ps_shipped_free(s);
        return ps_nomem(err);
    }
    *out = s;
    return PS_OK;
}

const char *ps_shipped_doubt(const ps_shipped *shipped, const char *question) {
    pieces asked;
    if (shipped == NULL) return NULL;
    const bool known = cut(question, NULL, &asked) && resembles(shipped->all, shipped->n, &asked);
    ps_text_clear(&asked.text);
    return known ? NULL
                 : "do not rely on this answer: the shipped model is a small demonstration that has learnt fourteen "
                   "kinds of school problems with small numbers (data/README.md), and this question is like none of "
                   "them. `tools/get-model --list` names models that it fetches; one of your own is "
                   "--models.generator.model_path=MODEL.gguf (docs/models.md)";
}
