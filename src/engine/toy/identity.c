#include "engine/toy/identity.h"

#include "base/hash.h"

#include <stdio.h>

static void of_bytes(const char *kind, const char *bytes, size_t n, char identity[PS_TOY_IDENTITY]) {
    ps_hash hash;
    char text[PS_HASH_TEXT];
    ps_hash_begin(&hash, 0);
    ps_hash_add(&hash, bytes, n);
    ps_hash_end(&hash, text);
    snprintf(identity, PS_TOY_IDENTITY, "toy-%s-%s", kind, text);
}

void ps_toy_table_identity(const ps_toy_json *document, char identity[PS_TOY_IDENTITY]) {
    of_bytes("table", document->text, document->length, identity);
}

void ps_toy_synthetic_identity(const ps_toy_synthetic *p, char identity[PS_TOY_IDENTITY]) {
    char words[256];
    const int n = snprintf(words, sizeof words, "%d %d %.17g %.17g %.17g %.17g %.17g", p->steps, p->wrong_answers,
                           p->error_rate, p->detection, p->noise, p->correlation, p->separation);
    of_bytes("synthetic", words, (size_t)n, identity);
}
