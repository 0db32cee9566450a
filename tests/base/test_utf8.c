/* UTF-8, against the table of well-formed byte sequences of the Unicode standard (table 3-7). */
#include "support/check.h"

#include <string.h>

/* The table itself: the range of the second byte for each first byte, and how many bytes there are. */
static size_t by_the_table(const unsigned char *c, size_t room) {
    unsigned first = c[0], low = 0x80, high = 0xBF;
    size_t n = first <= 0x7F                    ? 1
               : first >= 0xC2 && first <= 0xDF ? 2
               : first >= 0xE0 && first <= 0xEF ? 3
               : first >= 0xF0 && first <= 0xF4 ? 4
                                                : 0;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
    if (n == 0 || n > room) return 0;
    if (n > 1 && (c[1] < low || c[1] > high)) return 0;
    for (size_t i = 2; i < n; i++)
        if (c[i] < 0x80 || c[i] > 0xBF) return 0;
    return n;
}

static void every_pair_of_first_bytes_is_as_in_the_standard(void **state) {
    (void)state;
    static const unsigned char third[] = {0x00, 0x7F, 0x80, 0xBF, 0xC0};
    for (unsigned i = 0; i < 256 * 256; i++)
        for (size_t k = 0; k < sizeof third; k++) {
            unsigned char c[4] = {(unsigned char)(i >> 8), (unsigned char)i, third[k], 0x80};
            for (size_t room = 0; room <= 4; room++) {
                size_t expected = room > 0 ? by_the_table(c, room) : 0;
                if (ps_utf8_length((const char *)c, room) != expected)
                    fail_msg("%02x %02x %02x, room %zu", c[0], c[1], c[2], room);
            }
        }
}

static void a_text_is_valid_up_to_its_first_fault(void **state) {
    (void)state;
    assert_int_equal(ps_utf8_valid("a\xc3\xa9\xe2\x82\xac", 6), 6);
    assert_int_equal(ps_utf8_valid("a\xc3\xa9\xe2\x82", 5), 3);
    assert_int_equal(ps_utf8_valid("", 0), 0);
    assert_int_equal(ps_utf8_valid("\xff", 1), 0);
}

static void a_cut_falls_between_characters(void **state) {
    (void)state;
    const char *text = "a\xe2\x82\xac\xc3\xa9";
    const size_t expected[] = {0, 1, 1, 1, 4, 4, 6, 6};
    for (size_t limit = 0; limit < 8; limit++)
        assert_int_equal(ps_utf8_cut(text, 6, limit), expected[limit]);
    assert_int_equal(ps_utf8_count(text, 6), 3);
}

static void every_byte_of_no_character_is_replaced(void **state) {
    (void)state;
    ps_text out = {0};
    ps_utf8_repair(&out, "a\xff\xe2\x82z\0\xc3\xa9\xf0", 9);
    assert_int_equal(out.length, 3 * 4 + 5);
    assert_memory_equal(out.data, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\0\xc3\xa9\xef\xbf\xbd", out.length + 1);
    ps_text_clear(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_first_bytes_is_as_in_the_standard),
        cmocka_unit_test(a_text_is_valid_up_to_its_first_fault),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(every_byte_of_no_character_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
