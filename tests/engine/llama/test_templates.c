/* Chat templates of real models, as Python's jinja2 renders them: templates.json has the hash of each rendering
 * (compare_templates.py wrote it). The templates are not ours: tools/get-llama --sources brings them, and a build
 * without them skips this. */
#include "engine/llama/marked.h"
#include "engine/llama/support.h"
#include "engine/llama/template.h"

#include <jansson.h>

#ifndef PS_LLAMA_SOURCES
#define PS_LLAMA_SOURCES ""
#endif

enum { MOST_MESSAGES = 8 };

static char *read_text(const char *folder, const char *name) {
    char path[4096];
    char *text = NULL;
    size_t length;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return ps_read_file(path, 1 << 20, &text, &length, NULL) == PS_OK ? text : NULL;
}

static json_t *read_table(void) {
    json_error_t error;
    json_t *table = json_load_file(PS_TEST_DIR "/fixtures/templates.json", 0, &error);
    assert_non_null(table);
    return table;
}

static size_t read_messages(const json_t *list, ps_chat_message *messages) {
    assert_in_range(json_array_size(list), 1, MOST_MESSAGES);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *message = json_array_get(list, i);
        messages[i].role = json_string_value(json_object_get(message, "role"));
        messages[i].content = json_string_value(json_object_get(message, "content"));
    }
    return json_array_size(list);
}

/* FNV-1a of the rendering, as in the table; "" when the template refuses. */
static void hash_of(const char *source, const json_t *table, const json_t *list, char hash[17]) {
    ps_chat_message messages[MOST_MESSAGES];
    const size_t n = read_messages(list, messages);
    const ps_template chat = {.source = source,
                              .bos = "<BOS>",
                              .eos = "<EOS>",
                              .now = (time_t)json_integer_value(json_object_get(table, "now"))};
    ps_text marked = {0}, plain = {0};
    bool refused;
    ps_error error;
    hash[0] = '\0';
    ps_status status = ps_template_render(&chat, messages, n, &marked, &refused, &error);
    if (status == PS_OK) {
        ps_marked_plain(&plain, ps_text_cstr(&marked), marked.length);
        uint64_t value = 0xcbf29ce484222325;
        for (size_t i = 0; i < plain.length; i++)
            value = (value ^ (unsigned char)plain.data[i]) * 0x100000001b3;
        snprintf(hash, 17, "%016llx", (unsigned long long)value);
    } else if (!refused) {
        snprintf(hash, 17, "failed");
        print_error("%s\n", error.message);
    }
    ps_text_clear(&marked);
    ps_text_clear(&plain);
}

static void templates_of_real_models_render_as_in_python(void **state) {
    (void)state;
    json_t *table = read_table(), *cases = json_object_get(table, "cases");
    json_t *hashes;
    const char *file, *name;
    size_t rendered = 0, different = 0;
    json_object_foreach(json_object_get(table, "hashes"), file, hashes) {
        char *source = read_text(PS_LLAMA_SOURCES "/templates", file);
        assert_non_null(source);
        json_t *hash;
        json_object_foreach(hashes, name, hash) {
            char got[17];
            hash_of(source, table, json_object_get(cases, name), got);
            rendered++;
            if (strcmp(got, json_string_value(hash)) == 0) continue;
            print_error("%s, %s: %s, expected %s\n", file, name, got, json_string_value(hash));
            different++;
        }
        ps_free(source);
    }
    json_decref(table);
    assert_int_equal(different, 0);
    assert_true(rendered > 700);
}

static void a_template_altered_by_one_token_renders_altered(void **state) {
    (void)state;
    static const char *const alterations[][3] = {
        {"Qwen-Qwen2.5-7B-Instruct.jinja", "<|im_start|>assistant\\n", "<|im_start|>assistant\\t"},
        {"Qwen-QwQ-32B.jinja", "<think>\\n", "<thunk>\\n"},
        {"deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja",
         "<\xEF\xBD\x9C"
         "User",
         "<\xEF\xBD\x9C"
         "Uber"},
        {"google-gemma-2-2b-it.jinja", "<start_of_turn>model", "<start_of_turn>yodel"},
    };
    json_t *table = read_table(), *user = json_object_get(json_object_get(table, "cases"), "user");
    for (size_t i = 0; i < sizeof alterations / sizeof *alterations; i++) {
        const char *const *row = alterations[i];
        char *source = read_text(PS_LLAMA_SOURCES "/templates", row[0]);
        char before[17], after[17];
        assert_non_null(source);
        hash_of(source, table, user, before);
        size_t altered = 0;
        for (char *at = source; (at = strstr(at, row[1])) != NULL; at++, altered++)
            memcpy(at, row[2], strlen(row[2]));
        assert_true(altered > 0);
        hash_of(source, table, user, after);
        assert_string_not_equal(before, after);
        ps_free(source);
    }
    json_decref(table);
}

static void thinking_models_begin_to_think(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"Qwen-QwQ-32B.jinja",
         "<|im_start|>assistant\n<think>\n</think>"}, /* so this copy has it unless told to think */
        {"deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja", "<\xEF\xBD\x9C"
                                                           "Assistant\xEF\xBD\x9C><think>\n"},
        {"Qwen-Qwen3-0.6B.jinja", "<|im_start|>assistant\n"}, /* it thinks without being told */
        {"Qwen-Qwen2.5-7B-Instruct.jinja", "<|im_start|>assistant\n"},
    };
    const ps_chat_message question = {"user", "1+1?"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *source = read_text(PS_LLAMA_SOURCES "/templates", rows[i][0]);
        assert_non_null(source);
        const ps_template chat = {.source = source, .bos = "<BOS>"};
        ps_text out = {0};
        bool refused;
        assert_ok(ps_template_render(&chat, &question, 1, &out, &refused, err));
        const size_t n = strlen(rows[i][1]);
        assert_true(out.length > n);
        assert_string_equal(ps_text_cstr(&out) + out.length - n, rows[i][1]);
        /* Qwen2.5 brings a system message of its own. */
        if (strstr(rows[i][0], "Qwen2.5") != NULL) assert_non_null(strstr(out.data, "You are Qwen, created by"));
        ps_text_clear(&out);
        ps_free(source);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_of_real_models_render_as_in_python),
        cmocka_unit_test(a_template_altered_by_one_token_renders_altered),
        cmocka_unit_test(thinking_models_begin_to_think),
    };
    if (PS_LLAMA_SOURCES[0] == '\0') {
        puts("skipped: this build has no interpreter of chat templates (tools/get-llama --sources)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
