/* When a key acts: reading the table and asking it. */
#include "config/acts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const rows[N_KEYS] = {
#define A(field, when) [KEY_##field] = when,
#include "config/acts.def"
#undef A
};

static const char never[] = "never: ";

const char *ps_acts_row(ps_key_index key) {
    return rows[key];
}

const char *ps_acts_never(ps_key_index key) {
    const char *row = rows[key];
    return row != NULL && strncmp(row, never, sizeof never - 1) == 0 ? row + sizeof never - 1 : NULL;
}

/* A row with clauses; a key without a row acts: a test complains of it. */
static const char *conditions(ps_key_index key) {
    const char *row = rows[key];
    return row == NULL || strcmp(row, "always") == 0 || ps_acts_never(key) != NULL ? NULL : row;
}

bool ps_acts_always(ps_key_index key) {
    return conditions(key) == NULL && ps_acts_never(key) == NULL && *ps_schema_key(key)->engines == '\0';
}

/* ---- Reading a row ------------------------------------------------------- */

static bool read_kind(const char *sign, ps_clause_kind *kind, size_t *length) {
    static const struct {
        const char *sign;
        ps_clause_kind kind;
    } signs[] = {{"!=", CLAUSE_IS_NOT},
                 {"=", CLAUSE_IS},
                 {">0", CLAUSE_ABOVE_ZERO},
                 {"~", CLAUSE_HAS},
                 {":unset", CLAUSE_UNSET}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        *length = strlen(signs[i].sign);
        *kind = signs[i].kind;
        if (strncmp(sign, signs[i].sign, *length) == 0) return true;
    }
    return false;
}

bool ps_acts_clause(const char **at, ps_clause *clause) {
    char name[96];
    size_t sign;
    const char *text = *at + strspn(*at, " ");
    size_t length = strcspn(text, " "), key = strcspn(text, "!=>~: ");
    if (length == 0 || key == length || key >= sizeof name) return false; /* "or" has no sign */
    memcpy(name, text, key);
    name[key] = '\0';
    clause->key = ps_schema_find(name);
    if (clause->key == NO_KEY || !read_kind(text + key, &clause->kind, &sign)) return false;
    clause->values = text + key + sign;
    clause->length = length - key - sign;
    *at = text + length;
    return true;
}

const char *ps_acts_next(const char *at) {
    const char * or = strstr(at, " or ");
    return or != NULL ? or +strlen(" or ") : NULL;
}

/* ---- Asking -------------------------------------------------------------- */

/* One of "a|b|c", or of "a b c". */
static bool has_word(const char *list, size_t length, char between, const char *word) {
    size_t n = strlen(word);
    for (const char *at = list, *end = list + length; at <= end;) {
        const char *stop = memchr(at, between, (size_t)(end - at));
        if (stop == NULL) stop = end;
        if ((size_t)(stop - at) == n && memcmp(at, word, n) == 0) return true;
        at = stop + 1;
    }
    return false;
}

/* The value of a key that clauses compare, as they spell it; made without memory, which might not be there. */
static const char *spelled(const ps_config *cfg, ps_key_index key, char buffer[24]) {
    ps_value v;
    ps_value_load(cfg, key, &v);
    switch (ps_schema_type(key)) {
    case TYPE_BOOL: return v.BOOL ? "true" : "false";
    case TYPE_INT: snprintf(buffer, 24, "%" PRId64, v.INT); return buffer;
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE: return v.STRING != NULL ? v.STRING : "null";
    default: return ""; /* a test demands that no row asks this of another type */
    }
}

static bool is_among(const ps_config *cfg, const ps_clause *clause) {
    char buffer[24];
    return has_word(clause->values, clause->length, '|', spelled(cfg, clause->key, buffer));
}

static bool has_text(const char *value, const ps_clause *clause) {
    char text[64];
    if (value == NULL || clause->length >= sizeof text) return value == NULL;
    memcpy(text, clause->values, clause->length);
    text[clause->length] = '\0';
    return strstr(value, text) != NULL;
}

bool ps_clause_holds(const ps_config *cfg, const ps_clause *clause) {
    ps_value v;
    ps_value_load(cfg, clause->key, &v);
    switch (clause->kind) {
    case CLAUSE_IS: return is_among(cfg, clause);
    case CLAUSE_IS_NOT: return !is_among(cfg, clause);
    case CLAUSE_ABOVE_ZERO: return ps_schema_type(clause->key) == TYPE_REAL ? v.REAL > 0 : v.INT > 0;
    case CLAUSE_HAS: return has_text(v.STRING, clause);
    case CLAUSE_UNSET: return !ps_config_was_given(cfg, clause->key);
    }
    return true;
}

/* The clause that the schema's column of engines stands for. */
static bool engine_fits(const ps_config *cfg, ps_key_index key, ps_clause *failing) {
    const char *engines = ps_schema_key(key)->engines;
    if (*engines == '\0' || has_word(engines, strlen(engines), ' ', cfg->engine_type)) return true;
    *failing = (ps_clause){KEY_engine_type, CLAUSE_IS, engines, strlen(engines)};
    return false;
}

bool ps_acts(const ps_config *cfg, ps_key_index key, ps_clause *failing) {
    size_t fewest = SIZE_MAX;
    if (ps_acts_never(key) != NULL || !engine_fits(cfg, key, failing)) return false;
    const char *at = conditions(key);
    if (at == NULL) return true;
    for (; at != NULL; at = ps_acts_next(at)) {
        ps_clause clause, first = {0};
        size_t n = 0;
        while (ps_acts_clause(&at, &clause))
            if (!ps_clause_holds(cfg, &clause) && n++ == 0) first = clause;
        if (n == 0) return true;
        if (n < fewest) *failing = first;
        fewest = n < fewest ? n : fewest;
    }
    return false;
}

bool ps_config_acts(const ps_config *cfg, const char *key) {
    ps_clause failing;
    ps_key_index index = ps_schema_find(key);
    return index != NO_KEY && ps_acts(cfg, index, &failing);
}

/* ---- Words --------------------------------------------------------------- */

/* "a, b or c" of "a|b|c". */
static void put_choices(const char *values, size_t length, ps_text *text) {
    for (const char *at = values, *end = values + length; at < end;) {
        size_t left = (size_t)(end - at), n = 0;
        while (n < left && at[n] != '|' && at[n] != ' ')
            n++;
        const char *rest = at + n + 1;
        bool last = rest >= end || (memchr(rest, '|', (size_t)(end - rest)) == NULL &&
                                    memchr(rest, ' ', (size_t)(end - rest)) == NULL);
        ps_text_append(text, at, n);
        if (rest < end) ps_text_puts(text, last ? " or " : ", ");
        at = rest;
    }
}

void ps_clause_words(const ps_clause *clause, ps_text *text) {
    switch (clause->kind) {
    case CLAUSE_IS: put_choices(clause->values, clause->length, text); break;
    case CLAUSE_IS_NOT:
        ps_text_puts(text, "another than ");
        put_choices(clause->values, clause->length, text);
        break;
    case CLAUSE_ABOVE_ZERO: ps_text_puts(text, "a number above 0"); break;
    case CLAUSE_HAS: ps_text_printf(text, "one with %.*s in it", (int)clause->length, clause->values); break;
    case CLAUSE_UNSET: ps_text_puts(text, "not set"); break;
    }
}

void ps_acts_words(ps_key_index key, ps_text *text) {
    const char *engines = ps_schema_key(key)->engines, *at = conditions(key);
    ps_clause clause = {KEY_engine_type, CLAUSE_IS, engines, strlen(engines)};
    bool engine = *engines != '\0' && *engines != '-';
    if (engine || at != NULL) ps_text_puts(text, "with ");
    if (engine) ps_text_puts(text, "engine.type: ");
    if (engine) ps_clause_words(&clause, text);
    if (engine && at != NULL) ps_text_puts(text, ", ");
    for (bool alternative = false; at != NULL; at = ps_acts_next(at), alternative = true) {
        if (alternative) ps_text_puts(text, "; or ");
        for (bool more = false; ps_acts_clause(&at, &clause); more = true) {
            ps_text_printf(text, "%s%s: ", more ? ", " : "", ps_schema_key(clause.key)->name);
            ps_clause_words(&clause, text);
        }
    }
}
