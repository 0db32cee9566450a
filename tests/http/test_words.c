/* What servers say, in messages of ours. */
#include "http/words.h"
#include "support/test.h"

static void check_words(const char *said, const char *key, const char *want) {
    char words[PS_HTTP_WORDS + 1];
    ps_http_words(words, said, strlen(said), key);
    assert_string_equal(words, want);
}

static void words_are_fit_for_a_message(void **state) {
    (void)state;
    check_words("", NULL, "");
    check_words(" \r\n plain \t\n", NULL, "plain");
    check_words("a\nb\tc\rd\x1b[0m\x01\x7f\xc2\x85\xc2\xa0z", NULL, "a\\nb\\tc\\rd\\x1b[0m\\x01\\x7f\\x85\xc2\xa0z");
    check_words("\xff\xe2\x82", NULL, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_words("the key sk-1234 is sk-1234sk-1234", "sk-1234", "the key *** is ******");
    check_words("a one-letter key", "a", "a one-letter key");
    char with_nul[] = "a\0b", words[PS_HTTP_WORDS + 1];
    ps_http_words(words, with_nul, 3, NULL);
    assert_string_equal(words, "a\\x00b");
}

/* At every length around the limit: whole, or cut between characters with a mark; and no part of a key at the cut. */
static void long_words_are_cut(void **state) {
    (void)state;
    for (size_t n = PS_HTTP_WORDS - 20; n < PS_HTTP_WORDS + 20; n++) {
        char said[600], words[PS_HTTP_WORDS + 1];
        memset(said, 'a', n);
        memcpy(said + n, "\xe2\x82\xac-sk-12345678", 16);
        ps_http_words(words, said, n + 15, "sk-12345678");
        size_t length = strlen(words);
        assert_true(length <= PS_HTTP_WORDS);
        assert_int_equal(ps_utf8_valid(words, length), length);
        assert_null(strstr(words, "sk-"));
        bool whole = n + 3 + 1 + 3 <= PS_HTTP_WORDS;
        const char *end = whole ? "\xe2\x82\xac-***" : "…";
        assert_string_equal(words + length - strlen(end), end);
        if (!whole) assert_true(length > PS_HTTP_WORDS - 8);
    }
}

static void a_key_is_overwritten_wherever_it_stands(void **state) {
    (void)state;
    char text[] = "sk-1234, sk-123 and sk-1234";
    ps_http_mask(text, strlen(text), "sk-1234");
    assert_string_equal(text, "*******, sk-123 and *******");
    ps_http_mask(text, strlen(text), NULL);
    ps_http_mask(text, 0, "sk-123");
    assert_string_equal(text, "*******, sk-123 and *******");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_fit_for_a_message),
        cmocka_unit_test(long_words_are_cut),
        cmocka_unit_test(a_key_is_overwritten_wherever_it_stands),
    };
    return cmocka_run_group_tests_name("http/words", tests, NULL, NULL);
}
