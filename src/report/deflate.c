#include "report/deflate.h"

#include <zlib.h>

static void *take(void *user, unsigned n, unsigned size) {
    (void)user;
    return ps_calloc(n, size);
}

static void give(void *user, void *p) {
    (void)user;
    ps_free(p);
}

static ps_status deflate_all(z_stream *stream, const char *data, size_t length, ps_text *out, ps_error *err) {
    enum { CHUNK = 1 << 16, MOST_AT_ONCE = 1 << 30 };
    unsigned char *chunk = ps_malloc(CHUNK);
    if (chunk == NULL) return ps_nomem(err);
    int code = Z_OK;
    stream->next_in = (z_const Bytef *)data;
    while (code == Z_OK) {
        if (stream->avail_in == 0 && length > 0) {
            stream->avail_in = length < MOST_AT_ONCE ? (unsigned)length : MOST_AT_ONCE;
            length -= stream->avail_in;
        }
        stream->next_out = chunk;
        stream->avail_out = CHUNK;
        code = deflate(stream, length > 0 ? Z_NO_FLUSH : Z_FINISH);
        ps_text_append(out, (const char *)chunk, CHUNK - stream->avail_out);
    }
    ps_free(chunk);
    return code == Z_STREAM_END && ps_text_ok(out) ? PS_OK : ps_nomem(err);
}

static void put_base64(ps_text *out, const char *data, size_t length) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = (const unsigned char *)data;
    for (size_t i = 0; i < length; i += 3) {
        size_t n = length - i < 3 ? length - i : 3;
        unsigned three =
            (unsigned)bytes[i] << 16 | (n > 1 ? (unsigned)bytes[i + 1] << 8 : 0) | (n > 2 ? bytes[i + 2] : 0);
        char four[4] = {letters[three >> 18], letters[three >> 12 & 63], n > 1 ? letters[three >> 6 & 63] : '=',
                        n > 2 ? letters[three & 63] : '='};
        ps_text_append(out, four, sizeof four);
    }
}

ps_status ps_report_pack(const char *data, size_t length, ps_text *out, ps_error *err) {
    z_stream stream = {.zalloc = take, .zfree = give};
    ps_text packed = {0};
    if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK) return ps_nomem(err);
    ps_status status = deflate_all(&stream, data, length, &packed, err);
    deflateEnd(&stream);
    if (status == PS_OK) put_base64(out, ps_text_cstr(&packed), packed.length);
    ps_text_clear(&packed);
    return status == PS_OK && !ps_text_ok(out) ? ps_nomem(err) : status;
}
