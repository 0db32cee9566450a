/* The schema table as data, and questions about key names. Private to src/config. */
#ifndef PERSAMP_CONFIG_SCHEMA_H
#define PERSAMP_CONFIG_SCHEMA_H

#include "persamp/config.h"

#define VALUE_TYPES(X) X(BOOL) X(INT) X(OPTINT) X(REAL) X(STRING) X(OPTSTRING) X(CHOICE) X(OPTCHOICE) X(LIST) X(SPACE)
typedef enum value_type {
#define X(type) TYPE_##type,
    VALUE_TYPES(X)
#undef X
} value_type;

/* The index of each key: KEY_ps_depth_decay. */
typedef enum key_index {
#define K(type, key, field, initial, allowed, engines, effect, doc) KEY_##field,
#include "persamp/schema.def"
#undef K
    N_KEYS,
    NO_KEY = N_KEYS
} key_index;

value_type schema_type(key_index key);
size_t schema_offset(key_index key); /* of its member in ps_config */
const ps_config_key *schema_key(key_index key);
key_index schema_find(const char *name);                       /* NO_KEY when unknown */
bool schema_is_section(const char *name);                      /* "ps", "ps.resample" */
bool schema_in_section(const char *name, const char *section); /* or the key itself; "" has all keys */

/* The known key or section that an unknown name most likely means; false when none is near. */
bool schema_nearest(const char *name, char *nearest, size_t size);

/* "name: unknown key; did you mean …?" */
void schema_unknown(const char *name, char *message, size_t size);

/* What the preset sets the key to in this mode of ps.mode, or NULL. */
const char *preset_value(const char *preset, const char *key, bool steps);
bool preset_touches(const char *key); /* some preset in some mode sets it */

/* An interval of `allowed`: "[0, 1)". */
typedef struct interval {
    double low, high;
    bool open_low, open_high;
} interval;
bool schema_interval(const char *allowed, interval *range); /* false when `allowed` has none */
bool interval_contains(const interval *range, double x);

/* What a value must be, in words: "an integer from 1 to 8", "topN, systematic or residual". */
void schema_expectation(key_index key, ps_text *text);

/* Call visit for each of "a|b|c" until it returns true. Returns whether it did. */
bool each_choice(const char *allowed, bool (*visit)(void *context, const char *choice, size_t length), void *context);

#endif
