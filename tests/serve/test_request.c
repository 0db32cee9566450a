/* The request parser: what clients send is understood, what cannot be done is refused by name. */
#include "persamp/config.h"
#include "serve/request.h"
#include "support/failing_allocator.h"
#include "support/test.h"

#include <math.h>

#define CHAT(more)   "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]" more "}"
#define PROMPT(more) "{\"prompt\": \"hi\"" more "}"

static ps_api_request parse_of(const char *body, bool chat) {
    ps_api_request r;
    ps_api_error err = {0};
    if (!ps_api_request_parse(body, strlen(body), chat, &r, &err)) fail_msg("%s: %s", body, err.message);
    return r;
}

static void a_request_without_options_asks_for_one_answer(void **state) {
    (void)state;
    ps_api_request r = parse_of(CHAT(""), true);
    assert_true(r.chat);
    assert_int_equal(r.n_messages, 1);
    assert_string_equal(r.messages[0].role, "user");
    assert_string_equal(r.messages[0].content, "hi");
    assert_int_equal(r.n, 1);
    assert_true(isnan(r.temperature) && isnan(r.top_p) && !r.has_seed && !r.stream && r.max_tokens == 0);
    assert_null(r.model);
    assert_int_equal(r.effort, PS_EFFORT_UNSET);
    ps_api_request_clear(&r);
}

static void every_field_is_read(void **state) {
    (void)state;
    ps_api_request r =
        parse_of(CHAT(", \"model\": \"m\", \"n\": 3, \"seed\": 12, \"temperature\": 0.5, \"top_p\": 0.9,"
                      "\"stop\": [\"a\", \"\\n\"], \"max_completion_tokens\": 40, \"stream\": true,"
                      "\"stream_options\": {\"include_usage\": true}, \"reasoning_effort\": \"xhigh\","
                      "\"persamp\": {\"events\": true, \"picture\": true, \"budget\": \"8x\", \"method\": \"beam\","
                      "\"ps\": {\"mode\": \"steps\", \"refill\": true}, \"beam.width\": 2}"),
                 true);
    assert_string_equal(r.model, "m");
    assert_int_equal(r.n, 3);
    assert_true(r.has_seed && r.seed == 12 && r.temperature == 0.5 && r.top_p == 0.9);
    assert_int_equal(r.n_stops, 2);
    assert_string_equal(r.stops[1], "\n");
    assert_int_equal(r.max_tokens, 40);
    assert_true(r.stream && r.usage && r.events && r.picture);
    assert_int_equal(r.effort, PS_EFFORT_HIGH);
    assert_true(r.budget_answers == 8 && r.budget_tokens == 0);
    assert_int_equal(r.n_settings, 4);
    assert_string_equal(r.settings[1].key, "ps.mode");
    assert_string_equal(r.settings[2].value, "true");
    assert_string_equal(r.settings[3].key, "beam.width");
    ps_api_request_clear(&r);
}

static void a_conversation_comes_in_roles_and_parts(void **state) {
    (void)state;
    ps_api_request r =
        parse_of("{\"messages\": [{\"role\": \"developer\", \"content\": \"be brief\"},"
                 "{\"role\": \"user\", \"name\": \"x\", \"content\": [{\"type\": \"text\", \"text\": \"one\"},"
                 "{\"type\": \"text\", \"text\": \"two\"}]},"
                 "{\"role\": \"assistant\", \"content\": \"ok\", \"reasoning\": \"r\","
                 "\"reasoning_content\": \"r\", \"tool_calls\": [], \"refusal\": null},"
                 "{\"role\": \"assistant\", \"content\": null}, {\"role\": \"user\", \"content\": \"\"}]}",
                 true);
    assert_int_equal(r.n_messages, 5);
    assert_string_equal(r.messages[0].role, "system");
    assert_string_equal(r.messages[1].content, "one\ntwo");
    assert_string_equal(r.messages[2].content, "ok"); /* what it thought is not shown again */
    assert_string_equal(r.messages[3].content, "");
    ps_api_request_clear(&r);
}

/* Clients send more than they mean. */
static void what_asks_for_nothing_is_accepted(void **state) {
    (void)state;
    static const char *const fields[] = {
        ", \"tools\": []",
        ", \"tools\": null",
        ", \"tool_choice\": \"none\"",
        ", \"tool_choice\": \"auto\"",
        ", \"functions\": []",
        ", \"parallel_tool_calls\": true",
        ", \"user\": \"u\"",
        ", \"metadata\": {\"a\": \"b\"}",
        ", \"store\": true",
        ", \"presence_penalty\": 0",
        ", \"frequency_penalty\": 0.0",
        ", \"logit_bias\": {}",
        ", \"logprobs\": false",
        ", \"top_logprobs\": 0",
        ", \"response_format\": {\"type\": \"text\"}",
        ", \"modalities\": [\"text\"]",
        ", \"service_tier\": \"auto\"",
        ", \"something_new\": [1, {}]",
        ", \"stream_options\": {}",
        ", \"stream_options\": {\"include_usage\": null}",
        ", \"persamp\": {}",
        ", \"persamp\": {\"method\": null}",
        ", \"stop\": []",
        ", \"stop\": \"x\"",
        ", \"top_p\": 0",
        ", \"model\": null, \"n\": null, \"seed\": null, \"temperature\": null, \"top_p\": null, \"stop\": null",
        ", \"max_tokens\": null, \"max_completion_tokens\": null, \"reasoning_effort\": null, \"stream\": null",
        ", \"audio\": null, \"logit_bias\": null, \"persamp\": null, \"response_format\": null, \"modalities\": null",
        ", \"seed\": -1",
        ", \"seed\": -9223372036854775808",
        ", \"seed\": 9223372036854775807",
        ", \"seed\": \"9223372036854775807\"",
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char body[512];
        snprintf(body, sizeof body, CHAT("%s"), fields[i]);
        ps_api_request r = parse_of(body, true);
        assert_true(r.seed <= INT64_MAX);
        ps_api_request_clear(&r);
    }
}

typedef struct refusal {
    const char *body;
    bool chat;
    const char *param, *word;
} refusal;

static void what_cannot_be_done_is_refused_by_name(void **state) {
    (void)state;
    static const refusal cases[] = {
        {"", true, "", "not JSON"},
        {"[1]", true, "", "object"},
        {"{\"messages\": [{\"role\": \"user\", \"content\": \"a\\u0000b\"}]}", true, "", "not JSON"},
        {"{}", true, "messages", "at least one"},
        {"{\"messages\": []}", true, "messages", "at least one"},
        {"{\"messages\": \"hi\"}", true, "messages", "list"},
        {"{\"messages\": [7]}", true, "messages[0].role", "expected system"},
        {"{\"messages\": [{\"role\": \"tool\", \"content\": \"x\"}]}", true, "messages[0].role", "tools"},
        {"{\"messages\": [{\"role\": \"user\"}]}", true, "messages[0].content", "text"},
        {"{\"messages\": [{\"role\": \"user\", \"content\": 7}]}", true, "messages[0].content", "text"},
        {"{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {}}]}]}", true,
         "messages[0].content", "images"},
        {"{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\"}]}]}", true, "messages[0].content",
         "no text"},
        {"{\"messages\": [{\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{}]}]}", true,
         "messages[0].tool_calls", "tools"},
        {CHAT(", \"tools\": [{}]"), true, "tools", "cannot"},
        {CHAT(", \"tool_choice\": \"required\""), true, "tool_choice", "tools"},
        {CHAT(", \"response_format\": {\"type\": \"json_object\"}"), true, "response_format", "text"},
        {CHAT(", \"logprobs\": true"), true, "logprobs", "cannot"},
        {CHAT(", \"top_logprobs\": 2"), true, "top_logprobs", "0"},
        {CHAT(", \"modalities\": [\"audio\"]"), true, "modalities", "text"},
        {CHAT(", \"audio\": {\"voice\": \"x\"}"), true, "audio", "cannot"},
        {CHAT(", \"presence_penalty\": 1"), true, "presence_penalty", "0"},
        {CHAT(", \"logit_bias\": {\"1\": 2}"), true, "logit_bias", "cannot"},
        {CHAT(", \"reasoning_effort\": \"maximal\""), true, "reasoning_effort", "minimal"},
        {CHAT(", \"reasoning_effort\": 3"), true, "reasoning_effort", "minimal"},
        {CHAT(", \"n\": 0"), true, "n", "128"},
        {CHAT(", \"n\": 129"), true, "n", "128"},
        {CHAT(", \"n\": 1.5"), true, "n", "whole"},
        {CHAT(", \"max_tokens\": 0"), true, "max_tokens", "at least 1"},
        {CHAT(", \"seed\": \"x\""), true, "seed", "whole"},
        {CHAT(", \"seed\": \"\""), true, "seed", "whole"},
        {CHAT(", \"seed\": \"9223372036854775808\""), true, "seed", "whole"},
        {CHAT(", \"seed\": 1.5"), true, "seed", "whole"},
        {CHAT(", \"seed\": 99999999999999999999"), true, "", "not JSON"},
        {CHAT(", \"temperature\": 2.1"), true, "temperature", "from 0 to 2"},
        {CHAT(", \"temperature\": true"), true, "temperature", "from 0 to 2"},
        {CHAT(", \"top_p\": -0.1"), true, "top_p", "from 0 to 1"},
        {CHAT(", \"stop\": [\"\"]"), true, "stop", "empty"},
        {CHAT(", \"stop\": 7"), true, "stop", "text"},
        {CHAT(", \"stream\": 1"), true, "stream", "true or false"},
        {CHAT(", \"stream_options\": 1"), true, "stream_options", "object"},
        {CHAT(", \"model\": 1"), true, "model", "name"},
        {CHAT(", \"persamp\": 1"), true, "persamp", "object"},
        {CHAT(", \"persamp\": {\"budgt\": 1}"), true, "persamp.budgt", "did you mean budget?"},
        {CHAT(", \"persamp\": {\"budget\": 0}"), true, "persamp.budget", "8x"},
        {CHAT(", \"persamp\": {\"budget\": \"-1x\"}"), true, "persamp.budget", "8x"},
        {CHAT(", \"persamp\": {\"budget\": \"1e999x\"}"), true, "persamp.budget", "8x"},
        {CHAT(", \"persamp\": {\"events\": 1}"), true, "persamp.events", "true or false"},
        {CHAT(", \"persamp\": {\"picture\": \"yes\"}"), true, "persamp.picture", "true or false"},
        {CHAT(", \"persamp\": {\"pictures\": true}"), true, "persamp.pictures", "did you mean picture"},
        {CHAT(", \"persamp\": {\"ps\": {\"mod\": 1}}"), true, "persamp.ps.mod", "did you mean ps.mode?"},
        {CHAT(", \"persamp\": {\"evaluation.answer_regex\": \"a\"}"), true, "persamp.evaluation.answer_regex",
         "whoever runs"},
        {CHAT(", \"persamp\": {\"models.generator.model_path\": \"a\"}"), true, "persamp.models.generator.model_path",
         "whoever runs"},
        {CHAT(", \"persamp\": {\"scoring.prm.gamma\": 1}"), true, "persamp.scoring.prm.gamma", "whoever runs"},
        {CHAT(", \"persamp\": {\"serve.limits.particles\": 1}"), true, "persamp.serve.limits.particles",
         "whoever runs"},
        {CHAT(", \"persamp\": {\"ps.budget.max_tokens\": 1}"), true, "persamp.ps.budget.max_tokens", "whoever runs"},
        {CHAT(", \"persamp\": {\"method\": [1]}"), true, "persamp.method", "word"},
        {CHAT(", \"persamp\": {\"method\": \"[a, &b\"}"), true, "persamp.method", "word"},
        {CHAT(", \"persamp\": {\"\": 1}"), true, "persamp.", "no setting"},
        {"{\"prompt\": \"\"}", false, "prompt", "not empty"},
        {"{\"prompt\": [1, 2]}", false, "prompt", "one text"},
        {"{\"prompt\": [\"a\", \"b\"]}", false, "prompt", "one text"},
        {PROMPT(", \"suffix\": \"x\""), false, "suffix", "cannot"},
        {PROMPT(", \"echo\": true"), false, "echo", "cannot"},
        {PROMPT(", \"best_of\": 4"), false, "best_of", "persamp.budget"},
        {PROMPT(", \"logprobs\": 0"), false, "logprobs", "log-prob"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ps_api_request r;
        ps_api_error err = {0};
        if (ps_api_request_parse(cases[i].body, strlen(cases[i].body), cases[i].chat, &r, &err))
            fail_msg("accepted: %s", cases[i].body);
        assert_int_equal(err.http, 400);
        assert_string_equal(err.type, "invalid_request_error");
        assert_string_equal(err.param, cases[i].param);
        if (strstr(err.message, cases[i].word) == NULL) fail_msg("no \"%s\": %s", cases[i].word, err.message);
    }
}

static void a_raw_prompt_is_taken_as_it_stands(void **state) {
    (void)state;
    ps_api_request r =
        parse_of(PROMPT(", \"max_tokens\": 5, \"echo\": false, \"best_of\": 1, \"suffix\": null"), false);
    assert_string_equal(r.prompt, "hi");
    assert_int_equal(r.n_messages, 0);
    ps_api_request_clear(&r);
    r = parse_of("{\"prompt\": [\"a\"], \"messages\": []}", false);
    assert_string_equal(r.prompt, "a");
    ps_api_request_clear(&r);
}

/* What a request may set is a number or a choice: no path, no pattern, no list, nothing of the machine's. */
static void no_setting_of_a_request_is_a_path_or_a_pattern(void **state) {
    (void)state;
    size_t n, found = 0;
    const ps_config_key *keys = ps_config_keys(&n);
    static const char *const types[] = {"bool",           "integer", "integer or word", "number",
                                        "number or word", "choice",  "choice or null"};
    static const char *const closed[] = {"models.", "engine.", "serve.",  "hub.",        "logging.",
                                         "system.", "prompt.", "tuning.", "scoring.prm."};
    for (size_t i = 0; i < n; i++) {
        if (!keys[i].per_request) continue;
        bool plain = false;
        for (size_t t = 0; t < sizeof types / sizeof *types; t++)
            plain = plain || strcmp(keys[i].type, types[t]) == 0;
        for (size_t c = 0; c < sizeof closed / sizeof *closed; c++)
            plain = plain && strncmp(keys[i].name, closed[c], strlen(closed[c])) != 0;
        if (!plain) fail_msg("%s, a %s", keys[i].name, keys[i].type);
        found++;
    }
    assert_true(found > 20);
}

/* Whichever allocation fails, the answer is 500 and nothing is left. (jansson's are not ours here.) */
static void without_memory_a_request_is_answered_with_500(void **state) {
    (void)state;
    const char *body = CHAT(", \"stop\": [\"a\", \"b\"], \"persamp\": {\"method\": \"beam\", \"beam.width\": 3}");
    bool ok = false;
    for (size_t fail_at = 1; !ok; fail_at++) {
        failing_allocator memory;
        ps_api_request r;
        ps_api_error err = {0};
        failing_install(&memory, fail_at);
        ok = ps_api_request_parse(body, strlen(body), true, &r, &err);
        if (ok) ps_api_request_clear(&r);
        size_t alive = memory.alive;
        failing_remove();
        assert_int_equal(alive, 0);
        if (!ok) assert_int_equal(err.http, 500);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_options_asks_for_one_answer),
        cmocka_unit_test(every_field_is_read),
        cmocka_unit_test(a_conversation_comes_in_roles_and_parts),
        cmocka_unit_test(what_asks_for_nothing_is_accepted),
        cmocka_unit_test(what_cannot_be_done_is_refused_by_name),
        cmocka_unit_test(a_raw_prompt_is_taken_as_it_stands),
        cmocka_unit_test(no_setting_of_a_request_is_a_path_or_a_pattern),
        cmocka_unit_test(without_memory_a_request_is_answered_with_500),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
