/* Values in memory: free, copy, compare, and in and out of the struct. */
#include "config/value.h"

#include <string.h>

static void list_clear(ps_config_list *list) {
    for (size_t i = 0; i < list->n; i++)
        ps_free((void *)list->items[i]);
    ps_free((void *)list->items);
    *list = (ps_config_list){0};
}

static void space_clear(ps_config_space *space) {
    for (size_t i = 0; i < space->n; i++) {
        ps_free((void *)space->keys[i]);
        list_clear((ps_config_list *)&space->values[i]);
    }
    ps_free((void *)space->keys);
    ps_free((void *)space->values);
    ps_free((void *)space->ranges);
    *space = (ps_config_space){0};
}

static void presets_clear(ps_config_presets *presets) {
    for (size_t i = 0; i < presets->n; i++) {
        ps_free((void *)presets->names[i]);
        space_clear((ps_config_space *)&presets->settings[i]);
    }
    ps_free((void *)presets->names);
    ps_free((void *)presets->settings);
    *presets = (ps_config_presets){0};
}

void ps_value_clear(ps_value_type type, ps_value *v) {
    switch (type) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_OPTINT:
    case TYPE_REAL:
    case TYPE_OPTREAL: break;
    case TYPE_STRING:
    case TYPE_OPTSTRING:
    case TYPE_NAME:
    case TYPE_OPTNAME:
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE:
        ps_free((void *)v->STRING);
        v->STRING = NULL;
        break;
    case TYPE_NAMES:
    case TYPE_CHOICES:
    case TYPE_LIST: list_clear(&v->LIST); break;
    case TYPE_SPACE: space_clear(&v->SPACE); break;
    case TYPE_PRESETS: presets_clear(&v->PRESETS); break;
    }
}

static ps_status list_copy(const ps_config_list *from, ps_config_list *to, ps_error *err) {
    *to = (ps_config_list){0};
    if (from->n == 0) return PS_OK;
    const char **items = ps_calloc(from->n, sizeof *items);
    if (items == NULL) return ps_nomem(err);
    to->items = items;
    to->n = from->n;
    for (size_t i = 0; i < from->n; i++)
        if ((items[i] = ps_strdup(from->items[i])) == NULL) {
            list_clear(to);
            return ps_nomem(err);
        }
    return PS_OK;
}

static ps_status space_copy(const ps_config_space *from, ps_config_space *to, ps_error *err) {
    *to = (ps_config_space){0};
    if (from->n == 0) return PS_OK;
    const char **keys = ps_calloc(from->n, sizeof *keys);
    ps_config_list *values = ps_calloc(from->n, sizeof *values);
    ps_config_range *ranges = ps_calloc(from->n, sizeof *ranges);
    if (keys == NULL || values == NULL || ranges == NULL) {
        ps_free(keys);
        ps_free(values);
        ps_free(ranges);
        return ps_nomem(err);
    }
    memcpy(ranges, from->ranges, from->n * sizeof *ranges);
    *to = (ps_config_space){keys, values, ranges, from->n};
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < from->n; i++) {
        keys[i] = ps_strdup(from->keys[i]);
        status = keys[i] != NULL ? list_copy(&from->values[i], &values[i], err) : ps_nomem(err);
    }
    if (status != PS_OK) space_clear(to);
    return status;
}

static ps_status presets_copy(const ps_config_presets *from, ps_config_presets *to, ps_error *err) {
    *to = (ps_config_presets){0};
    if (from->n == 0) return PS_OK;
    const char **names = ps_calloc(from->n, sizeof *names);
    ps_config_space *settings = ps_calloc(from->n, sizeof *settings);
    if (names == NULL || settings == NULL) {
        ps_free(names);
        ps_free(settings);
        return ps_nomem(err);
    }
    *to = (ps_config_presets){names, settings, from->n};
    ps_status status = PS_OK;
    for (size_t i = 0; status == PS_OK && i < from->n; i++) {
        names[i] = ps_strdup(from->names[i]);
        status = names[i] != NULL ? space_copy(&from->settings[i], &settings[i], err) : ps_nomem(err);
    }
    if (status != PS_OK) presets_clear(to);
    return status;
}

ps_status ps_value_copy(ps_value_type type, const ps_value *from, ps_value *to, ps_error *err) {
    switch (type) {
    case TYPE_BOOL:
    case TYPE_INT:
    case TYPE_OPTINT:
    case TYPE_REAL:
    case TYPE_OPTREAL: *to = *from; return PS_OK;
    case TYPE_STRING:
    case TYPE_OPTSTRING:
    case TYPE_NAME:
    case TYPE_OPTNAME:
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE:
        to->STRING = from->STRING != NULL ? ps_strdup(from->STRING) : NULL;
        return from->STRING != NULL && to->STRING == NULL ? ps_nomem(err) : PS_OK;
    case TYPE_NAMES:
    case TYPE_CHOICES:
    case TYPE_LIST: return list_copy(&from->LIST, &to->LIST, err);
    case TYPE_SPACE: return space_copy(&from->SPACE, &to->SPACE, err);
    case TYPE_PRESETS: return presets_copy(&from->PRESETS, &to->PRESETS, err);
    }
    return PS_OK;
}

static bool list_equal(const ps_config_list *a, const ps_config_list *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) return false;
    return true;
}

static bool range_equal(const ps_config_range *a, const ps_config_range *b) {
    return a->min == b->min && a->max == b->max && a->step == b->step && a->log == b->log;
}

static bool space_equal(const ps_config_space *a, const ps_config_space *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->keys[i], b->keys[i]) != 0 || !list_equal(&a->values[i], &b->values[i]) ||
            !range_equal(&a->ranges[i], &b->ranges[i]))
            return false;
    return true;
}

static bool presets_equal(const ps_config_presets *a, const ps_config_presets *b) {
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(a->names[i], b->names[i]) != 0 || !space_equal(&a->settings[i], &b->settings[i])) return false;
    return true;
}

bool ps_value_equal(ps_value_type type, const ps_value *a, const ps_value *b) {
    switch (type) {
    case TYPE_BOOL: return a->BOOL == b->BOOL;
    case TYPE_INT:
    case TYPE_OPTINT: return a->INT == b->INT;
    case TYPE_REAL:
    case TYPE_OPTREAL: return a->REAL == b->REAL;
    case TYPE_STRING:
    case TYPE_OPTSTRING:
    case TYPE_NAME:
    case TYPE_OPTNAME:
    case TYPE_CHOICE:
    case TYPE_OPTCHOICE:
        if (a->STRING == NULL || b->STRING == NULL) return a->STRING == b->STRING;
        return strcmp(a->STRING, b->STRING) == 0;
    case TYPE_NAMES:
    case TYPE_CHOICES:
    case TYPE_LIST: return list_equal(&a->LIST, &b->LIST);
    case TYPE_SPACE: return space_equal(&a->SPACE, &b->SPACE);
    case TYPE_PRESETS: return presets_equal(&a->PRESETS, &b->PRESETS);
    }
    return false;
}

/* The size of the member that holds a value. */
static size_t member_size(ps_value_type type) {
    static const size_t sizes[] = {
#define X(type) [TYPE_##type] = sizeof(ps_config_##type),
        VALUE_TYPES(X)
#undef X
    };
    return sizes[type];
}

void ps_value_load(const ps_config *cfg, ps_key_index key, ps_value *v) {
    *v = (ps_value){0};
    memcpy(v, (const char *)cfg + ps_schema_offset(key), member_size(ps_schema_type(key)));
}

void ps_value_store(ps_config *cfg, ps_key_index key, const ps_value *v) {
    memcpy((char *)cfg + ps_schema_offset(key), v, member_size(ps_schema_type(key)));
}
