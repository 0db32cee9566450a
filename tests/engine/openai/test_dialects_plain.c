/* Servers of which nothing is known but the protocol: text or chats, by events or whole. What vLLM answers when it is
 * asked so was recorded. */
#include "engine/openai/recordings.h"

static const char rendered[] = "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n";
static const ps_chat_message chat = {"user", "What is 12 + 30?"};
static const ps_dialect *const plain = &ps_dialect_plain;

typedef struct fixture {
    json_t *list;
    ps_arena *arena;
} fixture;

static int set_up(void **state) {
    fixture *f = malloc(sizeof *f);
    *f = (fixture){recordings("vllm"), ps_arena_create()};
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    fixture *f = *state;
    json_decref(f->list);
    ps_arena_free(f->arena);
    free(f);
    return 0;
}

static ps_remote_ask ask_for(bool of_chat, bool stream) {
    ps_remote_ask ask = {.model = "model",
                         .temperature = 0.7,
                         .top_p = 0.95,
                         .max_tokens = 24,
                         .seed = 12 << 12,
                         .n = 2,
                         .stream = stream};
    if (of_chat) {
        ask.messages = &chat;
        ask.n_messages = 1;
    } else {
        ask.text = rendered;
        ask.text_length = sizeof rendered - 1;
    }
    return ask;
}

static const struct {
    const char *name;
    bool chat, stream;
} asks[] = {{"plain_text", false, true},
            {"plain_text_whole", false, false},
            {"plain_chat", true, true},
            {"plain_chat_whole", true, false}};
enum { ASKS = sizeof asks / sizeof *asks };

static void what_is_asked_is_as_recorded(void **state) {
    const fixture *f = *state;
    for (size_t i = 0; i < ASKS; i++) {
        const ps_remote_ask ask = ask_for(asks[i].chat, asks[i].stream);
        ps_text body = {0};
        const char *path = NULL;
        assert_ok(plain->write_ask(&ask, &body, &path, err));
        if (!is_request(recorded(f->list, asks[i].name), &body, path))
            fail_msg("%s: another request: %s", asks[i].name, ps_text_cstr(&body));
        ps_text_clear(&body);
    }
}

/* top_k is no field of the protocol: it is sent where it changes something, so that nothing is drawn otherwise than was
 * asked. Tokens are not to be had. */
static void what_the_protocol_has_not_is_sent_only_where_it_matters(void **state) {
    (void)state;
    static const ps_token tokens[] = {1};
    ps_remote_ask ask = ask_for(true, false);
    ps_text body = {0};
    const char *path = NULL;
    check_ok(plain->write_ask(&ask, &body, &path, NULL));
    assert_null(strstr(body.data, "top_k"));
    ps_text_reset(&body);
    ask.top_k = 20;
    check_ok(plain->write_ask(&ask, &body, &path, NULL));
    assert_non_null(strstr(body.data, "\"top_k\":20"));
    ask.tokens = tokens;
    ask.n_tokens = 1;
    assert_int_equal(plain->write_ask(&ask, &body, &path, NULL), PS_ARG);
    ps_text_clear(&body);
}

/* The same text whole and by events, from the same seed. */
static void answers_are_read(void **state) {
    const fixture *f = *state;
    ps_remote_answer answers[ASKS];
    for (size_t i = 0; i < ASKS; i++) {
        const ps_remote_ask ask = ask_for(asks[i].chat, asks[i].stream);
        size_t length;
        const char *body = body_of(recorded(f->list, asks[i].name), &length);
        assert_ok(plain->read_answer(&ask, body, length, f->arena, &answers[i], err));
        assert_int_equal(answers[i].n, 2);
        assert_int_equal(answers[i].prompt_tokens, 17);
        assert_true(answers[i].drawn > 2);
        for (size_t c = 0; c < 2; c++) {
            const ps_remote_choice *choice = &answers[i].choices[c];
            assert_true(choice->text_length > 0 && choice->text_length == strlen(choice->text));
            assert_true(choice->tokens == NULL && choice->logp == NULL && ps_remote_whole(choice));
            assert_true(choice->end == PS_REMOTE_EOS || choice->end == PS_REMOTE_LENGTH);
        }
    }
    for (size_t i = 0; i < ASKS; i += 2)
        for (size_t c = 0; c < 2; c++)
            assert_string_equal(answers[i].choices[c].text, answers[i + 1].choices[c].text);
}

/* Pieces of a stream are its texts, one after another, for who looks at it while it comes. */
static void pieces_are_the_text(void **state) {
    const fixture *f = *state;
    for (size_t i = 0; i < ASKS; i += 2) {
        const ps_remote_ask ask = ask_for(asks[i].chat, true);
        size_t length, at = 0, n = 0, ends = 0, none = 0;
        const char *body = body_of(recorded(f->list, asks[i].name), &length), *data = NULL;
        ps_text texts[2] = {{0}, {0}};
        ps_remote_answer answer;
        assert_ok(plain->read_answer(&ask, body, length, f->arena, &answer, err));
        while (ps_remote_events_of(body, length, false, &at, &data, &n)) {
            ps_remote_piece piece;
            assert_ok(plain->read_piece(&ask, data, n, f->arena, &piece, err));
            none += piece.index == SIZE_MAX;
            if (piece.index == SIZE_MAX) continue;
            assert_true(piece.index < 2);
            ps_text_append(&texts[piece.index], piece.text, piece.text_length);
            ends += piece.ended;
        }
        assert_int_equal(ends, 2);
        assert_int_equal(none, 2); /* the one with the usage, and [DONE] */
        for (size_t c = 0; c < 2; c++) {
            assert_string_equal(ps_text_cstr(&texts[c]), answer.choices[c].text);
            ps_text_clear(&texts[c]);
        }
    }
}

/* ---- What is refused ----------------------------------------------------- */

static const struct bending {
    bool chat, stream;
    const char *body, *words;
} bendings[] = {
    {false, false, "{\"choices\":[]}", "0 choices, asked were 1"},
    {false, false, "{\"choices\":{}}", "a list"},
    {false, false, "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}", "a text"},
    {false, false, "{\"choices\":[{\"index\":1,\"text\":\"\",\"finish_reason\":\"stop\"}]}", "index"},
    {false, false, "{\"choices\":[{\"text\":\"\",\"finish_reason\":null}]}", "why it ended"},
    {false, false, "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"content_filter\"}]}", "content_filter"},
    {false, false, "{\"choices\":[{\"text\":\"\",\"finish_reason\":3}]}", "finish_reason"},
    {false, false, "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":-1}}",
     "prompt_tokens"},
    {true, false, "{\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}", "message"},
    {true, false, "{\"choices\":[{\"message\":{\"content\":null},\"finish_reason\":\"stop\"}]}", "content"},
    {true, false, "{\"choices\":[{\"message\":{\"content\":[]},\"finish_reason\":\"stop\"}]}", "content"},
    {false, true, "", "the stream ended"},
    {false, true, "data: [DONE]\n", "the stream ended"},
    {false, true, "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":null}]}\n", "the stream ended"},
    {false, true, "data: {\"choices\":[{\"index\":1,\"text\":\"a\",\"finish_reason\":null}]}\n", "choice 1 of 1"},
    {false, true, "data: {\"choices\":[{\"text\":\"a\"},{\"text\":\"b\"}]}\n", "2 choices"},
    {false, true, "data: {\"choices\":[{\"text\":7}]}\n", "a text"},
    {false, true, "data: {}\n", "choices"},
    {false, true, "data: {\n", "no JSON"},
    {false, true,
     "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n"
     "data: {\"choices\":[{\"text\":\"b\",\"finish_reason\":\"stop\"}]}\n",
     "after its end"},
    {true, true, "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n", "delta"},
};

static void what_is_not_as_expected_is_refused(void **state) {
    const fixture *f = *state;
    for (size_t i = 0; i < sizeof bendings / sizeof *bendings; i++) {
        ps_remote_ask ask = ask_for(bendings[i].chat, bendings[i].stream);
        ps_remote_answer answer = {0};
        ps_error err = {0};
        ask.n = 1;
        ps_status status =
            plain->read_answer(&ask, bendings[i].body, strlen(bendings[i].body), f->arena, &answer, &err);
        if (status != PS_FORMAT || strstr(err.message, bendings[i].words) == NULL)
            fail_msg("%s: %s: %s", bendings[i].body, ps_status_text(status), err.message);
        assert_null(answer.choices);
    }
}

static void an_error_in_a_stream_is_told_in_its_words(void **state) {
    const fixture *f = *state;
    static const char body[] = "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":null}]}\n\n"
                               "data: {\"error\":{\"message\":\"gone\"}}\n\n";
    ps_remote_ask ask = ask_for(false, true);
    ps_remote_answer answer = {0};
    ps_error err;
    ask.n = 1;
    assert_int_equal(plain->read_answer(&ask, body, sizeof body - 1, f->arena, &answer, &err), PS_HTTP);
    assert_non_null(strstr(err.message, "gone"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_as_recorded),
        cmocka_unit_test(what_the_protocol_has_not_is_sent_only_where_it_matters),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(pieces_are_the_text),
        cmocka_unit_test(what_is_not_as_expected_is_refused),
        cmocka_unit_test(an_error_in_a_stream_is_told_in_its_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
