/* Which samples a configuration draws, and what is only read into them. */
#include "persamp/run.h"

#include <string.h>

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

bool ps_key_only_reads(const char *key) {
    static const char *const sections[] = {
        "scoring.length_prior.", "ps.", "beam.", "dvts.", "weighted_majority.", "particle_filter.", "answer.select"};
    static const char *const keys[] = {"method",
                                       "scoring.type",
                                       "scoring.params.tau",
                                       "scoring.params.alpha",
                                       "scoring.params.sharpness",
                                       "scoring.params.deepconf_window",
                                       "scoring.params.min_score",
                                       "scoring.params.max_score",
                                       "scoring.prm.transform",
                                       "scoring.prm.gamma",
                                       "evaluation.verifier",
                                       "evaluation.extract_answer",
                                       "evaluation.answer_regex"};
    if (begins(key, "ps.budget.max_seconds")) return false;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (begins(key, sections[i])) return true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(key, keys[i]) == 0) return true;
    return false;
}

/* Whether a key is one that tells where something lies, or stands for others. */
static bool is_a_name(const char *key) {
    return strcmp(key, "preset") == 0;
}

static ps_status same_value(const ps_config *a, const ps_config *b, const char *key, bool *same, ps_error *err) {
    ps_text x = {0}, y = {0};
    ps_status status = ps_config_get_text(a, key, &x, err);
    if (status == PS_OK) status = ps_config_get_text(b, key, &y, err);
    if (status == PS_OK && !(ps_text_ok(&x) && ps_text_ok(&y))) status = ps_nomem(err);
    *same = status == PS_OK && strcmp(ps_text_cstr(&x), ps_text_cstr(&y)) == 0;
    ps_text_clear(&x);
    ps_text_clear(&y);
    return status;
}

ps_status ps_draws_alike(const ps_config *a, const ps_config *b, bool *alike, ps_error *err) {
    size_t n;
    const ps_config_key *keys = ps_config_keys(&n);
    ps_status status = PS_OK;
    *alike = ps_method_find(a->method)->greedy == ps_method_find(b->method)->greedy;
    for (size_t i = 0; i < n && status == PS_OK && *alike; i++) {
        const char *key = keys[i].name;
        if (!keys[i].changes_results || is_a_name(key) || ps_key_only_reads(key)) continue;
        const bool acts = ps_config_acts(a, key);
        *alike = acts == ps_config_acts(b, key);
        if (acts && *alike) status = same_value(a, b, key, alike, err);
    }
    return status;
}
