/* What bytes a YAML text may have. */
#include "config/yaml.h"

#include <string.h>

/* Bytes of the character at *c, or 0 when it is none: cut off, overlong, a surrogate, beyond Unicode, or NUL. */
static size_t character(const unsigned char *c, size_t room) {
    static const uint32_t least[] = {1, 0x80, 0x800, 0x10000};
    size_t more = *c < 0x80 ? 0 : (*c & 0xe0) == 0xc0 ? 1 : (*c & 0xf0) == 0xe0 ? 2 : (*c & 0xf8) == 0xf0 ? 3 : room;
    if (more >= room) return 0;
    uint32_t code = more == 0 ? *c : *c & (0x3fu >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((c[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (c[i] & 0x3fu);
    }
    bool good = code >= least[more] && code <= 0x10ffff && (code < 0xd800 || code >= 0xe000);
    return good ? more + 1 : 0;
}

size_t ps_yaml_valid_prefix(const char *text, size_t length) {
    size_t at = 0;
    for (size_t n; at < length && (n = character((const unsigned char *)text + at, length - at)) > 0;)
        at += n;
    return at;
}
