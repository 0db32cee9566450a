/* What a folder that was begun before decides. */
#include "persamp/study.h"

#include <string.h>
#include <unistd.h>

static ps_status keep(ps_config *config, const ps_config *owner, const char *path, bool *kept, ps_error *err) {
    if (ps_config_is(owner->preset, config->preset) || !ps_config_is_set(owner, "preset")) return PS_OK;
    ps_status status = ps_config_set(config, "preset", owner->preset, path, err);
    *kept = status == PS_OK;
    return status;
}

ps_status ps_config_keep_preset(ps_config *config, bool *kept, ps_error *err) {
    ps_text path = {0};
    ps_config *owner = NULL;
    *kept = false;
    if (!ps_config_preset_is_implied(config)) return PS_OK;
    ps_text_printf(&path, "%s/config.yaml", config->evaluation_output_dir);
    ps_status status = ps_text_ok(&path) ? PS_OK : ps_nomem(err);
    if (status == PS_OK && access(ps_text_cstr(&path), R_OK) == 0) {
        status = ps_config_create(&owner, err);
        /* Whose it is, and whether it can be read, the run itself will say. */
        if (status == PS_OK && ps_config_load_file(owner, ps_text_cstr(&path), NULL) == PS_OK)
            status = keep(config, owner, ps_text_cstr(&path), kept, err);
    }
    ps_config_free(owner);
    ps_text_clear(&path);
    return status;
}
