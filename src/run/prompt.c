/* From a problem to the prompt that the engine continues. */
#include "run/prompt.h"

#include <string.h>

const char *ps_problem_question(const ps_problem *problem) {
    if (problem->text != NULL) return problem->text;
    for (size_t i = problem->n_messages; i > 0; i--)
        if (strcmp(problem->messages[i - 1].role, "user") == 0) return problem->messages[i - 1].content;
    return problem->prompt != NULL ? problem->prompt : "";
}

/* The next place of a template that is filled in, and with what; the template's end when there is none. */
static const char *next_place(const char *at, const char *system, const char *question, const char **filling,
                              size_t *length) {
    for (; *at != '\0'; at++) {
        bool is_question = strncmp(at, "{question}", 10) == 0;
        if (!is_question && strncmp(at, "{system}", 8) != 0) continue;
        *filling = is_question ? question : system;
        *length = is_question ? 10 : 8;
        return at;
    }
    *filling = NULL;
    *length = 0;
    return at;
}

/* {question} and {system} replaced; any other brace stays: LaTeX is full of them. What is filled in is text, the rest
 * may spell control tokens. */
static ps_status fill_template(const char *template, const char *system, const char *question, ps_problem_prompt *made,
                               ps_error *err) {
    size_t n = 0, capacity = 0, length;
    for (const char *at = template, *place, *filling = ""; filling != NULL; at = place + length) {
        place = next_place(at, system, question, &filling, &length);
        if (ps_reserve(&made->parts, &capacity, n + 2) != PS_OK) return ps_nomem(err);
        made->parts[n++] = (ps_prompt_part){.text = at, .length = (size_t)(place - at)};
        if (filling != NULL)
            made->parts[n++] = (ps_prompt_part){.text = filling, .length = strlen(filling), .user = true};
    }
    made->prompt = (ps_prompt){.parts = made->parts, .n_parts = n};
    return PS_OK;
}

static bool has_system(const ps_chat_message *messages, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(messages[i].role, "system") == 0) return true;
    return false;
}

/* n messages, after prompt.system where there is one and they have none of their own. */
static ps_status make_chat(const ps_session *s, const ps_chat_message *messages, size_t n, ps_problem_prompt *made,
                           ps_error *err) {
    bool add = s->system[0] != '\0' && !has_system(messages, n);
    made->messages = ps_calloc(n + add, sizeof *made->messages);
    if (made->messages == NULL) return ps_nomem(err);
    if (add) made->messages[0] = (ps_chat_message){"system", s->system};
    memcpy(made->messages + add, messages, n * sizeof *messages);
    made->prompt = (ps_prompt){.messages = made->messages, .n_messages = n + add};
    return PS_OK;
}

ps_status ps_problem_prompt_make(const ps_session *s, const ps_problem *problem, ps_problem_prompt *made,
                                 ps_error *err) {
    *made = (ps_problem_prompt){0};
    ps_chat_message question = {"user", problem->text};
    if (problem->prompt != NULL) {
        made->prompt.text = problem->prompt;
        return PS_OK;
    }
    if (problem->n_messages > 0) return make_chat(s, problem->messages, problem->n_messages, made, err);
    if (problem->text == NULL)
        return ps_fail(err, PS_ARG, "the problem is empty; expected a question, messages or a prompt");
    if (s->template == NULL) return make_chat(s, &question, 1, made, err);
    return fill_template(s->template, s->system, problem->text, made, err);
}

ps_status ps_session_check_prompt(const ps_session *s, ps_error *err) {
    const ps_problem question = {.text = "?"};
    ps_problem_prompt made;
    ps_node root = 0;
    ps_error why;
    ps_status status = ps_problem_prompt_make(s, &question, &made, &why);
    if (status == PS_OK) status = ps_engine_prompt(s->engine, &made.prompt, &root, &why);
    ps_engine_release(s->engine, root);
    ps_problem_prompt_clear(&made);
    if (status == PS_NOMEM) return ps_nomem(err);
    return status == PS_ENGINE ? ps_fail(err, PS_ENGINE, "%s", why.message)
                               : PS_OK; /* else one of the question's own */
}

void ps_problem_prompt_clear(ps_problem_prompt *made) {
    ps_free(made->messages);
    ps_free(made->parts);
    *made = (ps_problem_prompt){0};
}
