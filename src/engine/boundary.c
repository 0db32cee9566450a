/* The matcher looks at each byte once, as the possible end of a pattern: does a pattern end here, and does it begin
 * late enough? Patterns are few and short and a token brings a handful of bytes, so each pattern is compared at each
 * byte: no automaton is worth its code here. */
#include "engine/boundary.h"

#include <string.h>

static size_t longest(const char *const *patterns, size_t n) {
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t length = strlen(patterns[i]);
        if (length > most) most = length;
    }
    return most;
}

size_t ps_step_lookback(const ps_generation *g) {
    size_t most = longest(g->stops, g->n_stops);
    if (g->boundary == PS_BOUNDARY_LITERALS) {
        const size_t literal = longest(g->literals, g->n_literals);
        if (literal > most) most = literal;
    }
    if (most < 2) most = 2; /* the longest of the others: "\n\n", or a full stop and the space after it */
    return most - 1;
}

void ps_step_begin(ps_step_matcher *m, const ps_generation *g, const char *before, size_t n_before, bool continued) {
    ps_text_reset(&m->text);
    m->text.failed = false;
    if (n_before > 0) ps_text_append(&m->text, before, n_before);
    m->generation = g;
    m->carried = m->text.length;
    m->boundary_from = continued ? 0 : m->carried;
    m->cut = m->carried;
    m->n_tokens = 0;
}

bool ps_step_copy(ps_step_matcher *m, const ps_step_matcher *other) {
    ps_text text = {.failed = other->text.failed};
    ps_text_append(&text, other->text.data, other->text.length);
    ps_step_clear(m);
    if (!ps_text_ok(&text)) {
        ps_text_clear(&text);
        return false;
    }
    *m = *other;
    m->text = text;
    return true;
}

/* Whether `pattern` ends before text[end] and begins at `from` or later; then *start is its first byte. */
static bool ends_here(const char *text, size_t from, size_t end, const char *pattern, size_t *start) {
    const size_t length = strlen(pattern);
    if (length == 0 || length > end - from) return false;
    *start = end - length;
    return memcmp(text + *start, pattern, length) == 0;
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* Whether a step boundary ends before text[end] that begins at boundary_from or later. */
static bool boundary_ends_here(const ps_step_matcher *m, size_t end) {
    const ps_generation *g = m->generation;
    const char *text = m->text.data;
    size_t start;
    switch (g->boundary) {
    case PS_BOUNDARY_NEWLINE: return text[end - 1] == '\n';
    case PS_BOUNDARY_PARAGRAPH: return ends_here(text, m->boundary_from, end, "\n\n", &start);
    case PS_BOUNDARY_SENTENCE:
        if (text[end - 1] == '\n') return true;
        return end >= m->boundary_from + 2 && is_space(text[end - 1]) && strchr(".!?", text[end - 2]) != NULL &&
               text[end - 2] != '\0';
    case PS_BOUNDARY_FIXED: return false;
    case PS_BOUNDARY_LITERALS:
        for (size_t i = 0; i < g->n_literals; i++)
            if (ends_here(text, m->boundary_from, end, g->literals[i], &start)) return true;
        return false;
    }
    return false;
}

/* The stop string that is complete first in the bytes from `old` on; of several that end at the same byte the longest.
 * *cut is its first byte. */
static bool find_stop(const ps_step_matcher *m, size_t old, size_t *cut) {
    const ps_generation *g = m->generation;
    for (size_t end = old + 1; end <= m->text.length; end++) {
        bool found = false;
        for (size_t i = 0; i < g->n_stops; i++) {
            size_t start;
            if (!ends_here(m->text.data, 0, end, g->stops[i], &start)) continue;
            if (!found || start < *cut) *cut = start;
            found = true;
        }
        if (found) return true;
    }
    return false;
}

/* Whether a boundary ends in the bytes from `old` on. One that comes before min_tokens is passed over, and its bytes
 * are no part of a later one: "\n\n\n" is one paragraph boundary and a newline, however it is cut into tokens. */
static bool find_boundary(ps_step_matcher *m, size_t old) {
    bool found = false;
    for (size_t end = old + 1; end <= m->text.length; end++) {
        if (end <= m->boundary_from || !boundary_ends_here(m, end)) continue;
        found = true;
        m->boundary_from = end;
    }
    return found && m->n_tokens >= m->generation->min_tokens;
}

bool ps_step_push(ps_step_matcher *m, const char *bytes, size_t n, bool end_of_sequence, ps_stop_reason *reason) {
    const ps_generation *g = m->generation;
    const size_t old = m->text.length;
    if (n > 0) ps_text_append(&m->text, bytes, n);
    m->cut = m->text.length;
    m->n_tokens++;
    if (end_of_sequence) {
        *reason = PS_STOP_EOS;
        return true;
    }
    size_t cut = old;
    if (m->text.length > old && find_stop(m, old, &cut)) {
        m->cut = cut > m->carried ? cut : m->carried;
        *reason = PS_STOP_STRING;
        return true;
    }
    const bool fixed = g->boundary == PS_BOUNDARY_FIXED && m->n_tokens >= g->fixed_tokens;
    if (fixed || (m->text.length > old && find_boundary(m, old))) {
        *reason = PS_STOP_STEP;
        return true;
    }
    *reason = PS_STOP_LENGTH;
    return m->n_tokens >= g->max_tokens;
}

const char *ps_step_text(ps_step_matcher *m, size_t *length) {
    *length = m->cut - m->carried;
    if (m->text.data == NULL) return "";
    m->text.data[m->cut] = '\0';
    return m->text.data + m->carried;
}

void ps_step_clear(ps_step_matcher *m) {
    ps_text_clear(&m->text);
    *m = (ps_step_matcher){0};
}
