/* Is a text well-formed XML? Enough of a reader for what is drawn: elements, attributes in double quotes, the five
 * named entities and numbers, characters that XML has. No declarations, comments or sections. */
#ifndef PERSAMP_TESTS_SUPPORT_XML_H
#define PERSAMP_TESTS_SUPPORT_XML_H

#include "support/test.h"

#include <ctype.h>

enum { XML_DEEPEST = 32 };

static inline bool xml_is_name(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == ':' || c == '_';
}

/* A character or an entity at text[0..room): its bytes, 0 for what may not be there. */
static inline size_t xml_character(const char *text, size_t room) {
    static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;", "&#13;"};
    if (*text == '&') {
        for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
            if (strncmp(text, entities[i], strlen(entities[i])) == 0) return strlen(entities[i]);
        return 0;
    }
    if (*text == '<' || ((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') || *text == 0x7f) return 0;
    if (room >= 3 && (memcmp(text, "\xef\xbf\xbe", 3) == 0 || memcmp(text, "\xef\xbf\xbf", 3) == 0)) return 0;
    return ps_utf8_length(text, room);
}

/* Bytes of the attributes at `at`, up to what ends the tag; SIZE_MAX: they are none. */
static inline size_t xml_attributes(const char *at, const char *end) {
    const char *begin = at;
    while (at < end && *at == ' ') {
        at++;
        size_t name = 0;
        while (at + name < end && xml_is_name(at[name]))
            name++;
        if (name == 0 || at[name] != '=' || at[name + 1] != '"') return SIZE_MAX;
        for (at += name + 2; at < end && *at != '"';) {
            size_t bytes = xml_character(at, (size_t)(end - at));
            if (bytes == 0) return SIZE_MAX;
            at += bytes;
        }
        at++;
    }
    return (size_t)(at - begin);
}

/* NULL: it is one element, whole. Else the place that is wrong. */
static inline const char *xml_fault(const char *text, size_t length) {
    const char *end = text + length, *open[XML_DEEPEST];
    size_t depth = 0, sizes[XML_DEEPEST];
    bool seen = false;
    for (const char *at = text; at < end;) {
        if (*at != '<') {
            size_t bytes = xml_character(at, (size_t)(end - at));
            if (bytes == 0 || (depth == 0 && *at != '\n')) return at;
            at += bytes;
            continue;
        }
        bool closing = at[1] == '/';
        const char *name = at + 1 + closing;
        size_t n = 0;
        while (name + n < end && xml_is_name(name[n]))
            n++;
        if (n == 0 || (depth == 0 && seen)) return at;
        if (closing) {
            if (depth == 0 || sizes[depth - 1] != n || strncmp(open[depth - 1], name, n) != 0 || name[n] != '>')
                return at;
            depth--;
            at = name + n + 1;
            continue;
        }
        size_t attributes = xml_attributes(name + n, end);
        if (attributes == SIZE_MAX) return at;
        const char *tail = name + n + attributes;
        bool empty = tail < end && *tail == '/';
        if (tail + empty >= end || tail[empty] != '>' || depth == XML_DEEPEST) return at;
        if (!empty) {
            open[depth] = name;
            sizes[depth++] = n;
        }
        seen = true;
        at = tail + empty + 1;
    }
    return depth == 0 && seen ? NULL : end;
}

#define check_xml(text)                                                                                                \
    do {                                                                                                               \
        const char *xml_at = xml_fault(ps_text_cstr(&(text)), (text).length);                                          \
        if (xml_at != NULL) fail_msg("not XML at: %.80s", xml_at);                                                     \
    } while (0)

static inline size_t xml_count(const ps_text *text, const char *what) {
    size_t n = 0;
    for (const char *at = ps_text_cstr(text); (at = strstr(at, what)) != NULL; at += strlen(what))
        n++;
    return n;
}

#endif
