/* Ownership: in the folders of a comparison a name stands for one configuration. */
#include "study/compare.h"
#include "study/names.h"

#include <string.h>
#include <unistd.h>

static ps_status check_owner(const ps_compare_place *place, const ps_compare_variant *v, const ps_config *samples,
                             const char *path, ps_error *err) {
    ps_text difference = {0};
    ps_status status = ps_record_compare(samples, place->identity, path, &difference, err);
    if (status == PS_OK && difference.length > 0)
        status = ps_fail(err, PS_ARG, "%s: this folder has results of another configuration under the name %s:\n%s",
                         path, v->name, ps_text_cstr(&difference));
    ps_text_clear(&difference);
    return status;
}

/* Greedy has the same file as a baseline of `persamp eval`, whose record is that of the folder: is it of the same? */
static ps_status is_baseline(const ps_compare_place *place, const ps_config *samples, const char *folder, bool *same,
                             ps_error *err) {
    ps_config *plain = NULL;
    ps_text path = {0}, difference = {0};
    ps_text_printf(&path, "%s/config.yaml", folder);
    ps_status status = ps_text_ok(&path) ? ps_config_copy(samples, &plain, err) : ps_nomem(err);
    if (status == PS_OK) status = ps_config_set(plain, "method", place->config->method, "compare", err);
    if (status == PS_OK) status = ps_config_set(plain, "answer.select", place->config->answer_select, "compare", err);
    *same = status == PS_OK && access(ps_text_cstr(&path), F_OK) == 0;
    if (*same) status = ps_record_compare(plain, place->identity, ps_text_cstr(&path), &difference, err);
    *same = *same && difference.length == 0;
    ps_config_free(plain);
    ps_text_clear(&path);
    ps_text_clear(&difference);
    return status;
}

/* A name without a record is free; unless there are results under it, of which nobody can say what made them. `found`:
 * one of them, or empty. */
static ps_status check_free(const ps_compare_place *place, const ps_compare_variant *v, const ps_config *samples,
                            const char *folder, const char *name, const char *found, ps_error *err) {
    bool same = false;
    ps_status status = PS_OK;
    if (found[0] == '\0') return PS_OK;
    if (v->method->greedy) status = is_baseline(place, samples, folder, &same, err);
    if (status != PS_OK || same) return status;
    return ps_fail(err, PS_ARG,
                   "%s: there is %s here, and no %s that says what made it; put that file back, move the results away, "
                   "or choose another folder",
                   folder, found, name);
}

/* The results first and then their record: a run beside this one, another shard, writes the record before its first
 * result, and so results without a record are nobody's. */
static ps_status check_name(const ps_compare_place *place, const ps_compare_variant *v, const ps_config *samples,
                            const char *folder, const char *name, ps_error *err) {
    ps_text start = {0}, found = {0}, path = {0};
    ps_text_puts(&start, "results.");
    ps_compare_plan_stem(v, &start);
    ps_text_puts(&start, ".");
    ps_text_printf(&path, "%s/%s", folder, name);
    bool ok = ps_text_ok(&start) && ps_text_ok(&path);
    ps_status status = ok ? ps_names_find(folder, ps_text_cstr(&start), &found, err) : ps_nomem(err);
    if (status == PS_OK)
        status = access(ps_text_cstr(&path), F_OK) == 0
                     ? check_owner(place, v, samples, ps_text_cstr(&path), err)
                     : check_free(place, v, samples, folder, name, ps_text_cstr(&found), err);
    ps_text_clear(&start);
    ps_text_clear(&found);
    ps_text_clear(&path);
    return status;
}

static ps_status check_everywhere(const ps_compare_place *place, const ps_compare_variant *v, const ps_config *samples,
                                  const char *name, ps_error *err) {
    ps_status status = PS_OK;
    for (size_t i = 0; i < place->n_folders && status == PS_OK; i++) {
        ps_error why;
        status = check_name(place, v, samples, place->folders[i], name, &why);
        status = ps_findings_note(place->findings, status, &why, 0, err);
    }
    return status;
}

static ps_status take_name(const ps_compare_place *place, const ps_config *samples, const char *name, ps_error *err) {
    ps_text record = {0};
    ps_status status = ps_record_write(samples, place->identity, &record, err);
    if (status == PS_OK) status = ps_store_write(place->store, name, ps_text_cstr(&record), record.length, err);
    ps_text_clear(&record);
    return status;
}

/* In the output folder a name is taken where it is free; in the others it may be missing. With `look` it is only looked
 * at, everywhere. */
static ps_status own_name(const ps_compare_place *place, const ps_compare_variant *v, bool look, ps_error *err) {
    ps_text name = {0};
    ps_config *samples = NULL;
    ps_text_puts(&name, "config.");
    ps_compare_plan_stem(v, &name);
    ps_text_puts(&name, ".yaml");
    ps_status status = ps_text_ok(&name) ? ps_compare_plan_samples(v, &samples, err) : ps_nomem(err);
    if (status == PS_OK)
        status = look ? check_everywhere(place, v, samples, ps_text_cstr(&name), err)
                      : take_name(place, samples, ps_text_cstr(&name), err);
    ps_config_free(samples);
    ps_text_clear(&name);
    return status;
}

/* Every name is looked at before one is taken. */
ps_status ps_compare_own_names(const ps_compare_plan *plan, const ps_compare_place *place, ps_error *err) {
    static const char advice[] = "give a method another name (NAME=METHOD:…), choose another folder with "
                                 "--evaluation.output_dir=FOLDER, or start over with --fresh";
    ps_status status = PS_OK;
    for (int pass = 0; pass < 2 && status == PS_OK; pass++) {
        for (size_t v = 0; v < plan->n_variants && status == PS_OK; v++)
            if (plan->variants[v].source == v) status = own_name(place, &plan->variants[v], pass == 0, err);
        if (status == PS_OK) status = ps_findings_tell(place->findings, advice, err);
    }
    return status;
}
