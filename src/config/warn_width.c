/* Warnings about widths that generation.n_particles does not pay for: a method never has more steps under way. */
#include "config/internal.h"

#include <string.h>

static int64_t at_most(int64_t n, int64_t most) {
    return n < most ? n : most;
}

/* `asked` of them where the file or the command line says so, of which `paid` are used. */
static void warn(const ps_config *c, const ps_log *log, const char *method, ps_key_index key, int64_t asked,
                 int64_t paid) {
    if (!ps_config_was_given(c, key) || strcmp(c->method, method) != 0 || asked == PS_CONFIG_AUTO || asked <= paid)
        return;
    ps_log_printf(log, PS_LOG_WARNING,
                  "%s is %lld, of which generation.n_particles %lld pays for %lld: so many are used (%s)",
                  ps_schema_key(key)->name, (long long)asked, (long long)c->generation_n_particles, (long long)paid,
                  ps_origin_text(c, key));
}

void ps_config_warn_widths(const ps_config *c, const ps_log *log) {
    int64_t n = c->generation_n_particles, expansion = at_most(c->beam_expansion, n);
    int64_t prefixes = (n + expansion - 1) / expansion;
    warn(c, log, "beam", KEY_beam_expansion, c->beam_expansion, n);
    warn(c, log, "dvts", KEY_beam_expansion, c->beam_expansion, n);
    warn(c, log, "beam", KEY_beam_width, c->beam_width, prefixes);
    warn(c, log, "dvts", KEY_dvts_subtrees, c->dvts_subtrees, prefixes);
    warn(c, log, "power_mcmc", KEY_power_mcmc_chains, c->power_mcmc_chains, n);
}
