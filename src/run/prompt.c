/* From a problem to the prompt that the engine continues. */
#include "run/prompt.h"

#include <string.h>

const char *ps_problem_question(const ps_problem *problem) {
    if (problem->text != NULL) return problem->text;
    for (size_t i = problem->n_messages; i > 0; i--)
        if (strcmp(problem->messages[i - 1].role, "user") == 0) return problem->messages[i - 1].content;
    return problem->prompt != NULL ? problem->prompt : "";
}

/* {question} and {system} replaced; any other brace stays: LaTeX is full of them. */
static ps_status fill_template(const char *template, const char *system, const char *question, char **text,
                               ps_error *err) {
    ps_text out = {0};
    for (const char *at = template; *at != '\0';) {
        if (strncmp(at, "{question}", 10) == 0) {
            ps_text_puts(&out, question);
            at += 10;
        } else if (strncmp(at, "{system}", 8) == 0) {
            ps_text_puts(&out, system);
            at += 8;
        } else {
            ps_text_append(&out, at++, 1);
        }
    }
    ps_text_append(&out, "", 0);
    if (!ps_text_ok(&out)) {
        ps_text_clear(&out);
        return ps_nomem(err);
    }
    *text = out.data;
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
    ps_status status = fill_template(s->template, s->system, problem->text, &made->text, err);
    if (status == PS_OK) made->prompt.text = made->text;
    return status;
}

void ps_problem_prompt_clear(ps_problem_prompt *made) {
    ps_free(made->messages);
    ps_free(made->text);
    *made = (ps_problem_prompt){0};
}
