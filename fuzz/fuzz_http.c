/* What a server or a user may write, and we read ourselves: the first byte of the input says which. libcurl reads the
 * rest of HTTP. */
#include "http/address.h"
#include "http/retry.h"
#include "http/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

/* Words of a server: short, of characters that a terminal may show, and without the key. */
static void fuzz_words(const char *text, size_t size) {
    const char *const key = "sk-1234";
    char words[PS_HTTP_WORDS + 1];
    ps_http_words(words, text, size, key);
    size_t length = strlen(words);
    require(length <= PS_HTTP_WORDS && ps_utf8_valid(words, length) == length && strstr(words, key) == NULL);
    for (size_t i = 0; i < length; i++)
        require((unsigned char)words[i] >= ' ' && words[i] != 0x7f);
}

static void fuzz_retry_after(const char *text) {
    double seconds = ps_http_retry_after(text, 784111777);
    double pause = ps_http_pause(1, seconds, 0.5);
    require((seconds >= 0 || seconds == -1) && pause >= 0.5 && pause <= 180);
}

/* An address that is taken is one line without a user, and is taken again as it is shown. */
static void fuzz_address(const char *text) {
    ps_http_address address, again;
    if (ps_http_address_read(text, &address, NULL) != PS_OK) return;
    for (const char *c = address.base; *c != '\0'; c++)
        require((unsigned char)*c > ' ' && *c != 0x7f && *c != '?' && *c != '#');
    require(strncmp(address.base, "http://", 7) == 0 || strncmp(address.base, "https://", 8) == 0);
    require(ps_http_address_read(address.base, &again, NULL) == PS_OK);
    require(again.loopback == address.loopback);
    ps_http_address_clear(&again);
    ps_http_address_clear(&address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    char *text = ps_strndup((const char *)data + 1, size - 1);
    require(text != NULL);
    if (*data == 'w')
        fuzz_words(text, size - 1);
    else if (*data == 'r')
        fuzz_retry_after(text);
    else
        fuzz_address(text);
    ps_free(text);
    return 0;
}
