#include "draw/svg.h"

#include "base/embedded.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const ps_embedded ps_embedded_draw_picture_css;

const char *ps_draw_style(void) {
    return ps_embedded_draw_picture_css.data;
}

/* ---- Text ---------------------------------------------------------------- */

/* What a character is in XML; NULL: as it stands. XML 1.0 has no control characters but tab and line ends, and not
 * U+FFFE and U+FFFF. */
static const char *in_xml(const char *c, size_t bytes) {
    static const char odd[] = "\xef\xbf\xbd"; /* U+FFFD */
    switch (*c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    case '\r': return "&#13;";
    case '\t':
    case '\n': return NULL;
    default: break;
    }
    if (bytes == 0 || (unsigned char)*c < 0x20 || *c == 0x7f) return odd;
    if (bytes == 3 && (memcmp(c, "\xef\xbf\xbe", 3) == 0 || memcmp(c, "\xef\xbf\xbf", 3) == 0)) return odd;
    return NULL;
}

void ps_draw_escape(ps_text *out, const char *text, size_t length, size_t most) {
    for (size_t at = 0; at < length;) {
        size_t bytes = ps_utf8_length(text + at, length - at);
        const char *instead = in_xml(text + at, bytes);
        size_t step = bytes == 0 ? 1 : bytes;
        if (at + step > most) {
            ps_text_puts(out, "…");
            return;
        }
        if (instead == NULL)
            ps_text_append(out, text + at, step);
        else
            ps_text_puts(out, instead);
        at += step;
    }
}

void ps_svg_line(ps_text *out, const char *text, size_t length, size_t most) {
    ps_text line = {0};
    for (size_t i = 0; i < length && line.length <= most + 4; i++) {
        bool blank = text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r';
        if (!blank)
            ps_text_append(&line, text + i, 1);
        else if (line.length > 0 && line.data[line.length - 1] != ' ')
            ps_text_puts(&line, " ");
    }
    while (line.length > 0 && line.data[line.length - 1] == ' ')
        line.length--;
    if (ps_text_ok(&line))
        ps_draw_escape(out, ps_text_cstr(&line), line.length, most);
    else
        out->failed = true;
    ps_text_clear(&line);
}

/* ---- Numbers ------------------------------------------------------------- */

/* What the locale has for a decimal point, of one byte or several, becomes one. */
static void mend_number(char *digits) {
    char *to = digits;
    for (bool odd = false; *digits != '\0'; digits++) {
        bool usual = strchr("0123456789+-e", *digits) != NULL;
        if (usual || !odd) *to++ = usual ? *digits : '.';
        odd = !usual;
    }
    *to = '\0';
}

static void put_tenths(ps_text *out, double x) {
    char digits[64];
    if (!isfinite(x) || fabs(x) > 1e9) x = 0; /* a place far off the picture */
    long tenths = lround(10 * x);
    snprintf(digits, sizeof digits, tenths % 10 == 0 ? "%.0f" : "%.1f", (double)tenths / 10);
    mend_number(digits);
    ps_text_puts(out, digits);
}

void ps_svg_digits(double x, char digits[PS_SVG_DIGITS]) {
    if (isnan(x))
        snprintf(digits, PS_SVG_DIGITS, "none");
    else if (isinf(x))
        snprintf(digits, PS_SVG_DIGITS, x > 0 ? "∞" : "−∞");
    else {
        snprintf(digits, PS_SVG_DIGITS, "%.4g", x);
        mend_number(digits);
    }
}

static void put_digits(ps_text *out, double x) {
    char digits[PS_SVG_DIGITS];
    ps_svg_digits(x, digits);
    ps_text_puts(out, digits);
}

/* ---- Pieces -------------------------------------------------------------- */

void ps_svg_put(ps_text *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (const char *at = format; *at != '\0';) {
        size_t plain = strcspn(at, "%");
        ps_text_append(out, at, plain);
        at += plain;
        if (*at == '\0') break;
        switch (*++at) {
        case 'f': put_tenths(out, va_arg(args, double)); break;
        case 'g': put_digits(out, va_arg(args, double)); break;
        case 'u': ps_text_printf(out, "%u", va_arg(args, unsigned)); break;
        case 's': ps_text_puts(out, va_arg(args, const char *)); break;
        case 't': {
            const char *text = va_arg(args, const char *);
            ps_draw_escape(out, text, strlen(text), SIZE_MAX);
            break;
        }
        default: ps_text_puts(out, "%"); break;
        }
        at++;
    }
    va_end(args);
}

void ps_svg_begin(ps_text *out, ps_draw_use use, const char *kind, double width, double height, const char *title,
                  const char *desc) {
    ps_svg_put(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"ps-draw %s\" role=\"img\" width=\"%f\" "
               "height=\"%f\" viewBox=\"0 0 %f %f\"><title>",
               kind, width, height, width, height);
    ps_svg_line(out, title, strlen(title), 300);
    ps_svg_put(out, "</title><desc>%t</desc>", desc);
    if (use == PS_DRAW_ALONE) ps_svg_put(out, "<style>\n%s</style>", ps_draw_style());
    ps_text_puts(out, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
}

ps_status ps_svg_end(ps_text *out, size_t before, ps_error *err) {
    ps_text_puts(out, "</svg>\n");
    if (ps_text_ok(out)) return PS_OK;
    if (out->length > before) out->length = before;
    if (out->data != NULL) out->data[out->length] = '\0';
    return ps_nomem(err);
}
