/* YAML 1.2 to a tree. libfyaml's event parser finds the syntax; the tree is built here, without recursion and with
 * counted bounds, because its own document builder neither bounds aliases nor keeps marks of empty values. */
#include "config/yaml.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

typedef struct anchor {
    const char *name;
    const ps_yaml_node *node;
    struct anchor *next;
} anchor;

/* A collection that is still open. */
typedef struct frame {
    ps_yaml_node *node;
    ps_yaml_item *last;      /* of its items */
    const ps_yaml_node *key; /* mapping: the key whose value comes next */
    const char *anchor_name; /* its own, known only from its end on: an alias inside it would be a cycle */
} frame;

typedef struct builder {
    const char *name, *text;
    size_t length; /* of text */
    ps_arena *arena;
    ps_error *err;
    frame stack[YAML_MAX_DEPTH];
    size_t depth, nodes, documents;
    const ps_yaml_node *root;
    anchor *anchors;
    int line, column; /* of the newest token that had a mark */
} builder;

/* "name:line:column: message" */
static ps_status mistake(const builder *b, const char *message) {
    if (b->name == NULL) return ps_fail(b->err, PS_FORMAT, "%s", message);
    return ps_fail(b->err, PS_FORMAT, "%s:%d:%d: %s", b->name, b->line, b->column, message);
}

/* ---- Events to nodes ----------------------------------------------------- */

/* True if `sign` begins what the event is: a quoted scalar or an alias. */
static bool opens(const struct fy_event *event, char sign) {
    if (event->type == FYET_ALIAS) return sign == '*';
    if (event->type != FYET_SCALAR || event->scalar.value == NULL) return false;
    enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
    return (style == FYSS_DOUBLE_QUOTED && sign == '"') || (style == FYSS_SINGLE_QUOTED && sign == '\'');
}

static void take_mark(builder *b, struct fy_event *event) {
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (mark == NULL) return;
    b->line = mark->line + 1;
    b->column = mark->column + 1;
    /* The parser's mark is behind the quote or the '*' (up to libfyaml 0.7 at least). */
    size_t at = mark->input_pos;
    if (b->column > 1 && at > 0 && at <= b->length && opens(event, b->text[at - 1])) b->column--;
}

/* NULL on failure, with *status saying which. */
static ps_yaml_node *new_node(builder *b, ps_yaml_kind kind, ps_status *status) {
    if (++b->nodes > YAML_MAX_NODES) {
        *status = mistake(b, "more values than a configuration can have");
        return NULL;
    }
    ps_yaml_node *made = ps_arena_calloc(b->arena, 1, sizeof *made);
    *status = made != NULL ? PS_OK : ps_nomem(b->err);
    if (made == NULL) return NULL;
    made->kind = kind;
    made->line = b->line;
    made->column = b->column;
    return made;
}

/* The text of a token as a string; NULL for an absent token. */
static ps_status token_text(builder *b, struct fy_token *token, const char **text, size_t *length) {
    *text = NULL;
    *length = 0;
    if (token == NULL) return PS_OK;
    size_t n = 0;
    const char *bytes = fy_token_get_text(token, &n);
    if (bytes == NULL) bytes = "";
    *text = ps_arena_strndup(b->arena, bytes, n);
    if (*text == NULL) return ps_nomem(b->err);
    *length = n;
    return PS_OK;
}

static ps_status remember_anchor(builder *b, const char *name, const ps_yaml_node *node) {
    if (name == NULL) return PS_OK;
    anchor *made = ps_arena_alloc(b->arena, sizeof *made);
    if (made == NULL) return ps_nomem(b->err);
    *made = (anchor){name, node, b->anchors};
    b->anchors = made;
    return PS_OK;
}

/* Put a finished node where it belongs: the root, the next element, the next key or the value of the last key. */
static ps_status attach(builder *b, const ps_yaml_node *node) {
    if (b->depth == 0) {
        b->root = node;
        return PS_OK;
    }
    frame *top = &b->stack[b->depth - 1];
    if (top->node->kind == YAML_MAPPING && top->key == NULL) {
        if (node->kind != YAML_SCALAR) {
            b->line = node->line;
            b->column = node->column;
            return mistake(b, "a key must be a plain name");
        }
        top->key = node;
        return PS_OK;
    }
    ps_yaml_item *item = ps_arena_alloc(b->arena, sizeof *item);
    if (item == NULL) return ps_nomem(b->err);
    *item = (ps_yaml_item){top->key, node, NULL};
    if (top->last != NULL)
        top->last->next = item;
    else
        top->node->items = item;
    top->last = item;
    top->key = NULL;
    return PS_OK;
}

static ps_status on_scalar(builder *b, struct fy_event *event, bool forced_text) {
    const char *name = NULL;
    size_t ignored;
    ps_status status;
    ps_yaml_node *node = new_node(b, YAML_SCALAR, &status);
    if (node == NULL) return status;
    status = token_text(b, event->scalar.value, &node->text, &node->length);
    if (status == PS_OK) status = token_text(b, event->scalar.anchor, &name, &ignored);
    if (status != PS_OK) return status;
    if (node->text == NULL) node->text = "";
    if (memchr(node->text, '\0', node->length) != NULL) return mistake(b, "a NUL character in a text");
    node->plain =
        !forced_text && (event->scalar.value == NULL || fy_token_scalar_style(event->scalar.value) == FYSS_PLAIN);
    status = remember_anchor(b, name, node);
    return status == PS_OK ? attach(b, node) : status;
}

static ps_status on_alias(builder *b, struct fy_event *event) {
    const char *name = NULL;
    size_t length;
    ps_status status = token_text(b, event->alias.anchor, &name, &length);
    if (status != PS_OK) return status;
    if (++b->nodes > YAML_MAX_NODES) return mistake(b, "more values than a configuration can have");
    for (const anchor *a = b->anchors; a != NULL; a = a->next)
        if (name != NULL && strcmp(a->name, name) == 0) return attach(b, a->node);
    return mistake(b, "an alias without an anchor before it");
}

static ps_status on_start(builder *b, ps_yaml_kind kind, struct fy_token *anchor_token) {
    if (b->depth == YAML_MAX_DEPTH) return mistake(b, "nested too deeply");
    const char *name = NULL;
    size_t ignored;
    ps_status status;
    ps_yaml_node *node = new_node(b, kind, &status);
    if (node == NULL) return status;
    status = token_text(b, anchor_token, &name, &ignored);
    if (status == PS_OK) b->stack[b->depth++] = (frame){.node = node, .anchor_name = name};
    return status;
}

static ps_status on_end(builder *b) {
    if (b->depth == 0) return mistake(b, "not YAML: an end without a beginning");
    const frame *top = &b->stack[--b->depth];
    ps_status status = remember_anchor(b, top->anchor_name, top->node);
    return status == PS_OK ? attach(b, top->node) : status;
}

/* Of the tags only those of the core schema are known, and only !!str changes anything: the schema says what type a key
 * has. "!" is YAML's own way to say "a string". */
static ps_status read_tag(builder *b, struct fy_event *event, bool *forced_text) {
    static const char core[] = "tag:yaml.org,2002:";
    static const char *const known[] = {"str", "int", "float", "bool", "null", "seq", "map", "merge"};
    *forced_text = false;
    struct fy_token *token = fy_event_get_tag_token(event);
    if (token == NULL) return PS_OK;
    size_t length = 0, prefix = sizeof core - 1;
    const char *tag = fy_token_get_text(token, &length); /* resolved: "tag:yaml.org,2002:str" for !!str */
    if (tag != NULL && length == 1 && *tag == '!') {
        *forced_text = true;
        return PS_OK;
    }
    bool is_core = tag != NULL && length > prefix && memcmp(tag, core, prefix) == 0;
    for (size_t i = 0; is_core && i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) != length - prefix || memcmp(known[i], tag + prefix, length - prefix) != 0) continue;
        *forced_text = i == 0;
        return PS_OK;
    }
    const struct fy_mark *mark = fy_token_start_mark(token);
    if (mark != NULL) {
        b->line = mark->line + 1;
        b->column = mark->column + 1;
    }
    return mistake(b, "an unknown tag; only !!str and its like are understood");
}

static ps_status on_event(builder *b, struct fy_event *event) {
    bool forced_text = false;
    ps_status status = PS_OK;
    take_mark(b, event);
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return ++b->documents > 1 ? mistake(b, "a second document; a configuration is one") : PS_OK;
    case FYET_SCALAR:
        status = read_tag(b, event, &forced_text);
        return status == PS_OK ? on_scalar(b, event, forced_text) : status;
    case FYET_ALIAS: return on_alias(b, event);
    case FYET_SEQUENCE_START:
        status = read_tag(b, event, &forced_text);
        return status == PS_OK ? on_start(b, YAML_SEQUENCE, event->sequence_start.anchor) : status;
    case FYET_MAPPING_START:
        status = read_tag(b, event, &forced_text);
        return status == PS_OK ? on_start(b, YAML_MAPPING, event->mapping_start.anchor) : status;
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END: return on_end(b);
    default: return PS_OK;
    }
}

/* ---- Syntax errors ------------------------------------------------------- */

/* True if the indentation of a line (from 1) has a tab: YAML forbids it, and the parser's own words rarely say so. */
static bool indented_by_tab(const char *text, size_t length, int line) {
    const char *end = text + length;
    for (int at = 1; at < line; at++) {
        text = memchr(text, '\n', (size_t)(end - text));
        if (text == NULL) return false;
        text++;
    }
    while (text < end && *text == ' ')
        text++;
    return text < end && *text == '\t';
}

static ps_status syntax_error(builder *b, struct fy_diag *diag) {
    void *iterator = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &iterator);
    if (first == NULL) return mistake(b, "not YAML");
    if (first->line > 0) b->line = first->line;
    if (first->line > 0) b->column = first->column > 0 ? first->column : 1;
    for (int line = b->line; line >= 1 && line >= b->line - 1; line--) {
        if (!indented_by_tab(b->text, b->length, line)) continue;
        b->line = line;
        b->column = 1;
        return mistake(b, "indented by a tab; YAML wants spaces");
    }
    char message[256];
    snprintf(message, sizeof message, "not YAML: %.200s", first->msg != NULL ? first->msg : "unreadable");
    return mistake(b, message);
}

/* Set the place of a mistake to that of a byte. */
static void place_at(builder *b, size_t offset) {
    b->line = b->column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (b->text[i] == '\n') {
            b->line++;
            b->column = 1;
        } else {
            b->column += ps_utf8_count(b->text + i, 1); /* a character counts where it begins */
        }
    }
}

/* What the parser must not see: libfyaml 0.7 does not come back from some directives that are not UTF-8. */
static ps_status check_bytes(builder *b) {
    if (b->length > YAML_MAX_BYTES) return mistake(b, "larger than 1 MiB: not a configuration");
    const char *nul = memchr(b->text, '\0', b->length);
    size_t valid = ps_utf8_valid(b->text, nul != NULL ? (size_t)(nul - b->text) : b->length);
    if (valid == b->length) return PS_OK;
    place_at(b, valid);
    return mistake(b, b->text[valid] == '\0' ? "a NUL byte: not a text file" : "not UTF-8");
}

static void discard(struct fy_diag *diag, void *user, const char *bytes, size_t length) {
    (void)diag, (void)user, (void)bytes, (void)length;
}

/* A collector of messages that prints nothing. */
static struct fy_diag *quiet_diag(void) {
    struct fy_diag_cfg config;
    fy_diag_cfg_default(&config);
    config.fp = NULL;
    config.output_fn = discard;
    config.colorize = false;
    struct fy_diag *diag = fy_diag_create(&config);
    if (diag != NULL) fy_diag_set_collect_errors(diag, true);
    return diag;
}

/* An empty list or mapping, the default of such keys, needs no parser: without a configuration's file libfyaml, which
 * does not survive a failed allocation, is not called. */
static ps_status empty_collection(builder *b, const char *text, const ps_yaml_node **root) {
    ps_status status;
    *root = new_node(b, *text == '[' ? YAML_SEQUENCE : YAML_MAPPING, &status);
    return status;
}

ps_status ps_yaml_parse(const char *text, size_t length, const char *name, ps_arena *arena, const ps_yaml_node **root,
                        ps_error *err) {
    builder b = {.name = name, .text = text, .length = length, .arena = arena, .err = err, .line = 1, .column = 1};
    ps_status status = check_bytes(&b);
    if (status != PS_OK) return status;
    if (length == 2 && (memcmp(text, "[]", 2) == 0 || memcmp(text, "{}", 2) == 0))
        return empty_collection(&b, text, root);
    struct fy_parser *parser = NULL;
    struct fy_diag *diag = quiet_diag();
    if (diag == NULL) return ps_nomem(err);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE, .diag = diag};
    parser = fy_parser_create(&config);
    if (parser == NULL || fy_parser_set_string(parser, text, length) != 0) {
        status = ps_nomem(err);
        goto done;
    }
    for (struct fy_event *event; status == PS_OK && (event = fy_parser_parse(parser)) != NULL;) {
        status = on_event(&b, event);
        fy_parser_event_free(parser, event);
    }
    if (status == PS_OK && fy_parser_get_stream_error(parser)) status = syntax_error(&b, diag);
    if (status == PS_OK) *root = b.root;
done:
    fy_parser_destroy(parser);
    fy_diag_destroy(diag);
    return status;
}

const char *ps_yaml_describe(const ps_yaml_node *node, char *buffer, size_t size) {
    if (node->kind == YAML_SEQUENCE) return "a list";
    if (node->kind == YAML_MAPPING) return "a mapping";
    if (node->plain && node->length == 0) return "nothing";
    size_t shown = node->length > 60 ? ps_utf8_cut(node->text, node->length, 57) : node->length;
    const char *more = shown < node->length ? "…" : "", *quote = node->plain ? "" : "\"";
    snprintf(buffer, size, "%s%.*s%s%s", quote, (int)shown, node->text, more, quote);
    return buffer;
}
