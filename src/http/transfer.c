/* An easy handle: its options, what it hears, and what that was. */
#include "http/transfer.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#if LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or newer is needed"
#endif

enum { MOST_HEAD = 64 * 1024 }; /* bytes of all headers of an answer */

/* ---- Once for the process ------------------------------------------------ */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool ready;

static void set_up_libcurl(void) {
    ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

bool ps_transfer_ready(void) {
    pthread_once(&once, set_up_libcurl);
    return ready;
}

/* ---- What all transfers share -------------------------------------------- */

static bool add_header(struct curl_slist **list, const char *line) {
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer == NULL) return false;
    *list = longer;
    return true;
}

/* "Expect:" without a value takes that header out: servers need not know it, and waiting for it costs a second. */
static ps_status write_headers(ps_transfer_setup *setup, ps_error *err) {
    ps_text key = {0};
    if (setup->key != NULL) ps_text_printf(&key, "Authorization: Bearer %s", setup->key);
    bool written = ps_text_ok(&key);
    struct curl_slist **lists[] = {&setup->get_headers, &setup->post_headers};
    for (size_t i = 0; i < 2 && written; i++) {
        written = add_header(lists[i], "Expect:");
        if (written && setup->key != NULL) written = add_header(lists[i], ps_text_cstr(&key));
    }
    if (written) written = add_header(&setup->post_headers, "Content-Type: application/json");
    ps_text_clear(&key);
    return written ? PS_OK : ps_nomem(err);
}

static double system_now(void *user) {
    (void)user;
    return ps_now();
}

ps_status ps_transfer_setup_init(ps_transfer_setup *setup, const ps_http_options *options, ps_error *err) {
    const size_t default_body = (size_t)64 << 20;
    *setup = (ps_transfer_setup){.connect_s = options->connect_s > 0 ? options->connect_s : 10,
                                 .idle_s = options->idle_s > 0 ? options->idle_s : 3,
                                 .max_body = options->max_body > 0 ? options->max_body : default_body,
                                 .clock = options->clock != NULL ? *options->clock : (ps_http_clock){system_now, NULL}};
    ps_status status = ps_http_address_read(options->base_url, &setup->address, err);
    if (status == PS_OK) status = ps_http_address_key(&setup->address, options->key, options->allow_plain_key, err);
    if (status == PS_OK && options->key != NULL) {
        setup->key = ps_strdup(options->key);
        if (setup->key == NULL) status = ps_nomem(err);
    }
    return status == PS_OK ? write_headers(setup, err) : status;
}

void ps_transfer_setup_clear(ps_transfer_setup *setup) {
    curl_slist_free_all(setup->get_headers);
    curl_slist_free_all(setup->post_headers);
    ps_free(setup->key);
    ps_http_address_clear(&setup->address);
}

/* ---- What it hears ------------------------------------------------------- */

/* The value of a header line "Name: value\r\n" into value[size], if it is this header. */
static void take_header(const char *line, size_t n, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    if (n <= length || strncasecmp(line, name, length) != 0 || line[length] != ':') return;
    line += length + 1;
    n -= length + 1;
    while (n > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == '\n' || line[n - 1] == ' '))
        n--;
    if (n >= size) n = size - 1;
    memcpy(value, line, n);
    value[n] = '\0';
}

static void forget_headers(ps_transfer *t) {
    t->retry_after_text[0] = t->date[0] = t->encoding[0] = '\0';
    t->head_ended = false;
}

static void note_time(ps_transfer *t) {
    if (t->heard != NULL) *t->heard = t->setup->clock.now(t->setup->clock.user);
}

static size_t hear_header(char *line, size_t one, size_t n, void *user) {
    ps_transfer *t = user;
    (void)one; /* is 1 */
    note_time(t);
    t->head_bytes += n;
    if (t->head_bytes > MOST_HEAD) {
        t->long_head = true;
        return 0;
    }
    if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
        forget_headers(t); /* what came before was 100 Continue, or a proxy's */
    if (n > 0 && (line[0] == '\r' || line[0] == '\n')) t->head_ended = true;
    take_header(line, n, "Retry-After", t->retry_after_text, sizeof t->retry_after_text);
    take_header(line, n, "Date", t->date, sizeof t->date);
    take_header(line, n, "Content-Encoding", t->encoding, sizeof t->encoding);
    return n;
}

static int http_code(const ps_transfer *t) {
    long code = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
    return (int)code;
}

static bool is_encoded(const ps_transfer *t) {
    return t->encoding[0] != '\0' && strcasecmp(t->encoding, "identity") != 0;
}

/* 0 ends the transfer; what is noted here says why. */
static size_t hear_body(char *bytes, size_t one, size_t n, void *user) {
    ps_transfer *t = user;
    (void)one; /* is 1 */
    note_time(t);
    bool good = ps_http_kind_of_code(http_code(t)) == PS_HTTP_GOOD;
    if (is_encoded(t)) return good ? 0 : n; /* the code of an error says enough */
    t->long_body = n > t->setup->max_body - t->body.length;
    if (t->long_body) return 0;
    ps_text_append(&t->body, bytes, n);
    t->no_memory = !ps_text_ok(&t->body);
    if (t->no_memory) return 0;
    if (t->request->on_bytes == NULL || !good) return n;
    t->cut = !t->request->on_bytes(t->request->user, t->attempt, bytes, n);
    return t->cut ? 0 : n;
}

/* The connection is there; the request goes out now. */
static int hear_connection(void *user, char *to, char *from, int to_port, int from_port) {
    ps_transfer *t = user;
    (void)to, (void)from, (void)to_port, (void)from_port;
    t->sent = true;
    t->sent_at = t->setup->clock.now(t->setup->clock.user);
    return CURL_PREREQFUNC_OK;
}

/* ---- Its options --------------------------------------------------------- */

/* libcurl takes connections that were idle for more than so many whole seconds for dead. */
static long most_idle(double idle_s) {
    return idle_s < 1 ? 0 : (long)fmin(ceil(idle_s) - 1, 1e6);
}

#define SET(option, value) (set = set && curl_easy_setopt(t->easy, (option), (value)) == CURLE_OK)

/* What is the same for every request. Nothing here is libcurl's default by chance: what must not happen is said. */
static bool set_options(ps_transfer *t) {
    const ps_transfer_setup *setup = t->setup;
    bool set = true;
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* closing a connection cancels one request, no others */
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* a proxy that only connects sees no key */
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_ACCEPT_ENCODING, NULL);
    SET(CURLOPT_USERAGENT, "persamp/" PERSAMP_VERSION);
    if (setup->address.loopback) SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)fmin(fmax(setup->connect_s * 1000, 1), 1e9));
    SET(CURLOPT_MAXAGE_CONN, most_idle(setup->idle_s));
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(CURLOPT_QUICK_EXIT, 1L); /* freeing does not wait for a name to be looked up */
#endif
    SET(CURLOPT_ERRORBUFFER, t->curl_says);
    SET(CURLOPT_PRIVATE, t);
    SET(CURLOPT_HEADERFUNCTION, hear_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, hear_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_PREREQFUNCTION, hear_connection);
    SET(CURLOPT_PREREQDATA, t);
    return set;
}

static bool set_request(ps_transfer *t) {
    const ps_http_request *r = t->request;
    bool set = true;
    ps_text_reset(&t->url);
    ps_text_puts(&t->url, t->setup->address.base);
    ps_text_puts(&t->url, r->path);
    if (!ps_text_ok(&t->url)) return false;
    SET(CURLOPT_URL, ps_text_cstr(&t->url));
    SET(CURLOPT_FRESH_CONNECT, t->fresh ? 1L : 0L);
    if (r->body == NULL) {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_HTTPHEADER, t->setup->get_headers);
    } else {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->length);
        SET(CURLOPT_POSTFIELDS, r->body);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_HTTPHEADER, t->setup->post_headers);
    }
    return set;
}

ps_transfer *ps_transfer_create(const ps_transfer_setup *setup) {
    ps_transfer *t = ps_calloc(1, sizeof *t);
    if (t == NULL) return NULL;
    t->setup = setup;
    t->easy = curl_easy_init();
    if (t->easy != NULL && set_options(t)) return t;
    ps_transfer_free(t);
    return NULL;
}

void ps_transfer_free(ps_transfer *transfer) {
    if (transfer == NULL) return;
    curl_easy_cleanup(transfer->easy);
    ps_text_clear(&transfer->url);
    ps_text_clear(&transfer->body);
    ps_free(transfer);
}

/* ---- On and off the wire ------------------------------------------------- */

ps_status ps_transfer_begin(ps_transfer *transfer, CURLM *multi, const ps_http_request *request, ps_error *err) {
    ps_transfer *t = transfer;
    t->request = request;
    t->sent = t->cut = t->no_memory = t->long_head = t->long_body = false;
    t->head_bytes = 0;
    t->curl_says[0] = '\0';
    forget_headers(t);
    if (!set_request(t)) return ps_nomem(err);
    return curl_multi_add_handle(multi, t->easy) == CURLM_OK ? PS_OK : ps_nomem(err);
}

void ps_transfer_end(ps_transfer *transfer, CURLM *multi) {
    curl_multi_remove_handle(multi, transfer->easy);
}

/* ---- What came of it ----------------------------------------------------- */

static void say(ps_transfer_outcome *outcome, const char *format, ...) PS_PRINTF(2, 3);
static void say(ps_transfer_outcome *outcome, const char *format, ...) {
    va_list args;
    va_start(args, format);
    ps_format(outcome->why, sizeof outcome->why, format, args);
    va_end(args);
}

static double asked_pause(const ps_transfer *t) {
    if (t->retry_after_text[0] == '\0') return -1;
    time_t date = t->date[0] != '\0' ? curl_getdate(t->date, NULL) : -1;
    return ps_http_retry_after(t->retry_after_text, date >= 0 ? (int64_t)date : (int64_t)time(NULL));
}

/* An answer that is no success, in the server's words. */
static void judge_answer(ps_transfer *t, ps_transfer_outcome *outcome) {
    char words[PS_HTTP_WORDS + 1];
    char *to = NULL;
    outcome->kind = ps_http_kind_of_code(outcome->code);
    curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to);
    if (to != NULL) {
        ps_http_words(words, to, strlen(to), t->setup->key);
        say(outcome, "answered %d, a redirect to %s, which is not followed; write that address into base_url",
            outcome->code, words);
        return;
    }
    ps_http_words(words, ps_text_cstr(&t->body), t->body.length, t->setup->key);
    if (words[0] != '\0')
        say(outcome, "answered %d: %s", outcome->code, words);
    else
        say(outcome, "answered %d without a word", outcome->code);
}

/* A success that we do not take. */
static void judge_refused(ps_transfer *t, ps_transfer_outcome *outcome) {
    char words[PS_HTTP_WORDS + 1];
    outcome->kind = PS_HTTP_FINAL;
    if (t->long_body) {
        say(outcome, "answered %d with more than the %zu bytes that are taken", outcome->code, t->setup->max_body);
    } else if (t->long_head) {
        say(outcome, "answered with more than %d bytes of headers", MOST_HEAD);
    } else {
        ps_http_words(words, t->encoding, strlen(t->encoding), t->setup->key);
        say(outcome, "answered %d with the Content-Encoding %s, which was not asked for", outcome->code, words);
    }
}

/* libcurl's words: of this transfer, or else of this kind of failure. Of several failures it keeps the first, which is
 * of no use where a kept connection was dead and no new one came about. */
static const char *curl_words(const ps_transfer *t, CURLcode code, ps_http_kind kind) {
    if (code == CURLE_OK) return "the connection was closed within the headers";
    bool other = kind == PS_HTTP_UNREACHED && t->sent;
    return t->curl_says[0] != '\0' && !other ? t->curl_says : curl_easy_strerror(code);
}

/* It ended without a whole answer. What went into a kept connection that was dead did not arrive. */
static void judge_failure(ps_transfer *t, CURLcode code, ps_transfer_outcome *outcome) {
    char words[PS_HTTP_WORDS + 1];
    long connections = 0;
    curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
    ps_http_kind kind = ps_http_kind_of_curl(code, t->sent, connections == 0, t->head_bytes > 0);
    if (code == CURLE_OK) kind = PS_HTTP_BROKEN;
    const char *said = curl_words(t, code, kind);
    ps_http_words(words, said, strlen(said), t->setup->key);
    say(outcome, "%s", words);
    if (kind == PS_HTTP_UNREACHED || kind == PS_HTTP_STALE) t->sent = false;
    outcome->kind = kind;
}

void ps_transfer_judge(ps_transfer *transfer, CURLcode code, ps_transfer_outcome *outcome) {
    ps_transfer *t = transfer;
    *outcome = (ps_transfer_outcome){.code = http_code(t), .retry_after = asked_pause(t)};
    bool good = ps_http_kind_of_code(outcome->code) == PS_HTTP_GOOD;
    if (t->no_memory || code == CURLE_OUT_OF_MEMORY) {
        outcome->kind = PS_HTTP_NO_MEMORY;
        say(outcome, "out of memory");
    } else if (t->long_head || t->long_body || (good && is_encoded(t))) {
        judge_refused(t, outcome);
    } else if (t->cut || (code == CURLE_OK && good && t->head_ended)) { /* libcurl takes a head without its end */
        outcome->kind = PS_HTTP_GOOD;
    } else if (outcome->code >= 300) { /* also where its body broke off */
        judge_answer(t, outcome);
    } else {
        judge_failure(t, code, outcome);
    }
    if (outcome->kind != PS_HTTP_GOOD && t->body.length > 0) ps_http_mask(t->body.data, t->body.length, t->setup->key);
}

void ps_transfer_judge_late(ps_transfer *transfer, ps_transfer_outcome *outcome) {
    *outcome = (ps_transfer_outcome){.kind = PS_HTTP_LATE, .code = http_code(transfer), .retry_after = -1};
    if (transfer->body.length > 0) ps_http_mask(transfer->body.data, transfer->body.length, transfer->setup->key);
    say(outcome, "no %s within %.4g s", outcome->code > 0 ? "end of its answer" : "answer",
        transfer->request->timeout_s);
}
