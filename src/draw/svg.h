/* SVG, written piece by piece: texts escaped, numbers short and with a decimal point whatever the locale. */
#ifndef PERSAMP_DRAW_SVG_H
#define PERSAMP_DRAW_SVG_H

#include "persamp/draw.h"

/* Append by a format of its own: %f a double with one decimal, %g one with four digits, %t a text that is escaped, %s
 * one that is markup, %u an unsigned, %% a percent sign. */
void ps_svg_put(ps_text *out, const char *format, ...);

/* A number with four digits. */
enum { PS_SVG_DIGITS = 48 };
void ps_svg_digits(double x, char digits[PS_SVG_DIGITS]);

/* A text of at most `most` bytes on one line, escaped: what is blank is one space. */
void ps_svg_line(ps_text *out, const char *text, size_t length, size_t most);

/* The opening tag, the title and the description for who does not see the picture, the sheet where it stands alone, and
 * the paper. `kind` is the class of the picture; desc is escaped. */
void ps_svg_begin(ps_text *out, ps_draw_use use, const char *kind, double width, double height, const char *title,
                  const char *desc);
/* The closing tag. PS_NOMEM: the text has failed; it is cut back to the length it had before. */
ps_status ps_svg_end(ps_text *out, size_t before, ps_error *err);

#endif
