/* The candidate ends of each boundary, what is left of those that have begun, and no string twice. */
#include "engine/openai/stops.h"

#include <string.h>

typedef struct list {
    ps_arena *arena;
    const char **items;
    size_t n, capacity;
    const char *before; /* [n_before] */
    size_t n_before;
    bool failed;
} list;

static void add(list *l, const char *pattern) {
    const size_t length = strlen(pattern);
    if (length == 0 || ps_utf8_valid(pattern, length) < length) return; /* half a character cannot be sent */
    if (ps_arena_reserve(l->arena, &l->items, &l->capacity, l->n + 1) != PS_OK)
        l->failed = true;
    else
        l->items[l->n++] = pattern;
}

/* A pattern, and the rest of it after each of its beginnings that the answer ends with. */
static void add_with_rests(list *l, const char *pattern) {
    add(l, pattern);
    for (size_t k = 1; k < strlen(pattern); k++)
        if (k <= l->n_before && memcmp(l->before + l->n_before - k, pattern, k) == 0) add(l, pattern + k);
}

/* Whether the answer ends in a line that has nothing but white space and the > of quotes so far, and is not its first.
 */
static bool in_blank_line(const list *l) {
    size_t at = l->n_before;
    while (at > 0 && l->before[at - 1] != '\n' && strchr(" \t\r\v\f>", l->before[at - 1]) != NULL)
        at--;
    return at > 0 && l->before[at - 1] == '\n';
}

/* What ends most steps, and what may end one besides: between them stand the answer's own stops. */
static void add_paragraphs(list *l, bool usual) {
    static const char *const rare[] = {"\n \n", "\n\r\n", "\n\t\n", "\n>\n"};
    if (usual && in_blank_line(l)) add(l, "\n");
    if (usual) add_with_rests(l, "\n\n");
    for (size_t i = 0; !usual && i < sizeof rare / sizeof *rare; i++)
        add_with_rests(l, rare[i]);
}

/* The mark, one closing bracket or quote or none, white space; or a mark of full width. More of them are rare, and then
 * a few tokens are drawn in vain. */
static void add_sentences(list *l, bool usual) {
    static const char *const rare[] = {"? ",  "! ",   ".\t",  "!\t",  "?\t", ".\v", "!\v", "?\v", ".\f",  "!\f",
                                       "?\f", ".\" ", "!\" ", "?\" ", ".' ", "!' ", "?' ", ".) ", "!) ",  "?) ",
                                       ".] ", "!] ",  "?] ",  ".} ",  "!} ", "?} ", ".* ", "!* ", "?* ",  "._ ",
                                       "!_ ", "?_ ",  "。",   "！",   "？",  "。”", "！”", "？”", "。」", "。）"};
    if (usual) add(l, "\n");
    if (usual) add_with_rests(l, ". ");
    for (size_t i = 0; !usual && i < sizeof rare / sizeof *rare; i++)
        add_with_rests(l, rare[i]);
}

static void add_boundaries(list *l, const ps_generation *g, bool usual) {
    switch (g->boundary) {
    case PS_BOUNDARY_NEWLINE:
        if (usual) add(l, "\n");
        break;
    case PS_BOUNDARY_PARAGRAPH: add_paragraphs(l, usual); break;
    case PS_BOUNDARY_SENTENCE: add_sentences(l, usual); break;
    case PS_BOUNDARY_FIXED: break;
    case PS_BOUNDARY_LITERALS:
        for (size_t i = 0; usual && i < g->n_literals; i++)
            add_with_rests(l, g->literals[i]);
        break;
    }
}

/* A string that has another in it never ends anything first; of equal ones the first stays. */
static void thin_out(list *l) {
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        bool needed = true;
        for (size_t k = 0; k < l->n && needed; k++)
            needed =
                k == i || strstr(l->items[i], l->items[k]) == NULL || (strcmp(l->items[i], l->items[k]) == 0 && i < k);
        if (needed) l->items[kept++] = l->items[i];
    }
    l->n = kept;
}

ps_status ps_remote_stops(const ps_generation *g, const char *before, size_t n_before, ps_arena *arena,
                          const char *const **stops, size_t *n, ps_error *err) {
    list l = {.arena = arena, .before = before, .n_before = n_before};
    add_boundaries(&l, g, true);
    for (size_t i = 0; i < g->n_stops; i++)
        add_with_rests(&l, g->stops[i]);
    add_boundaries(&l, g, false);
    if (l.failed) return ps_nomem(err);
    thin_out(&l);
    *stops = (const char *const *)l.items;
    *n = l.n;
    return PS_OK;
}

size_t ps_remote_stops_lookback(const ps_generation *g) {
    enum { BLANK_LINE = 64 }; /* white space of a line that is blank so far */
    size_t most = BLANK_LINE;
    for (size_t i = 0; i < g->n_stops; i++)
        if (strlen(g->stops[i]) > most) most = strlen(g->stops[i]);
    for (size_t i = 0; g->boundary == PS_BOUNDARY_LITERALS && i < g->n_literals; i++)
        if (strlen(g->literals[i]) > most) most = strlen(g->literals[i]);
    return most;
}
