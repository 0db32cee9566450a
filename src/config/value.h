/* Values of keys: reading, copying, comparing, writing. Private to src/config. */
#ifndef PERSAMP_CONFIG_VALUE_H
#define PERSAMP_CONFIG_VALUE_H

#include "config/schema.h"
#include "config/yaml.h"

/* Any value; the member is the schema's type. Strings and lists are owned: ps_value_clear. */
typedef union ps_value {
#define X(type) ps_config_##type type;
    VALUE_TYPES(X)
#undef X
} ps_value;

void ps_value_clear(ps_value_type type, ps_value *v);
ps_status ps_value_copy(ps_value_type type, const ps_value *from, ps_value *to, ps_error *err);
bool ps_value_equal(ps_value_type type, const ps_value *a, const ps_value *b);

/* The value of a key in a configuration, and putting one there (the old one is not freed). */
void ps_value_load(const ps_config *cfg, ps_key_index key, ps_value *v);
void ps_value_store(ps_config *cfg, ps_key_index key, const ps_value *v);

/* Read a node as the value of a key. PS_FORMAT: err says "found …, expected …", without place or key, and *where is the
 * node to blame. */
ps_status ps_value_parse(ps_key_index key, const ps_yaml_node *node, ps_value *v, const ps_yaml_node **where,
                         ps_error *err);

/* A node for the text of a command line or the schema: for a key that holds a string the text as it stands, unless it
 * is quoted or null; else a YAML scalar or flow collection. */
ps_status ps_value_node(ps_key_index key, const char *text, ps_arena *arena, const ps_yaml_node **node, ps_error *err);

/* Both, for text that has no place of its own. */
ps_status ps_value_from_text(ps_key_index key, const char *text, ps_value *v, ps_error *err);

/* Canonical YAML, on one line. */
void ps_value_print(ps_value_type type, const ps_value *v, const char *allowed, ps_text *text);

#endif
