/* PNG by librsvg, where the machine has it: it is no part of the build, and only who wants a PNG needs it. */
#include "plot.h"

#include <dlfcn.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As librsvg's and cairo's headers have them. */
typedef struct rectangle {
    double x, y, width, height;
} rectangle;
typedef int write_function(void *closure, const unsigned char *data, unsigned length);

typedef struct renderer {
    void *(*handle_new_from_data)(const unsigned char *data, size_t length, void **error);
    int (*handle_render_document)(void *handle, void *cairo, const rectangle *viewport, void **error);
    void *(*surface_create)(int format, int width, int height);
    void (*surface_destroy)(void *surface);
    int (*surface_status)(void *surface);
    int (*surface_write)(void *surface, write_function *write, void *closure);
    void *(*cairo_create)(void *surface);
    void (*cairo_destroy)(void *cairo);
    void (*unref)(void *object);
} renderer;

enum { ARGB32 = 0, TIMES = 2, MOST_PIXELS = 30000 };

/* The libraries stay: GLib cannot be unloaded. */
static ps_status find_renderer(renderer *r, ps_error *err) {
    static const char *const names[] = {"librsvg-2.so.2", "librsvg-2.2.dylib"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && library == NULL; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *place; /* of a pointer to a function, which POSIX lets dlsym fill */
    } symbols[] = {{"rsvg_handle_new_from_data", &r->handle_new_from_data},
                   {"rsvg_handle_render_document", &r->handle_render_document},
                   {"cairo_image_surface_create", &r->surface_create},
                   {"cairo_surface_destroy", &r->surface_destroy},
                   {"cairo_surface_status", &r->surface_status},
                   {"cairo_surface_write_to_png_stream", &r->surface_write},
                   {"cairo_create", &r->cairo_create},
                   {"cairo_destroy", &r->cairo_destroy},
                   {"g_object_unref", &r->unref}};
    bool whole = library != NULL;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols && whole; i++) {
        void *found = dlsym(library, symbols[i].name);
        memcpy(symbols[i].place, &found, sizeof found);
        whole = found != NULL;
    }
    if (whole) return PS_OK;
    return ps_fail(
        err, PS_IO,
        "a PNG needs librsvg 2.46 or newer, which is not on this machine; install it (apt install librsvg2-2, "
        "brew install librsvg), or name a file that ends in .svg");
}

ps_status ps_cli_png_check(ps_error *err) {
    renderer r;
    return find_renderer(&r, err);
}

/* Of ours, which say their size in their first tag. */
static double size_of(const ps_text *svg, const char *name) {
    const char *at = strstr(ps_text_cstr(svg), name);
    double size = 0;
    if (at == NULL) return 0;
    at += strlen(name);
    return ps_parse_real(at, strcspn(at, "\""), &size) ? size : 0;
}

static int take_bytes(void *closure, const unsigned char *data, unsigned length) {
    ps_text *png = closure;
    ps_text_append(png, (const char *)data, length);
    return ps_text_ok(png) ? 0 : 1;
}

static bool render(const renderer *r, const ps_text *svg, double width, double height, ps_text *png) {
    void *handle = r->handle_new_from_data((const unsigned char *)svg->data, svg->length, NULL);
    if (handle == NULL) return false;
    void *surface = r->surface_create(ARGB32, (int)width, (int)height);
    void *cairo = r->cairo_create(surface);
    bool done = r->handle_render_document(handle, cairo, &(rectangle){0, 0, width, height}, NULL) != 0 &&
                r->surface_status(surface) == 0 && r->surface_write(surface, take_bytes, png) == 0;
    r->cairo_destroy(cairo);
    r->surface_destroy(surface);
    r->unref(handle);
    return done;
}

ps_status ps_cli_png(const ps_text *svg, ps_text *png, ps_error *err) {
    renderer r;
    double width = ceil(TIMES * size_of(svg, " width=\"")), height = ceil(TIMES * size_of(svg, " height=\""));
    ps_status status = find_renderer(&r, err);
    if (status != PS_OK) return status;
    if (width > MOST_PIXELS || height > MOST_PIXELS)
        return ps_fail(err, PS_ARG,
                       "a picture of %.0f x %.0f pixels is too large for a PNG; name a file that ends in .svg", width,
                       height);
    if (!render(&r, svg, width, height, png)) return ps_fail(err, PS_IO, "librsvg could not draw this picture");
    return PS_OK;
}
