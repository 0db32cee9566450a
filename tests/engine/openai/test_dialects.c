/* What the dialects write is what was recorded with the real servers, and what these answered is read for what it is:
 * the shipped reasoner's tokens, the same through every server. */
#include "engine/openai/recordings.h"

static const struct server {
    const char *name;
    const ps_dialect *dialect;
} servers[] = {{"llama_server", &ps_dialect_llama_server}, {"vllm", &ps_dialect_vllm}};
enum { SERVERS = sizeof servers / sizeof *servers };

typedef struct fixture {
    json_t *list; /* recordings */
    const ps_dialect *dialect;
    ps_arena *arena;
} fixture;

static fixture set_up(size_t server) {
    fixture f = {recordings(servers[server].name), servers[server].dialect, ps_arena_create()};
    assert_non_null(f.arena);
    return f;
}

static void clear(fixture *f) {
    json_decref(f->list);
    ps_arena_free(f->arena);
}

static ps_remote_answer answer_of(const fixture *f, const char *name) {
    const json_t *record = recorded(f->list, name);
    const ps_remote_ask ask = ask_of(record, f->arena);
    ps_remote_answer answer = {0};
    size_t length;
    const char *body = body_of(record, &length);
    assert_ok(f->dialect->read_answer(&ask, body, length, f->arena, &answer, err));
    assert_int_equal(answer.n, ask.n);
    assert_int_equal(answer.prompt_tokens, ask.n_tokens);
    return answer;
}

/* ---- Writing ------------------------------------------------------------- */

static void what_is_asked_is_as_recorded(void **state) {
    (void)state;
    for (size_t s = 0; s < SERVERS; s++) {
        fixture f = set_up(s);
        const json_t *record;
        size_t i, asks = 0;
        json_array_foreach(f.list, i, record) {
            if (!json_is_object(json_object_get(record, "ask"))) continue;
            const ps_remote_ask ask = ask_of(record, f.arena);
            ps_text body = {0};
            const char *path = NULL;
            assert_ok(f.dialect->write_ask(&ask, &body, &path, err));
            if (!is_request(record, &body, path))
                fail_msg("%s, %s: another request: %s", servers[s].name,
                         json_string_value(json_object_get(record, "name")), ps_text_cstr(&body));
            ps_text_clear(&body);
            asks++;
        }
        assert_true(asks >= 13);
        clear(&f);
    }
}

static void check_written(const fixture *f, const char *name, ps_text *body, const char *path) {
    if (!is_request(recorded(f->list, name), body, path))
        fail_msg("%s, %s: another request: %s", f->dialect->name, name, ps_text_cstr(body));
    ps_text_reset(body);
}

static void texts_and_ids_are_asked_for_as_recorded(void **state) {
    (void)state;
    static const char rendered[] = "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n";
    static const char forged[] = "a<|im_end|>b";
    static const ps_chat_message chat = {"user", "What is 12 + 30?"};
    for (size_t s = 0; s < SERVERS; s++) {
        fixture f = set_up(s);
        const ps_dialect *d = f.dialect;
        ps_text body = {0};
        const char *path = NULL;
        ps_token *ids = NULL;
        size_t n = 0, length;
        assert_ok(d->write_tokenize("model", rendered, strlen(rendered), true, &body, &path, err));
        check_written(&f, "tokenize", &body, path);
        assert_ok(d->write_tokenize("model", forged, strlen(forged), true, &body, &path, err));
        check_written(&f, "tokenize_special", &body, path);
        if (!d->control_always) {
            assert_ok(d->write_tokenize("model", forged, strlen(forged), false, &body, &path, err));
            check_written(&f, "tokenize_plain", &body, path);
        }
        assert_ok(d->write_bos("model", &body, &path, err));
        check_written(&f, "bos", &body, path);
        assert_ok(d->write_chat("model", &chat, 1, &body, &path, err));
        check_written(&f, "chat", &body, path);
        const char *told = body_of(recorded(f.list, "tokenize"), &length);
        assert_ok(d->read_tokenize(told, length, f.arena, &ids, &n, err));
        assert_ok(d->write_detokenize("model", ids, n, &body, &path, err));
        check_written(&f, "detokenize", &body, path);
        ps_text_clear(&body);
        clear(&f);
    }
}

/* A text prompt stands in the place of the ids; bytes that are no UTF-8 and NULs come through as JSON can have them. */
static void a_text_is_asked_for_in_place_of_ids(void **state) {
    (void)state;
    for (size_t s = 0; s < SERVERS; s++) {
        static const char text[] = "a\0b\xFF\"\n";
        const ps_remote_ask ask = {.model = "m", .text = text, .text_length = sizeof text - 1, .max_tokens = 1, .n = 1};
        ps_text body = {0};
        const char *path = NULL;
        assert_ok(servers[s].dialect->write_ask(&ask, &body, &path, err));
        json_t *root = json_loadb(body.data, body.length, JSON_ALLOW_NUL, NULL);
        const json_t *prompt = json_object_get(root, "prompt");
        static const char expected[] = "a\0b\xEF\xBF\xBD\"\n";
        assert_int_equal(json_string_length(prompt), sizeof expected - 1);
        assert_memory_equal(json_string_value(prompt), expected, sizeof expected);
        json_decref(root);
        ps_text_clear(&body);
    }
}

/* Seed + i of a group stays apart by i after the folding, which is what a server does with n choices; and the largest
 * number, which means a random seed, does not come. */
static void a_folded_seed_keeps_its_choices_apart(void **state) {
    (void)state;
    json_int_t seen[512];
    size_t n_seen = 0;
    for (uint64_t group = 0; group < 256; group++) {
        json_int_t first = 0;
        const uint64_t base = (group * 0x2545F4914F6CDD1Du & INT64_MAX) >> 12 << 12;
        for (uint64_t i = 0; i < 4096; i += 4095) {
            const ps_remote_ask ask = {.model = "m", .text = "", .seed = base + i, .max_tokens = 1, .n = 1};
            ps_text body = {0};
            const char *path = NULL;
            assert_ok(ps_dialect_llama_server.write_ask(&ask, &body, &path, err));
            json_t *root = json_loads(ps_text_cstr(&body), 0, NULL);
            const json_int_t seed = json_integer_value(json_object_get(root, "seed"));
            if (i == 0) first = seed;
            assert_true(seed >= 0 && seed < UINT32_MAX);
            assert_int_equal(seed - first, i);
            seen[n_seen++] = seed;
            json_decref(root);
            ps_text_clear(&body);
        }
    }
    for (size_t i = 0; i < n_seen; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(seen[i], seen[k]);
}

/* Beyond the four that it takes vLLM is told of no stop string, and goes on after it; llama-server ends there. */
static void as_many_stops_are_sent_as_a_server_takes(void **state) {
    (void)state;
    fixture llama = set_up(0), vllm = set_up(1);
    const ps_remote_answer ended = answer_of(&llama, "many_stops"), beyond = answer_of(&vllm, "many_stops");
    assert_string_equal(ended.choices[0].stop, "+1");
    assert_string_equal(beyond.choices[0].stop, "\n");
    assert_int_equal(json_integer_value(json_object_get(recorded(vllm.list, "too_many_stops"), "status")), 400);
    clear(&llama);
    clear(&vllm);
}

static void a_chat_is_no_ask_of_tokens(void **state) {
    (void)state;
    static const ps_chat_message chat = {"user", "?"};
    for (size_t s = 0; s < SERVERS; s++) {
        const ps_remote_ask ask = {.model = "m", .messages = &chat, .n_messages = 1, .max_tokens = 1, .n = 1};
        ps_text body = {0};
        const char *path = NULL;
        assert_int_equal(servers[s].dialect->write_ask(&ask, &body, &path, NULL), PS_ARG);
        ps_text_clear(&body);
    }
}

/* ---- Reading ------------------------------------------------------------- */

/* What the greedy reasoner says, however it is asked. */
static const struct expectation {
    const char *name;
    ps_remote_end end;
    const char *stop; /* NULL: none */
    size_t n;
    ps_token tokens[8];
} expectations[] = {
    {"greedy", PS_REMOTE_STOPPED, "\n", 4, {272, 57, 272, 24}},
    {"stop_within_a_token", PS_REMOTE_STOPPED, "+1", 3, {272, 57, 272}},
    {"stop_over_tokens", PS_REMOTE_STOPPED, "+12\n", 4, {272, 57, 272, 24}},
    {"nearly_a_stop", PS_REMOTE_LENGTH, NULL, 4, {272, 57, 272, 24}},
    {"end_of_sequence", PS_REMOTE_EOS, NULL, 8, {272, 57, 272, 24, 5, 284, 139, 2}},
    {"length", PS_REMOTE_LENGTH, NULL, 3, {272, 57, 272}},
    {"context_full", PS_REMOTE_CONTEXT, NULL, 4, {4, 278, 13, 290}},
};

static void tokens_and_ends_are_read(void **state) {
    (void)state;
    for (size_t s = 0; s < SERVERS; s++) {
        fixture f = set_up(s);
        for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
            const struct expectation *e = &expectations[i];
            const ps_remote_answer answer = answer_of(&f, e->name);
            const ps_remote_choice *choice = &answer.choices[0];
            assert_false(answer.incomplete);
            assert_true(ps_remote_whole(choice));
            assert_int_equal(choice->n_tokens, e->n);
            assert_int_equal(answer.drawn, e->n);
            assert_memory_equal(choice->tokens, e->tokens, e->n * sizeof *e->tokens);
            if (choice->end != e->end) fail_msg("%s, %s: end %d", servers[s].name, e->name, (int)choice->end);
            assert_int_equal(choice->stop != NULL, e->stop != NULL);
            if (e->stop != NULL) assert_string_equal(choice->stop, e->stop);
        }
        clear(&f);
    }
}

/* Two implementations, two number formats of the KV cache. */
static void servers_agree_on_log_probabilities(void **state) {
    (void)state;
    fixture a = set_up(0), b = set_up(1);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++) {
        const char *name = expectations[i].name;
        const ps_remote_answer one = answer_of(&a, name), other = answer_of(&b, name);
        for (size_t k = 0; k < one.choices[0].n_tokens; k++)
            check_near(one.choices[0].logp[k], other.choices[0].logp[k], 0.02);
    }
    clear(&a);
    clear(&b);
}

/* Of three choices each token has the two most likely beside it, in order, and its own number where it is one. */
static void the_most_likely_are_read(void **state) {
    (void)state;
    enum { K = 2 };
    for (size_t s = 0; s < SERVERS; s++) {
        fixture f = set_up(s);
        const ps_remote_answer answer = answer_of(&f, "choices");
        size_t among = 0, beside = 0;
        assert_int_equal(answer.n, 3);
        for (size_t i = 0; i < 3; i++) {
            const ps_remote_choice *choice = &answer.choices[i];
            assert_true(choice->n_tokens > 0);
            for (size_t t = 0; t < choice->n_tokens; t++) {
                if (choice->tokens[t] < 0) continue; /* inside a character */
                const ps_token *tokens = choice->top_tokens + t * K;
                const double *logp = choice->top_logp + t * K;
                assert_true(tokens[0] >= 0 && tokens[1] >= 0 && tokens[0] != tokens[1] && logp[0] >= logp[1]);
                const size_t k = tokens[0] == choice->tokens[t] ? 0 : tokens[1] == choice->tokens[t] ? 1 : K;
                if (k < K)
                    check_near(logp[k], choice->logp[t], 1e-9);
                else
                    assert_true(choice->logp[t] <= logp[1]);
                among += k < K;
                beside += k == K;
            }
        }
        assert_true(among > 0 && beside > 0);
        clear(&f);
    }
}

/* What llama-server tells as a token's bytes is what it sends of the text just then; where a stop string is nearly
 * there that is nothing, or several tokens. A spelling is never more than the token. */
static void a_text_that_is_held_back_gives_no_wrong_spelling(void **state) {
    (void)state;
    fixture f = set_up(0);
    static const char *const spellings[] = {"12", "+", "12", "\n"};
    static const char *const names[] = {"nearly_a_stop", "stop_over_tokens", "greedy"};
    for (size_t n = 0; n < 3; n++) {
        const ps_remote_answer answer = answer_of(&f, names[n]);
        for (size_t i = 0; i < 4; i++) {
            assert_non_null(answer.choices[0].spellings[i]);
            assert_string_equal(answer.choices[0].spellings[i], spellings[i]);
            assert_int_equal(answer.choices[0].spelling_lengths[i], strlen(spellings[i]));
        }
    }
    const ps_remote_answer answer = answer_of(&f, "end_of_sequence");
    assert_null(answer.choices[0].spellings[7]); /* a control token */
    assert_string_equal(answer.choices[0].text, "12+12\n\\boxed{24}");
    clear(&f);
}

static void a_choice_of_a_stream_is_that_of_a_whole_answer(void **state) {
    (void)state;
    fixture f = set_up(0);
    const ps_remote_answer stream = answer_of(&f, "choices"), whole = answer_of(&f, "choices_whole");
    for (size_t c = 0; c < 3; c++) {
        const ps_remote_choice *a = &stream.choices[c], *b = &whole.choices[c];
        assert_int_equal(a->n_tokens, b->n_tokens);
        for (size_t i = 0; i < a->n_tokens; i++)
            assert_true(a->tokens[i] < 0 || a->tokens[i] == b->tokens[i]);
        assert_int_equal(a->end, b->end);
        assert_string_equal(a->text, b->text);
    }
    clear(&f);
}

static void ids_and_texts_are_read(void **state) {
    (void)state;
    static const ps_token prompt[] = {1, 400, 24, 559, 557, 46, 272, 46, 57, 46, 290, 77, 2, 24, 1, 407, 24};
    static const char rendered[] = "<|im_start|>user\nWhat is 12 + 30?<|im_end|>\n<|im_start|>assistant\n";
    for (size_t s = 0; s < SERVERS; s++) {
        fixture f = set_up(s);
        ps_token *ids = NULL;
        const char *text = NULL, *body;
        size_t n = 0, length;
        body = body_of(recorded(f.list, "tokenize"), &length);
        assert_ok(f.dialect->read_tokenize(body, length, f.arena, &ids, &n, err));
        assert_int_equal(n, sizeof prompt / sizeof *prompt);
        assert_memory_equal(ids, prompt, sizeof prompt);
        body = body_of(recorded(f.list, "detokenize"), &length);
        assert_ok(f.dialect->read_detokenize(body, length, f.arena, &text, &n, err));
        assert_string_equal(text, rendered);
        body = body_of(recorded(f.list, "chat"), &length);
        assert_ok(f.dialect->read_chat(body, length, f.arena, &text, &ids, &n, err));
        assert_true((text == NULL) != (ids == NULL));
        assert_int_equal(n, text != NULL ? strlen(rendered) : sizeof prompt / sizeof *prompt);
        body = body_of(recorded(f.list, "bos"), &length);
        assert_ok(f.dialect->read_tokenize(body, length, f.arena, &ids, &n, err));
        assert_int_equal(n, 1); /* the reasoner has no BOS */
        clear(&f);
    }
}

/* ---- What is missing ----------------------------------------------------- */

static const json_t *request_of(const json_t *list, const ps_text *body, const char *path) {
    const json_t *record;
    size_t i;
    json_array_foreach(list, i, record) if (is_request(record, body, path)) return record;
    fail_msg("no such request was recorded: %s", ps_text_cstr(body));
    return NULL;
}

/* Tokens that end inside a character are not told in the stream. They are asked for as it was recorded, until nothing
 * is missing: the ids, then the log-probabilities, of which one is far down the list. */
static void tokens_inside_characters_are_asked_for(void **state) {
    (void)state;
    fixture f = set_up(0);
    const ps_remote_ask ask = ask_of(recorded(f.list, "characters"), f.arena);
    ps_remote_answer answer = answer_of(&f, "characters");
    ps_remote_choice *choice = &answer.choices[0];
    size_t missing = 0, requests = 0;
    assert_true(answer.incomplete);
    for (size_t i = 0; i < choice->n_tokens; i++)
        missing += choice->tokens[i] < 0;
    assert_int_equal(missing, 2);
    assert_int_equal(choice->tokens[choice->n_tokens - 1], -1);
    while (!ps_remote_whole(choice)) {
        ps_text body = {0};
        const char *path = NULL;
        size_t length;
        assert_ok(f.dialect->write_missing(&ask, 0, choice, &body, &path, err));
        const char *told = body_of(request_of(f.list, &body, path), &length);
        assert_ok(f.dialect->read_missing(&ask, told, length, f.arena, choice, err));
        ps_text_clear(&body);
        assert_true(++requests < 10);
    }
    assert_int_equal(requests, 4); /* ids; one log-probability; another in two requests */
    for (size_t i = 0; i < choice->n_tokens; i++)
        for (size_t k = 0; k < ask.n_top; k++)
            assert_true(choice->top_tokens[i * ask.n_top + k] >= 0 && choice->top_logp[i * ask.n_top + k] <= 0);
    clear(&f);
}

/* Beside other requests numbers are rounded otherwise, and the same seed may give another token. Then what was drawn
 * last counts, all of it: its ids are known, and its log-probabilities are asked for. */
static void a_repetition_that_differs_takes_the_place_of_the_first(void **state) {
    (void)state;
    fixture f = set_up(0);
    const ps_remote_ask ask = ask_of(recorded(f.list, "characters"), f.arena);
    ps_remote_answer answer = answer_of(&f, "characters");
    ps_remote_choice *choice = &answer.choices[0];
    const size_t n = choice->n_tokens;
    size_t known = 0;
    while (choice->tokens[known] < 0)
        known++;
    char place[32];
    snprintf(place, sizeof place, "tokens/%zu", known);
    ps_text body = bent(recorded(f.list, "characters_again"), place, "9");
    assert_ok(f.dialect->read_missing(&ask, body.data, body.length, f.arena, choice, err));
    assert_int_equal(choice->n_tokens, n);
    assert_int_equal(choice->tokens[known], 9);
    assert_int_equal(choice->end, PS_REMOTE_LENGTH);
    for (size_t i = 0; i < n; i++)
        assert_true(choice->tokens[i] >= 0 && isnan(choice->logp[i]));
    ps_text_clear(&body);
    clear(&f);
}

static void a_token_that_the_server_does_not_know_is_refused(void **state) {
    (void)state;
    fixture f = set_up(0);
    const ps_remote_ask ask = ask_of(recorded(f.list, "characters"), f.arena);
    ps_remote_answer answer = answer_of(&f, "characters");
    size_t length;
    const char *again = body_of(recorded(f.list, "characters_again"), &length);
    assert_ok(f.dialect->read_missing(&ask, again, length, f.arena, &answer.choices[0], err));
    static const char few[] = "{\"completion_probabilities\":[{\"top_logprobs\":[{\"id\":1,\"logprob\":-1}]}]}";
    assert_int_equal(f.dialect->read_missing(&ask, few, sizeof few - 1, f.arena, &answer.choices[0], NULL), PS_FORMAT);
    clear(&f);
}

/* ---- The mode of the numbers --------------------------------------------- */

/* One token of one: its log-probability is 0 where the server tells those of the distribution drawn from. */
static void a_probe_tells_raw_numbers_from_processed_ones(void **state) {
    (void)state;
    fixture f = set_up(1);
    assert_true(answer_of(&f, "probe").choices[0].logp[0] < 0);
    assert_true(answer_of(&f, "probe_processed").choices[0].logp[0] == 0);
    clear(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_as_recorded),
        cmocka_unit_test(texts_and_ids_are_asked_for_as_recorded),
        cmocka_unit_test(a_text_is_asked_for_in_place_of_ids),
        cmocka_unit_test(a_folded_seed_keeps_its_choices_apart),
        cmocka_unit_test(as_many_stops_are_sent_as_a_server_takes),
        cmocka_unit_test(a_chat_is_no_ask_of_tokens),
        cmocka_unit_test(tokens_and_ends_are_read),
        cmocka_unit_test(servers_agree_on_log_probabilities),
        cmocka_unit_test(the_most_likely_are_read),
        cmocka_unit_test(a_text_that_is_held_back_gives_no_wrong_spelling),
        cmocka_unit_test(a_choice_of_a_stream_is_that_of_a_whole_answer),
        cmocka_unit_test(ids_and_texts_are_read),
        cmocka_unit_test(tokens_inside_characters_are_asked_for),
        cmocka_unit_test(a_repetition_that_differs_takes_the_place_of_the_first),
        cmocka_unit_test(a_token_that_the_server_does_not_know_is_refused),
        cmocka_unit_test(a_probe_tells_raw_numbers_from_processed_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
