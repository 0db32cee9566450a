#include "study/record.h"

#include <stdio.h>
#include <string.h>

enum { LARGEST = 1 << 24 };

/* ---- Models -------------------------------------------------------------- */

static const char *const model_keys[] = {"models.generator", "models.prm"};
enum { MODELS = sizeof model_keys / sizeof *model_keys };

static const char *model_of(const ps_record_models *models, size_t i) {
    return i == 0 ? models->generator : models->prm;
}

/* What the record says of a model, cut out of it; NULL: nothing. The line is "# models.generator: gguf-…". */
static char *recorded(char *record, size_t model) {
    char beginning[64];
    int length = snprintf(beginning, sizeof beginning, "\n# %s: ", model_keys[model]);
    char *found = strstr(record, beginning);
    if (found == NULL) return NULL;
    found += length;
    found[strcspn(found, "\n")] = '\0';
    return found;
}

static void compare_models(const ps_record_models *models, char *record, ps_text *difference) {
    for (size_t i = MODELS; i-- > 0;) { /* the last line first: each is cut out of the text */
        const char *now = model_of(models, i), *was = recorded(record, i);
        if (now != NULL && was != NULL && strcmp(now, was) != 0)
            ps_text_printf(difference, "%s is another model: %s, was %s\n", model_keys[i], now, was);
    }
}

/* ---- The record ---------------------------------------------------------- */

ps_status ps_record_write(const ps_config *config, const ps_record_models *models, ps_text *text, ps_error *err) {
    ps_status status = ps_config_yaml(config, true, text, err);
    for (size_t i = 0; i < MODELS; i++)
        if (model_of(models, i) != NULL) ps_text_printf(text, "# %s: %s\n", model_keys[i], model_of(models, i));
    return status != PS_OK || ps_text_ok(text) ? status : ps_nomem(err);
}

ps_status ps_record_compare(const ps_config *config, const ps_record_models *models, const char *path,
                            ps_text *difference, ps_error *err) {
    char *text = NULL;
    size_t length;
    ps_config *owner = NULL;
    ps_status status = ps_read_file(path, LARGEST, &text, &length, err);
    if (status == PS_OK) status = ps_config_create(&owner, err);
    if (status == PS_OK) status = ps_config_load_text(owner, text, path, err);
    if (status == PS_OK) status = ps_config_difference(config, owner, difference, err);
    if (status == PS_OK) compare_models(models, text, difference);
    if (status == PS_OK && !ps_text_ok(difference)) status = ps_nomem(err);
    ps_config_free(owner);
    ps_free(text);
    return status;
}

/* One of ours begins with a key and its origin. */
ps_status ps_record_is_ours(const char *path, ps_error *err) {
    char *text = NULL;
    size_t length;
    ps_status status = ps_read_file(path, LARGEST, &text, &length, err);
    if (status != PS_OK) return status;
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(text, "preset: ", 8) != 0 || strstr(text, "  # ") == NULL)
        status = ps_fail(err, PS_ARG,
                         "%s: not written by persamp, and a run would replace it; choose another folder with "
                         "--evaluation.output_dir=FOLDER",
                         path);
    ps_free(text);
    return status;
}
