#include "study/same.h"
#include "base/json.h"

#include <string.h>

const char *const ps_same_advice =
    "choose another folder with --evaluation.output_dir=FOLDER, start over with --fresh, or leave out the folder that "
    "--from or evaluation.resume_from names";

/* Where two texts part, between two characters. */
static size_t common_length(const char *a, const char *b) {
    size_t n = 0;
    while (a[n] != '\0' && a[n] == b[n])
        n++;
    return ps_utf8_cut(a, strlen(a), n);
}

/* A value as JSON on one line, cut to what a message has room for: from a little before `from` on. */
static void put_value(ps_text *out, const json_t *value, size_t from) {
    enum { BEFORE = 24, SHOWN = 96 };
    const char *text = json_string_value(value);
    ps_text part = {0};
    if (text == NULL) {
        ps_text_puts(out, json_is_null(value) || value == NULL ? "nothing" : "");
        if (json_is_integer(value)) ps_text_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    }
    size_t length = strlen(text), start = from > BEFORE ? ps_utf8_cut(text, length, from - BEFORE) : 0;
    size_t shown = ps_utf8_cut(text + start, length - start, SHOWN);
    if (start > 0) ps_text_puts(&part, "…");
    ps_text_append(&part, text + start, shown);
    if (start + shown < length) ps_text_puts(&part, "…");
    if (!ps_text_ok(&part) || ps_json_dump(ps_json_text(ps_text_cstr(&part)), JSON_ENCODE_ANY, out, NULL) != PS_OK)
        out->failed = true;
    ps_text_clear(&part);
}

static ps_status differs(const ps_stored_line *line, const char *key, const json_t *there, const json_t *now,
                         ps_error *err) {
    ps_text values = {0};
    const char *a = json_string_value(there), *b = json_string_value(now);
    size_t from = a != NULL && b != NULL ? common_length(a, b) : 0;
    put_value(&values, now, from);
    ps_text_puts(&values, ", was ");
    put_value(&values, there, from);
    ps_status status =
        !ps_text_ok(&values)
            ? ps_nomem(err)
            : ps_fail(err, PS_ARG, "%s:%zu: this line is of another run: of problem %zu the %s differs:\n  %s",
                      line->path, line->number, line->result.index, key, ps_text_cstr(&values));
    ps_text_clear(&values);
    return status;
}

/* Compare one field with its value of today, whose reference is taken. */
static ps_status check_field(const ps_stored_line *line, const char *key, json_t *now, ps_error *err) {
    const json_t *there = json_object_get(line->object, key);
    ps_status status = PS_OK;
    if (now == NULL)
        status = ps_nomem(err);
    else if (there == NULL ? !json_is_null(now) : !json_equal(there, now))
        status = differs(line, key, there, now, err);
    json_decref(now);
    return status;
}

static ps_status check_method(const ps_same *run, const ps_stored_line *line, ps_error *err) {
    const char *there = json_string_value(json_object_get(line->object, "method"));
    const ps_method_ops *ops = there != NULL && run->independent ? ps_method_find(there) : NULL;
    if (ops != NULL && ops->independent) return PS_OK;
    return check_field(line, "method", json_string(run->method), err);
}

ps_status ps_same_check(const ps_same *run, const ps_problem *problem, const ps_stored_line *line, ps_error *err) {
    if (problem == NULL)
        return ps_fail(err, PS_ARG, "%s:%zu: this line is of another run: the data set has no usable problem %zu now",
                       line->path, line->number, line->result.index);
    const char *question = problem->text; /* of a data set: that is what a line shows */
    ps_status status = check_field(line, "problem", ps_json_text(question), err);
    if (status == PS_OK) status = check_field(line, "ground_truth", ps_json_text(problem->answer), err);
    if (status == PS_OK) status = check_field(line, "unique_id", ps_json_text(problem->unique_id), err);
    if (status == PS_OK) status = check_field(line, "seed", json_integer((json_int_t)run->seed), err);
    if (status == PS_OK) status = check_method(run, line, err);
    return status;
}
