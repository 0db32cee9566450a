/* The public functions. */
#include "verify/choice.h"
#include "verify/compare/compare.h"
#include "verify/extract/extract.h"

#include <ctype.h>
#include <flint/flint.h>
#include <stdio.h>
#include <string.h>

static const ps_verify_options defaults = {0};

static ps_status begin(psv_ctx *ctx, const ps_verify_options *options, ps_error *err) {
    *ctx = (psv_ctx){.arena = ps_arena_create(),
                     .work = PSV_WORK,
                     .rules = psv_rules_of(options->mode),
                     .decimals = 6,
                     .sets_are_relations = options->sets_are_relations};
    if (ctx->arena == NULL) return ps_nomem(err);
    if (options->decimals > 0) ctx->decimals = options->decimals < 15 ? options->decimals : 15;
    return PS_OK;
}

/* The one place that asks whether memory was enough. What was computed without it is thrown away. */
static ps_status end(psv_ctx *ctx, ps_status status, ps_error *err) {
    if (psv_nomem(ctx)) status = ps_nomem(err);
    ps_arena_free(ctx->arena);
    return status;
}

void ps_verify_result_clear(ps_verify_result *result) {
    ps_free(result->extracted);
    ps_free(result->gold_form);
    ps_free(result->response_form);
    *result = (ps_verify_result){0};
}

void ps_verify_thread_end(void) {
    flint_cleanup();
}

/* ---- Extraction ---------------------------------------------------------- */

static const char *look_for_answer(psv_ctx *ctx, const char *response, size_t length, ps_verify_mode mode) {
    if (mode == PS_VERIFY_CHOICE) return psv_extract_choice(ctx, response, length);
    return ctx->rules->searches_like_math_verify ? psv_extract_as_math_verify(ctx, response, length)
                                                 : psv_extract(ctx, response, length);
}

static ps_status extract(psv_ctx *ctx, const char *response, const ps_verify_options *options, const char **answer,
                         ps_error *err) {
    size_t length = strlen(response);
    psv_span span;
    *answer = NULL;
    if (options->extract != PS_EXTRACT_REGEX) { /* answers come last */
        size_t begin = psv_window(response, length);
        response += begin;
        length -= begin;
    }
    switch (options->extract) {
    case PS_EXTRACT_REGEX: return psv_extract_regex(ctx, options->regex, response, length, answer, err);
    case PS_EXTRACT_LAST_NUMBER:
        if (psv_last_number(response, length, &span))
            *answer = ps_arena_strndup(ctx->arena, response + span.begin, span.end - span.begin);
        break;
    case PS_EXTRACT_BOXED: *answer = look_for_answer(ctx, response, length, options->mode); break;
    default: return ps_fail(err, PS_ARG, "unknown way of extraction %d", (int)options->extract);
    }
    return PS_OK;
}

/* The answer that was found as the caller gets it: trimmed, of his own; NULL stays NULL. */
static ps_status owned_answer(psv_ctx *ctx, const char *found, char **copy, ps_error *err) {
    const char *shown = found != NULL ? psv_trim(ctx, found, strlen(found)) : NULL;
    *copy = shown != NULL ? ps_strdup(shown) : NULL;
    return shown != NULL && *copy == NULL ? ps_nomem(err) : PS_OK;
}

ps_status ps_extract_answer(const char *response, const ps_verify_options *options, char **answer, ps_error *err) {
    if (response == NULL || answer == NULL)
        return ps_fail(err, PS_ARG, "a response and a place for its answer are needed");
    if (options == NULL) options = &defaults;
    psv_ctx ctx;
    ps_status status = begin(&ctx, options, err);
    if (status != PS_OK) return status;
    const char *found;
    char *copy = NULL;
    status = extract(&ctx, response, options, &found, err);
    if (status == PS_OK) status = owned_answer(&ctx, found, &copy, err);
    status = end(&ctx, status, err);
    if (status == PS_OK)
        *answer = copy;
    else
        ps_free(copy);
    return status;
}

/* ---- Comparison ---------------------------------------------------------- */

static void trimmed(const char *text, const char **begin_out, size_t *length) {
    while (isspace((unsigned char)*text))
        text++;
    size_t n = strlen(text);
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    *begin_out = text;
    *length = n;
}

static bool equal_text(const char *a, const char *b) {
    size_t na, nb;
    trimmed(a, &a, &na);
    trimmed(b, &b, &nb);
    return na == nb && memcmp(a, b, na) == 0;
}

static bool contains(const char *response, const char *gold) {
    size_t n;
    trimmed(gold, &gold, &n);
    if (!n) return false;
    for (const char *s = response; (s = strchr(s, *gold)) != NULL; s++)
        if (strncmp(s, gold, n) == 0) return true;
    return false;
}

/* An answer in the canonical notation, for the caller to own; NULL for one that was not read. */
static ps_status form_of(psv_ctx *ctx, const psv_answer *answer, char **out, ps_error *err) {
    if (answer->why != NULL || answer->tree == NULL) return PS_OK;
    ps_text text = psv_text(ctx);
    psv_print(answer->tree, &text);
    *out = ps_strdup(ps_text_cstr(&text));
    return *out != NULL ? PS_OK : ps_nomem(err);
}

static ps_verdict verdict_of(psv_answer_is is) {
    return is == PSV_YES ? PS_SAME : is == PSV_NO ? PS_DIFFERENT : PS_UNKNOWN;
}

static void take_decision(ps_verify_result *result, const psv_compare *c, psv_answer_is is) {
    result->verdict = verdict_of(is);
    result->stage = c->stage;
    snprintf(result->reason, sizeof result->reason, "%s", c->reason != NULL ? c->reason : "");
}

/* The grader for multiple choice: both sides are printed as they were given. */
static void decide_choice(psv_ctx *ctx, const char *gold, const char *pred, ps_verify_result *result) {
    psv_compare c = {.ctx = ctx, .stage = "choice"};
    psv_answer_is is = psv_compare_choices(&c, gold, pred);
    take_decision(result, &c, is);
}

/* Compare two answers by what they say; what was decided goes to *result, texts included. */
static ps_status decide(psv_ctx *ctx, const char *gold, const char *pred, ps_verify_mode mode, ps_verify_result *result,
                        ps_error *err) {
    if (mode == PS_VERIFY_CHOICE) {
        decide_choice(ctx, gold, pred, result);
        return PS_OK;
    }
    psv_answer a, b;
    psv_read(ctx, gold, strlen(gold), &a);
    psv_read(ctx, pred, strlen(pred), &b);
    psv_compare c = {.ctx = ctx, .stage = "type"};
    psv_answer_is is = psv_compare_answers(&c, &a, &b);
    take_decision(result, &c, is);
    ps_status status = form_of(ctx, &a, &result->gold_form, err);
    return status == PS_OK ? form_of(ctx, &b, &result->response_form, err) : status;
}

static void by_text(const char *gold, const char *extracted, const char *response, ps_verify_mode mode,
                    ps_verify_result *result) {
    bool same = mode == PS_VERIFY_EXACT ? extracted != NULL && equal_text(gold, extracted) : contains(response, gold);
    result->verdict = same ? PS_SAME : PS_DIFFERENT;
    result->stage = "text";
    snprintf(result->reason, sizeof result->reason, "%s",
             mode == PS_VERIFY_EXACT ? same ? "equal texts" : "different texts"
             : same                  ? "the response contains the gold text"
                                     : "the response does not contain the gold text");
}

/* The gold answer, perhaps extracted from its text as from a response. */
static const char *gold_answer(psv_ctx *ctx, const char *gold) {
    if (!ctx->rules->searches_gold) return gold;
    size_t length = strlen(gold);
    if (length > PSV_MAX_RESPONSE) gold += length - PSV_MAX_RESPONSE;
    const char *dollar = strchr(gold, '$');
    while (dollar != NULL && dollar > gold && dollar[-1] == '\\') /* an escaped one is money */
        dollar = strchr(dollar + 1, '$');
    bool delimited =
        dollar != NULL || strstr(gold, "\\boxed") != NULL || strstr(gold, "\\(") != NULL || strstr(gold, "\\[") != NULL;
    const char *found = delimited ? psv_extract_as_math_verify(ctx, gold, strlen(gold)) : NULL;
    return found != NULL ? found : gold;
}

/* "0,75", "3,14" as a response to a gold answer that is no list: a decimal. One decimal alone ("2,5") may be two
 * values.
 */
static const char *decimal_response(psv_ctx *ctx, const char *gold, const char *found) {
    const char *comma = strchr(found, ',');
    if (!ctx->rules->numbers_have_any_locale || comma == NULL || strpbrk(gold, ",;") != NULL) return found;
    bool zero = comma == found + 1 + (*found == '-') && comma[-1] == '0';
    if (!zero) return strlen(comma) > 2 ? psv_reference_number(ctx, found) : found;
    size_t decimals = strspn(comma + 1, "0123456789");
    char *decimal = decimals > 0 && !comma[1 + decimals] ? ps_arena_strndup(ctx->arena, found, strlen(found)) : NULL;
    if (decimal != NULL) decimal[comma - found] = '.';
    return decimal != NULL ? decimal : found;
}

/* "1,22" may be a decimal as well as a list. */
static ps_status decide_either_way(psv_ctx *ctx, const char *gold, const char *found, ps_verify_mode mode,
                                   ps_verify_result *result, ps_error *err) {
    ps_status status = decide(ctx, gold, found, mode, result, err);
    const char *decimal = ctx->rules->comma_may_be_decimal ? psv_reference_number(ctx, gold) : gold;
    const char *response = decimal_response(ctx, gold, found);
    if (status != PS_OK || result->verdict == PS_SAME || (decimal == gold && response == found)) return status;
    ps_verify_result again = {.extracted = result->extracted};
    status = decide(ctx, decimal, response, mode, &again, err);
    if (status != PS_OK) return status;
    result->extracted = NULL;
    ps_verify_result_clear(result);
    *result = again;
    return PS_OK;
}

ps_status ps_verify(const char *gold, const char *response, const ps_verify_options *options, ps_verify_result *result,
                    ps_error *err) {
    if (gold == NULL || response == NULL || result == NULL)
        return ps_fail(err, PS_ARG, "a gold answer, a response and a result are needed");
    if (options == NULL) options = &defaults;
    ps_verify_result out = {.stage = "extract"};
    psv_ctx ctx;
    ps_status status = begin(&ctx, options, err);
    if (status != PS_OK) return status;
    const char *found = NULL;
    status = extract(&ctx, response, options, &found, err);
    if (status == PS_OK) status = owned_answer(&ctx, found, &out.extracted, err);
    if (status == PS_OK) {
        if (options->mode == PS_VERIFY_EXACT || options->mode == PS_VERIFY_CONTAINS)
            by_text(gold, out.extracted, response, options->mode, &out);
        else if (found == NULL)
            snprintf(out.reason, sizeof out.reason, "no answer was found in the response");
        else
            status = decide_either_way(&ctx, gold_answer(&ctx, gold), found, options->mode, &out, err);
    }
    status = end(&ctx, status, err);
    if (status == PS_OK)
        *result = out;
    else
        ps_verify_result_clear(&out);
    return status;
}

ps_status ps_verify_answers_explained(const char *a, const char *b, const ps_verify_options *options,
                                      ps_verify_result *result, ps_error *err) {
    if (a == NULL || b == NULL || result == NULL) return ps_fail(err, PS_ARG, "two answers and a result are needed");
    if (options == NULL) options = &defaults;
    ps_verify_result out = {0};
    if (options->mode == PS_VERIFY_EXACT || options->mode == PS_VERIFY_CONTAINS) {
        by_text(a, b, b, options->mode, &out);
        *result = out;
        return PS_OK;
    }
    psv_ctx ctx;
    ps_status status = begin(&ctx, options, err);
    if (status != PS_OK) return status;
    status = end(&ctx, decide(&ctx, a, b, options->mode, &out, err), err);
    if (status == PS_OK)
        *result = out;
    else
        ps_verify_result_clear(&out);
    return status;
}

ps_status ps_verify_answers(const char *a, const char *b, const ps_verify_options *options, ps_verdict *verdict,
                            ps_error *err) {
    ps_verify_result result;
    if (verdict == NULL) return ps_fail(err, PS_ARG, "a place for the verdict is needed");
    ps_status status = ps_verify_answers_explained(a, b, options, &result, err);
    if (status != PS_OK) return status;
    *verdict = result.verdict;
    ps_verify_result_clear(&result);
    return PS_OK;
}
