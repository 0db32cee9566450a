/* Which key did a user mean? */
#include "config/schema.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PART = 64, MAX_NAME = 192 };

/* Distinct names, as ps_nearest_name wants them. */
typedef struct name_set {
    char text[N_KEYS][MAX_PART];
    const char *names[N_KEYS];
    ps_key_index from[N_KEYS]; /* the first key that has the name */
    size_t n;
} name_set;

static void add_name(name_set *set, const char *name, size_t length, ps_key_index from) {
    if (length >= MAX_PART) return;
    for (size_t i = 0; i < set->n; i++)
        if (strncmp(set->text[i], name, length) == 0 && set->text[i][length] == '\0') return;
    memcpy(set->text[set->n], name, length);
    set->text[set->n][length] = '\0';
    set->names[set->n] = set->text[set->n];
    set->from[set->n++] = from;
}

/* The names that may stand directly under a section ("" is the top). */
static void add_children(name_set *set, const char *section) {
    size_t length = strlen(section);
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name;
        if (length > 0 && (strncmp(name, section, length) != 0 || name[length] != '.')) continue;
        const char *child = name + length + (length > 0);
        add_name(set, child, strcspn(child, "."), key);
    }
}

static bool is_known(const char *name) {
    return ps_schema_find(name) != NO_KEY || ps_schema_is_section(name);
}

/* The first name that goes on where `part` ends. */
static const char *completion(const name_set *set, const char *part) {
    size_t length = strlen(part);
    for (size_t i = 0; length >= 3 && i < set->n; i++)
        if (strncmp(set->names[i], part, length) == 0) return set->names[i];
    return NULL;
}

/* Put right the first wrong part of a dotted name; what follows is kept if that makes a known name. */
static bool nearest_by_part(const char *name, char *nearest, size_t size) {
    char known[MAX_NAME] = "", part[MAX_PART];
    for (const char *at = name;;) {
        size_t length = strcspn(at, "."), used = strlen(known);
        if (length >= MAX_PART || used + length + 2 > MAX_NAME) return false;
        memcpy(part, at, length);
        part[length] = '\0';
        char longer[MAX_NAME + MAX_PART];
        snprintf(longer, sizeof longer, "%s%s%s", known, used > 0 ? "." : "", part);
        if (is_known(longer) && at[length] == '.') {
            memcpy(known, longer, strlen(longer) + 1);
            at += length + 1;
            continue;
        }
        name_set set = {.n = 0};
        add_children(&set, known);
        const char *right = ps_nearest_name(part, set.names, set.n);
        if (right == NULL) right = completion(&set, part);
        if (right == NULL) return false;
        snprintf(longer, sizeof longer, "%s%s%s", known, used > 0 ? "." : "", right);
        snprintf(nearest, size, "%s%s", longer, at + length);
        if (!is_known(nearest)) snprintf(nearest, size, "%s", longer);
        return true;
    }
}

/* The right name in the wrong section: `temperature` at the top. */
static bool nearest_by_last_part(const char *name, char *nearest, size_t size) {
    name_set set = {.n = 0};
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *full = ps_schema_key(key)->name, *dot = strrchr(full, '.');
        const char *last = dot != NULL ? dot + 1 : full;
        add_name(&set, last, strlen(last), key);
    }
    const char *dot = strrchr(name, '.'), *last = dot != NULL ? dot + 1 : name;
    const char *right = ps_nearest_name(last, set.names, set.n);
    for (size_t i = 0; right != NULL && i < set.n; i++)
        if (set.names[i] == right) snprintf(nearest, size, "%s", ps_schema_key(set.from[i])->name);
    return right != NULL;
}

bool ps_schema_nearest(const char *name, char *nearest, size_t size) {
    return nearest_by_part(name, nearest, size) || nearest_by_last_part(name, nearest, size);
}

void ps_schema_unknown(const char *name, char *message, size_t size) {
    char nearest[MAX_NAME];
    if (ps_schema_nearest(name, nearest, sizeof nearest))
        snprintf(message, size, "%.120s: unknown key; did you mean %s?", name, nearest);
    else
        snprintf(message, size, "%.120s: unknown key; `persamp config --explain` lists all", name);
}
