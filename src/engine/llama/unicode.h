/* In the place of llama.cpp's common/unicode.h: the one call that the interpreter makes, on marked text. */
#pragma once

#include "engine/llama/marked.h"

struct utf8_parse_result {
    uint32_t codepoint;
    size_t bytes_consumed;
    enum status { SUCCESS, INCOMPLETE, INVALID } status;
};

/* The character at `offset`; a mark is the character that it stands for. */
template <typename Text> static utf8_parse_result common_parse_utf8_codepoint(const Text &text, size_t offset) {
    const unsigned char *at = reinterpret_cast<const unsigned char *>(text.data()) + offset;
    if (*at < 0x80 || ps_is_mark(static_cast<char>(*at))) return {ps_unmarked[*at], 1, utf8_parse_result::SUCCESS};
    const size_t n = ps_utf8_length(text.data() + offset, text.size() - offset);
    if (n < 2) return {0, 1, utf8_parse_result::INVALID};
    uint32_t codepoint = *at & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        codepoint = codepoint << 6 | (at[i] & 0x3Fu);
    return {codepoint, n, utf8_parse_result::SUCCESS};
}
