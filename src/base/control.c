#include "base/control.h"

#include <ctype.h>

static bool in_angles(const char *text, size_t length, size_t at, size_t *end) {
    enum { LONGEST = 64 };
    for (size_t i = at + 1; i < length && i < at + LONGEST; i++) {
        if (isspace((unsigned char)text[i])) return false;
        if (text[i] == '>' && i > at + 1) {
            *end = i + 1;
            return true;
        }
    }
    return false;
}

static bool in_brackets(const char *text, size_t length, size_t at, size_t *end) {
    enum { LONGEST = 32 };
    size_t capitals = 0;
    for (size_t i = at + 1; i < length && i < at + LONGEST; i++) {
        if (text[i] == ']' && capitals >= 3) {
            *end = i + 1;
            return true;
        }
        if (!isalpha((unsigned char)text[i]) && text[i] != '_' && text[i] != '/') return false;
        capitals += isupper((unsigned char)text[i]) != 0;
    }
    return false;
}

size_t ps_find_control(const char *text, size_t length, size_t at, size_t *end) {
    for (; at < length; at++)
        if ((text[at] == '<' && in_angles(text, length, at, end)) ||
            (text[at] == '[' && in_brackets(text, length, at, end)))
            return at;
    return SIZE_MAX;
}
