/* UTF-8: what is a character, where a text may be cut, what a damaged text becomes. */
#include "persamp/base.h"

#include <string.h>

size_t ps_utf8_length(const char *text, size_t room) {
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *c = (const unsigned char *)text;
    if (room == 0) return 0;
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

size_t ps_utf8_valid(const char *text, size_t length) {
    size_t at = 0;
    for (size_t n; at < length && (n = ps_utf8_length(text + at, length - at)) > 0;)
        at += n;
    return at;
}

size_t ps_utf8_cut(const char *text, size_t length, size_t limit) {
    if (length <= limit) return length;
    while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

size_t ps_utf8_count(const char *text, size_t length) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

void ps_utf8_repair(ps_text *out, const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t valid = ps_utf8_valid(text + at, length - at);
        ps_text_append(out, text + at, valid);
        at += valid;
        if (at == length) break;
        ps_text_puts(out, "\xEF\xBF\xBD");
        at++;
    }
}
