/* Bars: classes of answers and their weights. */
#include "draw/svg.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 350, ROW = 24, LABEL = 110, BAR = 150, TOP = 6, MOST_BYTES = 40 };

static void put_label(ps_text *out, const char *label) {
    if (label == NULL)
        ps_text_puts(out, "no answer");
    else
        ps_svg_line(out, label, strlen(label), MOST_BYTES);
}

static void put_bar(ps_text *out, const ps_bar *bar, double y) {
    static const char *const names[] = {"", " right", " wrong"}, *const marks[] = {"", "✓ ", "✗ "};
    double share = bar->value > 0 ? fmin(bar->value, 1) : 0; /* NaN: 0 */
    ps_svg_put(out, "<text class=\"small%s\" x=\"%u\" y=\"%f\" text-anchor=\"end\">%s", names[bar->verdict],
               (unsigned)LABEL - 8, y + 15, marks[bar->verdict]);
    put_label(out, bar->label);
    ps_svg_put(out, "</text><rect class=\"bar%s\" x=\"%u\" y=\"%f\" width=\"%f\" height=\"%u\"><title>",
               names[bar->verdict], (unsigned)LABEL, y + 4, fmax(1, BAR * share), (unsigned)ROW - 8);
    if (bar->label != NULL) ps_draw_escape(out, bar->label, strlen(bar->label), 2000);
    ps_svg_put(out, "</title></rect><text class=\"small soft\" x=\"%f\" y=\"%f\">", LABEL + BAR * share + 6, y + 15);
    if (bar->note != NULL)
        ps_svg_put(out, "%t</text>\n", bar->note);
    else
        ps_svg_put(out, "%f%%</text>\n", 100 * share);
}

ps_status ps_draw_bars(const ps_bars *bars, ps_draw_use use, ps_text *svg, ps_error *err) {
    size_t before = svg->length;
    ps_text desc = {0};
    for (size_t i = 0; i < bars->n && i < 5; i++) {
        if (i > 0) ps_text_puts(&desc, "; ");
        const char *label = bars->bars[i].label != NULL ? bars->bars[i].label : "no answer";
        ps_text_append(&desc, label, ps_utf8_cut(label, strlen(label), MOST_BYTES));
        ps_svg_put(&desc, ": %f%%", 100 * bars->bars[i].value);
    }
    if (!ps_text_ok(&desc)) svg->failed = true;
    ps_svg_begin(svg, use, "ps-bars", WIDTH, TOP + (double)ROW * (double)bars->n + TOP, bars->title,
                 ps_text_cstr(&desc));
    ps_text_clear(&desc);
    for (size_t i = 0; i < bars->n; i++)
        put_bar(svg, &bars->bars[i], TOP + (double)ROW * (double)i);
    return ps_svg_end(svg, before, err);
}
