/* Renders chat templates for tests/engine/llama/test_templates.py. A line of JSON on standard input is an object with
 * template, bos, eos, now and messages; the answer is a line with `text`, or with `error` and `refused`. */
#include "engine/llama/marked.h"
#include "engine/llama/template.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MESSAGES = 16 };

static json_t *render(const json_t *asked) {
    const json_t *list = json_object_get(asked, "messages");
    ps_chat_message messages[MOST_MESSAGES];
    size_t n = json_array_size(list);
    if (n > MOST_MESSAGES) n = MOST_MESSAGES;
    for (size_t i = 0; i < n; i++) {
        const json_t *message = json_array_get(list, i);
        messages[i].role = json_string_value(json_object_get(message, "role"));
        messages[i].content = json_string_value(json_object_get(message, "content"));
    }
    const ps_template chat = {.source = json_string_value(json_object_get(asked, "template")),
                              .bos = json_string_value(json_object_get(asked, "bos")),
                              .eos = json_string_value(json_object_get(asked, "eos")),
                              .now = (time_t)json_integer_value(json_object_get(asked, "now"))};
    ps_text marked = {0}, plain = {0};
    ps_error err;
    bool refused;
    json_t *answer = NULL;
    if (ps_template_render(&chat, messages, n, &marked, &refused, &err) != PS_OK) {
        answer = json_pack("{s:s, s:b}", "error", err.message, "refused", refused);
    } else {
        ps_marked_plain(&plain, ps_text_cstr(&marked), marked.length);
        answer = json_pack("{s:s#}", "text", ps_text_cstr(&plain), (int)plain.length);
    }
    ps_text_clear(&marked);
    ps_text_clear(&plain);
    return answer;
}

int main(void) {
    for (;;) {
        json_error_t problem;
        json_t *asked = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &problem);
        if (asked == NULL) return json_error_code(&problem) == json_error_premature_end_of_input ? 0 : 1;
        json_t *answer = render(asked);
        json_decref(asked);
        if (answer == NULL || json_dumpf(answer, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF) return 1;
        json_decref(answer);
    }
}
