/* The schema table as data, and questions about key names. Private to src/config. */
#ifndef PERSAMP_CONFIG_SCHEMA_H
#define PERSAMP_CONFIG_SCHEMA_H

#include "persamp/config.h"

/* clang-format off */
#define VALUE_TYPES(X)                                                                                                 \
    X(BOOL) X(INT) X(OPTINT) X(REAL) X(OPTREAL) X(STRING) X(OPTSTRING) X(NAME) X(OPTNAME) X(NAMES) X(CHOICE)            \
    X(OPTCHOICE) X(CHOICES) X(LIST) X(SPACE) X(PRESETS)
/* clang-format on */
typedef enum ps_value_type {
#define X(type) TYPE_##type,
    VALUE_TYPES(X)
#undef X
} ps_value_type;

/* The index of each key: KEY_ps_depth_decay. */
typedef enum ps_key_index {
#define K(type, key, field, initial, allowed, engines, effect, doc) KEY_##field,
#include "persamp/schema.def"
#undef K
    N_KEYS,
    NO_KEY = N_KEYS
} ps_key_index;

ps_value_type ps_schema_type(ps_key_index key);
size_t ps_schema_offset(ps_key_index key); /* of its member in ps_config */
const ps_config_key *ps_schema_key(ps_key_index key);
ps_key_index ps_schema_find(const char *name);                    /* NO_KEY when unknown */
bool ps_schema_is_section(const char *name);                      /* "ps", "ps.resample" */
bool ps_schema_in_section(const char *name, const char *section); /* or the key itself; "" has all keys */

/* The known key or section that an unknown name most likely means; false when none is near. */
bool ps_schema_nearest(const char *name, char *nearest, size_t size);

/* "name: unknown key; did you mean …?" */
void ps_schema_unknown(const char *name, char *message, size_t size);

/* What the preset sets the key to in this mode of ps.mode, or NULL. */
const char *ps_preset_value(const char *preset, const char *key, bool steps);
bool ps_preset_touches(const char *key); /* some preset in some mode sets it */

/* An interval of `allowed`: "[0, 1)". */
typedef struct ps_interval {
    double low, high;
    bool open_low, open_high;
} ps_interval;
bool ps_schema_interval(const char *allowed, ps_interval *range); /* false when `allowed` has none */
bool ps_interval_contains(const ps_interval *range, double x);

/* What a value must be, in words: "an integer from 1 to 8", "topN, systematic or residual". */
void ps_schema_expectation(ps_key_index key, ps_text *text);

/* Call visit for each of "a|b|c" until it returns true. Returns whether it did. */
bool ps_each_choice(const char *allowed, bool (*visit)(void *context, const char *choice, size_t length),
                    void *context);

#endif
