/* Values of keys: reading, copying, comparing, writing. Private to src/config. */
#ifndef PERSAMP_CONFIG_VALUE_H
#define PERSAMP_CONFIG_VALUE_H

#include "config/schema.h"
#include "config/yaml.h"

/* Any value; the member is the schema's type. Strings and lists are owned: value_clear. */
typedef union config_value {
#define X(type) ps_config_##type type;
    VALUE_TYPES(X)
#undef X
} config_value;

void value_clear(value_type type, config_value *v);
ps_status value_copy(value_type type, const config_value *from, config_value *to, ps_error *err);
bool value_equal(value_type type, const config_value *a, const config_value *b);

/* The value of a key in a configuration, and putting one there (the old one is not freed). */
void value_load(const ps_config *cfg, key_index key, config_value *v);
void value_store(ps_config *cfg, key_index key, const config_value *v);

/* Read a node as the value of a key. PS_FORMAT: err says "found …, expected …", without place or key, and *where is the
 * node to blame. */
ps_status value_parse(key_index key, const yaml_node *node, config_value *v, const yaml_node **where, ps_error *err);

/* A node for the text of a command line or the schema: for a key that holds a string the text as it stands, unless it
 * is quoted or null; else a YAML scalar or flow collection. */
ps_status value_node(key_index key, const char *text, ps_arena *arena, const yaml_node **node, ps_error *err);

/* Both, for text that has no place of its own. */
ps_status value_from_text(key_index key, const char *text, config_value *v, ps_error *err);

/* Canonical YAML, on one line. */
void value_print(value_type type, const config_value *v, const char *allowed, ps_text *text);

#endif
