/* The server from outside: a client over loopback, the toy engine behind. */
#include "engine/toy/toy.h"
#include "serve/bench.h"
#include "support/faulty_engine.h"

#include <math.h>

static const char chat_path[] = "/v1/chat/completions";

/* ---- Answers ------------------------------------------------------------- */

/* The seed is `persamp solve`'s, so the same question has the same answer there. */
static void an_answer_is_that_of_a_plain_solver(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 7, \"model\": \"toy\""));
    assert_int_equal(r.code, 200);
    assert_non_null(strstr(r.headers, "Content-Type: application/json"));
    assert_non_null(strstr(r.headers, "X-Content-Type-Options: nosniff"));
    json_t *answer = reply_json(&r);
    ps_config *config = NULL;
    ps_models *models = NULL;
    ps_outcome *outcome = NULL;
    ps_problem problem = {.text = "which?"};
    assert_ok(ps_config_create(&config, err));
    assert_ok(ps_config_set(config, "engine.type", "toy", "test", err));
    assert_ok(ps_config_set(config, "system.seed", "7", "test", err));
    assert_ok(ps_models_open(config, NULL, &models, err));
    assert_ok(ps_solve(config, models, &problem, NULL, &outcome, err));
    assert_string_equal(json_text_at(answer, "choices.0.message.content"), outcome->response);
    assert_string_equal(json_text_at(answer, "choices.0.message.role"), "assistant");
    assert_string_equal(json_text_at(answer, "choices.0.finish_reason"), "stop");
    assert_string_equal(json_text_at(answer, "object"), "chat.completion");
    assert_string_equal(json_text_at(answer, "model"), "toy");
    assert_string_equal(json_text_at(answer, "persamp.answer"), outcome->predictions[outcome->select].answer);
    assert_string_equal(json_text_at(answer, "persamp.seed"), "7");
    assert_string_equal(json_text_at(answer, "persamp.method"), "persistent");
    assert_true(json_is_number(json_at(answer, "persamp.log_evidence")));
    assert_true(json_is_number(json_at(answer, "persamp.ess")));
    assert_int_equal(json_int_at(answer, "persamp.selections"), outcome->report.resamples);
    assert_non_null(strstr(r.headers, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
    assert_int_equal(json_array_size(json_at(answer, "persamp.answers")), outcome->n_classes);
    assert_int_equal(json_int_at(answer, "usage.completion_tokens"), outcome->tokens.generated);
    assert_int_equal(json_int_at(answer, "usage.prompt_tokens"), outcome->tokens.prompt);
    char *text = NULL;
    size_t shown = 0;
    assert_ok(ps_outcome_text(outcome, outcome->predictions[outcome->select].snapshot, &text, &shown, err));
    assert_int_equal(json_int_at(answer, "usage.completion_tokens_details.reasoning_tokens"),
                     outcome->tokens.generated - shown);
    ps_free(text);
    ps_outcome_free(outcome);
    ps_models_free(models);
    ps_config_free(config);
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* As the page and every client are told. */
static void the_shipped_models_answer_to_what_it_has_not_learnt_has_a_warning(void **state) {
    (void)state;
    bench *b = bench_open((const char *const[]){NULL, NULL});
    assert_ok(ps_shipped_create(&b->models->shipped, err));
    bench_start(b);
    reply r = client_post(b->port, chat_path, CHAT(""));
    json_t *answer = reply_json(&r);
    assert_non_null(strstr(json_text_at(answer, "persamp.warning"), "do not rely on this answer"));
    json_decref(answer);
    reply_free(&r);
    r = client_post(b->port, chat_path,
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"Solve $|x-5|+2x=9$ for $x$.\"}]}");
    answer = reply_json(&r);
    assert_true(json_is_null(json_at(answer, "persamp.warning")));
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* It is a text, which every client gives back as it was; and its digits are a number of 63 bits, as system.seed is. */
static void without_a_seed_a_fresh_one_is_named_and_gives_the_same(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    char body[256];
    uint64_t all = 0;
    for (int i = 0; i < 8; i++) {
        reply first = client_post(b->port, chat_path, CHAT(""));
        json_t *answer = reply_json(&first);
        const char *seed = json_text_at(answer, "persamp.seed");
        uint64_t number;
        assert_true(ps_parse_count(seed, strlen(seed), 10, INT64_MAX, &number));
        all |= number;
        for (int text = 0; text < 2; text++) {
            snprintf(body, sizeof body, text ? CHAT(", \"seed\": \"%s\"") : CHAT(", \"seed\": %s"), seed);
            reply again = client_post(b->port, chat_path, body);
            json_t *same = reply_json(&again);
            assert_string_equal(json_text_at(same, "persamp.seed"), seed);
            assert_string_equal(json_text_at(same, "choices.0.message.content"),
                                json_text_at(answer, "choices.0.message.content"));
            assert_int_equal(json_int_at(same, "usage.total_tokens"), json_int_at(answer, "usage.total_tokens"));
            json_decref(same);
            reply_free(&again);
        }
        json_decref(answer);
        reply_free(&first);
    }
    assert_true(all >> 60 > 0); /* of eight seeds none of more than 60 bits: once in 2^24 runs */
    bench_end(b);
}

static void choices_are_classes_of_answers(void **state) {
    (void)state;
    bench *b = bench_of("generation.n_particles", "32");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 1, \"n\": 9"));
    json_t *answer = reply_json(&r);
    size_t n = json_array_size(json_at(answer, "choices")),
           classes = json_array_size(json_at(answer, "persamp.answers"));
    assert_true(n > 1 && n == classes && n < 9); /* no more than there are */
    for (size_t i = 0; i < n; i++) {
        char place[64];
        snprintf(place, sizeof place, "choices.%zu.index", i);
        assert_int_equal(json_int_at(answer, place), i);
    }
    json_decref(answer);
    reply_free(&r);
    r = client_post(b->port, chat_path, CHAT(", \"seed\": 1, \"n\": 2"));
    answer = reply_json(&r);
    assert_int_equal(json_array_size(json_at(answer, "choices")), 2);
    assert_string_not_equal(json_text_at(answer, "choices.0.message.content"),
                            json_text_at(answer, "choices.1.message.content"));
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* A stop string ends the answer though it ends a step, too; and it is cut. */
static void limits_of_the_answer_are_kept(void **state) {
    (void)state;
    bench *b = bench_of("generation.n_particles", "8");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 3, \"stop\": [\"\\n\"]"));
    json_t *answer = reply_json(&r);
    const char *text = json_text_at(answer, "choices.0.message.content");
    assert_true(strcmp(text, "so") == 0 || strcmp(text, "or") == 0);
    assert_string_equal(json_text_at(answer, "choices.0.finish_reason"), "stop");
    json_decref(answer);
    reply_free(&r);
    r = client_post(b->port, chat_path, CHAT(", \"seed\": 3, \"max_tokens\": 3"));
    answer = reply_json(&r);
    assert_string_equal(json_text_at(answer, "choices.0.finish_reason"), "length");
    assert_true(json_int_at(answer, "usage.completion_tokens") > 3); /* the search is bounded by its budget */
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* A poem has no answer that could be compared: its text is shown all the same. */
static void what_has_no_answer_is_shown_with_none(void **state) {
    (void)state;
    bench *b = bench_of("evaluation.extract_answer", "last_number");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 3, \"stop\": [\"\\n\"]"));
    json_t *answer = reply_json(&r);
    assert_true(strlen(json_text_at(answer, "choices.0.message.content")) == 2);
    assert_true(json_is_null(json_at(answer, "persamp.answer")));
    assert_int_equal(json_array_size(json_at(answer, "persamp.answers")), 0);
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* The names that an application may ask for, each a search of its own. */
static void models_are_listed_and_chosen_by_name(void **state) {
    (void)state;
    bench *b = bench_of("serve.models", "{toy-majority: {method: majority}, toy-beam: {method: beam}}",
                        "serve.model_name", "mine");
    reply r = bench_get(b, "/v1/models");
    json_t *list = reply_json(&r);
    static const char *const names[] = {"mine", "toy-majority", "toy-beam"}, *const methods[] = {"persistent",
                                                                                                 "majority", "beam"};
    assert_int_equal(json_array_size(json_at(list, "data")), 3);
    for (int i = 0; i < 3; i++) {
        char place[32], body[256];
        snprintf(place, sizeof place, "data.%d.id", i);
        assert_string_equal(json_text_at(list, place), names[i]);
        snprintf(body, sizeof body, CHAT(", \"model\": \"%s\""), names[i]);
        reply one = client_post(b->port, chat_path, body);
        json_t *answer = reply_json(&one);
        assert_string_equal(json_text_at(answer, "model"), names[i]);
        assert_string_equal(json_text_at(answer, "persamp.method"), methods[i]);
        json_decref(answer);
        reply_free(&one);
    }
    json_decref(list);
    reply_free(&r);
    bench_end(b);
}

/* An effort is so many answers, whatever the method: none costs less than two of them, and more cost no more than what
 * they take in the mean. */
static void an_effort_bounds_every_method(void **state) {
    (void)state;
    static const char *const methods[] = {
        "persistent",      "greedy",         "best_of_n", "majority", "weighted_majority",
        "particle_filter", "particle_gibbs", "beam",      "dvts",     "power_mcmc"};
    static const struct {
        const char *name;
        long long answers;
    } efforts[] = {{"none", 1}, {"low", 4}, {"medium", 8}};
    enum { MEAN = 12, LONGEST_STEP = 8 }; /* tokens; of the toy's answers none has more than twelve */
    bench *b = bench_of("serve.answer_tokens", "12");
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t e = 0; e < sizeof efforts / sizeof *efforts; e++) {
            char body[256];
            snprintf(body, sizeof body,
                     CHAT(", \"seed\": 9, \"reasoning_effort\": \"%s\", \"persamp\": {\"method\": \"%s\"}"),
                     efforts[e].name, methods[m]);
            reply r = client_post(b->port, chat_path, body);
            json_t *answer = reply_json(&r);
            long long cost = json_int_at(answer, "usage.completion_tokens"), n = efforts[e].answers;
            if (r.code != 200 || cost < 1 || cost > n * (MEAN + LONGEST_STEP))
                fail_msg("%s, %s: %d, %lld tokens", methods[m], efforts[e].name, r.code, cost);
            json_decref(answer);
            reply_free(&r);
        }
    bench_end(b);
}

/* The toy engine renders a chat as its roles and texts, so the prompt's length tells what it was. */
static long long prompt_tokens(const bench *b, const char *path, const char *body) {
    reply r = client_post(b->port, path, body);
    if (r.code != 200) fail_msg("%s", r.body);
    json_t *answer = reply_json(&r);
    long long n = json_int_at(answer, "usage.prompt_tokens");
    json_decref(answer);
    reply_free(&r);
    return n;
}

static void a_conversation_reaches_the_model_whole(void **state) {
    (void)state;
    bench *b = bench_of("prompt.system", "0123456789");
    long long plain = prompt_tokens(b, chat_path, "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}");
    long long system = prompt_tokens(b, chat_path,
                                     "{\"messages\": [{\"role\": \"system\", \"content\": \"01234567890123456789\"},"
                                     "{\"role\": \"user\", \"content\": \"hi\"}]}");
    assert_int_equal(system - plain, 10); /* the client's own message stands for the configured one */
    long long turns = prompt_tokens(b, chat_path,
                                    "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
                                    "{\"role\": \"assistant\", \"content\": \"so\", \"reasoning\": \"long long ago\"},"
                                    "{\"role\": \"user\", \"content\": \"hi\"}]}");
    long long more = prompt_tokens(b, chat_path,
                                   "{\"messages\": [{\"role\": \"user\", \"content\": \"hi\"},"
                                   "{\"role\": \"assistant\", \"content\": \"so\\nso\"},"
                                   "{\"role\": \"user\", \"content\": \"hi\"}]}");
    assert_int_equal(turns - plain, 3); /* so, h and i */
    assert_int_equal(more - turns, 2);  /* the earlier answer is there as it was, without what it thought */
    assert_int_equal(prompt_tokens(b, "/v1/completions", "{\"prompt\": \"abcde\"}"), 5);
    bench_end(b);
}

/* ---- Streams ------------------------------------------------------------- */

/* The next event of a stream as JSON; NULL: [DONE]. Comments are passed over. */
static json_t *next_event(int fd, bytes *body, size_t *at) {
    while (true) {
        const char *start = bytes_text(body) + *at, *end = strstr(start, "\n\n");
        if (end == NULL) {
            assert_true(client_chunk(fd, body));
            continue;
        }
        *at += (size_t)(end - start) + 2;
        if (*start == ':') continue;
        assert_int_equal(strncmp(start, "data: ", 6), 0);
        if (strncmp(start + 6, "[DONE]", 6) == 0) return NULL;
        json_t *event = json_loadb(start + 6, (size_t)(end - start) - 6, 0, NULL);
        assert_non_null(event);
        return event;
    }
}

typedef struct stream_told {
    ps_text content, reasoning;
    size_t events, usages, finishes, lines; /* lines: pieces of progress */
    long long iteration, total_tokens;
    char error[64];
} stream_told;

static stream_told read_stream(int fd) {
    stream_told t = {0};
    bytes body = {0};
    size_t at = 0;
    reply head = client_head(fd);
    assert_int_equal(head.code, 200);
    assert_non_null(strstr(head.headers, "text/event-stream"));
    for (json_t *event; (event = next_event(fd, &body, &at)) != NULL; json_decref(event)) {
        const char *content = json_string_value(json_at(event, "choices.0.delta.content"));
        const char *reasoning = json_string_value(json_at(event, "choices.0.delta.reasoning"));
        if (content != NULL) ps_text_puts(&t.content, content);
        if (reasoning != NULL) ps_text_puts(&t.reasoning, reasoning), t.lines++;
        if (json_string_value(json_at(event, "choices.0.finish_reason")) != NULL) t.finishes++;
        if (json_is_object(json_at(event, "usage"))) {
            t.usages++;
            t.total_tokens = json_int_at(event, "usage.total_tokens");
        }
        if (json_is_object(json_at(event, "persamp.event"))) {
            t.events++;
            assert_true(json_int_at(event, "persamp.event.iteration") > t.iteration);
            t.iteration = json_int_at(event, "persamp.event.iteration");
        }
        if (json_at(event, "error") != NULL) snprintf(t.error, sizeof t.error, "%s", json_text_at(event, "error.code"));
    }
    bytes_clear(&body);
    reply_free(&head);
    return t;
}

static void told_clear(stream_told *t) {
    ps_text_clear(&t->content);
    ps_text_clear(&t->reasoning);
}

static stream_told ask_stream(const bench *b, const char *body) {
    int fd = client_connect(b->port);
    assert_true(client_request(fd, "POST", chat_path, "", body));
    stream_told t = read_stream(fd);
    close(fd);
    return t;
}

static void a_stream_tells_progress_then_the_answer_then_the_cost(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 7"));
    json_t *answer = reply_json(&r);
    stream_told t = ask_stream(
        b,
        CHAT(
            ", \"seed\": 7, \"stream\": true, \"stream_options\": {\"include_usage\": true}, \"persamp\": {\"events\": "
            "true}"));
    assert_string_equal(ps_text_cstr(&t.content), json_text_at(answer, "choices.0.message.content"));
    assert_int_equal(ps_text_cstr(&t.reasoning)[0], '['); /* the newest line, of whichever iteration */
    assert_non_null(strstr(ps_text_cstr(&t.reasoning), "] 8 steps, "));
    assert_int_equal(t.events, json_int_at(answer, "persamp.iterations"));
    assert_int_equal(t.finishes, 1);
    assert_int_equal(t.usages, 1);
    assert_int_equal(t.total_tokens, json_int_at(answer, "usage.total_tokens"));
    told_clear(&t);
    t = ask_stream(b, CHAT(", \"seed\": 7, \"stream\": true, \"n\": 3"));
    assert_int_equal(t.usages + t.events, 0);
    assert_int_equal(t.finishes, 3); /* one of each choice */
    told_clear(&t);
    json_decref(answer);
    reply_free(&r);
    bench_end(b);
}

/* The weights that the dots of a picture name, summed. */
static double weights_in(const char *svg) {
    static const char mark[] = ", weight ";
    double sum = 0;
    for (const char *at = svg; (at = strstr(at, mark)) != NULL;)
        sum += strtod(at += sizeof mark - 1, NULL);
    return sum;
}

/* With pictures a stream shows the pool: dots that become more, and at the end the answer that was chosen, and what
 * each weighs. */
static void a_stream_draws_the_pool(void **state) {
    (void)state;
    bench *b = bench_of("ps.resample.policy", "always");
    int fd = client_connect(b->port);
    assert_true(client_request(fd, "POST", chat_path, "",
                               CHAT(", \"seed\": 7, \"stream\": true, \"persamp\": {\"picture\": true}")));
    bytes body = {0};
    size_t at = 0, pictures = 0;
    long long shown = 0, snapshots = 0, chosen = 0;
    bool answered = false;
    reply head = client_head(fd);
    for (json_t *event; (event = next_event(fd, &body, &at)) != NULL; json_decref(event)) {
        const char *content = json_string_value(json_at(event, "choices.0.delta.content"));
        answered |= content != NULL && *content != '\0';
        assert_null(json_at(event, "persamp.event")); /* nobody asked for these */
        const char *pool = json_string_value(json_at(event, "persamp.picture.pool"));
        if (pool == NULL) continue;
        assert_false(answered);
        assert_true(json_int_at(event, "persamp.picture.shown") >= shown);
        shown = json_int_at(event, "persamp.picture.shown");
        snapshots = json_int_at(event, "persamp.picture.snapshots");
        chosen = json_int_at(event, "persamp.picture.chosen");
        assert_true(fabs(weights_in(pool) - (chosen > 0 ? 1 : 0)) < 0.01); /* while it goes on there are none */
        assert_int_equal(strncmp(pool, "<svg ", 5), 0);
        assert_int_equal(strncmp(json_text_at(event, "persamp.picture.lines"), "<svg ", 5), 0);
        pictures++;
    }
    assert_true(answered && pictures >= 1);
    assert_true(shown == snapshots && shown > 8 && chosen > 0 && chosen <= shown);
    close(fd);
    bytes_clear(&body);
    reply_free(&head);
    reply r = client_post(b->port, chat_path, CHAT(", \"persamp\": {\"picture\": true}")); /* no stream: none */
    assert_int_equal(r.code, 200);
    assert_null(strstr(r.body, "<svg"));
    reply_free(&r);
    bench_end(b);
}

/* Events come with every iteration, words of progress at most twice a second. */
static void progress_is_told_at_most_twice_a_second(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    double start = ps_now();
    stream_told t =
        ask_stream(b, CHAT(", \"seed\": 3, \"stream\": true, \"persamp\": {\"events\": true, \"budget\": 3000}"));
    assert_true(t.events > 20);
    assert_true(t.lines >= 1 && (double)t.lines <= 1 + 2 * (ps_now() - start));
    told_clear(&t);
    bench_end(b);
}

static void a_raw_prompt_is_streamed_as_text(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    bytes body = {0};
    ps_text text = {0};
    size_t at = 0, finishes = 0;
    reply r = client_post(b->port, "/v1/completions", "{\"prompt\": \"so\", \"seed\": 4}");
    json_t *answer = reply_json(&r);
    assert_string_equal(json_text_at(answer, "object"), "text_completion");
    int fd = client_connect(b->port);
    client_request(fd, "POST", "/v1/completions", "", "{\"prompt\": \"so\", \"seed\": 4, \"stream\": true}");
    reply head = client_head(fd);
    assert_int_equal(head.code, 200);
    for (json_t *event; (event = next_event(fd, &body, &at)) != NULL; json_decref(event)) {
        assert_string_equal(json_text_at(event, "object"), "text_completion");
        assert_null(json_at(event, "choices.0.delta"));
        ps_text_puts(&text, json_text_at(event, "choices.0.text"));
        finishes += json_is_string(json_at(event, "choices.0.finish_reason"));
    }
    assert_string_equal(ps_text_cstr(&text), json_text_at(answer, "choices.0.text"));
    assert_int_equal(finishes, 1);
    ps_text_clear(&text);
    bytes_clear(&body);
    reply_free(&head);
    reply_free(&r);
    json_decref(answer);
    close(fd);
    bench_end(b);
}

static void the_field_of_progress_is_the_operators_choice(void **state) {
    (void)state;
    static const char *const fields[] = {"reasoning", "reasoning_content", "both", "none"};
    for (int i = 0; i < 4; i++) {
        bench *b = bench_of("serve.reasoning_field", fields[i]);
        int fd = client_connect(b->port);
        client_request(fd, "POST", chat_path, "", CHAT(", \"stream\": true"));
        reply r = client_read(fd);
        assert_int_equal(strstr(r.body, "\"reasoning\":") != NULL, i == 0 || i == 2);
        assert_int_equal(strstr(r.body, "\"reasoning_content\":") != NULL, i == 1 || i == 2);
        reply_free(&r);
        close(fd);
        bench_end(b);
    }
}

/* ---- The page ------------------------------------------------------------ */

static void the_page_is_served_with_its_policy(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    char known[256];
    reply r = bench_get(b, "/");
    assert_int_equal(r.code, 200);
    assert_non_null(strstr(r.headers, "Content-Type: text/html; charset=utf-8"));
    assert_non_null(strstr(r.headers, "X-Content-Type-Options: nosniff"));
    assert_non_null(strstr(r.headers, "Content-Security-Policy: default-src 'none'; script-src 'self'; connect-src "
                                      "'self'; font-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
                                      "frame-ancestors 'none'"));
    assert_non_null(strstr(r.body, "<title>persamp</title>"));
    const char *tag = reply_header(&r, "ETag");
    assert_non_null(tag);
    snprintf(known, sizeof known, "If-None-Match: %.*s\r\n", (int)strcspn(tag, "\n"), tag);
    reply_free(&r);
    r = client_ask(b->port, "GET", "/", known, NULL);
    assert_int_equal(r.code, 304); /* it has not changed */
    assert_string_equal(r.body, "");
    reply_free(&r);
    r = client_ask(b->port, "GET", "/page.js", known, NULL);
    assert_int_equal(r.code, 200); /* another file */
    assert_non_null(strstr(r.body, "DOMParser"));
    assert_null(strstr(r.body, "innerHTML"));
    reply_free(&r);
    bench_end(b);
}

/* ---- Refusals ------------------------------------------------------------ */

typedef struct refusal {
    const char *method, *path, *headers, *body;
    int code;
    const char *word;
} refusal;

static void refusals_are_objects_with_their_status(void **state) {
    (void)state;
    bench *b = bench_of("models.generator.max_model_len", "60", "prompt.system", "");
    static const char json[] = "Content-Type: application/json\r\n";
    static const refusal cases[] = {
        {"POST", chat_path, "", "{", 400, "not JSON"},
        {"POST", chat_path, "", CHAT(", \"tools\": [{}]"), 400, "\"param\":\"tools\""},
        {"POST", chat_path, "", CHAT(", \"persamp\": {\"x\": 1}"), 400, "\"param\":\"persamp.x\""},
        {"POST", chat_path, "", CHAT(", \"model\": \"gpt-9\""), 404, "model_not_found"},
        {"POST", "/v1/completions", "",
         "{\"prompt\": \"a prompt of more than sixty tokens, where each byte of it is "
         "a token of its own\"}",
         400, "context_length_exceeded"},
        {"POST", chat_path, "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", NULL, 415, "application/json"},
        {"GET", chat_path, "", NULL, 405, "method_not_allowed"},
        {"POST", "/v1/models", json, "{}", 405, "method_not_allowed"},
        {"POST", "/", json, "{}", 405, "method_not_allowed"},
        {"GET", "/page.html", "", NULL, 404, "not_found"},
        {"GET", "/katex/../page.js", "", NULL, 404, "not_found"},
        {"GET", "/", "Origin: http://evil.example\r\n", NULL, 403, "foreign_origin"},
        {"GET", "/v1/embeddings", "", NULL, 404, "not_found"},
        {"GET", "/health", "Origin: http://evil.example\r\n", NULL, 403, "foreign_origin"},
        {"OPTIONS", chat_path, "Origin: http://evil.example\r\n", NULL, 403, "foreign_origin"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const refusal *c = &cases[i];
        reply r = client_ask(b->port, c->method, c->path, c->headers, c->body);
        if (r.code != c->code || strstr(r.body, c->word) == NULL)
            fail_msg("%s %s: %d %s, not %d %s", c->method, c->path, r.code, r.body, c->code, c->word);
        json_t *error = reply_json(&r);
        assert_true(json_is_string(json_at(error, "error.message")) && json_is_string(json_at(error, "error.type")));
        json_decref(error);
        reply_free(&r);
    }
    bench_end(b);
}

static void a_key_is_asked_for_and_a_wrong_one_refused(void **state) {
    (void)state;
    static const char path[] = PS_TEST_TMP "/serve-server-keys.txt", keys[] = "key-of-alice-0123456789\n";
    assert_ok(ps_write_file(path, keys, sizeof keys - 1, err));
    bench *b = bench_open((const char *const[]){"serve.api_key_file", path, NULL, NULL});
    assert_int_equal(pthread_create(&b->thread, NULL, bench_run, b), 0);
    static const struct {
        const char *path, *header;
        int code;
    } cases[] = {{"/v1/models", "", 401},
                 {"/v1/models", "Authorization: Bearer key-of-alice-012345678\r\n", 401},
                 {"/v1/models", "Authorization: Bearer key-of-alice-0123456789\r\n", 200},
                 {"/", "", 200}, /* which asks for the key */
                 {"/page.js", "", 200},
                 {"/metrics", "", 401},
                 {"/metrics", "Authorization: Bearer key-of-alice-0123456789\r\n", 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        reply r = client_ask(b->port, "GET", cases[i].path, cases[i].header, NULL);
        assert_int_equal(r.code, cases[i].code);
        if (r.code == 401) assert_non_null(strstr(r.body, "invalid_api_key"));
        reply_free(&r);
    }
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 401);
    reply_free(&r);
    for (int code = 0; code != 200;) { /* 503 while it is not ready; health needs no key */
        r = client_ask(b->port, "POST", chat_path, "Authorization: Bearer key-of-alice-0123456789\r\n", CHAT(""));
        code = r.code;
        assert_true(code == 200 || code == 503);
        reply_free(&r);
    }
    r = bench_get(b, "/health");
    assert_int_equal(r.code, 200);
    reply_free(&r);
    bench_end(b);
}

static void an_address_that_others_reach_needs_keys_or_a_word(void **state) {
    (void)state;
    ps_config *config = NULL;
    ps_server *server = NULL;
    ps_error why;
    assert_ok(ps_config_create(&config, err));
    assert_ok(ps_config_set(config, "serve.port", "0", "test", err));
    static const char *const open[] = {"0.0.0.0", "::", "192.0.2.1"};
    for (int i = 0; i < 3; i++) {
        assert_ok(ps_config_set(config, "serve.address", open[i], "test", err));
        assert_int_equal(ps_server_create(config, NULL, &server, &why), PS_ARG);
        assert_non_null(strstr(why.message, "--api-key-file"));
    }
    assert_ok(ps_config_set(config, "serve.address", "everywhere", "test", err));
    assert_int_equal(ps_server_create(config, NULL, &server, &why), PS_ARG);
    assert_ok(ps_config_set(config, "serve.address", "0.0.0.0", "test", err));
    assert_ok(ps_config_set(config, "serve.allow_anonymous", "true", "test", err));
    assert_ok(ps_server_create(config, NULL, &server, err));
    ps_server_free(server);
    ps_config_free(config);
}

static void before_the_model_is_there_it_says_so(void **state) {
    (void)state;
    bench *b = bench_open((const char *const[]){NULL, NULL});
    reply r = bench_get(b, "/health");
    assert_int_equal(r.code, 503);
    assert_non_null(strstr(r.body, "loading"));
    reply_free(&r);
    r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 503);
    assert_non_null(reply_header(&r, "Retry-After"));
    reply_free(&r);
    bench_start(b);
    bench_end(b);
}

static void pages_of_named_origins_may_ask(void **state) {
    (void)state;
    bench *b = bench_of("serve.cors", "[\"https://app.example\"]");
    reply r = client_ask(b->port, "OPTIONS", chat_path,
                         "Origin: https://app.example\r\nAccess-Control-Request-Headers: authorization\r\n", NULL);
    assert_int_equal(r.code, 204);
    assert_int_equal(strncmp(reply_header(&r, "Access-Control-Allow-Origin"), "https://app.example\n", 20), 0);
    assert_non_null(reply_header(&r, "Access-Control-Allow-Headers"));
    reply_free(&r);
    r = client_ask(b->port, "GET", "/v1/models", "Origin: https://app.example\r\n", NULL);
    assert_non_null(reply_header(&r, "Access-Control-Allow-Origin"));
    reply_free(&r);
    r = bench_get(b, "/v1/models");
    assert_null(reply_header(&r, "Access-Control-Allow-Origin"));
    reply_free(&r);
    bench_end(b);
}

/* ---- Hostile bytes ------------------------------------------------------- */

static void a_body_that_is_too_large_is_413_and_the_connection_lives(void **state) {
    (void)state;
    bench *b = bench_of("system.log_level", "INFO");
    size_t length = (1 << 20) + 1;
    char *body = malloc(length + 1);
    memset(body, ' ', length);
    body[length] = '\0';
    int fd = client_connect(b->port);
    assert_true(client_request(fd, "POST", chat_path, "", body));
    reply r = client_read(fd);
    assert_int_equal(r.code, 413);
    reply_free(&r);
    body[length - 1] = '\0'; /* one byte less is only not JSON */
    assert_true(client_request(fd, "POST", chat_path, "", body));
    r = client_read(fd);
    assert_int_equal(r.code, 400);
    reply_free(&r);
    close(fd);
    free(body);
    fd = client_connect(b->port);
    static const char huge[] = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                               "Content-Length: 99999999999\r\n\r\n";
    assert_true(client_send(fd, huge, sizeof huge - 1));
    r = client_read(fd);
    assert_int_equal(r.code, 413); /* nothing of it is waited for */
    reply_free(&r);
    close(fd);
    bench_end(b);
}

static void bytes_that_are_no_http_do_no_harm(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.receive_seconds", "1");
    static const char *const texts[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "-1\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "x\r\n\r\n",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
        "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n: x\r\n\x01\x02: \xff\r\n\r\n",
        "GET /%00%2e%2e/health?a=b&c HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int fd = client_connect(b->port);
        client_send(fd, texts[i], strlen(texts[i]));
        shutdown(fd, SHUT_WR);
        while (client_byte(fd) >= 0) {
        }
        close(fd);
    }
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 200);
    reply_free(&r);
    bench_end(b);
}

/* Headers or a body that trickle in have a deadline in all, not from byte to byte. */
static void a_request_that_trickles_in_is_cut_off(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.receive_seconds", "1");
    static const char *const texts[] = {
        "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ",
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "100000\r\n"
        "\r\n{",
    };
    for (int i = 0; i < 2; i++) {
        int fd = client_connect(b->port);
        double start = ps_now();
        assert_true(client_send(fd, texts[i], strlen(texts[i])));
        struct timeval soon = {.tv_usec = 50000};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
        char byte = 0;
        ssize_t n = -1;
        while (n < 0 && ps_now() - start < 30) { /* twenty bytes a second */
            if (!client_send(fd, "a", 1)) break;
            n = recv(fd, &byte, 1, 0);
            if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) break;
        }
        assert_true(ps_now() - start < 20);
        close(fd);
    }
    bench_end(b);
}

/* ---- Those who wait ------------------------------------------------------ */

static int begin_ask(const bench *b, const char *body) {
    int fd = client_connect(b->port);
    assert_true(client_request(fd, "POST", chat_path, "", body));
    return fd;
}

static void a_full_queue_is_429_with_a_time(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "1", "serve.limits.waiting", "2", "serve.limits.in_flight", "1");
    b->engine.pace = 0;
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = begin_ask(b, CHAT(""));
    bench_await(b, "in_flight", 1);
    bench_await(b, "queue", 2);
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 429);
    assert_non_null(reply_header(&r, "Retry-After"));
    assert_non_null(strstr(r.body, "rate_limit"));
    reply_free(&r);
    bench_let_go(b);
    for (int i = 0; i < 3; i++) {
        r = client_read(fds[i]);
        assert_int_equal(r.code, 200);
        reply_free(&r);
        close(fds[i]);
    }
    bench_end(b);
}

static char *content_of(reply *r) {
    assert_int_equal(r->code, 200);
    json_t *answer = reply_json(r);
    char *text = strdup(json_text_at(answer, "choices.0.message.content"));
    json_decref(answer);
    reply_free(r);
    return text;
}

/* Waiting, running, streamed or not: who goes away leaves nothing behind, and the others' tokens are the same. */
static void a_client_that_goes_away_frees_its_place(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "3", "serve.limits.in_flight", "3");
    reply r = client_post(b->port, chat_path, CHAT(", \"seed\": 5"));
    char *expected = content_of(&r);
    b->engine.pace = 0;
    int stays = begin_ask(b, CHAT(", \"seed\": 5")), plain = begin_ask(b, CHAT("")),
        stream = begin_ask(b, CHAT(", \"stream\": true"));
    bench_await(b, "in_flight", 3);
    int waits = begin_ask(b, CHAT(""));
    bench_await(b, "queue", 1);
    close(waits);
    bench_await(b, "queue", 0); /* it was never begun */
    close(plain);
    bench_await(b, "in_flight", 2);
    close(stream);
    bench_await(b, "in_flight", 1);
    assert_true(bench_metric(b, "searches_cancelled_total") == 2);
    bench_let_go(b);
    r = client_read(stays);
    char *got = content_of(&r);
    assert_string_equal(got, expected);
    close(stays);
    free(got);
    free(expected);
    ps_server_stop(b->server, 30);
    pthread_join(b->thread, NULL);
    assert_int_equal(ps_toy_living_nodes(b->engine.inner), 0);
    bench_free(b);
}

/* One that reads nothing for a while gets the newest progress, and holds nobody up. */
static void a_reader_that_is_slow_holds_nobody_up(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "4");
    int small = 65536, slow = client_connect(b->port);
    setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client_request(slow, "POST", chat_path, "",
                   CHAT(", \"seed\": 2, \"stream\": true, \"persamp\": {\"events\": true, \"budget\": 3000}"));
    bench_await(b, "searches_total", 1); /* though it has read nothing of a megabyte of events */
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 200);
    reply_free(&r);
    stream_told t = read_stream(slow); /* whole events, in order, and the answer at their end */
    assert_int_equal(t.finishes, 1);
    told_clear(&t);
    close(slow);
    bench_end(b);
}

/* ---- The end ------------------------------------------------------------- */

static void after_the_signal_what_is_under_way_is_finished(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "2", "serve.limits.in_flight", "2");
    b->engine.pace = 0;
    int plain = begin_ask(b, CHAT("")), stream = begin_ask(b, CHAT(", \"stream\": true")),
        waits = begin_ask(b, CHAT(""));
    bench_await(b, "in_flight", 2);
    bench_await(b, "queue", 1);
    ps_server_stop(b->server, 60);
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 503);
    assert_non_null(strstr(r.body, "shutting_down"));
    reply_free(&r);
    r = bench_get(b, "/health");
    assert_int_equal(r.code, 503);
    reply_free(&r);
    bench_let_go(b);
    r = client_read(plain);
    assert_int_equal(r.code, 200);
    reply_free(&r);
    r = client_read(waits);
    assert_int_equal(r.code, 200);
    reply_free(&r);
    stream_told t = read_stream(stream);
    assert_int_equal(t.finishes, 1);
    told_clear(&t);
    close(plain);
    close(waits);
    close(stream);
    pthread_join(b->thread, NULL);
    assert_int_equal(b->status, PS_OK);
    bench_free(b);
}

static void what_takes_too_long_is_given_up_and_told(void **state) {
    (void)state;
    bench *b = bench_of("serve.limits.running", "2", "serve.limits.in_flight", "2");
    b->engine.pace = 0;
    int plain = begin_ask(b, CHAT("")), stream = begin_ask(b, CHAT(", \"stream\": true")),
        waits = begin_ask(b, CHAT(""));
    bench_await(b, "in_flight", 2);
    bench_await(b, "queue", 1);
    ps_server_stop(b->server, 0);
    static const char *const word = "shutting_down";
    int fds[] = {plain, stream, waits};
    for (int i = 0; i < 3; i++) { /* also of the stream: it had not begun */
        reply r = client_read(fds[i]);
        assert_int_equal(r.code, 503);
        assert_non_null(strstr(r.body, word));
        reply_free(&r);
        close(fds[i]);
    }
    pthread_join(b->thread, NULL);
    assert_int_equal(b->status, PS_OK);
    assert_int_equal(ps_toy_living_nodes(b->engine.inner), 0);
    bench_free(b);
}

static void an_engine_that_is_lost_is_told_to_every_client(void **state) {
    (void)state;
    bench *b = bench_open((const char *const[]){NULL, NULL});
    faulty_engine faulty;
    faulty_engine_init(&faulty, b->engine.inner);
    faulty.lost_at = 3;
    b->models->engine = &faulty.base;
    bench_start(b);
    int plain = begin_ask(b, CHAT("")), stream = begin_ask(b, CHAT(", \"stream\": true"));
    /* Whichever comes first loses it. What comes after that finds no engine: 503. */
    reply first = client_read(plain), second = client_read(stream);
    const bool second_told = second.code == 500 || strstr(second.body, "\"error\":") != NULL;
    assert_true(first.code == 500 || first.code == 503);
    assert_true(second_told || second.code == 503);
    assert_true(first.code == 500 || second_told);
    reply_free(&first);
    reply_free(&second);
    close(plain);
    close(stream);
    pthread_join(b->thread, NULL);
    assert_int_equal(b->status, PS_ENGINE);
    b->models->engine = &b->engine.base;
    bench_free(b);
    ps_engine_free(&faulty.base);
}

static void a_problem_that_fails_is_an_error_of_its_request_only(void **state) {
    (void)state;
    bench *b = bench_open((const char *const[]){NULL, NULL});
    faulty_engine faulty;
    faulty_engine_init(&faulty, b->engine.inner);
    faulty.child = 3;
    b->models->engine = &faulty.base;
    bench_start(b);
    reply r = client_post(b->port, chat_path, CHAT(""));
    assert_int_equal(r.code, 500);
    assert_non_null(strstr(r.body, "broken off"));
    reply_free(&r);
    r = client_post(b->port, chat_path, CHAT(", \"persamp\": {\"generation.n_particles\": 1, \"method\": \"greedy\"}"));
    assert_true(r.code == 200 || r.code == 500); /* its third child, if it has one */
    reply_free(&r);
    r = bench_get(b, "/health");
    assert_int_equal(r.code, 200);
    reply_free(&r);
    ps_server_stop(b->server, 30);
    pthread_join(b->thread, NULL);
    assert_int_equal(b->status, PS_OK);
    b->models->engine = &b->engine.base;
    bench_free(b);
    ps_engine_free(&faulty.base);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_models_answer_to_what_it_has_not_learnt_has_a_warning),
        cmocka_unit_test(an_answer_is_that_of_a_plain_solver),
        cmocka_unit_test(without_a_seed_a_fresh_one_is_named_and_gives_the_same),
        cmocka_unit_test(choices_are_classes_of_answers),
        cmocka_unit_test(limits_of_the_answer_are_kept),
        cmocka_unit_test(what_has_no_answer_is_shown_with_none),
        cmocka_unit_test(models_are_listed_and_chosen_by_name),
        cmocka_unit_test(an_effort_bounds_every_method),
        cmocka_unit_test(a_conversation_reaches_the_model_whole),
        cmocka_unit_test(a_stream_tells_progress_then_the_answer_then_the_cost),
        cmocka_unit_test(a_stream_draws_the_pool),
        cmocka_unit_test(the_page_is_served_with_its_policy),
        cmocka_unit_test(progress_is_told_at_most_twice_a_second),
        cmocka_unit_test(a_raw_prompt_is_streamed_as_text),
        cmocka_unit_test(the_field_of_progress_is_the_operators_choice),
        cmocka_unit_test(refusals_are_objects_with_their_status),
        cmocka_unit_test(a_key_is_asked_for_and_a_wrong_one_refused),
        cmocka_unit_test(an_address_that_others_reach_needs_keys_or_a_word),
        cmocka_unit_test(before_the_model_is_there_it_says_so),
        cmocka_unit_test(pages_of_named_origins_may_ask),
        cmocka_unit_test(a_body_that_is_too_large_is_413_and_the_connection_lives),
        cmocka_unit_test(bytes_that_are_no_http_do_no_harm),
        cmocka_unit_test(a_request_that_trickles_in_is_cut_off),
        cmocka_unit_test(a_full_queue_is_429_with_a_time),
        cmocka_unit_test(a_client_that_goes_away_frees_its_place),
        cmocka_unit_test(a_reader_that_is_slow_holds_nobody_up),
        cmocka_unit_test(after_the_signal_what_is_under_way_is_finished),
        cmocka_unit_test(what_takes_too_long_is_given_up_and_told),
        cmocka_unit_test(an_engine_that_is_lost_is_told_to_every_client),
        cmocka_unit_test(a_problem_that_fails_is_an_error_of_its_request_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
