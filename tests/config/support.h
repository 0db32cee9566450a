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

#endif
