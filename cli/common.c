/* What the commands share. */
#include "cli.h"

#include "screen.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Messages ------------------------------------------------------------ */

/* Control characters of ASCII, and of Unicode: U+0080 to U+009F, which some terminals obey too, and those that turn the
 * order of what follows (U+202A to U+202E, U+2066 to U+2069), which shows another text than is there. */
static bool is_control(const unsigned char *c, size_t length) {
    if (length == 1) return (c[0] < 0x20 && c[0] != '\n' && c[0] != '\t') || c[0] == 0x7f;
    if (length == 2) return c[0] == 0xc2 && c[1] < 0xa0;
    if (length != 3 || c[0] != 0xe2) return false;
    return (c[1] == 0x80 && c[2] >= 0xaa && c[2] <= 0xae) || (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static void put_bytes(FILE *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        fprintf(out, "\\x%02x", (unsigned char)text[i]);
}

/* A control character of Unicode, as JSON spells it. */
static void put_spelled(FILE *out, const char *text, size_t length) {
    const unsigned char *c = (const unsigned char *)text;
    unsigned code = length == 3   ? (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu)
                    : length == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu)
                                  : c[0];
    fprintf(out, "\\u%04x", code);
}

static void put(FILE *out, const char *text, void (*put_control)(FILE *out, const char *text, size_t length)) {
    size_t left = strlen(text);
    while (left > 0) {
        size_t length = ps_utf8_length(text, left);
        bool shown = length > 0 && !is_control((const unsigned char *)text, length);
        length = length > 0 ? length : 1; /* a byte of no character goes alone */
        if (shown)
            fwrite(text, 1, length, out);
        else
            put_control(out, text, length);
        text += length;
        left -= length;
    }
}

void ps_cli_put(FILE *out, const char *text) {
    put(out, text, put_bytes);
}

void ps_cli_put_json(FILE *out, const char *json) {
    put(out, json, put_spelled);
}

/* A line that is drawn over, without its end, stands on standard error. */
static atomic_bool line_is_open; /* engines log from threads of their own */

void ps_cli_line_open(bool open) {
    line_is_open = open;
}

bool ps_cli_line_is_open(void) {
    return line_is_open;
}

void ps_cli_line_close(void) {
    if (line_is_open) fputs("\r\033[K", stderr);
    line_is_open = false;
}

/* Broken between words after "persamp: "; false without memory. */
static bool put_on_terminal(const char *text) {
    char *shown = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&shown, &length);
    if (memory == NULL) return false;
    ps_cli_put(memory, text);
    bool ok = fclose(memory) == 0 && shown != NULL;
    if (ok) ps_cli_put_words(stderr, shown, length, strlen("persamp: "), 0, ps_cli_screen(stderr).columns);
    free(shown);
    return ok;
}

void ps_cli_say(const char *format, ...) {
    char text[8192]; /* a message has 1,023 bytes, and two paths beside it are a sentence still */
    va_list arguments;
    va_start(arguments, format);
    ps_format(text, sizeof text, format, arguments);
    va_end(arguments);
    ps_cli_line_close();
    fputs("persamp: ", stderr);
    if (isatty(STDERR_FILENO) != 1 || strchr(text, '\n') != NULL || !put_on_terminal(text)) {
        ps_cli_put(stderr, text);
        putc('\n', stderr);
    }
}

int ps_cli_error(const ps_error *err) {
    ps_cli_say("%s", err->message);
    switch (err->code) {
    case PS_ARG:
    case PS_FORMAT: return EXIT_USAGE;
    case PS_CANCELLED: return EXIT_INTERRUPTED;
    default: return EXIT_FAILED;
    }
}

int ps_cli_failure(const ps_error *err) {
    int code = ps_cli_error(err);
    return err->code == PS_FORMAT ? EXIT_FAILED : code;
}

/* ---- Arguments ----------------------------------------------------------- */

bool ps_cli_wants_help(const char *argument) {
    return strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0 || strcmp(argument, "help") == 0;
}

const char *ps_cli_option(int argc, char **argv, int *i, const char *name, bool *failed) {
    const char *argument = argv[*i];
    size_t length = strlen(name);
    if (strncmp(argument, name, length) != 0) return NULL;
    if (argument[length] == '=') return argument + length + 1;
    if (argument[length] != '\0') return NULL;
    if (*i + 1 >= argc) {
        ps_cli_say("%s needs a value", name);
        *failed = true;
        return NULL;
    }
    return argv[++*i];
}

bool ps_cli_filled(const char *name, const char *value) {
    if (*value != '\0') return true;
    ps_cli_say("%s: the value is empty; leave the option out for its default", name);
    return false;
}

int ps_cli_take_config(int argc, char **argv, int *i, ps_config *config) {
    ps_error err;
    int used = 0;
    if (ps_config_take_argument(config, argv[*i], *i + 1 < argc ? argv[*i + 1] : NULL, &used, &err) != PS_OK) {
        ps_cli_error(&err);
        return -1;
    }
    if (used == 0) return 0;
    *i += used - 1;
    return 1;
}

int ps_cli_unknown(const char *command, const char *argument, const char *const *options) {
    char name[64];
    size_t n = 0;
    while (options[n] != NULL)
        n++;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const char *nearest = ps_nearest_name(name, options, n);
    if (nearest != NULL)
        ps_cli_say("%s: unknown argument %s; did you mean %s? `persamp %s -h` explains", command, argument, nearest,
                   command);
    else
        ps_cli_say("%s: unknown argument %s; `persamp %s -h` explains", command, argument, command);
    return EXIT_USAGE;
}

bool ps_cli_count(const char *option, const char *value, size_t *out) {
    uint64_t n;
    if (!ps_parse_count(value, strlen(value), 10, SIZE_MAX, &n)) {
        ps_cli_say("%s %s: expected a whole number, 0 or more", option, value);
        return false;
    }
    *out = (size_t)n;
    return true;
}

bool ps_cli_shard(const char *value, size_t *shard, size_t *shards) {
    uint64_t i = 0, n = 0;
    const char *bar = strchr(value, '/');
    bool read = bar != NULL && ps_parse_count(value, (size_t)(bar - value), 10, SIZE_MAX, &i) &&
                ps_parse_count(bar + 1, strlen(bar + 1), 10, SIZE_MAX, &n);
    *shard = (size_t)i;
    *shards = (size_t)n;
    if (read && i >= 1 && i <= n) return true;
    ps_cli_say("--shard %s: expected I/N with 1 <= I <= N, for example 2/4", value);
    return false;
}

/* ---- Interruption -------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
    interrupted = 1;
    signal(signal_number, SIG_DFL); /* a second one means it */
}

void ps_cli_catch_interrupt(void) {
    signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_interrupt);
}

bool ps_cli_interrupted(void *unused) {
    (void)unused;
    return interrupted != 0;
}

/* ---- Configuration ------------------------------------------------------- */

ps_config *ps_cli_config(void) {
    ps_error err;
    ps_config *config = NULL;
    ps_status status = ps_config_create(&config, &err);
    if (status == PS_OK) status = ps_config_environment(config, &err);
    if (status == PS_OK) return config;
    ps_cli_error(&err);
    ps_config_free(config);
    return NULL;
}
