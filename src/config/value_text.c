/* Values given as text without a file: the command line, the schema's own defaults. */
#include "number.h"
#include "value.h"

#include <string.h>

/* UTF-8 without a NUL: what a YAML text can carry. */
static bool is_utf8(const char *text) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    for (const unsigned char *c = (const unsigned char *)text; *c != 0;) {
        int more = *c < 0x80 ? 0 : (*c & 0xe0) == 0xc0 ? 1 : (*c & 0xf0) == 0xe0 ? 2 : (*c & 0xf8) == 0xf0 ? 3 : -1;
        if (more < 0) return false;
        uint32_t code = more == 0 ? *c : *c & (0x3fu >> more);
        c++;
        for (int i = 0; i < more; i++, c++) {
            if ((*c & 0xc0) != 0x80) return false;
            code = code << 6 | (*c & 0x3fu);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    }
    return true;
}

static ps_status text_node(const char *text, bool plain, ps_arena *arena, const yaml_node **node, ps_error *err) {
    yaml_node *made = ps_arena_calloc(arena, 1, sizeof *made);
    if (made == NULL) return ps_nomem(err);
    *made = (yaml_node){.kind = YAML_SCALAR, .line = 1, .column = 1, .text = text, .length = strlen(text)};
    made->plain = plain;
    *node = made;
    return PS_OK;
}

static bool needs_yaml(value_type type, const char *text) {
    if (*text == '"' || *text == '\'') return true;
    return type == TYPE_LIST || type == TYPE_SPACE || *text == '[' || *text == '{';
}

ps_status value_node(key_index key, const char *text, ps_arena *arena, const yaml_node **node, ps_error *err) {
    value_type type = schema_type(key);
    bool holds_text = type == TYPE_STRING || type == TYPE_OPTSTRING;
    if (!is_utf8(text)) return ps_fail(err, PS_FORMAT, "expected UTF-8 text");
    if (holds_text && *text != '"' && *text != '\'')
        return text_node(text, type == TYPE_OPTSTRING && yaml_is_null(text), arena, node, err);
    if (!needs_yaml(type, text)) return text_node(text, true, arena, node, err);
    const yaml_node *root = NULL;
    ps_status status = yaml_parse(text, strlen(text), NULL, arena, &root, err);
    if (status != PS_OK) return status;
    if (root == NULL) return text_node("", true, arena, node, err);
    *node = root;
    return PS_OK;
}

ps_status value_from_text(key_index key, const char *text, config_value *v, ps_error *err) {
    const yaml_node *node = NULL, *where;
    ps_arena *arena = ps_arena_create();
    if (arena == NULL) return ps_nomem(err);
    ps_status status = value_node(key, text, arena, &node, err);
    if (status == PS_OK) status = value_parse(key, node, v, &where, err);
    ps_arena_free(arena);
    return status;
}
