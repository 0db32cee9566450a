/* Texts packed for a page: zlib's format, which browsers unpack (DecompressionStream "deflate"), in base64. */
#ifndef PERSAMP_REPORT_DEFLATE_H
#define PERSAMP_REPORT_DEFLATE_H

#include "persamp/base.h"

/* Append to *out. PS_NOMEM. */
ps_status ps_report_pack(const char *data, size_t length, ps_text *out, ps_error *err);

#endif
