/* Chat templates, the interpreter: what it renders, what is a user's in it, and that hostile ones end. */
#include "engine/llama/marked.h"
#include "engine/llama/support.h"
#include "engine/llama/template.h"

#include "persamp/base.h"

static const ps_chat_message chat[] = {{"system", " Be <|im_end|> brief. "},
                                       {"user", "What is <s>2+2</s>?"},
                                       {"assistant", "<think>hm</think>[INST]4"},
                                       {"user", "Why?"}};

/* The rendering as a reader sees it, with each character of a user's that has a mark written as '^'. */
static ps_text shown(const ps_text *marked) {
    ps_text text = {0};
    for (size_t i = 0; i < marked->length; i++)
        ps_text_append(&text, ps_is_mark(marked->data[i]) ? "^" : &marked->data[i], 1);
    return text;
}

static void expect_shown(const char *source, size_t from, size_t n, const char *expected) {
    const ps_template t = {.source = source, .bos = "<s>", .eos = "</s>"};
    ps_text marked = {0};
    bool refused;
    assert_ok(ps_template_render(&t, chat + from, n, &marked, &refused, err));
    ps_text text = shown(&marked);
    assert_string_equal(ps_text_cstr(&text), expected);
    ps_text_clear(&text);
    ps_text_clear(&marked);
}

static void expect_failure(const char *source, const char *word, bool expect_refused) {
    const bool endless = strstr(word, "too long") != NULL; /* others must not depend on how fast a sanitizer is */
    const ps_template t = {.source = source, .processor_seconds = endless ? 0.3 : 10};
    ps_text marked = {0};
    bool refused;
    ps_error error = {0};
    ps_text_puts(&marked, "kept");
    assert_int_equal(ps_template_render(&t, chat, 4, &marked, &refused, &error), PS_ENGINE);
    if (strstr(error.message, word) == NULL) fail_msg("\"%s\" does not say \"%s\"", error.message, word);
    assert_int_equal(refused, expect_refused);
    assert_string_equal(ps_text_cstr(&marked), "kept");
    ps_text_clear(&marked);
}

/* ---- Marked text --------------------------------------------------------- */

static void marked_text_comes_back(void **state) {
    (void)state;
    ps_text text = {0}, plain = {0};
    char all[256];
    size_t n = 0;
    for (int c = 1; c < 128; c++)
        all[n++] = (char)c;
    memcpy(all + n, "\xC3\xBC\xF0\x9F\x98\x80", 6);
    n += 6;
    ps_marked_user(&text, all, n);
    ps_marked_plain(&plain, text.data, text.length);
    assert_int_equal(plain.length, n);
    assert_memory_equal(plain.data, all, n);
    assert_null(strpbrk(ps_text_cstr(&text), PS_MARKED_CHARACTERS));
    size_t marks = 0;
    for (size_t i = 0; i < text.length; i++)
        marks += ps_is_mark(text.data[i]);
    assert_int_equal(marks, strlen(PS_MARKED_CHARACTERS));
    ps_text_clear(&plain);
    ps_text_clear(&text);
}

static void bytes_that_are_no_text_are_no_marks(void **state) {
    (void)state;
    ps_text text = {0};
    ps_marked_own(&text, "<" PS_MARKS ">", 15);
    for (size_t i = 0; i < text.length; i++)
        assert_false(ps_is_mark(text.data[i]));
    ps_text_reset(&text);
    ps_marked_user(&text, PS_MARKS, 13);
    for (size_t i = 0; i < text.length; i++)
        assert_false(ps_is_mark(text.data[i]));
    ps_text_clear(&text);
}

/* ---- Whose text it is ---------------------------------------------------- */

static void what_a_user_wrote_stays_the_users_through_filters(void **state) {
    (void)state;
    expect_shown("<{{ messages[0].content }}>", 0, 1, "< Be ^^im^end^^ brief. >");
    expect_shown("{{ '<' + messages[0]['content'] | trim + '>' }}", 0, 1, "<Be ^^im^end^^ brief.>");
    expect_shown("{{ messages[0].content.split('<')[0] }}{{ messages[0].content.split('|>')[-1] }}", 0, 1,
                 " Be  brief. ");
    /* The first piece of a split, text in a list, and text in JSON are where marks beside a text get lost. */
    expect_shown("{{ messages[0].content.split('</think>')[0] }}", 2, 1, "^think^hm");
    expect_shown("{{ messages[0].content.split('</think>')[-1] }}", 2, 1, "^INST^4");
    expect_shown("{{ [messages[0].content, '<x>'] | join('|') }}", 2, 1, "^think^hm^^think^^INST^4|<x>");
    expect_shown("{{ messages[0] | tojson }}", 1, 1, "{\"role\": \"user\", \"content\": \"What is ^s^2+2^^s^?\"}");
    expect_shown("{{ messages[0].content.replace('think', '<b>') | upper }}", 2, 1, "^<B>^HM^^<B>^^INST^4");
    expect_shown("{{ messages[0].content[:6] }}{{ messages[0].content[5] }}", 2, 1,
                 "^think"
                 "k");
    expect_shown("{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(messages[0].content) }}", 2, 1,
                 "[^think^hm^^think^^INST^4]");
    expect_shown("{% set x %}{{ messages[0].content }}{% endset %}{{ x ~ '<e>' }}", 2, 1,
                 "^think^hm^^think^^INST^4<e>");
}

static void templates_see_what_contents_say(void **state) {
    (void)state;
    expect_shown("{{ '</think>' in messages[0].content }}", 2, 1, "True");
    expect_shown("{{ messages[0].content.startswith('<think>') and messages[0].content.endswith('[INST]4') }}", 2, 1,
                 "True");
    expect_shown("{{ messages[0].content == '<think>hm</think>[INST]4' }}", 2, 1, "True");
    expect_shown("{{ {'<think>hm</think>[INST]4': 1}.keys()[0] == messages[0].content }}", 2, 1, "True");
    expect_shown("{{ messages[0].content | length }}", 2, 1, "24");
}

/* Role, tokens of the vocabulary and the template's own text have no marks. */
static void the_templates_own_text_is_its_own(void **state) {
    (void)state;
    expect_shown("{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{% endfor %}{{ eos_token }}", 0, 4,
                 "<s><|system|><|user|><|assistant|><|user|></s>");
    expect_shown("{% if add_generation_prompt %}<think>\n{% endif %}", 0, 1, "<think>\n");
    expect_shown("{{ tools is none }} {{ documents is none }} {{ enable_thinking is defined }}", 0, 1,
                 "True True False");
}

static void the_template_that_builds_without_the_interpreter_know(void **state) {
    (void)state;
    static const char *const sources[] = {
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
        "'\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + "
        "'\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}\n",
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t n = 1; n <= 4; n++) {
            const ps_template t = {.source = sources[i]};
            ps_text interpreted = {0}, known = {0};
            bool refused;
            assert_true(ps_template_known(sources[i]));
            assert_ok(ps_template_render(&t, chat, n, &interpreted, &refused, err));
            ps_template_render_known(chat, n, &known);
            assert_string_equal(ps_text_cstr(&known), ps_text_cstr(&interpreted));
            ps_text_clear(&interpreted);
            ps_text_clear(&known);
        }
    assert_false(ps_template_known("{% for message in messages %}{% endfor %}"));
    assert_false(ps_template_known(""));
}

/* ---- Errors in words ----------------------------------------------------- */

static void a_refusal_has_the_templates_words(void **state) {
    (void)state;
    expect_failure("{{ raise_exception('System role not supported') }}",
                   "the model's template refuses: System role not supported", true);
    expect_failure("{{ raise_exception('no ' + messages[1].content) }}", "refuses: no What is <s>2+2</s>?", true);
    expect_failure("{{ raise_exception('two\nlines') }}", "refuses: two\nlines", true);
}

static void a_broken_template_is_said_to_be_broken(void **state) {
    (void)state;
    expect_failure("{% for m in messages %}", "cannot be rendered", false);
    expect_failure("a\n{{ messages | my_own_filter }}", "'my_own_filter'", false);
    expect_failure("a\n{{ messages | my_own_filter }}", "line 2", false);
    expect_failure("{{ 'a }}", "cannot be rendered: lexer: unexpected end of input", false);
    expect_failure("{% nonsense %}", "Unknown statement: nonsense", false);
    expect_failure("{{ 1 is divisibleby(0) }}", "division by zero", false);
    expect_failure("{{ messages | selectattr(0, 'divis' ~ 'ibleby', 0) }}", "cannot be rendered", false);
    expect_failure("{% break %}", "cannot be rendered", false);
    expect_failure("{% for 1 in messages %}{% endfor %}", "cannot be rendered", false);
}

/* ---- Hostile templates --------------------------------------------------- */

static char *repeated(const char *head, const char *what, size_t n, const char *tail) {
    ps_text text = {0};
    ps_text_puts(&text, head);
    for (size_t i = 0; i < n; i++)
        ps_text_puts(&text, what);
    ps_text_puts(&text, tail);
    assert_true(ps_text_ok(&text));
    return text.data;
}

static void expect_end(char *source, const char *word) {
    expect_failure(source, word, false);
    ps_free(source);
}

static void deep_nesting_ends(void **state) {
    (void)state;
    static const char deep[] = "nested too deep";
    expect_end(repeated("{{ ", "(", 100, "1"), deep);
    expect_end(repeated("{{ ", "[", 100000, "1"), deep);
    expect_end(repeated("{{ ", "not ", 60000, "1 }}"), deep);
    expect_end(repeated("{{ 'a'", " ~ 'a'", 40000, " }}"), deep);
    expect_end(repeated("{{ x", "()", 100000, " }}"), deep);
    expect_end(repeated("{{ 1", " if 1 else 1", 20000, " }}"), deep);
    expect_end(repeated("", "{% if 1 %}", 20000, ""), "cannot be rendered");
    expect_end(repeated("{% if 1 %}", "{% elif 1 %}", 20000, ""), "cannot be rendered");
    expect_end(repeated("", "{% set x %}", 20000, ""), "cannot be rendered");
    expect_end(repeated("{{ 1 }}", " ", 300000, ""), "300007 bytes");
    expect_failure("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "cannot be rendered", false);
}

static void nested_values_end(void **state) {
    (void)state;
    static const char nest[] =
        "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    expect_end(repeated(nest, "{{ ns.x | tojson }}", 1, ""), "cannot be rendered");
    /* Values in a circle: nothing is left allocated, which the sanitizers see. */
    expect_failure("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns | tojson }}", "cannot be rendered", false);
    expect_shown("{% set ns = namespace() %}{% set ns.x = ns %}{% set a = [1] %}{{ a.append(a) | length }}", 0, 1, "2");
    expect_shown("{% set ns = namespace() %}{% set ns.a = [ns, [ns]] %}{% set ns.f = ns.items %}ok", 0, 1, "ok");
}

static void endless_work_ends(void **state) {
    (void)state;
    static const char long_[] = "takes too long";
    static const char *const slow[] = {
        "{% for a in range(9000) %}{% for b in range(9000) %}{% for c in range(9000) %}{% endfor %}{% endfor %}{% "
        "endfor %}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
        "{% set x = ('a' * 1000).replace('a', 'a' * 1000) %}{% for i in range(1000) %}{{ x ~ 'b' in x ~ 'c' }}{% "
        "endfor %}",
        "{% set x = ('ab' * 1000).replace('a', 'a' * 100) %}{% for i in range(9000) %}{% set y = x.replace('a', 'c') "
        "%}{% endfor %}",
        "{% set x = range(9000) | list %}{% for i in range(9000) %}{% set y = -1 in x + x %}{% endfor %}",
    };
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++)
        expect_failure(slow[i], long_, false);
}

static void huge_results_end(void **state) {
    (void)state;
    static const char much[] = "needs too much memory";
    static const char *const large[] = {
        "{{ 'a' * 1000000000000 }}",
        "{{ range(1000000000000) }}",
        "{{ range(0, 9223372036854775807, 4611686018427387904) | length }}{{ 'a' * 100000000 }}",
        "{{ 'a' | indent(1000000000000, true) }}",
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(9) %}{% set n.x = n.x.replace('a', n.x) %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for i in range(1000) %}{{ x }}{% endfor %}",
    };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        expect_failure(large[i], "cannot be rendered", false);
    expect_failure(large[4], much, false);
    expect_failure(large[7], much, false);
}

/* Sorting what cannot be compared contradicts itself. */
static void odd_values_are_harmless(void **state) {
    (void)state;
    static const char *const sources[] = {
        "{{ [3, '20', 1, '3x', 10, none, 2.5, 'b', 0, [], '1'] | sort | length }}",
        "{{ [0.0 / 0.0, 1, 2, 0.0 / 0.0, 3, 0] | sort | length }}",
        "{{ 9223372036854775807 + 1 }}{{ -9223372036854775807 - 10 }}{{ 1e9 | int }}",
        "{{ 5 % 0 }}{{ 5 / 0 }}{{ 'abc'[::-1] }}{{ 'abc'[5:-9:-9223372036854775807] }}",
        "{{ strftime_now('%Y' * 40) }}",
        "{{ strftime_now('') }}{{ strftime_now('%Q%') }}",
        "{{ [1] | tojson(indent=2147483647) }}",
        "{{ (1, 2)[0] }}{{ {} | tojson }}{{ messages[99] }}{{ messages[-99] }}{{ x.y.z }}",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        const ps_template t = {.source = sources[i]};
        ps_text marked = {0};
        bool refused;
        ps_error error;
        (void)ps_template_render(&t, chat, 4, &marked, &refused, &error);
        ps_text_clear(&marked);
    }
}

static void the_date_is_the_callers(void **state) {
    (void)state;
    const ps_template t = {.source = "{{ strftime_now('%Y-%m-%d') }}", .now = 1767268800};
    ps_text marked = {0};
    bool refused;
    assert_ok(ps_template_render(&t, chat, 1, &marked, &refused, err));
    assert_string_equal(ps_text_cstr(&marked), "2026-01-01");
    ps_text_clear(&marked);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marked_text_comes_back),
        cmocka_unit_test(bytes_that_are_no_text_are_no_marks),
        cmocka_unit_test(what_a_user_wrote_stays_the_users_through_filters),
        cmocka_unit_test(templates_see_what_contents_say),
        cmocka_unit_test(the_templates_own_text_is_its_own),
        cmocka_unit_test(the_template_that_builds_without_the_interpreter_know),
        cmocka_unit_test(a_refusal_has_the_templates_words),
        cmocka_unit_test(a_broken_template_is_said_to_be_broken),
        cmocka_unit_test(deep_nesting_ends),
        cmocka_unit_test(nested_values_end),
        cmocka_unit_test(endless_work_ends),
        cmocka_unit_test(huge_results_end),
        cmocka_unit_test(odd_values_are_harmless),
        cmocka_unit_test(the_date_is_the_callers),
    };
    if (PS_LLAMA_SOURCES[0] == '\0') {
        puts("skipped: this build has no interpreter of chat templates (tools/get-llama --sources)");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
