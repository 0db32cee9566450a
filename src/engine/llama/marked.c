/* Marked text: the table of marks, and to and fro. */
#include "engine/llama/marked.h"

#include <string.h>

#define ROW(high)                                                                                                      \
    high + 0, high + 1, high + 2, high + 3, high + 4, high + 5, high + 6, high + 7, high + 8, high + 9, high + 10,     \
        high + 11, high + 12, high + 13, high + 14, high + 15
const unsigned char ps_unmarked[256] = {
    ROW(0x00), ROW(0x10), ROW(0x20), ROW(0x30), ROW(0x40), ROW(0x50), ROW(0x60), ROW(0x70), ROW(0x80),
    ROW(0x90), ROW(0xA0), ROW(0xB0), /* C0, C1, … F5 to FF are marks, in the order of PS_MARKS */
    '<',       '>',       0xC2,      0xC3,      0xC4,      0xC5,      0xC6,      0xC7,      0xC8,
    0xC9,      0xCA,      0xCB,      0xCC,      0xCD,      0xCE,      0xCF,      ROW(0xD0), ROW(0xE0),
    0xF0,      0xF1,      0xF2,      0xF3,      0xF4,      '[',       ']',       '|',       '_',
    '{',       '}',       '#',       '/',       '@',       ':',       '~'};

void ps_marked_user(ps_text *out, const char *text, size_t length) {
    static const char characters[] = PS_MARKED_CHARACTERS, marks[] = PS_MARKS;
    const size_t from = out->length;
    ps_utf8_repair(out, text, length);
    if (!ps_text_ok(out)) return;
    for (size_t i = from; i < out->length; i++) {
        const char *found = out->data[i] != '\0' ? strchr(characters, out->data[i]) : NULL;
        if (found != NULL) out->data[i] = marks[found - characters];
    }
}

void ps_marked_own(ps_text *out, const char *text, size_t length) {
    ps_utf8_repair(out, text, length);
}

void ps_marked_plain(ps_text *out, const char *marked, size_t length) {
    const size_t from = out->length;
    ps_text_append(out, marked, length);
    if (!ps_text_ok(out)) return;
    for (size_t i = from; i < out->length; i++)
        out->data[i] = (char)ps_unmarked[(unsigned char)out->data[i]];
}
