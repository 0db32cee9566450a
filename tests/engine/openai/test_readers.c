/* Answers that a server should not have sent: recorded ones with one thing bent. Each is refused with words that say
 * what was wrong where; nothing of it is believed. */
#include "engine/openai/recordings.h"
#include "support/failing_allocator.h"

typedef struct fixture {
    json_t *llama, *vllm; /* recordings */
    ps_arena *arena;
} fixture;

static int set_up(void **state) {
    fixture *f = malloc(sizeof *f);
    *f = (fixture){recordings("llama_server"), recordings("vllm"), ps_arena_create()};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    json_decref(f->llama);
    json_decref(f->vllm);
    ps_arena_free(f->arena);
    free(f);
    return 0;
}

static void refused(const ps_dialect *dialect, const ps_remote_ask *ask, const ps_text *body, ps_status expected,
                    const char *words, const char *what) {
    ps_arena *arena = ps_arena_create();
    ps_remote_answer answer = {0};
    ps_error err = {0};
    ps_status status = dialect->read_answer(ask, body->data, body->length, arena, &answer, &err);
    if (status != expected || strstr(err.message, words) == NULL)
        fail_msg("%s, %s: %s: \"%s\", expected \"…%s…\"", dialect->name, what, ps_status_text(status), err.message,
                 words);
    assert_null(answer.choices); /* written on success only */
    ps_arena_free(arena);
}

/* ---- One member ---------------------------------------------------------- */

static const struct bending {
    const char *name, *place, *value; /* NULL: without it */
    const char *words;
} of_vllm[] = {
    {"greedy", "choices/0/logprobs/tokens/1", "\"token_id:-1\"", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", "\"token_id:4294967296\"", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", "\"token_id:\"", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", "\"token_id:7x\"", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", "\"12\"", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", "57", "token_id:N"},
    {"greedy", "choices/0/logprobs/tokens/1", NULL, "log-probabilities"},
    {"greedy", "choices/0/logprobs/tokens", "{}", "a list"},
    {"greedy", "choices/0/logprobs/token_logprobs/0", "0.5", "a number up to 0"},
    {"greedy", "choices/0/logprobs/token_logprobs/0", "null", "a number up to 0"},
    {"greedy", "choices/0/logprobs/token_logprobs/0", "\"-1\"", "a number up to 0"},
    {"greedy", "choices/0/logprobs/token_logprobs/0", NULL, "log-probabilities"},
    {"greedy", "choices/0/logprobs", "null", "tokens"},
    {"greedy", "choices/0/finish_reason", "\"abort\"", "finish_reason"},
    {"greedy", "choices/0/finish_reason", "null", "finish_reason"},
    {"greedy", "choices/0/stop_reason", "\"other\"", "was not told"},
    {"greedy", "choices/0/text", "7", "text"},
    {"greedy", "choices/0/index", "1", "index"},
    {"greedy", "choices/0/index", "-1", "index"},
    {"greedy", "choices/0", "[]", "choice"},
    {"greedy", "choices/0", NULL, "0 choices, asked were 1"},
    {"greedy", "choices", "null", "a list"},
    {"greedy", "usage/prompt_tokens", "18", "prompt of 18 tokens, of which 17"},
    {"greedy", "usage/completion_tokens", "5", "counts 5 tokens and tells 4"},
    {"greedy", "usage", NULL, "prompt_tokens"},
    {"greedy", "usage/prompt_tokens_details", "{\"cached_tokens\":-1}", "cached_tokens"},
    {"length", "choices/0/logprobs/tokens/3", "\"token_id:1\"", "at most 3"},
    {"choices", "choices/1/index", "0", "comes twice"},
    {"choices", "choices/1/index", "3", "from 0 to 2"},
    {"choices", "choices/1/index", NULL, "index"},
    {"choices", "choices/2", NULL, "2 choices, asked were 3"},
    {"choices", "choices/0/logprobs/top_logprobs/0", NULL, "lists"},
    {"choices", "choices/0/logprobs/top_logprobs/0", "[]", "most likely"},
    {"choices", "choices/0/logprobs/top_logprobs/0", "{}", "lacks the drawn token"},
    {"choices", "choices/0/logprobs/top_logprobs/0/token_id:007", "-9", "token_id:N"},
    {"choices", "choices/0/logprobs/top_logprobs/0", "{\"token_id:1\":-1,\"token_id:2\":-1,\"token_id:3\":-1}",
     "lacks the drawn token"},
    {"choices", "choices/0/logprobs/top_logprobs/0",
     "{\"token_id:1\":-1,\"token_id:2\":-1,\"token_id:3\":-1,\"token_id:4\":-1}", "most likely"},
};

static const struct bending of_llama_server[] = {
    {"greedy", "1/completion_probabilities/0/id", "-1", "an id"},
    {"greedy", "1/completion_probabilities/0/id", "4294967296", "an id"},
    {"greedy", "1/completion_probabilities/0/id", "1.5", "an id"},
    {"greedy", "1/completion_probabilities/0/id", NULL, "an id"},
    {"greedy", "1/completion_probabilities/0/logprob", "0.5", "a number up to 0"},
    {"greedy", "1/completion_probabilities/0/logprob", "null", "a number up to 0"},
    {"greedy", "1/completion_probabilities/0/top_logprobs", "null", "a list"},
    {"greedy", "1/completion_probabilities/0/top_logprobs/1", "{\"id\":1,\"logprob\":-1,\"bytes\":[]}", "has 2 tokens"},
    {"greedy", "1/completion_probabilities/0/top_logprobs/0/bytes/0", "256", "a byte"},
    {"greedy", "1/completion_probabilities/0/top_logprobs/0/bytes/0", "-1", "a byte"},
    {"greedy", "1/completion_probabilities/0/top_logprobs/0/logprob", "3", "a number up to 0"},
    {"greedy", "1/completion_probabilities/1", "{\"id\":1,\"logprob\":-1,\"top_logprobs\":[]}", "after number 1"},
    {"greedy", "1/tokens_predicted", "1", "after number 1"},
    {"greedy", "1/tokens_predicted", "0", "after it had 1"},
    {"greedy", "1/tokens_predicted", "25", "from 0 to 24"},
    {"greedy", "1/tokens_predicted", "18446744073709551616", "no JSON"},
    {"greedy", "1/tokens_predicted", NULL, "tokens_predicted"},
    {"greedy", "1/content", "null", "a text"},
    {"greedy", "1/index", "1", "index"},
    {"greedy", "1/stop", "true", "stop_type"},
    {"greedy", "4/stop_type", "\"none\"", "stop_type"},
    {"greedy", "4/stopping_word", "\"other\"", "was not told"},
    {"greedy", "4/stopping_word", NULL, "stopping_word"},
    {"greedy", "4/tokens_evaluated", "18", "prompt of 18 tokens, of which 17"},
    {"greedy", "4/timings/cache_n", "-1", "cache_n"},
    {"greedy", "4/stop", "false", "ended before"},
    {"greedy", "4", NULL, "ended before"},
    {"greedy", "5", "{\"content\":\"\",\"tokens_predicted\":4}", "after its end"},
    {"greedy", "2", "[]", "tokens_predicted"},
    {"choices", "0/index", "3", "from 0 to 2"},
    {"choices", "0/index", NULL, "index"},
    {"choices", "0/completion_probabilities/0/top_logprobs/1/id", "272", "twice"},
    {"choices_whole", "1/index", "0", "after its end"},
    {"choices_whole", "1/index", "3", "from 0 to 2"},
    {"choices_whole", "2", NULL, "2 choices, asked were 3"},
    {"length_whole", "tokens/0", "9", "token 0 is told as"},
    {"length_whole", "tokens/0", "-9", "an id"},
};

static void check_bending(const json_t *list, const ps_dialect *dialect, const struct bending *b, ps_arena *arena) {
    const json_t *record = recorded(list, b->name);
    const ps_remote_ask ask = ask_of(record, arena);
    ps_text body;
    if (b->value != NULL && strcmp(b->value, "18446744073709551616") == 0)
        body = replaced(record, "\"tokens_predicted\":2", "\"tokens_predicted\":18446744073709551616");
    else
        body = bent(record, b->place, b->value);
    refused(dialect, &ask, &body, PS_FORMAT, b->words, b->place);
    ps_text_clear(&body);
}

static void what_is_not_as_expected_is_refused(void **state) {
    const fixture *f = *state;
    for (size_t i = 0; i < sizeof of_vllm / sizeof *of_vllm; i++)
        check_bending(f->vllm, &ps_dialect_vllm, &of_vllm[i], f->arena);
    for (size_t i = 0; i < sizeof of_llama_server / sizeof *of_llama_server; i++)
        check_bending(f->llama, &ps_dialect_llama_server, &of_llama_server[i], f->arena);
}

/* ---- What is no JSON of ours --------------------------------------------- */

static void check_replaced(const json_t *list, const ps_dialect *dialect, const char *from, const char *to,
                           ps_arena *arena) {
    const json_t *record = recorded(list, "greedy");
    const ps_remote_ask ask = ask_of(record, arena);
    ps_text body = replaced(record, from, to);
    refused(dialect, &ask, &body, PS_FORMAT, "no JSON", to);
    ps_text_clear(&body);
}

static void numbers_that_json_has_not_and_keys_that_come_twice_are_refused(void **state) {
    const fixture *f = *state;
    static const char *const values[] = {"NaN", "1e999", "-1e999", "-Infinity", "+1", "\"a\",\"index\":0"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char to[64];
        snprintf(to, sizeof to, "\"index\":%s", values[i]);
        check_replaced(f->vllm, &ps_dialect_vllm, "\"index\":0", to, f->arena);
        check_replaced(f->llama, &ps_dialect_llama_server, "\"index\":0", to, f->arena);
    }
}

static void nested(ps_text *body, const char *bracket, size_t depth) {
    for (size_t i = 0; i < depth; i++)
        ps_text_puts(body, bracket);
}

/* Nesting and the number of values are bounded before memory is taken for them. */
static void a_small_body_makes_no_large_tree(void **state) {
    const fixture *f = *state;
    const ps_remote_ask vllm = ask_of(recorded(f->vllm, "greedy"), f->arena);
    ps_remote_ask llama = ask_of(recorded(f->llama, "greedy"), f->arena);
    ps_text deep = {0}, wide = {0}, quoted = {0};
    nested(&deep, "[", 3000);
    ps_text_puts(&wide, "[0");
    nested(&wide, ",0", 1 << 20);
    ps_text_puts(&wide, "]");
    ps_text_puts(&quoted, "{\"a\":\"\\\",");
    nested(&quoted, ",", 1 << 20);
    ps_text_puts(&quoted, "\"}");
    llama.stream = false;
    refused(&ps_dialect_vllm, &vllm, &deep, PS_FORMAT, "no JSON", "deep");
    refused(&ps_dialect_llama_server, &llama, &deep, PS_FORMAT, "no JSON", "deep");
    refused(&ps_dialect_vllm, &vllm, &wide, PS_FORMAT, "more than", "wide");
    refused(&ps_dialect_llama_server, &llama, &wide, PS_FORMAT, "more than", "wide");
    refused(&ps_dialect_vllm, &vllm, &quoted, PS_FORMAT, "choices", "quoted"); /* commas of a text are no values */
    ps_text_clear(&deep);
    ps_text_clear(&wide);
    ps_text_clear(&quoted);
}

static void every_cut_of_an_answer_is_refused(void **state) {
    const fixture *f = *state;
    const struct {
        const json_t *record;
        const ps_dialect *dialect;
    } answers[] = {{recorded(f->vllm, "greedy"), &ps_dialect_vllm},
                   {recorded(f->llama, "greedy"), &ps_dialect_llama_server}};
    for (size_t i = 0; i < 2; i++) {
        const ps_remote_ask ask = ask_of(answers[i].record, f->arena);
        size_t length;
        const char *body = body_of(answers[i].record, &length);
        while (length > 0 && strchr("\n}", body[length - 1]) != NULL)
            length--; /* what is left out here is not missed */
        for (size_t cut = 0; cut < length; cut += 1 + cut / 50) {
            const ps_text part = {.data = (char *)body, .length = cut};
            refused(answers[i].dialect, &ask, &part, PS_FORMAT, "", "cut");
        }
    }
}

/* ---- Errors in the place of answers -------------------------------------- */

static void an_error_of_the_server_is_told_in_its_words(void **state) {
    const fixture *f = *state;
    const ps_remote_ask vllm = ask_of(recorded(f->vllm, "greedy"), f->arena);
    const ps_remote_ask llama = ask_of(recorded(f->llama, "greedy"), f->arena);
    static const char error[] = "{\"error\":{\"message\":\"engine dead\",\"code\":500}}";
    static const char *const streams[] = {"data: {\"error\":{\"message\":\"engine dead\"}}\n\n",
                                          "error: {\"error\":{\"message\":\"engine dead\"}}\n\n"};
    ps_text body = {.data = (char *)error, .length = sizeof error - 1};
    refused(&ps_dialect_vllm, &vllm, &body, PS_HTTP, "the server says: engine dead", "error");
    for (size_t i = 0; i < 2; i++) {
        ps_text begun = {0};
        size_t length;
        const char *good = body_of(recorded(f->llama, "greedy"), &length);
        ps_text_append(&begun, good, (size_t)(strstr(good, "\n\n") + 2 - good));
        ps_text_puts(&begun, streams[i]);
        refused(&ps_dialect_llama_server, &llama, &begun, PS_HTTP, "the server says: engine dead", "error");
        ps_text_clear(&begun);
    }
}

static const struct shape {
    const char *body, *words; /* NULL: none */
} shapes[] = {
    {"{\"error\":{\"message\":\"a\",\"type\":\"b\",\"code\":400}}", "a"},
    {"{\"error\":\"Unauthorized\"}", "Unauthorized"},
    {"{\"detail\":\"Not Found\"}", "Not Found"},
    {"{\"detail\":[{\"loc\":[\"body\",\"n\"],\"msg\":\"too small\",\"type\":\"x\"}]}", "too small"},
    {"{\"object\":\"error\",\"message\":\"old\"}", "old"},
    {"{\"message\":\"proxy\"}", "proxy"},
    {"{\"errors\":[\"first\",\"second\"]}", "first"},
    {"{\"error\":{}}", "an error without a message"},
    {"{\"error\":null,\"message\":\"m\"}", "m"},
    {"<html><head><TITLE>\n502 Bad Gateway </Title></head><body>…</body></html>", "502 Bad Gateway"},
    {"<html>no title", NULL},
    {"<title>never closed", NULL},
    {"upstream timed out\nmore", "upstream timed out"},
    {"", NULL},
    {"\n", NULL},
    {"{}", NULL},
    {"[]", NULL},
    {"{\"error\":{\"message\":\"a\\u001b[2Jb\\u0000c\\u009dd\"}}", "a\\x1b[2Jb\\x00c\\xc2\\x9dd"},
    {"bad \xFF byte", "bad \\xff byte"},
};

static void words_are_found_in_every_shape_of_error(void **state) {
    const fixture *f = *state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const char *words = ps_remote_error_text(shapes[i].body, strlen(shapes[i].body), f->arena);
        if (shapes[i].words == NULL ? words != NULL : words == NULL || strstr(words, shapes[i].words) != words)
            fail_msg("%s: \"%s\"", shapes[i].body, words != NULL ? words : "nothing");
    }
}

static void recorded_errors_have_words(void **state) {
    const fixture *f = *state;
    const json_t *lists[] = {f->llama, f->vllm}, *record;
    size_t found = 0;
    for (size_t l = 0; l < 2; l++) {
        size_t i, length;
        json_array_foreach(lists[l], i, record) {
            if (json_integer_value(json_object_get(record, "status")) == 200) continue;
            const char *body = body_of(record, &length);
            const char *words = ps_remote_error_text(body, length, f->arena);
            if (words == NULL) fail_msg("%s: nothing", body);
            found++;
        }
    }
    assert_true(found >= 10);
    size_t length;
    const char *body = body_of(recorded(f->llama, "context_exceeded"), &length);
    assert_non_null(strstr(ps_remote_error_text(body, length, f->arena), "exceeds the available context size"));
}

static void long_words_are_cut_between_characters(void **state) {
    const fixture *f = *state;
    ps_text body = {0};
    for (int i = 0; i < 400; i++)
        ps_text_puts(&body, "é");
    const char *words = ps_remote_error_text(body.data, body.length, f->arena);
    assert_non_null(words);
    assert_int_equal(strlen(words), 500 + strlen(" …"));
    ps_text_clear(&body);
}

/* ---- Ids and texts ------------------------------------------------------- */

static void ids_and_texts_that_are_none_are_refused(void **state) {
    const fixture *f = *state;
    static const char *const lists[] = {"{\"tokens\":[-1]}",
                                        "{\"tokens\":[4294967296]}",
                                        "{\"tokens\":[1.0]}",
                                        "{\"tokens\":null}",
                                        "{\"tokens\":{}}",
                                        "{}",
                                        "[]",
                                        "{\"tokens\":[1,]}",
                                        "",
                                        "{\"tokens\":[[1]]}",
                                        "{\"tokens\":[\"1\"]}"};
    static const char *const texts[] = {"{\"prompt\":1,\"content\":1}", "{}", "[]", "\"text\"", ""};
    const ps_dialect *dialects[] = {&ps_dialect_vllm, &ps_dialect_llama_server};
    for (size_t d = 0; d < 2; d++) {
        ps_token *ids = NULL;
        const char *text = NULL;
        size_t n = 7;
        for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
            assert_int_equal(dialects[d]->read_tokenize(lists[i], strlen(lists[i]), f->arena, &ids, &n, NULL),
                             PS_FORMAT);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            assert_int_equal(dialects[d]->read_detokenize(texts[i], strlen(texts[i]), f->arena, &text, &n, NULL),
                             PS_FORMAT);
            assert_int_equal(dialects[d]->read_chat(texts[i], strlen(texts[i]), f->arena, &text, &ids, &n, NULL),
                             PS_FORMAT);
        }
        assert_true(ids == NULL && text == NULL && n == 7);
    }
}

/* ---- Memory -------------------------------------------------------------- */

static void every_failed_allocation_is_no_memory(void **state) {
    const fixture *f = *state;
    const struct {
        const json_t *record;
        const ps_dialect *dialect;
    } answers[] = {{recorded(f->vllm, "choices"), &ps_dialect_vllm},
                   {recorded(f->llama, "choices"), &ps_dialect_llama_server},
                   {recorded(f->llama, "choices_whole"), &ps_dialect_llama_server}};
    for (size_t i = 0; i < 3; i++) {
        const ps_remote_ask ask = ask_of(answers[i].record, f->arena);
        size_t length;
        const char *body = body_of(answers[i].record, &length);
        ps_status status = PS_NOMEM;
        for (size_t fail_at = 1; status == PS_NOMEM; fail_at++) {
            failing_allocator counting;
            ps_remote_answer answer;
            failing_install(&counting, fail_at);
            ps_arena *arena = ps_arena_create();
            if (arena != NULL) status = answers[i].dialect->read_answer(&ask, body, length, arena, &answer, NULL);
            ps_arena_free(arena);
            failing_remove();
            assert_int_equal(counting.alive, 0);
            if (status != PS_NOMEM) assert_true(fail_at > 2);
        }
        check_ok(status);
    }
}

/* ---- Events -------------------------------------------------------------- */

/* However the network cuts a stream, the same events come out, and a line that is not complete is none. */
static void events_are_the_same_however_they_come(void **state) {
    (void)state;
    static const char stream[] =
        ": comment\n\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:two\n\nid: 3\ndata: \n\ndata: last";
    static const char *const expected[] = {"{\"a\":1}", "two", "", "last"};
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        ps_remote_events events = {0};
        const char *data = NULL;
        size_t n = 0, found = 0;
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            const size_t left = sizeof stream - 1 - at;
            ps_remote_events_add(&events, stream + at, left < piece ? left : piece);
            while (ps_remote_events_next(&events, false, &data, &n)) {
                assert_true(found < 3 && n == strlen(expected[found]));
                assert_memory_equal(data, expected[found], n);
                found++;
            }
        }
        assert_int_equal(found, 3);
        assert_true(ps_remote_events_next(&events, true, &data, &n) && n == 4 && memcmp(data, "last", 4) == 0);
        assert_false(ps_remote_events_next(&events, true, &data, &n));
        ps_remote_events_clear(&events);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_as_expected_is_refused),
        cmocka_unit_test(numbers_that_json_has_not_and_keys_that_come_twice_are_refused),
        cmocka_unit_test(a_small_body_makes_no_large_tree),
        cmocka_unit_test(every_cut_of_an_answer_is_refused),
        cmocka_unit_test(an_error_of_the_server_is_told_in_its_words),
        cmocka_unit_test(words_are_found_in_every_shape_of_error),
        cmocka_unit_test(recorded_errors_have_words),
        cmocka_unit_test(long_words_are_cut_between_characters),
        cmocka_unit_test(ids_and_texts_that_are_none_are_refused),
        cmocka_unit_test(every_failed_allocation_is_no_memory),
        cmocka_unit_test(events_are_the_same_however_they_come),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
