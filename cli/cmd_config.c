/* persamp config: the effective configuration, where its values come from, and what keys mean. */
#include "cli.h"

#include "screen.h"

#include <stdio.h>
#include <string.h>

static void help(void) {
    ps_cli_help(stdout,
                "persamp config: show the effective configuration, or explain keys\n\n"
                "Examples\n"
                "  persamp config --config my.yaml --ps.depth_decay=0.1\n"
                "  persamp config --explain ps.resample.method\n"
                "  persamp config --preset=classic --plain > classic.yaml\n\n"
                "Options\n"
                "  --config FILE      read a configuration; may be repeated, a later one wins\n"
                "  --KEY=VALUE        set any key above files and environment; also -o KEY=VALUE\n"
                "  --explain [KEY]    what a key, or every key of a section, means and accepts; alone: all keys\n"
                "  --plain            without the comments that say where each value comes from\n"
                "  --reference        docs/reference.md, from the same table\n");
}

typedef enum what { SHOW, SHOW_PLAIN, EXPLAIN, REFERENCE } what;

/* --explain may stand without a key; an option after it is none. */
static const char *explained(int argc, char **argv, int *i) {
    const char *argument = argv[*i];
    if (argument[strlen("--explain")] == '=') return argument + strlen("--explain=");
    return *i + 1 < argc && argv[*i + 1][0] != '-' ? argv[++*i] : "";
}

static bool is_explain(const char *argument) {
    size_t n = strlen("--explain");
    return strncmp(argument, "--explain", n) == 0 && (argument[n] == '\0' || argument[n] == '=');
}

/* Arguments into `config` and the request; false when one is wrong, and said so. */
static bool read_arguments(ps_config *config, int argc, char **argv, what *request, const char **key) {
    static const char *const options[] = {"--explain", "--plain", "--reference", "--config", "--help", NULL};
    for (int i = 1; i < argc; i++) {
        if (is_explain(argv[i])) {
            *request = EXPLAIN;
            *key = explained(argc, argv, &i);
        } else if (strcmp(argv[i], "--reference") == 0) {
            *request = REFERENCE;
        } else if (strcmp(argv[i], "--plain") == 0) {
            *request = SHOW_PLAIN;
        } else {
            int taken = ps_cli_take_config(argc, argv, &i, config);
            if (taken == 0) ps_cli_unknown("config", argv[i], options);
            if (taken <= 0) return false;
        }
    }
    return true;
}

/* ---- Secrets ------------------------------------------------------------- */

/* The keys that hold the name of an environment variable end in this. A secret put there by mistake is not shown. */
static const char names_a_variable[] = "_env: ";

static bool is_variable(const char *name, size_t length) {
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    for (size_t i = 0; i < length; i++)
        if (strchr(first, name[i]) == NULL && (i == 0 || name[i] < '0' || name[i] > '9')) return false;
    return length > 0;
}

/* The last place in line[0..length) where `word` begins, or NULL. */
static const char *find_last(const char *line, size_t length, const char *word) {
    size_t n = strlen(word);
    for (const char *at = line + length; at-- > line;)
        if (n <= (size_t)(line + length - at) && memcmp(at, word, n) == 0) return at;
    return NULL;
}

/* Append a line of the configuration; what is no variable's name, where one belongs, is replaced. The comment after it,
 * where there are comments, begins at the last "  # ", whatever the value has in it. */
static void append_line(ps_text *out, const char *line, size_t length, bool commented) {
    size_t key = strspn(line, " ");
    size_t name = key + strcspn(line + key, ":\n") + 2; /* where the value begins */
    size_t marker = strlen(names_a_variable);
    if (name > length || name < marker || memcmp(line + name - marker, names_a_variable, marker) != 0) {
        ps_text_append(out, line, length);
        return;
    }
    const char *comment = commented ? find_last(line + name, length - name, "  # ") : NULL;
    size_t end = comment != NULL ? (size_t)(comment - line) : length;
    size_t value = end - name;
    while (value > 0 && strchr(" \n", line[name + value - 1]) != NULL)
        value--;
    if (is_variable(line + name, value)) {
        ps_text_append(out, line, length);
        return;
    }
    ps_text_append(out, line, name);
    ps_text_puts(out, "'(not shown: not the name of an environment variable)'");
    if (comment != NULL)
        ps_text_append(out, comment, length - end);
    else
        ps_text_puts(out, "\n");
}

/* The configuration as text, without secrets. */
static ps_status show(const ps_config *config, bool with_origins, ps_text *out, ps_error *err) {
    ps_text text = {0};
    ps_status status = ps_config_yaml(config, with_origins, &text, err);
    for (const char *line = status == PS_OK ? ps_text_cstr(&text) : ""; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        length += line[length] == '\n';
        append_line(out, line, length, with_origins);
        line += length;
    }
    ps_text_clear(&text);
    if (status == PS_OK && !ps_text_ok(out)) status = ps_nomem(err);
    return status;
}

/* ---- The command --------------------------------------------------------- */

static ps_status report(const ps_config *config, what request, const char *key, ps_text *text, ps_error *err) {
    if (request == EXPLAIN) return ps_config_explain(key, text, err);
    if (request == REFERENCE) return ps_config_reference(text, err);
    ps_status status = show(config, request == SHOW, text, err);
    ps_log log = ps_cli_log(config);
    return status == PS_OK ? ps_config_check(config, &log, err) : status;
}

int ps_cmd_config(int argc, char **argv) {
    ps_error err;
    ps_text text = {0};
    what request = SHOW;
    const char *key = "";
    for (int i = 1; i < argc; i++)
        if (ps_cli_wants_help(argv[i])) {
            help();
            return EXIT_DONE;
        }
    ps_config *config = ps_cli_config();
    if (config == NULL) return EXIT_FAILED;
    if (!read_arguments(config, argc, argv, &request, &key)) {
        ps_config_free(config);
        return EXIT_USAGE;
    }
    ps_status status = report(config, request, key, &text, &err);
    /* A configuration that contradicts itself is still shown: its origins tell why. */
    if (text.length > 0 && (fputs(ps_text_cstr(&text), stdout) == EOF || fflush(stdout) != 0) && status == PS_OK)
        status = ps_fail(&err, PS_IO, "cannot write the configuration to standard output");
    ps_text_clear(&text);
    ps_config_free(config);
    return status == PS_OK ? EXIT_DONE : ps_cli_error(&err);
}
