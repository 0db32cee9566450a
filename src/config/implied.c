/* The preset of files that name none. A configuration of the reference implementation, which knows no presets, sets
 * keys of its search and none that only we have: that is the reference's behaviour, and not a mixture of its numbers
 * with what we recommend. All files together are one configuration; overrides never decide. */
#include "config/internal.h"

#include <string.h>

static const bool of_reference[N_KEYS] = {
#define R(field) [KEY_##field] = true,
#include "config/reference.def"
#undef R
};

bool ps_config_key_of_reference(ps_key_index key) {
    return of_reference[key];
}

/* What makes the reference's search different from ours. */
static bool of_search(ps_key_index key) {
    static const char *const sections[] = {"ps.temperature_schedule", "ps.resample", "ps.snapshot_pool",
                                           "ps.z_estimation"};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (ps_schema_in_section(ps_schema_key(key)->name, sections[i])) return true;
    return false;
}

const char *ps_config_implied_preset(const ps_config *cfg, ps_key_index *because) {
    *because = NO_KEY;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        if (!cfg->origins->of[key].in_file) continue;
        if (!of_reference[key]) {
            *because = NO_KEY;
            break;
        }
        if (*because == NO_KEY && of_search(key)) *because = key;
    }
    return *because != NO_KEY ? "classic" : ps_schema_key(KEY_preset)->initial;
}

bool ps_config_preset_is_implied(const ps_config *cfg) {
    ps_key_index because;
    ps_config_implied_preset(cfg, &because);
    return because != NO_KEY && cfg->origins->of[KEY_preset].layer <= LAYER_PRESET;
}
