/* The lists of choices.h are what the schema offers, what the tables hold and what the entries call themselves. */
#include "config/support.h"
#include "persamp/choices.h"
#include "persamp/core.h"
#include "persamp/method.h"
#include "persamp/score.h"
#include "support/check.h"

static const char *allowed(const char *name) {
    const ps_config_key *key = ps_config_find_key(name);
    assert_non_null(key);
    return key->allowed;
}

/* "a|b|c" of the entries of a table, in its order. */
#define NAMES(table, text)                                                                                             \
    for (size_t i = 0; i < n; i++)                                                                                     \
    ps_text_printf((text), "%s%s", i > 0 ? "|" : "", (table)[i]->name)

static void the_schema_offers_what_the_tables_hold(void **state) {
    (void)state;
    ps_text names = {0};
    size_t n;
    const ps_score_ops *const *scores = ps_scores(&n);
    NAMES(scores, &names);
    assert_string_equal(ps_text_cstr(&names), allowed("scoring.type"));
    ps_text_reset(&names);
    const ps_length_prior_ops *const *priors = ps_length_priors(&n);
    NAMES(priors, &names);
    assert_string_equal(ps_text_cstr(&names), allowed("scoring.length_prior.type"));
    ps_text_reset(&names);
    const ps_resampler *const *resamplers = ps_resamplers(&n);
    NAMES(resamplers, &names);
    assert_string_equal(ps_text_cstr(&names), allowed("ps.resample.method"));
    ps_text_reset(&names);
    const ps_method_ops *const *methods = ps_methods(&n);
    NAMES(methods, &names);
    assert_string_equal(ps_text_cstr(&names), allowed("method"));
    ps_text_clear(&names);
}

/* The list of scores with a PRM is the one by which a configuration without one is refused. */
static void scores_that_read_a_reward_are_listed_as_such(void **state) {
    (void)state;
    static const char *const listed[] = {
#define X(name) #name,
        PS_PRM_SCORE_LIST(X)
#undef X
    };
    size_t n, k = 0;
    const ps_score_ops *const *scores = ps_scores(&n);
    for (size_t i = 0; i < n; i++)
        if (scores[i]->needs_reward) {
            assert_true(k < sizeof listed / sizeof *listed);
            assert_string_equal(scores[i]->name, listed[k++]);
        }
    assert_int_equal(k, sizeof listed / sizeof *listed);
}

/* What a score is told where nothing is configured, and by ps_score_defaults, is one number, in range. */
static void defaults_of_score_parameters_are_those_of_the_schema(void **state) {
    (void)state;
    ps_config *c = NULL;
    ps_score_params params;
    check_ok(ps_config_create(&c, NULL));
    check_ok(ps_config_set(c, "preset", "classic", "test", NULL));
    ps_score_defaults(&params);
#define X(member, field, initial) assert_true(params.member == c->field);
    PS_SCORE_PARAM_LIST(X)
#undef X
    ps_config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_offers_what_the_tables_hold),
        cmocka_unit_test(scores_that_read_a_reward_are_listed_as_such),
        cmocka_unit_test(defaults_of_score_parameters_are_those_of_the_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
