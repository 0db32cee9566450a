/* Values given as text without a file: the command line, the schema's own defaults. */
#include "config/number.h"
#include "config/value.h"

#include <string.h>

static ps_status text_node(const char *text, bool plain, ps_arena *arena, const ps_yaml_node **node, ps_error *err) {
    ps_yaml_node *made = ps_arena_calloc(arena, 1, sizeof *made);
    if (made == NULL) return ps_nomem(err);
    *made = (ps_yaml_node){.kind = YAML_SCALAR, .line = 1, .column = 1, .text = text, .length = strlen(text)};
    made->plain = plain;
    *node = made;
    return PS_OK;
}

static bool needs_yaml(ps_value_type type, const char *text) {
    if (*text == '"' || *text == '\'') return true;
    return type == TYPE_LIST || type == TYPE_SPACE || type == TYPE_PRESETS || *text == '[' || *text == '{';
}

ps_status ps_value_node(ps_key_index key, const char *text, ps_arena *arena, const ps_yaml_node **node, ps_error *err) {
    ps_value_type type = ps_schema_type(key);
    bool may_be_null = type == TYPE_OPTSTRING || type == TYPE_OPTNAME;
    bool holds_text = type == TYPE_STRING || type == TYPE_NAME || may_be_null || (type == TYPE_NAMES && *text != '[');
    if (ps_utf8_valid(text, strlen(text)) < strlen(text)) return ps_fail(err, PS_FORMAT, "expected UTF-8 text");
    if (holds_text && *text != '"' && *text != '\'')
        return text_node(text, may_be_null && *text != '\0' && ps_yaml_is_null(text), arena, node, err);
    if (!needs_yaml(type, text)) return text_node(text, true, arena, node, err);
    const ps_yaml_node *root = NULL;
    ps_status status = ps_yaml_parse(text, strlen(text), NULL, arena, &root, err);
    if (status != PS_OK) return status;
    if (root == NULL) return text_node("", true, arena, node, err);
    *node = root;
    return PS_OK;
}

ps_status ps_value_from_text(ps_key_index key, const char *text, ps_value *v, ps_error *err) {
    const ps_yaml_node *node = NULL, *where;
    ps_arena *arena = ps_arena_create();
    if (arena == NULL) return ps_nomem(err);
    ps_status status = ps_value_node(key, text, arena, &node, err);
    if (status == PS_OK) status = ps_value_parse(key, node, v, &where, err);
    ps_arena_free(arena);
    return status;
}
