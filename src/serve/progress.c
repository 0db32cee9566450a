/* What a client sees of a search while it goes on. */
#include "base/json.h"
#include "serve/answer.h"
#include "serve/choices.h"

#include <math.h>
#include <string.h>

static const ps_iteration *last_iteration(const ps_method_report *report) {
    return report->n_iterations > 0 ? &report->iterations[report->n_iterations - 1] : NULL;
}

/* The particle whose step is shown: of the highest score. */
static const ps_particle_view *best_of(const ps_step_view *view) {
    const ps_particle_view *best = NULL;
    for (size_t i = 0; i < view->n; i++)
        if (best == NULL || view->particles[i].ell > best->ell) best = &view->particles[i];
    return best;
}

void ps_progress_line(const ps_step_view *view, ps_text *out) {
    enum { LONGEST = 200 };
    const ps_method_report *r = &view->report;
    const ps_iteration *last = last_iteration(r);
    const ps_particle_view *best = best_of(view);
    ps_text_printf(out, "[%zu] %zu steps, %zu tokens", r->n_iterations, view->n, r->tokens);
    if (last != NULL && isfinite(last->ess)) ps_text_printf(out, ", ESS %.1f", last->ess);
    if (last != NULL && last->resampled) ps_text_puts(out, ", selection");
    if (best != NULL && best->text[0] != '\0') {
        const char *text = best->text + strspn(best->text, " \t\r\n");
        size_t length = strcspn(text, "\r\n"), shown = ps_utf8_cut(text, length, LONGEST);
        ps_text_printf(out, ": %.*s%s", (int)shown, text, shown < length ? "…" : "");
    }
    ps_text_puts(out, "\n");
}

static json_t *particle(const ps_particle_view *p) {
    static const char *const states[] = {"open", "finished", "truncated"};
    return json_pack("{s:I,s:I,s:I,s:s,s:o,s:o,s:o}", "id", (json_int_t)p->snapshot, "parent", (json_int_t)p->parent,
                     "depth", (json_int_t)p->depth, "state", states[p->state], "score", ps_json_number(p->ell),
                     "reward", ps_json_number(p->reward), "text", ps_json_text(p->text));
}

json_t *ps_progress_json(const ps_step_view *view) {
    const ps_method_report *r = &view->report;
    const ps_iteration *last = last_iteration(r);
    json_t *particles = json_array();
    for (size_t i = 0; i < view->n; i++)
        json_array_append_new(particles, particle(&view->particles[i]));
    return json_pack(
        "{s:I,s:I,s:I,s:o,s:o,s:b,s:o,s:o}", "iteration", (json_int_t)r->n_iterations, "tokens", (json_int_t)r->tokens,
        "selections", (json_int_t)r->resamples, "beta", ps_json_number(last != NULL ? last->beta : NAN), "ess",
        ps_json_number(last != NULL ? last->ess : NAN), "selection", (int)(last != NULL && last->resampled),
        "steps_back", ps_json_number(last != NULL ? last->steps_back : NAN), "particles", particles);
}
