/* From a YAML file to a configuration: a walk over the tree that knows sections, keys, merge keys and duplicates. */
#include "config/internal.h"
#include "config/number.h"

#include <stdio.h>
#include <string.h>

typedef struct loader {
    ps_config *cfg;
    const char *name;
    ps_arena *arena;
    ps_mistakes mistakes;
    int line_of[N_KEYS]; /* where the key stood in this file; 0: nowhere yet */
    size_t merged;       /* pairs copied by merge keys: nested merges could multiply without end */
} loader;

enum { MAX_MERGED = 4096, MAX_PAIRS = 1024 };

static void complain(loader *l, const ps_yaml_node *node, const char *message) {
    ps_mistakes_add(&l->mistakes, "%s:%d:%d: %s", l->name, node->line, node->column, message);
}

static ps_status walk(loader *l, const ps_yaml_node *mapping, const char *section, ps_error *err);

/* Nothing, as in a section whose keys are all commented out. */
static bool is_empty(const ps_yaml_node *node) {
    return node->kind == YAML_SCALAR && node->plain && ps_yaml_is_null(node->text);
}

/* ---- One pair ------------------------------------------------------------ */

/* generation.step_boundary: [a, b] is short for "literals" with that list. */
static ps_status set_literals(loader *l, const ps_yaml_item *pair, const char *where, ps_error *err) {
    const ps_yaml_node *blame;
    ps_value list = {0}, word = {0};
    ps_error why;
    ps_status status = ps_value_parse(KEY_generation_step_literals, pair->value, &list, &blame, &why);
    if (status == PS_FORMAT) {
        char message[1200];
        snprintf(message, sizeof message, "generation.step_boundary: %s", why.message);
        complain(l, blame, message);
        return PS_OK;
    }
    if (status != PS_OK) return ps_nomem(err);
    status = ps_config_assign(l->cfg, KEY_generation_step_literals, &list, LAYER_FILE, where, err);
    if (status == PS_OK) status = ps_value_from_text(KEY_generation_step_boundary, "literals", &word, err);
    if (status == PS_OK) status = ps_config_assign(l->cfg, KEY_generation_step_boundary, &word, LAYER_FILE, where, err);
    return status;
}

static ps_status set_key(loader *l, ps_key_index key, const ps_yaml_item *pair, ps_error *err) {
    const char *name = ps_schema_key(key)->name;
    char where[512], message[1200];
    snprintf(where, sizeof where, "%.400s:%d:%d", l->name, pair->value->line, pair->value->column);
    if (l->line_of[key] != 0) {
        snprintf(message, sizeof message, "%s: set twice, first on line %d", name, l->line_of[key]);
        complain(l, pair->key, message);
        return PS_OK;
    }
    l->line_of[key] = pair->key->line;
    if (key == KEY_generation_step_boundary && pair->value->kind == YAML_SEQUENCE)
        return set_literals(l, pair, where, err);
    const ps_yaml_node *blame;
    ps_value v = {0};
    ps_error why;
    ps_status status = ps_value_parse(key, pair->value, &v, &blame, &why);
    if (status == PS_OK) return ps_config_assign(l->cfg, key, &v, LAYER_FILE, where, err);
    if (status != PS_FORMAT) return ps_nomem(err);
    snprintf(message, sizeof message, "%s: %s", name, why.message);
    complain(l, blame, message);
    return PS_OK;
}

static ps_status visit(loader *l, const ps_yaml_item *pair, const char *section, ps_error *err) {
    size_t size = strlen(section) + pair->key->length + 2;
    char *path = ps_arena_alloc(l->arena, size), message[384];
    if (path == NULL) return ps_nomem(err);
    snprintf(path, size, "%s%s%s", section, *section != '\0' ? "." : "", pair->key->text);
    if (*section == '\0' && strncmp(path, "x-", 2) == 0) return PS_OK; /* a place for anchors */
    ps_key_index key = ps_schema_find(path);
    if (key != NO_KEY) return set_key(l, key, pair, err);
    if (!ps_schema_is_section(path)) {
        ps_schema_unknown(path, message, sizeof message);
        complain(l, pair->key, message);
        return PS_OK;
    }
    if (pair->value->kind == YAML_MAPPING) return walk(l, pair->value, path, err);
    if (is_empty(pair->value)) return PS_OK;
    char found[160];
    snprintf(message, sizeof message, "%s: found %s, expected a mapping of keys", path,
             ps_yaml_describe(pair->value, found, sizeof found));
    complain(l, pair->value, message);
    return PS_OK;
}

/* ---- A mapping ----------------------------------------------------------- */

typedef struct pair_list {
    const ps_yaml_item *pairs[MAX_PAIRS];
    size_t n;
} pair_list;

static bool has_key(const pair_list *list, const char *key) {
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->pairs[i]->key->text, key) == 0) return true;
    return false;
}

/* `<<` as a plain key is YAML's merge. */
static bool is_merge(const ps_yaml_item *pair) {
    return pair->key->plain && strcmp(pair->key->text, "<<") == 0;
}

static void merge(loader *l, const ps_yaml_node *from, const ps_yaml_item *pair, pair_list *list, int depth);

/* Add what `mapping` has and `list` lacks, then what its own merge keys bring. */
static void merge_mapping(loader *l, const ps_yaml_node *mapping, const ps_yaml_item *pair, pair_list *list,
                          int depth) {
    for (const ps_yaml_item *item = mapping->items; item != NULL; item = item->next) {
        if (++l->merged > MAX_MERGED || list->n == MAX_PAIRS) {
            if (l->merged == MAX_MERGED + 1 || list->n == MAX_PAIRS) complain(l, pair->key, "<<: merges too much");
            l->merged = MAX_MERGED + 2;
            return;
        }
        if (!is_merge(item) && !has_key(list, item->key->text)) list->pairs[list->n++] = item;
    }
    for (const ps_yaml_item *item = mapping->items; item != NULL; item = item->next)
        if (is_merge(item)) merge(l, item->value, pair, list, depth + 1);
}

static void merge(loader *l, const ps_yaml_node *from, const ps_yaml_item *pair, pair_list *list, int depth) {
    if (depth > YAML_MAX_DEPTH || l->merged > MAX_MERGED) return;
    if (from->kind == YAML_MAPPING) {
        merge_mapping(l, from, pair, list, depth);
        return;
    }
    for (const ps_yaml_item *item = from->items; item != NULL && from->kind == YAML_SEQUENCE; item = item->next) {
        if (item->value->kind != YAML_MAPPING) {
            complain(l, pair->key, "<<: expected a mapping or a list of mappings");
            return;
        }
        merge_mapping(l, item->value, pair, list, depth);
    }
    if (from->kind == YAML_SCALAR) complain(l, pair->key, "<<: expected a mapping or a list of mappings");
}

/* The pairs of a mapping, its own before merged ones. Its own must differ from each other. */
static void collect(loader *l, const ps_yaml_node *mapping, pair_list *list) {
    const ps_yaml_item *merges = NULL;
    char message[160];
    for (const ps_yaml_item *item = mapping->items; item != NULL; item = item->next) {
        if (is_merge(item) && merges == NULL) {
            merges = item;
        } else if (is_merge(item) || has_key(list, item->key->text)) {
            snprintf(message, sizeof message, "%.80s: stands here twice", item->key->text);
            complain(l, item->key, message);
        } else if (list->n == MAX_PAIRS) {
            complain(l, item->key, "more keys than a configuration has");
            return;
        } else {
            list->pairs[list->n++] = item;
        }
        if (l->mistakes.n > MAX_MISTAKES) return;
    }
    if (merges != NULL) merge(l, merges->value, merges, list, 0);
}

static ps_status walk(loader *l, const ps_yaml_node *mapping, const char *section, ps_error *err) {
    pair_list *list = ps_arena_calloc(l->arena, 1, sizeof *list);
    if (list == NULL) return ps_nomem(err);
    collect(l, mapping, list);
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < list->n && l->mistakes.n <= MAX_MISTAKES; i++)
        status = visit(l, list->pairs[i], section, err);
    return status;
}

/* ---- A file -------------------------------------------------------------- */

static ps_status load(loader *l, const char *text, size_t length, ps_error *err) {
    const ps_yaml_node *root = NULL;
    char found[160], message[200];
    ps_status status = ps_yaml_parse(text, length, l->name, l->arena, &root, err);
    if (status != PS_OK || root == NULL) return status;
    if (is_empty(root)) return PS_OK;
    if (root->kind == YAML_MAPPING) {
        status = walk(l, root, "", err);
    } else {
        snprintf(message, sizeof message, "found %s, expected a mapping of keys such as `generation: {n_particles: 8}`",
                 ps_yaml_describe(root, found, sizeof found));
        complain(l, root, message);
    }
    ps_status verdict = status == PS_OK ? ps_mistakes_finish(&l->mistakes, err) : status;
    return verdict == PS_OK ? ps_config_settle(l->cfg, err) : verdict;
}

static ps_status load_bytes(ps_config *cfg, const char *text, size_t length, const char *name, ps_error *err) {
    loader l = {.name = name, .arena = ps_arena_create()};
    ps_status status = l.arena != NULL ? ps_config_copy(cfg, &l.cfg, err) : ps_nomem(err);
    if (status == PS_OK) status = load(&l, text, length, err);
    if (status == PS_OK) ps_config_swap(cfg, l.cfg);
    ps_text_clear(&l.mistakes.lines);
    ps_config_free(l.cfg);
    ps_arena_free(l.arena);
    return status;
}

ps_status ps_config_load_text(ps_config *cfg, const char *text, const char *name, ps_error *err) {
    return load_bytes(cfg, text, strlen(text), name, err);
}

ps_status ps_config_load_file(ps_config *cfg, const char *path, ps_error *err) {
    char *text = NULL;
    size_t length = 0;
    ps_status status = ps_read_file(path, YAML_MAX_BYTES, &text, &length, err);
    if (status != PS_OK) return status;
    status = load_bytes(cfg, text, length, strcmp(path, "-") == 0 ? "standard input" : path, err);
    ps_free(text);
    return status;
}
