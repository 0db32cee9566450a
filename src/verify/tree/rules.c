#include "verify/tree/rules.h"

const psv_rules psv_strict_rules = {
#define X(name, strict, math_verify, says) .name = strict,
    PSV_RULE_LIST(X)
#undef X
};

const psv_rules psv_math_verify_rules = {
#define X(name, strict, math_verify, says) .name = math_verify,
    PSV_RULE_LIST(X)
#undef X
};

const psv_rule_text psv_rule_texts[] = {
#define X(name, strict, math_verify, says) {#name, strict, math_verify, says},
    PSV_RULE_LIST(X)
#undef X
};
const size_t psv_n_rules = sizeof psv_rule_texts / sizeof *psv_rule_texts;
