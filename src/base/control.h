/* What may be a control token, seen by its spelling: servers make tokens of what a text spells. */
#ifndef PERSAMP_BASE_CONTROL_H
#define PERSAMP_BASE_CONTROL_H

#include "persamp/base.h"

/* Whether a stretch of text may spell a control token: <…> without white space, or [WORDS] in capitals. From text[at]
 * on the first; its end is *end. SIZE_MAX: none. */
size_t ps_find_control(const char *text, size_t length, size_t at, size_t *end);

#endif
