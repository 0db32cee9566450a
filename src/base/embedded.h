/* Files of the source tree that are compiled into the library: what a page or a picture needs and the code does not
 * say itself. cmake/PersampEmbed.cmake makes one of each src/ROOM/NAME.css, .js and .html:
 *
 *     extern const ps_embedded ps_embedded_draw_picture_css; // src/draw/picture.css
 */
#ifndef PERSAMP_BASE_EMBEDDED_H
#define PERSAMP_BASE_EMBEDDED_H

#include <stddef.h>

typedef struct ps_embedded {
    const char *data; /* [length], and a NUL behind */
    size_t length;
    const char *sha256; /* in base64, as a content security policy names a script: 'sha256-…' */
} ps_embedded;

#endif
