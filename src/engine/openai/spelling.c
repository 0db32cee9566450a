/* A hash table of runs, most of them of one id. */
#include "engine/openai/spelling.h"

#include <string.h>

void ps_remote_spellings_clear(ps_remote_spellings *s) {
    ps_arena_free(s->arena);
    ps_free(s->entries);
    ps_free(s->lacking);
    ps_text_clear(&s->joined);
    *s = (ps_remote_spellings){0};
}

/* ---- The table ----------------------------------------------------------- */

static bool same(const ps_remote_run *a, const ps_remote_run *b) {
    return a->n == b->n && memcmp(a->ids, b->ids, a->n * sizeof *a->ids) == 0;
}

static size_t place_of(const ps_remote_spellings *s, const ps_remote_run *run) {
    uint64_t hash = run->n;
    for (size_t i = 0; i < run->n; i++)
        hash = (hash ^ (uint32_t)run->ids[i]) * 0x9E3779B97F4A7C15u;
    size_t at = (size_t)(hash >> 20) & (s->size - 1);
    while (s->entries[at].run.n > 0 && !same(&s->entries[at].run, run))
        at = (at + 1) & (s->size - 1);
    return at;
}

static ps_status grow(ps_remote_spellings *s, ps_error *err) {
    enum { FEWEST = 1024 };
    ps_remote_spellings larger = *s;
    if (s->arena == NULL) s->arena = larger.arena = ps_arena_create();
    larger.size = s->size == 0 ? FEWEST : 2 * s->size;
    larger.entries = ps_calloc(larger.size, sizeof *larger.entries);
    if (larger.arena == NULL || larger.entries == NULL) {
        ps_free(larger.entries);
        return ps_nomem(err);
    }
    for (size_t i = 0; i < s->size; i++)
        if (s->entries[i].run.n > 0) larger.entries[place_of(&larger, &s->entries[i].run)] = s->entries[i];
    ps_free(s->entries);
    *s = larger;
    return PS_OK;
}

/* The entry of a run, made where there is none. */
static ps_status entry_of(ps_remote_spellings *s, const ps_remote_run *run, ps_remote_spelled **entry, ps_error *err) {
    ps_status status = 2 * (s->n + 1) > s->size ? grow(s, err) : PS_OK;
    if (status != PS_OK) return status;
    *entry = &s->entries[place_of(s, run)];
    if ((*entry)->run.n > 0) return PS_OK;
    (*entry)->run = *run;
    s->n++;
    return PS_OK;
}

static ps_status keep(ps_remote_spellings *s, const ps_remote_run *run, const char *text, size_t n, ps_error *err) {
    ps_remote_spelled *entry = NULL;
    ps_status status = entry_of(s, run, &entry, err);
    if (status != PS_OK || entry->text != NULL) return status;
    char *copy = ps_arena_strndup(s->arena, text, n);
    if (copy == NULL) return ps_nomem(err);
    entry->text = copy;
    entry->length = n;
    return PS_OK;
}

/* ---- What is told -------------------------------------------------------- */

ps_status ps_remote_spelling_tell(ps_remote_spellings *s, ps_token id, const char *bytes, size_t n, ps_error *err) {
    const ps_remote_run run = {.ids = {id}, .n = 1};
    return ps_utf8_valid(bytes, n) == n ? keep(s, &run, bytes, n, err) : PS_OK;
}

/* <|im_end|>: decoded as it is spelled, and no text of an answer. */
static bool is_control(const char *text, size_t n) {
    return n > 4 && memcmp(text, "<|", 2) == 0 && memcmp(text + n - 2, "|>", 2) == 0 && memchr(text, ' ', n) == NULL;
}

ps_status ps_remote_spelling_put(ps_remote_spellings *s, const ps_remote_run *run, const char *text, size_t n,
                                 ps_error *err) {
    return keep(s, run, text, run->n == 1 && is_control(text, n) ? 0 : n, err);
}

/* ---- What is asked ------------------------------------------------------- */

static const char replacement[] = "\xEF\xBF\xBD"; /* U+FFFD */

static bool has_replacement(const ps_remote_spelled *e) {
    return e->length >= 3 && strstr(e->text, replacement) != NULL;
}

static bool ends_in_replacement(const ps_remote_spelled *e) {
    return e->length >= 3 && memcmp(e->text + e->length - 3, replacement, 3) == 0;
}

/* The entry of a run that is known; NULL: not yet, and it is among the wanted. */
static ps_status look_up(ps_remote_spellings *s, const ps_remote_run *run, const ps_remote_spelled **known,
                         ps_error *err) {
    ps_remote_spelled *entry = NULL;
    const size_t before = s->n;
    *known = NULL;
    ps_status status = ps_reserve(&s->lacking, &s->lacking_capacity, s->n_lacking + 1) == PS_OK
                           ? entry_of(s, run, &entry, err)
                           : ps_nomem(err);
    if (status != PS_OK) return status;
    if (s->n > before) s->lacking[s->n_lacking++] = *run; /* asked for the first time */
    if (entry->text != NULL) *known = entry;
    return PS_OK;
}

ps_status ps_remote_spelling_want(ps_remote_spellings *s, ps_token id, ps_error *err) {
    const ps_remote_run alone = {.ids = {id}, .n = 1};
    const ps_remote_spelled *known = NULL;
    return look_up(s, &alone, &known, err);
}

/* An id that begins with a whole character, after a run that so never became one. */
static ps_status after_broken(ps_remote_spellings *s, ps_remote_run *run, const ps_remote_spelled *one,
                              const char **bytes, size_t *n, ps_error *err) {
    const ps_remote_spelled *broken = NULL;
    ps_status status = look_up(s, run, &broken, err);
    if (status != PS_OK) return status;
    ps_text_reset(&s->joined);
    if (broken != NULL) ps_text_append(&s->joined, broken->text, broken->length);
    ps_text_append(&s->joined, one->text, one->length);
    if (!ps_text_ok(&s->joined)) {
        ps_text_clear(&s->joined);
        return ps_nomem(err);
    }
    *bytes = s->joined.data;
    *n = s->joined.length;
    run->n = 0;
    return PS_OK;
}

ps_status ps_remote_spell(ps_remote_spellings *s, ps_remote_run *run, ps_token id, bool *known, const char **bytes,
                          size_t *n, ps_error *err) {
    const ps_remote_run alone = {.ids = {id}, .n = 1};
    const ps_remote_spelled *one = NULL, *all = NULL;
    *known = false;
    ps_status status = look_up(s, &alone, &one, err);
    if (status != PS_OK || one == NULL) return status;
    *known = true;
    *bytes = one->text;
    *n = one->length;
    if (!has_replacement(one)) return run->n == 0 ? PS_OK : after_broken(s, run, one, bytes, n, err);
    ps_remote_run longer = *run;
    longer.ids[longer.n++] = id;
    status = look_up(s, &longer, &all, err);
    *known = all != NULL;
    if (status != PS_OK || all == NULL) return status;
    const bool open = ends_in_replacement(all) && longer.n < PS_REMOTE_RUN;
    *bytes = all->text;
    *n = open ? 0 : all->length;
    *run = longer;
    if (!open) run->n = 0;
    return PS_OK;
}

/* ---- Many at once -------------------------------------------------------- */

static const char *find(const char *text, size_t length, const char *what, size_t n) {
    for (size_t i = 0; i + n <= length; i++)
        if (memcmp(text + i, what, n) == 0) return text + i;
    return NULL;
}

bool ps_remote_spelling_split(const char *text, size_t length, const char *first, const char *between, size_t n,
                              const char **parts, size_t *lengths) {
    const size_t head = strlen(first), middle = strlen(between);
    if (middle == 0 || length < head + middle || memcmp(text, first, head) != 0) return false;
    const char *at = text + head, *end = text + length;
    for (size_t i = 0; i < n; i++) {
        const bool last = i + 1 == n;
        const char *next = last ? end - middle : find(at, (size_t)(end - at), between, middle);
        if (next == NULL || next < at || memcmp(next, between, middle) != 0) return false;
        if (last && n > 1 && find(at, (size_t)(next - at), between, middle) != NULL) return false;
        parts[i] = at;
        lengths[i] = (size_t)(next - at);
        at = next + middle;
    }
    return true;
}
