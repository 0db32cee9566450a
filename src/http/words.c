/* A server's words in a message of ours. */
#include "http/words.h"

#include <string.h>

/* Bytes of the key where it stands at the start of bytes[0..n), else 0. */
static size_t key_length(const char *bytes, size_t n, const char *key) {
    size_t length = key != NULL ? strlen(key) : 0;
    return length >= 4 && length <= n && memcmp(bytes, key, length) == 0 ? length : 0;
}

void ps_http_mask(char *bytes, size_t n, const char *key) {
    for (size_t i = 0; i < n; i++)
        memset(bytes + i, '*', key_length(bytes + i, n - i, key));
}

static bool is_blank(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next character of text[0..room) as a message shows it, in out[8]; how many bytes of text it took. */
static size_t show(const char *text, size_t room, char out[8]) {
    size_t n = ps_utf8_length(text, room);
    unsigned char c = (unsigned char)text[0];
    if (n == 0) {
        memcpy(out, "\xef\xbf\xbd", 4);
        return 1;
    }
    if (c == '\n' || c == '\r' || c == '\t') {
        const char name[] = {'\\', c == '\n' ? 'n' : c == '\r' ? 'r' : 't', '\0'};
        memcpy(out, name, sizeof name);
    } else if (c < ' ' || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0)) { /* C0, DEL, C1 */
        const char digits[] = "0123456789abcdef";
        unsigned char code = c == 0xc2 ? (unsigned char)text[1] : c;
        const char number[] = {'\\', 'x', digits[code >> 4], digits[code & 15], '\0'};
        memcpy(out, number, sizeof number);
    } else {
        memcpy(out, text, n);
        out[n] = '\0';
    }
    return n;
}

void ps_http_words(char out[PS_HTTP_WORDS + 1], const char *bytes, size_t n, const char *key) {
    const char *const cut_off = "…";
    size_t length = 0, fits = 0; /* written; of these, what stays where the mark of a cut must follow */
    while (n > 0 && is_blank(bytes[n - 1]))
        n--;
    while (n > 0 && is_blank(*bytes)) {
        bytes++;
        n--;
    }
    for (size_t i = 0; i < n;) {
        char shown[8] = "***";
        size_t taken = key_length(bytes + i, n - i, key);
        if (taken == 0) taken = show(bytes + i, n - i, shown);
        size_t more = strlen(shown);
        if (length + more > PS_HTTP_WORDS) {
            memcpy(out + fits, cut_off, strlen(cut_off) + 1);
            return;
        }
        memcpy(out + length, shown, more);
        length += more;
        i += taken;
        if (length + strlen(cut_off) <= PS_HTTP_WORDS) fits = length;
    }
    out[length] = '\0';
}
