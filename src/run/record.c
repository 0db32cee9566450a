#include "run/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text of a record: 16 bytes for each token of the largest context that can be configured. No problem that fits one
 * is longer, and a longer one is refused before a tokenizer is paid for it. */
enum { LONGEST_TEXT = 16 << 20 };

const ps_field_names ps_usual_fields = {.names = {[PS_FIELD_problem] = {"problem", "question"},
                                                  [PS_FIELD_answer] = {"answer"},
                                                  [PS_FIELD_unique_id] = {"unique_id"},
                                                  [PS_FIELD_subject] = {"subject"},
                                                  [PS_FIELD_level] = {"level"}}};

const char *ps_field_key(ps_field field) {
    static const char *const keys[PS_FIELDS] = {
#define X(name) "evaluation.fields." #name,
        PS_FIELD_LIST(X)
#undef X
    };
    return keys[field];
}

/* ---- Names --------------------------------------------------------------- */

void ps_record_append_names(const json_t *record, ps_text *text) {
    enum { MOST_NAMES = 12, LONGEST_NAME = 40 };
    size_t n = json_object_size(record), i = 0;
    for (void *at = json_object_iter((json_t *)record); at != NULL; at = json_object_iter_next((json_t *)record, at)) {
        const char *name = json_object_iter_key(at);
        size_t length = strlen(name), shown = ps_utf8_cut(name, length, LONGEST_NAME);
        if (i == MOST_NAMES) {
            ps_text_printf(text, " and %zu more", n - i);
            return;
        }
        ps_text_puts(text, i == 0 ? "" : i + 1 == n ? " and " : ", ");
        ps_text_printf(text, "%.*s%s", (int)shown, name, shown < length ? "…" : "");
        i++;
    }
    if (n == 0) ps_text_puts(text, "nothing");
}

/* The member of this name; else, where the name has dots, a member of the object before the dot. */
static const json_t *member(const json_t *object, const char *name) {
    char outer[128];
    const json_t *value = json_object_get(object, name);
    const char *dot = strchr(name, '.');
    if (value != NULL || dot == NULL || (size_t)(dot - name) >= sizeof outer) return value;
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
    return member(json_object_get(object, outer), dot + 1);
}

static const json_t *field_of(const json_t *record, const char *const names[2], const char **name) {
    for (size_t i = 0; i < 2 && names[i] != NULL; i++) {
        const json_t *value = member(record, names[i]);
        *name = names[i];
        if (value != NULL) return value;
    }
    return NULL;
}

/* ---- Texts --------------------------------------------------------------- */

/* The shortest decimal that reads back as x: 0.1 is "0.1", not the 0.10000000000000001 no solution would write. */
static void print_real(double x, char *text, size_t size) {
    double back;
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, x);
        if (ps_parse_real(text, strlen(text), &back) && back == x) return;
    }
}

static const char *kind_of(const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT: return "an object (a member of it is named as FIELD.MEMBER)";
    case JSON_ARRAY: return "a list";
    case JSON_NULL: return "null";
    default: return "a boolean";
    }
}

/* A list of one is what is in it. */
static const json_t *only_element(const json_t *value) {
    while (json_array_size(value) == 1)
        value = json_array_get(value, 0);
    return value;
}

/* A string as it is, a number printed. *text stays NULL for anything else, and the fault says why. */
static ps_status text_of(const json_t *value, const char *name, ps_arena *arena, char **text, ps_text *fault) {
    char number[64];
    const char *from = number;
    if (json_is_string(value)) {
        from = json_string_value(value);
    } else if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else if (json_is_real(value)) {
        print_real(json_real_value(value), number, sizeof number);
    } else {
        ps_text_printf(fault, "the field %s is %s; expected a text or a number", name, kind_of(value));
        return PS_OK;
    }
    size_t length = strlen(from);
    if (length > LONGEST_TEXT) {
        ps_text_printf(fault, "the field %s has %zu bytes; expected at most %d, more than any context holds", name,
                       length, LONGEST_TEXT);
        return PS_OK;
    }
    *text = ps_arena_strndup(arena, from, length);
    return *text != NULL ? PS_OK : PS_NOMEM;
}

static void tell_missing(const json_t *record, ps_field field, const char *const names[2], ps_text *fault) {
    ps_text_printf(fault, "no field %s%s%s; the record has ", names[0], names[1] != NULL ? " or " : "",
                   names[1] != NULL ? names[1] : "");
    ps_record_append_names(record, fault);
    ps_text_printf(fault, "; name its field with %s", ps_field_key(field));
}

/* GSM8K writes the solution and then "#### answer". */
static char *final_answer(char *answer) {
    static const char blanks[] = " \t\r\n";
    char *mark = answer, *last = NULL;
    while ((mark = strstr(mark, "####")) != NULL)
        last = mark += 4;
    if (last == NULL) return answer;
    last += strspn(last, blanks);
    size_t length = strlen(last);
    while (length > 0 && strchr(blanks, last[length - 1]) != NULL)
        length--;
    last[length] = '\0';
    return last;
}

ps_status ps_record_read(const json_t *record, const ps_field_names *fields, ps_arena *arena, ps_problem *problem,
                         bool found[PS_FIELDS], ps_text *fault) {
    char *texts[PS_FIELDS] = {NULL};
    ps_status status = PS_OK;
    if (!json_is_object(record)) {
        ps_text_puts(fault, "expected an object with the fields problem (or question) and answer");
        return ps_text_ok(fault) ? PS_OK : PS_NOMEM;
    }
    for (ps_field f = 0; f < PS_FIELDS && status == PS_OK && fault->length == 0; f++) {
        const char *name = NULL;
        const json_t *value = only_element(field_of(record, fields->names[f], &name));
        bool needed = f == PS_FIELD_problem || f == PS_FIELD_answer;
        bool text = json_is_string(value) || json_is_number(value);
        found[f] = found[f] || value != NULL;
        if (value == NULL && needed) tell_missing(record, f, fields->names[f], fault);
        if (text || (value != NULL && needed)) status = text_of(value, name, arena, &texts[f], fault);
    }
    if (status != PS_OK || !ps_text_ok(fault)) return PS_NOMEM;
    if (fault->length > 0) return PS_OK;
    problem->text = texts[PS_FIELD_problem];
    problem->answer = final_answer(texts[PS_FIELD_answer]);
    problem->unique_id = texts[PS_FIELD_unique_id];
    problem->subject = texts[PS_FIELD_subject];
    problem->level = texts[PS_FIELD_level];
    return PS_OK;
}
