#include "tune/setting.h"

#include <string.h>

/* Of persamp: raised when the same configuration draws other samples, and when the same answer gets another verdict. */
#define RESULT_VERSION  "2"
#define VERDICT_VERSION "1"

/* A text with its end, so that two do not run into each other. */
static void add(ps_hash *hash, const char *text) {
    ps_hash_add(hash, text != NULL ? text : "\1", (text != NULL ? strlen(text) : 1) + 1);
}

void ps_fixture_dataset(const ps_problem *problems, size_t n, char text[PS_HASH_TEXT]) {
    ps_hash hash;
    ps_hash_begin(&hash, 0);
    for (size_t i = 0; i < n; i++) {
        ps_hash_add(&hash, &problems[i].index, sizeof problems[i].index);
        add(&hash, problems[i].text);
        add(&hash, problems[i].answer);
    }
    ps_hash_end(&hash, text);
}

/* Files are known by their content, which the fixture has. */
static bool is_a_place(const char *key) {
    return strncmp(key, "evaluation.dataset", 18) == 0 || strncmp(key, "evaluation.fields.", 18) == 0 ||
           strstr(key, "model_path") != NULL || strcmp(key, "preset") == 0;
}

static ps_status add_key(const ps_config *config, const char *key, ps_hash *hash, ps_error *err) {
    ps_text value = {0};
    ps_status status = ps_config_get_text(config, key, &value, err);
    if (status == PS_OK) {
        add(hash, key);
        add(hash, ps_text_cstr(&value));
    }
    ps_text_clear(&value);
    return status;
}

/* ---- What is drawn, and what is made of it ------------------------------- */

/* Of the active keys that `wanted` takes. Greedy decoding draws at another temperature than the key says. */
static ps_status hash_keys(const ps_config *config, const ps_fixture *fixture, bool (*wanted)(const char *key),
                           ps_hash *hash, ps_error *err) {
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_status status = PS_OK;
    ps_hash_begin(hash, 0);
    add(hash, RESULT_VERSION);
    add(hash, fixture->generator);
    add(hash, fixture->prm);
    add(hash, fixture->dataset);
    add(hash, strcmp(config->method, "greedy") == 0 ? "greedy" : "drawn");
    for (size_t i = 0; i < n && status == PS_OK; i++)
        if (keys[i].changes_results && !is_a_place(keys[i].name) && wanted(keys[i].name) &&
            ps_config_acts(config, keys[i].name))
            status = add_key(config, keys[i].name, hash, err);
    return status;
}

static const char chooses[] = "answer.select";

static bool draws(const char *key) {
    return !ps_key_only_reads(key);
}

static bool does_not_choose(const char *key) {
    return strcmp(key, chooses) != 0;
}

ps_status ps_setting_of(const ps_config *config, const ps_fixture *fixture, ps_setting *setting, ps_error *err) {
    ps_hash hash;
    ps_status status = hash_keys(config, fixture, draws, &hash, err);
    ps_hash_end(&hash, setting->draws);
    if (status == PS_OK) status = hash_keys(config, fixture, does_not_choose, &hash, err);
    add(&hash, VERDICT_VERSION);
    ps_hash_end(&hash, setting->samples);
    if (status == PS_OK && ps_config_acts(config, chooses)) status = add_key(config, chooses, &hash, err);
    ps_hash_end(&hash, setting->whole);
    return status;
}
