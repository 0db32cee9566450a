/* Layouts and their costs as a JSON file, so that they are measured once for a model and a machine. */
#include "base/file.h"
#include "base/json.h"
#include "base/write.h"
#include "engine/llama/layout.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FORMAT = 1, LARGEST = 1 << 16 }; /* of the file in bytes */

/* FNV-1a, 64 bits. The key itself is in the file: equal names of different keys do no harm. */
static uint64_t hash(const char *text) {
    uint64_t h = 14695981039346656037U;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211U;
    return h;
}

void ps_layout_path(const char *folder, const char *key, ps_text *path) {
    ps_text_printf(path, "%s/setup-%016llx.json", folder, (unsigned long long)hash(key));
}

/* ---- Reading ------------------------------------------------------------- */

static bool read_integer(const json_t *root, const char *key, int least, int most, int32_t *out) {
    const json_t *value = json_object_get(root, key);
    if (!json_is_integer(value)) return false;
    const json_int_t n = json_integer_value(value);
    if (n < least || n > most) return false;
    *out = (int32_t)n;
    return true;
}

static bool read_costs(const json_t *root, const char *key, double *out) {
    const json_t *list = json_object_get(root, key);
    if (json_array_size(list) != PS_COST_POINTS) return false;
    for (size_t i = 0; i < PS_COST_POINTS; i++) {
        out[i] = json_number_value(json_array_get(list, i));
        if (!json_is_number(json_array_get(list, i)) || !(out[i] >= 0 && out[i] < HUGE_VAL)) return false;
    }
    return true;
}

static bool read_setup(const json_t *object, ps_layout *out) {
    return read_integer(object, "contexts", 1, PS_MAX_LANES, &out->lanes) &&
           read_integer(object, "threads", 1, PS_MAX_THREADS, &out->threads) &&
           read_integer(object, "flash_attn", -1, 1, &out->flash_attn) &&
           read_costs(object, "batch_seconds", out->costs.base) &&
           read_costs(object, "batch_seconds_per_cell", out->costs.per_cell);
}

/* The file's text; NULL: it is too large, cannot be read, or is no file. */
static char *read_text(const char *path, size_t *length) {
    int fd;
    uint64_t size;
    if (ps_file_open(path, &fd, &size, NULL) != PS_OK) return NULL;
    char *text = size <= LARGEST ? ps_malloc((size_t)size) : NULL;
    if (text != NULL && ps_file_read(fd, path, 0, text, (size_t)size, NULL) != PS_OK) {
        ps_free(text);
        text = NULL;
    }
    close(fd);
    *length = (size_t)size;
    return text;
}

bool ps_layout_load(const char *path, const char *key, ps_layout *layouts, size_t *n) {
    size_t length;
    int32_t format;
    ps_layout read[PS_MOST_LAYOUTS] = {0};
    char *text = read_text(path, &length);
    if (text == NULL) return false;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *stored = json_string_value(json_object_get(root, "of"));
    const json_t *list = json_object_get(root, "setups");
    const size_t count = json_array_size(list);
    bool good = read_integer(root, "format", FORMAT, FORMAT, &format) && stored != NULL && strcmp(stored, key) == 0 &&
                count >= 1 && count <= PS_MOST_LAYOUTS;
    for (size_t i = 0; i < count && good; i++)
        good = read_setup(json_array_get(list, i), &read[i]);
    if (good) {
        memcpy(layouts, read, count * sizeof *read);
        *n = count;
    }
    json_decref(root);
    ps_free(text);
    return good;
}

/* ---- Writing ------------------------------------------------------------- */

/* The folders above a file. */
static bool make_folders(const char *path) {
    char folder[4096];
    const size_t length = strlen(path);
    if (length >= sizeof folder) return false;
    memcpy(folder, path, length + 1);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST) return false;
        *slash = '/';
    }
    return true;
}

static json_t *list_of(const double *x) {
    json_t *list = json_array();
    for (size_t i = 0; i < PS_COST_POINTS; i++)
        json_array_append_new(list, json_real(x[i]));
    return list;
}

static json_t *object_of(const ps_layout *layout) {
    return json_pack("{s:i, s:i, s:i, s:o, s:o}", "contexts", (int)layout->lanes, "threads", (int)layout->threads,
                     "flash_attn", (int)layout->flash_attn, "batch_seconds", list_of(layout->costs.base),
                     "batch_seconds_per_cell", list_of(layout->costs.per_cell));
}

/* NULL where there is no memory. */
static ps_status write_text(const char *key, const ps_layout *layouts, size_t n, ps_text *text) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, object_of(&layouts[i]));
    json_t *root = json_pack("{s:i, s:s, s:o}", "format", FORMAT, "of", key, "setups", list);
    return ps_json_dump(root, JSON_INDENT(2) | JSON_REAL_PRECISION(6), text, NULL);
}

bool ps_layout_store(const char *path, const char *key, const ps_layout *layouts, size_t n) {
    ps_text text = {0};
    bool known = write_text(key, layouts, n, &text) == PS_OK;
    ps_text_puts(&text, "\n");
    bool good = known && ps_text_ok(&text) && make_folders(path) &&
                ps_file_replace(path, text.data, text.length, NULL) == PS_OK;
    ps_text_clear(&text);
    return good;
}
