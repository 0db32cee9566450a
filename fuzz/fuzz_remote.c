/* Any bytes as what a server sent, to every reader. The first byte chooses which and what had been asked. What is taken
 * holds to what the readers promise: as many choices as were asked for, ids and log-probabilities in their ranges, and
 * no more tokens than were asked for. */
#include "engine/openai/dialect.h"
#include "engine/openai/events.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) abort();
}

static const ps_dialect *const dialects[] = {&ps_dialect_vllm, &ps_dialect_llama_server, &ps_dialect_plain};
static const ps_token prompt[17] = {1, 400, 24, 559, 557, 46, 272, 46, 57, 46, 290, 77, 2, 24, 1, 407, 24};
static const char *const stops[] = {"\n", "+1", "+12\n"};
static const ps_chat_message chat = {"user", "?"};

static ps_remote_ask ask_of(const ps_dialect *dialect, unsigned choice) {
    ps_remote_ask ask = {.model = "model",
                         .temperature = 1,
                         .top_p = 1,
                         .max_tokens = 24,
                         .stops = stops,
                         .n_stops = 3,
                         .n = choice & 1 ? 3 : 1,
                         .n_top = choice & 2 ? 3 : 0,
                         .stream = choice & 4};
    if (dialect == &ps_dialect_plain) ask.n = choice & 1 ? 2 : 1;
    if (dialect != &ps_dialect_plain) {
        ask.tokens = prompt;
        ask.n_tokens = sizeof prompt / sizeof *prompt;
    } else if (choice & 2) {
        ask.messages = &chat;
        ask.n_messages = 1;
    } else {
        ask.text = "?";
        ask.text_length = 1;
    }
    return ask;
}

/* ---- Answers ------------------------------------------------------------- */

static void check_choice(const ps_remote_ask *ask, const ps_remote_choice *choice) {
    require(choice->n_tokens <= (size_t)ask->max_tokens && choice->text[choice->text_length] == '\0');
    for (size_t i = 0; i < choice->n_tokens; i++) {
        require(choice->tokens[i] >= -1);
        require(isnan(choice->logp[i]) || (choice->logp[i] <= 0 && isfinite(choice->logp[i])));
        for (size_t k = 0; k < ask->n_top; k++)
            require(choice->top_tokens[i * ask->n_top + k] >= -1 && choice->top_logp[i * ask->n_top + k] <= 0);
        if (choice->spellings != NULL && choice->spellings[i] != NULL)
            require(choice->spellings[i][choice->spelling_lengths[i]] == '\0');
    }
}

static void read_answer(const ps_dialect *dialect, const ps_remote_ask *ask, const char *body, size_t length,
                        ps_arena *arena) {
    ps_remote_answer answer = {0};
    ps_error err;
    ps_status status = dialect->read_answer(ask, body, length, arena, &answer, &err);
    require(status == PS_OK || ((status == PS_FORMAT || status == PS_HTTP) && err.message[0] != '\0'));
    if (status != PS_OK) return;
    require(answer.n == ask->n);
    for (size_t i = 0; i < answer.n; i++)
        check_choice(ask, &answer.choices[i]);
    if (!answer.incomplete || dialect->write_missing == NULL) return;
    /* The same bytes as what was asked for besides. */
    for (size_t i = 0; i < answer.n; i++) {
        ps_text wanted = {0};
        const char *path = NULL;
        if (ps_remote_whole(&answer.choices[i])) continue;
        require(dialect->write_missing(ask, i, &answer.choices[i], &wanted, &path, &err) == PS_OK);
        ps_text_clear(&wanted);
        status = dialect->read_missing(ask, body, length, arena, &answer.choices[i], &err);
        require(status == PS_OK || status == PS_FORMAT || status == PS_HTTP);
        check_choice(ask, &answer.choices[i]);
    }
}

/* A look at the place of one token. */
static void read_look(const ps_dialect *dialect, const ps_remote_ask *ask, const char *body, size_t length,
                      ps_arena *arena) {
    ps_token tokens[] = {254}, most[3] = {-1, -1, -1};
    double logp[] = {NAN}, most_logp[3] = {-INFINITY, -INFINITY, -INFINITY};
    ps_remote_choice choice = {
        .n_tokens = 1, .tokens = tokens, .logp = logp, .top_tokens = most, .top_logp = most_logp, .text = ""};
    if (dialect->read_missing == NULL) return;
    ps_status status = dialect->read_missing(ask, body, length, arena, &choice, NULL);
    require(status == PS_OK || status == PS_FORMAT || status == PS_HTTP);
    check_choice(ask, &choice);
}

static void read_pieces(const ps_dialect *dialect, const ps_remote_ask *ask, const char *body, size_t length,
                        ps_arena *arena) {
    ps_remote_events events = {0};
    const char *data = NULL;
    size_t n = 0;
    for (size_t at = 0; dialect->read_piece != NULL && at < length; at += 7) {
        ps_remote_events_add(&events, body + at, length - at < 7 ? length - at : 7);
        while (ps_remote_events_next(&events, at + 7 >= length, &data, &n)) {
            ps_remote_piece piece;
            if (dialect->read_piece(ask, data, n, arena, &piece, NULL) != PS_OK) continue;
            require(piece.index == SIZE_MAX || piece.index < ask->n);
            require(piece.text[piece.text_length] == '\0');
        }
    }
    ps_remote_events_clear(&events);
}

/* ---- All else ------------------------------------------------------------ */

static void read_texts(const ps_dialect *dialect, const char *body, size_t length, ps_arena *arena) {
    ps_token *tokens = NULL;
    const char *text = NULL;
    size_t n = 0;
    if (dialect->read_tokenize == NULL) return;
    if (dialect->read_tokenize(body, length, arena, &tokens, &n, NULL) == PS_OK)
        for (size_t i = 0; i < n; i++)
            require(tokens[i] >= 0);
    if (dialect->read_detokenize(body, length, arena, &text, &n, NULL) == PS_OK) require(text[n] == '\0');
    if (dialect->read_chat(body, length, arena, &text, &tokens, &n, NULL) == PS_OK)
        require((text == NULL) != (tokens == NULL));
}

static void read_facts(const ps_dialect *dialect, const char *body, size_t length, ps_arena *arena) {
    ps_remote_facts facts = {0};
    const ps_dialect *found = NULL;
    const char *words = ps_remote_error_text(body, length, arena);
    require(words == NULL || (strlen(words) > 0 && strlen(words) <= 2100)); /* 500 bytes, each as \xNN at most */
    if (ps_remote_identify(body, length, body, length, NULL, arena, &found, &facts, NULL) == PS_OK)
        require(found != NULL && facts.model != NULL);
    ps_remote_identify(body, length, NULL, 0, "model", arena, &found, &facts, NULL);
    if (dialect->read_facts != NULL) dialect->read_facts(body, length, arena, &facts, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    ps_arena *arena = ps_arena_create();
    const ps_dialect *dialect = dialects[data[0] % 3];
    const char *body = (const char *)data + 1;
    const unsigned what = data[0] / 3 % 16;
    const ps_remote_ask ask = ask_of(dialect, what);
    require(arena != NULL);
    if (what < 8) {
        read_answer(dialect, &ask, body, size - 1, arena);
        read_pieces(dialect, &ask, body, size - 1, arena);
    } else if (what < 10) {
        read_look(dialect, &ask, body, size - 1, arena);
    } else if (what < 13) {
        read_texts(dialect, body, size - 1, arena);
    } else {
        read_facts(dialect, body, size - 1, arena);
    }
    ps_arena_free(arena);
    return 0;
}
