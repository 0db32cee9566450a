/* What the configuration's tests share. */
#ifndef PERSAMP_TESTS_CONFIG_SUPPORT_H
#define PERSAMP_TESTS_CONFIG_SUPPORT_H

#include "persamp/config.h"
#include "support/test.h"

/* A fresh configuration, or the test ends. */
static inline ps_config *fresh(void) {
    ps_config *cfg = NULL;
    assert_ok(ps_config_create(&cfg, err));
    return cfg;
}

/* Load text that must be right. */
static inline void load(ps_config *cfg, const char *text) {
    assert_ok(ps_config_load_text(cfg, text, "t.yaml", err));
}

/* Set a key that must be accepted. */
static inline void set(ps_config *cfg, const char *key, const char *value) {
    assert_ok(ps_config_set(cfg, key, value, "test", err));
}

/* The value of a key as text. */
static inline void assert_value(const ps_config *cfg, const char *key, const char *expected) {
    ps_text text = {0};
    assert_int_equal(ps_config_get_text(cfg, key, &text, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&text), expected);
    ps_text_clear(&text);
}

static inline void assert_origin(const ps_config *cfg, const char *key, const char *expected) {
    ps_text text = {0};
    assert_int_equal(ps_config_get_origin(cfg, key, &text, NULL), PS_OK);
    assert_string_equal(ps_text_cstr(&text), expected);
    ps_text_clear(&text);
}

/* The canonical YAML of a configuration; free with ps_text_clear. */
static inline ps_text canonical(const ps_config *cfg) {
    ps_text text = {0};
    assert_int_equal(ps_config_yaml(cfg, false, &text, NULL), PS_OK);
    return text;
}

static inline void assert_same(const ps_config *a, const ps_config *b) {
    ps_text x = canonical(a), y = canonical(b);
    assert_string_equal(ps_text_cstr(&x), ps_text_cstr(&y));
    ps_text_clear(&x);
    ps_text_clear(&y);
}

/* A value of the key's type that is not its default. */
static inline void other_value(const ps_config_key *key, char *value, size_t size) {
    const char *interval = strpbrk(key->allowed, "[(");
    if (strcmp(key->type, "bool") == 0) {
        snprintf(value, size, "%s", strcmp(key->initial, "true") == 0 ? "false" : "true");
    } else if (strcmp(key->type, "list of strings") == 0) {
        snprintf(value, size, "[\"a b\", \"7\", \"\\n\"]");
    } else if (strcmp(key->type, "mapping of names to settings") == 0) {
        snprintf(value, size, "{persamp-majority: {method: majority, generation.n_particles: 16}, \"7\": {}}");
    } else if (strncmp(key->type, "mapping", 7) == 0) {
        snprintf(value, size, "{generation.temperature: [0.5, 1]}");
    } else if (strncmp(key->type, "choice", 6) == 0) { /* the last, or the first if that is the default */
        const char *bar = strrchr(key->allowed, '|'), *last = bar != NULL ? bar + 1 : key->allowed;
        if (strcmp(key->initial, last) != 0)
            snprintf(value, size, "%s", last);
        else
            snprintf(value, size, "%.*s", (int)strcspn(key->allowed, "|"), key->allowed);
    } else if (interval != NULL) { /* near the upper end, which is closed but once */
        const char *high = strchr(interval, ',') + 2;
        size_t length = strcspn(high, "])");
        snprintf(value, size, "%.*s", (int)length, high);
        if (high[length] == ')') snprintf(value, size, "0.75");
        if (strcmp(key->initial, value) == 0) snprintf(value, size, "%s", "0.25");
    } else {
        snprintf(value, size, "other: \"text\" # 1");
    }
}

/* ---- What is said of a configuration ------------------------------------- */

/* Everything that was logged, a line each. */
typedef struct heard {
    ps_text lines;
    size_t n, warnings;
} heard;

static inline void hear(void *user, ps_log_level level, const char *message) {
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    heard *h = user;
    h->n++;
    h->warnings += level >= PS_LOG_WARNING;
    ps_text_printf(&h->lines, "%s: %s\n", levels[level], message);
}

/* What ps_config_warn says of one configuration, from `least` on; free with ps_text_clear(&h.lines). */
static inline heard said_of(const ps_config *cfg, ps_log_level least) {
    heard h = {0};
    ps_log log = {hear, &h, least};
    assert_int_equal(ps_config_warn(&cfg, 1, &log, NULL), PS_OK);
    return h;
}

/* Whether a line begins "LEVEL: KEY (". */
static inline bool names(const heard *h, const char *level, const char *key) {
    char start[160];
    snprintf(start, sizeof start, "%s: %s (", level, key);
    const char *at = strstr(ps_text_cstr(&h->lines), start);
    return at != NULL && (at == ps_text_cstr(&h->lines) || at[-1] == '\n');
}

#endif
