/* Helpers of the reward room's tests. */
#ifndef PERSAMP_TESTS_REWARD_PRM_SUPPORT_H
#define PERSAMP_TESTS_REWARD_PRM_SUPPORT_H

#include "persamp/engine_toy.h"
#include "persamp/reward.h"
#include "support/check.h"

#include <unistd.h>

/* A step scored, waited for; the event is valid until the next poll. */
static inline ps_prm_event score_step(ps_prm *prm, ps_prm_node parent, const char *text) {
    const ps_prm_event *events = NULL;
    size_t n = 0;
    assert_ok(
        ps_prm_submit(prm, &(ps_prm_request){.parent = parent, .text = text, .length = strlen(text), .tag = 5}, err));
    while (n == 0)
        assert_ok(ps_prm_poll(prm, INFINITY, &events, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(events->tag, 5);
    return *events;
}

/* A table that acts as a reward model: after "a" and the tag mostly +, after "b" mostly -, after "c" neither; and so
 * behind a line and "?", for one that is asked. */
static const char judge_table[] =
    "{\"tokens\": [\"a\", \"b\", \"c\", \"+\", \"-\", \"<tag>\", \"?\", \"\\n\"], \"bytes\": true, \"rules\": ["
    "{\"after\": [], \"next\": {\"a\": 0.5, \"b\": 0.5}},"
    "{\"after\": [\"<tag>\"], \"next\": {\"+\": 0.3, \"-\": 0.3, \"a\": 0.4}},"
    "{\"after\": [\"a\", \"<tag>\"], \"next\": {\"+\": 0.6, \"-\": 0.2, \"a\": 0.2}},"
    "{\"after\": [\"b\", \"<tag>\"], \"next\": {\"+\": 0.1, \"-\": 0.3, \"a\": 0.6}},"
    "{\"after\": [\"?\"], \"next\": {\"+\": 0.3, \"-\": 0.3, \"a\": 0.4}},"
    "{\"after\": [\"a\", \"\\n\", \"?\"], \"next\": {\"+\": 0.6, \"-\": 0.2, \"a\": 0.2}},"
    "{\"after\": [\"b\", \"\\n\", \"?\"], \"next\": {\"+\": 0.1, \"-\": 0.3, \"a\": 0.6}},"
    "{\"after\": [\"c\", \"\\n\", \"?\"], \"next\": {\"a\": 1}},"
    "{\"after\": [\"b\", \"\\n\", \"a\", \"\\n\", \"?\"], \"next\": {\"+\": 0.1, \"-\": 0.4, \"a\": 0.5}},"
    "{\"after\": [\"c\", \"<tag>\"], \"next\": {\"a\": 1}},"
    "{\"after\": [\"b\", \"<tag>\", \"a\", \"<tag>\"], \"next\": {\"+\": 0.1, \"-\": 0.4, \"a\": 0.5}}]}";

/* A file of this program's own, for tests that run beside each other write the same; to be unlinked. */
static inline const char *judge_file(void) {
    static char path[64];
    snprintf(path, sizeof path, "judge-%ld.json", (long)getpid());
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(judge_table, file);
    fclose(file);
    return path;
}

static inline ps_engine *judge_engine(int n_ctx) {
    ps_engine *engine = NULL;
    ps_error error = {0};
    const char *path = judge_file();
    ps_status status = ps_engine_toy_create(&(ps_toy_options){.table_path = path, .n_ctx = n_ctx}, &engine, &error);
    assert_int_equal(unlink(path), 0);
    if (status != PS_OK) fail_msg("%s", error.message);
    return engine;
}

static inline ps_prm *judge(ps_aggregate aggregate) {
    ps_prm *prm = NULL;
    const ps_prm_options options = {.aggregate = aggregate, .step_tag = "<tag>"};
    assert_ok(ps_prm_create(judge_engine(0), NULL, &options, &prm, err));
    return prm;
}

/* It reads "Q", the question, "S", the steps, and then "?". */
static inline const ps_prm_options *asked(ps_aggregate aggregate) {
    static ps_prm_options options;
    options = (ps_prm_options){.aggregate = aggregate,
                               .judge = true,
                               .judge_prompt = "Q{question}S{steps}?",
                               .positive = "+",
                               .negative = "-"};
    return &options;
}

#endif
