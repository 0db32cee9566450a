/* Values from the environment and the command line. */
#include "config/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ps_status unknown_key(const char *origin, const char *key, ps_error *err) {
    char message[384];
    ps_schema_unknown(key, message, sizeof message);
    return ps_fail(err, PS_FORMAT, "%s: %s", origin, message);
}

/* Set on the copy: the value, and for a list given to step_boundary both keys it stands for. */
static ps_status set_on(ps_config *cfg, ps_key_index key, const char *text, ps_config_layer from, const char *origin,
                        ps_error *err) {
    ps_value v = {0};
    if (key == KEY_generation_step_boundary && *text == '[') {
        ps_status status = set_on(cfg, KEY_generation_step_literals, text, from, origin, err);
        if (status != PS_OK) return status;
        text = "literals";
    }
    ps_status status = ps_value_from_text(key, text, &v, err);
    return status == PS_OK ? ps_config_assign(cfg, key, &v, from, origin, err) : status;
}

static ps_status set_layer(ps_config *cfg, const char *name, const char *text, ps_config_layer from, const char *origin,
                           ps_error *err) {
    ps_key_index key = ps_schema_find(name);
    if (key == NO_KEY && ps_schema_is_section(name))
        return ps_fail(err, PS_FORMAT, "%s: %s: a section, not a key; set one of its keys", origin, name);
    if (key == NO_KEY) return unknown_key(origin, name, err);
    ps_config *copy = NULL;
    ps_status status = ps_config_copy(cfg, &copy, err);
    if (status != PS_OK) return status;
    status = set_on(copy, key, text, from, origin, err);
    if (status == PS_OK) status = ps_config_settle(copy, err);
    if (status == PS_OK)
        ps_config_swap(cfg, copy);
    else
        ps_error_prefix(err, status, "%s: %s", origin, name);
    ps_config_free(copy);
    return status;
}

ps_status ps_config_set(ps_config *cfg, const char *key, const char *value, const char *origin, ps_error *err) {
    return set_layer(cfg, key, value, LAYER_SET, origin, err);
}

ps_status ps_config_environment(ps_config *cfg, ps_error *err) {
    static const struct {
        const char *variable, *key;
    } table[] = {{"OPENAI_BASE_URL", "engine.openai.base_url"},
                 {"HF_HOME", "hub.home"},
                 {"HUGGINGFACE_HUB_CACHE", "hub.cache"}, /* its old name: the new one, after it, wins */
                 {"HF_HUB_CACHE", "hub.cache"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char origin[64];
        const char *text = getenv(table[i].variable);
        if (text == NULL || *text == '\0') continue;
        snprintf(origin, sizeof origin, "environment %s", table[i].variable);
        ps_status status = set_layer(cfg, table[i].key, text, LAYER_ENVIRONMENT, origin, err);
        if (status != PS_OK) return status;
    }
    return PS_OK;
}

/* ---- Arguments ----------------------------------------------------------- */

/* "a.b.c=value" of `-o` or after `--`. */
static ps_status set_assignment(ps_config *cfg, const char *text, ps_error *err) {
    char name[192];
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text)
        return ps_fail(err, PS_FORMAT, "command line: %.120s: expected KEY=VALUE such as ps.depth_decay=0.1", text);
    if ((size_t)(equals - text) >= sizeof name) return unknown_key("command line", text, err);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    return ps_config_set(cfg, name, equals + 1, "command line", err);
}

/* Does "--x" mean a key? Anything with a dot before '=' does, so that a misspelt key is an error and not the command's
 * business; a word without a dot does when it is a key or a section. */
static bool names_key(const char *text) {
    char name[192];
    size_t length = strcspn(text, "=");
    if (memchr(text, '.', length) != NULL) return true;
    if (length >= sizeof name) return false;
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    return ps_schema_find(name) != NO_KEY || ps_schema_is_section(name);
}

/* A file named on the command line that is not there is a mistake in the command line. */
static ps_status load_named(ps_config *cfg, const char *path, ps_error *err) {
    ps_status status = ps_config_load_file(cfg, path, err);
    return status == PS_IO ? ps_error_prefix(err, PS_ARG, "--config") : status;
}

static ps_status need_next(const char *option, const char *next, ps_error *err) {
    if (next != NULL) return PS_OK;
    return ps_fail(err, PS_FORMAT, "command line: %s needs a value after it", option);
}

ps_status ps_config_take_argument(ps_config *cfg, const char *argument, const char *next, int *consumed,
                                  ps_error *err) {
    ps_status status = PS_OK;
    int used = 1;
    if (strcmp(argument, "--config") == 0 || strcmp(argument, "-o") == 0) {
        used = 2;
        status = need_next(argument, next, err);
        if (status == PS_OK) status = argument[1] == 'o' ? set_assignment(cfg, next, err) : load_named(cfg, next, err);
    } else if (strncmp(argument, "--config=", 9) == 0) {
        status = load_named(cfg, argument + 9, err);
    } else if (strncmp(argument, "-o", 2) == 0 && names_key(argument + 2)) {
        status = set_assignment(cfg, argument + 2, err);
    } else if (strncmp(argument, "--", 2) == 0 && names_key(argument + 2)) {
        if (strchr(argument, '=') == NULL)
            return ps_fail(err, PS_FORMAT, "command line: %.120s: write its value after '=': %.120s=VALUE", argument,
                           argument);
        status = set_assignment(cfg, argument + 2, err);
    } else {
        used = 0;
    }
    if (status == PS_OK) *consumed = used;
    return status;
}
