#include "report/html.h"

#include "persamp/draw.h"

#include <stdarg.h>
#include <string.h>

void ps_html_put(ps_text *html, const char *format, ...) {
    va_list args;
    va_start(args, format);
    for (const char *at = format; *at != '\0';) {
        size_t plain = strcspn(at, "%");
        ps_text_append(html, at, plain);
        at += plain;
        if (*at == '\0') break;
        const char *text = at[1] == 't' || at[1] == 's' ? va_arg(args, const char *) : NULL;
        if (text == NULL)
            ps_text_puts(html, "%");
        else if (at[1] == 't')
            ps_draw_escape(html, text, strlen(text), SIZE_MAX);
        else
            ps_text_puts(html, text);
        at += text != NULL ? 2 : 1;
    }
    va_end(args);
}
