/* The hash against its published values, and files by their samples. */
#include "base/file.h"
#include "base/hash.h"
#include "support/test.h"

#include <sys/stat.h>
#include <unistd.h>

static void hash_of(const void *bytes, size_t n, uint64_t seed, char text[PS_HASH_TEXT]) {
    ps_hash hash;
    ps_hash_begin(&hash, seed);
    ps_hash_add(&hash, bytes, n);
    ps_hash_end(&hash, text);
}

/* The 16 bytes that the text is of, in the order in which MurmurHash3's own code writes them. */
static void bytes_of(const char text[PS_HASH_TEXT], unsigned char bytes[16]) {
    unsigned long long a, b;
    assert_int_equal(sscanf(text, "%16llx%16llx", &a, &b), 2);
    const uint64_t h[2] = {a, b};
    memcpy(bytes, h, sizeof h);
}

static void the_values_are_the_published_ones(void **state) {
    (void)state;
    char text[PS_HASH_TEXT];
    hash_of("", 0, 0, text);
    assert_string_equal(text, "00000000000000000000000000000000");
    hash_of("The quick brown fox jumps over the lazy dog", 43, 0, text);
    assert_string_equal(text, "e34bbc7bbc071b6c7a433ca9c49a9347");
}

/* SMHasher's verification value of MurmurHash3_x64_128, 0x6384BA69: the hash, with seed 0, of the hashes of the keys
 * {}, {0}, {0, 1}, … with the seeds 256, 255, …; its first four bytes. It covers every length of a tail. */
static void the_verification_value_of_smhasher(void **state) {
    (void)state;
    unsigned char key[256], hashes[256][16], final[16];
    char text[PS_HASH_TEXT];
    for (size_t i = 0; i < 256; i++) {
        key[i] = (unsigned char)i;
        hash_of(key, i, 256 - i, text);
        bytes_of(text, hashes[i]);
    }
    hash_of(hashes, sizeof hashes, 0, text);
    bytes_of(text, final);
    const unsigned char expected[4] = {0x69, 0xBA, 0x84, 0x63};
    assert_memory_equal(final, expected, sizeof expected);
}

static void bytes_may_come_in_pieces(void **state) {
    (void)state;
    unsigned char bytes[100];
    char whole[PS_HASH_TEXT], text[PS_HASH_TEXT];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 37);
    hash_of(bytes, sizeof bytes, 7, whole);
    for (size_t piece = 1; piece < sizeof bytes; piece++) {
        ps_hash hash;
        ps_hash_begin(&hash, 7);
        for (size_t at = 0; at < sizeof bytes; at += piece)
            ps_hash_add(&hash, bytes + at, piece < sizeof bytes - at ? piece : sizeof bytes - at);
        ps_hash_end(&hash, text);
        assert_string_equal(text, whole);
    }
}

/* ---- Files --------------------------------------------------------------- */

#define FILE_NAME PS_TEST_TMP "/hashed"

static void file_hash(uint64_t head, char text[PS_HASH_TEXT]) {
    ps_hash hash;
    ps_hash_begin(&hash, 0);
    assert_ok(ps_hash_file(&hash, FILE_NAME, head, err));
    ps_hash_end(&hash, text);
}

/* A file of holes, so that gigabytes cost nothing. */
static void make_file(off_t size) {
    FILE *file = fopen(FILE_NAME, "wb");
    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), size), 0);
    fclose(file);
}

static void change_byte(off_t at) {
    FILE *file = fopen(FILE_NAME, "r+b");
    assert_non_null(file);
    assert_int_equal(fseeko(file, at, SEEK_SET), 0);
    fputc('x', file);
    fclose(file);
}

static void every_byte_of_a_small_file_counts(void **state) {
    (void)state;
    char before[PS_HASH_TEXT], after[PS_HASH_TEXT];
    static const off_t places[] = {0, 99, 100, 50000, 99999};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        make_file(100000);
        file_hash(100, before);
        change_byte(places[i]);
        file_hash(100, after);
        assert_string_not_equal(before, after);
    }
}

/* 5 GiB: its head, its size, its first and last bytes, and one byte in 1,300 of those between. */
static void a_large_file_is_known_by_its_samples(void **state) {
    (void)state;
    const off_t size = (off_t)5 << 30;
    const off_t counted[] = {12345, 70000, size - 1};
    char before[PS_HASH_TEXT], after[PS_HASH_TEXT];
    make_file(size);
    file_hash(1 << 16, before);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++) {
        change_byte(counted[i]);
        file_hash(1 << 16, after);
        assert_string_not_equal(before, after);
        strcpy(before, after);
    }
    make_file(size + 1);
    file_hash(1 << 16, after);
    make_file(size);
    file_hash(1 << 16, before);
    assert_string_not_equal(before, after);
    remove(FILE_NAME);
}

/* What is no file is refused, and nobody waits for a writer of the FIFO. */
static void only_regular_files_are_opened(void **state) {
    (void)state;
    ps_error err;
    int fd = -1;
    uint64_t size;
    remove(FILE_NAME);
    assert_int_equal(ps_file_open(FILE_NAME, &fd, &size, &err), PS_IO);
    assert_non_null(strstr(err.message, "cannot open"));
    assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
    assert_int_equal(ps_file_open(FILE_NAME, &fd, &size, &err), PS_IO);
    assert_non_null(strstr(err.message, "FIFO"));
    remove(FILE_NAME);
    assert_int_equal(ps_file_open(PS_TEST_TMP, &fd, &size, &err), PS_IO);
    assert_non_null(strstr(err.message, "folder"));
    assert_int_equal(ps_file_open("/dev/zero", &fd, &size, &err), PS_IO);
    assert_non_null(strstr(err.message, "regular file"));
    assert_int_equal(fd, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_values_are_the_published_ones),
        cmocka_unit_test(the_verification_value_of_smhasher),
        cmocka_unit_test(bytes_may_come_in_pieces),
        cmocka_unit_test(every_byte_of_a_small_file_counts),
        cmocka_unit_test(a_large_file_is_known_by_its_samples),
        cmocka_unit_test(only_regular_files_are_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
