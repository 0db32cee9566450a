/* What `tune` shows while trials run. */
#include "tune.h"

#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BEST = 10, FEWEST_ROWS = 8 }; /* trials of the table; rows of a terminal that has room for one */

/* ---- The line of a trial ------------------------------------------------- */

static void put_value(ps_text *line, const ps_config_list *metrics, const ps_trial *t, bool interval) {
    for (size_t k = 0; k < metrics->n && k < PS_OBJECTIVES; k++)
        if (strcmp(metrics->items[k], "accuracy") == 0) {
            ps_text_printf(line, "  %.1f%%%s", 100 * t->values[k], interval ? " right" : "");
            if (interval) ps_text_printf(line, " (%.1f - %.1f%%)", 100 * t->low, 100 * t->high);
        } else {
            ps_text_printf(line, "  %s %.4g", metrics->items[k], t->values[k]);
        }
}

static void put_trial(ps_text *line, const ps_cli_tune_view *view, const ps_trial *t, size_t of, const ps_trial *best) {
    bool over = t->state != PS_TRIAL_RUNNING;
    ps_text_reset(line);
    ps_text_printf(line, "trial %zu: %zu/%zu", t->number, t->done, of);
    put_value(line, view->metrics, t, true);
    if (over && t->state != PS_TRIAL_COMPLETE)
        ps_text_printf(line, "  %s", t->state == PS_TRIAL_PRUNED ? "stopped early" : "failed");
    if (best == NULL) return;
    ps_text_printf(line, "  best: trial %zu", best->number);
    put_value(line, view->metrics, best, false);
}

/* ---- On a terminal ------------------------------------------------------- */

/* Below the table, within the terminal's width, one column kept free: a cursor beyond the last one would wrap. */
static void draw_line(const ps_cli_tune_view *view) {
    ps_cli_line_close();
    ps_cli_put_line(stderr, ps_text_cstr(&view->line), ps_cli_screen(stderr).columns - 1);
    ps_cli_line_open(true);
    fflush(stderr);
}

/* A message that came in between stands below the table: a new one is drawn below the message. */
static void wipe(ps_cli_tune_view *view) {
    if (!ps_cli_line_is_open()) view->block = (ps_cli_block){0};
    ps_cli_line_close();
    ps_cli_block_wipe(stderr, &view->block);
}

/* Whether a trial has ended since, here or at another worker. */
static bool is_news(ps_cli_tune_view *view, const ps_trials *trials) {
    size_t now[PS_TRIAL_STATES] = {0};
    for (size_t i = 0; i < trials->n; i++)
        now[trials->trials[i].state]++;
    bool news = now[PS_TRIAL_COMPLETE] != view->shown[PS_TRIAL_COMPLETE] ||
                now[PS_TRIAL_PRUNED] != view->shown[PS_TRIAL_PRUNED];
    memcpy(view->shown, now, sizeof now);
    return news;
}

void ps_cli_tune_trials(ps_cli_tune_view *view, const ps_trials *trials) {
    size_t rows = ps_cli_screen(stderr).rows;
    if (view->silent || !ps_cli_redraws(stderr) || rows < FEWEST_ROWS || !is_news(view, trials)) return;
    wipe(view);
    ps_cli_block_stands(stderr, &view->block, ps_cli_draw_trials(stderr, trials, BEST, rows - 2));
    draw_line(view);
}

/* ---- All of it ----------------------------------------------------------- */

void ps_cli_tune_progress(ps_cli_tune_view *view, const ps_trial *t, size_t of, const ps_trial *best) {
    bool redraws = ps_cli_redraws(stderr);
    if (view->silent || (!redraws && t->state == PS_TRIAL_RUNNING)) return;
    put_trial(&view->line, view, t, of, best);
    if (redraws) {
        draw_line(view);
    } else {
        ps_cli_put_line(stderr, ps_text_cstr(&view->line), SIZE_MAX);
        putc('\n', stderr);
        fflush(stderr);
    }
}

void ps_cli_tune_end(ps_cli_tune_view *view) {
    if (ps_cli_redraws(stderr) && isatty(STDOUT_FILENO) == 1) wipe(view);
    ps_cli_line_close();
    ps_text_clear(&view->line);
    view->block = (ps_cli_block){0};
}
