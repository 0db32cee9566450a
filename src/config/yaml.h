/* A YAML document as a small tree with the line and column of every node. Private to src/config. */
#ifndef PERSAMP_CONFIG_YAML_H
#define PERSAMP_CONFIG_YAML_H

#include "persamp/base.h"

/* Bounds that keep hostile input cheap: far above any real configuration. */
enum { YAML_MAX_BYTES = 1 << 20, YAML_MAX_DEPTH = 32, YAML_MAX_NODES = 20000 };

typedef enum ps_yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING } ps_yaml_kind;

typedef struct ps_yaml_node ps_yaml_node;

/* An element of a sequence (key is NULL) or a pair of a mapping. */
typedef struct ps_yaml_item {
    const ps_yaml_node *key, *value;
    struct ps_yaml_item *next;
} ps_yaml_item;

struct ps_yaml_node {
    ps_yaml_kind kind;
    int line, column; /* from 1 */
    const char *text; /* scalar: its content, NUL-terminated */
    size_t length;
    bool plain; /* scalar: written without quotes, so that it can be a number, a truth value or null */
    ps_yaml_item *items;
};

/* Parse one document into `arena`. *root is NULL for an empty one. Aliases are resolved by sharing nodes: the result is
 * a graph without cycles. Merge keys stay as pairs with the key "<<". PS_FORMAT: "name:line:column: …", or without
 * a place where `name` is NULL (a value on the command line). */
ps_status ps_yaml_parse(const char *text, size_t length, const char *name, ps_arena *arena, const ps_yaml_node **root,
                        ps_error *err);

/* What stands at a node, for messages: "0.7", "a mapping"; quoted text keeps quotes. Writes at most `size` bytes. */
const char *ps_yaml_describe(const ps_yaml_node *node, char *buffer, size_t size);

#endif
