/* Chat templates of whoever: any text as Jinja over a short chat, whose contents are part of the input too. A rendering
 * ends, with a text or with an error in words.
 *
 *     cmake -S . -B build-fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DPERSAMP_FUZZ=ON \
 *         -DPERSAMP_SANITIZE=address,undefined && cmake --build build-fuzz --target fuzz
 *     build-fuzz/fuzz/fuzz_template fuzz/corpus/template
 *
 * The input: a content, a byte 0, the template. */
#include "engine/llama/marked.h"
#include "engine/llama/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *input = malloc(size + 2);
    if (input == NULL) return 0;
    memcpy(input, data, size);
    input[size] = input[size + 1] = '\0';
    const char *source = input + strlen(input) + 1;
    const ps_chat_message messages[] = {{"system", input}, {"user", "1+1?"}, {"assistant", input}, {"user", input}};
    const ps_template chat = {
        .source = source, .bos = "<s>", .eos = "</s>", .now = 1767268800, .memory = 1 << 20, .processor_seconds = 0.05};
    ps_text marked = {0}, plain = {0};
    ps_error error;
    bool refused;
    ps_status status = ps_template_render(&chat, messages, 4, &marked, &refused, &error);
    if (status == PS_OK)
        ps_marked_plain(&plain, ps_text_cstr(&marked), marked.length);
    else if (status != PS_ENGINE || error.message[0] == '\0')
        abort();
    ps_text_clear(&marked);
    ps_text_clear(&plain);
    free(input);
    return 0;
}
