/* Numbers, truth values and null as YAML 1.2 writes them, whatever the locale. Private to src/config. */
#ifndef PERSAMP_CONFIG_NUMBER_H
#define PERSAMP_CONFIG_NUMBER_H

#include "persamp/base.h"

bool ps_yaml_is_null(const char *text);                 /* "", ~, null, Null, NULL */
bool ps_yaml_bool(const char *text, bool *value);       /* true and false; also yes, no, on, off as YAML 1.1 has them */
bool ps_yaml_is_integer(const char *text);              /* the form alone: 12, -3, 0x1f, 0o17 */
bool ps_yaml_integer(const char *text, int64_t *value); /* false when not an integer or beyond int64_t */
bool ps_yaml_real(const char *text, double *value);     /* integers too; .inf and .nan; beyond double is infinite */

/* The shortest text that reads back as the same double; finite x only. */
void ps_yaml_print_real(double x, ps_text *text);

#endif
