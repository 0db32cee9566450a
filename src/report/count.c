/* Counting: runs into arms, and what to call them. */
#include "report/model.h"

#include <math.h>
#include <string.h>

/* ---- What they are called ------------------------------------------------ */

static const char *last_part(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t at = n;
    while (at > 0 && path[at - 1] != '/')
        at--;
    return path + at;
}

/* The last part of a folder's path, or all of it where another ends alike. */
static const char *folder_name(const ps_report *r, size_t folder) {
    const char *mine = last_part(r->folders[folder].path);
    for (size_t i = 0; i < r->n_folders; i++)
        if (i != folder && strcmp(last_part(r->folders[i].path), mine) == 0) return r->folders[folder].path;
    return mine;
}

static const char *arm_label(const ps_report *r, const ps_report_run *run) {
    ps_text text = {.arena = r->arena};
    if (r->n_folders > 1) ps_text_printf(&text, "%s: ", folder_name(r, run->folder));
    ps_text_puts(&text, run->method);
    if (run->budget > 0) ps_text_printf(&text, ", %llu tokens", (unsigned long long)run->budget);
    return ps_text_cstr(&text);
}

static const char *run_label(const ps_report *r, const ps_report_run *run, const ps_report_arm *arm) {
    ps_text text = {.arena = r->arena};
    if (arm->runs == 1) return arm->label;
    ps_text_printf(&text, "%s, seed %llu", arm->label, (unsigned long long)run->seed);
    return ps_text_cstr(&text);
}

/* ---- Arms ---------------------------------------------------------------- */

static bool is_of(const ps_report_arm *arm, const ps_report_run *run, const ps_report_run *first) {
    return run->has_seed && first->has_seed && arm->folder == run->folder && arm->budget == run->budget &&
           strcmp(first->name, run->name) == 0;
}

static ps_status find_arms(ps_report *r, ps_error *err) {
    r->arms = ps_calloc(r->n_runs + 1, sizeof *r->arms);
    if (r->arms == NULL) return ps_nomem(err);
    for (size_t i = 0; i < r->n_runs; i++) {
        ps_report_run *run = &r->runs[i];
        size_t a = 0;
        if (run->method == NULL) run->method = "";
        while (a < r->n_arms && !is_of(&r->arms[a], run, &r->runs[r->arms[a].first]))
            a++;
        if (a == r->n_arms)
            r->arms[r->n_arms++] = (ps_report_arm){.label = arm_label(r, run),
                                                   .method = run->method,
                                                   .folder = run->folder,
                                                   .budget = run->budget,
                                                   .first = i};
        r->arms[a].runs++;
        run->arm = a;
    }
    for (size_t i = 0; i < r->n_runs; i++)
        r->runs[i].label = run_label(r, &r->runs[i], &r->arms[r->runs[i].arm]);
    return ps_arena_ok(r->arena) ? PS_OK : ps_nomem(err);
}

static void count_confidence(ps_report_arm *arm, double confidence, bool correct) {
    int bin = (int)(confidence * 10);
    bin = bin < 0 ? 0 : bin > 9 ? 9 : bin;
    arm->bins[bin].confidence += confidence;
    arm->bins[bin].correct += correct;
    arm->bins[bin].n++;
    arm->squares += (confidence - correct) * (confidence - correct);
    arm->n_confident++;
}

static void count_mark(ps_report *r, ps_report_arm *arm, const ps_report_mark *m) {
    arm->done++;
    arm->known += m->known;
    arm->correct += m->correct;
    arm->truncated += m->truncated;
    arm->errors += m->error;
    arm->tokens += (double)m->tokens;
    if (isfinite(m->seconds)) {
        arm->seconds += m->seconds;
        arm->n_seconds++;
    }
    if (isfinite(m->ess)) {
        arm->ess += m->ess;
        arm->n_ess++;
    }
    if (m->known && isfinite(m->confidence)) count_confidence(arm, m->confidence, m->correct);
    if (m->error && m->fault > 0) r->faults[m->fault - 1].n++;
}

ps_status ps_report_count(ps_report *r, ps_error *err) {
    ps_status status = find_arms(r, err);
    for (size_t i = 0; status == PS_OK && i < r->n_runs; i++)
        for (size_t p = 0; p < r->runs[i].n_marks; p++)
            if (r->runs[i].marks[p].length > 0) count_mark(r, &r->arms[r->runs[i].arm], &r->runs[i].marks[p]);
    return status;
}

void ps_report_got(const ps_report *r, size_t arm, size_t problem, size_t *got, size_t *of) {
    *got = *of = 0;
    for (size_t i = r->arms[arm].first; i < r->n_runs; i++) {
        const ps_report_mark *m = ps_report_mark_of(&r->runs[i], problem);
        if (r->runs[i].arm != arm || m->length == 0 || !m->known) continue;
        *of += 1;
        *got += m->correct;
    }
}
