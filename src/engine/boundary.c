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
    return most > 0 ? most - 1 : 0;
}

void ps_step_begin(ps_step_matcher *m, const ps_generation *g, const char *before, size_t n_before,
                   const ps_step_state *state) {
    ps_text_reset(&m->text);
    m->text.failed = false;
    if (n_before > 0) ps_text_append(&m->text, before, n_before);
    m->generation = g;
    m->carried = m->text.length;
    m->state = *state;
    m->literal_from = state->continued ? 0 : m->carried;
    m->state.continued = false;
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

/* Whether a literal ends before text[end]. One that comes before min_tokens is passed over, and its bytes are no part
 * of a later one: of "\n\n\n" the first two are a literal "\n\n", and the third is none, however it is cut into tokens.
 */
static bool literal_ends(ps_step_matcher *m, size_t end, bool enough) {
    const ps_generation *g = m->generation;
    bool found = false;
    size_t start;
    for (size_t i = 0; i < g->n_literals && end > m->literal_from; i++)
        found = found || ends_here(m->text.data, m->literal_from, end, g->literals[i], &start);
    if (found) m->literal_from = end;
    return found && ps_step_end_literal(&m->state, enough);
}

/* Whether a boundary ends in the bytes from `old` on. All of them are read: what the token has beyond its boundary
 * counts for the next step. */
static bool find_boundary(ps_step_matcher *m, size_t old) {
    const ps_generation *g = m->generation;
    const bool enough = m->n_tokens >= g->min_tokens;
    bool found = false;
    for (size_t end = old + 1; end <= m->text.length; end++) {
        bool ends = ps_step_scan(&m->state, g->boundary, m->text.data[end - 1], enough);
        if (g->boundary == PS_BOUNDARY_LITERALS) ends = literal_ends(m, end, enough);
        found = found || (ends && enough);
    }
    return found;
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
    const bool boundary = find_boundary(m, old);
    size_t cut = old;
    if (m->text.length > old && find_stop(m, old, &cut)) {
        m->cut = cut > m->carried ? cut : m->carried;
        *reason = PS_STOP_STRING;
        return true;
    }
    if (boundary || (g->boundary == PS_BOUNDARY_FIXED && m->n_tokens >= g->fixed_tokens)) {
        *reason = PS_STOP_STEP;
        return true;
    }
    *reason = PS_STOP_LENGTH;
    if (m->n_tokens < g->max_tokens) return false;
    ps_step_cut(&m->state);
    return true;
}

const char *ps_step_text(ps_step_matcher *m, size_t *length) {
    *length = m->cut - m->carried;
    if (m->text.data == NULL) return "";
    m->text.data[m->cut] = '\0';
    return m->text.data + m->carried;
}

const char *ps_step_read(const ps_step_matcher *m, size_t *length) {
    *length = m->text.length - m->carried;
    return *length > 0 ? m->text.data + m->carried : "";
}

void ps_step_clear(ps_step_matcher *m) {
    ps_text_clear(&m->text);
    *m = (ps_step_matcher){0};
}
