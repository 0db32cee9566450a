/* What the client of a server costs by itself, and what a server gives to somebody who only asks.
 *
 *     build/bench/bench_remote [STEPS]                         the client alone (default 5,000 steps in each turn)
 *     build/bench/bench_remote replay URL FILE IN_FLIGHT       requests of FILE to a server, as fast as they go
 *
 * Alone: the engine over a stub that answers 64 tokens at once to prefixes of 500 ids; steps a second of the client's
 * own processor time (the stub is another process) with 64 and with 1,000 requests in flight, and the memory that these
 * take.
 *
 * Replay: each line of FILE is a path, a tab and a body; so many at once, in their order, the next as soon as one is
 * answered. Nothing of the answers is read but their length. bench/remote_eval.py records the file from an evaluation
 * and compares the two. */
#include "http/client.h"
#include "persamp/engine_openai.h"
#include "report.h"

#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PREFIX = 500, TOKENS = 64, MOST = 1000, TURNS = BENCH_RUNS };

static pid_t stub; /* 0: none */

static void die(const char *what) {
    fprintf(stderr, "bench_remote: %s\n", what);
    if (stub > 0) kill(stub, SIGTERM);
    exit(1);
}

static void check(ps_status status, const ps_error *err) {
    if (status != PS_OK) die(err->message);
}

/* ---- The stub: as vLLM answers, with ids that are bytes ------------------ */

typedef struct connection {
    char *in;
    size_t n, capacity;
} connection;

static void *grown(void *block, size_t size) {
    void *made = realloc(block, size);
    if (made == NULL) die("out of memory");
    return made;
}

static size_t number_after(const char *body, const char *key) {
    const char *at = strstr(body, key);
    return at != NULL ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static size_t ids_in(const char *body, const char *key, unsigned char *ids) {
    const char *at = strstr(body, key);
    size_t n = 0;
    if (at == NULL) return 0;
    for (at += strlen(key); *at != ']' && *at != '\0' && n < 4096; n++) {
        char *end;
        ids[n] = (unsigned char)strtoul(at, &end, 10);
        at = *end == ',' ? end + 1 : end;
    }
    return n;
}

static void answer_tokens(const char *body, ps_text *out) {
    unsigned char ids[4096];
    const size_t n = number_after(body, "\"max_tokens\":"), choices = number_after(body, "\"n\":");
    const size_t prompt = ids_in(body, "\"prompt\":[", ids);
    ps_text_puts(out, "{\"choices\":[");
    for (size_t c = 0; c < choices; c++) {
        ps_text_printf(out, "%s{\"index\":%zu,\"text\":\"\",\"logprobs\":{\"token_logprobs\":[", c > 0 ? "," : "", c);
        for (size_t i = 0; i < n; i++)
            ps_text_printf(out, "%s-1.2345678901234567", i > 0 ? "," : "");
        ps_text_puts(out, "],\"tokens\":[");
        for (size_t i = 0; i < n; i++)
            ps_text_printf(out, "%s\"token_id:%d\"", i > 0 ? "," : "", 'a' + (int)(i % 26));
        ps_text_puts(out, "]},\"finish_reason\":\"length\",\"stop_reason\":null}");
    }
    ps_text_printf(out,
                   "],\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":%zu,\"prompt_tokens_details\":"
                   "{\"cached_tokens\":0}}}",
                   prompt, n * choices);
}

/* The bytes of a JSON string without escapes. */
static void answer_ids(const char *body, ps_text *out) {
    const char *at = strstr(body, "\"prompt\":\"");
    ps_text_puts(out, "{\"tokens\":[");
    if (at != NULL) at += strlen("\"prompt\":\"");
    for (size_t i = 0; at != NULL && *at != '"' && *at != '\0'; i++, at++)
        ps_text_printf(out, "%s%d", i > 0 ? "," : "", (unsigned char)*at);
    ps_text_puts(out, "]}");
}

static void answer_text(const char *body, ps_text *out) {
    unsigned char ids[4096];
    const size_t n = ids_in(body, "\"tokens\":[", ids);
    ps_text_puts(out, "{\"prompt\":\"");
    for (size_t i = 0; i < n; i++)
        ps_text_printf(out, "%c", ids[i] >= 'a' && ids[i] <= 'z' ? ids[i] : '~');
    ps_text_puts(out, "\"}");
}

static void answer(const char *request, const char *body, ps_text *out) {
    if (strstr(request, " /v1/models ") != NULL)
        ps_text_puts(out, "{\"data\":[{\"id\":\"stub\",\"owned_by\":\"vllm\",\"max_model_len\":4096}]}");
    else if (strstr(request, " /v1/completions ") != NULL)
        answer_tokens(body, out);
    else if (strstr(request, " /tokenize ") != NULL)
        answer_ids(body, out);
    else if (strstr(request, " /detokenize ") != NULL)
        answer_text(body, out);
    else
        ps_text_puts(out, "{}");
}

static void send_all(int fd, const char *bytes, size_t n) {
    for (ssize_t sent; n > 0; bytes += sent, n -= (size_t)sent)
        if ((sent = send(fd, bytes, n, MSG_NOSIGNAL)) < 0) return;
}

/* Answer whatever requests are whole. */
static void serve_bytes(int fd, connection *c, ps_text *head, ps_text *body) {
    for (;;) {
        c->in[c->n] = '\0';
        const char *end = strstr(c->in, "\r\n\r\n");
        if (end == NULL) return;
        const size_t skip = (size_t)(end + 4 - c->in), length = number_after(c->in, "Content-Length: ");
        if (c->n < skip + length) return;
        ps_text_reset(head);
        ps_text_reset(body);
        answer(c->in, c->in + skip, body);
        ps_text_printf(head, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                       body->length);
        ps_text_append(head, body->data, body->length);
        send_all(fd, head->data, head->length);
        memmove(c->in, c->in + skip + length, c->n - skip - length);
        c->n -= skip + length;
    }
}

static void serve(int listener) {
    enum { CONNECTIONS = 4 * MOST }; /* those of a client that is gone among them */
    struct pollfd fds[CONNECTIONS] = {{.fd = listener, .events = POLLIN}};
    static connection all[CONNECTIONS];
    ps_text head = {0}, body = {0};
    for (nfds_t n = 1;;) {
        if (poll(fds, n, -1) < 0) continue;
        if ((fds[0].revents & POLLIN) != 0) {
            nfds_t at = 1;
            while (at < n && fds[at].fd >= 0)
                at++;
            const int fd = accept(listener, NULL, NULL);
            if (fd >= 0) fds[at] = (struct pollfd){.fd = fd, .events = POLLIN};
            if (at == n) n++;
        }
        for (nfds_t i = 1; i < n; i++) {
            connection *c = &all[i];
            if (fds[i].fd < 0 || fds[i].revents == 0) continue;
            if (c->n + 65536 > c->capacity) c->in = grown(c->in, c->capacity = c->n + 131072);
            const ssize_t got = recv(fds[i].fd, c->in + c->n, 65535, 0);
            if (got <= 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
                c->n = 0;
                continue;
            }
            c->n += (size_t)got;
            serve_bytes(fds[i].fd, c, &head, &body);
        }
    }
}

static void start_stub(char *url, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, MOST) != 0 || getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        die("no port for the stub");
    snprintf(url, size, "http://127.0.0.1:%d/v1", ntohs(address.sin_port));
    stub = fork();
    if (stub < 0) die("no process for the stub");
    if (stub == 0) serve(listener);
    close(listener);
}

/* ---- The client alone ---------------------------------------------------- */

static double processor_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static double most_mebibytes(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_maxrss / 1024;
}

static void extend(ps_engine *engine, ps_node root, const ps_generation *g, uint64_t problem, uint64_t id) {
    ps_error err;
    const ps_extend_request request = {.node = root,
                                       .key = {.seed = 1, .problem = problem, .id = id, .purpose = PS_RNG_TOKEN},
                                       .generation = g,
                                       .tag = problem};
    check(ps_engine_extend(engine, &request, &err), &err);
}

typedef struct figures {
    double steps_per_second, steps_per_clock_second, mebibytes;
} figures;

/* Each of `flight` problems always has one step under way. */
static figures run_alone(const char *url, size_t flight, size_t steps) {
    ps_error err;
    ps_engine *engine = NULL;
    ps_node roots[MOST];
    char text[PREFIX + 1];
    const ps_openai_options options = {.base_url = url, .max_under_way = flight, .retries = 3};
    const ps_generation g = {
        .temperature = 1, .top_p = 1, .boundary = PS_BOUNDARY_NEWLINE, .min_tokens = 1, .max_tokens = TOKENS};
    const double before = most_mebibytes();
    memset(text, 'a', PREFIX);
    text[PREFIX] = '\0';
    check(ps_engine_openai_create(&options, &engine, &err), &err);
    for (size_t i = 0; i < flight; i++) {
        check(ps_engine_prompt(engine, &(ps_prompt){.text = text}, &roots[i], &err), &err);
        extend(engine, roots[i], &g, i, 0);
    }
    double cpu = 0, clock = 0;
    size_t done = 0, counted = 0;
    for (size_t n; done < steps + flight; done += n) { /* the first round has the prompts in it */
        const ps_event *events = NULL;
        check(ps_engine_poll(engine, INFINITY, &events, &n, &err), &err);
        if (clock == 0 && done >= flight) {
            cpu = processor_seconds();
            clock = ps_now();
            counted = done;
        }
        for (size_t i = 0; i < n; i++) {
            if (events[i].status != PS_OK || events[i].n_tokens != TOKENS) die("a step is not what the stub sent");
            ps_engine_release(engine, events[i].child);
            extend(engine, roots[events[i].tag], &g, events[i].tag, done + i + 1);
        }
    }
    const double all = (double)(done - counted);
    const figures f = {all / (processor_seconds() - cpu), all / (ps_now() - clock), most_mebibytes() - before};
    ps_engine_free(engine);
    return f;
}

static int alone(size_t steps) {
    char url[64];
    start_stub(url, sizeof url);
    double few[TURNS], many[TURNS], clock[TURNS], memory = 0;
    for (size_t i = 0; i < TURNS; i++) {
        const figures a = run_alone(url, 64, steps), b = run_alone(url, MOST, steps);
        few[i] = a.steps_per_second;
        many[i] = b.steps_per_second;
        clock[i] = b.steps_per_clock_second;
        if (i == 0) memory = b.mebibytes; /* later turns find what the first has left */
    }
    kill(stub, SIGTERM);
    waitpid(stub, NULL, 0);
    stub = 0;
    bench_line("remote client, 64 in flight", bench_median(few, TURNS) / 2000, bench_median(few, TURNS), 2000,
               "steps/s of processor time", TURNS);
    bench_line("remote client, 1000 in flight", bench_median(many, TURNS) / 2000, bench_median(many, TURNS), 2000,
               "steps/s of processor time", TURNS);
    bench_line("remote client, by the clock, stub beside", bench_median(clock, TURNS) / 2000,
               bench_median(clock, TURNS), 2000, "steps/s", TURNS);
    bench_line("remote client, memory of 1000 in flight", 64 / memory, memory, 64, "MiB", 1);
    return 0;
}

/* ---- Replay -------------------------------------------------------------- */

static char *read_all(const char *path) {
    FILE *file = fopen(path, "r");
    size_t n = 0, capacity = 1 << 20;
    char *text = grown(NULL, capacity);
    if (file == NULL) die("the file of requests cannot be read");
    for (size_t got; (got = fread(text + n, 1, capacity - n - 1, file)) > 0;) {
        n += got;
        if (n + 1 == capacity) text = grown(text, capacity *= 2);
    }
    fclose(file);
    text[n] = '\0';
    return text;
}

/* Sends the next line; NULL: there is none. */
static char *send_line(ps_http *http, char *line) {
    ps_error err;
    char *tab = strchr(line, '\t'), *end = strchr(line, '\n');
    if (tab == NULL || end == NULL) return NULL;
    *tab = *end = '\0';
    const ps_http_request request = {
        .path = line, .body = tab + 1, .length = (size_t)(end - tab - 1), .timeout_s = 3600};
    check(ps_http_submit(http, &request, &err), &err);
    return end + 1;
}

static int replay(const char *url, const char *path, size_t flight) {
    ps_error err;
    ps_http *http = NULL;
    char *all = read_all(path), *at = all;
    const ps_http_options options = {.base_url = url, .max_under_way = flight, .retries = 0};
    check(ps_http_create(&options, &http, &err), &err);
    size_t sent = 0, done = 0, bytes = 0;
    const double begun = ps_now();
    for (char *next; sent < flight && (next = send_line(http, at)) != NULL; at = next)
        sent++;
    for (size_t n; done < sent; done += n) {
        const ps_http_reply *replies = NULL;
        check(ps_http_poll(http, INFINITY, &replies, &n, &err), &err);
        for (size_t i = 0; i < n; i++) {
            if (replies[i].status != PS_OK) die(replies[i].message);
            bytes += replies[i].length;
            char *next = send_line(http, at);
            if (next == NULL) continue;
            at = next;
            sent++;
        }
    }
    printf("{\"requests\": %zu, \"seconds\": %.4f, \"bytes\": %zu}\n", done, ps_now() - begun, bytes);
    ps_http_free(http);
    free(all);
    return 0;
}

int main(int argc, char **argv) {
    uint64_t n = 5000;
    const char *number = argc == 5 ? argv[4] : argc == 2 ? argv[1] : NULL;
    if (number != NULL && (!ps_parse_count(number, strlen(number), 10, 1000000, &n) || n == 0))
        die("expected a number");
    if (argc == 5 && strcmp(argv[1], "replay") == 0) return replay(argv[2], argv[3], (size_t)n);
    if (argc > 2) die("bench_remote [STEPS] | replay URL FILE IN_FLIGHT");
    return alone((size_t)n);
}
