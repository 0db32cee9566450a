/* The schema table as data. */
#include "config/schema.h"

#include <string.h>

static const ps_config_key keys[N_KEYS] = {
#define NAME_BOOL      "bool"
#define NAME_INT       "integer"
#define NAME_OPTINT    "integer or word"
#define NAME_REAL      "number"
#define NAME_OPTREAL   "number or word"
#define NAME_STRING    "string"
#define NAME_OPTSTRING "string or null"
#define NAME_NAME      "path or name"
#define NAME_OPTNAME   "path or name, or null"
#define NAME_NAMES     "path or name, or several"
#define NAME_CHOICE    "choice"
#define NAME_OPTCHOICE "choice or null"
#define NAME_CHOICES   "choices"
#define NAME_LIST      "list of strings"
#define NAME_SPACE     "mapping of keys to values"
#define NAME_PRESETS   "mapping of names to settings"
#define EFFECT_RESULT  true, false
#define EFFECT_REQUEST true, true
#define EFFECT_RUN     false, false
#define K(type, key, field, initial, allowed, engines, effect, doc)                                                    \
    {key, #field, NAME_##type, initial, allowed, engines, EFFECT_##effect, doc},
#include "persamp/schema.def"
#undef K
};

static const struct {
    ps_value_type type;
    size_t offset;
} layout[N_KEYS] = {
#define K(type, key, field, initial, allowed, engines, effect, doc) {TYPE_##type, offsetof(ps_config, field)},
#include "persamp/schema.def"
#undef K
};

enum { STEPS = 1, COMPLETIONS = 2, ANY = STEPS | COMPLETIONS };
static const struct {
    int modes;
    const char *preset, *key, *value;
} presets[] = {
#define P(modes, preset, key, value) {modes, preset, key, value},
#include "config/preset.def"
#undef P
};
enum { N_PRESETS = sizeof presets / sizeof *presets };

ps_value_type ps_schema_type(ps_key_index key) {
    return layout[key].type;
}

size_t ps_schema_offset(ps_key_index key) {
    return layout[key].offset;
}

const ps_config_key *ps_schema_key(ps_key_index key) {
    return &keys[key];
}

ps_key_index ps_schema_find(const char *name) {
    for (ps_key_index key = 0; key < N_KEYS; key++)
        if (strcmp(keys[key].name, name) == 0) return key;
    return NO_KEY;
}

bool ps_schema_is_section(const char *name) {
    size_t length = strlen(name);
    for (ps_key_index key = 0; key < N_KEYS; key++)
        if (strncmp(keys[key].name, name, length) == 0 && keys[key].name[length] == '.') return true;
    return false;
}

bool ps_schema_in_section(const char *name, const char *section) {
    size_t length = strlen(section);
    return strncmp(name, section, length) == 0 && (name[length] == '.' || name[length] == '\0' || length == 0);
}

const char *ps_preset_value(const char *preset, const char *key, bool steps) {
    for (size_t i = 0; i < N_PRESETS; i++)
        if ((presets[i].modes & (steps ? STEPS : COMPLETIONS)) != 0 && strcmp(presets[i].preset, preset) == 0 &&
            strcmp(presets[i].key, key) == 0)
            return presets[i].value;
    return NULL;
}

bool ps_preset_touches(const char *key) {
    for (size_t i = 0; i < N_PRESETS; i++)
        if (strcmp(presets[i].key, key) == 0) return true;
    return false;
}

const ps_config_key *ps_config_keys(size_t *n) {
    *n = N_KEYS;
    return keys;
}

const ps_config_key *ps_config_find_key(const char *name) {
    ps_key_index key = ps_schema_find(name);
    return key == NO_KEY ? NULL : &keys[key];
}

const char *ps_config_preset_value(const char *preset, const char *key) {
    return ps_preset_value(preset, key, true);
}
