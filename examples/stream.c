/* Answer a stream of questions: they come as lines on standard input, each is begun at once beside those under way, and
 * answers are printed as they finish, each with the number of its question.
 *
 * The model here is a table (examples/toy/two-words.json) that draws each answer whatever the question is, so that the
 * program runs anywhere in no time. With a configuration of yours it answers with your model:
 *
 *     stream config.yaml < questions.txt
 *
 * build: cc stream.c $(pkg-config --cflags --libs persamp) -lpthread */
#include <persamp/persamp.h>

#include <math.h> /* INFINITY */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lines from a thread of their own ------------------------------------ */

/* A question, and what the solver borrows of it until its outcome is freed. */
typedef struct question {
    ps_problem problem;
    char text[1024];
    struct question *next;
} question;

typedef struct inbox {
    pthread_mutex_t mutex;
    question *first, **last; /* that have come and are not taken */
    bool ended;
    ps_solver *solver; /* to be woken */
} inbox;

static void put(inbox *in, question *q) {
    pthread_mutex_lock(&in->mutex);
    if (q != NULL) {
        *in->last = q;
        in->last = &q->next;
    } else {
        in->ended = true;
    }
    pthread_mutex_unlock(&in->mutex);
    ps_solver_wake(in->solver);
}

static question *take(inbox *in, bool *ended) {
    pthread_mutex_lock(&in->mutex);
    question *q = in->first;
    if (q != NULL) in->first = q->next;
    if (in->first == NULL) in->last = &in->first;
    *ended = in->ended && q == NULL;
    pthread_mutex_unlock(&in->mutex);
    return q;
}

static void *read_lines(void *argument) {
    inbox *in = argument;
    for (uint64_t number = 0;; number++) {
        question *q = calloc(1, sizeof *q);
        if (q == NULL || fgets(q->text, sizeof q->text, stdin) == NULL) {
            free(q);
            break;
        }
        q->text[strcspn(q->text, "\n")] = '\0';
        q->problem = (ps_problem){.index = number, .text = q->text};
        put(in, q);
    }
    put(in, NULL);
    return NULL;
}

/* ---- Answers ------------------------------------------------------------- */

static void print_answer(const ps_outcome *outcome) {
    const ps_prediction *chosen = &outcome->predictions[outcome->select];
    printf("%llu. %s: %s\n", (unsigned long long)outcome->problem->index + 1, outcome->problem->text,
           outcome->error != NULL   ? outcome->error
           : chosen->answer != NULL ? chosen->answer
                                    : "no answer");
    fflush(stdout);
}

/* Begin every question that has come, then hand out what is answered, until the stream has ended and all is answered.
 */
static ps_status answer_all(inbox *in, ps_session *session, ps_error *err) {
    ps_status status = PS_OK;
    bool ended = false;
    while (status == PS_OK && !(ended && ps_solver_pending(in->solver) == 0)) {
        const ps_solver_event *events = NULL;
        size_t n = 0;
        for (question *q; status == PS_OK && (q = take(in, &ended)) != NULL;) {
            ps_solve_request request = {.session = session, .problem = &q->problem, .tag = (uintptr_t)q};
            status = ps_solver_submit(in->solver, &request, err);
        }
        if (status == PS_OK && ended && ps_solver_pending(in->solver) == 0) break;
        if (status == PS_OK) status = ps_solver_poll(in->solver, INFINITY, &events, &n, err);
        for (size_t i = 0; i < n; i++) {
            print_answer(events[i].outcome);
            ps_outcome_free(events[i].outcome);
            free((question *)(uintptr_t)events[i].tag);
        }
    }
    return status;
}

static ps_status configure(ps_config *config, const char *path, ps_error *err) {
    static const char *const toy[][2] = {{"engine.type", "toy"},
                                         {"engine.toy.table", "examples/toy/two-words.json"},
                                         {"generation.step_boundary", "paragraph"},
                                         {"method", "majority"}};
    ps_status status = PS_OK;
    if (path != NULL) status = ps_config_load_file(config, path, err);
    for (size_t i = 0; path == NULL && i < sizeof toy / sizeof *toy && status == PS_OK; i++)
        status = ps_config_set(config, toy[i][0], toy[i][1], "example", err);
    return status == PS_OK ? ps_config_check(config, NULL, err) : status;
}

int main(int argc, char **argv) {
    inbox in = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    ps_config *config = NULL;
    ps_models *models = NULL;
    ps_session *session = NULL;
    ps_error err;
    pthread_t reader;

    in.last = &in.first;
    ps_status status = ps_config_create(&config, &err);
    if (status == PS_OK) status = configure(config, argc > 1 ? argv[1] : NULL, &err);
    if (status == PS_OK) status = ps_models_open(config, NULL, &models, &err);
    if (status == PS_OK) status = ps_session_create(config, models, NULL, &session, &err);
    if (status == PS_OK) status = ps_solver_create(models, &in.solver, &err);
    ps_config_free(config); /* the session has copied what it needs */
    if (status == PS_OK && pthread_create(&reader, NULL, read_lines, &in) != 0) {
        fputs("stream: no thread for reading\n", stderr);
        return 1;
    }
    if (status == PS_OK) status = answer_all(&in, session, &err);
    if (status != PS_OK) { /* the thread may still be reading: to leave the program is all that stops it */
        fprintf(stderr, "stream: %s\n", err.message);
        exit(1);
    }
    pthread_join(reader, NULL);
    ps_solver_free(in.solver);
    ps_session_release(session);
    ps_models_free(models);
    return 0;
}
