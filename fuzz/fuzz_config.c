/* Any bytes as a configuration file, and as the value of any key: errors, never a crash; and what is accepted prints as
 * YAML that gives the same again. */
#include "persamp/config.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static char *as_string(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    require(text != NULL);
    if (size > 0) memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

/* Printed, loaded and printed again: the same bytes. */
static void check_round_trip(const ps_config *cfg) {
    ps_text first = {0}, second = {0};
    ps_config *again = NULL;
    require(ps_config_create(&again, NULL) == PS_OK);
    require(ps_config_yaml(cfg, false, &first, NULL) == PS_OK);
    require(ps_config_load_text(again, ps_text_cstr(&first), "again", NULL) == PS_OK);
    require(ps_config_yaml(again, false, &second, NULL) == PS_OK);
    require(strcmp(ps_text_cstr(&first), ps_text_cstr(&second)) == 0);
    ps_text_clear(&first);
    ps_text_clear(&second);
    ps_config_free(again);
}

/* The first byte chooses: a whole file, or a key whose value the rest is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    char *text = as_string(data + 1, size - 1);
    ps_config *cfg = NULL;
    ps_error err;
    require(ps_config_create(&cfg, NULL) == PS_OK);
    ps_status status = data[0] >= n ? ps_config_load_text(cfg, text, "fuzz", &err)
                                    : ps_config_set(cfg, keys[data[0]].name, text, "fuzz", &err);
    require(status == PS_OK || status == PS_FORMAT);
    if (status == PS_FORMAT) require(strlen(err.message) > 0);
    if (status == PS_OK) {
        check_round_trip(cfg);
        (void)ps_config_check(cfg, NULL, &err);
    }
    ps_config_free(cfg);
    free(text);
    return 0;
}
