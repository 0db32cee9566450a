/* Numerals in a base, ratios and times of day: what is compared by its digits or by its parts. */
#include "verify/compare/compare.h"
#include "verify/tree/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *without_zeros(const char *digits) {
    while (*digits == '0' && digits[1])
        digits++;
    return digits;
}

/* Appends the digits of 1A3 without its base, which was read as a product or as text; false: it is no numeral. */
static bool append_digits(const psv_node *node, ps_text *out) {
    if (node->kind == PSV_NUM) ps_text_puts(out, node->text);
    if (node->kind != PSV_MUL) return node->kind == PSV_NUM ? !node->scale : psv_words_of(node, out);
    for (size_t i = 0; i < node->n; i++)
        if (!append_digits(node->kid[i], out)) return false;
    return true;
}

static psv_answer_is compare_digits(psv_compare *c, const psv_node *numeral, const psv_node *other) {
    ps_text digits = psv_text(c->ctx);
    bool same = append_digits(other, &digits) && strcasecmp(ps_text_cstr(&digits), numeral->text) == 0;
    return psv_decide(c, "base", same ? PSV_YES : PSV_NO, same ? "the base was left out" : "different digits");
}

psv_answer_is psv_compare_base(psv_compare *c, const psv_node *a, const psv_node *b) {
    const psv_node *other = a->kind == PSV_BASE ? b : a;
    if (other->kind == PSV_MUL || other->kind == PSV_TEXT || other->kind == PSV_VAR) {
        c->says_more[a == other ? PSV_SECOND : PSV_FIRST] = true;
        return compare_digits(c, a == other ? b : a, other);
    }
    if (other->kind != PSV_BASE && !(other->kind == PSV_NUM && other->scale == 0))
        return psv_no(c, "base", "one answer is a numeral in a base, the other is not an integer");
    if (strcasecmp(without_zeros(a->text), without_zeros(b->text)) != 0) return psv_no(c, "base", "different digits");
    if (a->kind == b->kind && a->scale != b->scale && c->ctx->rules->bases_are_compared)
        return psv_no(c, "base", "the same digits in different bases");
    if (a->kind != PSV_BASE) c->says_more[PSV_SECOND] = true;
    if (b->kind != PSV_BASE) c->says_more[PSV_FIRST] = true;
    return psv_decide(c, "base", PSV_YES, a->kind == b->kind ? "the same digits and base" : "the base was left out");
}

/* 4:30, 12:05: two parts, the second of two digits below 60. */
static bool is_time(const psv_node *node) {
    if (node->n != 2) return false;
    const psv_node *minutes = node->kid[1], *hours = node->kid[0];
    return minutes->kind == PSV_NUM && strlen(minutes->text) == 2 && minutes->text[0] < '6' && !minutes->scale &&
           hours->kind == PSV_NUM && strlen(hours->text) <= 2 && !hours->scale;
}

/* 3:15 p.m. and 15:15: the one of twelve hours becomes one of twenty-four. false: neither has more than twelve. */
static bool afternoon(psv_ctx *ctx, const psv_node **a, const psv_node **b) {
    const psv_node **marked = (*a)->text != NULL ? a : b, *other = (*a)->text != NULL ? *b : *a;
    if (other->text != NULL || atoi(other->kid[0]->text) <= 12) return false;
    int hours = atoi((*marked)->kid[0]->text) % 12 + ((*marked)->text[0] == 'p' ? 12 : 0);
    psv_node *copy = psv_copy(ctx, *marked);
    if (copy == NULL) return false;
    copy->kid[0] = psv_integer(ctx, hours);
    copy->text = NULL;
    if (copy->kid[0] == NULL) return false;
    *marked = copy;
    return true;
}

psv_answer_is psv_compare_ratio(psv_compare *c, const psv_node *a, const psv_node *b) {
    if (a->kind != b->kind) { /* 7:32 and 7/32 */
        const psv_node *ratio = a->kind == PSV_RATIO ? a : b, *other = a->kind == PSV_RATIO ? b : a;
        bool full_hour = ratio->n == 2 && ratio->text != NULL && ratio->kid[1]->kind == PSV_NUM &&
                         strcmp(ratio->kid[1]->text, "00") == 0;
        if (full_hour && c->ctx->rules->words_may_be_signs && other->kind == PSV_NUM &&
            psv_same_tree(ratio->kid[0], other)) {
            c->says_more[ratio == a ? PSV_FIRST : PSV_SECOND] = true; /* 2:00 pm and 2 */
            return psv_decide(c, "ratio", PSV_YES, "the full hour");
        }
        if (ratio->n != 2 || ratio->text != NULL || !psv_is_scalar(other))
            return psv_no(c, "ratio", "one answer is a ratio or a time of day, the other is not");
        psv_node *quotient = psv_binary(c->ctx, PSV_DIV, ratio->kid[0], ratio->kid[1]);
        if (quotient == NULL) return PSV_CANNOT_TELL;
        return a->kind == PSV_RATIO ? psv_compare_scalars(c, quotient, b) : psv_compare_scalars(c, a, quotient);
    }
    if (a->n != b->n) return psv_no(c, "ratio", "ratios of different length");
    if (is_time(a) && is_time(b) && (a->text != NULL || b->text != NULL) && afternoon(c->ctx, &a, &b))
        return psv_decide(c, "ratio", psv_same_tree(a, b) ? PSV_YES : PSV_NO, "times of day, of 12 and of 24 hours");
    if (a->text != NULL && b->text != NULL && strcmp(a->text, b->text) != 0)
        return psv_no(c, "ratio", "morning and afternoon");
    if ((a->text != NULL || b->text != NULL) && is_time(a) != is_time(b))
        return psv_no(c, "ratio", "a time of day and a ratio");
    if (a->text != NULL && b->text == NULL) c->says_more[PSV_FIRST] = true;
    if (b->text != NULL && a->text == NULL) c->says_more[PSV_SECOND] = true;
    psv_answer_is all = PSV_YES;
    for (size_t i = 0; i < a->n && all == PSV_YES; i++)
        all = psv_compare_scalars(c, a->kid[i], b->kid[i]);
    if (all == PSV_YES || a->text != NULL || b->text != NULL || (is_time(a) && is_time(b)))
        return psv_decide(c, "ratio", all, "part by part");
    for (size_t i = 1; i < a->n; i++) { /* a₀ : aᵢ = b₀ : bᵢ */
        psv_node *x = psv_binary(c->ctx, PSV_MUL, a->kid[0], b->kid[i]);
        psv_node *y = psv_binary(c->ctx, PSV_MUL, a->kid[i], b->kid[0]);
        if (x == NULL || y == NULL) return PSV_CANNOT_TELL;
        psv_answer_is is = psv_compare_scalars(c, x, y);
        if (is != PSV_YES) return psv_decide(c, "ratio", is, "different ratios");
    }
    return psv_decide(c, "ratio", PSV_YES, "the same ratio");
}
