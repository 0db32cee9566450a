/* What HTTP costs: tokens a second of the server under 64 clients against a solver with as many problems in flight as
 * the server runs at once, by turns in one process, with the shipped model; meanwhile how long /health takes; and the
 * memory of 10,000 requests on the toy engine.
 *
 *     build/bench/bench_serve_llama [MODEL.gguf|-] [ROUNDS] [PROBLEMS] [REQUESTS] [KEY=VALUE…]
 *
 * Default: the shipped model, 5, 192, 10000; 0 leaves the memory out. Keys are of the configuration: without any,
 * serve.limits.running is 64. On a busy machine engine.llama.threads=1 tells more: two threads wait for one another. */
#include "persamp/serve.h"
#include "report.h"

#include <jansson.h>
#include <math.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 64, MOST_ROUNDS = 32, MOST_LOOKS = 1 << 16 };

static void die(const char *what) {
    fprintf(stderr, "bench_serve_llama: %s\n", what);
    exit(1);
}

static void check(ps_status status, const ps_error *err) {
    if (status != PS_OK) die(err->message);
}

static void set(ps_config *config, const char *key, const char *value) {
    ps_error err;
    check(ps_config_set(config, key, value, "bench", &err), &err);
}

static size_t count_of(const char *text, size_t most) {
    uint64_t n;
    if (!ps_parse_count(text, strlen(text), 10, most, &n)) die("expected a number");
    return (size_t)n;
}

/* ---- A client ------------------------------------------------------------ */

/* A request and its whole answer, on a connection of its own; the body in *body (free). Returns the status. */
static int ask(unsigned port, const char *method, const char *path, const char *json, char **body) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    ps_text request = {0}, answer = {0};
    char block[16384];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) die("cannot connect");
    ps_text_printf(&request,
                   "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   method, path, strlen(json), json);
    if (send(fd, request.data, request.length, MSG_NOSIGNAL) != (ssize_t)request.length) die("cannot send");
    for (ssize_t n; (n = recv(fd, block, sizeof block, 0)) > 0;)
        ps_text_append(&answer, block, (size_t)n);
    close(fd);
    const char *text = ps_text_cstr(&answer), *start = strstr(text, "\r\n\r\n");
    if (start == NULL) die("no answer");
    uint64_t code = 0;
    (void)ps_parse_count(text + 9, 3, 10, 999, &code);
    if (body != NULL) *body = strdup(start + 4);
    ps_text_clear(&request);
    ps_text_clear(&answer);
    return (int)code;
}

/* The tokens that the answer to a question cost. */
static uint64_t ask_question(unsigned port, const char *question, size_t seed) {
    char *body = NULL;
    json_t *request =
        json_pack("{s:I,s:[{s:s,s:s}]}", "seed", (json_int_t)seed, "messages", "role", "user", "content", question);
    char *json = json_dumps(request, JSON_COMPACT);
    if (json == NULL || ask(port, "POST", "/v1/chat/completions", json, &body) != 200) die("a request failed");
    json_t *answer = json_loads(body, 0, NULL);
    uint64_t tokens =
        (uint64_t)json_integer_value(json_object_get(json_object_get(answer, "usage"), "completion_tokens"));
    json_decref(answer);
    json_decref(request);
    free(json);
    free(body);
    return tokens;
}

/* ---- Both ways ----------------------------------------------------------- */

/* Tokens a second on the clock, and of processor time, which says the same on a busy machine. */
typedef struct speed {
    double clock, processor;
} speed;

static double processor_seconds(void) {
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

typedef struct work {
    const ps_problem *problems; /* [n_problems], taken again from the first on */
    size_t n_problems, n;       /* n: requests */
    unsigned port;
    atomic_size_t next;
    atomic_ullong tokens;
    atomic_bool over;
    double looks[MOST_LOOKS]; /* seconds that /health took */
    size_t n_looks;
} work;

static void *run_client(void *user) {
    work *w = user;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
        w->tokens += ask_question(w->port, w->problems[i % w->n_problems].text, i);
    return NULL;
}

static void *look_at_health(void *user) {
    work *w = user;
    const struct timespec pause = {.tv_nsec = 50000000};
    while (!w->over && w->n_looks < MOST_LOOKS) {
        double start = ps_now();
        (void)ask(w->port, "GET", "/health", "", NULL);
        w->looks[w->n_looks++] = ps_now() - start;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* All requests by CLIENTS clients, whose own time counts, too. look: at /health meanwhile, which has its price. */
static speed through_server(work *w, size_t n, bool look) {
    pthread_t clients[CLIENTS], health;
    w->n = n;
    w->next = 0;
    w->tokens = 0;
    w->over = false;
    double start = ps_now(), used = processor_seconds();
    if (look) pthread_create(&health, NULL, look_at_health, w);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, run_client, w);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    double seconds = ps_now() - start;
    used = processor_seconds() - used;
    w->over = true;
    if (look) pthread_join(health, NULL);
    return (speed){(double)w->tokens / seconds, (double)w->tokens / used};
}

/* The same problems with as many in flight as the server has, as `eval` solves them. */
static speed through_solver(const ps_config *config, ps_models *models, const ps_problem *problems, size_t n) {
    ps_error err;
    ps_session *session = NULL;
    ps_solver *solver = NULL;
    const ps_solver_event *events;
    const size_t in_flight = (size_t)config->serve_limits_running;
    size_t next = 0, found;
    uint64_t tokens = 0;
    check(ps_session_create(config, models, NULL, &session, &err), &err);
    check(ps_solver_create(models, &solver, &err), &err);
    double start = ps_now(), used = processor_seconds();
    while (next < n || ps_solver_pending(solver) > 0) {
        for (; next < n && ps_solver_running(solver) < in_flight; next++) {
            ps_solve_request request = {.session = session, .problem = &problems[next], .tag = next};
            check(ps_solver_submit(solver, &request, &err), &err);
        }
        check(ps_solver_poll(solver, INFINITY, &events, &found, &err), &err);
        for (size_t i = 0; i < found; i++) {
            tokens += events[i].outcome->tokens.generated;
            ps_outcome_free(events[i].outcome);
        }
    }
    speed s = {(double)tokens / (ps_now() - start), (double)tokens / (processor_seconds() - used)};
    ps_solver_free(solver);
    ps_session_release(session);
    return s;
}

/* ---- A server in a thread ------------------------------------------------ */

typedef struct running {
    ps_server *server;
    ps_models *models;
    pthread_t thread;
} running;

static void *serve(void *user) {
    running *r = user;
    ps_error err;
    check(ps_server_run(r->server, r->models, &err), &err);
    return NULL;
}

static void start(running *r, const ps_config *config, ps_models *models) {
    ps_error err;
    r->models = models;
    check(ps_server_create(config, NULL, &r->server, &err), &err);
    pthread_create(&r->thread, NULL, serve, r);
    while (ask(ps_server_port(r->server), "GET", "/health", "", NULL) != 200) {
    }
}

static void stop(running *r) {
    ps_server_stop(r->server, 60);
    pthread_join(r->thread, NULL);
    ps_server_free(r->server);
}

static ps_config *config_of(void) {
    ps_config *config = NULL;
    ps_error err;
    check(ps_config_create(&config, &err), &err);
    set(config, "serve.port", "0");
    return config;
}

/* ---- The figures --------------------------------------------------------- */

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_speed(const char *path, size_t rounds, size_t problems, char *const *settings) {
    static work w;
    double ours[2][MOST_ROUNDS], theirs[2][MOST_ROUNDS];
    ps_error err;
    ps_models *models = NULL;
    ps_dataset *dataset = NULL;
    size_t n;
    char *file = NULL;
    ps_config *config = config_of();
    if (strcmp(path, "-") != 0) set(config, "models.generator.model_path", path);
    set(config, "serve.limits.running", "64");
    for (; *settings != NULL; settings++) {
        char *value = strchr(*settings, '=');
        if (value == NULL) die("expected KEY=VALUE");
        *value = '\0';
        set(config, *settings, value + 1);
        *value = '=';
    }
    check(ps_dataset_open(config, &dataset, &file, &err), &err);
    check(ps_models_open(config, NULL, &models, &err), &err);
    w.problems = ps_dataset_problems(dataset, &n);
    if (n < problems) die("there are not so many problems");
    w.n_problems = n;
    for (size_t i = 0; i < rounds; i++) {
        running r;
        start(&r, config, models);
        w.port = ps_server_port(r.server);
        speed server = through_server(&w, problems, false);
        stop(&r);
        speed solver = through_solver(config, models, w.problems, problems);
        ours[0][i] = server.clock;
        ours[1][i] = server.processor;
        theirs[0][i] = solver.clock;
        theirs[1][i] = solver.processor;
    }
    running r;
    start(&r, config, models);
    w.port = ps_server_port(r.server);
    (void)through_server(&w, problems, true);
    stop(&r);
    bench_report("serve_tokens_per_second", ours[0], theirs[0], rounds, "tokens/s", 0);
    bench_report("serve_tokens_per_processor_second", ours[1], theirs[1], rounds, "tokens/s", 0);
    fflush(stdout);
    qsort(w.looks, w.n_looks, sizeof *w.looks, ascending);
    printf("{\"name\": \"serve_health\", \"p50\": %.6f, \"p99\": %.6f, \"unit\": \"s\", \"runs\": %zu}\n",
           w.looks[w.n_looks / 2], w.looks[w.n_looks * 99 / 100], w.n_looks);
    ps_free(file);
    ps_dataset_free(dataset);
    ps_models_free(models);
    ps_config_free(config);
}

static double resident_megabytes(void) {
    unsigned long long pages = 0, size = 0;
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL) return NAN;
    char *read = fgets(line, sizeof line, file), *end = NULL;
    fclose(file);
    if (read == NULL) return NAN;
    size = strtoull(line, &end, 10);
    pages = strtoull(end, NULL, 10);
    return size > 0 ? (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6 : NAN;
}

static void measure_memory(size_t requests) {
    static work w;
    const ps_problem problem = {.text = "which?"};
    ps_error err;
    ps_models *models = NULL;
    ps_config *config = config_of();
    running r;
    set(config, "engine.type", "toy");
    check(ps_models_open(config, NULL, &models, &err), &err);
    w.problems = &problem;
    w.n_problems = 1;
    start(&r, config, models);
    w.port = ps_server_port(r.server);
    double begin = ps_now();
    (void)through_server(&w, requests / 5, false);
    double early = resident_megabytes();
    (void)through_server(&w, requests - requests / 5, false);
    double late = resident_megabytes(), seconds = ps_now() - begin;
    stop(&r);
    printf("{\"name\": \"serve_memory\", \"requests\": %zu, \"after_a_fifth\": %.1f, \"at_the_end\": %.1f, \"unit\": "
           "\"MB\", \"requests_per_second\": %.0f}\n",
           requests, early, late, (double)requests / seconds);
    ps_models_free(models);
    ps_config_free(config);
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "-";
    size_t rounds = argc > 2 ? count_of(argv[2], MOST_ROUNDS) : BENCH_RUNS;
    size_t problems = argc > 3 ? count_of(argv[3], 100000) : 192;
    size_t requests = argc > 4 ? count_of(argv[4], 10000000) : 10000;
    if (rounds > 0 && problems > 0) measure_speed(path, rounds, problems, argv + (argc > 5 ? 5 : argc));
    if (requests > 0) measure_memory(requests);
    return 0;
}
