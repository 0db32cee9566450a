/* docs/reference.md from the schema. */
#include "config/acts.h"

#include <string.h>

static const char introduction[] =
    "# Configuration reference\n"
    "\n"
    "<!-- Written by `persamp config --reference` from include/persamp/schema.def. Do not edit. -->\n"
    "\n"
    "A configuration is one YAML file, or several, or none: every key has a default. `persamp config` prints the\n"
    "effective configuration with the origin of each value; `persamp config --explain KEY` explains a key or a "
    "section.\n"
    "\n"
    "## Where a value comes from\n"
    "\n"
    "The highest of these wins, whatever the order on the command line:\n"
    "\n"
    "1. the default below;\n"
    "2. the `preset`: `classic` is the defaults themselves, `recommended` (what an empty configuration means) changes "
    "the\n"
    "   keys that have an entry in the column *recommended*; most of these hold for `ps.mode: steps` only. Files in "
    "the "
    "words\n"
    "   of the reference implementation mean `classic` without saying so (docs/configs.md). `power_smc` is in "
    "docs/scores.md.\n"
    "   `scoring.type: power` sets `generation.temperature`, `top_p`, `top_k` and `beta_max` likewise,\n"
    "   `method: power_mcmc` the first three;\n"
    "3. `--config FILE`, repeatable, a later file over an earlier one;\n"
    "4. the environment: `OPENAI_BASE_URL` for `engine.openai.base_url`, `HF_HOME` for `hub.home`, `HF_HUB_CACHE` "
    "(and its\n"
    "   old name `HUGGINGFACE_HUB_CACHE`) for `hub.cache`;\n"
    "5. the command line: `--a.b.c=VALUE` or `-o a.b.c=VALUE`, a later one over an earlier one.\n"
    "\n"
    "Secrets are never part of a configuration: `engine.openai.api_key_env` and `hub.token_env` hold the *names* of "
    "the\n"
    "variables, and their values are neither printed nor stored.\n"
    "\n"
    "## What is understood\n"
    "\n"
    "- Files are YAML 1.2, at most 1 MiB, one document. Anchors, aliases and merge keys (`<<`) work; a top-level key "
    "that\n"
    "  begins with `x-` is ignored, as a place for anchors. Nested and dotted keys (`ps.mode: steps`) mean the same.\n"
    "- A key that stands twice in a file, an unknown key, a wrong type and a value out of range are errors, reported "
    "with\n"
    "  file:line:column, the first ten at a time.\n"
    "- Integers are written without point or exponent (`8`, not `8.0` or `\"8\"`); `0x10` and `0o20` work. Numbers "
    "are\n"
    "  finite: `.inf` and `.nan` are errors. `1e-30` is a number, with or without a point.\n"
    "- Truth values are `true` and `false`; `yes`, `no`, `on` and `off` are understood as YAML 1.1 has them.\n"
    "- Quotes make text: `temperature: \"0.7\"` is an error, and so is text that looks like something else (`model: "
    "42`)\n"
    "  without quotes.\n"
    "- On the command line a value is a YAML scalar or flow collection (`'--generation.stop_tokens=[\"END\", "
    "\"###\"]'`). For\n"
    "  a key that holds a string it is taken as it stands, so that `--prompt.system=Note: be brief.` needs no second\n"
    "  quotes; a value that begins with a quote is YAML again, and `null` is null where that is allowed.\n"
    "- A key that is set and cannot act under the rest of the configuration is accepted with a warning of one line, "
    "which\n"
    "  says what keeps it from acting. Those that stand in a file at the value they would have anyway are named "
    "in one\n"
    "  line, as many as fit; with `logging.console_level: DEBUG` each has its own, and `persamp config` marks them. "
    "The "
    "words\n"
    "  *acts with* below say when a key acts; without them it always does.\n"
    "- A path or a name is never empty: `--evaluation.dataset_path=$DATA` with an unset variable is an error, and not "
    "the\n"
    "  shipped data.\n"
    "\n"
    "In the tables *default* is also what preset `classic` means. Keys marked ° cannot change results: an output "
    "folder,\n"
    "which belongs to one configuration, accepts other values for them. Those marked ‡ may be set by a request to\n"
    "`persamp serve` for itself (docs/serve.md).\n";

/* A cell: '|' would end it. */
static void cell(const char *content, bool code, ps_text *text) {
    ps_text_puts(text, code ? " `" : " ");
    for (const char *c = content; *c != '\0'; c++) {
        if (*c == '|') ps_text_puts(text, "\\");
        ps_text_append(text, c, 1);
    }
    ps_text_puts(text, code ? "` |" : " |");
}

static void allowed_cell(ps_key_index key, ps_text *text) {
    ps_text expected = {0};
    ps_schema_expectation(key, &expected);
    cell(ps_text_cstr(&expected), false, text);
    text->failed = text->failed || expected.failed;
    ps_text_clear(&expected);
}

static void doc_cell(ps_key_index key, ps_text *text) {
    ps_text doc = {0};
    ps_text_puts(&doc, ps_schema_key(key)->doc);
    if (ps_acts_never(key) != NULL)
        ps_text_printf(&doc, " *No effect: %s.*", ps_acts_never(key));
    else if (!ps_acts_always(key)) {
        ps_text_puts(&doc, " *Acts ");
        ps_acts_words(key, &doc);
        ps_text_puts(&doc, ".*");
    }
    cell(ps_text_cstr(&doc), false, text);
    text->failed = text->failed || doc.failed;
    ps_text_clear(&doc);
}

static ps_status row(ps_key_index key, ps_text *text, ps_error *err) {
    const ps_config_key *k = ps_schema_key(key);
    const char *recommended = ps_preset_value("recommended", k->name, true);
    ps_value initial = {0};
    ps_text shown = {0};
    ps_status status = ps_value_from_text(key, k->initial, &initial, err);
    if (status != PS_OK) return status;
    ps_value_print(ps_schema_type(key), &initial, k->allowed, &shown);
    ps_text_printf(text, "| `%s`%s%s |", k->name, k->changes_results ? "" : " °", k->per_request ? " ‡" : "");
    allowed_cell(key, text);
    cell(ps_text_cstr(&shown), true, text);
    cell(recommended != NULL ? recommended : "", recommended != NULL, text);
    doc_cell(key, text);
    ps_text_puts(text, "\n");
    text->failed = text->failed || shown.failed;
    ps_text_clear(&shown);
    ps_value_clear(ps_schema_type(key), &initial);
    return PS_OK;
}

/* The first part of a name; "top" for keys without a section. */
static size_t top_section(const char *name) {
    const char *dot = strchr(name, '.');
    return dot != NULL ? (size_t)(dot - name) : 0;
}

ps_status ps_config_reference(ps_text *text, ps_error *err) {
    ps_text_puts(text, introduction);
    const char *before = NULL;
    for (ps_key_index key = 0; key < N_KEYS; key++) {
        const char *name = ps_schema_key(key)->name;
        size_t length = top_section(name);
        if (before == NULL || length != top_section(before) || strncmp(before, name, length) != 0) {
            ps_text_printf(text, "\n## %.*s\n\n", length > 0 ? (int)length : 14, length > 0 ? name : "the whole run");
            ps_text_puts(text, "| key | value | default | recommended | meaning |\n|---|---|---|---|---|\n");
        }
        before = name;
        ps_status status = row(key, text, err);
        if (status != PS_OK) return status;
    }
    return ps_text_ok(text) ? PS_OK : ps_nomem(err);
}
