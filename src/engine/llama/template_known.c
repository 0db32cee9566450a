/* Chat templates in a build that cannot interpret them (docs/templates.md): the one of the shipped models, known by its
 * exact text, and the same with other white space at its end. tests/engine/llama/test_template.c shows that both ways
 * give the same. */
#include "engine/llama/marked.h"
#include "engine/llama/template.h"

#include <string.h>

static const char chatml[] = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
                             "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
                             "{{ '<|im_start|>assistant\n' }}{% endif %}";

bool ps_template_known(const char *source) {
    size_t length = strlen(source);
    if (length > 0 && source[length - 1] == '\n') length--;
    return length == sizeof chatml - 1 && memcmp(source, chatml, length) == 0;
}

void ps_template_render_known(const ps_chat_message *messages, size_t n, ps_text *out) {
    for (size_t i = 0; i < n; i++) {
        ps_text_puts(out, "<|im_start|>");
        ps_marked_user(out, messages[i].role, strlen(messages[i].role));
        ps_text_puts(out, "\n");
        ps_marked_user(out, messages[i].content, strlen(messages[i].content));
        ps_text_puts(out, "<|im_end|>\n");
    }
    ps_text_puts(out, "<|im_start|>assistant\n");
}

#ifndef PS_HAVE_TEMPLATES
ps_status ps_template_render(const ps_template *chat, const ps_chat_message *messages, size_t n, ps_text *out,
                             bool *refused, ps_error *err) {
    *refused = false;
    if (!ps_template_known(chat->source))
        return ps_fail(err, PS_ENGINE,
                       "this build cannot interpret the model's template: configure it with a C++ compiler and the "
                       "sources that tools/get-llama --sources brings");
    ps_template_render_known(messages, n, out);
    return ps_text_ok(out) ? PS_OK : ps_nomem(err);
}
#endif
