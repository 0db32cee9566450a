/* What the files of src/config share. */
#ifndef PERSAMP_CONFIG_INTERNAL_H
#define PERSAMP_CONFIG_INTERNAL_H

#include "config/value.h"

/* Where a value may come from; a higher layer wins whatever the order of the calls. */
typedef enum ps_config_layer { LAYER_DEFAULT, LAYER_PRESET, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_SET } ps_config_layer;

typedef struct ps_config_origin {
    ps_config_layer layer;
    char *text;   /* "config.yaml:3:14", "command line"; NULL: default */
    bool in_file; /* a file sets it, perhaps below a higher layer */
} ps_config_origin;

struct ps_config_origins {
    ps_config_origin of[N_KEYS];
};

/* Append the value of a key as canonical YAML. */
void ps_config_append(const ps_config *cfg, ps_key_index key, ps_text *text);

const char *ps_origin_text(const ps_config *cfg, ps_key_index key);

/* Give a key a value from a layer; *v is taken over. A lower layer than the present one's changes nothing. */
ps_status ps_config_assign(ps_config *cfg, ps_key_index key, ps_value *v, ps_config_layer from, const char *text,
                           ps_error *err);

/* Bring the keys that presets touch in line with `preset` and `ps.mode`. Call it after every change. */
ps_status ps_config_settle(ps_config *cfg, ps_error *err);

/* Exchange the contents of two configurations: how a change that worked on a copy takes effect as a whole. */
void ps_config_swap(ps_config *a, ps_config *b);

/* Warnings about widths that n_particles does not pay for. `log` may be NULL. */
void ps_config_warn_widths(const ps_config *cfg, const ps_log *log);

/* Whether a user set the key for this program: a file, the command line or ps_config_set. What the environment sets is
 * meant for other programs, too. */
bool ps_config_was_given(const ps_config *cfg, ps_key_index key);

/* ---- The preset of files that name none (implied.c) ---------------------- */

/* What `preset` is where nobody sets it: classic for files in the words of the reference, else the default. With
 * classic *because is a key that says so. */
const char *ps_config_implied_preset(const ps_config *cfg, ps_key_index *because);
/* Whether the reference implementation has the key, too. */
bool ps_config_key_of_reference(ps_key_index key);

/* ---- Mistakes ------------------------------------------------------------ */

/* A list of mistakes, one a line: what ps_error has room for. */
typedef struct ps_mistakes {
    ps_text lines;
    size_t n;
} ps_mistakes;
enum { MAX_MISTAKES = 10 };
void ps_mistakes_add(ps_mistakes *m, const char *format, ...) PS_PRINTF(2, 3);
/* PS_OK when there is none, else PS_FORMAT with as many whole lines as fit. Frees the list. */
ps_status ps_mistakes_finish(ps_mistakes *m, ps_error *err);

#endif
