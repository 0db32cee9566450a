/* The synthetic reasoner: how a step comes about, and its text. */
#include "engine/toy/reasoner.h"

#include <math.h>
#include <string.h>

/* ---- Parameters ---------------------------------------------------------- */

ps_toy_synthetic ps_toy_synthetic_defaults(void) {
    return (ps_toy_synthetic){.steps = 12,
                              .error_rate = 0.15,
                              .detection = 0.5,
                              .noise = 1,
                              .correlation = 0.7,
                              .separation = 4,
                              .wrong_answers = 20};
}

ps_status ps_toy_synthetic_check(const ps_toy_synthetic *p, ps_error *err) {
    if (p->steps < 1 || p->steps > 10000)
        return ps_fail(err, PS_ARG, "synthetic reasoner: steps is %d; expected 1 to 10000", p->steps);
    /* The hardest of the seven groups of problems has 1.6 times the mean error rate. */
    if (!(p->error_rate >= 0 && p->error_rate * 1.6 <= 1))
        return ps_fail(err, PS_ARG, "synthetic reasoner: error_rate is %g; expected 0 to 0.625", p->error_rate);
    if (!(p->detection >= 0 && p->detection <= 1))
        return ps_fail(err, PS_ARG, "synthetic reasoner: detection is %g; expected 0 to 1", p->detection);
    if (!(p->noise >= 0 && p->noise <= 1e3))
        return ps_fail(err, PS_ARG, "synthetic reasoner: noise is %g; expected 0 to 1000", p->noise);
    if (!(p->correlation >= -1 && p->correlation <= 1))
        return ps_fail(err, PS_ARG, "synthetic reasoner: correlation is %g; expected -1 to 1", p->correlation);
    if (!(fabs(p->separation) <= 1e3))
        return ps_fail(err, PS_ARG, "synthetic reasoner: separation is %g; expected -1000 to 1000", p->separation);
    if (p->wrong_answers < 1 || p->wrong_answers > 1000000)
        return ps_fail(err, PS_ARG, "synthetic reasoner: wrong_answers is %d; expected 1 to 1000000", p->wrong_answers);
    return PS_OK;
}

/* −p·log p, 0 at p = 0. */
static double surprise(double p) {
    return p > 0 ? -p * log(p) : 0;
}

/* P(u·v < t) for two uniforms. */
static double product_below(double t) {
    return t > 0 ? t - t * log(t) : 0;
}

ps_status ps_toy_reasoner_init(ps_toy_reasoner *reasoner, const ps_toy_synthetic *parameters, ps_error *err) {
    ps_status status = ps_toy_synthetic_check(parameters, err);
    if (status != PS_OK) return status;
    const size_t n = (size_t)parameters->wrong_answers;
    const double detection = parameters->detection;
    *reasoner = (ps_toy_reasoner){.parameters = *parameters, .label_logp = ps_reallocarray(NULL, n, sizeof(double))};
    if (reasoner->label_logp == NULL) return ps_nomem(err);
    for (int r = 0; r < 7; r++) {
        const double e = parameters->error_rate * (0.4 + 1.2 * r / 6);
        reasoner->error_rate[r] = e;
        reasoner->entropy[r] = surprise(1 - e) + surprise(e * detection) + surprise(e * (1 - detection));
    }
    reasoner->detection_entropy = surprise(detection) + surprise(1 - detection);
    for (size_t k = 0; k < n; k++) {
        const double p = product_below((double)(k + 1) / (double)n) - product_below((double)k / (double)n);
        reasoner->label_logp[k] = log(p);
        reasoner->label_entropy += surprise(p);
    }
    return PS_OK;
}

void ps_toy_reasoner_clear(ps_toy_reasoner *reasoner) {
    ps_free(reasoner->label_logp);
    *reasoner = (ps_toy_reasoner){0};
}

/* ---- A step -------------------------------------------------------------- */

/* Which uniform of the step's key serves what. */
enum { AT_ERROR = 0, AT_DETECTION = 1, AT_NOISE = 1 /* the normal of uniforms 2 and 3 */, AT_LABEL = 4 };

/* Right or wrong, noticed or not: the new status, and adds to logp and entropy. */
static ps_toy_status next_status(const ps_toy_reasoner *reasoner, ps_toy_status before, unsigned group, ps_rng_key key,
                                 double *logp, double *entropy) {
    const double e = reasoner->error_rate[group], detection = reasoner->parameters.detection;
    if (before == PS_TOY_SEEN) return PS_TOY_SEEN;
    if (before == PS_TOY_RIGHT) {
        *entropy += reasoner->entropy[group];
        if (ps_uniform(key, AT_ERROR) >= e) {
            *logp += log1p(-e);
            return PS_TOY_RIGHT;
        }
        *logp += log(e);
    } else {
        *entropy += reasoner->detection_entropy;
    }
    const bool seen = ps_uniform(key, AT_DETECTION) < detection;
    *logp += log(seen ? detection : 1 - detection);
    return seen ? PS_TOY_SEEN : PS_TOY_SLIP;
}

void ps_toy_reasoner_step(const ps_toy_reasoner *reasoner, const ps_toy_step *before, unsigned group, ps_rng_key key,
                          ps_toy_step *after, double *logp, double *entropy) {
    const ps_toy_synthetic *p = &reasoner->parameters;
    const double correlation = p->correlation;
    *logp = *entropy = 0;
    after->number = before->number + 1;
    after->label = -1;
    after->status = next_status(reasoner, before->status, group, key, logp, entropy);
    /* Rounded to what the text shows, so that the text is the whole state. */
    const double z = correlation * before->z + sqrt(1 - correlation * correlation) * ps_normal(key, AT_NOISE);
    after->z = rint(z * 1e6) / 1e6;
    if (after->number < (unsigned)p->steps) return;
    after->label = 0;
    if (after->status == PS_TOY_RIGHT) return;
    const double product = ps_uniform(key, AT_LABEL) * ps_uniform(key, AT_LABEL + 1);
    int wrong = (int)(p->wrong_answers * product);
    if (wrong >= p->wrong_answers) wrong = p->wrong_answers - 1; /* a product that rounds up to 1 */
    after->label = 1 + wrong;
    *logp += reasoner->label_logp[wrong];
    *entropy += reasoner->label_entropy;
}

int ps_toy_problem_group(const char *prompt, size_t length) {
    static const char word[] = "roblem "; /* of "Problem" and "problem" */
    const size_t n = sizeof word - 1;
    int group = -1;
    for (size_t at = 0; at + n < length; at++) {
        if (prompt[at] != 'r' || memcmp(prompt + at, word, n) != 0) continue;
        int modulo = -1;
        for (size_t d = at + n; d < length && prompt[d] >= '0' && prompt[d] <= '9'; d++)
            modulo = ((modulo < 0 ? 0 : modulo) * 10 + (prompt[d] - '0')) % 7;
        if (modulo >= 0) group = modulo;
    }
    return group;
}

/* ---- Its text ------------------------------------------------------------ */

static const char *const words[] = {"ok", "slip", "seen"};

/* printf would take most of the time of a step. */
static char *put_unsigned(char *at, uint64_t value, int least_digits) {
    char digits[20];
    int n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0 || n < least_digits);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

static char *put_text(char *at, const char *text) {
    while (*text != '\0')
        *at++ = *text++;
    return at;
}

size_t ps_toy_step_write(const ps_toy_step *step, char text[PS_TOY_STEP_TEXT]) {
    char *at = put_text(text, "step ");
    at = put_unsigned(at, step->number, 1);
    at = put_text(at, ": ");
    at = put_text(at, words[step->status]);
    at = put_text(at, step->z < 0 ? " z=-" : " z=");
    const uint64_t millionths = (uint64_t)llrint(fabs(step->z) * 1e6);
    at = put_unsigned(at, millionths / 1000000, 1);
    *at++ = '.';
    at = put_unsigned(at, millionths % 1000000, 6);
    if (step->label >= 0) {
        at = put_text(at, " \\boxed{");
        at = put_unsigned(at, (uint64_t)step->label, 1);
        at = put_text(at, "}");
    } else {
        at = put_text(at, "\n");
    }
    *at = '\0';
    return (size_t)(at - text);
}

/* A reader over bytes that are not terminated: `bad` once anything did not fit. */
typedef struct cursor {
    const char *at, *end;
    bool bad;
} cursor;

static bool take(cursor *c, const char *text) {
    const size_t n = strlen(text);
    if (n > (size_t)(c->end - c->at) || memcmp(c->at, text, n) != 0) return false;
    c->at += n;
    return true;
}

static void expect(cursor *c, const char *text) {
    if (!take(c, text)) c->bad = true;
}

static uint64_t take_unsigned(cursor *c, int *digits) {
    uint64_t value = 0;
    for (*digits = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9' && *digits < 9; c->at++, ++*digits)
        value = value * 10 + (uint64_t)(*c->at - '0');
    if (*digits == 0) c->bad = true;
    return value;
}

static double take_millionths(cursor *c) {
    int digits;
    const bool negative = take(c, "-");
    const uint64_t whole = take_unsigned(c, &digits);
    expect(c, ".");
    const uint64_t part = take_unsigned(c, &digits);
    if (digits != 6) c->bad = true;
    const double z = (double)(whole * 1000000 + part) / 1e6;
    return negative ? -z : z;
}

ps_status ps_toy_step_parse(const char *text, size_t length, ps_toy_step *step, ps_error *err) {
    cursor c = {text, text + length, false};
    ps_toy_step read = {.label = -1};
    int digits, status = 0;
    expect(&c, "step ");
    read.number = (unsigned)take_unsigned(&c, &digits);
    expect(&c, ": ");
    while (status < 3 && !take(&c, words[status]))
        status++;
    if (status == 3) c.bad = true;
    expect(&c, " z=");
    read.z = take_millionths(&c);
    if (take(&c, " \\boxed{")) {
        read.label = (int)take_unsigned(&c, &digits);
        expect(&c, "}");
    }
    take(&c, "\n");
    if (c.bad || c.at != c.end)
        return ps_fail(err, PS_FORMAT, "\"%.*s\" is not a step of the synthetic reasoner (\"step 3: ok z=0.531042\")",
                       (int)(length < 80 ? length : 80), text);
    read.status = (ps_toy_status)status;
    *step = read;
    return PS_OK;
}
