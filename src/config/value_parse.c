/* From a YAML node to the value of a key. The schema says what type is wanted; a quoted scalar is text and nothing
 * else, a plain one is what YAML 1.2's core schema makes of it. */
#include "config/number.h"
#include "config/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "found 0.7x, expected a number from 0 to 1 …" */
static ps_status unexpected(ps_key_index key, const ps_yaml_node *node, const char *hint, ps_error *err) {
    char found[160];
    ps_text expected = {0};
    ps_schema_expectation(key, &expected);
    ps_fail(err, PS_FORMAT, "found %s, expected %s%s", ps_yaml_describe(node, found, sizeof found),
            ps_text_cstr(&expected), hint);
    ps_status status = ps_text_ok(&expected) ? PS_FORMAT : ps_nomem(err);
    ps_text_clear(&expected);
    return status;
}

/* A quoted number is a string in YAML; say so, since that is hard to see. */
static const char *quote_hint(const ps_yaml_node *node) {
    double number;
    bool truth;
    if (node->kind != YAML_SCALAR || node->plain) return "";
    return ps_yaml_real(node->text, &number) || ps_yaml_bool(node->text, &truth) ? ", without quotes" : "";
}

static bool is_plain(const ps_yaml_node *node) {
    return node->kind == YAML_SCALAR && node->plain;
}

static ps_status parse_bool(ps_key_index key, const ps_yaml_node *node, ps_value *v, ps_error *err) {
    if (is_plain(node) && ps_yaml_bool(node->text, &v->BOOL)) return PS_OK;
    return unexpected(key, node, quote_hint(node), err);
}

/* The word that an OPTINT or OPTREAL may be, which stands first in `allowed`. */
static bool is_word(const char *allowed, const ps_yaml_node *node) {
    size_t word = strcspn(allowed, " ");
    if (word == 4 && strncmp(allowed, "null", 4) == 0) return ps_yaml_is_null(node->text);
    return node->length == word && strncmp(node->text, allowed, word) == 0;
}

static ps_status parse_integer(ps_key_index key, const ps_yaml_node *node, ps_value *v, ps_error *err) {
    const char *allowed = ps_schema_key(key)->allowed;
    ps_interval range;
    if (is_plain(node)) {
        if (ps_schema_type(key) == TYPE_OPTINT && is_word(allowed, node)) {
            v->INT = PS_CONFIG_AUTO;
            return PS_OK;
        }
        if (ps_schema_interval(allowed, &range) && ps_yaml_integer(node->text, &v->INT) &&
            ps_interval_contains(&range, (double)v->INT))
            return PS_OK;
        double real;
        if (!ps_yaml_is_integer(node->text) && ps_yaml_real(node->text, &real) && real == floor(real) && isfinite(real))
            return unexpected(key, node, ", written without point or exponent", err);
    }
    return unexpected(key, node, quote_hint(node), err);
}

static ps_status parse_real(ps_key_index key, const ps_yaml_node *node, ps_value *v, ps_error *err) {
    const char *allowed = ps_schema_key(key)->allowed;
    ps_interval range;
    if (is_plain(node) && ps_schema_type(key) == TYPE_OPTREAL && is_word(allowed, node)) {
        v->REAL = PS_CONFIG_AUTO;
        return PS_OK;
    }
    if (is_plain(node) && ps_yaml_real(node->text, &v->REAL) && isfinite(v->REAL) &&
        ps_schema_interval(allowed, &range) && ps_interval_contains(&range, v->REAL)) {
        v->REAL += 0.0; /* −0 is 0: the printed configuration is canonical */
        return PS_OK;
    }
    return unexpected(key, node, quote_hint(node), err);
}

static ps_status take_text(const ps_yaml_node *node, const char **text, ps_error *err) {
    *text = ps_strndup(node->text, node->length);
    return *text != NULL ? PS_OK : ps_nomem(err);
}

/* True if a plain scalar is something else than text to YAML. */
static bool is_other_type(const char *text) {
    double number;
    bool truth, core_truth = ps_yaml_bool(text, &truth) && strchr("tTfF", *text) != NULL; /* yes and on are text */
    return core_truth || ps_yaml_is_null(text) || ps_yaml_real(text, &number) || ps_yaml_is_integer(text);
}

/* The words of a doc after "null: ", to the end of that sentence or clause. */
static const char *null_words(const char *doc, size_t *length) {
    const char *words = strstr(doc, "null: "), *stop;
    if (words == NULL) return NULL;
    words += strlen("null: ");
    *length = strcspn(words, ";");
    if ((stop = strstr(words, ". ")) != NULL && (size_t)(stop - words) < *length) *length = (size_t)(stop - words);
    while (*length > 0 && words[*length - 1] == '.')
        --*length;
    return words;
}

/* A path or a name that is empty is a shell's variable that is not set, and no wish for the default. */
static ps_status empty_name(ps_key_index key, ps_error *err) {
    const ps_config_key *k = ps_schema_key(key);
    size_t length = strlen(k->initial);
    const char *instead = ps_schema_type(key) == TYPE_OPTNAME ? null_words(k->doc, &length) : k->initial;
    return ps_fail(err, PS_FORMAT, "the value is empty; leave the key out for %.*s", (int)length, instead);
}

static ps_status parse_string(ps_key_index key, const ps_yaml_node *node, ps_value *v, ps_error *err) {
    ps_value_type type = ps_schema_type(key);
    if (is_plain(node) && (type == TYPE_OPTSTRING || type == TYPE_OPTNAME) && ps_yaml_is_null(node->text)) {
        v->STRING = NULL;
        return PS_OK;
    }
    if ((type == TYPE_NAME || type == TYPE_OPTNAME) && node->kind == YAML_SCALAR && node->length == 0)
        return empty_name(key, err);
    if (node->kind != YAML_SCALAR) return unexpected(key, node, "", err);
    if (is_plain(node) && is_other_type(node->text))
        return unexpected(key, node, node->length > 0 ? "; put it in quotes if it is meant as text" : "", err);
    return take_text(node, &v->STRING, err);
}

/* ---- Names --------------------------------------------------------------- */

/* The parts of a text between its commas, without the white space around them, as a list; a list as it is. */
static ps_status names_of(const ps_yaml_node *node, ps_arena *arena, const ps_yaml_item **first, ps_error *err) {
    const ps_yaml_item **next = first;
    *first = NULL;
    if (node->kind == YAML_SEQUENCE) *first = node->items;
    if (node->kind != YAML_SCALAR) return PS_OK;
    for (const char *at = node->text, *end = at + node->length; at != NULL;) {
        const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma != NULL ? comma : end;
        while (at < stop && *at == ' ')
            at++;
        while (at < stop && stop[-1] == ' ')
            stop--;
        ps_yaml_item *item = ps_arena_calloc(arena, 1, sizeof *item);
        ps_yaml_node *part = ps_arena_calloc(arena, 1, sizeof *part);
        const char *text = ps_arena_strndup(arena, at, (size_t)(stop - at));
        if (item == NULL || part == NULL || text == NULL) return ps_nomem(err);
        *part = *node;
        part->text = text;
        part->length = (size_t)(stop - at);
        item->value = part;
        *next = item;
        next = (const ps_yaml_item **)&item->next;
        at = comma != NULL ? comma + 1 : NULL;
    }
    return PS_OK;
}

static ps_status take_names(ps_key_index key, const ps_yaml_item *first, ps_config_list *list,
                            const ps_yaml_node **where, ps_error *err) {
    const char **items = (const char **)list->items;
    ps_status status = PS_OK;
    for (const ps_yaml_item *item = first; status == PS_OK && item != NULL; item = item->next) {
        ps_value one = {0};
        *where = item->value;
        if (item->value->kind == YAML_SCALAR && item->value->length == 0)
            status = empty_name(key, err);
        else
            status = parse_string(key, item->value, &one, err);
        for (size_t i = 0; status == PS_OK && i < list->n; i++)
            if (strcmp(items[i], one.STRING) == 0) {
                status = ps_fail(err, PS_FORMAT, "%s stands here twice", one.STRING);
                ps_free((void *)one.STRING);
            }
        if (status == PS_OK) items[list->n++] = one.STRING;
    }
    return status;
}

static ps_status parse_names(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                             ps_error *err) {
    const ps_yaml_item *first = NULL;
    const ps_yaml_node *place = node;
    size_t n = 0;
    ps_arena *arena = ps_arena_create();
    ps_status status = arena != NULL ? names_of(node, arena, &first, err) : ps_nomem(err);
    for (const ps_yaml_item *item = first; status == PS_OK && item != NULL; item = item->next)
        n++;
    if (status == PS_OK && n == 0) status = unexpected(key, node, "", err);
    const char **items = status == PS_OK ? ps_calloc(n, sizeof *items) : NULL;
    if (status == PS_OK && items == NULL) status = ps_nomem(err);
    v->NAMES = (ps_config_list){items, 0};
    if (status == PS_OK) status = take_names(key, first, &v->NAMES, &place, err);
    *where = node->kind == YAML_SCALAR ? node : place; /* the parts of a text go with the arena */
    ps_arena_free(arena);
    if (status != PS_OK) ps_value_clear(TYPE_NAMES, v);
    return status;
}

/* ---- Choices ------------------------------------------------------------- */

typedef struct choice_search {
    const ps_yaml_node *node;
    char text[16][32]; /* as terminated strings, for ps_nearest_name */
    const char *names[16];
    size_t n;
} choice_search;

static bool match_choice(void *context, const char *choice, size_t length) {
    choice_search *search = context;
    if (search->node->length == length && memcmp(search->node->text, choice, length) == 0) return true;
    if (search->n < 16 && length < sizeof search->text[0]) {
        snprintf(search->text[search->n], sizeof search->text[0], "%.*s", (int)length, choice);
        search->names[search->n] = search->text[search->n];
        search->n++;
    }
    return false;
}

static ps_status parse_choice(ps_key_index key, const ps_yaml_node *node, ps_value *v, ps_error *err) {
    if (is_plain(node) && ps_schema_type(key) == TYPE_OPTCHOICE && ps_yaml_is_null(node->text)) {
        v->STRING = NULL;
        return PS_OK;
    }
    if (node->kind != YAML_SCALAR) return unexpected(key, node, "", err);
    choice_search search = {.node = node};
    if (ps_each_choice(ps_schema_key(key)->allowed, match_choice, &search)) return take_text(node, &v->STRING, err);
    const char *nearest = ps_nearest_name(node->text, search.names, search.n);
    char hint[64] = "";
    if (nearest != NULL) snprintf(hint, sizeof hint, "; did you mean %s?", nearest);
    return unexpected(key, node, hint, err);
}

static ps_status parse_list(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                            ps_error *err) {
    if (node->kind != YAML_SEQUENCE) return unexpected(key, node, "", err);
    ps_status status = PS_OK;
    size_t n = 0;
    for (const ps_yaml_item *item = node->items; item != NULL; item = item->next)
        n++;
    const char **items = n > 0 ? ps_calloc(n, sizeof *items) : NULL;
    if (n > 0 && items == NULL) return ps_nomem(err);
    v->LIST = (ps_config_list){items, 0};
    for (const ps_yaml_item *item = node->items; status == PS_OK && item != NULL; item = item->next) {
        *where = item->value;
        if (item->value->kind != YAML_SCALAR || (item->value->plain && is_other_type(item->value->text)))
            status = unexpected(key, item->value, "; put text that looks like something else in quotes", err);
        else if (item->value->length == 0)
            status = ps_fail(err, PS_FORMAT, "found \"\", expected strings that are not empty");
        else
            status = take_text(item->value, &items[v->LIST.n++], err);
    }
    if (status != PS_OK) ps_value_clear(TYPE_LIST, v);
    return status;
}

/* One choice, or a list of them. */
static ps_status parse_choices(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                               ps_error *err) {
    const ps_yaml_item alone = {.value = node};
    const ps_yaml_item *first = node->kind == YAML_SEQUENCE ? node->items : &alone;
    size_t n = 0;
    for (const ps_yaml_item *item = first; item != NULL; item = item->next)
        n++;
    if (n == 0) return unexpected(key, node, "", err);
    const char **items = ps_calloc(n, sizeof *items);
    if (items == NULL) return ps_nomem(err);
    ps_status status = PS_OK;
    v->CHOICES = (ps_config_list){items, 0};
    for (const ps_yaml_item *item = first; status == PS_OK && item != NULL; item = item->next) {
        ps_value one;
        *where = item->value;
        status = parse_choice(key, item->value, &one, err);
        if (status == PS_OK) items[v->CHOICES.n++] = one.CHOICE;
        for (size_t i = 0; status == PS_OK && i + 1 < v->CHOICES.n; i++)
            if (strcmp(items[i], one.CHOICE) == 0) status = ps_fail(err, PS_FORMAT, "%s stands here twice", one.CHOICE);
    }
    if (status != PS_OK) ps_value_clear(TYPE_CHOICES, v);
    return status;
}

/* ---- Values to try ------------------------------------------------------- */

/* One end of a range: a number that the key accepts. */
static ps_status parse_end(ps_key_index key, const ps_yaml_node *node, double *out, const ps_yaml_node **where,
                           ps_error *err) {
    ps_value v = {0};
    ps_value_type type = ps_schema_type(key);
    bool whole = type == TYPE_INT || type == TYPE_OPTINT;
    ps_status status = ps_value_parse(key, node, &v, where, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "%s", ps_schema_key(key)->name);
    *out = whole ? (double)v.INT : v.REAL;
    if (*out == PS_CONFIG_AUTO && !ps_yaml_real(node->text, out))
        return ps_fail(err, PS_FORMAT, "%s: a range ends in numbers, found %s", ps_schema_key(key)->name, node->text);
    return PS_OK;
}

typedef struct range_parts {
    const ps_yaml_node *min, *max, *step, *log;
} range_parts;

static ps_status range_part(const ps_yaml_item *item, range_parts *parts, const ps_yaml_node **where, ps_error *err) {
    const struct {
        const char *name;
        const ps_yaml_node **node;
    } known[] = {{"min", &parts->min}, {"max", &parts->max}, {"step", &parts->step}, {"log", &parts->log}};
    *where = item->key;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(item->key->text, known[i].name) != 0) continue;
        if (*known[i].node != NULL) return ps_fail(err, PS_FORMAT, "%s stands here twice", known[i].name);
        *known[i].node = item->value;
        return PS_OK;
    }
    return ps_fail(err, PS_FORMAT, "found %.80s, expected min, max, step or log", item->key->text);
}

/* Does the whole make sense? */
static ps_status check_range(ps_key_index key, const ps_config_range *r, bool whole, ps_error *err) {
    const char *name = ps_schema_key(key)->name;
    if (r->min > r->max)
        return ps_fail(err, PS_FORMAT, "%s: the range is upside down: min %.17g is above max %.17g", name, r->min,
                       r->max);
    if (r->min == r->max)
        return ps_fail(err, PS_FORMAT, "%s: min and max are both %.17g; a list of one value says that", name, r->min);
    if (r->log && r->min <= 0) return ps_fail(err, PS_FORMAT, "%s: log needs a min above 0", name);
    if (r->log && r->step != (whole ? 1 : 0))
        return ps_fail(err, PS_FORMAT, "%s: step and log do not go together; leave one out", name);
    if (r->step > r->max - r->min)
        return ps_fail(err, PS_FORMAT, "%s: the step %.17g is longer than the range", name, r->step);
    return PS_OK;
}

/* {min: 0.1, max: 1, step: 0.1, log: false} */
static ps_status parse_range(ps_key_index key, const ps_yaml_node *node, ps_config_range *range,
                             const ps_yaml_node **where, ps_error *err) {
    const char *name = ps_schema_key(key)->name;
    ps_value_type type = ps_schema_type(key);
    bool whole = type == TYPE_INT || type == TYPE_OPTINT;
    range_parts parts = {0};
    ps_status status = PS_OK;
    if (!whole && type != TYPE_REAL && type != TYPE_OPTREAL)
        return ps_fail(err, PS_FORMAT, "%s: only numbers have a range; expected a list of values such as [a, b]", name);
    for (const ps_yaml_item *item = node->items; status == PS_OK && item != NULL; item = item->next)
        status = range_part(item, &parts, where, err);
    if (status != PS_OK) return status;
    *where = node;
    if (parts.min == NULL || parts.max == NULL)
        return ps_fail(err, PS_FORMAT, "%s: a range has a min and a max, such as {min: 1, max: 2}", name);
    status = parse_end(key, parts.min, &range->min, where, err);
    if (status == PS_OK) status = parse_end(key, parts.max, &range->max, where, err);
    if (status != PS_OK) return status;
    *where = parts.log != NULL ? parts.log : node;
    if (parts.log != NULL && !(is_plain(parts.log) && ps_yaml_bool(parts.log->text, &range->log)))
        return ps_fail(err, PS_FORMAT, "%s: log: expected true or false", name);
    range->step = whole ? 1 : 0;
    *where = parts.step != NULL ? parts.step : node;
    if (parts.step != NULL &&
        !(is_plain(parts.step) && ps_yaml_real(parts.step->text, &range->step) && isfinite(range->step) &&
          range->step > 0 && (!whole || floor(range->step) == range->step)))
        return ps_fail(err, PS_FORMAT, "%s: step: expected %s above 0", name, whole ? "an integer" : "a number");
    *where = node;
    return check_range(key, range, whole, err);
}

/* The values to try for one key: each must be one the key accepts; kept in its canonical form. */
static ps_status parse_trials(ps_key_index key, const ps_yaml_node *node, ps_config_list *list,
                              const ps_yaml_node **where, ps_error *err) {
    ps_status status = PS_OK;
    size_t n = 0;
    for (const ps_yaml_item *item = node->items; item != NULL; item = item->next)
        n++;
    const char **items = ps_calloc(n, sizeof *items);
    if (items == NULL) return ps_nomem(err);
    *list = (ps_config_list){items, 0};
    for (const ps_yaml_item *item = node->items; status == PS_OK && item != NULL; item = item->next) {
        ps_value v = {0};
        ps_text text = {0};
        *where = item->value;
        status = ps_value_parse(key, item->value, &v, where, err);
        if (status != PS_OK) return ps_error_prefix(err, status, "%s", ps_schema_key(key)->name);
        ps_value_print(ps_schema_type(key), &v, ps_schema_key(key)->allowed, &text);
        ps_value_clear(ps_schema_type(key), &v);
        if (!ps_text_ok(&text)) {
            ps_text_clear(&text);
            return ps_nomem(err);
        }
        items[list->n++] = text.data;
    }
    return status;
}

/* The key that an item of a mapping is about. */
static ps_status parse_key(const ps_yaml_item *item, const ps_yaml_node **where, ps_key_index *key, ps_error *err) {
    char nearest[192];
    *where = item->key;
    *key = ps_schema_find(item->key->text);
    if (*key != NO_KEY) return PS_OK;
    bool near = ps_schema_nearest(item->key->text, nearest, sizeof nearest);
    return ps_fail(err, PS_FORMAT, "unknown key %.80s%s%s%s", item->key->text, near ? "; did you mean " : "",
                   near ? nearest : "", near ? "?" : "");
}

/* The values of one item of a mapping, into a list or a range. */
typedef ps_status item_parser(ps_key_index key, const ps_yaml_node *node, ps_config_list *list, ps_config_range *range,
                              const ps_yaml_node **where, ps_error *err);

static ps_status parse_dimension(ps_key_index key, const ps_yaml_node *node, ps_config_list *list,
                                 ps_config_range *range, const ps_yaml_node **where, ps_error *err) {
    const char *name = ps_schema_key(key)->name;
    ps_value_type type = ps_schema_type(key);
    if (type == TYPE_SPACE || type == TYPE_PRESETS || strcmp(name, "preset") == 0)
        return ps_fail(err, PS_FORMAT, "%s cannot be tuned", name);
    if (node->kind == YAML_MAPPING && node->items != NULL) return parse_range(key, node, range, where, err);
    if (node->kind == YAML_SEQUENCE && node->items != NULL) return parse_trials(key, node, list, where, err);
    return ps_fail(err, PS_FORMAT, "%s: expected a list of values to try such as [a, b]%s", name,
                   node->kind == YAML_SEQUENCE ? "; the list is empty" : ", or a range {min: a, max: b}");
}

static ps_status parse_setting(ps_key_index key, const ps_yaml_node *node, ps_config_list *list, ps_config_range *range,
                               const ps_yaml_node **where, ps_error *err) {
    (void)range;
    ps_value_type type = ps_schema_type(key);
    ps_yaml_item only = {.value = node};
    const ps_yaml_node one = {.kind = YAML_SEQUENCE, .items = &only};
    if (type == TYPE_SPACE || type == TYPE_PRESETS)
        return ps_fail(err, PS_FORMAT, "%s cannot stand here", ps_schema_key(key)->name);
    return parse_trials(key, &one, list, where, err);
}

/* A mapping of dotted keys, each with its values. */
static ps_status parse_keys(ps_key_index key, const ps_yaml_node *node, item_parser *parse, ps_value *v,
                            const ps_yaml_node **where, ps_error *err) {
    if (node->kind == YAML_SCALAR && node->plain && ps_yaml_is_null(node->text)) {
        v->SPACE = (ps_config_space){0};
        return PS_OK;
    }
    if (node->kind != YAML_MAPPING) return unexpected(key, node, "", err);
    const char *names[N_KEYS] = {0};
    ps_config_list lists[N_KEYS] = {0};
    ps_config_range ranges[N_KEYS] = {0};
    ps_config_space space = {names, lists, ranges, 0};
    ps_status status = PS_OK;
    for (const ps_yaml_item *item = node->items; status == PS_OK && item != NULL; item = item->next) {
        ps_key_index of = NO_KEY;
        for (size_t i = 0; status == PS_OK && i < space.n; i++)
            if (strcmp(names[i], item->key->text) == 0) {
                *where = item->key;
                status = ps_fail(err, PS_FORMAT, "%s stands here twice", names[i]);
            }
        if (status == PS_OK) status = parse_key(item, where, &of, err);
        if (status != PS_OK) break;
        *where = item->value;
        size_t at = space.n;
        if ((names[at] = ps_strdup(ps_schema_key(of)->name)) == NULL) status = ps_nomem(err);
        if (names[at] != NULL) space.n++;
        if (status == PS_OK) status = parse(of, item->value, &lists[at], &ranges[at], where, err);
    }
    if (status == PS_OK) status = ps_value_copy(TYPE_SPACE, &(ps_value){.SPACE = space}, v, err);
    for (size_t i = 0; i < space.n; i++) { /* the arrays are on the stack, what they hold is not */
        ps_free((void *)names[i]);
        ps_value_clear(TYPE_LIST, (ps_value *)&lists[i]);
    }
    return status;
}

static ps_status parse_space(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                             ps_error *err) {
    return parse_keys(key, node, parse_dimension, v, where, err);
}

/* One name and its settings, behind those that are there. */
static ps_status parse_preset(ps_key_index key, const ps_yaml_item *item, ps_config_presets *presets,
                              const ps_yaml_node **where, ps_error *err) {
    const char **names = (const char **)presets->names;
    ps_config_space *settings = (ps_config_space *)presets->settings;
    ps_value v = {0};
    *where = item->key;
    if (item->key->length == 0) return ps_fail(err, PS_FORMAT, "found an empty name");
    for (size_t i = 0; i < presets->n; i++)
        if (strcmp(names[i], item->key->text) == 0) return ps_fail(err, PS_FORMAT, "%s stands here twice", names[i]);
    *where = item->value;
    ps_status status = parse_keys(key, item->value, parse_setting, &v, where, err);
    if (status != PS_OK) return ps_error_prefix(err, status, "%.80s", item->key->text);
    settings[presets->n] = v.SPACE;
    if ((names[presets->n] = ps_strdup(item->key->text)) == NULL) {
        ps_value_clear(TYPE_SPACE, &v);
        return ps_nomem(err);
    }
    presets->n++;
    return PS_OK;
}

static ps_status parse_presets(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                               ps_error *err) {
    size_t n = 0;
    ps_status status = PS_OK;
    v->PRESETS = (ps_config_presets){0};
    if (node->kind == YAML_SCALAR && node->plain && ps_yaml_is_null(node->text)) return PS_OK;
    if (node->kind != YAML_MAPPING) return unexpected(key, node, "", err);
    for (const ps_yaml_item *item = node->items; item != NULL; item = item->next)
        n++;
    if (n == 0) return PS_OK;
    v->PRESETS.names = ps_calloc(n, sizeof *v->PRESETS.names);
    v->PRESETS.settings = ps_calloc(n, sizeof *v->PRESETS.settings);
    if (v->PRESETS.names == NULL || v->PRESETS.settings == NULL) status = ps_nomem(err);
    for (const ps_yaml_item *item = node->items; status == PS_OK && item != NULL; item = item->next)
        status = parse_preset(key, item, &v->PRESETS, where, err);
    if (status != PS_OK) ps_value_clear(TYPE_PRESETS, v);
    return status;
}

ps_status ps_value_parse(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                         ps_error *err) {
    *where = node;
    switch (ps_schema_type(key)) {
    case TYPE_BOOL: return parse_bool(key, node, v, err);
    case TYPE_INT:
    case TYPE_OPTINT: return parse_integer(key, node, v, err);
    case TYPE_REAL:
    case TYPE_OPTREAL: return parse_real(key, node, v, err);
    case TYPE_STRING:
    case TYPE_OPTSTRING:
    case TYPE_NAME:
    case TYPE_OPTNAME: return parse_string(key, node, v, err);
    case TYPE_NAMES: return parse_names(key, node, v, where, err);
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE: return parse_choice(key, node, v, err);
    case TYPE_CHOICES: return parse_choices(key, node, v, where, err);
    case TYPE_LIST: return parse_list(key, node, v, where, err);
    case TYPE_SPACE: return parse_space(key, node, v, where, err);
    case TYPE_PRESETS: return parse_presets(key, node, v, where, err);
    }
    return ps_fail(err, PS_ARG, "a key without a type");
}
