/* The vocabulary of the tokeniser: LaTeX commands, function names, words. */
#ifndef PERSAMP_VERIFY_READ_COMMANDS_H
#define PERSAMP_VERIFY_READ_COMMANDS_H

#include "verify/read/token.h"

/* What a command is besides a token of its own. */
enum {
    PSV_SKIP = -1,          /* typography */
    PSV_SPACE = -2,         /* white space */
    PSV_TEXTUAL = -4,       /* words in braces; id 1: bold */
    PSV_FONT = -5,          /* a decorated name; id 0: decoration without meaning, 2: bold, of a name or a formula */
    PSV_SKIP_ARGUMENT = -6, /* typography with an argument */
    PSV_CHARACTER = -7,     /* another way to write the character `id` */
    PSV_SIZED = -8          /* \left and its like: the bracket follows */
};

typedef struct psv_command {
    const char *name;
    int code; /* psv_code, or one of the above */
    int id;
} psv_command;

const psv_command *psv_find_command(const char *name, size_t length); /* NULL: not known */
bool psv_is_greek(const char *name, size_t length);
const char *psv_plain_variant(const char *name, size_t length);   /* varphi: "phi"; NULL: it is no variant */
int psv_find_function(const char *name, size_t length);           /* psv_func, or −1 */
bool psv_word_is(const char *s, size_t length, const char *word); /* whatever the case; `word` in lower case */
int psv_word_code(const char *s, size_t length); /* "and", "percent", …: their token, 0 for other words */

#endif
