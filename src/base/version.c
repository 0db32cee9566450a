/* Which library this is. */
#include "persamp/base.h"

const char *ps_version(void) {
    return PERSAMP_VERSION;
}
